//! How an event changes the lists.
//! Invariant: every kind of event is looked at by name, so that a new one cannot be forgotten.

use kernel::Decider;
use platform::args;
use platform::command::Encoding;
use platform::db::Tx;
use platform::projection::{ApplyError, Read};
use proto::therapy::{AppointmentState, EpisodeState};
use uuid::Uuid;

use crate::domain::appointment::{self, Appointment, Content, Correction, Situation};
use crate::domain::episode::{self, Episode};
use crate::domain::practitioner::{self, Practitioner};
use crate::wire::appointment_state;

/// Applies one event of the therapy log.
pub async fn event(tx: &mut Tx, read: &Read) -> Result<(), ApplyError> {
    let (category, id) = kernel::ids::parse_stream(&read.event.stream)
        .map_err(|_| ApplyError::Poison("its stream is damaged".into()))?;
    let at = read.recorded.recorded_at.as_microsecond();
    match category {
        Practitioner::CATEGORY => of_practitioner(tx, id, at, decode::<Practitioner>(read)?).await,
        Episode::CATEGORY => of_episode(tx, id, at, decode::<Episode>(read)?).await,
        Appointment::CATEGORY => of_appointment(tx, id, decode::<Appointment>(read)?).await,
        // A diary is the guard of the appointments that are listed already.
        _ => Ok(()),
    }
}

fn decode<D: Encoding>(read: &Read) -> Result<D::Event, ApplyError> {
    D::decode(&read.event).map_err(|unreadable| ApplyError::Poison(unreadable.to_string()))
}

async fn of_practitioner(
    tx: &mut Tx,
    id: Uuid,
    at: i64,
    event: practitioner::Event,
) -> Result<(), ApplyError> {
    let content = match event {
        practitioner::Event::Registered { agency, content, .. } => {
            tx.execute(
                "INSERT INTO practitioner (id, agency, at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
                args![id, agency.uuid(), at],
            )
            .await?;
            content
        }
        practitioner::Event::Changed { content, .. } => content,
        // Somebody retired stays listed, and is shown as retired.
        practitioner::Event::Retired { .. } => return Ok(()),
    };
    tx.execute("DELETE FROM modality WHERE practitioner = $1", args![id]).await?;
    for modality in content.modalities {
        let sql = "INSERT INTO modality (practitioner, code) VALUES ($1, $2)";
        tx.execute(sql, args![id, modality.code()]).await?;
    }
    Ok(())
}

async fn of_episode(tx: &mut Tx, id: Uuid, at: i64, event: episode::Event) -> Result<(), ApplyError> {
    let state = match event {
        episode::Event::Opened { facts, practitioner, .. } => {
            tx.execute(
                "INSERT INTO episode (id, person, agency, practitioner, state, at) VALUES ($1, $2, $3, $4, $5, $6)",
                args![
                    id,
                    facts.person.uuid(),
                    facts.agency.uuid(),
                    practitioner.map(|worker| worker.uuid()),
                    i32::from(EpisodeState::Open),
                    at
                ],
            )
            .await?;
            return Ok(());
        }
        episode::Event::Assigned { practitioner, .. } => {
            let sql = "UPDATE episode SET practitioner = $2 WHERE id = $1";
            tx.execute(sql, args![id, practitioner.uuid()]).await?;
            return Ok(());
        }
        episode::Event::Started { .. } => EpisodeState::Started,
        episode::Event::Closed { .. } => EpisodeState::Closed,
        episode::Event::EnteredInError { .. } => EpisodeState::EnteredInError,
    };
    tx.execute("UPDATE episode SET state = $2 WHERE id = $1", args![id, i32::from(state)]).await?;
    Ok(())
}

async fn of_appointment(tx: &mut Tx, id: Uuid, event: appointment::Event) -> Result<(), ApplyError> {
    use appointment::Event;
    let state = match event {
        Event::Proposed { content, .. } => return insert(tx, id, &content, AppointmentState::Proposed).await,
        Event::MadePending { content, .. } => {
            return insert(tx, id, &content, AppointmentState::Pending).await;
        }
        Event::Booked { content, .. } => return insert(tx, id, &content, AppointmentState::Booked).await,
        Event::Recorded { told, .. } => {
            return insert(tx, id, &told.content, appointment_state(told.situation)).await;
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
        Event::Replaced { .. } => return Ok(()),
    };
    tx.execute("UPDATE appointment SET state = $2 WHERE id = $1", args![id, i32::from(state)]).await?;
    Ok(())
}

async fn insert(tx: &mut Tx, id: Uuid, content: &Content, state: AppointmentState) -> Result<(), ApplyError> {
    tx.execute(
        "INSERT INTO appointment (id, person, agency, practitioner, state, start) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (id) DO UPDATE SET person = excluded.person, practitioner = excluded.practitioner, \
         state = excluded.state, start = excluded.start",
        args![
            id,
            content.person.uuid(),
            content.agency.uuid(),
            content.practitioner.map(|worker| worker.uuid()),
            i32::from(state),
            content.start.at.as_microsecond()
        ],
    )
    .await?;
    Ok(())
}
