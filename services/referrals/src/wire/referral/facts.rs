//! What does not change of a referral after its draft, in stored events.
//! Invariant: the need, and why no goal is served, stand sealed.

use kernel::Zone;
use platform::command::{Ink, Unreadable, from_private};
use proto::referrals as pb;
use tonic::Status;

use super::links::{household_in, household_out, origin_in, origin_out};
use super::{id_text, occurred, receiver_in, receiver_out, stored_id, stored_optional_id};
use crate::domain::referral::Facts;

pub(super) fn drafted(facts: &Facts, ink: &Ink<'_>) -> Result<pb::ReferralDrafted, Status> {
    let (receiver, unit_group_id) = receiver_out(facts.receiver);
    let (following, follows_id) = origin_out(facts.origin);
    let (household_head_id, household_person_ids) = household_out(&facts.household);
    Ok(pb::ReferralDrafted {
        referral_id: facts.id.to_string(),
        person_id: facts.person.to_string(),
        requester_agency_id: id_text(facts.requester),
        offer_id: facts.offer.to_string(),
        target_agency_id: facts.target.to_string(),
        practice: facts.practice.clone(),
        priority: facts.priority,
        life_domain: facts.life_domain,
        need: Some(ink.seal("need", &facts.need)?),
        goal_id: id_text(facts.goal),
        no_goal_reason: ink.seal_some("goal.none_reason", facts.no_goal_reason.as_ref())?,
        receiver: receiver.into(),
        unit_group_id,
        offer_name: facts.offer_name.clone(),
        zone: facts.zone.name().to_owned(),
        zero_exclusion: facts.zero_exclusion,
        part2: facts.part2,
        expires: facts.expires,
        following,
        follows_id,
        household_head_id,
        household_person_ids,
    })
}

pub(super) fn facts(stored: &proto::log::Event, message: pb::ReferralDrafted) -> Result<Facts, Unreadable> {
    Ok(Facts {
        id: stored_id(stored, &message.referral_id)?,
        drafted_at: occurred(stored)?.at,
        person: stored_id(stored, &message.person_id)?,
        requester: stored_optional_id(stored, &message.requester_agency_id)?,
        offer: stored_id(stored, &message.offer_id)?,
        offer_name: message.offer_name,
        target: stored_id(stored, &message.target_agency_id)?,
        practice: message.practice,
        priority: message.priority,
        life_domain: message.life_domain,
        need: from_private(message.need.as_ref()).ok_or_else(|| Unreadable::new(stored, "it has no need"))?,
        goal: stored_optional_id(stored, &message.goal_id)?,
        no_goal_reason: from_private(message.no_goal_reason.as_ref()),
        receiver: receiver_in(stored, message.receiver, &message.unit_group_id)?,
        zone: Zone::stored(message.zone),
        zero_exclusion: message.zero_exclusion,
        part2: message.part2,
        expires: message.expires,
        origin: origin_in(stored, message.following, &message.follows_id)?,
        household: household_in(stored, &message.household_head_id, &message.household_person_ids)?,
    })
}
