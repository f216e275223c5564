//! A placement's events as bytes and back.
//! Invariant: an event of a day says the day in the group's zone; the words of a destination are sealed.

use kernel::{Occurred, PersonId, Zone};
use platform::command::stored::{fact_of, known_until};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::wire::to_date;
use prost::Name;
use proto::housing as pb;
use proto::housing::housing_event::Kind;
use tonic::Status;

use crate::domain::days::Month;
use crate::domain::placement::{Assigned, Event, Facts, Placement, Recorded, State, Told};
use crate::domain::{FactId, PlacementId};
use crate::wire::codes::{
    cancel_reason, project_type, refusal_reason, relationship_number, stored_relationship,
};
use crate::wire::{id_text, kind_of, not_of, payload, place, stored};

/// The field that the words of a destination are sealed as.
const DESTINATION: &str = "destination.other";

impl Encoding for Placement {
    fn person(after: &State) -> Option<PersonId> {
        after.person()
    }

    fn encode(event: &Event, after: &State, ink: &Ink<'_>) -> Result<Payload, Status> {
        let placement_id = after.made().map(|made| made.facts.id.to_string()).unwrap_or_default();
        let (mut payload, occurred) = match event {
            Event::Matched { facts, unit, at } => (
                payload(pb::PlacementMatched::full_name(), Kind::PlacementMatched(matched(facts, *unit))),
                at.clone(),
            ),
            Event::UnitAssigned { unit, previous, zone } => {
                let message = pb::PlacementUnitAssigned {
                    placement_id,
                    unit_id: unit.unit.to_string(),
                    from: Some(to_date(unit.from)),
                    previous_unit_id: id_text(*previous),
                };
                let kind = pb::PlacementUnitAssigned::full_name();
                (payload(kind, Kind::PlacementUnitAssigned(message)), Occurred::day(unit.from, zone.clone()))
            }
            Event::PlanNamed { at, items } => {
                let plan_item_ids = items.iter().map(ToString::to_string).collect();
                let message = pb::PlacementPlanNamed { placement_id, plan_item_ids };
                (payload(pb::PlacementPlanNamed::full_name(), Kind::PlacementPlanNamed(message)), at.clone())
            }
            Event::WorkerAssigned { worker, from, at } => {
                let (worker_id, from_worker_id) = (id_text(*worker), id_text(*from));
                let message = pb::PlacementWorkerAssigned { placement_id, worker_id, from_worker_id };
                let kind = pb::PlacementWorkerAssigned::full_name();
                (payload(kind, Kind::PlacementWorkerAssigned(message)), at.clone())
            }
            Event::Offered { at } => {
                let message = pb::PlacementOffered { placement_id };
                (payload(pb::PlacementOffered::full_name(), Kind::PlacementOffered(message)), at.clone())
            }
            Event::Accepted { at } => {
                let message = pb::PlacementAccepted { placement_id };
                (payload(pb::PlacementAccepted::full_name(), Kind::PlacementAccepted(message)), at.clone())
            }
            Event::Declined { at, referral } => {
                let message = pb::PlacementDeclined { placement_id, referral_id: id_text(*referral) };
                (payload(pb::PlacementDeclined::full_name(), Kind::PlacementDeclined(message)), at.clone())
            }
            Event::Refused { at, reason, referral } => {
                let (reason, referral_id) = (refusal_reason::number(*reason), id_text(*referral));
                let message = pb::PlacementRefused { placement_id, reason, referral_id };
                (payload(pb::PlacementRefused::full_name(), Kind::PlacementRefused(message)), at.clone())
            }
            Event::NotArrived { at, referral } => {
                let message = pb::PlacementNotArrived { placement_id, referral_id: id_text(*referral) };
                (
                    payload(pb::PlacementNotArrived::full_name(), Kind::PlacementNotArrived(message)),
                    at.clone(),
                )
            }
            Event::Cancelled { at, reason, referral } => {
                let (reason, referral_id) = (cancel_reason::number(*reason), id_text(*referral));
                let message = pb::PlacementCancelled { placement_id, reason, referral_id };
                (payload(pb::PlacementCancelled::full_name(), Kind::PlacementCancelled(message)), at.clone())
            }
            Event::Withdrawn { at, referral } => {
                let message = pb::PlacementWithdrawn { placement_id, referral_id: id_text(*referral) };
                (payload(pb::PlacementWithdrawn::full_name(), Kind::PlacementWithdrawn(message)), at.clone())
            }
            Event::Admitted { on, zone, project, unit, referral } => {
                let message = pb::PlacementAdmitted {
                    placement_id,
                    on: Some(to_date(*on)),
                    project_type: project_type::number(*project),
                    unit_id: id_text(*unit),
                    referral_id: id_text(*referral),
                };
                let kind = pb::PlacementAdmitted::full_name();
                (payload(kind, Kind::PlacementAdmitted(message)), Occurred::day(*on, zone.clone()))
            }
            Event::MovedIn { on, zone, project, unit } => {
                let message = pb::PlacementMovedIn {
                    placement_id,
                    on: Some(to_date(*on)),
                    project_type: project_type::number(*project),
                    unit_id: id_text(*unit),
                };
                let kind = pb::PlacementMovedIn::full_name();
                (payload(kind, Kind::PlacementMovedIn(message)), Occurred::day(*on, zone.clone()))
            }
            Event::Exited { on, zone, destination, referral } => {
                let message = pb::PlacementExited {
                    placement_id,
                    on: Some(to_date(*on)),
                    destination: Some(place::seal(DESTINATION, destination, ink)?),
                    referral_id: id_text(*referral),
                };
                let kind = pb::PlacementExited::full_name();
                (payload(kind, Kind::PlacementExited(message)), Occurred::day(*on, zone.clone()))
            }
            Event::Recorded { recorded: kept, correction } => {
                let message = recorded(kept, *correction, ink)?;
                let kind = pb::PlacementRecorded::full_name();
                let mut payload = payload(kind, Kind::PlacementRecorded(message));
                payload.discrepancies = kept.discrepancies.clone();
                let told = &kept.told;
                (payload, Occurred::day(told.entry, told.facts.zone.clone()))
            }
            Event::NightsCounted { month, nights, fact: _, zone, correction, discrepancies } => {
                // Which fact tells them stands in the envelope, as its source.
                let days = nights.iter().map(|night| night.day().unsigned_abs().into()).collect();
                let (year, number) = out(*month);
                let nights_out = pb::MonthNights { year, month: number, days };
                let message =
                    pb::BedNightsCounted { placement_id, nights: Some(nights_out), correction: *correction };
                let mut payload = payload(pb::BedNightsCounted::full_name(), Kind::BedNightsCounted(message));
                payload.discrepancies = discrepancies.clone();
                let first = nights.first().copied().unwrap_or_else(|| month.first());
                (payload, Occurred::day(first, zone.clone()))
            }
            Event::NightsEnteredInError { month, facts, zone } => {
                let (year, number) = out(*month);
                let fact_ids = facts.iter().map(ToString::to_string).collect();
                let message = pb::BedNightsEnteredInError { placement_id, year, month: number, fact_ids };
                let kind = pb::BedNightsEnteredInError::full_name();
                (
                    payload(kind, Kind::BedNightsEnteredInError(message)),
                    Occurred::day(month.first(), zone.clone()),
                )
            }
            Event::EnteredInError { id, referral, .. } => {
                let message = pb::PlacementEnteredInError {
                    placement_id: id.to_string(),
                    referral_id: id_text(*referral),
                };
                let kind = pb::PlacementEnteredInError::full_name();
                // When that was said is the time of the command.
                return Ok(payload(kind, Kind::PlacementEnteredInError(message)));
            }
        };
        payload.occurred = Some(occurred);
        Ok(payload)
    }

    fn decode(event: &proto::log::Event) -> Result<Event, Unreadable> {
        let at = || stored::occurred(event);
        let zone = || at().map(|at| at.zone);
        let referral = |text: &str| stored::optional_id(event, text);
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(event)? {
            Kind::PlacementMatched(message) => {
                let unit = stored::optional_id(event, &message.unit_id)?;
                let from = stored::optional_day(event, message.held_from.as_ref())?;
                let unit = unit.zip(from).map(|(unit, from)| Assigned { unit, from });
                Event::Matched { facts: matched_in(event, message)?, unit, at: at()? }
            }
            Kind::PlacementUnitAssigned(message) => Event::UnitAssigned {
                unit: Assigned {
                    unit: stored::id(event, &message.unit_id)?,
                    from: stored::day(event, message.from.as_ref())?,
                },
                previous: stored::optional_id(event, &message.previous_unit_id)?,
                zone: zone()?,
            },
            Kind::PlacementPlanNamed(message) => Event::PlanNamed {
                at: at()?,
                items: message
                    .plan_item_ids
                    .iter()
                    .map(|id| stored::id(event, id))
                    .collect::<Result<_, _>>()?,
            },
            Kind::PlacementWorkerAssigned(message) => Event::WorkerAssigned {
                worker: stored::optional_id(event, &message.worker_id)?,
                from: stored::optional_id(event, &message.from_worker_id)?,
                at: at()?,
            },
            Kind::PlacementOffered(_) => Event::Offered { at: at()? },
            Kind::PlacementAccepted(_) => Event::Accepted { at: at()? },
            Kind::PlacementDeclined(message) => {
                Event::Declined { at: at()?, referral: referral(&message.referral_id)? }
            }
            Kind::PlacementRefused(message) => Event::Refused {
                at: at()?,
                reason: stored::code(event, refusal_reason::stored(message.reason))?,
                referral: referral(&message.referral_id)?,
            },
            Kind::PlacementNotArrived(message) => {
                Event::NotArrived { at: at()?, referral: referral(&message.referral_id)? }
            }
            Kind::PlacementCancelled(message) => Event::Cancelled {
                at: at()?,
                reason: stored::code(event, cancel_reason::stored(message.reason))?,
                referral: referral(&message.referral_id)?,
            },
            Kind::PlacementWithdrawn(message) => {
                Event::Withdrawn { at: at()?, referral: referral(&message.referral_id)? }
            }
            Kind::PlacementAdmitted(message) => Event::Admitted {
                on: stored::day(event, message.on.as_ref())?,
                zone: zone()?,
                project: stored::code(event, project_type::stored(message.project_type))?,
                unit: stored::optional_id(event, &message.unit_id)?,
                referral: referral(&message.referral_id)?,
            },
            Kind::PlacementMovedIn(message) => Event::MovedIn {
                on: stored::day(event, message.on.as_ref())?,
                zone: zone()?,
                project: stored::code(event, project_type::stored(message.project_type))?,
                unit: stored::optional_id(event, &message.unit_id)?,
            },
            Kind::PlacementExited(message) => Event::Exited {
                on: stored::day(event, message.on.as_ref())?,
                zone: zone()?,
                destination: place::stored(event, message.destination.as_ref())?,
                referral: referral(&message.referral_id)?,
            },
            Kind::PlacementRecorded(message) => Event::Recorded {
                correction: message.correction,
                recorded: Box::new(recorded_in(event, message)?),
            },
            Kind::BedNightsCounted(message) => {
                let nights = message.nights.ok_or_else(|| Unreadable::new(event, "it has no nights"))?;
                let month = month(event, nights.year, nights.month)?;
                let night = |number: &u32| i8::try_from(*number).ok().and_then(|number| month.day(number));
                let days: Option<_> = nights.days.iter().map(night).collect();
                Event::NightsCounted {
                    month,
                    nights: days.ok_or_else(|| Unreadable::new(event, "a night in it is damaged"))?,
                    zone: zone()?,
                    fact: fact_of(event).map(FactId::new),
                    correction: message.correction,
                    discrepancies: stored::discrepancies(event),
                }
            }
            Kind::BedNightsEnteredInError(message) => Event::NightsEnteredInError {
                month: month(event, message.year, message.month)?,
                facts: message.fact_ids.iter().map(|id| stored::id(event, id)).collect::<Result<_, _>>()?,
                zone: zone()?,
            },
            Kind::PlacementEnteredInError(message) => Event::EnteredInError {
                id: stored::id::<PlacementId>(event, &message.placement_id)?,
                person: stored::id(event, &event.person_id)?,
                referral: referral(&message.referral_id)?,
            },
            _ => return Err(not_of::<Placement>(event)),
        })
    }
}

fn out(month: Month) -> (u32, u32) {
    (month.year().unsigned_abs().into(), month.month().unsigned_abs().into())
}

fn month(event: &proto::log::Event, year: u32, month: u32) -> Result<Month, Unreadable> {
    let found = i16::try_from(year).ok().zip(i8::try_from(month).ok());
    found
        .and_then(|(year, month)| Month::new(year, month))
        .ok_or_else(|| Unreadable::new(event, "its month is damaged"))
}

fn matched(facts: &Facts, unit: Option<Assigned>) -> pb::PlacementMatched {
    pb::PlacementMatched {
        placement_id: facts.id.to_string(),
        person_id: facts.person.to_string(),
        agency_id: facts.agency.to_string(),
        unit_group_id: facts.group.to_string(),
        unit_group_name: facts.group_name.clone(),
        project_type: project_type::number(facts.project),
        zone: facts.zone.name().to_owned(),
        unit_id: id_text(unit.map(|unit| unit.unit)),
        held_from: unit.map(|unit| to_date(unit.from)),
        household_id: facts.household.to_string(),
        relationship: relationship_number(facts.relationship),
        referral_id: id_text(facts.referral),
    }
}

fn matched_in(event: &proto::log::Event, message: pb::PlacementMatched) -> Result<Facts, Unreadable> {
    Ok(Facts {
        id: stored::id(event, &message.placement_id)?,
        person: stored::id(event, &message.person_id)?,
        agency: stored::id(event, &message.agency_id)?,
        group: stored::id(event, &message.unit_group_id)?,
        group_name: message.unit_group_name,
        project: stored::code(event, project_type::stored(message.project_type))?,
        zone: Zone::stored(message.zone),
        household: stored::id(event, &message.household_id)?,
        relationship: stored::code(event, stored_relationship(message.relationship))?,
        referral: stored::optional_id(event, &message.referral_id)?,
    })
}

fn recorded(kept: &Recorded, correction: bool, ink: &Ink<'_>) -> Result<pb::PlacementRecorded, Status> {
    let told = &kept.told;
    let facts = &told.facts;
    let destination = told.exit.as_ref().map(|(_, to)| place::seal(DESTINATION, to, ink)).transpose()?;
    Ok(pb::PlacementRecorded {
        placement_id: facts.id.to_string(),
        person_id: facts.person.to_string(),
        agency_id: facts.agency.to_string(),
        unit_group_id: facts.group.to_string(),
        unit_group_name: facts.group_name.clone(),
        project_type: project_type::number(facts.project),
        zone: facts.zone.name().to_owned(),
        unit_id: id_text(told.unit),
        household_id: facts.household.to_string(),
        relationship: relationship_number(facts.relationship),
        entry_on: Some(to_date(told.entry)),
        moved_in_on: kept.moved_in.map(to_date),
        move_in_told_on: told.move_in.filter(|_| kept.moved_in.is_none()).map(to_date),
        exit_on: told.exit.as_ref().map(|(on, _)| to_date(*on)),
        destination,
        correction,
    })
}

fn recorded_in(event: &proto::log::Event, message: pb::PlacementRecorded) -> Result<Recorded, Unreadable> {
    let moved_in = stored::optional_day(event, message.moved_in_on.as_ref())?;
    let move_in = match moved_in {
        Some(day) => Some(day),
        None => stored::optional_day(event, message.move_in_told_on.as_ref())?,
    };
    let exit = match stored::optional_day(event, message.exit_on.as_ref())? {
        Some(on) => Some((on, place::stored(event, message.destination.as_ref())?)),
        None => None,
    };
    Ok(Recorded {
        moved_in,
        discrepancies: stored::discrepancies(event),
        told: Told {
            unit: stored::optional_id(event, &message.unit_id)?,
            entry: stored::day(event, message.entry_on.as_ref())?,
            move_in,
            known_until: known_until(event, exit.is_none()),
            exit,
            facts: Facts {
                id: stored::id(event, &message.placement_id)?,
                person: stored::id(event, &message.person_id)?,
                agency: stored::id(event, &message.agency_id)?,
                group: stored::id(event, &message.unit_group_id)?,
                group_name: message.unit_group_name,
                project: stored::code(event, project_type::stored(message.project_type))?,
                zone: Zone::stored(message.zone),
                household: stored::id(event, &message.household_id)?,
                relationship: stored::code(event, stored_relationship(message.relationship))?,
                referral: None,
            },
        },
    })
}
