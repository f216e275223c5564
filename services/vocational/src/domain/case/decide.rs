//! All rules of a case.
//! Invariant: who may is judged first, and one who is no party to it is told that it does not exist.

use kernel::{By, Occurred};

use super::state::{Made, Situation, Stage, State};
use super::{Command, DischargeReason, Event, Opening, PauseReason, Refusal};
use crate::domain::{Contact, ContactParty, JobId};

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Open { by, opening } => open(state, by, *opening),
        Command::AssignWorker { by, worker } => {
            let case = for_agency(state, by)?;
            if case.worker == Some(worker) {
                return Ok(vec![]);
            }
            Ok(vec![Event::WorkerAssigned { worker, from: None }])
        }
        Command::HandOver { from, to } => {
            let open = |case: &&Made| case.worker == Some(from) && case.situation.stage().is_some();
            let theirs = state.seen_by(By::System).filter(open);
            Ok(theirs.map(|_| Event::WorkerAssigned { worker: to, from: Some(from) }).into_iter().collect())
        }
        Command::NamePlan { by, plan } => {
            let case = for_agency(state, by)?;
            if case.plan == plan { Ok(vec![]) } else { Ok(vec![Event::PlanNamed(plan)]) }
        }
        Command::AddContact { by, contact, parties } => add_contact(for_agency(state, by)?, contact, parties),
        Command::MarkContactEnteredInError { by, contact } => {
            match for_agency(state, by)?.contacts.get(&contact).map(|noted| noted.stands) {
                Some(true) => Ok(vec![Event::ContactEnteredInError { contact }]),
                Some(false) => Ok(vec![]),
                None => Err(Refusal::NoSuchContact),
            }
        }
        Command::StartSearch { by, at } => start_search(since(for_agency(state, by)?, &at)?),
        Command::Pause { by, reason, own_words, at } => {
            pause(since(for_either(state, by)?, &at)?, reason, in_their_words(by, own_words))
        }
        Command::Resume { by, at } => match since(for_either(state, by)?, &at)?.situation {
            Situation::Paused { returns, .. } => Ok(vec![Event::Resumed { stage: returns }]),
            Situation::Open(_) => Ok(vec![]),
            Situation::Transitioned | Situation::Discharged(_) => Err(Refusal::Closed),
        },
        Command::Transition { by, at } => {
            let case = since(for_agency(state, by)?, &at)?;
            match case.situation {
                Situation::Open(Stage::Employed) => {
                    Ok(vec![Event::Transitioned { referral: case.facts.referral }])
                }
                Situation::Transitioned => Ok(vec![]),
                Situation::Open(Stage::Referred | Stage::Engaged | Stage::Searching) => {
                    Err(Refusal::NotEmployed)
                }
                Situation::Paused { .. } => Err(Refusal::Paused),
                Situation::Discharged(_) => Err(Refusal::Closed),
            }
        }
        Command::Discharge { by, reason, own_words, at } => {
            discharge(since(for_either(state, by)?, &at)?, reason, in_their_words(by, own_words))
        }
        Command::Reengage { by, at } => {
            let case = since(for_either(state, by)?, &at)?;
            match case.situation {
                // Work that went on meanwhile is still work.
                Situation::Transitioned | Situation::Discharged(_) if !case.jobs.is_empty() => {
                    Ok(vec![Event::Reengaged { stage: Stage::Employed }])
                }
                Situation::Transitioned | Situation::Discharged(_) => {
                    Ok(vec![Event::Reengaged { stage: Stage::Engaged }])
                }
                Situation::Open(_) | Situation::Paused { .. } => Err(Refusal::NotClosed),
            }
        }
        Command::MarkEnteredInError { by } => mark_entered_in_error(state, by),
        Command::JobStarts { by, job, at } => job_starts(for_agency(state, by)?, job, at),
        Command::JobEnds { by, job, at } => Ok(job_ends(for_agency(state, by)?, job, at)),
    }
}

fn for_either(state: &State, by: By) -> Result<&Made, Refusal> {
    let case = state.seen_by(by).ok_or(Refusal::NotFound)?;
    match by {
        By::Agency(_) | By::Person(_) => Ok(case),
        By::System => Err(Refusal::OnlyTheAgency),
    }
}

fn for_agency(state: &State, by: By) -> Result<&Made, Refusal> {
    let case = for_either(state, by)?;
    match by {
        By::Agency(_) => Ok(case),
        By::Person(_) | By::System => Err(Refusal::OnlyTheAgency),
    }
}

/// The case, for something that happened at this time.
fn since<'a>(case: &'a Made, at: &Occurred) -> Result<&'a Made, Refusal> {
    if at.at < case.opened.at { Err(Refusal::BeforeItOpened) } else { Ok(case) }
}

fn in_their_words(by: By, own_words: bool) -> bool {
    match by {
        By::Person(_) => true,
        By::Agency(_) | By::System => own_words,
    }
}

fn open(state: &State, by: By, opening: Opening) -> Result<Vec<Event>, Refusal> {
    let Opening { facts, plan, worker, at } = opening;
    match state {
        State::Unmade => match by {
            By::Agency(agency) if agency != facts.agency => Err(Refusal::OnlyTheAgency),
            By::Person(_) => Err(Refusal::OnlyTheAgency),
            By::Agency(_) | By::System => Ok(vec![Event::Opened { facts, plan, worker, at }]),
        },
        // A referral opens one case, however often its acceptance is told.
        State::Made(case) if case.facts == facts => Ok(vec![]),
        State::Made(_) | State::InError(_) => Err(Refusal::AlreadyExists),
    }
}

fn add_contact(case: &Made, contact: Contact, parties: Vec<ContactParty>) -> Result<Vec<Event>, Refusal> {
    let with_person = parties.is_empty() || parties.contains(&ContactParty::Person);
    let meets = with_person && contact.face_to_face() && !case.met && case.situation.stage().is_some();
    let mut events = vec![Event::ContactMade { contact, parties }];
    if meets {
        events.push(Event::Engaged { referral: case.facts.referral });
    }
    Ok(events)
}

fn start_search(case: &Made) -> Result<Vec<Event>, Refusal> {
    match case.situation {
        Situation::Open(Stage::Engaged) => Ok(vec![Event::SearchStarted]),
        Situation::Open(Stage::Searching) => Ok(vec![]),
        Situation::Open(Stage::Referred) => Err(Refusal::NotEngaged),
        Situation::Open(Stage::Employed) => Err(Refusal::Employed),
        Situation::Paused { .. } => Err(Refusal::Paused),
        Situation::Transitioned | Situation::Discharged(_) => Err(Refusal::Closed),
    }
}

fn pause(case: &Made, reason: PauseReason, their_words: bool) -> Result<Vec<Event>, Refusal> {
    let returns = match case.situation {
        Situation::Open(stage) => stage,
        Situation::Paused { reason: now, .. } if now == reason => return Ok(vec![]),
        Situation::Paused { .. } => return Err(Refusal::Paused),
        Situation::Transitioned | Situation::Discharged(_) => return Err(Refusal::Closed),
    };
    match reason {
        PauseReason::Excluding(_) if case.facts.zero_exclusion => Err(Refusal::ZeroExclusion),
        PauseReason::PersonsWish if !their_words => Err(Refusal::NotInTheirWords),
        PauseReason::PersonsWish
        | PauseReason::Documents
        | PauseReason::Capacity
        | PauseReason::Consent
        | PauseReason::Excluding(_) => Ok(vec![Event::Paused { reason, returns }]),
    }
}

fn discharge(case: &Made, reason: DischargeReason, their_words: bool) -> Result<Vec<Event>, Refusal> {
    match case.situation {
        Situation::Open(_) | Situation::Paused { .. } => {}
        Situation::Discharged(now) if now == reason => return Ok(vec![]),
        Situation::Transitioned | Situation::Discharged(_) => return Err(Refusal::Closed),
    }
    match reason {
        DischargeReason::Excluding(_) if case.facts.zero_exclusion => Err(Refusal::ZeroExclusion),
        DischargeReason::Ineligible(None) if case.facts.zero_exclusion => Err(Refusal::GroundMissing),
        DischargeReason::PersonsWish if !their_words => Err(Refusal::NotInTheirWords),
        DischargeReason::PersonsWish
        | DischargeReason::Completed
        | DischargeReason::NeedsMetElsewhere
        | DischargeReason::Moved
        | DischargeReason::WorkOrCaring
        | DischargeReason::Died
        | DischargeReason::CouldNotContact
        | DischargeReason::MistakenOrDuplicate
        | DischargeReason::NoCapacity
        | DischargeReason::ConsentWithdrawn
        | DischargeReason::Ineligible(_)
        | DischargeReason::Excluding(_) => {
            Ok(vec![Event::Discharged { referral: case.facts.referral, reason, ended_early: case.met }])
        }
    }
}

fn mark_entered_in_error(state: &State, by: By) -> Result<Vec<Event>, Refusal> {
    if let State::InError(facts) = state
        && by == By::Agency(facts.agency)
    {
        return Ok(vec![]);
    }
    let case = for_agency(state, by)?;
    if case.jobs.is_empty() {
        Ok(vec![Event::EnteredInError { referral: case.facts.referral }])
    } else {
        Err(Refusal::JobsRun)
    }
}

fn job_starts(case: &Made, job: JobId, at: Occurred) -> Result<Vec<Event>, Refusal> {
    if case.jobs.contains(&job) {
        return Ok(vec![]);
    }
    match case.situation {
        // Nothing prevocational stands before work: a job may start before the first meeting or during a pause.
        Situation::Open(_) | Situation::Paused { .. } => Ok(vec![Event::Employed { job, at }]),
        Situation::Transitioned | Situation::Discharged(_) => Err(Refusal::Closed),
    }
}

fn job_ends(case: &Made, job: JobId, at: Occurred) -> Vec<Event> {
    if !case.jobs.contains(&job) {
        return vec![];
    }
    let last = case.jobs.len() == 1;
    let searching = last && case.situation.stage() == Some(Stage::Employed);
    vec![Event::JobEnded { job, at, searching }]
}
