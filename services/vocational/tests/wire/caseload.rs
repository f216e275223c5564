//! A caseload that changes hands takes the specialist's open cases along.

use super::*;

const PAUL: WorkerId = WorkerId::of(21);

async fn of(works: &mut Client<Peer>, worker: WorkerId) -> Vec<String> {
    let request = pb::ListCasesRequest { worker_id: worker.to_string(), ..Default::default() };
    let mut found: Vec<_> =
        works.list_cases(request).await.unwrap().into_inner().cases.into_iter().map(|case| case.id).collect();
    found.sort();
    found
}

async fn hand_over(service: &Alone, number: u128, agency: AgencyId) {
    service.hands_over(number, agency, SPECIALIST, PAUL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caseload_that_changes_hands_takes_the_open_cases_along_once() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = on(store).await;
        let mut works = Client::new(service.worker(WORKS));
        let mut elsewhere = Client::new(service.worker(ELSEWHERE));
        let mut open = [opened(&mut works).await, opened_for(&mut works, BEN, "ips").await];
        let closed = opened(&mut works).await;
        let reason = pb::DischargeReason::Completed.into();
        call!(works, discharge_case, DischargeCaseRequest { case_id: closed.clone(), reason: reason })
            .unwrap();
        // Of another agency, for which the same worker works as well.
        let others = opened_for(&mut elsewhere, ANA, "ips").await;
        open.sort();
        hand_over(&service, 901, WORKS).await;
        until("the cases to change hands", async || (of(&mut works, PAUL).await == open).then_some(())).await;
        assert_eq!(of(&mut works, SPECIALIST).await, [closed], "what is closed stays theirs");
        assert_eq!(of(&mut elsewhere, SPECIALIST).await, [others]);

        // A hand-over that finds nothing any more, and one after which what was assigned since moves.
        hand_over(&service, 902, WORKS).await;
        let again = opened(&mut works).await;
        hand_over(&service, 903, WORKS).await;
        until("the new one to follow", async || of(&mut works, PAUL).await.contains(&again).then_some(()))
            .await;
        let events = service.events().await;
        let moved = events.iter().filter(|event| event.r#type.ends_with("CaseWorkerAssigned")).count();
        assert_eq!(moved, 3, "each once");

        // What came to them after a hand-over is theirs to keep, however late that is followed: here by the word of a clock that is ahead.
        let ahead = service.clock.now() + jiff::SignedDuration::from_secs(50);
        let later = call!(
            works,
            open_case,
            OpenCaseRequest {
                person_id: BEN.to_string(),
                practice: "ips".into(),
                worker_id: SPECIALIST.to_string(),
                occurred_at: Some(platform::wire::to_instant(ahead))
            }
        );
        let (later, before) = (later.unwrap().id, opened(&mut works).await);
        hand_over(&service, 904, WORKS).await;
        until("what was theirs to follow", async || {
            of(&mut works, PAUL).await.contains(&before).then_some(())
        })
        .await;
        assert!(of(&mut works, SPECIALIST).await.contains(&later));
        service.one_batch_makes_the_same_lists().await;
        service.stop().await;
    }
}
