//! The registry's process goes away under load while another service's goes on.

use std::net::SocketAddr;

use proto::referrals::StartParticipationRequest;
use proto::types::Written;
use tests::ports::Port;
use tests::world::{World, id, request_id};
use tests::{Ground, Nats, Process, Version};
use tonic::{Code, Status};

use crate::audit::in_the_logs_once;
use crate::load::Load;
use crate::outages::outage;
use crate::turn;

/// What each of these services reads.
const READ: [(&str, &[&str]); 5] = [
    ("registry", &["referrals"]),
    ("referrals", &["registry", "vocational", "housing", "therapy"]),
    ("vocational", &["registry", "referrals"]),
    ("housing", &["registry", "referrals"]),
    ("therapy", &["registry", "referrals"]),
];

/// Services apart, and where the others would be: nobody waits for those either.
pub struct Apart {
    ports: Vec<(&'static str, Port)>,
    ground: Ground,
}

impl Apart {
    /// Over a PostgreSQL and a NATS of its own. Nothing is served yet.
    pub async fn new() -> Self {
        let services = ["registry", "referrals", "vocational", "housing", "therapy"];
        let ports = services.map(|service| (service, Port::claim())).into();
        Self { ports, ground: Ground::new(Version::Newest).await }
    }

    /// Where that service is, or would be.
    pub fn address(&self, service: &str) -> SocketAddr {
        self.port(service).address()
    }

    /// What is there.
    pub fn world(&self) -> World {
        // Where nobody is nobody is asked.
        World::apart(self.ports.iter().map(|(service, port)| (*service, port.address().to_string())))
    }

    /// What carries their events.
    pub fn nats(&self) -> &Nats {
        &self.ground.nats
    }

    fn port(&self, service: &str) -> &Port {
        &self.ports.iter().find(|(name, _)| *name == service).expect("a port").1
    }

    /// Serves it, at its address.
    pub async fn serve(&self, service: &str) -> Process {
        let mut launch = self.ground.serve(service, self.port(service).address());
        for peer in READ.into_iter().find(|(name, _)| *name == service).expect("one of these services").1 {
            launch = launch.arg("--peer").arg(format!("{peer}=http://{}", self.port(peer).address()));
        }
        launch.start().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_registry_away_known_people_are_served_and_others_wait_for_it() {
    let _turn = turn().await;
    let apart = Apart::new().await;
    let registry = apart.serve("registry").await;
    let _referrals = apart.serve("referrals").await;
    let at = |service: &'static str| (service, apart.address(service));
    let logs = [at("registry"), at("referrals")];
    let world = apart.world();
    let load = Load::start(&world).await;
    load.goes_on(20).await;

    let clinic = world.agency("Invented Clinic").await;
    let offers = [world.offer(clinic, "Cooking").await, world.offer(clinic, "Sewing").await];
    let (known, unknown) = (world.person(clinic, "Ana").await, world.person(clinic, "Ben").await);
    let start = |person: kernel::PersonId, offer: &str| StartParticipationRequest {
        request_id: request_id(),
        person_id: person.to_string(),
        offer_id: offer.to_owned(),
        ..Default::default()
    };
    let client = world.referrals(World::worker(clinic));
    let send = async |request: &StartParticipationRequest| -> Result<Option<Written>, Status> {
        Ok(client.clone().start_participation(request.clone()).await?.into_inner().written)
    };
    send(&start(known, &offers[0])).await.expect("both services are there");

    registry.kill();
    send(&start(known, &offers[1])).await.expect("a person whose key was fetched a moment ago");
    let of_unknown = start(unknown, &offers[0]);
    let waits = send(&of_unknown).await.expect_err("a person whose key nobody has");
    assert_eq!(waits.code(), Code::Unavailable, "{waits}");
    // Sleeps: this long it is away.
    tokio::time::sleep(outage()).await;

    let _registry = apart.serve("registry").await;
    let made =
        tests::alone::until("the same request to be answered", async || send(&of_unknown).await.ok()).await;
    assert!(!id(made).is_empty());
    load.goes_on(20).await;
    in_the_logs_once(&logs, &load.stop().await).await;
}
