//! A referral asks one programme to take on one person (FHIR Task; states and reasons of the HL7 Gravity guide).
//! Invariant: it is answered at most once, and only by the agency it was sent to.

mod clocks;
mod command;
mod decide;
mod event;
mod links;
mod overriding;
mod pace;
mod refusal;
mod state;
mod when;

pub use clocks::{Clock, Clocks};
pub use command::{Ask, Command, Follows, Recorded};
pub use event::{Event, OWN_ACT, Sent};
pub use links::{Followed, Household, Origin, PartEnd, Rule, Split};
pub use overriding::Override;
pub use pace::Pace;
pub use refusal::Refusal;
pub use state::{Answer, Beside, Closing, Facts, Question, Situation, State};
pub use when::When;

use kernel::Decider;

/// A referral.
pub struct Referral;

impl Decider for Referral {
    const CATEGORY: &'static str = "referral";
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

/// Why a referral or a participation closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClosingReason {
    /// Eligibility is not met.
    Ineligible,
    /// Sent by mistake or twice.
    MistakenOrDuplicate,
    /// The person did not engage.
    NotEngaged,
    /// Met elsewhere.
    NeedsMetElsewhere,
    /// Moved away.
    Moved,
    /// Work or caring.
    WorkOrCaring,
    /// The person died.
    Died,
    /// No capacity.
    NoCapacity,
    /// Could not be reached.
    CouldNotContact,
    /// The person declined.
    PersonDeclined,
    /// The provider declined.
    ProviderDeclined,
    /// Completed before its time.
    CompletedEarly,
    /// Consent was withdrawn.
    ConsentWithdrawn,
    /// Ran out of time.
    Expired,
    /// Another reason.
    Other,
}

impl ClosingReason {
    /// Whether it says that the person is not eligible, or says nothing, or that they did not come: under zero exclusion such words are how symptoms,
    /// housing, a record or readiness would come back in.
    pub const fn excludes(self) -> bool {
        matches!(self, Self::Ineligible | Self::NotEngaged | Self::ProviderDeclined | Self::Other)
    }
}

/// Which eligibility criterion is not met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Criterion {
    /// The person does not want what is offered.
    WantsService,
    /// Age.
    Age,
    /// Area.
    Area,
    /// Language.
    Language,
    /// Anything else.
    Other,
}

/// Why a referral rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HoldReason {
    /// Papers.
    Documents,
    /// Capacity.
    Capacity,
    /// The person's wish.
    PersonsWish,
    /// Health.
    Health,
    /// Consent.
    Consent,
    /// Judged not ready.
    NotReady,
}

/// What a completed referral came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Enrolled.
    Enrolled,
    /// Not enrolled.
    NotEnrolled,
    /// On the waiting list.
    Waitlisted,
    /// Service given.
    ServiceGiven,
}

/// How far the target says it is, beside the state (Gravity's business status).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum BusinessStatus {
    /// Nothing was said yet.
    #[default]
    NotUpdated,
    /// The person has to do something.
    NeedsClientAction,
    /// Under way.
    Pending,
    /// The person is eligible.
    Eligible,
    /// The person could not be reached.
    CouldNotContact,
    /// On a waiting list.
    Waitlisted,
    /// A first appointment is made.
    Scheduled,
    /// Sent on elsewhere.
    ReferredElsewhere,
    /// The need was met.
    GotHelp,
}

/// What a receiving service reports back. The order is that of a service's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Progress {
    /// Opened its part.
    Opened,
    /// First contact, session, admission or engagement.
    Started,
    /// Closed its part.
    Closed,
}
