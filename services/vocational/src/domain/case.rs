//! A case: one agency's work with one person towards work or study (IPS supported employment).
//! Invariant: it is employed exactly while a paid job of it runs; paused it remembers where it returns; and under zero exclusion
//! nobody is paused or discharged for symptoms, substance use, housing, record, attendance or readiness.

mod command;
mod decide;
mod event;
mod refusal;
mod state;

pub use command::{Command, Opening};
pub use event::Event;
pub use refusal::Refusal;
pub use state::{Facts, Made, Noted, Plan, Situation, Stage, State};

use kernel::Decider;

/// A case.
pub struct Case;

impl Decider for Case {
    const CATEGORY: &'static str = "case";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        decide::decide(state, command)
    }
    fn evolve(state: State, event: &Event) -> State {
        state::evolve(state, event)
    }
}

/// Why a case rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PauseReason {
    /// The person wishes it.
    PersonsWish,
    /// Papers.
    Documents,
    /// Capacity.
    Capacity,
    /// Consent.
    Consent,
    /// What zero exclusion does not allow.
    Excluding(Exclusion),
}

/// Why a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DischargeReason {
    /// The person wishes it.
    PersonsWish,
    /// What it was for is done.
    Completed,
    /// Met elsewhere.
    NeedsMetElsewhere,
    /// Moved away.
    Moved,
    /// Other work or caring.
    WorkOrCaring,
    /// The person died.
    Died,
    /// Could not be reached.
    CouldNotContact,
    /// Opened by mistake or twice.
    MistakenOrDuplicate,
    /// No capacity.
    NoCapacity,
    /// Consent was withdrawn.
    ConsentWithdrawn,
    /// Eligibility is not met, on this ground where one is named.
    Ineligible(Option<Ground>),
    /// What zero exclusion does not allow.
    Excluding(Exclusion),
}

/// The only grounds on which zero exclusion lets somebody be ineligible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ground {
    /// The person does not want work.
    WantsWork,
    /// Age.
    Age,
    /// Area.
    Area,
    /// Language.
    Language,
}

/// Reasons that zero exclusion refuses, whoever names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exclusion {
    /// Health.
    Health,
    /// Judged not ready.
    NotReady,
    /// Symptoms.
    Symptoms,
    /// Substance use.
    SubstanceUse,
    /// Housing.
    Housing,
    /// A criminal or work record.
    Record,
    /// Attendance.
    Attendance,
}
