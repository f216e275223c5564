//! Appointments as events, there and back.
//! Invariant: what an appointment is comes back as it was stored, instant and all.

use kernel::{Discrepancy, Occurred, PersonId, Precision};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::training;
use prost::Name;
use proto::therapy as pb;
use proto::therapy::therapy_event::Kind;
use tonic::Status;

use super::super::codes::{cancelled, missed};
use super::super::{
    has_part2, id_text, kind_of, known_until, labels, not_of, stored_id, stored_optional_id, wrap,
};
use super::{cancelled_of, minutes_of, missed_of, situation, time};
use crate::domain::Modality;
use crate::domain::appointment::{
    About, Appointment, CancelReason, Content, Correction, Event, MissedReason, Recorded, Situation, State,
};

fn content_out(content: &Content) -> pb::AppointmentContent {
    let (skills, stance) = training::written(content.approach.as_ref());
    pb::AppointmentContent {
        person_id: content.person.to_string(),
        agency_id: content.agency.to_string(),
        practitioner_id: id_text(content.practitioner),
        episode_id: id_text(content.episode),
        modality: content.modality.as_ref().map(ToString::to_string).unwrap_or_default(),
        start: Some(time::write(&content.start)),
        minutes: content.minutes,
        setting: content.setting,
        part2: content.part2,
        skills,
        stance,
    }
}

/// When it took or takes place, for the events that happen then.
fn took_place(after: &State) -> Option<Occurred> {
    let start = &after.content()?.start;
    Some(Occurred { at: start.at, precision: Precision::Instant, zone: start.zone.clone() })
}

fn recorded_out(told: &Recorded, correction: bool) -> pb::AppointmentRecorded {
    pb::AppointmentRecorded {
        appointment_id: told.content.id.to_string(),
        content: Some(content_out(&told.content)),
        state: situation(told.situation).into(),
        missed_reason: missed_of(told.situation).map(missed::number).unwrap_or_default(),
        cancel_reason: cancelled_of(told.situation).map(cancelled::number).unwrap_or_default(),
        correction,
        minutes: minutes_of(told.situation),
    }
}

fn corrected_out(about: &About, correction: Correction) -> pb::AppointmentNoShowCorrected {
    let situation = match correction {
        Correction::Fulfilled(minutes) => Situation::Fulfilled(minutes.unwrap_or_default()),
        Correction::Cancelled(reason) => Situation::Cancelled(reason),
        Correction::Missed(reason) => Situation::NoShow(reason),
    };
    pb::AppointmentNoShowCorrected {
        appointment_id: about.id.to_string(),
        state: super::situation(situation).into(),
        missed_reason: missed_of(situation).map(missed::number).unwrap_or_default(),
        cancel_reason: cancelled_of(situation).map(cancelled::number).unwrap_or_default(),
        minutes: minutes_of(situation),
    }
}

impl Encoding for Appointment {
    fn person(after: &State) -> Option<PersonId> {
        after.content().map(|content| content.person)
    }

    fn encode(event: &Event, after: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        let of = |kind: String, message: Kind| Payload::new(kind, &wrap(message));
        let id = after.content().map(|content| content.id.to_string()).unwrap_or_default();
        let mut payload = match event {
            Event::Proposed { content, from } => {
                let message = pb::AppointmentProposed {
                    appointment_id: id,
                    content: Some(content_out(content)),
                    rescheduled_from: id_text(*from),
                };
                of(pb::AppointmentProposed::full_name(), Kind::AppointmentProposed(message))
            }
            Event::MadePending { content, from } => {
                let message = pb::AppointmentHeld {
                    appointment_id: id,
                    content: Some(content_out(content)),
                    rescheduled_from: id_text(*from),
                };
                of(pb::AppointmentHeld::full_name(), Kind::AppointmentHeld(message))
            }
            Event::Booked { content, from } => {
                let message = pb::AppointmentBooked {
                    appointment_id: id,
                    content: Some(content_out(content)),
                    rescheduled_from: id_text(*from),
                };
                of(pb::AppointmentBooked::full_name(), Kind::AppointmentBooked(message))
            }
            Event::Held { .. } => {
                let message = pb::AppointmentHeld { appointment_id: id, ..Default::default() };
                of(pb::AppointmentHeld::full_name(), Kind::AppointmentHeld(message))
            }
            Event::Confirmed { .. } => {
                let message = pb::AppointmentConfirmed { appointment_id: id };
                of(pb::AppointmentConfirmed::full_name(), Kind::AppointmentConfirmed(message))
            }
            Event::Arrived { .. } => {
                let message = pb::AppointmentArrived { appointment_id: id };
                of(pb::AppointmentArrived::full_name(), Kind::AppointmentArrived(message))
            }
            Event::CheckedIn { .. } => {
                let message = pb::AppointmentCheckedIn { appointment_id: id };
                of(pb::AppointmentCheckedIn::full_name(), Kind::AppointmentCheckedIn(message))
            }
            Event::Fulfilled { minutes, .. } => {
                let message = pb::AppointmentFulfilled { appointment_id: id, minutes: *minutes };
                let payload = of(pb::AppointmentFulfilled::full_name(), Kind::AppointmentFulfilled(message));
                Payload { occurred: took_place(after), ..payload }
            }
            Event::Missed { reason, .. } => {
                let message = pb::AppointmentMissed { appointment_id: id, reason: missed::number(*reason) };
                let payload = of(pb::AppointmentMissed::full_name(), Kind::AppointmentMissed(message));
                Payload { occurred: took_place(after), ..payload }
            }
            Event::NoShowCorrected { about, correction } => of(
                pb::AppointmentNoShowCorrected::full_name(),
                Kind::AppointmentNoShowCorrected(corrected_out(about, *correction)),
            ),
            Event::Cancelled { reason, to, .. } => {
                let message = pb::AppointmentCancelled {
                    appointment_id: id,
                    reason: cancelled::number(*reason),
                    rescheduled_to: id_text(*to),
                };
                of(pb::AppointmentCancelled::full_name(), Kind::AppointmentCancelled(message))
            }
            Event::Replaced { to, .. } => {
                let message = pb::AppointmentReplaced { appointment_id: id, rescheduled_to: to.to_string() };
                of(pb::AppointmentReplaced::full_name(), Kind::AppointmentReplaced(message))
            }
            Event::EnteredInError { .. } => {
                let message = pb::AppointmentEnteredInError { appointment_id: id };
                of(pb::AppointmentEnteredInError::full_name(), Kind::AppointmentEnteredInError(message))
            }
            Event::Recorded { told, correction } => {
                let message = recorded_out(told, *correction);
                let payload = of(pb::AppointmentRecorded::full_name(), Kind::AppointmentRecorded(message));
                let discrepancies = told.discrepancies.clone();
                Payload { occurred: took_place(after), discrepancies, ..payload }
            }
        };
        payload.labels = labels(after.content().is_some_and(|content| content.part2));
        Ok(payload)
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let about = |id: &str| -> Result<About, Unreadable> {
            Ok(About {
                id: stored_id(stored, id)?,
                person: stored_id(stored, &stored.person_id)?,
                part2: has_part2(stored),
            })
        };
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Kind::AppointmentProposed(message) => Event::Proposed {
                content: content_in(stored, &message.appointment_id, message.content)?,
                from: stored_optional_id(stored, &message.rescheduled_from)?,
            },
            Kind::AppointmentHeld(message) if message.content.is_some() => Event::MadePending {
                content: content_in(stored, &message.appointment_id, message.content)?,
                from: stored_optional_id(stored, &message.rescheduled_from)?,
            },
            Kind::AppointmentHeld(message) => Event::Held { about: about(&message.appointment_id)? },
            Kind::AppointmentBooked(message) => Event::Booked {
                content: content_in(stored, &message.appointment_id, message.content)?,
                from: stored_optional_id(stored, &message.rescheduled_from)?,
            },
            Kind::AppointmentConfirmed(message) => {
                Event::Confirmed { about: about(&message.appointment_id)? }
            }
            Kind::AppointmentArrived(message) => Event::Arrived { about: about(&message.appointment_id)? },
            Kind::AppointmentCheckedIn(message) => {
                Event::CheckedIn { about: about(&message.appointment_id)? }
            }
            Kind::AppointmentFulfilled(message) => {
                Event::Fulfilled { about: about(&message.appointment_id)?, minutes: message.minutes }
            }
            Kind::AppointmentMissed(message) => Event::Missed {
                about: about(&message.appointment_id)?,
                reason: missed_in(stored, message.reason)?,
            },
            Kind::AppointmentNoShowCorrected(message) => Event::NoShowCorrected {
                about: about(&message.appointment_id)?,
                correction: correction_in(stored, &message)?,
            },
            Kind::AppointmentCancelled(message) => Event::Cancelled {
                about: about(&message.appointment_id)?,
                reason: cancelled_in(stored, message.reason)?,
                to: stored_optional_id(stored, &message.rescheduled_to)?,
            },
            Kind::AppointmentReplaced(message) => Event::Replaced {
                about: about(&message.appointment_id)?,
                to: stored_id(stored, &message.rescheduled_to)?,
            },
            Kind::AppointmentEnteredInError(message) => {
                Event::EnteredInError { about: about(&message.appointment_id)? }
            }
            Kind::AppointmentRecorded(message) => {
                let situation = situation_in(stored, &message)?;
                let odd = |d: &proto::types::Discrepancy| Discrepancy::new(&d.code, d.detail.clone());
                Event::Recorded {
                    correction: message.correction,
                    told: Box::new(Recorded {
                        content: content_in(stored, &message.appointment_id, message.content)?,
                        known_until: known_until(stored, situation.is_open()),
                        situation,
                        discrepancies: stored.discrepancies.iter().map(odd).collect(),
                    }),
                }
            }
            _ => return Err(not_of::<Appointment>(stored)),
        })
    }
}

fn content_in(
    stored: &proto::log::Event,
    id: &str,
    content: Option<pb::AppointmentContent>,
) -> Result<Content, Unreadable> {
    let content = content.ok_or_else(|| Unreadable::new(stored, "it has no content"))?;
    let start = content.start.as_ref().and_then(time::stored);
    Ok(Content {
        id: stored_id(stored, id)?,
        person: stored_id(stored, &content.person_id)?,
        agency: stored_id(stored, &content.agency_id)?,
        practitioner: stored_optional_id(stored, &content.practitioner_id)?,
        episode: stored_optional_id(stored, &content.episode_id)?,
        modality: Some(content.modality).filter(|code| !code.is_empty()).map(Modality::stored),
        start: start.ok_or_else(|| Unreadable::new(stored, "its start is damaged"))?,
        minutes: content.minutes,
        setting: content.setting,
        part2: content.part2,
        approach: training::stored(content.skills, content.stance),
    })
}

fn missed_in(stored: &proto::log::Event, number: i32) -> Result<MissedReason, Unreadable> {
    missed::stored(number).ok_or_else(|| Unreadable::new(stored, "its reason is not known"))
}

fn cancelled_in(stored: &proto::log::Event, number: i32) -> Result<CancelReason, Unreadable> {
    cancelled::stored(number).ok_or_else(|| Unreadable::new(stored, "its reason is not known"))
}

fn correction_in(
    stored: &proto::log::Event,
    message: &pb::AppointmentNoShowCorrected,
) -> Result<Correction, Unreadable> {
    match message.state() {
        pb::AppointmentState::Fulfilled => Ok(Correction::Fulfilled(Some(message.minutes))),
        pb::AppointmentState::Cancelled => {
            Ok(Correction::Cancelled(cancelled_in(stored, message.cancel_reason)?))
        }
        pb::AppointmentState::NoShow => Ok(Correction::Missed(missed_in(stored, message.missed_reason)?)),
        pb::AppointmentState::Unspecified
        | pb::AppointmentState::Proposed
        | pb::AppointmentState::Pending
        | pb::AppointmentState::Booked
        | pb::AppointmentState::Arrived
        | pb::AppointmentState::CheckedIn
        | pb::AppointmentState::EnteredInError => Err(Unreadable::new(stored, "its correction is not known")),
    }
}

fn situation_in(
    stored: &proto::log::Event,
    message: &pb::AppointmentRecorded,
) -> Result<Situation, Unreadable> {
    Ok(match message.state() {
        pb::AppointmentState::Proposed => Situation::Proposed,
        pb::AppointmentState::Pending => Situation::Pending,
        pb::AppointmentState::Booked => Situation::Booked,
        pb::AppointmentState::Arrived => Situation::Arrived,
        pb::AppointmentState::CheckedIn => Situation::CheckedIn,
        pb::AppointmentState::Fulfilled => Situation::Fulfilled(message.minutes),
        pb::AppointmentState::NoShow => Situation::NoShow(missed_in(stored, message.missed_reason)?),
        pb::AppointmentState::Cancelled => Situation::Cancelled(cancelled_in(stored, message.cancel_reason)?),
        pb::AppointmentState::Unspecified | pb::AppointmentState::EnteredInError => {
            return Err(Unreadable::new(stored, "its state is not known"));
        }
    })
}
