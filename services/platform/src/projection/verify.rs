//! Proves that the live tables are what the logs make of them: a rebuild in scratch, compared row by row.
//! Invariant: both sides are compared at the same cursors, the live one as one snapshot, so that events which keep coming are no difference.

mod compare;

use std::collections::BTreeMap;

use super::apply::Outcome;
use super::catalog::Catalog;
use super::generation::Generation;
use super::worker::Parts;
use crate::db::StoreError;
use crate::error::chain;
use crate::log::Groups;
use crate::source::{Place, Run, Source, SourceError};
use crate::store::Store;

/// How the live tables differ from what the logs make.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Differs {
    /// The logs make a row that is not there.
    Missing,
    /// There is a row that the logs do not make.
    Extra,
    /// The row is there with other values.
    Changed,
}

/// One row that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// The table.
    pub table: String,
    /// The row's primary key, as SQL literals.
    pub key: String,
    /// How it differs.
    pub differs: Differs,
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// By log, the position up to which it was compared.
    pub positions: BTreeMap<String, u64>,
    /// Rows compared.
    pub rows: u64,
    /// The first differences of each table, in order.
    pub differences: Vec<Difference>,
    /// How many there are altogether.
    pub different: u64,
}

impl Verified {
    /// Whether everything is as it should be.
    pub fn clean(&self) -> bool {
        self.different == 0
    }
}

/// Why nothing could be said.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The tables could not be read or made.
    #[error("the tables cannot be compared")]
    Store(#[from] StoreError),
    /// A log could not be read.
    #[error("the logs cannot be read")]
    Source(#[from] SourceError),
    /// A log is no longer the one that the live tables were made of.
    #[error(
        "the log {log} is not the one that the live tables were made of; they are being made anew, verify them then"
    )]
    Replaced {
        /// The log.
        log: String,
    },
    /// A table cannot be walked.
    #[error("table {table} has no primary key; a projection's tables need one")]
    NoKey {
        /// The table.
        table: String,
    },
    /// The scratch tables were taken away while they were being made.
    #[error("the scratch tables were changed by someone else")]
    Disturbed,
}

pub(super) async fn verify(parts: &Parts, store: &Store, catalog: &Catalog) -> Result<Verified, VerifyError> {
    let number = catalog.scratch().await?;
    let verified = compare_with_scratch(parts, store, catalog, number).await;
    let cleared = async {
        store.drop_views(parts.projection.name(), number).await?;
        catalog.dropped(number).await
    };
    if let Err(error) = cleared.await {
        // It is forgotten after a while, and dropped then.
        tracing::warn!(
            projection.name = parts.projection.name(),
            error.chain = chain(&error),
            "scratch tables could not be dropped"
        );
    }
    verified
}

async fn compare_with_scratch(
    parts: &Parts,
    store: &Store,
    catalog: &Catalog,
    number: u32,
) -> Result<Verified, VerifyError> {
    let scratch = Generation::open(store, &*parts.projection, number).await?;
    // Most of the way first, so that the snapshot need not be held open for long.
    let live = parts.views.live();
    advance(parts, catalog, &scratch, live.places().await?).await?;
    let mut snapshot = live.db.snapshot().await?;
    let places = Generation::places_in(&mut snapshot).await?;
    let positions = places.iter().map(|(log, place)| (log.clone(), place.position)).collect();
    advance(parts, catalog, &scratch, places).await?;
    let (rows, differences, different) =
        compare::tables(&mut snapshot, &scratch.db, parts.projection.work_lists()).await?;
    snapshot.rollback().await?;
    Ok(Verified { positions, rows, differences, different })
}

/// Reads the feeds into the scratch tables up to exactly these places.
async fn advance(
    parts: &Parts,
    catalog: &Catalog,
    scratch: &Generation,
    to: BTreeMap<String, Place>,
) -> Result<(), VerifyError> {
    for source in &parts.sources {
        if let Some(to) = to.get(source.name()) {
            advance_one(parts, catalog, scratch, source, to).await?;
        }
    }
    Ok(())
}

async fn advance_one(
    parts: &Parts,
    catalog: &Catalog,
    scratch: &Generation,
    source: &Source,
    to: &Place,
) -> Result<(), VerifyError> {
    let replaced = || VerifyError::Replaced { log: source.name().to_owned() };
    let mut place = scratch.place(source.name()).await?;
    let missing =
        |place: &Place| to.position.saturating_sub(place.position).min(parts.pace.run as u64) as usize;
    let mut batch = source.read(place.position, Groups::ALL, missing(&place).max(1)).await?;
    while place.position < to.position {
        // A place may have been adopted by a fork of its log; what it was made of is the same then.
        let run =
            Run::following(Place { log_id: batch.log_id, ..place }, batch.events).ok_or_else(replaced)?;
        place = run.to.clone();
        let applier = parts.applier(scratch, source.name());
        // The next is read while this is applied.
        let next = source.read(place.position, Groups::ALL, missing(&place).max(1));
        let (applied, read) = tokio::join!(applier.apply(&run), next);
        if applied? == Outcome::Lost {
            return Err(VerifyError::Disturbed);
        }
        catalog.touch(Some(scratch.number)).await?;
        batch = read?;
    }
    let same = place.event_id == to.event_id && place.sequences == to.sequences;
    if same { Ok(()) } else { Err(replaced()) }
}
