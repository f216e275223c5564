//! The streams that a command decides over: one, several, or a number known only at run time.
//! Invariant: every state says whether it came from the cache, so that no refusal rests on a stale one.

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

impl<S> Deref for At<S> {
    type Target = S;
    fn deref(&self) -> &S {
        &self.state
    }
}

/// Streams to load together.
pub trait Streams: Send + Sync {
    /// Their states.
    type States: Send + Sync;

    /// Loads them; `fresh` reads what the cache does not prove.
    fn load(&self, desk: &Desk, fresh: bool) -> impl Future<Output = Result<Self::States, Status>> + Send;
    /// Whether any of them came from the cache.
    fn cached(states: &Self::States) -> bool;
    /// The version of that stream, if it is among them.
    fn version_of(states: &Self::States, stream: StreamId) -> Option<u64>;
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
    fn cached(states: &Self::States) -> bool {
        states.cached
    }
    fn version_of(states: &Self::States, stream: StreamId) -> Option<u64> {
        (states.stream == stream).then_some(states.version)
    }
}

impl Streams for () {
    type States = ();
    async fn load(&self, _: &Desk, _: bool) -> Result<(), Status> {
        Ok(())
    }
    fn cached((): &()) -> bool {
        false
    }
    fn version_of((): &(), _: StreamId) -> Option<u64> {
        None
    }
}

impl<A: Streams, B: Streams> Streams for (A, B) {
    type States = (A::States, B::States);
    async fn load(&self, desk: &Desk, fresh: bool) -> Result<Self::States, Status> {
        Ok((self.0.load(desk, fresh).await?, self.1.load(desk, fresh).await?))
    }
    fn cached(states: &Self::States) -> bool {
        A::cached(&states.0) || B::cached(&states.1)
    }
    fn version_of(states: &Self::States, stream: StreamId) -> Option<u64> {
        A::version_of(&states.0, stream).or_else(|| B::version_of(&states.1, stream))
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
    fn cached(states: &Self::States) -> bool {
        A::cached(&states.0) || B::cached(&states.1) || C::cached(&states.2)
    }
    fn version_of(states: &Self::States, stream: StreamId) -> Option<u64> {
        A::version_of(&states.0, stream)
            .or_else(|| B::version_of(&states.1, stream))
            .or_else(|| C::version_of(&states.2, stream))
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
    fn cached(states: &Self::States) -> bool {
        states.iter().any(S::cached)
    }
    fn version_of(states: &Self::States, stream: StreamId) -> Option<u64> {
        states.iter().find_map(|state| S::version_of(state, stream))
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
    fn cached(states: &Self::States) -> bool {
        states.as_ref().is_some_and(S::cached)
    }
    fn version_of(states: &Self::States, stream: StreamId) -> Option<u64> {
        states.as_ref().and_then(|state| S::version_of(state, stream))
    }
}
