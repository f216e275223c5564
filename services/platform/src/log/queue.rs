//! Where appends wait for the appender.
//!
//! Invariant: bounded, and fair between agencies: they take turns, and when it is full it is the longest lane that gives way. What is dropped
//! (deadline, caller gone) is dropped before it is sent, never after.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use kernel::AgencyId;
use tokio::sync::{Notify, oneshot, watch};

use super::batch::{Named, Names, names};
use super::{Append, AppendError, Appended, Batches};
use crate::db::StoreError;

/// How many appends may wait.
pub const CAPACITY: usize = 4096;
/// The most appends of one batch.
const BATCH: usize = 256;
/// The most events of one batch; an append that alone has more travels alone.
const BATCH_EVENTS: usize = 4096;
/// The most bytes of events of one batch; likewise.
const BATCH_BYTES: usize = 2 << 20;
/// How many waiting appends a batch looks past because they change what it holds, or read what it changes.
const LOOK_PAST: usize = 256;

/// What the appender tells who waits.
#[derive(Debug)]
pub enum Answer {
    /// It was appended.
    Appended(Appended),
    /// Its request id is known; whether for the same request, the log tells.
    Known,
}

type Answered = oneshot::Receiver<Result<Answer, AppendError>>;

/// An append in the queue.
#[derive(Debug)]
pub struct Waiting {
    /// What to append.
    pub append: Append,
    names: Names,
    bytes: usize,
    stage: Arc<AtomicU8>,
    answer: oneshot::Sender<Result<Answer, AppendError>>,
}

const QUEUED: u8 = 0;
const SENT: u8 = 1;
const DROPPED: u8 = 2;

impl Waiting {
    /// Tells who waits; nobody may.
    pub fn answer(self, answer: Result<Answer, AppendError>) {
        self.answer.send(answer).ok();
    }

    /// Whether it goes into a batch now: its caller still waits and its time has not run out. From here on it is sent.
    fn send(&self) -> bool {
        let late = self.append.deadline.is_some_and(|deadline| deadline <= tokio::time::Instant::now());
        let next = if late || self.answer.is_closed() { DROPPED } else { SENT };
        let moved = self.stage.compare_exchange(QUEUED, next, Ordering::AcqRel, Ordering::Acquire);
        moved.is_ok() && next == SENT
    }
}

/// The queue of one appender.
pub struct Queue {
    capacity: usize,
    state: Mutex<State>,
    filled: Notify,
    ended: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    lanes: BTreeMap<Option<AgencyId>, VecDeque<Waiting>>,
    depth: usize,
    last_served: Option<Option<AgencyId>>,
    closed: bool,
    batches: Batches,
    micros_per_append: u64,
}

impl Queue {
    pub fn new(capacity: usize) -> Self {
        Self { capacity, state: Mutex::default(), filled: Notify::new(), ended: watch::Sender::new(false) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits in the queue and then for the answer.
    pub async fn wait(&self, append: Append) -> Result<Answer, AppendError> {
        let deadline = append.deadline;
        let (stage, mut answer) = self.push(append)?;
        // An append that is dropped unanswered has run out of time, or its appender has ended.
        let dropped = |_| {
            Err(match stage.load(Ordering::Acquire) {
                DROPPED => AppendError::DeadlineExceeded,
                _ => AppendError::Unavailable(StoreError::Closed),
            })
        };
        if let Some(deadline) = deadline {
            if let Ok(answered) = tokio::time::timeout_at(deadline, &mut answer).await {
                return answered.unwrap_or_else(dropped);
            }
            if stage.compare_exchange(QUEUED, DROPPED, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                return Err(AppendError::DeadlineExceeded);
            }
        }
        answer.await.unwrap_or_else(dropped)
    }

    fn push(&self, append: Append) -> Result<(Arc<AtomicU8>, Answered), AppendError> {
        let stage = Arc::new(AtomicU8::new(QUEUED));
        let (answer, answered) = oneshot::channel();
        let lane = append.agency;
        let bytes = append.events.iter().map(|event| event.bytes.len()).sum();
        let names = names(&append);
        let waiting = Waiting { append, names, bytes, stage: stage.clone(), answer };
        let mut state = self.state();
        if state.closed {
            return Err(AppendError::Unavailable(StoreError::Closed));
        }
        if state.depth >= self.capacity {
            state.make_room(lane)?;
        }
        state.lanes.entry(lane).or_default().push_back(waiting);
        state.depth += 1;
        drop(state);
        self.filled.notify_one();
        Ok((stage, answered))
    }

    /// The next batch, as soon as anything waits; nothing once the queue is closed and empty.
    pub async fn next(&self) -> Option<Vec<Waiting>> {
        loop {
            let filled = self.filled.notified();
            {
                let mut state = self.state();
                let batch = state.take();
                if !batch.is_empty() {
                    state.batches.sent += 1;
                    state.batches.appends += batch.len() as u64;
                    return Some(batch);
                }
                if state.closed && state.depth == 0 {
                    return None;
                }
            }
            filled.await;
        }
    }

    /// Notes what a batch took.
    pub fn took(&self, appends: usize, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let mut state = self.state();
        state.batches.micros += micros;
        let each = micros / (appends as u64).max(1);
        state.micros_per_append = (state.micros_per_append * 7 + each) / 8;
    }

    pub fn depth(&self) -> usize {
        self.state().depth
    }

    pub fn batches(&self) -> Batches {
        self.state().batches
    }

    /// Takes no more; what waits is still appended.
    pub fn close(&self) {
        self.state().closed = true;
        self.filled.notify_one();
    }

    pub fn closed(&self) -> bool {
        self.state().closed
    }

    /// Ends it: whatever still waits learns that nobody will append it.
    pub fn end(&self) {
        let mut state = self.state();
        state.closed = true;
        state.depth = 0;
        let left = std::mem::take(&mut state.lanes);
        drop(state);
        drop(left);
        self.ended.send_replace(true);
    }

    /// Waits until the appender has ended.
    pub async fn ended(&self) {
        // The sender lives in `self`, so this waits for the value alone.
        self.ended.subscribe().wait_for(|ended| *ended).await.ok();
    }
}

impl State {
    /// Makes room for one of this lane by turning away the last of the longest lane, or says that this lane is itself the longest.
    fn make_room(&mut self, lane: Option<AgencyId>) -> Result<(), AppendError> {
        let retry_after = Duration::from_micros(self.micros_per_append.saturating_mul(self.depth as u64))
            .clamp(Duration::from_millis(50), Duration::from_secs(10));
        let own = self.lanes.get(&lane).map_or(0, VecDeque::len);
        let longest = self.lanes.values_mut().max_by_key(|waiting| waiting.len());
        let turned_away = match longest {
            Some(longest) if longest.len() > own + 1 => longest.pop_back(),
            Some(_) | None => None,
        };
        match turned_away {
            Some(waiting) => {
                self.depth -= 1;
                waiting.answer(Err(AppendError::Overloaded { retry_after }));
                Ok(())
            }
            None => Err(AppendError::Overloaded { retry_after }),
        }
    }

    /// Takes a batch: one append a lane in turn, passing over those that an earlier one, of this batch or passed over, bars.
    fn take(&mut self) -> Vec<Waiting> {
        let mut order: Vec<Option<AgencyId>> = match self.last_served {
            Some(last) => {
                let after = self.lanes.range((Bound::Excluded(last), Bound::Unbounded));
                after.chain(self.lanes.range(..=last)).map(|(lane, _)| *lane).collect()
            }
            None => self.lanes.keys().copied().collect(),
        };
        let mut looked: BTreeMap<Option<AgencyId>, usize> = BTreeMap::new();
        let (mut batch, mut named, mut passed) = (Vec::new(), Named::default(), 0);
        let (mut events, mut bytes) = (0, 0);
        let mut full = false;
        while !order.is_empty() && !full {
            order.retain(|lane| {
                if full {
                    return false;
                }
                let Some(waiting) = self.lanes.get_mut(lane) else { return false };
                let at = looked.entry(*lane).or_default();
                while let Some(next) = waiting.get(*at) {
                    let clash = named.bars(&next.names);
                    let heavy = !batch.is_empty()
                        && (events + next.append.events.len() > BATCH_EVENTS
                            || bytes + next.bytes > BATCH_BYTES);
                    if heavy || batch.len() == BATCH || passed == LOOK_PAST {
                        full = true;
                        return false;
                    }
                    if clash {
                        // What it names stays in the order of arrival: nothing later that changes it overtakes, and what it changes nothing later reads.
                        named.add(&next.names);
                        *at += 1;
                        passed += 1;
                        continue;
                    }
                    let Some(next) = waiting.remove(*at) else { return false };
                    self.depth -= 1;
                    if !next.send() {
                        continue;
                    }
                    events += next.append.events.len();
                    bytes += next.bytes;
                    named.add(&next.names);
                    batch.push(next);
                    self.last_served = Some(*lane);
                    return true;
                }
                false
            });
        }
        self.lanes.retain(|_, waiting| !waiting.is_empty());
        batch
    }
}

#[cfg(test)]
mod tests;
