//! What stands beside a person's record, on the wire: a death, and that the person is not to be found.
//! Invariant: neither holds a personal text; whose words a restriction is, is the event's voice.

use kernel::{Timestamp, Voice};
use platform::command::{Payload, Unreadable};
use platform::error::BadField;
use platform::wire::{from_occurred, occurred, required, to_occurred};
use prost::Name;
use proto::registry as pb;
use proto::registry::registry_event::Kind;

use super::codes::{death_source, restriction_reason as reason};
use super::{in_persons_voice, not_of, stored_agency, wrap};
use crate::domain::person::{Death, Event, Person, Restriction, RestrictionReason};

/// A death, as a request tells it.
pub fn death(given: Option<&pb::Death>, now: Timestamp) -> Result<Death, BadField> {
    let given = required("death", given)?;
    let at = occurred("death.died", required("death.died", given.died.as_ref())?)?;
    if at.at > now {
        return Err(BadField::new("death.died", "is in the future; tell what has happened"));
    }
    Ok(Death { at, source: death_source::parse("death.source", given.source)? })
}

/// A death as its readers see it.
pub fn death_out(death: &Death) -> pb::Death {
    pb::Death { died: Some(to_occurred(&death.at)), source: death_source::number(death.source) }
}

/// Why a person is not to be found, as a request says.
pub fn restriction_reason(number: i32) -> Result<RestrictionReason, BadField> {
    reason::parse("reason", number)
}

/// The same, as its readers see it.
pub fn restriction_reason_out(given: RestrictionReason) -> i32 {
    reason::number(given)
}

/// An event of a mark.
pub(super) fn encode(event: &Event, person_id: String) -> Payload {
    let in_voice = |own_words: bool, payload| {
        let voice = Some(if own_words { Voice::Person } else { Voice::Staff });
        Payload { voice, ..payload }
    };
    #[allow(clippy::wildcard_enum_match_arm, reason = "the other events are the record's own")]
    match event {
        Event::Died(death, _) => {
            let message = pb::PersonDied { person_id, death: Some(death_out(death)) };
            Payload {
                occurred: Some(death.at.clone()),
                ..Payload::new(pb::PersonDied::full_name(), &wrap(Kind::PersonDied(message)))
            }
        }
        Event::Restricted(restriction, _) => {
            let message = pb::PersonRestricted { person_id, reason: reason::number(restriction.reason) };
            let kind = pb::PersonRestricted::full_name();
            in_voice(restriction.own_words, Payload::new(kind, &wrap(Kind::PersonRestricted(message))))
        }
        Event::RestrictionLifted { own_words } => {
            let message = Kind::PersonRestrictionLifted(pb::PersonRestrictionLifted { person_id });
            let kind = pb::PersonRestrictionLifted::full_name();
            in_voice(*own_words, Payload::new(kind, &wrap(message)))
        }
        Event::RestrictionInError(_) => {
            let message = pb::PersonRestrictionEnteredInError { person_id };
            let kind = pb::PersonRestrictionEnteredInError::full_name();
            Payload::new(kind, &wrap(Kind::PersonRestrictionEnteredInError(message)))
        }
        _ => {
            let message = Kind::PersonDeathEnteredInError(pb::PersonDeathEnteredInError { person_id });
            Payload::new(pb::PersonDeathEnteredInError::full_name(), &wrap(message))
        }
    }
}

/// The same, stored.
pub(super) fn decode(stored: &proto::log::Event, kind: Kind) -> Result<Event, Unreadable> {
    let unknown = |what: &'static str| Unreadable::new(stored, what);
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other kinds are the record's own, or of other streams"
    )]
    Ok(match kind {
        Kind::PersonDied(message) => {
            let death = message.death.ok_or_else(|| unknown("it has no death"))?;
            let at =
                death.died.as_ref().and_then(from_occurred).ok_or_else(|| unknown("its time is damaged"))?;
            let source =
                death_source::stored(death.source).ok_or_else(|| unknown("its source is not known"))?;
            Event::Died(Death { at, source }, stored_agency(stored)?)
        }
        Kind::PersonDeathEnteredInError(_) => Event::DeathInError(stored_agency(stored)?),
        Kind::PersonRestricted(message) => {
            let reason = reason::stored(message.reason).ok_or_else(|| unknown("its reason is not known"))?;
            let restriction = Restriction { reason, own_words: in_persons_voice(stored) };
            Event::Restricted(restriction, stored_agency(stored)?)
        }
        Kind::PersonRestrictionLifted(_) => Event::RestrictionLifted { own_words: in_persons_voice(stored) },
        Kind::PersonRestrictionEnteredInError(_) => Event::RestrictionInError(stored_agency(stored)?),
        _ => return Err(not_of::<Person>(stored)),
    })
}
