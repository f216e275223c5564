//! Contacts on the wire.
//! Invariant: a contact has one shape in every service; it is stored as it was told.

use kernel::Timestamp;
use platform::command::Unreadable;
use platform::error::BadField;
use platform::training;
use platform::wire::{self, from_occurred, to_occurred};
use proto::types;

use super::codes::setting;
use super::stored::Stored;
use super::{ids, recent};
use crate::domain::{Contact, ContactId};

/// Longest contact or interview, in minutes.
pub(super) const DAY_MINUTES: u32 = 24 * 60;

/// A contact that a request tells of.
pub(super) fn parse(
    id: ContactId,
    now: Timestamp,
    given: Option<&types::Contact>,
) -> Result<Contact, BadField> {
    let given = wire::required("contact", given)?;
    inside(id, now, given).map_err(|bad| bad.within("contact"))
}

fn inside(id: ContactId, now: Timestamp, given: &types::Contact) -> Result<Contact, BadField> {
    let occurred = wire::occurred("occurred", wire::required("occurred", given.occurred.as_ref())?)?;
    if given.minutes > DAY_MINUTES {
        return Err(BadField::new("minutes", "is more than a day; send at most 1440, or 0 where unknown"));
    }
    Ok(Contact {
        id,
        occurred: recent("occurred", occurred, now)?,
        minutes: given.minutes,
        setting: setting::parse("setting", given.setting)?,
        reached: given.reached,
        purpose: wire::code("purpose", &given.purpose)?,
        workers: ids("worker_ids", &given.worker_ids, 20)?,
        approach: training::approach(&given.skills, given.stance)?,
    })
}

/// A contact as events hold it.
pub(super) fn out(contact: &Contact) -> types::Contact {
    let (skills, stance) = training::written(contact.approach.as_ref());
    types::Contact {
        occurred: Some(to_occurred(&contact.occurred)),
        minutes: contact.minutes,
        setting: setting::number(contact.setting),
        reached: contact.reached,
        purpose: contact.purpose.clone(),
        worker_ids: contact.workers.iter().map(ToString::to_string).collect(),
        skills,
        stance,
    }
}

/// A contact from a stored event.
pub(super) fn stored(
    stored: Stored<'_>,
    id: &str,
    contact: Option<types::Contact>,
) -> Result<Contact, Unreadable> {
    let contact = stored.part(contact)?;
    Ok(Contact {
        id: stored.id(id)?,
        occurred: stored.part(contact.occurred.as_ref().and_then(from_occurred))?,
        minutes: contact.minutes,
        setting: stored.code(setting::stored(contact.setting))?,
        reached: contact.reached,
        purpose: contact.purpose,
        workers: stored.ids(&contact.worker_ids)?,
        approach: training::stored(contact.skills, contact.stance),
    })
}
