//! Many at once, over a real server, on both stores.
//! Invariant: whoever is told that the unit is theirs has it, and nobody else on any of those nights.

use super::*;
use pb::{PlacementState, ProjectType};
use std::collections::BTreeSet;

/// How many ask at once.
const MANY: u128 = 24;

/// The people of a race.
fn people() -> impl Iterator<Item = PersonId> {
    (0..MANY).map(|number| PersonId::of(100 + number))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_households_that_ask_for_one_unit_at_once_one_gets_it() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let group = group(&service, ProjectType::TransitionalHousing).await;
        let unit = unit(&service, &group, "1A").await;
        let asks = people().map(|person| matched(&service, &group, &unit, person));
        let replies = futures_util::future::join_all(asks).await;
        let got: Vec<&String> = replies.iter().filter_map(|reply| reply.as_ref().ok()).collect();
        assert_eq!(got.len(), 1, "on {store:?}");
        for refused in replies.iter().filter_map(|reply| reply.as_ref().err()) {
            // Who lost the race three times may be told so; who looked again is told why.
            let known = [says(Code::FailedPrecondition, "UNIT_TAKEN"), says(Code::Aborted, "LOST_RACE")];
            assert!(known.contains(&code(refused)), "{refused}");
        }
        let has = read_unit(&mut cedar(&service), &unit, None).await.unwrap().placement_ids;
        assert_eq!(has, [got[0].clone()]);
        let held = service.events().await.iter().filter(|event| event.r#type.ends_with("UnitHeld")).count();
        assert_eq!(held, 1);
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_movers_among_few_units_never_share_a_night() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let group = group(&service, ProjectType::TransitionalHousing).await;
        let mut units = vec![];
        for name in ["1A", "1B", "1C"] {
            units.push(unit(&service, &group, name).await);
        }
        let mut placements = vec![];
        for person in people() {
            placements.push(admitted(&service, &group, "", person).await.unwrap());
        }
        // Each tries each unit, starting at another one: units are taken, moved out of and taken again meanwhile.
        let tries = placements.iter().enumerate().map(|(first, placement)| {
            let (service, units) = (&service, &units);
            async move {
                let cedar = cedar(service);
                for step in 0..units.len() {
                    let unit_id = units[(first + step) % units.len()].clone();
                    let moved = call!(
                        cedar,
                        assign_unit,
                        AssignUnitRequest { placement_id: placement.clone(), unit_id: unit_id }
                    );
                    let _lost_or_won = moved.map(|_| ());
                }
            }
        });
        futures_util::future::join_all(tries).await;

        let mut cedar = cedar(&service);
        let mut housed = BTreeSet::new();
        for unit in &units {
            let living = read_unit(&mut cedar, unit, None).await.unwrap().placement_ids;
            assert!(living.len() <= 1, "two households in {unit} on {store:?}");
            for placement in living {
                assert_eq!(read(&mut cedar, &placement).await.unwrap().unit_id, *unit);
                assert!(housed.insert(placement), "one placement in two units");
            }
        }
        assert!(!housed.is_empty());
        for placement in placements {
            let seen = read(&mut cedar, &placement).await.unwrap();
            assert_eq!(seen.state(), PlacementState::Admitted);
            assert_eq!(seen.unit_id.is_empty(), !housed.contains(&placement), "diary and placement agree");
        }
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_permanent_homes_of_one_person_at_once_one_is_refused() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let group = group(&service, ProjectType::RapidRehousing).await;
        let mut placements = vec![];
        for _ in 0..6 {
            placements.push(admitted(&service, &group, "", ANA).await.unwrap());
        }
        let moves = placements.iter().map(|placement| {
            let cedar = cedar(&service);
            async move {
                call!(cedar, move_in_placement, MoveInPlacementRequest { placement_id: placement.clone() })
            }
        });
        let replies = futures_util::future::join_all(moves).await;
        let refused: Vec<_> = replies.iter().filter_map(|reply| reply.as_ref().err()).map(code).collect();
        assert_eq!(refused, vec![says(Code::FailedPrecondition, "HOME_ELSEWHERE"); 5], "on {store:?}");
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recorded_homes_told_at_once_all_stand_and_one_has_the_claim() {
    let service = service().await;
    let group = group(&service, ProjectType::RapidRehousing).await;
    let rows = (0..6).map(|key| {
        let mut recorder = recorder(&service);
        let request = pb::RecordPlacementRequest {
            request_id: new_request(),
            source: source("Enrollment", &key.to_string()),
            person_id: ANA.to_string(),
            unit_group_id: group.clone(),
            entry_on: day(2021, 9, 24),
            move_in_on: day(2021, 9, 24),
            ..Default::default()
        };
        async move { written(recorder.record_placement(request).await.unwrap().into_inner().written) }
    });
    let replies = futures_util::future::join_all(rows).await;
    let odd = replies.iter().filter(|written| !written.discrepancies.is_empty()).count();
    assert_eq!(odd, 5, "none is refused, and all but one say that there is another");
}
