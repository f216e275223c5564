//! Medical emergencies on the wire.
//! Invariant: the nature of one leaves sealed and comes back sealed; the worker's working name is no personal text of a person served.

use kernel::{PersonId, Private};
use platform::command::{Encoding, Ink, Payload, Unreadable, from_private};
use platform::error::BadField;
use platform::people::emergency;
use platform::wire;
use prost::Name;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use proto::types::FieldStatus;
use tonic::Status;

use super::agency::EMERGENCY_HOURS;
use super::{Opener, kind_of, not_of, stored_id, wrap};
use crate::domain::emergency::{Declared, Emergency, Event, State};

/// Longest nature of an emergency, in characters.
const NATURE: usize = 500;

/// What a request says of an emergency: its nature, and for how many hours. What the agency's setting allows of these is the domain's to judge.
pub fn breaks_glass(request: &pb::BreakGlassRequest) -> Result<(Private, u32), BadField> {
    let nature = wire::private("nature", &request.nature, NATURE)?;
    if request.hours > EMERGENCY_HOURS {
        let why = format!(
            "is more than {EMERGENCY_HOURS}, the most of any agency; send fewer, or 0 for all that the setting allows"
        );
        return Err(BadField::new("hours", why));
    }
    Ok((nature, request.hours))
}

impl Encoding for Emergency {
    fn person(after: &State) -> Option<PersonId> {
        after.person
    }

    fn encode(event: &Event, after: &State, ink: &Ink<'_>) -> Result<Payload, Status> {
        let person_id = after.person.map(|person| person.to_string()).unwrap_or_default();
        Ok(match event {
            Event::Declared { person, declared } => {
                let nature = ink.seal_some("nature", Some(&declared.nature))?;
                let told = emergency::out(*person, &declared.judged, declared.working_name.clone(), nature);
                let kind = pb::EmergencyDeclared::full_name();
                Payload::new(kind, &wrap(Kind::EmergencyDeclared(told)))
            }
            Event::Ended { id, at } => {
                let (emergency_id, ended_at) = (id.to_string(), Some(wire::to_instant(*at)));
                let told = pb::EmergencyEnded { emergency_id, person_id, ended_at };
                Payload::new(pb::EmergencyEnded::full_name(), &wrap(Kind::EmergencyEnded(told)))
            }
            Event::EnteredInError { id, at } => {
                let (emergency_id, at) = (id.to_string(), Some(wire::to_instant(*at)));
                let told = pb::EmergencyEnteredInError { emergency_id, person_id, at };
                let kind = pb::EmergencyEnteredInError::full_name();
                Payload::new(kind, &wrap(Kind::EmergencyEnteredInError(told)))
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let at = |at: Option<prost_types::Timestamp>| {
            let at = at.and_then(|at| wire::instant("at", &at).ok());
            at.ok_or_else(|| Unreadable::new(stored, "its time is damaged"))
        };
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        match kind_of(stored)? {
            Kind::EmergencyDeclared(told) => declared(stored, told),
            Kind::EmergencyEnded(told) => {
                Ok(Event::Ended { id: stored_id(stored, &told.emergency_id)?, at: at(told.ended_at)? })
            }
            Kind::EmergencyEnteredInError(told) => {
                Ok(Event::EnteredInError { id: stored_id(stored, &told.emergency_id)?, at: at(told.at)? })
            }
            _ => Err(not_of::<Emergency>(stored)),
        }
    }
}

fn declared(stored: &proto::log::Event, told: pb::EmergencyDeclared) -> Result<Event, Unreadable> {
    let judged = emergency::parse(&told);
    let judged = judged.map_err(|_| Unreadable::new(stored, "it is no emergency that this release knows"))?;
    let nature = from_private(told.nature.as_ref());
    let nature = nature.ok_or_else(|| Unreadable::new(stored, "it has no nature"))?;
    let (person, working_name) = (stored_id(stored, &told.person_id)?, told.worker_name);
    let declared = Declared { judged, working_name, nature, ended: None, in_error: false };
    Ok(Event::Declared { person, declared })
}

/// An emergency as its readers see it.
pub fn emergency_out(
    person: PersonId,
    declared: &Declared,
    (opener, status): (Option<&Opener>, FieldStatus),
) -> pb::Emergency {
    let nature = opener.and_then(|opener| opener.text(&declared.nature));
    let damaged = nature.is_none() && status == FieldStatus::Open;
    let nature_status = if damaged { FieldStatus::Locked } else { status };
    pb::Emergency {
        id: declared.judged.id.to_string(),
        person_id: person.to_string(),
        agency_id: declared.judged.agency.to_string(),
        worker_id: declared.judged.worker.to_string(),
        worker_name: declared.working_name.clone(),
        nature: nature.unwrap_or_default(),
        nature_status: nature_status.into(),
        declared_at: Some(wire::to_instant(declared.judged.from)),
        until: Some(wire::to_instant(declared.until())),
        entered_in_error: declared.in_error,
    }
}
