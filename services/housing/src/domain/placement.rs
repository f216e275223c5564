//! A placement takes one person from a match to a home and out again (HMIS Enrollment, 3.10 to 3.20).
//! Invariant: entry <= move-in <= exit, a move-in exists for project types 3, 9, 10 and 13 alone, and it ends at most once.

mod command;
mod decide;
mod event;
mod nights;
mod record;
mod refusal;
mod state;

pub use command::{Command, Others, Recorded, Told};
pub use event::Event;
pub use refusal::Refusal;
pub use state::{Assigned, Closing, Facts, Made, Situation, State};

use kernel::Decider;

/// A placement.
pub struct Placement;

impl Decider for Placement {
    const CATEGORY: &'static str = "placement";
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

/// How many days ahead a unit can be held.
pub const HOLD_AHEAD_DAYS: i64 = 366;
