//! Rejected rows that somebody has mended, put where they stood in the export.
//! Invariant: a mended row replaces exactly the row that was rejected; of another export it replaces nothing.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use csv::StringRecord;

use super::table::{Row, Table};

/// The columns before a rejected row's own.
pub const LEAD: [&str; 5] =
    ["RejectedFile", "RejectedLine", "RejectedRow", "RejectedColumn", "RejectedReason"];

/// Puts the rows of a rejects file into the tables they came from.
///
/// # Errors
/// A file that is no rejects file, or one of another export.
pub fn put_in(path: &Path, tables: &mut BTreeMap<&'static str, Table>) -> anyhow::Result<()> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {name}"))?;
    let mended = Table::parse(&name, &bytes).with_context(|| format!("{name} is not a CSV file"))?;
    if let Some(column) = LEAD.iter().find(|column| !mended.has(column)) {
        bail!("{name} lacks the column {column}; feed back a file that --rejects wrote");
    }
    if let Some((row, fault)) = mended.misshapen.first() {
        bail!("{name} line {}: {}", row.line, fault.reason);
    }
    for line in mended.lines() {
        let here = || format!("{name} line {}", line.row.line);
        let file = line.text("RejectedFile");
        let table = tables.values_mut().find(|table| table.file == file);
        let table = table.ok_or_else(|| anyhow!("{}: {file} is no file of the export", here()))?;
        let number: u64 = line.text("RejectedLine").parse().with_context(here)?;
        let cells: StringRecord = table.header.iter().map(|column| line.text(column)).collect();
        let row = Row { line: number, cells };
        let digest = line.text("RejectedRow");
        let same = |old: &Row| old.line == number && old.digest().to_string() == digest;
        if let Some(at) = table.rows.iter().position(same) {
            table.rows[at] = row;
        } else if let Some(at) = table.misshapen.iter().position(|(old, _)| same(old)) {
            table.misshapen.remove(at);
            table.rows.push(row);
        } else {
            bail!(
                "{}: {file} line {number} is not the row that was rejected; mend the rejects of this very export",
                here()
            );
        }
    }
    Ok(())
}
