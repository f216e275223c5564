//! How a referral is answered, or called off.
//! Invariant: to accept or reject is to acknowledge; a zero-exclusion offer turns nobody away for readiness.

use kernel::{By, Private, Timestamp};

use super::{Facts, Live, OWN_ACT, Party, Situation, is_no_expiry, party};
use crate::domain::referral::{Clock, Closing, ClosingReason, Criterion, Event, Pace, Refusal, When};

pub(super) fn acknowledge(live: Live<'_>, at: Timestamp) -> Result<Vec<Event>, Refusal> {
    match live.situation {
        Situation::Requested { acknowledged: false } => Ok(vec![Event::Acknowledged { at }]),
        // To accept or reject is to acknowledge, so these hold already.
        Situation::Requested { acknowledged: true }
        | Situation::Accepted
        | Situation::InProgress
        | Situation::OnHold { .. }
        | Situation::Closed(Closing::Rejected { .. }) => Ok(vec![]),
        Situation::Draft => Err(Refusal::NotFound),
        Situation::Closed(_) => Err(Refusal::NotAwaitingAnswer),
    }
}

pub(super) fn accept(live: Live<'_>, when: When, pace: Pace) -> Result<Vec<Event>, Refusal> {
    match live.situation {
        Situation::Requested { .. } if live.beside.died => Err(Refusal::PersonDied),
        Situation::Requested { .. } => Ok(vec![accepted(&live, when, pace)]),
        Situation::Accepted => Ok(vec![]),
        Situation::Draft => Err(Refusal::NotFound),
        Situation::InProgress | Situation::OnHold { .. } | Situation::Closed(_) => {
            Err(Refusal::NotAwaitingAnswer)
        }
    }
}

/// Says by what it goes too: whether its target serves the person from now on is judged by that elsewhere.
fn accepted(live: &Live<'_>, when: When, pace: Pace) -> Event {
    let Live { facts, beside, .. } = live;
    let own_act = || beside.own_act.then(|| OWN_ACT.to_owned());
    Event::Accepted {
        id: facts.id,
        person: facts.person,
        offer: facts.offer,
        target: facts.target,
        practice: facts.practice.clone(),
        zero_exclusion: facts.zero_exclusion,
        receiver: facts.receiver,
        goal: facts.goal,
        when,
        start_by: facts.timing(pace).due(Clock::Start, when.at),
        consent: beside.directive.clone().or_else(own_act).unwrap_or_default(),
        requester: facts.requester,
        household_head: facts.household.head(),
    }
}

pub(super) fn reject(
    live: Live<'_>,
    reason: ClosingReason,
    criterion: Option<Criterion>,
    text: Private,
) -> Result<Vec<Event>, Refusal> {
    match live.situation {
        Situation::Requested { .. } => {
            is_no_expiry(reason)?;
            eligible_reason(live.facts, reason, criterion)?;
            Ok(vec![Event::Rejected { reason, criterion, text }])
        }
        Situation::Draft => Err(Refusal::NotFound),
        Situation::Accepted | Situation::InProgress | Situation::OnHold { .. } | Situation::Closed(_) => {
            Err(Refusal::NotAwaitingAnswer)
        }
    }
}

fn eligible_reason(
    facts: &Facts,
    reason: ClosingReason,
    criterion: Option<Criterion>,
) -> Result<(), Refusal> {
    if reason != ClosingReason::Ineligible {
        return lets_nobody_go(facts, reason);
    }
    match criterion {
        None => Err(Refusal::CriterionMissing),
        Some(Criterion::Other) if facts.zero_exclusion => Err(Refusal::ZeroExclusion),
        Some(
            Criterion::WantsService
            | Criterion::Age
            | Criterion::Area
            | Criterion::Language
            | Criterion::Other,
        ) => Ok(()),
    }
}

/// Under zero exclusion no target is rid of somebody it accepted, or by calling off, for a reason that excludes: who is ineligible is told so, with the
/// criterion, when the referral is answered.
pub(super) fn lets_nobody_go(facts: &Facts, reason: ClosingReason) -> Result<(), Refusal> {
    if facts.zero_exclusion && reason.excludes() { Err(Refusal::ZeroExclusion) } else { Ok(()) }
}

pub(super) fn cancel(live: Live<'_>, by: By, reason: ClosingReason) -> Result<Vec<Event>, Refusal> {
    let who = party(live.facts, live.situation, by)?;
    match live.situation {
        Situation::Requested { .. }
        | Situation::Accepted
        | Situation::InProgress
        | Situation::OnHold { .. } => {
            is_no_expiry(reason)?;
            if who == Party::Target {
                lets_nobody_go(live.facts, reason)?;
            }
            Ok(vec![Event::Cancelled { reason, ended_early: live.beside.started }])
        }
        Situation::Closed(Closing::Cancelled(..)) => Ok(vec![]),
        Situation::Draft | Situation::Closed(_) => Err(Refusal::NotInThisState),
    }
}
