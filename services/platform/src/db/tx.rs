//! A transaction.
//! Invariant: all of it or nothing; dropped before `commit` has returned, it leaves nothing that the database has not committed.

use sqlx::{PgConnection, SqliteConnection};

use super::pool::{Lease, Pool};
use super::{Row, StoreError, Value};

/// A transaction that may write. Statements after a failed one fail too, unless a savepoint is rolled back to.
pub struct Tx(Store);

enum Store {
    Sqlite(Lease<SqliteConnection>),
    Postgres(Lease<PgConnection>),
}

impl Tx {
    /// Takes SQLite's write lock at once: a reader that becomes a writer half-way could not wait for it.
    pub(super) async fn sqlite(pool: &Pool<SqliteConnection>) -> Result<Self, StoreError> {
        Ok(Self(Store::Sqlite(pool.begin("BEGIN IMMEDIATE").await?)))
    }

    pub(super) async fn postgres(pool: &Pool<PgConnection>) -> Result<Self, StoreError> {
        Ok(Self(Store::Postgres(pool.begin("BEGIN").await?)))
    }

    pub(super) async fn sqlite_snapshot(pool: &Pool<SqliteConnection>) -> Result<Self, StoreError> {
        Ok(Self(Store::Sqlite(pool.begin("BEGIN DEFERRED").await?)))
    }

    pub(super) async fn postgres_snapshot(pool: &Pool<PgConnection>) -> Result<Self, StoreError> {
        Ok(Self(Store::Postgres(pool.begin("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await?)))
    }

    /// Runs a statement and tells how many rows it changed.
    pub async fn execute(&mut self, sql: &str, args: Vec<Value>) -> Result<u64, StoreError> {
        match &mut self.0 {
            Store::Sqlite(lease) => lease.run(sql, &args).await,
            Store::Postgres(lease) => lease.run(sql, &args).await,
        }
    }

    /// Runs a statement and gives its rows.
    pub async fn fetch(&mut self, sql: &str, args: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match &mut self.0 {
            Store::Sqlite(lease) => lease.rows(sql, &args).await,
            Store::Postgres(lease) => lease.rows(sql, &args).await,
        }
    }

    /// Runs a text of one or more statements without arguments, such as a schema.
    pub async fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        match &mut self.0 {
            Store::Sqlite(lease) => lease.script(sql).await,
            Store::Postgres(lease) => lease.script(sql).await,
        }
    }

    /// Whether it runs on PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        match &self.0 {
            Store::Sqlite(_) => false,
            Store::Postgres(_) => true,
        }
    }

    /// Marks a point to go back to. `name` is a plain identifier.
    pub async fn savepoint(&mut self, name: &str) -> Result<(), StoreError> {
        self.script(&format!("SAVEPOINT {name}")).await
    }
    /// Undoes what followed the savepoint, which stays.
    pub async fn rollback_to(&mut self, name: &str) -> Result<(), StoreError> {
        self.script(&format!("ROLLBACK TO SAVEPOINT {name}")).await
    }
    /// Forgets the savepoint and keeps what followed it.
    pub async fn release(&mut self, name: &str) -> Result<(), StoreError> {
        self.script(&format!("RELEASE SAVEPOINT {name}")).await
    }

    /// Commits. On an error nobody knows whether it was committed, unless what was written says so itself.
    pub async fn commit(self) -> Result<(), StoreError> {
        self.finish("COMMIT").await
    }

    /// Undoes everything, and keeps the connection, which dropping does not.
    pub async fn rollback(self) -> Result<(), StoreError> {
        self.finish("ROLLBACK").await
    }

    async fn finish(self, sql: &str) -> Result<(), StoreError> {
        match self.0 {
            Store::Sqlite(mut lease) => {
                lease.script(sql).await?;
                lease.done();
            }
            Store::Postgres(mut lease) => {
                lease.script(sql).await?;
                lease.done();
            }
        }
        Ok(())
    }
}
