//! Which generations of a projection there are, and which one is live.
//!
//! Invariant: a process of one version finds exactly one live generation of that version; the number of a generation is never used twice.
//!
//! The catalogue is kept as generation 0. Versions live side by side: while old and new processes both run, each reads and makes its own.

use super::generation::begin_alone;
use super::lease;
use crate::args;
use crate::db::{Db, StoreError, Tx};
use crate::store::Store;

const TABLES: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS generation (number bigint PRIMARY KEY, version bigint NOT NULL, state text NOT NULL, touched_at bigint NOT NULL)",
    lease::TABLE,
];

/// After this a generation that nobody touched any more is dropped, in microseconds: its processes are gone.
const FORGOTTEN: i64 = 120 * 1_000_000;

/// The catalogue of one projection, as one version sees it.
#[derive(Clone, Debug)]
pub(super) struct Catalog {
    db: Db,
    version: u32,
}

/// What a version has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// What readers see.
    pub(super) live: u32,
    /// What is being made to take its place.
    pub(super) building: Option<u32>,
}

/// The states of a generation. One that was dropped stays in the list, so that its number does.
mod state {
    pub(super) const LIVE: &str = "live";
    pub(super) const BUILDING: &str = "building";
    pub(super) const SCRATCH: &str = "scratch";
    pub(super) const RETIRED: &str = "retired";
    pub(super) const DROPPED: &str = "dropped";
}

impl Catalog {
    /// Opens the catalogue; the first process of a version finds its live generation still empty.
    pub(super) async fn open(store: &Store, projection: &str, version: u32) -> Result<Self, StoreError> {
        let db = store.views(projection, 0).await?;
        let mut tx = begin_alone(&db).await?;
        for table in TABLES {
            tx.script(table).await?;
        }
        let catalog = Self { db, version };
        if catalog.find(&mut tx, state::LIVE).await?.is_none() {
            catalog.add(&mut tx, state::LIVE).await?;
        }
        catalog.settle(tx).await?;
        Ok(catalog)
    }

    /// Where the lease of the projection is kept.
    pub(super) fn db(&self) -> &Db {
        &self.db
    }

    /// What there is.
    pub(super) async fn standing(&self) -> Result<Standing, StoreError> {
        let sql = "SELECT number, state FROM generation WHERE version = $1 AND state IN ('live', 'building')";
        let mut standing = Standing { live: 0, building: None };
        for row in self.db.fetch(sql, args![self.version]).await? {
            let number = row.u32(0)?;
            if row.text(1)? == state::LIVE {
                standing.live = number;
            } else {
                standing.building = Some(number);
            }
        }
        if standing.live == 0 {
            return Err(StoreError::Unusable(
                "the projection's catalogue has lost its live generation".to_owned(),
            ));
        }
        Ok(standing)
    }

    /// The generation being made, which is begun if there is none.
    pub(super) async fn build(&self) -> Result<u32, StoreError> {
        let mut tx = begin_alone(&self.db).await?;
        let number = match self.find(&mut tx, state::BUILDING).await? {
            Some(number) => number,
            None => self.add(&mut tx, state::BUILDING).await?,
        };
        self.settle(tx).await?;
        Ok(number)
    }

    /// Makes what was being made live, and retires what was. Tells whether it still was being made.
    pub(super) async fn flip(&self, number: u32) -> Result<bool, StoreError> {
        let mut tx = begin_alone(&self.db).await?;
        let building = self.find(&mut tx, state::BUILDING).await? == Some(number);
        if building {
            if let Some(live) = self.find(&mut tx, state::LIVE).await? {
                self.set(&mut tx, live, state::RETIRED).await?;
            }
            self.set(&mut tx, number, state::LIVE).await?;
        }
        self.settle(tx).await?;
        Ok(building)
    }

    /// A generation for comparison, which nobody reads.
    pub(super) async fn scratch(&self) -> Result<u32, StoreError> {
        let mut tx = begin_alone(&self.db).await?;
        let number = self.add(&mut tx, state::SCRATCH).await?;
        self.settle(tx).await?;
        Ok(number)
    }

    /// Gives up a generation that is not live.
    pub(super) async fn retire(&self, number: u32) -> Result<(), StoreError> {
        let mut tx = begin_alone(&self.db).await?;
        self.set(&mut tx, number, state::RETIRED).await?;
        self.settle(tx).await
    }

    /// Says that this version's generations, and this scratch one, are in use.
    pub(super) async fn touch(&self, scratch: Option<u32>) -> Result<(), StoreError> {
        let mut tx = self.db.begin().await?;
        let sql = format!(
            "UPDATE generation SET touched_at = {} WHERE (version = $1 AND state IN ('live', 'building')) OR number = $2",
            now(&self.db)
        );
        tx.execute(&sql, args![self.version, scratch.unwrap_or(0)]).await?;
        tx.commit().await
    }

    /// Generations to be dropped: retired so long ago that no reader still holds them, or forgotten by those who made them.
    pub(super) async fn droppable(&self, grace_micros: i64) -> Result<Vec<u32>, StoreError> {
        let sql = format!(
            "SELECT number FROM generation WHERE (state = 'retired' AND touched_at <= {now} - $1) \
             OR (state = 'scratch' AND touched_at <= {now} - $2) \
             OR (state IN ('live', 'building') AND version <> $3 AND touched_at <= {now} - $2) ORDER BY number",
            now = now(&self.db)
        );
        let rows = self.db.fetch(&sql, args![grace_micros, FORGOTTEN, self.version]).await?;
        rows.iter().map(|row| row.u32(0)).collect()
    }

    /// Notes that a generation was dropped.
    pub(super) async fn dropped(&self, number: u32) -> Result<(), StoreError> {
        let mut tx = begin_alone(&self.db).await?;
        self.set(&mut tx, number, state::DROPPED).await?;
        self.settle(tx).await
    }

    /// Makes sure that what the catalogue says outlives a crash of the machine, before anything is dropped on its word.
    pub(super) async fn sync(&self) -> Result<(), StoreError> {
        if !self.db.is_postgres() {
            self.db.fetch("PRAGMA wal_checkpoint(TRUNCATE)", args![]).await?;
        }
        Ok(())
    }

    async fn find(&self, tx: &mut Tx, state: &str) -> Result<Option<u32>, StoreError> {
        let sql = "SELECT number FROM generation WHERE version = $1 AND state = $2";
        tx.fetch(sql, args![self.version, state]).await?.first().map(|row| row.u32(0)).transpose()
    }

    async fn add(&self, tx: &mut Tx, state: &str) -> Result<u32, StoreError> {
        let sql = format!(
            "INSERT INTO generation (number, version, state, touched_at) \
             SELECT coalesce(max(number), 0) + 1, $1, $2, {} FROM generation RETURNING number",
            now(&self.db)
        );
        let rows = tx.fetch(&sql, args![self.version, state]).await?;
        rows.first().ok_or_else(|| StoreError::Unusable("a generation could not be added".to_owned()))?.u32(0)
    }

    async fn set(&self, tx: &mut Tx, number: u32, state: &str) -> Result<(), StoreError> {
        let sql =
            format!("UPDATE generation SET state = $1, touched_at = {} WHERE number = $2", now(&self.db));
        tx.execute(&sql, args![state, number]).await?;
        Ok(())
    }

    /// Commits for good: views do not wait for the disk, their catalogue does.
    async fn settle(&self, mut tx: Tx) -> Result<(), StoreError> {
        if self.db.is_postgres() {
            tx.script("SET LOCAL synchronous_commit = on").await?;
        }
        tx.commit().await
    }
}

/// The database's own time in microseconds: leases and graces span processes, whose clocks may differ or be driven.
pub(super) fn now(db: &Db) -> &'static str {
    if db.is_postgres() {
        "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
    } else {
        "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
    }
}
