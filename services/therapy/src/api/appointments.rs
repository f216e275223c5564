//! Appointments: asked for, moved, kept or missed, and told by others.
//! Invariant: an appointment, its episode and the diaries that it fills change in one write.

use kernel::Caller;
use kernel::may::see_own;
use platform::auth;
use platform::command::{Ask, Done};
use platform::error;
use platform::wire::page_size;
use proto::therapy as pb;
use tonic::{Request, Status};
use uuid::Uuid;

use super::{Api, CORRECT, EITHER, READ, RECORD, REQUEST, id, whose};
use crate::around::{Around, Intent};
use crate::domain::appointment::{self, Appointment, Standing};
use crate::domain::booking::{self, Refusal};
use crate::domain::{AppointmentId, appointment_stream};
use crate::view::{AppointmentFilter, earliest};
use crate::{NAME, wire};

impl Api {
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
        let own = |person, agency| see_own(caller, agency, Some(person), NAME);
        let content = now.content().filter(|content| own(content.person, content.agency));
        let Some(content) = content else { return Ok(None) };
        // When somebody restricted is where is nobody's to see by running or auditing the system.
        let seen = self.people.may_find(caller, content.person).await?;
        Ok(if seen { wire::appointment(AppointmentId::new(id), now.version, &now) } else { None })
    }
}

/// A method that changes an appointment: role, parse, change.
macro_rules! changes {
    ($name:ident, $method:literal, $request:ident, $roles:expr, $parse:path) => {
        pub(super) async fn $name(api: &Api, request: &Request<pb::$request>) -> Result<Done, Status> {
            let r = request.get_ref();
            let ask = api.desk.ask($method, $roles, request, &r.request_id, &r.etag)?;
            let (id, command) = $parse(ask.by(), ask.at, r)?;
            api.change(&ask, id, command).await
        }
    };
}

pub(super) async fn propose(
    api: &Api,
    request: &Request<pb::ProposeAppointmentRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("ProposeAppointment", REQUEST, request, &r.request_id, "")?;
    let ask = ask.of_the_living(&api.people);
    api.make(&ask, wire::book(r.ask.as_ref())?, Standing::Proposed).await
}

pub(super) async fn book(api: &Api, request: &Request<pb::BookAppointmentRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("BookAppointment", REQUEST, request, &r.request_id, "")?;
    let ask = ask.of_the_living(&api.people);
    api.make(&ask, wire::book(r.ask.as_ref())?, Standing::Booked).await
}

pub(super) async fn reschedule(
    api: &Api,
    request: &Request<pb::RescheduleAppointmentRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RescheduleAppointment", REQUEST, request, &r.request_id, &r.etag)?;
    let ask = ask.of_the_living(&api.people);
    let replacing = wire::reschedule(r)?;
    let around = Around {
        appointment: replacing.old,
        intent: Intent::Replace { by: replacing.id, when: replacing.when.clone() },
    };
    let (by, now) = (ask.by(), ask.at);
    let done = api.desk.execute(&ask, appointment_stream(replacing.id), around, |at| {
        let missing = || Refusal::Appointment(appointment::Refusal::NotFound);
        let new = replacing.ask(at.appointment.content().ok_or_else(missing)?);
        let (practitioner, episode) = (at.practitioner(), at.episode());
        let decided =
            booking::reschedule(&at.appointment, new, practitioner, episode, at.diaries(), by, now)?;
        Ok::<_, Refusal>(at.write(decided))
    });
    Ok(done.await?)
}

changes!(hold, "HoldAppointment", HoldAppointmentRequest, REQUEST, wire::hold);
changes!(confirm, "ConfirmAppointment", ConfirmAppointmentRequest, EITHER, wire::confirm);
changes!(arrive, "ArriveAppointment", ArriveAppointmentRequest, REQUEST, wire::arrive);
changes!(check_in, "CheckInAppointment", CheckInAppointmentRequest, REQUEST, wire::check_in);
changes!(fulfil, "FulfilAppointment", FulfilAppointmentRequest, REQUEST, wire::fulfil);
changes!(miss, "MissAppointment", MissAppointmentRequest, REQUEST, wire::miss);
changes!(correct_no_show, "CorrectNoShow", CorrectNoShowRequest, REQUEST, wire::correct_no_show);
changes!(cancel, "CancelAppointment", CancelAppointmentRequest, EITHER, wire::cancel);
changes!(
    mark_entered_in_error,
    "MarkAppointmentEnteredInError",
    MarkAppointmentEnteredInErrorRequest,
    CORRECT,
    wire::mark_entered_in_error
);

pub(super) async fn record(
    api: &Api,
    request: &Request<pb::RecordAppointmentRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RecordAppointment", RECORD, request, &r.request_id, "")?;
    let (fact, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let id = AppointmentId::new(fact);
    let told = wire::record(id, ask.agency()?, r)?;
    let around = Around { appointment: id, intent: Intent::Record(Box::new(told.content.clone())) };
    let ask = ask.from_source(source);
    let done = api.desk.execute(&ask, appointment_stream(id), around, |at| {
        let (practitioner, episode) = (at.practitioner(), at.episode());
        let decided = booking::record(&at.appointment, told.clone(), practitioner, episode, at.diaries())?;
        Ok::<_, Refusal>(at.write(decided))
    });
    Ok(done.await?)
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetAppointmentRequest>,
) -> Result<pb::GetAppointmentResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let id = id("appointment_id", &request.get_ref().appointment_id)?;
    let found = api.read_appointment(&caller, id).await?;
    let appointment = found.ok_or_else(|| error::not_found("appointment"))?;
    Ok(pb::GetAppointmentResponse { appointment: Some(appointment) })
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListAppointmentsRequest>,
) -> Result<pb::ListAppointmentsResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let r = request.get_ref();
    let whose = whose(&caller, &r.person_id, &r.practitioner_id)?;
    if whose.agency.is_none() && whose.person.is_none() {
        // So would they among a practitioner's.
        let why = "is missing; whoever speaks for no agency lists one person's appointments";
        return Err(error::bad_field("person_id", why));
    }
    let states = wire::appointment_states(&r.states)?;
    let instant = |field, at: Option<&prost_types::Timestamp>| {
        at.map(|at| platform::wire::instant(field, at)).transpose()
    };
    let (from, until) = (instant("from", r.from.as_ref())?, instant("until", r.until.as_ref())?);
    let list = format!("ListAppointments/{whose:?}/{states:?}/{from:?}/{until:?}");
    let after = api.pages.place(&list, &r.page_token)?.unwrap_or_else(earliest);
    let size = page_size(r.page_size)?;
    let filter = AppointmentFilter { whose, from, until, states, after, size };
    api.view.wait(&r.at_least).await?;
    if let (None, Some(person)) = (filter.whose.agency, filter.whose.person)
        && !api.people.may_find(&caller, person).await?
    {
        return Ok(pb::ListAppointmentsResponse::default());
    }
    let (found, next) = api.view.appointments(&filter).await?;
    let mut appointments = Vec::with_capacity(found.len());
    for id in found {
        appointments.extend(api.read_appointment(&caller, id).await?);
    }
    let next_page_token = api.pages.next(&list, next);
    Ok(pb::ListAppointmentsResponse { appointments, next_page_token })
}
