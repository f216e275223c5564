//! Terms: patterns that stand together, and changes from a day on.
//! Invariant: no day ever has two patterns.

use jiff::ToSpan;
use kernel::Shifts;

use super::*;
use crate::domain::{BadTerms, Terms};

fn pattern(from: &str, until: Option<&str>) -> Shifts {
    Shifts { zone: chicago(), weekly: vec![], from: day(from), until: until.map(day) }
}

fn terms(shifts: Vec<Shifts>) -> Result<Terms, BadTerms> {
    Terms::new(0, None, shifts)
}

fn spans(terms: &Terms) -> Vec<(String, Option<String>)> {
    let text = |day: Day| day.to_string();
    terms.shifts().iter().map(|shifts| (text(shifts.from), shifts.until.map(text))).collect()
}

fn span(from: &str, until: Option<&str>) -> (String, Option<String>) {
    (from.into(), until.map(Into::into))
}

#[test]
fn patterns_are_put_in_order_and_may_touch() {
    let two = terms(vec![pattern("2026-06-01", None), pattern("2026-04-01", Some("2026-06-01"))]).unwrap();
    assert_eq!(spans(&two), [span("2026-04-01", Some("2026-06-01")), span("2026-06-01", None)]);
}

#[test]
fn patterns_that_overlap_or_are_empty_do_not_stand() {
    let overlapping = vec![pattern("2026-04-01", Some("2026-06-02")), pattern("2026-06-01", None)];
    assert_eq!(terms(overlapping), Err(BadTerms::Overlap));
    assert_eq!(terms(vec![pattern("2026-04-01", None), pattern("2026-06-01", None)]), Err(BadTerms::Overlap));
    assert_eq!(terms(vec![pattern("2026-04-01", Some("2026-04-01"))]), Err(BadTerms::EmptyPattern));
    assert_eq!(Terms::new(10_081, None, vec![]), Err(BadTerms::TooManyMinutes));
    assert!(Terms::new(10_080, None, vec![]).is_ok());
}

#[test]
fn a_pattern_for_a_while_gives_the_days_after_it_back() {
    let always = terms(vec![pattern("2026-04-01", None)]).unwrap();
    let summer = always.with(pattern("2026-07-01", Some("2026-09-01"))).unwrap();
    assert_eq!(
        spans(&summer),
        [
            span("2026-04-01", Some("2026-07-01")),
            span("2026-07-01", Some("2026-09-01")),
            span("2026-09-01", None)
        ]
    );
    assert_eq!(
        spans(&summer.with(pattern("2026-03-01", None)).unwrap()),
        [span("2026-03-01", None)],
        "an open pattern replaces all that follows"
    );
}

#[test]
fn however_patterns_change_no_day_has_two_and_the_last_word_holds() {
    let days: Vec<Day> = (0..9).map(|n| day("2026-04-01").checked_add(n.days()).unwrap()).collect();
    let mut patterns = vec![];
    for (i, from) in days.iter().enumerate() {
        patterns.push(Shifts { until: None, ..pattern(&from.to_string(), None) });
        for until in &days[i + 1..] {
            patterns.push(Shifts { until: Some(*until), ..pattern(&from.to_string(), None) });
        }
    }
    // Zones tell the patterns apart.
    let named = |shifts: &Shifts, zone: &str| Shifts { zone: Zone::named(zone).unwrap(), ..shifts.clone() };
    let holds = |terms: &Terms, on: Day| -> Vec<String> {
        let covers = |shifts: &&Shifts| shifts.from <= on && shifts.until.is_none_or(|until| on < until);
        terms.shifts().iter().filter(covers).map(|shifts| shifts.zone.name().to_owned()).collect()
    };
    for first in &patterns {
        for second in &patterns {
            let before = terms(vec![named(first, "America/Chicago")]).unwrap();
            let after = before.with(named(second, "Europe/Vienna")).unwrap();
            for on in &days {
                let in_second = second.from <= *on && second.until.is_none_or(|until| *on < until);
                let expected = if in_second { vec!["Europe/Vienna".to_owned()] } else { holds(&before, *on) };
                assert_eq!(holds(&after, *on), expected);
            }
        }
    }
}
