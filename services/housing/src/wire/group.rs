//! Unit groups and their capacities on the wire.
//! Invariant: a group's content is stored as it was said, whole.

use kernel::{AgencyId, Caller, UnitGroupId, Zone};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::wire::{self, to_date};
use prost::Name;
use proto::housing as pb;
use proto::housing::housing_event::Kind;
use tonic::Status;

use super::codes::{bed_type, capacity_availability, household_type, optional, project_type, unit_kind};
use super::{identifiers, identifiers_out, kind_of, not_of, payload, stored};
use crate::domain::CapacityId;
use crate::domain::days::Days;
use crate::domain::group::{Capacity, Command, Content, Event, State, UnitGroup};

/// What the group is to say.
pub fn publish(
    id: UnitGroupId,
    agency: AgencyId,
    request: &pb::PublishUnitGroupRequest,
) -> Result<Command, BadField> {
    Ok(Command::Publish { id, agency, content: content(request.content.as_ref())? })
}

/// What another system says of the group.
pub fn record(
    id: UnitGroupId,
    agency: AgencyId,
    request: &pb::RecordUnitGroupRequest,
) -> Result<Command, BadField> {
    Ok(Command::Record { id, agency, content: content(request.content.as_ref())? })
}

/// A capacity to be set.
pub fn set_capacity(
    id: CapacityId,
    agency: AgencyId,
    request: &pb::SetCapacityRequest,
) -> Result<(UnitGroupId, Command), BadField> {
    let capacity = capacity(request.content.as_ref())?;
    let group = wire::id("unit_group_id", &request.unit_group_id)?;
    Ok((group, Command::SetCapacity { agency, id, capacity }))
}

/// A capacity that another system tells.
pub fn record_capacity(
    id: CapacityId,
    agency: AgencyId,
    request: &pb::RecordCapacityRequest,
) -> Result<(UnitGroupId, Command), BadField> {
    let capacity = capacity(request.content.as_ref())?;
    let group = wire::id("unit_group_id", &request.unit_group_id)?;
    Ok((group, Command::RecordCapacity { agency, id, capacity }))
}

/// A group as its readers see it; identifiers are its own agency's alone to see.
pub fn group(version: u64, state: &State, reader: &Caller, open_placements: u32) -> Option<pb::UnitGroup> {
    let group = state.made()?;
    let mut content = content_out(&group.content);
    if reader.speaks_for() != Some(group.agency) {
        content.identifiers.clear();
    }
    let each = |(id, capacity): (&CapacityId, &Capacity)| pb::Capacity {
        id: id.to_string(),
        content: Some(capacity_out(capacity)),
    };
    Some(pb::UnitGroup {
        id: group.id.to_string(),
        etag: version.to_string(),
        agency_id: group.agency.to_string(),
        content: Some(content),
        capacities: group.capacities.iter().map(each).collect(),
        closed: group.closed,
        open_placements,
    })
}

fn content(given: Option<&pb::UnitGroupContent>) -> Result<Content, BadField> {
    content_in(wire::required("content", given)?).map_err(|bad| bad.within("content"))
}

fn content_in(given: &pb::UnitGroupContent) -> Result<Content, BadField> {
    let operates_from = wire::optional_day("operates_from", given.operates_from.as_ref())?;
    let operates_until = wire::optional_day("operates_until", given.operates_until.as_ref())?;
    if operates_from.zip(operates_until).is_some_and(|(from, until)| until < from) {
        return Err(BadField::new("operates_until", "is before `operates_from`; send a later day"));
    }
    let turnaround_days = u8::try_from(given.turnaround_days).ok().filter(|days| *days <= 90);
    Ok(Content {
        name: wire::text("name", &given.name, 200)?,
        project: project_type::parse("project_type", given.project_type)?,
        kind: optional("kind", given.kind, unit_kind::parse)?,
        zone: wire::zone("zone", &given.zone)?,
        turnaround_days: turnaround_days
            .ok_or_else(|| BadField::new("turnaround_days", "is more than 90; send 0 to 90"))?,
        operates_from,
        operates_until,
        identifiers: identifiers(&given.identifiers)?,
    })
}

fn content_out(content: &Content) -> pb::UnitGroupContent {
    pb::UnitGroupContent {
        name: content.name.clone(),
        project_type: project_type::number(content.project),
        kind: content.kind.map(unit_kind::number).unwrap_or_default(),
        zone: content.zone.name().to_owned(),
        turnaround_days: content.turnaround_days.into(),
        operates_from: content.operates_from.map(to_date),
        operates_until: content.operates_until.map(to_date),
        identifiers: identifiers_out(&content.identifiers),
    }
}

fn capacity(given: Option<&pb::CapacityContent>) -> Result<Capacity, BadField> {
    capacity_in(wire::required("content", given)?).map_err(|bad| bad.within("content"))
}

fn capacity_in(given: &pb::CapacityContent) -> Result<Capacity, BadField> {
    let from = wire::day("from", wire::required("from", given.from.as_ref())?)?;
    let until = wire::optional_day("until", given.until.as_ref())?;
    Ok(Capacity {
        household: household_type::parse("household_type", given.household_type)?,
        beds: given.beds,
        units: given.units,
        days: Days::new(from, until)
            .ok_or_else(|| BadField::new("until", "is before `from`; send a later day"))?,
        availability: optional("availability", given.availability, capacity_availability::parse)?,
        bed_type: optional("bed_type", given.bed_type, bed_type::parse)?,
    })
}

fn capacity_out(capacity: &Capacity) -> pb::CapacityContent {
    pb::CapacityContent {
        household_type: household_type::number(capacity.household),
        beds: capacity.beds,
        units: capacity.units,
        from: Some(to_date(capacity.days.from())),
        until: capacity.days.until().map(to_date),
        availability: capacity.availability.map(capacity_availability::number).unwrap_or_default(),
        bed_type: capacity.bed_type.map(bed_type::number).unwrap_or_default(),
    }
}

impl Encoding for UnitGroup {
    fn person(_: &State) -> Option<kernel::PersonId> {
        None
    }

    fn encode(event: &Event, after: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        let unit_group_id = after.made().map(|group| group.id.to_string()).unwrap_or_default();
        Ok(match event {
            Event::Published { id, agency, content } => payload(
                pb::UnitGroupPublished::full_name(),
                Kind::UnitGroupPublished(pb::UnitGroupPublished {
                    unit_group_id: id.to_string(),
                    agency_id: agency.to_string(),
                    content: Some(content_out(content)),
                }),
            ),
            Event::Recorded { id, agency, content, correction } => payload(
                pb::UnitGroupRecorded::full_name(),
                Kind::UnitGroupRecorded(pb::UnitGroupRecorded {
                    unit_group_id: id.to_string(),
                    agency_id: agency.to_string(),
                    content: Some(content_out(content)),
                    correction: *correction,
                }),
            ),
            Event::CapacitySet { id, capacity } => {
                let content = Some(capacity_out(capacity));
                let message = pb::CapacitySet { unit_group_id, capacity_id: id.to_string(), content };
                payload(pb::CapacitySet::full_name(), Kind::CapacitySet(message))
            }
            Event::CapacityRecorded { id, capacity, correction } => {
                let message = pb::CapacityRecorded {
                    unit_group_id,
                    capacity_id: id.to_string(),
                    content: Some(capacity_out(capacity)),
                    correction: *correction,
                };
                payload(pb::CapacityRecorded::full_name(), Kind::CapacityRecorded(message))
            }
            Event::CapacityEnteredInError { id } => {
                let message = pb::CapacityEnteredInError { unit_group_id, capacity_id: id.to_string() };
                payload(pb::CapacityEnteredInError::full_name(), Kind::CapacityEnteredInError(message))
            }
            Event::Closed => {
                let message = pb::UnitGroupClosed { unit_group_id };
                payload(pb::UnitGroupClosed::full_name(), Kind::UnitGroupClosed(message))
            }
            Event::EnteredInError { id } => {
                let message = pb::UnitGroupEnteredInError { unit_group_id: id.to_string() };
                payload(pb::UnitGroupEnteredInError::full_name(), Kind::UnitGroupEnteredInError(message))
            }
        })
    }

    fn decode(event: &proto::log::Event) -> Result<Event, Unreadable> {
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(event)? {
            Kind::UnitGroupPublished(message) => Event::Published {
                id: stored::id(event, &message.unit_group_id)?,
                agency: stored::id(event, &message.agency_id)?,
                content: stored_content(event, message.content)?,
            },
            Kind::UnitGroupRecorded(message) => Event::Recorded {
                id: stored::id(event, &message.unit_group_id)?,
                agency: stored::id(event, &message.agency_id)?,
                content: stored_content(event, message.content)?,
                correction: message.correction,
            },
            Kind::CapacitySet(message) => Event::CapacitySet {
                id: stored::id(event, &message.capacity_id)?,
                capacity: stored_capacity(event, message.content)?,
            },
            Kind::CapacityRecorded(message) => Event::CapacityRecorded {
                id: stored::id(event, &message.capacity_id)?,
                capacity: stored_capacity(event, message.content)?,
                correction: message.correction,
            },
            Kind::CapacityEnteredInError(message) => {
                Event::CapacityEnteredInError { id: stored::id(event, &message.capacity_id)? }
            }
            Kind::UnitGroupClosed(_) => Event::Closed,
            Kind::UnitGroupEnteredInError(message) => {
                Event::EnteredInError { id: stored::id(event, &message.unit_group_id)? }
            }
            _ => return Err(not_of::<UnitGroup>(event)),
        })
    }
}

fn stored_content(
    event: &proto::log::Event,
    content: Option<pb::UnitGroupContent>,
) -> Result<Content, Unreadable> {
    let content = content.ok_or_else(|| Unreadable::new(event, "it has no content"))?;
    Ok(Content {
        name: content.name,
        project: stored::code(event, project_type::stored(content.project_type))?,
        kind: unit_kind::stored(content.kind),
        zone: Zone::stored(content.zone),
        turnaround_days: u8::try_from(content.turnaround_days).unwrap_or(u8::MAX),
        operates_from: stored::optional_day(event, content.operates_from.as_ref())?,
        operates_until: stored::optional_day(event, content.operates_until.as_ref())?,
        identifiers: content.identifiers.into_iter().map(|i| (i.system, i.value)).collect(),
    })
}

fn stored_capacity(
    event: &proto::log::Event,
    capacity: Option<pb::CapacityContent>,
) -> Result<Capacity, Unreadable> {
    let capacity = capacity.ok_or_else(|| Unreadable::new(event, "it has no content"))?;
    Ok(Capacity {
        household: stored::code(event, household_type::stored(capacity.household_type))?,
        beds: capacity.beds,
        units: capacity.units,
        days: stored::days(event, capacity.from.as_ref(), capacity.until.as_ref())?,
        availability: capacity_availability::stored(capacity.availability),
        bed_type: bed_type::stored(capacity.bed_type),
    })
}
