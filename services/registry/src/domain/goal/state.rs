//! Where a goal stands (FHIR Goal.lifecycleStatus).
//! Invariant: how far a goal is achieved and whether the person is ready stand beside its stage, and none moves another.

use kernel::{By, PersonId};

use super::{Achievement, Content, Event, Facts, Readiness, Refusal, Strength};
use crate::domain::facet;

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
        /// Whether the person is ready, as it was last noted, and whether in their own words.
        readiness: Option<(Readiness, bool)>,
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
    /// Who does what for it is planned.
    Planned,
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
    /// It was planned.
    FromPlanned,
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
                Stage::Proposed | Stage::Accepted | Stage::Planned | Stage::Active | Stage::OnHold(_) => {
                    Standing::Open
                }
                Stage::Completed | Stage::Cancelled | Stage::Rejected => Standing::Closed,
                Stage::InError => Standing::Unknown,
            },
            Self::Unmade | Self::Made { .. } => Standing::Unknown,
        }
    }

    fn at(mut self, next: Stage) -> Self {
        if let Self::Made { stage, .. } = &mut self {
            *stage = next;
        }
        self
    }

    /// The state after an event.
    pub(super) fn after(mut self, event: &Event) -> Self {
        match event {
            Event::Proposed(facts, content) => return Self::new(*facts, content, Stage::Proposed, false),
            Event::Set(facts, content) => return Self::new(*facts, content, Stage::Accepted, true),
            Event::Reworded(words) => {
                if let Self::Made { content, .. } = &mut self {
                    *content = words.clone();
                }
                return self.own();
            }
            Event::Accepted => return self.own().at(Stage::Accepted),
            Event::Rejected => return self.at(Stage::Rejected),
            Event::Dropped => return self.at(Stage::Cancelled),
            Event::Planned => return self.at(Stage::Planned),
            Event::Activated => return self.at(Stage::Active),
            Event::Held => {
                let from = match self {
                    Self::Made { stage: Stage::Active, .. } => Resting::FromActive,
                    Self::Made { stage: Stage::Planned, .. } => Resting::FromPlanned,
                    Self::Made { stage: Stage::OnHold(from), .. } => from,
                    Self::Made { .. } | Self::Unmade => Resting::FromAccepted,
                };
                return self.at(Stage::OnHold(from));
            }
            Event::Resumed => {
                let on = match self {
                    Self::Made { stage: Stage::OnHold(Resting::FromActive), .. } => Stage::Active,
                    Self::Made { stage: Stage::OnHold(Resting::FromPlanned), .. } => Stage::Planned,
                    Self::Made { .. } | Self::Unmade => Stage::Accepted,
                };
                return self.at(on);
            }
            Event::Completed => return self.at(Stage::Completed),
            Event::Rated(rating) => {
                if let Self::Made { achieved, .. } = &mut self {
                    *achieved = Some(*rating);
                }
            }
            Event::ReadinessNoted { readiness: noted, own_words } => {
                if let Self::Made { readiness, .. } = &mut self {
                    *readiness = Some((*noted, *own_words));
                }
            }
            Event::EnteredInError => return self.at(Stage::InError),
        }
        self
    }

    fn own(mut self) -> Self {
        if let Self::Made { in_persons_voice, .. } = &mut self {
            *in_persons_voice = true;
        }
        self
    }

    fn new(facts: Facts, content: &Content, stage: Stage, in_persons_voice: bool) -> Self {
        Self::Made {
            facts,
            content: content.clone(),
            stage,
            achieved: None,
            readiness: None,
            in_persons_voice,
        }
    }
}

impl Content {
    /// Whether a goal of the person may build on the strength that it names: one of theirs that holds, or that the goal named before.
    ///
    /// # Errors
    /// There is none, for this caller; or it is so no longer.
    pub fn builds_on(
        &self,
        person: PersonId,
        facet: Option<&facet::State>,
        before: Option<&Self>,
    ) -> Result<(), Refusal> {
        let (Strength::Noted(_), kept) = (&self.strength, before.map(|before| &before.strength)) else {
            return Ok(());
        };
        match facet {
            _ if kept == Some(&self.strength) => Ok(()),
            Some(facet::State::Made { facts, standing, .. })
                if facts.person == person && facts.kind == facet::Kind::Strength =>
            {
                match standing {
                    facet::Standing::Holds => Ok(()),
                    facet::Standing::Dropped => Err(Refusal::StrengthNoLonger),
                    facet::Standing::InError => Err(Refusal::StrengthNotFound),
                }
            }
            Some(_) | None => Err(Refusal::StrengthNotFound),
        }
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
