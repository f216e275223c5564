//! (c) From command to timeline, at fifty a second: the real binary over PostgreSQL and NATS.

use std::time::{Duration, Instant};

use kernel::AgencyId;
use proto::referrals::StartParticipationRequest;
use proto::timeline::GetTimelineRequest;
use tests::world::{World, request_id};
use tests::{Launch, Nats, Postgres, Version};

use crate::measure::quantile;

const RATE: u32 = 50;
const SECONDS: u32 = 20;

pub async fn command_to_timeline() {
    let (postgres, nats) = (Postgres::start().await, Nats::start(Version::Newest).await);
    let home = tempfile::tempdir().expect("a directory");
    let secret = |name: &str| {
        let path = home.path().join(name);
        platform::seal::Secret::at(&path).expect("a secret");
        path.display().to_string()
    };
    let process = Launch::new(["serve", "all"])
        .arg("--store")
        .arg(postgres.url().await)
        .arg("--nats")
        .arg(nats.url())
        .arg("--secret-file")
        .arg(secret("secret"))
        .arg("--kek-file")
        .arg(secret("kek"))
        .arg("--erasure-ledger")
        .arg(home.path().join("erasures").display().to_string())
        .arg("--grpc-listen=127.0.0.1:0")
        .arg("--http-listen=127.0.0.1:0")
        .arg("--admin-listen=127.0.0.1:0")
        .start()
        .await;
    let world = World::at(process.grpc());
    let agency = world.agency("Invented Bench").await;
    let offer = world.offer(agency, "Bench").await;
    let mut people = vec![];
    for number in 0..100 {
        people.push(world.person(agency, &format!("Bench{number}")).await);
    }
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / RATE);
    let mut asked = vec![];
    for number in 0..RATE * SECONDS {
        ticks.tick().await;
        let person = people[number as usize % people.len()];
        let (world, offer) = (world.clone(), offer.clone());
        asked.push(tokio::spawn(async move { once(&world, agency, person.to_string(), offer).await }));
    }
    let mut took = vec![];
    for task in asked {
        took.push(task.await.expect("no client panics"));
    }
    took.sort();
    let (p50, p99) = (quantile(&took, 500), quantile(&took, 990));
    println!(
        "\n(c) from command sent to timeline read at its revision, {RATE} a second for {SECONDS} s: p50 {p50:.1?}, p99 {p99:.1?}"
    );
    drop(process);
}

async fn once(world: &World, agency: AgencyId, person: String, offer: String) -> Duration {
    let began = Instant::now();
    let request = StartParticipationRequest {
        request_id: request_id(),
        person_id: person.clone(),
        offer_id: offer,
        ..Default::default()
    };
    let written =
        world.referrals(World::worker(agency)).start_participation(request).await.expect("a participation");
    let at_least = vec![written.into_inner().written.expect("a revision").revision];
    let request = GetTimelineRequest { person_id: person, page_size: 1, at_least, ..Default::default() };
    world.timeline(World::worker(agency)).get_timeline(request).await.expect("a timeline");
    began.elapsed()
}
