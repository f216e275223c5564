//! What happens to an appointment.
//! Invariant: every event names the appointment and the person, so that one event is enough for a reader.

use kernel::PersonId;

use super::{CancelReason, Content, Correction, MissedReason, Recorded};
use crate::domain::AppointmentId;

/// What every event says of its appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// The appointment.
    pub id: AppointmentId,
    /// The person.
    pub person: PersonId,
    /// Whether the episode's programme falls under 42 CFR Part 2.
    pub part2: bool,
}

/// What happens to an appointment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was proposed.
    Proposed {
        /// What it is.
        content: Content,
        /// The appointment that it replaces.
        from: Option<AppointmentId>,
    },
    /// It was made with its time held, the person yet to say yes.
    MadePending {
        /// What it is.
        content: Content,
        /// The appointment that it replaces.
        from: Option<AppointmentId>,
    },
    /// It was made, both sides agreeing.
    Booked {
        /// What it is.
        content: Content,
        /// The appointment that it replaces.
        from: Option<AppointmentId>,
    },
    /// The time of a proposed one is held.
    Held {
        /// Which.
        about: About,
    },
    /// A proposed or held one is booked.
    Confirmed {
        /// Which.
        about: About,
    },
    /// The person is there.
    Arrived {
        /// Which.
        about: About,
    },
    /// The person is checked in.
    CheckedIn {
        /// Which.
        about: About,
    },
    /// The session took place.
    Fulfilled {
        /// Which.
        about: About,
        /// Minutes it took.
        minutes: u32,
    },
    /// The person did not come.
    Missed {
        /// Which.
        about: About,
        /// How it came to that.
        reason: MissedReason,
    },
    /// The no-show was wrong.
    NoShowCorrected {
        /// Which.
        about: About,
        /// What is right; the minutes are settled.
        correction: Correction,
    },
    /// It was called off.
    Cancelled {
        /// Which.
        about: About,
        /// Why.
        reason: CancelReason,
        /// The appointment that replaces it.
        to: Option<AppointmentId>,
    },
    /// What was over already is replaced by another appointment.
    Replaced {
        /// Which.
        about: About,
        /// The appointment that replaces it.
        to: AppointmentId,
    },
    /// Never meant.
    EnteredInError {
        /// Which.
        about: About,
    },
    /// Put down from elsewhere; `correction` where it replaces an earlier telling.
    Recorded {
        /// What was told.
        told: Box<Recorded>,
        /// Whether it replaces an earlier telling.
        correction: bool,
    },
}
