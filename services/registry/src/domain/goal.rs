//! A goal of a person (FHIR Goal). Staff propose; the person decides.
//! Invariant: only the person's voice sets, rewords, accepts, drops or rates a goal, and a closed goal stays closed.

mod command;
mod decide;
mod event;
mod refusal;
mod state;

pub use command::{Act, Command};
pub use event::{Achievement, Content, Event, Facts, Readiness, Strength};
pub use refusal::Refusal;
pub use state::{Resting, Stage, Standing, State};

/// A goal.
pub struct Goal;
