//! The only file family that knows both the contract and the domain: requests in, replies out, own events as bytes and back.
//! Invariant: nothing below it knows the wire, and nothing above it knows the domain's insides.

mod codes;
mod diary;
mod group;
mod living;
mod place;
mod placement;
mod stored;
mod unit;

use kernel::Timestamp;
use platform::command::stored::{id_text, not_of};
use platform::command::{Payload, Unreadable};
use platform::error::BadField;
use platform::records::Tells;
use platform::wire;
use prost::Message;
use proto::housing as pb;
use proto::housing::housing_event::Kind;

use crate::domain::days::When;

pub use codes::{placement_state, state_numbers};
pub use group::{group, publish as publish_group, record as record_group, record_capacity, set_capacity};
pub use living::{living_situation, note as note_living, record as record_living};
pub use place::opened_with;
pub use placement::{
    Matching, Recording, accept, add_nights, admit, assign, assign_worker, cancel, decline, exit,
    mark_nights_entered_in_error, match_placement, move_in, name_plan, not_arrived, offer, placement, record,
    record_nights, refuse, untold_days, withdraw, worker,
};
pub use unit::{publish as publish_unit, reason as out_of_service_reason, unit};

/// Which events tell what a source recorded, and take it back.
pub const TELLS: Tells = Tells {
    also: &["BedNightsCounted"],
    taken_back: &["UnitGroupEnteredInError", "PlacementEnteredInError", "LivingSituationEnteredInError"],
    parts: |event| {
        let named = match kind_of(event) {
            Ok(Kind::CapacityEnteredInError(capacity)) => vec![capacity.capacity_id],
            Ok(Kind::BedNightsEnteredInError(nights)) => nights.fact_ids,
            Ok(_) | Err(_) => vec![],
        };
        named.iter().filter_map(|id| id.parse().ok()).collect()
    },
};

/// The day of a request, to be read in the zone of what it is about.
pub fn when(field: &str, day: Option<&proto::Date>, now: Timestamp) -> Result<When, BadField> {
    Ok(When { on: wire::optional_day(field, day)?, ..today(now) })
}

/// Today, wherever that is.
pub fn today(now: Timestamp) -> When {
    When { on: None, now, look_back: wire::look_back_days() }
}

/// The agency's own identifiers of a record.
fn identifiers(given: &[proto::types::Identifier]) -> Result<Vec<(String, String)>, BadField> {
    let each = |(i, given): (usize, &proto::types::Identifier)| {
        let system = wire::text(&format!("identifiers[{i}].system"), &given.system, 200)?;
        Ok((system, wire::text(&format!("identifiers[{i}].value"), &given.value, 200)?))
    };
    given.iter().enumerate().map(each).collect()
}

fn identifiers_out(kept: &[(String, String)]) -> Vec<proto::types::Identifier> {
    let each = |(system, value): &(String, String)| proto::types::Identifier {
        system: system.clone(),
        value: value.clone(),
    };
    kept.iter().map(each).collect()
}

/// The kind of a stored event.
fn kind_of(stored: &proto::log::Event) -> Result<Kind, Unreadable> {
    pb::HousingEvent::decode(stored.payload.clone())
        .map_err(|_| Unreadable::new(stored, "its payload is damaged"))?
        .kind
        .ok_or_else(|| Unreadable::new(stored, "a newer release wrote it"))
}

/// That a reaction was refused, as this service's log tells it.
pub fn reaction_refused(refused: proto::log::ReactionRefused) -> pb::HousingEvent {
    pb::HousingEvent { kind: Some(Kind::ReactionRefused(refused)) }
}

fn payload(kind: String, message: Kind) -> Payload {
    Payload::new(kind, &pb::HousingEvent { kind: Some(message) })
}
