//! Makes rows of events, many at a time.
//! Invariant: what comes out is what the events would make one by one, however they are batched.

use std::collections::BTreeMap;

use kernel::Class;
use platform::args;
use platform::db::{Row, Tx};
use platform::projection::{ApplyError, Read};
use prost::Message;
use proto::timeline::StoredEntry;
use uuid::Uuid;

use super::CURRENT;
use crate::entries::{Entries, Keys, Put};
use crate::policy;

/// A stream, and whom its entries are about.
type StreamOf = (String, Uuid);

/// The streams of a batch of events, their entries, and what becomes of them.
pub(super) struct Batch<'a> {
    source: &'a str,
    streams: BTreeMap<StreamOf, Entries>,
    /// Rows that end: class and rest of their key, when, and by which position.
    ended: BTreeMap<RowKey, (i64, u64)>,
    /// Rows that begin. One that also ends within the batch is kept: as-of reads ask for it.
    begun: BTreeMap<RowKey, Begun>,
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
    pub(super) async fn load(
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
        Ok(Self { source, streams, ended: BTreeMap::new(), begun: BTreeMap::new() })
    }

    /// Notes what was asked for and is not at hand, and tells whether there is any such.
    pub(super) fn lacking(&self, needed: &mut BTreeMap<StreamOf, Keys>) -> bool {
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

    pub(super) fn apply(&mut self, event: &Read) -> Result<(), ApplyError> {
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
                self.begun.insert(row, begun);
            }
        }
        Ok(())
    }

    pub(super) async fn store(self, tx: &mut Tx) -> Result<(), ApplyError> {
        let (mut never, mut ended) = (vec![], vec![]);
        for (row, (at, position)) in self.ended {
            if row.known_from == at {
                // Begun and ended at one instant: nobody could ever have read it.
                never.push(args![row.person, row.class, row.at, row.id, row.known_from]);
            } else {
                ended.push(args![row.person, row.class, row.at, row.id, row.known_from, at, position]);
            }
        }
        tx.delete_rows("entry", &["person", "class", "at", "id", "known_from"], never).await?;
        let sql = "WITH given (person, class, at, id, known_from, known_to, ended) AS (VALUES {rows}) \
                   UPDATE entry SET known_to = given.known_to, ended = given.ended FROM given \
                   WHERE entry.person = given.person AND entry.class = given.class AND entry.at = given.at \
                   AND entry.id = given.id AND entry.known_from = given.known_from";
        tx.execute_rows(sql, vec![], ended).await?;
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
    let entry = put.stored.entry.as_ref();
    let at = entry.and_then(|entry| entry.start.as_ref()).and_then(platform::wire::from_occurred);
    let at = at.map(|at| at.at.as_microsecond()).unwrap_or_default();
    let id = entry.and_then(|entry| Uuid::try_parse(&entry.id).ok()).unwrap_or_default();
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
