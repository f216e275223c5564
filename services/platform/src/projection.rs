//! Projections: read models made of logs, exactly once.
//!
//! Invariants:
//! - The rows that an event makes and the cursor that says so are committed together; whoever commits must have found the cursor where its run
//!   begins. So a crash, a repetition, a second process or a nasty tail can cost time, never a row.
//! - No event is skipped. What cannot be applied is parked with everything later of the same person in the same log, until it can be.
//! - What readers see is one generation. Another is made beside it from the feeds and takes its place when it has read as far.
//!
//! Reading order: this file (what a projection is), [`apply`] and [`parking`] (one run of events), [`worker`] (one source), [`generation`] and
//! [`catalog`] (one set of tables, and which is the live one), [`engine`] (all of it kept going), [`views`] and [`kept`] (what readers hold), [`verify`].

mod apply;
mod catalog;
mod engine;
mod generation;
mod kept;
mod lag;
mod lease;
mod parking;
mod verify;
mod views;
mod worker;

pub use engine::{Running, Setup, StartError, start};
pub use kept::{About, Kept};
pub use lag::Lag;
pub(crate) use lease::Lease;
pub use parking::{Parked, Replayed};
pub use verify::{Difference, Differs, Verified, VerifyError};

pub use views::{Progress, Views, parked_as};

use std::time::Duration;

use futures_util::future::BoxFuture;

use crate::db::{StoreError, Tx};
pub use crate::source::Read;

/// Makes rows of events.
///
/// What it stores must follow from each stream's events in their order, and from nothing else: not from the time, nor from how the events of
/// several logs fall between each other.
pub trait Projection: Send + Sync + 'static {
    /// Its name, part of the names of its schemas and files: `a-z`, digits, `_`.
    fn name(&self) -> &'static str;

    /// Raised whenever its rows would come out differently: a process makes and reads tables of its own version alone.
    fn version(&self) -> u32;

    /// Names of the logs that it reads.
    fn sources(&self) -> &[&'static str];

    /// The statements that make the tables of one generation. Each table has a primary key, by which `verify` walks it; names beginning with
    /// `feed_` are the engine's.
    fn tables(&self, postgres: bool) -> Vec<String>;

    /// Which of these tables are lists of work: marked by events, cleared and put off by who does the work. What stands in them follows from no
    /// log, so `verify` passes over them; that a generation made anew marks everything again must be enough.
    fn work_lists(&self) -> &[&'static str] {
        &[]
    }

    /// How long the first event after a quiet while may wait for others to come along. For what nobody waits for while it is made: it leaves the
    /// processors to what somebody does.
    fn gathers(&self) -> Duration {
        Duration::ZERO
    }

    /// Applies one event, inside the transaction that moves the cursor. Each projection gives this or [`Projection::apply_batch`].
    fn apply<'a>(
        &'a self,
        tx: &'a mut Tx,
        source: &'a str,
        event: &'a Read,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        self.apply_batch(tx, source, std::slice::from_ref(event))
    }

    /// Applies events that follow each other; to be replaced where rows are better written many at a time. The effect must be that of applying
    /// them one by one. After an error nothing of it stands, and the events come again one by one.
    fn apply_batch<'a>(
        &'a self,
        tx: &'a mut Tx,
        source: &'a str,
        events: &'a [Read],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            for event in events {
                self.apply(tx, source, event).await?;
            }
            Ok(())
        })
    }

    /// Whether the event is applied even while its person is parked, ahead of what waits. For what must not wait, such as an erasure;
    /// applying what waited must then come to the same.
    fn always_passes(&self, _source: &str, _event: &Read) -> bool {
        false
    }
}

/// Why an event was not applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// This event cannot be applied: its payload is of a kind that this build does not know, or makes no sense. The text is logged and kept, so
    /// nothing personal is in it. Its person is parked.
    #[error("the event cannot be applied: {0}")]
    Poison(String),
    /// The database. What the event's own values made it refuse is poison; anything else is tried again.
    #[error("the rows could not be written")]
    Store(#[from] StoreError),
}
