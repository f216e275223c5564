//! The diary's events as bytes and back. It has no requests of its own.
//! Invariant: an event about an occupant concerns that person; one about the unit alone concerns nobody.

use kernel::{Occurred, PersonId, Zone};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::wire::to_date;
use prost::Name;
use proto::housing as pb;
use proto::housing::housing_event::Kind;
use tonic::Status;

use super::codes::out_of_service_reason;
use super::{kind_of, not_of, payload, stored};
use crate::domain::diary::{Diary, Event, Occupant, State};
use crate::domain::unit::Belongs;

impl Encoding for Diary {
    fn person(after: &State) -> Option<PersonId> {
        after.book().and_then(|book| book.last_about)
    }

    fn encode(event: &Event, after: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        let zone = after.book().map_or_else(Zone::utc, |book| book.zone.clone());
        let (mut payload, on) = match event {
            Event::Opened { belongs, zone } => {
                let message = pb::UnitDiaryOpened {
                    unit_id: belongs.id.to_string(),
                    unit_group_id: belongs.group.to_string(),
                    agency_id: belongs.agency.to_string(),
                    zone: zone.name().to_owned(),
                };
                (payload(pb::UnitDiaryOpened::full_name(), Kind::UnitDiaryOpened(message)), None)
            }
            Event::Closed { unit } => {
                let message = pb::UnitDiaryClosed { unit_id: unit.to_string() };
                (payload(pb::UnitDiaryClosed::full_name(), Kind::UnitDiaryClosed(message)), None)
            }
            Event::Held { unit, occupant, from } => {
                let message = pb::UnitHeld {
                    unit_id: unit.to_string(),
                    placement_id: occupant.placement.to_string(),
                    person_id: occupant.person.to_string(),
                    household_id: occupant.household.to_string(),
                    from: Some(to_date(*from)),
                };
                (payload(pb::UnitHeld::full_name(), Kind::UnitHeld(message)), None)
            }
            Event::Occupied { unit, occupant, days } => {
                let message = pb::UnitOccupied {
                    unit_id: unit.to_string(),
                    placement_id: occupant.placement.to_string(),
                    person_id: occupant.person.to_string(),
                    household_id: occupant.household.to_string(),
                    from: Some(to_date(days.from())),
                    until: days.until().map(to_date),
                };
                (payload(pb::UnitOccupied::full_name(), Kind::UnitOccupied(message)), Some(days.from()))
            }
            Event::Freed { unit, occupant, until } => {
                let message = pb::UnitFreed {
                    unit_id: unit.to_string(),
                    placement_id: occupant.placement.to_string(),
                    person_id: occupant.person.to_string(),
                    household_id: occupant.household.to_string(),
                    until: Some(to_date(*until)),
                };
                (payload(pb::UnitFreed::full_name(), Kind::UnitFreed(message)), Some(*until))
            }
            Event::Released { unit, occupant } => {
                let message = pb::UnitReleased {
                    unit_id: unit.to_string(),
                    placement_id: occupant.placement.to_string(),
                    person_id: occupant.person.to_string(),
                    household_id: occupant.household.to_string(),
                };
                (payload(pb::UnitReleased::full_name(), Kind::UnitReleased(message)), None)
            }
            Event::TakenOut { unit, days, reason } => {
                let message = pb::UnitTakenOutOfService {
                    unit_id: unit.to_string(),
                    from: Some(to_date(days.from())),
                    until: days.until().map(to_date),
                    reason: out_of_service_reason::number(*reason),
                };
                let kind = pb::UnitTakenOutOfService::full_name();
                (payload(kind, Kind::UnitTakenOutOfService(message)), Some(days.from()))
            }
            Event::PutBack { unit, from } => {
                let message =
                    pb::UnitReturnedToService { unit_id: unit.to_string(), from: Some(to_date(*from)) };
                let kind = pb::UnitReturnedToService::full_name();
                (payload(kind, Kind::UnitReturnedToService(message)), Some(*from))
            }
        };
        payload.occurred = on.map(|on| Occurred::day(on, zone));
        Ok(payload)
    }

    fn decode(event: &proto::log::Event) -> Result<Event, Unreadable> {
        let occupant = |placement: &str, person: &str, household: &str| -> Result<Occupant, Unreadable> {
            Ok(Occupant {
                placement: stored::id(event, placement)?,
                person: stored::id(event, person)?,
                household: stored::id(event, household)?,
            })
        };
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(event)? {
            Kind::UnitDiaryOpened(message) => Event::Opened {
                belongs: Belongs {
                    id: stored::id(event, &message.unit_id)?,
                    group: stored::id(event, &message.unit_group_id)?,
                    agency: stored::id(event, &message.agency_id)?,
                },
                zone: Zone::stored(message.zone),
            },
            Kind::UnitDiaryClosed(message) => Event::Closed { unit: stored::id(event, &message.unit_id)? },
            Kind::UnitHeld(message) => Event::Held {
                unit: stored::id(event, &message.unit_id)?,
                occupant: occupant(&message.placement_id, &message.person_id, &message.household_id)?,
                from: stored::day(event, message.from.as_ref())?,
            },
            Kind::UnitOccupied(message) => Event::Occupied {
                unit: stored::id(event, &message.unit_id)?,
                occupant: occupant(&message.placement_id, &message.person_id, &message.household_id)?,
                days: stored::days(event, message.from.as_ref(), message.until.as_ref())?,
            },
            Kind::UnitFreed(message) => Event::Freed {
                unit: stored::id(event, &message.unit_id)?,
                occupant: occupant(&message.placement_id, &message.person_id, &message.household_id)?,
                until: stored::day(event, message.until.as_ref())?,
            },
            Kind::UnitReleased(message) => Event::Released {
                unit: stored::id(event, &message.unit_id)?,
                occupant: occupant(&message.placement_id, &message.person_id, &message.household_id)?,
            },
            Kind::UnitTakenOutOfService(message) => Event::TakenOut {
                unit: stored::id(event, &message.unit_id)?,
                days: stored::days(event, message.from.as_ref(), message.until.as_ref())?,
                reason: stored::code(event, out_of_service_reason::stored(message.reason))?,
            },
            Kind::UnitReturnedToService(message) => Event::PutBack {
                unit: stored::id(event, &message.unit_id)?,
                from: stored::day(event, message.from.as_ref())?,
            },
            _ => return Err(not_of::<Diary>(event)),
        })
    }
}
