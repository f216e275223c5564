//! Units on the wire.
//! Invariant: how a unit stands on a day is derived from its diary, never stored.

use kernel::{AgencyId, Timestamp, UnitGroupId};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::wire::{self, to_date};
use prost::Name;
use proto::housing as pb;
use proto::housing::housing_event::Kind;
use tonic::Status;

use super::codes::{availability, out_of_service_reason};
use super::{identifiers, identifiers_out, kind_of, not_of, payload, stored};
use crate::domain::availability::Standing;
use crate::domain::codes::OutOfServiceReason;
use crate::domain::unit::{Belongs, Content, Event, State, Unit};
use crate::domain::{UnitId, diary, group};

/// The unit to publish, where it belongs, and what it is to say.
pub fn publish(
    id: UnitId,
    agency: AgencyId,
    request: &pb::PublishUnitRequest,
) -> Result<(Belongs, Content), BadField> {
    let group: UnitGroupId = wire::id("unit_group_id", &request.unit_group_id)?;
    let given = wire::required("content", request.content.as_ref())?;
    let inside = |bad: BadField| bad.within("content");
    let content = Content {
        name: wire::text("name", &given.name, 100).map_err(inside)?,
        sleeps: given.sleeps,
        step_free: given.step_free,
        accepting: given.accepting,
        identifiers: identifiers(&given.identifiers).map_err(inside)?,
    };
    Ok((Belongs { id, group, agency }, content))
}

/// Why a unit goes out of service.
pub fn reason(field: &str, number: i32) -> Result<OutOfServiceReason, BadField> {
    out_of_service_reason::parse(field, number)
}

/// A unit as its agency sees it on a day; today in the diary's zone where none is named.
pub fn unit(
    (version, state): (u64, &State),
    diary: &diary::State,
    group: &group::State,
    on: Option<kernel::Day>,
    now: Timestamp,
) -> Option<pb::Unit> {
    let (belongs, content, archived) = match state {
        State::Made { belongs, content } => (belongs, content, false),
        State::Archived { belongs, content } => (belongs, content, true),
        State::Unmade | State::InError { .. } => return None,
    };
    let book = diary.book()?;
    let day = on.unwrap_or_else(|| book.zone.day_of(now));
    let standing = Standing {
        archived,
        accepting: content.accepting,
        turnaround_days: group.made().map_or(0, |group| group.content.turnaround_days),
        entries: &book.entries,
        outages: &book.outages,
    };
    let (stands, until) = standing.on(day);
    Some(pb::Unit {
        id: belongs.id.to_string(),
        etag: version.to_string(),
        unit_group_id: belongs.group.to_string(),
        agency_id: belongs.agency.to_string(),
        content: Some(content_out(content)),
        availability: availability::number(stands),
        placement_ids: standing.having(day).map(|entry| entry.occupant.placement.to_string()).collect(),
        until: until.map(to_date),
    })
}

fn content_out(content: &Content) -> pb::UnitContent {
    pb::UnitContent {
        name: content.name.clone(),
        sleeps: content.sleeps,
        step_free: content.step_free,
        accepting: content.accepting,
        identifiers: identifiers_out(&content.identifiers),
    }
}

impl Encoding for Unit {
    fn person(_: &State) -> Option<kernel::PersonId> {
        None
    }

    fn encode(event: &Event, after: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        let unit_id = after.belongs().map(|belongs| belongs.id.to_string()).unwrap_or_default();
        Ok(match event {
            Event::Published { belongs, content } => {
                let message = pb::UnitPublished {
                    unit_id,
                    unit_group_id: belongs.group.to_string(),
                    agency_id: belongs.agency.to_string(),
                    content: Some(content_out(content)),
                };
                payload(pb::UnitPublished::full_name(), Kind::UnitPublished(message))
            }
            Event::Archived => {
                let message = pb::UnitArchived { unit_id };
                payload(pb::UnitArchived::full_name(), Kind::UnitArchived(message))
            }
            Event::EnteredInError => {
                let message = pb::UnitEnteredInError { unit_id };
                payload(pb::UnitEnteredInError::full_name(), Kind::UnitEnteredInError(message))
            }
        })
    }

    fn decode(event: &proto::log::Event) -> Result<Event, Unreadable> {
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(event)? {
            Kind::UnitPublished(message) => {
                let content = message.content.ok_or_else(|| Unreadable::new(event, "it has no content"))?;
                Event::Published {
                    belongs: Belongs {
                        id: stored::id(event, &message.unit_id)?,
                        group: stored::id(event, &message.unit_group_id)?,
                        agency: stored::id(event, &message.agency_id)?,
                    },
                    content: Content {
                        name: content.name,
                        sleeps: content.sleeps,
                        step_free: content.step_free,
                        accepting: content.accepting,
                        identifiers: content.identifiers.into_iter().map(|i| (i.system, i.value)).collect(),
                    },
                }
            }
            Kind::UnitArchived(_) => Event::Archived,
            Kind::UnitEnteredInError(_) => Event::EnteredInError,
            _ => return Err(not_of::<Unit>(event)),
        })
    }
}
