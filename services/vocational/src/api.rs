//! The gRPC face: parse, execute or query, reply.
//! Invariant: no rule lives here; who may is asked of the role first and of the loaded record second.

use kernel::may::see_own;
use kernel::{Caller, Occurred, PersonId, Role};
use platform::auth;
use platform::command::{Ask, Changes, Desk, Done, Stream, id_of};
use platform::error;
use platform::page::Pages;
use platform::wire::{happened, page_size};
use proto::vocational as pb;
use proto::vocational::vocational_service_server::VocationalService;
use tonic::{Request, Response, Status};

use crate::domain::case::{self, Case};
use crate::domain::job::{self, Job};
use crate::domain::report::{self, Report};
use crate::domain::work::{self, Both};
use crate::domain::{CaseId, ContactId, InterviewId, JobId, ReportId};
use crate::view::{CaseFilter, JobFilter, View};
use crate::{NAME, wire};

/// Who may do the agency's part.
const WORK: &[Role] = &[Role::Worker];
/// Who may do the agency's part, or the person's own.
const BOTH: &[Role] = &[Role::Worker, Role::Person];
/// Who may put down what happened elsewhere.
const RECORD: &[Role] = &[Role::Recorder];
/// Who may read.
const READ: &[Role] = &[Role::Worker, Role::Recorder, Role::Person, Role::Operator, Role::Auditor];

/// The service's face.
pub struct Api {
    desk: Desk,
    view: View,
    pages: Pages,
}

impl Api {
    /// A face over a desk and the service's own lists.
    pub fn new(desk: Desk, view: View) -> Self {
        let pages = Pages::new(desk.secret());
        Self { desk, view, pages }
    }

    /// Decides over a job and its case together.
    async fn work(
        &self,
        ask: &Ask,
        job: JobId,
        decide: impl Fn(&case::State, &job::State) -> Result<Both, work::Refusal> + Send + Sync,
    ) -> Result<Done, Status> {
        // A job never changes its case, so what it names once holds for good.
        let case = self.desk.load::<Job>(job.uuid()).await?.facts().map(|facts| facts.case.uuid());
        let streams = (Stream::<Job>::of(job.uuid()), case.map(Stream::<Case>::of));
        let done = self.desk.execute(ask, id_of::<Job>(job.uuid()), streams, |(job, case)| {
            let none = case::State::default();
            let both = decide(case.as_ref().map_or(&none, |case| &*case.state), job)?;
            let changes = Changes::<work::Refusal>::none().write::<Job>(job, both.job);
            Ok(match case {
                Some(case) => changes.write::<Case>(case, both.case),
                None => changes,
            })
        });
        Ok(done.await?)
    }

    async fn read_case(&self, caller: &Caller, id: CaseId) -> Result<Option<pb::Case>, Status> {
        let now = self.desk.load::<Case>(id.uuid()).await?;
        let seen = now.facts().is_some_and(|facts| see_own(caller, facts.agency, Some(facts.person), NAME));
        Ok(if seen { wire::case(now.version, &now) } else { None })
    }

    async fn read_job(&self, caller: &Caller, id: JobId) -> Result<Option<pb::Job>, Status> {
        let now = self.desk.load::<Job>(id.uuid()).await?;
        if !now.facts().is_some_and(|facts| see_own(caller, facts.agency, Some(facts.person), NAME)) {
            return Ok(None);
        }
        let Some(mut out) = wire::job(now.version, &now) else { return Ok(None) };
        if let Some(made) = now.made() {
            (out.employer, out.employer_status) = self.desk.keys().field(Some(&made.facts.employer)).await;
            (out.title, out.title_status) = self.desk.keys().field(made.facts.title.as_ref()).await;
            for interview in &mut out.interviews {
                let id = interview.id.parse().map_err(error::failed)?;
                let place = made.interviews.get(&id).and_then(|(interview, _)| interview.place.as_ref());
                (interview.place, interview.place_status) = self.desk.keys().field(place).await;
            }
        }
        Ok(Some(out))
    }
}

/// Whose rows a list may show: the agency's, or else one person's.
fn scope(
    caller: &Caller,
    person: Option<PersonId>,
) -> Result<(Option<kernel::AgencyId>, Option<PersonId>), Status> {
    match (caller.speaks_for(), caller.person(), person) {
        (Some(agency), _, person) => Ok((Some(agency), person)),
        (None, Some(own), _) => Ok((None, Some(own))),
        (None, None, Some(person)) => Ok((None, Some(person))),
        (None, None, None) => {
            Err(error::bad_field("person_id", "is missing; whoever speaks for no agency lists one person's"))
        }
    }
}

/// A method that asks one stream one thing: role, parse, decide, reply. `at` hands the parser the time that the request tells, `when` only
/// stamps the event with it.
macro_rules! asks {
    ($self:ident, $request:ident, $method:literal, $roles:expr, $of:ty, $response:ident, $parse:path) => {{
        let r = $request.get_ref();
        let ask = $self.desk.ask($method, $roles, &$request, &r.request_id, &r.etag)?;
        let (id, command) = $parse(ask.by(), r)?;
        asks!(@done $self, ask, $of, $response, id, command)
    }};
    ($self:ident, $request:ident, $method:literal, $roles:expr, $of:ty, $response:ident, when $parse:path) => {{
        let r = $request.get_ref();
        let ask = $self.desk.ask($method, $roles, &$request, &r.request_id, &r.etag)?;
        let at = happened("occurred_at", r.occurred_at.as_ref(), ask.at)?;
        let (id, command) = $parse(ask.by(), r)?;
        let ask = Ask { at: at.at, ..ask };
        asks!(@done $self, ask, $of, $response, id, command)
    }};
    ($self:ident, $request:ident, $method:literal, $roles:expr, $of:ty, $response:ident, at $parse:path) => {{
        let r = $request.get_ref();
        let ask = $self.desk.ask($method, $roles, &$request, &r.request_id, &r.etag)?;
        let at = happened("occurred_at", r.occurred_at.as_ref(), ask.at)?;
        let ask = Ask { at: at.at, ..ask };
        let (id, command) = $parse(ask.by(), at, r)?;
        asks!(@done $self, ask, $of, $response, id, command)
    }};
    (@done $self:ident, $ask:ident, $of:ty, $response:ident, $id:ident, $command:ident) => {{
        let done = $self.desk.decide::<$of>(&$ask, $id.uuid(), $command).await?;
        Ok(Response::new(pb::$response { written: Some(done.into()) }))
    }};
}

#[tonic::async_trait]
impl VocationalService for Api {
    async fn open_case(
        &self,
        request: Request<pb::OpenCaseRequest>,
    ) -> Result<Response<pb::OpenCaseResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("OpenCase", WORK, &request, &r.request_id, "")?;
        let opening = wire::open(ask.agency()?, ask.at, r)?;
        let id = opening.facts.id;
        let command = case::Command::Open { by: ask.by(), opening: Box::new(opening) };
        self.desk.begins::<Case>(id.uuid());
        let done = self.desk.decide::<Case>(&ask, id.uuid(), command).await?;
        Ok(Response::new(pb::OpenCaseResponse { written: Some(done.into()) }))
    }

    async fn assign_case_worker(
        &self,
        request: Request<pb::AssignCaseWorkerRequest>,
    ) -> Result<Response<pb::AssignCaseWorkerResponse>, Status> {
        asks!(self, request, "AssignCaseWorker", WORK, Case, AssignCaseWorkerResponse, wire::assign_worker)
    }

    async fn name_case_plan(
        &self,
        request: Request<pb::NameCasePlanRequest>,
    ) -> Result<Response<pb::NameCasePlanResponse>, Status> {
        asks!(self, request, "NameCasePlan", WORK, Case, NameCasePlanResponse, wire::name_plan)
    }

    async fn add_case_contact(
        &self,
        request: Request<pb::AddCaseContactRequest>,
    ) -> Result<Response<pb::AddCaseContactResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("AddCaseContact", WORK, &request, &r.request_id, &r.etag)?;
        let (id, command, at) = wire::add_contact(ask.by(), ContactId::new(ask.request_id), ask.at, r)?;
        // The engagement that it may bring about happened with it.
        let ask = Ask { at: at.at, ..ask };
        let done = self.desk.decide::<Case>(&ask, id.uuid(), command).await?;
        Ok(Response::new(pb::AddCaseContactResponse { written: Some(done.into()) }))
    }

    async fn mark_case_contact_entered_in_error(
        &self,
        request: Request<pb::MarkCaseContactEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkCaseContactEnteredInErrorResponse>, Status> {
        asks!(
            self,
            request,
            "MarkCaseContactEnteredInError",
            WORK,
            Case,
            MarkCaseContactEnteredInErrorResponse,
            wire::mark_contact_entered_in_error
        )
    }

    async fn start_search(
        &self,
        request: Request<pb::StartSearchRequest>,
    ) -> Result<Response<pb::StartSearchResponse>, Status> {
        asks!(self, request, "StartSearch", WORK, Case, StartSearchResponse, at wire::start_search)
    }

    async fn pause_case(
        &self,
        request: Request<pb::PauseCaseRequest>,
    ) -> Result<Response<pb::PauseCaseResponse>, Status> {
        asks!(self, request, "PauseCase", BOTH, Case, PauseCaseResponse, at wire::pause)
    }

    async fn resume_case(
        &self,
        request: Request<pb::ResumeCaseRequest>,
    ) -> Result<Response<pb::ResumeCaseResponse>, Status> {
        asks!(self, request, "ResumeCase", BOTH, Case, ResumeCaseResponse, at wire::resume)
    }

    async fn transition_case(
        &self,
        request: Request<pb::TransitionCaseRequest>,
    ) -> Result<Response<pb::TransitionCaseResponse>, Status> {
        asks!(self, request, "TransitionCase", WORK, Case, TransitionCaseResponse, at wire::transition)
    }

    async fn discharge_case(
        &self,
        request: Request<pb::DischargeCaseRequest>,
    ) -> Result<Response<pb::DischargeCaseResponse>, Status> {
        asks!(self, request, "DischargeCase", BOTH, Case, DischargeCaseResponse, at wire::discharge)
    }

    async fn reengage_case(
        &self,
        request: Request<pb::ReengageCaseRequest>,
    ) -> Result<Response<pb::ReengageCaseResponse>, Status> {
        asks!(self, request, "ReengageCase", BOTH, Case, ReengageCaseResponse, at wire::reengage)
    }

    async fn mark_case_entered_in_error(
        &self,
        request: Request<pb::MarkCaseEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkCaseEnteredInErrorResponse>, Status> {
        asks!(
            self,
            request,
            "MarkCaseEnteredInError",
            WORK,
            Case,
            MarkCaseEnteredInErrorResponse,
            wire::mark_entered_in_error
        )
    }

    async fn add_job_lead(
        &self,
        request: Request<pb::AddJobLeadRequest>,
    ) -> Result<Response<pb::AddJobLeadResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("AddJobLead", WORK, &request, &r.request_id, "")?;
        let leading = wire::add_lead(ask.at, r)?;
        let (id, by) = (leading.lead.id.uuid(), ask.by());
        let ask = Ask { at: leading.at.at, ..ask };
        let streams = (Stream::<Job>::of(id), Stream::<Case>::of(leading.case.uuid()));
        self.desk.begins::<Job>(id);
        let done = self.desk.execute(&ask, id_of::<Job>(id), streams, |(job, case)| {
            let both = work::add_lead(case, job, by, leading.lead.clone())?;
            Ok::<_, work::Refusal>(Changes::none().write::<Job>(job, both.job))
        });
        Ok(Response::new(pb::AddJobLeadResponse { written: Some(done.await?.into()) }))
    }

    async fn change_job_terms(
        &self,
        request: Request<pb::ChangeJobTermsRequest>,
    ) -> Result<Response<pb::ChangeJobTermsResponse>, Status> {
        asks!(self, request, "ChangeJobTerms", WORK, Job, ChangeJobTermsResponse, wire::change_terms)
    }

    async fn change_job_shifts(
        &self,
        request: Request<pb::ChangeJobShiftsRequest>,
    ) -> Result<Response<pb::ChangeJobShiftsResponse>, Status> {
        asks!(self, request, "ChangeJobShifts", WORK, Job, ChangeJobShiftsResponse, wire::change_shifts)
    }

    async fn choose_disclosure(
        &self,
        request: Request<pb::ChooseDisclosureRequest>,
    ) -> Result<Response<pb::ChooseDisclosureResponse>, Status> {
        asks!(self, request, "ChooseDisclosure", BOTH, Job, ChooseDisclosureResponse, wire::choose_disclosure)
    }

    async fn add_employer_contact(
        &self,
        request: Request<pb::AddEmployerContactRequest>,
    ) -> Result<Response<pb::AddEmployerContactResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("AddEmployerContact", WORK, &request, &r.request_id, &r.etag)?;
        let (id, command) = wire::add_employer_contact(ask.by(), ContactId::new(ask.request_id), ask.at, r)?;
        let done = self.desk.decide::<Job>(&ask, id.uuid(), command).await?;
        Ok(Response::new(pb::AddEmployerContactResponse { written: Some(done.into()) }))
    }

    async fn mark_employer_contact_entered_in_error(
        &self,
        request: Request<pb::MarkEmployerContactEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkEmployerContactEnteredInErrorResponse>, Status> {
        asks!(
            self,
            request,
            "MarkEmployerContactEnteredInError",
            WORK,
            Job,
            MarkEmployerContactEnteredInErrorResponse,
            wire::mark_employer_contact_entered_in_error
        )
    }

    async fn apply_for_job(
        &self,
        request: Request<pb::ApplyForJobRequest>,
    ) -> Result<Response<pb::ApplyForJobResponse>, Status> {
        asks!(self, request, "ApplyForJob", BOTH, Job, ApplyForJobResponse, when wire::apply)
    }

    async fn schedule_interview(
        &self,
        request: Request<pb::ScheduleInterviewRequest>,
    ) -> Result<Response<pb::ScheduleInterviewResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("ScheduleInterview", WORK, &request, &r.request_id, &r.etag)?;
        let (id, command) = wire::schedule_interview(ask.by(), InterviewId::new(ask.request_id), ask.at, r)?;
        let done = self.desk.decide::<Job>(&ask, id.uuid(), command).await?;
        Ok(Response::new(pb::ScheduleInterviewResponse { written: Some(done.into()) }))
    }

    async fn cancel_interview(
        &self,
        request: Request<pb::CancelInterviewRequest>,
    ) -> Result<Response<pb::CancelInterviewResponse>, Status> {
        asks!(self, request, "CancelInterview", BOTH, Job, CancelInterviewResponse, wire::cancel_interview)
    }

    async fn offer_job(
        &self,
        request: Request<pb::OfferJobRequest>,
    ) -> Result<Response<pb::OfferJobResponse>, Status> {
        asks!(self, request, "OfferJob", WORK, Job, OfferJobResponse, when wire::offer)
    }

    async fn accept_job(
        &self,
        request: Request<pb::AcceptJobRequest>,
    ) -> Result<Response<pb::AcceptJobResponse>, Status> {
        asks!(self, request, "AcceptJob", BOTH, Job, AcceptJobResponse, when wire::accept)
    }

    async fn start_job(
        &self,
        request: Request<pb::StartJobRequest>,
    ) -> Result<Response<pb::StartJobResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("StartJob", WORK, &request, &r.request_id, &r.etag)?;
        let (id, on, zone) = wire::start(ask.at, r)?;
        let by = ask.by();
        let done = self.work(&ask, id, |case, job| work::start(case, job, by, on, zone.clone())).await?;
        Ok(Response::new(pb::StartJobResponse { written: Some(done.into()) }))
    }

    async fn count_job_start(
        &self,
        request: Request<pb::CountJobStartRequest>,
    ) -> Result<Response<pb::CountJobStartResponse>, Status> {
        asks!(self, request, "CountJobStart", WORK, Job, CountJobStartResponse, when wire::count_start)
    }

    async fn end_job(
        &self,
        request: Request<pb::EndJobRequest>,
    ) -> Result<Response<pb::EndJobResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("EndJob", WORK, &request, &r.request_id, &r.etag)?;
        let (id, end) = wire::end(ask.at, r)?;
        let by = ask.by();
        let done = self.work(&ask, id, |case, job| work::end(case, job, by, end.clone())).await?;
        Ok(Response::new(pb::EndJobResponse { written: Some(done.into()) }))
    }

    async fn decline_job(
        &self,
        request: Request<pb::DeclineJobRequest>,
    ) -> Result<Response<pb::DeclineJobResponse>, Status> {
        asks!(self, request, "DeclineJob", BOTH, Job, DeclineJobResponse, when wire::decline)
    }

    async fn withdraw_job(
        &self,
        request: Request<pb::WithdrawJobRequest>,
    ) -> Result<Response<pb::WithdrawJobResponse>, Status> {
        asks!(self, request, "WithdrawJob", BOTH, Job, WithdrawJobResponse, when wire::withdraw)
    }

    async fn mark_job_entered_in_error(
        &self,
        request: Request<pb::MarkJobEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkJobEnteredInErrorResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("MarkJobEnteredInError", WORK, &request, &r.request_id, &r.etag)?;
        let id = platform::wire::id("job_id", &r.job_id)?;
        let (by, at) = (ask.by(), Occurred::instant(ask.at));
        let done =
            self.work(&ask, id, |case, job| work::mark_entered_in_error(case, job, by, at.clone())).await?;
        Ok(Response::new(pb::MarkJobEnteredInErrorResponse { written: Some(done.into()) }))
    }

    async fn record_employment_status(
        &self,
        request: Request<pb::RecordEmploymentStatusRequest>,
    ) -> Result<Response<pb::RecordEmploymentStatusResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("RecordEmploymentStatus", RECORD, &request, &r.request_id, "")?;
        let (id, source) = self.desk.source(&ask.caller, r.source.as_ref())?;
        let told = wire::record(ReportId::new(id), ask.agency()?, r)?;
        let today = told.zone.day_of(ask.at);
        let command = report::Command::Record { told, today };
        let done = self.desk.decide::<Report>(&ask.from_source(source), id, command).await?;
        Ok(Response::new(pb::RecordEmploymentStatusResponse { written: Some(done.into()) }))
    }

    async fn mark_employment_status_entered_in_error(
        &self,
        request: Request<pb::MarkEmploymentStatusEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkEmploymentStatusEnteredInErrorResponse>, Status> {
        let r = request.get_ref();
        let ask =
            self.desk.ask("MarkEmploymentStatusEnteredInError", RECORD, &request, &r.request_id, &r.etag)?;
        let id = self.desk.named(&ask.caller, "report_id", &r.report_id, r.source.as_ref())?;
        let command = report::Command::MarkEnteredInError { by: ask.by() };
        let done = self.desk.decide::<Report>(&ask, id, command).await?;
        Ok(Response::new(pb::MarkEmploymentStatusEnteredInErrorResponse { written: Some(done.into()) }))
    }

    async fn get_case(
        &self,
        request: Request<pb::GetCaseRequest>,
    ) -> Result<Response<pb::GetCaseResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let r = request.get_ref();
        let id = platform::wire::id("case_id", &r.case_id)?;
        let case = self.read_case(&caller, id).await?.ok_or_else(|| error::not_found("case"))?;
        self.view.wait(&r.at_least).await?;
        let mut jobs = vec![];
        for job in self.view.jobs_of(id).await? {
            jobs.extend(self.read_job(&caller, job).await?);
        }
        Ok(Response::new(pb::GetCaseResponse { case: Some(case), jobs }))
    }

    async fn list_cases(
        &self,
        request: Request<pb::ListCasesRequest>,
    ) -> Result<Response<pb::ListCasesResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let r = request.get_ref();
        let states = wire::case_states(&r.states)?;
        let worker = platform::wire::optional_id("worker_id", &r.worker_id)?;
        let person = platform::wire::optional_id("person_id", &r.person_id)?;
        let (agency, person) = scope(&caller, person)?;
        let list = format!("ListCases/{agency:?}/{person:?}/{worker:?}/{states:?}");
        let filter = CaseFilter {
            agency,
            person,
            worker,
            states,
            after: self.pages.after(&list, &r.page_token)?,
            size: page_size(r.page_size)?,
        };
        self.view.wait(&r.at_least).await?;
        let (found, next) = self.view.cases(&filter).await?;
        let mut cases = Vec::with_capacity(found.len());
        for id in found {
            cases.extend(self.read_case(&caller, id).await?);
        }
        let next_page_token = self.pages.next(&list, next);
        Ok(Response::new(pb::ListCasesResponse { cases, next_page_token }))
    }

    async fn get_job(
        &self,
        request: Request<pb::GetJobRequest>,
    ) -> Result<Response<pb::GetJobResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let id = platform::wire::id("job_id", &request.get_ref().job_id)?;
        let job = self.read_job(&caller, id).await?.ok_or_else(|| error::not_found("job"))?;
        Ok(Response::new(pb::GetJobResponse { job: Some(job) }))
    }

    async fn list_jobs(
        &self,
        request: Request<pb::ListJobsRequest>,
    ) -> Result<Response<pb::ListJobsResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let r = request.get_ref();
        let states = wire::job_states(&r.states)?;
        let case = platform::wire::optional_id("case_id", &r.case_id)?;
        let person = platform::wire::optional_id("person_id", &r.person_id)?;
        let (agency, person) = scope(&caller, person)?;
        let list = format!("ListJobs/{agency:?}/{person:?}/{case:?}/{states:?}");
        let filter = JobFilter {
            agency,
            person,
            case,
            states,
            after: self.pages.after(&list, &r.page_token)?,
            size: page_size(r.page_size)?,
        };
        self.view.wait(&r.at_least).await?;
        let (found, next) = self.view.jobs(&filter).await?;
        let mut jobs = Vec::with_capacity(found.len());
        for id in found {
            jobs.extend(self.read_job(&caller, id).await?);
        }
        let next_page_token = self.pages.next(&list, next);
        Ok(Response::new(pb::ListJobsResponse { jobs, next_page_token }))
    }

    async fn get_employment_status(
        &self,
        request: Request<pb::GetEmploymentStatusRequest>,
    ) -> Result<Response<pb::GetEmploymentStatusResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let id: ReportId = platform::wire::id("report_id", &request.get_ref().report_id)?;
        let now = self.desk.load::<Report>(id.uuid()).await?;
        let seen = now.told().is_some_and(|told| see_own(&caller, told.agency, Some(told.person), NAME));
        let report = wire::report(now.version, &now).filter(|_| seen);
        let report = report.ok_or_else(|| error::not_found("employment status report"))?;
        Ok(Response::new(pb::GetEmploymentStatusResponse { report: Some(report) }))
    }
}
