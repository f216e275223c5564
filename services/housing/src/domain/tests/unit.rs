//! Units, with their diaries where those have a say.
//! Invariant: see the unit's, and `upkeep`.

use kernel::{Decider, given};

use super::*;
use crate::domain::codes::OutOfServiceReason::Pests;
use crate::domain::diary::{self, Diary};
use crate::domain::group;
use crate::domain::placement;
use crate::domain::unit::{self, Command, Content, Event, Refusal, Unit};
use crate::domain::upkeep::{self, Decided};
use ProjectType::TransitionalHousing;

fn content(name: &str) -> Content {
    Content { name: name.into(), sleeps: 2, step_free: false, accepting: true, identifiers: vec![] }
}
fn said(name: &str) -> Event {
    Event::Published { belongs: belongs(UNIT_A), content: content(name) }
}
fn opened() -> diary::Event {
    diary::Event::Opened { belongs: belongs(UNIT_A), zone: zone() }
}
fn diary_with(events: impl IntoIterator<Item = diary::Event>) -> diary::State {
    let events: Vec<_> = [opened()].into_iter().chain(events).collect();
    Diary::fold(&events)
}
fn lived(days: Days) -> diary::Event {
    diary::Event::Occupied { unit: UNIT_A, occupant: ana(), days }
}

#[test]
fn a_unit_is_published_changed_and_said_again_says_nothing() {
    let publish = |belongs, name| Command::Publish { belongs, content: content(name) };
    given::<Unit>([]).when(publish(belongs(UNIT_A), "2B")).then([said("2B")]);
    given::<Unit>([said("2B")]).when(publish(belongs(UNIT_A), "2B")).nothing();
    given::<Unit>([said("2B")]).when(publish(belongs(UNIT_A), "2C")).then([said("2C")]);
    let moved = Belongs { group: UnitGroupId::of(99), ..belongs(UNIT_A) };
    given::<Unit>([said("2B")]).when(publish(moved, "2B")).refused(Refusal::OfAnotherGroup);
    let harbors = Belongs { agency: HARBOR, ..belongs(UNIT_A) };
    given::<Unit>([said("2B")]).when(publish(harbors, "2B")).refused(Refusal::NotFound);
    given::<Unit>([said("2B"), Event::Archived])
        .when(publish(belongs(UNIT_A), "2C"))
        .refused(Refusal::Archived);
}

#[test]
fn a_new_unit_gets_a_diary_in_a_group_of_its_agency() {
    let unmade = || (unit::State::Unmade, diary::State::Unmade);
    let group = super::group::published(TransitionalHousing);
    let (unit, diary) = unmade();
    let decided = upkeep::publish(&group, &unit, &diary, belongs(UNIT_A), content("2B"));
    assert_eq!(decided, Ok(Decided { unit: vec![said("2B")], diary: vec![opened()] }));
    let changed =
        upkeep::publish(&group, &Unit::fold(&[said("2B")]), &diary_with([]), belongs(UNIT_A), content("2C"));
    assert_eq!(changed, Ok(Decided { unit: vec![said("2C")], diary: vec![] }));
    let harbors = Belongs { agency: HARBOR, ..belongs(UNIT_A) };
    let refused = upkeep::publish(&group, &unit, &diary, harbors, content("2B"));
    assert_eq!(refused, Err(group::Refusal::NotFound.into()));
}

#[test]
fn a_unit_is_archived_when_nobody_has_it_any_more() {
    let unit = Unit::fold(&[said("2B")]);
    let archive = |diary: &diary::State| upkeep::archive(&unit, diary, CEDAR, today());
    assert_eq!(archive(&diary_with([lived(days(1, None))])), Err(diary::Refusal::InUse.into()));
    let closed = vec![diary::Event::Closed { unit: UNIT_A }];
    assert_eq!(
        archive(&diary_with([lived(days(1, Some(20)))])),
        Ok(Decided { unit: vec![Event::Archived], diary: closed })
    );
    assert_eq!(upkeep::archive(&unit, &diary_with([]), HARBOR, today()), Err(Refusal::NotFound.into()));
    let archived = Unit::fold(&[said("2B"), Event::Archived]);
    assert_eq!(upkeep::archive(&archived, &diary_with([]), CEDAR, today()), Ok(Decided::default()));
}

#[test]
fn a_unit_that_somebody_had_was_meant() {
    let unit = Unit::fold(&[said("2B")]);
    let mark = |diary: &diary::State| upkeep::mark_entered_in_error(&unit, diary, CEDAR);
    assert_eq!(mark(&diary_with([lived(days(1, Some(2)))])), Err(diary::Refusal::WasUsed.into()));
    let closed = vec![diary::Event::Closed { unit: UNIT_A }];
    assert_eq!(mark(&diary_with([])), Ok(Decided { unit: vec![Event::EnteredInError], diary: closed }));
    let gone = Unit::fold(&[said("2B"), Event::EnteredInError]);
    assert_eq!(upkeep::mark_entered_in_error(&gone, &diary_with([]), CEDAR), Ok(Decided::default()));
}

#[test]
fn out_of_service_is_for_the_units_agency_and_has_days() {
    let diary = diary_with([]);
    let out = |agency, when, until| upkeep::take_out(&diary, agency, when, until, Pests);
    let taken = diary::Event::TakenOut { unit: UNIT_A, days: days(20, Some(25)), reason: Pests };
    assert_eq!(out(CEDAR, today(), Some(may(25))), Ok(vec![taken]));
    assert_eq!(out(HARBOR, today(), None), Err(diary::Refusal::NotFound.into()));
    assert_eq!(out(CEDAR, on(22), Some(may(22))), Err(diary::Refusal::NoDays.into()));
    assert_eq!(out(CEDAR, on(5), None), Err(placement::Refusal::LongAgo.into()));
    assert_eq!(upkeep::put_back(&diary, CEDAR, today()), Ok(vec![]));
}
