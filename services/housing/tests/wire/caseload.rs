//! Who takes care of a placement, and how a caseload that changes hands takes placements along.

use kernel::{StreamId, WorkerId};
use pb::ProjectType;
use proto::registry as reg;
use tests::alone::until;

use super::*;

const OLGA: WorkerId = WorkerId::of(7);
const PAUL: WorkerId = WorkerId::of(8);
const OTHERS: WorkerId = WorkerId::of(9);

/// The registry tells who works for Cedar, and who for Harbor.
async fn staffed(service: &Alone) {
    for (worker, agency) in [(OLGA, CEDAR), (PAUL, CEDAR), (OTHERS, HARBOR)] {
        let kind = reg::registry_event::Kind::WorkerAdded(reg::WorkerAdded {
            worker_id: worker.to_string(),
            agency_id: agency.to_string(),
            content: Some(reg::WorkerContent::default()),
        });
        let event = reg::RegistryEvent { kind: Some(kind) };
        service.tell("registry", StreamId::new("worker", worker.uuid()), None, &event).await;
    }
}

async fn assign(
    client: &mut Client<Peer>,
    placement: &str,
    worker: Option<WorkerId>,
) -> Result<pb::AssignPlacementWorkerResponse, Status> {
    let (placement_id, worker_id) =
        (placement.to_owned(), worker.map(|worker| worker.to_string()).unwrap_or_default());
    call!(
        client,
        assign_placement_worker,
        AssignPlacementWorkerRequest { placement_id: placement_id, worker_id: worker_id }
    )
}

async fn of(client: &mut Client<Peer>, worker: WorkerId) -> Vec<String> {
    let request = pb::ListPlacementsRequest { worker_id: worker.to_string(), ..Default::default() };
    let found = client.list_placements(request).await.unwrap().into_inner().placements;
    found.into_iter().map(|placement| placement.id).collect()
}

async fn hand_over(service: &Alone, number: u128, agency: AgencyId) {
    service.hands_over(number, agency, OLGA, PAUL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_takes_care_of_placements_and_hands_over_those_that_have_not_ended_once() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        staffed(&service).await;
        let mut cedar = cedar(&service);
        let group = group(&service, ProjectType::TransitionalHousing).await;
        let lives = admitted(&service, &group, "", ANA).await.unwrap();
        let meant = matched(&service, &group, "", BEN).await.unwrap();
        let over = matched(&service, &group, "", PersonId::of(12)).await.unwrap();
        for id in [&lives, &meant, &over] {
            assign(&mut cedar, id, Some(OLGA)).await.unwrap();
        }
        assert_eq!(read(&mut cedar, &lives).await.unwrap().worker_id, OLGA.to_string());
        for worker in [OTHERS, WorkerId::of(99)] {
            let refused = assign(&mut cedar, &lives, Some(worker)).await.unwrap_err();
            assert_eq!(code(&refused), says(Code::FailedPrecondition, "WORKER_NOT_OF_AGENCY"));
        }
        let foreign = assign(&mut harbor(&service), &lives, Some(OTHERS)).await.unwrap_err();
        assert_eq!(code(&foreign), says(Code::NotFound, "PLACEMENT_NOT_FOUND"));
        let reason = pb::CancelReason::UnitLost.into();
        call!(cedar, cancel_placement, CancelPlacementRequest { placement_id: over.clone(), reason: reason })
            .unwrap();

        hand_over(&service, 900, HARBOR).await;
        hand_over(&service, 901, CEDAR).await;
        let mut expected = [lives.clone(), meant.clone()];
        expected.sort();
        let mut client = cedar.clone();
        until("the placements to change hands", async || {
            let mut found = of(&mut client, PAUL).await;
            found.sort();
            (found == expected).then_some(())
        })
        .await;
        assert_eq!(of(&mut cedar, OLGA).await, [over], "what has ended stays hers");
        // Told again after a fork nothing moves again, and another hand-over of hers finds nothing.
        hand_over(&service, 902, CEDAR).await;
        assign(&mut cedar, &meant, None).await.unwrap();
        assert_eq!(read(&mut cedar, &meant).await.unwrap().worker_id, "");
        let assigned: Vec<_> = service.events().await;
        let told = assigned.iter().filter(|event| event.r#type.ends_with("PlacementWorkerAssigned"));
        assert_eq!(told.count(), 6, "three by hand, two handed over, one taken off");
        service.one_batch_makes_the_same_lists().await;
        service.stop().await;
    }
}
