//! Where a participation stands.
//! Invariant: why it rests is known while it rests, and how it ended from its end on; folding has no opinion about what was allowed.

use kernel::{AgencyId, Occurred, PersonId, WorkerId};

use super::{End, Event, Facts, Recorded, destination};
use crate::domain::PlanItemId;
use crate::domain::contact::Contact;
use crate::domain::referral::HoldReason;

/// How far a participation is (FHIR EpisodeOfCare.status: active, onhold, finished).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Situation {
    /// The person takes part.
    GoingOn {
        /// Since it began, or was last taken up again.
        since: Occurred,
    },
    /// It rests.
    Paused {
        /// Since when.
        since: Occurred,
        /// Why.
        reason: HoldReason,
    },
    /// It is over.
    Ended(End),
}

impl Situation {
    /// How it ended, if it did.
    pub const fn end(&self) -> Option<&End> {
        match self {
            Self::GoingOn { .. } | Self::Paused { .. } => None,
            Self::Ended(end) => Some(end),
        }
    }
}

/// Where a participation stands.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "nearly every participation that is loaded was made")]
pub enum State {
    /// Never begun.
    #[default]
    Unmade,
    /// Begun.
    Made {
        /// What it is about.
        facts: Facts,
        /// When it began.
        started: Occurred,
        /// How far it is.
        situation: Situation,
        /// The items of the person's plan that it carries out.
        plan_items: Vec<PlanItemId>,
        /// Its contacts, oldest first as noted.
        contacts: Vec<Contact>,
        /// The whole fact as another system told it; none where it was made here.
        told: Option<Box<Recorded>>,
        /// The worker who takes care of it.
        assignee: Option<WorkerId>,
    },
    /// Never meant.
    InError {
        /// Whose it was.
        agency: AgencyId,
        /// About whom.
        person: PersonId,
    },
}

impl State {
    /// The worker who takes care of it.
    pub fn assignee(&self) -> Option<WorkerId> {
        match self {
            Self::Made { assignee, .. } => *assignee,
            Self::Unmade | Self::InError { .. } => None,
        }
    }
}

pub(super) fn evolve(mut state: State, event: &Event) -> State {
    match event {
        Event::Started { facts, at } => State::Made {
            facts: facts.clone(),
            started: at.clone(),
            situation: Situation::GoingOn { since: at.clone() },
            plan_items: vec![],
            contacts: vec![],
            told: None,
            assignee: None,
        },
        Event::PlanNamed { items, .. } => {
            if let State::Made { plan_items, .. } = &mut state {
                plan_items.clone_from(items);
            }
            state
        }
        Event::ContactMade { contact, .. } => {
            if let State::Made { contacts, .. } = &mut state {
                contacts.retain(|known| known.id != contact.id);
                contacts.push(contact.clone());
            }
            state
        }
        Event::Paused { reason, at, .. } => {
            moved(state, Situation::Paused { since: at.clone(), reason: *reason })
        }
        Event::Resumed { at, .. } => moved(state, Situation::GoingOn { since: at.clone() }),
        Event::Ended { at, reason, .. } => {
            let (reason, destination) = (Some(*reason), destination(*reason));
            moved(state, Situation::Ended(End { at: at.clone(), reason, destination }))
        }
        Event::Assigned { worker, .. } => {
            if let State::Made { assignee, .. } = &mut state {
                *assignee = *worker;
            }
            state
        }
        Event::Recorded { told, .. } => recorded(state, told),
        Event::EnteredInError { .. } => match state {
            State::Made { facts, .. } => State::InError { agency: facts.agency, person: facts.person },
            other @ (State::Unmade | State::InError { .. }) => other,
        },
    }
}

fn moved(mut state: State, to: Situation) -> State {
    if let State::Made { situation, .. } = &mut state {
        *situation = to;
    }
    state
}

/// What a source tells takes the place of what it told. What was added here stays, and what rests here rests on while the source knows no end of it.
fn recorded(state: State, told: &Recorded) -> State {
    let assignee = state.assignee();
    let (contacts, plan_items, before) = match state {
        State::Made { contacts, plan_items, situation, .. } => (contacts, plan_items, Some(situation)),
        State::Unmade | State::InError { .. } => (vec![], vec![], None),
    };
    let situation = match (&told.ended, before) {
        (Some(end), _) => Situation::Ended(end.clone()),
        (None, Some(rests @ Situation::Paused { .. })) => rests,
        (None, Some(Situation::GoingOn { .. } | Situation::Ended(_)) | None) => {
            Situation::GoingOn { since: told.started.clone() }
        }
    };
    State::Made {
        facts: told.facts.clone(),
        started: told.started.clone(),
        situation,
        plan_items,
        contacts,
        told: Some(Box::new(told.clone())),
        assignee,
    }
}
