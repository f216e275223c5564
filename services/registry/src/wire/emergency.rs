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
use tonic::Status;

use super::agency::EMERGENCY_HOURS;
use super::{kind_of, not_of, stored_id, wrap};
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

    fn encode(event: &Event, _: &State, ink: &Ink<'_>) -> Result<Payload, Status> {
        let Event::Declared { person, declared } = event;
        let nature = ink.seal_some("nature", Some(&declared.nature))?;
        let told = emergency::out(*person, &declared.judged, declared.working_name.clone(), nature);
        let kind = pb::EmergencyDeclared::full_name();
        Ok(Payload::new(kind, &wrap(Kind::EmergencyDeclared(told))))
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        let told = match kind_of(stored)? {
            Kind::EmergencyDeclared(told) => told,
            _ => return Err(not_of::<Emergency>(stored)),
        };
        let judged = emergency::parse(&told);
        let judged =
            judged.map_err(|_| Unreadable::new(stored, "it is no emergency that this release knows"))?;
        let nature = from_private(told.nature.as_ref());
        let nature = nature.ok_or_else(|| Unreadable::new(stored, "it has no nature"))?;
        let person = stored_id(stored, &told.person_id)?;
        Ok(Event::Declared { person, declared: Declared { judged, working_name: told.worker_name, nature } })
    }
}
