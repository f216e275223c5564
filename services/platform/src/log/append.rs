//! What an append asks, and what it is answered.
//! Invariant: commands, reactions, timers and findings all write by this one type; there is no second way into a log.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use kernel::{AgencyId, PersonId, StreamId, Timestamp};
use uuid::Uuid;

use crate::db::StoreError;

/// The largest payload of one event, in bytes of its encoding.
pub const PAYLOAD_LIMIT: usize = 64 * 1024;
/// What the envelope around a payload may add: ids, labels, a sealed key, a trace.
const ENVELOPE_LIMIT: usize = 16 * 1024;
/// The most events of one append; a household's or a month's are far fewer.
const EVENTS_LIMIT: usize = 4096;

/// One indivisible write: everything in it, or nothing.
///
/// Its parts must agree: the events of a stream have the versions that follow the one expected, a stream is expected at one version, and a claim is
/// named once (or once released and then once taken).
#[derive(Clone, Debug, Default)]
pub struct Append {
    /// Makes a repetition give the first answer; without one, a cursor move or an expected version must.
    pub request: Option<RequestKey>,
    /// Streams and the versions they must have; 0 is a stream without events. Streams that are only read may be named too.
    pub expects: Vec<(StreamId, u64)>,
    /// What happened, in order.
    pub events: Vec<NewEvent>,
    /// One-of-a-kind facts taken or released.
    pub claims: Vec<Claim>,
    /// The move of a reader that this append is the effect of.
    pub cursor: Option<CursorMove>,
    /// Whose turn it takes in the queue.
    pub agency: Option<AgencyId>,
    /// After this it is dropped, unless it has been sent.
    pub deadline: Option<tokio::time::Instant>,
}

/// Names a request for the life of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestKey {
    /// Agency and method: the same id under another scope is another request.
    pub scope: String,
    /// The caller's id.
    pub id: Uuid,
    /// Keyed hash of the decoded request: the same id with another is refused.
    pub digest: [u8; 32],
    /// The stream that the reply is about.
    pub subject: String,
    /// That stream's version after the append.
    pub subject_version: u64,
}

/// An event to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// Its stream.
    pub stream: StreamId,
    /// The version of the stream that it makes, from 1.
    pub version: u64,
    /// Its id.
    pub id: Uuid,
    /// Full name of its kind.
    pub kind: String,
    /// The person it is about: decides the partition.
    pub person: Option<PersonId>,
    /// The encoded `throughline.log.v1.Event`, kept and published as it is.
    pub bytes: Bytes,
}

/// A change to who holds a one-of-a-kind fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Takes it; refused if another holds it, fine if the same holder does.
    Take {
        /// What is claimed; keyed hashes where it is personal.
        key: Vec<u8>,
        /// Who takes it.
        holder: String,
    },
    /// Releases it; changes nothing if another holds it or nobody does.
    Release {
        /// What was claimed.
        key: Vec<u8>,
        /// Who held it.
        holder: String,
    },
}

impl Claim {
    /// What it claims.
    pub fn key(&self) -> &[u8] {
        match self {
            Self::Take { key, .. } | Self::Release { key, .. } => key,
        }
    }
}

/// A reader's step, compare and set: refused unless the cursor is exactly at `from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CursorMove {
    /// The reader.
    pub reader: String,
    /// The incarnation of the log that it reads.
    pub log_id: Uuid,
    /// The partition or group that it reads of it.
    pub partition: u32,
    /// Where it stands; 0 before its first move.
    pub from: u64,
    /// Where it goes.
    pub to: u64,
}

/// What an append gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The log's incarnation.
    pub log_id: Uuid,
    /// One position an event, in order. Contiguous.
    pub positions: Vec<u64>,
    /// The highest sequence written of each partition written, by partition.
    pub sequences: Vec<(u32, u64)>,
    /// When the log recorded it.
    pub recorded_at: Timestamp,
    /// The request's subject; empty without a request.
    pub subject: String,
    /// The request's subject version.
    pub subject_version: u64,
    /// It had been appended before, by the same request.
    pub replayed: bool,
}

/// A request that the log knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRequest {
    /// What it asked.
    pub digest: [u8; 32],
    /// What it gave.
    pub appended: Appended,
}

/// Why an append was not made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// A stream is not at the version expected.
    #[error("stream {stream} has moved on")]
    Conflict {
        /// The first such stream.
        stream: String,
    },
    /// Another holds a claim.
    #[error("the claim is held by {holder}")]
    ClaimTaken {
        /// What was claimed.
        key: Vec<u8>,
        /// Who holds it.
        holder: String,
    },
    /// The request id was used for another request.
    #[error("the request id was used for another request")]
    RequestReused,
    /// The reader's cursor is not where the move starts.
    #[error("the cursor has moved")]
    CursorMoved,
    /// The log was shown to have lost its end, as after a restore, and takes nothing until it is forked.
    #[error("the log was replaced by an earlier state of itself and waits for `throughline log fork`")]
    LogReplaced,
    /// The queue is full.
    #[error("too many appends wait")]
    Overloaded {
        /// When there should be room again.
        retry_after: Duration,
    },
    /// Its deadline passed before it was sent.
    #[error("the deadline passed before the append was sent")]
    DeadlineExceeded,
    /// An event or the append is larger than the log takes.
    #[error("the append holds {size} where the limit is {limit}")]
    TooLarge {
        /// The limit: bytes of a payload or event, or events.
        limit: usize,
        /// What was asked.
        size: usize,
    },
    /// The store failed: it may have been appended or not.
    #[error("the store failed")]
    Unavailable(#[source] StoreError),
}

impl From<StoreError> for AppendError {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

impl Append {
    /// Refuses what is too large, and panics at what contradicts itself.
    pub(super) fn check(&self) -> Result<(), AppendError> {
        let within =
            |limit, size| if size > limit { Err(AppendError::TooLarge { limit, size }) } else { Ok(()) };
        within(EVENTS_LIMIT, self.events.len())?;
        for event in &self.events {
            within(PAYLOAD_LIMIT + ENVELOPE_LIMIT, event.bytes.len())?;
            within(PAYLOAD_LIMIT, payload_len(&event.bytes))?;
        }
        let mut versions: BTreeMap<StreamId, u64> = BTreeMap::new();
        for (stream, version) in &self.expects {
            assert!(versions.insert(*stream, *version).is_none(), "stream {stream} is expected twice");
        }
        for event in &self.events {
            let version = versions.entry(event.stream).or_insert_with(|| event.version.saturating_sub(1));
            assert_eq!(event.version, *version + 1, "version of an event of {}", event.stream);
            *version = event.version;
        }
        self.check_claims();
        Ok(())
    }

    fn check_claims(&self) {
        let (mut taken, mut released) = (BTreeSet::new(), BTreeSet::new());
        for claim in &self.claims {
            let (first, key) = match claim {
                Claim::Take { key, .. } => (taken.insert(key.as_slice()), key),
                Claim::Release { key, .. } => {
                    (released.insert(key.as_slice()) && !taken.contains(key.as_slice()), key)
                }
            };
            assert!(first, "a claim is named twice: {} bytes", key.len());
        }
    }

    /// What it expects of every stream that it names: what it says, and what the versions of its events imply.
    pub(super) fn expected(&self) -> Vec<Expected> {
        let only_read = |&(stream, version): &(StreamId, u64)| Expected { stream, version, written: false };
        let mut expected: Vec<Expected> = self.expects.iter().map(only_read).collect();
        let mut places: BTreeMap<StreamId, usize> =
            expected.iter().zip(0..).map(|(one, place)| (one.stream, place)).collect();
        for event in &self.events {
            match places.get(&event.stream) {
                Some(place) => expected[*place].written = true,
                None => {
                    places.insert(event.stream, expected.len());
                    expected.push(Expected {
                        stream: event.stream,
                        version: event.version - 1,
                        written: true,
                    });
                }
            }
        }
        expected
    }
}

/// What an append expects of one stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    pub stream: StreamId,
    pub version: u64,
    /// Whether it has events of it, and not only rests on it.
    pub written: bool,
}

/// The length of an encoded event's payload (field 19), without decoding it; 0 where there is none to be found.
fn payload_len(event: &[u8]) -> usize {
    use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
    let mut rest = event;
    let mut longest = 0;
    while !rest.is_empty() {
        let Ok((field, wire)) = decode_key(&mut rest) else { return longest };
        if field == 19 && wire == WireType::LengthDelimited {
            let mut ahead = rest;
            longest = decode_varint(&mut ahead).map_or(longest, |len| longest.max(len as usize));
        }
        if skip_field(wire, field, &mut rest, DecodeContext::default()).is_err() {
            return longest;
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::Message;

    #[test]
    fn the_length_of_a_payload_is_read_without_decoding_the_event() {
        let event = proto::log::Event {
            id: "x".repeat(300),
            payload: vec![7; 70_000].into(),
            version: 9,
            ..proto::log::Event::default()
        };
        assert_eq!(payload_len(&event.encode_to_vec()), 70_000);
        assert_eq!(payload_len(&[]), 0);
        assert_eq!(payload_len(&[0xff; 20]), 0, "what is no event has no payload");
    }

    #[test]
    #[should_panic(expected = "version of an event")]
    fn an_append_that_contradicts_itself_is_a_mistake_of_its_maker() {
        let stream = StreamId::new("referral", Uuid::from_u128(1));
        let event = NewEvent {
            stream,
            version: 3,
            id: Uuid::from_u128(2),
            kind: "k".into(),
            person: None,
            bytes: Bytes::new(),
        };
        let append = Append { expects: vec![(stream, 1)], events: vec![event], ..Append::default() };
        append.check().ok();
    }
}
