//! Appointments on the wire: what is asked, and what is read.
//! Invariant: a wall time goes in and out as it was told, with the instant and the zone data that made it beside it.

mod stored;
mod time;

use kernel::skill::Approach;
use kernel::{AgencyId, By, Timestamp, WorkerId};
use platform::error::BadField;
use platform::training;
use platform::wire;
use proto::therapy as pb;
use proto::types::Setting;

use super::codes::{cancelled, missed};
use super::id_text;
use crate::around::When;
use crate::domain::appointment::{
    CancelReason, Command, Content, Correction, MAX_MINUTES, MissedReason, Recorded, Situation, State,
};
use crate::domain::booking::Ask;
use crate::domain::{AppointmentId, EpisodeId, Modality};

/// A new appointment, as asked.
#[derive(Clone, Debug)]
pub struct Making {
    /// The appointment to be.
    pub id: AppointmentId,
    /// The episode.
    pub episode: EpisodeId,
    /// The practitioner named.
    pub with: Option<WorkerId>,
    /// When.
    pub when: When,
    minutes: u32,
    setting: i32,
    approach: Option<Approach>,
}

impl Making {
    /// What is asked, in the practitioner's zone where none was told.
    pub fn ask(&self, zone: &kernel::Zone) -> Ask {
        let (id, minutes, setting) = (self.id, self.minutes, self.setting);
        Ask { id, start: self.when.local(zone), minutes, setting, approach: self.approach.clone() }
    }
}

/// An appointment in place of another, as asked.
#[derive(Clone, Debug)]
pub struct Replacing {
    /// The one replaced.
    pub old: AppointmentId,
    /// The one to be.
    pub id: AppointmentId,
    /// When.
    pub when: When,
    setting: Option<i32>,
}

impl Replacing {
    /// What is asked; what was not told is as it was.
    pub fn ask(&self, old: &Content) -> Ask {
        Ask {
            id: self.id,
            start: self.when.local(&old.start.zone),
            minutes: self.when.minutes.unwrap_or(old.minutes),
            setting: self.setting.unwrap_or(old.setting),
            approach: old.approach.clone(),
        }
    }
}

/// A proposal or a booking.
pub fn book(ask: Option<&pb::AppointmentAsk>) -> Result<Making, BadField> {
    let ask = wire::required("ask", ask)?;
    let inside = |bad: BadField| bad.within("ask");
    let minutes = minutes_in("minutes", ask.minutes).map_err(inside)?;
    let (wall, zone) = time::read("start", ask.start.as_ref()).map_err(inside)?;
    Ok(Making {
        id: AppointmentId::new(uuid::Uuid::now_v7()),
        episode: wire::id("episode_id", &ask.episode_id).map_err(inside)?,
        with: wire::optional_id("practitioner_id", &ask.practitioner_id).map_err(inside)?,
        when: When { wall, zone, minutes: Some(minutes) },
        minutes,
        setting: wire::choice::<Setting>("setting", ask.setting).map_err(inside)?.into(),
        approach: training::approach(&ask.skills, ask.stance).map_err(inside)?,
    })
}

/// Another in place of one.
pub fn reschedule(request: &pb::RescheduleAppointmentRequest) -> Result<Replacing, BadField> {
    let (wall, zone) = time::read("start", request.start.as_ref())?;
    Ok(Replacing {
        old: id(&request.appointment_id)?,
        id: AppointmentId::new(uuid::Uuid::now_v7()),
        when: When { wall, zone, minutes: optional_minutes("minutes", request.minutes)? },
        setting: match request.setting {
            0 => None,
            given => Some(wire::choice::<Setting>("setting", given)?.into()),
        },
    })
}

type Asked = Result<(AppointmentId, Command), BadField>;

/// Its time is to be held.
pub fn hold(by: By, _: Timestamp, request: &pb::HoldAppointmentRequest) -> Asked {
    Ok((id(&request.appointment_id)?, Command::Hold { by }))
}

/// It is booked.
pub fn confirm(by: By, _: Timestamp, request: &pb::ConfirmAppointmentRequest) -> Asked {
    Ok((id(&request.appointment_id)?, Command::Confirm { by }))
}

/// The person is there.
pub fn arrive(by: By, now: Timestamp, request: &pb::ArriveAppointmentRequest) -> Asked {
    Ok((id(&request.appointment_id)?, Command::Arrive { by, now }))
}

/// The person is checked in.
pub fn check_in(by: By, now: Timestamp, request: &pb::CheckInAppointmentRequest) -> Asked {
    Ok((id(&request.appointment_id)?, Command::CheckIn { by, now }))
}

/// The session took place.
pub fn fulfil(by: By, now: Timestamp, request: &pb::FulfilAppointmentRequest) -> Asked {
    let minutes = optional_minutes("minutes", request.minutes)?;
    Ok((id(&request.appointment_id)?, Command::Fulfil { by, now, minutes }))
}

/// The person did not come.
pub fn miss(by: By, now: Timestamp, request: &pb::MissAppointmentRequest) -> Asked {
    let reason = missed::parse("reason", request.reason)?;
    Ok((id(&request.appointment_id)?, Command::Miss { by, now, reason }))
}

/// The no-show was wrong.
pub fn correct_no_show(by: By, _: Timestamp, request: &pb::CorrectNoShowRequest) -> Asked {
    let why = "is missing, or not what a no-show can turn out to be: send FULFILLED, CANCELLED or NO_SHOW";
    let wrong = || BadField::new("state", why);
    let correction = match pb::AppointmentState::try_from(request.state).map_err(|_| wrong())? {
        pb::AppointmentState::Fulfilled => {
            Correction::Fulfilled(optional_minutes("minutes", request.minutes)?)
        }
        pb::AppointmentState::Cancelled => {
            Correction::Cancelled(cancel_reason("cancel_reason", request.cancel_reason)?)
        }
        pb::AppointmentState::NoShow => {
            Correction::Missed(missed::parse("missed_reason", request.missed_reason)?)
        }
        pb::AppointmentState::Unspecified
        | pb::AppointmentState::Proposed
        | pb::AppointmentState::Pending
        | pb::AppointmentState::Booked
        | pb::AppointmentState::Arrived
        | pb::AppointmentState::CheckedIn
        | pb::AppointmentState::EnteredInError => return Err(wrong()),
    };
    Ok((id(&request.appointment_id)?, Command::CorrectNoShow { by, correction }))
}

/// It is called off.
pub fn cancel(by: By, _: Timestamp, request: &pb::CancelAppointmentRequest) -> Asked {
    let reason = cancel_reason("reason", request.reason)?;
    Ok((id(&request.appointment_id)?, Command::Cancel { by, reason }))
}

/// It was never meant.
pub fn mark_entered_in_error(
    by: By,
    _: Timestamp,
    request: &pb::MarkAppointmentEnteredInErrorRequest,
) -> Asked {
    Ok((id(&request.appointment_id)?, Command::MarkEnteredInError { by }))
}

/// It is put down from elsewhere.
pub fn record(
    id: AppointmentId,
    agency: AgencyId,
    request: &pb::RecordAppointmentRequest,
) -> Result<Recorded, BadField> {
    let modality = match request.modality.as_str() {
        "" => None,
        code => Some(Modality::new(code).map_err(|why| BadField::new("modality", why.to_string()))?),
    };
    let (wall, zone) = time::read("start", request.start.as_ref())?;
    let zone = zone
        .ok_or_else(|| BadField::new("start.zone", "is missing; a record tells the zone of its wall time"))?;
    let minutes = minutes_in("minutes", request.minutes)?;
    let content = Content {
        id,
        person: wire::id("person_id", &request.person_id)?,
        agency,
        practitioner: wire::optional_id("practitioner_id", &request.practitioner_id)?,
        episode: wire::optional_id("episode_id", &request.episode_id)?,
        modality,
        start: kernel::Local::new(wall, zone),
        minutes,
        setting: Setting::try_from(request.setting)
            .map_err(|_| BadField::new("setting", "is not one of the contract's values"))?
            .into(),
        // Its episode says so, once it is looked at.
        part2: false,
        approach: training::approach(&request.skills, request.stance)?,
    };
    let situation = situation_in(request, minutes)?;
    let known_until = wire::known_until(request.source.as_ref(), situation.is_open())?;
    Ok(Recorded { content, situation, known_until, discrepancies: vec![] })
}

/// The contract's name for the status of an appointment.
pub fn situation(situation: Situation) -> pb::AppointmentState {
    match situation {
        Situation::Proposed => pb::AppointmentState::Proposed,
        Situation::Pending => pb::AppointmentState::Pending,
        Situation::Booked => pb::AppointmentState::Booked,
        Situation::Arrived => pb::AppointmentState::Arrived,
        Situation::CheckedIn => pb::AppointmentState::CheckedIn,
        Situation::Fulfilled(_) => pb::AppointmentState::Fulfilled,
        Situation::NoShow(_) => pb::AppointmentState::NoShow,
        Situation::Cancelled(_) => pb::AppointmentState::Cancelled,
    }
}

/// An appointment as its readers see it.
pub fn appointment(id: AppointmentId, version: u64, state: &State) -> Option<pb::Appointment> {
    let content = state.content()?;
    let (skills, stance) = training::written(content.approach.as_ref());
    let mut out = pb::Appointment {
        id: id.to_string(),
        etag: version.to_string(),
        person_id: content.person.to_string(),
        agency_id: content.agency.to_string(),
        practitioner_id: id_text(content.practitioner),
        episode_id: id_text(content.episode),
        modality: content.modality.as_ref().map(ToString::to_string).unwrap_or_default(),
        start: Some(time::write(&content.start)),
        minutes: content.minutes,
        setting: content.setting,
        state: pb::AppointmentState::EnteredInError.into(),
        skills,
        stance,
        ..Default::default()
    };
    if let State::Made { situation: status, from, to, corrected, .. } = state {
        out.state = situation(*status).into();
        out.missed_reason = missed_of(*status).map(missed::number).unwrap_or_default();
        out.cancel_reason = cancelled_of(*status).map(cancelled::number).unwrap_or_default();
        out.minutes_taken = minutes_of(*status);
        out.rescheduled_from = id_text(*from);
        out.rescheduled_to = id_text(*to);
        out.no_show_corrected = *corrected;
    }
    Some(out)
}

fn id(text: &str) -> Result<AppointmentId, BadField> {
    wire::id("appointment_id", text)
}

fn minutes_in(field: &str, minutes: u32) -> Result<u32, BadField> {
    match minutes {
        1..=MAX_MINUTES => Ok(minutes),
        _ => Err(BadField::new(field, format!("is missing or too long; send 1 to {MAX_MINUTES}"))),
    }
}

fn optional_minutes(field: &str, minutes: u32) -> Result<Option<u32>, BadField> {
    if minutes == 0 { Ok(None) } else { minutes_in(field, minutes).map(Some) }
}

fn cancel_reason(field: &str, number: i32) -> Result<CancelReason, BadField> {
    match cancelled::parse(field, number)? {
        CancelReason::Rescheduled => Err(BadField::new(
            field,
            "is RescheduleAppointment's alone; call that to make another in its place",
        )),
        reason
        @ (CancelReason::Person | CancelReason::Service | CancelReason::Other | CancelReason::Died) => {
            Ok(reason)
        }
    }
}

/// The status that a record tells. A source that knows no reason leaves it out.
fn situation_in(request: &pb::RecordAppointmentRequest, minutes: u32) -> Result<Situation, BadField> {
    let wrong = || {
        BadField::new("state", "is missing, or not one that is recorded: send what the appointment is there")
    };
    Ok(match pb::AppointmentState::try_from(request.state).map_err(|_| wrong())? {
        pb::AppointmentState::Proposed => Situation::Proposed,
        pb::AppointmentState::Pending => Situation::Pending,
        pb::AppointmentState::Booked => Situation::Booked,
        pb::AppointmentState::Arrived => Situation::Arrived,
        pb::AppointmentState::CheckedIn => Situation::CheckedIn,
        pb::AppointmentState::Fulfilled => Situation::Fulfilled(minutes),
        pb::AppointmentState::NoShow => Situation::NoShow(match request.missed_reason {
            0 => MissedReason::NotKnown,
            given => missed::parse("missed_reason", given)?,
        }),
        pb::AppointmentState::Cancelled => Situation::Cancelled(match request.cancel_reason {
            0 => CancelReason::Other,
            given => cancelled::parse("cancel_reason", given)?,
        }),
        pb::AppointmentState::Unspecified | pb::AppointmentState::EnteredInError => return Err(wrong()),
    })
}

fn missed_of(situation: Situation) -> Option<MissedReason> {
    match situation {
        Situation::NoShow(reason) => Some(reason),
        Situation::Proposed
        | Situation::Pending
        | Situation::Booked
        | Situation::Arrived
        | Situation::CheckedIn
        | Situation::Fulfilled(_)
        | Situation::Cancelled(_) => None,
    }
}

fn cancelled_of(situation: Situation) -> Option<CancelReason> {
    match situation {
        Situation::Cancelled(reason) => Some(reason),
        Situation::Proposed
        | Situation::Pending
        | Situation::Booked
        | Situation::Arrived
        | Situation::CheckedIn
        | Situation::Fulfilled(_)
        | Situation::NoShow(_) => None,
    }
}

fn minutes_of(situation: Situation) -> u32 {
    match situation {
        Situation::Fulfilled(minutes) => minutes,
        Situation::Proposed
        | Situation::Pending
        | Situation::Booked
        | Situation::Arrived
        | Situation::CheckedIn
        | Situation::NoShow(_)
        | Situation::Cancelled(_) => 0,
    }
}
