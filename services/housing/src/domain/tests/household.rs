//! Households: matched together, each member a placement of their own.
//! Invariant: one event a member, and one unit for all of them or for none.

use std::collections::BTreeMap;

use kernel::Decider;

use super::*;
use crate::domain::diary::{self, Diary};
use crate::domain::group;
use crate::domain::placement::{self, Event, Placement};
use crate::domain::tenancy::{self, Decided, Diaries, Match, Refusal};
use ProjectType::TransitionalHousing;

fn ask(unit: Option<UnitId>) -> Match {
    Match {
        by: BY_CEDAR,
        members: vec![(OF_ANA, ANA, Relationship::Oneself), (OF_BEN, BEN, Relationship::Child)],
        household: ANAS,
        unit,
        held_from: on(10),
        referral: None,
        at: at(),
    }
}
fn units(events: impl IntoIterator<Item = diary::Event>) -> Diaries {
    let opened = diary::Event::Opened { belongs: belongs(UNIT_A), zone: zone() };
    let events: Vec<_> = [opened].into_iter().chain(events).collect();
    Diaries::new([(UNIT_A, Diary::fold(&events))])
}
fn match_household(diaries: Diaries, ask: Match) -> Result<Decided, Refusal> {
    let group = super::group::published(TransitionalHousing);
    tenancy::match_household(&group, &BTreeMap::new(), diaries, ask)
}
fn child_of_ana() -> Facts {
    Facts { household: ANAS, relationship: Relationship::Child, ..of_ben(TransitionalHousing) }
}

#[test]
fn every_member_is_matched_and_the_unit_is_held_for_each() {
    let decided = match_household(units([]), ask(Some(UNIT_A))).expect("not refused");
    let matched = |facts| Event::Matched { facts, unit: Some(from(UNIT_A, 10)), at: at() };
    assert_eq!(
        decided.placements,
        [(OF_ANA, vec![matched(of_ana(TransitionalHousing))]), (OF_BEN, vec![matched(child_of_ana())])]
    );
    let held = |occupant| diary::Event::Held { unit: UNIT_A, occupant, from: may(10) };
    assert_eq!(decided.diaries, [(UNIT_A, vec![held(ana()), held(child_of_ana().occupant())])]);
}

#[test]
fn without_a_unit_no_diary_is_touched() {
    let decided = match_household(Diaries::default(), ask(None)).expect("not refused");
    assert_eq!((decided.placements.len(), decided.diaries.len()), (2, 0));
}

#[test]
fn a_unit_that_another_household_has_is_held_for_none_of_them() {
    let bens = diary::Event::Held { unit: UNIT_A, occupant: ben(), from: may(1) };
    assert_eq!(match_household(units([bens]), ask(Some(UNIT_A))), Err(diary::Refusal::Taken.into()));
}

#[test]
fn a_household_has_one_head_and_each_person_once() {
    let two_heads = Match {
        members: vec![(OF_ANA, ANA, Relationship::Oneself), (OF_BEN, BEN, Relationship::Oneself)],
        ..ask(None)
    };
    assert_eq!(match_household(Diaries::default(), two_heads), Err(placement::Refusal::TwoHeads.into()));
    let twice = Match {
        members: vec![(OF_ANA, ANA, Relationship::Oneself), (OF_BEN, ANA, Relationship::Child)],
        ..ask(None)
    };
    assert_eq!(match_household(Diaries::default(), twice), Err(placement::Refusal::MemberTwice.into()));
}

#[test]
fn only_the_agency_of_the_group_matches_and_a_closed_group_takes_nobody_new() {
    let harbors = Match { by: BY_HARBOR, ..ask(None) };
    assert_eq!(match_household(Diaries::default(), harbors), Err(group::Refusal::NotFound.into()));

    let closed = super::group::closed(TransitionalHousing);
    let refused = tenancy::match_household(&closed, &BTreeMap::new(), Diaries::default(), ask(None));
    assert_eq!(refused, Err(group::Refusal::Closed.into()));
    // Matched before it closed, and asked again: it holds.
    let first = match_household(Diaries::default(), ask(None)).expect("not refused");
    let states: BTreeMap<_, _> =
        first.placements.iter().map(|(id, events)| (*id, Placement::fold(events))).collect();
    let again = tenancy::match_household(&closed, &states, Diaries::default(), ask(None));
    assert_eq!(again, Ok(Decided::default()));
}
