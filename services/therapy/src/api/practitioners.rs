//! Practitioners: who treats, in what and when.
//! Invariant: an agency keeps its own practitioners; another agency reads what does not exist.

use kernel::{Caller, Role, WorkerId};
use platform::auth;
use platform::command::Done;
use platform::error;
use platform::wire::page_size;
use proto::therapy as pb;
use tonic::{Request, Status};
use uuid::Uuid;

use super::{Api, PROGRAMME, READ, id};
use crate::domain::practitioner::Practitioner;
use crate::wire;

impl Api {
    async fn read_practitioner(&self, caller: &Caller, id: Uuid) -> Result<Option<pb::Practitioner>, Status> {
        let now = self.desk.load::<Practitioner>(id).await?;
        let Some((agency, _)) = now.known() else { return Ok(None) };
        // The person reads with whom an appointment is; other agencies have no business with it.
        let seen = oversees(caller) || caller.person().is_some() || caller.speaks_for() == Some(agency);
        Ok(if seen { wire::practitioner(WorkerId::new(id), now.version, &now) } else { None })
    }
}

fn oversees(caller: &Caller) -> bool {
    matches!(caller.role, Role::Operator | Role::Auditor | Role::Service)
}

pub(super) async fn register(
    api: &Api,
    request: &Request<pb::RegisterPractitionerRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RegisterPractitioner", PROGRAMME, request, &r.request_id, "")?;
    let (worker, command) = wire::register(ask.agency()?, r)?;
    api.desk.decide::<Practitioner>(&ask, worker.uuid(), command).await
}

pub(super) async fn change(
    api: &Api,
    request: &Request<pb::ChangePractitionerRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("ChangePractitioner", PROGRAMME, request, &r.request_id, &r.etag)?;
    let (worker, command) = wire::change(ask.agency()?, r)?;
    api.desk.decide::<Practitioner>(&ask, worker.uuid(), command).await
}

pub(super) async fn retire(
    api: &Api,
    request: &Request<pb::RetirePractitionerRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RetirePractitioner", PROGRAMME, request, &r.request_id, &r.etag)?;
    let (worker, command) = wire::retire(ask.agency()?, r)?;
    api.desk.decide::<Practitioner>(&ask, worker.uuid(), command).await
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetPractitionerRequest>,
) -> Result<pb::GetPractitionerResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let id = id("practitioner_id", &request.get_ref().practitioner_id)?;
    let found = api.read_practitioner(&caller, id).await?;
    let practitioner = found.ok_or_else(|| error::not_found("practitioner"))?;
    Ok(pb::GetPractitionerResponse { practitioner: Some(practitioner) })
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListPractitionersRequest>,
) -> Result<pb::ListPractitionersResponse, Status> {
    let caller = auth::admit(request, PROGRAMME)?;
    let r = request.get_ref();
    let agency = caller.speaks_for();
    let list = format!("ListPractitioners/{agency:?}/{}", r.modality);
    let after = api.pages.after(&list, &r.page_token)?;
    let size = page_size(r.page_size)?;
    api.view.wait(&r.at_least).await?;
    let (found, next) = api.view.practitioners(agency, &r.modality, &after, size).await?;
    let mut practitioners = Vec::with_capacity(found.len());
    for id in found {
        practitioners.extend(api.read_practitioner(&caller, id).await?);
    }
    let next_page_token = api.pages.next(&list, next);
    Ok(pb::ListPractitionersResponse { practitioners, next_page_token })
}
