//! How a case says no.
//! Invariant: each refusal has one stable reason code and one sentence that says what to do.

use kernel::RefusalKind;

/// How a case says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or the caller may not know of it.
    #[error("there is no such case")]
    NotFound,
    /// Its id is taken.
    #[error("a case with this id exists")]
    AlreadyExists,
    /// The caller sees it and may not do this.
    #[error("only the agency that serves the person can do this")]
    OnlyTheAgency,
    /// It is closed.
    #[error("the case is closed; take it up again with ReengageCase")]
    Closed,
    /// It is not closed.
    #[error("the case is open; nothing is to be taken up again")]
    NotClosed,
    /// It rests.
    #[error("the case is paused; take it up with ResumeCase first")]
    Paused,
    /// Nobody has met the person yet.
    #[error("the person has not been met face to face yet; note that contact with AddCaseContact first")]
    NotEngaged,
    /// The search is over.
    #[error("the case is employed; it searches again when its last job ends")]
    Employed,
    /// No job of it runs.
    #[error("only an employed case can be handed on; end it with DischargeCase")]
    NotEmployed,
    /// Zero exclusion does not allow this reason.
    #[error(
        "under zero exclusion nobody is paused or discharged for health, readiness, symptoms, substance use, housing, record or attendance; \
         where the person wishes it, say so in their own words"
    )]
    ZeroExclusion,
    /// Zero exclusion knows four grounds.
    #[error("under zero exclusion ineligible must name its ground: wanting work, age, area or language")]
    GroundMissing,
    /// A wish is the person's to voice.
    #[error("the person's wish is recorded in the person's own words; set persons_own_words where it is so")]
    NotInTheirWords,
    /// Earlier than the opening.
    #[error("the case was opened after that time; give a later one")]
    BeforeItOpened,
    /// No such contact.
    #[error("the case has no such contact; read its contacts from the timeline")]
    NoSuchContact,
    /// Jobs of it run.
    #[error("a job of the case runs; mark that job as entered in error first")]
    JobsRun,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound | Self::NoSuchContact => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::OnlyTheAgency => RefusalKind::PermissionDenied,
            Self::Closed
            | Self::NotClosed
            | Self::Paused
            | Self::NotEngaged
            | Self::Employed
            | Self::NotEmployed
            | Self::ZeroExclusion
            | Self::GroundMissing
            | Self::NotInTheirWords
            | Self::BeforeItOpened
            | Self::JobsRun => RefusalKind::FailedPrecondition,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "CASE_NOT_FOUND",
            Self::AlreadyExists => "CASE_EXISTS",
            Self::OnlyTheAgency => "ONLY_THE_AGENCY",
            Self::Closed => "CASE_CLOSED",
            Self::NotClosed => "CASE_NOT_CLOSED",
            Self::Paused => "CASE_PAUSED",
            Self::NotEngaged => "NOT_ENGAGED",
            Self::Employed => "CASE_EMPLOYED",
            Self::NotEmployed => "NOT_EMPLOYED",
            Self::ZeroExclusion => "ZERO_EXCLUSION",
            Self::GroundMissing => "GROUND_MISSING",
            Self::NotInTheirWords => "NOT_IN_THEIR_WORDS",
            Self::BeforeItOpened => "BEFORE_IT_OPENED",
            Self::NoSuchContact => "CONTACT_NOT_FOUND",
            Self::JobsRun => "JOBS_RUN",
        }
    }
}
