//! What the passing of time, of a consent, and of the person does to a referral.
//! Invariant: a clock that no longer matters runs out in silence; the mark that a consent has lapsed is set and lifted by directives alone,
//! by what they say or by their own beginning and end.

use kernel::time::after_days;
use kernel::{By, Timestamp};

use super::{Live, Party, Situation, State, party};
use crate::domain::referral::{Clock, ClosingReason, Event, Pace, Refusal, When};

/// A party has looked at an open one.
pub(super) fn review(live: Live<'_>, by: By, when: When, pace: Pace) -> Result<Vec<Event>, Refusal> {
    let party = party(live.facts, live.situation, by)?;
    if party == Party::Target && live.beside.consent_lapsed.is_some() {
        return Err(Refusal::ConsentLapsed);
    }
    // It may have been before an answer, but not before it was sent, or looked at already.
    let follows = [live.beside.requested_at, live.beside.reviewed_at];
    let early = follows.into_iter().flatten().any(|before| when.is_before(before));
    match live.situation {
        Situation::Draft | Situation::Closed(_) => Err(Refusal::NotInThisState),
        Situation::Requested { .. }
        | Situation::Accepted
        | Situation::InProgress
        | Situation::OnHold { .. }
            if early =>
        {
            Err(Refusal::BeforeWhatItFollows)
        }
        Situation::Requested { .. }
        | Situation::Accepted
        | Situation::InProgress
        | Situation::OnHold { .. } => {
            // While clocks rest this one rests too: it begins with the others.
            let next =
                (!live.beside.clocks.rest()).then(|| live.facts.timing(pace).due(Clock::Review, when.at));
            Ok(vec![Event::Reviewed { when, next }])
        }
    }
}

pub(super) fn lapse(state: &State, clock: Clock, due: Timestamp) -> Vec<Event> {
    let State::Made { facts, beside, .. } = state else { return vec![] };
    if beside.clocks.due(clock) != Some(due) {
        return vec![];
    }
    let overdue = |expires| vec![Event::Overdue { clock, due, expires }];
    match clock {
        Clock::Answer => overdue(beside.expiry_days.map(|days| after_days(due, days, &facts.zone))),
        Clock::Acknowledge | Clock::Start | Clock::Review => overdue(None),
        Clock::Expiry => {
            vec![Event::Cancelled { reason: ClosingReason::Expired, ended_early: beside.started }]
        }
    }
}

/// Of an open one alone: what is closed, or was never sent, is read on no consent of now.
pub(super) fn lapse_consent(state: &State, directive: String, at: Timestamp) -> Vec<Event> {
    match state {
        State::Made { situation, beside, .. } if situation.is_open() && beside.consent_lapsed.is_none() => {
            vec![Event::ConsentLapsed { directive, at }]
        }
        State::Made { .. } | State::Unmade | State::Told(_) | State::InError { .. } => vec![],
    }
}

pub(super) fn restore_consent(state: &State, directive: String, at: Timestamp, pace: Pace) -> Vec<Event> {
    let State::Made { facts, situation, beside } = state else { return vec![] };
    if !situation.is_open() || beside.consent_lapsed.is_none() {
        return vec![];
    }
    let rests_on = matches!(situation, Situation::OnHold { .. }) || beside.died;
    let clocks = if rests_on { vec![] } else { beside.clocks.after_rest(at, &facts.timing(pace)) };
    vec![Event::ConsentRestored { directive, clocks }]
}

/// Of an open one alone, and told where it is another time than was foreseen.
pub(super) fn foresee(state: &State, changes: Option<Timestamp>) -> Option<Event> {
    match state {
        State::Made { situation, beside, .. } if situation.is_open() && beside.consent_changes != changes => {
            Some(Event::ConsentForeseen { changes })
        }
        State::Made { .. } | State::Unmade | State::Told(_) | State::InError { .. } => None,
    }
}

/// Of an open one alone: nothing of a closed one runs out.
pub(super) fn rest(state: &State, at: Timestamp) -> Vec<Event> {
    match state {
        State::Made { situation, beside, .. } if situation.is_open() && !beside.died => {
            vec![Event::PersonDied { at }]
        }
        State::Made { .. } | State::Unmade | State::Told(_) | State::InError { .. } => vec![],
    }
}

pub(super) fn wake(state: &State, at: Timestamp, pace: Pace) -> Vec<Event> {
    let State::Made { facts, situation, beside } = state else { return vec![] };
    if !situation.is_open() || !beside.died {
        return vec![];
    }
    let rests_on = matches!(situation, Situation::OnHold { .. }) || beside.consent_lapsed.is_some();
    let clocks = if rests_on { vec![] } else { beside.clocks.after_rest(at, &facts.timing(pace)) };
    vec![Event::PersonAlive { clocks }]
}
