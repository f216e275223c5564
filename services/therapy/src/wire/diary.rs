//! Diaries on the wire: events alone, for nobody asks a diary anything.
//! Invariant: an event of a person's diary concerns that person; one of a practitioner's names an appointment and nobody else.

use kernel::{PersonId, Timestamp};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::wire::to_instant;
use prost::Name;
use proto::therapy as pb;
use proto::therapy::diary_owner::Owner as WireOwner;
use proto::therapy::therapy_event::Kind;
use tonic::Status;

use super::{kind_of, not_of, stored_id, wrap};
use crate::domain::diary::{Diary, Event, State};
use crate::domain::{DiaryId, Owner};

fn owner_out(owner: Owner) -> pb::DiaryOwner {
    let owner = match owner {
        Owner::Practitioner(worker) => WireOwner::PractitionerId(worker.to_string()),
        Owner::Person(person, agency) => WireOwner::Person(pb::PersonInAgency {
            person_id: person.to_string(),
            agency_id: agency.to_string(),
        }),
    };
    pb::DiaryOwner { owner: Some(owner) }
}

fn diary_in(
    stored: &proto::log::Event,
    owner: Option<pb::DiaryOwner>,
    year: i32,
) -> Result<DiaryId, Unreadable> {
    let owner = match owner.and_then(|owner| owner.owner) {
        Some(WireOwner::PractitionerId(worker)) => Owner::Practitioner(stored_id(stored, &worker)?),
        Some(WireOwner::Person(of)) => {
            Owner::Person(stored_id(stored, &of.person_id)?, stored_id(stored, &of.agency_id)?)
        }
        None => return Err(Unreadable::new(stored, "its diary has no owner that is known")),
    };
    let year = i16::try_from(year).map_err(|_| Unreadable::new(stored, "its year is damaged"))?;
    Ok(DiaryId { owner, year })
}

impl Encoding for Diary {
    fn person(after: &State) -> Option<PersonId> {
        match after.owner() {
            Some(Owner::Person(person, _)) => Some(person),
            Some(Owner::Practitioner(_)) | None => None,
        }
    }

    fn encode(event: &Event, _: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        Ok(match event {
            Event::Taken { diary, appointment, start, end } => {
                let message = pb::DiaryTimeTaken {
                    owner: Some(owner_out(diary.owner)),
                    year: diary.year.into(),
                    appointment_id: appointment.to_string(),
                    start: Some(to_instant(*start)),
                    end: Some(to_instant(*end)),
                };
                Payload::new(pb::DiaryTimeTaken::full_name(), &wrap(Kind::DiaryTimeTaken(message)))
            }
            Event::Freed { diary, appointment } => {
                let message = pb::DiaryTimeFreed {
                    owner: Some(owner_out(diary.owner)),
                    year: diary.year.into(),
                    appointment_id: appointment.to_string(),
                };
                Payload::new(pb::DiaryTimeFreed::full_name(), &wrap(Kind::DiaryTimeFreed(message)))
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let instant = |at: Option<prost_types::Timestamp>| {
            at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok())
                .ok_or_else(|| Unreadable::new(stored, "its time is damaged"))
        };
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Kind::DiaryTimeTaken(message) => Event::Taken {
                diary: diary_in(stored, message.owner, message.year)?,
                appointment: stored_id(stored, &message.appointment_id)?,
                start: instant(message.start)?,
                end: instant(message.end)?,
            },
            Kind::DiaryTimeFreed(message) => Event::Freed {
                diary: diary_in(stored, message.owner, message.year)?,
                appointment: stored_id(stored, &message.appointment_id)?,
            },
            _ => return Err(not_of::<Diary>(stored)),
        })
    }
}
