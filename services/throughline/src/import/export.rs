//! An export as it lies in its folder: every file that is read, and how many rows the others have.
//! Invariant: it is whole and of known years, or it is refused in one error that names all that is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, bail};
use jiff::civil::Date;

use super::layout::{FILES, Year};
use super::mended;
use super::rejects::{At, Rows, Shown, row_of};
use super::summary::{self, Source};
use super::table::{Line, Table};

/// An export, read.
#[derive(Debug)]
pub struct Export {
    /// What its facts' source is called, as "hmis:1106".
    pub system: String,
    /// The last day that it tells about.
    pub end: Date,
    /// Whether it tells everything of its period anew: what it leaves out, the source tells no more.
    pub full: bool,
    /// The years of its files.
    pub years: BTreeMap<&'static str, Year>,
    /// Files that are not read, and how many rows they have.
    pub unread: Vec<(String, usize)>,
    tables: BTreeMap<&'static str, Table>,
}

impl Export {
    /// Reads an export, with mended rows in the place of those that were rejected.
    ///
    /// # Errors
    /// Everything that is missing of it, at once.
    pub fn read(folder: &Path, mended: Option<&Path>) -> anyhow::Result<Self> {
        let (mut tables, mut years, mut missing) = (BTreeMap::new(), BTreeMap::new(), vec![]);
        for layout in &FILES {
            if !folder.join(layout.file).is_file() {
                missing.push(format!("{} is not there", layout.file));
                continue;
            }
            let table = Table::read(folder, layout.file)?;
            match layout.year_of(&table) {
                Ok(year) => drop(years.insert(layout.file, year)),
                Err(why) => missing.push(why),
            }
            tables.insert(layout.file, table);
        }
        if !missing.is_empty() {
            let all = missing.join("; ");
            bail!("{} is no whole HMIS CSV export of FY2024 or FY2026: {all}", folder.display());
        }
        if let Some(path) = mended {
            mended::put_in(path, &mut tables)?;
        }
        let (system, end) = about(&tables["Export.csv"])?;
        let full = tables["Export.csv"].lines().any(|line| is_full(&line));
        Ok(Self { system, end, full, years, unread: unread(folder)?, tables })
    }

    /// What the summary says of it.
    pub fn told(&self) -> Source<'_> {
        let years = self.years.values().filter(|year| **year != Year::Either).map(|year| year.name());
        let years: BTreeSet<_> = years.collect();
        let years = years.into_iter().collect::<Vec<_>>().join(" and ");
        let title = format!("export of {} to {}, columns of {years}", self.system, self.end);
        let (kinds, left_out, unread) = (&summary::HMIS, "this full refresh", &self.unread);
        Source { title, kinds, partial: !self.full, left_out, unread }
    }

    /// One of its files.
    pub fn table(&self, file: &str) -> &Table {
        // `read` puts every file of the layout here, and the planner names no other.
        &self.tables[file]
    }

    /// Its files that are read.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }
}

impl Rows for Export {
    fn row(&self, file: &str, at: &At) -> Option<Shown> {
        row_of(self.tables(), file, at)
    }
}

/// The source's name and the last day told about.
fn about(table: &Table) -> anyhow::Result<(String, Date)> {
    let mut lines = table.lines();
    let (Some(line), None) = (lines.next(), lines.next()) else {
        bail!("Export.csv must have exactly one whole row");
    };
    let source = ["SourceID", "ImplementationID"].map(|column| line.text(column));
    let Some(source) = source.into_iter().find(|text| !text.is_empty()) else {
        bail!(
            "Export.csv has neither SourceID nor ImplementationID; facts need a source that is called the same each time"
        );
    };
    let end = line.day("ExportEndDate");
    let end = end.map_err(|fault| anyhow::anyhow!("Export.csv line 2: {} {}", fault.column, fault.reason))?;
    Ok((format!("hmis:{source}"), end))
}

/// Whether an export is a full refresh (list 1.2, code 2) of more than what was updated in its period (list 1.1, code 1).
fn is_full(line: &Line<'_>) -> bool {
    line.text("ExportDirective") == "2" && line.text("ExportPeriodType") != "1"
}

fn unread(folder: &Path) -> anyhow::Result<Vec<(String, usize)>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files = vec![];
    for entry in entries {
        let file = entry?.file_name().to_string_lossy().into_owned();
        if file.ends_with(".csv") && !FILES.iter().any(|layout| layout.file == file) {
            let table = Table::read(folder, &file)?;
            files.push((file, table.rows.len() + table.misshapen.len()));
        }
    }
    files.sort_unstable();
    Ok(files)
}
