//! Reads rows: a page of them, what changed of them, and in which classes there are any.
//! Invariant: what a reader may see is settled by the classes asked for, so the work of a page depends on what is visible alone.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use kernel::{Class, PersonId};
use platform::args;
use platform::db::{Db, Row, StoreError, Value};
use platform::page::Last;
use platform::projection::{About, parked_as};
use prost::Message;
use proto::timeline::StoredEntry;
use uuid::Uuid;

use super::CURRENT;

/// What is read of an entry to be shown.
const SHOWN: &str = "at, id, known_from, known_to, body";

/// Records asked of at once.
const RECORDS: usize = 200;

/// Which entries.
pub struct Filter {
    /// Of these records.
    pub people: Vec<PersonId>,
    /// Of these services; none means all.
    pub services: Vec<String>,
    /// From then on, in microseconds.
    pub from: Option<i64>,
    /// Before then.
    pub until: Option<i64>,
    /// As recorded then; none means now.
    pub as_of: Option<Timestamp>,
    /// After this row.
    pub after: Last,
    /// So many.
    pub size: usize,
}

/// An entry as it is read.
#[derive(Clone, Debug)]
pub struct Found {
    /// Where it stands in the order.
    pub last: Last,
    /// When the log recorded this version, in microseconds.
    pub known_from: i64,
    /// When it was replaced; none for the current one.
    pub known_to: Option<i64>,
    /// What it says.
    pub stored: StoredEntry,
}

/// The classes in which this record has entries, now or ever, and how long that holds.
///
/// # Errors
/// The view cannot be read.
pub async fn classes(db: &Db, person: PersonId) -> Result<(BTreeSet<Class>, About), StoreError> {
    // From class to class along the primary key, past all that each of them holds.
    let sql = "WITH RECURSIVE own (class) AS (SELECT min(class) FROM entry WHERE person = $1 \
               UNION ALL SELECT (SELECT min(class) FROM entry WHERE person = $1 AND class > own.class) FROM own WHERE own.class IS NOT NULL) \
               SELECT class FROM own WHERE class IS NOT NULL \
               UNION ALL SELECT NULL FROM feed_parked WHERE subject = $2 OR subject = $3";
    let [own, partition] = parked_as(person);
    let (mut classes, mut about) = (BTreeSet::new(), About::People(vec![person]));
    for row in db.fetch(sql, args![person.uuid(), own, partition]).await? {
        match row.opt_text(0)? {
            Some(class) => classes.extend(Class::from_key(&class)),
            None => about = About::Nothing,
        }
    }
    Ok((classes, about))
}

/// The newest entries under these classes, each once, and whether more follow.
///
/// # Errors
/// The view cannot be read.
pub async fn page(db: &Db, classes: &[Class], filter: &Filter) -> Result<(Vec<Found>, bool), StoreError> {
    if classes.is_empty() || filter.people.is_empty() {
        return Ok((vec![], false));
    }
    let mut args = args![filter.after.at, filter.after.id()];
    let mut given = |value: Value| {
        args.push(value);
        format!("${}", args.len())
    };
    let mut rest = String::new();
    match filter.as_of {
        None => rest.push_str(&format!(" AND known_to = {CURRENT}")),
        Some(then) => {
            let then = given(then.as_microsecond().into());
            rest.push_str(&format!(" AND known_from <= {then} AND known_to > {then}"));
        }
    }
    if let Some(from) = filter.from {
        rest.push_str(&format!(" AND at >= {}", given(from.into())));
    }
    if let Some(until) = filter.until {
        rest.push_str(&format!(" AND at < {}", given(until.into())));
    }
    if !filter.services.is_empty() {
        let services: Vec<String> = filter.services.iter().map(|name| given(name.as_str().into())).collect();
        rest.push_str(&format!(" AND service IN ({})", services.join(", ")));
    }
    let people: Vec<String> = filter.people.iter().map(|person| given(person.uuid().into())).collect();
    let classes: Vec<String> = classes.iter().map(|class| given(class.key().into())).collect();
    let limit = filter.size + 1;
    let part = |person: &String, class: &String| {
        format!(
            "SELECT * FROM (SELECT {SHOWN} FROM entry WHERE person = {person} AND class = {class} \
             AND (at, id) < ($1, $2){rest} ORDER BY at DESC, id DESC LIMIT {limit}) AS part"
        )
    };
    let parts = people.iter().flat_map(|person| classes.iter().map(|class| part(person, class)));
    let parts = parts.collect::<Vec<_>>().join(" UNION ALL ");
    // An entry that two classes show is one entry. Each part comes in order, so PostgreSQL merges them and reads no more than the page.
    let each_once = if db.is_postgres() {
        format!("SELECT DISTINCT ON (at, id) {SHOWN} FROM ({parts}) AS allowed")
    } else {
        format!("SELECT {SHOWN} FROM ({parts}) AS allowed GROUP BY at, id")
    };
    let sql = format!("{each_once} ORDER BY at DESC, id DESC LIMIT {limit}");
    let mut found = Vec::with_capacity(limit);
    for row in db.fetch(&sql, args).await? {
        found.push(read(&row)?);
    }
    let more = found.len() > filter.size;
    found.truncate(filter.size);
    Ok((found, more))
}

/// What changed under these classes after those positions: entries as they now stand, and ids of those that are gone.
///
/// # Errors
/// The view cannot be read.
pub async fn changes(
    db: &Db,
    people: &[PersonId],
    classes: &BTreeSet<Class>,
    service: &str,
    after: u64,
) -> Result<(Vec<Found>, Vec<Uuid>), StoreError> {
    let mut current: BTreeMap<Uuid, Found> = BTreeMap::new();
    let mut ended = BTreeSet::new();
    for person in people {
        let sql = format!(
            "SELECT {SHOWN}, class FROM entry WHERE person = $1 AND service = $2 \
             AND (position > $3 OR ended > $3) ORDER BY at, id"
        );
        for row in db.fetch(&sql, args![person.uuid(), service, after]).await? {
            if !Class::from_key(&row.text(5)?).is_some_and(|class| classes.contains(&class)) {
                continue;
            }
            let id = row.uuid(1)?;
            if row.i64(3)? == CURRENT {
                current.insert(id, read(&row)?);
            } else {
                ended.insert(id);
            }
        }
    }
    let gone = ended.into_iter().filter(|id| !current.contains_key(id)).collect();
    let mut current: Vec<Found> = current.into_values().collect();
    current.sort_by_key(|found| (found.last.at, found.last.id()));
    Ok((current, gone))
}

/// Those of these records of which anything of this service changed after that position.
///
/// # Errors
/// The view cannot be read.
pub async fn moved(
    db: &Db,
    records: &[PersonId],
    service: &str,
    after: u64,
) -> Result<BTreeSet<PersonId>, StoreError> {
    let mut moved = BTreeSet::new();
    for some in records.chunks(RECORDS) {
        let mut args = args![service, after];
        args.extend(some.iter().map(|record| Value::from(record.uuid())));
        let places: Vec<String> = (3..args.len() + 1).map(|place| format!("${place}")).collect();
        let sql = format!(
            "SELECT DISTINCT person FROM entry WHERE person IN ({}) AND service = $1 AND (position > $2 OR ended > $2)",
            places.join(", ")
        );
        for row in db.fetch(&sql, args).await? {
            moved.insert(PersonId::new(row.uuid(0)?));
        }
    }
    Ok(moved)
}

fn read(row: &Row) -> Result<Found, StoreError> {
    let last = Last::new(row.i64(0)?, row.uuid(1)?);
    let known_to = Some(row.i64(3)?).filter(|known_to| *known_to != CURRENT);
    let body = row.bytes(4)?;
    let stored = StoredEntry::decode(body.as_slice()).unwrap_or_default();
    Ok(Found { last, known_from: row.i64(2)?, known_to, stored })
}
