//! How a job says no.
//! Invariant: each refusal has one stable reason code and one sentence that says what to do.

use kernel::RefusalKind;

/// How a job says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or the caller may not know of it.
    #[error("there is no such job")]
    NotFound,
    /// Its id is taken.
    #[error("a job with this id exists")]
    AlreadyExists,
    /// The caller sees it and may not do this.
    #[error("only the agency that serves the person can do this")]
    OnlyTheAgency,
    /// Its stage does not allow this.
    #[error("the job is not at a stage that allows this; read its state with GetJob")]
    NotAtThisStage,
    /// Nobody may be named yet.
    #[error(
        "the person has not chosen what this employer may know; note the choice with ChooseDisclosure before an employer is told a name"
    )]
    NotYetChosen,
    /// The person chose not to be named.
    #[error("the person chose that this employer is told nothing; leave the name out")]
    ChoseNothing,
    /// The choice is the person's.
    #[error(
        "what an employer may know is the person's choice; set persons_own_words where these are the person's own words"
    )]
    NotInTheirWords,
    /// The pattern is no pattern.
    #[error("the pattern is over before it begins; give an until_day after from_day, or none")]
    EmptyPattern,
    /// Unpaid work has no paid hours.
    #[error("volunteering and education have no paid hours; only a paid job's start counts")]
    NotPaid,
    /// Too little was paid.
    #[error("a start counts from 4 paid hours on; say so when 240 minutes have been paid")]
    TooFewPaidMinutes,
    /// Days the wrong way round.
    #[error("the job started after that day; give a later last day")]
    EndsBeforeItStarted,
    /// No such interview.
    #[error("the job has no such interview; read its interviews with GetJob")]
    NoSuchInterview,
    /// No such contact.
    #[error("the job has no such contact; read its contacts from the timeline")]
    NoSuchContact,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound | Self::NoSuchInterview | Self::NoSuchContact => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::OnlyTheAgency => RefusalKind::PermissionDenied,
            Self::NotAtThisStage
            | Self::NotYetChosen
            | Self::ChoseNothing
            | Self::NotInTheirWords
            | Self::EmptyPattern
            | Self::NotPaid
            | Self::TooFewPaidMinutes
            | Self::EndsBeforeItStarted => RefusalKind::FailedPrecondition,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "JOB_NOT_FOUND",
            Self::AlreadyExists => "JOB_EXISTS",
            Self::OnlyTheAgency => "ONLY_THE_AGENCY",
            Self::NotAtThisStage => "NOT_AT_THIS_STAGE",
            Self::NotYetChosen => "DISCLOSURE_NOT_CHOSEN",
            Self::ChoseNothing => "DISCLOSURE_NOTHING",
            Self::NotInTheirWords => "NOT_IN_THEIR_WORDS",
            Self::EmptyPattern => "EMPTY_PATTERN",
            Self::NotPaid => "NOT_PAID",
            Self::TooFewPaidMinutes => "TOO_FEW_PAID_MINUTES",
            Self::EndsBeforeItStarted => "ENDS_BEFORE_IT_STARTED",
            Self::NoSuchInterview => "INTERVIEW_NOT_FOUND",
            Self::NoSuchContact => "CONTACT_NOT_FOUND",
        }
    }
}
