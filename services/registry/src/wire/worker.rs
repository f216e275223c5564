//! Workers on the wire.
//! Invariant: a worker's working name is no personal text of a person served, so nothing is sealed.

use kernel::{PersonId, WorkerId};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::wire;
use prost::Name;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use tonic::Status;

use super::{identifiers, identifiers_out, kind_of, not_of, stored_id, wrap};
use crate::domain::worker::{Content, Event, State, Worker};

/// What is said of a worker.
pub fn worker_content(given: Option<&pb::WorkerContent>) -> Result<Content, BadField> {
    let given = wire::required("content", given)?;
    let role = |(i, role): (usize, &i32)| {
        wire::choice::<pb::WorkerRole>(&format!("content.roles[{i}]"), *role).map(i32::from)
    };
    let mut roles: Vec<i32> = given.roles.iter().enumerate().map(role).collect::<Result<_, _>>()?;
    roles.sort_unstable();
    roles.dedup();
    Ok(Content {
        working_name: wire::text("content.working_name", &given.working_name, 200)?,
        roles,
        identifiers: identifiers(&given.identifiers)?,
        left: given.left,
    })
}

/// Whether one of these parts is that of medical staff: of whom 42 CFR 2.51 speaks as *medical personnel*. Psychologists, therapists and counselors treat,
/// and are none.
pub fn is_medical(roles: &[i32]) -> bool {
    let medical = |role: &i32| match pb::WorkerRole::try_from(*role) {
        Ok(
            pb::WorkerRole::Psychiatrist
            | pb::WorkerRole::Physician
            | pb::WorkerRole::Nurse
            | pb::WorkerRole::Paramedic,
        ) => true,
        Ok(
            pb::WorkerRole::Unspecified
            | pb::WorkerRole::EmploymentSpecialist
            | pb::WorkerRole::HousingSpecialist
            | pb::WorkerRole::Therapist
            | pb::WorkerRole::Psychologist
            | pb::WorkerRole::Counselor
            | pb::WorkerRole::OccupationalTherapist
            | pb::WorkerRole::SocialWorker
            | pb::WorkerRole::PeerSupportWorker
            | pb::WorkerRole::Coordinator
            | pb::WorkerRole::Other,
        )
        | Err(_) => false,
    };
    roles.iter().any(medical)
}

/// A worker as its readers see it.
pub fn worker(id: WorkerId, version: u64, state: &State) -> Option<pb::Worker> {
    match state {
        State::Unmade => None,
        State::Known { agency, content, .. } => Some(pb::Worker {
            id: id.to_string(),
            etag: version.to_string(),
            agency_id: agency.to_string(),
            content: Some(content_out(content)),
        }),
    }
}

fn content_out(content: &Content) -> pb::WorkerContent {
    pb::WorkerContent {
        working_name: content.working_name.clone(),
        roles: content.roles.clone(),
        identifiers: identifiers_out(&content.identifiers),
        left: content.left,
    }
}

fn content_stored(content: Option<pb::WorkerContent>) -> Option<Content> {
    let content = content?;
    Some(Content {
        working_name: content.working_name,
        roles: content.roles,
        identifiers: content.identifiers.into_iter().map(|each| (each.system, each.value)).collect(),
        left: content.left,
    })
}

impl Encoding for Worker {
    fn person(_: &State) -> Option<PersonId> {
        None
    }

    fn encode(event: &Event, after: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        let worker_id = match after {
            State::Unmade => String::new(),
            State::Known { id, .. } => id.to_string(),
        };
        Ok(match event {
            Event::Added { agency, content, .. } => {
                let content = Some(content_out(content));
                let message = pb::WorkerAdded { worker_id, agency_id: agency.to_string(), content };
                Payload::new(pb::WorkerAdded::full_name(), &wrap(Kind::WorkerAdded(message)))
            }
            Event::Changed(content) => {
                let message = pb::WorkerChanged { worker_id, content: Some(content_out(content)) };
                Payload::new(pb::WorkerChanged::full_name(), &wrap(Kind::WorkerChanged(message)))
            }
            Event::Recorded { agency, content, correction, .. } => {
                let (agency_id, content) = (agency.to_string(), Some(content_out(content)));
                let message = pb::WorkerRecorded { worker_id, agency_id, content, correction: *correction };
                Payload::new(pb::WorkerRecorded::full_name(), &wrap(Kind::WorkerRecorded(message)))
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let bad = || Unreadable::new(stored, "it has no content");
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Kind::WorkerAdded(message) => Event::Added {
                id: stored_id(stored, &message.worker_id)?,
                agency: stored_id(stored, &message.agency_id)?,
                content: content_stored(message.content).ok_or_else(bad)?,
            },
            Kind::WorkerChanged(message) => Event::Changed(content_stored(message.content).ok_or_else(bad)?),
            Kind::WorkerRecorded(message) => Event::Recorded {
                id: stored_id(stored, &message.worker_id)?,
                agency: stored_id(stored, &message.agency_id)?,
                content: content_stored(message.content).ok_or_else(bad)?,
                correction: message.correction,
            },
            _ => return Err(not_of::<Worker>(stored)),
        })
    }
}
