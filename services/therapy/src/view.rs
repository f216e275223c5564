//! The service's own lists: which practitioners, episodes and appointments there are, by the columns that lists filter on.
//! Invariant: it holds ids, codes and times alone; what a list shows of a record is folded from the log, so it is never older than the record.

mod apply;

use kernel::{AgencyId, PersonId, Timestamp, WorkerId};
use platform::args;
use platform::db::{Rows, Value};
use platform::lists::Logged;
use platform::page::Last;
use platform::projection::{ApplyError, Views};
use platform::records::Tells;
use platform::revision::Revision;
use tokio::time::Instant;
use tonic::Status;
use uuid::Uuid;

use crate::wire;

/// How long a list waits for the revisions that it must have seen.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// The projection.
pub struct Lists;

/// What the service asks of its lists. Clones are the same.
#[derive(Clone)]
pub struct View(Views);

/// Whose records a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whose {
    /// Of this agency.
    pub agency: Option<AgencyId>,
    /// Of this person.
    pub person: Option<PersonId>,
    /// Of this practitioner.
    pub practitioner: Option<WorkerId>,
}

/// Which appointments.
#[derive(Debug)]
pub struct AppointmentFilter {
    /// Whose.
    pub whose: Whose,
    /// Beginning then or later.
    pub from: Option<Timestamp>,
    /// Beginning before then.
    pub until: Option<Timestamp>,
    /// In these states, as the contract numbers them; none means all.
    pub states: Vec<i64>,
    /// After this row.
    pub after: Last,
    /// So many.
    pub size: usize,
}

/// Which episodes.
#[derive(Debug)]
pub struct EpisodeFilter {
    /// Whose.
    pub whose: Whose,
    /// In these states, as the contract numbers them; none means all.
    pub states: Vec<i64>,
    /// After this row.
    pub after: Last,
    /// So many.
    pub size: usize,
}

impl platform::lists::Lists for Lists {
    const VERSION: u32 = 1;
    const TELLS: Tells = wire::TELLS;

    fn tables(&self, _postgres: bool) -> Vec<String> {
        [
            "CREATE TABLE practitioner (id uuid PRIMARY KEY, agency uuid NOT NULL, at bigint NOT NULL)",
            "CREATE INDEX practitioner_agency ON practitioner (agency, at, id)",
            "CREATE TABLE modality (practitioner uuid NOT NULL, code text NOT NULL, PRIMARY KEY (practitioner, code))",
            "CREATE TABLE episode (id uuid PRIMARY KEY, person uuid NOT NULL, agency uuid NOT NULL, practitioner uuid, \
             state bigint NOT NULL, at bigint NOT NULL)",
            "CREATE INDEX episode_agency ON episode (agency, at, id)",
            "CREATE INDEX episode_person ON episode (person, at, id)",
            "CREATE INDEX episode_practitioner ON episode (practitioner, at, id)",
            "CREATE TABLE appointment (id uuid PRIMARY KEY, person uuid NOT NULL, agency uuid NOT NULL, practitioner uuid, \
             state bigint NOT NULL, start bigint NOT NULL)",
            "CREATE INDEX appointment_agency ON appointment (agency, start, id)",
            "CREATE INDEX appointment_person ON appointment (person, start, id)",
            "CREATE INDEX appointment_practitioner ON appointment (practitioner, start, id)",
        ]
        .map(str::to_owned)
        .into()
    }

    async fn apply(&self, logged: &Logged<'_>, rows: &mut Rows) -> Result<(), ApplyError> {
        apply::event(logged, rows)
    }
}

impl View {
    /// Over the service's own lists.
    pub fn new(lists: Views) -> Self {
        Self(lists)
    }

    /// Waits until the lists have seen these revisions, a little while.
    ///
    /// # Errors
    /// A text that is no revision.
    pub async fn wait(&self, at_least: &[String]) -> Result<(), Status> {
        let revisions = Revision::parse_all(at_least)?;
        // Past this the answer is as old as it is.
        self.0.reached_all(&revisions, Instant::now() + PATIENCE).await;
        Ok(())
    }

    /// An agency's practitioners, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn practitioners(
        &self,
        agency: Option<AgencyId>,
        modality: &str,
        after: &Last,
        size: usize,
    ) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        let mut ask = Question::new("SELECT id, at FROM practitioner WHERE (at, id) < ($1, $2)", after);
        if let Some(agency) = agency {
            ask.also("agency =", agency.uuid());
        }
        if !modality.is_empty() {
            ask.args.push(modality.into());
            let n = ask.args.len();
            ask.sql.push_str(&format!(
                " AND EXISTS (SELECT 1 FROM modality WHERE practitioner = practitioner.id AND code = ${n})"
            ));
        }
        self.page(ask, "at DESC, id DESC", size).await
    }

    /// Episodes, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn episodes(&self, filter: &EpisodeFilter) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        let mut ask = Question::new("SELECT id, at FROM episode WHERE (at, id) < ($1, $2)", &filter.after);
        ask.of(&filter.whose);
        ask.among(&filter.states);
        self.page(ask, "at DESC, id DESC", filter.size).await
    }

    /// Appointments by their time, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn appointments(
        &self,
        filter: &AppointmentFilter,
    ) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        let mut ask =
            Question::new("SELECT id, start FROM appointment WHERE (start, id) > ($1, $2)", &filter.after);
        ask.of(&filter.whose);
        ask.among(&filter.states);
        if let Some(from) = filter.from {
            ask.also("start >=", from.as_microsecond());
        }
        if let Some(until) = filter.until {
            ask.also("start <", until.as_microsecond());
        }
        self.page(ask, "start, id", filter.size).await
    }

    async fn page(
        &self,
        mut ask: Question,
        order: &str,
        size: usize,
    ) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        ask.sql.push_str(&format!(" ORDER BY {order} LIMIT {}", size + 1));
        let mut rows = self.0.db().fetch(&ask.sql, ask.args).await?;
        let more = rows.len() > size;
        rows.truncate(size);
        let ids = rows.iter().map(|row| row.uuid(0)).collect::<Result<Vec<_>, _>>()?;
        let last = match rows.last() {
            Some(row) if more => Some(Last::new(row.i64(1)?, row.uuid(0)?)),
            Some(_) | None => None,
        };
        Ok((ids, last))
    }
}

/// Before every row of a list that goes forward in time.
pub fn earliest() -> Last {
    Last::new(i64::MIN, Uuid::nil())
}

/// A statement as it grows.
struct Question {
    sql: String,
    args: Vec<Value>,
}

impl Question {
    fn new(sql: &str, after: &Last) -> Self {
        Self { sql: sql.to_owned(), args: args![after.at, after.id()] }
    }

    fn also(&mut self, condition: &str, value: impl Into<Value>) {
        self.args.push(value.into());
        self.sql.push_str(&format!(" AND {condition} ${}", self.args.len()));
    }

    fn of(&mut self, whose: &Whose) {
        if let Some(agency) = whose.agency {
            self.also("agency =", agency.uuid());
        }
        if let Some(person) = whose.person {
            self.also("person =", person.uuid());
        }
        if let Some(practitioner) = whose.practitioner {
            self.also("practitioner =", practitioner.uuid());
        }
    }

    fn among(&mut self, states: &[i64]) {
        if !states.is_empty() {
            // Numbers that were parsed as states: nothing of the caller's text is in the statement.
            let states: Vec<String> = states.iter().map(i64::to_string).collect();
            self.sql.push_str(&format!(" AND state IN ({})", states.join(", ")));
        }
    }
}
