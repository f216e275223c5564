//! How a participation says no.
//! Invariant: each refusal has one stable reason code and one sentence that says what to do.

use kernel::RefusalKind;

/// How a participation says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or it is another agency's.
    #[error("there is no such participation of this agency")]
    NotFound,
    /// The agency made no such offer.
    #[error("this agency has no such offer; publish it first")]
    OfferNotFound,
    /// Its id is taken.
    #[error("a participation with this id exists")]
    AlreadyExists,
    /// It has ended.
    #[error("the participation has ended; begin a new one")]
    Ended,
    /// It is paused for another reason.
    #[error(
        "the participation is paused for another reason; take it up again with ResumeParticipation first"
    )]
    Paused,
    /// Only the clock makes anything expire.
    #[error("only a referral expires, by its clock; give another reason")]
    ExpiredByClockAlone,
    /// Zero exclusion: nobody rests or is sent away for health or readiness.
    #[error(
        "under zero exclusion nobody is paused for health or readiness, or sent away as ineligible, not engaged, declined or other; give another reason"
    )]
    ZeroExclusion,
    /// Whoever is to take care of it works for another agency, or is not known.
    #[error("the worker is not known to work for this agency; add them with the registry first")]
    WorkerNotOfAgency,
    /// It cannot end before it began.
    #[error("the participation began after that time; give a later end")]
    EndsBeforeItBegan,
    /// It began, was paused or went on later than that.
    #[error("the participation began, was paused or went on after that time; give a later one")]
    BeforeLastChange,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound | Self::OfferNotFound => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::Ended
            | Self::Paused
            | Self::ZeroExclusion
            | Self::ExpiredByClockAlone
            | Self::EndsBeforeItBegan
            | Self::BeforeLastChange
            | Self::WorkerNotOfAgency => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "PARTICIPATION_NOT_FOUND",
            Self::OfferNotFound => "OFFER_NOT_FOUND",
            Self::AlreadyExists => "PARTICIPATION_EXISTS",
            Self::Ended => "PARTICIPATION_ENDED",
            Self::Paused => "PARTICIPATION_PAUSED",
            Self::ZeroExclusion => "ZERO_EXCLUSION",
            Self::ExpiredByClockAlone => "EXPIRED_BY_CLOCK_ALONE",
            Self::EndsBeforeItBegan => "ENDS_BEFORE_IT_BEGAN",
            Self::BeforeLastChange => "BEFORE_LAST_CHANGE",
            Self::WorkerNotOfAgency => "WORKER_NOT_OF_AGENCY",
        }
    }
}
