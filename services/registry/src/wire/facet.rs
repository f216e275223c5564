//! Strengths and preferences on the wire.
//! Invariant: their words are sealed; whose words they are is the event's voice.

use kernel::{PersonId, Private, Voice};
use platform::command::{Encoding, Ink, Payload, Unreadable, from_private};
use platform::error::BadField;
use platform::wire;
use prost::Name;
use proto::registry as pb;
use proto::registry::registry_event::Kind as Stored;
use proto::types::{FieldStatus, LifeDomain};
use tonic::Status;

use super::codes::facet_kind as codes;
use super::{Opener, id_text, in_persons_voice, kind_of, not_of, stored_agency, stored_id, wrap};
use crate::domain::facet::{Content, Event, Facet, Facts, Kind, Standing, State};

/// Longest words, in characters.
const TEXT: usize = 500;

/// Which of the two, as a request says.
pub fn facet_kind(number: i32) -> Result<Kind, BadField> {
    codes::parse("kind", number)
}

/// What a strength or preference says, as a request has it.
pub fn facet_content(given: Option<&pb::FacetContent>) -> Result<Content, BadField> {
    let given = wire::required("content", given)?;
    let domain = |(i, number): (usize, &i32)| {
        wire::choice::<LifeDomain>(&format!("content.life_domains[{i}]"), *number).map(i32::from)
    };
    let domains = given.life_domains.iter().enumerate().map(domain);
    let mut life_domains: Vec<i32> = domains.collect::<Result<_, _>>()?;
    life_domains.sort_unstable();
    life_domains.dedup();
    Ok(Content { text: wire::private("content.text", &given.text, TEXT)?, life_domains })
}

/// A strength or preference as its readers see it; its text stays empty where it cannot be opened, and `status` says why.
pub fn facet(version: u64, state: &State, opener: Option<&Opener>, status: FieldStatus) -> Option<pb::Facet> {
    let State::Made { facts, content, own_words, standing } = state else { return None };
    let text = opener.and_then(|opener| opener.text(&content.text));
    let status = if text.is_none() && status == FieldStatus::Open { FieldStatus::Locked } else { status };
    let state = match standing {
        Standing::Holds => pb::FacetState::Holds,
        Standing::Dropped => pb::FacetState::Dropped,
        Standing::InError => pb::FacetState::EnteredInError,
    };
    Some(pb::Facet {
        id: facts.id.to_string(),
        etag: version.to_string(),
        person_id: facts.person.to_string(),
        kind: codes::number(facts.kind),
        state: state.into(),
        content: Some(pb::FacetContent {
            text: text.unwrap_or_default(),
            life_domains: content.life_domains.clone(),
        }),
        text_status: status.into(),
        in_persons_voice: *own_words,
        agency_id: id_text(facts.agency),
    })
}

fn sealed(content: &Content, ink: &Ink<'_>) -> Result<Option<pb::SealedFacet>, Status> {
    let text = Some(ink.seal("text", &content.text)?);
    Ok(Some(pb::SealedFacet { text, life_domains: content.life_domains.clone() }))
}

fn content_stored(
    stored: &proto::log::Event,
    content: Option<pb::SealedFacet>,
) -> Result<Content, Unreadable> {
    let bad = || Unreadable::new(stored, "it has no words");
    let content = content.ok_or_else(bad)?;
    let text: Private = from_private(content.text.as_ref()).ok_or_else(bad)?;
    Ok(Content { text, life_domains: content.life_domains })
}

impl Encoding for Facet {
    fn person(after: &State) -> Option<PersonId> {
        match after {
            State::Unmade => None,
            State::Made { facts, .. } => Some(facts.person),
        }
    }

    fn encode(event: &Event, after: &State, ink: &Ink<'_>) -> Result<Payload, Status> {
        let facet_id = match after {
            State::Unmade => String::new(),
            State::Made { facts, .. } => facts.id.to_string(),
        };
        let of = |kind: String, message, own_words: bool| {
            let voice = Some(if own_words { Voice::Person } else { Voice::Staff });
            Payload { voice, ..Payload::new(kind, &wrap(message)) }
        };
        Ok(match event {
            Event::Noted { facts, content, own_words } => {
                let message = pb::FacetNoted {
                    facet_id,
                    person_id: facts.person.to_string(),
                    kind: codes::number(facts.kind),
                    content: sealed(content, ink)?,
                };
                of(pb::FacetNoted::full_name(), Stored::FacetNoted(message), *own_words)
            }
            Event::Reworded { content, own_words } => {
                let message = pb::FacetReworded { facet_id, content: sealed(content, ink)? };
                of(pb::FacetReworded::full_name(), Stored::FacetReworded(message), *own_words)
            }
            Event::Dropped { own_words } => {
                let message = pb::FacetDropped { facet_id };
                of(pb::FacetDropped::full_name(), Stored::FacetDropped(message), *own_words)
            }
            Event::EnteredInError => {
                let message = Stored::FacetEnteredInError(pb::FacetEnteredInError { facet_id });
                Payload::new(pb::FacetEnteredInError::full_name(), &wrap(message))
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let own_words = in_persons_voice(stored);
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Stored::FacetNoted(message) => {
                let kind = codes::stored(message.kind);
                let facts = Facts {
                    id: stored_id(stored, &message.facet_id)?,
                    person: stored_id(stored, &message.person_id)?,
                    kind: kind.ok_or_else(|| Unreadable::new(stored, "its kind is not known"))?,
                    agency: stored_agency(stored)?,
                };
                Event::Noted { facts, content: content_stored(stored, message.content)?, own_words }
            }
            Stored::FacetReworded(message) => {
                Event::Reworded { content: content_stored(stored, message.content)?, own_words }
            }
            Stored::FacetDropped(_) => Event::Dropped { own_words },
            Stored::FacetEnteredInError(_) => Event::EnteredInError,
            _ => return Err(not_of::<Facet>(stored)),
        })
    }
}
