//! A plain yes or no.

use kernel::{By, Occurred, Private, Voice, given};

use super::{ANA, ANA_HERSELF, BEN, SHELTER, THE_CLINIC};
use crate::domain::consent::{Answer, Command, Consent, Event, Refusal};

fn at(hour: &str) -> Occurred {
    Occurred::instant(format!("2026-03-02T{hour}:00:00Z").parse().unwrap())
}

fn form() -> Option<Private> {
    Some(Private::plain("signed form"))
}

fn says(answer: Answer, by: By, hour: &str) -> Command {
    Command {
        answer,
        by,
        voice: Voice::Person,
        person: ANA,
        recipient: SHELTER,
        evidence: form(),
        at: at(hour),
    }
}

fn said(answer: Answer, hour: &str) -> Event {
    Event { answer, person: ANA, recipient: SHELTER, evidence: form(), at: at(hour) }
}

#[test]
fn the_person_says_yes_and_no_and_the_last_word_holds() {
    given::<Consent>([]).when(says(Answer::Yes, ANA_HERSELF, "09")).then([said(Answer::Yes, "09")]);
    given::<Consent>([]).when(says(Answer::Yes, THE_CLINIC, "09")).then([said(Answer::Yes, "09")]);
    given::<Consent>([]).when(says(Answer::No, ANA_HERSELF, "09")).nothing();
    let yes = || given::<Consent>([said(Answer::Yes, "09")]);
    yes().when(says(Answer::Yes, ANA_HERSELF, "10")).nothing();
    yes().when(says(Answer::No, ANA_HERSELF, "10")).then([said(Answer::No, "10")]);
    yes().when(says(Answer::No, ANA_HERSELF, "08")).refused(Refusal::LaterWordOnRecord);
    let no = || given::<Consent>([said(Answer::Yes, "09"), said(Answer::No, "10")]);
    no().when(says(Answer::Yes, ANA_HERSELF, "11")).then([said(Answer::Yes, "11")]);
    no().when(says(Answer::No, ANA_HERSELF, "11")).nothing();
}

#[test]
fn nobody_else_says_it_and_staff_say_what_stands_behind_it() {
    let staff = Command { voice: Voice::Staff, ..says(Answer::Yes, THE_CLINIC, "09") };
    given::<Consent>([]).when(staff).refused(Refusal::NotInPersonsVoice);
    given::<Consent>([]).when(says(Answer::Yes, By::Person(BEN), "09")).refused(Refusal::NotInPersonsVoice);
    given::<Consent>([]).when(says(Answer::Yes, By::System, "09")).refused(Refusal::NotInPersonsVoice);
    let bare = Command { evidence: None, ..says(Answer::Yes, THE_CLINIC, "09") };
    given::<Consent>([]).when(bare).refused(Refusal::EvidenceNeeded);
    let own = Command { evidence: None, ..says(Answer::Yes, ANA_HERSELF, "09") };
    given::<Consent>([]).when(own).then([Event { evidence: None, ..said(Answer::Yes, "09") }]);
}
