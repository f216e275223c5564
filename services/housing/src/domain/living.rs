//! Where a person stays, as told at a contact or at the entry to a project (HMIS 3.917, 4.12).
//! Invariant: it is a point in time and says nothing of who lodges whom; it belongs to the agency that wrote it down.

use kernel::skill::Approach;
use kernel::{AgencyId, By, Decider, Occurred, PersonId, RefusalKind, WorkerId};

use super::LivingSituationId;
use super::codes::Stage;
use super::place::Place;

/// The contact at which it was told, as the contract encodes it; its content is not judged here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// When.
    pub occurred: Occurred,
    /// Minutes, 0 where unknown.
    pub minutes: u32,
    /// Where, as the contract numbers it.
    pub setting: i32,
    /// Whether the person was reached.
    pub reached: bool,
    /// What for.
    pub purpose: String,
    /// Workers who took part.
    pub workers: Vec<WorkerId>,
    /// The skills it was about; none where it was about none.
    pub approach: Option<Approach>,
}

/// What was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: LivingSituationId,
    /// The person.
    pub person: PersonId,
    /// The agency that writes it down.
    pub agency: AgencyId,
    /// When it was so.
    pub at: Occurred,
    /// What it was told at.
    pub stage: Stage,
    /// Where.
    pub place: Place,
    /// The contact at which it was told.
    pub contact: Option<Contact>,
    /// The record it belongs to, as "placement-<id>" or "participation-<id>"; empty where none.
    pub record: String,
}

/// A living situation.
pub struct LivingSituation;

/// Where a living situation stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never written.
    #[default]
    Unmade,
    /// Written.
    Made {
        /// What was told.
        told: Box<Told>,
        /// Whether another system told it.
        recorded: bool,
    },
    /// Never meant.
    InError {
        /// Whose it was.
        agency: AgencyId,
        /// About whom.
        person: PersonId,
    },
}

impl State {
    /// About whom it is, or was.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::Unmade => None,
            Self::Made { told, .. } => Some(told.person),
            Self::InError { person, .. } => Some(*person),
        }
    }
}

/// What can be asked of a living situation.
#[derive(Clone, Debug)]
pub enum Command {
    /// Write it down.
    Note {
        /// Who asks.
        by: By,
        /// What was told.
        told: Box<Told>,
    },
    /// Put it down from elsewhere, whole.
    Record(Box<Told>),
    /// It should never have been written.
    MarkEnteredInError {
        /// Who says so.
        by: By,
    },
}

/// What happens to a living situation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was written down.
    Noted(Box<Told>),
    /// It was put down from elsewhere; `correction` where it replaces an earlier telling.
    Recorded {
        /// What was told.
        told: Box<Told>,
        /// Whether it replaces an earlier telling.
        correction: bool,
    },
    /// Never meant.
    EnteredInError {
        /// Which.
        id: LivingSituationId,
        /// About whom it was: a correction may give it to another person.
        person: PersonId,
    },
}

/// How a living situation says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or it is another agency's.
    #[error("there is no such living situation of this agency")]
    NotFound,
    /// Its id is taken.
    #[error("a living situation with this id exists")]
    AlreadyExists,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "LIVING_SITUATION_NOT_FOUND",
            Self::AlreadyExists => "LIVING_SITUATION_EXISTS",
        }
    }
}

impl Decider for LivingSituation {
    const CATEGORY: &'static str = "livingsituation";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Note { by, told } => match state {
                State::Unmade if by == By::Agency(told.agency) => Ok(vec![Event::Noted(told)]),
                State::Made { told: now, .. } if *now == told => Ok(vec![]),
                State::Unmade => Err(Refusal::NotFound),
                State::Made { .. } | State::InError { .. } => Err(Refusal::AlreadyExists),
            },
            Command::Record(told) => record(state, told),
            Command::MarkEnteredInError { by } => match state {
                State::Made { told, .. } if by == By::Agency(told.agency) => {
                    Ok(vec![Event::EnteredInError { id: told.id, person: told.person }])
                }
                State::InError { agency, .. } if by == By::Agency(*agency) => Ok(vec![]),
                State::Unmade | State::Made { .. } | State::InError { .. } => Err(Refusal::NotFound),
            },
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Noted(told) => State::Made { told: told.clone(), recorded: false },
            Event::Recorded { told, .. } => State::Made { told: told.clone(), recorded: true },
            Event::EnteredInError { .. } => match state {
                State::Made { told, .. } => State::InError { agency: told.agency, person: told.person },
                State::Unmade | State::InError { .. } => state,
            },
        }
    }
}

fn record(state: &State, told: Box<Told>) -> Result<Vec<Event>, Refusal> {
    match state {
        State::Unmade => Ok(vec![Event::Recorded { told, correction: false }]),
        State::Made { told: now, .. } if now.agency != told.agency => Err(Refusal::NotFound),
        State::Made { recorded: false, .. } => Err(Refusal::AlreadyExists),
        State::Made { told: now, .. } if *now == told => Ok(vec![]),
        // It was another person's all along: theirs is withdrawn, and this one's begins.
        State::Made { told: now, .. } if now.person != told.person => Ok(vec![
            Event::EnteredInError { id: now.id, person: now.person },
            Event::Recorded { told, correction: true },
        ]),
        State::InError { agency, .. } if *agency != told.agency => Err(Refusal::NotFound),
        State::Made { .. } | State::InError { .. } => Ok(vec![Event::Recorded { told, correction: true }]),
    }
}
