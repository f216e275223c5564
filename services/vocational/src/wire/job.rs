//! Jobs on the wire: requests in, replies out.
//! Invariant: employer, title and place come in plain and are stored sealed; only a reply opens them.

use kernel::{By, Day, Occurred, Private, Timestamp, Zone};
use platform::error::BadField;
use platform::wire::{self, to_date, to_instant};
use proto::vocational as pb;

use super::codes::{disclosure, end_reason, job_kind, job_party, job_state, setting};
use super::contact::DAY_MINUTES;
use super::{contact, recent, recent_day, terms};
use crate::domain::job::{Begun, Command, Interview, Lead, Made, Stage, State};
use crate::domain::work::End;
use crate::domain::{CaseId, ContactId, InterviewId, JobId};

mod event;

/// Longest name of an employer, and of the work, in characters.
const NAME: usize = 200;
/// Longest place of an interview, in characters.
const PLACE: usize = 500;

type Asked = Result<(JobId, Command), BadField>;

fn job_id(text: &str) -> Result<JobId, BadField> {
    wire::id("job_id", text)
}

fn optional_private(field: &str, text: &str, max: usize) -> Result<Option<Private>, BadField> {
    Ok(wire::optional_text(field, text, max)?.map(Private::Plain))
}

/// A lead, and the case that it is to join.
pub struct Leading {
    /// The case.
    pub case: CaseId,
    /// The lead.
    pub lead: Lead,
    /// When it was found.
    pub at: Occurred,
}

/// A lead is to join a case.
pub fn add_lead(now: Timestamp, request: &pb::AddJobLeadRequest) -> Result<Leading, BadField> {
    Ok(Leading {
        case: wire::id("case_id", &request.case_id)?,
        lead: Lead {
            id: JobId::new(uuid::Uuid::now_v7()),
            kind: job_kind::parse("kind", request.kind)?,
            employer: wire::private("employer", &request.employer, NAME)?,
            title: optional_private("title", &request.title, NAME)?,
        },
        at: wire::happened("occurred_at", request.occurred_at.as_ref(), now)?,
    })
}

/// Its terms are set.
pub fn change_terms(by: By, request: &pb::ChangeJobTermsRequest) -> Asked {
    let terms = terms::parse("terms", wire::required("terms", request.terms.as_ref())?)?;
    Ok((job_id(&request.job_id)?, Command::ChangeTerms { by, terms }))
}

/// Another pattern is in force from a day on.
pub fn change_shifts(by: By, request: &pb::ChangeJobShiftsRequest) -> Asked {
    let shifts = terms::pattern("shifts", wire::required("shifts", request.shifts.as_ref())?)?;
    Ok((job_id(&request.job_id)?, Command::ChangeShifts { by, shifts }))
}

/// The person's choice is noted.
pub fn choose_disclosure(by: By, request: &pb::ChooseDisclosureRequest) -> Asked {
    let choice = disclosure::parse("choice", request.choice)?;
    let own_words = request.persons_own_words;
    Ok((job_id(&request.job_id)?, Command::ChooseDisclosure { by, choice, own_words }))
}

/// A contact with the employer is noted.
pub fn add_employer_contact(
    by: By,
    id: ContactId,
    now: Timestamp,
    request: &pb::AddEmployerContactRequest,
) -> Asked {
    let contact = contact::parse(id, now, request.contact.as_ref())?;
    let person_named = request.person_named;
    Ok((job_id(&request.job_id)?, Command::AddEmployerContact { by, contact, person_named }))
}

/// A contact with the employer never was.
pub fn mark_employer_contact_entered_in_error(
    by: By,
    request: &pb::MarkEmployerContactEnteredInErrorRequest,
) -> Asked {
    let contact = wire::id("contact_id", &request.contact_id)?;
    Ok((job_id(&request.job_id)?, Command::MarkEmployerContactEnteredInError { by, contact }))
}

/// The person applied.
pub fn apply(by: By, request: &pb::ApplyForJobRequest) -> Asked {
    let introduced_by_staff = request.introduced_by_staff;
    Ok((job_id(&request.job_id)?, Command::Apply { by, introduced_by_staff }))
}

/// An interview is to go into the diary.
pub fn schedule_interview(
    by: By,
    id: InterviewId,
    now: Timestamp,
    request: &pb::ScheduleInterviewRequest,
) -> Asked {
    let starts_at = wire::instant("starts_at", wire::required("starts_at", request.starts_at.as_ref())?)?;
    if starts_at < now {
        recent("starts_at", Occurred::instant(starts_at), now)?;
    }
    if request.minutes == 0 || request.minutes > DAY_MINUTES {
        return Err(BadField::new("minutes", "is missing or more than a day; send 1 to 1440"));
    }
    let interview = Interview {
        id,
        starts_at,
        minutes: request.minutes,
        zone: wire::zone("zone", &request.zone)?,
        setting: setting::parse("setting", request.setting)?,
        place: optional_private("place", &request.place, PLACE)?,
    };
    Ok((job_id(&request.job_id)?, Command::ScheduleInterview { by, interview }))
}

/// An interview is to go out of the diary.
pub fn cancel_interview(by: By, request: &pb::CancelInterviewRequest) -> Asked {
    let interview = wire::id("interview_id", &request.interview_id)?;
    Ok((job_id(&request.job_id)?, Command::CancelInterview { by, interview }))
}

/// The employer offers it.
pub fn offer(by: By, request: &pb::OfferJobRequest) -> Asked {
    Ok((job_id(&request.job_id)?, Command::Offer { by }))
}

/// The person takes it.
pub fn accept(by: By, request: &pb::AcceptJobRequest) -> Asked {
    let starts_on = wire::optional_day("starts_on", request.starts_on.as_ref())?;
    Ok((job_id(&request.job_id)?, Command::Accept { by, starts_on }))
}

/// The first day of work.
pub fn start(now: Timestamp, request: &pb::StartJobRequest) -> Result<(JobId, Day, Zone), BadField> {
    let (day, zone) = recent_day("started_on", request.started_on.as_ref(), &request.zone, now)?;
    Ok((job_id(&request.job_id)?, day, zone))
}

/// 4 hours have been paid.
pub fn count_start(by: By, request: &pb::CountJobStartRequest) -> Asked {
    let paid_minutes = request.paid_minutes;
    Ok((job_id(&request.job_id)?, Command::CountStart { by, paid_minutes }))
}

/// The last day of work.
pub fn end(now: Timestamp, request: &pb::EndJobRequest) -> Result<(JobId, End), BadField> {
    let (on, zone) = recent_day("ended_on", request.ended_on.as_ref(), &request.zone, now)?;
    let satisfied = match pb::Satisfied::try_from(request.satisfied) {
        Ok(pb::Satisfied::Unspecified) => None,
        Ok(pb::Satisfied::Yes) => Some(true),
        Ok(pb::Satisfied::No) => Some(false),
        Err(_) => return Err(BadField::new("satisfied", "is not one of the contract's values")),
    };
    let reason = end_reason::parse("reason", request.reason)?;
    Ok((job_id(&request.job_id)?, End { on, zone, reason, satisfied }))
}

/// It was turned down.
pub fn decline(by: By, request: &pb::DeclineJobRequest) -> Asked {
    let party = job_party::parse("by", request.by)?;
    Ok((job_id(&request.job_id)?, Command::Decline { by, party }))
}

/// Application or offer was taken back.
pub fn withdraw(by: By, request: &pb::WithdrawJobRequest) -> Asked {
    let party = job_party::parse("by", request.by)?;
    Ok((job_id(&request.job_id)?, Command::Withdraw { by, party }))
}

fn satisfied_out(satisfied: Option<bool>) -> i32 {
    match satisfied {
        None => pb::Satisfied::Unspecified.into(),
        Some(true) => pb::Satisfied::Yes.into(),
        Some(false) => pb::Satisfied::No.into(),
    }
}

/// A job as its readers see it, its sealed texts still closed; none where it was never begun.
pub fn job(version: u64, state: &State) -> Option<pb::Job> {
    let facts = state.facts()?;
    let mut out = pb::Job {
        id: facts.id.to_string(),
        etag: version.to_string(),
        case_id: facts.case.to_string(),
        person_id: facts.person.to_string(),
        agency_id: facts.agency.to_string(),
        kind: job_kind::number(facts.kind),
        state: pb::JobState::EnteredInError.into(),
        ..Default::default()
    };
    if let Some(made) = state.made() {
        going_on(&mut out, made);
    }
    Some(out)
}

fn going_on(out: &mut pb::Job, made: &Made) {
    out.state = job_state(&made.stage).into();
    out.terms = made.terms.as_ref().map(terms::out);
    out.disclosure = made.disclosure.map(disclosure::number).unwrap_or_default();
    out.interviews =
        made.interviews.values().map(|(interview, stands)| interview_out(interview, *stands)).collect();
    out.interviews.sort_by_key(|interview| interview.starts_at.map(|at| (at.seconds, at.nanos)));
    let standing = made.contacts.values().filter(|stands| **stands).count();
    out.employer_contacts = u32::try_from(standing).unwrap_or(u32::MAX);
    match &made.stage {
        Stage::Lead | Stage::Applied | Stage::Interview | Stage::Offered => {}
        Stage::Accepted { starts_on } => out.starts_on = starts_on.map(to_date),
        Stage::Started(begun) => began(out, begun),
        Stage::Ended { begun, on, reason, satisfied } => {
            began(out, begun);
            out.ended_on = Some(to_date(*on));
            out.end_reason = end_reason::number(*reason);
            out.satisfied = satisfied_out(*satisfied);
        }
        Stage::Declined(party) | Stage::Withdrawn(party) => out.closed_by = job_party::number(*party),
    }
}

fn began(out: &mut pb::Job, begun: &Begun) {
    out.started_on = Some(to_date(begun.on));
    out.start_counted = begun.counted;
}

fn interview_out(interview: &Interview, stands: bool) -> pb::Interview {
    pb::Interview {
        id: interview.id.to_string(),
        starts_at: Some(to_instant(interview.starts_at)),
        minutes: interview.minutes,
        zone: interview.zone.name().to_owned(),
        setting: setting::number(interview.setting),
        cancelled: !stands,
        ..Default::default()
    }
}
