//! One referral after another, as requests, in stored events and as readers see it.
//! Invariant: the ids of what is drafted together follow from the first one's, so that a reply can be made again.

use kernel::{OfferId, PersonId};
use platform::command::{Ask as Asked, Unreadable};
use platform::error::BadField;
use platform::wire;
use proto::log::Event as Stored;
use proto::referrals as pb;
use uuid::Uuid;

use super::{NEED, closing_reason, id_text, outcome, referral_id, split_rule, stored_id, stored_optional_id};
use crate::domain::ReferralId;
use crate::domain::referral::{Command, Followed, Household, Origin, PartEnd, Rule, Split, State};

/// Most parts of a split referral.
const PARTS: usize = 20;

/// The referral of a household's member, drafted with that of the first.
pub fn of_member(head: ReferralId, member: PersonId) -> ReferralId {
    ReferralId::new(Uuid::new_v5(&head.uuid(), member.uuid().as_bytes()))
}

/// The referral of a part of a split one, to that offer.
pub fn part(whole: ReferralId, offer: OfferId) -> ReferralId {
    ReferralId::new(Uuid::new_v5(&whole.uuid(), offer.uuid().as_bytes()))
}

/// It should go to another.
pub fn ask_transfer(
    ask: &Asked,
    request: &pb::RequestReferralTransferRequest,
) -> Result<(ReferralId, Command), BadField> {
    let text = wire::private("reason", &request.reason, NEED)?;
    Ok((referral_id(&request.referral_id)?, Command::AskTransfer { by: ask.by(), text }))
}

/// It is to be split: which, how, and between which offers.
pub fn split(request: &pb::SplitReferralRequest) -> Result<(ReferralId, Rule, Vec<OfferId>), BadField> {
    let mut offers: Vec<OfferId> = vec![];
    for (i, text) in request.offer_ids.iter().enumerate() {
        let field = format!("offer_ids[{i}]");
        let offer = wire::id(&field, text)?;
        if offers.contains(&offer) {
            return Err(BadField::new(&field, "is named twice; each offer takes one part"));
        }
        offers.push(offer);
    }
    if !(2..=PARTS).contains(&offers.len()) {
        return Err(BadField::new("offer_ids", "are too few or too many; name 2 to 20 offers"));
    }
    Ok((referral_id(&request.referral_id)?, split_rule::parse("rule", request.rule)?, offers))
}

/// What a new draft follows, as the request names it.
pub(super) fn following(request: &pb::DraftReferralRequest) -> Result<Option<Origin>, BadField> {
    let again = wire::optional_id("rerefers_id", &request.rerefers_id)?;
    let instead = wire::optional_id("transfers_id", &request.transfers_id)?;
    match (again, instead) {
        (None, None) => Ok(None),
        (Some(old), None) => Ok(Some(Origin::ReRefers(old))),
        (None, Some(old)) => Ok(Some(Origin::Transfers(old))),
        (Some(_), Some(_)) => {
            Err(BadField::new("transfers_id", "stands beside rerefers_id; a referral follows one other"))
        }
    }
}

/// What a referral follows, as the contract numbers it.
pub fn following_number(origin: Origin) -> i32 {
    origin_out(origin).0
}

pub(super) fn origin_out(origin: Origin) -> (i32, String) {
    let following = match origin {
        Origin::New => pb::Following::Unspecified,
        Origin::ReRefers(_) => pb::Following::ReRefers,
        Origin::Reopens(_) => pb::Following::Reopens,
        Origin::Transfers(_) => pb::Following::Transfers,
        Origin::PartOf(_) => pb::Following::PartOf,
    };
    (following.into(), id_text(origin.of()))
}

pub(super) fn origin_in(stored: &Stored, following: i32, of: &str) -> Result<Origin, Unreadable> {
    let of = || stored_id(stored, of);
    match pb::Following::try_from(following) {
        Ok(pb::Following::Unspecified) => Ok(Origin::New),
        Ok(pb::Following::ReRefers) => Ok(Origin::ReRefers(of()?)),
        Ok(pb::Following::Reopens) => Ok(Origin::Reopens(of()?)),
        Ok(pb::Following::Transfers) => Ok(Origin::Transfers(of()?)),
        Ok(pb::Following::PartOf) => Ok(Origin::PartOf(of()?)),
        Err(_) => Err(Unreadable::new(stored, "what it follows is not known")),
    }
}

pub(super) fn followed_out(how: Followed) -> i32 {
    match how {
        Followed::ReReferred => pb::Following::ReRefers.into(),
        Followed::Reopened => pb::Following::Reopens.into(),
        Followed::Transferring => pb::Following::Transfers.into(),
    }
}

pub(super) fn followed_in(stored: &Stored, following: i32) -> Result<Followed, Unreadable> {
    match pb::Following::try_from(following) {
        Ok(pb::Following::ReRefers) => Ok(Followed::ReReferred),
        Ok(pb::Following::Reopens) => Ok(Followed::Reopened),
        Ok(pb::Following::Transfers) => Ok(Followed::Transferring),
        Ok(pb::Following::Unspecified | pb::Following::PartOf) | Err(_) => {
            Err(Unreadable::new(stored, "how it is followed is not known"))
        }
    }
}

pub(super) fn household_out(household: &Household) -> (String, Vec<String>) {
    match household {
        Household::Alone => (String::new(), vec![]),
        Household::Head { members } => (String::new(), members.iter().map(ToString::to_string).collect()),
        Household::Member { head } => (head.to_string(), vec![]),
    }
}

pub(super) fn household_in(stored: &Stored, head: &str, members: &[String]) -> Result<Household, Unreadable> {
    if let Some(head) = stored_optional_id(stored, head)? {
        return Ok(Household::Member { head });
    }
    if members.is_empty() {
        return Ok(Household::Alone);
    }
    let members = members.iter().map(|text| stored_id(stored, text)).collect::<Result<_, _>>()?;
    Ok(Household::Head { members })
}

/// The referrals that were drafted with this one, as far as it names them.
pub fn together(state: &State) -> Vec<ReferralId> {
    let State::Made { facts, .. } = state else { return vec![] };
    match &facts.household {
        Household::Alone => vec![],
        Household::Head { members } => members.iter().map(|member| of_member(facts.id, *member)).collect(),
        Household::Member { head } => vec![*head],
    }
}

pub(super) fn part_end_out(end: PartEnd) -> (i32, i32) {
    match end {
        PartEnd::Completed(came_to) => (outcome::number(came_to), 0),
        PartEnd::Closed(reason) => (0, closing_reason::number(reason)),
    }
}

pub(super) fn part_end_in(stored: &Stored, came_to: i32, reason: i32) -> Result<PartEnd, Unreadable> {
    match (outcome::stored(came_to), closing_reason::stored(reason)) {
        (Some(outcome), _) => Ok(PartEnd::Completed(outcome)),
        (None, Some(reason)) => Ok(PartEnd::Closed(reason)),
        (None, None) => Err(Unreadable::new(stored, "how the part ended is not known")),
    }
}

pub(super) fn parts_out(split: &Split) -> Vec<pb::ReferralPart> {
    let part = |(id, end): &(ReferralId, Option<PartEnd>)| {
        let (outcome, reason) = end.map(part_end_out).unwrap_or_default();
        pb::ReferralPart { referral_id: id.to_string(), ended: end.is_some(), outcome, reason }
    };
    split.parts.iter().map(part).collect()
}
