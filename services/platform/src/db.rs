//! Tables of one place, in SQLite or PostgreSQL, under one SQL text.
//!
//! Invariant: a value crosses here in one of five shapes (`bigint`, `text`, `bytea`, `uuid`, null), so the same text with the same arguments
//! means the same on both. Days, instants (microseconds) and booleans are `bigint`; lists are JSON in `text`; every integer column is `bigint`.
//!
//! Reading order: [`value`] (what goes in), [`row`] (what comes out), [`pool`] (connections), [`tx`] (transactions), [`rows`]
//! (many at a time), [`error`].

mod error;
mod open;
mod pool;
mod row;
mod rows;
mod tx;
mod value;

pub use error::StoreError;
pub use open::{Durability, postgres, quoted, sqlite};
pub(crate) use open::{postgres_options, sqlite_connection};
pub use pool::{Lease, Pool, Runs};
pub use row::Row;
pub use rows::Rows;
pub use tx::Tx;
pub use value::Value;

use sqlx::{PgConnection, SqliteConnection};

/// One set of tables: a schema of a PostgreSQL database, or a SQLite file. Clones share its connections.
#[derive(Clone, Debug)]
pub enum Db {
    /// A file. SQLite has one writer at a time, so writers queue for the one connection that writes.
    Sqlite {
        /// Connections that read.
        readers: Pool<SqliteConnection>,
        /// The connection that writes.
        writer: Pool<SqliteConnection>,
    },
    /// A schema, which is the search path of every connection.
    Postgres {
        /// Connections that read outside of transactions.
        readers: Pool<PgConnection>,
        /// Connections for transactions, so that reads do not wait for them.
        writers: Pool<PgConnection>,
    },
}

impl Db {
    /// Reads outside a transaction. A connection that had died unnoticed is replaced and the read tried again.
    pub async fn fetch(&self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite { readers, .. } => readers.read(sql, &args).await,
            Self::Postgres { readers, .. } => readers.read(sql, &args).await,
        }
    }

    /// Begins a transaction that may write. For worker tasks: a transaction never lives in a request's future, which may be dropped at any
    /// await. One that is dropped unfinished takes its connection with it and leaves nothing behind.
    pub async fn begin(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite { writer, .. } => Tx::sqlite(writer).await,
            Self::Postgres { writers, .. } => Tx::postgres(writers).await,
        }
    }

    /// Begins a transaction that only reads, and sees everything as it was at its first statement, however long it takes. Nobody waits for it.
    pub async fn snapshot(&self) -> Result<Tx, StoreError> {
        match self {
            Self::Sqlite { readers, .. } => Tx::sqlite_snapshot(readers).await,
            Self::Postgres { writers, .. } => Tx::postgres_snapshot(writers).await,
        }
    }

    /// Whether it is PostgreSQL: for the few texts that differ, which stand side by side.
    pub fn is_postgres(&self) -> bool {
        match self {
            Self::Sqlite { .. } => false,
            Self::Postgres { .. } => true,
        }
    }

    /// Closes idle connections; those in use close when they come back. Nothing can be leased afterwards.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { readers, writers } => {
                readers.close().await;
                writers.close().await;
            }
        }
    }
}

/// Arguments of a statement, in order: `args![person, at, "text"]`.
#[macro_export]
macro_rules! args {
    () => { ::std::vec::Vec::<$crate::db::Value>::new() };
    ($($value:expr),+ $(,)?) => { ::std::vec![$($crate::db::Value::from($value)),+] };
}

#[cfg(test)]
mod tests;
