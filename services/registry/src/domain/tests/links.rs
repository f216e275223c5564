//! Two records of one human.

use super::*;
use crate::domain::person::{Link, Person, Refusal, link, unlink};
use kernel::Decider;

const CAT: PersonId = PersonId::of(12);

fn record(id: PersonId, then: impl IntoIterator<Item = Event>) -> State {
    Person::fold(&[registered(id)].into_iter().chain(then).collect::<Vec<_>>())
}

fn linked(canonical: PersonId, member: PersonId) -> Event {
    Event::Linked { canonical, member }
}

fn unlinked(canonical: PersonId, member: PersonId) -> Event {
    Event::Unlinked { canonical, member }
}

fn both<'a>(canonical: &'a State, member: &'a State) -> Link<'a> {
    Link { by: THE_CLINIC, canonical, member }
}

#[test]
fn two_records_are_linked_once_and_read_back_as_linked_on_both_sides() {
    let (ana, ben) = (record(ANA, []), record(BEN, []));
    assert_eq!(link(both(&ana, &ben), false), Ok(Some(linked(ANA, BEN))));
    let (ana, ben) = (record(ANA, [linked(ANA, BEN)]), record(BEN, [linked(ANA, BEN)]));
    assert!(ana.known().unwrap().members.contains(&BEN));
    assert_eq!(ben.known().unwrap().member_of, Some(ANA));
    assert_eq!(link(both(&ana, &ben), false), Ok(None));
}

#[test]
fn a_record_is_not_linked_with_itself() {
    let ana = record(ANA, []);
    assert_eq!(link(both(&ana, &ana), false), Err(Refusal::SameRecord));
}

#[test]
fn only_canonical_records_are_linked_so_links_form_trees() {
    let ben = record(BEN, [linked(ANA, BEN)]);
    let cat = record(CAT, []);
    assert_eq!(link(both(&cat, &ben), false), Err(Refusal::AlreadyAMember));
    assert_eq!(link(both(&ben, &cat), false), Err(Refusal::AlreadyAMember));
    // A whole tree may come under another record.
    let ana = record(ANA, [linked(ANA, BEN)]);
    assert_eq!(link(both(&cat, &ana), false), Ok(Some(linked(CAT, ANA))));
}

#[test]
fn an_unlink_leaves_that_these_two_are_never_linked_again_by_mistake() {
    let past = |id| record(id, [linked(ANA, BEN), unlinked(ANA, BEN)]);
    let (ana, ben) = (past(ANA), past(BEN));
    assert_eq!(unlink(both(&ana, &ben)), Ok(None));
    assert_eq!(link(both(&ana, &ben), false), Err(Refusal::NeverLink));
    assert_eq!(link(both(&ben, &ana), false), Err(Refusal::NeverLink), "either way round");
    assert_eq!(link(both(&ana, &ben), true), Ok(Some(linked(ANA, BEN))));
}

#[test]
fn link_then_unlink_leaves_what_is_known_but_for_the_mark() {
    let after = record(ANA, [linked(ANA, BEN), unlinked(ANA, BEN)]);
    let known_after = Known { never: [BEN].into(), ..known(ANA) };
    assert_eq!(after, State::Active(known_after));
}

#[test]
fn records_that_are_not_linked_are_not_unlinked() {
    let (ana, ben) = (record(ANA, []), record(BEN, []));
    assert_eq!(unlink(both(&ana, &ben)), Err(Refusal::NotLinked));
    let (ana, ben) = (record(ANA, [linked(ANA, BEN)]), record(BEN, [linked(ANA, BEN)]));
    assert_eq!(unlink(both(&ana, &ben)), Ok(Some(unlinked(ANA, BEN))));
    assert_eq!(unlink(both(&ben, &ana)), Err(Refusal::NotLinked), "the canonical record comes first");
}

#[test]
fn who_does_not_serve_both_links_neither() {
    let (ana, ben) = (record(ANA, []), record(BEN, [Event::ServingAgencyAdded { agency: SHELTER }]));
    let ask = |by| Link { by, canonical: &ana, member: &ben };
    assert_eq!(link(ask(THE_SHELTER), false), Err(Refusal::NotFound));
    assert_eq!(link(ask(ANA_HERSELF), false), Err(Refusal::OperatorsAlone));
    assert_eq!(link(ask(kernel::By::System), false), Ok(Some(linked(ANA, BEN))));
    let gone = record(BEN, [Event::Erased]);
    assert_eq!(link(both(&ana, &gone), false), Err(Refusal::Erased));
    assert_eq!(link(both(&ana, &State::Unmade), false), Err(Refusal::NotFound));
}
