//! The streams that a command decides over: one, several, or a number known only at run time.
//! Invariant: every stream loaded tells at which version it was seen, and the append expects it there, written or not; so nothing is decided on what
//! has changed. It tells also whether it came from the cache, so that no refusal rests on a stale one.

use std::ops::Deref;
use std::sync::Arc;

use kernel::StreamId;
use tonic::Status;
use uuid::Uuid;

use super::codec::Encoding;
use super::{Desk, id_of};
use crate::error;

/// The state of one stream, and where it stands.
#[derive(Debug)]
pub struct At<S> {
    /// The stream.
    pub stream: StreamId,
    /// Its version; 0 where nothing happened yet.
    pub version: u64,
    /// Its state.
    pub state: Arc<S>,
    /// Whether it came from the cache.
    pub cached: bool,
}

impl<S> At<S> {
    /// Where it was seen.
    pub fn seen(&self) -> Seen {
        Seen { stream: self.stream, version: self.version, cached: self.cached }
    }
}

impl<S> Deref for At<S> {
    type Target = S;
    fn deref(&self) -> &S {
        &self.state
    }
}

/// One stream as a decision saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The stream.
    pub stream: StreamId,
    /// Its version; 0 where nothing happened yet.
    pub version: u64,
    /// Whether its state came from the cache.
    pub cached: bool,
}

/// Streams to load together. What is only of interest and decides nothing has no place among them: its every change would be a lost race.
pub trait Streams: Send + Sync {
    /// Their states.
    type States: Send + Sync;

    /// Loads them; `fresh` reads what the cache does not prove.
    fn load(&self, desk: &Desk, fresh: bool) -> impl Future<Output = Result<Self::States, Status>> + Send;
    /// Tells every stream among them.
    fn seen(states: &Self::States, seen: &mut Vec<Seen>);
    /// The version that an etag is compared with where the reply is about `subject`; none where that is not among them.
    fn version_of(states: &Self::States, subject: StreamId) -> Option<u64> {
        let mut seen = Vec::new();
        Self::seen(states, &mut seen);
        seen.iter().find(|seen| seen.stream == subject).map(|seen| seen.version)
    }
}

/// One stream.
#[derive(Debug)]
pub struct Stream<D> {
    id: Uuid,
    kind: std::marker::PhantomData<fn() -> D>,
}

impl<D: Encoding> Stream<D> {
    /// The stream with this id.
    pub fn of(id: Uuid) -> Self {
        Self { id, kind: std::marker::PhantomData }
    }
}

impl<D: Encoding> Streams for Stream<D> {
    type States = At<D::State>;

    async fn load(&self, desk: &Desk, fresh: bool) -> Result<Self::States, Status> {
        let stream = id_of::<D>(self.id);
        let held = desk.0.cache.get::<D::State>(&stream);
        if let Some((version, state)) = &held
            && !fresh
        {
            return Ok(At { stream, version: *version, state: state.clone(), cached: true });
        }
        // Reading on from the held version is enough: what it was made of never changes.
        let (mut version, mut state) =
            held.map_or_else(Default::default, |(version, state)| (version, (*state).clone()));
        for recorded in desk.0.log.stream(&stream.to_string(), version).await? {
            let stored = recorded.decode().map_err(error::failed)?;
            let event = D::decode(&stored).map_err(error::failed)?;
            state = D::evolve(state, &event);
            version = stored.version;
        }
        let state = Arc::new(state);
        desk.0.cache.put::<D>(stream, version, state.clone());
        Ok(At { stream, version, state, cached: false })
    }
    fn seen(states: &Self::States, seen: &mut Vec<Seen>) {
        seen.push(states.seen());
    }
}

impl Streams for () {
    type States = ();
    async fn load(&self, _: &Desk, _: bool) -> Result<(), Status> {
        Ok(())
    }
    fn seen((): &(), _: &mut Vec<Seen>) {}
}

impl<A: Streams, B: Streams> Streams for (A, B) {
    type States = (A::States, B::States);
    async fn load(&self, desk: &Desk, fresh: bool) -> Result<Self::States, Status> {
        Ok((self.0.load(desk, fresh).await?, self.1.load(desk, fresh).await?))
    }
    fn seen(states: &Self::States, seen: &mut Vec<Seen>) {
        A::seen(&states.0, seen);
        B::seen(&states.1, seen);
    }
}

impl<A: Streams, B: Streams, C: Streams> Streams for (A, B, C) {
    type States = (A::States, B::States, C::States);
    async fn load(&self, desk: &Desk, fresh: bool) -> Result<Self::States, Status> {
        Ok((
            self.0.load(desk, fresh).await?,
            self.1.load(desk, fresh).await?,
            self.2.load(desk, fresh).await?,
        ))
    }
    fn seen(states: &Self::States, seen: &mut Vec<Seen>) {
        A::seen(&states.0, seen);
        B::seen(&states.1, seen);
        C::seen(&states.2, seen);
    }
}

impl<S: Streams> Streams for Vec<S> {
    type States = Vec<S::States>;
    async fn load(&self, desk: &Desk, fresh: bool) -> Result<Self::States, Status> {
        let mut states = Vec::with_capacity(self.len());
        for stream in self {
            states.push(stream.load(desk, fresh).await?);
        }
        Ok(states)
    }
    fn seen(states: &Self::States, seen: &mut Vec<Seen>) {
        states.iter().for_each(|state| S::seen(state, seen));
    }
}

impl<S: Streams> Streams for Option<S> {
    type States = Option<S::States>;
    async fn load(&self, desk: &Desk, fresh: bool) -> Result<Self::States, Status> {
        match self {
            Some(stream) => stream.load(desk, fresh).await.map(Some),
            None => Ok(None),
        }
    }
    fn seen(states: &Self::States, seen: &mut Vec<Seen>) {
        states.iter().for_each(|state| S::seen(state, seen));
    }
}
