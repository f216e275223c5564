//! What other services' events mean for therapy: their `pb::` event in, the own episode out, or whose appointments are over.
//! Invariant: pure; the same event always means the same.

use kernel::ids::Uuid;
use prost::Message;
use proto::referrals::referrals_event::Kind;

use crate::domain::episode::Facts;
use crate::domain::{EpisodeId, Modality, ReferralId};
use crate::wire::PART2;

/// An event that cannot be read: a newer release wrote it, or it is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be read by this release")]
pub struct Unreadable;

/// The episode that an accepted referral opens; none where the event is another, or the referral is another service's to take up.
///
/// # Errors
/// A payload that this release cannot read.
pub fn opens(event: &proto::log::Event) -> Result<Option<Facts>, Unreadable> {
    let kind = proto::referrals::ReferralsEvent::decode(event.payload.clone())
        .map_err(|_| Unreadable)?
        .kind
        .ok_or(Unreadable)?;
    let Kind::ReferralAccepted(accepted) = kind else { return Ok(None) };
    if accepted.receiver() != proto::referrals::Receiver::Therapy {
        return Ok(None);
    }
    let referral: ReferralId = accepted.referral_id.parse().map_err(|_| Unreadable)?;
    let goal = match accepted.goal_id.as_str() {
        "" => None,
        goal => Some(goal.parse().map_err(|_| Unreadable)?),
    };
    Ok(Some(Facts {
        // The referral names the episode, so that opening it again finds it there.
        id: EpisodeId::new(Uuid::new_v5(&referral.uuid(), b"episode")),
        person: accepted.person_id.parse().map_err(|_| Unreadable)?,
        agency: accepted.target_agency_id.parse().map_err(|_| Unreadable)?,
        modality: Modality::like(&accepted.practice),
        referral: Some(referral),
        goal,
        plan_items: vec![],
        part2: event.labels.iter().any(|label| label == PART2),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: Option<Kind>) -> proto::log::Event {
        let payload = proto::referrals::ReferralsEvent { kind }.encode_to_vec().into();
        proto::log::Event { payload, ..Default::default() }
    }

    fn accepted(receiver: proto::referrals::Receiver) -> proto::log::Event {
        event(Some(Kind::ReferralAccepted(proto::referrals::ReferralAccepted {
            referral_id: Uuid::from_u128(5).to_string(),
            person_id: Uuid::from_u128(10).to_string(),
            target_agency_id: Uuid::from_u128(1).to_string(),
            practice: "cbt".into(),
            receiver: receiver.into(),
            goal_id: Uuid::from_u128(7).to_string(),
            ..Default::default()
        })))
    }

    #[test]
    fn a_referral_to_therapy_opens_the_same_episode_each_time() {
        let once = opens(&accepted(proto::referrals::Receiver::Therapy)).unwrap().unwrap();
        let again = opens(&accepted(proto::referrals::Receiver::Therapy)).unwrap().unwrap();
        assert_eq!(once, again);
        assert_eq!((once.referral, once.modality.code()), (Some(ReferralId::of(5)), "cbt"));
        assert!(!once.part2);
        let mut labelled = accepted(proto::referrals::Receiver::Therapy);
        labelled.labels.push(PART2.into());
        assert!(opens(&labelled).unwrap().unwrap().part2);
    }

    #[test]
    fn a_referral_to_another_service_opens_nothing_here() {
        for receiver in [proto::referrals::Receiver::Housing, proto::referrals::Receiver::Participation] {
            assert_eq!(opens(&accepted(receiver)), Ok(None));
        }
    }

    #[test]
    fn an_unknown_kind_is_said_to_be_unreadable() {
        assert_eq!(opens(&event(None)), Err(Unreadable));
    }
}
