//! Statements over many rows of arguments.
//! Invariant: a list of rows is cut into pieces of 1, 2, 4 … 64, so a statement has seven texts at most and each is prepared once.

use super::{Row, StoreError, Tx, Value};

/// The most rows of one piece, as a power of two.
const LARGEST: u32 = 6;
/// What stands in a statement for its rows.
const ROWS: &str = "{rows}";

/// The statement's text for so many rows of so many values, after so many arguments of its own.
fn text(sql: &str, fixed: usize, rows: usize, width: usize) -> String {
    let place = |row: usize, column: usize| format!("${}", fixed + row * width + column + 1);
    let row =
        |row| format!("({})", (0..width).map(|column| place(row, column)).collect::<Vec<_>>().join(", "));
    sql.replacen(ROWS, &(0..rows).map(row).collect::<Vec<_>>().join(", "), 1)
}

/// Texts and arguments of the pieces, one after the other.
fn pieces(sql: &str, fixed: Vec<Value>, rows: Vec<Vec<Value>>) -> impl Iterator<Item = (String, Vec<Value>)> {
    let width = rows.first().map_or(0, Vec::len);
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || {
        let power = rows.len().checked_ilog2()?.min(LARGEST);
        let arguments = fixed.iter().cloned().chain(rows.by_ref().take(1 << power).flatten()).collect();
        Some((text(sql, fixed.len(), 1 << power, width), arguments))
    })
}

impl Tx {
    /// Runs a statement for each of these rows, many at a time: `{rows}` in it becomes `($3, $4), ($5, $6), …`, numbered on from the `fixed` arguments.
    /// All rows are of one length. Gives how many rows of tables it changed.
    pub async fn execute_rows(
        &mut self,
        sql: &str,
        fixed: Vec<Value>,
        rows: Vec<Vec<Value>>,
    ) -> Result<u64, StoreError> {
        let mut changed = 0;
        for (sql, arguments) in pieces(sql, fixed, rows) {
            changed += self.execute(&sql, arguments).await?;
        }
        Ok(changed)
    }

    /// The same for a statement that gives rows.
    pub async fn fetch_rows(
        &mut self,
        sql: &str,
        fixed: Vec<Value>,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Row>, StoreError> {
        let mut found = Vec::new();
        for (sql, arguments) in pieces(sql, fixed, rows) {
            found.extend(self.fetch(&sql, arguments).await?);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    #[test]
    fn rows_are_cut_into_few_sizes_and_numbered_after_what_is_fixed() {
        let rows: Vec<Vec<Value>> = (0..67_i64).map(|row| args![row, "x"]).collect();
        let cut: Vec<_> = pieces("a $1 {rows} b", args![9_i64], rows).collect();
        let sizes: Vec<usize> = cut.iter().map(|(_, arguments)| (arguments.len() - 1) / 2).collect();
        assert_eq!(sizes, [64, 2, 1]);
        assert_eq!(cut[1].0, "a $1 ($2, $3), ($4, $5) b");
        assert_eq!(cut[1].1, args![9_i64, 64_i64, "x", 65_i64, "x"]);
        assert_eq!(pieces("{rows}", vec![], vec![]).count(), 0);
    }
}
