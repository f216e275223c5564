//! Where a case stands.
//! Invariant: what a stage needs is in it; a paused case has the stage it returns to, and keeps it up to date.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{AgencyId, By, Occurred, OfferId, PersonId, WorkerId};

use super::{DischargeReason, Event, PauseReason};
use crate::domain::{CaseId, ContactId, GoalId, JobId, PlanItemId, ReferralId};

/// What does not change after the opening.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its id.
    pub id: CaseId,
    /// The person.
    pub person: PersonId,
    /// The agency that serves.
    pub agency: AgencyId,
    /// Code of the practice.
    pub practice: String,
    /// Whether zero exclusion holds.
    pub zero_exclusion: bool,
    /// The referral that opened it.
    pub referral: Option<ReferralId>,
    /// The offer referred to.
    pub offer: Option<OfferId>,
    /// Whether the programme falls under 42 CFR Part 2.
    pub part2: bool,
}

/// The goal and plan items that it serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The goal.
    pub goal: Option<GoalId>,
    /// The plan items.
    pub items: Vec<PlanItemId>,
}

/// Where an open case is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Nobody has met the person face to face yet.
    Referred,
    /// Met; the profile is begun.
    Engaged,
    /// Looking for work.
    Searching,
    /// A paid job of it runs.
    Employed,
}

/// Which of its situations a case is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Situation {
    /// Going on.
    Open(Stage),
    /// Resting.
    Paused {
        /// Where it returns.
        returns: Stage,
        /// Why.
        reason: PauseReason,
    },
    /// Handed on while employed.
    Transitioned,
    /// Ended.
    Discharged(DischargeReason),
}

impl Situation {
    /// The stage it is in, or returns to; none where it is closed.
    pub const fn stage(self) -> Option<Stage> {
        match self {
            Self::Open(stage) | Self::Paused { returns: stage, .. } => Some(stage),
            Self::Transitioned | Self::Discharged(_) => None,
        }
    }

    fn at(self, stage: Stage) -> Self {
        match self {
            Self::Open(_) => Self::Open(stage),
            Self::Paused { reason, .. } => Self::Paused { returns: stage, reason },
            closed @ (Self::Transitioned | Self::Discharged(_)) => closed,
        }
    }
}

/// Where a case stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never opened.
    #[default]
    Unmade,
    /// Opened.
    Made(Box<Made>),
    /// Never meant; what it was about is kept, so that its makers still know of it.
    InError(Box<Facts>),
}

/// What is kept of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// When.
    pub occurred: Occurred,
    /// Whether it came about, or was an attempt only.
    pub reached: bool,
    /// Whether it was not marked as entered in error.
    pub stands: bool,
}

/// A case that was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What does not change.
    pub facts: Facts,
    /// When it was opened.
    pub opened: Occurred,
    /// The specialist.
    pub worker: Option<WorkerId>,
    /// What it serves.
    pub plan: Plan,
    /// Whether the person was ever met face to face.
    pub met: bool,
    /// Its contacts.
    pub contacts: BTreeMap<ContactId, Noted>,
    /// Its paid jobs that run.
    pub jobs: BTreeSet<JobId>,
    /// Where it stands.
    pub situation: Situation,
}

impl State {
    /// The case, for a caller that may know of it.
    pub fn seen_by(&self, by: By) -> Option<&Made> {
        let made = self.made()?;
        let knows = match by {
            By::Agency(agency) => agency == made.facts.agency,
            By::Person(person) => person == made.facts.person,
            By::System => true,
        };
        knows.then_some(made)
    }

    /// What it is or was about; none where it was never opened.
    pub fn facts(&self) -> Option<&Facts> {
        match self {
            Self::Unmade => None,
            Self::Made(made) => Some(&made.facts),
            Self::InError(facts) => Some(facts),
        }
    }

    /// The case, where it was opened and stands.
    pub fn made(&self) -> Option<&Made> {
        match self {
            Self::Made(made) => Some(made),
            Self::Unmade | Self::InError(_) => None,
        }
    }
}

pub(super) fn evolve(state: State, event: &Event) -> State {
    if let Event::Opened { facts, plan, worker, at } = event {
        return State::Made(Box::new(Made {
            facts: facts.clone(),
            opened: at.clone(),
            worker: *worker,
            plan: plan.clone(),
            met: false,
            contacts: BTreeMap::new(),
            jobs: BTreeSet::new(),
            situation: Situation::Open(Stage::Referred),
        }));
    }
    match state {
        State::Made(made) => after(made, event),
        other @ (State::Unmade | State::InError(_)) => other,
    }
}

fn after(mut case: Box<Made>, event: &Event) -> State {
    match event {
        Event::Opened { .. } => {}
        Event::WorkerAssigned { worker, .. } => case.worker = Some(*worker),
        Event::PlanNamed(plan) => case.plan = plan.clone(),
        Event::ContactMade { contact, .. } => {
            let (occurred, reached) = (contact.occurred.clone(), contact.reached);
            case.contacts.insert(contact.id, Noted { occurred, reached, stands: true });
        }
        Event::ContactEnteredInError { contact } => {
            if let Some(noted) = case.contacts.get_mut(contact) {
                noted.stands = false;
            }
        }
        Event::Engaged { .. } => {
            case.met = true;
            if case.situation.stage() == Some(Stage::Referred) {
                case.situation = case.situation.at(Stage::Engaged);
            }
        }
        Event::SearchStarted => case.situation = case.situation.at(Stage::Searching),
        Event::Employed { job, .. } => {
            case.jobs.insert(*job);
            case.situation = case.situation.at(Stage::Employed);
        }
        Event::JobEnded { job, searching, .. } => {
            case.jobs.remove(job);
            if *searching {
                case.situation = case.situation.at(Stage::Searching);
            }
        }
        Event::Paused { reason, returns } => {
            case.situation = Situation::Paused { returns: *returns, reason: *reason };
        }
        Event::Resumed { stage } | Event::Reengaged { stage } => case.situation = Situation::Open(*stage),
        Event::Transitioned { .. } => case.situation = Situation::Transitioned,
        Event::Discharged { reason, .. } => case.situation = Situation::Discharged(*reason),
        Event::EnteredInError { .. } => {
            return State::InError(Box::new(case.facts));
        }
    }
    State::Made(case)
}
