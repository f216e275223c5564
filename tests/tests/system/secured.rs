//! Services behind TLS under a private authority, as on a cluster: who is told of it believes them, and nobody else does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tempfile::TempDir;
use tests::alone::until;
use tests::tls::{Authority, Front};
use tests::world::{World, request_id};
use tests::{Issuer, Launch, Nats, Process, Version};

use crate::{launch_all, serve_all, serving};

/// The logs that a timeline reads.
const LOGS: [&str; 6] = ["registry", "referrals", "vocational", "housing", "therapy", "coordination"];

/// A process that serves all, and TLS before it.
struct Site {
    world: World,
    front: Front,
    elsewhere: Front,
    authority: PathBuf,
    system: PathBuf,
    _process: Process,
    _home: TempDir,
}

impl Site {
    async fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let (process, world) = serve_all(&home.path().join("all")).await;
        let ours = Authority::new();
        let front = ours.front("127.0.0.1", process.grpc()).await;
        let elsewhere = ours.front("elsewhere.test", process.grpc()).await;
        let (authority, system) = (home.path().join("ca.pem"), home.path().join("system.pem"));
        ours.write(&authority);
        // What the system believes plays no part: here it believes another authority alone.
        Authority::new().write(&system);
        Self { world, front, elsewhere, authority, system, _process: process, _home: home }
    }

    /// Asks for the registry's events by that way: the answer, or what was said instead.
    async fn asked(&self, front: &Front, system: &Path, authority: Option<&Path>) -> Result<String, String> {
        let launch = Launch::new(["events", "registry", "--json"]).arg(format!("--to={}", front.url()));
        let mut launch = in_system(launch, system);
        if let Some(path) = authority {
            launch = launch.env("THROUGHLINE_PEER_CA", &path.display().to_string());
        }
        let mut process = launch.spawn();
        if process.ended().await.success() { Ok(process.answer()) } else { Err(process.said()) }
    }

    fn timeline(&self, home: &Path) -> Launch {
        let launch = Launch::new(["serve", "timeline", "--drain-seconds", "5"])
            .arg(format!("--store=sqlite:{}", home.display()))
            .arg("--grpc-listen=127.0.0.1:0")
            .arg("--admin-listen=127.0.0.1:0");
        let launch = in_system(launch, &self.system);
        LOGS.iter().fold(launch, |launch, log| launch.arg(format!("--peer={log}={}", self.front.url())))
    }
}

/// The launch, in a system that believes the authorities of that file alone.
fn in_system(launch: Launch, file: &Path) -> Launch {
    launch.env("SSL_CERT_FILE", &file.display().to_string()).env("SSL_CERT_DIR", "")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_believes_a_server_of_a_named_authority_and_says_why_it_believes_no_other() {
    let site = Site::start().await;
    site.world.agency("Invented Clinic").await;
    let (system, authority) = (site.system.as_path(), site.authority.as_path());

    let answer = site.asked(&site.front, system, Some(authority)).await.unwrap();
    assert_eq!(answer.lines().count(), 1, "{answer}");
    // An image without any roots does with the one that is named, and says so where none is.
    let nothing = Path::new("/dev/null");
    assert_eq!(site.asked(&site.front, nothing, Some(authority)).await, Ok(answer));
    let said = site.asked(&site.front, nothing, None).await.unwrap_err();
    assert!(said.contains("no root certificates") && said.contains("--peer-ca FILE"), "{said}");

    let said = site.asked(&site.front, system, None).await.unwrap_err();
    assert!(said.contains("PEER_NOT_TRUSTED") && said.contains("UnknownIssuer"), "{said}");
    assert!(said.contains("--peer-ca"), "{said}");
    let said = site.asked(&site.elsewhere, system, Some(authority)).await.unwrap_err();
    assert!(said.contains("PEER_NOT_TRUSTED") && said.contains("elsewhere.test"), "{said}");
    let said = site.asked(&site.front, system, Some(nothing)).await.unwrap_err();
    assert!(said.contains("--peer-ca") && said.contains("-----BEGIN CERTIFICATE-----"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_reads_logs_and_keys_of_peers_behind_tls() {
    let site = Site::start().await;
    let clinic = site.world.agency("Invented Clinic").await;
    let ana = site.world.person(clinic, "Ana").await;
    site.world.consents(ana, clinic, site.world.agency("Invented Shelter").await).await;
    let homes = tempfile::tempdir().unwrap();

    let process = site
        .timeline(&homes.path().join("believes"))
        .arg(format!("--peer-ca={}", site.authority.display()))
        .start()
        .await;
    let apart = World::at(process.grpc());
    until("the timeline to have read what lies behind TLS", async || {
        let entries = apart.entries(World::worker(clinic), ana).await;
        (!entries.is_empty()).then_some(())
    })
    .await;

    let process = site.timeline(&homes.path().join("doubts")).start().await;
    let said = process.says("certificate is not accepted").await;
    assert!(said.contains("UnknownIssuer") && said.contains("--peer-ca"), "{said}");
}

/// An authority of a test's own, and another one, each with its file.
struct Private {
    authority: Authority,
    ours: PathBuf,
    other: PathBuf,
    home: TempDir,
}

impl Private {
    fn new() -> Self {
        let (authority, home) = (Authority::new(), tempfile::tempdir().unwrap());
        let (ours, other) = (home.path().join("ours.pem"), home.path().join("other.pem"));
        authority.write(&ours);
        Authority::new().write(&other);
        Self { authority, ours, other, home }
    }

    /// A process that serves all over a directory of its own.
    fn launch(&self) -> Launch {
        launch_all(&self.home.path().join(request_id()))
    }

    /// The launch where the system believes the other one, and the flag names ours.
    fn believes(&self, launch: Launch, flag: &str) -> Launch {
        in_system(launch, &self.other).arg(format!("{flag}={}", self.ours.display()))
    }

    /// The launches that do not believe ours: nobody has told them of it, or it is the system's, and the flag names the other one.
    fn doubt(&self, launch: &Launch, flag: &str) -> [Launch; 2] {
        let named = format!("{flag}={}", self.other.display());
        [in_system(launch.clone(), &self.other), in_system(launch.clone(), &self.ours).arg(named)]
    }
}

/// How many events stand in the streams of that server.
async fn carried(nats: &Nats) -> Option<u64> {
    let streams = nats.client().await.ok()?.request("$JS.API.STREAM.LIST", "".into()).await.ok()?;
    let streams: serde_json::Value = serde_json::from_slice(&streams.payload).ok()?;
    streams["streams"].as_array()?.iter().map(|stream| stream["state"]["messages"].as_u64()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_travel_over_a_nats_of_a_private_authority_and_who_does_not_believe_it_says_so() {
    let private = Private::new();
    for version in Version::BOTH {
        let nats = Nats::start_secured(version, &private.authority).await;
        let launch = || private.launch().arg("--nats").arg(nats.url());
        for doubts in private.doubt(&launch(), "--nats-ca") {
            let (process, world) = serving(doubts).await;
            let said = process.says("the certificate of NATS is not accepted").await;
            assert!(said.contains("UnknownIssuer") && said.contains("--nats-ca"), "{said}");
            world.agency("Invented Clinic").await;
            assert_eq!(carried(&nats).await, Some(0));
        }
        let (_process, world) = serving(private.believes(launch(), "--nats-ca")).await;
        world.agency("Invented Clinic").await;
        until("the event to have travelled", async || carried(&nats).await.filter(|events| *events > 0))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_an_authority_of_nats_is_named_nothing_is_said_in_the_clear() {
    let (private, nats) = (Private::new(), Nats::start(Version::Newest).await);
    let launch = private.launch().arg("--nats").arg(nats.url());
    let (process, world) = serving(private.believes(launch, "--nats-ca")).await;
    world.agency("Invented Clinic").await;
    process.says("NATS is not reached").await;
    assert_eq!(carried(&nats).await, Some(0));
    assert!(!process.said().contains("connected to NATS"), "{}", process.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_believed_by_keys_of_a_private_authority_and_who_does_not_believe_it_says_so() {
    let (private, issuer) = (Private::new(), Arc::new(Issuer::new()));
    let published = issuer.publish().await;
    let front = private.authority.front("127.0.0.1", published.at).await;
    let keys = format!("{}/jwks", front.url());
    let launch = || issuer.believed_from(&keys, private.launch(), "registry");

    let (_process, world) = serving(private.believes(launch(), "--auth-jwks-ca")).await;
    world.vouched(issuer.clone()).agency("Invented Clinic").await;

    for doubts in private.doubt(&launch(), "--auth-jwks-ca") {
        let (process, world) = serving(doubts).await;
        let said = process.says(&format!("the certificate of {keys} is not accepted")).await;
        assert!(said.contains("UnknownIssuer") && said.contains("--auth-jwks-ca"), "{said}");
        let anybody = World::worker(kernel::AgencyId::of(1));
        let ask = proto::registry::GetPersonRequest { person_id: request_id(), ..Default::default() };
        let status = world.vouched(issuer.clone()).registry(anybody).get_person(ask).await.unwrap_err();
        assert_eq!(platform::error::reason(&status).as_deref(), Some("TOKEN_KEYS_AWAY"), "{status:?}");
    }
}
