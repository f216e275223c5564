//! How a placement says no.
//! Invariant: each refusal has one stable reason code and one sentence that says what to do.

use kernel::RefusalKind;

use crate::domain::days::NotThen;

/// How a placement says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or the caller may not know of it.
    #[error("there is no such placement of this agency")]
    NotFound,
    /// Its id is taken.
    #[error("a placement with this id exists")]
    AlreadyExists,
    /// It is the provider's to do.
    #[error("only the agency that runs the unit group can do this")]
    ProviderAlone,
    /// Its state does not allow this.
    #[error("the placement's state does not allow this; read its state with GetPlacement")]
    NotInThisState,
    /// Recorded from elsewhere.
    #[error("this placement was recorded from another system; record it again to correct it")]
    KeptElsewhere,
    /// The type of the project knows no move-in.
    #[error(
        "a project of this type lodges from entry or night by night and knows no move-in (types 3, 9, 10 and 13 do)"
    )]
    NoMoveIn,
    /// The type of the project counts no bed nights.
    #[error(
        "a project of this type counts no bed nights; only type 1, emergency shelter night by night, does"
    )]
    NoBedNights,
    /// Before the entry.
    #[error("that day is before the entry to the project; give a later one")]
    BeforeEntry,
    /// The exit is before something that happened there.
    #[error(
        "the person entered, moved in, came to the unit or slept there after that day; give a later exit"
    )]
    ExitTooEarly,
    /// After the exit.
    #[error("that night is after the exit")]
    AfterExit,
    /// Before the stay in the present unit.
    #[error("the person came to the present unit after that day; give a later one")]
    BeforeUnit,
    /// The day lies ahead.
    #[error("that day lies ahead; a request tells what has happened")]
    Ahead,
    /// The day is too long ago.
    #[error(
        "that day is longer ago than a request may look back (14 days, if nothing else is set); use the matching Record command"
    )]
    LongAgo,
    /// The person has a permanent home in this agency.
    #[error("this agency has the person in a permanent home already; record the exit from there first")]
    HomeElsewhere,
    /// The unit is of another group.
    #[error("the unit belongs to another group; choose one of the placement's group")]
    UnitOfAnotherGroup,
    /// A household needs exactly one head.
    #[error("a household has at most one head; name the relationship of each member")]
    TwoHeads,
    /// One person twice.
    #[error("a person is a member of the household once")]
    MemberTwice,
    /// Whoever is to take care of it works for another agency, or is not known.
    #[error("the worker is not known to work for this agency; add them with the registry first")]
    WorkerNotOfAgency,
    /// There are no such nights.
    #[error("no bed nights of that month are on record")]
    NoSuchNights,
}

impl From<NotThen> for Refusal {
    fn from(not: NotThen) -> Self {
        match not {
            NotThen::Ahead => Self::Ahead,
            NotThen::LongAgo => Self::LongAgo,
        }
    }
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound | Self::NoSuchNights => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::ProviderAlone => RefusalKind::PermissionDenied,
            Self::NotInThisState
            | Self::KeptElsewhere
            | Self::NoMoveIn
            | Self::NoBedNights
            | Self::BeforeEntry
            | Self::ExitTooEarly
            | Self::AfterExit
            | Self::BeforeUnit
            | Self::Ahead
            | Self::LongAgo
            | Self::HomeElsewhere
            | Self::UnitOfAnotherGroup
            | Self::TwoHeads
            | Self::MemberTwice
            | Self::WorkerNotOfAgency => RefusalKind::FailedPrecondition,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "PLACEMENT_NOT_FOUND",
            Self::AlreadyExists => "PLACEMENT_EXISTS",
            Self::ProviderAlone => "PROVIDER_ALONE",
            Self::NotInThisState => "NOT_IN_THIS_STATE",
            Self::KeptElsewhere => "KEPT_ELSEWHERE",
            Self::NoMoveIn => "NO_MOVE_IN",
            Self::NoBedNights => "NO_BED_NIGHTS",
            Self::BeforeEntry => "BEFORE_ENTRY",
            Self::ExitTooEarly => "EXIT_TOO_EARLY",
            Self::AfterExit => "AFTER_EXIT",
            Self::BeforeUnit => "BEFORE_UNIT",
            Self::Ahead => "DAY_AHEAD",
            Self::LongAgo => "DAY_LONG_AGO",
            Self::HomeElsewhere => "HOME_ELSEWHERE",
            Self::UnitOfAnotherGroup => "UNIT_OF_ANOTHER_GROUP",
            Self::TwoHeads => "TWO_HEADS",
            Self::MemberTwice => "MEMBER_TWICE",
            Self::WorkerNotOfAgency => "WORKER_NOT_OF_AGENCY",
            Self::NoSuchNights => "NO_SUCH_NIGHTS",
        }
    }
}
