//! Bed nights, counted here and told from elsewhere.
//! Invariant: see `placement::nights` and `placement::record`.

use std::collections::BTreeSet;

use kernel::{Decider, given};

use super::*;
use crate::domain::FactId;
use crate::domain::days::Month;
use crate::domain::placement::{Command, Event, Others, Placement, Refusal};
use ProjectType::EmergencyShelterNightByNight as NightByNight;

const FACT: FactId = FactId::of(71);
const ANOTHER: FactId = FactId::of(72);

fn nights<const N: usize>(days: [i8; N]) -> BTreeSet<Day> {
    days.map(may).into()
}
fn month() -> Month {
    Month::of(may(1))
}
fn counted<const N: usize>(days: [i8; N]) -> Event {
    now_stand(days, false)
}
fn now_stand<const N: usize>(days: [i8; N], correction: bool) -> Event {
    let nights = nights(days);
    Event::NightsCounted {
        month: month(),
        nights,
        fact: None,
        zone: zone(),
        correction,
        discrepancies: vec![],
    }
}
fn by_fact<const N: usize>(days: [i8; N], correction: bool, fact: FactId) -> Event {
    let nights = nights(days);
    let fact = Some(fact);
    Event::NightsCounted { month: month(), nights, fact, zone: zone(), correction, discrepancies: vec![] }
}
fn in_shelter(project: ProjectType) -> Vec<Event> {
    vec![
        Event::Matched { facts: of_ana(project), unit: None, at: at() },
        Event::Offered { at: at() },
        Event::Accepted { at: at() },
        Event::Admitted { on: may(7), zone: zone(), project, unit: None, referral: None },
    ]
}
fn with(past: Vec<Event>, more: impl IntoIterator<Item = Event>) -> Vec<Event> {
    past.into_iter().chain(more).collect()
}
fn exited(day: i8) -> Event {
    Event::Exited { on: may(day), zone: zone(), destination: rental(), referral: None }
}
fn add<const N: usize>(days: [i8; N]) -> Command {
    Command::AddNights { by: BY_CEDAR, nights: nights(days), when: today() }
}
fn told<const N: usize>(days: [i8; N]) -> Command {
    told_by(FACT, days)
}
fn told_by<const N: usize>(fact: FactId, days: [i8; N]) -> Command {
    let (month, nights) = (month(), nights(days));
    Command::RecordNights { by: BY_CEDAR, fact, month, nights, others: Others::None }
}

#[test]
fn a_night_is_added_to_those_of_its_month_once() {
    let here = in_shelter(NightByNight);
    given::<Placement>(here.clone()).when(add([8, 9])).then([counted([8, 9])]);
    let slept = with(here, [counted([8, 9])]);
    given::<Placement>(slept.clone()).when(add([9, 10])).then([counted([8, 9, 10])]);
    given::<Placement>(slept).when(add([8, 9])).nothing();
}

#[test]
fn nights_are_counted_within_the_stay_and_in_shelters_night_by_night_alone() {
    let here = in_shelter(NightByNight);
    given::<Placement>(here.clone()).when(add([6])).refused(Refusal::BeforeEntry);
    given::<Placement>(here.clone()).when(add([21])).refused(Refusal::Ahead);
    given::<Placement>(here.clone()).when(add([5])).refused(Refusal::LongAgo);
    let left = with(here, [exited(15)]);
    given::<Placement>(left.clone()).when(add([16])).refused(Refusal::AfterExit);
    given::<Placement>(left).when(add([15])).then([counted([15])]);
    given::<Placement>(in_shelter(ProjectType::SafeHaven)).when(add([8])).refused(Refusal::NoBedNights);
    given::<Placement>(in_shelter(NightByNight).into_iter().take(3))
        .when(add([8]))
        .refused(Refusal::NotInThisState);
}

#[test]
fn nobody_leaves_before_the_last_night_and_the_night_of_the_exit_counts() {
    let slept = with(in_shelter(NightByNight), [counted([8, 12])]);
    let exit = |day| Command::Exit { by: BY_CEDAR, when: on(day), destination: rental() };
    given::<Placement>(slept.clone()).when(exit(11)).refused(Refusal::ExitTooEarly);
    given::<Placement>(slept).when(exit(12)).then([exited(12)]);
}

#[test]
fn a_month_told_again_replaces_the_month_and_a_night_taken_back_is_a_correction() {
    let slept = with(in_shelter(NightByNight), [counted([8, 9])]);
    given::<Placement>(slept.clone()).when(told([8, 9])).nothing();
    given::<Placement>(slept.clone()).when(told([8, 9, 10])).then([by_fact([8, 9, 10], false, FACT)]);
    given::<Placement>(slept.clone()).when(told([9, 10])).then([by_fact([9, 10], true, FACT)]);
    let state = Placement::fold(&with(slept, [now_stand([9, 10], true)]));
    let lodging = state.made().map(|made| made.lodging());
    assert_eq!(lodging, Some(vec![days(9, Some(11))]));
}

#[test]
fn a_source_that_tells_by_rows_takes_back_no_night_by_leaving_it_out() {
    let rows = |days, but| Command::RecordNights {
        by: BY_CEDAR,
        fact: FACT,
        month: month(),
        nights: days,
        others: Others::Stay { but },
    };
    let slept = with(in_shelter(NightByNight), [counted([8, 9])]);
    given::<Placement>(slept.clone()).when(rows(nights([9]), nights([]))).nothing();
    given::<Placement>(slept.clone()).when(rows(nights([10]), nights([]))).then([by_fact(
        [8, 9, 10],
        false,
        FACT,
    )]);
    given::<Placement>(slept.clone()).when(rows(nights([10]), nights([8]))).then([by_fact(
        [9, 10],
        true,
        FACT,
    )]);
    // One row of a night is deleted, another still tells it.
    given::<Placement>(slept).when(rows(nights([8]), nights([8]))).nothing();
}

#[test]
fn odd_nights_are_kept_with_what_is_odd_about_them() {
    let codes = |past: Vec<Event>, command| {
        let events = given::<Placement>(past).when(command).outcome().expect("a record is not refused");
        match events.as_slice() {
            [Event::NightsCounted { discrepancies, .. }] => {
                discrepancies.iter().map(|odd| odd.code.clone()).collect::<Vec<_>>()
            }
            other => panic!("one month of nights expected, not {other:?}"),
        }
    };
    let left = with(in_shelter(NightByNight), [exited(15)]);
    assert!(codes(left.clone(), told([7, 15])).is_empty(), "entry and exit day are within the stay");
    assert_eq!(codes(left.clone(), told([6])), ["NIGHTS_OUTSIDE_STAY"]);
    assert_eq!(codes(left, told([16])), ["NIGHTS_OUTSIDE_STAY"]);
    assert_eq!(codes(in_shelter(ProjectType::SafeHaven), told([8])), ["NIGHTS_OF_OTHER_TYPE"]);
}

#[test]
fn nights_never_meant_are_gone_and_those_of_other_months_stay() {
    let mark = |by, month| Command::MarkNightsEnteredInError { by, month };
    let slept = with(in_shelter(NightByNight), [counted([8, 9])]);
    let gone = Event::NightsEnteredInError { month: month(), facts: [].into(), zone: zone() };
    given::<Placement>(slept.clone()).when(mark(BY_CEDAR, month())).then([gone.clone()]);
    given::<Placement>(slept.clone()).when(mark(BY_HARBOR, month())).refused(Refusal::NotFound);
    let june = Month::new(2026, 6).expect("a month");
    given::<Placement>(slept.clone()).when(mark(BY_CEDAR, june)).refused(Refusal::NoSuchNights);
    given::<Placement>(with(slept, [gone])).when(mark(BY_CEDAR, month())).refused(Refusal::NoSuchNights);
}

#[test]
fn nights_never_meant_name_the_facts_that_told_them_and_no_others() {
    let mark = Command::MarkNightsEnteredInError { by: BY_CEDAR, month: month() };
    let gone = |facts: &[FactId]| {
        let facts = facts.iter().copied().collect();
        Event::NightsEnteredInError { month: month(), facts, zone: zone() }
    };
    let told = [by_fact([8, 9], false, FACT), by_fact([8, 9, 10], false, ANOTHER), counted([8, 9, 10, 11])];
    let slept = with(in_shelter(NightByNight), told);
    given::<Placement>(slept.clone()).when(mark.clone()).then([gone(&[FACT, ANOTHER])]);
    let again = with(slept, [gone(&[FACT, ANOTHER]), by_fact([8], false, ANOTHER)]);
    given::<Placement>(again).when(mark).then([gone(&[ANOTHER])]);
}
