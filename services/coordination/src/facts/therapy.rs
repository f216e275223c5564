//! Appointments that hold the person's time, and episodes.
//! Invariant: a session that was held, missed or called off is no commitment any more, and says nothing here.

use platform::source::Read;
use prost::Message;
use proto::therapy::therapy_event::Kind;
use proto::therapy::{AppointmentContent, AppointmentState, TherapyEvent};

use super::stored::{Appointment, Fact, Hour, Service, Unreadable, happened, instant, written};

pub(super) fn apply(held: Option<Fact>, read: &Read) -> Result<Option<Fact>, Unreadable> {
    let payload = TherapyEvent::decode(read.event.payload.clone()).map_err(|_| Unreadable)?;
    Ok(match (payload.kind.ok_or(Unreadable)?, held) {
        // What concerns practitioners, and the diaries that guard their time and the person's; who treats, and that it began.
        (
            Kind::PractitionerRegistered(_)
            | Kind::PractitionerChanged(_)
            | Kind::PractitionerRetired(_)
            | Kind::DiaryTimeTaken(_)
            | Kind::DiaryTimeFreed(_)
            | Kind::ReactionRefused(_)
            | Kind::EpisodeAssigned(_)
            | Kind::EpisodeStarted(_)
            | Kind::AppointmentReplaced(_),
            held,
        ) => held,
        (Kind::EpisodePlanNamed(named), held) => match held {
            Some(Fact::Service(episode)) => Some(Fact::Service(Service {
                goal: named.goal_id,
                plan_items: named.plan_item_ids,
                ..episode
            })),
            Some(_) | None => held,
        },

        (Kind::EpisodeOpened(opened), _) => Some(Fact::Service(Service {
            written: Some(written(read, &opened.agency_id, opened.part2)),
            practice: opened.modality,
            goal: opened.goal_id,
            plan_items: opened.plan_item_ids,
            from: happened(read)?.as_microsecond(),
            until: None,
            zone: read.event.occurred.clone().unwrap_or_default().zone,
            paused: false,
        })),
        (Kind::EpisodeClosed(_), Some(Fact::Service(mut episode))) => {
            episode.until = Some(happened(read)?.as_microsecond());
            Some(Fact::Service(episode))
        }

        (Kind::AppointmentProposed(made), _) => Some(appointment(read, made.content, false)?),
        (Kind::AppointmentBooked(made), _) => Some(appointment(read, made.content, true)?),
        (Kind::AppointmentHeld(made), held) => match made.content {
            Some(content) => Some(appointment(read, Some(content), true)?),
            None => holding(held),
        },
        (
            Kind::AppointmentConfirmed(_) | Kind::AppointmentArrived(_) | Kind::AppointmentCheckedIn(_),
            held,
        ) => holding(held),
        (Kind::AppointmentRecorded(recorded), _) => match recorded.state() {
            AppointmentState::Unspecified => return Err(Unreadable),
            AppointmentState::Proposed => Some(appointment(read, recorded.content, false)?),
            AppointmentState::Pending
            | AppointmentState::Booked
            | AppointmentState::Arrived
            | AppointmentState::CheckedIn => Some(appointment(read, recorded.content, true)?),
            AppointmentState::Fulfilled
            | AppointmentState::NoShow
            | AppointmentState::Cancelled
            | AppointmentState::EnteredInError => None,
        },
        // Closed, never opened, over, or never meant.
        (
            Kind::EpisodeClosed(_)
            | Kind::EpisodeEnteredInError(_)
            | Kind::AppointmentFulfilled(_)
            | Kind::AppointmentMissed(_)
            | Kind::AppointmentNoShowCorrected(_)
            | Kind::AppointmentCancelled(_)
            | Kind::AppointmentEnteredInError(_),
            _,
        ) => None,
    })
}

fn appointment(read: &Read, content: Option<AppointmentContent>, held: bool) -> Result<Fact, Unreadable> {
    let content = content.ok_or(Unreadable)?;
    let told = content.start.ok_or(Unreadable)?;
    let start = instant(told.instant.as_ref())?;
    let length = jiff::SignedDuration::from_mins(content.minutes.into());
    let end = start.checked_add(length).map_err(|_| Unreadable)?;
    Ok(Fact::Appointment(Appointment {
        written: Some(written(read, &content.agency_id, content.part2)),
        hour: Some(Hour {
            id: String::new(),
            start: start.as_microsecond(),
            end: end.as_microsecond(),
            setting: content.setting,
            zone: told.zone,
        }),
        held,
    }))
}

/// From now on it holds the person's time.
fn holding(held: Option<Fact>) -> Option<Fact> {
    match held {
        Some(Fact::Appointment(appointment)) => {
            Some(Fact::Appointment(Appointment { held: true, ..appointment }))
        }
        other => other,
    }
}
