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
    /// Whoever is to take care of it works for another agency, or is not known.
    #[error("the worker is not known to work for this agency; add them with the registry first")]
    WorkerNotOfAgency,
    /// It cannot end before it began.
    #[error("the participation began after that time; give a later end")]
    EndsBeforeItBegan,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound | Self::OfferNotFound => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::Ended | Self::EndsBeforeItBegan | Self::WorkerNotOfAgency => {
                RefusalKind::FailedPrecondition
            }
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "PARTICIPATION_NOT_FOUND",
            Self::OfferNotFound => "OFFER_NOT_FOUND",
            Self::AlreadyExists => "PARTICIPATION_EXISTS",
            Self::Ended => "PARTICIPATION_ENDED",
            Self::EndsBeforeItBegan => "ENDS_BEFORE_IT_BEGAN",
            Self::WorkerNotOfAgency => "WORKER_NOT_OF_AGENCY",
        }
    }
}
