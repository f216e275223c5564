//! Unit groups and their capacity.
//! Invariant: a capacity belongs to its group's stream; only the agency whose group it is changes either.

use kernel::UnitGroupId;
use platform::auth;
use platform::command::Done;
use platform::error;
use platform::wire::page_size;
use proto::housing as pb;
use tonic::{Request, Status};
use uuid::Uuid;

use super::{Api, PROGRAMME, READ, RECORD, TAKE_BACK, id};
use crate::domain::CapacityId;
use crate::domain::group::{Command, UnitGroup};
use crate::view::Named;
use crate::{tenancies, wire};

pub(super) async fn publish(
    api: &Api,
    request: &Request<pb::PublishUnitGroupRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("PublishUnitGroup", PROGRAMME, request, &r.request_id, &r.etag)?;
    let group = platform::wire::optional_id("unit_group_id", &r.unit_group_id)?;
    let group = group.unwrap_or_else(|| UnitGroupId::new(Uuid::now_v7()));
    let command = wire::publish_group(group, ask.agency()?, r)?;
    api.desk.decide::<UnitGroup>(&ask, group.uuid(), command).await
}

pub(super) async fn set_capacity(
    api: &Api,
    request: &Request<pb::SetCapacityRequest>,
) -> Result<pb::SetCapacityResponse, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("SetCapacity", PROGRAMME, request, &r.request_id, &r.etag)?;
    let capacity = platform::wire::optional_id("capacity_id", &r.capacity_id)?;
    let capacity = capacity.unwrap_or_else(|| CapacityId::new(tenancies::made_by(&ask, "capacity")));
    let (group, command) = wire::set_capacity(capacity, ask.agency()?, r)?;
    let done = api.desk.decide::<UnitGroup>(&ask, group.uuid(), command).await?;
    let capacity_id = capacity.to_string();
    Ok(pb::SetCapacityResponse { written: Some(done.into()), capacity_id })
}

pub(super) async fn close(api: &Api, request: &Request<pb::CloseUnitGroupRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("CloseUnitGroup", PROGRAMME, request, &r.request_id, &r.etag)?;
    let (group, command) = (id("unit_group_id", &r.unit_group_id)?, Command::Close { agency: ask.agency()? });
    api.desk.decide::<UnitGroup>(&ask, group, command).await
}

pub(super) async fn record(api: &Api, request: &Request<pb::RecordUnitGroupRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RecordUnitGroup", RECORD, request, &r.request_id, "")?;
    let (fact, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let command = wire::record_group(UnitGroupId::new(fact), ask.agency()?, r)?;
    api.desk.decide::<UnitGroup>(&ask.from_source(source), fact, command).await
}

pub(super) async fn record_capacity(
    api: &Api,
    request: &Request<pb::RecordCapacityRequest>,
) -> Result<pb::RecordCapacityResponse, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RecordCapacity", RECORD, request, &r.request_id, "")?;
    let (fact, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let (group, command) = wire::record_capacity(CapacityId::new(fact), ask.agency()?, r)?;
    let done = api.desk.decide::<UnitGroup>(&ask.from_source(source), group.uuid(), command).await?;
    let capacity_id = fact.to_string();
    Ok(pb::RecordCapacityResponse { written: Some(done.into()), capacity_id })
}

pub(super) async fn mark_capacity_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkCapacityEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("MarkCapacityEnteredInError", TAKE_BACK, request, &r.request_id, &r.etag)?;
    let named = api.desk.named(&ask.caller, "capacity_id", &r.capacity_id, r.source.as_ref())?;
    let command = Command::MarkCapacityEnteredInError { agency: ask.agency()?, id: CapacityId::new(named) };
    let group = id("unit_group_id", &r.unit_group_id)?;
    api.desk.decide::<UnitGroup>(&ask, group, command).await
}

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkUnitGroupEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("MarkUnitGroupEnteredInError", TAKE_BACK, request, &r.request_id, &r.etag)?;
    let command = Command::MarkEnteredInError { agency: ask.agency()? };
    let group = api.desk.named(&ask.caller, "unit_group_id", &r.unit_group_id, r.source.as_ref())?;
    api.desk.decide::<UnitGroup>(&ask, group, command).await
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetUnitGroupRequest>,
) -> Result<pb::GetUnitGroupResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let r = request.get_ref();
    api.view.wait(&r.at_least).await?;
    let on = platform::wire::optional_day("on", r.on.as_ref())?;
    let group = api.named(&caller, Named::Group, "unit_group_id", &r.unit_group_id, r.identifier.as_ref());
    let group = api.read_group(&caller, group.await?, on).await?;
    let unit_group = Some(group.ok_or_else(|| error::not_found("unit group"))?);
    Ok(pb::GetUnitGroupResponse { unit_group })
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListUnitGroupsRequest>,
) -> Result<pb::ListUnitGroupsResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let r = request.get_ref();
    let agency = platform::wire::optional_id("agency_id", &r.agency_id)?;
    let list = format!("ListUnitGroups/{agency:?}");
    let after = api.pages.after(&list, &r.page_token)?;
    api.view.wait(&r.at_least).await?;
    let (found, next) = api.view.groups(agency, &after, page_size(r.page_size)?).await?;
    let mut unit_groups = Vec::with_capacity(found.len());
    for group in found {
        unit_groups.extend(api.read_group(&caller, group, None).await?);
    }
    let next_page_token = api.pages.next(&list, next);
    Ok(pb::ListUnitGroupsResponse { unit_groups, next_page_token })
}
