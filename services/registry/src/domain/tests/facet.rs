//! Strengths and preferences: who says them, and who says them otherwise.

use kernel::{By, Private, Voice, given};

use super::{ANA, ANA_HERSELF, BEN, CLINIC, THE_CLINIC, THE_SHELTER};
use crate::domain::FacetId;
use crate::domain::facet::{Command, Content, Event, Facet, Facts, Kind, Refusal};

fn facts(by: By) -> Facts {
    let agency = match by {
        By::Agency(agency) => Some(agency),
        By::Person(_) | By::System => None,
    };
    Facts { id: FacetId::of(70), person: ANA, kind: Kind::Strength, agency }
}

fn content(text: &str) -> Content {
    Content { text: Private::plain(text), life_domains: vec![1] }
}

fn note(by: By, voice: Voice) -> Command {
    Command::Note { by, voice, facts: facts(by), content: content("patience") }
}

fn noted(by: By, own_words: bool) -> Event {
    Event::Noted { facts: facts(by), content: content("patience"), own_words }
}

fn reword(by: By, voice: Voice) -> Command {
    Command::Reword { by, voice, content: content("humour") }
}

fn reworded(own_words: bool) -> Event {
    Event::Reworded { content: content("humour"), own_words }
}

#[test]
fn the_person_and_staff_note_it_and_it_is_told_whose_words_they_are() {
    given::<Facet>([]).when(note(ANA_HERSELF, Voice::Person)).then([noted(ANA_HERSELF, true)]);
    given::<Facet>([]).when(note(THE_CLINIC, Voice::Person)).then([noted(THE_CLINIC, true)]);
    given::<Facet>([]).when(note(THE_CLINIC, Voice::Staff)).then([noted(THE_CLINIC, false)]);
    given::<Facet>([]).when(note(By::Person(BEN), Voice::Person)).refused(Refusal::NotInPersonsVoice);
    given::<Facet>([]).when(note(By::System, Voice::Staff)).refused(Refusal::NotInPersonsVoice);
    let again = given::<Facet>([noted(THE_CLINIC, false)]).when(note(THE_CLINIC, Voice::Staff));
    again.refused(Refusal::AlreadyExists);
}

#[test]
fn what_the_person_said_only_the_person_says_otherwise() {
    let own = || given::<Facet>([noted(THE_CLINIC, true)]);
    own().when(reword(ANA_HERSELF, Voice::Person)).then([reworded(true)]);
    own().when(reword(THE_SHELTER, Voice::Person)).then([reworded(true)]);
    own().when(reword(THE_CLINIC, Voice::Staff)).refused(Refusal::NotInPersonsVoice);
    own().when(reword(By::Person(BEN), Voice::Person)).refused(Refusal::NotInPersonsVoice);
    own().when(reword(By::System, Voice::Staff)).refused(Refusal::NotInPersonsVoice);
    let drop = |by, voice| Command::Drop { by, voice };
    own().when(drop(THE_CLINIC, Voice::Staff)).refused(Refusal::NotInPersonsVoice);
    own().when(drop(ANA_HERSELF, Voice::Person)).then([Event::Dropped { own_words: true }]);
}

#[test]
fn what_staff_said_they_and_the_person_say_otherwise_and_then_it_is_the_persons() {
    let staffs = || given::<Facet>([noted(THE_CLINIC, false)]);
    staffs().when(reword(THE_CLINIC, Voice::Staff)).then([reworded(false)]);
    staffs().when(reword(THE_SHELTER, Voice::Staff)).refused(Refusal::NotedByAnother);
    staffs().when(reword(ANA_HERSELF, Voice::Person)).then([reworded(true)]);
    let taken_over = given::<Facet>([noted(THE_CLINIC, false), reworded(true)]);
    taken_over.when(reword(THE_CLINIC, Voice::Staff)).refused(Refusal::NotInPersonsVoice);
}

#[test]
fn what_is_so_no_longer_is_not_reworded_and_what_was_never_meant_is_gone() {
    let dropped = || given::<Facet>([noted(ANA_HERSELF, true), Event::Dropped { own_words: true }]);
    dropped().when(reword(ANA_HERSELF, Voice::Person)).refused(Refusal::NoLonger);
    dropped().when(Command::Drop { by: ANA_HERSELF, voice: Voice::Person }).nothing();
    dropped().when(Command::MarkEnteredInError { by: ANA_HERSELF }).then([Event::EnteredInError]);
    let wrong = || given::<Facet>([noted(THE_CLINIC, false), Event::EnteredInError]);
    wrong().when(reword(THE_CLINIC, Voice::Staff)).refused(Refusal::NoLonger);
    wrong().when(Command::Drop { by: THE_CLINIC, voice: Voice::Staff }).refused(Refusal::NoLonger);
    wrong().when(Command::MarkEnteredInError { by: THE_CLINIC }).nothing();
    let theirs = || given::<Facet>([noted(THE_CLINIC, false)]);
    theirs().when(Command::MarkEnteredInError { by: By::Agency(CLINIC) }).then([Event::EnteredInError]);
    theirs().when(Command::MarkEnteredInError { by: THE_SHELTER }).refused(Refusal::NotedByAnother);
    theirs().when(Command::MarkEnteredInError { by: ANA_HERSELF }).refused(Refusal::NotedByAnother);
    for command in [
        reword(ANA_HERSELF, Voice::Person),
        Command::Drop { by: ANA_HERSELF, voice: Voice::Person },
        Command::MarkEnteredInError { by: ANA_HERSELF },
    ] {
        given::<Facet>([]).when(command).refused(Refusal::NotFound);
    }
}
