//! Who does a piece of work that several processes could do.
//! Invariant: none that correctness needs. A lease saves the losers' work; that a run is applied once is the cursor's doing.

use uuid::Uuid;

use super::catalog::now;
use super::generation::begin_alone;
use crate::args;
use crate::db::{Db, StoreError};
use crate::store::Store;

/// Where leases are kept.
pub(super) const TABLE: &str =
    "CREATE TABLE IF NOT EXISTS lease (name text PRIMARY KEY, holder uuid NOT NULL, ends_at bigint NOT NULL)";

/// How long a lease outlives its holder's last sign of life, in microseconds.
const TERM: i64 = 3_000_000;

/// One process's bid for a piece of work.
#[derive(Debug)]
pub(crate) struct Lease {
    db: Db,
    name: String,
    holder: Uuid,
}

impl Lease {
    /// A bid for the work of this name, kept in the table `lease` of a catalogue.
    pub(crate) fn new(db: &Db, name: &str) -> Self {
        Self { db: db.clone(), name: name.to_owned(), holder: Uuid::new_v4() }
    }

    /// A bid for work that is no projection's, kept in the store's place for such.
    pub(crate) async fn open(store: &Store, name: &str) -> Result<Self, StoreError> {
        let db = store.views("work", 0).await?;
        if db.is_postgres() {
            let mut tx = begin_alone(&db).await?;
            tx.script(TABLE).await?;
            tx.commit().await?;
        }
        Ok(Self::new(&db, name))
    }

    /// Takes the lease or renews it, and tells whether it is held now. A SQLite directory has one process, which needs none.
    pub(crate) async fn hold(&self) -> Result<bool, StoreError> {
        if !self.db.is_postgres() {
            return Ok(true);
        }
        let now = now(&self.db);
        let sql = format!(
            "INSERT INTO lease (name, holder, ends_at) VALUES ($1, $2, {now} + $3) \
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, ends_at = excluded.ends_at \
             WHERE lease.holder = excluded.holder OR lease.ends_at < {now} RETURNING holder"
        );
        let mut tx = self.db.begin().await?;
        let held = tx.fetch(&sql, args![self.name.as_str(), self.holder, TERM]).await?;
        tx.commit().await?;
        Ok(!held.is_empty())
    }

    /// Gives the lease up, so that another need not wait for its end.
    pub(crate) async fn release(&self) -> Result<(), StoreError> {
        if !self.db.is_postgres() {
            return Ok(());
        }
        let mut tx = self.db.begin().await?;
        tx.execute(
            "DELETE FROM lease WHERE name = $1 AND holder = $2",
            args![self.name.as_str(), self.holder],
        )
        .await?;
        tx.commit().await
    }
}
