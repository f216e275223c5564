//! A person's say on the wire.
//! Invariant: what stands behind a word is sealed; the word itself is in the person's voice, with the time it was said.

use kernel::{AgencyId, By, PersonId, Private, Timestamp, Voice};
use platform::command::{Encoding, Ink, Payload, Unreadable, from_private};
use platform::error::BadField;
use platform::wire::{self, from_occurred, to_instant};
use prost::Name;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use proto::types::FieldStatus;
use tonic::Status;

use super::{Opener, kind_of, not_of, stored_id, voice, wrap};
use crate::domain::consent::{Answer, Command, Consent, Event, Said, State};

/// Longest evidence, in characters.
const EVIDENCE: usize = 500;

/// A yes or a no as a request gives it; both requests have the same fields.
pub struct Saying<'a> {
    /// The person.
    pub person_id: &'a str,
    /// The agency it is about.
    pub recipient_agency_id: &'a str,
    /// Whose words.
    pub voice: i32,
    /// What stands behind it.
    pub evidence: &'a str,
    /// When it was said.
    pub occurred_at: Option<&'a prost_types::Timestamp>,
}

/// The command that a saying makes.
pub fn saying(answer: Answer, by: By, now: Timestamp, given: &Saying<'_>) -> Result<Command, BadField> {
    Ok(Command {
        answer,
        by,
        voice: voice(by, given.voice)?,
        person: wire::id("person_id", given.person_id)?,
        recipient: wire::id("recipient_agency_id", given.recipient_agency_id)?,
        evidence: wire::optional_text("evidence", given.evidence, EVIDENCE)?.map(Private::Plain),
        at: wire::happened("occurred_at", given.occurred_at, now)?,
    })
}

/// What was said of one recipient, as readers see it.
pub fn consent(
    recipient: AgencyId,
    said: &Said,
    opener: Option<&Opener>,
    status: FieldStatus,
) -> pb::Consent {
    let evidence = opener.and_then(|opener| opener.some(said.evidence.as_ref()));
    let status = match (&said.evidence, &evidence) {
        (None, _) => FieldStatus::Unspecified,
        (Some(_), None) if status == FieldStatus::Open => FieldStatus::Locked,
        (Some(_), Some(_) | None) => status,
    };
    pb::Consent {
        recipient_agency_id: recipient.to_string(),
        given: said.given,
        since: Some(to_instant(said.since)),
        evidence: evidence.unwrap_or_default(),
        evidence_status: status.into(),
    }
}

impl Encoding for Consent {
    fn person(after: &State) -> Option<PersonId> {
        after.person
    }

    fn encode(event: &Event, _: &State, ink: &Ink<'_>) -> Result<Payload, Status> {
        let (person_id, recipient_agency_id) = (event.person.to_string(), event.recipient.to_string());
        let evidence = ink.seal_some("evidence", event.evidence.as_ref())?;
        let payload = match event.answer {
            Answer::Yes => {
                let message = pb::ConsentGiven { person_id, recipient_agency_id, evidence };
                Payload::new(pb::ConsentGiven::full_name(), &wrap(Kind::ConsentGiven(message)))
            }
            Answer::No => {
                let message = pb::ConsentWithdrawn { person_id, recipient_agency_id, evidence };
                Payload::new(pb::ConsentWithdrawn::full_name(), &wrap(Kind::ConsentWithdrawn(message)))
            }
        };
        Ok(Payload { occurred: Some(event.at.clone()), voice: Some(Voice::Person), ..payload })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        let (answer, person, recipient, evidence) = match kind_of(stored)? {
            Kind::ConsentGiven(message) => {
                (Answer::Yes, message.person_id, message.recipient_agency_id, message.evidence)
            }
            Kind::ConsentWithdrawn(message) => {
                (Answer::No, message.person_id, message.recipient_agency_id, message.evidence)
            }
            _ => return Err(not_of::<Consent>(stored)),
        };
        let at = stored.occurred.as_ref().and_then(from_occurred);
        Ok(Event {
            answer,
            person: stored_id(stored, &person)?,
            recipient: stored_id(stored, &recipient)?,
            evidence: from_private(evidence.as_ref()),
            at: at.ok_or_else(|| Unreadable::new(stored, "it has no time"))?,
        })
    }
}
