//! Measures, from elsewhere and taken here.

use kernel::{By, Occurred, Voice, given};

use super::{ANA, ANA_HERSELF, BEN, CLINIC, SHELTER, THE_CLINIC, THE_SHELTER};
use crate::domain::MeasureId;
use crate::domain::measure::{Command, Content, Event, Measure, Refusal, Told};

fn told(score: &str) -> Told {
    let taken = Occurred::instant("2026-03-02T09:00:00Z".parse().unwrap());
    let content = Content { scale: "hope".into(), score: Some(score.into()), taken, parts: vec![] };
    Told { id: MeasureId::of(80), person: ANA, agency: Some(CLINIC), content }
}

fn recorded(score: &str, correction: bool) -> Event {
    Event::Recorded { told: told(score), correction }
}

#[test]
fn a_measure_told_again_is_nothing_new_and_told_otherwise_a_correction() {
    given::<Measure>([]).when(Command::Record(told("3"))).then([recorded("3", false)]);
    given::<Measure>([recorded("3", false)]).when(Command::Record(told("3"))).nothing();
    given::<Measure>([recorded("3", false)]).when(Command::Record(told("4"))).then([recorded("4", true)]);
    let others = Told { agency: Some(SHELTER), ..told("4") };
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

#[test]
fn the_person_and_staff_take_measures_and_take_their_own_back() {
    let take = |by, voice, told| Command::Take { by, voice, told };
    let taken = |told, own_words| Event::Taken { told, own_words };
    let own = || Told { agency: None, ..told("3") };
    given::<Measure>([]).when(take(THE_CLINIC, Voice::Staff, told("3"))).then([taken(told("3"), false)]);
    given::<Measure>([]).when(take(THE_CLINIC, Voice::Person, told("3"))).then([taken(told("3"), true)]);
    given::<Measure>([]).when(take(ANA_HERSELF, Voice::Person, own())).then([taken(own(), true)]);
    given::<Measure>([]).when(take(By::Person(BEN), Voice::Person, own())).refused(Refusal::NotYours);
    given::<Measure>([]).when(take(By::System, Voice::Staff, own())).refused(Refusal::NotYours);
    let once = || given::<Measure>([taken(own(), true)]);
    once().when(take(ANA_HERSELF, Voice::Person, own())).refused(Refusal::AlreadyExists);
    let mark = |by| Command::MarkEnteredInError { by };
    once().when(mark(ANA_HERSELF)).then([Event::EnteredInError]);
    once().when(mark(THE_CLINIC)).refused(Refusal::NotFound);
    once().when(mark(By::Person(BEN))).refused(Refusal::NotFound);
    once().when(mark(By::System)).refused(Refusal::NotFound);
    given::<Measure>([taken(told("3"), true)]).when(mark(ANA_HERSELF)).refused(Refusal::NotFound);
}
