//! What the target does with a referral that it accepted, until it closes it.
//! Invariant: what comes back from the receiving service moves a referral on where its state allows, and never backward.

use kernel::Timestamp;

use super::answer::lets_nobody_go;
use super::{Live, Situation, State, is_no_expiry};
use crate::domain::referral::{
    Closing, ClosingReason, Event, HoldReason, Outcome, Pace, PartEnd, Progress, Refusal, When,
};

pub(super) fn start(live: Live<'_>, at: Timestamp) -> Result<Vec<Event>, Refusal> {
    match live.situation {
        Situation::InProgress if live.beside.started => Ok(vec![]),
        // One that rested before it began is at work again and has still to begin.
        Situation::Accepted | Situation::InProgress => Ok(vec![Event::Started { at }]),
        Situation::Draft => Err(Refusal::NotFound),
        Situation::Requested { .. } | Situation::OnHold { .. } | Situation::Closed(_) => {
            Err(Refusal::NotInThisState)
        }
    }
}

pub(super) fn hold(live: Live<'_>, reason: HoldReason, at: Timestamp) -> Result<Vec<Event>, Refusal> {
    match live.situation {
        Situation::Accepted | Situation::InProgress => match reason {
            HoldReason::Health | HoldReason::NotReady if live.facts.zero_exclusion => {
                Err(Refusal::ZeroExclusion)
            }
            HoldReason::Documents
            | HoldReason::Capacity
            | HoldReason::PersonsWish
            | HoldReason::Health
            | HoldReason::Consent
            | HoldReason::NotReady => Ok(vec![Event::Held { reason, at }]),
        },
        Situation::OnHold { reason: now } if *now == reason => Ok(vec![]),
        Situation::Draft => Err(Refusal::NotFound),
        Situation::Requested { .. } | Situation::OnHold { .. } | Situation::Closed(_) => {
            Err(Refusal::NotInThisState)
        }
    }
}

pub(super) fn resume(live: Live<'_>, when: When, pace: Pace) -> Result<Vec<Event>, Refusal> {
    match live.situation {
        Situation::OnHold { .. } => {
            let died = live.beside.died;
            let timing = live.facts.timing(pace);
            let clocks = if died { vec![] } else { live.beside.clocks.after_rest(when.at, &timing) };
            Ok(vec![Event::Resumed { when, clocks }])
        }
        Situation::InProgress => Ok(vec![]),
        Situation::Draft => Err(Refusal::NotFound),
        Situation::Requested { .. } | Situation::Accepted | Situation::Closed(_) => {
            Err(Refusal::NotInThisState)
        }
    }
}

pub(super) fn complete(live: Live<'_>, outcome: Outcome) -> Result<Vec<Event>, Refusal> {
    match live.situation {
        Situation::Accepted | Situation::InProgress | Situation::OnHold { .. } => {
            Ok(vec![Event::Completed { outcome }])
        }
        Situation::Closed(Closing::Completed(now)) if *now == outcome => Ok(vec![]),
        Situation::Draft => Err(Refusal::NotFound),
        Situation::Requested { .. } | Situation::Closed(_) => Err(Refusal::NotInThisState),
    }
}

pub(super) fn fail(live: Live<'_>, reason: ClosingReason) -> Result<Vec<Event>, Refusal> {
    match live.situation {
        Situation::Accepted | Situation::InProgress | Situation::OnHold { .. } => {
            is_no_expiry(reason)?;
            lets_nobody_go(live.facts, reason)?;
            Ok(vec![Event::Failed { reason, ended_early: live.beside.started }])
        }
        Situation::Draft => Err(Refusal::NotFound),
        Situation::Requested { .. } | Situation::Closed(_) => Err(Refusal::NotInThisState),
    }
}

/// The receiving service's part comes back. One that did not run its course has failed for its reason, for whatever was given until then.
pub(super) fn report(
    state: &State,
    at: Timestamp,
    (progress, record): (Progress, String),
    end: Option<PartEnd>,
) -> Vec<Event> {
    let State::Made { situation, beside, .. } = state else { return vec![] };
    if beside.reported.as_ref().is_some_and(|(so_far, _)| *so_far >= progress) {
        return vec![];
    }
    let mut events = vec![Event::Progressed { progress, record }];
    match (progress, situation) {
        (Progress::Started, Situation::Accepted | Situation::InProgress) if !beside.started => {
            events.push(Event::Started { at: beside.not_before(at) });
        }
        (Progress::Closed, Situation::Accepted | Situation::InProgress | Situation::OnHold { .. }) => {
            events.extend(end.map(|end| match end {
                PartEnd::Completed(outcome) => Event::Completed { outcome },
                PartEnd::Closed(reason) => Event::Failed { reason, ended_early: beside.started },
            }));
        }
        (Progress::Opened | Progress::Started | Progress::Closed, _) => {}
    }
    events
}
