//! What is due by a table of a service's own lists: the frame of every list of things due.
//! Invariant: the table alone says what is due, so what an event takes from it is done no more.

use jiff::Timestamp;

use super::{Due, TimerError};
use crate::args;
use crate::db::Row;
use crate::projection::Views;

/// A table of what is due. Clones are the same.
#[derive(Clone)]
pub struct Table {
    lists: Views,
    rows: &'static str,
}

impl Table {
    /// The table that this statement reads: `SELECT` the category of the stream, its id, the name of what is due, and when, in microseconds since 1970,
    /// under the name `at`, from one table without a condition.
    pub fn new(lists: Views, rows: &'static str) -> Self {
        Self { lists, rows }
    }

    /// What is due by then, the oldest first, at most so many.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn due(&self, now: Timestamp, limit: usize) -> Result<Vec<Due>, TimerError> {
        let sql = format!("{} WHERE at <= $1 ORDER BY at LIMIT {limit}", self.rows);
        let rows = self.lists.db().fetch(&sql, args![now.as_microsecond()]).await?;
        let due = |row: &Row| {
            let stream = format!("{}-{}", row.text(0)?, row.uuid(1)?);
            Ok(Due { at: Timestamp::from_microsecond(row.i64(3)?)?, stream, kind: row.text(2)? })
        };
        rows.iter().map(due).collect()
    }

    /// The next time after then at which something is due.
    ///
    /// # Errors
    /// The table cannot be read.
    pub async fn next(&self, now: Timestamp) -> Result<Option<Timestamp>, TimerError> {
        let sql = format!("SELECT min(at) FROM ({}) AS listed WHERE at > $1", self.rows);
        let rows = self.lists.db().fetch(&sql, args![now.as_microsecond()]).await?;
        let next = rows.first().map(|row| row.opt_i64(0)).transpose()?.flatten();
        Ok(next.map(Timestamp::from_microsecond).transpose()?)
    }
}
