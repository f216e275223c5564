//! The event log of one service: what happened, in one order, for good.
//!
//! Invariants:
//! - Positions are contiguous from 1 in the order of commit, sequences contiguous from 1 within each of 64 partitions, versions within each
//!   stream. A refused append leaves no hole in any of them, and nobody ever sees a later position before an earlier one.
//! - An append is whole or not at all, judged alone, and made at most once: by its request id, its cursor move, or the version it expects.
//! - What was appended is never changed or removed; both stores enforce it. Times of recording never run backwards.
//! - All appends of a process go through one task ([`appender`]), which owns the only connection that writes. On PostgreSQL the lock of the head
//!   row orders several processes; a SQLite log belongs to one.
//!
//! Reading order: [`append`] (what is asked and answered), [`event`] (what is kept), [`queue`] and [`batch`] (how requests wait and travel
//! together), [`appender`], then [`sqlite`] and [`postgres`] (how a batch is judged and written), [`read`], [`recent`], [`others`],
//! [`schema`].

mod append;
mod appender;
mod arrays;
mod batch;
mod event;
mod others;
mod postgres;
mod queue;
mod read;
mod recent;
mod schema;
mod sqlite;

pub use append::{
    Append, AppendError, Appended, Claim, CursorMove, KnownRequest, NewEvent, PAYLOAD_LIMIT, RequestKey,
};
pub use event::{GROUPS, Groups, Head, PARTITIONS, Recorded, group, partition};
pub use recent::Batch;
pub(crate) use schema::{is_current, migrate};

use std::sync::Arc;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::db::{Db, StoreError};

/// Where a log's connections go.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A file of its own.
    Sqlite(std::path::PathBuf),
    /// A schema of a PostgreSQL database.
    Postgres {
        /// The database.
        url: String,
        /// The schema.
        schema: String,
    },
}

/// A log. Clones are the same log; the appender ends when the last one is gone.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    service: &'static str,
    db: Db,
    clock: Clock,
    queue: Arc<queue::Queue>,
    head: watch::Sender<u64>,
    recent: Arc<recent::Recent>,
    others: others::Others,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl std::fmt::Debug for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Log({})", self.0.service)
    }
}

impl Log {
    /// Opens a log whose schema is there, and starts its appender.
    pub(crate) async fn open(
        service: &'static str,
        db: Db,
        place: Place,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let queue = Arc::new(queue::Queue::new(queue::CAPACITY));
        let position = read::head(&db).await?.position;
        let head = watch::Sender::new(position);
        let (recent, others) = (Arc::new(recent::Recent::default()), others::Others::new());
        appender::start(place, clock.clone(), queue.clone(), head.clone(), recent.clone())?;
        if db.is_postgres() {
            others.follow(db.clone(), queue.clone(), head.clone(), recent.clone());
        }
        Ok(Self(Arc::new(Inner { service, db, clock, queue, head, recent, others })))
    }

    /// The service whose log it is; the log's name to its readers.
    pub fn service(&self) -> &'static str {
        self.0.service
    }

    /// Appends, in the next batch, after waiting in the queue for its turn.
    ///
    /// # Errors
    /// A refusal says why and left nothing behind. After [`AppendError::Unavailable`] nobody knows whether it was appended: ask again with the
    /// same request id, cursor move or expected version, which makes the answer exact.
    ///
    /// # Panics
    /// On an append that contradicts itself (see [`Append`]), which is a mistake of the code that made it.
    pub async fn append(&self, append: Append) -> Result<Appended, AppendError> {
        append.check()?;
        let request = append.request.clone();
        match (self.0.queue.wait(append).await?, request) {
            (queue::Answer::Appended(appended), _) => Ok(appended),
            (queue::Answer::Known, Some(request)) => self.replay(&request).await,
            (queue::Answer::Known, None) => {
                unreachable!("an append without a request id has none that is known")
            }
        }
    }

    /// What a request gave when it was first made.
    async fn replay(&self, request: &RequestKey) -> Result<Appended, AppendError> {
        let known = self.request(&request.scope, request.id).await?;
        let lost = || StoreError::Unusable("a request that the log knew is gone from it".to_owned());
        let known = known.ok_or_else(lost)?;
        if known.digest != request.digest {
            return Err(AppendError::RequestReused);
        }
        Ok(known.appended)
    }

    /// Looks now whether another process has appended, rather than at the next look.
    pub(crate) fn look(&self) {
        self.0.others.look();
    }

    /// How often the log was seen, each time within 250 ms, to be another incarnation or to have lost its end: what was made of it before is not to be
    /// trusted. Always 0 on SQLite, whose file nobody can replace under its process.
    pub fn replaced(&self) -> watch::Receiver<u64> {
        self.0.others.replaced()
    }

    /// How many appends wait for their turn.
    pub fn queue_depth(&self) -> usize {
        self.0.queue.depth()
    }

    /// What batches have done so far in this process.
    pub fn batches(&self) -> Batches {
        self.0.queue.batches()
    }

    /// Whether the appender works: what a readiness check asks.
    pub fn takes_appends(&self) -> bool {
        !self.0.queue.closed()
    }

    /// Ends the appender once what waits has been appended, and closes the connections that read.
    pub async fn close(&self) {
        self.0.queue.close();
        self.0.queue.ended().await;
        self.0.db.close().await;
    }
}

/// What an appender has done since its process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Batches {
    /// Batches sent, each one statement and one commit.
    pub sent: u64,
    /// Appends in them.
    pub appends: u64,
    /// Time from sending to answer of those answered, all together, in microseconds.
    pub micros: u64,
}
