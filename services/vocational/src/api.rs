//! The gRPC face: parse, execute or query, reply.
//! Invariant: no rule lives here; who may is asked of the role first and of the loaded record second.

mod cases;
mod jobs;
mod reports;

use kernel::{Caller, PersonId, Role};
use platform::command::Desk;
use platform::error;
use platform::page::Pages;
use platform::people::People;
use platform::{replies, writes};
use proto::vocational as pb;
use proto::vocational::vocational_service_server::VocationalService;
use tonic::{Request, Response, Status};

use crate::view::View;

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
    people: People,
    pages: Pages,
}

impl Api {
    /// A face over a desk, the service's own lists, and what is told of people.
    pub fn new(desk: Desk, view: View, people: People) -> Self {
        let pages = Pages::new(desk.secret());
        Self { desk, view, people, pages }
    }
}

/// Whose rows a list may show: the agency's, or else one person's.
fn scope(
    caller: &Caller,
    person: Option<PersonId>,
) -> Result<(Option<kernel::AgencyId>, Option<PersonId>), Status> {
    match (caller.lists_for(), caller.person(), person) {
        (Some(agency), _, person) => Ok((Some(agency), person)),
        (None, Some(own), _) => Ok((None, Some(own))),
        (None, None, Some(person)) => Ok((None, Some(person))),
        (None, None, None) => {
            Err(error::bad_field("person_id", "is missing; whoever speaks for no agency lists one person's"))
        }
    }
}

/// A method that asks one stream one thing: role, parse, decide. `at` hands the parser the time that the request tells, `when` only
/// stamps the event with it.
macro_rules! asks {
    ($of:ty, $name:ident, $method:literal, $request:ident, $roles:ident, $parse:path) => {
        pub(super) async fn $name(api: &Api, request: &Request<pb::$request>) -> Result<Done, Status> {
            let r = request.get_ref();
            let ask = api.desk.ask($method, $roles, request, &r.request_id, &r.etag)?;
            let (id, command) = $parse(ask.by(), r)?;
            api.desk.decide::<$of>(&ask, id.uuid(), command).await
        }
    };
    ($of:ty, $name:ident, $method:literal, $request:ident, $roles:ident, when $parse:path) => {
        pub(super) async fn $name(api: &Api, request: &Request<pb::$request>) -> Result<Done, Status> {
            let r = request.get_ref();
            let ask = api.desk.ask($method, $roles, request, &r.request_id, &r.etag)?;
            let at = happened("occurred_at", r.occurred_at.as_ref(), ask.at)?;
            let (id, command) = $parse(ask.by(), r)?;
            let ask = Ask { at: at.at, ..ask };
            api.desk.decide::<$of>(&ask, id.uuid(), command).await
        }
    };
    ($of:ty, $name:ident, $method:literal, $request:ident, $roles:ident, at $parse:path) => {
        pub(super) async fn $name(api: &Api, request: &Request<pb::$request>) -> Result<Done, Status> {
            let r = request.get_ref();
            let ask = api.desk.ask($method, $roles, request, &r.request_id, &r.etag)?;
            let at = happened("occurred_at", r.occurred_at.as_ref(), ask.at)?;
            let ask = Ask { at: at.at, ..ask };
            let (id, command) = $parse(ask.by(), at, r)?;
            api.desk.decide::<$of>(&ask, id.uuid(), command).await
        }
    };
}

use asks;

#[tonic::async_trait]
impl VocationalService for Api {
    async fn open_case(
        &self,
        request: Request<pb::OpenCaseRequest>,
    ) -> Result<Response<pb::OpenCaseResponse>, Status> {
        writes!(self, request, cases::open, pb::OpenCaseResponse)
    }

    async fn assign_case_worker(
        &self,
        request: Request<pb::AssignCaseWorkerRequest>,
    ) -> Result<Response<pb::AssignCaseWorkerResponse>, Status> {
        writes!(self, request, cases::assign_worker, pb::AssignCaseWorkerResponse)
    }

    async fn name_case_plan(
        &self,
        request: Request<pb::NameCasePlanRequest>,
    ) -> Result<Response<pb::NameCasePlanResponse>, Status> {
        writes!(self, request, cases::name_plan, pb::NameCasePlanResponse)
    }

    async fn add_case_contact(
        &self,
        request: Request<pb::AddCaseContactRequest>,
    ) -> Result<Response<pb::AddCaseContactResponse>, Status> {
        writes!(self, request, cases::add_contact, pb::AddCaseContactResponse)
    }

    async fn mark_case_contact_entered_in_error(
        &self,
        request: Request<pb::MarkCaseContactEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkCaseContactEnteredInErrorResponse>, Status> {
        writes!(
            self,
            request,
            cases::mark_contact_entered_in_error,
            pb::MarkCaseContactEnteredInErrorResponse
        )
    }

    async fn start_search(
        &self,
        request: Request<pb::StartSearchRequest>,
    ) -> Result<Response<pb::StartSearchResponse>, Status> {
        writes!(self, request, cases::start_search, pb::StartSearchResponse)
    }

    async fn pause_case(
        &self,
        request: Request<pb::PauseCaseRequest>,
    ) -> Result<Response<pb::PauseCaseResponse>, Status> {
        writes!(self, request, cases::pause, pb::PauseCaseResponse)
    }

    async fn resume_case(
        &self,
        request: Request<pb::ResumeCaseRequest>,
    ) -> Result<Response<pb::ResumeCaseResponse>, Status> {
        writes!(self, request, cases::resume, pb::ResumeCaseResponse)
    }

    async fn transition_case(
        &self,
        request: Request<pb::TransitionCaseRequest>,
    ) -> Result<Response<pb::TransitionCaseResponse>, Status> {
        writes!(self, request, cases::transition, pb::TransitionCaseResponse)
    }

    async fn discharge_case(
        &self,
        request: Request<pb::DischargeCaseRequest>,
    ) -> Result<Response<pb::DischargeCaseResponse>, Status> {
        writes!(self, request, cases::discharge, pb::DischargeCaseResponse)
    }

    async fn reengage_case(
        &self,
        request: Request<pb::ReengageCaseRequest>,
    ) -> Result<Response<pb::ReengageCaseResponse>, Status> {
        writes!(self, request, cases::reengage, pb::ReengageCaseResponse)
    }

    async fn mark_case_entered_in_error(
        &self,
        request: Request<pb::MarkCaseEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkCaseEnteredInErrorResponse>, Status> {
        writes!(self, request, cases::mark_entered_in_error, pb::MarkCaseEnteredInErrorResponse)
    }

    async fn add_job_lead(
        &self,
        request: Request<pb::AddJobLeadRequest>,
    ) -> Result<Response<pb::AddJobLeadResponse>, Status> {
        writes!(self, request, jobs::add_lead, pb::AddJobLeadResponse)
    }

    async fn change_job_terms(
        &self,
        request: Request<pb::ChangeJobTermsRequest>,
    ) -> Result<Response<pb::ChangeJobTermsResponse>, Status> {
        writes!(self, request, jobs::change_terms, pb::ChangeJobTermsResponse)
    }

    async fn change_job_shifts(
        &self,
        request: Request<pb::ChangeJobShiftsRequest>,
    ) -> Result<Response<pb::ChangeJobShiftsResponse>, Status> {
        writes!(self, request, jobs::change_shifts, pb::ChangeJobShiftsResponse)
    }

    async fn choose_disclosure(
        &self,
        request: Request<pb::ChooseDisclosureRequest>,
    ) -> Result<Response<pb::ChooseDisclosureResponse>, Status> {
        writes!(self, request, jobs::choose_disclosure, pb::ChooseDisclosureResponse)
    }

    async fn add_employer_contact(
        &self,
        request: Request<pb::AddEmployerContactRequest>,
    ) -> Result<Response<pb::AddEmployerContactResponse>, Status> {
        writes!(self, request, jobs::add_employer_contact, pb::AddEmployerContactResponse)
    }

    async fn mark_employer_contact_entered_in_error(
        &self,
        request: Request<pb::MarkEmployerContactEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkEmployerContactEnteredInErrorResponse>, Status> {
        writes!(
            self,
            request,
            jobs::mark_employer_contact_entered_in_error,
            pb::MarkEmployerContactEnteredInErrorResponse
        )
    }

    async fn apply_for_job(
        &self,
        request: Request<pb::ApplyForJobRequest>,
    ) -> Result<Response<pb::ApplyForJobResponse>, Status> {
        writes!(self, request, jobs::apply, pb::ApplyForJobResponse)
    }

    async fn schedule_interview(
        &self,
        request: Request<pb::ScheduleInterviewRequest>,
    ) -> Result<Response<pb::ScheduleInterviewResponse>, Status> {
        writes!(self, request, jobs::schedule_interview, pb::ScheduleInterviewResponse)
    }

    async fn cancel_interview(
        &self,
        request: Request<pb::CancelInterviewRequest>,
    ) -> Result<Response<pb::CancelInterviewResponse>, Status> {
        writes!(self, request, jobs::cancel_interview, pb::CancelInterviewResponse)
    }

    async fn offer_job(
        &self,
        request: Request<pb::OfferJobRequest>,
    ) -> Result<Response<pb::OfferJobResponse>, Status> {
        writes!(self, request, jobs::offer, pb::OfferJobResponse)
    }

    async fn accept_job(
        &self,
        request: Request<pb::AcceptJobRequest>,
    ) -> Result<Response<pb::AcceptJobResponse>, Status> {
        writes!(self, request, jobs::accept, pb::AcceptJobResponse)
    }

    async fn start_job(
        &self,
        request: Request<pb::StartJobRequest>,
    ) -> Result<Response<pb::StartJobResponse>, Status> {
        writes!(self, request, jobs::start, pb::StartJobResponse)
    }

    async fn count_job_start(
        &self,
        request: Request<pb::CountJobStartRequest>,
    ) -> Result<Response<pb::CountJobStartResponse>, Status> {
        writes!(self, request, jobs::count_start, pb::CountJobStartResponse)
    }

    async fn end_job(
        &self,
        request: Request<pb::EndJobRequest>,
    ) -> Result<Response<pb::EndJobResponse>, Status> {
        writes!(self, request, jobs::end, pb::EndJobResponse)
    }

    async fn decline_job(
        &self,
        request: Request<pb::DeclineJobRequest>,
    ) -> Result<Response<pb::DeclineJobResponse>, Status> {
        writes!(self, request, jobs::decline, pb::DeclineJobResponse)
    }

    async fn withdraw_job(
        &self,
        request: Request<pb::WithdrawJobRequest>,
    ) -> Result<Response<pb::WithdrawJobResponse>, Status> {
        writes!(self, request, jobs::withdraw, pb::WithdrawJobResponse)
    }

    async fn mark_job_entered_in_error(
        &self,
        request: Request<pb::MarkJobEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkJobEnteredInErrorResponse>, Status> {
        writes!(self, request, jobs::mark_entered_in_error, pb::MarkJobEnteredInErrorResponse)
    }

    async fn record_employment_status(
        &self,
        request: Request<pb::RecordEmploymentStatusRequest>,
    ) -> Result<Response<pb::RecordEmploymentStatusResponse>, Status> {
        writes!(self, request, reports::record, pb::RecordEmploymentStatusResponse)
    }

    async fn mark_employment_status_entered_in_error(
        &self,
        request: Request<pb::MarkEmploymentStatusEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkEmploymentStatusEnteredInErrorResponse>, Status> {
        writes!(self, request, reports::mark_entered_in_error, pb::MarkEmploymentStatusEnteredInErrorResponse)
    }

    async fn get_case(
        &self,
        request: Request<pb::GetCaseRequest>,
    ) -> Result<Response<pb::GetCaseResponse>, Status> {
        replies!(self, request, cases::get)
    }

    async fn list_cases(
        &self,
        request: Request<pb::ListCasesRequest>,
    ) -> Result<Response<pb::ListCasesResponse>, Status> {
        replies!(self, request, cases::list)
    }

    async fn get_job(
        &self,
        request: Request<pb::GetJobRequest>,
    ) -> Result<Response<pb::GetJobResponse>, Status> {
        replies!(self, request, jobs::get)
    }

    async fn list_jobs(
        &self,
        request: Request<pb::ListJobsRequest>,
    ) -> Result<Response<pb::ListJobsResponse>, Status> {
        replies!(self, request, jobs::list)
    }

    async fn get_employment_status(
        &self,
        request: Request<pb::GetEmploymentStatusRequest>,
    ) -> Result<Response<pb::GetEmploymentStatusResponse>, Status> {
        replies!(self, request, reports::get)
    }
}
