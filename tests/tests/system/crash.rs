//! Walkthrough 2: a retry after a crash between commit and reply.

use proto::referrals as pb;
use tests::world::{World, id, request_id};
use tonic::Code;

use crate::{command, launch_all, serve_all, serving};

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_after_a_crash_between_commit_and_reply_gets_the_lost_reply() {
    let home = tempfile::tempdir().unwrap();
    let (mut process, world) = serve_all(home.path()).await;
    let (shelter, clinic) = (world.agency("Invented Shelter").await, world.agency("Invented Clinic").await);
    let ana = world.person(shelter, "Ana").await;
    world.consents(ana, shelter, clinic).await;
    let offer = world.offer(clinic, "Kitchen skills").await;
    let referral = world.referral(shelter, ana, &offer).await;
    process.terminate();
    assert!(process.ended().await.success());

    // Dies at the first command that it has committed. Reactions commit too, and when they do is their own affair.
    let (mut dying, world) = serving(launch_all(home.path()).fault("command.appended=abort")).await;
    let reject = pb::RejectReferralRequest {
        request_id: request_id(),
        referral_id: referral.clone(),
        reason: pb::ClosingReason::NoCapacity.into(),
        text: "full, in this invented case".into(),
        ..Default::default()
    };
    let lost = world.referrals(World::worker(clinic)).reject_referral(reject.clone()).await.unwrap_err();
    assert_eq!(lost.code(), Code::Unavailable, "{lost}");
    assert!(!dying.ended().await.success());

    let (process, world) = serve_all(home.path()).await;
    let again =
        world.referrals(World::worker(clinic)).reject_referral(reject.clone()).await.unwrap().into_inner();
    let once_more =
        world.referrals(World::worker(clinic)).reject_referral(reject).await.unwrap().into_inner();
    assert_eq!(again, once_more);
    assert_eq!(id(again.written), referral);
    let events = command(process.grpc(), &["events", "referrals"]).await;
    assert_eq!(events.matches("ReferralRejected").count(), 1, "{events}");
    process.kill();
}
