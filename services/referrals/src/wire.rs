//! The only file family that knows both the contract and the domain: requests in, replies out, own events as bytes and back.
//! Invariant: nothing below it knows the wire, and nothing above it knows the domain's insides.

mod codes;
mod offer;
mod participation;
mod referral;

use kernel::{Decider, Occurred};
use platform::command::Unreadable;
use platform::wire::from_occurred;
use prost::Message;
use proto::referrals as pb;
use proto::referrals::referrals_event::Kind;

pub use codes::{answer_out as recorded_state, state_numbers};
pub use offer::{offer, publish, record as record_offer};
pub use participation::{add_contact, end, participation, record_contact, record_participation, start};
pub use referral::{
    Drafting, accept, acknowledge, cancel, complete, draft, fail, hold, record, referral, reject, resume,
    send, start as start_referral,
};

/// The part of the label of a 42 CFR Part 2 programme's records (DS4P).
pub const PART2: &str = "42CFRPart2";

fn labels(part2: bool) -> Vec<String> {
    if part2 { vec![PART2.to_owned()] } else { vec![] }
}

/// The kind of a stored event.
fn kind_of(stored: &proto::log::Event) -> Result<Kind, Unreadable> {
    pb::ReferralsEvent::decode(stored.payload.clone())
        .map_err(|_| Unreadable::new(stored, "its payload is damaged"))?
        .kind
        .ok_or_else(|| Unreadable::new(stored, "a newer release wrote it"))
}

fn wrap(kind: Kind) -> pb::ReferralsEvent {
    pb::ReferralsEvent { kind: Some(kind) }
}

/// When a stored event happened.
fn occurred(stored: &proto::log::Event) -> Result<Occurred, Unreadable> {
    stored.occurred.as_ref().and_then(from_occurred).ok_or_else(|| Unreadable::new(stored, "it has no time"))
}

fn not_of<D: Decider>(stored: &proto::log::Event) -> Unreadable {
    debug_assert!(
        !stored.stream.starts_with(D::CATEGORY),
        "an event of another kind in a {} stream",
        D::CATEGORY
    );
    Unreadable::new(stored, "it belongs to another kind of stream")
}

fn stored_id<T: std::str::FromStr>(stored: &proto::log::Event, text: &str) -> Result<T, Unreadable> {
    text.parse().map_err(|_| Unreadable::new(stored, "an id in it is damaged"))
}

fn stored_optional_id<T: std::str::FromStr>(
    stored: &proto::log::Event,
    text: &str,
) -> Result<Option<T>, Unreadable> {
    if text.is_empty() { Ok(None) } else { stored_id(stored, text).map(Some) }
}

fn id_text<T: ToString>(id: Option<T>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}
