//! The JSON form of a directory: services with what belongs to them nested in them, in an array or in pages of `contents`.
//! Invariant: each object is told by its JSON pointer; what is not an object or a list where one belongs is told and left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use serde_json::{Map, Value};

use super::directory::{Directory, Kept, Location, Record};
use crate::import::mended;
use crate::import::rejects::At;
use crate::import::table::Fault;

/// Parts of a service that are not read.
const UNREAD: [&str; 7] =
    ["contacts", "addresses", "cost_options", "funding", "required_documents", "program", "metadata"];

/// An object and where it stands.
#[derive(Clone, Copy)]
struct Item<'a> {
    file: &'a str,
    fields: &'a Map<String, Value>,
}

/// Reads one file, or every `.json` file of a folder in the order of their names, with mended items in the place of those that were rejected.
///
/// # Errors
/// A file that cannot be read, is no JSON, or holds no services.
pub fn read(path: &Path, mended: Option<&Path>) -> anyhow::Result<Directory> {
    let mut files = BTreeMap::new();
    for path in paths(path)? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let value: Value = serde_json::from_slice(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text))
            .with_context(|| format!("{name} is no JSON"))?;
        files.insert(name, value);
    }
    if let Some(path) = mended {
        mended::put_in_documents(path, &mut files)?;
    }
    let mut directory = Directory::over(Kept::Json(BTreeMap::new()));
    for (file, value) in &files {
        for (pointer, service) in services(file, value)? {
            service_of(&mut directory, file, &pointer, service);
        }
    }
    let mut unread: BTreeMap<String, usize> = BTreeMap::new();
    for (file, value) in &files {
        for (_, service) in services(file, value)? {
            for part in UNREAD {
                let rows = service.get(part).map_or(0, |part| part.as_array().map_or(1, Vec::len));
                *unread.entry(part.to_owned()).or_default() += rows;
            }
        }
    }
    directory.unread = unread.into_iter().filter(|(_, rows)| *rows > 0).collect();
    directory.kept = Kept::Json(files);
    Ok(directory)
}

fn paths(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
    let mut paths = vec![];
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The services of a file, each with its pointer.
fn services<'a>(file: &str, value: &'a Value) -> anyhow::Result<Vec<(String, &'a Value)>> {
    let (within, list) = match value {
        Value::Array(list) => ("", list),
        Value::Object(page) => match page.get("contents") {
            Some(Value::Array(list)) => ("/contents", list),
            Some(_) | None if page.contains_key("id") => return Ok(vec![(String::new(), value)]),
            Some(_) | None => {
                bail!("{file} holds no services: an array, a page with contents, or one service")
            }
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            bail!("{file} holds no services: an array, a page with contents, or one service")
        }
    };
    Ok(list.iter().enumerate().map(|(i, service)| (format!("{within}/{i}"), service)).collect())
}

fn service_of(directory: &mut Directory, file: &str, pointer: &str, value: &Value) {
    let Value::Object(fields) = value else {
        let fault = Fault::new("", "is no service: an object is needed");
        return directory.rejects.add(file, At::Pointer(pointer.to_owned()), fault);
    };
    let mut own = record(file, pointer, fields);
    let item = Item { file, fields };
    if let Some(Value::Object(organization)) = fields.get("organization") {
        let told = record(file, &format!("{pointer}/organization"), organization);
        own = with(file, pointer, fields, "organization_id", told.text("id"));
        organization_of(directory, told);
    }
    if !directory.service(own) {
        return;
    }
    let mut parts = Parts::default();
    parts.take(directory, item, pointer);
    for (at, location) in list(directory, item, pointer, "locations") {
        parts.location(directory, file, &at, location);
    }
    for (at, given) in list(directory, item, pointer, "service_at_locations") {
        parts.take(directory, Item { file, fields: given }, &at);
        if let Some(Value::Object(location)) = given.get("location") {
            parts.location(directory, file, &format!("{at}/location"), location);
        }
    }
    if let Some(service) = directory.services.last_mut() {
        service.terms = parts.terms;
        service.languages = parts.languages;
        service.schedules = parts.schedules;
        service.areas = parts.areas;
        service.locations = parts.locations;
        service.phones = parts.phones;
    }
}

/// An organization stands in each of its services; where it is told in several ways the first holds.
fn organization_of(directory: &mut Directory, told: Record) {
    match directory.organizations.get(told.text("id")) {
        Some(known) if known.digest() == told.digest() => {}
        Some(_) => directory.note("organizations told in several ways, of which the first holds"),
        None => directory.organization(told),
    }
}

/// What belongs to a service, wherever in it that stands.
#[derive(Default)]
struct Parts {
    terms: Vec<Record>,
    languages: Vec<Record>,
    schedules: Vec<Record>,
    areas: Vec<Record>,
    locations: Vec<Location>,
    phones: Vec<Record>,
}

impl Parts {
    fn take(&mut self, directory: &mut Directory, item: Item<'_>, pointer: &str) {
        let each = |(at, fields): (String, &Map<String, Value>)| record(item.file, &at, fields);
        self.languages.extend(list(directory, item, pointer, "languages").into_iter().map(each));
        self.schedules.extend(list(directory, item, pointer, "schedules").into_iter().map(each));
        self.areas.extend(list(directory, item, pointer, "service_areas").into_iter().map(each));
        self.phones.extend(list(directory, item, pointer, "phones").into_iter().map(each));
        for (at, attribute) in list(directory, item, pointer, "attributes") {
            // A term may stand in its attribute or under it.
            let (at, term) = match attribute.get("taxonomy_term") {
                Some(Value::Object(term)) => (format!("{at}/taxonomy_term"), term),
                Some(_) | None => (at, attribute),
            };
            self.terms.push(record(item.file, &at, term));
        }
    }

    fn location(
        &mut self,
        directory: &mut Directory,
        file: &str,
        pointer: &str,
        fields: &Map<String, Value>,
    ) {
        let item = Item { file, fields };
        let each = |(at, fields): (String, &Map<String, Value>)| record(file, &at, fields);
        self.languages.extend(list(directory, item, pointer, "languages").into_iter().map(each));
        self.schedules.extend(list(directory, item, pointer, "schedules").into_iter().map(each));
        self.phones.extend(list(directory, item, pointer, "phones").into_iter().map(each));
        let addresses = list(directory, item, pointer, "addresses").into_iter().map(each).collect();
        self.locations.push(Location { own: record(file, pointer, fields), addresses });
    }
}

/// The objects of a list within an item, with their pointers. What is no list, and what in it is no object, is told.
fn list<'a>(
    directory: &mut Directory,
    item: Item<'a>,
    pointer: &str,
    name: &str,
) -> Vec<(String, &'a Map<String, Value>)> {
    let wrong = |at: &str, reason: &str| (At::Pointer(at.to_owned()), Fault::new(name, reason));
    let elements = match item.fields.get(name) {
        None | Some(Value::Null) => return vec![],
        Some(Value::Array(elements)) => elements,
        Some(_) => {
            let (at, fault) = wrong(pointer, "is no list");
            directory.rejects.add(item.file, at, fault);
            return vec![];
        }
    };
    let mut objects = vec![];
    for (i, element) in elements.iter().enumerate() {
        let at = format!("{pointer}/{name}/{i}");
        match element {
            Value::Object(fields) => objects.push((at, fields)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                let (at, fault) = wrong(&at, "is no object");
                directory.rejects.add(item.file, at, fault);
            }
        }
    }
    objects
}

fn record(file: &str, pointer: &str, fields: &Map<String, Value>) -> Record {
    Record::new(file, At::Pointer(pointer.to_owned()), cells(fields))
}

fn with(file: &str, pointer: &str, fields: &Map<String, Value>, name: &str, text: &str) -> Record {
    let mut cells = cells(fields);
    cells.insert(name.to_owned(), text.to_owned());
    Record::new(file, At::Pointer(pointer.to_owned()), cells)
}

/// The fields that hold one value, as texts.
fn cells(fields: &Map<String, Value>) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(flag) => Some(flag.to_string()),
        // 18.0 is 18.
        Value::Number(number) => Some(number.to_string().trim_end_matches(".0").to_owned()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    fields.iter().filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect()
}
