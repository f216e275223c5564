//! The only file family that knows both the contract and the domain: requests in, replies out, own events as bytes and back.
//! Invariant: nothing below it knows the wire, and nothing above it knows the domain's insides.

mod appointment;
mod codes;
mod diary;
mod episode;
mod practitioner;

use platform::command::Unreadable;
use platform::command::stored::{id_text, known_until, not_of, occurred, stored_id, stored_optional_id};
use platform::records::Tells;
use prost::Message;
use proto::therapy as pb;
use proto::therapy::therapy_event::Kind;

pub use appointment::{
    Making, Replacing, appointment, arrive, book, cancel, check_in, confirm, correct_no_show, fulfil, hold,
    mark_entered_in_error, miss, record, reschedule, situation as appointment_state,
};
pub use codes::{appointment_states, episode_states};
pub use episode::{
    assign, close, episode, mark_entered_in_error as mark_episode_entered_in_error, name_plan, open,
    stage as episode_state,
};
pub use practitioner::{change, practitioner, register, retire};

pub use kernel::class::PART2;

/// Which events tell what a source recorded, and take it back.
pub const TELLS: Tells = Tells::whole(&[], &["AppointmentEnteredInError"]);

fn labels(part2: bool) -> Vec<String> {
    if part2 { vec![PART2.to_owned()] } else { vec![] }
}

fn has_part2(stored: &proto::log::Event) -> bool {
    stored.labels.iter().any(|label| label == PART2)
}

/// The kind of a stored event.
fn kind_of(stored: &proto::log::Event) -> Result<Kind, Unreadable> {
    pb::TherapyEvent::decode(stored.payload.clone())
        .map_err(|_| Unreadable::new(stored, "its payload is damaged"))?
        .kind
        .ok_or_else(|| Unreadable::new(stored, "a newer release wrote it"))
}

/// That a reaction was refused, as this service's log tells it.
pub fn reaction_refused(refused: proto::log::ReactionRefused) -> pb::TherapyEvent {
    wrap(Kind::ReactionRefused(refused))
}

fn wrap(kind: Kind) -> pb::TherapyEvent {
    pb::TherapyEvent { kind: Some(kind) }
}
