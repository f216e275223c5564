//! The tabular form of a directory: CSV files whose rows name each other by id.
//! Invariant: a row that names nothing of the directory is told; files that are not read are counted.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use anyhow::{Context, bail};

use super::directory::{Directory, Kept, Location, Record, Service};
use crate::import::mended;
use crate::import::table::{Fault, Table};

/// Tables that are read, by the names of their files without ending, with the columns each needs. Those of the first two have to be there.
const READ: [(&str, &[&str]); 11] = [
    ("organization", &["id", "name"]),
    ("service", &["id", "organization_id", "name"]),
    ("location", &["id"]),
    ("address", &["id", "location_id"]),
    ("phone", &["id", "number"]),
    ("service_at_location", &["id", "service_id", "location_id"]),
    ("taxonomy_term", &["id"]),
    ("attribute", &["link_id", "taxonomy_term_id"]),
    ("language", &["id"]),
    ("schedule", &["id"]),
    ("service_area", &["id"]),
];

/// The columns by which a row names the service that it belongs to, itself or by where it is given.
const SERVICE: [&str; 3] = ["service_id", "service_at_location_id", "location_id"];

/// The tables of one folder.
struct Tables(BTreeMap<&'static str, Table>);

/// Whether a folder holds a directory in this form.
pub fn is_there(folder: &Path) -> bool {
    folder.is_dir() && file_of(folder, "service").is_some()
}

/// Reads a folder, with mended rows in the place of those that were rejected.
///
/// # Errors
/// Everything that is missing of it, at once.
pub fn read(folder: &Path, mended: Option<&Path>) -> anyhow::Result<Directory> {
    let (mut tables, mut missing) = (BTreeMap::new(), vec![]);
    for (i, (name, needs)) in READ.iter().enumerate() {
        let Some(file) = file_of(folder, name) else {
            if i < 2 {
                missing.push(format!("{name}.csv is not there"));
            }
            continue;
        };
        let table = Table::read(folder, &file)?;
        let lacks: Vec<&str> = needs.iter().copied().filter(|column| !table.has(column)).collect();
        if !lacks.is_empty() {
            missing.push(format!("{file} lacks {}", lacks.join(", ")));
        }
        tables.insert(*name, table);
    }
    if !missing.is_empty() {
        bail!("{} is no HSDS 3 directory: {}", folder.display(), missing.join("; "));
    }
    if let Some(path) = mended {
        mended::put_in(path, &mut tables)?;
    }
    let mut directory = Directory::over(Kept::Tables(vec![]));
    let tables = Tables(tables);
    join(&mut directory, &tables, folder)?;
    directory.kept = Kept::Tables(tables.0.into_values().collect());
    Ok(directory)
}

/// A table's file, in the singular or the plural.
fn file_of(folder: &Path, name: &str) -> Option<String> {
    let names = [format!("{name}.csv"), format!("{name}s.csv")];
    names.into_iter().find(|file| folder.join(file).is_file())
}

fn join(directory: &mut Directory, tables: &Tables, folder: &Path) -> anyhow::Result<()> {
    for table in tables.0.values() {
        for (row, fault) in &table.misshapen {
            directory.rejects.add(&table.file, row.line, fault.clone());
        }
    }
    directory.rejected.extend(tables.misshapen("organization"));
    directory.seen.extend(tables.misshapen("service"));
    for organization in tables.records("organization") {
        directory.organization(organization);
    }
    for service in tables.records("service") {
        directory.service(service);
    }
    Joined::of(directory, tables).join(directory, tables);
    directory.unread = unread(folder, tables)?;
    Ok(())
}

impl Tables {
    fn records(&self, name: &str) -> Vec<Record> {
        self.0
            .get(name)
            .map(|table| table.lines().map(|line| Record::of(&line)).collect())
            .unwrap_or_default()
    }

    /// Keys of rows that do not have a cell for each column, as far as they have one for that.
    fn misshapen(&self, name: &str) -> Vec<String> {
        let Some(table) = self.0.get(name) else { return vec![] };
        let at = table.header.iter().position(|column| column == "id");
        let key = |at: usize| table.misshapen.iter().filter_map(move |(row, _)| row.cells.get(at));
        at.into_iter().flat_map(key).map(|key| key.trim().to_owned()).collect()
    }
}

/// What rows name each other by.
struct Joined {
    /// Where each service stands among those that were taken.
    services: HashMap<String, usize>,
    /// Services that are there and were rejected: of their rows nothing is told.
    rejected: Vec<String>,
    locations: HashMap<String, Location>,
    /// The services of a service at a location, by its own id, and of a location.
    at: HashMap<String, Vec<usize>>,
}

impl Joined {
    fn of(directory: &Directory, tables: &Tables) -> Self {
        let named = directory.services.iter().enumerate();
        let services: HashMap<String, usize> =
            named.map(|(i, service)| (service.own.text("id").to_owned(), i)).collect();
        let ids = tables.records("service").into_iter().map(|record| record.text("id").to_owned());
        let rejected = ids.filter(|id| !services.contains_key(id)).collect();
        let locations = tables.records("location").into_iter();
        let location = |own: Record| (own.text("id").to_owned(), Location { own, addresses: vec![] });
        let locations = locations.map(location).collect();
        Self { services, rejected, locations, at: HashMap::new() }
    }

    fn join(&mut self, directory: &mut Directory, tables: &Tables) {
        for address in tables.records("address") {
            match self.locations.get_mut(address.text("location_id")) {
                Some(location) => location.addresses.push(address),
                None => directory.reject(&address, no_location()),
            }
        }
        for given in tables.records("service_at_location") {
            self.give(directory, &given);
        }
        let terms = tables.records("taxonomy_term").into_iter();
        let terms: HashMap<String, Record> = terms.map(|term| (term.text("id").to_owned(), term)).collect();
        for attribute in tables.records("attribute") {
            if !matches!(attribute.text("link_entity"), "" | "service") {
                directory.note("attributes of other things than services, not read");
                continue;
            }
            let term = terms.get(attribute.text("taxonomy_term_id")).cloned();
            let Some(term) = term else {
                let fault = Fault::new("taxonomy_term_id", "names no taxonomy term of this directory");
                directory.reject(&attribute, fault);
                continue;
            };
            for service in self.named(directory, &attribute, &["link_id"]) {
                directory.services[service].terms.push(term.clone());
            }
        }
        self.belonging(directory, tables, "language", |service| &mut service.languages);
        self.belonging(directory, tables, "schedule", |service| &mut service.schedules);
        self.belonging(directory, tables, "service_area", |service| &mut service.areas);
        self.belonging(directory, tables, "phone", |service| &mut service.phones);
    }

    /// A service is given at a location.
    fn give(&mut self, directory: &mut Directory, given: &Record) {
        let services = self.named(directory, given, &["service_id"]);
        let Some(location) = self.locations.get(given.text("location_id")).cloned() else {
            return directory.reject(given, no_location());
        };
        for service in services {
            directory.services[service].locations.push(location.clone());
            for id in [given.text("id"), given.text("location_id")] {
                let there = self.at.entry(id.to_owned()).or_default();
                if !there.contains(&service) {
                    there.push(service);
                }
            }
        }
    }

    fn belonging(
        &self,
        directory: &mut Directory,
        tables: &Tables,
        table: &str,
        of: impl Fn(&mut Service) -> &mut Vec<Record>,
    ) {
        for record in tables.records(table) {
            if table == "phone" && of_another(&record) {
                directory.note("phones of organizations and contacts, not read");
                continue;
            }
            for service in self.named(directory, &record, &SERVICE) {
                of(&mut directory.services[service]).push(record.clone());
            }
        }
    }

    /// The services that a row belongs to, by the first of these columns that says something. None of a rejected service's, or of a place where
    /// no service is given.
    fn named(&self, directory: &mut Directory, record: &Record, columns: &[&str]) -> Vec<usize> {
        let said = columns.iter().find(|column| !record.text(column).is_empty());
        let Some(column) = said else {
            let fault = Fault::new(columns[0], format!("is empty; name one of {}", columns.join(", ")));
            directory.reject(record, fault);
            return vec![];
        };
        let id = record.text(column);
        if let Some(service) = self.services.get(id) {
            return vec![*service];
        }
        if let Some(services) = self.at.get(id) {
            return services.clone();
        }
        let known = self.rejected.iter().any(|rejected| rejected == id) || self.locations.contains_key(id);
        if !known {
            directory.reject(record, Fault::new(column, "names nothing of this directory"));
        }
        vec![]
    }
}

fn no_location() -> Fault {
    Fault::new("location_id", "names no location of this directory")
}

/// Of an organization or of somebody, and of no service.
fn of_another(phone: &Record) -> bool {
    let of = |columns: &[&str]| !phone.first(columns).is_empty();
    of(&["organization_id", "contact_id"]) && !of(&SERVICE)
}

fn unread(folder: &Path, tables: &Tables) -> anyhow::Result<Vec<(String, usize)>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files = vec![];
    for entry in entries {
        let file = entry?.file_name().to_string_lossy().into_owned();
        if file.ends_with(".csv") && !tables.0.values().any(|table| table.file == file) {
            let table = Table::read(folder, &file)?;
            files.push((file, table.rows.len() + table.misshapen.len()));
        }
    }
    files.sort_unstable();
    Ok(files)
}
