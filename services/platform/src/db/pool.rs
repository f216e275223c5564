//! Connections, kept and lent.
//!
//! Invariant: a connection comes back only when its last statement ran to its end outside a transaction; any other is closed. So nobody is
//! ever lent another's half-read answer or open transaction, which sqlx 0.9's own pool allows, and no ping is needed at either end.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Row, StoreError, Value};

/// How long to wait for a connection when all are in use, or for the database to answer a new one.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a connection rests before it is closed, if others do the work.
const REST: Duration = Duration::from_secs(60);
/// How often a read is tried: once on each kind of connection that may have died, and once more while a server restarts.
const READ_TRIES: u32 = 3;

/// A connection that runs statements; both stores' have the same verbs.
pub trait Runs: Connection<Options: Clone + Send + Sync + 'static> + Send + 'static {
    /// Runs a statement and gives its rows.
    fn rows(
        &mut self,
        sql: &str,
        args: &[Value],
    ) -> impl Future<Output = Result<Vec<Row>, StoreError>> + Send;
    /// Runs a statement and tells how many rows it changed.
    fn run(&mut self, sql: &str, args: &[Value]) -> impl Future<Output = Result<u64, StoreError>> + Send;
    /// Runs a text of one or more statements without arguments, and keeps no plan of it.
    fn script(&mut self, sql: &str) -> impl Future<Output = Result<(), StoreError>> + Send;
}

macro_rules! runs {
    ($connection:ty, $arguments:ty, $add:ident) => {
        impl Runs for $connection {
            async fn rows(&mut self, sql: &str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
                let mut arguments = <$arguments>::default();
                args.iter().try_for_each(|value| value.$add(&mut arguments)).map_err(sqlx::Error::Encode)?;
                let query = sqlx::query_with(sqlx::AssertSqlSafe(sql), arguments);
                Ok(query.fetch_all(self).await?.into_iter().map(Row::from).collect())
            }
            async fn run(&mut self, sql: &str, args: &[Value]) -> Result<u64, StoreError> {
                let mut arguments = <$arguments>::default();
                args.iter().try_for_each(|value| value.$add(&mut arguments)).map_err(sqlx::Error::Encode)?;
                let query = sqlx::query_with(sqlx::AssertSqlSafe(sql), arguments);
                Ok(query.execute(self).await?.rows_affected())
            }
            async fn script(&mut self, sql: &str) -> Result<(), StoreError> {
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(self).await?;
                Ok(())
            }
        }
    };
}

runs!(SqliteConnection, sqlx::sqlite::SqliteArguments, add_to_sqlite);
runs!(PgConnection, sqlx::postgres::PgArguments, add_to_postgres);

/// A bounded set of connections to one place, made when first needed, the last used lent first.
pub struct Pool<C: Runs>(Arc<Inner<C>>);

struct Inner<C: Runs> {
    options: C::Options,
    /// By when they came back, the latest last.
    idle: Mutex<Vec<(C, Instant)>>,
    permits: Arc<Semaphore>,
}

impl<C: Runs> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C: Runs> fmt::Debug for Pool<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("free", &self.0.permits.available_permits()).finish()
    }
}

impl<C: Runs> Pool<C> {
    /// A pool of at most `size` connections.
    pub fn new(options: C::Options, size: usize) -> Self {
        Self(Arc::new(Inner { options, idle: Mutex::default(), permits: Arc::new(Semaphore::new(size)) }))
    }

    /// Lends a connection, waiting for one up to five seconds.
    pub async fn lease(&self) -> Result<Lease<C>, StoreError> {
        let permits = self.0.permits.clone();
        let permit = match tokio::time::timeout(PATIENCE, permits.acquire_owned()).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) => return Err(StoreError::Closed),
            Err(_) => return Err(sqlx::Error::PoolTimedOut.into()),
        };
        let kept = self.idle().pop();
        let (connection, fresh) = match kept {
            Some((connection, _)) => (connection, false),
            None => (self.connect().await?, true),
        };
        Ok(Lease { connection: Some(connection), fresh, pool: self.clone(), _permit: permit })
    }

    async fn connect(&self) -> Result<C, StoreError> {
        match tokio::time::timeout(PATIENCE, self.0.options.connect()).await {
            Ok(connected) => Ok(connected?),
            Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
        }
    }

    /// Reads; a connection that turns out to have died is replaced, and its likely equally dead siblings with it.
    pub async fn read(&self, sql: &str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        let mut tried = 1;
        loop {
            let mut lease = self.lease().await?;
            let fresh = lease.fresh;
            match lease.rows(sql, args).await {
                Ok(rows) => {
                    lease.done();
                    return Ok(rows);
                }
                Err(error) if error.broke_connection() && !fresh && tried < READ_TRIES => {
                    self.idle().clear();
                    tried += 1;
                }
                Err(error) => {
                    if !error.broke_connection() {
                        lease.done();
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Lends a connection on which a transaction was begun by this text. One that turns out to have died before is replaced, as for a read.
    pub async fn begin(&self, text: &str) -> Result<Lease<C>, StoreError> {
        let mut tried = 1;
        loop {
            let mut lease = self.lease().await?;
            match lease.script(text).await {
                Ok(()) => return Ok(lease),
                Err(error) if error.broke_connection() && !lease.fresh && tried < READ_TRIES => {
                    self.idle().clear();
                    tried += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Closes what is idle, and lends no more.
    pub async fn close(&self) {
        self.0.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        for (connection, _) in idle {
            // A connection that does not close in order is gone all the same.
            connection.close().await.ok();
        }
    }

    /// Keeps a connection, and lets go of one that nobody has needed for a while.
    fn keep(&self, connection: C) {
        let mut idle = self.idle();
        idle.push((connection, Instant::now()));
        if idle.first().is_some_and(|(_, since)| since.elapsed() > REST) {
            idle.remove(0);
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(C, Instant)>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection on loan. Dropped without [`Lease::done`] it is closed, whatever it was in the middle of.
pub struct Lease<C: Runs> {
    connection: Option<C>,
    fresh: bool,
    pool: Pool<C>,
    _permit: OwnedSemaphorePermit,
}

impl<C: Runs> Lease<C> {
    /// Gives the connection back: its last statement has ended and no transaction is open.
    pub fn done(mut self) {
        if !self.pool.0.permits.is_closed()
            && let Some(connection) = self.connection.take()
        {
            self.pool.keep(connection);
        }
    }

    fn connection(&mut self) -> Result<&mut C, StoreError> {
        self.connection.as_mut().ok_or(StoreError::Closed)
    }

    /// Runs a statement and gives its rows.
    pub async fn rows(&mut self, sql: &str, args: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.connection()?.rows(sql, args).await
    }
    /// Runs a statement and tells how many rows it changed.
    pub async fn run(&mut self, sql: &str, args: &[Value]) -> Result<u64, StoreError> {
        self.connection()?.run(sql, args).await
    }
    /// Runs a text of one or more statements without arguments.
    pub async fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        self.connection()?.script(sql).await
    }
}
