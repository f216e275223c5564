//! The gRPC face: parse, execute or query, reply.
//! Invariant: no rule lives here; who may is asked of the role first and of the loaded record second.

mod agencies;
mod around;
mod catalogue;
mod consents;
mod duplicates;
mod emergencies;
mod facets;
mod goals;
mod keys;
mod marks;
mod measures;
mod parts;
mod people;
mod plans;
mod reading;
mod representatives;
mod team;

use kernel::class::PART2;
use kernel::ids::Uuid;
use kernel::{AgencyId, PersonId, Role};
use platform::command::{Ask, Changes, Desk, Done, Encoding, Stream, id_of};
use platform::error::BadField;
use platform::page::Pages;
use platform::{replies, writes};
use prost::Message;
use proto::registry as pb;
use proto::registry::registry_service_server::RegistryService;
use tonic::{Request, Response, Status};

use crate::domain::No;
use crate::domain::agency::Agency;
use crate::domain::person::Person;
use crate::keystore::KeyStore;
use crate::view::View;

pub use keys::KeyApi;

/// Who may ask for things to happen to people.
const WORK: &[Role] = &[Role::Worker, Role::Operator];
/// The same, and the person.
const OWN: &[Role] = &[Role::Worker, Role::Operator, Role::Person];
/// Who may put down what happened elsewhere.
const RECORD: &[Role] = &[Role::Recorder];
/// Who may take back what was put down.
const CORRECT: &[Role] = &[Role::Worker, Role::Recorder, Role::Operator];
/// Who may run the system.
const OPERATE: &[Role] = &[Role::Operator];
/// Who may read.
const READ: &[Role] =
    &[Role::Worker, Role::Recorder, Role::Person, Role::Operator, Role::Auditor, Role::Service];

/// The service's face.
pub struct Api {
    desk: Desk,
    keystore: KeyStore,
    view: View,
    pages: Pages,
}

impl Api {
    /// A face over a desk, the keys and the service's own lists.
    pub fn new(desk: Desk, keystore: KeyStore, view: View) -> Self {
        let pages = Pages::new(desk.secret());
        Self { desk, keystore, view, pages }
    }

    /// What is asked, labelled as the records of the agency that speaks are.
    async fn ask<M: Message>(
        &self,
        method: &'static str,
        allowed: &[Role],
        request: &Request<M>,
        (request_id, etag): (&str, &str),
    ) -> Result<Ask, Status> {
        let mut ask = self.desk.ask(method, allowed, request, request_id, etag)?;
        if let Some(speaker) = ask.caller.speaks_for()
            && self.is_part2(speaker).await?
        {
            ask.labels.push(PART2.to_owned());
        }
        Ok(ask)
    }

    /// Whether an agency's records fall under 42 CFR Part 2: it is a programme, or was one. Read from the log: a list that lags must not open them.
    async fn is_part2(&self, agency: AgencyId) -> Result<bool, Status> {
        let now = self.desk.load::<Agency>(agency.uuid()).await?;
        Ok(now.ever_part2())
    }

    /// The id of what this request makes: the same on a retry, so that nothing is left over from the first try.
    fn fresh(&self, ask: &Ask) -> Uuid {
        let name = format!("{}/{}", ask.scope, ask.request_id);
        let mut id = [0; 16];
        id.copy_from_slice(&self.desk.secret().hash("new-id", name.as_bytes())[..16]);
        uuid::Builder::from_custom_bytes(id).into_uuid()
    }

    /// Asks something of a person's: the person's record must admit the caller, and must not have moved on.
    async fn about<D>(
        &self,
        ask: &Ask,
        id: Uuid,
        person: PersonId,
        command: D::Command,
    ) -> Result<Done, Status>
    where
        D: Encoding,
        D::Command: Clone + Send + Sync,
    {
        let streams = (Stream::<D>::of(id), Stream::<Person>::of(person.uuid()));
        let by = ask.by();
        let done = self.desk.execute(ask, id_of::<D>(id), streams, |(now, record)| {
            record.admit(by).map_err(No::Person)?;
            let events = D::decide(now, command.clone()).map_err(No::Own)?;
            Ok::<_, No<D::Refusal>>(Changes::none().write::<D>(now, events))
        });
        Ok(done.await?)
    }
}

fn person_id(text: &str) -> Result<PersonId, BadField> {
    platform::wire::id("person_id", text)
}

#[tonic::async_trait]
impl RegistryService for Api {
    async fn register_agency(
        &self,
        request: Request<pb::RegisterAgencyRequest>,
    ) -> Result<Response<pb::RegisterAgencyResponse>, Status> {
        writes!(self, request, agencies::register, pb::RegisterAgencyResponse)
    }

    async fn change_agency(
        &self,
        request: Request<pb::ChangeAgencyRequest>,
    ) -> Result<Response<pb::ChangeAgencyResponse>, Status> {
        writes!(self, request, agencies::change, pb::ChangeAgencyResponse)
    }

    async fn record_agency(
        &self,
        request: Request<pb::RecordAgencyRequest>,
    ) -> Result<Response<pb::RecordAgencyResponse>, Status> {
        writes!(self, request, agencies::record, pb::RecordAgencyResponse)
    }

    async fn get_agency(
        &self,
        request: Request<pb::GetAgencyRequest>,
    ) -> Result<Response<pb::GetAgencyResponse>, Status> {
        replies!(self, request, agencies::get)
    }

    async fn list_agencies(
        &self,
        request: Request<pb::ListAgenciesRequest>,
    ) -> Result<Response<pb::ListAgenciesResponse>, Status> {
        replies!(self, request, agencies::list)
    }

    async fn add_worker(
        &self,
        request: Request<pb::AddWorkerRequest>,
    ) -> Result<Response<pb::AddWorkerResponse>, Status> {
        writes!(self, request, agencies::add_worker, pb::AddWorkerResponse)
    }

    async fn change_worker(
        &self,
        request: Request<pb::ChangeWorkerRequest>,
    ) -> Result<Response<pb::ChangeWorkerResponse>, Status> {
        writes!(self, request, agencies::change_worker, pb::ChangeWorkerResponse)
    }

    async fn record_worker(
        &self,
        request: Request<pb::RecordWorkerRequest>,
    ) -> Result<Response<pb::RecordWorkerResponse>, Status> {
        writes!(self, request, agencies::record_worker, pb::RecordWorkerResponse)
    }

    async fn get_worker(
        &self,
        request: Request<pb::GetWorkerRequest>,
    ) -> Result<Response<pb::GetWorkerResponse>, Status> {
        replies!(self, request, agencies::get_worker)
    }

    async fn list_workers(
        &self,
        request: Request<pb::ListWorkersRequest>,
    ) -> Result<Response<pb::ListWorkersResponse>, Status> {
        replies!(self, request, agencies::list_workers)
    }

    async fn list_practices(
        &self,
        request: Request<pb::ListPracticesRequest>,
    ) -> Result<Response<pb::ListPracticesResponse>, Status> {
        replies!(self, request, catalogue::practices)
    }

    async fn list_skills(
        &self,
        request: Request<pb::ListSkillsRequest>,
    ) -> Result<Response<pb::ListSkillsResponse>, Status> {
        replies!(self, request, catalogue::skills)
    }

    async fn register_person(
        &self,
        request: Request<pb::RegisterPersonRequest>,
    ) -> Result<Response<pb::RegisterPersonResponse>, Status> {
        writes!(self, request, people::register, pb::RegisterPersonResponse)
    }

    async fn change_person(
        &self,
        request: Request<pb::ChangePersonRequest>,
    ) -> Result<Response<pb::ChangePersonResponse>, Status> {
        writes!(self, request, people::change, pb::ChangePersonResponse)
    }

    async fn record_person(
        &self,
        request: Request<pb::RecordPersonRequest>,
    ) -> Result<Response<pb::RecordPersonResponse>, Status> {
        writes!(self, request, people::record, pb::RecordPersonResponse)
    }

    async fn mark_person_entered_in_error(
        &self,
        request: Request<pb::MarkPersonEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkPersonEnteredInErrorResponse>, Status> {
        writes!(self, request, people::mark_entered_in_error, pb::MarkPersonEnteredInErrorResponse)
    }

    async fn add_identifier(
        &self,
        request: Request<pb::AddIdentifierRequest>,
    ) -> Result<Response<pb::AddIdentifierResponse>, Status> {
        writes!(self, request, people::add_identifier, pb::AddIdentifierResponse)
    }

    async fn remove_identifier(
        &self,
        request: Request<pb::RemoveIdentifierRequest>,
    ) -> Result<Response<pb::RemoveIdentifierResponse>, Status> {
        writes!(self, request, people::remove_identifier, pb::RemoveIdentifierResponse)
    }

    async fn add_serving_agency(
        &self,
        request: Request<pb::AddServingAgencyRequest>,
    ) -> Result<Response<pb::AddServingAgencyResponse>, Status> {
        writes!(self, request, people::add_serving_agency, pb::AddServingAgencyResponse)
    }

    async fn link_persons(
        &self,
        request: Request<pb::LinkPersonsRequest>,
    ) -> Result<Response<pb::LinkPersonsResponse>, Status> {
        writes!(self, request, people::link, pb::LinkPersonsResponse)
    }

    async fn unlink_persons(
        &self,
        request: Request<pb::UnlinkPersonsRequest>,
    ) -> Result<Response<pb::UnlinkPersonsResponse>, Status> {
        writes!(self, request, people::unlink, pb::UnlinkPersonsResponse)
    }

    async fn never_link_persons(
        &self,
        request: Request<pb::NeverLinkPersonsRequest>,
    ) -> Result<Response<pb::NeverLinkPersonsResponse>, Status> {
        writes!(self, request, duplicates::never_link, pb::NeverLinkPersonsResponse)
    }

    async fn list_duplicate_candidates(
        &self,
        request: Request<pb::ListDuplicateCandidatesRequest>,
    ) -> Result<Response<pb::ListDuplicateCandidatesResponse>, Status> {
        replies!(self, request, duplicates::list)
    }

    async fn report_death(
        &self,
        request: Request<pb::ReportDeathRequest>,
    ) -> Result<Response<pb::ReportDeathResponse>, Status> {
        writes!(self, request, marks::report_death, pb::ReportDeathResponse)
    }

    async fn mark_death_entered_in_error(
        &self,
        request: Request<pb::MarkDeathEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkDeathEnteredInErrorResponse>, Status> {
        writes!(self, request, marks::mark_death_entered_in_error, pb::MarkDeathEnteredInErrorResponse)
    }

    async fn restrict_person(
        &self,
        request: Request<pb::RestrictPersonRequest>,
    ) -> Result<Response<pb::RestrictPersonResponse>, Status> {
        writes!(self, request, marks::restrict, pb::RestrictPersonResponse)
    }

    async fn lift_restriction(
        &self,
        request: Request<pb::LiftRestrictionRequest>,
    ) -> Result<Response<pb::LiftRestrictionResponse>, Status> {
        writes!(self, request, marks::lift_restriction, pb::LiftRestrictionResponse)
    }

    async fn mark_restriction_entered_in_error(
        &self,
        request: Request<pb::MarkRestrictionEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkRestrictionEnteredInErrorResponse>, Status> {
        writes!(self, request, marks::restriction_in_error, pb::MarkRestrictionEnteredInErrorResponse)
    }

    async fn set_contact_point(
        &self,
        request: Request<pb::SetContactPointRequest>,
    ) -> Result<Response<pb::SetContactPointResponse>, Status> {
        replies!(self, request, around::set_contact_point)
    }

    async fn remove_contact_point(
        &self,
        request: Request<pb::RemoveContactPointRequest>,
    ) -> Result<Response<pb::RemoveContactPointResponse>, Status> {
        writes!(self, request, around::remove_contact_point, pb::RemoveContactPointResponse)
    }

    async fn set_crisis_contact(
        &self,
        request: Request<pb::SetCrisisContactRequest>,
    ) -> Result<Response<pb::SetCrisisContactResponse>, Status> {
        writes!(self, request, around::set_crisis_contact, pb::SetCrisisContactResponse)
    }

    async fn remove_crisis_contact(
        &self,
        request: Request<pb::RemoveCrisisContactRequest>,
    ) -> Result<Response<pb::RemoveCrisisContactResponse>, Status> {
        writes!(self, request, around::remove_crisis_contact, pb::RemoveCrisisContactResponse)
    }

    async fn set_warning_signs(
        &self,
        request: Request<pb::SetWarningSignsRequest>,
    ) -> Result<Response<pb::SetWarningSignsResponse>, Status> {
        writes!(self, request, around::set_warning_signs, pb::SetWarningSignsResponse)
    }

    async fn remove_warning_signs(
        &self,
        request: Request<pb::RemoveWarningSignsRequest>,
    ) -> Result<Response<pb::RemoveWarningSignsResponse>, Status> {
        writes!(self, request, around::remove_warning_signs, pb::RemoveWarningSignsResponse)
    }

    async fn join_household(
        &self,
        request: Request<pb::JoinHouseholdRequest>,
    ) -> Result<Response<pb::JoinHouseholdResponse>, Status> {
        replies!(self, request, around::join_household)
    }

    async fn leave_household(
        &self,
        request: Request<pb::LeaveHouseholdRequest>,
    ) -> Result<Response<pb::LeaveHouseholdResponse>, Status> {
        writes!(self, request, around::leave_household, pb::LeaveHouseholdResponse)
    }

    async fn mark_household_membership_entered_in_error(
        &self,
        request: Request<pb::MarkHouseholdMembershipEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkHouseholdMembershipEnteredInErrorResponse>, Status> {
        writes!(self, request, around::household_in_error, pb::MarkHouseholdMembershipEnteredInErrorResponse)
    }

    async fn add_representative(
        &self,
        request: Request<pb::AddRepresentativeRequest>,
    ) -> Result<Response<pb::AddRepresentativeResponse>, Status> {
        replies!(self, request, representatives::add)
    }

    async fn end_representative(
        &self,
        request: Request<pb::EndRepresentativeRequest>,
    ) -> Result<Response<pb::EndRepresentativeResponse>, Status> {
        writes!(self, request, representatives::end, pb::EndRepresentativeResponse)
    }

    async fn mark_representative_entered_in_error(
        &self,
        request: Request<pb::MarkRepresentativeEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkRepresentativeEnteredInErrorResponse>, Status> {
        writes!(self, request, representatives::in_error, pb::MarkRepresentativeEnteredInErrorResponse)
    }

    async fn erase_person(
        &self,
        request: Request<pb::ErasePersonRequest>,
    ) -> Result<Response<pb::ErasePersonResponse>, Status> {
        writes!(self, request, people::erase, pb::ErasePersonResponse)
    }

    async fn get_person(
        &self,
        request: Request<pb::GetPersonRequest>,
    ) -> Result<Response<pb::GetPersonResponse>, Status> {
        replies!(self, request, people::get)
    }

    async fn find_persons(
        &self,
        request: Request<pb::FindPersonsRequest>,
    ) -> Result<Response<pb::FindPersonsResponse>, Status> {
        replies!(self, request, people::find)
    }

    async fn propose_goal(
        &self,
        request: Request<pb::ProposeGoalRequest>,
    ) -> Result<Response<pb::ProposeGoalResponse>, Status> {
        writes!(self, request, goals::propose, pb::ProposeGoalResponse)
    }

    async fn set_goal(
        &self,
        request: Request<pb::SetGoalRequest>,
    ) -> Result<Response<pb::SetGoalResponse>, Status> {
        writes!(self, request, goals::set, pb::SetGoalResponse)
    }

    async fn reword_goal(
        &self,
        request: Request<pb::RewordGoalRequest>,
    ) -> Result<Response<pb::RewordGoalResponse>, Status> {
        writes!(self, request, goals::reword, pb::RewordGoalResponse)
    }

    async fn accept_goal(
        &self,
        request: Request<pb::AcceptGoalRequest>,
    ) -> Result<Response<pb::AcceptGoalResponse>, Status> {
        writes!(self, request, goals::accept, pb::AcceptGoalResponse)
    }

    async fn drop_goal(
        &self,
        request: Request<pb::DropGoalRequest>,
    ) -> Result<Response<pb::DropGoalResponse>, Status> {
        writes!(self, request, goals::drop, pb::DropGoalResponse)
    }

    async fn plan_goal(
        &self,
        request: Request<pb::PlanGoalRequest>,
    ) -> Result<Response<pb::PlanGoalResponse>, Status> {
        writes!(self, request, goals::plan, pb::PlanGoalResponse)
    }

    async fn note_goal_readiness(
        &self,
        request: Request<pb::NoteGoalReadinessRequest>,
    ) -> Result<Response<pb::NoteGoalReadinessResponse>, Status> {
        writes!(self, request, goals::note_readiness, pb::NoteGoalReadinessResponse)
    }

    async fn activate_goal(
        &self,
        request: Request<pb::ActivateGoalRequest>,
    ) -> Result<Response<pb::ActivateGoalResponse>, Status> {
        writes!(self, request, goals::activate, pb::ActivateGoalResponse)
    }

    async fn hold_goal(
        &self,
        request: Request<pb::HoldGoalRequest>,
    ) -> Result<Response<pb::HoldGoalResponse>, Status> {
        writes!(self, request, goals::hold, pb::HoldGoalResponse)
    }

    async fn resume_goal(
        &self,
        request: Request<pb::ResumeGoalRequest>,
    ) -> Result<Response<pb::ResumeGoalResponse>, Status> {
        writes!(self, request, goals::resume, pb::ResumeGoalResponse)
    }

    async fn complete_goal(
        &self,
        request: Request<pb::CompleteGoalRequest>,
    ) -> Result<Response<pb::CompleteGoalResponse>, Status> {
        writes!(self, request, goals::complete, pb::CompleteGoalResponse)
    }

    async fn rate_goal(
        &self,
        request: Request<pb::RateGoalRequest>,
    ) -> Result<Response<pb::RateGoalResponse>, Status> {
        writes!(self, request, goals::rate, pb::RateGoalResponse)
    }

    async fn mark_goal_entered_in_error(
        &self,
        request: Request<pb::MarkGoalEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkGoalEnteredInErrorResponse>, Status> {
        writes!(self, request, goals::mark_entered_in_error, pb::MarkGoalEnteredInErrorResponse)
    }

    async fn list_goals(
        &self,
        request: Request<pb::ListGoalsRequest>,
    ) -> Result<Response<pb::ListGoalsResponse>, Status> {
        replies!(self, request, goals::list)
    }

    async fn note_facet(
        &self,
        request: Request<pb::NoteFacetRequest>,
    ) -> Result<Response<pb::NoteFacetResponse>, Status> {
        writes!(self, request, facets::note, pb::NoteFacetResponse)
    }

    async fn reword_facet(
        &self,
        request: Request<pb::RewordFacetRequest>,
    ) -> Result<Response<pb::RewordFacetResponse>, Status> {
        writes!(self, request, facets::reword, pb::RewordFacetResponse)
    }

    async fn drop_facet(
        &self,
        request: Request<pb::DropFacetRequest>,
    ) -> Result<Response<pb::DropFacetResponse>, Status> {
        writes!(self, request, facets::drop, pb::DropFacetResponse)
    }

    async fn mark_facet_entered_in_error(
        &self,
        request: Request<pb::MarkFacetEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkFacetEnteredInErrorResponse>, Status> {
        writes!(self, request, facets::mark_entered_in_error, pb::MarkFacetEnteredInErrorResponse)
    }

    async fn list_facets(
        &self,
        request: Request<pb::ListFacetsRequest>,
    ) -> Result<Response<pb::ListFacetsResponse>, Status> {
        replies!(self, request, facets::list)
    }

    async fn add_plan_item(
        &self,
        request: Request<pb::AddPlanItemRequest>,
    ) -> Result<Response<pb::AddPlanItemResponse>, Status> {
        replies!(self, request, plans::add_item)
    }

    async fn end_plan_item(
        &self,
        request: Request<pb::EndPlanItemRequest>,
    ) -> Result<Response<pb::EndPlanItemResponse>, Status> {
        writes!(self, request, plans::end_item, pb::EndPlanItemResponse)
    }

    async fn mark_plan_item_entered_in_error(
        &self,
        request: Request<pb::MarkPlanItemEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkPlanItemEnteredInErrorResponse>, Status> {
        writes!(self, request, plans::item_in_error, pb::MarkPlanItemEnteredInErrorResponse)
    }

    async fn change_plan_item(
        &self,
        request: Request<pb::ChangePlanItemRequest>,
    ) -> Result<Response<pb::ChangePlanItemResponse>, Status> {
        writes!(self, request, plans::change_item, pb::ChangePlanItemResponse)
    }

    async fn agree_plan(
        &self,
        request: Request<pb::AgreePlanRequest>,
    ) -> Result<Response<pb::AgreePlanResponse>, Status> {
        writes!(self, request, plans::agree, pb::AgreePlanResponse)
    }

    async fn approve_plan(
        &self,
        request: Request<pb::ApprovePlanRequest>,
    ) -> Result<Response<pb::ApprovePlanResponse>, Status> {
        writes!(self, request, plans::approve, pb::ApprovePlanResponse)
    }

    async fn review_plan(
        &self,
        request: Request<pb::ReviewPlanRequest>,
    ) -> Result<Response<pb::ReviewPlanResponse>, Status> {
        writes!(self, request, plans::review, pb::ReviewPlanResponse)
    }

    async fn list_plan_versions(
        &self,
        request: Request<pb::ListPlanVersionsRequest>,
    ) -> Result<Response<pb::ListPlanVersionsResponse>, Status> {
        replies!(self, request, plans::list_versions)
    }

    async fn get_plan(
        &self,
        request: Request<pb::GetPlanRequest>,
    ) -> Result<Response<pb::GetPlanResponse>, Status> {
        replies!(self, request, plans::get)
    }

    async fn add_team_member(
        &self,
        request: Request<pb::AddTeamMemberRequest>,
    ) -> Result<Response<pb::AddTeamMemberResponse>, Status> {
        replies!(self, request, team::add)
    }

    async fn end_team_member(
        &self,
        request: Request<pb::EndTeamMemberRequest>,
    ) -> Result<Response<pb::EndTeamMemberResponse>, Status> {
        writes!(self, request, team::end, pb::EndTeamMemberResponse)
    }

    async fn mark_team_member_entered_in_error(
        &self,
        request: Request<pb::MarkTeamMemberEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkTeamMemberEnteredInErrorResponse>, Status> {
        writes!(self, request, team::mark_entered_in_error, pb::MarkTeamMemberEnteredInErrorResponse)
    }

    async fn list_team(
        &self,
        request: Request<pb::ListTeamRequest>,
    ) -> Result<Response<pb::ListTeamResponse>, Status> {
        replies!(self, request, team::list)
    }

    async fn list_caseload(
        &self,
        request: Request<pb::ListCaseloadRequest>,
    ) -> Result<Response<pb::ListCaseloadResponse>, Status> {
        replies!(self, request, team::caseload)
    }

    async fn draft_consent(
        &self,
        request: Request<pb::DraftConsentRequest>,
    ) -> Result<Response<pb::DraftConsentResponse>, Status> {
        replies!(self, request, consents::draft)
    }

    async fn give_consent(
        &self,
        request: Request<pb::GiveConsentRequest>,
    ) -> Result<Response<pb::GiveConsentResponse>, Status> {
        replies!(self, request, consents::give)
    }

    async fn revoke_consent(
        &self,
        request: Request<pb::RevokeConsentRequest>,
    ) -> Result<Response<pb::RevokeConsentResponse>, Status> {
        writes!(self, request, consents::revoke, pb::RevokeConsentResponse)
    }

    async fn mark_consent_entered_in_error(
        &self,
        request: Request<pb::MarkConsentEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkConsentEnteredInErrorResponse>, Status> {
        writes!(self, request, consents::mark_entered_in_error, pb::MarkConsentEnteredInErrorResponse)
    }

    async fn list_consents(
        &self,
        request: Request<pb::ListConsentsRequest>,
    ) -> Result<Response<pb::ListConsentsResponse>, Status> {
        replies!(self, request, consents::list)
    }

    async fn break_glass(
        &self,
        request: Request<pb::BreakGlassRequest>,
    ) -> Result<Response<pb::BreakGlassResponse>, Status> {
        replies!(self, request, emergencies::break_glass)
    }

    async fn end_emergency(
        &self,
        request: Request<pb::EndEmergencyRequest>,
    ) -> Result<Response<pb::EndEmergencyResponse>, Status> {
        writes!(self, request, emergencies::end, pb::EndEmergencyResponse)
    }

    async fn mark_emergency_entered_in_error(
        &self,
        request: Request<pb::MarkEmergencyEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkEmergencyEnteredInErrorResponse>, Status> {
        writes!(self, request, emergencies::mark_entered_in_error, pb::MarkEmergencyEnteredInErrorResponse)
    }

    async fn list_emergencies(
        &self,
        request: Request<pb::ListEmergenciesRequest>,
    ) -> Result<Response<pb::ListEmergenciesResponse>, Status> {
        replies!(self, request, emergencies::list)
    }

    async fn record_measure(
        &self,
        request: Request<pb::RecordMeasureRequest>,
    ) -> Result<Response<pb::RecordMeasureResponse>, Status> {
        writes!(self, request, measures::record, pb::RecordMeasureResponse)
    }

    async fn take_measure(
        &self,
        request: Request<pb::TakeMeasureRequest>,
    ) -> Result<Response<pb::TakeMeasureResponse>, Status> {
        writes!(self, request, measures::take, pb::TakeMeasureResponse)
    }

    async fn mark_measure_entered_in_error(
        &self,
        request: Request<pb::MarkMeasureEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkMeasureEnteredInErrorResponse>, Status> {
        writes!(self, request, measures::mark_entered_in_error, pb::MarkMeasureEnteredInErrorResponse)
    }

    async fn get_measure_trends(
        &self,
        request: Request<pb::GetMeasureTrendsRequest>,
    ) -> Result<Response<pb::GetMeasureTrendsResponse>, Status> {
        replies!(self, request, measures::trends)
    }

    async fn list_scales(
        &self,
        request: Request<pb::ListScalesRequest>,
    ) -> Result<Response<pb::ListScalesResponse>, Status> {
        replies!(self, request, measures::scales)
    }

    async fn list_measures(
        &self,
        request: Request<pb::ListMeasuresRequest>,
    ) -> Result<Response<pb::ListMeasuresResponse>, Status> {
        replies!(self, request, measures::list)
    }
}
