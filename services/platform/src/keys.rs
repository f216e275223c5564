//! The keys of people as a service has them: fetched in batches from the registry, kept in memory for a lease, never written down.
//! Invariant: a key is used at most [`LEASE`] after it was asked for, and not at all once its person is known to be erased.

mod erasures;
mod remote;

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use kernel::PersonId;
use prost::Message;
use proto::log as pb;
use proto::types::FieldStatus;
use tokio::sync::{mpsc, oneshot};
use tonic::Status;

use crate::clock::Clock;
use crate::error;
use crate::seal::{PersonKey, sealed_for};

pub use erasures::forget_erased;
pub use remote::RemoteKeys;

/// How long a key may be used after it was asked for.
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// The most people asked for in one call of the source.
pub const MAX_BATCH: usize = 1_000;
/// Asks that may wait for the call under way.
const WAITING: usize = 4_096;

/// What became of a person's key.
#[derive(Clone, Debug)]
pub enum KeyState {
    /// It can be had.
    Open(PersonKey),
    /// It was destroyed: what it sealed is gone.
    Erased,
    /// The registry never had one: no such person.
    Unknown,
}

/// Where keys come from: the registry's store, or the registry's service.
pub trait KeySource: Send + Sync + 'static {
    /// The keys of these people, at most [`MAX_BATCH`], each once.
    fn keys<'a>(
        &'a self,
        people: &'a [PersonId],
    ) -> BoxFuture<'a, Result<Vec<(PersonId, KeyState)>, KeyError>>;
}

/// The keys cannot be had now: their source is away and no lease holds. Retryable.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the keys of the people concerned cannot be had now")]
pub struct KeyError(#[source] Arc<dyn Error + Send + Sync>);

impl KeyError {
    /// The source is away, for this reason.
    pub fn away(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(Arc::from(why.into()))
    }
}

impl From<KeyError> for Status {
    fn from(err: KeyError) -> Self {
        tracing::warn!(error.chain = error::chain(&err), "keys are locked: their source is away");
        let text = "the person's key cannot be had now, so nothing can be sealed or opened; try again";
        error::unavailable("KEYS_LOCKED", text, std::time::Duration::from_secs(1))
    }
}

/// What a sealed field came to.
#[derive(Clone, PartialEq, Eq)]
pub enum Opened {
    /// The text.
    Text(String),
    /// Its key is destroyed.
    Erased,
    /// Its key cannot be had now.
    Locked,
}

impl Opened {
    /// As a reply has it: the text, or nothing, and which of them.
    pub fn said(self) -> (String, FieldStatus) {
        match self {
            Self::Text(text) => (text, FieldStatus::Open),
            Self::Erased => (String::new(), FieldStatus::Erased),
            Self::Locked => (String::new(), FieldStatus::Locked),
        }
    }
}

/// The keys of people, shared by everything in a process. Clones are the same.
#[derive(Clone)]
pub struct Keys {
    shared: Arc<Shared>,
    asks: mpsc::Sender<Ask>,
}

struct Shared {
    clock: Clock,
    leases: Mutex<HashMap<PersonId, Lease>>,
}

enum Lease {
    Open {
        key: PersonKey,
        until: Timestamp,
    },
    /// For good: an erased person's key never comes back, whatever an older answer says.
    Erased,
}

struct Ask {
    people: Vec<PersonId>,
    reply: oneshot::Sender<Result<HashMap<PersonId, KeyState>, KeyError>>,
}

impl Keys {
    /// Keys from this source. Starts the task that asks it, which ends with the last clone; call it inside a runtime.
    pub fn new(source: Arc<dyn KeySource>, clock: Clock) -> Self {
        let shared = Arc::new(Shared { clock, leases: Mutex::default() });
        let (asks, queue) = mpsc::channel(WAITING);
        tokio::spawn(fetch(source, shared.clone(), queue));
        Self { shared, asks }
    }

    /// The key of one person.
    ///
    /// # Errors
    /// The source is away and no lease holds: the person is locked for now.
    pub async fn of(&self, person: PersonId) -> Result<KeyState, KeyError> {
        let mut found = self.of_all(&[person]).await?;
        Ok(found.remove(&person).unwrap_or(KeyState::Unknown))
    }

    /// The keys of these people.
    ///
    /// # Errors
    /// As [`Keys::of`], where it holds for any of them.
    pub async fn of_all(&self, people: &[PersonId]) -> Result<HashMap<PersonId, KeyState>, KeyError> {
        let (found, locked) = self.look(people).await;
        locked.map_or(Ok(found), Err)
    }

    /// The person is erased: drops the key and never takes it again.
    pub fn forget(&self, person: PersonId) {
        self.shared.leases().insert(person, Lease::Erased);
    }

    /// A field of a reply: its text and its status; both empty where there is none.
    pub async fn field(&self, text: Option<&kernel::Private>) -> (String, i32) {
        let Some(text) = text else { return (String::new(), FieldStatus::Unspecified.into()) };
        let (text, status) = self.open_private(text).await.said();
        (text, status.into())
    }

    /// Opens one sealed text.
    pub async fn open(&self, sealed: &pb::Sealed) -> Opened {
        self.open_all(&[sealed]).await.pop().unwrap_or(Opened::Locked)
    }

    /// Opens personal text as a domain holds it. Plain text, not yet stored, is its own.
    pub async fn open_private(&self, text: &kernel::Private) -> Opened {
        match text {
            kernel::Private::Plain(text) => Opened::Text(text.clone()),
            kernel::Private::Sealed(bytes) => match pb::Sealed::decode(bytes.as_slice()) {
                Ok(sealed) => self.open(&sealed).await,
                Err(err) => {
                    tracing::error!(error.chain = error::chain(&err), "a sealed text is damaged");
                    Opened::Locked
                }
            },
        }
    }

    /// Opens these sealed texts, in their order, with one look for all the keys they need.
    pub async fn open_all(&self, sealed: &[&pb::Sealed]) -> Vec<Opened> {
        let mut people: Vec<PersonId> = sealed.iter().filter_map(|text| sealed_for(text)).collect();
        people.sort_unstable();
        people.dedup();
        let (keys, locked) = self.look(&people).await;
        if let Some(err) = locked {
            tracing::warn!(error.chain = error::chain(&err), "fields stay locked: the keys' source is away");
        }
        sealed.iter().map(|text| open_with(&keys, text)).collect()
    }

    /// What leases and source know of these people; with the reason where the source is away and some stay unknown for it.
    async fn look(&self, people: &[PersonId]) -> (HashMap<PersonId, KeyState>, Option<KeyError>) {
        let (mut found, missing) = self.shared.leased(people);
        if missing.is_empty() {
            return (found, None);
        }
        let (reply, answer) = oneshot::channel();
        let asked = self.asks.send(Ask { people: missing, reply }).await.is_ok();
        let answer = if asked { answer.await.ok() } else { None };
        match answer.unwrap_or_else(|| Err(KeyError::away("the task that fetches keys has ended"))) {
            Ok(fetched) => {
                found.extend(fetched);
                (found, None)
            }
            Err(err) => (found, Some(err)),
        }
    }
}

fn open_with(keys: &HashMap<PersonId, KeyState>, sealed: &pb::Sealed) -> Opened {
    let key = sealed_for(sealed).and_then(|person| keys.get(&person));
    match key {
        Some(KeyState::Open(key)) => key.open(sealed).map_or_else(
            |err| {
                tracing::error!(event.id = sealed.event_id, field = sealed.field, error = %err, "a sealed field is damaged");
                Opened::Locked
            },
            Opened::Text,
        ),
        Some(KeyState::Erased) => Opened::Erased,
        // A registry that has never heard of the person is behind or the wrong one; the text may still open later.
        Some(KeyState::Unknown) | None => Opened::Locked,
    }
}

impl Shared {
    fn leases(&self) -> MutexGuard<'_, HashMap<PersonId, Lease>> {
        // Whoever panicked while holding it left a whole map: every change is one insert.
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn leased(&self, people: &[PersonId]) -> (HashMap<PersonId, KeyState>, Vec<PersonId>) {
        let now = self.clock.now();
        let leases = self.leases();
        let (mut found, mut missing) = (HashMap::with_capacity(people.len()), vec![]);
        for &person in people {
            match leases.get(&person) {
                Some(Lease::Erased) => {
                    found.insert(person, KeyState::Erased);
                }
                Some(Lease::Open { key, until }) if now < *until => {
                    found.insert(person, KeyState::Open(key.clone()));
                }
                Some(Lease::Open { .. }) | None => missing.push(person),
            }
        }
        (found, missing)
    }

    /// Keeps what the source answered to a call begun at `asked_at`; an erasure learned meanwhile stands against the answer.
    fn keep(&self, asked_at: Timestamp, answer: Vec<(PersonId, KeyState)>) -> HashMap<PersonId, KeyState> {
        let now = self.clock.now();
        let until = asked_at.checked_add(LEASE).unwrap_or(Timestamp::MAX);
        let mut leases = self.leases();
        leases.retain(|_, lease| match lease {
            Lease::Open { until, .. } => now < *until,
            Lease::Erased => true,
        });
        let keep = |(person, state): (PersonId, KeyState)| {
            if matches!(leases.get(&person), Some(Lease::Erased)) {
                return (person, KeyState::Erased);
            }
            match &state {
                KeyState::Open(key) => {
                    leases.insert(person, Lease::Open { key: key.clone(), until });
                }
                KeyState::Erased => {
                    leases.insert(person, Lease::Erased);
                }
                // Not kept: the person may be registered in the next moment.
                KeyState::Unknown => {}
            }
            (person, state)
        };
        answer.into_iter().map(keep).collect()
    }
}

/// Asks the source, one call at a time: what is asked meanwhile goes together in the next.
async fn fetch(source: Arc<dyn KeySource>, shared: Arc<Shared>, mut queue: mpsc::Receiver<Ask>) {
    while let Some(first) = queue.recv().await {
        let mut asks = vec![first];
        while let Ok(more) = queue.try_recv() {
            asks.push(more);
        }
        let mut people: Vec<PersonId> = asks.iter().flat_map(|ask| &ask.people).copied().collect();
        people.sort_unstable();
        people.dedup();
        let mut known = HashMap::with_capacity(people.len());
        let mut away = None;
        for batch in people.chunks(MAX_BATCH) {
            let asked_at = shared.clock.now();
            match source.keys(batch).await {
                Ok(answer) => known.extend(shared.keep(asked_at, answer)),
                Err(err) => away = Some(err),
            }
        }
        for Ask { people, reply } in asks {
            let found: HashMap<_, _> = people
                .iter()
                .filter_map(|person| known.get(person).map(|state| (*person, state.clone())))
                .collect();
            let answer = match &away {
                Some(err) if found.len() < people.len() => Err(err.clone()),
                // That there is no such person is an answer; that nothing is said of them is none.
                None if found.len() < people.len() => {
                    Err(KeyError::away("the keys' source left somebody out of its answer"))
                }
                Some(_) | None => Ok(found),
            };
            // Whoever asked may have gone; nothing is lost by that.
            let _ = reply.send(answer);
        }
    }
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Opened(text)",
            Self::Erased => "Opened(erased)",
            Self::Locked => "Opened(locked)",
        })
    }
}

#[cfg(test)]
mod tests;
