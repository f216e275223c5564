//! The latest events of a log in memory, so that whoever reads along need not ask the store for what was just written.
//!
//! Invariant: what is held are committed events of one incarnation, contiguous, as this process appended them. Where another process wrote between
//! or the log was forked or restored, it is dropped and the store is asked, as for everything older.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

use super::event::{Groups, Recorded};

/// The most events held.
const EVENTS: usize = 4096;
/// The most bytes of events held.
const BYTES: usize = 8 << 20;

/// Some events of a log in order of position, and how far they go.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The log's incarnation.
    pub log_id: Uuid,
    /// The events of the groups asked for.
    pub events: Vec<Recorded>,
    /// Everything of those groups up to this position is in this batch or was in those before it.
    pub through: u64,
    /// Position of the log's last event that is known of.
    pub head: u64,
}

/// The end of a log, as far as it is held.
#[derive(Default)]
pub struct Recent(Mutex<Held>);

#[derive(Default)]
struct Held {
    log_id: Uuid,
    events: VecDeque<Recorded>,
    bytes: usize,
}

impl Recent {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what was committed to this incarnation after `before`.
    pub fn committed(&self, log_id: Uuid, before: u64, events: impl Iterator<Item = Recorded>) {
        let mut held = self.held();
        if held.log_id != log_id || held.last().is_none_or(|last| last != before) {
            *held = Held { log_id, ..Held::default() };
        }
        for event in events {
            held.bytes += event.bytes.len();
            held.events.push_back(event);
        }
        while held.events.len() > EVENTS || held.bytes > BYTES {
            let Some(gone) = held.events.pop_front() else { break };
            held.bytes -= gone.bytes.len();
        }
    }

    /// The last position held, if any.
    pub fn last(&self) -> Option<u64> {
        self.held().last()
    }

    /// The store was seen to stand at `position` of `log_id`, asked after `last` was held here: a log that ends before what is held, or is another,
    /// has lost it.
    pub fn seen(&self, log_id: Uuid, position: u64, last: Option<u64>) {
        let mut held = self.held();
        if !held.events.is_empty() && (held.log_id != log_id || last.is_some_and(|last| last > position)) {
            *held = Held::default();
        }
    }

    /// Up to `limit` events of these groups after a position; nothing where the event that follows it is not held.
    pub fn after(&self, after: u64, groups: Groups, limit: usize) -> Option<Batch> {
        let held = self.held();
        let (first, head) = (held.events.front()?.position, held.last()?);
        let from = usize::try_from((after + 1).checked_sub(first)?).ok()?;
        if after >= head || limit == 0 {
            return None;
        }
        let rest = held.events.range(from..);
        let events: Vec<Recorded> =
            rest.filter(|event| groups.contain(event.partition)).take(limit).cloned().collect();
        let full = events.len() == limit;
        let through = if full { events.last().map_or(after, |last| last.position) } else { head };
        Some(Batch { log_id: held.log_id, events, through, head })
    }
}

impl Held {
    fn last(&self) -> Option<u64> {
        self.events.back().map(|event| event.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Timestamp;

    const LOG: Uuid = Uuid::from_u128(1);

    fn event(position: u64) -> Recorded {
        let bytes = vec![0; 10].into();
        let partition = (position % 64) as u32;
        Recorded { position, partition, sequence: 1, recorded_at: Timestamp::UNIX_EPOCH, bytes }
    }

    fn positions(recent: &Recent, after: u64, limit: usize) -> Option<(Vec<u64>, u64)> {
        let batch = recent.after(after, Groups::ALL, limit)?;
        Some((batch.events.iter().map(|event| event.position).collect(), batch.through))
    }

    #[test]
    fn what_was_appended_is_read_from_any_position_in_it_and_nothing_else() {
        let recent = Recent::default();
        assert_eq!(positions(&recent, 0, 9), None);
        recent.committed(LOG, 4, (5..=7).map(event));
        recent.committed(LOG, 7, (8..=8).map(event));
        assert_eq!(positions(&recent, 3, 9), None, "the fifth does not follow the third");
        assert_eq!(positions(&recent, 4, 9), Some((vec![5, 6, 7, 8], 8)));
        assert_eq!(positions(&recent, 5, 2), Some((vec![6, 7], 7)));
        assert_eq!(positions(&recent, 8, 9), None, "what follows the end only the store knows");
        let some = recent.after(4, Groups::of([0]), 2).unwrap();
        assert_eq!((some.events.len(), some.through), (2, 6));
        let none = recent.after(4, Groups::of([7]), 2).unwrap();
        assert_eq!((none.events.len(), none.through), (0, 8));
    }

    #[test]
    fn an_append_of_another_process_between_begins_it_anew() {
        let recent = Recent::default();
        recent.committed(LOG, 0, (1..=3).map(event));
        recent.committed(LOG, 5, (6..=6).map(event));
        assert_eq!(positions(&recent, 2, 9), None);
        assert_eq!(positions(&recent, 5, 9), Some((vec![6], 6)));
    }

    #[test]
    fn a_log_that_lost_its_end_or_was_forked_takes_it_along() {
        for (log_id, position) in [(LOG, 2), (Uuid::from_u128(2), 3)] {
            let recent = Recent::default();
            recent.committed(LOG, 0, (1..=3).map(event));
            let last = recent.last();
            recent.seen(LOG, 3, last);
            assert!(positions(&recent, 0, 9).is_some());
            recent.seen(log_id, position, last);
            assert_eq!(positions(&recent, 0, 9), None);
        }
        let recent = Recent::default();
        recent.committed(LOG, 0, (1..=1).map(event));
        let last = recent.last();
        recent.committed(LOG, 1, (2..=3).map(event));
        recent.seen(LOG, 1, last);
        assert!(positions(&recent, 0, 9).is_some(), "what was appended since the question is no loss");
    }

    #[test]
    fn it_holds_no_more_than_it_may() {
        let recent = Recent::default();
        let many = EVENTS as u64 + 10;
        recent.committed(LOG, 0, (1..=many).map(event));
        assert_eq!(positions(&recent, 9, 9), None);
        assert_eq!(positions(&recent, many - 1, 9), Some((vec![many], many)));
    }
}
