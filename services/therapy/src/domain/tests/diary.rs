//! Given, when, then for diaries, and the law that nothing in one ever overlaps.

use kernel::{Decider, given};
use proptest::prelude::*;

use super::*;
use crate::domain::diary::{Busy, Command, Diary, DiaryId, Event, Owner};
use crate::domain::{Diaries, Event as Any};

const OLIVES: DiaryId = DiaryId { owner: Owner::Practitioner(DR_OLIVE), year: 2026 };

fn take(appointment: AppointmentId, start: &str, end: &str) -> Command {
    Command::Take { diary: OLIVES, appointment, start: at(start), end: at(end) }
}
fn taken(appointment: AppointmentId, start: &str, end: &str) -> Event {
    Event::Taken { diary: OLIVES, appointment, start: at(start), end: at(end) }
}
const TEN: &str = "2026-03-10T10:00:00Z";
const ELEVEN: &str = "2026-03-10T11:00:00Z";
const TWELVE: &str = "2026-03-10T12:00:00Z";

#[test]
fn a_time_is_taken_once() {
    given::<Diary>([]).when(take(FIRST, TEN, ELEVEN)).then([taken(FIRST, TEN, ELEVEN)]);
    given::<Diary>([taken(FIRST, TEN, ELEVEN)]).when(take(FIRST, TEN, ELEVEN)).nothing();
    let busy = Busy { owner: OLIVES.owner, by: FIRST, until: at(ELEVEN) };
    given::<Diary>([taken(FIRST, TEN, ELEVEN)]).when(take(SECOND, TEN, TWELVE)).refused(busy.clone());
    given::<Diary>([taken(FIRST, TEN, ELEVEN)])
        .when(take(SECOND, "2026-03-10T10:59:59Z", TWELVE))
        .refused(busy);
}

#[test]
fn one_may_begin_when_another_ends() {
    given::<Diary>([taken(FIRST, TEN, ELEVEN)])
        .when(take(SECOND, ELEVEN, TWELVE))
        .then([taken(SECOND, ELEVEN, TWELVE)]);
    given::<Diary>([taken(FIRST, ELEVEN, TWELVE)])
        .when(take(SECOND, TEN, ELEVEN))
        .then([taken(SECOND, TEN, ELEVEN)]);
}

#[test]
fn a_long_one_is_found_behind_its_start() {
    given::<Diary>([taken(FIRST, TEN, TWELVE)])
        .when(take(SECOND, "2026-03-10T11:30:00Z", "2026-03-10T11:40:00Z"))
        .refused(Busy { owner: OLIVES.owner, by: FIRST, until: at(TWELVE) });
}

#[test]
fn an_appointment_may_move_within_its_own_time() {
    given::<Diary>([taken(FIRST, TEN, ELEVEN)])
        .when(take(FIRST, TEN, TWELVE))
        .then([Event::Freed { diary: OLIVES, appointment: FIRST }, taken(FIRST, TEN, TWELVE)]);
}

#[test]
fn time_given_back_can_be_taken_again() {
    let free = Command::Free { diary: OLIVES, appointment: FIRST };
    let freed = Event::Freed { diary: OLIVES, appointment: FIRST };
    given::<Diary>([taken(FIRST, TEN, ELEVEN)]).when(free).then([freed]);
    given::<Diary>([]).when(free).nothing();
    given::<Diary>([taken(FIRST, TEN, ELEVEN), freed])
        .when(take(SECOND, TEN, ELEVEN))
        .then([taken(SECOND, TEN, ELEVEN)]);
}

#[test]
fn new_year_stands_in_both_years_and_midnight_in_one() {
    let years = |start, end| -> Vec<i16> {
        DiaryId::touched(OLIVES.owner, at(start), at(end)).map(|diary| diary.year).collect()
    };
    assert_eq!(years("2026-12-31T23:30:00Z", "2027-01-01T00:20:00Z"), [2026, 2027]);
    assert_eq!(years("2026-12-31T23:10:00Z", "2027-01-01T00:00:00Z"), [2026]);
    assert_eq!(years("2027-01-01T00:00:00Z", "2027-01-01T00:50:00Z"), [2027]);
    // The year is UTC's: an evening in Chicago can be next year already.
    assert_eq!(years("2026-12-31T17:40:00-06:00", "2026-12-31T18:30:00-06:00"), [2026, 2027]);
}

#[test]
fn a_diary_has_the_same_stream_for_ever_and_no_other_diary_has_it() {
    let owners = [
        Owner::Practitioner(DR_OLIVE),
        Owner::Practitioner(DR_PINE),
        Owner::Person(ANA, CLINIC),
        Owner::Person(ANA, SHELTER),
        Owner::Person(BEN, CLINIC),
    ];
    let streams: std::collections::BTreeSet<String> = owners
        .iter()
        .flat_map(|owner| [2026, 2027].map(|year| DiaryId { owner: *owner, year }.stream().to_string()))
        .collect();
    assert_eq!(streams.len(), 10);
    assert_eq!(OLIVES.stream().to_string(), "diary-c3f6119a-2e88-5bc4-be31-4b692c65e38f");
}

proptest! {
    /// Whatever is asked, in whatever order, of the diaries of two people and two practitioners over a New Year.
    #[test]
    fn no_diary_ever_holds_overlapping_appointments(
        asks in prop::collection::vec((0u128..12, 0usize..2, 0usize..2, 0i64..96, 1i64..90, 0u8..4), 1..80)
    ) {
        let new_year = at("2026-12-31T12:00:00Z");
        let mut diaries = Diaries::default();
        let mut streams = std::collections::BTreeMap::<String, Vec<Event>>::new();
        for (number, practitioner, person, quarter, minutes, what) in asks {
            let id = AppointmentId::of(number);
            let start = new_year + kernel::SignedDuration::from_mins(quarter * 15);
            let end = start + kernel::SignedDuration::from_mins(minutes);
            let owners =
                [Owner::Practitioner([DR_OLIVE, DR_PINE][practitioner]), Owner::Person([ANA, BEN][person], CLINIC)];
            // Decided on a copy, as the desk does: a refusal leaves nothing behind.
            let mut after = diaries.clone();
            let outcome = if what == 0 { Ok(after.free(id)) } else { after.hold(&owners, start, end, id) };
            let free_before = diaries.conflict(&owners, start, end, id).is_none();
            match outcome {
                Ok(changes) => {
                    prop_assert!(what == 0 || free_before);
                    for (stream, event) in changes {
                        let Any::Diary(event) = event else { panic!("a diary gives its own events") };
                        streams.entry(stream.to_string()).or_default().push(event);
                    }
                    diaries = after;
                }
                Err(_) => prop_assert!(!free_before, "refused although free"),
            }
        }
        for events in streams.values() {
            let taken: Vec<_> = Diary::fold(events).taken().collect();
            for pair in taken.windows(2) {
                prop_assert!(pair[0].1 <= pair[1].0, "{:?} overlaps {:?}", pair[0], pair[1]);
            }
        }
    }
}
