//! What happened during the stays: living situations, events, employment and assessments.
//! Invariant: every fact belongs to an enrolment that stands and to its person; the enrolment's agency speaks.

use platform::wire;
use proto::{housing, referrals, registry, types, vocational};

use super::stays::{about, record};
use super::{Planner, Told};
use crate::import::codes::{Work, place, referred_to};
use crate::import::step::{About, Ask, Named, Stage, Step, Withdrawn};
use crate::import::table::{Fault, Line};
use crate::import::world::{Fate, Stay};

/// A coordinated entry event that is a service given, not a referral (HMIS 4.20.2).
const GIVEN_ON_THE_SPOT: u32 = 2;

impl<'a> Planner<'a> {
    pub(super) fn facts(&mut self) {
        for line in self.export.table("CurrentLivingSituation.csv").lines() {
            self.fact(line, "CurrentLivingSitID", Self::living);
        }
        for line in self.export.table("Event.csv").lines() {
            self.fact(line, "EventID", Self::event);
        }
        for line in self.export.table("EmploymentEducation.csv").lines() {
            self.fact(line, "EmploymentEducationID", Self::employment);
        }
        for line in self.export.table("Assessment.csv").lines() {
            self.fact(line, "AssessmentID", Self::assessment);
        }
    }

    /// Reads a row about an enrolment, or tells what is wrong with it.
    fn fact(
        &mut self,
        line: Line<'a>,
        key: &str,
        read: fn(&mut Self, Line<'a>, &str, &Stay<'a>) -> Result<(), Fault>,
    ) {
        let key = self.new_key(&line, key);
        let Some(key) = self.read(&line, key) else { return };
        let Some(stay) = self.world.stay_of(&line) else { return };
        let done = read(self, line, key, &stay);
        self.read(&line, done);
    }

    fn living(&mut self, line: Line<'a>, key: &str, stay: &Stay<'a>) -> Result<(), Fault> {
        let lines = [line];
        let told = Told { table: "CurrentLivingSituation", key: key.to_owned(), lines: &lines, open: false };
        if line.is_deleted() {
            self.withdraw(Withdrawn::Living, stay.project.org, &told);
            return Ok(());
        }
        let on = self.on(line.day("InformationDate")?);
        let place = place(&line, "CurrentLivingSituation", "CLSSubsidyType")?;
        let place = place.ok_or_else(|| {
            Fault::new("CurrentLivingSituation", "is empty; 99 says that it was not collected")
        })?;
        let (source, request_id) = self.source(&told);
        let contact = types::Contact { occurred: Some(on.clone()), reached: true, ..Default::default() };
        let ask = housing::RecordLivingSituationRequest {
            request_id,
            source: Some(source),
            told: Some(on),
            stage: housing::SituationStage::Current.into(),
            place: Some(place),
            contact: Some(contact),
            record: record(stay).to_owned(),
            ..Default::default()
        };
        let user = self.met_by(&line, stay.project.org);
        let step = self.step(Stage::Facts, Some(stay.project.org), &lines, Ask::Living(Box::new(ask)));
        let about = About { user, ..about(stay) };
        self.steps.push(Step { about, counts: vec!["living situations", "contacts"], ..step });
        Ok(())
    }

    fn event(&mut self, line: Line<'a>, key: &str, stay: &Stay<'a>) -> Result<(), Fault> {
        let code = line.optional_number("Event")?.unwrap_or_default();
        if code == GIVEN_ON_THE_SPOT {
            return self.service_given(line, key, stay);
        }
        let service =
            referred_to(code).ok_or_else(|| Fault::new("Event", "is no code of its list: 1 to 18"))?;
        let lines = [line];
        let (state, count) = match line.optional_code("ReferralResult", &[1, 2, 3])? {
            Some(1) => (referrals::ReferralState::Completed, "of which completed"),
            Some(2) => (referrals::ReferralState::Cancelled, "of which cancelled"),
            Some(_) => (referrals::ReferralState::Rejected, "of which rejected"),
            None => (referrals::ReferralState::Requested, "of which requested"),
        };
        let open = state == referrals::ReferralState::Requested;
        let told = Told { table: "Event", key: key.to_owned(), lines: &lines, open };
        if line.is_deleted() {
            self.withdraw(Withdrawn::Referral, stay.project.org, &told);
            return Ok(());
        }
        let made = line.day("EventDate")?;
        let reached = line.optional_day("ResultDate")?.filter(|_| !open);
        if reached.is_some_and(|reached| reached < made) {
            return Err(Fault::new("ResultDate", "is before EventDate"));
        }
        let (source, request_id) = self.source(&told);
        let ask = referrals::RecordReferralRequest {
            request_id,
            source: Some(source),
            service_named: service.to_owned(),
            made: Some(self.on(made)),
            state: state.into(),
            state_reached: reached.map(|day| self.on(day)),
            ..Default::default()
        };
        let target = line.text("LocationCrisisOrPHHousing");
        let on_platform = self.world.projects.get(target).and_then(Fate::good).is_some();
        let project = on_platform.then(|| target.to_owned());
        let step = self.step(Stage::Facts, Some(stay.project.org), &lines, Ask::Referral(Box::new(ask)));
        let about = About { person: Some(stay.person.to_owned()), project, ..About::default() };
        self.steps.push(Step { about, counts: vec!["referrals", count], ..step });
        Ok(())
    }

    /// A service given on the spot is a contact of the participation. A placement holds no contacts, so there the
    /// service is a participation of its own, of that one day.
    fn service_given(&mut self, line: Line<'a>, key: &str, stay: &Stay<'a>) -> Result<(), Fault> {
        let lines = [line];
        let told = Told { table: "Event", key: key.to_owned(), lines: &lines, open: false };
        let lodged = matches!(stay.project.work, Work::Lodging(_));
        if line.is_deleted() {
            if lodged {
                self.withdraw(Withdrawn::Participation, stay.project.org, &told);
            } else {
                self.note("contacts deleted at the source, left as they are");
            }
            return Ok(());
        }
        let on = self.on(line.day("EventDate")?);
        let org = Some(stay.project.org);
        let (source, request_id) = self.source(&told);
        let mut moment = None;
        if lodged {
            let ask = referrals::RecordParticipationRequest {
                request_id: request_id.clone(),
                source: Some(source.clone()),
                started: Some(on.clone()),
                ended: Some(on.clone()),
                ..Default::default()
            };
            let step = self.step(Stage::Stays, org, &lines, Ask::Participation(Box::new(ask)));
            let gives = Some(Named::Moment(key.to_owned()));
            let about = About { project: Some(stay.project_key.to_owned()), stay: None, ..about(stay) };
            let lane = format!("person {}", stay.person);
            self.steps.push(Step { gives, about, lane, ..step });
            moment = Some(key.to_owned());
        }
        let contact = types::Contact {
            occurred: Some(on),
            reached: true,
            purpose: "problem-solving-or-rapid-resolution".to_owned(),
            ..Default::default()
        };
        let ask = referrals::RecordParticipationContactRequest {
            request_id,
            source: Some(source),
            contact: Some(contact),
            ..Default::default()
        };
        let user = self.met_by(&line, stay.project.org);
        let step = self.step(Stage::Facts, org, &lines, Ask::Contact(Box::new(ask)));
        let lane = format!("stay {}", stay.key);
        let about = About { user, moment, ..about(stay) };
        self.steps.push(Step { lane, about, counts: vec!["contacts"], ..step });
        Ok(())
    }

    fn employment(&mut self, line: Line<'a>, key: &str, stay: &Stay<'a>) -> Result<(), Fault> {
        let lines = [line];
        let told = Told { table: "EmploymentEducation", key: key.to_owned(), lines: &lines, open: false };
        // Only a yes or a no is a report; that somebody did not ask, or was not told, is none.
        let employed = line.optional_code("Employed", &[0, 1, 8, 9, 99])?.filter(|code| *code <= 1);
        if line.is_deleted() {
            self.withdraw(Withdrawn::Employment, stay.project.org, &told);
            return Ok(());
        }
        let Some(employed) = employed else {
            self.note("employment rows that say neither yes nor no");
            return Ok(());
        };
        let on = line.day("InformationDate")?;
        let listed = |column: &str| -> Result<i32, Fault> {
            let code = line.optional_code(column, &[1, 2, 3, 8, 9, 99])?.filter(|code| *code <= 3);
            // The contract's numbers are HUD's.
            Ok(code.and_then(|code| i32::try_from(code).ok()).unwrap_or_default())
        };
        let (kind, reason) = (listed("EmploymentType")?, listed("NotEmployedReason")?);
        let (source, request_id) = self.source(&told);
        let ask = vocational::RecordEmploymentStatusRequest {
            request_id,
            source: Some(source),
            person_id: String::new(),
            on_day: Some(wire::to_date(on)),
            zone: self.zone(),
            employed: employed == 1,
            employment_type: if employed == 1 { kind } else { 0 },
            not_employed_reason: if employed == 1 { 0 } else { reason },
        };
        let step = self.step(Stage::Facts, Some(stay.project.org), &lines, Ask::Employment(ask));
        self.steps.push(Step { about: about(stay), counts: vec!["employment reports"], ..step });
        Ok(())
    }

    fn assessment(&mut self, line: Line<'a>, key: &str, stay: &Stay<'a>) -> Result<(), Fault> {
        let lines = [line];
        let told = Told { table: "Assessment", key: key.to_owned(), lines: &lines, open: false };
        if line.is_deleted() {
            self.withdraw(Withdrawn::Measure, stay.project.org, &told);
            return Ok(());
        }
        let taken = self.on(line.day("AssessmentDate")?);
        let mut parts = vec![];
        for column in ["AssessmentType", "AssessmentLevel", "PrioritizationStatus"] {
            let value = line.optional_number(column)?;
            let part =
                |value: u32| registry::MeasurePart { code: column.to_owned(), value: value.to_string() };
            parts.extend(value.map(part));
        }
        let (source, request_id) = self.source(&told);
        let ask = registry::RecordMeasureRequest {
            request_id,
            source: Some(source),
            person_id: String::new(),
            content: Some(registry::MeasureContent {
                scale: "hmis-assessment".to_owned(),
                score: String::new(),
                taken: Some(taken),
                parts,
            }),
        };
        let step = self.step(Stage::Facts, Some(stay.project.org), &lines, Ask::Measure(ask));
        self.steps.push(Step { about: about(stay), counts: vec!["measures"], ..step });
        Ok(())
    }
}
