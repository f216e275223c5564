//! How an appointment says no.
//! Invariant: each says what to do instead, and none holds personal data.

use kernel::RefusalKind;

/// How an appointment says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or it is another agency's or person's.
    #[error("there is no such appointment")]
    NotFound,
    /// Its id is taken.
    #[error("an appointment with this id exists with other content")]
    AlreadyExists,
    /// Its status is past that already.
    #[error("the appointment's status is past that and never moves backward")]
    NeverBackward,
    /// Its status is not there yet.
    #[error("the appointment is not booked; confirm it first")]
    NotBooked,
    /// It is over: fulfilled, missed, cancelled.
    #[error("the appointment is over; make a new one")]
    Over,
    /// Another took its place already.
    #[error("another appointment took its place; reschedule that one")]
    GaveWay,
    /// It has not begun.
    #[error("the appointment has not begun; say so when it has")]
    NotYet,
    /// It began too long ago.
    #[error("the appointment began more than 14 days ago; record it instead")]
    TooLongAgo,
    /// It is no no-show.
    #[error("the appointment is not a no-show; there is nothing to correct")]
    NotANoShow,
    /// The person may not do that.
    #[error("only the agency may do that; the person may confirm a held appointment and call one off")]
    AgencyOnly,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::AgencyOnly => RefusalKind::PermissionDenied,
            Self::NeverBackward
            | Self::NotBooked
            | Self::Over
            | Self::GaveWay
            | Self::NotYet
            | Self::TooLongAgo
            | Self::NotANoShow => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "APPOINTMENT_NOT_FOUND",
            Self::AlreadyExists => "APPOINTMENT_EXISTS",
            Self::NeverBackward => "NEVER_BACKWARD",
            Self::NotBooked => "NOT_BOOKED",
            Self::Over => "APPOINTMENT_OVER",
            Self::GaveWay => "RESCHEDULED_ALREADY",
            Self::NotYet => "NOT_YET",
            Self::TooLongAgo => "TOO_LONG_AGO",
            Self::NotANoShow => "NOT_A_NO_SHOW",
            Self::AgencyOnly => "AGENCY_ONLY",
        }
    }
}
