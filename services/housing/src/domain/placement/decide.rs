//! All rules of one placement by itself; those that a unit has a say in are in `tenancy`.
//! Invariant: who may is judged first, and one who is no party to it is told that it does not exist.

use kernel::{By, Day};

use super::state::{Assigned, Closing, Made, Situation, State};
use super::{Command, Event, HOLD_AHEAD_DAYS, Refusal, nights, record};
use crate::domain::UnitId;
use crate::domain::codes::LodgedBy;
use crate::domain::days::When;
use crate::domain::diary::Tenure;
use crate::domain::place::Place;

/// Which side of a placement somebody is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Party {
    Provider,
    Person,
}

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Match { by, facts, unit, at } => match state {
            State::Unmade if by == By::Agency(facts.agency) || by == By::System => {
                Ok(vec![Event::Matched { facts, unit, at }])
            }
            // The name or zone of the group may have changed since; it is the same match.
            State::Made(now) if now.recorded.is_none() && now.facts.is_same_match(&facts) => Ok(vec![]),
            State::Unmade => Err(Refusal::NotFound),
            State::Made(_) | State::InError { .. } => Err(Refusal::AlreadyExists),
        },
        Command::AssignUnit { by, unit, when } => assign(provided(state, by)?, unit, when),
        Command::NamePlan { by, at, items } => {
            let (made, _) = party(state, by).and_then(provider)?;
            Ok(if made.plan_items == items { vec![] } else { vec![Event::PlanNamed { at, items }] })
        }
        Command::AssignWorker { by, worker, works_for, at } => {
            let (made, _) = party(state, by).and_then(provider)?;
            if !made.goes_on() {
                return Err(Refusal::NotInThisState);
            }
            if worker.is_some() && works_for != Some(made.facts.agency) {
                return Err(Refusal::WorkerNotOfAgency);
            }
            let (same, from) = (made.worker == worker, None);
            Ok(if same { vec![] } else { vec![Event::WorkerAssigned { worker, from, at }] })
        }
        Command::HandOver { from, to, at } => {
            let theirs = state.made().is_some_and(|made| made.goes_on() && made.worker == Some(from));
            let (worker, from) = (Some(to), Some(from));
            Ok(if theirs { vec![Event::WorkerAssigned { worker, from, at }] } else { vec![] })
        }
        Command::Offer { by, at } => match provided(state, by)?.situation {
            Situation::Matched => Ok(vec![Event::Offered { at }]),
            Situation::Offered => Ok(vec![]),
            Situation::Accepted
            | Situation::Admitted { .. }
            | Situation::MovedIn { .. }
            | Situation::Exited { .. }
            | Situation::Closed(_) => Err(Refusal::NotInThisState),
        },
        Command::Accept { by, at } => match asked(state, by)?.0.situation {
            Situation::Offered => Ok(vec![Event::Accepted { at }]),
            Situation::Accepted => Ok(vec![]),
            Situation::Matched
            | Situation::Admitted { .. }
            | Situation::MovedIn { .. }
            | Situation::Exited { .. }
            | Situation::Closed(_) => Err(Refusal::NotInThisState),
        },
        Command::Decline { by, at } => {
            let made = asked(state, by)?.0;
            close(made, Closing::Declined, Event::Declined { at, referral: made.facts.referral })
        }
        Command::Refuse { by, at, reason } => {
            let made = provided(state, by)?;
            close(
                made,
                Closing::Refused(reason),
                Event::Refused { at, reason, referral: made.facts.referral },
            )
        }
        Command::MarkNotArrived { by, at } => {
            let made = provided(state, by)?;
            match made.situation {
                // Only who accepted could have come.
                Situation::Matched | Situation::Offered => Err(Refusal::NotInThisState),
                Situation::Accepted
                | Situation::Admitted { .. }
                | Situation::MovedIn { .. }
                | Situation::Exited { .. }
                | Situation::Closed(_) => {
                    close(made, Closing::NotArrived, Event::NotArrived { at, referral: made.facts.referral })
                }
            }
        }
        Command::Cancel { by, at, reason } => {
            let made = provided(state, by)?;
            let event = Event::Cancelled { at, reason, referral: made.facts.referral };
            close(made, Closing::Cancelled(reason), event)
        }
        Command::Withdraw { by, at } => {
            let made = asked(state, by)?.0;
            close(made, Closing::Withdrawn, Event::Withdrawn { at, referral: made.facts.referral })
        }
        Command::Admit { by, when } => admit(provided(state, by)?, when),
        Command::MoveIn { by, when } => move_in(provided(state, by)?, when),
        Command::Exit { by, when, destination } => exit(provided(state, by)?, when, destination),
        Command::AddNights { by, nights, when } => nights::add(provided(state, by)?, nights, when),
        Command::Record { told, home, unit_taken } => record::record(state, *told, home, unit_taken),
        Command::RecordNights { by, fact, month, nights, others } => {
            let (made, _) = party(state, by).and_then(provider)?;
            Ok(record::nights(made, fact, month, nights, &others))
        }
        Command::MarkNightsEnteredInError { by, month } => {
            let (made, _) = party(state, by).and_then(provider)?;
            if made.nights_of(month).is_empty() {
                return Err(Refusal::NoSuchNights);
            }
            let facts = made.nights_told.get(&month).cloned().unwrap_or_default();
            Ok(vec![Event::NightsEnteredInError { month, facts, zone: made.facts.zone.clone() }])
        }
        Command::MarkEnteredInError { by } => match state {
            State::InError { agency, .. } if by == By::Agency(*agency) => Ok(vec![]),
            State::Unmade | State::Made(_) | State::InError { .. } => {
                let (made, _) = party(state, by).and_then(provider)?;
                Ok(vec![made.entered_in_error()])
            }
        },
    }
}

/// The placement, and on which side of it somebody is.
fn party(state: &State, by: By) -> Result<(&Made, Party), Refusal> {
    let made = state.made().ok_or(Refusal::NotFound)?;
    match by {
        By::Agency(agency) if agency == made.facts.agency => Ok((made, Party::Provider)),
        By::System => Ok((made, Party::Provider)),
        By::Person(person) if person == made.facts.person => Ok((made, Party::Person)),
        By::Agency(_) | By::Person(_) => Err(Refusal::NotFound),
    }
}

fn provider((made, party): (&Made, Party)) -> Result<(&Made, Party), Refusal> {
    match party {
        Party::Provider => Ok((made, party)),
        Party::Person => Err(Refusal::ProviderAlone),
    }
}

/// For a request of either side: one made here.
fn asked(state: &State, by: By) -> Result<(&Made, Party), Refusal> {
    let (made, party) = party(state, by)?;
    if made.recorded.is_some() { Err(Refusal::KeptElsewhere) } else { Ok((made, party)) }
}

/// For a request of the provider's alone.
fn provided(state: &State, by: By) -> Result<&Made, Refusal> {
    asked(state, by).and_then(provider).map(|(made, _)| made)
}

/// Ends it before it began; ended the same way already, it says nothing.
fn close(made: &Made, how: Closing, event: Event) -> Result<Vec<Event>, Refusal> {
    match made.situation {
        Situation::Matched | Situation::Offered | Situation::Accepted => Ok(vec![event]),
        Situation::Closed(known) if known == how => Ok(vec![]),
        Situation::Admitted { .. }
        | Situation::MovedIn { .. }
        | Situation::Exited { .. }
        | Situation::Closed(_) => Err(Refusal::NotInThisState),
    }
}

fn assign(made: &Made, unit: UnitId, when: When) -> Result<Vec<Event>, Refusal> {
    let zone = made.facts.zone.clone();
    let present = made.units.last().copied();
    let not_before = match &made.situation {
        Situation::Matched | Situation::Offered | Situation::Accepted => None,
        Situation::Admitted { on } => match made.facts.project.lodged_by() {
            LodgedBy::Entry | LodgedBy::BedNight => Some(*on),
            LodgedBy::MoveIn => None,
        },
        Situation::MovedIn { on, .. } => Some(*on),
        Situation::Exited { .. } | Situation::Closed(_) => return Err(Refusal::NotInThisState),
    };
    let from = match not_before {
        None => held_from(when, made)?,
        Some(_) if present.is_some_and(|present| present.unit == unit) => return Ok(vec![]),
        Some(first) => {
            let from = when.day(&zone)?;
            if from < first {
                return Err(Refusal::BeforeEntry);
            }
            if present.is_some_and(|present| from < present.from) {
                return Err(Refusal::BeforeUnit);
            }
            from
        }
    };
    let unit = Assigned { unit, from };
    if present == Some(unit) {
        return Ok(vec![]);
    }
    let previous = present.map(|present| present.unit).filter(|previous| *previous != unit.unit);
    Ok(vec![Event::UnitAssigned { unit, previous, zone }])
}

/// A hold may begin ahead, within reason.
fn held_from(when: When, made: &Made) -> Result<Day, Refusal> {
    let from = when.today_or_ahead(&made.facts.zone)?;
    let ahead = i64::from((from - when.today(&made.facts.zone)).get_days());
    if ahead > HOLD_AHEAD_DAYS { Err(Refusal::Ahead) } else { Ok(from) }
}

fn admit(made: &Made, when: When) -> Result<Vec<Event>, Refusal> {
    let facts = &made.facts;
    let on = when.day(&facts.zone)?;
    match &made.situation {
        Situation::Accepted => Ok(vec![Event::Admitted {
            on,
            zone: facts.zone.clone(),
            project: facts.project,
            unit: made.unit().map(|(unit, _)| unit.unit),
            referral: facts.referral,
        }]),
        Situation::Admitted { on: known } if *known == on => Ok(vec![]),
        Situation::Matched
        | Situation::Offered
        | Situation::Admitted { .. }
        | Situation::MovedIn { .. }
        | Situation::Exited { .. }
        | Situation::Closed(_) => Err(Refusal::NotInThisState),
    }
}

fn move_in(made: &Made, when: When) -> Result<Vec<Event>, Refusal> {
    let facts = &made.facts;
    if facts.project.lodged_by() != LodgedBy::MoveIn {
        return Err(Refusal::NoMoveIn);
    }
    let on = when.day(&facts.zone)?;
    match &made.situation {
        Situation::Admitted { on: entry } if on < *entry => Err(Refusal::BeforeEntry),
        Situation::Admitted { .. } => Ok(vec![Event::MovedIn {
            on,
            zone: facts.zone.clone(),
            project: facts.project,
            unit: made.unit().map(|(unit, _)| unit.unit),
        }]),
        Situation::MovedIn { on: known, .. } if *known == on => Ok(vec![]),
        Situation::Matched
        | Situation::Offered
        | Situation::Accepted
        | Situation::MovedIn { .. }
        | Situation::Exited { .. }
        | Situation::Closed(_) => Err(Refusal::NotInThisState),
    }
}

fn exit(made: &Made, when: When, destination: Place) -> Result<Vec<Event>, Refusal> {
    let facts = &made.facts;
    let on = when.day(&facts.zone)?;
    match &made.situation {
        Situation::Admitted { .. } | Situation::MovedIn { .. } => {
            if last_day_there(made).is_some_and(|last| on < last) {
                return Err(Refusal::ExitTooEarly);
            }
            let (zone, referral) = (facts.zone.clone(), facts.referral);
            Ok(vec![Event::Exited { on, zone, destination, referral }])
        }
        Situation::Exited { stay, destination: known }
            if stay.exited == Some(on) && *known == destination =>
        {
            Ok(vec![])
        }
        Situation::Matched
        | Situation::Offered
        | Situation::Accepted
        | Situation::Exited { .. }
        | Situation::Closed(_) => Err(Refusal::NotInThisState),
    }
}

/// The last day on which something is known to have happened there. A bed night on the day of exit counts.
fn last_day_there(made: &Made) -> Option<Day> {
    let stay = made.stay()?;
    let in_unit = made.unit().filter(|(_, tenure)| *tenure == Tenure::Lived).map(|(unit, _)| unit.from);
    [Some(stay.admitted), stay.moved_in, in_unit, made.nights.last().copied()].into_iter().flatten().max()
}
