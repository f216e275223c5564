//! Statements over many rows of arguments.
//! Invariant: a statement has few texts however many its rows are, and each is prepared once. PostgreSQL takes a list a column, all rows in one
//! statement; SQLite takes no lists and gets pieces of 1, 2, 4 … 64 rows, seven texts at most.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Row, StoreError, Tx, Value};

/// The most rows of one piece, as a power of two.
const LARGEST: u32 = 6;
/// What stands in a statement for its rows.
const ROWS: &str = "VALUES {rows}";

/// Texts and arguments of the statements to run, one after the other.
type Statements = Vec<(String, Vec<Value>)>;

/// The statement's text for so many rows of so many values, numbered on from so many arguments of its own, or told by their order.
fn text(sql: &str, numbered_from: Option<usize>, rows: usize, width: usize) -> String {
    let row = |row| match numbered_from {
        Some(fixed) => {
            let place = |column| format!("${}", fixed + row * width + column);
            (1..=width).map(place).collect::<Vec<_>>().join(", ")
        }
        None => vec!["?"; width].join(", "),
    };
    sql.replacen(ROWS, &format!("VALUES ({})", (0..rows).map(row).collect::<Vec<_>>().join("), (")), 1)
}

/// The rows in pieces. Where they are all that the statement takes, SQLite gets them without numbers: it takes those for names, and sqlx looks
/// each up among all the others.
fn pieces(sql: &str, postgres: bool, fixed: Vec<Value>, rows: Vec<Vec<Value>>) -> Statements {
    let width = rows.first().map_or(0, Vec::len);
    let numbered_from = (postgres || !fixed.is_empty()).then_some(fixed.len());
    let mut rows = rows.into_iter();
    let piece = move || {
        let power = rows.len().checked_ilog2()?.min(LARGEST);
        let arguments = fixed.iter().cloned().chain(rows.by_ref().take(1 << power).flatten()).collect();
        Some((text(sql, numbered_from, 1 << power, width), arguments))
    };
    std::iter::from_fn(piece).collect()
}

/// The rows as a list a column, under the names that a list of values has.
fn lists(sql: &str, fixed: Vec<Value>, rows: Vec<Vec<Value>>) -> Result<Statements, StoreError> {
    let Some(first) = rows.first() else { return Ok(vec![]) };
    let kinds = first.iter().map(Value::list).collect::<Option<Vec<_>>>();
    if kinds.is_none() || rows.iter().flatten().any(|value| *value == Value::Null) {
        // Of a null nobody can tell here what kind of list it is in.
        return Ok(pieces(sql, true, fixed, rows));
    }
    let (mut lists, kinds): (Vec<Value>, Vec<&str>) = kinds.unwrap_or_default().into_iter().unzip();
    for row in rows {
        for (list, value) in lists.iter_mut().zip(row) {
            list.join(value)?;
        }
    }
    let place = |(column, kind): (usize, &&str)| format!("${}::{kind}[]", fixed.len() + column + 1);
    let places: Vec<String> = kinds.iter().enumerate().map(place).collect();
    let names: Vec<String> = (1..=kinds.len()).map(|column| format!("column{column}")).collect();
    let given = format!("SELECT * FROM unnest({}) AS lists ({})", places.join(", "), names.join(", "));
    Ok(vec![(sql.replacen(ROWS, &given, 1), [fixed, lists].concat())])
}

/// Rows put off to be written many at a time, to the effect of writing each when it was put.
#[derive(Debug, Default)]
pub struct Rows {
    runs: Vec<Run>,
    /// The first run behind all that touch this.
    behind: HashMap<Uuid, usize>,
}

/// Rows of one statement.
#[derive(Debug)]
struct Run {
    sql: &'static str,
    rows: Vec<Vec<Value>>,
}

impl Rows {
    /// Puts rows, no two of them with one key, for a statement that [`Tx::execute_rows`] takes.
    ///
    /// `touches` names what the statement's effect hangs on, such as the record whose rows it writes: what touches the same keeps its order,
    /// each in a statement of its own, so the last has the last word; what touches nothing in common shares statements and may change places.
    pub fn put(&mut self, touches: &[Uuid], sql: &'static str, rows: impl IntoIterator<Item = Vec<Value>>) {
        let mut rows = rows.into_iter().peekable();
        if rows.peek().is_none() {
            return;
        }
        let behind =
            touches.iter().filter_map(|touched| self.behind.get(touched)).max().map_or(0, |run| *run);
        let like = self.runs[behind..].iter().position(|run| run.sql == sql);
        let run = like.map_or(self.runs.len(), |run| behind + run);
        if run == self.runs.len() {
            self.runs.push(Run { sql, rows: vec![] });
        }
        self.runs[run].rows.extend(rows);
        self.behind.extend(touches.iter().map(|touched| (*touched, run + 1)));
    }

    /// Writes them.
    pub async fn write(self, tx: &mut Tx) -> Result<(), StoreError> {
        for Run { sql, rows } in self.runs {
            tx.execute_rows(sql, vec![], rows).await?;
        }
        Ok(())
    }
}

impl Tx {
    /// Runs a statement for each of these rows, many at a time: `VALUES {rows}` in it becomes `VALUES ($3, $4), ($5, $6), …`, numbered on from
    /// the `fixed` arguments, or a table of the same columns. All rows are of one length, and a column of one kind. Gives how many rows of tables it changed.
    pub async fn execute_rows(
        &mut self,
        sql: &str,
        fixed: Vec<Value>,
        rows: Vec<Vec<Value>>,
    ) -> Result<u64, StoreError> {
        let mut changed = 0;
        for (sql, arguments) in self.statements(sql, fixed, rows)? {
            changed += self.execute(&sql, arguments).await?;
        }
        Ok(changed)
    }

    /// Deletes the rows of a table that have these keys. SQLite finds by its index no list of keys of several columns, so there it is key by key.
    pub async fn delete_rows(
        &mut self,
        table: &str,
        key: &[&str],
        rows: Vec<Vec<Value>>,
    ) -> Result<(), StoreError> {
        if self.is_postgres() {
            let sql = format!("DELETE FROM {table} WHERE ({}) IN (VALUES {{rows}})", key.join(", "));
            self.execute_rows(&sql, vec![], rows).await?;
            return Ok(());
        }
        let is = |(at, column): (usize, &&str)| format!("{column} = ${}", at + 1);
        let sql = format!(
            "DELETE FROM {table} WHERE {}",
            key.iter().enumerate().map(is).collect::<Vec<_>>().join(" AND ")
        );
        for row in rows {
            self.execute(&sql, row).await?;
        }
        Ok(())
    }

    /// [`Tx::execute_rows`] for a statement that gives rows.
    pub async fn fetch_rows(
        &mut self,
        sql: &str,
        fixed: Vec<Value>,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::new();
        for (sql, arguments) in self.statements(sql, fixed, rows)? {
            found.extend(self.fetch(&sql, arguments).await?);
        }
        Ok(found)
    }

    fn statements(
        &self,
        sql: &str,
        fixed: Vec<Value>,
        rows: Vec<Vec<Value>>,
    ) -> Result<Statements, StoreError> {
        if self.is_postgres() { lists(sql, fixed, rows) } else { Ok(pieces(sql, false, fixed, rows)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    fn sixty_seven() -> Vec<Vec<Value>> {
        (0..67_i64).map(|row| args![row, "x"]).collect()
    }

    #[test]
    fn rows_are_cut_into_few_sizes_and_numbered_after_what_is_fixed() {
        let cut = pieces("a $1 VALUES {rows} b", false, args![9_i64], sixty_seven());
        let sizes: Vec<usize> = cut.iter().map(|(_, arguments)| (arguments.len() - 1) / 2).collect();
        assert_eq!(sizes, [64, 2, 1]);
        assert_eq!(cut[1].0, "a $1 VALUES ($2, $3), ($4, $5) b");
        assert_eq!(cut[1].1, args![9_i64, 64_i64, "x", 65_i64, "x"]);
        assert!(pieces("VALUES {rows}", true, vec![], vec![]).is_empty());
    }

    #[test]
    fn rows_alone_go_to_sqlite_without_numbers() {
        let text = |postgres| pieces("a VALUES {rows} b", postgres, vec![], sixty_seven()).swap_remove(1).0;
        assert_eq!(
            (text(true), text(false)),
            ("a VALUES ($1, $2), ($3, $4) b".into(), "a VALUES (?, ?), (?, ?) b".into())
        );
    }

    /// The runs as statements and the first values of their rows.
    fn runs(rows: &Rows) -> Vec<(&'static str, Vec<i64>)> {
        let first = |row: &Vec<Value>| match row.first() {
            Some(Value::I64(value)) => *value,
            other => panic!("no number: {other:?}"),
        };
        rows.runs.iter().map(|run| (run.sql, run.rows.iter().map(first).collect())).collect()
    }

    #[test]
    fn what_touches_nothing_in_common_shares_statements() {
        let mut rows = Rows::default();
        for id in 1..=3_u128 {
            let (touches, n) = ([Uuid::from_u128(id)], id as i64);
            rows.put(&touches, "insert", [args![n]]);
            rows.put(&touches, "names", [args![n * 10], args![n * 10 + 1]]);
            rows.put(&touches, "nothing", []);
        }
        assert_eq!(runs(&rows), [("insert", vec![1, 2, 3]), ("names", vec![10, 11, 20, 21, 30, 31])]);
    }

    #[test]
    fn what_touches_the_same_keeps_its_order() {
        let (one, two, three) = (Uuid::from_u128(1), Uuid::from_u128(2), Uuid::from_u128(3));
        let mut rows = Rows::default();
        rows.put(&[one], "set", [args![1]]);
        rows.put(&[two], "set", [args![2]]);
        rows.put(&[one], "clear", [args![1]]);
        rows.put(&[one], "set", [args![11]]);
        rows.put(&[two, three], "set", [args![22]]);
        rows.put(&[three], "clear", [args![3]]);
        rows.put(&[two], "clear", [args![2]]);
        assert_eq!(
            runs(&rows),
            [("set", vec![1, 2]), ("clear", vec![1]), ("set", vec![11, 22]), ("clear", vec![3, 2])]
        );
    }

    #[test]
    fn lists_say_all_rows_in_one_statement() {
        let all = lists("a $1 VALUES {rows} b", args![9_i64], sixty_seven()).unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(
            all[0].0,
            "a $1 SELECT * FROM unnest($2::bigint[], $3::text[]) AS lists (column1, column2) b"
        );
        let expected =
            vec![Value::I64(9), Value::I64s((0..67).collect()), Value::Texts(vec!["x".to_owned(); 67])];
        assert_eq!(all[0].1, expected);
        assert!(lists("VALUES {rows}", vec![], vec![]).unwrap().is_empty());
    }

    #[test]
    fn rows_with_nulls_are_no_lists_and_mixed_kinds_are_refused() {
        let rows = vec![args![1_i64], vec![Value::Null]];
        assert_eq!(
            lists("VALUES {rows}", vec![], rows.clone()).unwrap(),
            pieces("VALUES {rows}", true, vec![], rows)
        );
        let mixed = vec![args![1_i64], args!["x"]];
        assert!(matches!(lists("VALUES {rows}", vec![], mixed), Err(StoreError::Unusable(_))));
    }
}
