//! How an event changes the lists.
//! Invariant: every kind of event is looked at by name, so that a new one cannot be forgotten.

use kernel::Decider;
use platform::args;
use platform::db::Rows;
use platform::lists::Logged;
use platform::projection::ApplyError;
use proto::therapy::{AppointmentState, EpisodeState};
use uuid::Uuid;

use crate::domain::appointment::{self, Appointment, Content, Correction, Situation};
use crate::domain::episode::{self, Episode};
use crate::domain::practitioner::{self, Practitioner};
use crate::wire::appointment_state;

const PRACTITIONER: &str =
    "INSERT INTO practitioner (id, agency, at) VALUES {rows} ON CONFLICT (id) DO NOTHING";
const MODALITY: &str = "INSERT INTO modality (practitioner, code) VALUES {rows}";
const NO_MODALITY: &str = "DELETE FROM modality WHERE practitioner IN (VALUES {rows})";
const EPISODE: &str =
    "INSERT INTO episode (id, person, agency, practitioner, assigned, state, at) VALUES {rows}";
const ASSIGNED: &str = "WITH given (id, practitioner, at) AS (VALUES {rows}) \
     UPDATE episode SET practitioner = given.practitioner, assigned = given.at FROM given WHERE episode.id = given.id";
const EPISODE_STATE: &str = "WITH given (id, state) AS (VALUES {rows}) \
     UPDATE episode SET state = given.state FROM given WHERE episode.id = given.id";
const APPOINTMENT: &str = "INSERT INTO appointment (id, person, agency, practitioner, state, start) VALUES {rows} \
     ON CONFLICT (id) DO UPDATE SET person = excluded.person, practitioner = excluded.practitioner, \
     state = excluded.state, start = excluded.start";
const APPOINTMENT_STATE: &str = "WITH given (id, state) AS (VALUES {rows}) \
     UPDATE appointment SET state = given.state FROM given WHERE appointment.id = given.id";

/// Applies one event of the therapy log.
pub fn event(logged: &Logged<'_>, rows: &mut Rows) -> Result<(), ApplyError> {
    match logged.category {
        Practitioner::CATEGORY => of_practitioner(logged, logged.event::<Practitioner>()?, rows),
        Episode::CATEGORY => of_episode(logged, logged.event::<Episode>()?, rows),
        Appointment::CATEGORY => of_appointment(logged.id, logged.event::<Appointment>()?, rows),
        // A diary is the guard of the appointments that are listed already.
        _ => {}
    }
    Ok(())
}

fn of_practitioner(logged: &Logged<'_>, event: practitioner::Event, rows: &mut Rows) {
    let id = logged.id;
    let content = match event {
        practitioner::Event::Registered { agency, content, .. } => {
            rows.put(&[id], PRACTITIONER, [args![id, agency.uuid(), logged.at()]]);
            content
        }
        practitioner::Event::Changed { content, .. } => content,
        // Somebody retired stays listed, and is shown as retired.
        practitioner::Event::Retired { .. } => return,
    };
    rows.put(&[id], NO_MODALITY, [args![id]]);
    rows.put(&[id], MODALITY, content.modalities.iter().map(|modality| args![id, modality.code()]));
}

fn of_episode(logged: &Logged<'_>, event: episode::Event, rows: &mut Rows) {
    let id = logged.id;
    let state = match event {
        episode::Event::Opened { facts, practitioner, .. } => {
            let practitioner = practitioner.map(|worker| worker.uuid());
            let (person, agency, state) =
                (facts.person.uuid(), facts.agency.uuid(), i32::from(EpisodeState::Open));
            let row = args![id, person, agency, practitioner, logged.happened(), state, logged.at()];
            return rows.put(&[id], EPISODE, [row]);
        }
        episode::Event::Assigned { practitioner, .. } => {
            return rows.put(&[id], ASSIGNED, [args![id, practitioner.uuid(), logged.happened()]]);
        }
        episode::Event::PlanNamed { .. } => return,
        episode::Event::Started { .. } => EpisodeState::Started,
        episode::Event::Closed { .. } => EpisodeState::Closed,
        episode::Event::EnteredInError { .. } => EpisodeState::EnteredInError,
    };
    rows.put(&[id], EPISODE_STATE, [args![id, i32::from(state)]]);
}

fn of_appointment(id: Uuid, event: appointment::Event, rows: &mut Rows) {
    use appointment::Event;
    let state = match event {
        Event::Proposed { content, .. } => return insert(id, &content, AppointmentState::Proposed, rows),
        Event::MadePending { content, .. } => return insert(id, &content, AppointmentState::Pending, rows),
        Event::Booked { content, .. } => return insert(id, &content, AppointmentState::Booked, rows),
        Event::Recorded { told, .. } => {
            return insert(id, &told.content, appointment_state(told.situation), rows);
        }
        Event::Held { .. } => AppointmentState::Pending,
        Event::Confirmed { .. } => AppointmentState::Booked,
        Event::Arrived { .. } => AppointmentState::Arrived,
        Event::CheckedIn { .. } => AppointmentState::CheckedIn,
        Event::Fulfilled { .. } => AppointmentState::Fulfilled,
        Event::Missed { .. } => AppointmentState::NoShow,
        Event::NoShowCorrected { correction, .. } => appointment_state(match correction {
            Correction::Fulfilled(minutes) => Situation::Fulfilled(minutes.unwrap_or_default()),
            Correction::Cancelled(reason) => Situation::Cancelled(reason),
            Correction::Missed(reason) => Situation::NoShow(reason),
        }),
        Event::Cancelled { .. } => AppointmentState::Cancelled,
        Event::EnteredInError { .. } => AppointmentState::EnteredInError,
        Event::Replaced { .. } => return,
    };
    rows.put(&[id], APPOINTMENT_STATE, [args![id, i32::from(state)]]);
}

fn insert(id: Uuid, content: &Content, state: AppointmentState, rows: &mut Rows) {
    let row = args![
        id,
        content.person.uuid(),
        content.agency.uuid(),
        content.practitioner.map(|worker| worker.uuid()),
        i32::from(state),
        content.start.at.as_microsecond()
    ];
    rows.put(&[id], APPOINTMENT, [row]);
}
