//! What a person says about who may learn what of them: consent directives (FHIR Consent; domain.md section 2), each from draft to its end.
//! Invariant: only the person's voice gives and revokes; what was given is never changed, a change of mind is another directive; an end works from then
//! on and deletes nothing.

mod command;
mod decide;
mod event;
mod refusal;
mod state;

use kernel::{Decider, Private, Scope};

pub use command::{Command, Which};
pub use event::{Event, What};
pub use refusal::Refusal;
pub use state::{Held, State, Step, Version};

/// A person's say: all of their directives, in one stream for each person.
pub struct Consent;

/// What a directive says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What it opens.
    pub scope: Scope,
    /// Who gives it.
    pub grantor: Grantor,
    /// Whether the operator of this system is named as the one through whom it is disclosed (42 CFR 2.11 "intermediary").
    pub intermediary: bool,
}

/// Who gives a directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grantor {
    /// The person.
    Person,
    /// Somebody who speaks for the person: who, and by what right.
    Representative(Private),
}

impl Decider for Consent {
    const CATEGORY: &'static str = "consent";
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
