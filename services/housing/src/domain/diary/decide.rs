//! All rules of a unit's diary.
//! Invariant: what one occupant's new entry replaces is left out of the check, and nothing else is.

use kernel::{Day, PersonId};

use super::{Book, Command, Entry, Event, Occupant, Outage, Refusal, State, Tenure};
use crate::domain::PlacementId;
use crate::domain::days::Days;

pub(super) fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
    match command {
        Command::Open { belongs, zone } => match state {
            State::Unmade => Ok(vec![Event::Opened { belongs, zone }]),
            State::Open(_) => Ok(vec![]),
            State::Closed(_) => Err(Refusal::Archived),
        },
        Command::Close { today } => close(state, |entry| {
            let ahead = entry.days.until().is_none_or(|until| until > today);
            if ahead { Err(Refusal::InUse) } else { Ok(()) }
        }),
        Command::CloseUnused => close(state, |_| Err(Refusal::WasUsed)),
        Command::Hold { occupant, from } => {
            let book = open(state)?;
            let days = Days::open(from);
            if book.entries.contains(&Entry { occupant, tenure: Tenure::Held, days }) {
                return Ok(vec![]);
            }
            free_for(book, &occupant, &days)?;
            Ok(vec![Event::Held { unit: book.belongs.id, occupant, from }])
        }
        Command::Occupy { occupant, days } => {
            let book = open(state)?;
            if book.entries.contains(&Entry { occupant, tenure: Tenure::Lived, days }) {
                return Ok(vec![]);
            }
            free_for(book, &occupant, &days)?;
            Ok(vec![Event::Occupied { unit: book.belongs.id, occupant, days }])
        }
        Command::Free { placement, until } => free(state, placement, until),
        Command::Release { placement } => {
            let Some(book) = state.book() else { return Ok(vec![]) };
            let entry = book.entries.iter().find(|entry| entry.occupant.placement == placement);
            Ok(entry
                .map(|entry| Event::Released { unit: book.belongs.id, occupant: entry.occupant })
                .into_iter()
                .collect())
        }
        Command::TakeOut { days, reason } => {
            let book = open(state)?;
            if book.outages.contains(&Outage { days, reason }) {
                return Ok(vec![]);
            }
            if book.entries.iter().any(|entry| entry.days.overlaps(&days)) {
                return Err(Refusal::InUse);
            }
            Ok(vec![Event::TakenOut { unit: book.belongs.id, days, reason }])
        }
        Command::PutBack { from } => {
            let book = open(state)?;
            let out = book.outages.iter().any(|outage| outage.days.overlaps(&Days::open(from)));
            Ok(if out { vec![Event::PutBack { unit: book.belongs.id, from }] } else { vec![] })
        }
    }
}

fn close(state: &State, stands: impl Fn(&Entry) -> Result<(), Refusal>) -> Result<Vec<Event>, Refusal> {
    match state {
        State::Unmade => Err(Refusal::NotFound),
        State::Open(book) => {
            book.entries.iter().try_for_each(stands)?;
            Ok(vec![Event::Closed { unit: book.belongs.id }])
        }
        State::Closed(book) => {
            // Archived already; only "was never meant" can still be wrong.
            book.entries.iter().try_for_each(stands)?;
            Ok(vec![])
        }
    }
}

fn open(state: &State) -> Result<&Book, Refusal> {
    match state {
        State::Unmade => Err(Refusal::NotFound),
        State::Open(book) => Ok(book),
        State::Closed(_) => Err(Refusal::Archived),
    }
}

/// Whether the occupant can have the unit on all these days. A closed diary is no matter here: what was lived stays.
pub(super) fn free_for(book: &Book, occupant: &Occupant, days: &Days) -> Result<(), Refusal> {
    let other = |entry: &&Entry| entry.occupant.household != occupant.household;
    if book.entries.iter().filter(other).any(|entry| entry.days.overlaps(days)) {
        return Err(Refusal::Taken);
    }
    if book.outages.iter().any(|outage| outage.days.overlaps(days)) {
        return Err(Refusal::OutOfService);
    }
    Ok(())
}

fn free(state: &State, placement: PlacementId, until: Day) -> Result<Vec<Event>, Refusal> {
    let Some(book) = state.book() else { return Err(Refusal::NotFound) };
    match book.entries.iter().find(|entry| is_open(entry, placement)) {
        Some(entry) if until < entry.days.from() => Err(Refusal::LeavesBeforeComing),
        Some(entry) => Ok(vec![Event::Freed { unit: book.belongs.id, occupant: entry.occupant, until }]),
        None => Ok(vec![]),
    }
}

/// The one entry of a placement that has no end yet.
fn is_open(entry: &Entry, placement: PlacementId) -> bool {
    entry.occupant.placement == placement && entry.days.until().is_none()
}

pub(super) fn evolve(state: State, event: &Event) -> State {
    change(written(state, event), |book| book.last_about = about(event))
}

fn about(event: &Event) -> Option<PersonId> {
    match event {
        Event::Held { occupant, .. }
        | Event::Occupied { occupant, .. }
        | Event::Freed { occupant, .. }
        | Event::Released { occupant, .. } => Some(occupant.person),
        Event::Opened { .. } | Event::Closed { .. } | Event::TakenOut { .. } | Event::PutBack { .. } => None,
    }
}

fn written(state: State, event: &Event) -> State {
    match event {
        Event::Opened { belongs, zone } => State::Open(Book {
            belongs: *belongs,
            zone: zone.clone(),
            entries: vec![],
            outages: vec![],
            last_about: None,
        }),
        Event::Closed { .. } => match state {
            State::Open(book) | State::Closed(book) => State::Closed(book),
            State::Unmade => State::Unmade,
        },
        Event::Held { occupant, from, .. } => {
            enter(state, Entry { occupant: *occupant, tenure: Tenure::Held, days: Days::open(*from) })
        }
        Event::Occupied { occupant, days, .. } => {
            enter(state, Entry { occupant: *occupant, tenure: Tenure::Lived, days: *days })
        }
        Event::Freed { occupant, until, .. } => change(state, |book| {
            for entry in book.entries.iter_mut().filter(|entry| is_open(entry, occupant.placement)) {
                entry.days = Days::new(entry.days.from(), Some(*until)).unwrap_or(entry.days);
            }
        }),
        Event::Released { occupant, .. } => change(state, |book| {
            book.entries.retain(|entry| entry.occupant.placement != occupant.placement);
        }),
        Event::TakenOut { days, reason, .. } => {
            change(state, |book| book.outages.push(Outage { days: *days, reason: *reason }))
        }
        Event::PutBack { from, .. } => change(state, |book| {
            book.outages.retain(|outage| outage.days.from() < *from);
            for outage in &mut book.outages {
                if outage.days.until().is_none_or(|until| until > *from) {
                    outage.days = Days::new(outage.days.from(), Some(*from)).unwrap_or(outage.days);
                }
            }
        }),
    }
}

/// A new entry takes the place of the placement's open one: a hold is re-dated or used up, a stay corrected.
fn enter(state: State, entry: Entry) -> State {
    change(state, |book| {
        book.entries.retain(|known| !is_open(known, entry.occupant.placement));
        book.entries.push(entry);
    })
}

fn change(state: State, by: impl FnOnce(&mut Book)) -> State {
    match state {
        State::Unmade => State::Unmade,
        State::Open(mut book) => {
            by(&mut book);
            State::Open(book)
        }
        State::Closed(mut book) => {
            by(&mut book);
            State::Closed(book)
        }
    }
}
