//! All rules of a job.
//! Invariant: who may is judged first, and one who is no party to it is told that it does not exist.

use kernel::{By, Day, Timestamp};

use super::state::{Begun, Facts, Interview, Made, Stage, State};
use super::{COUNTED_FROM_PAID_MINUTES, Command, Disclosure, Event, Refusal};
use crate::domain::InterviewId;

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::AddLead { facts } => match state {
            State::Unmade => Ok(vec![Event::LeadAdded(*facts)]),
            State::Made(_) | State::InError(_) => Err(Refusal::AlreadyExists),
        },
        Command::ChangeTerms { by, terms } => {
            let job = still_going(for_agency(state, by)?)?;
            if job.terms.as_ref() == Some(&terms) {
                return Ok(vec![]);
            }
            Ok(vec![Event::TermsChanged(terms)])
        }
        Command::ChangeShifts { by, shifts } => {
            let job = still_going(for_agency(state, by)?)?;
            let now = job.terms.clone().unwrap_or_default();
            let terms = now.with(shifts).map_err(|_| Refusal::EmptyPattern)?;
            if now == terms { Ok(vec![]) } else { Ok(vec![Event::TermsChanged(terms)]) }
        }
        Command::ChooseDisclosure { by, choice, own_words } => {
            let job = for_either(state, by)?;
            if matches!(by, By::Agency(_)) && !own_words {
                return Err(Refusal::NotInTheirWords);
            }
            let job = still_going(job)?;
            if job.disclosure == Some(choice) {
                return Ok(vec![]);
            }
            Ok(vec![Event::DisclosureChosen(choice)])
        }
        Command::AddEmployerContact { by, contact, person_named } => {
            let job = for_agency(state, by)?;
            naming(job, person_named)?;
            Ok(vec![Event::EmployerContactMade { case: job.facts.case, contact, person_named }])
        }
        Command::MarkEmployerContactEnteredInError { by, contact } => {
            match for_agency(state, by)?.contacts.get(&contact) {
                Some(true) => Ok(vec![Event::EmployerContactEnteredInError { contact }]),
                Some(false) => Ok(vec![]),
                None => Err(Refusal::NoSuchContact),
            }
        }
        Command::Apply { by, introduced_by_staff } => apply(for_either(state, by)?, introduced_by_staff),
        Command::ScheduleInterview { by, interview } => schedule(for_agency(state, by)?, interview),
        Command::CancelInterview { by, interview } => cancel_interview(for_either(state, by)?, interview),
        Command::CallOff { at } => Ok(call_off(state, at)),
        Command::Offer { by } => match for_agency(state, by)?.stage {
            Stage::Lead | Stage::Applied | Stage::Interview => Ok(vec![Event::Offered]),
            Stage::Offered => Ok(vec![]),
            Stage::Accepted { .. }
            | Stage::Started(_)
            | Stage::Ended { .. }
            | Stage::Declined(_)
            | Stage::Withdrawn(_) => Err(Refusal::NotAtThisStage),
        },
        Command::Accept { by, starts_on } => accept(for_either(state, by)?, starts_on),
        Command::Start { by, on, zone } => {
            let job = for_agency(state, by)?;
            match &job.stage {
                Stage::Accepted { .. } => {}
                stage if stage.ahead() && !job.facts.kind.offered() => {}
                Stage::Started(begun) if begun.on == on && begun.zone == zone => return Ok(vec![]),
                Stage::Lead
                | Stage::Applied
                | Stage::Interview
                | Stage::Offered
                | Stage::Started(_)
                | Stage::Ended { .. }
                | Stage::Declined(_)
                | Stage::Withdrawn(_) => return Err(Refusal::NotAtThisStage),
            }
            let (case, kind, terms) = (job.facts.case, job.facts.kind, job.terms.clone());
            Ok(vec![Event::Started { case, kind, on, zone, terms }])
        }
        Command::CountStart { by, paid_minutes } => count_start(for_agency(state, by)?, paid_minutes),
        Command::End { by, on, zone, reason, satisfied } => {
            let job = for_agency(state, by)?;
            match &job.stage {
                Stage::Started(Begun { on: from, .. }) if on < *from => Err(Refusal::EndsBeforeItStarted),
                Stage::Started(_) => {
                    Ok(vec![Event::Ended { case: job.facts.case, on, zone, reason, satisfied }])
                }
                Stage::Ended { on: day, reason: why, satisfied: was, .. }
                    if *day == on && *why == reason && *was == satisfied =>
                {
                    Ok(vec![])
                }
                Stage::Lead
                | Stage::Applied
                | Stage::Interview
                | Stage::Offered
                | Stage::Accepted { .. }
                | Stage::Ended { .. }
                | Stage::Declined(_)
                | Stage::Withdrawn(_) => Err(Refusal::NotAtThisStage),
            }
        }
        Command::Decline { by, party } => {
            before_start(for_either(state, by)?, &Stage::Declined(party), Event::Declined { by: party })
        }
        Command::Withdraw { by, party } => {
            before_start(for_either(state, by)?, &Stage::Withdrawn(party), Event::Withdrawn { by: party })
        }
        Command::MarkEnteredInError { by } => match state {
            State::InError(facts) if by == By::Agency(facts.agency) => Ok(vec![]),
            State::Unmade | State::Made(_) | State::InError(_) => {
                for_agency(state, by).map(|_| vec![Event::EnteredInError])
            }
        },
    }
}

fn for_either(state: &State, by: By) -> Result<&Made, Refusal> {
    let job = state.seen_by(by).ok_or(Refusal::NotFound)?;
    match by {
        By::Agency(_) | By::Person(_) => Ok(job),
        By::System => Err(Refusal::OnlyTheAgency),
    }
}

fn for_agency(state: &State, by: By) -> Result<&Made, Refusal> {
    let job = for_either(state, by)?;
    match by {
        By::Agency(_) => Ok(job),
        By::Person(_) | By::System => Err(Refusal::OnlyTheAgency),
    }
}

fn still_going(job: &Made) -> Result<&Made, Refusal> {
    if job.stage.ahead() || job.stage.runs() { Ok(job) } else { Err(Refusal::NotAtThisStage) }
}

/// Whether the employer may be told the name, where that is asked.
fn naming(job: &Made, named: bool) -> Result<(), Refusal> {
    match (named, job.disclosure) {
        (false, _) | (true, Some(Disclosure::Name)) => Ok(()),
        (true, None) => Err(Refusal::NotYetChosen),
        (true, Some(Disclosure::Nothing)) => Err(Refusal::ChoseNothing),
    }
}

fn apply(job: &Made, introduced_by_staff: bool) -> Result<Vec<Event>, Refusal> {
    naming(job, introduced_by_staff)?;
    match job.stage {
        Stage::Lead => Ok(vec![Event::Applied { introduced_by_staff }]),
        Stage::Applied => Ok(vec![]),
        Stage::Interview
        | Stage::Offered
        | Stage::Accepted { .. }
        | Stage::Started(_)
        | Stage::Ended { .. }
        | Stage::Declined(_)
        | Stage::Withdrawn(_) => Err(Refusal::NotAtThisStage),
    }
}

fn schedule(job: &Made, interview: Interview) -> Result<Vec<Event>, Refusal> {
    match job.stage {
        Stage::Lead | Stage::Applied | Stage::Interview => {
            Ok(vec![Event::InterviewScheduled { case: job.facts.case, interview }])
        }
        Stage::Offered
        | Stage::Accepted { .. }
        | Stage::Started(_)
        | Stage::Ended { .. }
        | Stage::Declined(_)
        | Stage::Withdrawn(_) => Err(Refusal::NotAtThisStage),
    }
}

fn cancel_interview(job: &Made, interview: InterviewId) -> Result<Vec<Event>, Refusal> {
    match job.interviews.get(&interview) {
        Some((_, true)) => Ok(vec![Event::InterviewCancelled { interview }]),
        Some((_, false)) => Ok(vec![]),
        None => Err(Refusal::NoSuchInterview),
    }
}

/// What has begun by then is as it was.
fn call_off(state: &State, at: Timestamp) -> Vec<Event> {
    let interviews = state.made().into_iter().flat_map(|job| job.interviews.values());
    let to_come = interviews.filter(|(interview, stands)| *stands && interview.starts_at > at);
    to_come.map(|(interview, _)| Event::InterviewCancelled { interview: interview.id }).collect()
}

fn accept(job: &Made, starts_on: Option<Day>) -> Result<Vec<Event>, Refusal> {
    match job.stage {
        Stage::Accepted { starts_on: agreed } if agreed == starts_on => Ok(vec![]),
        // Accepting again agrees another first day.
        Stage::Offered | Stage::Accepted { .. } => Ok(vec![Event::Accepted {
            case: job.facts.case,
            kind: job.facts.kind,
            starts_on,
            terms: job.terms.clone(),
        }]),
        Stage::Lead
        | Stage::Applied
        | Stage::Interview
        | Stage::Started(_)
        | Stage::Ended { .. }
        | Stage::Declined(_)
        | Stage::Withdrawn(_) => Err(Refusal::NotAtThisStage),
    }
}

fn count_start(job: &Made, paid_minutes: u32) -> Result<Vec<Event>, Refusal> {
    let begun = match &job.stage {
        Stage::Started(begun) | Stage::Ended { begun, .. } => begun,
        Stage::Lead
        | Stage::Applied
        | Stage::Interview
        | Stage::Offered
        | Stage::Accepted { .. }
        | Stage::Declined(_)
        | Stage::Withdrawn(_) => return Err(Refusal::NotAtThisStage),
    };
    let Facts { case, kind, .. } = job.facts;
    if !kind.paid() {
        return Err(Refusal::NotPaid);
    }
    if begun.counted {
        return Ok(vec![]);
    }
    if paid_minutes < COUNTED_FROM_PAID_MINUTES {
        return Err(Refusal::TooFewPaidMinutes);
    }
    Ok(vec![Event::StartCounted { case, kind, paid_minutes }])
}

fn before_start(job: &Made, after: &Stage, event: Event) -> Result<Vec<Event>, Refusal> {
    if job.stage == *after {
        return Ok(vec![]);
    }
    if job.stage.ahead() { Ok(vec![event]) } else { Err(Refusal::NotAtThisStage) }
}
