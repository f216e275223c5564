//! Pages in a process of their own, asked with bearer tokens.
//! Invariant: a page shows what its asker's own calls would, since every call behind it is made with the asker's token.

use std::sync::Arc;

use kernel::{Actor, Caller, PersonId, WorkerId};
use tests::alone::until;
use tests::http::get_as;
use tests::world::{World, request_id};
use tests::{Issuer, Launch};

use crate::{command, launch_all, serving};

#[tokio::test(flavor = "multi_thread")]
async fn pages_alone_keep_nothing_and_show_each_bearer_what_that_one_may_see() {
    let (home, issuer) = (tempfile::tempdir().unwrap(), Arc::new(Issuer::new()));
    let (services, world) = serving(issuer.believed_by(launch_all(home.path()), "registry")).await;
    let world = world.vouched(issuer.clone());
    let at = format!("http://{}", services.grpc());
    let launch = Launch::new(["serve", "dashboard"])
        .arg(format!("--peer=registry={at}"))
        .arg(format!("--peer=timeline={at}"))
        .arg("--grpc-listen=127.0.0.1:0")
        .arg("--http-listen=127.0.0.1:0")
        .arg("--admin-listen=127.0.0.1:0");
    // No store and no secret: there is nothing that it would keep there. The token of its own is not used for what others ask.
    let mut pages = issuer.believed_by(launch, "dashboard").start().await;

    let (shelter, clinic) = (world.agency("Invented Shelter").await, world.agency("Invented Clinic").await);
    let ana = world.person(shelter, "Ana").await;
    let offer = world.offer(shelter, "Kitchen skills").await;
    let request = proto::referrals::StartParticipationRequest {
        request_id: request_id(),
        person_id: ana.to_string(),
        offer_id: offer,
        ..Default::default()
    };
    world.referrals(World::worker(shelter)).start_participation(request).await.unwrap();

    let asked = async |path: &str, token: Option<&str>| {
        get_as(pages.http(), path, token).await.expect("the pages answer")
    };
    let seen = async |caller: Caller, person: PersonId| {
        let token = issuer.token(&caller);
        let (code, body) = asked(&format!("/person/{person}.json"), Some(&token)).await;
        let lines: serde_json::Value = serde_json::from_str(&body).expect("JSON, whatever it says");
        let lines = lines["entries"].as_array().map(|entries| {
            entries.iter().map(|entry| entry["line"].as_str().expect("a line").to_owned()).collect::<Vec<_>>()
        });
        (code, lines.unwrap_or_default())
    };
    until("the participation on the page of its agency", async || {
        let (code, lines) = seen(World::worker(shelter), ana).await;
        (code == 200 && lines.contains(&"Takes part in Kitchen skills".to_owned())).then_some(())
    })
    .await;
    let (code, lines) = seen(World::own(ana), ana).await;
    assert!(code == 200 && lines.contains(&"Takes part in Kitchen skills".to_owned()), "{lines:?}");
    let token = issuer.token(&World::worker(shelter));
    let (code, page) = asked(&format!("/person/{ana}"), Some(&token)).await;
    assert!(code == 200 && page.contains("Takes part in Kitchen skills") && page.contains("Ana Testperson"));

    // Another agency knows of no such person, and neither does a token that nobody we believe has signed; without one there is nothing.
    let (code, lines) = seen(World::worker(clinic), ana).await;
    assert_eq!((code, lines.len()), (404, 0));
    let forged = Issuer::new().token(&World::worker(shelter));
    for token in [None, Some(forged.as_str()), Some("none")] {
        for path in [format!("/person/{ana}"), format!("/person/{ana}.json"), "/system".to_owned()] {
            let (code, page) = asked(&path, token).await;
            assert_eq!(code, 401, "{path}: {page}");
            assert!(!page.contains("Kitchen") && !page.contains("Testperson"), "{page}");
        }
    }
    // What an operator reads is listed under the operator's own name.
    let operator = Caller { actor: Actor::Worker(WorkerId::of(9)), ..World::operator() };
    let (code, lines) = seen(operator.clone(), ana).await;
    assert!(code == 200 && !lines.is_empty());
    let file = home.path().join("token");
    std::fs::write(&file, issuer.token(&operator)).unwrap();
    let file = file.display().to_string();
    let log =
        command(services.grpc(), &["events", "timeline", "--json", "--token-file", file.as_str()]).await;
    let reads = log.lines().filter(|line| line.contains(&WorkerId::of(9).to_string())).count();
    assert_eq!(reads, 1, "{log}");

    pages.terminate();
    assert!(pages.ended().await.success(), "{}", pages.said());
}
