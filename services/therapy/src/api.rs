//! The gRPC face: parse, execute or query, reply.
//! Invariant: no rule lives here; who may is asked of the role first and of the loaded record second.

mod appointments;
mod episodes;
mod practitioners;

use kernel::{Caller, Role};
use platform::command::Desk;
use platform::error::BadField;
use platform::page::Pages;
use platform::people::People;
use platform::{replies, writes};
use proto::therapy as pb;
use proto::therapy::therapy_service_server::TherapyService;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::domain::AppointmentId;
use crate::view::{View, Whose};

/// Who may ask for things to happen.
const REQUEST: &[Role] = &[Role::Worker];
/// Who may say yes to an appointment, and call it off.
const EITHER: &[Role] = &[Role::Worker, Role::Person];
/// Who may speak for an agency's practice.
const PROGRAMME: &[Role] = &[Role::Worker, Role::Operator];
/// Who may put down what happened elsewhere.
const RECORD: &[Role] = &[Role::Recorder];
/// Who may say that a fact was never meant.
const CORRECT: &[Role] = &[Role::Worker, Role::Recorder];
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

/// Whose records the caller's list shows: the agency's own, or one person's.
fn whose(caller: &Caller, person: &str, practitioner: &str) -> Result<Whose, BadField> {
    let agency = caller.lists_for();
    let asked = platform::wire::optional_id("person_id", person)?;
    let person = match (agency, caller.person()) {
        (None, Some(own)) => Some(own),
        (None, None) | (Some(_), _) => asked,
    };
    let practitioner = platform::wire::optional_id("practitioner_id", practitioner)?;
    if agency.is_none() && person.is_none() && practitioner.is_none() {
        return Err(BadField::new(
            "person_id",
            "is missing; whoever speaks for no agency lists one person's or one practitioner's",
        ));
    }
    Ok(Whose { agency, person, practitioner })
}

fn id(field: &str, text: &str) -> Result<Uuid, BadField> {
    platform::wire::id::<AppointmentId>(field, text).map(AppointmentId::uuid)
}

#[tonic::async_trait]
impl TherapyService for Api {
    async fn register_practitioner(
        &self,
        request: Request<pb::RegisterPractitionerRequest>,
    ) -> Result<Response<pb::RegisterPractitionerResponse>, Status> {
        writes!(self, request, practitioners::register, pb::RegisterPractitionerResponse)
    }

    async fn change_practitioner(
        &self,
        request: Request<pb::ChangePractitionerRequest>,
    ) -> Result<Response<pb::ChangePractitionerResponse>, Status> {
        writes!(self, request, practitioners::change, pb::ChangePractitionerResponse)
    }

    async fn retire_practitioner(
        &self,
        request: Request<pb::RetirePractitionerRequest>,
    ) -> Result<Response<pb::RetirePractitionerResponse>, Status> {
        writes!(self, request, practitioners::retire, pb::RetirePractitionerResponse)
    }

    async fn get_practitioner(
        &self,
        request: Request<pb::GetPractitionerRequest>,
    ) -> Result<Response<pb::GetPractitionerResponse>, Status> {
        replies!(self, request, practitioners::get)
    }

    async fn list_practitioners(
        &self,
        request: Request<pb::ListPractitionersRequest>,
    ) -> Result<Response<pb::ListPractitionersResponse>, Status> {
        replies!(self, request, practitioners::list)
    }

    async fn open_episode(
        &self,
        request: Request<pb::OpenEpisodeRequest>,
    ) -> Result<Response<pb::OpenEpisodeResponse>, Status> {
        writes!(self, request, episodes::open, pb::OpenEpisodeResponse)
    }

    async fn assign_episode(
        &self,
        request: Request<pb::AssignEpisodeRequest>,
    ) -> Result<Response<pb::AssignEpisodeResponse>, Status> {
        writes!(self, request, episodes::assign, pb::AssignEpisodeResponse)
    }

    async fn name_episode_plan(
        &self,
        request: Request<pb::NameEpisodePlanRequest>,
    ) -> Result<Response<pb::NameEpisodePlanResponse>, Status> {
        writes!(self, request, episodes::name_plan, pb::NameEpisodePlanResponse)
    }

    async fn close_episode(
        &self,
        request: Request<pb::CloseEpisodeRequest>,
    ) -> Result<Response<pb::CloseEpisodeResponse>, Status> {
        writes!(self, request, episodes::close, pb::CloseEpisodeResponse)
    }

    async fn mark_episode_entered_in_error(
        &self,
        request: Request<pb::MarkEpisodeEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkEpisodeEnteredInErrorResponse>, Status> {
        writes!(self, request, episodes::mark_entered_in_error, pb::MarkEpisodeEnteredInErrorResponse)
    }

    async fn get_episode(
        &self,
        request: Request<pb::GetEpisodeRequest>,
    ) -> Result<Response<pb::GetEpisodeResponse>, Status> {
        replies!(self, request, episodes::get)
    }

    async fn list_episodes(
        &self,
        request: Request<pb::ListEpisodesRequest>,
    ) -> Result<Response<pb::ListEpisodesResponse>, Status> {
        replies!(self, request, episodes::list)
    }

    async fn propose_appointment(
        &self,
        request: Request<pb::ProposeAppointmentRequest>,
    ) -> Result<Response<pb::ProposeAppointmentResponse>, Status> {
        writes!(self, request, appointments::propose, pb::ProposeAppointmentResponse)
    }

    async fn book_appointment(
        &self,
        request: Request<pb::BookAppointmentRequest>,
    ) -> Result<Response<pb::BookAppointmentResponse>, Status> {
        writes!(self, request, appointments::book, pb::BookAppointmentResponse)
    }

    async fn reschedule_appointment(
        &self,
        request: Request<pb::RescheduleAppointmentRequest>,
    ) -> Result<Response<pb::RescheduleAppointmentResponse>, Status> {
        writes!(self, request, appointments::reschedule, pb::RescheduleAppointmentResponse)
    }

    async fn hold_appointment(
        &self,
        request: Request<pb::HoldAppointmentRequest>,
    ) -> Result<Response<pb::HoldAppointmentResponse>, Status> {
        writes!(self, request, appointments::hold, pb::HoldAppointmentResponse)
    }

    async fn confirm_appointment(
        &self,
        request: Request<pb::ConfirmAppointmentRequest>,
    ) -> Result<Response<pb::ConfirmAppointmentResponse>, Status> {
        writes!(self, request, appointments::confirm, pb::ConfirmAppointmentResponse)
    }

    async fn arrive_appointment(
        &self,
        request: Request<pb::ArriveAppointmentRequest>,
    ) -> Result<Response<pb::ArriveAppointmentResponse>, Status> {
        writes!(self, request, appointments::arrive, pb::ArriveAppointmentResponse)
    }

    async fn check_in_appointment(
        &self,
        request: Request<pb::CheckInAppointmentRequest>,
    ) -> Result<Response<pb::CheckInAppointmentResponse>, Status> {
        writes!(self, request, appointments::check_in, pb::CheckInAppointmentResponse)
    }

    async fn fulfil_appointment(
        &self,
        request: Request<pb::FulfilAppointmentRequest>,
    ) -> Result<Response<pb::FulfilAppointmentResponse>, Status> {
        writes!(self, request, appointments::fulfil, pb::FulfilAppointmentResponse)
    }

    async fn miss_appointment(
        &self,
        request: Request<pb::MissAppointmentRequest>,
    ) -> Result<Response<pb::MissAppointmentResponse>, Status> {
        writes!(self, request, appointments::miss, pb::MissAppointmentResponse)
    }

    async fn correct_no_show(
        &self,
        request: Request<pb::CorrectNoShowRequest>,
    ) -> Result<Response<pb::CorrectNoShowResponse>, Status> {
        writes!(self, request, appointments::correct_no_show, pb::CorrectNoShowResponse)
    }

    async fn cancel_appointment(
        &self,
        request: Request<pb::CancelAppointmentRequest>,
    ) -> Result<Response<pb::CancelAppointmentResponse>, Status> {
        writes!(self, request, appointments::cancel, pb::CancelAppointmentResponse)
    }

    async fn mark_appointment_entered_in_error(
        &self,
        request: Request<pb::MarkAppointmentEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkAppointmentEnteredInErrorResponse>, Status> {
        writes!(self, request, appointments::mark_entered_in_error, pb::MarkAppointmentEnteredInErrorResponse)
    }

    async fn record_appointment(
        &self,
        request: Request<pb::RecordAppointmentRequest>,
    ) -> Result<Response<pb::RecordAppointmentResponse>, Status> {
        writes!(self, request, appointments::record, pb::RecordAppointmentResponse)
    }

    async fn get_appointment(
        &self,
        request: Request<pb::GetAppointmentRequest>,
    ) -> Result<Response<pb::GetAppointmentResponse>, Status> {
        replies!(self, request, appointments::get)
    }

    async fn list_appointments(
        &self,
        request: Request<pb::ListAppointmentsRequest>,
    ) -> Result<Response<pb::ListAppointmentsResponse>, Status> {
        replies!(self, request, appointments::list)
    }
}
