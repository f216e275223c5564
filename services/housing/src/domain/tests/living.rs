//! Living situations.
//! Invariant: see the living situation's.

use kernel::{Private, given};

use super::*;
use crate::domain::LivingSituationId;
use crate::domain::codes::Stage;
use crate::domain::living::{Command, Event, LivingSituation, Refusal, Told};

fn told() -> Told {
    Told {
        id: LivingSituationId::of(70),
        person: ANA,
        agency: CEDAR,
        at: at(),
        stage: Stage::Current,
        place: Place::new(116, None, None).expect("of the list"),
        contact: None,
        record: String::new(),
    }
}
fn recorded(told: Told, correction: bool) -> Event {
    Event::Recorded { told: Box::new(told), correction }
}
fn record(told: Told) -> Command {
    Command::Record(Box::new(told))
}

#[test]
fn it_is_noted_once_by_the_agency_that_says_so() {
    let note = |by| Command::Note { by, told: Box::new(told()) };
    let noted = || Event::Noted(Box::new(told()));
    given::<LivingSituation>([]).when(note(BY_CEDAR)).then([noted()]);
    given::<LivingSituation>([]).when(note(BY_HARBOR)).refused(Refusal::NotFound);
    given::<LivingSituation>([noted()]).when(note(BY_CEDAR)).nothing();
    given::<LivingSituation>([noted()]).when(record(told())).refused(Refusal::AlreadyExists);
}

#[test]
fn told_the_same_it_says_nothing_and_told_otherwise_it_is_a_correction() {
    let past = || [recorded(told(), false)];
    given::<LivingSituation>([]).when(record(told())).then(past());
    given::<LivingSituation>(past()).when(record(told())).nothing();
    let sheltered = Told { place: Place::new(101, None, None).expect("of the list"), ..told() };
    given::<LivingSituation>(past()).when(record(sheltered.clone())).then([recorded(sheltered, true)]);
    let harbors = Told { agency: HARBOR, ..told() };
    given::<LivingSituation>(past()).when(record(harbors)).refused(Refusal::NotFound);
}

#[test]
fn the_same_words_are_the_same_sealed_or_plain() {
    let words = |text, hash| {
        let place =
            Place::new(17, None, Some(kernel::Words { text, hash: [hash; 32] })).expect("of the list");
        Told { place, ..told() }
    };
    let stored = recorded(words(Private::Sealed(vec![1, 2, 3]), 7), false);
    let again = words(Private::plain("an invented barn"), 7);
    given::<LivingSituation>([stored.clone()]).when(record(again)).nothing();
    let other = words(Private::plain("an invented boat"), 8);
    given::<LivingSituation>([stored]).when(record(other.clone())).then([recorded(other, true)]);
}

#[test]
fn told_of_another_person_it_is_withdrawn_from_the_first() {
    let bens = Told { person: BEN, ..told() };
    given::<LivingSituation>([recorded(told(), false)])
        .when(record(bens.clone()))
        .then([Event::EnteredInError { id: told().id, person: ANA }, recorded(bens, true)]);
}

#[test]
fn never_meant_it_is_gone_until_it_is_told_again() {
    let mark = |by| Command::MarkEnteredInError { by };
    let gone = || [recorded(told(), false), Event::EnteredInError { id: told().id, person: ANA }];
    given::<LivingSituation>([recorded(told(), false)])
        .when(mark(BY_CEDAR))
        .then([Event::EnteredInError { id: told().id, person: ANA }]);
    given::<LivingSituation>([recorded(told(), false)]).when(mark(BY_HARBOR)).refused(Refusal::NotFound);
    given::<LivingSituation>(gone()).when(mark(BY_CEDAR)).nothing();
    given::<LivingSituation>(gone()).when(record(told())).then([recorded(told(), true)]);
}
