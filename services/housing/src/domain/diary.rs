//! The diary of one unit: who holds it and who lives there on which days, and when it is out of service.
//! Invariant: no two households have the unit on one night, and nobody has it while it is out of service. An append expects the
//! version of this stream, so that holds however many ask at once.

mod decide;
mod entry;

pub use entry::{Entry, Occupant, Outage, Tenure};

use kernel::{Day, Decider, PersonId, RefusalKind, Zone};

use super::codes::OutOfServiceReason;
use super::days::Days;
use super::unit::Belongs;
use super::{PlacementId, UnitId};

/// The diary of a unit.
pub struct Diary;

/// Where a diary stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// The unit was never added.
    #[default]
    Unmade,
    /// It takes entries.
    Open(Book),
    /// The unit is archived: it takes nothing new.
    Closed(Book),
}

/// What stands in a diary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    /// The unit, its group and agency.
    pub belongs: Belongs,
    /// Where its days are counted.
    pub zone: Zone,
    /// Holds and occupancies, as they were written.
    pub entries: Vec<Entry>,
    /// Days out of service.
    pub outages: Vec<Outage>,
    /// Whom the last line written is about; none where it is about the unit alone.
    pub last_about: Option<PersonId>,
}

impl State {
    /// What stands in it, open or closed.
    pub fn book(&self) -> Option<&Book> {
        match self {
            Self::Unmade => None,
            Self::Open(book) | Self::Closed(book) => Some(book),
        }
    }
}

/// What can be asked of a diary.
#[derive(Clone, Debug)]
pub enum Command {
    /// Begin.
    Open {
        /// The unit, its group and agency.
        belongs: Belongs,
        /// Where its days are counted.
        zone: Zone,
    },
    /// Take nothing new, where nobody has the unit on `today` or later.
    Close {
        /// Today in the diary's zone.
        today: Day,
    },
    /// Take nothing new, where nobody ever had the unit.
    CloseUnused,
    /// Keep the unit for an occupant from a day on; another hold of the same occupant is replaced.
    Hold {
        /// For whom.
        occupant: Occupant,
        /// First day.
        from: Day,
    },
    /// Let an occupant live there; the occupant's hold is used up.
    Occupy {
        /// Who.
        occupant: Occupant,
        /// Which days.
        days: Days,
    },
    /// The occupant leaves.
    Free {
        /// Whose placement.
        placement: PlacementId,
        /// First day not there any more.
        until: Day,
    },
    /// The placement never had the unit, or will not.
    Release {
        /// Which.
        placement: PlacementId,
    },
    /// Out of service.
    TakeOut {
        /// Which days.
        days: Days,
        /// Why.
        reason: OutOfServiceReason,
    },
    /// Back in service from a day on.
    PutBack {
        /// First day.
        from: Day,
    },
}

/// What happens in a diary. Each names the unit, so that one event tells a board all it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It begins.
    Opened {
        /// The unit, its group and agency.
        belongs: Belongs,
        /// Where its days are counted.
        zone: Zone,
    },
    /// It takes nothing new.
    Closed {
        /// The unit.
        unit: UnitId,
    },
    /// The unit is kept.
    Held {
        /// The unit.
        unit: UnitId,
        /// For whom.
        occupant: Occupant,
        /// First day.
        from: Day,
    },
    /// Somebody lives there.
    Occupied {
        /// The unit.
        unit: UnitId,
        /// Who.
        occupant: Occupant,
        /// Which days.
        days: Days,
    },
    /// Somebody left.
    Freed {
        /// The unit.
        unit: UnitId,
        /// Who.
        occupant: Occupant,
        /// First day not there any more.
        until: Day,
    },
    /// Somebody never had the unit, or will not.
    Released {
        /// The unit.
        unit: UnitId,
        /// Who.
        occupant: Occupant,
    },
    /// Out of service.
    TakenOut {
        /// The unit.
        unit: UnitId,
        /// Which days.
        days: Days,
        /// Why.
        reason: OutOfServiceReason,
    },
    /// Back in service.
    PutBack {
        /// The unit.
        unit: UnitId,
        /// First day.
        from: Day,
    },
}

/// How a diary says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such unit.
    #[error("there is no such unit of this agency; list the units of the group for their ids")]
    NotFound,
    /// The unit is archived.
    #[error("the unit is archived; choose another")]
    Archived,
    /// Another household has the unit.
    #[error("another household has the unit on a night of those days; choose another unit or other days")]
    Taken,
    /// The unit is out of service.
    #[error("the unit is out of service on a night of those days; choose another unit or other days")]
    OutOfService,
    /// Somebody has the unit.
    #[error("somebody has the unit on those days; end or move those placements first")]
    InUse,
    /// Somebody had the unit.
    #[error("somebody has or had the unit, so it was meant; archive it instead")]
    WasUsed,
    /// Nobody leaves before the first day there.
    #[error("the person came to the unit after that day; give a later one")]
    LeavesBeforeComing,
    /// Those are no days.
    #[error("the last day is not after the first; give a later one, or none while it is unknown")]
    NoDays,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
            Self::Archived
            | Self::Taken
            | Self::OutOfService
            | Self::InUse
            | Self::WasUsed
            | Self::LeavesBeforeComing
            | Self::NoDays => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "UNIT_NOT_FOUND",
            Self::Archived => "UNIT_ARCHIVED",
            Self::Taken => "UNIT_TAKEN",
            Self::OutOfService => "UNIT_OUT_OF_SERVICE",
            Self::InUse => "UNIT_IN_USE",
            Self::WasUsed => "UNIT_WAS_USED",
            Self::LeavesBeforeComing => "LEAVES_BEFORE_COMING",
            Self::NoDays => "NO_DAYS",
        }
    }
}

impl Decider for Diary {
    const CATEGORY: &'static str = "diary";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        decide::decide(state, command)
    }
    fn evolve(state: State, event: &Event) -> State {
        decide::evolve(state, event)
    }
}
