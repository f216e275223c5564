//! Practitioners on the wire.
//! Invariant: a practitioner's content is stored as it was given, whole; it concerns no person of this system.

use std::collections::BTreeSet;

use kernel::{AgencyId, PersonId, WorkerId, Zone};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::wire;
use prost::Name;
use proto::therapy as pb;
use proto::therapy::therapy_event::Kind;
use tonic::Status;

use super::codes::profession;
use super::{kind_of, not_of, stored_id, wrap};
use crate::domain::Modality;
use crate::domain::practitioner::{Command, Content, Event, Practitioner, State};

/// A worker is registered.
pub fn register(
    agency: AgencyId,
    request: &pb::RegisterPractitionerRequest,
) -> Result<(WorkerId, Command), BadField> {
    let worker = wire::id("worker_id", &request.worker_id)?;
    let content = content_in(request.content.as_ref())?;
    Ok((worker, Command::Register { worker, agency, content }))
}

/// A practitioner is changed.
pub fn change(
    agency: AgencyId,
    request: &pb::ChangePractitionerRequest,
) -> Result<(WorkerId, Command), BadField> {
    let worker = wire::id("practitioner_id", &request.practitioner_id)?;
    let content = content_in(request.content.as_ref())?;
    Ok((worker, Command::Change { worker, agency, content }))
}

/// A practitioner takes no more appointments.
pub fn retire(
    agency: AgencyId,
    request: &pb::RetirePractitionerRequest,
) -> Result<(WorkerId, Command), BadField> {
    let worker = wire::id("practitioner_id", &request.practitioner_id)?;
    Ok((worker, Command::Retire { worker, agency }))
}

/// A practitioner as its readers see it.
pub fn practitioner(id: WorkerId, version: u64, state: &State) -> Option<pb::Practitioner> {
    let (agency, content) = state.known()?;
    Some(pb::Practitioner {
        id: id.to_string(),
        etag: version.to_string(),
        agency_id: agency.to_string(),
        content: Some(content_out(content)),
        retired: matches!(state, State::Retired { .. }),
    })
}

/// How many modalities one practitioner may list.
const MODALITIES: usize = 50;

fn content_in(given: Option<&pb::PractitionerContent>) -> Result<Content, BadField> {
    let given = wire::required("content", given)?;
    let inside = |bad: BadField| bad.within("content");
    if given.modalities.len() > MODALITIES {
        return Err(BadField::new("content.modalities", format!("are more than {MODALITIES}")));
    }
    let modality = |(i, code): (usize, &String)| {
        Modality::new(code).map_err(|why| BadField::new(format!("modalities[{i}]"), why.to_string()))
    };
    let modalities = given.modalities.iter().enumerate().map(modality).collect::<Result<BTreeSet<_>, _>>();
    Ok(Content {
        name: wire::text("name", &given.name, 200).map_err(inside)?,
        profession: profession::parse("role", given.role).map_err(inside)?,
        licence: wire::optional_text("licence", &given.licence, 100).map_err(inside)?.unwrap_or_default(),
        modalities: modalities.map_err(inside)?,
        zone: wire::zone("zone", &given.zone).map_err(inside)?,
    })
}

fn content_out(content: &Content) -> pb::PractitionerContent {
    pb::PractitionerContent {
        name: content.name.clone(),
        role: profession::number(content.profession),
        licence: content.licence.clone(),
        modalities: content.modalities.iter().map(ToString::to_string).collect(),
        zone: content.zone.name().to_owned(),
    }
}

impl Encoding for Practitioner {
    fn person(_: &State) -> Option<PersonId> {
        None
    }

    fn encode(event: &Event, _: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        Ok(match event {
            Event::Registered { worker, agency, content } => {
                let message = pb::PractitionerRegistered {
                    practitioner_id: worker.to_string(),
                    agency_id: agency.to_string(),
                    content: Some(content_out(content)),
                };
                let kind = pb::PractitionerRegistered::full_name();
                Payload::new(kind, &wrap(Kind::PractitionerRegistered(message)))
            }
            Event::Changed { worker, content } => {
                let message = pb::PractitionerChanged {
                    practitioner_id: worker.to_string(),
                    content: Some(content_out(content)),
                };
                Payload::new(pb::PractitionerChanged::full_name(), &wrap(Kind::PractitionerChanged(message)))
            }
            Event::Retired { worker } => {
                let message = pb::PractitionerRetired { practitioner_id: worker.to_string() };
                Payload::new(pb::PractitionerRetired::full_name(), &wrap(Kind::PractitionerRetired(message)))
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let content = |content: Option<pb::PractitionerContent>| -> Result<Content, Unreadable> {
            let content = content.ok_or_else(|| Unreadable::new(stored, "it has no content"))?;
            Ok(Content {
                name: content.name,
                profession: profession::stored(content.role)
                    .ok_or_else(|| Unreadable::new(stored, "its role is not known"))?,
                licence: content.licence,
                modalities: content.modalities.into_iter().map(Modality::stored).collect(),
                zone: Zone::stored(content.zone),
            })
        };
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Kind::PractitionerRegistered(message) => Event::Registered {
                worker: stored_id(stored, &message.practitioner_id)?,
                agency: stored_id(stored, &message.agency_id)?,
                content: content(message.content)?,
            },
            Kind::PractitionerChanged(message) => Event::Changed {
                worker: stored_id(stored, &message.practitioner_id)?,
                content: content(message.content)?,
            },
            Kind::PractitionerRetired(message) => {
                Event::Retired { worker: stored_id(stored, &message.practitioner_id)? }
            }
            _ => return Err(not_of::<Practitioner>(stored)),
        })
    }
}
