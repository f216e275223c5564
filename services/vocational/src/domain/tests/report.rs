//! An employment status report: told, told again, corrected, never meant.
//! Invariant: each test names one rule.

use kernel::{Discrepancy, given};

use super::*;
use crate::domain::ReportId;
use crate::domain::report::{Command, EmploymentType, Event, NotEmployedReason, Refusal, Report, Told};

fn told() -> Told {
    Told {
        id: ReportId::of(70),
        person: ANA,
        agency: WORKS,
        on: day("2026-02-01"),
        zone: chicago(),
        employed: true,
        kind: Some(EmploymentType::PartTime),
        reason: None,
    }
}

fn changed() -> Told {
    Told { employed: false, kind: None, reason: Some(NotEmployedReason::Looking), ..told() }
}

fn recorded(told: Told, correction: bool) -> Event {
    Event::Recorded { told, odd: vec![], correction }
}

fn record(told: Told) -> Command {
    Command::Record { told, today: day("2026-03-01") }
}

#[test]
fn a_report_told_again_is_the_same_and_changed_it_is_a_correction() {
    let first = recorded(told(), false);
    given::<Report>([]).when(record(told())).then([first.clone()]);
    given::<Report>([first.clone()]).when(record(told())).nothing();
    let correction = recorded(changed(), true);
    given::<Report>([first.clone()]).when(record(changed())).then([correction.clone()]);
    given::<Report>([first.clone(), correction.clone()]).when(record(changed())).nothing();
    given::<Report>([first, correction]).when(record(told())).then([recorded(told(), true)]);
}

#[test]
fn a_report_belongs_to_the_agency_that_told_it_and_to_one_person() {
    let past = [recorded(told(), false)];
    given::<Report>(past.clone())
        .when(record(Told { agency: ELSEWHERE, ..told() }))
        .refused(Refusal::NotFound);
    given::<Report>(past).when(record(Told { person: BEN, ..told() })).refused(Refusal::AnotherPerson);
}

#[test]
fn a_report_entered_in_error_stands_again_when_it_is_told_again() {
    let mark = |by| Command::MarkEnteredInError { by };
    let first = recorded(told(), false);
    given::<Report>([]).when(mark(AGENCY)).refused(Refusal::NotFound);
    given::<Report>([first.clone()]).when(mark(STRANGER)).refused(Refusal::NotFound);
    given::<Report>([first.clone()]).when(mark(PERSON)).refused(Refusal::NotFound);
    given::<Report>([first.clone()]).when(mark(AGENCY)).then([Event::EnteredInError]);
    let gone = [first, Event::EnteredInError];
    given::<Report>(gone.clone()).when(mark(AGENCY)).nothing();
    given::<Report>(gone.clone()).when(record(told())).then([recorded(told(), true)]);
    given::<Report>(gone.clone())
        .when(record(Told { person: BEN, ..told() }))
        .refused(Refusal::AnotherPerson);
    given::<Report>(gone).when(record(Told { agency: ELSEWHERE, ..told() })).refused(Refusal::NotFound);
}

#[test]
fn what_is_odd_about_a_report_is_kept_and_said() {
    let codes = |told: Told, today: &str| -> Vec<String> {
        let decided =
            given::<Report>([]).when(Command::Record { told, today: day(today) }).outcome().unwrap();
        let odd = decided.into_iter().flat_map(|event| match event {
            Event::Recorded { odd, .. } => odd,
            Event::EnteredInError => vec![],
        });
        odd.map(|Discrepancy { code, .. }| code).collect()
    };
    assert_eq!(codes(told(), "2026-02-01"), Vec::<String>::new());
    assert_eq!(codes(changed(), "2026-03-01"), Vec::<String>::new());
    assert_eq!(codes(told(), "2026-01-31"), ["DAY_TO_COME"]);
    let both = Told { reason: Some(NotEmployedReason::Unable), ..told() };
    assert_eq!(codes(both, "2026-03-01"), ["EMPLOYED_WITH_REASON_AGAINST"]);
    let neither = Told { employed: false, ..told() };
    assert_eq!(codes(neither, "2026-03-01"), ["NOT_EMPLOYED_WITH_TYPE"]);
}

#[test]
fn what_was_odd_only_for_a_time_makes_no_correction_later() {
    let early = Command::Record { told: told(), today: day("2026-01-31") };
    let first = given::<Report>([]).when(early).outcome().unwrap();
    given::<Report>(first).when(record(told())).nothing();
}
