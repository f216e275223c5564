//! The service's own lists: the caseload and its jobs, by the columns that lists filter on.
//! Invariant: it holds ids, codes and times alone; what a list shows of a record is folded from the log, so it is never older than the record.

use kernel::{AgencyId, Decider, PersonId, Timestamp, WorkerId};
use platform::args;
use platform::db::Rows;
use platform::lists::{self, Logged, Query};
use platform::page::Last;
use platform::projection::{ApplyError, Views};
use platform::records::Tells;
use proto::vocational::{CaseState, JobState};
use tonic::Status;
use uuid::Uuid;

use crate::domain::case::{self, Case};
use crate::domain::job::{self, Job};
use crate::domain::{CaseId, JobId};
use crate::wire;

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

const CASE: &str = "INSERT INTO caseload (id, person, agency, worker, assigned, state, at) VALUES {rows}";
const WORKER: &str = "WITH given (id, worker, at) AS (VALUES {rows}) \
     UPDATE caseload SET worker = given.worker, assigned = given.at FROM given WHERE caseload.id = given.id";
const CASE_STATE: &str = "WITH given (id, state) AS (VALUES {rows}) \
     UPDATE caseload SET state = given.state FROM given WHERE caseload.id = given.id";
/// What moves the stage while the case rests shows when it goes on.
const FROM_STATE: &str = "WITH given (id, state, old) AS (VALUES {rows}) \
     UPDATE caseload SET state = given.state FROM given WHERE caseload.id = given.id AND caseload.state = given.old";
const UNLESS_STATE: &str = "WITH given (id, state, resting) AS (VALUES {rows}) \
     UPDATE caseload SET state = given.state FROM given WHERE caseload.id = given.id AND caseload.state <> given.resting";
const JOB: &str = "INSERT INTO job (id, case_id, person, agency, state, at) VALUES {rows}";
const JOB_STATE: &str = "WITH given (id, state) AS (VALUES {rows}) \
     UPDATE job SET state = given.state FROM given WHERE job.id = given.id";

impl lists::Lists for Lists {
    const VERSION: u32 = 2;
    const TELLS: Tells = wire::TELLS;

    fn tables(&self, _postgres: bool) -> Vec<String> {
        [
            "CREATE TABLE caseload (id uuid PRIMARY KEY, person uuid NOT NULL, agency uuid NOT NULL, worker uuid, assigned bigint NOT NULL, \
             state bigint NOT NULL, at bigint NOT NULL)",
            "CREATE INDEX caseload_agency ON caseload (agency, at, id)",
            "CREATE INDEX caseload_worker ON caseload (worker)",
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

    async fn apply(&self, logged: &Logged<'_>, rows: &mut Rows) -> Result<(), ApplyError> {
        match logged.category {
            Case::CATEGORY => apply_case(logged, &logged.event::<Case>()?, rows),
            Job::CATEGORY => apply_job(logged, &logged.event::<Job>()?, rows),
            _ => {}
        }
        Ok(())
    }
}

fn apply_case(logged: &Logged<'_>, event: &case::Event, rows: &mut Rows) {
    let id = logged.id;
    let unless_paused = |state| (UNLESS_STATE, args![id, number(state), number(CaseState::Paused)]);
    let set = |state| (CASE_STATE, args![id, number(state)]);
    let (sql, row) = match event {
        case::Event::Opened { facts, worker, .. } => {
            let (person, agency) = (facts.person.uuid(), facts.agency.uuid());
            let (worker, state) = (worker.map(WorkerId::uuid), number(CaseState::Referred));
            (CASE, args![id, person, agency, worker, logged.happened(), state, logged.at()])
        }
        case::Event::WorkerAssigned { worker, .. } => (WORKER, args![id, worker.uuid(), logged.happened()]),
        case::Event::PlanNamed(_)
        | case::Event::ContactMade { .. }
        | case::Event::ContactEnteredInError { .. }
        | case::Event::JobEnded { searching: false, .. } => return,
        case::Event::Engaged { .. } => {
            (FROM_STATE, args![id, number(CaseState::Engaged), number(CaseState::Referred)])
        }
        case::Event::SearchStarted | case::Event::JobEnded { searching: true, .. } => {
            unless_paused(CaseState::Searching)
        }
        case::Event::Employed { .. } => unless_paused(CaseState::Employed),
        case::Event::Paused { .. } => set(CaseState::Paused),
        case::Event::Resumed { stage } | case::Event::Reengaged { stage } => set(wire::stage(*stage)),
        case::Event::Transitioned { .. } => set(CaseState::Transitioned),
        case::Event::Discharged { .. } => set(CaseState::Discharged),
        case::Event::EnteredInError { .. } => set(CaseState::EnteredInError),
    };
    rows.put(&[id], sql, [row]);
}

fn apply_job(logged: &Logged<'_>, event: &job::Event, rows: &mut Rows) {
    let id = logged.id;
    let state = match event {
        job::Event::LeadAdded(facts) => {
            let (case, person, agency) = (facts.case.uuid(), facts.person.uuid(), facts.agency.uuid());
            let row = args![id, case, person, agency, number(JobState::Lead), logged.at()];
            return rows.put(&[id], JOB, [row]);
        }
        job::Event::TermsChanged(_)
        | job::Event::DisclosureChosen(_)
        | job::Event::EmployerContactMade { .. }
        | job::Event::EmployerContactEnteredInError { .. }
        | job::Event::InterviewCancelled { .. }
        | job::Event::StartCounted { .. } => return,
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
    rows.put(&[id], JOB_STATE, [args![id, number(state)]]);
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
        lists::wait(at_least, &[&self.0]).await
    }

    /// All jobs of a record, the oldest first.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn jobs_of_person(&self, person: PersonId) -> Result<Vec<Uuid>, Status> {
        let sql = "SELECT id FROM job WHERE person = $1 ORDER BY at, id";
        let rows = self.0.db().fetch(sql, args![person.uuid()]).await?;
        Ok(rows.iter().map(|row| row.uuid(0)).collect::<Result<_, _>>()?)
    }

    /// The cases of an agency that are not closed and whose specialist this worker is and was at that instant, by id.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn theirs(
        &self,
        agency: AgencyId,
        worker: WorkerId,
        then: Timestamp,
    ) -> Result<Vec<Uuid>, Status> {
        use CaseState as State;
        let open = [State::Referred, State::Engaged, State::Searching, State::Employed, State::Paused];
        let open = open.map(|state| number(state).to_string()).join(", ");
        let sql = format!(
            "SELECT id FROM caseload WHERE worker = $1 AND agency = $2 AND assigned <= $3 AND state IN ({open}) ORDER BY id"
        );
        let rows =
            self.0.db().fetch(&sql, args![worker.uuid(), agency.uuid(), then.as_microsecond()]).await?;
        Ok(rows.iter().map(|row| row.uuid(0)).collect::<Result<_, _>>()?)
    }

    /// Cases, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn cases(&self, filter: &CaseFilter) -> Result<(Vec<CaseId>, Option<Last>), Status> {
        let mut query = Query::newest("caseload", "at", &filter.after);
        query.only_if("agency = {}", filter.agency.map(AgencyId::uuid));
        query.only_if("person = {}", filter.person.map(PersonId::uuid));
        query.only_if("worker = {}", filter.worker.map(WorkerId::uuid));
        query.in_states(&filter.states);
        let (ids, last) = query.page(&self.0, filter.size).await?;
        Ok((ids.into_iter().map(CaseId::new).collect(), last))
    }

    /// Jobs, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn jobs(&self, filter: &JobFilter) -> Result<(Vec<JobId>, Option<Last>), Status> {
        let mut query = Query::newest("job", "at", &filter.after);
        query.only_if("agency = {}", filter.agency.map(AgencyId::uuid));
        query.only_if("person = {}", filter.person.map(PersonId::uuid));
        query.only_if("case_id = {}", filter.case.map(CaseId::uuid));
        query.in_states(&filter.states);
        let (ids, last) = query.page(&self.0, filter.size).await?;
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
}
