//! The last folded state of the streams in use.
//! Invariant: a stale one only costs a conflict and a reload where the append expects its version; where it is only looked at, another process's
//! change is known within 250 ms. What is held was folded from stored events alone, so no personal text is in it.

use std::any::Any;
use std::collections::HashSet;
use std::sync::Arc;

use kernel::{Decider, StreamId};
use proto::log::Event;
use quick_cache::sync::Cache as Store;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use super::codec::Encoding;
use crate::log::News;

type State = Arc<dyn Any + Send + Sync>;
/// The state after one more stored event; none where that cannot be read.
type Step = fn(&State, &Event) -> Option<State>;

#[derive(Clone)]
struct Held {
    version: u64,
    state: State,
    step: Step,
}

pub(super) struct Cache(Store<StreamId, Held>);

impl Cache {
    pub fn new(streams: usize) -> Self {
        Self(Store::new(streams))
    }

    pub fn get<S: Send + Sync + 'static>(&self, stream: &StreamId) -> Option<(u64, Arc<S>)> {
        let held = self.0.get(stream)?;
        Some((held.version, held.state.downcast().ok()?))
    }

    pub fn put<D: Encoding>(&self, stream: StreamId, version: u64, state: Arc<D::State>) {
        self.0.insert(stream, Held { version, state, step: step::<D> });
    }

    pub fn forget(&self, streams: &[StreamId]) {
        for stream in streams {
            self.0.remove(stream);
        }
    }

    /// Forgets what other processes have changed, for as long as the log tells of it.
    pub fn forget_others(self: &Arc<Self>, mut news: broadcast::Receiver<News>) {
        let cache = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                let told = news.recv().await;
                let Some(cache) = cache.upgrade() else { return };
                match told {
                    Ok(News::Appended(streams)) => {
                        let ids = streams.iter().filter_map(|stream| kernel::ids::parse_stream(stream).ok());
                        let ids: HashSet<Uuid> = ids.map(|(_, id)| id).collect();
                        cache.0.retain(|stream, _| !ids.contains(&stream.id()));
                    }
                    Ok(News::Replaced) | Err(RecvError::Lagged(_)) => cache.0.clear(),
                    Err(RecvError::Closed) => return,
                }
            }
        });
    }

    /// Moves the held states on by events that were just appended.
    pub fn remember(&self, events: &[(StreamId, Event)]) {
        for (stream, event) in events {
            let Some(held) = self.0.get(stream) else { continue };
            if held.version + 1 < event.version {
                // Those between come later, or never: what would be held until then is known to be old.
                self.forget(&[*stream]);
                continue;
            }
            if held.version >= event.version {
                continue;
            }
            match (held.step)(&held.state, event) {
                Some(state) => {
                    self.0.insert(*stream, Held { version: event.version, state, step: held.step });
                }
                None => self.forget(&[*stream]),
            }
        }
    }
}

fn step<D: Encoding>(state: &State, event: &Event) -> Option<State> {
    let state = state.downcast_ref::<D::State>()?;
    let event = D::decode(event).ok()?;
    Some(Arc::new(<D as Decider>::evolve(state.clone(), &event)))
}
