//! Agencies and workers.

use kernel::{By, WorkerId, Zone, given};

use super::*;
use crate::domain::agency::{self, Agency};
use crate::domain::worker::{self, Worker};

const ROBIN: WorkerId = WorkerId::of(20);

fn says(name: &str) -> agency::Content {
    agency::Content {
        name: name.into(),
        zone: Zone::utc(),
        part2: false,
        identifiers: vec![],
        holidays: vec![],
        plan_review_days: 0,
        plan_overseer: 0,
        minor_age: 0,
        minor_signs: None,
        emergency_hours: 0,
        referral_clocks: Default::default(),
        weekend: vec![],
    }
}

fn is(name: &str) -> worker::Content {
    worker::Content { working_name: name.into(), roles: vec![3], identifiers: vec![], left: false }
}

#[test]
fn an_operator_makes_an_agency_known_and_nobody_else_does() {
    let register = |by| agency::Command::Register { id: CLINIC, by, content: says("Clinic") };
    given::<Agency>([])
        .when(register(By::System))
        .then([agency::Event::Registered { id: CLINIC, content: says("Clinic") }]);
    given::<Agency>([]).when(register(THE_CLINIC)).refused(agency::Refusal::NotYours);
    given::<Agency>([]).when(register(ANA_HERSELF)).refused(agency::Refusal::NotYours);
    let known = || given::<Agency>([agency::Event::Registered { id: CLINIC, content: says("Clinic") }]);
    known().when(register(By::System)).nothing();
    let other = agency::Command::Register { id: CLINIC, by: By::System, content: says("Other") };
    known().when(other).refused(agency::Refusal::AlreadyExists);
}

#[test]
fn an_agency_changes_itself_and_no_other() {
    let change = |by, name| agency::Command::Change { by, content: says(name) };
    let known = || given::<Agency>([agency::Event::Registered { id: CLINIC, content: says("Clinic") }]);
    known().when(change(THE_CLINIC, "New")).then([agency::Event::Changed(says("New"))]);
    known().when(change(By::System, "New")).then([agency::Event::Changed(says("New"))]);
    known().when(change(THE_CLINIC, "Clinic")).nothing();
    known().when(change(THE_SHELTER, "New")).refused(agency::Refusal::NotYours);
    known().when(change(ANA_HERSELF, "New")).refused(agency::Refusal::NotYours);
    given::<Agency>([]).when(change(THE_CLINIC, "New")).refused(agency::Refusal::NotFound);
}

#[test]
fn an_agency_told_again_is_nothing_new_and_told_otherwise_a_correction() {
    let record = |name| agency::Command::Record { id: CLINIC, content: says(name) };
    let event = |name, correction| agency::Event::Recorded { id: CLINIC, content: says(name), correction };
    given::<Agency>([]).when(record("A")).then([event("A", false)]);
    given::<Agency>([event("A", false)]).when(record("A")).nothing();
    given::<Agency>([event("A", false)]).when(record("B")).then([event("B", true)]);
    // What was changed here meanwhile stands against an unchanged telling.
    given::<Agency>([event("A", false), agency::Event::Changed(says("Z"))]).when(record("A")).nothing();
    given::<Agency>([agency::Event::Registered { id: CLINIC, content: says("A") }])
        .when(record("A"))
        .refused(agency::Refusal::AlreadyExists);
}

#[test]
fn a_worker_is_added_and_changed_by_the_agency_alone() {
    let add = |by| worker::Command::Add { id: ROBIN, by, agency: CLINIC, content: is("Robin") };
    let added = || worker::Event::Added { id: ROBIN, agency: CLINIC, content: is("Robin") };
    given::<Worker>([]).when(add(THE_CLINIC)).then([added()]);
    given::<Worker>([]).when(add(By::System)).then([added()]);
    given::<Worker>([]).when(add(THE_SHELTER)).refused(worker::Refusal::NotYours);
    given::<Worker>([]).when(add(ANA_HERSELF)).refused(worker::Refusal::NotYours);
    given::<Worker>([added()]).when(add(THE_CLINIC)).nothing();
    let other = worker::Command::Add { id: ROBIN, by: THE_CLINIC, agency: CLINIC, content: is("Sam") };
    given::<Worker>([added()]).when(other).refused(worker::Refusal::AlreadyExists);

    let change = |by, name| worker::Command::Change { by, itself: false, content: is(name) };
    given::<Worker>([added()]).when(change(THE_CLINIC, "R.")).then([worker::Event::Changed(is("R."))]);
    given::<Worker>([added()]).when(change(THE_CLINIC, "Robin")).nothing();
    given::<Worker>([added()]).when(change(THE_SHELTER, "R.")).refused(worker::Refusal::NotFound);
    given::<Worker>([]).when(change(THE_CLINIC, "R.")).refused(worker::Refusal::NotFound);
}

#[test]
fn nobody_says_of_themself_which_parts_they_play_their_name_or_that_they_are_back() {
    let added = |content| given::<Worker>([worker::Event::Added { id: ROBIN, agency: CLINIC, content }]);
    let change = |itself, content| worker::Command::Change { by: THE_CLINIC, itself, content };
    let nurse = worker::Content { roles: vec![3, 13], ..is("Robin") };
    let gone = || worker::Content { left: true, ..is("Robin") };
    for (before, after) in [(is("Robin"), nurse), (is("Robin"), is("R.")), (gone(), is("Robin"))] {
        added(before.clone()).when(change(true, after.clone())).refused(worker::Refusal::OwnParts);
        added(before).when(change(false, after.clone())).then([worker::Event::Changed(after)]);
    }
    let numbered = || worker::Content { identifiers: vec![("npi".into(), "1".into())], ..is("Robin") };
    for after in [gone(), numbered()] {
        added(is("Robin")).when(change(true, after.clone())).then([worker::Event::Changed(after)]);
    }
    added(is("Robin")).when(change(true, is("Robin"))).nothing();
}

#[test]
fn nor_does_a_recorder_whose_token_names_that_worker() {
    let record = |itself, content| worker::Command::Record {
        id: ROBIN,
        by: THE_CLINIC,
        itself,
        agency: CLINIC,
        content,
    };
    let event =
        |content, correction| worker::Event::Recorded { id: ROBIN, agency: CLINIC, content, correction };
    let nurse = || worker::Content { roles: vec![3, 13], ..is("Robin") };
    given::<Worker>([]).when(record(true, nurse())).refused(worker::Refusal::OwnParts);
    let told = || [event(is("Robin"), false)];
    given::<Worker>(told()).when(record(true, is("Robin"))).nothing();
    let gone = || worker::Content { left: true, ..is("Robin") };
    given::<Worker>(told()).when(record(true, gone())).then([event(gone(), true)]);
    given::<Worker>(told()).when(record(false, nurse())).then([event(nurse(), true)]);
    for own in [nurse(), is("R.")] {
        given::<Worker>(told()).when(record(true, own)).refused(worker::Refusal::OwnParts);
    }
    // What it would replace is what is said now, whoever said it: parts that were taken from them here do not come back by a telling.
    let taken = worker::Content { roles: vec![], ..is("Robin") };
    given::<Worker>([event(is("Robin"), false), worker::Event::Changed(taken)])
        .when(record(true, gone()))
        .refused(worker::Refusal::OwnParts);
}

#[test]
fn a_worker_told_again_is_nothing_new_and_told_otherwise_a_correction() {
    let record = |agency, name| worker::Command::Record {
        id: ROBIN,
        by: THE_CLINIC,
        itself: false,
        agency,
        content: is(name),
    };
    let event = |name, correction| worker::Event::Recorded {
        id: ROBIN,
        agency: CLINIC,
        content: is(name),
        correction,
    };
    given::<Worker>([]).when(record(CLINIC, "A")).then([event("A", false)]);
    given::<Worker>([event("A", false)]).when(record(CLINIC, "A")).nothing();
    given::<Worker>([event("A", false)]).when(record(CLINIC, "B")).then([event("B", true)]);
    given::<Worker>([event("A", false)]).when(record(SHELTER, "A")).refused(worker::Refusal::NotYours);
    given::<Worker>([worker::Event::Added { id: ROBIN, agency: CLINIC, content: is("A") }])
        .when(record(CLINIC, "A"))
        .refused(worker::Refusal::AlreadyExists);
}

#[test]
fn an_agency_settles_how_often_plans_are_looked_at_and_who_oversees_them() {
    let settled = says("Clinic").settled();
    assert_eq!((settled.review_days, settled.overseer), (90, 0));
    let strict = agency::Content { plan_review_days: 30, plan_overseer: 5, ..says("Clinic") }.settled();
    assert_eq!((strict.review_days, strict.overseer), (30, 5));
}

#[test]
fn a_worker_plays_a_part_at_their_own_agency_until_they_leave() {
    let id = kernel::WorkerId::of(9);
    let known = |content| worker::State::Known { id, agency: CLINIC, content, told: None };
    assert!(known(is("Robin")).plays(CLINIC, 3));
    assert!(!known(is("Robin")).plays(CLINIC, 5));
    assert!(!known(is("Robin")).plays(SHELTER, 3));
    assert!(!known(worker::Content { left: true, ..is("Robin") }).plays(CLINIC, 3));
    assert!(!worker::State::Unmade.plays(CLINIC, 3));
}

#[test]
fn who_was_ever_a_part_2_programme_stays_one() {
    use kernel::Decider;
    let part2 = |part2| agency::Content { part2, ..says("Recovery house") };
    let registered = |is| agency::Event::Registered { id: CLINIC, content: part2(is) };
    let changed = |is| agency::Event::Changed(part2(is));
    let recorded = |is| agency::Event::Recorded { id: CLINIC, content: part2(is), correction: true };
    for (past, ever) in [
        (vec![registered(false)], false),
        (vec![registered(false), changed(false), recorded(false)], false),
        (vec![registered(true), changed(false)], true),
        (vec![registered(false), changed(true), changed(false)], true),
        (vec![recorded(true), recorded(false)], true),
        (vec![recorded(false), recorded(true), changed(false), recorded(false)], true),
    ] {
        let after = past.iter().fold(agency::State::Unmade, Agency::evolve);
        assert_eq!(after.ever_part2(), ever, "{past:?}");
    }
}
