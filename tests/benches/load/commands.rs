//! The command path through gRPC, beside the bare append, single-row INSERT commits, and a tonic echo.

use std::sync::Arc;

use kernel::{AgencyId, PersonId, StreamId};
use platform::log::{Append, Log, NewEvent, RequestKey};
use platform::peer::Peer;
use proto::referrals as pb;
use proto::referrals::referrals_service_client::ReferralsServiceClient;
use proto::types::LifeDomain;
use sqlx::{Connection, Executor, PgConnection, SqliteConnection};
use tests::{Alone, OnStore, Postgres};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use uuid::Uuid;

use crate::measure::{AsyncLoop, cost, middle, rate, rate_and_cost, rate_once};

const AGENCY: AgencyId = AgencyId::of(1);
const CLIENTS: [usize; 4] = [1, 16, 64, 256];

/// Commits rows one by one, on a connection of its own.
pub struct Raw(pub PgConnection);

impl AsyncLoop for Raw {
    async fn once(&mut self) {
        let row = sqlx::query("INSERT INTO raw (id, body) VALUES ($1, $2)")
            .bind(Uuid::now_v7())
            .bind(vec![7_u8; 400]);
        row.execute(&mut self.0).await.expect("a row");
    }
}

struct RawFile(Arc<tokio::sync::Mutex<SqliteConnection>>);

impl AsyncLoop for RawFile {
    async fn once(&mut self) {
        let row = sqlx::query("INSERT INTO raw (id, body) VALUES ($1, $2)")
            .bind(Uuid::now_v7())
            .bind(vec![7_u8; 400]);
        row.execute(&mut *self.0.lock().await).await.expect("a row");
    }
}

struct Echo(HealthClient<tonic::transport::Channel>);

impl AsyncLoop for Echo {
    async fn once(&mut self) {
        self.0.check(HealthCheckRequest { service: String::new() }).await.expect("an echo");
    }
}

struct Bare(Log);

impl AsyncLoop for Bare {
    async fn once(&mut self) {
        let (id, stream) = (Uuid::now_v7(), StreamId::new("bench", Uuid::now_v7()));
        let event = NewEvent {
            stream,
            version: 1,
            id,
            kind: "bench".into(),
            person: Some(PersonId::new(stream.id())),
            bytes: vec![7; 400].into(),
        };
        let request = RequestKey {
            scope: "bench".into(),
            id,
            digest: [0; 32],
            subject: stream.to_string(),
            subject_version: 1,
        };
        let append = Append {
            request: Some(request),
            expects: vec![(stream, 0)],
            events: vec![event],
            claims: vec![],
            cursor: None,
            agency: None,
            deadline: None,
        };
        self.0.append(append).await.expect("an append");
    }
}

struct Draft {
    client: ReferralsServiceClient<Peer>,
    offer: String,
    person: PersonId,
}

impl AsyncLoop for Draft {
    async fn once(&mut self) {
        let request = pb::DraftReferralRequest {
            request_id: Uuid::now_v7().to_string(),
            person_id: self.person.to_string(),
            offer_id: self.offer.clone(),
            life_domain: LifeDomain::Employment.into(),
            need: "an invented need of some length, as a worker would write it down".into(),
            no_goal_reason: "bench".into(),
            ..Default::default()
        };
        self.client.draft_referral(request).await.expect("a draft");
    }
}

/// Referrals alone, with nobody reading along: what follows a command is measured by others.
async fn referrals(on: OnStore) -> (Alone, String) {
    let service = Alone::start_unread("referrals", on, async |parts| referrals::service(&parts).await).await;
    let content = pb::ServiceOfferContent {
        name: "Bench".into(),
        practice: "ips".into(),
        life_domains: vec![LifeDomain::Employment.into()],
        receiver: pb::Receiver::Participation.into(),
        zone: "UTC".into(),
        ..Default::default()
    };
    let request = pb::PublishServiceOfferRequest {
        request_id: Uuid::now_v7().to_string(),
        content: Some(content),
        ..Default::default()
    };
    let mut client = ReferralsServiceClient::new(service.worker(AGENCY));
    let offer = client.publish_service_offer(request).await.expect("an offer").into_inner();
    (service, offer.written.expect("an offer").id)
}

/// Channels that clients share: as many connections as a fleet of that size would hold.
fn channels(service: &Alone, clients: usize) -> Vec<Peer> {
    (0..clients.min(16)).map(|_| service.worker(AGENCY)).collect()
}

/// What makes the clients that draft.
fn drafting(service: &Alone, offer: &str, clients: usize) -> impl AsyncFnMut(usize) -> Draft {
    let (channels, offer) = (channels(service, clients), offer.to_owned());
    async move |client| Draft {
        client: ReferralsServiceClient::new(channels[client % channels.len()].clone()),
        offer: offer.clone(),
        person: PersonId::of(1_000 + client as u128),
    }
}

/// Answers of a server that does nothing else.
struct Echoes {
    channels: Vec<tonic::transport::Channel>,
    serving: tokio::task::JoinHandle<Result<(), tonic::transport::Error>>,
}

impl Echoes {
    async fn start(clients: usize) -> Self {
        let (_, health) = tonic_health::server::health_reporter();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("an address");
        let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
        let server = tonic::transport::Server::builder().add_service(health).serve_with_incoming(incoming);
        let serving = tokio::spawn(server);
        let mut channels = vec![];
        for _ in 0..clients.min(16) {
            let endpoint =
                tonic::transport::Endpoint::from_shared(format!("http://{at}")).expect("an address");
            channels.push(endpoint.tcp_nodelay(true).connect().await.expect("a connection"));
        }
        Self { channels, serving }
    }

    fn client(&self, number: usize) -> Echo {
        Echo(HealthClient::new(self.channels[number % self.channels.len()].clone()))
    }
}

impl Drop for Echoes {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn echoes(clients: usize) -> f64 {
    let echoes = Echoes::start(clients).await;
    rate(clients, async |client| echoes.client(client)).await
}

/// What an answer and an append cost the processors, each bare.
pub async fn bare(clients: usize) -> (f64, f64) {
    let echoes = Echoes::start(clients).await;
    let echo = cost(clients, async |client| echoes.client(client)).await;
    let (service, _) = referrals(OnStore::Postgres).await;
    let append = cost(clients, async |_| Bare(service.service.log().clone())).await;
    service.stop().await;
    (echo, append)
}

/// (a) The command path on PostgreSQL.
pub async fn postgres() {
    let url = Postgres::shared().await.url().await;
    let mut setup = PgConnection::connect(&url).await.expect("a connection");
    setup.execute("CREATE TABLE raw (id uuid PRIMARY KEY, body bytea NOT NULL)").await.expect("a table");
    println!("\n(a) command path on PostgreSQL, operations a second (fsync on)");
    println!("clients   raw INSERT   tonic echo   bare append   command   of 1/(1/echo+1/append)");
    for clients in CLIENTS {
        let raw =
            rate(clients.min(90), async |_| Raw(PgConnection::connect(&url).await.expect("a connection")))
                .await;
        let echo = echoes(clients).await;
        let (service, offer) = referrals(OnStore::Postgres).await;
        let append = rate(clients, async |_| Bare(service.service.log().clone())).await;
        let command = rate(clients, drafting(&service, &offer, clients)).await;
        let bound = 1.0 / (1.0 / echo + 1.0 / append);
        println!(
            "{clients:>7}   {raw:>10.0}   {echo:>10.0}   {append:>11.0}   {command:>7.0}   {:>6.2}",
            command / bound
        );
        service.stop().await;
    }
}

/// The command path on SQLite, at 64 clients.
pub async fn sqlite() {
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("raw.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(&file)
        .create_if_missing(true)
        .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
        .synchronous(sqlx::sqlite::SqliteSynchronous::Full);
    let mut raw = SqliteConnection::connect_with(&options).await.expect("a file");
    raw.execute("CREATE TABLE raw (id blob PRIMARY KEY, body blob NOT NULL)").await.expect("a table");
    let raw = Arc::new(tokio::sync::Mutex::new(raw));
    let (service, offer) = referrals(OnStore::Sqlite).await;
    let (mut singles, mut commands, mut times) = (vec![], vec![], vec![]);
    let mut spent = vec![];
    for _ in 0..3 {
        // By turns: a machine that others use too is not the same a minute later.
        let single = rate_once(1, async |_| RawFile(raw.clone())).await;
        let (command, used) = rate_and_cost(64, drafting(&service, &offer, 64)).await;
        singles.push(single);
        commands.push(command);
        times.push(command / single);
        spent.push(used);
    }
    println!(
        "\nembedded: single-row commits (FULL) {:.0}, command path at 64 clients {:.0}, {:.0} us of the processors each: {:.1} times, by turns",
        middle(singles),
        middle(commands),
        middle(spent),
        middle(times)
    );
    service.stop().await;
}
