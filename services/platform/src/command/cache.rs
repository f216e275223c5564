//! The last folded state of the streams in use.
//! Invariant: a stale one only costs a conflict and a reload, because an append expects every stream that was looked at. What is held was folded from
//! stored events alone, so no personal text is in it, and from the log as it is: none outlives its replacement by more than 250 ms.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kernel::{Decider, StreamId};
use proto::log::Event;
use quick_cache::sync::Cache as Store;
use tokio::sync::watch;

use super::codec::Encoding;

type State = Arc<dyn Any + Send + Sync>;
/// The state after one more stored event; none where that cannot be read.
type Step = fn(&State, &Event) -> Option<State>;

#[derive(Clone)]
struct Held {
    version: u64,
    state: State,
    step: Step,
}

pub(super) struct Cache {
    held: Store<StreamId, Held>,
    replaced: watch::Receiver<u64>,
    /// How often the log had been replaced when all of this was forgotten last.
    forgot: AtomicU64,
}

impl Cache {
    /// Holds so many streams of a log that tells how often it was replaced.
    pub fn new(streams: usize, replaced: watch::Receiver<u64>) -> Self {
        let forgot = AtomicU64::new(*replaced.borrow());
        Self { held: Store::new(streams), replaced, forgot }
    }

    pub fn get<S: Send + Sync + 'static>(&self, stream: &StreamId) -> Option<(u64, Arc<S>)> {
        let replaced = *self.replaced.borrow();
        if self.forgot.load(Ordering::Acquire) != replaced {
            self.held.clear();
            self.forgot.store(replaced, Ordering::Release);
        }
        let held = self.held.get(stream)?;
        Some((held.version, held.state.downcast().ok()?))
    }

    pub fn put<D: Encoding>(&self, stream: StreamId, version: u64, state: Arc<D::State>) {
        self.held.insert(stream, Held { version, state, step: step::<D> });
    }

    pub fn forget(&self, streams: &[StreamId]) {
        for stream in streams {
            self.held.remove(stream);
        }
    }

    /// Moves the held states on by events that were just appended.
    pub fn remember(&self, events: &[(StreamId, Event)]) {
        for (stream, event) in events {
            let Some(held) = self.held.get(stream) else { continue };
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
                    self.held.insert(*stream, Held { version: event.version, state, step: held.step });
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

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn what_was_held_of_a_log_that_was_replaced_is_held_no_more() {
        let (log, replaced) = watch::channel(4);
        let cache = Cache::new(10, replaced);
        let stream = StreamId::new("referral", Uuid::from_u128(1));
        let hold = |version| {
            let state: State = Arc::new(version);
            cache.held.insert(stream, Held { version, state, step: |state, _| Some(state.clone()) });
        };
        hold(7);
        assert_eq!(cache.get::<u64>(&stream), Some((7, Arc::new(7))));
        log.send_replace(5);
        assert_eq!(cache.get::<u64>(&stream), None);
        hold(2);
        assert_eq!(
            cache.get::<u64>(&stream),
            Some((2, Arc::new(2))),
            "what is held since is of the log as it is"
        );
    }
}
