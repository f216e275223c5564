//! A death that the registry tells of: placements that nobody was admitted to yet are called off by themselves.

use kernel::StreamId;
use pb::{PlacementState, ProjectType};
use proto::registry::registry_event::Kind;
use tests::alone::until;

use super::*;

async fn tell(service: &Alone, person: PersonId, kind: Kind) {
    let event = proto::registry::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("person", person.uuid()), Some(person), &event).await;
}

fn died(person: PersonId) -> Kind {
    Kind::PersonDied(proto::registry::PersonDied { person_id: person.to_string(), death: None })
}

fn in_error(person: PersonId) -> Kind {
    let person_id = person.to_string();
    Kind::PersonDeathEnteredInError(proto::registry::PersonDeathEnteredInError { person_id })
}

/// An accepted referral of the person's to that group.
async fn accept(service: &Alone, referral: u128, group: &str, person: PersonId) {
    use proto::referrals::referrals_event::Kind;
    let accepted = proto::referrals::ReferralAccepted {
        referral_id: Uuid::from_u128(referral).to_string(),
        person_id: person.to_string(),
        target_agency_id: CEDAR.to_string(),
        unit_group_id: group.to_owned(),
        receiver: proto::referrals::Receiver::Housing.into(),
        ..Default::default()
    };
    let event = proto::referrals::ReferralsEvent { kind: Some(Kind::ReferralAccepted(accepted)) };
    service
        .tell("referrals", StreamId::new("referral", Uuid::from_u128(referral)), Some(person), &event)
        .await;
}

async fn placements(service: &Alone, person: PersonId) -> Vec<pb::Placement> {
    let request = pb::ListPlacementsRequest { person_id: person.to_string(), ..Default::default() };
    cedar(service).list_placements(request).await.unwrap().into_inner().placements
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_matched_who_died_and_what_follows_by_itself_is_called_off() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let group = group(&service, ProjectType::TransitionalHousing).await;
        tell(&service, ANA, died(ANA)).await;
        let refused =
            until("the word of the death", async || matched(&service, &group, "", ANA).await.err()).await;
        assert_eq!(code(&refused), says(Code::FailedPrecondition, "PERSON_DIED"));
        accept(&service, 901, &group, ANA).await;
        until("the placement of the referral to be called off", async || {
            let found = placements(&service, ANA).await;
            let of_referral = found.iter().find(|found| !found.referral_id.is_empty())?;
            (of_referral.cancel_reason() == pb::CancelReason::Died).then_some(())
        })
        .await;
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_match_and_a_death_at_one_time_the_death_wins_whichever_comes_first() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let group = group(&service, ProjectType::TransitionalHousing).await;
        let mut made = 0;
        for number in 0..24 {
            let person = PersonId::of(100 + number);
            let death = async {
                for _ in 0..number % 4 {
                    tokio::task::yield_now().await;
                }
                tell(&service, person, died(person)).await;
            };
            let ((), placed) = tokio::join!(death, matched(&service, &group, "", person));
            match placed {
                Ok(_) => made += 1,
                Err(status) => assert_eq!(code(&status), says(Code::FailedPrecondition, "PERSON_DIED")),
            }
        }
        for number in 0..24 {
            until("all of them to be called off", async || {
                let found = placements(&service, PersonId::of(100 + number)).await;
                found.iter().all(|found| found.cancel_reason() == pb::CancelReason::Died).then_some(())
            })
            .await;
        }
        let events = service.events().await;
        let count = |kind: &str| events.iter().filter(|event| event.r#type.ends_with(kind)).count();
        assert_eq!((count("PlacementMatched"), count("PlacementCancelled")), (made, made), "each once");
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_calls_off_what_nobody_was_admitted_to_under_all_records_of_the_person_once() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let mut cedar = cedar(&service);
        let group = group(&service, ProjectType::TransitionalHousing).await;
        let units = [unit(&service, &group, "1A").await, unit(&service, &group, "1B").await];
        let stranger = PersonId::of(12);
        let lives = admitted(&service, &group, "", ANA).await.unwrap();
        let meant = matched(&service, &group, &units[0], ANA).await.unwrap();
        let offered = matched(&service, &group, &units[1], BEN).await.unwrap();
        call!(cedar, offer_placement, OfferPlacementRequest { placement_id: offered.clone() }).unwrap();
        let of_stranger = matched(&service, &group, "", stranger).await.unwrap();
        for person in [ANA, BEN] {
            let (canonical_id, member_id) = (ANA.to_string(), BEN.to_string());
            tell(
                &service,
                person,
                Kind::PersonsLinked(proto::registry::PersonsLinked { canonical_id, member_id }),
            )
            .await;
        }
        // Else a link that is followed late would look at the other record by itself.
        done(&service, &group, 30).await;
        tell(&service, ANA, died(ANA)).await;
        for id in [&meant, &offered] {
            let mut cedar = cedar.clone();
            let called_off = until("the placement to be called off", async || {
                let now = read(&mut cedar, id).await.unwrap();
                (now.state() == PlacementState::Cancelled).then_some(now)
            })
            .await;
            assert_eq!(called_off.cancel_reason(), pb::CancelReason::Died);
        }
        assert_eq!(
            read(&mut cedar, &lives).await.unwrap().state(),
            PlacementState::Admitted,
            "the agency says when"
        );
        assert_eq!(read(&mut cedar, &of_stranger).await.unwrap().state(), PlacementState::Matched);
        // Its unit is free for whoever is next.
        let next = matched(&service, &group, &units[0], stranger).await.unwrap();
        assert!(!next.is_empty());

        // Told under the other record too, and taken back: nothing is called off again, and nothing comes back.
        tell(&service, BEN, died(BEN)).await;
        for person in [ANA, BEN] {
            tell(&service, person, in_error(person)).await;
        }
        let again =
            until("the word that they live", async || matched(&service, &group, "", BEN).await.ok()).await;
        tell(&service, ANA, died(ANA)).await;
        until("the one matched since to be called off", async || {
            (read(&mut cedar, &again).await.unwrap().state() == PlacementState::Cancelled).then_some(())
        })
        .await;
        let events = service.events().await;
        let cancelled = events.iter().filter(|event| event.r#type.ends_with("PlacementCancelled")).count();
        assert_eq!(cancelled, 4, "each once, and the one that was waited for");
        service.stop().await;
    }
}

/// Waits until all that was told is done: somebody who dies after it has their placement called off.
async fn done(service: &Alone, group: &str, last: u128) {
    let last = PersonId::of(last);
    let meant = matched(service, group, "", last).await.unwrap();
    let person_id = last.to_string();
    tell(service, last, Kind::PersonDied(proto::registry::PersonDied { person_id, death: None })).await;
    let mut cedar = cedar(service);
    until("what was told before to be done", async || {
        (read(&mut cedar, &meant).await.unwrap().state() == PlacementState::Cancelled).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_is_dead_as_long_as_any_agency_tells_it() {
    let service = service().await;
    let mut cedar = cedar(&service);
    let group = group(&service, ProjectType::TransitionalHousing).await;
    let told = async |agency, kind| {
        let event = proto::registry::RegistryEvent { kind: Some(kind) };
        let stream = StreamId::new("person", ANA.uuid());
        service.tell_as("registry", stream, Some(ANA), agency, &event).await;
    };
    let person_id = || ANA.to_string();
    for agency in [CEDAR, HARBOR] {
        told(agency, Kind::PersonDied(proto::registry::PersonDied { person_id: person_id(), death: None }))
            .await;
    }
    let error = || {
        let person_id = person_id();
        Kind::PersonDeathEnteredInError(proto::registry::PersonDeathEnteredInError { person_id })
    };
    done(&service, &group, 30).await;
    told(HARBOR, error()).await;
    done(&service, &group, 31).await;
    let refused = matched(&service, &group, "", ANA).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("PERSON_DIED"), "Cedar tells it still");
    told(CEDAR, error()).await;
    done(&service, &group, 32).await;
    let meant = matched(&service, &group, "", ANA).await.unwrap();
    assert_eq!(read(&mut cedar, &meant).await.unwrap().state(), PlacementState::Matched, "nobody does");
}
