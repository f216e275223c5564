//! The gRPC face: parse, execute or query, reply.
//! Invariant: no rule lives here; who may is asked of the role first and of the loaded record second.

mod assignment;
mod disclosures;
mod inbox;
mod linked;
mod matching;
mod offers;
mod participations;
mod referrals;

use kernel::{AgencyId, Caller, PersonId, Role};
use platform::command::Desk;
use platform::error::BadField;
use platform::page::Pages;
use platform::{replies, writes};
use proto::referrals as pb;
use proto::referrals::referrals_service_server::ReferralsService;
use tonic::{Request, Response, Status};

use crate::domain::ReferralId;
use crate::view::View;

/// Who may ask for things to happen.
const REQUEST: &[Role] = &[Role::Worker, Role::Person];
/// Who may speak for an agency's programme.
const PROGRAMME: &[Role] = &[Role::Worker, Role::Operator];
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
}

/// Whose rows a list may show: the agency's, or else one person's.
fn scope(
    caller: &Caller,
    person: Option<PersonId>,
) -> Result<(Option<AgencyId>, Option<PersonId>), BadField> {
    match (caller.lists_for(), caller.person(), person) {
        (Some(agency), _, person) => Ok((Some(agency), person)),
        (None, Some(own), _) => Ok((None, Some(own))),
        (None, None, Some(person)) => Ok((None, Some(person))),
        (None, None, None) => {
            Err(BadField::new("person_id", "is missing; whoever speaks for no agency lists one person's"))
        }
    }
}

fn id(field: &str, text: &str) -> Result<uuid::Uuid, BadField> {
    platform::wire::id::<ReferralId>(field, text).map(ReferralId::uuid)
}

#[tonic::async_trait]
impl ReferralsService for Api {
    async fn publish_service_offer(
        &self,
        request: Request<pb::PublishServiceOfferRequest>,
    ) -> Result<Response<pb::PublishServiceOfferResponse>, Status> {
        writes!(self, request, offers::publish, pb::PublishServiceOfferResponse)
    }

    async fn change_service_offer(
        &self,
        request: Request<pb::ChangeServiceOfferRequest>,
    ) -> Result<Response<pb::ChangeServiceOfferResponse>, Status> {
        writes!(self, request, offers::change, pb::ChangeServiceOfferResponse)
    }

    async fn report_capacity(
        &self,
        request: Request<pb::ReportCapacityRequest>,
    ) -> Result<Response<pb::ReportCapacityResponse>, Status> {
        writes!(self, request, offers::report_capacity, pb::ReportCapacityResponse)
    }

    async fn match_offers(
        &self,
        request: Request<pb::MatchOffersRequest>,
    ) -> Result<Response<pb::MatchOffersResponse>, Status> {
        replies!(self, request, matching::matches)
    }

    async fn record_service_offer(
        &self,
        request: Request<pb::RecordServiceOfferRequest>,
    ) -> Result<Response<pb::RecordServiceOfferResponse>, Status> {
        writes!(self, request, offers::record, pb::RecordServiceOfferResponse)
    }

    async fn withdraw_service_offer(
        &self,
        request: Request<pb::WithdrawServiceOfferRequest>,
    ) -> Result<Response<pb::WithdrawServiceOfferResponse>, Status> {
        writes!(self, request, offers::withdraw, pb::WithdrawServiceOfferResponse)
    }

    async fn get_service_offer(
        &self,
        request: Request<pb::GetServiceOfferRequest>,
    ) -> Result<Response<pb::GetServiceOfferResponse>, Status> {
        replies!(self, request, offers::get)
    }

    async fn list_service_offers(
        &self,
        request: Request<pb::ListServiceOffersRequest>,
    ) -> Result<Response<pb::ListServiceOffersResponse>, Status> {
        replies!(self, request, offers::list)
    }

    async fn draft_referral(
        &self,
        request: Request<pb::DraftReferralRequest>,
    ) -> Result<Response<pb::DraftReferralResponse>, Status> {
        replies!(self, request, linked::draft)
    }

    async fn send_referral(
        &self,
        request: Request<pb::SendReferralRequest>,
    ) -> Result<Response<pb::SendReferralResponse>, Status> {
        writes!(self, request, referrals::send, pb::SendReferralResponse)
    }

    async fn send_household_referral(
        &self,
        request: Request<pb::SendHouseholdReferralRequest>,
    ) -> Result<Response<pb::SendHouseholdReferralResponse>, Status> {
        writes!(self, request, linked::send_household, pb::SendHouseholdReferralResponse)
    }

    async fn acknowledge_referral(
        &self,
        request: Request<pb::AcknowledgeReferralRequest>,
    ) -> Result<Response<pb::AcknowledgeReferralResponse>, Status> {
        writes!(self, request, referrals::acknowledge, pb::AcknowledgeReferralResponse)
    }

    async fn accept_referral(
        &self,
        request: Request<pb::AcceptReferralRequest>,
    ) -> Result<Response<pb::AcceptReferralResponse>, Status> {
        writes!(self, request, referrals::accept, pb::AcceptReferralResponse)
    }

    async fn reject_referral(
        &self,
        request: Request<pb::RejectReferralRequest>,
    ) -> Result<Response<pb::RejectReferralResponse>, Status> {
        writes!(self, request, referrals::reject, pb::RejectReferralResponse)
    }

    async fn cancel_referral(
        &self,
        request: Request<pb::CancelReferralRequest>,
    ) -> Result<Response<pb::CancelReferralResponse>, Status> {
        writes!(self, request, referrals::cancel, pb::CancelReferralResponse)
    }

    async fn start_referral(
        &self,
        request: Request<pb::StartReferralRequest>,
    ) -> Result<Response<pb::StartReferralResponse>, Status> {
        writes!(self, request, referrals::start, pb::StartReferralResponse)
    }

    async fn hold_referral(
        &self,
        request: Request<pb::HoldReferralRequest>,
    ) -> Result<Response<pb::HoldReferralResponse>, Status> {
        writes!(self, request, referrals::hold, pb::HoldReferralResponse)
    }

    async fn resume_referral(
        &self,
        request: Request<pb::ResumeReferralRequest>,
    ) -> Result<Response<pb::ResumeReferralResponse>, Status> {
        writes!(self, request, referrals::resume, pb::ResumeReferralResponse)
    }

    async fn ask_for_information(
        &self,
        request: Request<pb::AskForInformationRequest>,
    ) -> Result<Response<pb::AskForInformationResponse>, Status> {
        writes!(self, request, referrals::ask, pb::AskForInformationResponse)
    }

    async fn supply_information(
        &self,
        request: Request<pb::SupplyInformationRequest>,
    ) -> Result<Response<pb::SupplyInformationResponse>, Status> {
        writes!(self, request, referrals::supply, pb::SupplyInformationResponse)
    }

    async fn add_referral_contact(
        &self,
        request: Request<pb::AddReferralContactRequest>,
    ) -> Result<Response<pb::AddReferralContactResponse>, Status> {
        writes!(self, request, referrals::contact, pb::AddReferralContactResponse)
    }

    async fn set_referral_business_status(
        &self,
        request: Request<pb::SetReferralBusinessStatusRequest>,
    ) -> Result<Response<pb::SetReferralBusinessStatusResponse>, Status> {
        writes!(self, request, referrals::status, pb::SetReferralBusinessStatusResponse)
    }

    async fn request_referral_transfer(
        &self,
        request: Request<pb::RequestReferralTransferRequest>,
    ) -> Result<Response<pb::RequestReferralTransferResponse>, Status> {
        writes!(self, request, referrals::ask_transfer, pb::RequestReferralTransferResponse)
    }

    async fn split_referral(
        &self,
        request: Request<pb::SplitReferralRequest>,
    ) -> Result<Response<pb::SplitReferralResponse>, Status> {
        replies!(self, request, linked::split)
    }

    async fn reopen_referral(
        &self,
        request: Request<pb::ReopenReferralRequest>,
    ) -> Result<Response<pb::ReopenReferralResponse>, Status> {
        writes!(self, request, linked::reopen, pb::ReopenReferralResponse)
    }

    async fn review_referral(
        &self,
        request: Request<pb::ReviewReferralRequest>,
    ) -> Result<Response<pb::ReviewReferralResponse>, Status> {
        writes!(self, request, referrals::review, pb::ReviewReferralResponse)
    }

    async fn assign_referral(
        &self,
        request: Request<pb::AssignReferralRequest>,
    ) -> Result<Response<pb::AssignReferralResponse>, Status> {
        writes!(self, request, assignment::referral, pb::AssignReferralResponse)
    }

    async fn complete_referral(
        &self,
        request: Request<pb::CompleteReferralRequest>,
    ) -> Result<Response<pb::CompleteReferralResponse>, Status> {
        writes!(self, request, referrals::complete, pb::CompleteReferralResponse)
    }

    async fn fail_referral(
        &self,
        request: Request<pb::FailReferralRequest>,
    ) -> Result<Response<pb::FailReferralResponse>, Status> {
        writes!(self, request, referrals::fail, pb::FailReferralResponse)
    }

    async fn mark_referral_entered_in_error(
        &self,
        request: Request<pb::MarkReferralEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkReferralEnteredInErrorResponse>, Status> {
        writes!(self, request, referrals::mark_entered_in_error, pb::MarkReferralEnteredInErrorResponse)
    }

    async fn record_referral(
        &self,
        request: Request<pb::RecordReferralRequest>,
    ) -> Result<Response<pb::RecordReferralResponse>, Status> {
        writes!(self, request, referrals::record, pb::RecordReferralResponse)
    }

    async fn get_referral(
        &self,
        request: Request<pb::GetReferralRequest>,
    ) -> Result<Response<pb::GetReferralResponse>, Status> {
        replies!(self, request, referrals::get)
    }

    async fn list_referrals(
        &self,
        request: Request<pb::ListReferralsRequest>,
    ) -> Result<Response<pb::ListReferralsResponse>, Status> {
        replies!(self, request, referrals::list)
    }

    async fn list_inbox(
        &self,
        request: Request<pb::ListInboxRequest>,
    ) -> Result<Response<pb::ListInboxResponse>, Status> {
        replies!(self, request, inbox::list)
    }

    async fn list_disclosures(
        &self,
        request: Request<pb::ListDisclosuresRequest>,
    ) -> Result<Response<pb::ListDisclosuresResponse>, Status> {
        replies!(self, request, disclosures::list)
    }

    async fn start_participation(
        &self,
        request: Request<pb::StartParticipationRequest>,
    ) -> Result<Response<pb::StartParticipationResponse>, Status> {
        writes!(self, request, participations::start, pb::StartParticipationResponse)
    }

    async fn name_participation_plan(
        &self,
        request: Request<pb::NameParticipationPlanRequest>,
    ) -> Result<Response<pb::NameParticipationPlanResponse>, Status> {
        writes!(self, request, participations::name_plan, pb::NameParticipationPlanResponse)
    }

    async fn add_participation_contact(
        &self,
        request: Request<pb::AddParticipationContactRequest>,
    ) -> Result<Response<pb::AddParticipationContactResponse>, Status> {
        writes!(self, request, participations::add_contact, pb::AddParticipationContactResponse)
    }

    async fn assign_participation(
        &self,
        request: Request<pb::AssignParticipationRequest>,
    ) -> Result<Response<pb::AssignParticipationResponse>, Status> {
        writes!(self, request, assignment::participation, pb::AssignParticipationResponse)
    }

    async fn hand_over_caseload(
        &self,
        request: Request<pb::HandOverCaseloadRequest>,
    ) -> Result<Response<pb::HandOverCaseloadResponse>, Status> {
        replies!(self, request, assignment::hand_over)
    }

    async fn pause_participation(
        &self,
        request: Request<pb::PauseParticipationRequest>,
    ) -> Result<Response<pb::PauseParticipationResponse>, Status> {
        writes!(self, request, participations::pause, pb::PauseParticipationResponse)
    }

    async fn resume_participation(
        &self,
        request: Request<pb::ResumeParticipationRequest>,
    ) -> Result<Response<pb::ResumeParticipationResponse>, Status> {
        writes!(self, request, participations::resume, pb::ResumeParticipationResponse)
    }

    async fn end_participation(
        &self,
        request: Request<pb::EndParticipationRequest>,
    ) -> Result<Response<pb::EndParticipationResponse>, Status> {
        writes!(self, request, participations::end, pb::EndParticipationResponse)
    }

    async fn record_participation(
        &self,
        request: Request<pb::RecordParticipationRequest>,
    ) -> Result<Response<pb::RecordParticipationResponse>, Status> {
        writes!(self, request, participations::record, pb::RecordParticipationResponse)
    }

    async fn record_participation_contact(
        &self,
        request: Request<pb::RecordParticipationContactRequest>,
    ) -> Result<Response<pb::RecordParticipationContactResponse>, Status> {
        writes!(self, request, participations::record_contact, pb::RecordParticipationContactResponse)
    }

    async fn mark_participation_entered_in_error(
        &self,
        request: Request<pb::MarkParticipationEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkParticipationEnteredInErrorResponse>, Status> {
        writes!(
            self,
            request,
            participations::mark_entered_in_error,
            pb::MarkParticipationEnteredInErrorResponse
        )
    }

    async fn get_participation(
        &self,
        request: Request<pb::GetParticipationRequest>,
    ) -> Result<Response<pb::GetParticipationResponse>, Status> {
        replies!(self, request, participations::get)
    }

    async fn list_participations(
        &self,
        request: Request<pb::ListParticipationsRequest>,
    ) -> Result<Response<pb::ListParticipationsResponse>, Status> {
        replies!(self, request, participations::list)
    }
}
