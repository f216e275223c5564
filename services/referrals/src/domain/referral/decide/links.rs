//! One referral after another: again, elsewhere, or in parts.
//! Invariant: what is told by the service itself about two referrals is asked of each, and holds or moves on; it is never refused.

use kernel::{By, PersonId, Private};

use super::{Live, Party, Situation, State, made, party};
use crate::domain::ReferralId;
use crate::domain::referral::{
    BusinessStatus, Closing, ClosingReason, Event, Followed, Follows, Origin, PartEnd, Refusal, Rule,
};

/// Whether a new referral may follow that one: made by one of its parties, about the same person, in a state that leaves it something to follow.
pub(super) fn may_follow(follows: Follows, by: By, person: PersonId) -> Result<Origin, Refusal> {
    let Live { facts, situation, .. } = made(&follows.old, by)?;
    let party = party(facts, situation, by)?;
    let makes = match by {
        By::Agency(agency) => facts.requester == Some(agency),
        By::Person(_) => true,
        By::System => false,
    };
    if facts.person != person {
        return Err(Refusal::AnotherPerson);
    }
    let (may, stands) = match follows.how {
        Origin::New => (true, true),
        Origin::ReRefers(_) => (makes, matches!(situation, Situation::Closed(Closing::Rejected { .. }))),
        Origin::Reopens(_) => {
            let rejected = matches!(situation, Situation::Closed(Closing::Rejected { .. }));
            (makes, matches!(situation, Situation::Closed(_)) && !rejected)
        }
        // A part that went to another would end its whole without it.
        Origin::Transfers(_) => {
            (makes || party == Party::Target, situation.is_open() && facts.origin.part_of().is_none())
        }
        Origin::PartOf(_) => (party == Party::Target, situation.is_open()),
    };
    match (may, stands) {
        (false, _) => Err(Refusal::MadeByAnother),
        (true, false) => Err(Refusal::NotInThisState),
        (true, true) => Ok(follows.how),
    }
}

/// Any party may wish that an open one went to another.
pub(super) fn ask_transfer(live: Live<'_>, by: By, text: Private) -> Result<Vec<Event>, Refusal> {
    let party = party(live.facts, live.situation, by)?;
    if party == Party::Target && live.beside.consent_lapsed.is_some() {
        return Err(Refusal::ConsentLapsed);
    }
    match (live.situation.is_open(), &live.beside.transfer_asked) {
        (false, _) => Err(Refusal::NotInThisState),
        (true, Some(_)) => Ok(vec![]),
        (true, None) => Ok(vec![Event::TransferAsked { text }]),
    }
}

pub(super) fn follow(state: &State, how: Followed, referral: ReferralId) -> Vec<Event> {
    match state {
        State::Made { beside, .. } if !beside.followed_by.contains(&(how, referral)) => {
            vec![Event::FollowedBy { how, referral }]
        }
        State::Made { .. } | State::Unmade | State::Told(_) | State::InError { .. } => vec![],
    }
}

/// It ends where another has taken its place.
pub(super) fn transfer(state: &State, to: ReferralId) -> Vec<Event> {
    match state {
        State::Made { situation, beside, .. }
            if situation.is_open() && beside.followed_by.contains(&(Followed::Transferring, to)) =>
        {
            let (reason, ended_early) = (ClosingReason::NeedsMetElsewhere, beside.started);
            vec![
                Event::StatusSet(BusinessStatus::ReferredElsewhere),
                Event::Cancelled { reason, ended_early },
            ]
        }
        State::Made { .. } | State::Unmade | State::Told(_) | State::InError { .. } => vec![],
    }
}

pub(super) fn split(live: Live<'_>, rule: Rule, parts: Vec<ReferralId>) -> Result<Vec<Event>, Refusal> {
    match live.situation {
        Situation::Accepted | Situation::InProgress if live.beside.split.is_some() => {
            Err(Refusal::AlreadySplit)
        }
        Situation::Accepted | Situation::InProgress => Ok(vec![Event::Split { rule, parts }]),
        Situation::Draft | Situation::Requested { .. } | Situation::OnHold { .. } | Situation::Closed(_) => {
            Err(Refusal::NotInThisState)
        }
    }
}

/// The whole is completed, or failed, by what its parts come to.
pub(super) fn end_part(state: &State, part: ReferralId, end: PartEnd) -> Vec<Event> {
    let State::Made { situation, beside, .. } = state else { return vec![] };
    let Some(split) = beside.split.as_ref().filter(|split| split.open().any(|open| open == part)) else {
        return vec![];
    };
    if !situation.is_open() {
        return vec![];
    }
    let after = split.after(part, end);
    let all_ended = after.open().next().is_none();
    let closing = match (after.outcome(), end) {
        (Some(outcome), _) if split.rule == Rule::Any || all_ended => Some(Event::Completed { outcome }),
        (None, PartEnd::Closed(reason)) if all_ended => {
            Some(Event::Failed { reason, ended_early: beside.started })
        }
        (Some(_) | None, PartEnd::Completed(_) | PartEnd::Closed(_)) => None,
    };
    [Event::PartEnded { part, end }].into_iter().chain(closing).collect()
}

/// A part is called off with its whole; one that was never sent is as never meant.
pub(super) fn end_with_whole(state: &State, reason: ClosingReason) -> Vec<Event> {
    match state {
        State::Made { situation: Situation::Draft, .. } => vec![Event::EnteredInError],
        State::Made { situation, beside, .. } if situation.is_open() => {
            vec![Event::Cancelled { reason, ended_early: beside.started }]
        }
        State::Made { .. } | State::Unmade | State::Told(_) | State::InError { .. } => vec![],
    }
}
