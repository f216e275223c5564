//! Where a goal stands (FHIR Goal.lifecycleStatus, without `planned`, which no act of ours reaches).
//! Invariant: how far a goal is achieved stands beside its stage and moves neither.

use kernel::{By, PersonId};

use super::{Achievement, Content, Event, Facts};

/// Where a goal stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never written.
    #[default]
    Unmade,
    /// Written.
    Made {
        /// Whose it is.
        facts: Facts,
        /// What it is.
        content: Content,
        /// Its stage.
        stage: Stage,
        /// How far it is achieved, once the person rated it.
        achieved: Option<Achievement>,
        /// Whether the person has set, reworded or accepted it.
        in_persons_voice: bool,
    },
}

/// The stages of a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Staff propose it.
    Proposed,
    /// The person's own.
    Accepted,
    /// Work on it has begun.
    Active,
    /// It rests.
    OnHold(Resting),
    /// Work on it is done.
    Completed,
    /// The person let go of it.
    Cancelled,
    /// The person did not take it.
    Rejected,
    /// Never meant.
    InError,
}

/// Where a resting goal goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resting {
    /// It was accepted.
    FromAccepted,
    /// It was worked on.
    FromActive,
}

/// What a plan needs to know of a goal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The person's, and open.
    Open,
    /// The person's, and closed.
    Closed,
    /// None of this person, or none that the caller may know of.
    Unknown,
}

impl State {
    /// What a plan of this person, written by this caller, needs to know.
    pub fn standing(&self, person: PersonId, by: By) -> Standing {
        match self {
            Self::Made { facts, stage, .. } if facts.person == person && facts.is_for(by) => match stage {
                Stage::Proposed | Stage::Accepted | Stage::Active | Stage::OnHold(_) => Standing::Open,
                Stage::Completed | Stage::Cancelled | Stage::Rejected => Standing::Closed,
                Stage::InError => Standing::Unknown,
            },
            Self::Unmade | Self::Made { .. } => Standing::Unknown,
        }
    }

    fn at(self, next: Stage) -> Self {
        match self {
            Self::Unmade => Self::Unmade,
            Self::Made { facts, content, achieved, in_persons_voice, .. } => {
                Self::Made { facts, content, stage: next, achieved, in_persons_voice }
            }
        }
    }

    /// The state after an event.
    pub(super) fn after(self, event: &Event) -> Self {
        match event {
            Event::Proposed(facts, content) => Self::new(*facts, content, Stage::Proposed, false),
            Event::Set(facts, content) => Self::new(*facts, content, Stage::Accepted, true),
            Event::Reworded(content) => match self {
                Self::Unmade => Self::Unmade,
                Self::Made { facts, stage, achieved, .. } => {
                    Self::Made { facts, content: content.clone(), stage, achieved, in_persons_voice: true }
                }
            },
            Event::Accepted => self.own().at(Stage::Accepted),
            Event::Rejected => self.at(Stage::Rejected),
            Event::Dropped => self.at(Stage::Cancelled),
            Event::Activated => self.at(Stage::Active),
            Event::Held => {
                let from = match self {
                    Self::Made { stage: Stage::Active | Stage::OnHold(Resting::FromActive), .. } => {
                        Resting::FromActive
                    }
                    Self::Made { .. } | Self::Unmade => Resting::FromAccepted,
                };
                self.at(Stage::OnHold(from))
            }
            Event::Resumed => match self {
                Self::Made { stage: Stage::OnHold(Resting::FromActive), .. } => self.at(Stage::Active),
                Self::Made { .. } | Self::Unmade => self.at(Stage::Accepted),
            },
            Event::Completed => self.at(Stage::Completed),
            Event::Rated(rating) => match self {
                Self::Unmade => Self::Unmade,
                Self::Made { facts, content, stage, in_persons_voice, .. } => {
                    Self::Made { facts, content, stage, achieved: Some(*rating), in_persons_voice }
                }
            },
            Event::EnteredInError => self.at(Stage::InError),
        }
    }

    fn own(self) -> Self {
        match self {
            Self::Unmade => Self::Unmade,
            Self::Made { facts, content, stage, achieved, .. } => {
                Self::Made { facts, content, stage, achieved, in_persons_voice: true }
            }
        }
    }

    fn new(facts: Facts, content: &Content, stage: Stage, in_persons_voice: bool) -> Self {
        Self::Made { facts, content: content.clone(), stage, achieved: None, in_persons_voice }
    }
}

impl Facts {
    /// Whether the goal is for this caller: the agency that wrote it, the person, and the system itself.
    pub fn is_for(&self, by: By) -> bool {
        match by {
            By::Agency(agency) => self.agency == Some(agency),
            By::Person(person) => person == self.person,
            By::System => true,
        }
    }
}
