//! What becomes of what a reaction asked for: an append, nothing, or the fact that it was refused.
//! Invariant: a refusal is told once for each event and reaction, whatever cursor is lost; what cannot be judged now is no refusal.

use kernel::{PersonId, Refusal, StreamId};
use prost::{Message, Name};
use proto::log as pb;
use uuid::Uuid;

use super::codec::{Ink, Payload};
use super::{Ask, Desk, Failed, Prepared};
use crate::log::{Append, NewEvent};
use crate::reaction::ReactError;
use crate::source::Read;

/// The family of the streams that tell of refused reactions.
const CATEGORY: &str = "reaction";

/// A reaction, and the record that it asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The reaction's name.
    pub reaction: &'static str,
    /// The log that it reads.
    pub log: &'static str,
    /// The stream that it would write to.
    pub record: StreamId,
}

impl Desk {
    /// What a reaction appends of what was prepared for it. Where what it asks already holds that is nothing; a refusal is a fact, which `kind`
    /// puts into the service's own payload.
    ///
    /// That the registry knows no such person is a refusal too: it answers for good. That its keys cannot be had is not.
    ///
    /// # Errors
    /// It cannot be judged now.
    pub async fn settled<R: Refusal, M: Message>(
        &self,
        ask: &Ask,
        read: &Read,
        asked: Asked,
        prepared: Result<Prepared<R>, Failed<R>>,
        kind: impl FnOnce(pb::ReactionRefused) -> M,
    ) -> Result<Option<Append>, ReactError> {
        let failed = match prepared {
            Ok(prepared) => return Ok(prepared.for_reaction()),
            Err(failed) => failed,
        };
        let Some(reason) = failed.for_good().map_err(|status| ReactError::Failed(status))? else {
            return Ok(None);
        };
        let cause = Uuid::try_parse(&read.event.id).map_err(|_| unknown("its id is damaged"))?;
        let name = Uuid::new_v5(&cause, asked.reaction.as_bytes());
        self.tell_refused(ask, read, asked, (name, reason), kind).await
    }

    /// The fact that what a reaction asked for was refused, by its name and the reason; none where that was told before.
    ///
    /// # Errors
    /// It cannot be told now.
    pub async fn tell_refused<M: Message>(
        &self,
        ask: &Ask,
        read: &Read,
        asked: Asked,
        (name, reason): (Uuid, &'static str),
        kind: impl FnOnce(pb::ReactionRefused) -> M,
    ) -> Result<Option<Append>, ReactError> {
        let stream = StreamId::new(CATEGORY, name);
        let failed = |err| ReactError::Failed(Box::new(err));
        // A cursor that was lost, as after a fork, judges again what was judged.
        if !self.log().stream(&stream.to_string(), 0).await.map_err(failed)?.is_empty() {
            return Ok(None);
        }
        tracing::warn!(
            reaction.name = asked.reaction,
            log.name = asked.log,
            event.position = read.recorded.position,
            refusal.reason = reason,
            "a reaction was refused; that it was is told in the log"
        );
        let refused = pb::ReactionRefused {
            reaction: asked.reaction.to_owned(),
            log: asked.log.to_owned(),
            event_id: read.event.id.clone(),
            event_type: read.event.r#type.clone(),
            record: asked.record.to_string(),
            reason: reason.to_owned(),
        };
        let person: Option<PersonId> = match read.event.person_id.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| unknown("its person is damaged"))?),
        };
        let id = Uuid::now_v7();
        let payload = Payload::new(pb::ReactionRefused::full_name(), &kind(refused));
        // Codes alone: there is nothing in it to be sealed, so that it can be told of whom no key is known.
        let envelope = ask.envelope(id, &stream, 1, person, payload, &Ink::new(id, None));
        let envelope = envelope.map_err(|status| ReactError::Failed(Box::new(status)))?;
        let event = NewEvent {
            stream,
            version: 1,
            id,
            kind: envelope.r#type.clone(),
            person,
            bytes: envelope.encode_to_vec().into(),
        };
        Ok(Some(Append { expects: vec![(stream, 0)], events: vec![event], ..Append::default() }))
    }
}

fn unknown(why: &str) -> ReactError {
    ReactError::Unknown(why.to_owned())
}
