//! The service's own lists: the caseload and its jobs, by the columns that lists filter on.
//! Invariant: it holds ids, codes and times alone; what a list shows of a record is folded from the log, so it is never older than the record.

use futures_util::future::BoxFuture;
use kernel::{AgencyId, Decider, PersonId, WorkerId};
use platform::args;
use platform::command::Encoding;
use platform::db::{Tx, Value};
use platform::page::Last;
use platform::projection::{ApplyError, Projection, Read, Views};
use platform::revision::Revision;
use proto::vocational::{CaseState, JobState};
use tokio::time::Instant;
use tonic::Status;
use uuid::Uuid;

use crate::domain::case::{self, Case};
use crate::domain::job::{self, Job};
use crate::domain::{CaseId, JobId};
use crate::wire;

/// How long a list waits for the revisions that it must have seen.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// The projection.
pub struct Lists;

/// What the service asks of its lists. Clones are the same.
#[derive(Clone)]
pub struct View(Views);

/// Which cases.
pub struct CaseFilter {
    /// Of this agency.
    pub agency: Option<AgencyId>,
    /// Of this person.
    pub person: Option<PersonId>,
    /// Of this specialist.
    pub worker: Option<WorkerId>,
    /// In these states, as the contract numbers them; none means all.
    pub states: Vec<i64>,
    /// After this row.
    pub after: Last,
    /// So many.
    pub size: usize,
}

/// Which jobs.
pub struct JobFilter {
    /// Of this agency.
    pub agency: Option<AgencyId>,
    /// Of this person.
    pub person: Option<PersonId>,
    /// Of this case.
    pub case: Option<CaseId>,
    /// In these states, as the contract numbers them; none means all.
    pub states: Vec<i64>,
    /// After this row.
    pub after: Last,
    /// So many.
    pub size: usize,
}

impl Projection for Lists {
    fn name(&self) -> &'static str {
        "lists"
    }
    fn version(&self) -> u32 {
        1
    }
    fn sources(&self) -> &[&'static str] {
        &[crate::NAME]
    }

    fn tables(&self, _postgres: bool) -> Vec<String> {
        [
            "CREATE TABLE caseload (id uuid PRIMARY KEY, person uuid NOT NULL, agency uuid NOT NULL, worker uuid, state bigint NOT NULL, \
             at bigint NOT NULL)",
            "CREATE INDEX caseload_agency ON caseload (agency, at, id)",
            "CREATE INDEX caseload_person ON caseload (person, at, id)",
            "CREATE TABLE job (id uuid PRIMARY KEY, case_id uuid NOT NULL, person uuid NOT NULL, agency uuid NOT NULL, \
             state bigint NOT NULL, at bigint NOT NULL)",
            "CREATE INDEX job_agency ON job (agency, at, id)",
            "CREATE INDEX job_person ON job (person, at, id)",
            "CREATE INDEX job_case ON job (case_id, at, id)",
        ]
        .map(str::to_owned)
        .into()
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
            let at = read.recorded.recorded_at.as_microsecond();
            match category {
                Case::CATEGORY => apply_case(tx, id, at, &decode::<Case>(read)?).await,
                Job::CATEGORY => apply_job(tx, id, at, &decode::<Job>(read)?).await,
                _ => Ok(()),
            }
        })
    }
}

fn decode<D: Encoding>(read: &Read) -> Result<D::Event, ApplyError> {
    D::decode(&read.event).map_err(|unreadable| ApplyError::Poison(unreadable.to_string()))
}

async fn apply_case(tx: &mut Tx, id: Uuid, at: i64, event: &case::Event) -> Result<(), ApplyError> {
    match event {
        case::Event::Opened { facts, worker, .. } => {
            let state = number(CaseState::Referred);
            let (person, agency, worker) =
                (facts.person.uuid(), facts.agency.uuid(), worker.map(WorkerId::uuid));
            tx.execute(
                "INSERT INTO caseload (id, person, agency, worker, state, at) VALUES ($1, $2, $3, $4, $5, $6)",
                args![id, person, agency, worker, state, at],
            )
            .await?;
        }
        case::Event::WorkerAssigned { worker } => {
            tx.execute("UPDATE caseload SET worker = $2 WHERE id = $1", args![id, worker.uuid()]).await?;
        }
        case::Event::PlanNamed(_)
        | case::Event::ContactMade { .. }
        | case::Event::ContactEnteredInError { .. }
        | case::Event::JobEnded { searching: false, .. } => {}
        // What moves the stage while the case rests shows when it goes on.
        case::Event::Engaged { .. } => {
            let sql = "UPDATE caseload SET state = $2 WHERE id = $1 AND state = $3";
            tx.execute(sql, args![id, number(CaseState::Engaged), number(CaseState::Referred)]).await?;
        }
        case::Event::SearchStarted | case::Event::JobEnded { searching: true, .. } => {
            unless_paused(tx, id, CaseState::Searching).await?;
        }
        case::Event::Employed { .. } => unless_paused(tx, id, CaseState::Employed).await?,
        case::Event::Paused { .. } => set_case(tx, id, CaseState::Paused).await?,
        case::Event::Resumed { stage } | case::Event::Reengaged { stage } => {
            set_case(tx, id, wire::stage(*stage)).await?;
        }
        case::Event::Transitioned { .. } => set_case(tx, id, CaseState::Transitioned).await?,
        case::Event::Discharged { .. } => set_case(tx, id, CaseState::Discharged).await?,
        case::Event::EnteredInError { .. } => set_case(tx, id, CaseState::EnteredInError).await?,
    }
    Ok(())
}

async fn set_case(tx: &mut Tx, id: Uuid, state: CaseState) -> Result<(), ApplyError> {
    tx.execute("UPDATE caseload SET state = $2 WHERE id = $1", args![id, number(state)]).await?;
    Ok(())
}

async fn unless_paused(tx: &mut Tx, id: Uuid, state: CaseState) -> Result<(), ApplyError> {
    let sql = "UPDATE caseload SET state = $2 WHERE id = $1 AND state <> $3";
    tx.execute(sql, args![id, number(state), number(CaseState::Paused)]).await?;
    Ok(())
}

async fn apply_job(tx: &mut Tx, id: Uuid, at: i64, event: &job::Event) -> Result<(), ApplyError> {
    let state = match event {
        job::Event::LeadAdded(facts) => {
            let (case, person, agency) = (facts.case.uuid(), facts.person.uuid(), facts.agency.uuid());
            tx.execute(
                "INSERT INTO job (id, case_id, person, agency, state, at) VALUES ($1, $2, $3, $4, $5, $6)",
                args![id, case, person, agency, number(JobState::Lead), at],
            )
            .await?;
            return Ok(());
        }
        job::Event::TermsChanged(_)
        | job::Event::DisclosureChosen(_)
        | job::Event::EmployerContactMade { .. }
        | job::Event::EmployerContactEnteredInError { .. }
        | job::Event::InterviewCancelled { .. }
        | job::Event::StartCounted { .. } => return Ok(()),
        job::Event::Applied { .. } => JobState::Applied,
        job::Event::InterviewScheduled { .. } => JobState::Interview,
        job::Event::Offered => JobState::Offered,
        job::Event::Accepted { .. } => JobState::Accepted,
        job::Event::Started { .. } => JobState::Started,
        job::Event::Ended { .. } => JobState::Ended,
        job::Event::Declined { .. } => JobState::Declined,
        job::Event::Withdrawn { .. } => JobState::Withdrawn,
        job::Event::EnteredInError => JobState::EnteredInError,
    };
    tx.execute("UPDATE job SET state = $2 WHERE id = $1", args![id, number(state)]).await?;
    Ok(())
}

fn number(state: impl Into<i32>) -> i64 {
    i64::from(state.into())
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
        self.0.reached_all(&revisions, Instant::now() + PATIENCE).await;
        Ok(())
    }

    /// Cases, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn cases(&self, filter: &CaseFilter) -> Result<(Vec<CaseId>, Option<Last>), Status> {
        let mut query = Query::newest("caseload", &filter.after);
        query.also("agency", filter.agency.map(AgencyId::uuid));
        query.also("person", filter.person.map(PersonId::uuid));
        query.also("worker", filter.worker.map(WorkerId::uuid));
        query.also_in("state", &filter.states);
        let (ids, last) = self.page(query, filter.size).await?;
        Ok((ids.into_iter().map(CaseId::new).collect(), last))
    }

    /// Jobs, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn jobs(&self, filter: &JobFilter) -> Result<(Vec<JobId>, Option<Last>), Status> {
        let mut query = Query::newest("job", &filter.after);
        query.also("agency", filter.agency.map(AgencyId::uuid));
        query.also("person", filter.person.map(PersonId::uuid));
        query.also("case_id", filter.case.map(CaseId::uuid));
        query.also_in("state", &filter.states);
        let (ids, last) = self.page(query, filter.size).await?;
        Ok((ids.into_iter().map(JobId::new).collect(), last))
    }

    /// The jobs of a case, oldest first.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn jobs_of(&self, case: CaseId) -> Result<Vec<JobId>, Status> {
        let sql = "SELECT id FROM job WHERE case_id = $1 ORDER BY at, id";
        let rows = self.0.db().fetch(sql, args![case.uuid()]).await?;
        Ok(rows.iter().map(|row| row.uuid(0).map(JobId::new)).collect::<Result<_, _>>()?)
    }

    async fn page(&self, query: Query, size: usize) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        let Query { mut sql, args } = query;
        sql.push_str(&format!(" ORDER BY at DESC, id DESC LIMIT {}", size + 1));
        let mut rows = self.0.db().fetch(&sql, args).await?;
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

/// A list's statement as it is put together: nothing of a caller's text is ever in it.
struct Query {
    sql: String,
    args: Vec<Value>,
}

impl Query {
    fn newest(table: &str, after: &Last) -> Self {
        let sql = format!("SELECT id, at FROM {table} WHERE (at, id) < ($1, $2)");
        Self { sql, args: args![after.at, after.id()] }
    }

    fn also(&mut self, column: &str, value: Option<Uuid>) {
        if let Some(value) = value {
            self.args.push(value.into());
            self.sql.push_str(&format!(" AND {column} = ${}", self.args.len()));
        }
    }

    /// Numbers that were parsed as states.
    fn also_in(&mut self, column: &str, numbers: &[i64]) {
        if !numbers.is_empty() {
            let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
            self.sql.push_str(&format!(" AND {column} IN ({})", numbers.join(", ")));
        }
    }
}
