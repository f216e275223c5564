//! Lodging: the nights under this roof, as the type of the project counts them.
//! Invariant: nights never repeat, and none is before entry.

use std::collections::BTreeSet;

use kernel::Day;

use super::codes::{LodgedBy, ProjectType};
use super::days::Days;

/// The days between which a placement ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Entry to the project.
    pub admitted: Day,
    /// Move into the home.
    pub moved_in: Option<Day>,
    /// Exit from the project.
    pub exited: Option<Day>,
}

impl Stay {
    /// The days of lodging that run through: entry to exit, or move-in to exit. None where each night counts by itself,
    /// or where nobody has moved in.
    pub fn through(&self, project: ProjectType) -> Option<Days> {
        match project.lodged_by() {
            LodgedBy::Entry => Days::new(self.admitted, self.exited),
            LodgedBy::MoveIn => Days::new(self.moved_in?, self.exited),
            LodgedBy::BedNight => None,
        }
    }
}

/// The nights of a placement as ranges, in order; bed nights that follow each other are one range.
pub fn lodging(project: ProjectType, stay: &Stay, nights: &BTreeSet<Day>) -> Vec<Days> {
    match project.lodged_by() {
        LodgedBy::Entry | LodgedBy::MoveIn => stay.through(project).into_iter().collect(),
        LodgedBy::BedNight => runs(nights),
    }
}

fn runs(nights: &BTreeSet<Day>) -> Vec<Days> {
    let mut runs: Vec<(Day, Day)> = Vec::new();
    for night in nights {
        let morning = night.saturating_add(jiff::Span::new().days(1));
        match runs.last_mut() {
            Some((_, until)) if until == night => *until = morning,
            Some(_) | None => runs.push((*night, morning)),
        }
    }
    runs.into_iter().filter_map(|(from, until)| Days::new(from, Some(until))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn may(day: i8) -> Day {
        date(2026, 5, day)
    }
    fn range(from: i8, until: Option<i8>) -> Days {
        Days::new(may(from), until.map(may)).expect("in order")
    }

    #[test]
    fn a_shelter_of_entry_and_exit_lodges_from_entry_to_exit_whatever_else_is_told() {
        let stay = Stay { admitted: may(1), moved_in: Some(may(5)), exited: Some(may(9)) };
        for project in
            [ProjectType::EmergencyShelterEntryExit, ProjectType::TransitionalHousing, ProjectType::SafeHaven]
        {
            assert_eq!(lodging(project, &stay, &BTreeSet::new()), [range(1, Some(9))]);
        }
    }

    #[test]
    fn who_is_admitted_to_permanent_housing_is_not_housed_before_the_move() {
        let waiting = Stay { admitted: may(1), moved_in: None, exited: None };
        let home = Stay { moved_in: Some(may(5)), ..waiting };
        for project in ProjectType::ALL.into_iter().filter(|project| project.is_permanent()) {
            assert_eq!(lodging(project, &waiting, &BTreeSet::new()), []);
            assert_eq!(lodging(project, &home, &BTreeSet::new()), [range(5, None)]);
        }
    }

    #[test]
    fn bed_nights_count_by_themselves_and_join_into_runs() {
        let stay = Stay { admitted: may(1), moved_in: None, exited: Some(may(20)) };
        let nights = [2, 3, 4, 8, 20].map(may).into();
        assert_eq!(
            lodging(ProjectType::EmergencyShelterNightByNight, &stay, &nights),
            [range(2, Some(5)), range(8, Some(9)), range(20, Some(21))],
            "and the night of the day of exit is one"
        );
    }
}
