//! Given, when, then for the findings of a subject.

use kernel::Decider;
use kernel::given;

use super::*;
use crate::domain::findings::{Compare, Event, Findings};
use crate::domain::{FindingId, Subject};

const SUBJECT: Subject = Subject::Person(ANA);

fn found(start: &str) -> Found {
    let facts = commitments([appointment("appointment-1", "10:00"), interview("job-1", start)]);
    only(judged(&facts, "2026-03-01T00:00:00Z"))
}
fn other() -> Found {
    let facts = commitments([appointment("appointment-2", "16:00"), interview("job-2", "16:30")]);
    only(judged(&facts, "2026-03-01T00:00:00Z"))
}
fn compare(found: impl IntoIterator<Item = Found>) -> Compare {
    Compare { subject: SUBJECT, found: found.into_iter().collect() }
}
/// The events of comparing on top of a past.
fn after(past: &[Event], found: impl IntoIterator<Item = Found>) -> Vec<Event> {
    given::<Findings>(past.to_vec()).when(compare(found)).outcome().unwrap()
}
fn raised() -> Event {
    after(&[], [found("10:30")]).remove(0)
}
fn id(event: &Event) -> FindingId {
    match event {
        Event::Raised { id, .. } | Event::Changed { id, .. } | Event::Cleared { id, .. } => *id,
    }
}

#[test]
fn what_is_found_is_raised_once() {
    assert!(
        matches!(raised(), Event::Raised { subject: SUBJECT, found: what, .. } if what == found("10:30"))
    );
    given::<Findings>([raised()]).when(compare([found("10:30")])).nothing();
    given::<Findings>([]).when(compare([])).nothing();
}

#[test]
fn the_same_with_other_times_is_changed_and_keeps_its_id() {
    let changed = Event::Changed { id: id(&raised()), subject: SUBJECT, found: found("10:45") };
    given::<Findings>([raised()]).when(compare([found("10:45")])).then([changed.clone()]);
    given::<Findings>([raised(), changed]).when(compare([found("10:45")])).nothing();
}

#[test]
fn what_is_found_no_more_is_cleared() {
    let cleared = Event::Cleared { id: id(&raised()), subject: SUBJECT, rule: "C1".into() };
    given::<Findings>([raised()]).when(compare([])).then([cleared.clone()]);
    given::<Findings>([raised(), cleared]).when(compare([])).nothing();
}

#[test]
fn a_finding_raised_again_is_another_one() {
    let cleared = after(&[raised()], []).remove(0);
    let again = after(&[raised(), cleared], [found("10:30")]).remove(0);
    assert!(matches!(again, Event::Raised { .. }));
    assert_ne!(id(&again), id(&raised()));
}

#[test]
fn one_comparison_clears_changes_and_raises_whatever_the_order_found() {
    let events = after(&[raised()], [other()]);
    assert!(matches!(events[..], [Event::Cleared { .. }, Event::Raised { .. }]));
    let one = after(&[], [found("10:30"), other()]);
    let two = after(&[], [other(), found("10:30")]);
    assert_eq!(one, two);
    let ids: std::collections::BTreeSet<_> = one.iter().map(id).collect();
    assert_eq!(ids.len(), 2, "two raised at once are two findings");
}

#[test]
fn after_a_comparison_the_open_findings_are_what_was_found() {
    let mut past = vec![];
    for step in [vec![found("10:30")], vec![found("10:45"), other()], vec![other()], vec![]] {
        past.extend(after(&past, step.clone()));
        let state = Findings::fold(&past);
        let mut open: Vec<Found> = state.open().map(|(_, found)| found.clone()).collect();
        let mut wanted = step;
        open.sort_by_key(Found::key);
        wanted.sort_by_key(Found::key);
        assert_eq!(open, wanted);
    }
}

#[test]
fn a_subject_keeps_its_findings_in_one_stream() {
    assert_eq!(SUBJECT.stream().to_string(), "findings-00000000-0000-0000-0000-00000000000a");
    assert_eq!(SUBJECT.person(), Some(ANA));
    assert_eq!(Subject::Unit(kernel::ids::Uuid::from_u128(7)).person(), None);
}
