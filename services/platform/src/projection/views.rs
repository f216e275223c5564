//! What readers of a projection hold: its live tables, how far they are, and how to wait for them.
//! Invariant: progress never tells of an event before its rows are committed, and a flip never shows readers less than they could see before.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kernel::PersonId;
use tokio::sync::watch;
use tokio::time::Instant;

use super::generation::Generation;
use super::{About, Lag};
use crate::args;
use crate::db::{Db, StoreError};
use crate::revision::Revision;
use crate::source::Place;

/// How far the live generation is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The live generation. Rows read under another may have to be read again.
    pub generation: u32,
    /// By name of the log, how far it has been read.
    pub places: BTreeMap<String, Arc<Place>>,
}

impl Progress {
    /// Whether what a command wrote has been read. Never true of a log that the projection does not read.
    pub fn has(&self, revision: &Revision) -> bool {
        self.places.get(&revision.log).is_some_and(|place| place.has(revision.log_id, &revision.written))
    }

    /// Whether nothing about this was read between then and now.
    pub fn still(&self, then: &Self, about: &About) -> bool {
        let of = |people: &[PersonId]| -> Vec<usize> {
            people.iter().map(|person| partition_of(*person) as usize).collect()
        };
        let partitions = match about {
            About::Everything => None,
            About::People(people) => Some(of(people)),
            About::Nothing => return false,
        };
        let same = |then: &Place, now: &Place| match &partitions {
            None => then == now,
            Some(partitions) => {
                let mut sequences =
                    partitions.iter().map(|at| (then.sequences.get(*at), now.sequences.get(*at)));
                then.log_id == now.log_id && sequences.all(|(then, now)| then == now)
            }
        };
        self.generation == then.generation
            && self.places.len() == then.places.len()
            && self
                .places
                .iter()
                .zip(&then.places)
                .all(|((log, now), (was, then))| log == was && (Arc::ptr_eq(now, then) || same(then, now)))
    }
}

/// A projection's tables, for readers. Clones are the same.
#[derive(Clone)]
pub struct Views(Arc<Shared>);

struct Shared {
    live: watch::Sender<Arc<Generation>>,
    progress: watch::Sender<Progress>,
    lag: watch::Sender<Vec<Lag>>,
    caught_up: AtomicBool,
    /// Looks at the sources' heads that were asked for, and how many of those have been taken.
    wanted: watch::Sender<u64>,
    looked: watch::Sender<u64>,
}

impl Views {
    pub(super) fn new(live: Arc<Generation>, places: BTreeMap<String, Place>) -> Self {
        let progress = Progress { generation: live.number, places: shared(places) };
        Self(Arc::new(Shared {
            live: watch::Sender::new(live),
            progress: watch::Sender::new(progress),
            lag: watch::Sender::new(Vec::new()),
            caught_up: AtomicBool::new(false),
            wanted: watch::Sender::new(0),
            looked: watch::Sender::new(0),
        }))
    }

    /// The live tables. One answer to one caller is best read from what this gave once.
    pub fn db(&self) -> Db {
        self.0.live.borrow().db.clone()
    }

    /// Whether what a command wrote has been read, waiting for it until the deadline. At once false for a log that the projection does not read.
    pub async fn reached(&self, revision: &Revision, deadline: Instant) -> bool {
        let mut progress = self.progress();
        if !progress.borrow().places.contains_key(&revision.log) {
            return false;
        }
        let reached = progress.wait_for(|progress| progress.has(revision));
        tokio::time::timeout_at(deadline, reached).await.is_ok_and(|reached| reached.is_ok())
    }

    /// Whether that log has been read up to this position, waiting for it until the deadline.
    pub async fn read_to(&self, log: &str, position: u64, deadline: Instant) -> bool {
        let mut progress = self.progress();
        let there = |progress: &Progress| progress.places.get(log).is_some_and(|at| at.position >= position);
        let reached = progress.wait_for(there);
        tokio::time::timeout_at(deadline, reached).await.is_ok_and(|reached| reached.is_ok())
    }

    /// Whether all of these have been read, waiting until the deadline.
    pub async fn reached_all(&self, revisions: &[Revision], deadline: Instant) -> bool {
        for revision in revisions {
            if !self.reached(revision, deadline).await {
                return false;
            }
        }
        true
    }

    /// Whether the tables have every event that any source had when this was asked, waiting for it until the deadline. False where a source cannot be
    /// asked. For a no that must not be said only because an event is still on its way; it costs a question to each source.
    pub async fn up_to_now(&self, deadline: Instant) -> bool {
        let mut looked = self.0.looked.subscribe();
        let mut ticket = 0;
        self.0.wanted.send_modify(|wanted| {
            *wanted += 1;
            ticket = *wanted;
        });
        let look = looked.wait_for(|looked| *looked >= ticket);
        if !tokio::time::timeout_at(deadline, look).await.is_ok_and(|look| look.is_ok()) {
            return false;
        }
        for lag in self.lag() {
            if !lag.reachable || !self.read_to(&lag.source, lag.head, deadline).await {
                return false;
            }
        }
        true
    }

    /// How far the tables are, as it goes on: for streams that wake with each step.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.0.progress.subscribe()
    }

    /// Whether nothing about this has been read since then.
    pub(super) fn still(&self, then: &Progress, about: &About) -> bool {
        self.0.progress.borrow().still(then, about)
    }

    /// How far behind each source the tables are, as of the last look at its head.
    pub fn lag(&self) -> Vec<Lag> {
        self.0.lag.borrow().clone()
    }

    /// The same, as it is looked at.
    pub fn lag_changes(&self) -> watch::Receiver<Vec<Lag>> {
        self.0.lag.subscribe()
    }

    /// Whether the tables have once, in this process, been as far as every source was: before that they may show the distant past.
    pub fn caught_up(&self) -> bool {
        self.0.caught_up.load(Ordering::Relaxed)
    }

    /// The logs in which this person's events wait because one could not be applied. What is shown of the person may be old.
    pub async fn parked_in(&self, person: PersonId) -> Result<Vec<String>, StoreError> {
        let sql =
            "SELECT DISTINCT source FROM feed_parked WHERE subject = $1 OR subject = $2 ORDER BY source";
        let [own, partition] = parked_as(person);
        self.db().fetch(sql, args![own, partition]).await?.iter().map(|row| row.text(0)).collect()
    }

    /// By log, how many people's events wait because one could not be applied.
    pub async fn parked(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let rows =
            self.db().fetch("SELECT source, count(*) FROM feed_parked GROUP BY source", args![]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, row.u64(1)?))).collect()
    }

    pub(super) fn live(&self) -> Arc<Generation> {
        self.0.live.borrow().clone()
    }

    pub(super) fn live_changes(&self) -> watch::Receiver<Arc<Generation>> {
        self.0.live.subscribe()
    }

    /// Shows another generation.
    pub(super) fn show(&self, live: Arc<Generation>, places: BTreeMap<String, Place>) {
        let progress = Progress { generation: live.number, places: shared(places) };
        // Tables first: who is woken by progress must find them.
        self.0.live.send_replace(live);
        self.0.progress.send_replace(progress);
    }

    /// A generation has read on to this place.
    pub(super) fn read_on(&self, generation: u32, source: &str, place: &Place) {
        self.0.progress.send_if_modified(|progress| {
            if progress.generation != generation
                || progress.places.get(source).is_some_and(|at| **at == *place)
            {
                return false;
            }
            progress.places.insert(source.to_owned(), Arc::new(place.clone()));
            true
        });
    }

    /// How many looks have been asked for, as more are.
    pub(super) fn wanted(&self) -> watch::Receiver<u64> {
        self.0.wanted.subscribe()
    }

    /// Every look up to this one has been taken.
    pub(super) fn looked(&self, ticket: u64) {
        self.0.looked.send_replace(ticket);
    }

    pub(super) fn set_lag(&self, lag: Vec<Lag>) {
        if !lag.is_empty() && lag.iter().all(|lag| lag.reachable && lag.events == 0) {
            self.0.caught_up.store(true, Ordering::Relaxed);
        }
        self.0.lag.send_replace(lag);
    }
}

/// What a person's events may be parked under: the person's own id, or the whole partition.
pub fn parked_as(person: PersonId) -> [String; 2] {
    [person.to_string(), format!("partition-{}", partition_of(person))]
}

/// The partition of every event about a person.
fn partition_of(person: PersonId) -> u32 {
    crate::log::partition(Some(person), &kernel::StreamId::new("", uuid::Uuid::nil()))
}

fn shared(places: BTreeMap<String, Place>) -> BTreeMap<String, Arc<Place>> {
    places.into_iter().map(|(source, place)| (source, Arc::new(place))).collect()
}
