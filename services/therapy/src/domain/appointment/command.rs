//! What can be asked of an appointment.
//! Invariant: whoever asks is named, and so is the time it is asked at.

use kernel::{By, Timestamp};

use super::{CancelReason, Content, MissedReason, Recorded};
use crate::domain::AppointmentId;

/// How settled a new appointment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// Nobody's time is held.
    Proposed,
    /// The time is held, the person has yet to say yes.
    Pending,
    /// Both sides agree.
    Booked,
}

/// What is right instead of a wrong no-show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Correction {
    /// The session took place, this many minutes; none means as planned.
    Fulfilled(Option<u32>),
    /// It had been called off.
    Cancelled(CancelReason),
    /// It was missed, but so.
    Missed(MissedReason),
}

/// What can be asked of an appointment.
#[derive(Clone, Debug)]
pub enum Command {
    /// Make it.
    Make {
        /// Who makes it.
        by: By,
        /// When that is asked.
        now: Timestamp,
        /// What it is.
        content: Box<Content>,
        /// How settled it is.
        standing: Standing,
        /// The appointment that it replaces.
        from: Option<AppointmentId>,
    },
    /// Hold its time.
    Hold {
        /// Who asks.
        by: By,
    },
    /// Book it: both sides agree.
    Confirm {
        /// Who asks: the agency, or the person about a held one.
        by: By,
    },
    /// The person is there.
    Arrive {
        /// Who says so.
        by: By,
        /// When.
        now: Timestamp,
    },
    /// The person is checked in.
    CheckIn {
        /// Who says so.
        by: By,
        /// When.
        now: Timestamp,
    },
    /// The session took place.
    Fulfil {
        /// Who says so.
        by: By,
        /// When that is said.
        now: Timestamp,
        /// Minutes it took; none means as planned.
        minutes: Option<u32>,
    },
    /// The person did not come.
    Miss {
        /// Who says so.
        by: By,
        /// When that is said.
        now: Timestamp,
        /// How it came to that.
        reason: MissedReason,
    },
    /// The no-show was wrong.
    CorrectNoShow {
        /// Who says so.
        by: By,
        /// What is right.
        correction: Correction,
    },
    /// Call it off.
    Cancel {
        /// Who does: the agency, the person for the person's own reason, or the system once the person died.
        by: By,
        /// Why.
        reason: CancelReason,
    },
    /// Another appointment takes its place.
    GiveWay {
        /// Who says so.
        by: By,
        /// The other.
        to: AppointmentId,
    },
    /// Put down from elsewhere, whole.
    Record(Box<Recorded>),
    /// It should never have been written.
    MarkEnteredInError {
        /// Who says so.
        by: By,
    },
}
