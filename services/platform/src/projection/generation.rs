//! One set of a projection's tables, with its cursors and its parked events.
//! Invariant: the tables are there before anything is read or written, made once, and a cursor stands beside the rows that it speaks of.

use std::collections::BTreeMap;

use super::Projection;
use crate::args;
use crate::db::{Db, Row, StoreError, Tx};
use crate::source::Place;
use crate::store::Store;

/// The slice of a log that one worker reads: all of it. Another number could name a group of partitions, beginning where this cursor stands.
pub(super) const WHOLE: u32 = 255;

/// The engine's own tables of a generation.
const TABLES: [&str; 5] = [
    "CREATE TABLE IF NOT EXISTS feed_made (version bigint PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS feed_cursor (source text NOT NULL, slice bigint NOT NULL, log_id uuid NOT NULL, position bigint NOT NULL, \
     sequences bytea NOT NULL, event_id uuid NOT NULL, PRIMARY KEY (source, slice))",
    "CREATE TABLE IF NOT EXISTS feed_parked (source text NOT NULL, subject text NOT NULL, position bigint NOT NULL, reason text NOT NULL, \
     build text NOT NULL, parked_at bigint NOT NULL, PRIMARY KEY (source, subject))",
    "CREATE TABLE IF NOT EXISTS feed_parked_event (source text NOT NULL, position bigint NOT NULL, subject text NOT NULL, \
     partition_no bigint NOT NULL, sequence bigint NOT NULL, recorded_at bigint NOT NULL, bytes bytea NOT NULL, PRIMARY KEY (source, position))",
    "CREATE INDEX IF NOT EXISTS feed_parked_event_of ON feed_parked_event (source, subject, position)",
];

/// A generation, open.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) number: u32,
    pub(super) db: Db,
}

impl Generation {
    /// Opens a generation, and makes its tables if they are not there.
    pub(super) async fn open(
        store: &Store,
        projection: &dyn Projection,
        number: u32,
    ) -> Result<Self, StoreError> {
        let db = store.views(projection.name(), number).await?;
        let mut tx = begin_alone(&db).await?;
        for table in TABLES {
            tx.script(table).await?;
        }
        if tx.fetch("SELECT version FROM feed_made", args![]).await?.is_empty() {
            for statement in projection.tables(db.is_postgres()) {
                tx.script(&statement).await?;
            }
            tx.execute("INSERT INTO feed_made (version) VALUES ($1)", args![projection.version()]).await?;
        }
        for source in projection.sources() {
            let place = Place::nowhere();
            let start = args![
                *source,
                WHOLE,
                place.log_id,
                place.position,
                place.sequences_to_bytes(),
                place.event_id
            ];
            tx.execute(
                "INSERT INTO feed_cursor (source, slice, log_id, position, sequences, event_id) VALUES ($1, $2, $3, $4, $5, $6) \
                 ON CONFLICT (source, slice) DO NOTHING",
                start,
            )
            .await?;
        }
        tx.commit().await?;
        Ok(Self { number, db })
    }

    /// How far each source has been read.
    pub(super) async fn places(&self) -> Result<BTreeMap<String, Place>, StoreError> {
        self.db.fetch(PLACES, args![WHOLE]).await?.iter().map(place).collect()
    }

    /// How far each source has been read, as this transaction sees it.
    pub(super) async fn places_in(tx: &mut Tx) -> Result<BTreeMap<String, Place>, StoreError> {
        tx.fetch(PLACES, args![WHOLE]).await?.iter().map(place).collect()
    }

    /// How far one source has been read.
    pub(super) async fn place(&self, source: &str) -> Result<Place, StoreError> {
        Ok(self.places().await?.remove(source).unwrap_or_else(Place::nowhere))
    }
}

const PLACES: &str = "SELECT source, log_id, position, sequences, event_id FROM feed_cursor WHERE slice = $1";

fn place(row: &Row) -> Result<(String, Place), StoreError> {
    let sequences = Place::sequences_from_bytes(&row.bytes(3)?)
        .ok_or(StoreError::Column { column: 3, wanted: "the sequences of 64 partitions" })?;
    let place = Place { log_id: row.uuid(1)?, position: row.u64(2)?, sequences, event_id: row.uuid(4)? };
    Ok((row.text(0)?, place))
}

/// Begins a transaction that no other of its kind in the same schema or file runs beside.
pub(super) async fn begin_alone(db: &Db) -> Result<Tx, StoreError> {
    let mut tx = db.begin().await?;
    if db.is_postgres() {
        tx.fetch("SELECT pg_advisory_xact_lock(hashtextextended(current_schema()::text, 0))", args![])
            .await?;
    }
    Ok(tx)
}
