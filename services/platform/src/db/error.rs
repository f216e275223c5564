//! How a store fails.
//! Invariant: a failure can be handed to everyone it hits, keeps its chain for the log, and says whether trying again may help.

use std::sync::Arc;

/// The world broke: the database, its connection, or what was read from it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database or the way to it.
    #[error("the database failed")]
    Database(#[source] Arc<sqlx::Error>),
    /// The SQLite file that is written to.
    #[error("the database failed")]
    Sqlite(#[source] Arc<rusqlite::Error>),
    /// A value was not of the shape asked for.
    #[error("column {column} of the row does not hold {wanted}")]
    Column {
        /// Counted from 0.
        column: usize,
        /// What was asked for.
        wanted: &'static str,
    },
    /// A file or directory of the store.
    #[error("{what} at {path}")]
    File {
        /// What could not be done.
        what: &'static str,
        /// Where.
        path: String,
        /// Why.
        #[source]
        source: Arc<std::io::Error>,
    },
    /// The store cannot be used as asked; the text says why and what to do.
    #[error("{0}")]
    Unusable(String),
    /// What does the work has ended, as at shutdown.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the same may succeed a little later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Database(error) => transient(error),
            // Busy, locked, full.
            Self::Sqlite(error) => matches!(primary(error), Some(5 | 6 | 13)),
            Self::Closed => true,
            Self::Column { .. } | Self::File { .. } | Self::Unusable(_) => false,
        }
    }

    /// Whether the connection it happened on is of no further use.
    pub(crate) fn broke_connection(&self) -> bool {
        match self {
            Self::Database(error) => {
                !matches!(&**error, sqlx::Error::Database(refused) if !ends_session(refused.as_ref()))
            }
            Self::Column { .. } => false,
            Self::Sqlite(_) | Self::File { .. } | Self::Unusable(_) | Self::Closed => true,
        }
    }

    /// Whether it is what was to be written that cannot be, and not the database that cannot write: then nothing of it was.
    pub(crate) fn blames_the_data(&self) -> bool {
        if let Self::Sqlite(error) = self {
            return primary(error).is_some_and(of_the_data);
        }
        let Self::Database(error) = self else { return false };
        let Some(code) = error.as_database_error().and_then(|refused| refused.code()) else { return false };
        // PostgreSQL: data, integrity, limits, raised by a function.
        let postgres =
            ["22", "23", "54", "P0"].iter().any(|class| code.len() == 5 && code.starts_with(class));
        postgres || sqlite_code(&code).is_some_and(of_the_data)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

/// SQLite's primary code, which is the low byte of what it says.
fn primary(error: &rusqlite::Error) -> Option<u32> {
    error.sqlite_error().map(|failed| failed.extended_code.cast_unsigned() & 0xff)
}

/// SQLite: error, too big, constraint, mismatch.
fn of_the_data(code: u32) -> bool {
    matches!(code, 1 | 18 | 19 | 20)
}

#[expect(clippy::wildcard_enum_match_arm, reason = "sqlx's own enum, which may grow")]
fn transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(refused) => {
            ends_session(refused.as_ref())
                || refused.code().is_some_and(|code| {
                    // PostgreSQL: serialization, deadlock, resources, lock not available, cannot connect now.
                    ["40", "53", "55P03", "57"].iter().any(|class| code.len() == 5 && code.starts_with(class))
                        // SQLite: busy, locked, full.
                        || sqlite_code(&code).is_some_and(|code| matches!(code, 5 | 6 | 13))
                })
        }
        _ => false,
    }
}

/// Errors after which PostgreSQL has closed, or is closing, the session: class 08 and the shutdowns of class 57.
fn ends_session(refused: &dyn sqlx::error::DatabaseError) -> bool {
    refused.code().is_some_and(|code| code.starts_with("08") || code.starts_with("57P"))
}

/// SQLite's primary code, which is the low byte of what it says. PostgreSQL's codes have five characters.
fn sqlite_code(code: &str) -> Option<u32> {
    code.parse::<u32>().ok().filter(|_| code.len() < 5).map(|code| code & 0xff)
}
