//! Clocks and instants in stored events of referrals.
//! Invariant: what cannot be read is said to be unreadable; nothing is guessed.

use kernel::Timestamp;
use platform::command::Unreadable;
use platform::wire::to_instant;
use proto::log::Event;
use proto::referrals as pb;

use super::{clock, occurred};
use crate::domain::referral::{Clock, When};

pub(super) fn running_out(clocks: &[(Clock, Timestamp)]) -> Vec<pb::RunningClock> {
    let running = |(clock, due): &(Clock, Timestamp)| pb::RunningClock {
        clock: clock::number(*clock),
        due_at: Some(to_instant(*due)),
    };
    clocks.iter().map(running).collect()
}

pub(super) fn running_in(
    stored: &Event,
    clocks: &[pb::RunningClock],
) -> Result<Vec<(Clock, Timestamp)>, Unreadable> {
    let running = |running: &pb::RunningClock| {
        let clock =
            clock::stored(running.clock).ok_or_else(|| Unreadable::new(stored, "its clock is not known"))?;
        Ok((clock, stored_instant(stored, running.due_at.as_ref())?))
    };
    clocks.iter().map(running).collect()
}

/// When it was told, where it had happened before.
pub(super) fn told_late(when: When) -> Option<prost_types::Timestamp> {
    (when.at < when.told_at).then(|| to_instant(when.told_at))
}

/// When it happened, and when that was told.
pub(super) fn stored_when(
    stored: &Event,
    told_at: Option<&prost_types::Timestamp>,
) -> Result<When, Unreadable> {
    let at = occurred(stored)?.at;
    Ok(When { at, told_at: optional_instant(stored, told_at)?.unwrap_or(at) })
}

pub(super) fn stored_instant(
    stored: &Event,
    at: Option<&prost_types::Timestamp>,
) -> Result<Timestamp, Unreadable> {
    at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok())
        .ok_or_else(|| Unreadable::new(stored, "a time in it is damaged"))
}

pub(super) fn optional_instant(
    stored: &Event,
    at: Option<&prost_types::Timestamp>,
) -> Result<Option<Timestamp>, Unreadable> {
    at.map(|at| stored_instant(stored, Some(at))).transpose()
}
