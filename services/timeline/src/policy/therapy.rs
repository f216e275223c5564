//! Episodes and appointments on the timeline.
//! Invariant: time and attendance alone; no note, and nothing of what was said.

use kernel::{Occurred, Zone};
use platform::source::Read;
use platform::wire::to_occurred;
use prost::Message;
use proto::therapy::therapy_event::Kind;
use proto::therapy::{self as pb, TherapyEvent};
use proto::timeline::EntryKind;
use proto::types::LifeDomain;

use super::{Unreadable, entry, goes_on, served, spoken, withdraw};
use crate::entries::{Entries, Put};

const LOG: &str = "therapy";
const EPISODE: &str = "episode";
const APPOINTMENT: &str = "appointment";

pub(super) fn apply(entries: &mut Entries, read: &Read) -> Result<(), Unreadable> {
    let payload = TherapyEvent::decode(read.event.payload.clone()).map_err(|_| Unreadable)?;
    match payload.kind.ok_or(Unreadable)? {
        // What concerns practitioners, and the diaries that guard their time and the person's.
        Kind::PractitionerRegistered(_)
        | Kind::PractitionerChanged(_)
        | Kind::PractitionerRetired(_)
        | Kind::DiaryTimeTaken(_)
        | Kind::DiaryTimeFreed(_)
        // What was not done is no event in a person's life.
        | Kind::ReactionRefused(_) => {}

        Kind::EpisodeOpened(opened) => {
            let mut entry = entry(LOG, read, EntryKind::Episode, format!("Therapy ({})", opened.modality));
            entry.open = true;
            entry.life_domains = vec![LifeDomain::Health.into()];
            entry.goal_ids.extend(Some(opened.goal_id).filter(|goal| !goal.is_empty()));
            entries.put(EPISODE, served(LOG, read, entry, &opened.agency_id));
        }
        Kind::EpisodePlanNamed(named) => goes_on(entries, EPISODE, read, |entry| {
            entry.goal_ids = Some(named.goal_id).filter(|goal| !goal.is_empty()).into_iter().collect();
        }),
        Kind::EpisodeAssigned(_) | Kind::EpisodeStarted(_) => goes_on(entries, EPISODE, read, |_| {}),
        Kind::EpisodeClosed(closed) => goes_on(entries, EPISODE, read, |entry| {
            entry.open = false;
            entry.end = read.event.occurred.clone();
            let how = match (closed.reason(), closed.started) {
                (pb::EpisodeClosing::Completed, _) => "completed",
                (_, true) => "ended early",
                (_, false) => "withdrawn before start",
            };
            entry.line = format!("{}: {how}", entry.line);
        }),
        Kind::EpisodeEnteredInError(_) | Kind::AppointmentEnteredInError(_) => withdraw(entries, read),

        Kind::AppointmentProposed(made) => put(entries, read, made.content, "proposed")?,
        Kind::AppointmentHeld(made) => match made.content {
            Some(content) => put(entries, read, Some(content), "pending")?,
            None => word(entries, read, "pending"),
        },
        Kind::AppointmentBooked(made) => put(entries, read, made.content, "booked")?,
        Kind::AppointmentConfirmed(_) => word(entries, read, "booked"),
        Kind::AppointmentArrived(_) => word(entries, read, "arrived"),
        Kind::AppointmentCheckedIn(_) => word(entries, read, "checked in"),
        Kind::AppointmentFulfilled(_) => word(entries, read, "attended"),
        Kind::AppointmentMissed(missed) => word(entries, read, missed_word(missed.reason())),
        Kind::AppointmentNoShowCorrected(corrected) => {
            let was = match corrected.state() {
                pb::AppointmentState::Fulfilled => "attended",
                pb::AppointmentState::Cancelled => "cancelled",
                pb::AppointmentState::NoShow => missed_word(corrected.missed_reason()),
                pb::AppointmentState::Unspecified
                | pb::AppointmentState::Proposed
                | pb::AppointmentState::Pending
                | pb::AppointmentState::Booked
                | pb::AppointmentState::Arrived
                | pb::AppointmentState::CheckedIn
                | pb::AppointmentState::EnteredInError => return Err(Unreadable),
            };
            word(entries, read, was);
            let line = format!("A missed session was corrected: {was}");
            entries.put(
                format!("correction:{}", read.event.version),
                health(read, EntryKind::Correction, &line, false),
            );
        }
        Kind::AppointmentCancelled(cancelled) => {
            word(
                entries,
                read,
                if cancelled.rescheduled_to.is_empty() { "cancelled" } else { "moved to another time" },
            );
        }
        Kind::AppointmentReplaced(_) => goes_on(entries, APPOINTMENT, read, |_| {}),
        Kind::AppointmentRecorded(recorded) => {
            let was = match recorded.state() {
                pb::AppointmentState::Unspecified => return Err(Unreadable),
                pb::AppointmentState::Proposed => "proposed",
                pb::AppointmentState::Pending => "pending",
                pb::AppointmentState::Booked => "booked",
                pb::AppointmentState::Arrived => "arrived",
                pb::AppointmentState::CheckedIn => "checked in",
                pb::AppointmentState::Fulfilled => "attended",
                pb::AppointmentState::NoShow => missed_word(recorded.missed_reason()),
                pb::AppointmentState::Cancelled => "cancelled",
                pb::AppointmentState::EnteredInError => "withdrawn: entered in error",
            };
            put(entries, read, recorded.content, was)?;
        }
    }
    Ok(())
}

fn missed_word(reason: pb::MissedReason) -> &'static str {
    match reason {
        // The service's side is never counted against the person.
        pb::MissedReason::Service => "did not take place, by the service's side",
        pb::MissedReason::ToldBefore => "missed, told before",
        pb::MissedReason::ToldAfter => "missed, told after",
        pb::MissedReason::NotKnown | pb::MissedReason::Unspecified => "missed",
    }
}

fn health(read: &Read, kind: EntryKind, line: &str, open: bool) -> Put {
    let mut entry = entry(LOG, read, kind, line);
    entry.open = open;
    entry.life_domains = vec![LifeDomain::Health.into()];
    spoken(LOG, read, entry)
}

fn put(
    entries: &mut Entries,
    read: &Read,
    content: Option<pb::AppointmentContent>,
    was: &str,
) -> Result<(), Unreadable> {
    let content = content.ok_or(Unreadable)?;
    let start = content.start.ok_or(Unreadable)?;
    let at = start.instant.as_ref().and_then(|at| jiff::Timestamp::new(at.seconds, at.nanos).ok());
    let from = Occurred { zone: Zone::stored(start.zone), ..Occurred::instant(at.ok_or(Unreadable)?) };
    let length = jiff::SignedDuration::from_mins(content.minutes.into());
    let to = Occurred { at: from.at.checked_add(length).unwrap_or(from.at), ..from.clone() };
    let mut put = health(read, EntryKind::Attendance, &format!("Therapy session: {was}"), false);
    if let Some(entry) = put.stored.entry.as_mut() {
        entry.start = Some(to_occurred(&from));
        entry.end = Some(to_occurred(&to));
    }
    entries.put(APPOINTMENT, put);
    Ok(())
}

fn word(entries: &mut Entries, read: &Read, was: &str) {
    goes_on(entries, APPOINTMENT, read, |entry| entry.line = format!("Therapy session: {was}"));
}
