//! The timeline's tables: every version of every entry, and how a page of them is read.
//!
//! Invariant: a row says what one stream's events say; what a reader may see is settled by the classes asked for, so the work of a page depends on
//! what is visible alone.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use kernel::{Class, PersonId};
use platform::args;
use platform::db::{Db, Row, StoreError, Tx, Value};
use platform::page::Last;
use platform::projection::{ApplyError, Projection, Read};
use prost::Message;
use proto::timeline::StoredEntry;
use uuid::Uuid;

use crate::entries::{Entries, Keys, Put};
use crate::policy;

/// `known_to` of what is current.
const CURRENT: i64 = i64::MAX;

/// What is read of an entry to be shown.
const SHOWN: &str = "at, id, known_from, known_to, body";

/// The projection.
pub struct TimelineProjection;

impl Projection for TimelineProjection {
    fn name(&self) -> &'static str {
        "timeline"
    }
    fn version(&self) -> u32 {
        2
    }
    fn sources(&self) -> &[&'static str] {
        policy::SOURCES
    }

    fn tables(&self, _postgres: bool) -> Vec<String> {
        [
            "CREATE TABLE entry (person uuid NOT NULL, class text NOT NULL, at bigint NOT NULL, id uuid NOT NULL, \
             known_from bigint NOT NULL, known_to bigint NOT NULL, service text NOT NULL, stream text NOT NULL, key text NOT NULL, \
             position bigint NOT NULL, ended bigint NOT NULL, body bytea NOT NULL, PRIMARY KEY (person, class, at, id, known_from))",
            "CREATE INDEX entry_stream ON entry (stream, key)",
            "CREATE INDEX entry_position ON entry (person, service, position)",
            "CREATE TABLE person_class (person uuid NOT NULL, class text NOT NULL, PRIMARY KEY (person, class))",
        ]
        .map(str::to_owned)
        .into()
    }

    fn apply_batch<'a>(
        &'a self,
        tx: &'a mut Tx,
        source: &'a str,
        events: &'a [Read],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            // What events need is found out by applying them: what they ask for and is not at hand is read, until nothing is lacking.
            let mut needed = BTreeMap::new();
            loop {
                let mut batch = Batch::load(tx, source, &needed).await?;
                let applied = events.iter().try_for_each(|event| batch.apply(event));
                if !batch.lacking(&mut needed) {
                    applied?;
                    return batch.store(tx).await;
                }
            }
        })
    }
}

/// A stream, and whom its entries are about.
type StreamOf = (String, Uuid);

/// The streams of a batch of events, their entries, and what becomes of them.
struct Batch<'a> {
    source: &'a str,
    streams: BTreeMap<StreamOf, Entries>,
    /// Rows that end: class and rest of their key, when, and by which position.
    ended: BTreeMap<RowKey, (i64, u64)>,
    /// Rows that begin. One that also ends within the batch is kept: as-of reads ask for it.
    begun: BTreeMap<RowKey, Begun>,
    /// The classes of all that began, of rows that nobody could ever have read as well: else what is stored would tell how events were batched.
    classes: BTreeSet<(Uuid, String)>,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RowKey {
    person: Uuid,
    class: String,
    at: i64,
    id: Uuid,
    known_from: i64,
}

struct Begun {
    known_to: i64,
    ended: u64,
    position: u64,
    stream: String,
    key: String,
    body: Vec<u8>,
}

fn person_of(event: &Read) -> Option<Result<Uuid, ApplyError>> {
    let text = &event.event.person_id;
    (!text.is_empty())
        .then(|| Uuid::try_parse(text).map_err(|_| ApplyError::Poison("its person is damaged".into())))
}

impl<'a> Batch<'a> {
    /// A batch with what is needed at hand.
    async fn load(
        tx: &mut Tx,
        source: &'a str,
        needed: &BTreeMap<StreamOf, Keys>,
    ) -> Result<Self, ApplyError> {
        let (mut keys, mut streams) = (vec![], vec![]);
        let mut held: BTreeMap<StreamOf, BTreeMap<String, Put>> = BTreeMap::new();
        for (of, needs) in needed {
            held.insert(of.clone(), BTreeMap::new());
            match needs {
                Keys::All => streams.push(args![of.0.as_str()]),
                Keys::These(some) => keys.extend(some.iter().map(|key| args![of.0.as_str(), key])),
            }
        }
        // The join goes as it is written, from what is asked to what is stored.
        let held_of = |columns: &str, and: &str| {
            format!(
                "WITH given ({columns}) AS (VALUES {{rows}}) SELECT entry.stream, person, entry.key, class, known_from, body \
                 FROM given CROSS JOIN entry WHERE entry.stream = given.stream AND service = $1 AND known_to = {CURRENT}{and}"
            )
        };
        let some = held_of("stream, key", " AND entry.key = given.key");
        let mut rows = tx.fetch_rows(&some, args![source], keys).await?;
        rows.extend(tx.fetch_rows(&held_of("stream", ""), args![source], streams).await?);
        for row in rows {
            if let Some(held) = held.get_mut(&(row.text(0)?, row.uuid(1)?)) {
                add_row(held, &row)?;
            }
        }
        let entries = |(of, held): (StreamOf, BTreeMap<String, Put>)| {
            let at_hand = needed.get(&of).cloned().unwrap_or(Keys::none());
            (of, Entries::of(held, at_hand))
        };
        let streams = held.into_iter().map(entries).collect();
        Ok(Self { source, streams, ended: BTreeMap::new(), begun: BTreeMap::new(), classes: BTreeSet::new() })
    }

    /// Notes what was asked for and is not at hand, and tells whether there is any such.
    fn lacking(&self, needed: &mut BTreeMap<StreamOf, Keys>) -> bool {
        let mut any = false;
        for (of, entries) in &self.streams {
            let lacking = entries.lacking();
            if !lacking.is_none() {
                any = true;
                needed.entry(of.clone()).or_insert_with(Keys::none).extend(lacking);
            }
        }
        any
    }

    fn apply(&mut self, event: &Read) -> Result<(), ApplyError> {
        let Some(person) = person_of(event) else { return Ok(()) };
        let person = person?;
        let of = (event.event.stream.clone(), person);
        let entries = self.streams.entry(of).or_insert_with(|| match event.event.version {
            // A stream's first event finds nothing stored.
            1 => Entries::default(),
            _ => Entries::of(BTreeMap::new(), Keys::none()),
        });
        let applied = policy::apply(self.source, entries, event);
        if !entries.lacking().is_none() {
            return Ok(());
        }
        applied.map_err(|wrong| ApplyError::Poison(wrong.to_string()))?;
        let at = event.recorded.recorded_at.as_microsecond();
        for (key, before, now) in entries.take_touched(at) {
            for row in before.iter().flat_map(|before| rows(person, before)) {
                match self.begun.get_mut(&row) {
                    // Begun and replaced at one instant: nobody could ever have read it.
                    Some(_) if row.known_from == at => {
                        self.begun.remove(&row);
                    }
                    Some(begun) => (begun.known_to, begun.ended) = (at, event.recorded.position),
                    None => {
                        self.ended.insert(row, (at, event.recorded.position));
                    }
                }
            }
            let Some(now) = now else { continue };
            let body = now.stored.encode_to_vec();
            for row in rows(person, now) {
                let begun = Begun {
                    known_to: CURRENT,
                    ended: 0,
                    position: event.recorded.position,
                    stream: event.event.stream.clone(),
                    key: key.clone(),
                    body: body.clone(),
                };
                self.classes.insert((row.person, row.class.clone()));
                self.begun.insert(row, begun);
            }
        }
        Ok(())
    }

    async fn store(self, tx: &mut Tx) -> Result<(), ApplyError> {
        let (mut never, mut ended) = (vec![], vec![]);
        for (row, (at, position)) in self.ended {
            if row.known_from == at {
                // Begun and ended at one instant: nobody could ever have read it.
                never.push(args![row.person, row.class, row.at, row.id, row.known_from]);
            } else {
                ended.push(args![row.person, row.class, row.at, row.id, row.known_from, at, position]);
            }
        }
        let sql = "DELETE FROM entry WHERE (person, class, at, id, known_from) IN (VALUES {rows})";
        tx.execute_rows(sql, vec![], never).await?;
        let sql = "WITH given (person, class, at, id, known_from, known_to, ended) AS (VALUES {rows}) \
                   UPDATE entry SET known_to = given.known_to, ended = given.ended FROM given \
                   WHERE entry.person = given.person AND entry.class = given.class AND entry.at = given.at \
                   AND entry.id = given.id AND entry.known_from = given.known_from";
        tx.execute_rows(sql, vec![], ended).await?;
        let sql = "INSERT INTO person_class (person, class) VALUES {rows} ON CONFLICT DO NOTHING";
        let classes = self.classes.into_iter().map(|(person, class)| args![person, class]);
        tx.execute_rows(sql, vec![], classes.collect()).await?;
        let sql = "INSERT INTO entry (person, class, at, id, known_from, known_to, service, stream, key, position, ended, body) \
                   VALUES {rows}";
        let begun = self.begun.into_iter().map(|(row, new)| {
            args![
                row.person,
                row.class,
                row.at,
                row.id,
                row.known_from,
                new.known_to,
                self.source,
                new.stream,
                new.key,
                new.position,
                new.ended,
                new.body
            ]
        });
        tx.execute_rows(sql, vec![], begun.collect()).await?;
        Ok(())
    }
}

/// The rows that an entry stands in: one for each class.
fn rows(person: Uuid, put: &Put) -> Vec<RowKey> {
    let entry = put.stored.entry.clone().unwrap_or_default();
    let at = entry.start.as_ref().and_then(platform::wire::from_occurred);
    let at = at.map(|at| at.at.as_microsecond()).unwrap_or_default();
    let id = Uuid::try_parse(&entry.id).unwrap_or_default();
    put.classes
        .iter()
        .map(|class| RowKey { person, class: class.key(), at, id, known_from: put.known_from })
        .collect()
}

fn add_row(held: &mut BTreeMap<String, Put>, row: &Row) -> Result<(), ApplyError> {
    let class =
        Class::from_key(&row.text(3)?).ok_or_else(|| ApplyError::Poison("its class is damaged".into()))?;
    let key = row.text(2)?;
    if let Some(put) = held.get_mut(&key) {
        put.classes.insert(class);
        return Ok(());
    }
    held.insert(
        key,
        Put { classes: [class].into(), stored: decode(&row.bytes(5)?)?, known_from: row.i64(4)? },
    );
    Ok(())
}

fn decode(body: &[u8]) -> Result<StoredEntry, ApplyError> {
    StoredEntry::decode(body).map_err(|_| ApplyError::Poison("a stored entry is damaged".into()))
}

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

/// The classes in which these records have entries, now or ever.
///
/// # Errors
/// The view cannot be read.
pub async fn classes(db: &Db, people: &[PersonId]) -> Result<BTreeSet<Class>, StoreError> {
    let mut classes = BTreeSet::new();
    for person in people {
        for row in db.fetch("SELECT class FROM person_class WHERE person = $1", args![person.uuid()]).await? {
            classes.extend(Class::from_key(&row.text(0)?));
        }
    }
    Ok(classes)
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

fn read(row: &Row) -> Result<Found, StoreError> {
    let last = Last::new(row.i64(0)?, row.uuid(1)?);
    let known_to = Some(row.i64(3)?).filter(|known_to| *known_to != CURRENT);
    let body = row.bytes(4)?;
    let stored = StoredEntry::decode(body.as_slice()).unwrap_or_default();
    Ok(Found { last, known_from: row.i64(2)?, known_to, stored })
}
