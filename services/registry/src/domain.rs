//! The only door to the domain of the registry: agencies and workers, people and their links, goals, strengths and preferences, plans, teams, consent directives, medical emergencies, measures.
//! Invariant: pure. Time, ids, hashes and what other streams hold arrive as arguments; personal text is carried and never read.

pub mod agency;
pub mod consent;
pub mod emergency;
pub mod facet;
pub mod goal;
mod ids;
pub mod measure;
pub mod person;
pub mod plan;
pub mod scale;
pub mod team;
pub mod worker;

#[cfg(test)]
mod tests;

pub use ids::{FacetId, GoalId, MeasureId, PlanItemId, TeamMemberId};

use kernel::{By, PersonId, Voice};

/// An identifier in an agency's or another system: (system, value).
pub type Identifier = (String, String);

/// Whether words are the person's: their own act, or staff who say that they write down the person's own words (domain.md section 2).
fn in_persons_voice(by: By, voice: Voice, person: PersonId) -> bool {
    match by {
        By::Person(speaker) => speaker == person,
        By::Agency(_) => voice == Voice::Person,
        By::System => false,
    }
}

/// A no about something of a person: the person's record says it, or the thing itself.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum No<R> {
    /// The person's record.
    #[error(transparent)]
    Person(person::Refusal),
    /// The thing itself.
    #[error("{0}")]
    Own(R),
}

impl<R: kernel::Refusal> kernel::Refusal for No<R> {
    fn kind(&self) -> kernel::RefusalKind {
        match self {
            Self::Person(refusal) => refusal.kind(),
            Self::Own(refusal) => refusal.kind(),
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Person(refusal) => refusal.reason(),
            Self::Own(refusal) => refusal.reason(),
        }
    }
}
