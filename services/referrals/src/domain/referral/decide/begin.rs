//! How a referral comes to be, here or by another system's telling, and how it never was.
//! Invariant: an offer's words are taken as they are at the draft; a record is checked for form alone.

use kernel::{AgencyId, By, PersonId, Timestamp};

use super::links::may_follow;
use super::{State, party};
use crate::domain::ReferralId;
use crate::domain::referral::{Ask, Event, Facts, Origin, Recorded, Refusal};

pub(super) fn draft(
    state: &State,
    id: ReferralId,
    (by, drafted_at): (By, Timestamp),
    ask: Ask,
) -> Result<Vec<Event>, Refusal> {
    match state {
        State::Unmade => {}
        State::Made { .. } | State::Told(_) | State::InError { .. } => return Err(Refusal::NotADraft),
    }
    let requester = drafting_agency(by, ask.person)?;
    let content = ask.content.ok_or(Refusal::OfferNotOpen)?;
    let origin = ask.follows.map_or(Ok(Origin::New), |follows| may_follow(follows, by, ask.person))?;
    Ok(vec![Event::Drafted(Facts {
        id,
        drafted_at,
        person: ask.person,
        requester,
        offer: ask.offer,
        offer_name: content.name,
        target: ask.target,
        practice: content.practice,
        priority: ask.priority,
        life_domain: ask.life_domain,
        need: ask.need,
        goal: ask.goal,
        no_goal_reason: ask.no_goal_reason,
        receiver: content.receiver,
        zone: content.zone,
        zero_exclusion: content.zero_exclusion,
        part2: content.part2,
        expires: content.expires,
        origin,
        household: ask.household,
    })])
}

fn drafting_agency(by: By, person: PersonId) -> Result<Option<AgencyId>, Refusal> {
    match by {
        By::Agency(agency) => Ok(Some(agency)),
        By::Person(own) if own == person => Ok(None),
        By::Person(_) | By::System => Err(Refusal::NotOneself),
    }
}

pub(super) fn mark_entered_in_error(state: &State, by: By) -> Result<Vec<Event>, Refusal> {
    match state {
        State::Unmade => Err(Refusal::NotFound),
        State::Made { facts, situation, .. } => match by {
            By::Agency(agency) if facts.requester == Some(agency) => Ok(vec![Event::EnteredInError]),
            By::Person(person) if facts.requester.is_none() && person == facts.person => {
                Ok(vec![Event::EnteredInError])
            }
            By::Agency(_) | By::Person(_) | By::System => {
                party(facts, situation, by)?;
                Err(Refusal::MadeByAnother)
            }
        },
        State::Told(told) if by == By::Agency(told.requester) => Ok(vec![Event::EnteredInError]),
        State::Told(_) => Err(Refusal::NotFound),
        State::InError { requester, person, .. } => match by {
            By::Agency(agency) if *requester == Some(agency) => Ok(vec![]),
            By::Person(own) if requester.is_none() && own == *person => Ok(vec![]),
            By::Agency(_) | By::Person(_) | By::System => Err(Refusal::NotFound),
        },
    }
}

pub(super) fn record(state: &State, told: Recorded) -> Result<Vec<Event>, Refusal> {
    match state {
        State::Unmade => Ok(vec![Event::Recorded { told: Box::new(told), correction: false }]),
        State::Told(now) if told.says_nothing_new(now) => Ok(vec![]),
        State::Told(now) if now.requester != told.requester => Err(Refusal::NotFound),
        State::Told(_) => Ok(vec![Event::Recorded { told: Box::new(told), correction: true }]),
        State::InError { requester, .. } if *requester == Some(told.requester) => {
            Ok(vec![Event::Recorded { told: Box::new(told), correction: true }])
        }
        State::Made { .. } | State::InError { .. } => Err(Refusal::NotFound),
    }
}
