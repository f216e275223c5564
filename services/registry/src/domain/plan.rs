//! The one living plan of a person (FHIR CarePlan): items that say who does what, for which goal, from when.
//! Invariant: an item serves a goal of the person that was open when the item was added or given it, and ends at most once, never before it began.
//! Every change makes a version; what the person agreed to is a version, and stays agreed however the plan goes on. The version that takes an item off which
//! never should have been written says what the plan is without it.

mod command;
mod decide;
mod event;
mod refusal;
mod state;

pub use command::{Command, Ends, Overseer, Said, Terms};
pub use event::{Change, Content, Event};
pub use refusal::Refusal;
pub use state::{Edit, Item, Made, Review, State, Version};

use kernel::Decider;

/// A plan; one stream for each person.
pub struct Plan;

impl Decider for Plan {
    const CATEGORY: &'static str = "plan";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        decide::decide(state, command)
    }
    fn evolve(state: State, event: &Event) -> State {
        state.after(event)
    }
}

/// A plan is looked at again after so many days where its agency says nothing else (domain default).
pub const REVIEW_DAYS: u32 = 90;
