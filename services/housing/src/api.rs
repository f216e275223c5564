//! The gRPC face: parse, execute or query, reply.
//! Invariant: no rule lives here; who may is asked of the role first and of the loaded record second.

mod read;

use kernel::{AgencyId, Role, UnitGroupId};
use platform::auth;
use platform::command::{Changes, Desk, Stream, id_of};
use platform::error::{self, BadField};
use platform::page::Pages;
use platform::wire::page_size;
use proto::housing as pb;
use proto::housing::housing_service_server::HousingService;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::domain::days::When;
use crate::domain::diary::Diary;
use crate::domain::group::{self, UnitGroup};
use crate::domain::living::{self, LivingSituation};
use crate::domain::placement::{self, Placement};
use crate::domain::tenancy::Refusal;
use crate::domain::unit::Unit;
use crate::domain::{CapacityId, LivingSituationId, PlacementId, UnitId, upkeep};
use crate::view::{Named, PlacementFilter, View};
use crate::{tenancies, wire};

/// Who may ask for things to happen.
const REQUEST: &[Role] = &[Role::Worker];
/// Who may speak for the person.
const SAY: &[Role] = &[Role::Worker, Role::Person];
/// Who may speak for an agency's programme.
const PROGRAMME: &[Role] = &[Role::Worker, Role::Operator];
/// Who may put down what happened elsewhere.
const RECORD: &[Role] = &[Role::Recorder];
/// Who may take back what was written.
const TAKE_BACK: &[Role] = &[Role::Worker, Role::Recorder];
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
}

fn id(field: &str, text: &str) -> Result<Uuid, BadField> {
    platform::wire::id::<PlacementId>(field, text).map(PlacementId::uuid)
}

/// A method that changes a unit group: role, parse, decide, reply.
macro_rules! changes_group {
    ($self:ident, $request:ident, $method:literal, $roles:expr, $response:ident, |$r:ident, $ask:ident| $parse:expr) => {{
        let $r = $request.get_ref();
        let $ask = $self.desk.ask($method, $roles, &$request, &$r.request_id, &$r.etag)?;
        let (group, command): (Uuid, group::Command) = $parse;
        let done = $self.desk.decide::<UnitGroup>(&$ask, group, command).await?;
        Ok(Response::new(pb::$response { written: Some(done.into()) }))
    }};
}

/// A method that changes a placement: role, parse, change, reply.
macro_rules! changes_placement {
    ($self:ident, $request:ident, $method:literal, $roles:expr, $response:ident, |$r:ident, $ask:ident| $parse:expr) => {{
        let $r = $request.get_ref();
        let $ask = $self.desk.ask($method, $roles, &$request, &$r.request_id, &$r.etag)?;
        let (placement, command) = $parse?;
        let done = tenancies::change(&$self.desk, &$ask, placement, command).await?;
        Ok(Response::new(pb::$response { written: Some(done.into()) }))
    }};
}

/// A method that changes a unit or its diary: role, parse, decide over both, reply about the unit.
macro_rules! changes_unit {
    ($self:ident, $request:ident, $method:literal, $response:ident, |$r:ident, $ask:ident| $given:expr, |$unit:ident, $diary:ident, $asked:ident| $decide:expr) => {{
        let $r = $request.get_ref();
        let $ask = $self.desk.ask($method, PROGRAMME, &$request, &$r.request_id, &$r.etag)?;
        let unit = id("unit_id", &$r.unit_id)?;
        let $asked = $given;
        let streams = (Stream::<Unit>::of(unit), Stream::<Diary>::of(unit));
        let done = $self.desk.execute(&$ask, id_of::<Unit>(unit), streams, |($unit, $diary)| {
            let decided: Result<upkeep::Decided, Refusal> = $decide;
            let decided = decided?;
            Ok::<_, Refusal>(
                Changes::none().write::<Unit>($unit, decided.unit).write::<Diary>($diary, decided.diary),
            )
        });
        Ok(Response::new(pb::$response { written: Some(done.await?.into()) }))
    }};
}

#[tonic::async_trait]
impl HousingService for Api {
    async fn publish_unit_group(
        &self,
        request: Request<pb::PublishUnitGroupRequest>,
    ) -> Result<Response<pb::PublishUnitGroupResponse>, Status> {
        changes_group!(self, request, "PublishUnitGroup", PROGRAMME, PublishUnitGroupResponse, |r, ask| {
            let group = platform::wire::optional_id("unit_group_id", &r.unit_group_id)?;
            let group = group.unwrap_or_else(|| UnitGroupId::new(Uuid::now_v7()));
            (group.uuid(), wire::publish_group(group, ask.agency()?, r)?)
        })
    }

    async fn set_capacity(
        &self,
        request: Request<pb::SetCapacityRequest>,
    ) -> Result<Response<pb::SetCapacityResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("SetCapacity", PROGRAMME, &request, &r.request_id, &r.etag)?;
        let capacity = platform::wire::optional_id("capacity_id", &r.capacity_id)?;
        let capacity = capacity.unwrap_or_else(|| CapacityId::new(tenancies::made_by(&ask, "capacity")));
        let (group, command) = wire::set_capacity(capacity, ask.agency()?, r)?;
        let done = self.desk.decide::<UnitGroup>(&ask, group.uuid(), command).await?;
        let capacity_id = capacity.to_string();
        Ok(Response::new(pb::SetCapacityResponse { written: Some(done.into()), capacity_id }))
    }

    async fn close_unit_group(
        &self,
        request: Request<pb::CloseUnitGroupRequest>,
    ) -> Result<Response<pb::CloseUnitGroupResponse>, Status> {
        changes_group!(self, request, "CloseUnitGroup", PROGRAMME, CloseUnitGroupResponse, |r, ask| {
            (id("unit_group_id", &r.unit_group_id)?, group::Command::Close { agency: ask.agency()? })
        })
    }

    async fn record_unit_group(
        &self,
        request: Request<pb::RecordUnitGroupRequest>,
    ) -> Result<Response<pb::RecordUnitGroupResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("RecordUnitGroup", RECORD, &request, &r.request_id, "")?;
        let (fact, source) = self.desk.source(&ask.caller, r.source.as_ref())?;
        let command = wire::record_group(UnitGroupId::new(fact), ask.agency()?, r)?;
        let done = self.desk.decide::<UnitGroup>(&ask.from_source(source), fact, command).await?;
        Ok(Response::new(pb::RecordUnitGroupResponse { written: Some(done.into()) }))
    }

    async fn record_capacity(
        &self,
        request: Request<pb::RecordCapacityRequest>,
    ) -> Result<Response<pb::RecordCapacityResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("RecordCapacity", RECORD, &request, &r.request_id, "")?;
        let (fact, source) = self.desk.source(&ask.caller, r.source.as_ref())?;
        let (group, command) = wire::record_capacity(CapacityId::new(fact), ask.agency()?, r)?;
        let done = self.desk.decide::<UnitGroup>(&ask.from_source(source), group.uuid(), command).await?;
        let capacity_id = fact.to_string();
        Ok(Response::new(pb::RecordCapacityResponse { written: Some(done.into()), capacity_id }))
    }

    async fn mark_capacity_entered_in_error(
        &self,
        request: Request<pb::MarkCapacityEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkCapacityEnteredInErrorResponse>, Status> {
        changes_group!(
            self,
            request,
            "MarkCapacityEnteredInError",
            TAKE_BACK,
            MarkCapacityEnteredInErrorResponse,
            |r, ask| {
                let named = self.desk.named(&ask.caller, "capacity_id", &r.capacity_id, r.source.as_ref());
                let capacity = CapacityId::new(named?);
                let command =
                    group::Command::MarkCapacityEnteredInError { agency: ask.agency()?, id: capacity };
                (id("unit_group_id", &r.unit_group_id)?, command)
            }
        )
    }

    async fn mark_unit_group_entered_in_error(
        &self,
        request: Request<pb::MarkUnitGroupEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkUnitGroupEnteredInErrorResponse>, Status> {
        changes_group!(
            self,
            request,
            "MarkUnitGroupEnteredInError",
            TAKE_BACK,
            MarkUnitGroupEnteredInErrorResponse,
            |r, ask| {
                let command = group::Command::MarkEnteredInError { agency: ask.agency()? };
                let named =
                    self.desk.named(&ask.caller, "unit_group_id", &r.unit_group_id, r.source.as_ref());
                (named?, command)
            }
        )
    }

    async fn get_unit_group(
        &self,
        request: Request<pb::GetUnitGroupRequest>,
    ) -> Result<Response<pb::GetUnitGroupResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let r = request.get_ref();
        self.view.wait(&r.at_least).await?;
        let on = platform::wire::optional_day("on", r.on.as_ref())?;
        let group =
            self.named(&caller, Named::Group, "unit_group_id", &r.unit_group_id, r.identifier.as_ref());
        let group = self.read_group(&caller, group.await?, on).await?;
        let unit_group = Some(group.ok_or_else(|| error::not_found("unit group"))?);
        Ok(Response::new(pb::GetUnitGroupResponse { unit_group }))
    }

    async fn list_unit_groups(
        &self,
        request: Request<pb::ListUnitGroupsRequest>,
    ) -> Result<Response<pb::ListUnitGroupsResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let r = request.get_ref();
        let agency = platform::wire::optional_id("agency_id", &r.agency_id)?;
        let list = format!("ListUnitGroups/{agency:?}");
        let after = self.pages.after(&list, &r.page_token)?;
        self.view.wait(&r.at_least).await?;
        let (found, next) = self.view.groups(agency, &after, page_size(r.page_size)?).await?;
        let mut unit_groups = Vec::with_capacity(found.len());
        for group in found {
            unit_groups.extend(self.read_group(&caller, group, None).await?);
        }
        let next_page_token = self.pages.next(&list, next);
        Ok(Response::new(pb::ListUnitGroupsResponse { unit_groups, next_page_token }))
    }

    async fn publish_unit(
        &self,
        request: Request<pb::PublishUnitRequest>,
    ) -> Result<Response<pb::PublishUnitResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("PublishUnit", PROGRAMME, &request, &r.request_id, &r.etag)?;
        let unit = platform::wire::optional_id("unit_id", &r.unit_id)?;
        let unit = unit.unwrap_or_else(|| UnitId::new(Uuid::now_v7()));
        let (belongs, content) = wire::publish_unit(unit, ask.agency()?, r)?;
        let streams = (
            Stream::<UnitGroup>::of(belongs.group.uuid()),
            Stream::<Unit>::of(unit.uuid()),
            Stream::<Diary>::of(unit.uuid()),
        );
        let done = self.desk.execute(&ask, id_of::<Unit>(unit.uuid()), streams, |(group, unit, diary)| {
            let decided = upkeep::publish(group, unit, diary, belongs, content.clone())?;
            Ok::<_, Refusal>(
                Changes::none().write::<Unit>(unit, decided.unit).write::<Diary>(diary, decided.diary),
            )
        });
        Ok(Response::new(pb::PublishUnitResponse { written: Some(done.await?.into()) }))
    }

    async fn take_unit_out_of_service(
        &self,
        request: Request<pb::TakeUnitOutOfServiceRequest>,
    ) -> Result<Response<pb::TakeUnitOutOfServiceResponse>, Status> {
        changes_unit!(
            self,
            request,
            "TakeUnitOutOfService",
            TakeUnitOutOfServiceResponse,
            |r, ask| {
                let from = wire::when("from", r.from.as_ref(), ask.at)?;
                let until = platform::wire::optional_day("until", r.until.as_ref())?;
                (ask.agency()?, from, until, wire::out_of_service_reason("reason", r.reason)?)
            },
            |_unit, diary, asked| {
                let (agency, from, until, reason) = asked;
                let diary = upkeep::take_out(diary, agency, from, until, reason)?;
                Ok(upkeep::Decided { unit: vec![], diary })
            }
        )
    }

    async fn return_unit_to_service(
        &self,
        request: Request<pb::ReturnUnitToServiceRequest>,
    ) -> Result<Response<pb::ReturnUnitToServiceResponse>, Status> {
        changes_unit!(
            self,
            request,
            "ReturnUnitToService",
            ReturnUnitToServiceResponse,
            |r, ask| (ask.agency()?, wire::when("from", r.from.as_ref(), ask.at)?),
            |_unit, diary, asked| {
                let diary = upkeep::put_back(diary, asked.0, asked.1)?;
                Ok(upkeep::Decided { unit: vec![], diary })
            }
        )
    }

    async fn archive_unit(
        &self,
        request: Request<pb::ArchiveUnitRequest>,
    ) -> Result<Response<pb::ArchiveUnitResponse>, Status> {
        changes_unit!(
            self,
            request,
            "ArchiveUnit",
            ArchiveUnitResponse,
            |r, ask| (ask.agency()?, When { on: None, now: ask.at }),
            |unit, diary, asked| { upkeep::archive(unit, diary, asked.0, asked.1) }
        )
    }

    async fn mark_unit_entered_in_error(
        &self,
        request: Request<pb::MarkUnitEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkUnitEnteredInErrorResponse>, Status> {
        changes_unit!(
            self,
            request,
            "MarkUnitEnteredInError",
            MarkUnitEnteredInErrorResponse,
            |r, ask| ask.agency()?,
            |unit, diary, asked| { upkeep::mark_entered_in_error(unit, diary, asked) }
        )
    }

    async fn get_unit(
        &self,
        request: Request<pb::GetUnitRequest>,
    ) -> Result<Response<pb::GetUnitResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let r = request.get_ref();
        self.view.wait(&r.at_least).await?;
        let on = platform::wire::optional_day("on", r.on.as_ref())?;
        let unit = self.named(&caller, Named::Unit, "unit_id", &r.unit_id, r.identifier.as_ref()).await?;
        let unit = self.read_unit(&caller, unit, on).await?;
        let unit = Some(unit.ok_or_else(|| error::not_found("unit"))?);
        Ok(Response::new(pb::GetUnitResponse { unit }))
    }

    async fn list_units(
        &self,
        request: Request<pb::ListUnitsRequest>,
    ) -> Result<Response<pb::ListUnitsResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let r = request.get_ref();
        let group: UnitGroupId = platform::wire::id("unit_group_id", &r.unit_group_id)?;
        let on = platform::wire::optional_day("on", r.on.as_ref())?;
        let list = format!("ListUnits/{group}/{on:?}");
        let after = self.pages.after(&list, &r.page_token)?;
        self.view.wait(&r.at_least).await?;
        let (found, next) = self.view.units(group, &after, page_size(r.page_size)?).await?;
        let mut units = Vec::with_capacity(found.len());
        for unit in found {
            units.extend(self.read_unit(&caller, unit, on).await?);
        }
        let next_page_token = self.pages.next(&list, next);
        Ok(Response::new(pb::ListUnitsResponse { units, next_page_token }))
    }

    async fn match_placement(
        &self,
        request: Request<pb::MatchPlacementRequest>,
    ) -> Result<Response<pb::MatchPlacementResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("MatchPlacement", REQUEST, &request, &r.request_id, "")?;
        ask.agency()?;
        let matching = wire::match_placement(ask.at, r)?;
        let group = matching.group;
        // Named by the request, so that a retry replies the same ids.
        let matching = matching.ask(ask.by(), |what| tenancies::made_by(&ask, what));
        let subject = tenancies::made_by(&ask, "placement-0");
        let streams = tenancies::household_streams(group, &matching);
        let done = self.desk.execute(&ask, id_of::<Placement>(subject), streams, |household| {
            tenancies::match_household(&self.desk, household, &matching)
        });
        let written = Some(done.await?.into());
        let placement_ids = matching.members.iter().map(|(id, _, _)| id.to_string()).collect();
        let household_id = matching.household.to_string();
        Ok(Response::new(pb::MatchPlacementResponse { written, placement_ids, household_id }))
    }

    async fn assign_unit(
        &self,
        request: Request<pb::AssignUnitRequest>,
    ) -> Result<Response<pb::AssignUnitResponse>, Status> {
        changes_placement!(self, request, "AssignUnit", REQUEST, AssignUnitResponse, |r, ask| wire::assign(
            ask.by(),
            ask.at,
            r
        ))
    }

    async fn offer_placement(
        &self,
        request: Request<pb::OfferPlacementRequest>,
    ) -> Result<Response<pb::OfferPlacementResponse>, Status> {
        changes_placement!(self, request, "OfferPlacement", REQUEST, OfferPlacementResponse, |r, ask| {
            wire::offer(ask.by(), ask.at, r)
        })
    }

    async fn accept_placement(
        &self,
        request: Request<pb::AcceptPlacementRequest>,
    ) -> Result<Response<pb::AcceptPlacementResponse>, Status> {
        changes_placement!(self, request, "AcceptPlacement", SAY, AcceptPlacementResponse, |r, ask| {
            wire::accept(ask.by(), ask.at, r)
        })
    }

    async fn decline_placement(
        &self,
        request: Request<pb::DeclinePlacementRequest>,
    ) -> Result<Response<pb::DeclinePlacementResponse>, Status> {
        changes_placement!(self, request, "DeclinePlacement", SAY, DeclinePlacementResponse, |r, ask| {
            wire::decline(ask.by(), ask.at, r)
        })
    }

    async fn refuse_placement(
        &self,
        request: Request<pb::RefusePlacementRequest>,
    ) -> Result<Response<pb::RefusePlacementResponse>, Status> {
        changes_placement!(self, request, "RefusePlacement", REQUEST, RefusePlacementResponse, |r, ask| {
            wire::refuse(ask.by(), ask.at, r)
        })
    }

    async fn mark_placement_not_arrived(
        &self,
        request: Request<pb::MarkPlacementNotArrivedRequest>,
    ) -> Result<Response<pb::MarkPlacementNotArrivedResponse>, Status> {
        changes_placement!(
            self,
            request,
            "MarkPlacementNotArrived",
            REQUEST,
            MarkPlacementNotArrivedResponse,
            |r, ask| wire::not_arrived(ask.by(), ask.at, r)
        )
    }

    async fn cancel_placement(
        &self,
        request: Request<pb::CancelPlacementRequest>,
    ) -> Result<Response<pb::CancelPlacementResponse>, Status> {
        changes_placement!(self, request, "CancelPlacement", REQUEST, CancelPlacementResponse, |r, ask| {
            wire::cancel(ask.by(), ask.at, r)
        })
    }

    async fn withdraw_placement(
        &self,
        request: Request<pb::WithdrawPlacementRequest>,
    ) -> Result<Response<pb::WithdrawPlacementResponse>, Status> {
        changes_placement!(self, request, "WithdrawPlacement", SAY, WithdrawPlacementResponse, |r, ask| {
            wire::withdraw(ask.by(), ask.at, r)
        })
    }

    async fn admit_placement(
        &self,
        request: Request<pb::AdmitPlacementRequest>,
    ) -> Result<Response<pb::AdmitPlacementResponse>, Status> {
        changes_placement!(self, request, "AdmitPlacement", REQUEST, AdmitPlacementResponse, |r, ask| {
            wire::admit(ask.by(), ask.at, r)
        })
    }

    async fn move_in_placement(
        &self,
        request: Request<pb::MoveInPlacementRequest>,
    ) -> Result<Response<pb::MoveInPlacementResponse>, Status> {
        changes_placement!(self, request, "MoveInPlacement", REQUEST, MoveInPlacementResponse, |r, ask| {
            wire::move_in(ask.by(), ask.at, r)
        })
    }

    async fn exit_placement(
        &self,
        request: Request<pb::ExitPlacementRequest>,
    ) -> Result<Response<pb::ExitPlacementResponse>, Status> {
        changes_placement!(self, request, "ExitPlacement", REQUEST, ExitPlacementResponse, |r, ask| {
            wire::exit(ask.by(), ask.at, self.desk.secret(), r)
        })
    }

    async fn add_nights(
        &self,
        request: Request<pb::AddNightsRequest>,
    ) -> Result<Response<pb::AddNightsResponse>, Status> {
        changes_placement!(self, request, "AddNights", REQUEST, AddNightsResponse, |r, ask| wire::add_nights(
            ask.by(),
            ask.at,
            r
        ))
    }

    async fn record_placement(
        &self,
        request: Request<pb::RecordPlacementRequest>,
    ) -> Result<Response<pb::RecordPlacementResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("RecordPlacement", RECORD, &request, &r.request_id, "")?;
        let (fact, source) = self.desk.source(&ask.caller, r.source.as_ref())?;
        let recording = wire::record(PlacementId::new(fact), self.desk.secret(), r)?;
        let agency = ask.agency()?;
        let done = tenancies::record(&self.desk, &ask.from_source(source), agency, &recording).await?;
        Ok(Response::new(pb::RecordPlacementResponse { written: Some(done.into()) }))
    }

    async fn record_nights(
        &self,
        request: Request<pb::RecordNightsRequest>,
    ) -> Result<Response<pb::RecordNightsResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("RecordNights", RECORD, &request, &r.request_id, "")?;
        let (_, source) = self.desk.source(&ask.caller, r.source.as_ref())?;
        let (placement, command) = wire::record_nights(ask.by(), r)?;
        let done = tenancies::change(&self.desk, &ask.from_source(source), placement, command).await?;
        let untold_days = match r.others_stay {
            true => wire::untold_days(&*self.desk.load::<Placement>(placement.uuid()).await?, r),
            false => vec![],
        };
        Ok(Response::new(pb::RecordNightsResponse { written: Some(done.into()), untold_days }))
    }

    async fn mark_nights_entered_in_error(
        &self,
        request: Request<pb::MarkNightsEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkNightsEnteredInErrorResponse>, Status> {
        changes_placement!(
            self,
            request,
            "MarkNightsEnteredInError",
            TAKE_BACK,
            MarkNightsEnteredInErrorResponse,
            |r, ask| wire::mark_nights_entered_in_error(ask.by(), r)
        )
    }

    async fn mark_placement_entered_in_error(
        &self,
        request: Request<pb::MarkPlacementEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkPlacementEnteredInErrorResponse>, Status> {
        changes_placement!(
            self,
            request,
            "MarkPlacementEnteredInError",
            TAKE_BACK,
            MarkPlacementEnteredInErrorResponse,
            |r, ask| self
                .desk
                .named(&ask.caller, "placement_id", &r.placement_id, r.source.as_ref())
                .map(|id| (PlacementId::new(id), placement::Command::MarkEnteredInError { by: ask.by() }))
        )
    }

    async fn get_placement(
        &self,
        request: Request<pb::GetPlacementRequest>,
    ) -> Result<Response<pb::GetPlacementResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let placement = id("placement_id", &request.get_ref().placement_id)?;
        let placement = self.read_placement(&caller, placement).await?;
        let placement = Some(placement.ok_or_else(|| error::not_found("placement"))?);
        Ok(Response::new(pb::GetPlacementResponse { placement }))
    }

    async fn list_placements(
        &self,
        request: Request<pb::ListPlacementsRequest>,
    ) -> Result<Response<pb::ListPlacementsResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let r = request.get_ref();
        let states = wire::state_numbers(&r.states)?;
        let group = platform::wire::optional_id("unit_group_id", &r.unit_group_id)?;
        let agency: Option<AgencyId> = caller.speaks_for();
        let person = match (agency, caller.person()) {
            (None, Some(own)) => Some(own),
            (None, None) | (Some(_), _) => platform::wire::optional_id("person_id", &r.person_id)?,
        };
        if agency.is_none() && person.is_none() {
            let why = "is missing; whoever speaks for no agency lists one person's";
            return Err(error::bad_field("person_id", why));
        }
        let list = format!("ListPlacements/{agency:?}/{person:?}/{group:?}/{states:?}");
        let after = self.pages.after(&list, &r.page_token)?;
        let size = page_size(r.page_size)?;
        self.view.wait(&r.at_least).await?;
        let filter = PlacementFilter { agency, person, group, states, after, size };
        let (found, next) = self.view.placements(&filter).await?;
        let mut placements = Vec::with_capacity(found.len());
        for placement in found {
            placements.extend(self.read_placement(&caller, placement).await?);
        }
        let next_page_token = self.pages.next(&list, next);
        Ok(Response::new(pb::ListPlacementsResponse { placements, next_page_token }))
    }

    async fn note_living_situation(
        &self,
        request: Request<pb::NoteLivingSituationRequest>,
    ) -> Result<Response<pb::NoteLivingSituationResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("NoteLivingSituation", REQUEST, &request, &r.request_id, "")?;
        let situation = LivingSituationId::new(Uuid::now_v7());
        let command = wire::note_living(situation, ask.agency()?, ask.at, self.desk.secret(), r)?;
        self.desk.begins::<LivingSituation>(situation.uuid());
        let done = self.desk.decide::<LivingSituation>(&ask, situation.uuid(), command).await?;
        Ok(Response::new(pb::NoteLivingSituationResponse { written: Some(done.into()) }))
    }

    async fn record_living_situation(
        &self,
        request: Request<pb::RecordLivingSituationRequest>,
    ) -> Result<Response<pb::RecordLivingSituationResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("RecordLivingSituation", RECORD, &request, &r.request_id, "")?;
        let (fact, source) = self.desk.source(&ask.caller, r.source.as_ref())?;
        let situation = LivingSituationId::new(fact);
        let command = wire::record_living(situation, ask.agency()?, self.desk.secret(), r)?;
        let done = self.desk.decide::<LivingSituation>(&ask.from_source(source), fact, command).await?;
        Ok(Response::new(pb::RecordLivingSituationResponse { written: Some(done.into()) }))
    }

    async fn mark_living_situation_entered_in_error(
        &self,
        request: Request<pb::MarkLivingSituationEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkLivingSituationEnteredInErrorResponse>, Status> {
        let r = request.get_ref();
        let method = "MarkLivingSituationEnteredInError";
        let ask = self.desk.ask(method, TAKE_BACK, &request, &r.request_id, &r.etag)?;
        let (field, named) = ("living_situation_id", &r.living_situation_id);
        let situation = self.desk.named(&ask.caller, field, named, r.source.as_ref())?;
        let command = living::Command::MarkEnteredInError { by: ask.by() };
        let done = self.desk.decide::<LivingSituation>(&ask, situation, command).await?;
        Ok(Response::new(pb::MarkLivingSituationEnteredInErrorResponse { written: Some(done.into()) }))
    }

    async fn get_living_situation(
        &self,
        request: Request<pb::GetLivingSituationRequest>,
    ) -> Result<Response<pb::GetLivingSituationResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let situation = id("living_situation_id", &request.get_ref().living_situation_id)?;
        let situation = self.read_living_situation(&caller, situation).await?;
        let living_situation = Some(situation.ok_or_else(|| error::not_found("living situation"))?);
        Ok(Response::new(pb::GetLivingSituationResponse { living_situation }))
    }
}
