//! A log's tables, in each store's own words, and how they come to be.
//!
//! Invariant: migrating is idempotent and done under a lock; `log_events` and `log_requests` take rows and never give any up, which triggers enforce.
//! A step that was released is never edited: what changes is a further step, and a function that changes gets another name, because a process of the
//! release before still calls the old one.

use uuid::Uuid;

use super::event::PARTITIONS;
use crate::args;
use crate::db::{Db, StoreError, Tx};

/// The steps for SQLite.
const SQLITE: [&str; 1] = [include_str!("schema.sqlite.sql")];
/// The steps for PostgreSQL.
const POSTGRES: [&str; 2] = [include_str!("schema.postgres.sql"), include_str!("append.postgres.sql")];

fn steps(postgres: bool) -> &'static [&'static str] {
    if postgres { &POSTGRES } else { &SQLITE }
}

/// Makes or completes the tables of a log.
pub(crate) async fn migrate(db: &Db) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    if tx.is_postgres() {
        // Two processes that start at once: the second waits here and finds the work done.
        tx.fetch(
            "SELECT pg_advisory_xact_lock(hashtext('throughline migrate ' || current_schema()))",
            args![],
        )
        .await?;
    }
    tx.script("CREATE TABLE IF NOT EXISTS log_schema (step bigint PRIMARY KEY)").await?;
    let rows = tx.fetch("SELECT count(*) FROM log_schema", args![]).await?;
    let done = rows.first().map_or(Ok(0), |row| row.u64(0))? as usize;
    let steps = steps(tx.is_postgres());
    if done > steps.len() {
        let why = format!(
            "the log's tables are at step {done}, and this build knows {} steps: run a newer build",
            steps.len()
        );
        return Err(StoreError::Unusable(why));
    }
    for (step, sql) in steps.iter().enumerate().skip(done) {
        tx.script(sql).await?;
        tx.execute("INSERT INTO log_schema (step) VALUES ($1)", args![step as u64 + 1]).await?;
    }
    begin(&mut tx).await?;
    tx.commit().await
}

/// Whether a log's tables are those this build works with.
pub(crate) async fn is_current(db: &Db) -> Result<bool, StoreError> {
    match db.fetch("SELECT count(*) FROM log_schema", args![]).await {
        Ok(rows) => {
            Ok(rows.first().map_or(Ok(0), |row| row.u64(0))? as usize == steps(db.is_postgres()).len())
        }
        Err(error) if error.retryable() || error.broke_connection() => Err(error),
        // The table is not there.
        Err(_) => Ok(false),
    }
}

/// Gives a new log its head.
async fn begin(tx: &mut Tx) -> Result<(), StoreError> {
    let none = vec![0_u64; PARTITIONS as usize];
    let zeros = serde_json::to_string(&none).unwrap_or_default();
    let (sequences, zeros) = match tx.is_postgres() {
        true => ("ARRAY(SELECT value::bigint FROM json_array_elements_text($2::json))", zeros),
        false => ("$2", zeros),
    };
    let sql = format!(
        "INSERT INTO log_head (id, log_id, position, recorded_at, sequences) VALUES (1, $1, 0, 0, {sequences})
            ON CONFLICT (id) DO NOTHING"
    );
    tx.execute(&sql, args![Uuid::now_v7(), zeros]).await?;
    Ok(())
}
