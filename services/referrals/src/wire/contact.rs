//! Contacts on the wire, of referrals and participations alike.
//! Invariant: a contact has one shape in every service; it is stored as it was told.

use kernel::WorkerId;
use platform::command::Unreadable;
use platform::error::BadField;
use platform::training;
use platform::wire::{self, from_occurred, to_occurred};
use proto::types;
use uuid::Uuid;

use super::stored_id;
use crate::domain::contact::Contact;

/// The contact that a request names.
pub(super) fn contact_in(id: Uuid, given: Option<&types::Contact>) -> Result<Contact, BadField> {
    let given = wire::required("contact", given)?;
    let inside = |bad: BadField| bad.within("contact");
    let when =
        wire::required("occurred", given.occurred.as_ref()).and_then(|at| wire::occurred("occurred", at));
    let worker = |(i, text): (usize, &String)| wire::id(&format!("worker_ids[{i}]"), text);
    Ok(Contact {
        id,
        occurred: when.map_err(inside)?,
        minutes: given.minutes,
        setting: given.setting,
        reached: given.reached,
        purpose: wire::code("purpose", &given.purpose).map_err(inside)?,
        workers: given.worker_ids.iter().enumerate().map(worker).collect::<Result<_, _>>().map_err(inside)?,
        approach: training::approach(&given.skills, given.stance).map_err(inside)?,
    })
}

/// A contact as events and replies have it.
pub(super) fn contact_out(contact: &Contact) -> types::Contact {
    let (skills, stance) = training::written(contact.approach.as_ref());
    types::Contact {
        occurred: Some(to_occurred(&contact.occurred)),
        minutes: contact.minutes,
        setting: contact.setting,
        reached: contact.reached,
        purpose: contact.purpose.clone(),
        worker_ids: contact.workers.iter().map(ToString::to_string).collect(),
        skills,
        stance,
    }
}

/// The contact in a stored event.
pub(super) fn stored_contact(
    stored: &proto::log::Event,
    id: &str,
    contact: Option<types::Contact>,
) -> Result<Contact, Unreadable> {
    let bad = |why| move || Unreadable::new(stored, why);
    let contact = contact.ok_or_else(bad("it has no contact"))?;
    let workers = contact.worker_ids.iter().map(|text| stored_id(stored, text));
    Ok(Contact {
        id: Uuid::try_parse(id).map_err(|_| bad("its contact id is damaged")())?,
        occurred: contact.occurred.as_ref().and_then(from_occurred).ok_or_else(bad("it has no time"))?,
        minutes: contact.minutes,
        setting: contact.setting,
        reached: contact.reached,
        workers: workers.collect::<Result<Vec<WorkerId>, _>>()?,
        purpose: contact.purpose,
        approach: training::stored(contact.skills, contact.stance),
    })
}
