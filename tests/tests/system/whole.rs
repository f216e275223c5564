//! Walkthrough 1: a referral, from command to timeline.

use proto::referrals as pb;
use tests::alone::until;
use tests::world::{World, request_id};

use crate::{command, serve_all};

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_goes_from_command_to_timeline_and_its_loop_closes() {
    let home = tempfile::tempdir().unwrap();
    let (mut process, world) = serve_all(home.path()).await;
    let (shelter, clinic) = (world.agency("Invented Shelter").await, world.agency("Invented Clinic").await);
    let ana = world.person(shelter, "Ana").await;
    world.consents(ana, shelter, clinic).await;
    let offer = world.offer(clinic, "Kitchen skills").await;
    let referral = world.referral(shelter, ana, &offer).await;

    let mut answers = world.referrals(World::worker(clinic));
    let accept = pb::AcceptReferralRequest {
        request_id: request_id(),
        referral_id: referral.clone(),
        ..Default::default()
    };
    let accepted = answers.accept_referral(accept).await.unwrap().into_inner().written.unwrap();
    let opened = until("the participation to open and to be told", async || {
        let read = world.read_referral(shelter, &referral).await;
        (read.progress() == pb::Progress::Opened).then_some(read.receiving_record)
    })
    .await;
    let end = pb::EndParticipationRequest {
        request_id: request_id(),
        participation_id: opened.strip_prefix("participation-").unwrap().into(),
        reason: pb::ClosingReason::CompletedEarly.into(),
        ..Default::default()
    };
    answers.end_participation(end).await.unwrap();
    until("the outcome to come back", async || {
        (world.read_referral(shelter, &referral).await.state() == pb::ReferralState::Completed).then_some(())
    })
    .await;

    // A read that names the acceptance's revision has seen it.
    let request = proto::timeline::GetTimelineRequest {
        person_id: ana.to_string(),
        at_least: vec![accepted.revision],
        ..Default::default()
    };
    let page = world.timeline(World::worker(clinic)).get_timeline(request).await.unwrap().into_inner();
    assert!(page.entries.iter().any(|entry| entry.line.starts_with("Referral to Kitchen skills")));
    until("the whole story on the timeline", async || {
        let lines: Vec<String> =
            world.entries(World::worker(shelter), ana).await.into_iter().map(|entry| entry.line).collect();
        lines.contains(&"Referral to Kitchen skills: completed, service given".to_owned()).then_some(())
    })
    .await;

    let printed = command(process.grpc(), &["timeline", &ana.to_string()]).await;
    assert!(printed.starts_with("Read as operator"), "{printed}");
    assert!(printed.contains("Takes part in Kitchen skills"), "{printed}");
    let verified = command(process.grpc(), &["verify"]).await;
    assert!(verified.lines().all(|line| line.ends_with(" 0 different")), "{verified}");
    let rebuilt = command(process.grpc(), &["rebuild", "timeline"]).await;
    assert!(rebuilt.starts_with("timeline/timeline: generation "), "{rebuilt}");
    let events = command(process.grpc(), &["events", "referrals", "--json"]).await;
    assert!(events.lines().count() >= 8 && !events.contains("invented need"), "{events}");

    process.terminate();
    assert!(process.ended().await.success(), "{}", process.said());
}
