//! A directory of services as it was read, from JSON and from CSV tables alike.
//! Invariant: whatever is wrong with a row is told with the row; a row that is wrong leaves the others as they are.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;
use uuid::Uuid;

use crate::import::mended;
use crate::import::rejects::{At, Rejects, Rows, Shown, row_of};
use crate::import::table::{self, Fault, Line, Table};

/// One object of the directory: the texts of its fields, and where it stands.
#[derive(Clone, Debug)]
pub struct Record {
    /// The file it stands in.
    pub file: String,
    /// Where in it.
    pub at: At,
    cells: BTreeMap<String, String>,
}

impl Record {
    /// With these cells, there.
    pub fn new(file: &str, at: At, cells: BTreeMap<String, String>) -> Self {
        Self { file: file.to_owned(), at, cells }
    }

    /// A row of a table.
    pub fn of(line: &Line<'_>) -> Self {
        let cell = |column: &String| (column.clone(), line.text(column).to_owned());
        let cells = line.table.header.iter().map(cell).collect();
        Self::new(&line.table.file, line.row.line.into(), cells)
    }

    /// The text of a field without the white space around it; empty where there is none.
    pub fn text(&self, column: &str) -> &str {
        self.cells.get(column).map(|text| text.trim()).unwrap_or_default()
    }

    /// The first of these fields that says something.
    pub fn first(&self, columns: &[&str]) -> &str {
        columns.iter().map(|column| self.text(column)).find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// A key: there, and of at most 200 characters.
    pub fn key(&self, column: &str) -> Result<&str, Fault> {
        table::key(column, self.text(column))
    }

    /// A whole number, where there is one.
    pub fn optional_number(&self, column: &str) -> Result<Option<u32>, Fault> {
        table::optional_number(column, self.text(column))
    }

    /// Names what it says now.
    pub fn digest(&self) -> Uuid {
        digest(&self.cells)
    }
}

fn digest(cells: &BTreeMap<String, String>) -> Uuid {
    let parts = cells.iter().map(|(name, cell)| format!("{name}:{}:{cell}", cell.len()));
    Uuid::new_v5(&Uuid::NAMESPACE_OID, parts.collect::<String>().as_bytes())
}

/// Where a service is given.
#[derive(Clone, Debug)]
pub struct Location {
    /// Its own fields.
    pub own: Record,
    /// Its addresses.
    pub addresses: Vec<Record>,
}

/// A service with what belongs to it.
#[derive(Debug)]
pub struct Service {
    /// Its own fields.
    pub own: Record,
    /// The key of its organization.
    pub organization: String,
    /// Taxonomy terms.
    pub terms: Vec<Record>,
    /// Languages it is given in.
    pub languages: Vec<Record>,
    /// When it is open.
    pub schedules: Vec<Record>,
    /// Where it serves.
    pub areas: Vec<Record>,
    /// Where it is given.
    pub locations: Vec<Location>,
    /// Its phones, and those of where it is given.
    pub phones: Vec<Record>,
}

impl Service {
    /// With nothing that belongs to it yet.
    pub fn new(own: Record, organization: String) -> Self {
        let [terms, languages, schedules, areas, phones] = Default::default();
        Self { own, organization, terms, languages, schedules, areas, locations: vec![], phones }
    }
}

/// Where the rows lie, to be given back where they are rejected.
#[derive(Debug)]
pub enum Kept {
    /// In tables.
    Tables(Vec<Table>),
    /// In JSON files, by name.
    Json(BTreeMap<String, Value>),
}

/// A directory, read.
#[derive(Debug)]
pub struct Directory {
    /// Its organizations by key.
    pub organizations: BTreeMap<String, Record>,
    /// Keys of organizations that were rejected.
    pub rejected: Vec<String>,
    /// Its services, in the order in which they stand.
    pub services: Vec<Service>,
    /// Keys of the services read so far, those that were rejected too.
    pub seen: HashSet<String>,
    /// What was wrong.
    pub rejects: Rejects,
    /// What was noticed and is no fault of a row.
    pub notes: BTreeMap<&'static str, u64>,
    /// What is not read, and how many rows it has.
    pub unread: Vec<(String, usize)>,
    /// The rows.
    pub kept: Kept,
}

impl Directory {
    /// Nothing yet, of rows that lie there.
    pub fn over(kept: Kept) -> Self {
        Self {
            organizations: BTreeMap::new(),
            rejected: vec![],
            services: vec![],
            seen: HashSet::new(),
            rejects: Rejects::default(),
            notes: BTreeMap::new(),
            unread: vec![],
            kept,
        }
    }

    /// Something is wrong with that row.
    pub fn reject(&mut self, record: &Record, fault: Fault) {
        self.rejects.add(&record.file, record.at.clone(), fault);
    }

    /// Something was noticed.
    pub fn note(&mut self, what: &'static str) {
        *self.notes.entry(what).or_default() += 1;
    }

    /// Takes an organization, or tells what is wrong with it.
    pub fn organization(&mut self, record: Record) {
        let key = match record.key("id") {
            Ok(key) if self.organizations.contains_key(key) => {
                return self.reject(&record, Fault::new("id", "is the id of a row before it"));
            }
            Ok(key) => key.to_owned(),
            Err(fault) => return self.reject(&record, fault),
        };
        match record.text("name").chars().count() {
            0 => self.reject(&record, Fault::new("name", "is empty")),
            1..=200 => return drop(self.organizations.insert(key, record)),
            _ => self.reject(&record, Fault::new("name", "is longer than 200 characters")),
        }
        self.rejected.push(key);
    }

    /// Takes a service of an organization that is there, or tells what is wrong with it. True where it was taken.
    pub fn service(&mut self, record: Record) -> bool {
        match self.owner_of(&record) {
            Ok(organization) => {
                self.services.push(Service::new(record, organization));
                true
            }
            Err(fault) => {
                self.reject(&record, fault);
                false
            }
        }
    }

    fn owner_of(&mut self, record: &Record) -> Result<String, Fault> {
        let key = record.key("id")?;
        if !self.seen.insert(key.to_owned()) {
            return Err(Fault::new("id", "is the id of a row before it"));
        }
        match record.text("name").chars().count() {
            0 => return Err(Fault::new("name", "is empty")),
            1..=200 => {}
            _ => return Err(Fault::new("name", "is longer than 200 characters")),
        }
        let organization = record.key("organization_id")?;
        if self.organizations.contains_key(organization) {
            return Ok(organization.to_owned());
        }
        let why = match self.rejected.iter().any(|rejected| rejected == organization) {
            true => "names an organization that was rejected",
            false => "names no organization of this directory",
        };
        Err(Fault::new("organization_id", why))
    }
}

impl Rows for Directory {
    fn row(&self, file: &str, at: &At) -> Option<Shown> {
        match &self.kept {
            Kept::Tables(tables) => row_of(tables.iter(), file, at),
            Kept::Json(files) => {
                let At::Pointer(pointer) = at else { return None };
                let item = files.get(file)?.pointer(pointer)?;
                let cells = vec![(mended::ITEM.to_owned(), item.to_string())];
                Some(Shown { digest: mended::digest(item), cells })
            }
        }
    }
}
