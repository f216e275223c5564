//! A timed commitment falls into a job shift.

use kernel::{Day, Shifts, WeeklyShift};

use super::*;
use crate::domain::{Job, Kind};

/// Tuesdays 04:00 to 08:00 in Chicago: 09:00 to 13:00 UTC in March after the clock change of the 8th.
fn early_shift() -> Job {
    let weekly = vec![WeeklyShift {
        weekday: day("2026-03-10").weekday(),
        start: "04:00".parse().unwrap(),
        end: "08:00".parse().unwrap(),
    }];
    let shifts = Shifts { zone: chicago(), weekly, from: day("2026-01-01"), until: None };
    Job { input: input("vocational", "job-1", EMPLOYMENT), shifts, known_until: None }
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn with(job: Job, commitment: Commitment) -> Facts {
    Facts::new(vec![commitment], vec![job], vec![], vec![], vec![])
}

#[test]
fn a_commitment_in_a_shift_clashes_with_the_shift_of_that_day() {
    let facts = with(early_shift(), appointment("appointment-1", "12:30"));
    let judgement = judged(&facts, "2026-03-01T00:00:00Z");
    assert_eq!(judgement.look_again, Some(at("2026-03-10T13:00:00Z")));
    let found = only(judgement);
    assert_eq!((found.rule.as_str(), found.kind), ("C2", Kind::Clash));
    assert_eq!(found.from, Some(at("2026-03-10T12:30:00Z")));
    assert_eq!(found.until, Some(at("2026-03-10T13:00:00Z")));
    assert_eq!(found.line, "An appointment falls into a job shift");
    let of_shift = found.inputs.iter().find(|input| input.service == "vocational").unwrap();
    assert_eq!(of_shift.entry, "2026-03-10");
}

#[test]
fn the_shift_is_read_in_its_own_zone_through_the_clock_change() {
    // Before the change, 04:00 in Chicago was 10:00 UTC.
    let week_before = Commitment {
        start: at("2026-03-03T09:00:00Z"),
        end: at("2026-03-03T10:00:00Z"),
        ..appointment("appointment-1", "09:00")
    };
    nothing(&judged(&with(early_shift(), week_before), "2026-03-01T00:00:00Z"));
    only(judged(&with(early_shift(), appointment("appointment-1", "09:00")), "2026-03-01T00:00:00Z"));
}

#[test]
fn a_commitment_that_ends_as_the_shift_begins_does_not_clash() {
    for free in ["08:00", "13:00"] {
        nothing(&judged(&with(early_shift(), appointment("appointment-1", free)), "2026-03-01T00:00:00Z"));
    }
}

#[test]
fn a_commitment_farther_ahead_than_eight_weeks_waits_until_then() {
    let facts = with(early_shift(), appointment("appointment-1", "10:00"));
    let early = judged(&facts, "2026-01-01T00:00:00Z");
    nothing(&early);
    let seen_from = early.look_again.unwrap();
    assert_eq!(seen_from, at("2026-01-13T10:00:00Z"));
    only(judge(&facts, &Parameters::default(), seen_from));
    nothing(&judge(&facts, &Parameters::default(), seen_from - kernel::SignedDuration::from_secs(1)));
}

#[test]
fn a_commitment_that_is_over_raises_nothing() {
    let facts = with(early_shift(), appointment("appointment-1", "10:00"));
    only(judged(&facts, "2026-03-10T10:59:00Z"));
    let over = judged(&facts, "2026-03-10T11:00:00Z");
    nothing(&over);
    assert_eq!(over.look_again, None);
}

#[test]
fn a_job_on_record_is_looked_at_no_further_than_it_is_known() {
    let known = |until| Job { known_until: Some(at(until)), ..early_shift() };
    let facts = |until| with(known(until), appointment("appointment-1", "10:00"));
    nothing(&judged(&facts("2026-03-10T09:00:00Z"), "2026-03-01T00:00:00Z"));
    only(judged(&facts("2026-03-10T09:00:01Z"), "2026-03-01T00:00:00Z"));
}

#[test]
fn a_job_not_yet_begun_or_ended_has_no_shift_to_fall_into() {
    let mut later = early_shift();
    later.shifts.from = day("2026-03-11");
    nothing(&judged(&with(later, appointment("appointment-1", "10:00")), "2026-03-01T00:00:00Z"));
    let mut ended = early_shift();
    ended.shifts.until = Some(day("2026-03-10"));
    nothing(&judged(&with(ended, appointment("appointment-1", "10:00")), "2026-03-01T00:00:00Z"));
}
