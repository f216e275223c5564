//! A process: the services named, put together over one store, served on one address.
//! Invariant: whatever was started here is stopped by one drain, and waited for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use dashboard::{Dashboard, Upstream};
use platform::admin::{self, Readiness};
use platform::bus::Bus;
use platform::clock::Clock;
use platform::command::Gate;
use platform::config::{Needs, Settings};
use platform::drain::Drain;
use platform::feed::{FeedClient, FeedServer};
use platform::keys::RemoteKeys;
use platform::keys::{KeySource, Keys};
use platform::metrics::Metrics;
use platform::operations::Operations;
use platform::peer::connect;
use platform::records::RecordsFace;
use platform::relay;
use platform::server::{Served, Server};
use platform::service::{Given, Parts, Service};
use platform::source::{self, Source};
use platform::store::{Store, StoreUrl};
use proto::log::operations_service_server::OperationsServiceServer;
use proto::log::records_service_server::RecordsServiceServer;
use registry::keystore::KeyStore;

/// Every service, in the order in which they are put together.
pub const SERVICES: [&str; 7] = [
    registry::NAME,
    referrals::NAME,
    vocational::NAME,
    housing::NAME,
    therapy::NAME,
    coordination::NAME,
    timeline::NAME,
];

/// Everything that can be served: the services, and the pages over them.
pub fn all() -> Vec<&'static str> {
    SERVICES.into_iter().chain([dashboard::NAME]).collect()
}

/// The logs that a service reads beside its own; of the dashboard, the services without which it has no page.
fn reads(service: &str) -> &'static [&'static str] {
    match service {
        "registry" => &["referrals"],
        "referrals" => &["registry", "vocational", "housing", "therapy"],
        "vocational" | "housing" | "therapy" => &["registry", "referrals"],
        coordination::NAME => &["registry", "referrals", "vocational", "housing", "therapy"],
        dashboard::NAME => &["registry", "timeline"],
        _ => &["registry", "referrals", "vocational", "housing", "therapy", "coordination"],
    }
}

/// What the services named need from elsewhere.
pub fn peers_of(services: &[&str]) -> Vec<&'static str> {
    let mut peers: Vec<&'static str> = services.iter().flat_map(|service| reads(service)).copied().collect();
    peers.sort_unstable();
    peers.dedup();
    peers.retain(|peer| !services.contains(peer));
    peers
}

/// The settings' needs of these services.
pub fn needs<'a>(services: &[&str], peers: &'a [&'a str]) -> Needs<'a> {
    // Pages ask as whoever looks at them, and keep nothing.
    let storeless = services.iter().all(|service| *service == dashboard::NAME);
    let calls = !storeless && !peers.is_empty();
    Needs { peers, registry: services.contains(&registry::NAME), calls, storeless }
}

/// A process that serves.
pub struct Node {
    /// Where gRPC is served.
    pub grpc: SocketAddr,
    /// Where pages are served; none where the dashboard is not.
    pub http: Option<SocketAddr>,
    /// Where livez, readyz and metrics are served.
    pub admin: SocketAddr,
    /// Its services.
    pub services: Arc<[Service]>,
    serving: tokio::task::JoinHandle<Served>,
    others: Vec<tokio::task::JoinHandle<()>>,
    relays: Vec<relay::Running>,
    drain: Drain,
}

impl Node {
    /// Puts the services together and serves them.
    ///
    /// # Errors
    /// Anything of it that does not start, with what to do about it.
    pub async fn start(
        names: &[&'static str],
        settings: &Settings,
        clock: Clock,
        drain: Drain,
    ) -> anyhow::Result<Self> {
        Self::start_behind(names, settings, clock, drain, Gate::open()).await
    }

    /// The same, with commands behind a gate.
    ///
    /// # Errors
    /// As [`Node::start`].
    pub async fn start_behind(
        names: &[&'static str],
        settings: &Settings,
        clock: Clock,
        drain: Drain,
        gate: Gate,
    ) -> anyhow::Result<Self> {
        let pages = names.contains(&dashboard::NAME);
        let names: Vec<&'static str> =
            names.iter().copied().filter(|name| *name != dashboard::NAME).collect();
        let names = names.as_slice();
        let first = names.first().copied().unwrap_or(dashboard::NAME);
        let metrics = Metrics::new();
        let readiness = Readiness::new();
        let mut stores = BTreeMap::new();
        for name in names {
            let url = settings.store.as_ref().context("no store; give --store")?;
            let store = Store::open(url, name, clock.clone()).await;
            stores.insert(*name, store.with_context(|| format!("cannot open the store of {name}"))?);
        }
        let mut sources = BTreeMap::new();
        for (name, store) in &stores {
            sources.insert((*name).to_owned(), Source::local(*name, store.log().clone()));
        }
        for peer in peers_of(names) {
            let channel = settings
                .peer(peer, first)?
                .with_context(|| format!("no address of {peer}; give --peer {peer}=http://…"))?;
            sources.insert(peer.to_owned(), Source::remote(FeedClient::new(peer, channel)));
        }
        let mut relays = Vec::new();
        if let Some(nats) = &settings.nats {
            let bus = Bus::connect(nats.clone()).await.context("cannot use --nats")?;
            for (name, store) in &stores {
                if let Some(StoreUrl::Postgres(_)) = settings.store {
                    source::listen(store.log().clone(), bus.streams(name), drain.token());
                }
                relays.push(relay::start(relay::Setup {
                    bus: bus.clone(),
                    store: store.clone(),
                    clock: clock.clone(),
                    metrics: metrics.clone(),
                    stop: drain.token(),
                }));
            }
            for (name, source) in &mut sources {
                if !stores.contains_key(name.as_str()) {
                    *source = source.clone().with_tail(bus.tail(name));
                }
            }
        }
        let keystore = match stores.get(registry::NAME) {
            Some(store) => Some(open_keys(settings, store).await?),
            None => None,
        };
        let keys: Arc<dyn KeySource> = match &keystore {
            Some(keystore) => Arc::new(keystore.clone()),
            None => {
                let channel = settings
                    .peer(registry::NAME, first)?
                    .context("no address of registry; give --peer registry=http://…")?;
                Arc::new(RemoteKeys::new(channel))
            }
        };
        let keys = Keys::new(keys, clock.clone());
        if let Some(log) = sources.get(registry::NAME) {
            // It ends with the drain, and nothing waits for it.
            let _watching = platform::keys::forget_erased(keys.clone(), log.clone(), drain.token());
        }

        let mut services = Vec::new();
        for name in names {
            let given = Given {
                name,
                store: stores[name].clone(),
                keys: keys.clone(),
                secret: settings.secret(name)?,
                clock: clock.clone(),
                metrics: metrics.clone(),
                sources: sources.clone(),
                build: env!("CARGO_PKG_VERSION").to_owned(),
                stop: drain.token(),
            };
            let parts = Parts::behind(given, gate.clone());
            let assembled = assemble(name, &parts, keystore.as_ref()).await;
            services.push(assembled.with_context(|| format!("cannot start {name}"))?);
        }
        let services: Arc<[Service]> = services.into();

        let auth = settings.auth().await?;
        let mut server = Server::new(auth.clone(), metrics.clone(), readiness.clone());
        for service in services.iter() {
            server = service.add_to(server);
        }
        let logs = stores.values().map(|store| store.log().clone());
        server = server
            .service(FeedServer::new(logs, drain.token()).into_service())
            .service(OperationsServiceServer::new(Operations::new(services.clone())))
            .service(RecordsServiceServer::new(RecordsFace::new(services.clone())));
        let bound = server.bind(settings.grpc_listen).await?;
        let grpc = bound.at();
        let (admin, admin_serving) =
            admin::bind(settings.admin_listen, readiness.clone(), metrics, drain.clone())
                .await
                .with_context(|| format!("cannot listen on {}", settings.admin_listen))?;
        let mut others = vec![tokio::spawn(admin_serving)];
        let mut http = None;
        if pages {
            let upstream = upstream(names, settings, grpc)?;
            let parts = Dashboard { auth, upstream, clock, drain: drain.clone() };
            let (at, serving) = dashboard::bind(settings.http_listen, parts)
                .await
                .with_context(|| format!("cannot listen on {}", settings.http_listen))?;
            http = Some(at);
            others.push(tokio::spawn(serving));
        }
        let serving = tokio::spawn(bound.serve(drain.clone()));
        readiness.check("started").ready();
        Ok(Self { grpc, http, admin, services, serving, others, relays, drain })
    }

    /// Serves until the drain, and finishes what runs. Gives whether every call was finished.
    pub async fn ended(self) -> bool {
        let served = self.serving.await;
        let finish = async {
            for relay in &self.relays {
                relay.ended().await;
            }
            for service in self.services.iter() {
                service.ended().await;
            }
        };
        let in_time = tokio::time::timeout(self.drain.within(), finish).await.is_ok();
        for other in self.others {
            other.abort();
        }
        matches!(served, Ok(Served::Whole)) && in_time
    }
}

/// Where the pages ask: this process, or the peers where it serves nothing else.
fn upstream(services: &[&'static str], settings: &Settings, grpc: SocketAddr) -> anyhow::Result<Upstream> {
    if services.is_empty() {
        let peer = |name: &String| Ok(settings.peer(name, dashboard::NAME)?.map(|peer| (name.clone(), peer)));
        let peers: anyhow::Result<Vec<_>> = settings.peers.keys().map(peer).collect();
        return Ok(Upstream::apart(peers?.into_iter().flatten()));
    }
    let near =
        if grpc.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], grpc.port())) } else { grpc };
    let process = connect(&near.to_string(), settings.identity(dashboard::NAME))?;
    Ok(Upstream::together(services.iter().copied(), &process))
}

async fn open_keys(settings: &Settings, store: &Store) -> anyhow::Result<KeyStore> {
    let ledger = settings.erasure_ledger.as_ref().context("no erasure ledger; give --erasure-ledger FILE")?;
    KeyStore::open(store.vault("keys").await?, &settings.kek()?, ledger)
        .await
        .context("cannot open the keys of people")
}

async fn assemble(name: &str, parts: &Parts, keystore: Option<&KeyStore>) -> anyhow::Result<Service> {
    Ok(match (name, keystore) {
        (registry::NAME, Some(keystore)) => registry::service(parts, keystore.clone()).await?,
        (referrals::NAME, _) => referrals::service(parts).await?,
        (vocational::NAME, _) => vocational::service(parts).await?,
        (housing::NAME, _) => housing::service(parts).await?,
        (therapy::NAME, _) => therapy::service(parts).await?,
        (coordination::NAME, _) => coordination::service(parts).await?,
        (timeline::NAME, _) => timeline::service(parts).await?,
        (other, _) => anyhow::bail!("there is no service {other}; there are: {}", SERVICES.join(", ")),
    })
}
