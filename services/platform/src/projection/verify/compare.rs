//! Compares the tables of two generations.
//! Invariant: both are walked in the order of the primary key, so memory grows with what differs and not with what there is.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Difference, Differs, VerifyError};
use crate::args;
use crate::db::{Db, Row, StoreError, Tx};

/// Rows read at a time.
const PAGE: usize = 2_000;
/// Differences told of each table; the rest is counted.
const TOLD: usize = 100;
/// Of the engine's own tables only who is parked, and what waits, follows from the logs; the columns named do not.
const IGNORED: [&str; 2] = ["feed_cursor", "feed_made"];
const IGNORED_COLUMNS: [&str; 3] = ["reason", "build", "parked_at"];

/// A table: how to walk it.
struct Table {
    name: String,
    /// Its key columns, joined by commas.
    key: String,
    /// Expression: the key as literals, joined by commas.
    literals: String,
    /// Expression: all columns as one text.
    row: String,
}

/// Rows compared, the first differences, and how many there are.
pub(super) async fn tables(
    live: &mut Tx,
    made: &Db,
    work_lists: &[&str],
) -> Result<(u64, Vec<Difference>, u64), VerifyError> {
    let (mut rows, mut told, mut different) = (0, Vec::new(), 0);
    let compared = names(live).await?.into_iter().filter(|name| !work_lists.contains(&name.as_str()));
    for name in compared {
        let table = table(live, &name).await?;
        let differences = differences(live, made, &table, &mut rows).await?;
        different += differences.len() as u64;
        told.extend(differences.into_iter().take(TOLD));
    }
    Ok((rows, told, different))
}

async fn names(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let sql = if tx.is_postgres() {
        "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() ORDER BY 1"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY 1"
    };
    let names: Vec<String> =
        tx.fetch(sql, args![]).await?.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
    Ok(names.into_iter().filter(|name| !IGNORED.contains(&name.as_str())).collect())
}

async fn table(tx: &mut Tx, name: &str) -> Result<Table, VerifyError> {
    let postgres = tx.is_postgres();
    let sql = if postgres {
        "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod)::text, \
         coalesce(array_position(i.indkey::smallint[], a.attnum), -1)::bigint FROM pg_attribute a \
         LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary \
         WHERE a.attrelid = to_regclass(quote_ident($1)) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"
    } else {
        "SELECT name, type, pk - 1 FROM pragma_table_info($1) ORDER BY cid"
    };
    let (mut key, mut columns) = (BTreeMap::new(), Vec::new());
    for row in tx.fetch(sql, args![name]).await? {
        let (column, kind, place) = (format!("\"{}\"", row.text(0)?), row.text(1)?, row.i64(2)?);
        if name != "feed_parked" || !IGNORED_COLUMNS.contains(&column.trim_matches('"')) {
            columns.push(literal(postgres, &column, None));
        }
        if place >= 0 {
            key.insert(place, (literal(postgres, &column, Some(&kind)), column));
        }
    }
    if key.is_empty() {
        return Err(VerifyError::NoKey { table: name.to_owned() });
    }
    let (literals, key): (Vec<_>, Vec<_>) = key.into_values().unzip();
    Ok(Table {
        name: name.to_owned(),
        key: key.join(", "),
        literals: literals.join(" || ',' || "),
        row: columns.join(" || ',' || "),
    })
}

/// An expression whose value is the column's value as an SQL literal.
fn literal(postgres: bool, column: &str, kind: Option<&str>) -> String {
    match (postgres, kind) {
        (false, _) => format!("quote({column})"),
        (true, None) => format!("quote_nullable({column}::text)"),
        (true, Some(kind)) => format!("quote_nullable({column}::text) || '::{kind}'"),
    }
}

impl Table {
    /// The next page after a key: keys and rows.
    fn page(&self, after: Option<&str>) -> String {
        let Self { name, key, literals, row } = self;
        // The literals were made by the database itself.
        let after = after.map_or_else(String::new, |after| format!("WHERE ({key}) > ({after})"));
        format!("SELECT {literals}, {row} FROM \"{name}\" {after} ORDER BY {key} LIMIT {PAGE}")
    }
}

/// One side of the walk.
#[derive(Default)]
struct Side {
    page: VecDeque<(String, u64)>,
    after: Option<String>,
    ended: bool,
}

impl Side {
    fn wants_more(&self) -> bool {
        self.page.is_empty() && !self.ended
    }

    fn take_in(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        self.ended = rows.len() < PAGE;
        for row in rows {
            let mut hasher = DefaultHasher::new();
            row.text(1)?.hash(&mut hasher);
            self.page.push_back((row.text(0)?, hasher.finish()));
        }
        if let Some((key, _)) = self.page.back() {
            self.after = Some(key.clone());
        }
        Ok(())
    }
}

async fn differences(
    live: &mut Tx,
    made: &Db,
    table: &Table,
    rows: &mut u64,
) -> Result<Vec<Difference>, StoreError> {
    let (mut here, mut there) = (Side::default(), Side::default());
    // Rows of one side whose like has not been met on the other: a few, where rows are missing, and level again behind them.
    let (mut only_live, mut only_made) = (BTreeMap::new(), BTreeMap::new());
    let mut changed = Vec::new();
    let mut meet =
        |row: Option<(String, u64)>, own: &mut BTreeMap<String, u64>, other: &mut BTreeMap<String, u64>| {
            let Some((key, hash)) = row else { return };
            match other.remove(&key) {
                Some(like) if like == hash => {}
                Some(_) => changed.push(key),
                None => drop(own.insert(key, hash)),
            }
        };
    loop {
        if here.wants_more() {
            here.take_in(&live.fetch(&table.page(here.after.as_deref()), args![]).await?)?;
        }
        if there.wants_more() {
            there.take_in(&made.fetch(&table.page(there.after.as_deref()), args![]).await?)?;
        }
        let (a, b) = (here.page.pop_front(), there.page.pop_front());
        *rows += u64::from(a.is_some());
        if a.is_none() && b.is_none() {
            break;
        }
        if a != b {
            meet(a, &mut only_live, &mut only_made);
            meet(b, &mut only_made, &mut only_live);
        }
    }
    let as_differing = |differs| move |key| Difference { table: table.name.clone(), key, differs };
    let mut differences: Vec<_> = changed.into_iter().map(as_differing(Differs::Changed)).collect();
    differences.extend(only_live.into_keys().map(as_differing(Differs::Extra)));
    differences.extend(only_made.into_keys().map(as_differing(Differs::Missing)));
    differences.sort();
    Ok(differences)
}
