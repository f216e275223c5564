//! How connections are set up.
//! Invariant: what is asked to be durable is on disk when a commit returns; what can be rebuilt need not be.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::{Db, Pool, StoreError};

/// What a commit promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It is on disk when it returns: the log.
    Full,
    /// A crash of the machine may undo the latest ones, in order: views, whose cursors go back with their rows.
    Rebuildable,
}

/// Readers of one SQLite file at a time.
const SQLITE_READERS: usize = 4;
/// Those of one PostgreSQL schema. What comes beyond waits here, first come first served, and not in the database, where many half-done reads keep each
/// other from ending: twice as many made the slowest pages of a timeline half again as slow.
const POSTGRES_READERS: usize = 4;
/// Transactions of one PostgreSQL schema at a time: about one for each log that is read into it.
const POSTGRES_WRITERS: usize = 4;

/// How long a writer of a SQLite file waits for another.
const BUSY: Duration = Duration::from_secs(10);
/// What every SQLite connection is told.
const PRAGMAS: [(&str, &str); 3] = [
    // Replacing a row fires its delete triggers too, so that append-only means it.
    ("recursive_triggers", "ON"),
    // Keys are random, so pages are written again and again: 32 MB of them stay in memory, and 16 MB in the write-ahead log before a checkpoint.
    ("cache_size", "-32768"),
    ("wal_autocheckpoint", "4096"),
];

/// How every SQLite connection is set up.
fn sqlite_options(file: &Path, durability: Durability) -> SqliteConnectOptions {
    let synchronous = match durability {
        Durability::Full => SqliteSynchronous::Full,
        Durability::Rebuildable => SqliteSynchronous::Normal,
    };
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(synchronous)
        .busy_timeout(BUSY)
        .disable_statement_logging();
    PRAGMAS.into_iter().fold(options, |options, (name, value)| options.pragma(name, value))
}

/// A connection to a SQLite file for whoever writes to it from a thread of their own; what it commits is on disk.
pub(crate) fn sqlite_connection(file: &Path) -> Result<rusqlite::Connection, StoreError> {
    let connection = rusqlite::Connection::open(file)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    for (name, value) in PRAGMAS {
        connection.pragma_update(None, name, value)?;
    }
    Ok(connection)
}

/// The tables in this SQLite file, which is made if it is not there.
pub fn sqlite(file: &Path, durability: Durability) -> Db {
    let options = sqlite_options(file, durability);
    Db::Sqlite { readers: Pool::new(options.clone(), SQLITE_READERS), writer: Pool::new(options, 1) }
}

/// How every PostgreSQL connection is set up: `schema` is its search path.
pub(crate) fn postgres_options(
    url: &str,
    schema: &str,
    durability: Durability,
) -> Result<PgConnectOptions, StoreError> {
    let commit = match durability {
        Durability::Full => "on",
        Durability::Rebuildable => "off",
    };
    Ok(PgConnectOptions::from_str(url)?
        .application_name("throughline")
        .options([
            ("search_path", schema),
            ("synchronous_commit", commit),
            ("jit", "off"),
            // Tables begin empty and statements are prepared once: a plan that reads a whole table, right on the first day, would be kept when it is
            // wrong. Joins are look-ups by key, row by row.
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
            // What a statement's arguments are changes no plan of ours, and planning a page of a timeline takes longer than reading it.
            ("plan_cache_mode", "force_generic_plan"),
        ])
        .disable_statement_logging())
}

/// The tables in this schema of a PostgreSQL database.
pub fn postgres(url: &str, schema: &str, durability: Durability) -> Result<Db, StoreError> {
    let options = postgres_options(url, schema, durability)?;
    let readers = Pool::new(options.clone(), POSTGRES_READERS);
    Ok(Db::Postgres { readers, writers: Pool::new(options, POSTGRES_WRITERS) })
}

/// A name as an SQL identifier. It is one of ours: letters, digits, underscores.
pub fn quoted(name: &str) -> Result<String, StoreError> {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !plain || name.is_empty() || name.len() > 63 {
        let why = format!("\"{name}\" cannot name a schema: use 1 to 63 of a-z, 0-9 and _");
        return Err(StoreError::Unusable(why));
    }
    Ok(format!("\"{name}\""))
}
