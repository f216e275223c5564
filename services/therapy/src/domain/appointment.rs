//! An appointment of one person with one practitioner (FHIR Appointment).
//! Invariant: its status never moves backward. A wrong no-show is corrected and stays visible; another time is another appointment.

mod command;
mod content;
mod decide;
mod event;
mod refusal;
mod state;

pub use command::{Command, Correction, Standing};
pub use content::{Content, MAX_MINUTES, Recorded};
pub use decide::{BACKDATED, EARLY};
pub use event::{About, Event};
pub use refusal::Refusal;
pub use state::{CancelReason, MissedReason, Situation, State};

/// An appointment.
pub struct Appointment;

impl kernel::Decider for Appointment {
    const CATEGORY: &'static str = "appointment";
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
