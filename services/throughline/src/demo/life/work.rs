//! Work: from the referral to a job, through the job, and on to the next one.
//! Invariant: an employer hears a name only after the person chose that it may.

use proto::registry as reg;
use proto::types::Setting;
use proto::vocational as voc;

use super::loops::Came;
use super::{Life, Met};
use crate::demo::calendar::{Calendar, Hour, ZONE};
use crate::demo::chance::Chance;
use crate::demo::sketch::{Place, TherapyHour};
use crate::demo::stage::{Halt, Part, Played};
use crate::demo::town::Worker;
use crate::demo::voice::{id, name, say};
use crate::demo::words;

/// Weekly shifts: weekdays, the first and the last minute of each.
type Shifts = (&'static [u32], u32, u32);
const SHIFTS: [Shifts; 4] = [
    (&[1, 2, 3, 4, 5], 8 * 60, 12 * 60),
    (&[1, 2, 3, 4, 5], 13 * 60, 17 * 60),
    (&[2, 4, 6], 9 * 60, 15 * 60),
    // Past midnight.
    (&[5, 6], 22 * 60, 4 * 60),
];

/// A case, and who works it.
struct Case {
    life: Life,
    id: String,
    worker: Worker,
}

/// Work, by referral to supported employment.
pub async fn find(life: Life, part: Part, arrived: u32) -> Played {
    let mut chance = life.chance("work");
    let calendar = life.scene.calendar.clone();
    let day = arrived + chance.between(2, 90);
    let (goal, offer) = (life.goals.work.clone(), life.scene.town.offers.ips.clone());
    let need = "work in the community, with somebody at the person's side";
    let Came::Opened(case, opened) = life.refer(&part, &offer, &goal, need, &mut chance, day).await? else {
        return Ok(());
    };
    let item = life.plan(Place::Works, &goal, "ips", &["job-search", "asking-for-help"], opened).await?;
    life.join_team(Place::Works, reg::TeamRole::EmploymentSpecialist, opened).await?;
    let case = Case { worker: life.worker(Place::Works), id: case, life };
    case.take_up(&goal, item).await?;
    let mut day = calendar.working(opened + chance.between(2, 8));
    case.life.until(&part, day, Hour::Noon).await?;
    let first = Met { setting: Setting::Community, purpose: "first-meeting", reached: true };
    case.contact(&mut chance, day, first).await?;
    case.search().await?;
    // Who has had three jobs in two years has shown what they wanted to know.
    for _ in 0..3 {
        day = case.look(&part, &mut chance, day).await?;
        let (ended, employed) = case.work(&part, &mut chance, day).await?;
        day = ended;
        if employed {
            return case.hand_on().await;
        }
    }
    case.discharge().await
}

impl Case {
    fn calendar(&self) -> &Calendar {
        &self.life.scene.calendar
    }

    async fn take_up(&self, goal: &str, item: String) -> Played {
        let request = voc::AssignCaseWorkerRequest {
            request_id: name(),
            case_id: self.id.clone(),
            worker_id: self.worker.id.clone(),
            ..Default::default()
        };
        say!(self.worker.voice, vocational.assign_case_worker, request).await?;
        let request = voc::NameCasePlanRequest {
            request_id: name(),
            case_id: self.id.clone(),
            goal_id: goal.to_owned(),
            plan_item_ids: vec![item],
            ..Default::default()
        };
        say!(self.worker.voice, vocational.name_case_plan, request).await?;
        Ok(())
    }

    async fn contact(&self, chance: &mut Chance, day: u32, met: Met) -> Played {
        let request = voc::AddCaseContactRequest {
            request_id: name(),
            case_id: self.id.clone(),
            contact: Some(self.life.contact(day, chance, &[&self.worker], met)),
            parties: vec![voc::ContactParty::Person.into()],
            ..Default::default()
        };
        say!(self.worker.voice, vocational.add_case_contact, request).await?;
        Ok(())
    }

    async fn search(&self) -> Played {
        let request =
            voc::StartSearchRequest { request_id: name(), case_id: self.id.clone(), ..Default::default() };
        say!(self.worker.voice, vocational.start_search, request).await?;
        Ok(())
    }

    async fn hand_on(&self) -> Played {
        let request =
            voc::TransitionCaseRequest { request_id: name(), case_id: self.id.clone(), ..Default::default() };
        say!(self.worker.voice, vocational.transition_case, request).await?;
        Ok(())
    }

    async fn discharge(&self) -> Played {
        let request = voc::DischargeCaseRequest {
            request_id: name(),
            case_id: self.id.clone(),
            reason: voc::DischargeReason::PersonsWish.into(),
            persons_own_words: true,
            ..Default::default()
        };
        say!(self.worker.voice, vocational.discharge_case, request).await?;
        Ok(())
    }

    /// Looks for work for some weeks, together.
    async fn look(&self, part: &Part, chance: &mut Chance, from: u32) -> Result<u32, Halt> {
        let mut day = from;
        for _ in 0..chance.between(2, 8) {
            day = self.calendar().working(day + chance.between(6, 16));
            self.life.until(part, day, Hour::Noon).await?;
            let setting = chance.pick([Setting::Community, Setting::Office, Setting::Phone]);
            let met = Met { setting, purpose: "career-planning", reached: chance.percent(90) };
            self.contact(chance, day, met).await?;
        }
        Ok(day)
    }

    /// One chance at work, from the lead on. Tells the day it was over, and whether the person is still in work there.
    async fn work(&self, part: &Part, chance: &mut Chance, from: u32) -> Result<(u32, bool), Halt> {
        let mut day = self.calendar().working(from + chance.between(2, 9));
        self.life.until(part, day, Hour::Noon).await?;
        let job = self.lead(chance).await?;
        let named = chance.percent(60);
        job.disclose(named).await?;
        let met = Met { setting: Setting::Workplace, purpose: "job-analysis", reached: true };
        job.employer(&self.life, chance, day, met, false).await?;
        day = self.calendar().working(day + chance.between(1, 5));
        self.life.until(part, day, Hour::Noon).await?;
        job.apply(named).await?;
        let interview = self.calendar().working(day + chance.between(3, 10));
        job.interview(self.calendar(), interview, chance).await?;
        day = self.calendar().working(interview + chance.between(1, 6));
        self.life.until(part, day, Hour::Noon).await?;
        if chance.percent(25) {
            job.withdrawn().await?;
            return Ok((day, false));
        }
        job.offered().await?;
        let starts = self.calendar().working(day + chance.between(4, 14));
        let shifts = shifts(self.life.sketch.hour, chance);
        job.terms(self.calendar().date(starts), shifts, chance).await?;
        job.accept(self.calendar().date(starts)).await?;
        self.life.until(part, starts, Hour::Evening).await?;
        job.start(self.calendar().date(starts)).await?;
        day = starts + 7;
        self.life.until(part, day, Hour::Evening).await?;
        job.count().await?;
        self.follow(part, chance, day, &job, named).await
    }

    /// Follow-along: weekly for a month, then monthly, until the job ends or the person is handed on.
    async fn follow(
        &self,
        part: &Part,
        chance: &mut Chance,
        from: u32,
        job: &Job,
        named: bool,
    ) -> Result<(u32, bool), Halt> {
        let ends = chance.percent(45).then(|| from + chance.between(10, 320));
        let mut day = from;
        for visit in 0..14 {
            let pause = if visit < 4 { chance.between(6, 8) } else { chance.between(26, 33) };
            let next = self.calendar().working(day + pause);
            if let Some(last) = ends.filter(|last| *last <= next) {
                let last = self.calendar().working(last);
                self.life.until(part, last, Hour::Evening).await?;
                job.end(self.calendar().date(last), chance).await?;
                return Ok((last, false));
            }
            day = next;
            self.life.until(part, day, Hour::Noon).await?;
            let setting = chance.pick([Setting::Workplace, Setting::Community, Setting::Phone]);
            let met = Met { setting, purpose: "follow-along", reached: chance.percent(92) };
            self.contact(chance, day, met).await?;
            if visit % 4 == 3 && named {
                let met = Met { setting: Setting::Workplace, purpose: "job-follow-along", reached: true };
                job.employer(&self.life, chance, day, met, true).await?;
            }
        }
        // Unpaid work does not end the search.
        Ok((day, job.paid))
    }

    async fn lead(&self, chance: &mut Chance) -> Result<Job, Halt> {
        let (employer, title) = words::lead(chance);
        let kind = match chance.below(10) {
            0 => voc::JobKind::Temporary,
            1 => voc::JobKind::Volunteer,
            _ => voc::JobKind::Competitive,
        };
        let request = voc::AddJobLeadRequest {
            request_id: name(),
            case_id: self.id.clone(),
            kind: kind.into(),
            employer: employer.to_owned(),
            title: title.to_owned(),
            occurred_at: None,
        };
        let id = id(say!(self.worker.voice, vocational.add_job_lead, request).await?.written);
        Ok(Job { id, paid: kind != voc::JobKind::Volunteer, worker: self.worker.clone() })
    }
}

/// Shifts that leave the therapy hour free, mostly: some cross it, since the two agencies do not ask each other.
fn shifts(therapy: Option<TherapyHour>, chance: &mut Chance) -> Shifts {
    let shifts = chance.pick(SHIFTS);
    match therapy {
        Some(hour) if crosses(shifts, hour) && chance.percent(70) => {
            SHIFTS.into_iter().find(|shifts| !crosses(*shifts, hour)).unwrap_or(shifts)
        }
        Some(_) | None => shifts,
    }
}

fn crosses((weekdays, from, until): Shifts, hour: TherapyHour) -> bool {
    let start = hour.hour * 60;
    from < until && weekdays.contains(&hour.weekday) && start < until && start + 50 > from
}

/// A job, and who goes along.
struct Job {
    id: String,
    paid: bool,
    worker: Worker,
}

impl Job {
    async fn disclose(&self, named: bool) -> Played {
        let choice = if named { voc::DisclosureChoice::Name } else { voc::DisclosureChoice::Nothing };
        let request = voc::ChooseDisclosureRequest {
            request_id: name(),
            job_id: self.id.clone(),
            choice: choice.into(),
            persons_own_words: true,
            ..Default::default()
        };
        say!(self.worker.voice, vocational.choose_disclosure, request).await?;
        Ok(())
    }

    async fn employer(&self, life: &Life, chance: &mut Chance, day: u32, met: Met, named: bool) -> Played {
        let request = voc::AddEmployerContactRequest {
            request_id: name(),
            job_id: self.id.clone(),
            contact: Some(life.contact(day, chance, &[&self.worker], met)),
            person_named: named,
            ..Default::default()
        };
        say!(self.worker.voice, vocational.add_employer_contact, request).await?;
        Ok(())
    }

    async fn apply(&self, introduced_by_staff: bool) -> Played {
        let request = voc::ApplyForJobRequest {
            request_id: name(),
            job_id: self.id.clone(),
            introduced_by_staff,
            ..Default::default()
        };
        say!(self.worker.voice, vocational.apply_for_job, request).await?;
        Ok(())
    }

    async fn interview(&self, calendar: &Calendar, day: u32, chance: &mut Chance) -> Played {
        let starts_at = calendar.at(day, chance.between(9, 16), chance.pick([0, 30]));
        let request = voc::ScheduleInterviewRequest {
            request_id: name(),
            job_id: self.id.clone(),
            starts_at: Some(platform::wire::to_instant(starts_at)),
            minutes: 45,
            zone: ZONE.to_owned(),
            setting: Setting::Workplace.into(),
            ..Default::default()
        };
        say!(self.worker.voice, vocational.schedule_interview, request).await?;
        Ok(())
    }

    async fn withdrawn(&self) -> Played {
        let request = voc::WithdrawJobRequest {
            request_id: name(),
            job_id: self.id.clone(),
            by: voc::JobParty::Employer.into(),
            ..Default::default()
        };
        say!(self.worker.voice, vocational.withdraw_job, request).await?;
        Ok(())
    }

    async fn offered(&self) -> Played {
        let request =
            voc::OfferJobRequest { request_id: name(), job_id: self.id.clone(), ..Default::default() };
        say!(self.worker.voice, vocational.offer_job, request).await?;
        Ok(())
    }

    async fn terms(
        &self,
        from: proto::google::r#type::Date,
        (weekdays, start_minute, end_minute): Shifts,
        chance: &mut Chance,
    ) -> Played {
        let weekly: Vec<voc::WeeklyShift> = weekdays
            .iter()
            .map(|&weekday| voc::WeeklyShift {
                weekday: i32::try_from(weekday).unwrap_or(0),
                start_minute,
                end_minute,
            })
            .collect();
        let a_shift = if start_minute < end_minute {
            end_minute - start_minute
        } else {
            end_minute + 1_440 - start_minute
        };
        let wage = voc::Wage {
            amount_minor: i64::from(chance.between(1_350, 2_100)),
            currency: "USD".to_owned(),
            per: voc::WagePeriod::Hour.into(),
        };
        let terms = voc::JobTerms {
            weekly_minutes: a_shift * weekdays.len() as u32,
            wage: self.paid.then_some(wage),
            shifts: vec![voc::ShiftPattern {
                zone: ZONE.to_owned(),
                from_day: Some(from),
                until_day: None,
                weekly,
            }],
        };
        let request = voc::ChangeJobTermsRequest {
            request_id: name(),
            job_id: self.id.clone(),
            terms: Some(terms),
            ..Default::default()
        };
        say!(self.worker.voice, vocational.change_job_terms, request).await?;
        Ok(())
    }

    async fn accept(&self, starts_on: proto::google::r#type::Date) -> Played {
        let request = voc::AcceptJobRequest {
            request_id: name(),
            job_id: self.id.clone(),
            starts_on: Some(starts_on),
            ..Default::default()
        };
        say!(self.worker.voice, vocational.accept_job, request).await?;
        Ok(())
    }

    async fn start(&self, started_on: proto::google::r#type::Date) -> Played {
        let request = voc::StartJobRequest {
            request_id: name(),
            job_id: self.id.clone(),
            started_on: Some(started_on),
            zone: ZONE.to_owned(),
            ..Default::default()
        };
        say!(self.worker.voice, vocational.start_job, request).await?;
        Ok(())
    }

    /// The first four hours are paid.
    async fn count(&self) -> Played {
        if !self.paid {
            return Ok(());
        }
        let request = voc::CountJobStartRequest {
            request_id: name(),
            job_id: self.id.clone(),
            paid_minutes: 300,
            ..Default::default()
        };
        say!(self.worker.voice, vocational.count_job_start, request).await?;
        Ok(())
    }

    async fn end(&self, ended_on: proto::google::r#type::Date, chance: &mut Chance) -> Played {
        use voc::JobEnd::{BetterJob, LaidOff, Quit};
        let (reason, satisfied) = chance.pick([
            (Quit, voc::Satisfied::No),
            (LaidOff, voc::Satisfied::Yes),
            (BetterJob, voc::Satisfied::Yes),
        ]);
        let request = voc::EndJobRequest {
            request_id: name(),
            job_id: self.id.clone(),
            ended_on: Some(ended_on),
            zone: ZONE.to_owned(),
            reason: reason.into(),
            satisfied: satisfied.into(),
            ..Default::default()
        };
        say!(self.worker.voice, vocational.end_job, request).await?;
        Ok(())
    }
}
