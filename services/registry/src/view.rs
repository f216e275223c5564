//! The registry's own lists: agencies, workers, who may reach whom, goals and measures of a person, and the blind index that people are found by.
//! Invariant: no text of a person is in it; an erased person is in no index, however the events fall.

mod find;

use kernel::ids::Uuid;
use kernel::{AgencyId, Decider, PersonId};
use platform::args;
use platform::command::Encoding;
use platform::db::{Row, Rows, StoreError, Value};
use platform::keys::{KeyState, Keys};
use platform::lists::{self, Logged, Query};
use platform::page::Last;
use platform::people::People;
use platform::projection::{ApplyError, Read, Views};
use platform::records::Tells;
use platform::seal::Secret;
use tonic::Status;

use crate::blind;
use crate::domain::agency::{self, Agency};
use crate::domain::consent::{Answer, Consent};
use crate::domain::goal::{self, Goal};
use crate::domain::measure::{self, Measure};
use crate::domain::person::{self, Details, Identifier, Person, Quality, Use};
use crate::domain::worker::{self, Worker};
use crate::wire::{self, Opener};

pub use find::{Found, Wanted};

/// The projection: it opens names to index them, so it needs keys.
pub struct Lists {
    /// The keys of people.
    pub keys: Keys,
    /// What the blind index hashes with.
    pub secret: Secret,
}

/// What the service asks of its lists and of what people say. Clones are the same.
#[derive(Clone)]
pub struct View {
    lists: Views,
    people: People,
}

const AGENCY: &str =
    "INSERT INTO agency (id, part2, at) VALUES {rows} ON CONFLICT (id) DO UPDATE SET part2 = excluded.part2";
const WORKER: &str = "INSERT INTO worker (id, agency, at) VALUES {rows} ON CONFLICT (id) DO NOTHING";
const GOAL: &str = "INSERT INTO goal (id, person, at) VALUES {rows} ON CONFLICT (id) DO NOTHING";
const MEASURE: &str = "INSERT INTO measure (id, person, at) VALUES {rows} ON CONFLICT (id) DO NOTHING";
const REACH: &str = "INSERT INTO reach (person, agency, why) VALUES {rows} ON CONFLICT DO NOTHING";
const NO_REACH: &str = "WITH given (person, agency) AS (VALUES {rows}) \
     DELETE FROM reach WHERE person IN (SELECT person FROM given) AND why = 2 \
     AND EXISTS (SELECT 1 FROM given WHERE given.person = reach.person AND given.agency = reach.agency)";
const NAMED: &str = "INSERT INTO named (person, hash, kind) VALUES {rows} ON CONFLICT DO NOTHING";
const NOT_NAMED: &str = "DELETE FROM named WHERE person IN (VALUES {rows})";
const IDENTIFIED: &str = "INSERT INTO identified (person, key_hash, hash, matching, told) VALUES {rows} \
     ON CONFLICT (person, key_hash) DO UPDATE SET hash = excluded.hash, matching = excluded.matching, told = excluded.told";
const NOT_IDENTIFIED: &str = "DELETE FROM identified WHERE person IN (VALUES {rows})";
const NOT_TOLD: &str = "DELETE FROM identified WHERE told = 1 AND person IN (VALUES {rows})";
const NOT_THIS: &str = "WITH given (person, key_hash) AS (VALUES {rows}) \
     DELETE FROM identified WHERE person IN (SELECT person FROM given) \
     AND EXISTS (SELECT 1 FROM given WHERE given.person = identified.person AND given.key_hash = identified.key_hash)";

impl lists::Lists for Lists {
    const VERSION: u32 = 1;
    const TELLS: Tells = wire::TELLS;

    fn tables(&self, postgres: bool) -> Vec<String> {
        let hash = if postgres { "bytea" } else { "blob" };
        vec![
            "CREATE TABLE agency (id uuid PRIMARY KEY, part2 bigint NOT NULL, at bigint NOT NULL)".into(),
            "CREATE INDEX agency_oldest ON agency (at, id)".into(),
            "CREATE TABLE worker (id uuid PRIMARY KEY, agency uuid NOT NULL, at bigint NOT NULL)".into(),
            "CREATE INDEX worker_oldest ON worker (agency, at, id)".into(),
            // Why an agency reaches a person: 1 it serves them, 2 the person allows it.
            "CREATE TABLE reach (person uuid NOT NULL, agency uuid NOT NULL, why bigint NOT NULL, PRIMARY KEY (person, agency, why))"
                .into(),
            "CREATE TABLE goal (id uuid PRIMARY KEY, person uuid NOT NULL, at bigint NOT NULL)".into(),
            "CREATE INDEX goal_oldest ON goal (person, at, id)".into(),
            "CREATE TABLE measure (id uuid PRIMARY KEY, person uuid NOT NULL, at bigint NOT NULL)".into(),
            "CREATE INDEX measure_oldest ON measure (person, at, id)".into(),
            format!("CREATE TABLE named (person uuid NOT NULL, hash {hash} NOT NULL, kind bigint NOT NULL, PRIMARY KEY (person, hash))"),
            "CREATE INDEX named_hash ON named (hash, person)".into(),
            format!(
                "CREATE TABLE identified (person uuid NOT NULL, key_hash {hash} NOT NULL, hash {hash} NOT NULL, matching bigint NOT NULL, \
                 told bigint NOT NULL, PRIMARY KEY (person, key_hash))"
            ),
            "CREATE INDEX identified_hash ON identified (hash, person)".into(),
        ]
    }

    async fn apply(&self, logged: &Logged<'_>, rows: &mut Rows) -> Result<(), ApplyError> {
        let id = logged.id;
        // Lists are in the order in which things became known here; two may have become so at one time.
        let at = i64::try_from(logged.read.recorded.position).unwrap_or(i64::MAX);
        match logged.category {
            Agency::CATEGORY => {
                let (agency::Event::Registered { content, .. }
                | agency::Event::Changed(content)
                | agency::Event::Recorded { content, .. }) = logged.event::<Agency>()?;
                rows.put(&[id], AGENCY, [args![id, content.part2, at]]);
            }
            Worker::CATEGORY => match logged.event::<Worker>()? {
                worker::Event::Added { agency, .. } | worker::Event::Recorded { agency, .. } => {
                    rows.put(&[id], WORKER, [args![id, agency.uuid(), at]]);
                }
                worker::Event::Changed(_) => {}
            },
            Person::CATEGORY => {
                self.apply_person(PersonId::new(id), &logged.event::<Person>()?, rows).await?;
            }
            Goal::CATEGORY => match logged.event::<Goal>()? {
                goal::Event::Proposed(facts, _) | goal::Event::Set(facts, _) => {
                    rows.put(&[id], GOAL, [args![id, facts.person.uuid(), at]]);
                }
                goal::Event::Reworded(_)
                | goal::Event::Accepted
                | goal::Event::Rejected
                | goal::Event::Dropped
                | goal::Event::Activated
                | goal::Event::Held
                | goal::Event::Resumed
                | goal::Event::Completed
                | goal::Event::Rated(_)
                | goal::Event::EnteredInError => {}
            },
            Measure::CATEGORY => match logged.event::<Measure>()? {
                measure::Event::Recorded { told, .. } => {
                    rows.put(&[id], MEASURE, [args![id, told.person.uuid(), at]]);
                }
                measure::Event::EnteredInError => {}
            },
            Consent::CATEGORY => {
                let said = logged.event::<Consent>()?;
                let (person, agency) = (said.person.uuid(), said.recipient.uuid());
                match said.answer {
                    Answer::Yes => rows.put(&[person], REACH, [args![person, agency, ALLOWED]]),
                    Answer::No => rows.put(&[person], NO_REACH, [args![person, agency]]),
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn always_passes(&self, read: &Read) -> bool {
        read.event.stream.starts_with(Person::CATEGORY)
            && matches!(Person::decode(&read.event), Ok(person::Event::Erased))
    }
}

/// Why an agency reaches a person: it serves them.
const SERVED: i64 = 1;
/// The person allows it.
const ALLOWED: i64 = 2;

impl Lists {
    async fn apply_person(
        &self,
        id: PersonId,
        event: &person::Event,
        rows: &mut Rows,
    ) -> Result<(), ApplyError> {
        let person = id.uuid();
        match event {
            person::Event::Registered { agency, details, identifiers, .. } => {
                serve(id, agency.iter(), rows);
                self.index(id, details, rows).await?;
                self.identify(id, identifiers, false, rows).await?;
            }
            person::Event::Changed { details } => self.index(id, details, rows).await?,
            person::Event::Recorded { told, .. } => {
                serve(id, told.serving.iter(), rows);
                self.index(id, &told.details, rows).await?;
                rows.put(&[person], NOT_TOLD, [args![person]]);
                self.identify(id, &told.identifiers, true, rows).await?;
            }
            person::Event::IdentifierAdded(identifier) => {
                self.identify(id, std::slice::from_ref(identifier), false, rows).await?;
            }
            person::Event::IdentifierRemoved { key_hash } => {
                rows.put(&[person], NOT_THIS, [args![person, key_hash.as_slice()]]);
            }
            person::Event::ServingAgencyAdded { agency } => serve(id, [agency].into_iter(), rows),
            person::Event::EnteredInError | person::Event::Erased => {
                rows.put(&[person], NOT_NAMED, [args![person]]);
                rows.put(&[person], NOT_IDENTIFIED, [args![person]]);
            }
            person::Event::Linked { .. } | person::Event::Unlinked { .. } => {}
        }
        Ok(())
    }

    /// What opens the person's texts; none once they are erased, and then there is nothing to index.
    async fn opener(&self, person: PersonId) -> Result<Option<Opener>, ApplyError> {
        match self.keys.of(person).await {
            Ok(KeyState::Open(key)) => Ok(Some(Opener::new(key))),
            Ok(KeyState::Erased) => Ok(None),
            Ok(KeyState::Unknown) => Err(ApplyError::Poison("its person has no key".into())),
            // The keys are away: the run is tried again, and nobody is parked for it.
            Err(_) => Err(ApplyError::Store(StoreError::Closed)),
        }
    }

    async fn index(&self, id: PersonId, details: &Details, rows: &mut Rows) -> Result<(), ApplyError> {
        let person = id.uuid();
        rows.put(&[person], NOT_NAMED, [args![person]]);
        let Some(opener) = self.opener(id).await? else { return Ok(()) };
        let (names, birth_date) = wire::names(&opener, details)
            .ok_or_else(|| ApplyError::Poison("a name in it is damaged".into()))?;
        let entries = blind::entries(&self.secret, names.iter().map(String::as_str), &birth_date);
        let row = |entry: blind::Entry| args![person, entry.hash.as_slice(), entry.kind as i64];
        rows.put(&[person], NAMED, entries.into_iter().map(row));
        Ok(())
    }

    async fn identify(
        &self,
        id: PersonId,
        identifiers: &[Identifier],
        told: bool,
        rows: &mut Rows,
    ) -> Result<(), ApplyError> {
        if identifiers.is_empty() {
            return Ok(());
        }
        let person = id.uuid();
        let Some(opener) = self.opener(id).await? else { return Ok(()) };
        for identifier in identifiers {
            let (hash, matching) = match identifier.usage {
                Use::RecordNumber => (identifier.key_hash, false),
                // Only a full one serves matching (HMIS 3.02.2: quality 1).
                Use::Matching if identifier.quality == Some(Quality::Full) => {
                    let value = opener.text(&identifier.value);
                    let value =
                        value.ok_or_else(|| ApplyError::Poison("an identifier in it is damaged".into()))?;
                    (wire::match_hash(&self.secret, &identifier.system, &value), true)
                }
                Use::Matching => continue,
            };
            let row = args![person, identifier.key_hash.as_slice(), hash.as_slice(), matching, told];
            rows.put(&[person], IDENTIFIED, [row]);
        }
        Ok(())
    }
}

fn serve<'a>(id: PersonId, agencies: impl Iterator<Item = &'a AgencyId>, rows: &mut Rows) {
    let row = |agency: &AgencyId| args![id.uuid(), agency.uuid(), SERVED];
    rows.put(&[id.uuid()], REACH, agencies.map(row));
}

impl View {
    /// Over the service's own lists and what people say.
    pub fn new(lists: Views, people: People) -> Self {
        Self { lists, people }
    }

    /// What people say, and who is linked with whom.
    pub fn people(&self) -> &People {
        &self.people
    }

    /// Waits until the lists and what people say have seen these revisions, a little while.
    ///
    /// # Errors
    /// A text that is no revision.
    pub async fn wait(&self, at_least: &[String]) -> Result<(), Status> {
        lists::wait(at_least, &[&self.lists, self.people.views()]).await
    }

    /// Agencies, oldest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn agencies(&self, after: &Last, size: usize) -> Result<(Vec<Uuid>, Option<Last>), StoreError> {
        Query::oldest("agency", "at", after).page(&self.lists, size).await
    }

    /// Workers of an agency, oldest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn workers(
        &self,
        agency: AgencyId,
        after: &Last,
        size: usize,
    ) -> Result<(Vec<Uuid>, Option<Last>), StoreError> {
        let mut query = Query::oldest("worker", "at", after);
        query.only("agency = {}", agency.uuid());
        query.page(&self.lists, size).await
    }

    /// The goals of these records, oldest first.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn goals(&self, records: &[PersonId]) -> Result<Vec<Uuid>, StoreError> {
        self.of_records("goal", records).await
    }

    /// The measures of these records, oldest first.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn measures(&self, records: &[PersonId]) -> Result<Vec<Uuid>, StoreError> {
        self.of_records("measure", records).await
    }

    async fn of_records(&self, table: &str, records: &[PersonId]) -> Result<Vec<Uuid>, StoreError> {
        let places: Vec<String> = (1..=records.len()).map(|place| format!("${place}")).collect();
        let sql = format!("SELECT id FROM {table} WHERE person IN ({}) ORDER BY at, id", places.join(", "));
        let args = records.iter().map(|person| Value::from(person.uuid())).collect();
        ids(&self.lists.db().fetch(&sql, args).await?)
    }
}

fn ids(rows: &[Row]) -> Result<Vec<Uuid>, StoreError> {
    rows.iter().map(|row| row.uuid(0)).collect()
}
