//! The gRPC face: parse, execute or query, reply.
//! Invariant: no rule lives here; who may is asked of the role first and of the loaded record second.

use kernel::may::see_own;
use kernel::{Caller, Decider, Role, WorkerId};
use platform::auth;
use platform::command::{Ask, Changes, Desk, Done, Stream, id_of};
use platform::error::{self, BadField};
use platform::page::Pages;
use platform::wire::page_size;
use proto::therapy as pb;
use proto::therapy::therapy_service_server::TherapyService;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::around::{Around, Intent};
use crate::domain::appointment::{self, Appointment, Standing};
use crate::domain::booking::{self, Refusal};
use crate::domain::episode::{self, Episode};
use crate::domain::practitioner::Practitioner;
use crate::domain::{AppointmentId, EpisodeId, appointment_stream};
use crate::view::{AppointmentFilter, EpisodeFilter, View, Whose, earliest};
use crate::{NAME, wire};

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
    pages: Pages,
}

impl Api {
    /// A face over a desk and the service's own lists.
    pub fn new(desk: Desk, view: View) -> Self {
        let pages = Pages::new(desk.secret());
        Self { desk, view, pages }
    }

    /// Makes an appointment within an episode.
    async fn make(&self, ask: &Ask, making: wire::Making, standing: Standing) -> Result<Done, Status> {
        let around = Around {
            appointment: making.id,
            intent: Intent::Make { episode: making.episode, with: making.with, when: making.when.clone() },
        };
        let (by, now) = (ask.by(), ask.at);
        let done = self.desk.execute(ask, appointment_stream(making.id), around, |at| {
            let with = booking::with_whom(making.with, at.episode(), by)?;
            let content = booking::content(making.ask(&at.zone()), with, at.episode(), by)?;
            let decided = booking::make(content, standing, at.practitioner(), at.diaries(), by, now)?;
            Ok::<_, Refusal>(at.write(decided))
        });
        Ok(done.await?)
    }

    /// Changes an appointment, and its episode and diaries with it.
    async fn change(
        &self,
        ask: &Ask,
        id: AppointmentId,
        command: appointment::Command,
    ) -> Result<Done, Status> {
        let around = Around { appointment: id, intent: Intent::Change };
        let done = self.desk.execute(ask, appointment_stream(id), around, |at| {
            let decided = booking::change(&at.appointment, command.clone(), at.episode(), at.diaries())?;
            Ok::<_, Refusal>(at.write(decided))
        });
        Ok(done.await?)
    }

    async fn read_appointment(&self, caller: &Caller, id: Uuid) -> Result<Option<pb::Appointment>, Status> {
        let now = self.desk.load::<Appointment>(id).await?;
        let seen =
            now.content().is_some_and(|content| see_own(caller, content.agency, Some(content.person), NAME));
        Ok(if seen { wire::appointment(AppointmentId::new(id), now.version, &now) } else { None })
    }

    async fn read_episode(&self, caller: &Caller, id: Uuid) -> Result<Option<pb::Episode>, Status> {
        let now = self.desk.load::<Episode>(id).await?;
        let seen = match &*now.state {
            episode::State::Unmade => false,
            episode::State::Made { facts, .. } | episode::State::InError { facts } => {
                see_own(caller, facts.agency, Some(facts.person), NAME)
            }
        };
        Ok(if seen { wire::episode(EpisodeId::new(id), now.version, &now) } else { None })
    }

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

/// Whose records the caller's list shows: the agency's own, or one person's.
fn whose(caller: &Caller, person: &str, practitioner: &str) -> Result<Whose, BadField> {
    let agency = caller.speaks_for();
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

/// A method that changes an appointment: role, parse, change, reply.
macro_rules! changes_appointment {
    ($self:ident, $request:ident, $method:literal, $roles:expr, $parse:path, $response:ident) => {{
        let r = $request.get_ref();
        let ask = $self.desk.ask($method, $roles, &$request, &r.request_id, &r.etag)?;
        let (id, command) = $parse(ask.by(), ask.at, r)?;
        let done = $self.change(&ask, id, command).await?;
        Ok(Response::new(pb::$response { written: Some(done.into()) }))
    }};
}

#[tonic::async_trait]
impl TherapyService for Api {
    async fn register_practitioner(
        &self,
        request: Request<pb::RegisterPractitionerRequest>,
    ) -> Result<Response<pb::RegisterPractitionerResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("RegisterPractitioner", PROGRAMME, &request, &r.request_id, "")?;
        let (worker, command) = wire::register(ask.agency()?, r)?;
        let done = self.desk.decide::<Practitioner>(&ask, worker.uuid(), command).await?;
        Ok(Response::new(pb::RegisterPractitionerResponse { written: Some(done.into()) }))
    }

    async fn change_practitioner(
        &self,
        request: Request<pb::ChangePractitionerRequest>,
    ) -> Result<Response<pb::ChangePractitionerResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("ChangePractitioner", PROGRAMME, &request, &r.request_id, &r.etag)?;
        let (worker, command) = wire::change(ask.agency()?, r)?;
        let done = self.desk.decide::<Practitioner>(&ask, worker.uuid(), command).await?;
        Ok(Response::new(pb::ChangePractitionerResponse { written: Some(done.into()) }))
    }

    async fn retire_practitioner(
        &self,
        request: Request<pb::RetirePractitionerRequest>,
    ) -> Result<Response<pb::RetirePractitionerResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("RetirePractitioner", PROGRAMME, &request, &r.request_id, &r.etag)?;
        let (worker, command) = wire::retire(ask.agency()?, r)?;
        let done = self.desk.decide::<Practitioner>(&ask, worker.uuid(), command).await?;
        Ok(Response::new(pb::RetirePractitionerResponse { written: Some(done.into()) }))
    }

    async fn get_practitioner(
        &self,
        request: Request<pb::GetPractitionerRequest>,
    ) -> Result<Response<pb::GetPractitionerResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let id = id("practitioner_id", &request.get_ref().practitioner_id)?;
        let found = self.read_practitioner(&caller, id).await?;
        let practitioner = found.ok_or_else(|| error::not_found("practitioner"))?;
        Ok(Response::new(pb::GetPractitionerResponse { practitioner: Some(practitioner) }))
    }

    async fn list_practitioners(
        &self,
        request: Request<pb::ListPractitionersRequest>,
    ) -> Result<Response<pb::ListPractitionersResponse>, Status> {
        let caller = auth::admit(&request, PROGRAMME)?;
        let r = request.get_ref();
        let agency = caller.speaks_for();
        let list = format!("ListPractitioners/{agency:?}/{}", r.modality);
        let after = self.pages.after(&list, &r.page_token)?;
        let size = page_size(r.page_size)?;
        self.view.wait(&r.at_least).await?;
        let (found, next) = self.view.practitioners(agency, &r.modality, &after, size).await?;
        let mut practitioners = Vec::with_capacity(found.len());
        for id in found {
            practitioners.extend(self.read_practitioner(&caller, id).await?);
        }
        let next_page_token = self.pages.next(&list, next);
        Ok(Response::new(pb::ListPractitionersResponse { practitioners, next_page_token }))
    }

    async fn open_episode(
        &self,
        request: Request<pb::OpenEpisodeRequest>,
    ) -> Result<Response<pb::OpenEpisodeResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("OpenEpisode", REQUEST, &request, &r.request_id, "")?;
        let id = EpisodeId::new(Uuid::now_v7());
        let command = wire::open(id, ask.agency()?, ask.at, r)?;
        self.desk.begins::<Episode>(id.uuid());
        let done = self.in_good_hands(&ask, id, command).await?;
        Ok(Response::new(pb::OpenEpisodeResponse { written: Some(done.into()) }))
    }

    async fn assign_episode(
        &self,
        request: Request<pb::AssignEpisodeRequest>,
    ) -> Result<Response<pb::AssignEpisodeResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("AssignEpisode", REQUEST, &request, &r.request_id, &r.etag)?;
        let (id, command) = wire::assign(ask.by(), r)?;
        let done = self.in_good_hands(&ask, id, command).await?;
        Ok(Response::new(pb::AssignEpisodeResponse { written: Some(done.into()) }))
    }

    async fn close_episode(
        &self,
        request: Request<pb::CloseEpisodeRequest>,
    ) -> Result<Response<pb::CloseEpisodeResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("CloseEpisode", REQUEST, &request, &r.request_id, &r.etag)?;
        let (id, command) = wire::close(ask.by(), ask.at, r)?;
        let done = self.desk.decide::<Episode>(&ask, id.uuid(), command).await?;
        Ok(Response::new(pb::CloseEpisodeResponse { written: Some(done.into()) }))
    }

    async fn mark_episode_entered_in_error(
        &self,
        request: Request<pb::MarkEpisodeEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkEpisodeEnteredInErrorResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("MarkEpisodeEnteredInError", CORRECT, &request, &r.request_id, &r.etag)?;
        let (id, command) = wire::mark_episode_entered_in_error(ask.by(), r)?;
        let done = self.desk.decide::<Episode>(&ask, id.uuid(), command).await?;
        Ok(Response::new(pb::MarkEpisodeEnteredInErrorResponse { written: Some(done.into()) }))
    }

    async fn get_episode(
        &self,
        request: Request<pb::GetEpisodeRequest>,
    ) -> Result<Response<pb::GetEpisodeResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let id = id("episode_id", &request.get_ref().episode_id)?;
        let episode = self.read_episode(&caller, id).await?.ok_or_else(|| error::not_found("episode"))?;
        Ok(Response::new(pb::GetEpisodeResponse { episode: Some(episode) }))
    }

    async fn list_episodes(
        &self,
        request: Request<pb::ListEpisodesRequest>,
    ) -> Result<Response<pb::ListEpisodesResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let r = request.get_ref();
        let whose = whose(&caller, &r.person_id, &r.practitioner_id)?;
        let states = wire::episode_states(&r.states)?;
        let list = format!("ListEpisodes/{whose:?}/{states:?}");
        let after = self.pages.after(&list, &r.page_token)?;
        let filter = EpisodeFilter { whose, states, after, size: page_size(r.page_size)? };
        self.view.wait(&r.at_least).await?;
        let (found, next) = self.view.episodes(&filter).await?;
        let mut episodes = Vec::with_capacity(found.len());
        for id in found {
            episodes.extend(self.read_episode(&caller, id).await?);
        }
        let next_page_token = self.pages.next(&list, next);
        Ok(Response::new(pb::ListEpisodesResponse { episodes, next_page_token }))
    }

    async fn propose_appointment(
        &self,
        request: Request<pb::ProposeAppointmentRequest>,
    ) -> Result<Response<pb::ProposeAppointmentResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("ProposeAppointment", REQUEST, &request, &r.request_id, "")?;
        let done = self.make(&ask, wire::book(r.ask.as_ref())?, Standing::Proposed).await?;
        Ok(Response::new(pb::ProposeAppointmentResponse { written: Some(done.into()) }))
    }

    async fn book_appointment(
        &self,
        request: Request<pb::BookAppointmentRequest>,
    ) -> Result<Response<pb::BookAppointmentResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("BookAppointment", REQUEST, &request, &r.request_id, "")?;
        let done = self.make(&ask, wire::book(r.ask.as_ref())?, Standing::Booked).await?;
        Ok(Response::new(pb::BookAppointmentResponse { written: Some(done.into()) }))
    }

    async fn reschedule_appointment(
        &self,
        request: Request<pb::RescheduleAppointmentRequest>,
    ) -> Result<Response<pb::RescheduleAppointmentResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("RescheduleAppointment", REQUEST, &request, &r.request_id, &r.etag)?;
        let replacing = wire::reschedule(r)?;
        let around = Around {
            appointment: replacing.old,
            intent: Intent::Replace { by: replacing.id, when: replacing.when.clone() },
        };
        let (by, now) = (ask.by(), ask.at);
        let done = self.desk.execute(&ask, appointment_stream(replacing.id), around, |at| {
            let missing = || Refusal::Appointment(appointment::Refusal::NotFound);
            let new = replacing.ask(at.appointment.content().ok_or_else(missing)?);
            let (practitioner, episode) = (at.practitioner(), at.episode());
            let decided =
                booking::reschedule(&at.appointment, new, practitioner, episode, at.diaries(), by, now)?;
            Ok::<_, Refusal>(at.write(decided))
        });
        Ok(Response::new(pb::RescheduleAppointmentResponse { written: Some(done.await?.into()) }))
    }

    async fn hold_appointment(
        &self,
        request: Request<pb::HoldAppointmentRequest>,
    ) -> Result<Response<pb::HoldAppointmentResponse>, Status> {
        changes_appointment!(self, request, "HoldAppointment", REQUEST, wire::hold, HoldAppointmentResponse)
    }

    async fn confirm_appointment(
        &self,
        request: Request<pb::ConfirmAppointmentRequest>,
    ) -> Result<Response<pb::ConfirmAppointmentResponse>, Status> {
        changes_appointment!(
            self,
            request,
            "ConfirmAppointment",
            EITHER,
            wire::confirm,
            ConfirmAppointmentResponse
        )
    }

    async fn arrive_appointment(
        &self,
        request: Request<pb::ArriveAppointmentRequest>,
    ) -> Result<Response<pb::ArriveAppointmentResponse>, Status> {
        changes_appointment!(
            self,
            request,
            "ArriveAppointment",
            REQUEST,
            wire::arrive,
            ArriveAppointmentResponse
        )
    }

    async fn check_in_appointment(
        &self,
        request: Request<pb::CheckInAppointmentRequest>,
    ) -> Result<Response<pb::CheckInAppointmentResponse>, Status> {
        changes_appointment!(
            self,
            request,
            "CheckInAppointment",
            REQUEST,
            wire::check_in,
            CheckInAppointmentResponse
        )
    }

    async fn fulfil_appointment(
        &self,
        request: Request<pb::FulfilAppointmentRequest>,
    ) -> Result<Response<pb::FulfilAppointmentResponse>, Status> {
        changes_appointment!(
            self,
            request,
            "FulfilAppointment",
            REQUEST,
            wire::fulfil,
            FulfilAppointmentResponse
        )
    }

    async fn miss_appointment(
        &self,
        request: Request<pb::MissAppointmentRequest>,
    ) -> Result<Response<pb::MissAppointmentResponse>, Status> {
        changes_appointment!(self, request, "MissAppointment", REQUEST, wire::miss, MissAppointmentResponse)
    }

    async fn correct_no_show(
        &self,
        request: Request<pb::CorrectNoShowRequest>,
    ) -> Result<Response<pb::CorrectNoShowResponse>, Status> {
        changes_appointment!(
            self,
            request,
            "CorrectNoShow",
            REQUEST,
            wire::correct_no_show,
            CorrectNoShowResponse
        )
    }

    async fn cancel_appointment(
        &self,
        request: Request<pb::CancelAppointmentRequest>,
    ) -> Result<Response<pb::CancelAppointmentResponse>, Status> {
        changes_appointment!(
            self,
            request,
            "CancelAppointment",
            EITHER,
            wire::cancel,
            CancelAppointmentResponse
        )
    }

    async fn mark_appointment_entered_in_error(
        &self,
        request: Request<pb::MarkAppointmentEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkAppointmentEnteredInErrorResponse>, Status> {
        changes_appointment!(
            self,
            request,
            "MarkAppointmentEnteredInError",
            CORRECT,
            wire::mark_entered_in_error,
            MarkAppointmentEnteredInErrorResponse
        )
    }

    async fn record_appointment(
        &self,
        request: Request<pb::RecordAppointmentRequest>,
    ) -> Result<Response<pb::RecordAppointmentResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("RecordAppointment", RECORD, &request, &r.request_id, "")?;
        let (fact, source) = self.desk.source(&ask.caller, r.source.as_ref())?;
        let id = AppointmentId::new(fact);
        let told = wire::record(id, ask.agency()?, r)?;
        let around = Around { appointment: id, intent: Intent::Record(Box::new(told.content.clone())) };
        let ask = ask.from_source(source);
        let done = self.desk.execute(&ask, appointment_stream(id), around, |at| {
            let (practitioner, episode) = (at.practitioner(), at.episode());
            let decided =
                booking::record(&at.appointment, told.clone(), practitioner, episode, at.diaries())?;
            Ok::<_, Refusal>(at.write(decided))
        });
        Ok(Response::new(pb::RecordAppointmentResponse { written: Some(done.await?.into()) }))
    }

    async fn get_appointment(
        &self,
        request: Request<pb::GetAppointmentRequest>,
    ) -> Result<Response<pb::GetAppointmentResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let id = id("appointment_id", &request.get_ref().appointment_id)?;
        let found = self.read_appointment(&caller, id).await?;
        let appointment = found.ok_or_else(|| error::not_found("appointment"))?;
        Ok(Response::new(pb::GetAppointmentResponse { appointment: Some(appointment) }))
    }

    async fn list_appointments(
        &self,
        request: Request<pb::ListAppointmentsRequest>,
    ) -> Result<Response<pb::ListAppointmentsResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let r = request.get_ref();
        let whose = whose(&caller, &r.person_id, &r.practitioner_id)?;
        let states = wire::appointment_states(&r.states)?;
        let instant = |field, at: Option<&prost_types::Timestamp>| {
            at.map(|at| platform::wire::instant(field, at)).transpose()
        };
        let (from, until) = (instant("from", r.from.as_ref())?, instant("until", r.until.as_ref())?);
        let list = format!("ListAppointments/{whose:?}/{states:?}/{from:?}/{until:?}");
        let after = self.pages.place(&list, &r.page_token)?.unwrap_or_else(earliest);
        let size = page_size(r.page_size)?;
        let filter = AppointmentFilter { whose, from, until, states, after, size };
        self.view.wait(&r.at_least).await?;
        let (found, next) = self.view.appointments(&filter).await?;
        let mut appointments = Vec::with_capacity(found.len());
        for id in found {
            appointments.extend(self.read_appointment(&caller, id).await?);
        }
        let next_page_token = self.pages.next(&list, next);
        Ok(Response::new(pb::ListAppointmentsResponse { appointments, next_page_token }))
    }
}

impl Api {
    /// Opens or assigns an episode; who is named to treat must work in its modality at the agency.
    async fn in_good_hands(
        &self,
        ask: &Ask,
        id: EpisodeId,
        command: episode::Command,
    ) -> Result<Done, Status> {
        let treats = match &command {
            episode::Command::Open { practitioner, .. } => *practitioner,
            episode::Command::Assign { practitioner, .. } => Some(*practitioner),
            episode::Command::Attend { .. }
            | episode::Command::Close { .. }
            | episode::Command::MarkEnteredInError { .. } => None,
        };
        let streams = (
            Stream::<Episode>::of(id.uuid()),
            treats.map(|worker| Stream::<Practitioner>::of(worker.uuid())),
        );
        let done = self.desk.execute(ask, id_of::<Episode>(id.uuid()), streams, |(now, treating)| {
            let events = Episode::decide(now, command.clone()).map_err(Refusal::Episode)?;
            let after = events.iter().fold((*now.state).clone(), Episode::evolve);
            if let (Some(facts), Some(treating)) = (after.facts(), treating) {
                booking::takes(treating, facts.agency, &facts.modality)?;
            }
            Ok::<_, Refusal>(Changes::none().write::<Episode>(now, events))
        });
        Ok(done.await?)
    }
}
