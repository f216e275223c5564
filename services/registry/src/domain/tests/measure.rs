//! Measures from elsewhere.

use kernel::{Occurred, given};

use super::{ANA, BEN, CLINIC, SHELTER, THE_CLINIC, THE_SHELTER};
use crate::domain::MeasureId;
use crate::domain::measure::{Command, Content, Event, Measure, Refusal, Told};

fn told(score: &str) -> Told {
    let taken = Occurred::instant("2026-03-02T09:00:00Z".parse().unwrap());
    let content = Content { scale: "hope".into(), score: Some(score.into()), taken, parts: vec![] };
    Told { id: MeasureId::of(80), person: ANA, agency: CLINIC, content }
}

fn recorded(score: &str, correction: bool) -> Event {
    Event::Recorded { told: told(score), correction }
}

#[test]
fn a_measure_told_again_is_nothing_new_and_told_otherwise_a_correction() {
    given::<Measure>([]).when(Command::Record(told("3"))).then([recorded("3", false)]);
    given::<Measure>([recorded("3", false)]).when(Command::Record(told("3"))).nothing();
    given::<Measure>([recorded("3", false)]).when(Command::Record(told("4"))).then([recorded("4", true)]);
    let others = Told { agency: SHELTER, ..told("4") };
    given::<Measure>([recorded("3", false)]).when(Command::Record(others)).refused(Refusal::NotFound);
    let another = Told { person: BEN, ..told("3") };
    given::<Measure>([recorded("3", false)]).when(Command::Record(another)).refused(Refusal::AnotherPersons);
}

#[test]
fn a_measure_marked_as_an_error_may_be_told_again() {
    let mark = |by| Command::MarkEnteredInError { by };
    let past = || [recorded("3", false), Event::EnteredInError];
    given::<Measure>([recorded("3", false)]).when(mark(THE_CLINIC)).then([Event::EnteredInError]);
    given::<Measure>([recorded("3", false)]).when(mark(THE_SHELTER)).refused(Refusal::NotFound);
    given::<Measure>([]).when(mark(THE_CLINIC)).refused(Refusal::NotFound);
    given::<Measure>(past()).when(mark(THE_CLINIC)).nothing();
    given::<Measure>(past()).when(Command::Record(told("3"))).then([recorded("3", true)]);
}
