//! The registry's own lists: agencies, workers, who serves whom, whom directives name, what runs out, whom workers serve, goals and measures of a person, and the blind
//! index that people are found by.
//! Invariant: no text of a person is in it; an erased person is in no index, however the events fall.

mod due;
mod duplicates;
mod find;
mod households;
mod team;

use std::collections::BTreeSet;

use kernel::ids::Uuid;
use kernel::{AgencyId, Decider, PersonId, Recipients};
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
use crate::domain::agency::Agency;
use crate::domain::consent::{self, Consent};
use crate::domain::facet::{self, Facet};
use crate::domain::goal::{self, Goal};
use crate::domain::measure::{self, Measure};
use crate::domain::person::{self, Details, Identifier, Person, Quality, Use};
use crate::domain::plan::Plan;
use crate::domain::team::Team;
use crate::domain::worker::{self, Worker};
use crate::wire::{self, Opener};

pub use duplicates::{Pair, Place};
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

const AGENCY: &str = "INSERT INTO agency (id, at) VALUES {rows} ON CONFLICT (id) DO NOTHING";
const WORKER: &str = "INSERT INTO worker (id, agency, at) VALUES {rows} ON CONFLICT (id) DO NOTHING";
const GOAL: &str = "INSERT INTO goal (id, person, at) VALUES {rows} ON CONFLICT (id) DO NOTHING";
const FACET: &str = "INSERT INTO facet (id, person, at) VALUES {rows} ON CONFLICT (id) DO NOTHING";
const MEASURE: &str = "INSERT INTO measure (id, person, at) VALUES {rows} ON CONFLICT (id) DO NOTHING";
const SERVING: &str = "INSERT INTO serving (person, agency) VALUES {rows} ON CONFLICT DO NOTHING";
const ALLOWED: &str = "INSERT INTO allowed (person, agency, directive) VALUES {rows} ON CONFLICT DO NOTHING";
const NOT_ALLOWED: &str = "DELETE FROM allowed WHERE directive IN (VALUES {rows})";
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
    const VERSION: u32 = 5;
    const TELLS: Tells = wire::TELLS;

    fn tables(&self, postgres: bool) -> Vec<String> {
        let hash = if postgres { "bytea" } else { "blob" };
        let mut tables = vec![
            "CREATE TABLE agency (id uuid PRIMARY KEY, at bigint NOT NULL)".into(),
            "CREATE INDEX agency_oldest ON agency (at, id)".into(),
            "CREATE TABLE worker (id uuid PRIMARY KEY, agency uuid NOT NULL, at bigint NOT NULL)".into(),
            "CREATE INDEX worker_oldest ON worker (agency, at, id)".into(),
            "CREATE TABLE serving (person uuid NOT NULL, agency uuid NOT NULL, PRIMARY KEY (person, agency))".into(),
            // Agencies that an active directive names as recipients.
            "CREATE TABLE allowed (person uuid NOT NULL, agency uuid NOT NULL, directive uuid NOT NULL, PRIMARY KEY (person, agency, directive))"
                .into(),
            "CREATE INDEX allowed_directive ON allowed (directive)".into(),
            "CREATE TABLE goal (id uuid PRIMARY KEY, person uuid NOT NULL, at bigint NOT NULL)".into(),
            "CREATE INDEX goal_oldest ON goal (person, at, id)".into(),
            "CREATE TABLE facet (id uuid PRIMARY KEY, person uuid NOT NULL, at bigint NOT NULL)".into(),
            "CREATE INDEX facet_oldest ON facet (person, at, id)".into(),
            "CREATE TABLE measure (id uuid PRIMARY KEY, person uuid NOT NULL, at bigint NOT NULL)".into(),
            "CREATE INDEX measure_oldest ON measure (person, at, id)".into(),
            format!("CREATE TABLE named (person uuid NOT NULL, hash {hash} NOT NULL, kind bigint NOT NULL, PRIMARY KEY (person, hash))"),
            "CREATE INDEX named_hash ON named (hash, person)".into(),
            format!(
                "CREATE TABLE identified (person uuid NOT NULL, key_hash {hash} NOT NULL, hash {hash} NOT NULL, matching bigint NOT NULL, \
                 told bigint NOT NULL, PRIMARY KEY (person, key_hash))"
            ),
            "CREATE INDEX identified_hash ON identified (hash, person)".into(),
        ];
        tables.extend(due::tables());
        tables.extend(team::tables());
        tables.extend(duplicates::tables(hash));
        tables.push(households::TABLE.into());
        tables
    }

    async fn apply(&self, logged: &Logged<'_>, rows: &mut Rows) -> Result<(), ApplyError> {
        let id = logged.id;
        // Lists are in the order in which things became known here; two may have become so at one time.
        let at = i64::try_from(logged.read.recorded.position).unwrap_or(i64::MAX);
        match logged.category {
            Agency::CATEGORY => {
                rows.put(&[id], AGENCY, [args![id, at]]);
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
                | goal::Event::Planned
                | goal::Event::ReadinessNoted { .. }
                | goal::Event::Activated
                | goal::Event::Held
                | goal::Event::Resumed
                | goal::Event::Completed
                | goal::Event::Rated(_)
                | goal::Event::EnteredInError => {}
            },
            Facet::CATEGORY => match logged.event::<Facet>()? {
                facet::Event::Noted { facts, .. } => {
                    rows.put(&[id], FACET, [args![id, facts.person.uuid(), at]]);
                }
                facet::Event::Reworded { .. }
                | facet::Event::Dropped { .. }
                | facet::Event::EnteredInError => {}
            },
            Measure::CATEGORY => match logged.event::<Measure>()? {
                measure::Event::Recorded { told, .. } | measure::Event::Taken { told, .. } => {
                    rows.put(&[id], MEASURE, [args![id, told.person.uuid(), at]]);
                }
                measure::Event::EnteredInError => {}
            },
            Consent::CATEGORY => apply_consent(&logged.event::<Consent>()?, rows),
            Team::CATEGORY => team::apply(id, &logged.event::<Team>()?, at, rows),
            Plan::CATEGORY => due::apply_plan(id, &logged.event::<Plan>()?, rows),
            _ => {}
        }
        Ok(())
    }

    fn always_passes(&self, read: &Read) -> bool {
        read.event.stream.starts_with(Person::CATEGORY)
            && matches!(Person::decode(&read.event), Ok(person::Event::Erased))
    }
}

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
                duplicates::pair(id, rows);
            }
            person::Event::Changed { details } => {
                self.index(id, details, rows).await?;
                duplicates::pair(id, rows);
            }
            person::Event::Recorded { told, .. } => {
                serve(id, told.serving.iter(), rows);
                self.index(id, &told.details, rows).await?;
                rows.put(&[person], NOT_TOLD, [args![person]]);
                self.identify(id, &told.identifiers, true, rows).await?;
                duplicates::pair(id, rows);
            }
            person::Event::IdentifierAdded(identifier) => {
                self.identify(id, std::slice::from_ref(identifier), false, rows).await?;
                duplicates::pair(id, rows);
            }
            person::Event::IdentifierRemoved { key_hash } => {
                rows.put(&[person], NOT_THIS, [args![person, key_hash.as_slice()]]);
                duplicates::pair(id, rows);
            }
            person::Event::ServingAgencyAdded { agency } => serve(id, [agency].into_iter(), rows),
            person::Event::EnteredInError | person::Event::Erased => {
                rows.put(&[person], NOT_NAMED, [args![person]]);
                rows.put(&[person], NOT_IDENTIFIED, [args![person]]);
                duplicates::block(id, BTreeSet::new(), rows);
                duplicates::pair(id, rows);
                if *event == person::Event::Erased {
                    // Nothing can be written about them any more, so nothing is due either; and nobody has them to serve.
                    rows.put(&[person], due::NOTHING_DUE, [args![person]]);
                    rows.put(&[person], team::NOBODYS_MEMBER, [args![person]]);
                    households::gone(id, rows);
                }
            }
            person::Event::Linked { canonical: one, member: other }
            | person::Event::Unlinked { canonical: one, member: other }
            | person::Event::NeverLinked { one, other } => duplicates::settle(*one, *other, rows),
            person::Event::Around(change) => households::apply(id, change, rows),
            // Who is not to be found is asked of the record itself: a list that lags must not show them.
            person::Event::Died(..)
            | person::Event::DeathInError(_)
            | person::Event::Restricted(..)
            | person::Event::RestrictionLifted { .. }
            | person::Event::RestrictionInError(_) => {}
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
        let (names, born) = wire::told(details, names, &birth_date);
        let blocks = blind::blocks::blocks(&self.secret, names.iter().map(String::as_str), born);
        duplicates::block(id, blocks, rows);
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
    let row = |agency: &AgencyId| args![id.uuid(), agency.uuid()];
    rows.put(&[id.uuid()], SERVING, agencies.map(row));
}

fn apply_consent(event: &consent::Event, rows: &mut Rows) {
    let (person, directive) = (event.person.uuid(), event.id.uuid());
    match &event.what {
        consent::What::Drafted(_) => {}
        consent::What::Given { content, .. } => {
            if let Recipients::Named(agencies) = &content.scope.recipients {
                let row = |agency: &AgencyId| args![person, agency.uuid(), directive];
                rows.put(&[person], ALLOWED, agencies.iter().map(row));
            }
            let until = content.scope.until.map(|until| until.as_microsecond());
            let end = until.map(|at| args![Consent::CATEGORY, person, due::ends(event.id), at]);
            rows.put(&[person], due::DUE, end);
        }
        consent::What::Revoked { .. }
        | consent::What::Expired
        | consent::What::Superseded { .. }
        | consent::What::EnteredInError { .. } => {
            rows.put(&[person], NOT_ALLOWED, [args![directive]]);
            rows.put(&[person], due::NOT_DUE, [args![Consent::CATEGORY, person, due::ends(event.id)]]);
        }
    }
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

    /// The strengths and preferences of these records, oldest first.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn facets(&self, records: &[PersonId]) -> Result<Vec<Uuid>, StoreError> {
        self.of_records("facet", records).await
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
