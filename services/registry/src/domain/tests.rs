//! Given, when, then: every command in every state that matters.

mod about;
mod agencies;
mod around;
mod consent;
mod emergency;
mod facet;
mod goal;
mod links;
mod marks;
mod measure;
mod person;
mod plan;
mod representatives;
mod scale;
mod signatures;
mod team;

use kernel::{AgencyId, By, PersonId, Private};

use super::person::{Details, Event, Identifier, Known, Quality, Scope, State, Told, Use};

const CLINIC: AgencyId = AgencyId::of(1);
const SHELTER: AgencyId = AgencyId::of(2);
const ANA: PersonId = PersonId::of(10);
const BEN: PersonId = PersonId::of(11);

const THE_CLINIC: By = By::Agency(CLINIC);
const THE_SHELTER: By = By::Agency(SHELTER);
const ANA_HERSELF: By = By::Person(ANA);

/// Details that differ from others by their digest alone, as stored ones do.
fn details(digest: u8) -> Details {
    Details {
        given_name: Some(Private::plain("Ana")),
        middle_name: None,
        family_name: Some(Private::plain("Example")),
        name_suffix: None,
        chosen_name: None,
        pronouns: None,
        name_quality: Some(Quality::Full),
        birth_date: None,
        birth_date_quality: None,
        languages: None,
        interpreter_needed: None,
        contact_points: vec![],
        digest: [digest; 32],
    }
}

/// A record number of the clinic's.
fn number(hash: u8) -> Identifier {
    Identifier {
        system: "clinic:mrn".into(),
        value: Private::plain("A-17"),
        key_hash: [hash; 32],
        scope: Scope::Agency(CLINIC),
        usage: Use::RecordNumber,
        quality: Some(Quality::Full),
        claimed: true,
    }
}

fn registered(id: PersonId) -> Event {
    Event::Registered { id, agency: Some(CLINIC), details: details(1), identifiers: vec![] }
}

fn told(digest: u8, identifiers: Vec<Identifier>) -> Told {
    Told { id: ANA, details: details(digest), identifiers, serving: vec![CLINIC] }
}

fn recorded(told: Told) -> Event {
    Event::Recorded { told, correction: false, discrepancies: vec![] }
}

/// What holds right after the person was registered with the clinic.
fn known(id: PersonId) -> Known {
    let state =
        [registered(id)].iter().fold(State::Unmade, <super::person::Person as kernel::Decider>::evolve);
    state.known().cloned().unwrap()
}
