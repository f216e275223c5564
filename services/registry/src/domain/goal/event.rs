//! What happens to a goal, and the values it is about.
//! Invariant: its words and the strength it builds on are [`Private`].

use kernel::{AgencyId, PersonId, Private};

use super::super::GoalId;

/// What a goal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// In words.
    pub text: Private,
    /// Life domains, as the contract numbers them.
    pub life_domains: Vec<i32>,
    /// The environment chosen, as the contract numbers it; 0 for none.
    pub environment: i32,
    /// The strength it builds on; none means not yet explored.
    pub strength: Option<Private>,
}

/// Whose a goal is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its id.
    pub id: GoalId,
    /// The person.
    pub person: PersonId,
    /// The agency that wrote it; none where the person did.
    pub agency: Option<AgencyId>,
}

/// How far a goal is achieved, rated by the person (FHIR Goal.achievementStatus).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Achievement {
    /// Achieved.
    Achieved,
    /// Improving.
    Improving,
    /// No change.
    NoChange,
    /// Worsening.
    Worsening,
    /// Not achieved.
    NotAchieved,
    /// Not attainable.
    NotAttainable,
}

/// What happens to a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Staff proposed it.
    Proposed(Facts, Content),
    /// The person set it; it is accepted.
    Set(Facts, Content),
    /// The person put it in other words.
    Reworded(Content),
    /// The person took it as their own.
    Accepted,
    /// The person did not take it.
    Rejected,
    /// The person let go of it.
    Dropped,
    /// Work on it has begun.
    Activated,
    /// It rests.
    Held,
    /// It goes on.
    Resumed,
    /// Work on it is done.
    Completed,
    /// The person rated it.
    Rated(Achievement),
    /// Never meant.
    EnteredInError,
}
