//! Placements and bed nights told from elsewhere.
//! Invariant: nothing told is refused for its content; what today's guards would refuse is kept beside it as a discrepancy.

use std::collections::BTreeSet;

use kernel::{Day, Discrepancy};

use super::state::{Made, State};
use super::{Event, Others, Recorded, Refusal, Told};
use crate::domain::codes::LodgedBy;
use crate::domain::days::Month;
use crate::domain::{FactId, PlacementId};

/// The person has another permanent home in this agency.
pub(super) const HOME_ELSEWHERE: &str = "HOME_ELSEWHERE";

pub(super) fn record(
    state: &State,
    told: Told,
    home: Option<PlacementId>,
    unit_taken: bool,
) -> Result<Vec<Event>, Refusal> {
    match state {
        State::Unmade => Ok(vec![recorded(told, home, unit_taken, false)]),
        State::Made(made) if made.facts.agency != told.facts.agency => Err(Refusal::NotFound),
        State::Made(made) => match &made.recorded {
            None => Err(Refusal::AlreadyExists),
            Some(now) if told.says_nothing_new(&now.told) => Ok(vec![]),
            // It was another person's all along: theirs is withdrawn, and this one's begins.
            Some(_) if made.facts.person != told.facts.person => {
                Ok(vec![made.entered_in_error(), recorded(told, home, unit_taken, true)])
            }
            Some(_) => Ok(vec![recorded(told, home, unit_taken, true)]),
        },
        State::InError { agency, .. } if *agency != told.facts.agency => Err(Refusal::NotFound),
        State::InError { .. } => Ok(vec![recorded(told, home, unit_taken, true)]),
    }
}

fn recorded(told: Told, home: Option<PlacementId>, unit_taken: bool, correction: bool) -> Event {
    let mut discrepancies = Vec::new();
    let moved_in = match told.move_in {
        Some(on) => match odd_move_in(&told, on) {
            Some(odd) => {
                discrepancies.push(odd);
                None
            }
            None => Some(on),
        },
        None => None,
    };
    if unit_taken {
        let why = "another household has the unit on those days, or it is out of service: the placement claims none";
        discrepancies.push(Discrepancy::new("UNIT_NOT_FREE", why));
    }
    let lives_there = moved_in.is_some() && told.exit.is_none();
    if lives_there && home.is_some_and(|home| home != told.facts.id) {
        let why = "this agency has the person in another permanent home";
        discrepancies.push(Discrepancy::new(HOME_ELSEWHERE, why));
    }
    Event::Recorded { recorded: Box::new(Recorded { told, moved_in, discrepancies }), correction }
}

/// What is odd about a move-in: it is then kept as told, and nobody moved in.
fn odd_move_in(told: &Told, on: Day) -> Option<Discrepancy> {
    if told.facts.project.lodged_by() != LodgedBy::MoveIn {
        let why = "a project of this type lodges from entry or night by night and knows no move-in";
        return Some(Discrepancy::new("MOVE_IN_OF_OTHER_TYPE", why));
    }
    if on < told.entry {
        return Some(Discrepancy::new(
            "MOVE_IN_BEFORE_ENTRY",
            "the move-in is before the entry to the project",
        ));
    }
    if told.exit.as_ref().is_some_and(|(exit, _)| on > *exit) {
        return Some(Discrepancy::new(
            "MOVE_IN_AFTER_EXIT",
            "the move-in is after the exit from the project",
        ));
    }
    None
}

/// The bed nights of a month as another system tells them.
pub(super) fn nights(
    made: &Made,
    fact: FactId,
    month: Month,
    told: BTreeSet<Day>,
    others: &Others,
) -> Vec<Event> {
    let now = made.nights_of(month);
    let told = match others {
        Others::None => told,
        // A night that is told stands, whatever else the source says of it.
        Others::Stay { but } => now.difference(but).copied().chain(told).collect(),
    };
    if now == told {
        return vec![];
    }
    let mut discrepancies = Vec::new();
    if made.facts.project.lodged_by() != LodgedBy::BedNight {
        let why = "a project of this type counts no bed nights; these are kept and lodge nobody";
        discrepancies.push(Discrepancy::new("NIGHTS_OF_OTHER_TYPE", why));
    }
    // The night of the day of exit counts: the person slept there and left for good.
    let outside = |night: &&Day| {
        made.stay()
            .is_none_or(|stay| **night < stay.admitted || stay.exited.is_some_and(|exit| **night > exit))
    };
    let outside = told.iter().filter(outside).count();
    if outside > 0 {
        let why = format!("{outside} of the nights lie outside the stay");
        discrepancies.push(Discrepancy::new("NIGHTS_OUTSIDE_STAY", why));
    }
    let correction = !now.is_subset(&told);
    let zone = made.facts.zone.clone();
    vec![Event::NightsCounted { month, nights: told, fact: Some(fact), zone, correction, discrepancies }]
}
