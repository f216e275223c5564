//! What a decision changes: events by stream, and claims on what there can be only one of.
//! Invariant: every stream written is expected at the version that the decision saw, and so is every other that it looked at ([`super::Streams`]).

use std::collections::BTreeSet;
use std::fmt;

use kernel::{PersonId, StreamId};
use tonic::Status;

use super::codec::{Encoding, Ink, Payload};
use super::streams::At;
use crate::log::Claim;

/// What a decision changes. `R` is how a claim taken by another is refused.
pub struct Changes<R> {
    pub(super) writes: Vec<Write>,
    pub(super) claims: Vec<Claim>,
    pub(super) taken: Vec<(Vec<u8>, R)>,
}

pub(super) struct Write {
    pub stream: StreamId,
    pub expected: u64,
    pub events: Vec<Box<dyn Decided>>,
}

/// An event whose kind is forgotten, but not how to encode it.
pub(super) trait Decided: Send + Sync {
    fn person(&self) -> Option<PersonId>;
    fn encode(&self, ink: &Ink<'_>) -> Result<Payload, Status>;
}

struct Of<D: Encoding> {
    event: D::Event,
    after: D::State,
}

impl<D: Encoding> Decided for Of<D> {
    fn person(&self) -> Option<PersonId> {
        D::person(&self.after)
    }
    fn encode(&self, ink: &Ink<'_>) -> Result<Payload, Status> {
        D::encode(&self.event, &self.after, ink)
    }
}

impl<R> Changes<R> {
    /// Nothing: what was asked for already holds.
    pub fn none() -> Self {
        Self { writes: vec![], claims: vec![], taken: vec![] }
    }

    /// Also these events, on that stream.
    #[must_use]
    pub fn write<D: Encoding>(mut self, at: &At<D::State>, events: Vec<D::Event>) -> Self {
        if !events.is_empty() {
            let mut state = (*at.state).clone();
            let mut decided: Vec<Box<dyn Decided>> = Vec::with_capacity(events.len());
            for event in events {
                state = D::evolve(state, &event);
                decided.push(Box::new(Of::<D> { event, after: state.clone() }));
            }
            self.writes.push(Write { stream: at.stream, expected: at.version, events: decided });
        }
        self
    }

    /// Whom they are about, each once.
    pub(super) fn people(&self) -> BTreeSet<PersonId> {
        let events = self.writes.iter().flat_map(|write| &write.events);
        events.filter_map(|event| event.person()).collect()
    }

    /// Takes what there is only one of, for that holder; refused so where another has it.
    #[must_use]
    pub fn take(mut self, key: Vec<u8>, holder: StreamId, refused: R) -> Self {
        self.claims.push(Claim::Take { key: key.clone(), holder: holder.to_string() });
        self.taken.push((key, refused));
        self
    }

    /// Gives it back.
    #[must_use]
    pub fn release(mut self, key: Vec<u8>, holder: StreamId) -> Self {
        self.claims.push(Claim::Release { key, holder: holder.to_string() });
        self
    }

    /// Whether nothing changes.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.claims.is_empty()
    }
}

impl<R: fmt::Debug> fmt::Debug for Changes<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let streams: Vec<_> = self.writes.iter().map(|write| (write.stream, write.events.len())).collect();
        f.debug_struct("Changes").field("writes", &streams).field("claims", &self.claims.len()).finish()
    }
}
