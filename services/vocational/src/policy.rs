//! What other services' events mean for this one: a referral's acceptance, or a death; another log's event in, own command out.
//! Invariant: pure; the same acceptance always names the same case, so told twice it opens one.

use kernel::ids::Uuid;
use kernel::{By, OfferId};
use platform::wire::from_occurred;
use prost::Message;
use proto::referrals::referrals_event::Kind;
use proto::referrals::{Receiver, ReferralsEvent};

use crate::domain::CaseId;
use crate::domain::case::{Command, Facts, Opening, Plan};
use crate::wire::PART2;

/// An event that cannot be read: a newer release wrote it, or it is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be read by this release")]
pub struct Unreadable;

/// The case that a referral of this id opens.
pub fn case_of(referral: Uuid) -> CaseId {
    CaseId::new(Uuid::new_v5(&referral, b"throughline.vocational.case"))
}

/// The case that an event of the referrals log asks to open; none where it asks for nothing here.
///
/// # Errors
/// An acceptance that this release cannot read.
pub fn opens(event: &proto::log::Event) -> Result<Option<(CaseId, Command)>, Unreadable> {
    let kind =
        ReferralsEvent::decode(event.payload.clone()).map_err(|_| Unreadable)?.kind.ok_or(Unreadable)?;
    let Kind::ReferralAccepted(accepted) = kind else { return Ok(None) };
    if accepted.receiver != i32::from(Receiver::Vocational) {
        return Ok(None);
    }
    let referral = Uuid::try_parse(&accepted.referral_id).map_err(|_| Unreadable)?;
    let case = case_of(referral);
    let opening = Opening {
        facts: Facts {
            id: case,
            person: accepted.person_id.parse().map_err(|_| Unreadable)?,
            agency: accepted.target_agency_id.parse().map_err(|_| Unreadable)?,
            zero_exclusion: accepted.zero_exclusion,
            practice: accepted.practice,
            referral: Some(crate::domain::ReferralId::new(referral)),
            offer: Some(accepted.offer_id.parse::<OfferId>().map_err(|_| Unreadable)?),
            part2: event.labels.iter().any(|label| label == PART2),
        },
        plan: Plan { goal: optional(&accepted.goal_id)?, items: vec![] },
        worker: None,
        at: event.occurred.as_ref().and_then(from_occurred).ok_or(Unreadable)?,
    };
    Ok(Some((case, Command::Open { by: By::System, opening: Box::new(opening) })))
}

fn optional<T: std::str::FromStr>(text: &str) -> Result<Option<T>, Unreadable> {
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|_| Unreadable) }
}

#[cfg(test)]
mod tests {
    use kernel::{AgencyId, Occurred, PersonId};
    use platform::wire::to_occurred;
    use proto::referrals::{ReferralAccepted, ReferralRejected};

    use super::*;
    use crate::domain::GoalId;

    const REFERRAL: u128 = 5;

    fn event(kind: Kind) -> proto::log::Event {
        let at = Occurred::instant("2026-03-02T15:00:00Z".parse().unwrap());
        proto::log::Event {
            payload: ReferralsEvent { kind: Some(kind) }.encode_to_vec().into(),
            occurred: Some(to_occurred(&at)),
            ..Default::default()
        }
    }

    fn accepted(receiver: Receiver, practice: &str) -> proto::log::Event {
        let zero_exclusion = practice == "ips";
        event(Kind::ReferralAccepted(ReferralAccepted {
            zero_exclusion,
            referral_id: Uuid::from_u128(REFERRAL).to_string(),
            person_id: PersonId::of(10).to_string(),
            offer_id: OfferId::of(11).to_string(),
            target_agency_id: AgencyId::of(12).to_string(),
            practice: practice.into(),
            receiver: receiver.into(),
            goal_id: GoalId::of(13).to_string(),
            ..Default::default()
        }))
    }

    fn opening(event: &proto::log::Event) -> (CaseId, Opening) {
        match opens(event) {
            Ok(Some((id, Command::Open { by: By::System, opening }))) => (id, *opening),
            other => panic!("no opening but {other:?}"),
        }
    }

    #[test]
    fn an_accepted_referral_opens_one_case_that_carries_it() {
        let event = accepted(Receiver::Vocational, "ips");
        let (id, opened) = opening(&event);
        assert_eq!(id, case_of(Uuid::from_u128(REFERRAL)));
        assert_eq!(opened.facts.id, id);
        assert_eq!((opened.facts.person, opened.facts.agency), (PersonId::of(10), AgencyId::of(12)));
        assert_eq!(opened.facts.referral, Some(crate::domain::ReferralId::of(REFERRAL)));
        assert_eq!(opened.plan.goal, Some(GoalId::of(13)));
        assert!(opened.facts.zero_exclusion);
        assert_eq!(opening(&event), (id, opened), "the same acceptance, the same case");
    }

    #[test]
    fn zero_exclusion_and_the_part_2_label_follow_the_offer() {
        assert!(
            !opening(&accepted(Receiver::Vocational, "vocational-rehabilitation")).1.facts.zero_exclusion
        );
        // An offer of another practice that promises the same.
        let mut promised = ReferralsEvent::decode(accepted(Receiver::Vocational, "other").payload).unwrap();
        let Some(Kind::ReferralAccepted(acceptance)) = &mut promised.kind else { panic!("an acceptance") };
        acceptance.zero_exclusion = true;
        assert!(opening(&event(promised.kind.unwrap())).1.facts.zero_exclusion);
        let mut labelled = accepted(Receiver::Vocational, "ips");
        assert!(!opening(&labelled).1.facts.part2);
        labelled.labels = vec![PART2.into()];
        assert!(opening(&labelled).1.facts.part2);
    }

    #[test]
    fn what_is_not_for_this_service_opens_nothing() {
        assert_eq!(opens(&accepted(Receiver::Housing, "ips")).map(|asked| asked.is_none()), Ok(true));
        let rejected = event(Kind::ReferralRejected(ReferralRejected::default()));
        assert_eq!(opens(&rejected).map(|asked| asked.is_none()), Ok(true));
    }

    #[test]
    fn an_event_of_a_newer_release_or_a_damaged_one_is_said_to_be_unreadable() {
        let newer = proto::log::Event::default();
        assert_eq!(opens(&newer).map(|_| ()), Err(Unreadable));
        let mut damaged = accepted(Receiver::Vocational, "ips");
        damaged.occurred = None;
        assert_eq!(opens(&damaged).map(|_| ()), Err(Unreadable));
    }
}
