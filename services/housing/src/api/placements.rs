//! Placements: from match to exit, their nights, and those that others tell.
//! Invariant: a placement changes by `tenancies` alone, which moves the diaries and the household with it.

use platform::auth;
use platform::command::{Done, id_of};
use platform::error;
use platform::wire::page_size;
use proto::housing as pb;
use tonic::{Request, Status};

use super::{Api, READ, RECORD, REQUEST, SAY, TAKE_BACK, id};
use crate::domain::placement::{Command, Placement};
use crate::domain::{FactId, PlacementId};
use crate::view::PlacementFilter;
use crate::{tenancies, wire};

/// A method that changes a placement: role, parse, change.
macro_rules! changes {
    ($name:ident, $method:literal, $request:ident, $roles:ident, $parse:path) => {
        pub(super) async fn $name(api: &Api, request: &Request<pb::$request>) -> Result<Done, Status> {
            let r = request.get_ref();
            let ask = api.desk.ask($method, $roles, request, &r.request_id, &r.etag)?;
            let (placement, command) = $parse(ask.by(), ask.at, r)?;
            tenancies::change(&api.desk, &ask, placement, command).await
        }
    };
}

pub(super) async fn match_household(
    api: &Api,
    request: &Request<pb::MatchPlacementRequest>,
) -> Result<pb::MatchPlacementResponse, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("MatchPlacement", REQUEST, request, &r.request_id, "")?;
    ask.agency()?;
    let ask = ask.of_the_living(&api.people);
    let matching = wire::match_placement(ask.at, r)?;
    let group = matching.group;
    // Named by the request, so that a retry replies the same ids.
    let matching = matching.ask(ask.by(), |what| tenancies::made_by(&ask, what));
    let subject = tenancies::made_by(&ask, "placement-0");
    let streams = tenancies::household_streams(group, &matching);
    let done = api.desk.execute(&ask, id_of::<Placement>(subject), streams, |household| {
        tenancies::match_household(&api.desk, household, &matching)
    });
    let written = Some(done.await?.into());
    let placement_ids = matching.members.iter().map(|(id, _, _)| id.to_string()).collect();
    let household_id = matching.household.to_string();
    Ok(pb::MatchPlacementResponse { written, placement_ids, household_id })
}

changes!(assign_unit, "AssignUnit", AssignUnitRequest, REQUEST, wire::assign);
changes!(name_plan, "NamePlacementPlan", NamePlacementPlanRequest, REQUEST, wire::name_plan);

pub(super) async fn assign_worker(
    api: &Api,
    request: &Request<pb::AssignPlacementWorkerRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("AssignPlacementWorker", REQUEST, request, &r.request_id, &r.etag)?;
    let works_for = match wire::worker(r)? {
        Some(worker) => {
            // Who has just come, or left, may be news on its way.
            api.people.told_all().await?;
            api.people.works_for(worker).await?
        }
        None => None,
    };
    let (placement, command) = wire::assign_worker(ask.by(), ask.at, works_for, r)?;
    tenancies::change(&api.desk, &ask, placement, command).await
}

changes!(offer, "OfferPlacement", OfferPlacementRequest, REQUEST, wire::offer);
changes!(accept, "AcceptPlacement", AcceptPlacementRequest, SAY, wire::accept);
changes!(decline, "DeclinePlacement", DeclinePlacementRequest, SAY, wire::decline);
changes!(refuse, "RefusePlacement", RefusePlacementRequest, REQUEST, wire::refuse);
changes!(
    mark_not_arrived,
    "MarkPlacementNotArrived",
    MarkPlacementNotArrivedRequest,
    REQUEST,
    wire::not_arrived
);
changes!(cancel, "CancelPlacement", CancelPlacementRequest, REQUEST, wire::cancel);
changes!(withdraw, "WithdrawPlacement", WithdrawPlacementRequest, SAY, wire::withdraw);
changes!(admit, "AdmitPlacement", AdmitPlacementRequest, REQUEST, wire::admit);
changes!(move_in, "MoveInPlacement", MoveInPlacementRequest, REQUEST, wire::move_in);
changes!(add_nights, "AddNights", AddNightsRequest, REQUEST, wire::add_nights);

pub(super) async fn exit(api: &Api, request: &Request<pb::ExitPlacementRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("ExitPlacement", REQUEST, request, &r.request_id, &r.etag)?;
    let (placement, command) = wire::exit(ask.by(), ask.at, api.desk.secret(), r)?;
    tenancies::change(&api.desk, &ask, placement, command).await
}

pub(super) async fn record(api: &Api, request: &Request<pb::RecordPlacementRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RecordPlacement", RECORD, request, &r.request_id, "")?;
    let (fact, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let recording = wire::record(PlacementId::new(fact), api.desk.secret(), r)?;
    let agency = ask.agency()?;
    tenancies::record(&api.desk, &ask.from_source(source), agency, &recording).await
}

pub(super) async fn record_nights(
    api: &Api,
    request: &Request<pb::RecordNightsRequest>,
) -> Result<pb::RecordNightsResponse, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RecordNights", RECORD, request, &r.request_id, "")?;
    let (fact, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let (placement, command) = wire::record_nights(ask.by(), FactId::new(fact), r)?;
    let done = tenancies::change(&api.desk, &ask.from_source(source), placement, command).await?;
    let untold_days = match r.others_stay {
        true => wire::untold_days(&*api.desk.load::<Placement>(placement.uuid()).await?, r),
        false => vec![],
    };
    Ok(pb::RecordNightsResponse { written: Some(done.into()), untold_days })
}

pub(super) async fn mark_nights_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkNightsEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("MarkNightsEnteredInError", TAKE_BACK, request, &r.request_id, &r.etag)?;
    let (placement, command) = wire::mark_nights_entered_in_error(ask.by(), r)?;
    tenancies::change(&api.desk, &ask, placement, command).await
}

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkPlacementEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("MarkPlacementEnteredInError", TAKE_BACK, request, &r.request_id, &r.etag)?;
    let named = api.desk.named(&ask.caller, "placement_id", &r.placement_id, r.source.as_ref())?;
    let command = Command::MarkEnteredInError { by: ask.by() };
    tenancies::change(&api.desk, &ask, PlacementId::new(named), command).await
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetPlacementRequest>,
) -> Result<pb::GetPlacementResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let placement = id("placement_id", &request.get_ref().placement_id)?;
    let placement = api.read_placement(&caller, placement).await?;
    let placement = Some(placement.ok_or_else(|| error::not_found("placement"))?);
    Ok(pb::GetPlacementResponse { placement })
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListPlacementsRequest>,
) -> Result<pb::ListPlacementsResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let r = request.get_ref();
    let states = wire::state_numbers(&r.states)?;
    let group = platform::wire::optional_id("unit_group_id", &r.unit_group_id)?;
    let worker = platform::wire::optional_id("worker_id", &r.worker_id)?;
    let agency = caller.lists_for();
    let person = match (agency, caller.person()) {
        (None, Some(own)) => Some(own),
        (None, None) | (Some(_), _) => platform::wire::optional_id("person_id", &r.person_id)?,
    };
    if agency.is_none() && person.is_none() {
        let why = "is missing; whoever speaks for no agency lists one person's";
        return Err(error::bad_field("person_id", why));
    }
    let list = format!("ListPlacements/{agency:?}/{person:?}/{group:?}/{worker:?}/{states:?}");
    let after = api.pages.after(&list, &r.page_token)?;
    let size = page_size(r.page_size)?;
    api.view.wait(&r.at_least).await?;
    if let (None, Some(person)) = (agency, person)
        && !api.people.may_find(&caller, person).await?
    {
        return Ok(pb::ListPlacementsResponse::default());
    }
    let filter = PlacementFilter { agency, person, group, worker, states, after, size };
    let (found, next) = api.view.placements(&filter).await?;
    let mut placements = Vec::with_capacity(found.len());
    for placement in found {
        placements.extend(api.read_placement(&caller, placement).await?);
    }
    let next_page_token = api.pages.next(&list, next);
    Ok(pb::ListPlacementsResponse { placements, next_page_token })
}
