//! Cases: from opening to discharge, and how they are read.
//! Invariant: what a request tells of the past is stamped with when it happened.

use kernel::Caller;
use kernel::may::see_own;
use platform::auth;
use platform::command::{Ask, Done};
use platform::error;
use platform::wire::{happened, page_size};
use proto::vocational as pb;
use tonic::{Request, Status};

use super::{Api, BOTH, READ, WORK, asks, scope};
use crate::domain::case::{self, Case};
use crate::domain::{CaseId, ContactId};
use crate::view::CaseFilter;
use crate::{NAME, wire};

impl Api {
    async fn read_case(&self, caller: &Caller, id: CaseId) -> Result<Option<pb::Case>, Status> {
        let now = self.desk.load::<Case>(id.uuid()).await?;
        let seen = now.facts().is_some_and(|facts| see_own(caller, facts.agency, Some(facts.person), NAME));
        Ok(if seen { wire::case(now.version, &now) } else { None })
    }
}

pub(super) async fn open(api: &Api, request: &Request<pb::OpenCaseRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("OpenCase", WORK, request, &r.request_id, "")?;
    let opening = wire::open(ask.agency()?, ask.at, r)?;
    let id = opening.facts.id;
    let command = case::Command::Open { by: ask.by(), opening: Box::new(opening) };
    let ask = ask.of_the_living(&api.people);
    api.desk.begins::<Case>(id.uuid());
    api.desk.decide::<Case>(&ask, id.uuid(), command).await
}

asks!(Case, assign_worker, "AssignCaseWorker", AssignCaseWorkerRequest, WORK, wire::assign_worker);
asks!(Case, name_plan, "NameCasePlan", NameCasePlanRequest, WORK, wire::name_plan);

pub(super) async fn add_contact(
    api: &Api,
    request: &Request<pb::AddCaseContactRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("AddCaseContact", WORK, request, &r.request_id, &r.etag)?;
    let (id, command, at) = wire::add_contact(ask.by(), ContactId::new(ask.request_id), ask.at, r)?;
    // The engagement that it may bring about happened with it.
    let ask = Ask { at: at.at, ..ask };
    api.desk.decide::<Case>(&ask, id.uuid(), command).await
}

asks!(
    Case,
    mark_contact_entered_in_error,
    "MarkCaseContactEnteredInError",
    MarkCaseContactEnteredInErrorRequest,
    WORK,
    wire::mark_contact_entered_in_error
);
asks!(Case, start_search, "StartSearch", StartSearchRequest, WORK, at wire::start_search);
asks!(Case, pause, "PauseCase", PauseCaseRequest, BOTH, at wire::pause);
asks!(Case, resume, "ResumeCase", ResumeCaseRequest, BOTH, at wire::resume);
asks!(Case, transition, "TransitionCase", TransitionCaseRequest, WORK, at wire::transition);
asks!(Case, discharge, "DischargeCase", DischargeCaseRequest, BOTH, at wire::discharge);

pub(super) async fn reengage(api: &Api, request: &Request<pb::ReengageCaseRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("ReengageCase", BOTH, request, &r.request_id, &r.etag)?;
    let at = happened("occurred_at", r.occurred_at.as_ref(), ask.at)?;
    let ask = Ask { at: at.at, ..ask }.of_the_living(&api.people);
    let (id, command) = wire::reengage(ask.by(), at, r)?;
    api.desk.decide::<Case>(&ask, id.uuid(), command).await
}

asks!(
    Case,
    mark_entered_in_error,
    "MarkCaseEnteredInError",
    MarkCaseEnteredInErrorRequest,
    WORK,
    wire::mark_entered_in_error
);

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetCaseRequest>,
) -> Result<pb::GetCaseResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let r = request.get_ref();
    let id = platform::wire::id("case_id", &r.case_id)?;
    let case = api.read_case(&caller, id).await?.ok_or_else(|| error::not_found("case"))?;
    api.view.wait(&r.at_least).await?;
    let mut jobs = vec![];
    for job in api.view.jobs_of(id).await? {
        jobs.extend(api.read_job(&caller, job).await?);
    }
    Ok(pb::GetCaseResponse { case: Some(case), jobs })
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListCasesRequest>,
) -> Result<pb::ListCasesResponse, Status> {
    let caller = auth::admit(request, READ)?;
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
        after: api.pages.after(&list, &r.page_token)?,
        size: page_size(r.page_size)?,
    };
    api.view.wait(&r.at_least).await?;
    let (found, next) = api.view.cases(&filter).await?;
    let mut cases = Vec::with_capacity(found.len());
    for id in found {
        cases.extend(api.read_case(&caller, id).await?);
    }
    let next_page_token = api.pages.next(&list, next);
    Ok(pb::ListCasesResponse { cases, next_page_token })
}
