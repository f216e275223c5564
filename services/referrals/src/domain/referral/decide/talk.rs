//! What the sides of an open referral tell each other: questions and answers, attempts to reach the person, how far it is.
//! Invariant: none of it moves the state, but for a first contact after acceptance, which begins the service.

use kernel::ids::Uuid;
use kernel::{By, Private};

use super::{Live, Party, Situation, party};
use crate::domain::contact::Contact;
use crate::domain::referral::{BusinessStatus, Event, OWN_ACT, Refusal};

pub(super) fn ask(live: Live<'_>, question: Uuid, text: Private) -> Result<Vec<Event>, Refusal> {
    is_open(&live)?;
    Ok(vec![Event::InformationAsked { question, text }])
}

/// Whoever made the referral answers, or the person. It tells the target more, and so goes by what the person says now.
pub(super) fn supply(
    live: Live<'_>,
    by: By,
    (question, text): (Uuid, Private),
    consent: Option<String>,
) -> Result<Vec<Event>, Refusal> {
    let party = party(live.facts, live.situation, by)?;
    let may = match party {
        Party::Requester | Party::Person => true,
        // An agency may refer to its own programme: it is then requester and target in one.
        Party::Target => {
            by == By::Agency(live.facts.target) && live.facts.requester == Some(live.facts.target)
        }
        Party::System => false,
    };
    if !may {
        return Err(Refusal::MadeByAnother);
    }
    is_open(&live)?;
    // What was answered now the target would read.
    if live.beside.consent_lapsed.is_some() {
        return Err(Refusal::ConsentLapsed);
    }
    let asked = live.beside.questions.iter().find(|asked| asked.id == question);
    if asked.ok_or(Refusal::QuestionNotFound)?.answer.is_some() {
        return Err(Refusal::AlreadySupplied);
    }
    let consent = match (party, &live.beside.directive) {
        (Party::Person, _) => OWN_ACT.to_owned(),
        // That it is over may not have been marked yet.
        (_, Some(_)) => consent.ok_or(Refusal::ConsentLapsed)?,
        (_, None) => String::new(),
    };
    Ok(vec![Event::InformationSupplied { question, text, consent }])
}

pub(super) fn contact(live: Live<'_>, contact: Contact) -> Result<Vec<Event>, Refusal> {
    is_open(&live)?;
    let at_work = matches!(live.situation, Situation::Accepted | Situation::InProgress);
    let begins = contact.reached && at_work && !live.beside.started;
    let started = Event::Started { at: live.beside.not_before(contact.occurred.at) };
    Ok([Event::ContactMade(contact)].into_iter().chain(begins.then_some(started)).collect())
}

/// How far it is may come to light after it closed.
pub(super) fn status(live: Live<'_>, status: BusinessStatus) -> Result<Vec<Event>, Refusal> {
    if matches!(live.situation, Situation::Draft) {
        return Err(Refusal::NotInThisState);
    }
    if live.beside.status == status { Ok(vec![]) } else { Ok(vec![Event::StatusSet(status)]) }
}

fn is_open(live: &Live<'_>) -> Result<(), Refusal> {
    if live.situation.is_open() { Ok(()) } else { Err(Refusal::NotInThisState) }
}
