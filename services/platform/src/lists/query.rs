//! A page of a list: which rows, in which order, from where on; and the wait for what the page must have seen.
//! Invariant: nothing of a caller's text is in a statement: what a caller gives is an argument.

use std::time::Duration;

use tokio::time::Instant;
use tonic::Status;
use uuid::Uuid;

use crate::args;
use crate::db::{StoreError, Value};
use crate::page::Last;
use crate::projection::Views;
use crate::revision::Revision;

/// How long a list waits for the revisions that it must have seen.
const PATIENCE: Duration = Duration::from_secs(2);

/// A page's statement as it is put together.
pub struct Query {
    sql: String,
    args: Vec<Value>,
    order: String,
}

impl Query {
    /// Rows of a table from the latest to the earliest by that column, after this one. Each has an `id`.
    pub fn newest(table: &str, by: &str, after: &Last) -> Self {
        Self::new(table, by, after, '<', " DESC")
    }

    /// Rows of a table from the earliest to the latest by that column, after this one. Each has an `id`.
    pub fn oldest(table: &str, by: &str, after: &Last) -> Self {
        Self::new(table, by, after, '>', "")
    }

    fn new(table: &str, by: &str, after: &Last, beyond: char, direction: &str) -> Self {
        let sql = format!("SELECT id, {by} FROM {table} WHERE ({by}, id) {beyond} ($1, $2)");
        let order = format!(" ORDER BY {by}{direction}, id{direction}");
        Self { sql, args: args![after.at, after.id()], order }
    }

    /// Those of them for which this holds of the value, which stands where the condition says `{}`.
    pub fn only(&mut self, condition: &str, value: impl Into<Value>) {
        self.args.push(value.into());
        let condition = condition.replace("{}", &format!("${}", self.args.len()));
        self.sql.push_str(&format!(" AND {condition}"));
    }

    /// The same, if there is a value.
    pub fn only_if(&mut self, condition: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.only(condition, value);
        }
    }

    /// Those of them in one of these states, as the contract numbers them; none means all.
    pub fn in_states(&mut self, states: &[i64]) {
        if !states.is_empty() {
            let states: Vec<String> = states.iter().map(i64::to_string).collect();
            self.sql.push_str(&format!(" AND state IN ({})", states.join(", ")));
        }
    }

    /// Those of them with one of these ids in that column, of which there is at least one.
    pub fn among(&mut self, column: &str, ids: impl IntoIterator<Item = Uuid>) {
        let mut places = vec![];
        for id in ids {
            self.args.push(id.into());
            places.push(format!("${}", self.args.len()));
        }
        self.sql.push_str(&format!(" AND {column} IN ({})", places.join(", ")));
    }

    /// The ids of the first so many, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn page(self, lists: &Views, size: usize) -> Result<(Vec<Uuid>, Option<Last>), StoreError> {
        let sql = format!("{}{} LIMIT {}", self.sql, self.order, size + 1);
        let mut rows = lists.db().fetch(&sql, self.args).await?;
        let more = rows.len() > size;
        rows.truncate(size);
        let ids = rows.iter().map(|row| row.uuid(0)).collect::<Result<Vec<_>, _>>()?;
        let last = match rows.last() {
            Some(row) if more => Some(Last::new(row.i64(1)?, row.uuid(0)?)),
            Some(_) | None => None,
        };
        Ok((ids, last))
    }
}

/// Waits until the read models have seen these revisions, a little while. Past that the answer is as old as it is, and says how old.
///
/// # Errors
/// A text that is no revision.
pub async fn wait(at_least: &[String], models: &[&Views]) -> Result<(), Status> {
    let revisions = Revision::parse_all(at_least)?;
    let until = Instant::now() + PATIENCE;
    for model in models {
        model.reached_all(&revisions, until).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_one_statement_and_a_condition_names_its_value_as_often_as_it_likes() {
        let after = Last::new(7, Uuid::from_u128(9));
        let mut query = Query::newest("referral", "at", &after);
        query.only_if("person = {}", None::<Uuid>);
        query.only("(requester = {} OR target = {})", Uuid::from_u128(1));
        query.in_states(&[]);
        query.in_states(&[2, 3]);
        query.only("practice = {}", "a $1 {} b");
        query.among("target", [2, 3].map(Uuid::from_u128));
        let sql = "SELECT id, at FROM referral WHERE (at, id) < ($1, $2) AND (requester = $3 OR target = $3) \
                   AND state IN (2, 3) AND practice = $4 AND target IN ($5, $6)";
        assert_eq!((query.sql.as_str(), query.order.as_str()), (sql, " ORDER BY at DESC, id DESC"));
        let [one, two, three, nine] = [1, 2, 3, 9].map(Uuid::from_u128);
        assert_eq!(query.args, args![7, nine, one, "a $1 {} b", two, three]);

        let query = Query::oldest("appointment", "start", &after);
        assert_eq!(
            query.sql + &query.order,
            "SELECT id, start FROM appointment WHERE (start, id) > ($1, $2) ORDER BY start, id"
        );
    }
}
