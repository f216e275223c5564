//! What other services' events mean for housing: their `pb::` event in, what to match out, or whose placements come to nothing.
//! Invariant: pure; the same event always means the same match, whose placement is named by the referral.

use kernel::ids::Uuid;
use kernel::{AgencyId, By, Occurred, PersonId, Timestamp, UnitGroupId};
use prost::Message;
use proto::referrals::referrals_event::Kind;
use proto::referrals::{Receiver, ReferralsEvent};

use crate::domain::codes::Relationship;
use crate::domain::days::When;
use crate::domain::tenancy::Match;
use crate::domain::{HouseholdId, PlacementId, ReferralId};

/// An accepted referral to a unit group of the agency that accepted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The referral.
    pub referral: ReferralId,
    /// The person.
    pub person: PersonId,
    /// The agency that accepted.
    pub agency: AgencyId,
    /// The group.
    pub group: UnitGroupId,
    /// Of a household's member: the referral of the first.
    pub head: Option<ReferralId>,
}

/// An event that cannot be read: a newer release wrote it, or it is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be read by this release")]
pub struct Unreadable;

/// What an event of the referrals log opens here; none where it opens nothing.
///
/// # Errors
/// A payload that this release cannot read.
pub fn accepted(event: &proto::log::Event) -> Result<Option<Accepted>, Unreadable> {
    let kind =
        ReferralsEvent::decode(event.payload.clone()).map_err(|_| Unreadable)?.kind.ok_or(Unreadable)?;
    let Kind::ReferralAccepted(accepted) = kind else { return Ok(None) };
    if Receiver::try_from(accepted.receiver) != Ok(Receiver::Housing) {
        return Ok(None);
    }
    let id = |text: &str| Uuid::try_parse(text).map_err(|_| Unreadable);
    Ok(Some(Accepted {
        referral: ReferralId::new(id(&accepted.referral_id)?),
        person: PersonId::new(id(&accepted.person_id)?),
        agency: AgencyId::new(id(&accepted.target_agency_id)?),
        group: UnitGroupId::new(id(&accepted.unit_group_id)?),
        head: match accepted.household_head_id.as_str() {
            "" => None,
            head => Some(ReferralId::new(id(head)?)),
        },
    }))
}

impl Accepted {
    /// The placement that it opens: named by the referral, so that opening it again finds it there.
    pub fn placement(&self) -> PlacementId {
        placement_of(self.referral)
    }

    /// The household: named by the referral of the first, so that those who were referred together are one, whoever of them is accepted first.
    fn household(&self) -> HouseholdId {
        let first = placement_of(self.head.unwrap_or(self.referral));
        HouseholdId::new(Uuid::new_v5(&first.uuid(), b"household"))
    }

    /// As a match, its unit not yet known. What a member is to the first of the household, the referral does not tell.
    pub fn ask(&self, now: Timestamp) -> Match {
        let relationship = match self.head {
            None => Relationship::Oneself,
            Some(_) => Relationship::NotCollected,
        };
        Match {
            by: By::System,
            members: vec![(self.placement(), self.person, relationship)],
            household: self.household(),
            unit: None,
            held_from: When { on: None, now, look_back: 0 },
            referral: Some(self.referral),
            at: Occurred::instant(now),
        }
    }
}

fn placement_of(referral: ReferralId) -> PlacementId {
    PlacementId::new(Uuid::new_v5(&referral.uuid(), b"placement"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::referrals::{ReferralAccepted, ReferralAcknowledged};

    fn event(kind: Option<Kind>) -> proto::log::Event {
        let payload = ReferralsEvent { kind }.encode_to_vec().into();
        proto::log::Event { payload, ..Default::default() }
    }
    fn to(receiver: Receiver) -> proto::log::Event {
        let id = |number| Uuid::from_u128(number).to_string();
        event(Some(Kind::ReferralAccepted(ReferralAccepted {
            referral_id: id(1),
            person_id: id(2),
            target_agency_id: id(3),
            unit_group_id: id(4),
            receiver: receiver.into(),
            ..Default::default()
        })))
    }

    #[test]
    fn an_accepted_referral_to_a_unit_group_opens_one_placement_without_a_unit() {
        let accepted = accepted(&to(Receiver::Housing)).expect("readable").expect("opens a placement");
        let ask = accepted.ask(Timestamp::UNIX_EPOCH);
        assert_eq!(ask.members, [(accepted.placement(), PersonId::of(2), Relationship::Oneself)]);
        assert_eq!((ask.unit, ask.referral), (None, Some(ReferralId::of(1))));
        assert_eq!(accepted.ask(Timestamp::UNIX_EPOCH).members, ask.members, "and told again, the same one");
    }

    #[test]
    fn those_who_were_referred_together_are_one_household_with_one_head() {
        let member = |referral, head| Accepted {
            referral: ReferralId::of(referral),
            person: PersonId::of(referral),
            agency: AgencyId::of(3),
            group: UnitGroupId::of(4),
            head,
        };
        let first = ReferralId::of(1);
        let asks = [member(1, None), member(5, Some(first)), member(6, Some(first))]
            .map(|member| member.ask(Timestamp::UNIX_EPOCH));
        assert!(asks.iter().all(|ask| ask.household == asks[0].household));
        let relationships = asks.each_ref().map(|ask| ask.members[0].2);
        let not_collected = Relationship::NotCollected;
        assert_eq!(relationships, [Relationship::Oneself, not_collected, not_collected]);
        let alone = member(7, None).ask(Timestamp::UNIX_EPOCH);
        assert_ne!(alone.household, asks[0].household, "and who comes alone is another");
    }

    #[test]
    fn other_referrals_and_other_events_open_nothing() {
        assert_eq!(accepted(&to(Receiver::Therapy)), Ok(None));
        let acknowledged = Kind::ReferralAcknowledged(ReferralAcknowledged::default());
        assert_eq!(accepted(&event(Some(acknowledged))), Ok(None));
        assert_eq!(accepted(&event(None)), Err(Unreadable));
    }
}
