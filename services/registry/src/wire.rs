//! The only file family that knows both the contract and the domain: requests in, replies out, own events as bytes and back.
//! Invariant: personal text leaves sealed and comes back sealed; only [`Opener`] opens it, for a reply or the blind index.

mod agency;
mod alike;
mod around;
mod catalogue;
mod codes;
mod consent;
mod contact;
mod emergency;
mod facet;
mod goal;
mod marks;
mod measure;
mod person;
mod plan;
mod representative;
mod team;
mod worker;

use kernel::ids::Uuid;
use kernel::{AgencyId, By, PersonId, Private, Voice};
use platform::command::Unreadable;
use platform::command::stored::{id_text, not_of, stored_id, stored_optional_id};
use platform::error::BadField;
use platform::records::Tells;
use platform::seal::PersonKey;
use platform::wire;
use prost::Message;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use proto::types;

pub use agency::{agency, agency_content};
pub use alike::{face, likeness, told};
pub use around::{
    crisis_contact, crisis_contact_out, household, left_on, membership, membership_out, warning_signs,
};
pub use catalogue::{practice, skill};
pub use consent::{Giving, consent, consent_content, consent_in_error, draft, give, revoke};
pub use contact::{contact_point, contact_point_out};
pub use emergency::{breaks_glass, emergency_out};
pub use facet::{facet, facet_content, facet_kind};
pub use goal::{achievement, goal, goal_content, readiness};
pub use marks::{death, death_out, restriction_reason, restriction_reason_out};
pub use measure::{measure, measure_content, scale, taken, trend};
pub use person::{
    born, details, details_out, identifier, identifier_hash, identifier_out, match_hash, names, person_state,
};
pub use plan::{plan_item_content, plan_items, plan_review, plan_version, version_id, version_number};
pub use representative::{representative, representative_end, representative_id, representative_out};
pub use team::{add_member, caseload_entry, team_member};
pub use worker::{is_medical, worker, worker_content};

/// Most identifiers that one record may have.
const MAX_IDENTIFIERS: usize = 20;

/// Which events tell what a source recorded, and take it back.
pub const TELLS: Tells = Tells::whole(&[], &["PersonEnteredInError", "MeasureEnteredInError"]);

/// Opens the texts of one person.
pub struct Opener(PersonKey);

impl Opener {
    /// With this key.
    pub fn new(key: PersonKey) -> Self {
        Self(key)
    }

    /// The text; none where it is damaged, which is logged.
    pub fn text(&self, text: &Private) -> Option<String> {
        let sealed = match text {
            Private::Plain(text) => return Some(text.clone()),
            Private::Sealed(bytes) => proto::log::Sealed::decode(bytes.as_slice()).ok()?,
        };
        let opened = self.0.open(&sealed);
        if let Err(err) = &opened {
            tracing::error!(event.id = sealed.event_id, field = sealed.field, error = %err, "a sealed field is damaged");
        }
        opened.ok()
    }

    /// The text, or an empty one where there is none.
    pub fn some(&self, text: Option<&Private>) -> Option<String> {
        text.map_or_else(|| Some(String::new()), |text| self.text(text))
    }
}

/// Whose words a request carries: the person's own where the person calls, else as it says, staff's where it says nothing.
pub fn voice(by: By, number: i32) -> Result<Voice, BadField> {
    if matches!(by, By::Person(_)) {
        return Ok(Voice::Person);
    }
    match types::Voice::try_from(number) {
        Ok(types::Voice::Person) => Ok(Voice::Person),
        Ok(types::Voice::Staff | types::Voice::Unspecified) => Ok(Voice::Staff),
        Ok(types::Voice::Source) | Err(_) => {
            Err(BadField::new("voice", "is not VOICE_PERSON or VOICE_STAFF; send one of them"))
        }
    }
}

/// What stands in the place of a fact that never should have been written, as a request says. It may stand on a record that the caller alone knows of, so
/// nothing is asked of it but that it is another.
pub fn replaced_by(text: &str, marked: Uuid) -> Result<Option<Uuid>, BadField> {
    let id = wire::optional_id::<PersonId>("replaced_by_id", text)?.map(PersonId::uuid);
    if id == Some(marked) {
        let why = "is what is marked itself; name what stands in its place, or leave it out";
        return Err(BadField::new("replaced_by_id", why));
    }
    Ok(id)
}

/// Identifiers in other systems, which concern no person served.
fn identifiers(given: &[types::Identifier]) -> Result<Vec<(String, String)>, BadField> {
    if given.len() > MAX_IDENTIFIERS {
        return Err(BadField::new("content.identifiers", format!("are more than {MAX_IDENTIFIERS}")));
    }
    let one = |(i, each): (usize, &types::Identifier)| {
        let system = wire::text(&format!("content.identifiers[{i}].system"), &each.system, 200)?;
        let value = wire::text(&format!("content.identifiers[{i}].value"), &each.value, 200)?;
        Ok((system, value))
    };
    given.iter().enumerate().map(one).collect()
}

fn identifiers_out(identifiers: &[(String, String)]) -> Vec<types::Identifier> {
    let one = |(system, value): &(String, String)| types::Identifier {
        system: system.clone(),
        value: value.clone(),
    };
    identifiers.iter().map(one).collect()
}

/// That a reaction was refused, as this service's log tells it.
pub fn reaction_refused(refused: proto::log::ReactionRefused) -> pb::RegistryEvent {
    pb::RegistryEvent { kind: Some(Kind::ReactionRefused(refused)) }
}

/// The kind of a stored event.
fn kind_of(stored: &proto::log::Event) -> Result<Kind, Unreadable> {
    pb::RegistryEvent::decode(stored.payload.clone())
        .map_err(|_| Unreadable::new(stored, "its payload is damaged"))?
        .kind
        .ok_or_else(|| Unreadable::new(stored, "a newer release wrote it"))
}

fn wrap(kind: Kind) -> pb::RegistryEvent {
    pb::RegistryEvent { kind: Some(kind) }
}

/// The agency whose word a stored event is.
fn stored_agency(stored: &proto::log::Event) -> Result<Option<AgencyId>, Unreadable> {
    stored_optional_id(stored, platform::wire::speaker(stored))
}

fn in_persons_voice(stored: &proto::log::Event) -> bool {
    stored.voice == i32::from(types::Voice::Person)
}
