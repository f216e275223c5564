//! Those who are referred together and accepted one after the other.
//! Invariant: they are one household whoever of them is accepted first, and however often it is told.

use std::collections::BTreeSet;

use super::*;
use kernel::StreamId;
use proto::referrals::referrals_event::Kind;
use proto::referrals::{Receiver, ReferralAccepted, ReferralsEvent};

/// In each of these orders a household of three is accepted; the first of three is its head.
const ORDERS: [[u128; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/// One of those whose referrals are numbered from `head` on, as the referrals log tells that they were accepted.
async fn accepted(service: &Alone, group: &str, head: u128, nth: u128) {
    let (referral, person) = (Uuid::from_u128(head + nth), PersonId::of(head + nth));
    let of_another = nth > 0;
    let accepted = ReferralAccepted {
        referral_id: referral.to_string(),
        person_id: person.to_string(),
        target_agency_id: CEDAR.to_string(),
        unit_group_id: group.to_owned(),
        receiver: Receiver::Housing.into(),
        household_head_id: if of_another { Uuid::from_u128(head).to_string() } else { String::new() },
        ..Default::default()
    };
    let event = ReferralsEvent { kind: Some(Kind::ReferralAccepted(accepted)) };
    service.tell("referrals", StreamId::new("referral", referral), Some(person), &event).await;
}

/// The placements of those, once so many events of the referrals log have been judged.
async fn opened(service: &Alone, head: u128, judged: u64) -> Vec<pb::Placement> {
    let mut progress = service.service.reactions()[0].judged();
    progress.wait_for(|position| *position >= judged).await.expect("the reaction runs");
    let mut found = vec![];
    for nth in 0..3 {
        let referral_id = Uuid::from_u128(head + nth).to_string();
        let events =
            service.events().await.into_iter().filter(|event| event.r#type.ends_with("PlacementMatched"));
        let matched = events.filter(|event| event.person_id == PersonId::of(head + nth).to_string());
        let streams: Vec<String> = matched.map(|event| event.stream.clone()).collect();
        let [stream] = streams.as_slice() else { panic!("one placement for each: {streams:?}") };
        let placement = read(&mut cedar(service), stream.trim_start_matches("placement-")).await.unwrap();
        assert_eq!(placement.referral_id, referral_id);
        found.push(placement);
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn three_who_were_referred_together_share_one_household_and_its_unit_in_whichever_order_they_are_accepted()
 {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let group = group(&service, pb::ProjectType::PermanentSupportiveHousing).await;
        let mut households = BTreeSet::new();
        for (number, order) in (0..).zip(ORDERS) {
            let head = 1_000 + 10 * number;
            // Told twice over, each is opened once.
            for nth in order.into_iter().chain(order) {
                accepted(&service, &group, head, nth).await;
            }
            let opened =
                opened(&service, head, service.log("referrals").head().await.unwrap().position).await;
            let [first, ..] = opened.as_slice() else { panic!("three") };
            assert!(
                opened.iter().all(|placement| placement.household_id == first.household_id),
                "{opened:?}"
            );
            households.insert(first.household_id.clone());
            let relationships: Vec<_> = opened.iter().map(pb::Placement::relationship).collect();
            let other = pb::Relationship::Unspecified;
            assert_eq!(relationships, [pb::Relationship::Self_, other, other]);

            let unit = unit(&service, &group, &format!("{number}A")).await;
            for placement in &opened {
                let (placement_id, unit_id) = (placement.id.clone(), unit.clone());
                let assigned = call!(
                    cedar(&service),
                    assign_unit,
                    AssignUnitRequest { placement_id: placement_id, unit_id: unit_id, from: march(20) }
                );
                assigned.expect("a household shares a unit");
            }
        }
        assert_eq!(households.len(), ORDERS.len(), "and each of the six is another");
        service.stop().await;
    }
}
