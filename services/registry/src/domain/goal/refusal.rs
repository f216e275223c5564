//! How a goal says no.
//! Invariant: whoever the goal is not for hears the same as if there were none.

use kernel::RefusalKind;

/// A no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or another agency wrote it.
    #[error("there is no such goal written by this agency; list the person's goals for their ids")]
    NotFound,
    /// The id is taken.
    #[error("a goal with this id exists")]
    AlreadyExists,
    /// Somebody else's words.
    #[error(
        "only the person decides on a goal; send VOICE_PERSON if you write down the person's own words, or propose it"
    )]
    NotInPersonsVoice,
    /// The person proposes nothing to themselves.
    #[error("the person sets goals; set it instead of proposing it")]
    ThePersonSets,
    /// The person has not taken it.
    #[error("the person has not accepted the goal; work begins when they have")]
    NotAccepted,
    /// It rests.
    #[error("the goal rests; resume it first")]
    OnHold,
    /// Work has not begun.
    #[error("work on the goal has not begun; activate it first")]
    NotActive,
    /// No such strength of the person for this caller.
    #[error(
        "the person has no such strength; list the person's strengths for their ids, or leave it out as not yet explored"
    )]
    StrengthNotFound,
    /// The strength is so no longer.
    #[error("that strength is so no longer; name another one, or leave it out as not yet explored")]
    StrengthNoLonger,
    /// It is closed.
    #[error("the goal is closed; set a new one")]
    Closed,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound | Self::StrengthNotFound => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::NotInPersonsVoice => RefusalKind::PermissionDenied,
            Self::ThePersonSets
            | Self::NotAccepted
            | Self::OnHold
            | Self::NotActive
            | Self::StrengthNoLonger
            | Self::Closed => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "GOAL_NOT_FOUND",
            Self::AlreadyExists => "GOAL_EXISTS",
            Self::NotInPersonsVoice => "NOT_IN_PERSONS_VOICE",
            Self::ThePersonSets => "THE_PERSON_SETS",
            Self::NotAccepted => "GOAL_NOT_ACCEPTED",
            Self::OnHold => "GOAL_ON_HOLD",
            Self::NotActive => "GOAL_NOT_ACTIVE",
            Self::StrengthNotFound => "STRENGTH_NOT_FOUND",
            Self::StrengthNoLonger => "STRENGTH_NO_LONGER_SO",
            Self::Closed => "GOAL_CLOSED",
        }
    }
}
