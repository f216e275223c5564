//! A referral unacknowledged past its clock.

use super::*;
use crate::domain::{Kind, Referral};

fn referral(acknowledge_by: Option<&str>) -> Facts {
    let referral = Referral {
        input: input("referrals", "referral-1", CLINIC),
        target: Some(EMPLOYMENT),
        acknowledge_by: acknowledge_by.map(at),
    };
    Facts::new(vec![], vec![], vec![], vec![], vec![referral])
}

#[test]
fn a_clock_that_runs_is_looked_at_when_it_ends_and_then_raises_the_gap() {
    let facts = referral(Some("2026-03-10T12:00:00Z"));
    let early = judged(&facts, "2026-03-10T11:59:59Z");
    nothing(&early);
    assert_eq!(early.look_again, Some(at("2026-03-10T12:00:00Z")));
    let late = judged(&facts, "2026-03-10T12:00:00Z");
    assert_eq!(late.look_again, None);
    let found = only(late);
    assert_eq!((found.rule.as_str(), found.kind), ("G1", Kind::Gap));
    assert_eq!((found.from, found.until), (Some(at("2026-03-10T12:00:00Z")), None));
    assert_eq!(found.line, "A referral is not acknowledged in time");
    assert_eq!(found.concerned, [CLINIC, EMPLOYMENT].into());
}

#[test]
fn without_a_running_clock_there_is_no_gap() {
    let judgement = judged(&referral(None), "2030-01-01T00:00:00Z");
    nothing(&judgement);
    assert_eq!(judgement.look_again, None);
}
