//! How many rows PostgreSQL reads of some tables, by its own counters: what a plan costs that is no look-up.
//! Invariant: a session tells its counts some time after it has worked, so whoever compares waits until those of the work have come.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use tokio::time::Instant;

/// Longer than a session that rests keeps its counts to itself.
const PATIENCE: Duration = Duration::from_secs(60);

/// The tables of one schema that are watched.
pub struct Reads {
    database: PgConnection,
    schema: &'static str,
    tables: Vec<String>,
}

/// What was read so far.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Looks into an index, or through a table.
    pub scans: i64,
    /// Rows that those came upon.
    pub rows: i64,
}

impl Reads {
    /// Of these tables.
    ///
    /// # Panics
    /// Where the database is not there.
    pub async fn of(url: &str, schema: &'static str, tables: &[&str]) -> Self {
        let database = PgConnection::connect(url).await.expect("the database is there");
        Self { database, schema, tables: tables.iter().map(|table| (*table).to_owned()).collect() }
    }

    /// Runs statements in the schema, as another client of the database would.
    ///
    /// # Panics
    /// Where one fails.
    pub async fn run(&mut self, sql: &str) {
        // What these read is told at once, and so before whatever is counted from here on.
        let sql = format!("SET search_path = {}; {sql}; SELECT pg_stat_force_next_flush()", self.schema);
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&mut self.database)
            .await
            .expect("the statements run");
    }

    /// What was told to be read so far.
    ///
    /// # Panics
    /// Where the counters cannot be read.
    pub async fn counts(&mut self) -> Counts {
        let sql = "SELECT (SELECT coalesce(sum(seq_scan + idx_scan), 0)::bigint FROM pg_stat_user_tables \
                   WHERE schemaname = $1 AND relname = ANY($2)), \
                   (SELECT coalesce(sum(seq_tup_read), 0)::bigint FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = ANY($2)) \
                   + (SELECT coalesce(sum(idx_tup_read), 0)::bigint FROM pg_stat_user_indexes WHERE schemaname = $1 AND relname = ANY($2))";
        let counts = sqlx::query_as::<_, (i64, i64)>(sql).bind(self.schema).bind(&self.tables);
        let (scans, rows) = counts.fetch_one(&mut self.database).await.expect("the counters can be read");
        Counts { scans, rows }
    }

    /// Works until so many scans more than `before` have been told, and gives how many rows those read.
    ///
    /// # Panics
    /// Where they do not come.
    pub async fn rows_of(&mut self, before: Counts, scans: i64, mut work: impl AsyncFnMut()) -> i64 {
        let until = Instant::now() + PATIENCE;
        loop {
            work().await;
            let now = self.counts().await;
            if now.scans - before.scans >= scans {
                return now.rows - before.rows;
            }
            assert!(Instant::now() < until, "{now:?} after {before:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}
