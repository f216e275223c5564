//! A worker who has just come takes care of a referral.

use proto::referrals as pb;
use proto::registry as reg;
use tests::world::{World, id, request_id};

use crate::serve_all;

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_who_has_just_come_is_given_a_referral_at_once() {
    let home = tempfile::tempdir().unwrap();
    let (process, world) = serve_all(home.path()).await;
    let (shelter, clinic) = (world.agency("Invented Shelter").await, world.agency("Invented Clinic").await);
    let ana = world.person(shelter, "Ana").await;
    world.consents(ana, shelter, clinic).await;
    let offer = world.offer(clinic, "Kitchen skills").await;
    let referral = world.referral(shelter, ana, &offer).await;
    let mut registry = world.registry(World::worker(clinic));
    let mut referrals = world.referrals(World::worker(clinic));
    // What the registry tells is on its way for some milliseconds only, so it is tried many times.
    for number in 0..60 {
        let content = reg::WorkerContent {
            working_name: format!("Invented Worker {number}"),
            roles: vec![reg::WorkerRole::Coordinator.into()],
            ..Default::default()
        };
        let add =
            reg::AddWorkerRequest { request_id: request_id(), content: Some(content), ..Default::default() };
        let worker_id = id(registry.add_worker(add).await.unwrap().into_inner().written);
        let assign = pb::AssignReferralRequest {
            request_id: request_id(),
            referral_id: referral.clone(),
            worker_id,
            ..Default::default()
        };
        referrals.assign_referral(assign).await.expect("a worker of the agency");
    }
    process.kill();
}
