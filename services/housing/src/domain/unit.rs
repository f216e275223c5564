//! A unit: one home or bed of a group. Who holds it or lives there stands in its diary.
//! Invariant: it stays in the group it was added to, and an archived unit is let no more.

use kernel::{AgencyId, Decider, RefusalKind, UnitGroupId};

use super::UnitId;

/// What a unit says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Its name in the group.
    pub name: String,
    /// How many people it can lodge; 0 where unknown.
    pub sleeps: u32,
    /// Whether a wheelchair user can live there.
    pub step_free: bool,
    /// Whether the agency takes matches for it while it is free.
    pub accepting: bool,
    /// (system, value) in the agency's own systems.
    pub identifiers: Vec<(String, String)>,
}

/// What a unit belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Belongs {
    /// Its id.
    pub id: UnitId,
    /// Its group.
    pub group: UnitGroupId,
    /// The agency that runs it.
    pub agency: AgencyId,
}

/// A unit.
pub struct Unit;

/// Where a unit stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never added.
    #[default]
    Unmade,
    /// Let.
    Made {
        /// What it belongs to.
        belongs: Belongs,
        /// What it says.
        content: Content,
    },
    /// Let no more.
    Archived {
        /// What it belongs to.
        belongs: Belongs,
        /// What it said.
        content: Content,
    },
    /// Never meant.
    InError {
        /// What it belonged to.
        belongs: Belongs,
    },
}

impl State {
    /// What it belongs to, whatever became of it.
    pub fn belongs(&self) -> Option<Belongs> {
        match self {
            Self::Unmade => None,
            Self::Made { belongs, .. } | Self::Archived { belongs, .. } | Self::InError { belongs } => {
                Some(*belongs)
            }
        }
    }
}

/// What can be asked of a unit.
#[derive(Clone, Debug)]
pub enum Command {
    /// Say this, from now on.
    Publish {
        /// What it belongs to.
        belongs: Belongs,
        /// The whole content.
        content: Content,
    },
    /// Let it no more.
    Archive {
        /// Who asks.
        agency: AgencyId,
    },
    /// It should never have been written.
    MarkEnteredInError {
        /// Who says so.
        agency: AgencyId,
    },
}

/// What happens to a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It now says this.
    Published {
        /// What it belongs to.
        belongs: Belongs,
        /// The whole content.
        content: Content,
    },
    /// Let no more.
    Archived,
    /// Never meant.
    EnteredInError,
}

/// How a unit says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or it is another agency's.
    #[error("there is no such unit of this agency; list the units of the group for their ids")]
    NotFound,
    /// It is archived.
    #[error("the unit is archived; add a new one")]
    Archived,
    /// It stays in its group.
    #[error("a unit stays in the group it was added to; archive it and add one to the other group")]
    OfAnotherGroup,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
            Self::Archived | Self::OfAnotherGroup => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "UNIT_NOT_FOUND",
            Self::Archived => "UNIT_ARCHIVED",
            Self::OfAnotherGroup => "UNIT_OF_ANOTHER_GROUP",
        }
    }
}

impl Decider for Unit {
    const CATEGORY: &'static str = "unit";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Publish { belongs, content } => match state {
                State::Unmade => Ok(vec![Event::Published { belongs, content }]),
                State::Made { belongs: now, .. } | State::Archived { belongs: now, .. }
                    if now.agency != belongs.agency =>
                {
                    Err(Refusal::NotFound)
                }
                State::Made { belongs: now, .. } if now.group != belongs.group => {
                    Err(Refusal::OfAnotherGroup)
                }
                State::Made { content: now, .. } if *now == content => Ok(vec![]),
                State::Made { .. } => Ok(vec![Event::Published { belongs, content }]),
                State::Archived { .. } => Err(Refusal::Archived),
                State::InError { .. } => Err(Refusal::NotFound),
            },
            Command::Archive { agency } => match state {
                State::Made { belongs, .. } if belongs.agency == agency => Ok(vec![Event::Archived]),
                State::Archived { belongs, .. } if belongs.agency == agency => Ok(vec![]),
                State::Unmade | State::Made { .. } | State::Archived { .. } | State::InError { .. } => {
                    Err(Refusal::NotFound)
                }
            },
            Command::MarkEnteredInError { agency } => match state {
                State::Made { belongs, .. } | State::Archived { belongs, .. } if belongs.agency == agency => {
                    Ok(vec![Event::EnteredInError])
                }
                State::InError { belongs } if belongs.agency == agency => Ok(vec![]),
                State::Unmade | State::Made { .. } | State::Archived { .. } | State::InError { .. } => {
                    Err(Refusal::NotFound)
                }
            },
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Published { belongs, content } => {
                State::Made { belongs: *belongs, content: content.clone() }
            }
            Event::Archived => match state {
                State::Made { belongs, content } => State::Archived { belongs, content },
                State::Unmade | State::Archived { .. } | State::InError { .. } => state,
            },
            Event::EnteredInError => match state {
                State::Made { belongs, .. } | State::Archived { belongs, .. } => State::InError { belongs },
                State::Unmade | State::InError { .. } => state,
            },
        }
    }
}
