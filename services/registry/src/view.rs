//! The registry's own lists: agencies, workers, who may reach whom, goals and measures of a person, and the blind index that people are found by.
//! Invariant: no text of a person is in it; an erased person is in no index, however the events fall.

mod find;

use futures_util::future::BoxFuture;
use kernel::ids::Uuid;
use kernel::{AgencyId, Decider, PersonId};
use platform::args;
use platform::command::Encoding;
use platform::db::{Row, StoreError, Tx, Value};
use platform::keys::{KeyState, Keys};
use platform::page::Last;
use platform::people::People;
use platform::projection::{ApplyError, Projection, Read, Views};
use platform::revision::Revision;
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

/// How long a read waits for the revisions that it must have seen.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

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

impl Projection for Lists {
    fn name(&self) -> &'static str {
        "lists"
    }
    fn version(&self) -> u32 {
        1
    }
    fn sources(&self) -> &[&'static str] {
        &["registry"]
    }

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

    fn apply<'a>(
        &'a self,
        tx: &'a mut Tx,
        _source: &'a str,
        read: &'a Read,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let (category, id) = kernel::ids::parse_stream(&read.event.stream)
                .map_err(|_| ApplyError::Poison("its stream is damaged".into()))?;
            // Lists are in the order in which things became known here; two may have become so at one time.
            let at = i64::try_from(read.recorded.position).unwrap_or(i64::MAX);
            match category {
                Agency::CATEGORY => apply_agency(tx, id, at, &decode::<Agency>(read)?).await,
                Worker::CATEGORY => apply_worker(tx, id, at, &decode::<Worker>(read)?).await,
                Person::CATEGORY => self.apply_person(tx, PersonId::new(id), &decode::<Person>(read)?).await,
                Goal::CATEGORY => match decode::<Goal>(read)? {
                    goal::Event::Proposed(facts, _) | goal::Event::Set(facts, _) => {
                        let sql = "INSERT INTO goal (id, person, at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
                        tx.execute(sql, args![id, facts.person.uuid(), at]).await?;
                        Ok(())
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
                    | goal::Event::EnteredInError => Ok(()),
                },
                Measure::CATEGORY => match decode::<Measure>(read)? {
                    measure::Event::Recorded { told, .. } => {
                        let sql = "INSERT INTO measure (id, person, at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
                        tx.execute(sql, args![id, told.person.uuid(), at]).await?;
                        Ok(())
                    }
                    measure::Event::EnteredInError => Ok(()),
                },
                Consent::CATEGORY => {
                    let said = decode::<Consent>(read)?;
                    let sql = match said.answer {
                        Answer::Yes => {
                            "INSERT INTO reach (person, agency, why) VALUES ($1, $2, 2) ON CONFLICT DO NOTHING"
                        }
                        Answer::No => "DELETE FROM reach WHERE person = $1 AND agency = $2 AND why = 2",
                    };
                    tx.execute(sql, args![said.person.uuid(), said.recipient.uuid()]).await?;
                    Ok(())
                }
                _ => Ok(()),
            }
        })
    }

    fn always_passes(&self, _source: &str, read: &Read) -> bool {
        read.event.stream.starts_with(Person::CATEGORY)
            && matches!(Person::decode(&read.event), Ok(person::Event::Erased))
    }
}

fn decode<D: Encoding>(read: &Read) -> Result<D::Event, ApplyError> {
    D::decode(&read.event).map_err(|unreadable| ApplyError::Poison(unreadable.to_string()))
}

async fn apply_agency(tx: &mut Tx, id: Uuid, at: i64, event: &agency::Event) -> Result<(), ApplyError> {
    let (agency::Event::Registered { content, .. }
    | agency::Event::Changed(content)
    | agency::Event::Recorded { content, .. }) = event;
    tx.execute(
        "INSERT INTO agency (id, part2, at) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET part2 = excluded.part2",
        args![id, content.part2, at],
    )
    .await?;
    Ok(())
}

async fn apply_worker(tx: &mut Tx, id: Uuid, at: i64, event: &worker::Event) -> Result<(), ApplyError> {
    match event {
        worker::Event::Added { agency, .. } | worker::Event::Recorded { agency, .. } => {
            let sql = "INSERT INTO worker (id, agency, at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING";
            tx.execute(sql, args![id, agency.uuid(), at]).await?;
        }
        worker::Event::Changed(_) => {}
    }
    Ok(())
}

impl Lists {
    async fn apply_person(&self, tx: &mut Tx, id: PersonId, event: &person::Event) -> Result<(), ApplyError> {
        match event {
            person::Event::Registered { agency, details, identifiers, .. } => {
                serve(tx, id, agency.iter()).await?;
                self.index(tx, id, details).await?;
                self.identify(tx, id, identifiers, false).await
            }
            person::Event::Changed { details } => self.index(tx, id, details).await,
            person::Event::Recorded { told, .. } => {
                serve(tx, id, told.serving.iter()).await?;
                self.index(tx, id, &told.details).await?;
                tx.execute("DELETE FROM identified WHERE person = $1 AND told = 1", args![id.uuid()]).await?;
                self.identify(tx, id, &told.identifiers, true).await
            }
            person::Event::IdentifierAdded(identifier) => {
                self.identify(tx, id, std::slice::from_ref(identifier), false).await
            }
            person::Event::IdentifierRemoved { key_hash } => {
                let sql = "DELETE FROM identified WHERE person = $1 AND key_hash = $2";
                tx.execute(sql, args![id.uuid(), key_hash.as_slice()]).await?;
                Ok(())
            }
            person::Event::ServingAgencyAdded { agency } => serve(tx, id, [agency].into_iter()).await,
            person::Event::EnteredInError | person::Event::Erased => {
                tx.execute("DELETE FROM named WHERE person = $1", args![id.uuid()]).await?;
                tx.execute("DELETE FROM identified WHERE person = $1", args![id.uuid()]).await?;
                Ok(())
            }
            person::Event::Linked { .. } | person::Event::Unlinked { .. } => Ok(()),
        }
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

    async fn index(&self, tx: &mut Tx, person: PersonId, details: &Details) -> Result<(), ApplyError> {
        tx.execute("DELETE FROM named WHERE person = $1", args![person.uuid()]).await?;
        let Some(opener) = self.opener(person).await? else { return Ok(()) };
        let (names, birth_date) = wire::names(&opener, details)
            .ok_or_else(|| ApplyError::Poison("a name in it is damaged".into()))?;
        for entry in blind::entries(&self.secret, names.iter().map(String::as_str), &birth_date) {
            tx.execute(
                "INSERT INTO named (person, hash, kind) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                args![person.uuid(), entry.hash.as_slice(), entry.kind as i64],
            )
            .await?;
        }
        Ok(())
    }

    async fn identify(
        &self,
        tx: &mut Tx,
        person: PersonId,
        identifiers: &[Identifier],
        told: bool,
    ) -> Result<(), ApplyError> {
        if identifiers.is_empty() {
            return Ok(());
        }
        let Some(opener) = self.opener(person).await? else { return Ok(()) };
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
            tx.execute(
                "INSERT INTO identified (person, key_hash, hash, matching, told) VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (person, key_hash) DO UPDATE SET hash = excluded.hash, matching = excluded.matching, told = excluded.told",
                args![person.uuid(), identifier.key_hash.as_slice(), hash.as_slice(), matching, told],
            )
            .await?;
        }
        Ok(())
    }
}

async fn serve(
    tx: &mut Tx,
    person: PersonId,
    agencies: impl Iterator<Item = &AgencyId>,
) -> Result<(), ApplyError> {
    for agency in agencies {
        let sql = "INSERT INTO reach (person, agency, why) VALUES ($1, $2, 1) ON CONFLICT DO NOTHING";
        tx.execute(sql, args![person.uuid(), agency.uuid()]).await?;
    }
    Ok(())
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
        let revisions = Revision::parse_all(at_least)?;
        let until = tokio::time::Instant::now() + PATIENCE;
        // Whatever has been seen by then is answered from; the reply's own revision tells how far that is.
        self.lists.reached_all(&revisions, until).await;
        self.people.views().reached_all(&revisions, until).await;
        Ok(())
    }

    /// Agencies, oldest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn agencies(&self, after: &Last, size: usize) -> Result<(Vec<Uuid>, Option<Last>), StoreError> {
        let sql = "SELECT id, at FROM agency WHERE (at, id) > ($1, $2)";
        self.page(sql, args![after.at, after.id()], size).await
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
        let sql = "SELECT id, at FROM worker WHERE (at, id) > ($1, $2) AND agency = $3";
        self.page(sql, args![after.at, after.id(), agency.uuid()], size).await
    }

    async fn page(
        &self,
        sql: &str,
        args: Vec<Value>,
        size: usize,
    ) -> Result<(Vec<Uuid>, Option<Last>), StoreError> {
        let sql = format!("{sql} ORDER BY at, id LIMIT {}", size + 1);
        let mut rows = self.lists.db().fetch(&sql, args).await?;
        let more = rows.len() > size;
        rows.truncate(size);
        let last = match rows.last() {
            Some(row) if more => Some(Last::new(row.i64(1)?, row.uuid(0)?)),
            Some(_) | None => None,
        };
        Ok((ids(&rows)?, last))
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
