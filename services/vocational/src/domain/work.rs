//! What happens to a job and its case at once: a lead joins a case, a job starts, ends, or never was.
//! Invariant: a case is employed exactly while a paid job of it runs, so both streams are written in one append or neither.

use kernel::{By, Day, Decider, Occurred, RefusalKind, Zone};

use super::case::{self, Case};
use super::job::{self, EndReason, Job, Lead};

/// What happened, by stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Both {
    /// To the case.
    pub case: Vec<case::Event>,
    /// To the job.
    pub job: Vec<job::Event>,
}

/// How one of the two says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The case.
    #[error(transparent)]
    Case(#[from] case::Refusal),
    /// The job.
    #[error(transparent)]
    Job(#[from] job::Refusal),
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::Case(refusal) => refusal.kind(),
            Self::Job(refusal) => refusal.kind(),
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Case(refusal) => refusal.reason(),
            Self::Job(refusal) => refusal.reason(),
        }
    }
}

/// A lead joins a case. Nothing prevocational stands before it: any case that is not closed takes leads.
///
/// # Errors
/// A case that the caller does not serve, or a closed one.
pub fn add_lead(case: &case::State, job: &job::State, by: By, lead: Lead) -> Result<Both, Refusal> {
    let known = case.seen_by(by).ok_or(case::Refusal::NotFound)?;
    if by != By::Agency(known.facts.agency) {
        return Err(case::Refusal::OnlyTheAgency.into());
    }
    if known.situation.stage().is_none() {
        return Err(case::Refusal::Closed.into());
    }
    let facts = job::Facts {
        id: lead.id,
        case: known.facts.id,
        person: known.facts.person,
        agency: known.facts.agency,
        kind: lead.kind,
        employer: lead.employer,
        title: lead.title,
        practice: known.facts.practice.clone(),
        goal: known.plan.goal,
        part2: known.facts.part2,
    };
    let job = Job::decide(job, job::Command::AddLead { facts: Box::new(facts) })?;
    Ok(Both { case: vec![], job })
}

/// The first day of work.
///
/// # Errors
/// A job that is not accepted, or a closed case.
pub fn start(case: &case::State, job: &job::State, by: By, on: Day, zone: Zone) -> Result<Both, Refusal> {
    let at = Occurred::day(on, zone.clone());
    let events = Job::decide(job, job::Command::Start { by, on, zone })?;
    let Some(started) = job.made().filter(|job| !events.is_empty() && job.facts.kind.paid()) else {
        return Ok(Both { case: vec![], job: events });
    };
    let case = Case::decide(case, case::Command::JobStarts { by, job: started.facts.id, at })?;
    Ok(Both { case, job: events })
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The last day.
    pub on: Day,
    /// The zone of that day.
    pub zone: Zone,
    /// Why.
    pub reason: EndReason,
    /// Whether the person was satisfied.
    pub satisfied: Option<bool>,
}

/// The last day of work.
///
/// # Errors
/// A job that does not run, or a last day before the first.
pub fn end(case: &case::State, job: &job::State, by: By, end: End) -> Result<Both, Refusal> {
    let End { on, zone, reason, satisfied } = end;
    let at = Occurred::day(on, zone.clone());
    let events = Job::decide(job, job::Command::End { by, on, zone, reason, satisfied })?;
    over(case, job, by, at, events)
}

/// The job never was.
///
/// # Errors
/// A job that the caller may not know of or change.
pub fn mark_entered_in_error(
    case: &case::State,
    job: &job::State,
    by: By,
    at: Occurred,
) -> Result<Both, Refusal> {
    let events = Job::decide(job, job::Command::MarkEnteredInError { by })?;
    over(case, job, by, at, events)
}

/// With a job that ran and now does not, its case knows.
fn over(
    case: &case::State,
    job: &job::State,
    by: By,
    at: Occurred,
    events: Vec<job::Event>,
) -> Result<Both, Refusal> {
    let case = match job.made() {
        Some(job) if job.stage.runs() && !events.is_empty() => {
            Case::decide(case, case::Command::JobEnds { by, job: job.facts.id, at })?
        }
        Some(_) | None => vec![],
    };
    Ok(Both { case, job: events })
}
