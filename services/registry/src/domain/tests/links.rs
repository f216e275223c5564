//! Two records of one human.

use super::*;
use std::collections::BTreeSet;

use crate::domain::person::{About, Link, Person, Refusal, link, never_link, unlink};
use kernel::Decider;
use proptest::prelude::*;

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
    let changes = vec![About::Record, About::Other(BEN), About::Other(BEN)];
    let known_after = Known { never: [BEN].into(), changes, ..known(ANA) };
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

#[test]
fn two_records_that_were_never_linked_are_said_to_be_two_humans_once() {
    let (ana, ben) = (record(ANA, []), record(BEN, []));
    let never = Event::NeverLinked { one: ANA, other: BEN };
    assert_eq!(never_link(both(&ana, &ben)), Ok(Some(never.clone())));
    let (ana, ben) = (record(ANA, [never.clone()]), record(BEN, [never]));
    assert_eq!(never_link(both(&ana, &ben)), Ok(None));
    assert_eq!(never_link(both(&ben, &ana)), Ok(None), "either way round");
    assert_eq!(link(both(&ben, &ana), false), Err(Refusal::NeverLink));
    assert_eq!(link(both(&ana, &ben), true), Ok(Some(linked(ANA, BEN))));
    assert_eq!(never_link(both(&ana, &ana)), Err(Refusal::SameRecord));
    let (ana, ben) = (record(ANA, [linked(ANA, BEN)]), record(BEN, [linked(ANA, BEN)]));
    assert_eq!(never_link(both(&ana, &ben)), Err(Refusal::Linked));
    assert_eq!(never_link(both(&ben, &ana)), Err(Refusal::Linked), "either way round");
    let asked = Link { by: THE_SHELTER, canonical: &record(ANA, []), member: &record(BEN, []) };
    assert_eq!(never_link(asked), Err(Refusal::NotFound));
}

/// What is asked of two of a few records.
#[derive(Clone, Copy, Debug)]
enum Ask {
    Link { despite: bool },
    Unlink,
    NeverLink,
}

fn ask() -> impl Strategy<Value = (Ask, usize, usize)> {
    let what = prop_oneof![
        4 => any::<bool>().prop_map(|despite| Ask::Link { despite }),
        2 => Just(Ask::Unlink),
        1 => Just(Ask::NeverLink),
    ];
    (what, 0..RECORDS, 0..RECORDS)
}

const RECORDS: usize = 5;

/// The links and what is never to be linked, and nothing more: what the records come to together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Naive {
    links: BTreeSet<(usize, usize)>,
    never: BTreeSet<(usize, usize)>,
}

impl Naive {
    /// Does what is asked: whether it changed anything, or none where it is refused.
    fn answer(&mut self, what: Ask, one: usize, other: usize) -> Option<bool> {
        let two = (one.min(other), one.max(other));
        let member = |of: usize| self.links.iter().any(|(_, member)| *member == of);
        let before = self.clone();
        match what {
            _ if one == other => return None,
            Ask::Link { .. } if self.links.contains(&(one, other)) => {}
            Ask::Link { .. } if member(one) || member(other) => return None,
            Ask::Link { despite: false } if self.never.contains(&two) => return None,
            Ask::Link { .. } => {
                self.links.insert((one, other));
                self.never.remove(&two);
            }
            Ask::Unlink if self.links.remove(&(one, other)) => {
                self.never.insert(two);
            }
            Ask::Unlink if self.never.contains(&two) => {}
            Ask::Unlink => return None,
            Ask::NeverLink if self.links.contains(&(one, other)) || self.links.contains(&(other, one)) => {
                return None;
            }
            Ask::NeverLink => {
                self.never.insert(two);
            }
        }
        Some(*self != before)
    }
}

proptest! {
    /// Any links, unlinks and never-links in any order: each record, folded anew from its own events, knows just what the two sets say of it.
    #[test]
    fn any_sequence_of_links_and_unlinks_reads_as_a_fresh_fold_would(asks in prop::collection::vec(ask(), 0..40)) {
        let id = |record: usize| PersonId::of(100 + record as u128);
        let mut logs: Vec<Vec<Event>> = (0..RECORDS).map(|record| vec![registered(id(record))]).collect();
        let mut naive = Naive::default();
        for (what, one, other) in asks {
            let (canonical, member) = (Person::fold(&logs[one]), Person::fold(&logs[other]));
            let two = both(&canonical, &member);
            let answer = match what {
                Ask::Link { despite } => link(two, despite),
                Ask::Unlink => unlink(two),
                Ask::NeverLink => never_link(two),
            };
            // With itself the edge refuses before the domain is asked; here both do.
            let told = if one == other { None } else { answer.ok().map(|event| {
                let changed = event.is_some();
                logs[one].extend(event.clone());
                logs[other].extend(event);
                changed
            }) };
            prop_assert_eq!(told, naive.answer(what, one, other), "{:?} {} {}", what, one, other);
            for (record, log) in logs.iter().enumerate() {
                let state = Person::fold(log);
                let of = |pairs: &BTreeSet<(usize, usize)>| -> BTreeSet<PersonId> {
                    let other = |(low, high): &(usize, usize)| match record {
                        record if record == *low => Some(id(*high)),
                        record if record == *high => Some(id(*low)),
                        _ => None,
                    };
                    pairs.iter().filter_map(other).collect()
                };
                let members = naive.links.iter().filter(|(canonical, _)| *canonical == record);
                let mut wanted = known(id(record));
                wanted.members = members.map(|(_, member)| id(*member)).collect();
                wanted.member_of = naive.links.iter().find(|(_, member)| *member == record).map(|(canonical, _)| id(*canonical));
                wanted.never = of(&naive.never);
                // What each event is about is not what it comes to.
                wanted.changes = state.known().unwrap().changes.clone();
                prop_assert_eq!(wanted.changes.len(), log.len());
                prop_assert_eq!(state, State::Active(wanted));
            }
        }
    }
}
