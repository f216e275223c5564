//! A unit's diary by itself.
//! Invariant: see the diary's.

use kernel::given;

use super::*;
use crate::domain::codes::OutOfServiceReason::Repairs;
use crate::domain::diary::{Command, Diary, Event, Refusal};

fn opened() -> Event {
    Event::Opened { belongs: belongs(UNIT_A), zone: zone() }
}
fn held(occupant: Occupant, day: i8) -> Event {
    Event::Held { unit: UNIT_A, occupant, from: may(day) }
}
fn occupied(occupant: Occupant, days: Days) -> Event {
    Event::Occupied { unit: UNIT_A, occupant, days }
}
fn freed(occupant: Occupant, day: i8) -> Event {
    Event::Freed { unit: UNIT_A, occupant, until: may(day) }
}
fn out(days: Days) -> Event {
    Event::TakenOut { unit: UNIT_A, days, reason: Repairs }
}

#[test]
fn a_unit_that_was_never_added_has_no_diary() {
    given::<Diary>([]).when(Command::Hold { occupant: ana(), from: may(1) }).refused(Refusal::NotFound);
    given::<Diary>([]).when(Command::Free { placement: OF_ANA, until: may(1) }).refused(Refusal::NotFound);
    given::<Diary>([]).when(Command::Close { today: may(1) }).refused(Refusal::NotFound);
    given::<Diary>([]).when(Command::Release { placement: OF_ANA }).nothing();
}

#[test]
fn a_free_unit_is_held_and_held_again_says_nothing() {
    let hold = || Command::Hold { occupant: ana(), from: may(3) };
    given::<Diary>([opened()]).when(hold()).then([held(ana(), 3)]);
    given::<Diary>([opened(), held(ana(), 3)]).when(hold()).nothing();
}

#[test]
fn a_hold_keeps_every_other_household_out_from_its_first_day_on() {
    let past = || [opened(), held(ana(), 10)];
    given::<Diary>(past()).when(Command::Hold { occupant: ben(), from: may(20) }).refused(Refusal::Taken);
    given::<Diary>(past())
        .when(Command::Occupy { occupant: ben(), days: days(5, Some(11)) })
        .refused(Refusal::Taken);
    given::<Diary>(past())
        .when(Command::Occupy { occupant: ben(), days: days(5, Some(10)) })
        .then([occupied(ben(), days(5, Some(10)))]);
}

#[test]
fn members_of_a_household_share_the_unit_each_by_themself() {
    let child = Occupant { placement: OF_BEN, person: BEN, household: ANAS };
    given::<Diary>([opened(), occupied(ana(), days(1, None))])
        .when(Command::Occupy { occupant: child, days: days(4, None) })
        .then([occupied(child, days(4, None))]);
    // The mother leaves, the child stays: the unit is not free for Ben's own household.
    given::<Diary>([
        opened(),
        occupied(ana(), days(1, None)),
        occupied(child, days(4, None)),
        freed(ana(), 8),
    ])
    .when(Command::Hold { occupant: ben(), from: may(9) })
    .refused(Refusal::Taken);
    given::<Diary>([
        opened(),
        occupied(ana(), days(1, None)),
        occupied(child, days(4, None)),
        freed(ana(), 8),
        freed(child, 9),
    ])
    .when(Command::Hold { occupant: ben(), from: may(9) })
    .then([held(ben(), 9)]);
}

#[test]
fn the_next_household_comes_on_the_day_the_last_one_left() {
    let past = || [opened(), occupied(ana(), days(1, None)), freed(ana(), 9)];
    given::<Diary>(past()).when(Command::Hold { occupant: ben(), from: may(8) }).refused(Refusal::Taken);
    given::<Diary>(past()).when(Command::Hold { occupant: ben(), from: may(9) }).then([held(ben(), 9)]);
}

#[test]
fn a_stay_of_no_night_stands_and_is_in_nobodys_way() {
    let past = || [opened(), occupied(ana(), days(5, None)), freed(ana(), 5)];
    given::<Diary>(past())
        .when(Command::Occupy { occupant: ben(), days: days(1, None) })
        .then([occupied(ben(), days(1, None))]);
    given::<Diary>([opened(), occupied(ben(), days(1, None))])
        .when(Command::Occupy { occupant: ana(), days: days(5, Some(5)) })
        .then([occupied(ana(), days(5, Some(5)))]);
}

#[test]
fn nobody_leaves_before_coming_or_twice() {
    let past = || [opened(), occupied(ana(), days(5, None))];
    given::<Diary>(past())
        .when(Command::Free { placement: OF_ANA, until: may(4) })
        .refused(Refusal::LeavesBeforeComing);
    given::<Diary>(past()).when(Command::Free { placement: OF_ANA, until: may(5) }).then([freed(ana(), 5)]);
    given::<Diary>([opened(), occupied(ana(), days(5, None)), freed(ana(), 7)])
        .when(Command::Free { placement: OF_ANA, until: may(9) })
        .nothing();
}

#[test]
fn a_hold_is_used_up_by_moving_in() {
    given::<Diary>([opened(), held(ana(), 10), occupied(ana(), days(12, None))])
        .when(Command::Occupy { occupant: ben(), days: days(10, Some(12)) })
        .then([occupied(ben(), days(10, Some(12)))]);
}

#[test]
fn what_is_released_never_was() {
    given::<Diary>([opened(), held(ana(), 1)])
        .when(Command::Release { placement: OF_ANA })
        .then([Event::Released { unit: UNIT_A, occupant: ana() }]);
    given::<Diary>([opened(), held(ana(), 1), Event::Released { unit: UNIT_A, occupant: ana() }])
        .when(Command::CloseUnused)
        .then([Event::Closed { unit: UNIT_A }]);
}

#[test]
fn a_unit_out_of_service_takes_nobody_and_one_in_use_is_not_taken_out() {
    given::<Diary>([opened(), out(days(5, Some(10)))])
        .when(Command::Hold { occupant: ana(), from: may(4) })
        .refused(Refusal::OutOfService);
    given::<Diary>([opened(), out(days(5, Some(10)))])
        .when(Command::Hold { occupant: ana(), from: may(10) })
        .then([held(ana(), 10)]);
    given::<Diary>([opened(), held(ana(), 8)])
        .when(Command::TakeOut { days: days(5, Some(9)), reason: Repairs })
        .refused(Refusal::InUse);
    given::<Diary>([opened(), held(ana(), 8)])
        .when(Command::TakeOut { days: days(5, Some(8)), reason: Repairs })
        .then([out(days(5, Some(8)))]);
}

#[test]
fn back_in_service_the_unit_is_free_from_that_day_on() {
    let put_back = |day| Event::PutBack { unit: UNIT_A, from: may(day) };
    given::<Diary>([opened(), out(days(5, None))])
        .when(Command::PutBack { from: may(9) })
        .then([put_back(9)]);
    given::<Diary>([opened(), out(days(5, Some(7)))]).when(Command::PutBack { from: may(9) }).nothing();
    let past = || [opened(), out(days(5, None)), put_back(9)];
    given::<Diary>(past())
        .when(Command::Hold { occupant: ana(), from: may(8) })
        .refused(Refusal::OutOfService);
    given::<Diary>(past()).when(Command::Hold { occupant: ana(), from: may(9) }).then([held(ana(), 9)]);
}

#[test]
fn a_diary_closes_when_nobody_has_the_unit_any_more() {
    let past = || [opened(), occupied(ana(), days(1, None))];
    given::<Diary>(past()).when(Command::Close { today: may(20) }).refused(Refusal::InUse);
    let left = || [opened(), occupied(ana(), days(1, None)), freed(ana(), 20)];
    given::<Diary>(left()).when(Command::Close { today: may(19) }).refused(Refusal::InUse);
    given::<Diary>(left()).when(Command::Close { today: may(20) }).then([Event::Closed { unit: UNIT_A }]);
    given::<Diary>(left()).when(Command::CloseUnused).refused(Refusal::WasUsed);
    given::<Diary>([opened(), Event::Closed { unit: UNIT_A }])
        .when(Command::Hold { occupant: ana(), from: may(1) })
        .refused(Refusal::Archived);
}
