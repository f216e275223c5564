//! Where a referral stands.
//! Invariant: the situation holds what is true in it and nothing that cannot be.

use kernel::{AgencyId, OfferId, PersonId, Private, Timestamp, Zone};

use super::{ClosingReason, Event, HoldReason, Outcome, Progress, Recorded};
use crate::domain::offer::Receiver;
use crate::domain::{GoalId, ReferralId};

/// What does not change after the draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its id.
    pub id: ReferralId,
    /// The person.
    pub person: PersonId,
    /// The agency that asks; none where the person refers themself.
    pub requester: Option<AgencyId>,
    /// The offer.
    pub offer: OfferId,
    /// Its name when drafted.
    pub offer_name: String,
    /// The agency asked.
    pub target: AgencyId,
    /// The practice asked for.
    pub practice: String,
    /// Urgency, as the contract numbers it.
    pub priority: i32,
    /// Life domain, as the contract numbers it.
    pub life_domain: i32,
    /// The need.
    pub need: Private,
    /// The goal served.
    pub goal: Option<GoalId>,
    /// Or why there is none.
    pub no_goal_reason: Option<Private>,
    /// Who opens its part.
    pub receiver: Receiver,
    /// Where the target counts working days.
    pub zone: Zone,
    /// Whether the offer excludes nobody.
    pub zero_exclusion: bool,
    /// Whether the offer's programme falls under 42 CFR Part 2.
    pub part2: bool,
}

/// How a referral ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// Declined by the target.
    Rejected(ClosingReason),
    /// Called off; before the service started, or early.
    Cancelled(ClosingReason, bool),
    /// With an outcome.
    Completed(Outcome),
    /// Without one; before the service started, or early.
    Failed(ClosingReason, bool),
}

/// A state as another system names it: open or closed, without this system's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Sent, not answered.
    Requested,
    /// Taken on.
    Accepted,
    /// Declined.
    Rejected,
    /// Called off by the person.
    Cancelled,
    /// The service began.
    InProgress,
    /// Closed with an outcome.
    Completed,
    /// Closed without one.
    Failed,
}

impl Answer {
    /// Whether something is still to come of it.
    pub fn is_open(self) -> bool {
        match self {
            Self::Requested | Self::Accepted | Self::InProgress => true,
            Self::Rejected | Self::Cancelled | Self::Completed | Self::Failed => false,
        }
    }
}

/// Which of its situations a referral of this system is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Situation {
    /// Written, not sent.
    Draft,
    /// Sent, not answered.
    Requested {
        /// When it must have been acknowledged.
        acknowledge_by: Timestamp,
        /// Whether it was.
        acknowledged: bool,
        /// Whether that clock ran out first.
        overdue: bool,
    },
    /// Taken on, not begun.
    Accepted,
    /// The service began.
    InProgress,
    /// Resting.
    OnHold {
        /// Why.
        reason: HoldReason,
        /// Whether the service had begun.
        started: bool,
    },
    /// Ended.
    Closed(Closing),
}

/// Where a referral stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never written.
    #[default]
    Unmade,
    /// Made here.
    Made {
        /// What does not change.
        facts: Facts,
        /// Where it stands.
        situation: Situation,
        /// What the receiving service reported: how far, and its record.
        reported: Option<(Progress, String)>,
    },
    /// Put down from elsewhere.
    Told(Recorded),
    /// Never meant; whose it was is kept, so that its makers still see it.
    InError {
        /// The person.
        person: PersonId,
        /// The agency that asked.
        requester: Option<AgencyId>,
    },
}

impl State {
    /// The person and offer that an open referral of this requester keeps for itself: one at a time (a guard inside one agency).
    pub fn keeps(&self) -> Option<(AgencyId, PersonId, OfferId)> {
        match self {
            Self::Made { facts, situation, .. } => match situation {
                Situation::Requested { .. }
                | Situation::Accepted
                | Situation::InProgress
                | Situation::OnHold { .. } => {
                    facts.requester.map(|requester| (requester, facts.person, facts.offer))
                }
                Situation::Draft | Situation::Closed(_) => None,
            },
            Self::Unmade | Self::Told(_) | Self::InError { .. } => None,
        }
    }

    /// The person it is about.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::Unmade => None,
            Self::Made { facts, .. } => Some(facts.person),
            Self::Told(told) => Some(told.person),
            Self::InError { person, .. } => Some(*person),
        }
    }
}

impl Situation {
    /// Whether the service had begun: the difference between withdrawn before start and ended early.
    pub fn started(&self) -> bool {
        match self {
            Self::InProgress | Self::OnHold { started: true, .. } => true,
            Self::Draft
            | Self::Requested { .. }
            | Self::Accepted
            | Self::OnHold { started: false, .. }
            | Self::Closed(_) => false,
        }
    }
}

pub(super) fn evolve(state: State, event: &Event) -> State {
    match event {
        Event::Drafted(facts) => {
            State::Made { facts: facts.clone(), situation: Situation::Draft, reported: None }
        }
        Event::Sent(sent) => moved(state, |_| Situation::Requested {
            acknowledge_by: sent.acknowledge_by,
            acknowledged: false,
            overdue: false,
        }),
        Event::Acknowledged => moved(state, |now| match now {
            Situation::Requested { acknowledge_by, overdue, .. } => {
                Situation::Requested { acknowledge_by, acknowledged: true, overdue }
            }
            other @ (Situation::Draft
            | Situation::Accepted
            | Situation::InProgress
            | Situation::OnHold { .. }
            | Situation::Closed(_)) => other,
        }),
        Event::AcknowledgeOverdue { .. } => moved(state, |now| match now {
            Situation::Requested { acknowledge_by, acknowledged, .. } => {
                Situation::Requested { acknowledge_by, acknowledged, overdue: true }
            }
            other @ (Situation::Draft
            | Situation::Accepted
            | Situation::InProgress
            | Situation::OnHold { .. }
            | Situation::Closed(_)) => other,
        }),
        Event::Accepted { .. } => moved(state, |_| Situation::Accepted),
        Event::Rejected { reason, .. } => moved(state, |_| Situation::Closed(Closing::Rejected(*reason))),
        Event::Cancelled { reason, ended_early } => {
            moved(state, |_| Situation::Closed(Closing::Cancelled(*reason, *ended_early)))
        }
        Event::Started => moved(state, |_| Situation::InProgress),
        Event::Held { reason } => {
            moved(state, |now| Situation::OnHold { reason: *reason, started: now.started() })
        }
        Event::Resumed => moved(state, |_| Situation::InProgress),
        Event::Completed { outcome } => moved(state, |_| Situation::Closed(Closing::Completed(*outcome))),
        Event::Failed { reason, ended_early } => {
            moved(state, |_| Situation::Closed(Closing::Failed(*reason, *ended_early)))
        }
        Event::EnteredInError => match state {
            State::Unmade => State::Unmade,
            State::Made { facts, .. } => State::InError { person: facts.person, requester: facts.requester },
            State::Told(told) => State::InError { person: told.person, requester: Some(told.requester) },
            error @ State::InError { .. } => error,
        },
        Event::Progressed { progress, record } => match state {
            State::Made { facts, situation, .. } => {
                State::Made { facts, situation, reported: Some((*progress, record.clone())) }
            }
            other @ (State::Unmade | State::Told(_) | State::InError { .. }) => other,
        },
        Event::Recorded { told, .. } => State::Told((**told).clone()),
    }
}

fn moved(state: State, to: impl FnOnce(Situation) -> Situation) -> State {
    match state {
        State::Made { facts, situation, reported } => {
            State::Made { facts, situation: to(situation), reported }
        }
        other @ (State::Unmade | State::Told(_) | State::InError { .. }) => other,
    }
}
