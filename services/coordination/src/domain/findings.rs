//! The findings of one subject, raised, changed and cleared.
//! Invariant: what is open after a comparison is exactly what was found; a finding raised again after it cleared is another one.

use std::collections::BTreeMap;

use kernel::ids::Uuid;
use kernel::{Decider, RefusalKind};

use super::found::Key;
use super::{Found, Subject};

kernel::id!(/// A finding.
    FindingId);

/// The findings of one subject.
pub struct Findings;

/// The open ones, and how many events there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    subject: Option<Subject>,
    open: BTreeMap<Key, (FindingId, Found)>,
    events: u64,
}

impl State {
    /// Whose findings they are; none before the first.
    pub fn subject(&self) -> Option<Subject> {
        self.subject
    }
    /// The open findings.
    pub fn open(&self) -> impl Iterator<Item = &(FindingId, Found)> {
        self.open.values()
    }
}

/// What can be asked: that the open findings be these.
#[derive(Clone, Debug)]
pub struct Compare {
    /// Whose findings.
    pub subject: Subject,
    /// What the rules find now.
    pub found: Vec<Found>,
}

/// What happens to findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The facts show something.
    Raised {
        /// The finding.
        id: FindingId,
        /// What it is about.
        subject: Subject,
        /// What was found.
        found: Found,
    },
    /// They show it with other times, inputs or words.
    Changed {
        /// The finding.
        id: FindingId,
        /// What it is about.
        subject: Subject,
        /// What is found now.
        found: Found,
    },
    /// They show it no more.
    Cleared {
        /// The finding.
        id: FindingId,
        /// What it was about.
        subject: Subject,
        /// Its rule.
        rule: String,
    },
}

impl Event {
    /// What the finding is about.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Raised { subject, .. } | Self::Changed { subject, .. } | Self::Cleared { subject, .. } => {
                *subject
            }
        }
    }
}

/// Comparing is never refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Never {}

impl kernel::Refusal for Never {
    fn kind(&self) -> RefusalKind {
        match *self {}
    }
    fn reason(&self) -> &'static str {
        match *self {}
    }
}

impl Decider for Findings {
    const CATEGORY: &'static str = "findings";
    type State = State;
    type Command = Compare;
    type Event = Event;
    type Refusal = Never;

    fn decide(state: &State, Compare { subject, found }: Compare) -> Result<Vec<Event>, Never> {
        let mut found: BTreeMap<Key, Found> = found.into_iter().map(|found| (found.key(), found)).collect();
        let mut events = Vec::new();
        for (key, (id, known)) in &state.open {
            match found.remove(key) {
                None => events.push(Event::Cleared { id: *id, subject, rule: known.rule.clone() }),
                Some(now) if now != *known => events.push(Event::Changed { id: *id, subject, found: now }),
                Some(_) => {}
            }
        }
        for found in found.into_values() {
            // The place in the stream makes the id: the same decision made again gives the same one, and no other has it.
            let place = state.events + events.len() as u64 + 1;
            let name = format!("finding/{}/{place}", subject.stream());
            let id = FindingId::new(Uuid::new_v5(&subject.stream().id(), name.as_bytes()));
            events.push(Event::Raised { id, subject, found });
        }
        Ok(events)
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Raised { id, found, .. } | Event::Changed { id, found, .. } => {
                state.open.insert(found.key(), (*id, found.clone()));
            }
            Event::Cleared { id, .. } => state.open.retain(|_, (known, _)| known != id),
        }
        state.subject = Some(event.subject());
        state.events += 1;
        state
    }
}
