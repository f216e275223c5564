//! Rejected rows that somebody has mended, put where they stood in the export or directory.
//! Invariant: a mended row replaces exactly the row that was rejected; of another export it replaces nothing.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use csv::StringRecord;
use serde_json::Value;
use uuid::Uuid;

use super::table::{Row, Table};

/// The columns before a rejected row's own.
pub const LEAD: [&str; 5] =
    ["RejectedFile", "RejectedLine", "RejectedRow", "RejectedColumn", "RejectedReason"];

/// The column in which an item of a JSON document stands, whole.
pub const ITEM: &str = "item";

/// Reads a rejects file.
fn read(path: &Path) -> anyhow::Result<(String, Table)> {
    let name = path.display().to_string();
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {name}"))?;
    let mended = Table::parse(&name, &bytes).with_context(|| format!("{name} is not a CSV file"))?;
    if let Some(column) = LEAD.iter().find(|column| !mended.has(column)) {
        bail!("{name} lacks the column {column}; feed back a file that --rejects wrote");
    }
    if let Some((row, fault)) = mended.misshapen.first() {
        bail!("{name} line {}: {}", row.line, fault.reason);
    }
    Ok((name, mended))
}

/// Puts the rows of a rejects file into the tables they came from.
///
/// # Errors
/// A file that is no rejects file, or one of another export.
pub fn put_in(path: &Path, tables: &mut BTreeMap<&'static str, Table>) -> anyhow::Result<()> {
    let (name, mended) = read(path)?;
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

/// Puts the items of a rejects file into the JSON documents, by name, that they came from.
///
/// # Errors
/// A file that is no rejects file, one of other documents, or an item that is no JSON.
pub fn put_in_documents(path: &Path, documents: &mut BTreeMap<String, Value>) -> anyhow::Result<()> {
    let (name, mended) = read(path)?;
    if !mended.has(ITEM) {
        bail!("{name} lacks the column {ITEM}; feed back a file that --rejects wrote of JSON");
    }
    let mut items = vec![];
    for line in mended.lines() {
        let here = || format!("{name} line {}", line.row.line);
        let (file, pointer) = (line.text("RejectedFile"), line.text("RejectedLine"));
        let old = documents.get(file).and_then(|document| document.pointer(pointer));
        if old.is_none_or(|old| digest(old).to_string() != line.text("RejectedRow")) {
            bail!(
                "{}: {file} at {pointer} is not the item that was rejected; mend the rejects of this very directory",
                here()
            );
        }
        let item: Value = serde_json::from_str(line.text(ITEM))
            .with_context(|| format!("{}: {ITEM} is no JSON any more", here()))?;
        items.push((file, pointer, item));
    }
    // What lies within another comes after it: else the other, put back whole, would undo it.
    items.sort_by_key(|(_, pointer, _)| pointer.len());
    for (file, pointer, item) in items {
        if let Some(place) = documents.get_mut(file).and_then(|document| document.pointer_mut(pointer)) {
            *place = item;
        }
    }
    Ok(())
}

/// Names what an item of a JSON document says now.
pub fn digest(item: &Value) -> Uuid {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, item.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_item_within_another_is_mended_though_the_other_was_rejected_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects.csv");
        let document = json!([{ "id": "", "hours": [{ "from": "9am" }] }]);
        let mut writer = csv::Writer::from_path(&path).unwrap();
        writer.write_record(LEAD.iter().copied().chain([ITEM])).unwrap();
        for (pointer, mended) in [
            ("/0/hours/0", json!({ "from": "09:00" })),
            ("/0", json!({ "id": "s", "hours": [{ "from": "9am" }] })),
        ] {
            let digest = digest(document.pointer(pointer).unwrap()).to_string();
            writer.write_record(["a.json", pointer, &digest, "", "", &mended.to_string()]).unwrap();
        }
        writer.flush().unwrap();
        let mut documents = BTreeMap::from([("a.json".to_owned(), document)]);
        put_in_documents(&path, &mut documents).unwrap();
        assert_eq!(documents["a.json"], json!([{ "id": "s", "hours": [{ "from": "09:00" }] }]));
        let again = put_in_documents(&path, &mut documents).unwrap_err().to_string();
        assert!(again.contains("a.json at /0/hours/0 is not the item that was rejected"), "{again}");
    }
}
