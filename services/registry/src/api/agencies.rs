//! Agencies and workers: what is asked, and what is read.
//! Invariant: none of it concerns a person served, so everybody of the system may read it.

use kernel::{Actor, AgencyId, WorkerId};
use platform::auth;
use platform::command::Done;
use platform::error;
use platform::page::Last;
use platform::wire::{id, optional_id, page_size};
use proto::registry as pb;
use tonic::{Request, Status};

use super::{Api, OPERATE, READ, RECORD, WORK};
use crate::domain::agency::{self, Agency};
use crate::domain::worker::{self, Worker};
use crate::wire;

pub(super) async fn register(
    api: &Api,
    request: &Request<pb::RegisterAgencyRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RegisterAgency", OPERATE, request, &r.request_id, "")?;
    let (id, content) = (AgencyId::new(api.fresh(&ask)), wire::agency_content(r.content.as_ref())?);
    api.desk.decide::<Agency>(&ask, id.uuid(), agency::Command::Register { id, by: ask.by(), content }).await
}

pub(super) async fn change(api: &Api, request: &Request<pb::ChangeAgencyRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("ChangeAgency", WORK, request, &r.request_id, &r.etag)?;
    let agency: AgencyId = id("agency_id", &r.agency_id)?;
    let content = wire::agency_content(r.content.as_ref())?;
    api.desk.decide::<Agency>(&ask, agency.uuid(), agency::Command::Change { by: ask.by(), content }).await
}

pub(super) async fn record(api: &Api, request: &Request<pb::RecordAgencyRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RecordAgency", RECORD, request, &r.request_id, "")?;
    let (id, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let command =
        agency::Command::Record { id: AgencyId::new(id), content: wire::agency_content(r.content.as_ref())? };
    api.desk.decide::<Agency>(&ask.from_source(source), id, command).await
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetAgencyRequest>,
) -> Result<pb::GetAgencyResponse, Status> {
    auth::require_role(&auth::caller(request)?, READ)?;
    let agency = id("agency_id", &request.get_ref().agency_id)?;
    let agency = read(api, agency).await?.ok_or_else(|| error::not_found("agency"))?;
    Ok(pb::GetAgencyResponse { agency: Some(agency) })
}

async fn read(api: &Api, id: AgencyId) -> Result<Option<pb::Agency>, Status> {
    let now = api.desk.load::<Agency>(id.uuid()).await?;
    Ok(wire::agency(id, now.version, &now))
}

/// Before every row of a list that is oldest first.
pub(super) fn start() -> Last {
    Last::new(i64::MIN, kernel::ids::Uuid::nil())
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListAgenciesRequest>,
) -> Result<pb::ListAgenciesResponse, Status> {
    auth::require_role(&auth::caller(request)?, READ)?;
    let r = request.get_ref();
    let after = api.pages.place("ListAgencies", &r.page_token)?.unwrap_or_else(start);
    let size = page_size(r.page_size)?;
    api.view.wait(&r.at_least).await?;
    let (found, next) = api.view.agencies(&after, size).await?;
    let mut agencies = Vec::with_capacity(found.len());
    for id in found {
        agencies.extend(read(api, AgencyId::new(id)).await?);
    }
    let next_page_token = next.map(|last| api.pages.token("ListAgencies", &last)).unwrap_or_default();
    Ok(pb::ListAgenciesResponse { agencies, next_page_token })
}

pub(super) async fn add_worker(api: &Api, request: &Request<pb::AddWorkerRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("AddWorker", WORK, request, &r.request_id, "")?;
    let agency = match optional_id("agency_id", &r.agency_id)? {
        Some(agency) => agency,
        None => ask.agency()?,
    };
    let (id, content) = (WorkerId::new(api.fresh(&ask)), wire::worker_content(r.content.as_ref())?);
    let command = worker::Command::Add { id, by: ask.by(), agency, content };
    api.desk.decide::<Worker>(&ask, id.uuid(), command).await
}

pub(super) async fn change_worker(
    api: &Api,
    request: &Request<pb::ChangeWorkerRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("ChangeWorker", WORK, request, &r.request_id, &r.etag)?;
    let worker: WorkerId = id("worker_id", &r.worker_id)?;
    let content = wire::worker_content(r.content.as_ref())?;
    // Whoever runs the system speaks for no agency, and of everybody.
    let itself = ask.caller.actor == Actor::Worker(worker) && ask.caller.speaks_for().is_some();
    let command = worker::Command::Change { by: ask.by(), itself, content };
    api.desk.decide::<Worker>(&ask, worker.uuid(), command).await
}

pub(super) async fn record_worker(
    api: &Api,
    request: &Request<pb::RecordWorkerRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RecordWorker", RECORD, request, &r.request_id, "")?;
    let (worker, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let command = worker::Command::Record {
        id: WorkerId::new(worker),
        by: ask.by(),
        itself: ask.caller.actor == Actor::Worker(WorkerId::new(worker)),
        agency: id("agency_id", &r.agency_id)?,
        content: wire::worker_content(r.content.as_ref())?,
    };
    api.desk.decide::<Worker>(&ask.from_source(source), worker, command).await
}

pub(super) async fn get_worker(
    api: &Api,
    request: &Request<pb::GetWorkerRequest>,
) -> Result<pb::GetWorkerResponse, Status> {
    auth::require_role(&auth::caller(request)?, READ)?;
    let worker = id("worker_id", &request.get_ref().worker_id)?;
    let worker = read_worker(api, worker).await?.ok_or_else(|| error::not_found("worker"))?;
    Ok(pb::GetWorkerResponse { worker: Some(worker) })
}

async fn read_worker(api: &Api, id: WorkerId) -> Result<Option<pb::Worker>, Status> {
    let now = api.desk.load::<Worker>(id.uuid()).await?;
    Ok(wire::worker(id, now.version, &now))
}

pub(super) async fn list_workers(
    api: &Api,
    request: &Request<pb::ListWorkersRequest>,
) -> Result<pb::ListWorkersResponse, Status> {
    let caller = auth::caller(request)?;
    auth::require_role(&caller, READ)?;
    let r = request.get_ref();
    let agency = match optional_id("agency_id", &r.agency_id)?.or(caller.speaks_for()) {
        Some(agency) => agency,
        None => {
            return Err(error::bad_field("agency_id", "is missing; whoever speaks for no agency names one"));
        }
    };
    let list = format!("ListWorkers/{agency}");
    let after = api.pages.place(&list, &r.page_token)?.unwrap_or_else(start);
    let size = page_size(r.page_size)?;
    api.view.wait(&r.at_least).await?;
    let (found, next) = api.view.workers(agency, &after, size).await?;
    let mut workers = Vec::with_capacity(found.len());
    for id in found {
        workers.extend(read_worker(api, WorkerId::new(id)).await?);
    }
    let next_page_token = next.map(|last| api.pages.token(&list, &last)).unwrap_or_default();
    Ok(pb::ListWorkersResponse { workers, next_page_token })
}
