//! How a plan says no.
//! Invariant: what is not for the caller answers as what is not there.

use kernel::RefusalKind;

/// A no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such item for this caller.
    #[error("there is no such plan item of this agency; read the plan for its items")]
    NotFound,
    /// The id is taken.
    #[error("a plan item with this id exists")]
    AlreadyExists,
    /// No such goal of the person for this caller.
    #[error("the person has no such goal; list the goals for their ids")]
    GoalNotFound,
    /// The goal is closed.
    #[error("the goal is closed; name an open one")]
    GoalClosed,
    /// It has ended.
    #[error("the item has ended; add a new one")]
    Ended,
    /// It cannot end before it begins.
    #[error("the item's first day is after that day; give a later last day")]
    EndsBeforeItBegins,
    /// Somebody else's words.
    #[error("only the person agrees to a plan; send VOICE_PERSON if you write down the person's own words")]
    NotInPersonsVoice,
    /// No such version for this caller.
    #[error("there is no such version of the plan for you; list its versions for their ids")]
    VersionNotFound,
    /// The agency asks for no overseer.
    #[error("this agency asks for no overseer; it names the part of one with ChangeAgency")]
    NoOverseerAsked,
    /// Another worker's to do.
    #[error("only a worker in the part that the agency names as overseer approves a plan")]
    NotTheOverseer,
    /// Nothing to look at.
    #[error("the plan has no item of this agency that goes on; add one first")]
    NothingToReview,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound | Self::GoalNotFound | Self::VersionNotFound => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::NotInPersonsVoice | Self::NotTheOverseer => RefusalKind::PermissionDenied,
            Self::GoalClosed
            | Self::Ended
            | Self::EndsBeforeItBegins
            | Self::NoOverseerAsked
            | Self::NothingToReview => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "PLAN_ITEM_NOT_FOUND",
            Self::AlreadyExists => "PLAN_ITEM_EXISTS",
            Self::GoalNotFound => "GOAL_NOT_FOUND",
            Self::GoalClosed => "GOAL_CLOSED",
            Self::Ended => "PLAN_ITEM_ENDED",
            Self::EndsBeforeItBegins => "ENDS_BEFORE_IT_BEGINS",
            Self::NotInPersonsVoice => "NOT_IN_PERSONS_VOICE",
            Self::VersionNotFound => "PLAN_VERSION_NOT_FOUND",
            Self::NoOverseerAsked => "NO_OVERSEER_ASKED",
            Self::NotTheOverseer => "NOT_THE_OVERSEER",
            Self::NothingToReview => "NOTHING_TO_REVIEW",
        }
    }
}
