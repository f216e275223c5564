//! Services behind TLS under a private authority, as on a cluster: who is told of it believes them, and nobody else does.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tests::alone::until;
use tests::tls::{Authority, Front};
use tests::world::World;
use tests::{Launch, Process};

use crate::serve_all;

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
