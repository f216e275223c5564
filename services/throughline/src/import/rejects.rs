//! What was wrong with rows, and the file in which they go back to whoever can mend them.
//! Invariant: the file holds each rejected row once, whole, beside every reason; what is printed elsewhere holds no cell.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

use super::export::Export;
use super::mended;
use super::table::{Fault, Row, Table};

/// The rows that were rejected, by file and line.
#[derive(Debug, Default)]
pub struct Rejects(BTreeMap<(String, u64), Vec<Fault>>);

impl Rejects {
    /// Something is wrong with that row.
    pub fn add(&mut self, file: &str, line: u64, fault: Fault) {
        let faults = self.0.entry((file.to_owned(), line)).or_default();
        if !faults.contains(&fault) {
            faults.push(fault);
        }
    }

    /// Whether something is wrong with that row.
    pub fn has(&self, file: &str, line: u64) -> bool {
        self.0.contains_key(&(file.to_owned(), line))
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

    /// Each fault as a line of text: file, line, column and reason.
    pub fn told(&self) -> impl Iterator<Item = String> {
        self.0.iter().flat_map(|((file, line), faults)| {
            faults.iter().map(move |fault| match fault.column.as_str() {
                "" => format!("{file} line {line}: {}", fault.reason),
                column => format!("{file} line {line}: {column} {}", fault.reason),
            })
        })
    }

    /// Writes the rows with their reasons, to be mended and fed back by `--mended`. It holds personal data as the export does:
    /// only its owner may read it.
    pub fn write(&self, path: &Path, export: &Export) -> anyhow::Result<()> {
        let context = || format!("cannot write the rejected rows to {}", path.display());
        let mut columns: Vec<&str> = vec![];
        for table in self.0.keys().filter_map(|(file, _)| table(export, file)) {
            for column in &table.header {
                if !columns.contains(&column.as_str()) {
                    columns.push(column);
                }
            }
        }
        let file = owners_alone(path).with_context(context)?;
        let mut writer = csv::Writer::from_writer(file);
        writer.write_record(mended::LEAD.iter().copied().chain(columns.iter().copied()))?;
        for ((file, line), faults) in &self.0 {
            let Some((table, row)) = table(export, file).and_then(|table| Some((table, find(table, *line)?)))
            else {
                continue;
            };
            let join = |parts: Vec<&str>| parts.join("; ");
            let names = join(faults.iter().map(|fault| fault.column.as_str()).collect());
            let reasons = join(faults.iter().map(|fault| fault.reason.as_str()).collect());
            let digest = row.digest().to_string();
            let mut cells = vec![file.clone(), line.to_string(), digest, names, reasons];
            for column in &columns {
                let at = table.header.iter().position(|name| name == column);
                cells.push(at.and_then(|at| row.cells.get(at)).unwrap_or_default().to_owned());
            }
            writer.write_record(&cells)?;
        }
        writer.flush().with_context(context)
    }
}

fn table<'a>(export: &'a Export, file: &str) -> Option<&'a Table> {
    export.tables().find(|table| table.file == file)
}

fn find(table: &Table, line: u64) -> Option<&Row> {
    let misshapen = table.misshapen.iter().map(|(row, _)| row);
    table.rows.iter().chain(misshapen).find(|row| row.line == line)
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
