//! A service's own log as rows: its lists, and what sources have told it.
//!
//! Invariant: both are made of the same events by one reader in one transaction, so who waits for the one has the other; and a batch of events
//! leaves the rows that its events leave one by one.
//!
//! Reading order: [`Lists`] (what a service gives), [`Logged`] (one event of its log), the projection, [`query`] (a page of a list).

mod query;

use std::future::Future;

use futures_util::future::BoxFuture;
use kernel::ids::parse_stream;
use uuid::Uuid;

use crate::command::Encoding;
use crate::db::{Rows, Tx};
use crate::projection::{ApplyError, Projection, Read};
use crate::records::{self, Tells};
use crate::wire::from_occurred;

pub use query::{Query, wait};

/// What a service lists of its own log.
pub trait Lists: Send + Sync + 'static {
    /// Raised whenever its rows would come out differently.
    const VERSION: u32;

    /// Which events tell what a source recorded, and take it back.
    const TELLS: Tells;

    /// As [`Projection::tables`].
    fn tables(&self, postgres: bool) -> Vec<String>;

    /// Puts what an event changes.
    fn apply(
        &self,
        logged: &Logged<'_>,
        rows: &mut Rows,
    ) -> impl Future<Output = Result<(), ApplyError>> + Send;

    /// As [`Projection::always_passes`].
    fn always_passes(&self, _read: &Read) -> bool {
        false
    }
}

/// An event of the service's own log.
pub struct Logged<'a> {
    /// The category of its stream.
    pub category: &'a str,
    /// The id of its stream: that of the record that it tells of.
    pub id: Uuid,
    /// As it was read.
    pub read: &'a Read,
}

impl<'a> Logged<'a> {
    fn new(read: &'a Read) -> Result<Self, ApplyError> {
        let (category, id) = parse_stream(&read.event.stream)
            .map_err(|_| ApplyError::Poison("its stream is damaged".to_owned()))?;
        Ok(Self { category, id, read })
    }

    /// When it was recorded, in microseconds since 1970.
    pub fn at(&self) -> i64 {
        self.read.recorded.recorded_at.as_microsecond()
    }

    /// When what it tells happened, in microseconds since 1970; when it was recorded where it does not say.
    pub fn happened(&self) -> i64 {
        let told = self.read.event.occurred.as_ref().and_then(from_occurred);
        told.map_or_else(|| self.at(), |occurred| occurred.at.as_microsecond())
    }

    /// What it says.
    ///
    /// # Errors
    /// A kind or content that this release does not know.
    pub fn event<D: Encoding>(&self) -> Result<D::Event, ApplyError> {
        D::decode(&self.read.event).map_err(|unreadable| ApplyError::Poison(unreadable.to_string()))
    }
}

/// The projection.
pub(crate) struct OwnLog<L> {
    log: [&'static str; 1],
    lists: L,
}

impl<L> OwnLog<L> {
    /// Of the log of that service.
    pub(crate) fn new(log: &'static str, lists: L) -> Self {
        Self { log: [log], lists }
    }
}

impl<L: Lists> Projection for OwnLog<L> {
    fn name(&self) -> &'static str {
        "lists"
    }
    fn version(&self) -> u32 {
        // Raised where either is.
        L::VERSION + records::VERSION
    }
    fn sources(&self) -> &[&'static str] {
        &self.log
    }

    fn tables(&self, postgres: bool) -> Vec<String> {
        self.lists.tables(postgres).into_iter().chain(records::TABLES.map(str::to_owned)).collect()
    }

    fn apply_batch<'a>(
        &'a self,
        tx: &'a mut Tx,
        _source: &'a str,
        events: &'a [Read],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let mut rows = Rows::default();
            for read in events {
                let logged = Logged::new(read)?;
                L::TELLS.apply(&logged, &mut rows)?;
                self.lists.apply(&logged, &mut rows).await?;
            }
            Ok(rows.write(tx).await?)
        })
    }

    fn always_passes(&self, _source: &str, read: &Read) -> bool {
        self.lists.always_passes(read)
    }
}
