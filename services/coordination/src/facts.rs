//! What each log says of a person, as the rules need it: one row for each stream.
//!
//! Invariant: a row is a function of one stream's events in their order and of nothing else; links, other streams and the time are joined when it
//! is looked at. Links stand in the same tables, so that a mark and the link that made it are seen together.
//! Whoever's facts are told to the rules differently is due, and so is whoever a finding is about: most events change nothing that a rule looks at.

mod housing;
mod referrals;
mod registry;
mod stored;
mod therapy;
mod told;
mod vocational;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::PersonId;
use platform::args;
use platform::db::{Db, StoreError, Tx};
use platform::people::{Group, PeopleProjection};
use platform::projection::{ApplyError, Projection, Read, parked_as};
use prost::Message;
use uuid::Uuid;

use crate::domain::Facts;
use crate::due;
pub use stored::Fact;
use stored::{Row, Unreadable};

/// The logs that facts come from, and the service's own: whom it has found anything of is looked at again where all of this is made anew, also
/// where nothing that rules look at is left of what was found.
pub const SOURCES: &[&str] = &["registry", "referrals", "vocational", "housing", "therapy", OWN];
const OWN: &str = crate::NAME;

/// Looks follow what happens by so much at least: one look then sees all that a command's reactions brought about.
const GATHERED: Duration = Duration::from_millis(20);

/// The projection: facts, links, and who is due.
pub struct FactsProjection;

impl Projection for FactsProjection {
    fn name(&self) -> &'static str {
        "facts"
    }
    fn version(&self) -> u32 {
        3
    }
    fn sources(&self) -> &[&'static str] {
        SOURCES
    }
    fn gathers(&self) -> Duration {
        GATHERED
    }

    fn tables(&self, postgres: bool) -> Vec<String> {
        let fact = "CREATE TABLE fact (person uuid NOT NULL, source text NOT NULL, stream text NOT NULL, body bytea NOT NULL, \
                    PRIMARY KEY (person, source, stream))";
        let own = [fact].into_iter().chain(due::TABLES).map(str::to_owned);
        PeopleProjection.tables(postgres).into_iter().chain(own).collect()
    }

    fn work_lists(&self) -> &[&'static str] {
        &[due::TABLE]
    }

    fn apply_batch<'a>(
        &'a self,
        tx: &'a mut Tx,
        source: &'a str,
        events: &'a [Read],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let mut marks = due::Marks::default();
            if source == "registry" {
                PeopleProjection.apply_batch(tx, source, events).await?;
                for read in events {
                    for record in registry::linked(read).map_err(poison)? {
                        marks.add(record, read.recorded.recorded_at);
                    }
                }
            }
            let mut batch = match source {
                OWN => Batch::of(source),
                _ => Batch::load(tx, source, events).await?,
            };
            for read in events {
                let Some(person) = person_of(read)? else { continue };
                if source == OWN || batch.apply(person, read)? {
                    marks.add(person, read.recorded.recorded_at);
                }
            }
            batch.store(tx).await?;
            Ok(marks.store(tx).await?)
        })
    }
}

/// The person whom an event is about, if it is about one.
fn person_of(read: &Read) -> Result<Option<Uuid>, ApplyError> {
    let id = &read.event.person_id;
    let person = (!id.is_empty()).then(|| Uuid::try_parse(id)).transpose();
    person.map_err(|_| ApplyError::Poison("its person is damaged".into()))
}

/// The facts of a batch's streams: as they stand, and as its events make them.
struct Batch<'a> {
    source: &'a str,
    facts: BTreeMap<(Uuid, String), Held>,
}

#[derive(Default)]
struct Held {
    stands: Option<Fact>,
    becomes: Option<Fact>,
}

impl<'a> Batch<'a> {
    fn of(source: &'a str) -> Self {
        Self { source, facts: BTreeMap::new() }
    }

    async fn load(tx: &mut Tx, source: &'a str, events: &[Read]) -> Result<Self, ApplyError> {
        let mut facts: BTreeMap<(Uuid, String), Held> = BTreeMap::new();
        let mut begun = BTreeSet::new();
        for read in events {
            if let Some(person) = person_of(read)? {
                let of = (person, read.event.stream.clone());
                // A stream's first event finds nothing stored.
                if read.event.version == 1 {
                    begun.insert(of.clone());
                }
                facts.insert(of, Held::default());
            }
        }
        let stored = facts.keys().filter(|of| !begun.contains(of));
        let wanted = stored.map(|(person, stream)| args![*person, stream.as_str()]).collect();
        let sql = "SELECT fact.person, fact.stream, fact.body FROM (VALUES {rows}) AS wanted JOIN fact \
                   ON fact.person = wanted.column1 AND fact.source = $1 AND fact.stream = wanted.column2";
        for row in tx.fetch_rows(sql, args![source], wanted).await? {
            let fact = Row::decode(row.bytes(2)?.as_slice()).map_err(|_| poison(Unreadable))?.fact;
            facts.insert((row.uuid(0)?, row.text(1)?), Held { stands: fact.clone(), becomes: fact });
        }
        Ok(Self { facts, ..Self::of(source) })
    }

    /// Puts what the event makes of its stream's fact, and tells whether rules are told anything else by it.
    fn apply(&mut self, person: Uuid, read: &Read) -> Result<bool, ApplyError> {
        let held = self.facts.entry((person, read.event.stream.clone())).or_default();
        let before = held.becomes.take();
        let told = before.clone().filter(Fact::tells);
        let after = match self.source {
            "registry" => registry::apply(before, read),
            "referrals" => referrals::apply(before, read),
            "vocational" => vocational::apply(before, read),
            "housing" => housing::apply(before, read),
            "therapy" => therapy::apply(before, read),
            _ => Err(Unreadable),
        };
        held.becomes = after.map_err(poison)?;
        Ok(held.becomes.as_ref().filter(|fact| fact.tells()) != told.as_ref())
    }

    async fn store(self, tx: &mut Tx) -> Result<(), ApplyError> {
        let (mut begun, mut changed, mut gone) = (vec![], vec![], vec![]);
        for ((person, stream), Held { stands, becomes }) in self.facts {
            let stood = stands.is_some();
            match becomes {
                becomes if becomes == stands => {}
                Some(fact) => {
                    let body = Row { fact: Some(fact) }.encode_to_vec();
                    let rows = if stood { &mut changed } else { &mut begun };
                    rows.push(args![person, self.source, stream, body]);
                }
                None => gone.push(args![person, self.source, stream]),
            }
        }
        let sql = "INSERT INTO fact (person, source, stream, body) VALUES {rows}";
        tx.execute_rows(sql, vec![], begun).await?;
        let sql = "WITH given (person, source, stream, body) AS (VALUES {rows}) UPDATE fact SET body = given.body FROM given \
                   WHERE fact.person = given.person AND fact.source = given.source AND fact.stream = given.stream";
        tx.execute_rows(sql, vec![], changed).await?;
        tx.delete_rows("fact", &["person", "source", "stream"], gone).await?;
        Ok(())
    }
}

fn poison(unreadable: Unreadable) -> ApplyError {
    ApplyError::Poison(unreadable.to_string())
}

/// All that stands here of one record, in one statement: who it is linked with, its mark, whether its events wait, its facts.
const STANDS: &str = "SELECT 'fact', source, stream, body, CAST(NULL AS uuid), CAST(NULL AS uuid), 0, 0 FROM fact WHERE person = $1 \
    UNION ALL SELECT 'link', NULL, NULL, NULL, canonical, member, 0, 0 FROM link WHERE (canonical = $1 OR member = $1) AND known_to IS NULL \
    UNION ALL SELECT 'mark', NULL, NULL, NULL, NULL, NULL, at, mark FROM due WHERE subject = $1 \
    UNION ALL SELECT 'parked', NULL, NULL, NULL, NULL, NULL, 0, 0 FROM feed_parked WHERE subject = $2 OR subject = $3";

/// The records of one human, and what stands here of them, as far as it was read.
pub struct Human {
    /// By record, its mark; none where it was never marked.
    pub marks: BTreeMap<PersonId, due::Mark>,
    /// Whether events of any of them wait.
    pub parked: bool,
    records: Group,
    told: told::Told,
}

impl Human {
    /// Whose record this is; nothing is read of it yet.
    pub fn of(person: PersonId) -> Self {
        Self {
            marks: BTreeMap::new(),
            parked: false,
            records: Group::of(person),
            told: told::Told::default(),
        }
    }

    /// A record that is still to be read: those linked with what was read come in turn.
    pub fn unread(&mut self) -> Option<PersonId> {
        self.records.unread()
    }

    /// Reads what stands of a record.
    ///
    /// # Errors
    /// The facts cannot be read.
    pub async fn read(&mut self, db: &Db, record: PersonId) -> Result<(), StoreError> {
        let [own, partition] = parked_as(record);
        for row in db.fetch(STANDS, args![record.uuid(), own, partition]).await? {
            match row.text(0)?.as_str() {
                "link" => self.records.link(row.uuid(4)?, row.uuid(5)?),
                "mark" => {
                    self.marks.insert(record, due::Mark::of(record, row.i64(6)?, row.i64(7)?));
                }
                "parked" => self.parked = true,
                _ => {
                    // Written by this very version of the projection, so it decodes.
                    let fact = Row::decode(row.bytes(3)?.as_slice()).ok().and_then(|row| row.fact);
                    if let Some(fact) = fact {
                        self.told.add(&row.text(1)?, &row.text(2)?, record, fact);
                    }
                }
            }
        }
        Ok(())
    }

    /// The records, the canonical one first, and what is known of them all.
    pub fn all(self) -> (Vec<PersonId>, Facts) {
        (self.records.canonical_first(), self.told.facts())
    }
}

#[cfg(test)]
mod tests;
