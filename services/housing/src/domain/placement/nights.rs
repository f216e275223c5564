//! Bed nights that an agency counts here.
//! Invariant: a night is counted once, within the stay, and in a project of type 1 alone.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Day;

use super::state::{Made, Situation};
use super::{Event, Refusal};
use crate::domain::codes::LodgedBy;
use crate::domain::days::{Month, When};

pub(super) fn add(made: &Made, nights: BTreeSet<Day>, when: When) -> Result<Vec<Event>, Refusal> {
    if made.facts.project.lodged_by() != LodgedBy::BedNight {
        return Err(Refusal::NoBedNights);
    }
    let (entry, exit) = match &made.situation {
        Situation::Admitted { on } => (*on, None),
        Situation::Exited { stay, .. } => (stay.admitted, stay.exited),
        Situation::Matched
        | Situation::Offered
        | Situation::Accepted
        | Situation::MovedIn { .. }
        | Situation::Closed(_) => return Err(Refusal::NotInThisState),
    };
    let mut months: BTreeMap<Month, BTreeSet<Day>> = BTreeMap::new();
    for night in nights {
        When { on: Some(night), ..when }.day(&made.facts.zone)?;
        if night < entry {
            return Err(Refusal::BeforeEntry);
        }
        if exit.is_some_and(|exit| night > exit) {
            return Err(Refusal::AfterExit);
        }
        if !made.nights.contains(&night) {
            let month = Month::of(night);
            months.entry(month).or_insert_with(|| made.nights_of(month)).insert(night);
        }
    }
    let counted = |(month, nights)| Event::NightsCounted {
        month,
        nights,
        fact: None,
        zone: made.facts.zone.clone(),
        correction: false,
        discrepancies: vec![],
    };
    Ok(months.into_iter().map(counted).collect())
}
