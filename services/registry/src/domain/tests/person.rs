//! One person's record.

use kernel::{By, Decider, Discrepancy, given};

use super::*;
use crate::domain::person::{Command, Person, Refusal, numbers_changed};

fn in_error() -> [Event; 2] {
    [registered(ANA), Event::EnteredInError]
}

fn erased() -> [Event; 2] {
    [registered(ANA), Event::Erased]
}

#[test]
fn an_agency_registers_a_person_and_serves_them_from_then_on() {
    let register = |by| Command::Register { by, id: ANA, details: details(1), identifiers: vec![number(7)] };
    let event =
        |agency| Event::Registered { id: ANA, agency, details: details(1), identifiers: vec![number(7)] };
    given::<Person>([]).when(register(THE_CLINIC)).then([event(Some(CLINIC))]);
    given::<Person>([]).when(register(By::System)).then([event(None)]);
    given::<Person>([]).when(register(ANA_HERSELF)).refused(Refusal::NotForThePerson);
    given::<Person>([registered(ANA)]).when(register(THE_CLINIC)).refused(Refusal::AlreadyExists);
    given::<Person>(erased()).when(register(THE_CLINIC)).refused(Refusal::AlreadyExists);
}

#[test]
fn a_change_is_for_those_who_serve_the_person_and_for_the_person() {
    let change = |by, digest| Command::Change { by, details: details(digest) };
    let changed = || [Event::Changed { details: details(2) }];
    for by in [THE_CLINIC, ANA_HERSELF, By::System] {
        given::<Person>([registered(ANA)]).when(change(by, 2)).then(changed());
        given::<Person>([registered(ANA)]).when(change(by, 1)).nothing();
        given::<Person>(in_error()).when(change(by, 2)).refused(Refusal::NotFound);
        given::<Person>(erased()).when(change(by, 2)).refused(Refusal::Erased);
        given::<Person>([]).when(change(by, 2)).refused(Refusal::NotFound);
    }
    for by in [THE_SHELTER, By::Person(BEN)] {
        given::<Person>([registered(ANA)]).when(change(by, 2)).refused(Refusal::NotFound);
        given::<Person>(erased()).when(change(by, 2)).refused(Refusal::NotFound);
    }
}

#[test]
fn an_agency_that_serves_the_person_brings_in_another() {
    let add = |by, agency| Command::AddServingAgency { by, agency };
    let added = || Event::ServingAgencyAdded { agency: SHELTER };
    given::<Person>([registered(ANA)]).when(add(THE_CLINIC, SHELTER)).then([added()]);
    given::<Person>([registered(ANA)]).when(add(THE_CLINIC, CLINIC)).nothing();
    given::<Person>([registered(ANA)]).when(add(THE_SHELTER, SHELTER)).refused(Refusal::NotFound);
    given::<Person>([registered(ANA), added()])
        .when(Command::Change { by: THE_SHELTER, details: details(2) })
        .then([Event::Changed { details: details(2) }]);
}

#[test]
fn an_identifier_is_added_once_and_taken_away_once() {
    let add = |identifier| Command::AddIdentifier { by: THE_CLINIC, identifier };
    let remove = |hash| Command::RemoveIdentifier { by: THE_CLINIC, key_hash: [hash; 32] };
    let added = || Event::IdentifierAdded(number(7));
    given::<Person>([registered(ANA)]).when(add(number(7))).then([added()]);
    given::<Person>([registered(ANA), added()]).when(add(number(7))).nothing();
    let better = Identifier { quality: Some(Quality::Partial), ..number(7) };
    given::<Person>([registered(ANA), added()])
        .when(add(better.clone()))
        .then([Event::IdentifierAdded(better)]);
    given::<Person>([registered(ANA), added()])
        .when(remove(7))
        .then([Event::IdentifierRemoved { key_hash: [7; 32] }]);
    given::<Person>([registered(ANA)]).when(remove(7)).nothing();
    given::<Person>(erased()).when(add(number(7))).refused(Refusal::Erased);
}

#[test]
fn a_record_holds_its_numbers_while_it_is_in_use_and_gives_them_back_after() {
    let state = |events: &[Event]| Person::fold(events);
    let held = state(&[registered(ANA), Event::IdentifierAdded(number(7))]);
    assert_eq!(numbers_changed(&State::Unmade, &held), (vec![[7; 32]], vec![]));
    for end in [Event::IdentifierRemoved { key_hash: [7; 32] }, Event::EnteredInError, Event::Erased] {
        let after = Person::evolve(held.clone(), &end);
        assert_eq!(numbers_changed(&held, &after), (vec![], vec![[7; 32]]), "{end:?}");
    }
    let matching = Identifier { usage: Use::Matching, claimed: false, ..number(8) };
    let with_matching = Person::evolve(held.clone(), &Event::IdentifierAdded(matching));
    assert_eq!(numbers_changed(&held, &with_matching), (vec![], vec![]));
}

#[test]
fn a_person_told_again_is_nothing_new_and_told_otherwise_a_correction() {
    let record = |told| Command::Record { by: THE_CLINIC, told, taken: vec![] };
    let first = || told(1, vec![number(7)]);
    given::<Person>([]).when(record(first())).then([recorded(first())]);
    given::<Person>([recorded(first())]).when(record(first())).nothing();
    let correction = |told| Event::Recorded { told, correction: true, discrepancies: vec![] };
    for other in [
        told(2, vec![number(7)]),
        told(1, vec![]),
        told(1, vec![number(8)]),
        Told { serving: vec![CLINIC, SHELTER], ..first() },
    ] {
        given::<Person>([recorded(first())]).when(record(other.clone())).then([correction(other)]);
    }
}

#[test]
fn an_unchanged_telling_leaves_alone_what_was_changed_here_meanwhile() {
    let first = told(1, vec![number(7)]);
    let past = [
        recorded(first.clone()),
        Event::Changed { details: details(9) },
        Event::IdentifierAdded(number(8)),
        Event::ServingAgencyAdded { agency: SHELTER },
    ];
    given::<Person>(past).when(Command::Record { by: THE_CLINIC, told: first, taken: vec![] }).nothing();
}

#[test]
fn a_number_that_another_record_holds_is_kept_as_a_discrepancy_and_not_claimed() {
    let unclaimed = Identifier { claimed: false, ..number(7) };
    let found = Discrepancy::new("IDENTIFIER_TAKEN", "another record holds the identifier of clinic:mrn");
    let event =
        Event::Recorded { told: told(1, vec![unclaimed]), correction: false, discrepancies: vec![found] };
    let taken = Command::Record { by: THE_CLINIC, told: told(1, vec![number(7)]), taken: vec![[7; 32]] };
    given::<Person>([]).when(taken.clone()).then([event.clone()]);
    given::<Person>([event.clone()]).when(taken).nothing();
    // Once it is free the same telling claims it.
    let free = Command::Record { by: THE_CLINIC, told: told(1, vec![number(7)]), taken: vec![] };
    let claims = Event::Recorded { told: told(1, vec![number(7)]), correction: true, discrepancies: vec![] };
    given::<Person>([event]).when(free).then([claims]);
}

#[test]
fn a_telling_never_overwrites_what_was_registered_here_or_is_anothers_or_erased() {
    let record = |by| Command::Record { by, told: told(1, vec![]), taken: vec![] };
    given::<Person>([registered(ANA)]).when(record(THE_CLINIC)).refused(Refusal::AlreadyExists);
    given::<Person>([recorded(told(1, vec![]))]).when(record(THE_SHELTER)).refused(Refusal::AlreadyExists);
    given::<Person>([recorded(told(1, vec![])), Event::Erased])
        .when(record(THE_CLINIC))
        .refused(Refusal::Erased);
}

#[test]
fn a_record_told_again_after_it_was_an_error_is_back() {
    let past = [recorded(told(1, vec![])), Event::EnteredInError];
    let back = Event::Recorded { told: told(1, vec![]), correction: true, discrepancies: vec![] };
    given::<Person>(past.clone())
        .when(Command::Record { by: THE_CLINIC, told: told(1, vec![]), taken: vec![] })
        .then([back.clone()]);
    given::<Person>(past.into_iter().chain([back]))
        .when(Command::Change { by: THE_CLINIC, details: details(2) })
        .then([Event::Changed { details: details(2) }]);
}

#[test]
fn a_record_that_others_rely_on_is_not_marked_as_an_error_by_one_of_them() {
    let mark = |by| Command::MarkEnteredInError { by };
    let shared = || [registered(ANA), Event::ServingAgencyAdded { agency: SHELTER }];
    given::<Person>([registered(ANA)]).when(mark(THE_CLINIC)).then([Event::EnteredInError]);
    given::<Person>(in_error()).when(mark(THE_CLINIC)).nothing();
    given::<Person>(shared()).when(mark(THE_CLINIC)).refused(Refusal::ServedByOthers);
    given::<Person>(shared()).when(mark(By::System)).then([Event::EnteredInError]);
    given::<Person>([registered(ANA)]).when(mark(THE_SHELTER)).refused(Refusal::NotFound);
    given::<Person>([registered(ANA)]).when(mark(ANA_HERSELF)).refused(Refusal::OperatorsAlone);
    given::<Person>(erased()).when(mark(THE_CLINIC)).refused(Refusal::Erased);
    given::<Person>([]).when(mark(THE_CLINIC)).refused(Refusal::NotFound);
    // What a source told, its teller takes back.
    let by_source = Told { serving: vec![CLINIC, SHELTER], ..told(1, vec![]) };
    given::<Person>([recorded(by_source)]).when(mark(THE_CLINIC)).then([Event::EnteredInError]);
}

#[test]
fn erasing_is_for_an_operator_and_happens_once() {
    let erase = |by| Command::Erase { by };
    given::<Person>([registered(ANA)]).when(erase(By::System)).then([Event::Erased]);
    given::<Person>(in_error()).when(erase(By::System)).then([Event::Erased]);
    given::<Person>(erased()).when(erase(By::System)).nothing();
    given::<Person>([]).when(erase(By::System)).refused(Refusal::NotFound);
    given::<Person>([registered(ANA)]).when(erase(THE_CLINIC)).refused(Refusal::OperatorsAlone);
    given::<Person>([registered(ANA)]).when(erase(ANA_HERSELF)).refused(Refusal::OperatorsAlone);
    given::<Person>([registered(ANA)]).when(erase(THE_SHELTER)).refused(Refusal::NotFound);
}
