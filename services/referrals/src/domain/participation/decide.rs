//! All rules of a participation.
//! Invariant: who may is judged first, and whoever has no part in it is told that it does not exist. What is over stays as it is, but for what a record
//! tells; nothing is told to have happened before what happened last.

use kernel::{By, Occurred, known_longer};

use super::state::{Situation, State};
use super::{Command, Event, Facts, Recorded, Refusal};
use crate::domain::assignment::{Assignment, Comes};
use crate::domain::contact::Contact;
use crate::domain::referral::{ClosingReason, HoldReason};

/// A participation that was begun.
struct Live<'a> {
    facts: &'a Facts,
    started: &'a Occurred,
    situation: &'a Situation,
    contacts: &'a [Contact],
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Start { by, facts, at } => start(state, by, facts, at),
        Command::NamePlan { by, items } => {
            let (id, person, part2) = of(agencys(state, by)?.facts);
            if matches!(state, State::Made { plan_items, .. } if *plan_items == items) {
                return Ok(vec![]);
            }
            Ok(vec![Event::PlanNamed { id, person, part2, items }])
        }
        Command::AddContact { by, contact, recorded } => {
            let live = agencys(state, by)?;
            if live.contacts.contains(&contact) {
                return Ok(vec![]);
            }
            if live.situation.end().is_some() && !recorded {
                return Err(Refusal::Ended);
            }
            let (id, person, part2) = of(live.facts);
            Ok(vec![Event::ContactMade { id, person, part2, contact }])
        }
        Command::Pause { by, reason, at } => pause(&either(state, by)?, reason, at),
        Command::Resume { by, at } => resume(&either(state, by)?, at),
        Command::End { by, at, reason } => end(&either(state, by)?, by, at, reason),
        Command::EndForDeath { at } => Ok(end_for_death(state, at)),
        Command::Assign { by, to } => assign(state, by, to),
        Command::Record(told) => record(state, told),
        Command::MarkEnteredInError { by } => match state {
            State::Made { facts, .. } if by == By::Agency(facts.agency) => {
                Ok(vec![Event::EnteredInError { id: facts.id, person: facts.person }])
            }
            State::InError { agency, .. } if by == By::Agency(*agency) => Ok(vec![]),
            State::Unmade | State::Made { .. } | State::InError { .. } => Err(Refusal::NotFound),
        },
    }
}

fn start(state: &State, by: By, facts: Facts, at: Occurred) -> Result<Vec<Event>, Refusal> {
    match state {
        State::Unmade if by == By::Agency(facts.agency) || by == By::System => {
            Ok(vec![Event::Started { facts, at }])
        }
        State::Made { facts: now, .. } if *now == facts => Ok(vec![]),
        State::Unmade => Err(Refusal::NotFound),
        State::Made { .. } | State::InError { .. } => Err(Refusal::AlreadyExists),
    }
}

fn pause(live: &Live<'_>, reason: HoldReason, at: Occurred) -> Result<Vec<Event>, Refusal> {
    match live.situation {
        Situation::Paused { reason: now, .. } if *now == reason => return Ok(vec![]),
        Situation::Paused { .. } => return Err(Refusal::Paused),
        Situation::Ended(_) => return Err(Refusal::Ended),
        Situation::GoingOn { since } => not_before(since, &at)?,
    }
    match reason {
        HoldReason::Health | HoldReason::NotReady if live.facts.zero_exclusion => Err(Refusal::ZeroExclusion),
        HoldReason::Documents
        | HoldReason::Capacity
        | HoldReason::PersonsWish
        | HoldReason::Health
        | HoldReason::Consent
        | HoldReason::NotReady => {
            let (id, person, part2) = of(live.facts);
            Ok(vec![Event::Paused { id, person, part2, reason, at }])
        }
    }
}

fn resume(live: &Live<'_>, at: Occurred) -> Result<Vec<Event>, Refusal> {
    match live.situation {
        Situation::Paused { since, .. } => not_before(since, &at)?,
        Situation::GoingOn { .. } => return Ok(vec![]),
        Situation::Ended(_) => return Err(Refusal::Ended),
    }
    let (id, person, part2) = of(live.facts);
    Ok(vec![Event::Resumed { id, person, part2, at }])
}

fn end(live: &Live<'_>, by: By, at: Occurred, reason: ClosingReason) -> Result<Vec<Event>, Refusal> {
    if reason == ClosingReason::Expired {
        return Err(Refusal::ExpiredByClockAlone);
    }
    let since = match live.situation {
        Situation::GoingOn { since } | Situation::Paused { since, .. } => since,
        Situation::Ended(_) => return Err(Refusal::Ended),
    };
    if at.at < live.started.at {
        return Err(Refusal::EndsBeforeItBegan);
    }
    not_before(since, &at)?;
    // The person may go for whatever reason they say.
    if live.facts.zero_exclusion && reason.excludes() && !matches!(by, By::Person(_)) {
        return Err(Refusal::ZeroExclusion);
    }
    let (id, person, part2) = of(live.facts);
    Ok(vec![Event::Ended { id, person, part2, at, reason }])
}

fn end_for_death(state: &State, at: Occurred) -> Vec<Event> {
    match state {
        State::Made {
            facts,
            started,
            situation: Situation::GoingOn { .. } | Situation::Paused { .. },
            ..
        } => {
            // One that began later than the death that was told ends as it begins.
            let at = if at.at < started.at { started.clone() } else { at };
            let (id, person, part2) = of(facts);
            vec![Event::Ended { id, person, part2, at, reason: ClosingReason::Died }]
        }
        State::Unmade | State::Made { situation: Situation::Ended(_), .. } | State::InError { .. } => vec![],
    }
}

fn assign(state: &State, by: By, to: Assignment) -> Result<Vec<Event>, Refusal> {
    let live = agencys(state, by)?;
    if live.situation.end().is_some() {
        return Err(Refusal::Ended);
    }
    let (id, person, part2) = of(live.facts);
    match to.comes(live.facts.agency, state.assignee()) {
        Comes::Moves => {
            let Assignment { worker, from, at, .. } = to;
            Ok(vec![Event::Assigned { id, person, part2, worker, from, at }])
        }
        Comes::Stays => Ok(vec![]),
        Comes::Stranger => Err(Refusal::WorkerNotOfAgency),
    }
}

fn record(state: &State, told: Box<Recorded>) -> Result<Vec<Event>, Refusal> {
    match state {
        State::Unmade => Ok(vec![Event::Recorded { told, correction: false }]),
        // What ended here since is not opened again by a telling that knows nothing new.
        State::Made { told: Some(now), situation, .. }
            if told.says_the_same(now)
                && (!known_longer(now.known_until, told.known_until)
                    || situation.end() != now.ended.as_ref()) =>
        {
            Ok(vec![])
        }
        State::Made { facts, told: Some(_), .. } if facts.agency == told.facts.agency => {
            Ok(vec![Event::Recorded { told, correction: true }])
        }
        State::InError { agency, .. } if *agency == told.facts.agency => {
            Ok(vec![Event::Recorded { told, correction: true }])
        }
        State::Made { .. } | State::InError { .. } => Err(Refusal::AlreadyExists),
    }
}

/// What the agency that serves may do.
fn agencys(state: &State, by: By) -> Result<Live<'_>, Refusal> {
    live(state).filter(|live| by == By::Agency(live.facts.agency)).ok_or(Refusal::NotFound)
}

/// What the person may do too: whether they take part is theirs to say at any time.
fn either(state: &State, by: By) -> Result<Live<'_>, Refusal> {
    let may = |live: &Live<'_>| match by {
        By::Agency(agency) => agency == live.facts.agency,
        By::Person(person) => person == live.facts.person,
        By::System => false,
    };
    live(state).filter(may).ok_or(Refusal::NotFound)
}

fn live(state: &State) -> Option<Live<'_>> {
    match state {
        State::Made { facts, started, situation, contacts, .. } => {
            Some(Live { facts, started, situation, contacts })
        }
        State::Unmade | State::InError { .. } => None,
    }
}

fn not_before(since: &Occurred, at: &Occurred) -> Result<(), Refusal> {
    if at.at < since.at { Err(Refusal::BeforeLastChange) } else { Ok(()) }
}

fn of(facts: &Facts) -> (crate::domain::ParticipationId, kernel::PersonId, bool) {
    (facts.id, facts.person, facts.part2)
}
