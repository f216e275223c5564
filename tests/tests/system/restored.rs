//! Walkthrough 6: a log restored from a backup that lacks its end.

use tests::alone::until;
use tests::world::World;
use tonic::Code;

use crate::{command, serve_all, tried};

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_log_takes_nothing_until_it_is_forked_and_then_everything_is_whole() {
    let (home, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut process, world) = serve_all(home.path()).await;
    let clinic = world.agency("Invented Clinic").await;
    world.offer(clinic, "Before the backup").await;
    process.terminate();
    assert!(process.ended().await.success());
    let log = |name: &str| name.starts_with("referrals.log.db");
    for entry in std::fs::read_dir(home.path()).unwrap() {
        let entry = entry.unwrap();
        if log(&entry.file_name().to_string_lossy()) {
            std::fs::copy(entry.path(), backup.path().join(entry.file_name())).unwrap();
        }
    }

    let (mut process, world) = serve_all(home.path()).await;
    for number in 0..3 {
        world.offer(clinic, &format!("After the backup {number}")).await;
    }
    until("every reader to have read on", async || {
        let lag = world.timeline(World::operator()).get_lag(proto::timeline::GetLagRequest {}).await.unwrap();
        lag.into_inner().lag.iter().all(|lag| lag.events == 0).then_some(())
    })
    .await;
    process.terminate();
    assert!(process.ended().await.success());
    for entry in std::fs::read_dir(home.path()).unwrap() {
        let entry = entry.unwrap();
        if log(&entry.file_name().to_string_lossy()) {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    for entry in std::fs::read_dir(backup.path()).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), home.path().join(entry.file_name())).unwrap();
    }

    let (process, world) = serve_all(home.path()).await;
    let offer = |name: &str| proto::referrals::PublishServiceOfferRequest {
        request_id: tests::world::request_id(),
        content: Some(proto::referrals::ServiceOfferContent {
            name: name.into(),
            practice: "skills-training".into(),
            life_domains: vec![proto::types::LifeDomain::Leisure.into()],
            receiver: proto::referrals::Receiver::Participation.into(),
            zone: "America/Chicago".into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let refused = until("the log to refuse appends", async || {
        world.referrals(World::worker(clinic)).publish_service_offer(offer("Too early")).await.err()
    })
    .await;
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(platform::error::reason(&refused).as_deref(), Some("LOG_BEHIND"));

    let forked = command(process.grpc(), &["log", "fork", "referrals"]).await;
    assert!(forked.starts_with("referrals: now "), "{forked}");
    until("the log to take appends again", async || {
        world.referrals(World::worker(clinic)).publish_service_offer(offer("After the fork")).await.ok()
    })
    .await;
    until("verify to be clean over the forked log", async || {
        // Until what was made of the lost end is made anew, verify says so and fails.
        let verified = tried(process.grpc(), &["verify"]).await.ok()?;
        verified.lines().all(|line| line.ends_with(" 0 different")).then_some(())
    })
    .await;
}
