//! How a service's events become bytes and come back. Implemented in each service's `wire.rs`.
//! Invariant: personal text leaves a domain only through [`Ink`], which seals it.

use kernel::{Decider, Discrepancy, Occurred, PersonId, Private, Voice};
use prost::Message;
use proto::log as pb;
use tonic::Status;
use uuid::Uuid;

use crate::error;
use crate::seal::PersonKey;

/// A decider whose events can be stored.
pub trait Encoding: Decider {
    /// The person whom an event concerns, told by the state that it leads to; none for facts about agencies, offers, units.
    fn person(after: &Self::State) -> Option<PersonId>;

    /// The event as bytes; what its message says beyond the event is in the state that it leads to.
    ///
    /// # Errors
    /// Personal text in an event that concerns nobody.
    fn encode(event: &Self::Event, after: &Self::State, ink: &Ink<'_>) -> Result<Payload, Status>;

    /// The event from its stored form.
    ///
    /// # Errors
    /// A type or content that this release does not know.
    fn decode(stored: &pb::Event) -> Result<Self::Event, Unreadable>;
}

/// What an event says to its envelope.
#[derive(Clone, Debug)]
pub struct Payload {
    /// Full name of the payload's kind.
    pub kind: String,
    /// The service's event message, encoded.
    pub bytes: Vec<u8>,
    /// When it happened; none where it is the time of the command.
    pub occurred: Option<Occurred>,
    /// Whose words it carries; none for the caller's.
    pub voice: Option<Voice>,
    /// The consent that allowed it.
    pub consent: String,
    /// Security labels.
    pub labels: Vec<String>,
    /// What today's guards would have refused.
    pub discrepancies: Vec<Discrepancy>,
}

impl Payload {
    /// A payload of this kind, without anything special.
    pub fn new(kind: String, message: &impl Message) -> Self {
        Self {
            kind,
            bytes: message.encode_to_vec(),
            occurred: None,
            voice: None,
            consent: String::new(),
            labels: vec![],
            discrepancies: vec![],
        }
    }
}

/// A stored event that this release cannot read: a newer one wrote it, or it is damaged.
#[derive(Clone, Debug, thiserror::Error)]
#[error("event type {kind} cannot be read: {why}")]
pub struct Unreadable {
    /// The event's type.
    pub kind: String,
    /// What is wrong with it.
    pub why: &'static str,
}

impl Unreadable {
    /// That event cannot be read, for that reason.
    pub fn new(stored: &pb::Event, why: &'static str) -> Self {
        Self { kind: stored.r#type.clone(), why }
    }
}

/// Seals what is personal in one event.
pub struct Ink<'a> {
    event: Uuid,
    key: Option<&'a PersonKey>,
}

impl<'a> Ink<'a> {
    pub(super) fn new(event: Uuid, key: Option<&'a PersonKey>) -> Self {
        Self { event, key }
    }

    /// The text, sealed as that field. What is sealed already stays as it is.
    ///
    /// # Errors
    /// An event that concerns nobody has no key to seal with.
    pub fn seal(&self, field: &str, text: &Private) -> Result<pb::Sealed, Status> {
        match (text, self.key) {
            (Private::Plain(text), Some(key)) => Ok(key.seal(self.event, field, text)),
            (Private::Sealed(bytes), _) => pb::Sealed::decode(bytes.as_slice()).map_err(error::failed),
            (Private::Plain(_), None) => {
                Err(error::failed(std::io::Error::other("personal text in an event that concerns nobody")))
            }
        }
    }

    /// The same for a text that may be missing.
    ///
    /// # Errors
    /// As [`Ink::seal`].
    pub fn seal_some(&self, field: &str, text: Option<&Private>) -> Result<Option<pb::Sealed>, Status> {
        text.map(|text| self.seal(field, text)).transpose()
    }
}

/// Personal text as the domain holds it once it was stored; none where the field is absent.
pub fn from_private(sealed: Option<&pb::Sealed>) -> Option<Private> {
    sealed.map(|sealed| Private::Sealed(sealed.encode_to_vec()))
}
