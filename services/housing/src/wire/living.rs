//! Living situations on the wire.
//! Invariant: the words of a place leave sealed and come back sealed.

use kernel::{AgencyId, By, Occurred, PersonId, Timestamp, WorkerId};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::seal::Secret;
use platform::training;
use platform::wire::{self, from_occurred, to_occurred};
use prost::Name;
use proto::housing as pb;
use proto::housing::housing_event::Kind;
use proto::types;
use tonic::Status;

use super::codes::stage;
use super::{kind_of, not_of, payload, place, stored};
use crate::domain::LivingSituationId;
use crate::domain::codes::Stage;
use crate::domain::living::{Command, Contact, Event, LivingSituation, State, Told};

/// The field that the words of a place are sealed as.
const PLACE: &str = "place.other";

/// It is noted.
pub fn note(
    id: LivingSituationId,
    agency: AgencyId,
    now: Timestamp,
    secret: &Secret,
    request: &pb::NoteLivingSituationRequest,
) -> Result<Command, BadField> {
    let zone = wire::zone("zone", &request.zone)?;
    let at = wire::happened("occurred_at", request.occurred_at.as_ref(), now)?;
    let told = Told {
        id,
        person: wire::id("person_id", &request.person_id)?,
        agency,
        at: Occurred { zone, ..at },
        stage: Stage::Current,
        place: place::place("place", request.place.as_ref(), secret)?,
        contact: contact(request.contact.as_ref())?,
        record: String::new(),
    };
    Ok(Command::Note { by: By::Agency(agency), told: Box::new(told) })
}

/// It is put down from elsewhere.
pub fn record(
    id: LivingSituationId,
    agency: AgencyId,
    secret: &Secret,
    request: &pb::RecordLivingSituationRequest,
) -> Result<Command, BadField> {
    if !request.record.is_empty() && kernel::ids::parse_stream(&request.record).is_err() {
        let why = "names no record; send \"placement-<id>\", \"participation-<id>\" or nothing";
        return Err(BadField::new("record", why));
    }
    Ok(Command::Record(Box::new(Told {
        id,
        person: wire::id("person_id", &request.person_id)?,
        agency,
        at: wire::occurred("told", wire::required("told", request.told.as_ref())?)?,
        stage: stage::parse("stage", request.stage)?,
        place: place::place("place", request.place.as_ref(), secret)?,
        contact: contact(request.contact.as_ref())?,
        record: request.record.clone(),
    })))
}

/// A living situation as its readers see it; its place is opened by the caller.
pub fn living_situation(version: u64, told: &Told, place: pb::Place) -> pb::LivingSituation {
    pb::LivingSituation {
        id: told.id.to_string(),
        etag: version.to_string(),
        person_id: told.person.to_string(),
        agency_id: told.agency.to_string(),
        told: Some(to_occurred(&told.at)),
        stage: stage::number(told.stage),
        place: Some(place),
        contact: told.contact.as_ref().map(contact_out),
        record: told.record.clone(),
    }
}

fn contact(given: Option<&types::Contact>) -> Result<Option<Contact>, BadField> {
    given.map(|given| contact_in(given).map_err(|bad| bad.within("contact"))).transpose()
}

fn contact_in(given: &types::Contact) -> Result<Contact, BadField> {
    let worker = |(i, text): (usize, &String)| wire::id(&format!("worker_ids[{i}]"), text);
    let setting = types::Setting::try_from(given.setting);
    Ok(Contact {
        occurred: wire::occurred("occurred", wire::required("occurred", given.occurred.as_ref())?)?,
        minutes: given.minutes,
        setting: setting.map_err(|_| BadField::new("setting", "is not one of the contract's values"))?.into(),
        reached: given.reached,
        purpose: wire::code("purpose", &given.purpose)?,
        workers: given.worker_ids.iter().enumerate().map(worker).collect::<Result<_, _>>()?,
        approach: training::approach(&given.skills, given.stance)?,
    })
}

fn contact_out(contact: &Contact) -> types::Contact {
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

impl Encoding for LivingSituation {
    fn person(after: &State) -> Option<PersonId> {
        after.person()
    }

    fn encode(event: &Event, _: &State, ink: &Ink<'_>) -> Result<Payload, Status> {
        let (mut payload, told) = match event {
            Event::Noted(told) => {
                let message = pb::LivingSituationNoted {
                    living_situation_id: told.id.to_string(),
                    person_id: told.person.to_string(),
                    agency_id: told.agency.to_string(),
                    place: Some(place::seal(PLACE, &told.place, ink)?),
                    contact: told.contact.as_ref().map(contact_out),
                };
                (payload(pb::LivingSituationNoted::full_name(), Kind::LivingSituationNoted(message)), told)
            }
            Event::Recorded { told, correction } => {
                let message = pb::LivingSituationRecorded {
                    living_situation_id: told.id.to_string(),
                    person_id: told.person.to_string(),
                    agency_id: told.agency.to_string(),
                    stage: stage::number(told.stage),
                    place: Some(place::seal(PLACE, &told.place, ink)?),
                    contact: told.contact.as_ref().map(contact_out),
                    record: told.record.clone(),
                    correction: *correction,
                };
                let kind = pb::LivingSituationRecorded::full_name();
                (payload(kind, Kind::LivingSituationRecorded(message)), told)
            }
            Event::EnteredInError { id, .. } => {
                let message = pb::LivingSituationEnteredInError { living_situation_id: id.to_string() };
                let kind = pb::LivingSituationEnteredInError::full_name();
                // When that was said is the time of the command.
                return Ok(payload(kind, Kind::LivingSituationEnteredInError(message)));
            }
        };
        payload.occurred = Some(told.at.clone());
        Ok(payload)
    }

    fn decode(event: &proto::log::Event) -> Result<Event, Unreadable> {
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(event)? {
            Kind::LivingSituationNoted(message) => Event::Noted(Box::new(Told {
                id: stored::id(event, &message.living_situation_id)?,
                person: stored::id(event, &message.person_id)?,
                agency: stored::id(event, &message.agency_id)?,
                at: stored::occurred(event)?,
                stage: Stage::Current,
                place: place::stored(event, message.place.as_ref())?,
                contact: stored_contact(event, message.contact)?,
                record: String::new(),
            })),
            Kind::LivingSituationRecorded(message) => Event::Recorded {
                correction: message.correction,
                told: Box::new(Told {
                    id: stored::id(event, &message.living_situation_id)?,
                    person: stored::id(event, &message.person_id)?,
                    agency: stored::id(event, &message.agency_id)?,
                    at: stored::occurred(event)?,
                    stage: stored::code(event, stage::stored(message.stage))?,
                    place: place::stored(event, message.place.as_ref())?,
                    contact: stored_contact(event, message.contact)?,
                    record: message.record,
                }),
            },
            Kind::LivingSituationEnteredInError(message) => Event::EnteredInError {
                id: stored::id(event, &message.living_situation_id)?,
                person: stored::id(event, &event.person_id)?,
            },
            _ => return Err(not_of::<LivingSituation>(event)),
        })
    }
}

fn stored_contact(
    event: &proto::log::Event,
    contact: Option<types::Contact>,
) -> Result<Option<Contact>, Unreadable> {
    let Some(contact) = contact else { return Ok(None) };
    let workers = contact.worker_ids.iter().map(|text| stored::id(event, text));
    let occurred = contact.occurred.as_ref().and_then(from_occurred);
    Ok(Some(Contact {
        occurred: occurred.ok_or_else(|| Unreadable::new(event, "its contact has no time"))?,
        minutes: contact.minutes,
        setting: contact.setting,
        reached: contact.reached,
        purpose: contact.purpose,
        workers: workers.collect::<Result<Vec<WorkerId>, _>>()?,
        approach: training::stored(contact.skills, contact.stance),
    }))
}
