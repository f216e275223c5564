//! How a unit stands on a day.
//! Invariant: the first that applies, in the order of the enum.

use super::*;
use crate::domain::availability::{Availability, Standing};
use crate::domain::codes::OutOfServiceReason::Repairs;
use crate::domain::diary::{Entry, Outage, Tenure};
use Availability::{Accepting, Archived, Held, Occupied, OutOfService, Turnaround, Vacant};

fn lived(occupant: Occupant, days: Days) -> Entry {
    Entry { occupant, tenure: Tenure::Lived, days }
}
fn standing<'a>(entries: &'a [Entry], outages: &'a [Outage]) -> Standing<'a> {
    Standing { archived: false, accepting: false, turnaround_days: 3, entries, outages }
}

#[test]
fn a_free_unit_is_vacant_and_accepting_where_matches_are_taken() {
    assert_eq!(standing(&[], &[]).on(may(5)), (Vacant, None));
    assert_eq!(Standing { accepting: true, ..standing(&[], &[]) }.on(may(5)), (Accepting, None));
    assert_eq!(Standing { archived: true, ..standing(&[], &[]) }.on(may(5)), (Archived, None));
}

#[test]
fn a_unit_goes_from_held_to_occupied_to_turnaround_to_vacant() {
    let entries = [
        lived(ana(), days(5, Some(10))),
        Entry { occupant: ben(), tenure: Tenure::Held, days: days(12, None) },
    ];
    let unit = standing(&entries, &[]);
    assert_eq!(unit.on(may(4)), (Vacant, None));
    assert_eq!(unit.on(may(9)), (Occupied, Some(may(10))));
    assert_eq!(unit.on(may(10)), (Turnaround, Some(may(13))));
    assert_eq!(unit.on(may(12)), (Turnaround, Some(may(13))), "before the hold, which only waits");
    assert_eq!(unit.on(may(13)), (Held, None));
}

#[test]
fn the_last_of_a_household_frees_the_unit() {
    let child = Occupant { placement: OF_BEN, person: BEN, household: ANAS };
    let entries = [lived(ana(), days(1, Some(8))), lived(child, days(1, None))];
    assert_eq!(standing(&entries, &[]).on(may(9)), (Occupied, None));
    assert_eq!(standing(&entries, &[]).on(may(7)), (Occupied, None), "one stays on, so no end is known");
    let entries = [lived(ana(), days(1, Some(8))), lived(child, days(1, Some(9)))];
    assert_eq!(standing(&entries, &[]).on(may(7)), (Occupied, Some(may(9))));
    assert_eq!(standing(&entries, &[]).on(may(9)), (Turnaround, Some(may(12))));
}

#[test]
fn out_of_service_comes_before_all_but_archived() {
    let outages = [Outage { days: days(5, Some(10)), reason: Repairs }];
    assert_eq!(standing(&[], &outages).on(may(5)), (OutOfService, Some(may(10))));
    assert_eq!(standing(&[], &outages).on(may(10)), (Vacant, None));
}

#[test]
fn a_stay_of_no_night_makes_no_turnaround() {
    let entries = [lived(ana(), days(5, Some(5)))];
    assert_eq!(standing(&entries, &[]).on(may(5)), (Vacant, None));
}
