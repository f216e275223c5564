//! Reading what stands in a stored event: what every service's `wire.rs` needs when it takes its own events back.
//! Invariant: what cannot be read is said to be unreadable, with the event's type; nothing is guessed.

use std::str::FromStr;

use kernel::{Day, Decider, Occurred};
use proto::log as pb;
use uuid::Uuid;

use super::{Unreadable, fact_id};
use crate::wire::{from_date, from_occurred};

/// Until when a recorded fact is known, where it is open.
pub fn known_until(stored: &pb::Event, open: bool) -> Option<Day> {
    let source = stored.source.as_ref().filter(|_| open)?;
    source.known_until.as_ref().and_then(from_date)
}

/// The recorded fact that a stored event tells; none where nobody's record made it.
pub fn fact_of(stored: &pb::Event) -> Option<Uuid> {
    let hash = stored.source.as_ref()?.key_hash.as_ref().try_into().ok()?;
    Some(fact_id(hash))
}

/// When a stored event happened.
///
/// # Errors
/// It has no time.
pub fn occurred(stored: &pb::Event) -> Result<Occurred, Unreadable> {
    stored.occurred.as_ref().and_then(from_occurred).ok_or_else(|| Unreadable::new(stored, "it has no time"))
}

/// An event of another kind of stream than this decider's.
pub fn not_of<D: Decider>(stored: &pb::Event) -> Unreadable {
    debug_assert!(
        !stored.stream.starts_with(&format!("{}-", D::CATEGORY)),
        "an event of another kind in a {} stream",
        D::CATEGORY
    );
    Unreadable::new(stored, "it belongs to another kind of stream")
}

/// An id in a stored event.
///
/// # Errors
/// It is damaged.
pub fn stored_id<T: FromStr>(stored: &pb::Event, text: &str) -> Result<T, Unreadable> {
    text.parse().map_err(|_| Unreadable::new(stored, "an id in it is damaged"))
}

/// An id in a stored event that may be missing.
///
/// # Errors
/// It is damaged.
pub fn stored_optional_id<T: FromStr>(stored: &pb::Event, text: &str) -> Result<Option<T>, Unreadable> {
    if text.is_empty() { Ok(None) } else { stored_id(stored, text).map(Some) }
}

/// An id as events and replies have it: empty where there is none.
pub fn id_text<T: ToString>(id: Option<T>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}
