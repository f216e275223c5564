//! The service's own lists: which practitioners, episodes and appointments there are, by the columns that lists filter on.
//! Invariant: it holds ids, codes and times alone; what a list shows of a record is folded from the log, so it is never older than the record.

mod apply;

use kernel::{AgencyId, PersonId, Timestamp, WorkerId};
use platform::args;
use platform::db::Rows;
use platform::lists::{self, Logged, Query};
use platform::page::Last;
use platform::projection::{ApplyError, Views};
use platform::records::Tells;
use proto::therapy::{AppointmentState, EpisodeState};
use tonic::Status;
use uuid::Uuid;

use crate::wire;

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

impl lists::Lists for Lists {
    const VERSION: u32 = 2;
    const TELLS: Tells = wire::TELLS;

    fn tables(&self, _postgres: bool) -> Vec<String> {
        [
            "CREATE TABLE practitioner (id uuid PRIMARY KEY, agency uuid NOT NULL, at bigint NOT NULL)",
            "CREATE INDEX practitioner_agency ON practitioner (agency, at, id)",
            "CREATE TABLE modality (practitioner uuid NOT NULL, code text NOT NULL, PRIMARY KEY (practitioner, code))",
            "CREATE TABLE episode (id uuid PRIMARY KEY, person uuid NOT NULL, agency uuid NOT NULL, practitioner uuid, \
             assigned bigint NOT NULL, state bigint NOT NULL, at bigint NOT NULL)",
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
        lists::wait(at_least, &[&self.0]).await
    }

    /// The appointments of a record that begin after then and are still to come.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn ahead(&self, person: PersonId, now: Timestamp) -> Result<Vec<Uuid>, Status> {
        let states = [AppointmentState::Proposed, AppointmentState::Pending, AppointmentState::Booked];
        let states = states.map(|state| i32::from(state).to_string()).join(", ");
        let sql = format!(
            "SELECT id FROM appointment WHERE person = $1 AND start > $2 AND state IN ({states}) ORDER BY start, id"
        );
        let rows = self.0.db().fetch(&sql, args![person.uuid(), now.as_microsecond()]).await?;
        Ok(rows.iter().map(|row| row.uuid(0)).collect::<Result<_, _>>()?)
    }

    /// The episodes of an agency that go on and that this practitioner treats in and did at that instant, by id.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn theirs(
        &self,
        agency: AgencyId,
        practitioner: WorkerId,
        then: Timestamp,
    ) -> Result<Vec<Uuid>, Status> {
        let open = [EpisodeState::Open, EpisodeState::Started];
        let open = open.map(|state| i32::from(state).to_string()).join(", ");
        let sql = format!(
            "SELECT id FROM episode WHERE practitioner = $1 AND agency = $2 AND assigned <= $3 AND state IN ({open}) ORDER BY id"
        );
        let rows =
            self.0.db().fetch(&sql, args![practitioner.uuid(), agency.uuid(), then.as_microsecond()]).await?;
        Ok(rows.iter().map(|row| row.uuid(0)).collect::<Result<_, _>>()?)
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
        let mut query = Query::newest("practitioner", "at", after);
        query.only_if("agency = {}", agency.map(AgencyId::uuid));
        if !modality.is_empty() {
            let has = "EXISTS (SELECT 1 FROM modality WHERE practitioner = practitioner.id AND code = {})";
            query.only(has, modality);
        }
        Ok(query.page(&self.0, size).await?)
    }

    /// Episodes, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn episodes(&self, filter: &EpisodeFilter) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        let mut query = Query::newest("episode", "at", &filter.after);
        filter.whose.narrow(&mut query);
        query.in_states(&filter.states);
        Ok(query.page(&self.0, filter.size).await?)
    }

    /// Appointments by their time, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn appointments(
        &self,
        filter: &AppointmentFilter,
    ) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        let mut query = Query::oldest("appointment", "start", &filter.after);
        filter.whose.narrow(&mut query);
        query.in_states(&filter.states);
        query.only_if("start >= {}", filter.from.map(Timestamp::as_microsecond));
        query.only_if("start < {}", filter.until.map(Timestamp::as_microsecond));
        Ok(query.page(&self.0, filter.size).await?)
    }
}

impl Whose {
    fn narrow(&self, query: &mut Query) {
        query.only_if("agency = {}", self.agency.map(AgencyId::uuid));
        query.only_if("person = {}", self.person.map(PersonId::uuid));
        query.only_if("practitioner = {}", self.practitioner.map(WorkerId::uuid));
    }
}

/// Before every row of a list that goes forward in time.
pub fn earliest() -> Last {
    Last::new(i64::MIN, Uuid::nil())
}
