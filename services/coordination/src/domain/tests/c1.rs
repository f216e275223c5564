//! Two timed commitments overlap.

use kernel::SignedDuration;

use super::*;
use crate::domain::{Kind, Values};

const BEFORE: &str = "2026-03-01T00:00:00Z";

#[test]
fn two_commitments_that_overlap_clash_from_where_they_meet_to_where_one_is_over() {
    let facts = commitments([appointment("appointment-1", "10:00"), interview("job-1", "10:30")]);
    let judgement = judged(&facts, BEFORE);
    assert_eq!(judgement.look_again, Some(at("2026-03-10T11:00:00Z")));
    let found = only(judgement);
    assert_eq!((found.rule.as_str(), found.version, found.kind), ("C1", 1, Kind::Clash));
    assert_eq!(found.from, Some(at("2026-03-10T10:30:00Z")));
    assert_eq!(found.until, Some(at("2026-03-10T11:00:00Z")));
    assert_eq!(found.line, "An appointment and an interview overlap");
    assert_eq!(found.inputs.len(), 2);
    assert_eq!(found.concerned, [CLINIC, EMPLOYMENT].into());
}

#[test]
fn the_way_between_two_places_takes_half_an_hour() {
    let after = |start| commitments([appointment("appointment-1", "10:00"), interview("job-1", start)]);
    nothing(&judged(&after("11:30"), BEFORE));
    let found = only(judged(&after("11:29"), BEFORE));
    assert_eq!(found.line, "An appointment leaves too little time to get to an interview");
    assert_eq!(found.from, Some(at("2026-03-10T11:00:00Z")));
    assert_eq!(found.until, Some(at("2026-03-10T11:29:00Z")));
}

#[test]
fn nobody_travels_to_a_phone_call_nor_within_one_place() {
    let call = Commitment { place: Place::Remote, ..interview("job-1", "11:00") };
    nothing(&judged(&commitments([appointment("appointment-1", "10:00"), call.clone()]), BEFORE));
    let here = Commitment { place: Place::Agency(CLINIC), ..interview("job-1", "11:00") };
    nothing(&judged(&commitments([appointment("appointment-1", "10:00"), here]), BEFORE));
    let home = |stream| Commitment { place: Place::Home, ..appointment(stream, "10:00") };
    let later = Commitment { place: Place::Home, ..interview("job-1", "11:00") };
    nothing(&judged(&commitments([home("appointment-1"), later]), BEFORE));
    // Two places told only as "elsewhere" may be two.
    let two = [interview("job-1", "10:00"), interview("job-2", "11:00")];
    assert_eq!(judged(&commitments(two), BEFORE).found.len(), 1);
    // A call still takes its own time.
    let during = Commitment { place: Place::Remote, ..interview("job-1", "10:59") };
    only(judged(&commitments([appointment("appointment-1", "10:00"), during]), BEFORE));
}

#[test]
fn a_clash_is_over_when_it_is_over() {
    let facts = commitments([appointment("appointment-1", "10:00"), interview("job-1", "10:30")]);
    only(judged(&facts, "2026-03-10T10:59:59Z"));
    let after = judged(&facts, "2026-03-10T11:00:00Z");
    nothing(&after);
    assert_eq!(after.look_again, None);
}

#[test]
fn of_three_that_overlap_each_two_clash() {
    let facts = commitments([
        appointment("appointment-1", "10:00"),
        interview("job-1", "10:15"),
        interview("job-2", "10:30"),
    ]);
    assert_eq!(judged(&facts, BEFORE).found.len(), 3);
}

#[test]
fn a_record_is_looked_at_no_further_than_it_is_known() {
    let known = |until| Commitment { known_until: Some(at(until)), ..interview("job-1", "10:30") };
    let facts = |until| commitments([appointment("appointment-1", "10:00"), known(until)]);
    nothing(&judged(&facts("2026-03-10T10:30:00Z"), BEFORE));
    only(judged(&facts("2026-03-10T10:31:00Z"), BEFORE));
}

#[test]
fn the_line_of_a_labelled_commitment_does_not_say_what_it_is() {
    let mut labelled = appointment("appointment-1", "10:00");
    labelled.input.label = "42CFRPart2".into();
    let found = only(judged(&commitments([labelled, interview("job-1", "10:30")]), BEFORE));
    assert_eq!(found.line, "A commitment and an interview overlap");
    assert!(found.classes().iter().all(|class| class.parts().iter().any(|part| part.label == "42CFRPart2")));
}

#[test]
fn of_two_agencies_numbers_the_one_that_raises_earliest_holds() {
    let facts = commitments([appointment("appointment-1", "10:00"), interview("job-1", "11:45")]);
    nothing(&judged(&facts, BEFORE));
    let hour = Values { travel_minutes: 60, ..Values::default() };
    let none = Values { travel_minutes: 0, ..Values::default() };
    for of in [[(CLINIC, hour), (EMPLOYMENT, none)], [(CLINIC, none), (EMPLOYMENT, hour)]] {
        only(judge(&facts, &Parameters::new(Values::default(), of), at(BEFORE)));
    }
    let near = appointment("appointment-2", "10:00").end + SignedDuration::from_mins(10);
    let other = Commitment { start: near, ..interview("job-1", "11:45") };
    let facts = commitments([appointment("appointment-2", "10:00"), other]);
    let of = [(CLINIC, none), (EMPLOYMENT, none)];
    nothing(&judge(&facts, &Parameters::new(Values::default(), of), at(BEFORE)));
}
