//! What the passing of time does to a referral.
//! Invariant: a clock that no longer matters runs out in silence.

use kernel::{By, Timestamp};

use super::{Live, Situation, State, party};
use crate::domain::referral::{Clock, ClosingReason, Event, Refusal};

/// A party has looked at an open one.
pub(super) fn review(live: Live<'_>, by: By, at: Timestamp) -> Result<Vec<Event>, Refusal> {
    party(live.facts, live.situation, by)?;
    match live.situation {
        Situation::Requested { .. }
        | Situation::Accepted
        | Situation::InProgress
        | Situation::OnHold { .. } => {
            // While clocks rest this one rests too: it begins with the others.
            let next = (!live.beside.clocks.rest()).then(|| Clock::Review.begun(at, &live.facts.zone));
            Ok(vec![Event::Reviewed { next }])
        }
        Situation::Draft | Situation::Closed(_) => Err(Refusal::NotInThisState),
    }
}

pub(super) fn lapse(state: &State, clock: Clock, due: Timestamp) -> Vec<Event> {
    let State::Made { facts, beside, .. } = state else { return vec![] };
    if beside.clocks.due(clock) != Some(due) {
        return vec![];
    }
    let overdue = |expires| vec![Event::Overdue { clock, due, expires }];
    match clock {
        Clock::Answer if facts.expires => overdue(Some(Clock::Expiry.begun(due, &facts.zone))),
        Clock::Acknowledge | Clock::Answer | Clock::Start | Clock::Review => overdue(None),
        Clock::Expiry => {
            vec![Event::Cancelled { reason: ClosingReason::Expired, ended_early: beside.started }]
        }
    }
}
