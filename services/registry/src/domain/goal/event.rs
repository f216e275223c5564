//! What happens to a goal, and the values it is about.
//! Invariant: its words and a strength in words are [`Private`].

use kernel::{AgencyId, PersonId, Private};

use super::super::{FacetId, GoalId};

/// What a goal is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// In words.
    pub text: Private,
    /// Life domains, as the contract numbers them.
    pub life_domains: Vec<i32>,
    /// The environment chosen, as the contract numbers it; 0 for none.
    pub environment: i32,
    /// The strength it builds on.
    pub strength: Strength,
}

/// The strength that a goal builds on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Not yet explored.
    NotYetExplored,
    /// In words.
    InWords(Private),
    /// One that was noted of the person.
    Noted(FacetId),
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

/// Whether the person is ready to begin, as somebody sees it. It is a note: nothing asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Readiness {
    /// Not now.
    NotNow,
    /// Unsure.
    Unsure,
    /// Ready.
    Ready,
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
    /// Who does what for it is planned; work has not begun.
    Planned,
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
    /// Somebody noted whether the person is ready.
    ReadinessNoted {
        /// Whether.
        readiness: Readiness,
        /// Whether these are the person's own words.
        own_words: bool,
    },
    /// Never meant.
    EnteredInError,
}
