//! Every service as its own process, over real PostgreSQL and real NATS.

use std::collections::BTreeMap;

use proto::referrals as pb;
use tests::alone::until;
use tests::ports::Port;
use tests::world::{World, request_id};
use tests::{Ground, Launch, Process, Version};

use crate::collision::Story;

/// The services, and which other ones each reads.
const SERVICES: [(&str, &[&str]); 7] = [
    ("registry", &["referrals"]),
    ("referrals", &["registry", "vocational", "housing", "therapy"]),
    ("vocational", &["registry", "referrals"]),
    ("housing", &["registry", "referrals"]),
    ("therapy", &["registry", "referrals"]),
    ("coordination", &["registry", "referrals", "vocational", "housing", "therapy"]),
    ("timeline", &["registry", "referrals", "vocational", "housing", "therapy", "coordination"]),
];

/// A process for each service.
pub struct Apart {
    launches: BTreeMap<&'static str, Launch>,
    processes: BTreeMap<&'static str, Process>,
    /// Where each listens.
    pub ports: BTreeMap<&'static str, Port>,
    /// All of them.
    pub world: World,
    _ground: Ground,
}

impl Apart {
    /// Starts them all.
    pub async fn start() -> Self {
        let ground = Ground::new(Version::Newest).await;
        // Each must know the others' addresses before it starts, so ports are claimed first.
        let ports: BTreeMap<&str, Port> = SERVICES.iter().map(|(name, _)| (*name, Port::claim())).collect();
        let address = |name: &str| format!("http://{}", ports[name].address());
        let (mut launches, mut processes) = (BTreeMap::new(), BTreeMap::new());
        for (name, reads) in SERVICES {
            let mut launch = ground.serve(name, ports[name].address());
            for peer in reads {
                launch = launch.arg("--peer").arg(format!("{peer}={}", address(peer)));
            }
            processes.insert(name, launch.start().await);
            launches.insert(name, launch);
        }
        let world = World::apart(SERVICES.iter().map(|(name, _)| (*name, address(name))));
        Self { launches, processes, ports, world, _ground: ground }
    }

    /// `kill -9` of one.
    pub fn kills(&mut self, service: &str) {
        self.processes.remove(service).expect("it runs").kill();
    }

    /// Starts it again, over the same store and where it was.
    pub async fn starts_again(&mut self, service: &'static str) {
        self.processes.insert(service, self.launches[service].start().await);
    }

    /// Asks each to leave, and sees it leave well.
    pub async fn leave(mut self) {
        for process in self.processes.values_mut() {
            process.terminate();
        }
        for process in self.processes.values_mut() {
            assert!(process.ended().await.success(), "{}", process.said());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seven_processes_over_postgresql_and_nats_close_a_loop_as_one_does() {
    let apart = Apart::start().await;
    let world = &apart.world;
    let (shelter, clinic) = (world.agency("Invented Shelter").await, world.agency("Invented Clinic").await);
    let ana = world.person(shelter, "Ana").await;
    world.consents(ana, shelter, clinic).await;
    let content = pb::ServiceOfferContent {
        name: "Supported employment".into(),
        practice: "ips".into(),
        life_domains: vec![proto::types::LifeDomain::Employment.into()],
        receiver: pb::Receiver::Vocational.into(),
        zero_exclusion: true,
        zone: "America/Chicago".into(),
        ..Default::default()
    };
    let offer = world.publish(clinic, content).await;
    let referral = world.referral(shelter, ana, &offer).await;
    let accept = pb::AcceptReferralRequest {
        request_id: request_id(),
        referral_id: referral.clone(),
        ..Default::default()
    };
    world.referrals(World::worker(clinic)).accept_referral(accept).await.unwrap();
    let record = until("the case to open in its own process and come back", async || {
        let read = world.read_referral(shelter, &referral).await;
        (read.progress() == pb::Progress::Opened).then_some(read.receiving_record)
    })
    .await;
    assert!(record.starts_with("case-"), "{record}");
    until("the case on the timeline of the agency that serves", async || {
        let entries = world.entries(World::worker(clinic), ana).await;
        entries.iter().any(|entry| entry.line == "Supported employment (ips): referred").then_some(())
    })
    .await;

    apart.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn seven_processes_over_postgresql_and_nats_see_two_agencies_collide_as_one_does() {
    let apart = Apart::start().await;
    let story = Story::begin(apart.world.clone()).await;
    story.shown_to_who_may_see_both_until_cancelled().await;
    story.another_is_over_when_the_hour_is_moved().await;
    story.a_third_stands().await;
    story.the_last_is_over_when_the_job_ends().await;
    story.each_was_raised_once(apart.ports["coordination"].address(), 3).await;
    apart.leave().await;
}
