//! One CSV file of an export, as it lies in its folder.
//! Invariant: a row keeps the line it stands on, so that whatever is wrong with it can be found again.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context;
use csv::{ByteRecord, ReaderBuilder, StringRecord};
use jiff::civil::Date;
use uuid::Uuid;

/// What is wrong with a row. Never holds a cell: cells are about people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The column; empty where the row as a whole is wrong.
    pub column: String,
    /// Why, and what to do about it.
    pub reason: String,
}

impl Fault {
    /// A fault in that column.
    pub fn new(column: &str, reason: impl Into<String>) -> Self {
        Self { column: column.to_owned(), reason: reason.into() }
    }
}

/// A file and its rows.
#[derive(Debug)]
pub struct Table {
    /// Its name, as "Client.csv".
    pub file: String,
    /// Its columns, in order.
    pub header: Vec<String>,
    /// Its rows that have a cell for each column.
    pub rows: Vec<Row>,
    /// Its other rows, with what is wrong with them.
    pub misshapen: Vec<(Row, Fault)>,
    columns: HashMap<String, usize>,
}

/// A row and where it stands.
#[derive(Clone, Debug)]
pub struct Row {
    /// The line it begins on, from 1.
    pub line: u64,
    /// Its cells.
    pub cells: StringRecord,
}

impl Row {
    /// Names what the row says now; another content is another name.
    pub fn digest(&self) -> Uuid {
        let parts = self.cells.iter().map(|cell| format!("{}:{cell}", cell.len()));
        Uuid::new_v5(&Uuid::NAMESPACE_OID, parts.collect::<String>().as_bytes())
    }
}

impl Table {
    /// Reads a whole file.
    ///
    /// # Errors
    /// A file that is not there or has no header. A row that is wrong is kept among the misshapen.
    pub fn read(folder: &Path, file: &str) -> anyhow::Result<Self> {
        let bytes = std::fs::read(folder.join(file)).with_context(|| format!("{file} cannot be read"))?;
        Self::parse(file, &bytes).with_context(|| format!("{file} is not a CSV file with a header"))
    }

    /// Reads the bytes of a file.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, csv::Error> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = ReaderBuilder::new().flexible(true).from_reader(bytes);
        let header: Vec<String> = reader.headers()?.iter().map(|name| name.trim().to_owned()).collect();
        let columns = header.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        let (mut rows, mut misshapen) = (vec![], vec![]);
        let (mut counted, mut line) = (0, 1);
        for record in reader.byte_records() {
            let record = record?;
            // The reader's own count is one short where lines end in CR LF: it leaves the LF to the next record.
            let at = record.position().and_then(|place| usize::try_from(place.byte()).ok());
            let at = at.unwrap_or_default().min(bytes.len());
            let ends = bytes[at..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
            line += bytes[counted..at + ends].iter().filter(|byte| **byte == b'\n').count() as u64;
            counted = at + ends;
            match whole(record, header.len()) {
                Ok(cells) => rows.push(Row { line, cells }),
                Err((cells, fault)) => misshapen.push((Row { line, cells }, fault)),
            }
        }
        Ok(Self { file: file.to_owned(), header, rows, misshapen, columns })
    }

    /// Whether it has that column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.contains_key(column)
    }

    /// Its rows, to be read cell by cell.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        self.rows.iter().map(move |row| Line { table: self, row })
    }
}

fn whole(record: ByteRecord, columns: usize) -> Result<StringRecord, (StringRecord, Fault)> {
    let cells = match StringRecord::from_byte_record(record) {
        Ok(cells) => cells,
        Err(err) => {
            let lossy = StringRecord::from_byte_record_lossy(err.into_byte_record());
            return Err((lossy, Fault::new("", "is not UTF-8; write the file again as UTF-8")));
        }
    };
    if cells.len() == columns {
        return Ok(cells);
    }
    let reason = format!("has {} cells where the header has {columns}", cells.len());
    Err((cells, Fault::new("", reason)))
}

/// A row beside the header of its file.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// The file.
    pub table: &'a Table,
    /// The row.
    pub row: &'a Row,
}

impl<'a> Line<'a> {
    /// The text of a cell without the white space around it; empty where there is none.
    pub fn text(&self, column: &str) -> &'a str {
        let cell = self.table.columns.get(column).and_then(|at| self.row.cells.get(*at));
        cell.unwrap_or_default().trim()
    }

    /// A key: there, and of at most 200 characters.
    pub fn key(&self, column: &str) -> Result<&'a str, Fault> {
        key(column, self.text(column))
    }

    /// A day, where there is one.
    pub fn optional_day(&self, column: &str) -> Result<Option<Date>, Fault> {
        let text = self.text(column);
        if text.is_empty() {
            return Ok(None);
        }
        let day = (text.len() == 10).then(|| text.parse().ok()).flatten();
        day.map(Some).ok_or_else(|| Fault::new(column, "is not a day; write it as 2026-01-31"))
    }

    /// A day.
    pub fn day(&self, column: &str) -> Result<Date, Fault> {
        self.optional_day(column)?.ok_or_else(|| Fault::new(column, "is empty; it needs a day"))
    }

    /// A number, where there is one.
    pub fn optional_number(&self, column: &str) -> Result<Option<u32>, Fault> {
        optional_number(column, self.text(column))
    }

    /// A code of a list, where there is one.
    pub fn optional_code(&self, column: &str, list: &[u32]) -> Result<Option<u32>, Fault> {
        let code = self.optional_number(column)?;
        match code {
            Some(code) if !list.contains(&code) => {
                Err(Fault::new(column, format!("is no code of its list: {}", codes(list))))
            }
            Some(_) | None => Ok(code),
        }
    }

    /// A code of a list.
    pub fn code(&self, column: &str, list: &[u32]) -> Result<u32, Fault> {
        let empty = || Fault::new(column, format!("is empty; it needs one of {}", codes(list)));
        self.optional_code(column, list)?.ok_or_else(empty)
    }

    /// Whether the source has deleted the row.
    pub fn is_deleted(&self) -> bool {
        !self.text("DateDeleted").is_empty()
    }
}

/// A key: there, and of at most 200 characters.
pub fn key<'a>(column: &str, text: &'a str) -> Result<&'a str, Fault> {
    match text {
        "" => Err(Fault::new(column, "is empty; every row needs it")),
        key if key.chars().count() > 200 => Err(Fault::new(column, "is longer than 200 characters")),
        key => Ok(key),
    }
}

/// A number, where there is one.
pub fn optional_number(column: &str, text: &str) -> Result<Option<u32>, Fault> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Fault::new(column, "is not a whole number"))
}

fn codes(list: &[u32]) -> String {
    list.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_keeps_the_line_it_begins_on() {
        let table = Table::parse("X.csv", b"\xef\xbb\xbfA,B\r\n1,\"two\nlines\"\r\n3,4\r\n").unwrap();
        let lines: Vec<_> = table.lines().map(|line| (line.row.line, line.text("A"))).collect();
        assert_eq!(lines, [(2, "1"), (4, "3")]);
    }

    #[test]
    fn a_row_with_too_few_cells_or_of_other_letters_is_set_apart() {
        let table = Table::parse("X.csv", b"A,B\n1\n2,\xff\n3,4\n").unwrap();
        assert_eq!(table.rows.len(), 1);
        let told: Vec<_> = table.misshapen.iter().map(|(row, fault)| (row.line, &*fault.reason)).collect();
        assert_eq!(told[0], (2, "has 1 cells where the header has 2"));
        assert_eq!(told[1].0, 3);
    }

    #[test]
    fn a_day_and_a_code_say_what_they_want() {
        let table = Table::parse("X.csv", b"D,C\n2026-02-30,7\n").unwrap();
        let line = table.lines().next().unwrap();
        assert_eq!(line.day("D").unwrap_err().column, "D");
        assert_eq!(line.code("C", &[0, 1]).unwrap_err().reason, "is no code of its list: 0, 1");
        assert_eq!(line.optional_day("E"), Ok(None));
    }

    #[test]
    fn cells_that_run_together_are_not_the_same_row() {
        let row = |cells: &[&str]| Row { line: 1, cells: StringRecord::from(cells.to_vec()) };
        assert_ne!(row(&["ab", "c"]).digest(), row(&["a", "bc"]).digest());
        assert_eq!(row(&["ab", "c"]).digest(), row(&["ab", "c"]).digest());
    }
}
