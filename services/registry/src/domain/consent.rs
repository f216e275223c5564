//! What a person says about who may learn what of them: consent directives (FHIR Consent; domain.md section 2), each from draft to its end.
//! Invariant: only the person's voice gives and revokes; what was given is never changed, a change of mind is another directive; an end works from then
//! on and deletes nothing. That one never should have been written, whoever wrote it says too: what closes needs nobody's leave.

mod command;
mod decide;
mod event;
mod refusal;
mod state;

use std::collections::BTreeSet;

use kernel::ids::Uuid;
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
    /// Somebody who speaks for the person.
    Representative(Speaker),
    /// The person and somebody who speaks for them.
    Both(Speaker),
}

/// Who speaks for the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    /// Which of the representatives of the person's record; none in what was prepared before they were kept there.
    pub representative: Option<Uuid>,
    /// What the directive itself says of them.
    pub words: Option<Private>,
}

impl Grantor {
    /// Who speaks for the person, where somebody does.
    pub fn speaker(&self) -> Option<&Speaker> {
        match self {
            Self::Person => None,
            Self::Representative(speaker) | Self::Both(speaker) => Some(speaker),
        }
    }
}

/// Whose signature gives a minor's directive; the later is the stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MinorSigns {
    /// The minor's own, and nobody's in their place: where the law lets a minor seek care alone, only the minor consents (42 CFR 2.14(a)).
    Alone,
    /// The representative's, with the minor's own or without.
    Representative,
    /// Both (42 CFR 2.14(b)).
    Both,
}

/// What holds of signatures when a directive is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signing {
    /// The rule for a minor; none where the person is of age, or their birth date is not known.
    pub minor: Option<MinorSigns>,
    /// The representatives who may speak on consents then.
    pub speakers: BTreeSet<Uuid>,
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
