//! The gRPC face: parse, execute or query, reply.
//! Invariant: no rule lives here; who may is asked of the role first and of the loaded record second.

mod groups;
mod living;
mod placements;
mod read;
mod units;

use kernel::Role;
use platform::command::Desk;
use platform::error::BadField;
use platform::page::Pages;
use platform::people::People;
use platform::{replies, writes};
use proto::housing as pb;
use proto::housing::housing_service_server::HousingService;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::domain::PlacementId;
use crate::view::View;

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
    people: People,
    pages: Pages,
}

impl Api {
    /// A face over a desk, the service's own lists, and who is restricted.
    pub fn new(desk: Desk, view: View, people: People) -> Self {
        let pages = Pages::new(desk.secret());
        Self { desk, view, people, pages }
    }
}

fn id(field: &str, text: &str) -> Result<Uuid, BadField> {
    platform::wire::id::<PlacementId>(field, text).map(PlacementId::uuid)
}

#[tonic::async_trait]
impl HousingService for Api {
    async fn publish_unit_group(
        &self,
        request: Request<pb::PublishUnitGroupRequest>,
    ) -> Result<Response<pb::PublishUnitGroupResponse>, Status> {
        writes!(self, request, groups::publish, pb::PublishUnitGroupResponse)
    }

    async fn set_capacity(
        &self,
        request: Request<pb::SetCapacityRequest>,
    ) -> Result<Response<pb::SetCapacityResponse>, Status> {
        replies!(self, request, groups::set_capacity)
    }

    async fn close_unit_group(
        &self,
        request: Request<pb::CloseUnitGroupRequest>,
    ) -> Result<Response<pb::CloseUnitGroupResponse>, Status> {
        writes!(self, request, groups::close, pb::CloseUnitGroupResponse)
    }

    async fn record_unit_group(
        &self,
        request: Request<pb::RecordUnitGroupRequest>,
    ) -> Result<Response<pb::RecordUnitGroupResponse>, Status> {
        writes!(self, request, groups::record, pb::RecordUnitGroupResponse)
    }

    async fn record_capacity(
        &self,
        request: Request<pb::RecordCapacityRequest>,
    ) -> Result<Response<pb::RecordCapacityResponse>, Status> {
        replies!(self, request, groups::record_capacity)
    }

    async fn mark_capacity_entered_in_error(
        &self,
        request: Request<pb::MarkCapacityEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkCapacityEnteredInErrorResponse>, Status> {
        writes!(self, request, groups::mark_capacity_entered_in_error, pb::MarkCapacityEnteredInErrorResponse)
    }

    async fn mark_unit_group_entered_in_error(
        &self,
        request: Request<pb::MarkUnitGroupEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkUnitGroupEnteredInErrorResponse>, Status> {
        writes!(self, request, groups::mark_entered_in_error, pb::MarkUnitGroupEnteredInErrorResponse)
    }

    async fn get_unit_group(
        &self,
        request: Request<pb::GetUnitGroupRequest>,
    ) -> Result<Response<pb::GetUnitGroupResponse>, Status> {
        replies!(self, request, groups::get)
    }

    async fn list_unit_groups(
        &self,
        request: Request<pb::ListUnitGroupsRequest>,
    ) -> Result<Response<pb::ListUnitGroupsResponse>, Status> {
        replies!(self, request, groups::list)
    }

    async fn publish_unit(
        &self,
        request: Request<pb::PublishUnitRequest>,
    ) -> Result<Response<pb::PublishUnitResponse>, Status> {
        writes!(self, request, units::publish, pb::PublishUnitResponse)
    }

    async fn take_unit_out_of_service(
        &self,
        request: Request<pb::TakeUnitOutOfServiceRequest>,
    ) -> Result<Response<pb::TakeUnitOutOfServiceResponse>, Status> {
        writes!(self, request, units::take_out_of_service, pb::TakeUnitOutOfServiceResponse)
    }

    async fn return_unit_to_service(
        &self,
        request: Request<pb::ReturnUnitToServiceRequest>,
    ) -> Result<Response<pb::ReturnUnitToServiceResponse>, Status> {
        writes!(self, request, units::return_to_service, pb::ReturnUnitToServiceResponse)
    }

    async fn archive_unit(
        &self,
        request: Request<pb::ArchiveUnitRequest>,
    ) -> Result<Response<pb::ArchiveUnitResponse>, Status> {
        writes!(self, request, units::archive, pb::ArchiveUnitResponse)
    }

    async fn mark_unit_entered_in_error(
        &self,
        request: Request<pb::MarkUnitEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkUnitEnteredInErrorResponse>, Status> {
        writes!(self, request, units::mark_entered_in_error, pb::MarkUnitEnteredInErrorResponse)
    }

    async fn get_unit(
        &self,
        request: Request<pb::GetUnitRequest>,
    ) -> Result<Response<pb::GetUnitResponse>, Status> {
        replies!(self, request, units::get)
    }

    async fn list_units(
        &self,
        request: Request<pb::ListUnitsRequest>,
    ) -> Result<Response<pb::ListUnitsResponse>, Status> {
        replies!(self, request, units::list)
    }

    async fn match_placement(
        &self,
        request: Request<pb::MatchPlacementRequest>,
    ) -> Result<Response<pb::MatchPlacementResponse>, Status> {
        replies!(self, request, placements::match_household)
    }

    async fn assign_unit(
        &self,
        request: Request<pb::AssignUnitRequest>,
    ) -> Result<Response<pb::AssignUnitResponse>, Status> {
        writes!(self, request, placements::assign_unit, pb::AssignUnitResponse)
    }

    async fn name_placement_plan(
        &self,
        request: Request<pb::NamePlacementPlanRequest>,
    ) -> Result<Response<pb::NamePlacementPlanResponse>, Status> {
        writes!(self, request, placements::name_plan, pb::NamePlacementPlanResponse)
    }

    async fn offer_placement(
        &self,
        request: Request<pb::OfferPlacementRequest>,
    ) -> Result<Response<pb::OfferPlacementResponse>, Status> {
        writes!(self, request, placements::offer, pb::OfferPlacementResponse)
    }

    async fn accept_placement(
        &self,
        request: Request<pb::AcceptPlacementRequest>,
    ) -> Result<Response<pb::AcceptPlacementResponse>, Status> {
        writes!(self, request, placements::accept, pb::AcceptPlacementResponse)
    }

    async fn decline_placement(
        &self,
        request: Request<pb::DeclinePlacementRequest>,
    ) -> Result<Response<pb::DeclinePlacementResponse>, Status> {
        writes!(self, request, placements::decline, pb::DeclinePlacementResponse)
    }

    async fn refuse_placement(
        &self,
        request: Request<pb::RefusePlacementRequest>,
    ) -> Result<Response<pb::RefusePlacementResponse>, Status> {
        writes!(self, request, placements::refuse, pb::RefusePlacementResponse)
    }

    async fn mark_placement_not_arrived(
        &self,
        request: Request<pb::MarkPlacementNotArrivedRequest>,
    ) -> Result<Response<pb::MarkPlacementNotArrivedResponse>, Status> {
        writes!(self, request, placements::mark_not_arrived, pb::MarkPlacementNotArrivedResponse)
    }

    async fn cancel_placement(
        &self,
        request: Request<pb::CancelPlacementRequest>,
    ) -> Result<Response<pb::CancelPlacementResponse>, Status> {
        writes!(self, request, placements::cancel, pb::CancelPlacementResponse)
    }

    async fn withdraw_placement(
        &self,
        request: Request<pb::WithdrawPlacementRequest>,
    ) -> Result<Response<pb::WithdrawPlacementResponse>, Status> {
        writes!(self, request, placements::withdraw, pb::WithdrawPlacementResponse)
    }

    async fn admit_placement(
        &self,
        request: Request<pb::AdmitPlacementRequest>,
    ) -> Result<Response<pb::AdmitPlacementResponse>, Status> {
        writes!(self, request, placements::admit, pb::AdmitPlacementResponse)
    }

    async fn move_in_placement(
        &self,
        request: Request<pb::MoveInPlacementRequest>,
    ) -> Result<Response<pb::MoveInPlacementResponse>, Status> {
        writes!(self, request, placements::move_in, pb::MoveInPlacementResponse)
    }

    async fn exit_placement(
        &self,
        request: Request<pb::ExitPlacementRequest>,
    ) -> Result<Response<pb::ExitPlacementResponse>, Status> {
        writes!(self, request, placements::exit, pb::ExitPlacementResponse)
    }

    async fn add_nights(
        &self,
        request: Request<pb::AddNightsRequest>,
    ) -> Result<Response<pb::AddNightsResponse>, Status> {
        writes!(self, request, placements::add_nights, pb::AddNightsResponse)
    }

    async fn record_placement(
        &self,
        request: Request<pb::RecordPlacementRequest>,
    ) -> Result<Response<pb::RecordPlacementResponse>, Status> {
        writes!(self, request, placements::record, pb::RecordPlacementResponse)
    }

    async fn record_nights(
        &self,
        request: Request<pb::RecordNightsRequest>,
    ) -> Result<Response<pb::RecordNightsResponse>, Status> {
        replies!(self, request, placements::record_nights)
    }

    async fn mark_nights_entered_in_error(
        &self,
        request: Request<pb::MarkNightsEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkNightsEnteredInErrorResponse>, Status> {
        writes!(self, request, placements::mark_nights_entered_in_error, pb::MarkNightsEnteredInErrorResponse)
    }

    async fn mark_placement_entered_in_error(
        &self,
        request: Request<pb::MarkPlacementEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkPlacementEnteredInErrorResponse>, Status> {
        writes!(self, request, placements::mark_entered_in_error, pb::MarkPlacementEnteredInErrorResponse)
    }

    async fn get_placement(
        &self,
        request: Request<pb::GetPlacementRequest>,
    ) -> Result<Response<pb::GetPlacementResponse>, Status> {
        replies!(self, request, placements::get)
    }

    async fn list_placements(
        &self,
        request: Request<pb::ListPlacementsRequest>,
    ) -> Result<Response<pb::ListPlacementsResponse>, Status> {
        replies!(self, request, placements::list)
    }

    async fn note_living_situation(
        &self,
        request: Request<pb::NoteLivingSituationRequest>,
    ) -> Result<Response<pb::NoteLivingSituationResponse>, Status> {
        writes!(self, request, living::note, pb::NoteLivingSituationResponse)
    }

    async fn record_living_situation(
        &self,
        request: Request<pb::RecordLivingSituationRequest>,
    ) -> Result<Response<pb::RecordLivingSituationResponse>, Status> {
        writes!(self, request, living::record, pb::RecordLivingSituationResponse)
    }

    async fn mark_living_situation_entered_in_error(
        &self,
        request: Request<pb::MarkLivingSituationEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkLivingSituationEnteredInErrorResponse>, Status> {
        writes!(self, request, living::mark_entered_in_error, pb::MarkLivingSituationEnteredInErrorResponse)
    }

    async fn get_living_situation(
        &self,
        request: Request<pb::GetLivingSituationRequest>,
    ) -> Result<Response<pb::GetLivingSituationResponse>, Status> {
        replies!(self, request, living::get)
    }
}
