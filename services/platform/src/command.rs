//! The way of every command: load, decide, seal, append, reply.
//!
//! Invariants: a command with the same request id and content gives the same reply and happens once; a refusal is returned only after a
//! look-up has shown the request id to be unknown; no transaction lives in a request future.

mod ask;
mod cache;
mod changes;
mod codec;
mod gate;
mod part;
mod refused;
pub mod stored;
mod streams;

use std::sync::Arc;

use kernel::{Decider, PersonId, Refusal, StreamId};
use prost::Message;
use proto::types::{Discrepancy, Written};
use tonic::Status;
use uuid::Uuid;

pub use ask::Ask;
pub(crate) use ask::fact_id;
pub use changes::Changes;
pub use codec::{Encoding, Ink, Payload, Unreadable, from_private};
pub use gate::{Gate, Pass};
pub use part::Sees;
pub use refused::Asked;
pub use streams::{At, Seen, Stream, Streams};

use crate::clock::Clock;
use crate::error;
use crate::fault;
use crate::keys::{KeyState, Keys};
use crate::log::{Append, AppendError, Appended, Log, RequestKey};
use crate::revision::Revision;
use crate::seal::Secret;
use cache::Cache;

/// How often a lost race is decided again. A record that is no longer at the version which its caller named ends that at once.
const TRIES: usize = 3;

/// Takes commands for one service. Clones are the same desk.
#[derive(Clone)]
pub struct Desk(Arc<Inner>, Gate);

struct Inner {
    service: &'static str,
    log: Log,
    keys: Keys,
    secret: Secret,
    clock: Clock,
    cache: Cache,
}

/// What a command came to.
#[derive(Clone, Debug)]
pub struct Done {
    /// The record that the reply is about.
    pub subject: Uuid,
    /// Its version now.
    pub version: u64,
    /// What was written.
    pub revision: Revision,
    /// What today's guards would have refused.
    pub discrepancies: Vec<Discrepancy>,
    /// Whether the request had been done before.
    pub replayed: bool,
}

impl From<Done> for Written {
    fn from(done: Done) -> Self {
        Written {
            id: done.subject.to_string(),
            etag: done.version.to_string(),
            revision: done.revision.to_text(),
            discrepancies: done.discrepancies,
        }
    }
}

/// Why a command did not happen.
#[derive(Debug)]
pub enum Failed<R> {
    /// The domain says no.
    Refused(R),
    /// Anything else, ready to leave. Boxed: a status is large and rare.
    Status(Box<Status>),
}

impl<R> From<Status> for Failed<R> {
    fn from(status: Status) -> Self {
        Self::Status(Box::new(status))
    }
}

impl<R: Refusal> Failed<R> {
    /// The reason, where it answers for good: a refusal, or that the registry knows no such person. None where the person was erased: nothing more is
    /// written about them, not even that.
    ///
    /// # Errors
    /// It cannot be judged now.
    pub fn for_good(self) -> Result<Option<&'static str>, Box<Status>> {
        match self {
            Self::Refused(refusal) => Ok(Some(refusal.reason())),
            Self::Status(status) => match error::reason(&status).as_deref() {
                Some(error::ERASED) => Ok(None),
                Some(error::NOBODY) => Ok(Some(error::NOBODY)),
                Some(_) | None => Err(status),
            },
        }
    }
}

impl<R: Refusal> From<Failed<R>> for Status {
    fn from(failed: Failed<R>) -> Self {
        match failed {
            Failed::Refused(refusal) => error::refused(&refusal),
            Failed::Status(status) => *status,
        }
    }
}

/// A decided command, sealed and ready to append.
#[derive(Debug)]
pub struct Prepared<R> {
    /// The write.
    pub append: Append,
    claims: Vec<(Vec<u8>, R)>,
    events: Vec<(StreamId, proto::log::Event)>,
}

impl<R> Prepared<R> {
    /// The write without its request id, for a reaction: the cursor that the reader adds makes it happen once. None where nothing changes.
    pub fn for_reaction(self) -> Option<Append> {
        let changes = !self.append.events.is_empty() || !self.append.claims.is_empty();
        changes.then(|| Append { request: None, ..self.append })
    }
}

impl Desk {
    /// The service's name, and its log's.
    pub fn service(&self) -> &'static str {
        self.0.service
    }

    /// A desk for a service.
    pub fn new(service: &'static str, log: Log, keys: Keys, secret: Secret, clock: Clock) -> Self {
        let cache = Cache::new(20_000, log.replaced());
        Self(Arc::new(Inner { service, log, keys, secret, clock, cache }), Gate::open())
    }

    /// The same desk, behind a gate.
    #[must_use]
    pub fn behind(self, gate: Gate) -> Self {
        Self(self.0, gate)
    }

    /// The service's log.
    pub fn log(&self) -> &Log {
        &self.0.log
    }
    /// The keys of people.
    pub fn keys(&self) -> &Keys {
        &self.0.keys
    }
    /// The service's secret.
    pub fn secret(&self) -> &Secret {
        &self.0.secret
    }
    /// The process's clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Notes that the id of a stream was made just now: it has no events yet, and nobody needs to ask the log for them.
    pub fn begins<D: Encoding>(&self, id: Uuid) {
        self.0.cache.put::<D>(id_of::<D>(id), 0, Arc::default());
    }

    /// Asks one stream one thing.
    ///
    /// # Errors
    /// The refusal or failure as a status, with its reason.
    pub async fn decide<D>(&self, ask: &Ask, id: Uuid, command: D::Command) -> Result<Done, Status>
    where
        D: Encoding,
        D::Command: Clone + Send + Sync,
    {
        let done = self.execute(ask, id_of::<D>(id), Stream::<D>::of(id), |state| {
            let events = D::decide(state, command.clone())?;
            Ok::<_, D::Refusal>(Changes::none().write::<D>(state, events))
        });
        Ok(done.await?)
    }

    /// Loads streams, decides over them together, and appends what was decided in one write.
    ///
    /// `subject` is the stream that the reply names. `decide` may run several times.
    ///
    /// # Errors
    /// The refusal, as data, or a status.
    pub async fn execute<S, R>(
        &self,
        ask: &Ask,
        subject: StreamId,
        streams: S,
        decide: impl Fn(&S::States) -> Result<Changes<R>, R> + Send + Sync,
    ) -> Result<Done, Failed<R>>
    where
        S: Streams,
        R: Refusal,
    {
        let mut fresh = false;
        for attempt in 1.. {
            let prepared = match self.prepare(ask, subject, &streams, &decide, fresh).await {
                Ok(Attempt::Ready(prepared)) => *prepared,
                Ok(Attempt::Stale) => {
                    fresh = true;
                    continue;
                }
                Err(failed) => return self.known(ask).await?.ok_or(failed),
            };
            match self.append(prepared).await? {
                Outcome::Done(done) => return Ok(done),
                Outcome::Refused(refusal) => {
                    return self.known(ask).await?.ok_or(Failed::Refused(refusal));
                }
                Outcome::Lost if attempt >= TRIES => return Err(error::lost_race().into()),
                // Where the caller named a version, the next look tells whether it is that record which moved, or only what stands beside it.
                Outcome::Lost => fresh = true,
            }
        }
        Err(error::lost_race().into())
    }

    /// Decides and seals without appending: what a reaction hands to its reader, which adds the cursor. Always decides on what the log holds now.
    ///
    /// # Errors
    /// The refusal, as data, or a status.
    pub async fn prepared<S, R>(
        &self,
        ask: &Ask,
        subject: StreamId,
        streams: S,
        decide: impl Fn(&S::States) -> Result<Changes<R>, R> + Send + Sync,
    ) -> Result<Prepared<R>, Failed<R>>
    where
        S: Streams,
        R: Refusal,
    {
        match self.prepare(ask, subject, &streams, &decide, true).await? {
            Attempt::Ready(prepared) => Ok(*prepared),
            Attempt::Stale => Err(error::lost_race().into()),
        }
    }

    /// The state of one stream as the log holds it now.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub async fn load<D: Encoding>(&self, id: Uuid) -> Result<At<D::State>, Status> {
        Stream::<D>::of(id).load(self, true).await
    }

    /// What a resend of this request would reply; none where its id is unknown.
    async fn known<R>(&self, ask: &Ask) -> Result<Option<Done>, Failed<R>> {
        let Some(known) = self.0.log.request(&ask.scope, ask.request_id).await.map_err(Status::from)? else {
            return Ok(None);
        };
        if known.digest != ask.digest {
            return Err(error::request_reused().into());
        }
        self.done(known.appended, None).await.map(Some).map_err(Failed::from)
    }

    async fn prepare<S, R>(
        &self,
        ask: &Ask,
        subject: StreamId,
        streams: &S,
        decide: &(impl Fn(&S::States) -> Result<Changes<R>, R> + Send + Sync),
        fresh: bool,
    ) -> Result<Attempt<R>, Failed<R>>
    where
        S: Streams,
        R: Refusal,
    {
        let states = streams.load(self, fresh).await?;
        let mut seen = Vec::new();
        S::seen(&states, &mut seen);
        let cached = seen.iter().any(|seen| seen.cached);
        let version = S::version_of(&states, subject);
        if let Some(wanted) = ask.etag
            && version.is_some_and(|version| version != wanted)
        {
            // A cached version proves nothing: the log may have moved on to just this one.
            return if cached { Ok(Attempt::Stale) } else { Err(error::etag_mismatch().into()) };
        }
        let changes = match decide(&states) {
            Ok(changes) => changes,
            Err(_) if cached => return Ok(Attempt::Stale),
            Err(refusal) => return Err(Failed::Refused(refusal)),
        };
        if changes.is_empty() && cached {
            return Ok(Attempt::Stale);
        }
        if self.plans_for_the_dead(ask, &changes).await? {
            return if cached { Ok(Attempt::Stale) } else { Err(error::person_died().into()) };
        }
        self.seal(ask, subject, version.unwrap_or(0), &seen, changes)
            .await
            .map(|ready| Attempt::Ready(Box::new(ready)))
            .map_err(Failed::from)
    }

    /// Whether it plans something to come of somebody who is told to have died. Asked once all else allows it, so that nobody else learns of it.
    async fn plans_for_the_dead<R>(&self, ask: &Ask, changes: &Changes<R>) -> Result<bool, Status> {
        let Some(people) = &ask.living else { return Ok(false) };
        for person in changes.people() {
            if people.died(person).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Turns decided events into bytes under their people's keys, to be written where every stream that was looked at still stands as it was seen.
    async fn seal<R: Refusal>(
        &self,
        ask: &Ask,
        subject: StreamId,
        subject_version: u64,
        seen: &[Seen],
        changes: Changes<R>,
    ) -> Result<Prepared<R>, Status> {
        let mut subject_version = subject_version;
        let mut expects: Vec<(StreamId, u64)> = Vec::with_capacity(seen.len());
        for seen in seen {
            // Of one that was loaded twice the first look is the older: should it have moved on between them, the append finds out.
            expect(&mut expects, seen.stream, seen.version);
        }
        let mut events = Vec::new();
        let mut append_events = Vec::new();
        for write in changes.writes {
            expect(&mut expects, write.stream, write.expected);
            for (version, event) in (write.expected + 1..).zip(&write.events) {
                let id = Uuid::now_v7();
                let person = event.person();
                let key = match person {
                    Some(person) => Some(self.key(person).await?),
                    None => None,
                };
                let ink = Ink::new(id, key.as_ref());
                let payload = event.encode(&ink)?;
                let envelope = ask.envelope(id, &write.stream, version, person, payload, &ink)?;
                if write.stream == subject {
                    subject_version = version;
                }
                append_events.push(crate::log::NewEvent {
                    stream: write.stream,
                    version,
                    id,
                    kind: envelope.r#type.clone(),
                    person,
                    bytes: envelope.encode_to_vec().into(),
                });
                events.push((write.stream, envelope));
            }
        }
        let request = RequestKey {
            scope: ask.scope.clone(),
            id: ask.request_id,
            digest: ask.digest,
            subject: subject.to_string(),
            subject_version,
        };
        let claims = changes.taken;
        let append = Append {
            request: Some(request),
            expects,
            events: append_events,
            claims: changes.claims,
            cursor: None,
            agency: ask.caller.speaks_for(),
            deadline: ask.deadline,
        };
        Ok(Prepared { append, claims, events })
    }

    async fn key(&self, person: PersonId) -> Result<crate::seal::PersonKey, Status> {
        match self.0.keys.of(person).await? {
            KeyState::Open(key) => Ok(key),
            KeyState::Erased => Err(error::status(
                tonic::Code::FailedPrecondition,
                error::ERASED,
                "the person was erased; nothing more can be written about them",
            )),
            KeyState::Unknown => Err(error::status(
                tonic::Code::NotFound,
                error::NOBODY,
                "there is no such person; register them with the registry first",
            )),
        }
    }

    async fn append<R: Refusal>(&self, prepared: Prepared<R>) -> Result<Outcome<R>, Failed<R>> {
        let Prepared { append, claims, events } = prepared;
        let streams: Vec<StreamId> = append.expects.iter().map(|(stream, _)| *stream).collect();
        match self.0.log.append(append).await {
            Ok(appended) => {
                fault::point("command.appended");
                if !appended.replayed {
                    self.0.cache.remember(&events);
                }
                let own = (!appended.replayed).then_some(events.as_slice());
                Ok(Outcome::Done(self.done(appended, own).await?))
            }
            Err(AppendError::Conflict { .. }) => {
                self.0.cache.forget(&streams);
                Ok(Outcome::Lost)
            }
            Err(AppendError::ClaimTaken { key, .. }) => {
                self.0.cache.forget(&streams);
                match claims.into_iter().find(|(taken, _)| *taken == key) {
                    Some((_, refusal)) => Ok(Outcome::Refused(refusal)),
                    None => Ok(Outcome::Lost),
                }
            }
            Err(
                other @ (AppendError::RequestReused
                | AppendError::CursorMoved
                | AppendError::LogReplaced
                | AppendError::Overloaded { .. }
                | AppendError::DeadlineExceeded
                | AppendError::TooLarge { .. }
                | AppendError::Unavailable(_)),
            ) => Err(Status::from(other).into()),
        }
    }

    /// The reply, made from what the log holds: the same on a retry as at first.
    async fn done(
        &self,
        appended: Appended,
        own: Option<&[(StreamId, proto::log::Event)]>,
    ) -> Result<Done, Status> {
        let (_, subject) = kernel::ids::parse_stream(&appended.subject).map_err(error::failed)?;
        let discrepancies = match own {
            Some(events) => events.iter().flat_map(|(_, event)| event.discrepancies.clone()).collect(),
            None => self.discrepancies(&appended.positions).await?,
        };
        Ok(Done {
            subject,
            version: appended.subject_version,
            revision: Revision {
                log: self.0.service.to_owned(),
                log_id: appended.log_id,
                written: appended.sequences,
            },
            discrepancies,
            replayed: appended.replayed,
        })
    }

    async fn discrepancies(&self, positions: &[u64]) -> Result<Vec<Discrepancy>, Status> {
        let (Some(first), Some(last)) = (positions.first(), positions.last()) else { return Ok(vec![]) };
        let count = usize::try_from(last - first + 1).unwrap_or(usize::MAX);
        let events = self.0.log.read(first - 1, crate::log::Groups::ALL, count).await?;
        let mut found = Vec::new();
        for recorded in events.iter().filter(|recorded| positions.contains(&recorded.position)) {
            found.extend(recorded.decode().map_err(error::failed)?.discrepancies.iter().cloned());
        }
        Ok(found)
    }
}

/// The stream of this kind with this id.
pub fn id_of<D: Decider>(id: Uuid) -> StreamId {
    StreamId::new(D::CATEGORY, id)
}

fn expect(expects: &mut Vec<(StreamId, u64)>, stream: StreamId, version: u64) {
    if expects.iter().all(|(named, _)| *named != stream) {
        expects.push((stream, version));
    }
}

enum Attempt<R> {
    Ready(Box<Prepared<R>>),
    /// What was decided rests on a cached state and must be decided again on the log's own.
    Stale,
}

enum Outcome<R> {
    Done(Done),
    Refused(R),
    Lost,
}
