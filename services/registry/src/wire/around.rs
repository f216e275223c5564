//! Who and what is around a person, on the wire.
//! Invariant: whose words the warning signs are needs no telling: they are the person's.

use kernel::ids::Uuid;
use kernel::{Day, Private, Voice};
use platform::command::{Ink, Payload, Unreadable, from_private};
use platform::error::BadField;
use platform::wire::{self, from_date, to_date};
use prost::Name;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use tonic::Status;

use super::codes::relationship;
use super::contact::{contact_point, contact_point_out, contact_point_sealed, contact_point_stored};
use super::representative::{representative_sealed, representative_stored};
use super::{Opener, id_text, not_of, stored_agency, wrap};
use crate::domain::person::{Change, CrisisContact, Membership, Person};

/// Longest name, in characters.
const SHORT: usize = 200;
/// Longest warning signs, in characters.
const LONG: usize = 2_000;

/// The person's own warning signs, as a request has them.
pub fn warning_signs(text: &str) -> Result<Private, BadField> {
    wire::private("text", text, LONG)
}

/// Whom to call in a crisis, as a request has it.
pub fn crisis_contact(given: Option<&pb::CrisisContact>) -> Result<CrisisContact, BadField> {
    let given = wire::required("contact", given)?;
    let relationship = wire::optional_text("contact.relationship", &given.relationship, SHORT)?;
    let reached = wire::required("contact.reached", given.reached.as_ref())?;
    Ok(CrisisContact {
        name: wire::private("contact.name", &given.name, SHORT)?,
        relationship: relationship.map(Private::Plain),
        reached: contact_point("contact.reached", reached)?,
    })
}

/// The same, opened; none where a text is damaged.
pub fn crisis_contact_out(opener: &Opener, contact: &CrisisContact) -> Option<pb::CrisisContact> {
    Some(pb::CrisisContact {
        name: opener.text(&contact.name)?,
        relationship: opener.some(contact.relationship.as_ref())?,
        reached: Some(contact_point_out(opener, &contact.reached)?),
    })
}

/// A household, as a request has it; a new one gets this id.
pub fn membership(given: Option<&pb::HouseholdMembership>, new: Uuid) -> Result<Membership, BadField> {
    let given = wire::required("membership", given)?;
    let from = wire::optional_day("membership.from", given.from.as_ref())?;
    let from = from.ok_or_else(|| BadField::new("membership.from", "is missing; send the first day"))?;
    let until = wire::optional_day("membership.until", given.until.as_ref())?;
    if until.is_some_and(|until| until < from) {
        return Err(BadField::new("membership.until", "is before from"));
    }
    Ok(Membership {
        household: if given.household_id.is_empty() { new } else { household(&given.household_id)? },
        relationship: relationship::parse("membership.relationship", given.relationship)?,
        from,
        until,
    })
}

/// The id of a household, as a request has it.
pub fn household(text: &str) -> Result<Uuid, BadField> {
    Uuid::try_parse(text).map_err(|_| BadField::new("household_id", "is not a UUID"))
}

/// The last day of it, as a request has it.
pub fn left_on(given: Option<&proto::Date>) -> Result<Day, BadField> {
    let until = wire::optional_day("until", given)?;
    until.ok_or_else(|| {
        BadField::new("until", "is missing; send the first day on which they do not belong to it")
    })
}

/// A household as its readers see it.
pub fn membership_out(membership: &Membership) -> pb::HouseholdMembership {
    pb::HouseholdMembership {
        household_id: membership.household.to_string(),
        relationship: relationship::number(membership.relationship),
        from: Some(to_date(membership.from)),
        until: membership.until.map(to_date),
    }
}

/// A change, as an event.
pub(super) fn encode(change: &Change, person_id: String, ink: &Ink<'_>) -> Result<Payload, Status> {
    let own = |payload: Payload| Payload { voice: Some(Voice::Person), ..payload };
    Ok(match change {
        Change::ContactSet(id, point, _) => {
            let contact_point = Some(contact_point_sealed("contact", point, ink)?);
            let message = pb::ContactPointSet { person_id, contact_point_id: id.to_string(), contact_point };
            Payload::new(pb::ContactPointSet::full_name(), &wrap(Kind::ContactPointSet(message)))
        }
        Change::ContactRemoved(id) => {
            let message = pb::ContactPointRemoved { person_id, contact_point_id: id.to_string() };
            Payload::new(pb::ContactPointRemoved::full_name(), &wrap(Kind::ContactPointRemoved(message)))
        }
        Change::CrisisContactSet(contact, _) => {
            let contact = pb::SealedCrisisContact {
                name: Some(ink.seal("crisis.name", &contact.name)?),
                relationship: ink.seal_some("crisis.relationship", contact.relationship.as_ref())?,
                reached: Some(contact_point_sealed("crisis", &contact.reached, ink)?),
            };
            let message = pb::CrisisContactSet { person_id, contact: Some(contact) };
            Payload::new(pb::CrisisContactSet::full_name(), &wrap(Kind::CrisisContactSet(message)))
        }
        Change::CrisisContactRemoved(_) => {
            let message = Kind::CrisisContactRemoved(pb::CrisisContactRemoved { person_id });
            Payload::new(pb::CrisisContactRemoved::full_name(), &wrap(message))
        }
        Change::WarningSignsSet(text, _) => {
            let message = pb::WarningSignsSet { person_id, text: Some(ink.seal("warning_signs", text)?) };
            own(Payload::new(pb::WarningSignsSet::full_name(), &wrap(Kind::WarningSignsSet(message))))
        }
        Change::WarningSignsRemoved(_) => {
            let message = Kind::WarningSignsRemoved(pb::WarningSignsRemoved { person_id });
            own(Payload::new(pb::WarningSignsRemoved::full_name(), &wrap(message)))
        }
        Change::HouseholdJoined(membership, _) => {
            let message = pb::HouseholdJoined { person_id, membership: Some(membership_out(membership)) };
            Payload::new(pb::HouseholdJoined::full_name(), &wrap(Kind::HouseholdJoined(message)))
        }
        Change::HouseholdLeft(household, until, _) => {
            let (household_id, until) = (household.to_string(), Some(to_date(*until)));
            let message = pb::HouseholdLeft { person_id, household_id, until };
            Payload::new(pb::HouseholdLeft::full_name(), &wrap(Kind::HouseholdLeft(message)))
        }
        Change::RepresentativeAdded(id, representative, _) => {
            let representative = Some(representative_sealed(representative, ink)?);
            let representative_id = id.to_string();
            let message = pb::RepresentativeAdded { person_id, representative_id, representative };
            Payload::new(pb::RepresentativeAdded::full_name(), &wrap(Kind::RepresentativeAdded(message)))
        }
        Change::RepresentativeEnded(id, until) => {
            let (representative_id, until) = (id.to_string(), Some(to_date(*until)));
            let message = pb::RepresentativeEnded { person_id, representative_id, until };
            Payload::new(pb::RepresentativeEnded::full_name(), &wrap(Kind::RepresentativeEnded(message)))
        }
        Change::HouseholdInError(household, replaced_by, _) => {
            let (household_id, replaced_by_id) = (household.to_string(), id_text(*replaced_by));
            let message = pb::HouseholdMembershipEnteredInError { person_id, household_id, replaced_by_id };
            let kind = pb::HouseholdMembershipEnteredInError::full_name();
            Payload::new(kind, &wrap(Kind::HouseholdMembershipEnteredInError(message)))
        }
        Change::RepresentativeInError(id, replaced_by) => {
            let (representative_id, replaced_by_id) = (id.to_string(), id_text(*replaced_by));
            let message = pb::RepresentativeEnteredInError { person_id, representative_id, replaced_by_id };
            let kind = pb::RepresentativeEnteredInError::full_name();
            Payload::new(kind, &wrap(Kind::RepresentativeEnteredInError(message)))
        }
    })
}

/// The same, stored.
pub(super) fn decode(stored: &proto::log::Event, kind: Kind) -> Result<Change, Unreadable> {
    let bad = || Unreadable::new(stored, "it lacks something");
    let id =
        |text: &str| Uuid::try_parse(text).map_err(|_| Unreadable::new(stored, "an id in it is damaged"));
    let other = |text: &str| if text.is_empty() { Ok(None) } else { id(text).map(Some) };
    let by = stored_agency(stored)?;
    #[allow(
        clippy::wildcard_enum_match_arm,
        reason = "the other kinds are the record's own, or of other streams"
    )]
    Ok(match kind {
        Kind::ContactPointSet(message) => {
            let point = message.contact_point.as_ref().and_then(contact_point_stored).ok_or_else(bad)?;
            Change::ContactSet(id(&message.contact_point_id)?, point, by)
        }
        Kind::ContactPointRemoved(message) => Change::ContactRemoved(id(&message.contact_point_id)?),
        Kind::CrisisContactSet(message) => {
            let contact = message.contact.ok_or_else(bad)?;
            let contact = CrisisContact {
                name: from_private(contact.name.as_ref()).ok_or_else(bad)?,
                relationship: from_private(contact.relationship.as_ref()),
                reached: contact.reached.as_ref().and_then(contact_point_stored).ok_or_else(bad)?,
            };
            Change::CrisisContactSet(contact, by)
        }
        Kind::CrisisContactRemoved(_) => Change::CrisisContactRemoved(by),
        Kind::WarningSignsSet(message) => {
            Change::WarningSignsSet(from_private(message.text.as_ref()).ok_or_else(bad)?, by)
        }
        Kind::WarningSignsRemoved(_) => Change::WarningSignsRemoved(by),
        Kind::HouseholdJoined(message) => {
            let told = message.membership.ok_or_else(bad)?;
            let membership = Membership {
                household: id(&told.household_id)?,
                relationship: relationship::stored(told.relationship).ok_or_else(bad)?,
                from: told.from.as_ref().and_then(from_date).ok_or_else(bad)?,
                until: told.until.as_ref().and_then(from_date),
            };
            Change::HouseholdJoined(membership, by)
        }
        Kind::HouseholdLeft(message) => {
            let until = message.until.as_ref().and_then(from_date).ok_or_else(bad)?;
            Change::HouseholdLeft(id(&message.household_id)?, until, by)
        }
        Kind::RepresentativeAdded(message) => {
            let told = message.representative.as_ref().and_then(representative_stored).ok_or_else(bad)?;
            Change::RepresentativeAdded(id(&message.representative_id)?, told, by.ok_or_else(bad)?)
        }
        Kind::RepresentativeEnded(message) => {
            let until = message.until.as_ref().and_then(from_date).ok_or_else(bad)?;
            Change::RepresentativeEnded(id(&message.representative_id)?, until)
        }
        Kind::HouseholdMembershipEnteredInError(message) => {
            Change::HouseholdInError(id(&message.household_id)?, other(&message.replaced_by_id)?, by)
        }
        Kind::RepresentativeEnteredInError(message) => {
            Change::RepresentativeInError(id(&message.representative_id)?, other(&message.replaced_by_id)?)
        }
        _ => return Err(not_of::<Person>(stored)),
    })
}
