//! What was wrong with rows, and the file in which they go back to whoever can mend them.
//! Invariant: the file holds each rejected row once, whole, beside every reason; what is printed elsewhere holds no cell.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use uuid::Uuid;

use super::mended;
use super::table::{Fault, Row, Table};

/// Where in its file a row stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum At {
    /// On this line, from 1.
    Line(u64),
    /// At this JSON pointer (RFC 6901).
    Pointer(String),
}

impl From<u64> for At {
    fn from(line: u64) -> Self {
        Self::Line(line)
    }
}

/// A row as it was read, to be given back.
#[derive(Debug)]
pub struct Shown {
    /// Names what it says now.
    pub digest: Uuid,
    /// Its columns and cells, in order.
    pub cells: Vec<(String, String)>,
}

/// Where rejected rows come from.
pub trait Rows {
    /// The row that stands there; none where nothing does.
    fn row(&self, file: &str, at: &At) -> Option<Shown>;
}

/// The rows that were rejected, by file and place.
#[derive(Debug, Default)]
pub struct Rejects(BTreeMap<(String, At), Vec<Fault>>);

impl Rejects {
    /// Something is wrong with that row.
    pub fn add(&mut self, file: &str, at: impl Into<At>, fault: Fault) {
        let faults = self.0.entry((file.to_owned(), at.into())).or_default();
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }

    /// Whether something is wrong with that row.
    pub fn has(&self, file: &str, at: impl Into<At>) -> bool {
        self.0.contains_key(&(file.to_owned(), at.into()))
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How many rows of each file.
    pub fn by_file(&self) -> BTreeMap<&str, u64> {
        let mut files = BTreeMap::new();
        for (file, _) in self.0.keys() {
            *files.entry(file.as_str()).or_default() += 1;
        }
        files
    }

    /// Each fault as a line of text: file, place, column and reason.
    pub fn told(&self) -> impl Iterator<Item = String> {
        self.0.iter().flat_map(|((file, at), faults)| {
            let place = match at {
                At::Line(line) => format!("{file} line {line}"),
                At::Pointer(pointer) => format!("{file} at {pointer}"),
            };
            faults.iter().map(move |fault| match fault.column.as_str() {
                "" => format!("{place}: {}", fault.reason),
                column => format!("{place}: {column} {}", fault.reason),
            })
        })
    }

    /// Writes the rows with their reasons, to be mended and fed back by `--mended`. It holds personal data as the export does:
    /// only its owner may read it.
    pub fn write(&self, path: &Path, rows: &impl Rows) -> anyhow::Result<()> {
        let context = || format!("cannot write the rejected rows to {}", path.display());
        let shown = self.0.iter().filter_map(|(key, faults)| Some((key, faults, rows.row(&key.0, &key.1)?)));
        let shown: Vec<_> = shown.collect();
        let mut columns: Vec<&str> = vec![];
        for (column, _) in shown.iter().flat_map(|(_, _, row)| &row.cells) {
            if !columns.contains(&column.as_str()) {
                columns.push(column);
            }
        }
        let file = owners_alone(path).with_context(context)?;
        let mut writer = csv::Writer::from_writer(file);
        writer.write_record(mended::LEAD.iter().copied().chain(columns.iter().copied()))?;
        for ((file, at), faults, row) in &shown {
            let at = match at {
                At::Line(line) => line.to_string(),
                At::Pointer(pointer) => pointer.clone(),
            };
            let join = |parts: Vec<&str>| parts.join("; ");
            let names = join(faults.iter().map(|fault| fault.column.as_str()).collect());
            let reasons = join(faults.iter().map(|fault| fault.reason.as_str()).collect());
            let mut cells = vec![file.clone(), at, row.digest.to_string(), names, reasons];
            for column in &columns {
                let cell = row.cells.iter().find(|(name, _)| name == column);
                cells.push(cell.map(|(_, cell)| cell.clone()).unwrap_or_default());
            }
            writer.write_record(&cells)?;
        }
        writer.flush().with_context(context)
    }
}

/// The row of a table that stands there, with its columns.
pub fn row_of<'a>(mut tables: impl Iterator<Item = &'a Table>, file: &str, at: &At) -> Option<Shown> {
    let table = tables.find(|table| table.file == file)?;
    let misshapen = table.misshapen.iter().map(|(row, _)| row);
    let row: &Row = table.rows.iter().chain(misshapen).find(|row| At::Line(row.line) == *at)?;
    let cell =
        |(i, column): (usize, &String)| (column.clone(), row.cells.get(i).unwrap_or_default().to_owned());
    Some(Shown { digest: row.digest(), cells: table.header.iter().enumerate().map(cell).collect() })
}

/// A file that only its owner may read.
#[cfg(unix)]
pub fn owners_alone(path: &Path) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// A file that only its owner may read, where the system has a way to say so.
#[cfg(not(unix))]
pub fn owners_alone(path: &Path) -> std::io::Result<std::fs::File> {
    std::fs::File::create(path)
}
