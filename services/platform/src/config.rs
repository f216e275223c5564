//! Settings by flag or by `THROUGHLINE_...`, parsed once into types before anything is bound.
//! Invariant: everything that is wrong is told at once, each with the flag and the remedy, and no secret is ever shown.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::auth::{Auth, Jwks, JwksError, JwksSettings};
use crate::bus::BusSettings;
use crate::peer::{self, ConnectError, Identity, Peer};
use crate::roots::Roots;
use crate::seal::{Secret, SecretError};
use crate::store::StoreUrl;
use crate::wire::REQUESTS_LOOK_BACK_DAYS;

mod reading;

use reading::Reading;

/// What may be said on the command line, as it was said. Each flag has a variable: `--grpc-listen` is `THROUGHLINE_GRPC_LISTEN`; a flag wins.
#[derive(clap::Args, Clone, Debug, Default)]
#[command(next_help_heading = "Settings (each also by THROUGHLINE_..., as THROUGHLINE_GRPC_LISTEN)")]
pub struct Flags {
    /// Where logs and views are kept: sqlite:DIRECTORY or postgres://USER@HOST/DATABASE
    #[arg(long, value_name = "URL")]
    pub store: Option<String>,
    /// NATS server with JetStream; without it readers follow the feeds alone
    #[arg(long, value_name = "nats://HOST:PORT")]
    pub nats: Option<String>,
    /// Certificates (PEM) of the authorities by which NATS is believed in place of the system's; it then has to speak TLS
    #[arg(long, value_name = "FILE")]
    pub nats_ca: Option<PathBuf>,
    /// How long NATS keeps events, as 36h or 90m; what is older is read from the feeds [default: 7d]
    #[arg(long, value_name = "TIME")]
    pub nats_retention: Option<String>,
    /// On how many servers of a NATS cluster events are kept [default: 1]
    #[arg(long, value_name = "SERVERS")]
    pub nats_replicas: Option<String>,
    /// Where gRPC is served [default: 127.0.0.1:50051]
    #[arg(long, value_name = "ADDRESS")]
    pub grpc_listen: Option<String>,
    /// Where pages and JSON are served [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS")]
    pub http_listen: Option<String>,
    /// Where livez, readyz and metrics are served [default: 127.0.0.1:9464]
    #[arg(long, value_name = "ADDRESS")]
    pub admin_listen: Option<String>,
    /// A service that runs elsewhere; repeat it for each (in the variable: separated by commas)
    #[arg(long = "peer", value_name = "NAME=http://HOST:PORT")]
    pub peers: Vec<String>,
    /// Certificates (PEM) of authorities by which https peers are believed beside the system's
    #[arg(long, value_name = "FILE")]
    pub peer_ca: Option<PathBuf>,
    /// Public keys of bearer tokens: a JWKS file or URL
    #[arg(long, value_name = "FILE|URL")]
    pub auth_jwks: Option<String>,
    /// Certificates (PEM) of the authorities by which the server of that URL is believed in place of the system's
    #[arg(long, value_name = "FILE")]
    pub auth_jwks_ca: Option<PathBuf>,
    /// The issuer (iss) that tokens must be from
    #[arg(long, value_name = "ISSUER")]
    pub auth_issuer: Option<String>,
    /// The audience (aud) that tokens must be for
    #[arg(long, value_name = "AUDIENCE")]
    pub auth_audience: Option<String>,
    /// Bearer token with which this process's services call others; read again as it is renewed
    #[arg(long, value_name = "FILE")]
    pub service_token_file: Option<PathBuf>,
    /// 32 random bytes in base64, from which hash and token keys derive (openssl rand -base64 32)
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// 32 random bytes in base64 that wrap the keys of people; for the registry
    #[arg(long, value_name = "FILE")]
    pub kek_file: Option<PathBuf>,
    /// Where the registry writes down who was erased; keep it out of the database's backup
    #[arg(long, value_name = "FILE")]
    pub erasure_ledger: Option<PathBuf>,
    /// How long what runs may take to finish after SIGTERM [default: 25]
    #[arg(long, value_name = "SECONDS")]
    pub drain_seconds: Option<String>,
    /// How many days ago a request may say that it happened; what is older is for Record commands [default: 14]
    #[arg(long, value_name = "DAYS")]
    pub requests_look_back_days: Option<String>,
}

/// The variables of this process's environment that are settings.
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars().filter(|(name, _)| name.starts_with("THROUGHLINE_")).collect()
}

/// What the services of a process need beyond what every one needs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs<'a> {
    /// Services in other processes whose logs or keys they read.
    pub peers: &'a [&'a str],
    /// Whether the registry is among them: it keeps the keys of people.
    pub registry: bool,
    /// Whether they call any service over gRPC, in this process or another, in their own name.
    pub calls: bool,
    /// Whether none of them keeps anything: pages alone.
    pub storeless: bool,
}

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Complaints(pub Vec<String>);

impl fmt::Display for Complaints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings do not fit together:")?;
        self.0.iter().try_for_each(|complaint| write!(f, "\n  - {complaint}"))
    }
}

/// How callers are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthSettings {
    /// By what they say; on loopback alone.
    Plain,
    /// By bearer tokens.
    Jwks(JwksSettings),
}

/// The settings of a process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where logs and views are kept; none where nothing is.
    pub store: Option<StoreUrl>,
    /// The NATS server and how streams are kept there, if there is one.
    pub nats: Option<BusSettings>,
    /// Where gRPC is served.
    pub grpc_listen: SocketAddr,
    /// Where pages and JSON are served.
    pub http_listen: SocketAddr,
    /// Where livez, readyz and metrics are served.
    pub admin_listen: SocketAddr,
    /// Address of each service that runs elsewhere, by name.
    pub peers: BTreeMap<String, String>,
    /// By which authorities those of https are believed beside the system's.
    pub peer_roots: Roots,
    /// How callers are told apart.
    pub auth: AuthSettings,
    /// The token with which this process's services call others.
    pub service_token_file: Option<PathBuf>,
    /// The one secret, where it was given; else each service keeps its own in the store's directory.
    pub secret_file: Option<PathBuf>,
    /// The key-encryption key, where it was given; else it is kept in the store's directory.
    pub kek_file: Option<PathBuf>,
    /// Where the registry writes down who was erased; none where there is no registry.
    pub erasure_ledger: Option<PathBuf>,
    /// How long what runs may take to finish after SIGTERM.
    pub drain: Duration,
    /// How many days ago a request may say that it happened.
    pub requests_look_back_days: u16,
}

impl Settings {
    /// Makes settings of what was said.
    ///
    /// # Errors
    /// [`Complaints`]: all of them.
    pub fn settle(
        flags: &Flags,
        env: &BTreeMap<String, String>,
        needs: Needs<'_>,
    ) -> Result<Self, Complaints> {
        let mut read = Reading::of(env);
        let store = read.store(flags.store.as_deref(), needs.storeless);
        let nats = read.nats(flags);
        let loopback = [127, 0, 0, 1];
        let grpc_listen = read.listen(flags.grpc_listen.as_deref(), "grpc-listen", (loopback, 50_051));
        let http_listen = read.listen(flags.http_listen.as_deref(), "http-listen", (loopback, 8_080));
        let admin_listen = read.listen(flags.admin_listen.as_deref(), "admin-listen", (loopback, 9_464));
        let auth = read.auth(flags);
        for (flag, at) in [("grpc-listen", grpc_listen), ("http-listen", http_listen)] {
            if auth == AuthSettings::Plain && !at.ip().is_loopback() {
                read.complain(
                    flag,
                    format!("is {at}, which other machines reach, and there is no authentication: anybody could be anyone; listen on 127.0.0.1, or give --auth-jwks, --auth-issuer and --auth-audience"),
                );
            }
        }
        let peers = read.peers(&flags.peers, needs.peers);
        let peer_roots = read.roots(flags.peer_ca.as_deref(), "peer-ca");
        let service_token_file = read.path(flags.service_token_file.as_deref(), "service-token-file");
        if auth != AuthSettings::Plain && needs.calls && service_token_file.is_none() {
            read.complain(
                "service-token-file",
                "is missing; with authentication services call each other with a token of actor kind service",
            );
        }
        if let Some(path) = service_token_file.as_ref().filter(|path| !path.is_file()) {
            read.complain("service-token-file", format!("names {}, which is not a file", path.display()));
        }
        let secret_file = read.secret_file(flags.secret_file.as_deref(), "secret-file");
        let kek_file = read.secret_file(flags.kek_file.as_deref(), "kek-file");
        let mut erasure_ledger = read.path(flags.erasure_ledger.as_deref(), "erasure-ledger");
        match &store {
            Some(StoreUrl::Postgres(_)) if !needs.storeless => {
                let apart = "is missing; with PostgreSQL it is kept apart from the database";
                if secret_file.is_none() {
                    read.complain("secret-file", apart);
                }
                if needs.registry && kek_file.is_none() {
                    read.complain("kek-file", apart);
                }
                if needs.registry && erasure_ledger.is_none() {
                    read.complain("erasure-ledger", apart);
                }
            }
            Some(StoreUrl::Sqlite(folder)) if needs.registry && erasure_ledger.is_none() => {
                erasure_ledger = Some(folder.join("erasures"));
            }
            Some(StoreUrl::Postgres(_) | StoreUrl::Sqlite(_)) | None => {}
        }
        let look_back = flags.requests_look_back_days.as_deref();
        let usual = REQUESTS_LOOK_BACK_DAYS.into();
        let look_back = read.number(look_back, "requests-look-back-days", usual, "days", 0..=366);
        let drain = read.number(flags.drain_seconds.as_deref(), "drain-seconds", 25, "seconds", 0..=3_600);
        if !read.complaints.is_empty() {
            return Err(Complaints(read.complaints));
        }
        Ok(Self {
            store,
            nats,
            grpc_listen,
            http_listen,
            admin_listen,
            peers,
            peer_roots,
            auth,
            service_token_file,
            secret_file,
            kek_file,
            erasure_ledger,
            drain: Duration::from_secs(drain),
            requests_look_back_days: u16::try_from(look_back).unwrap_or(REQUESTS_LOOK_BACK_DAYS),
        })
    }

    /// Who this process's services are to others: by token where one is given, else by name.
    pub fn identity(&self, service: &str) -> Identity {
        match &self.service_token_file {
            Some(path) => Identity::token_file(path),
            None => Identity::service(service),
        }
    }

    /// A channel to the peer of that name, as the service `of`; none where it was not named.
    ///
    /// # Errors
    /// The peer's address is none, or no https server can be believed.
    pub fn peer(&self, name: &str, of: &str) -> Result<Option<Peer>, ConnectError> {
        let connect = |url: &String| peer::connect_believing(url, self.identity(of), &self.peer_roots);
        self.peers.get(name).map(connect).transpose()
    }

    /// The service's own secret: derived from the one that was given, else kept (and at first made) in the store's directory.
    ///
    /// # Errors
    /// The file cannot be read or made.
    pub fn secret(&self, service: &str) -> Result<Secret, SecretError> {
        match (&self.secret_file, &self.store) {
            (Some(path), _) => Ok(Secret::new(Secret::at(path)?.derive(&format!("secret of {service}")))),
            (None, Some(StoreUrl::Sqlite(folder))) => Secret::at(&folder.join(format!("{service}.secret"))),
            (None, Some(StoreUrl::Postgres(_)) | None) => Err(not_given("--secret-file")),
        }
    }

    /// The key that wraps the keys of people: the one given, else kept (and at first made) in the store's directory.
    ///
    /// # Errors
    /// The file cannot be read or made.
    pub fn kek(&self) -> Result<Secret, SecretError> {
        match (&self.kek_file, &self.store) {
            (Some(path), _) => Secret::at(path),
            (None, Some(StoreUrl::Sqlite(folder))) => Secret::at(&folder.join("registry.kek")),
            (None, Some(StoreUrl::Postgres(_)) | None) => Err(not_given("--kek-file")),
        }
    }

    /// What tells callers apart, ready to.
    ///
    /// # Errors
    /// The key set is not there or is none.
    pub async fn auth(&self) -> Result<Auth, JwksError> {
        match &self.auth {
            AuthSettings::Plain => Ok(Auth::Plain),
            AuthSettings::Jwks(settings) => Jwks::open(settings.clone()).await.map(Auth::Jwks),
        }
    }
}

/// Settled settings of a service that needs the file never come to this; those of one that does not may.
fn not_given(flag: &str) -> SecretError {
    let source = std::io::Error::new(std::io::ErrorKind::NotFound, format!("{flag} was not given"));
    SecretError::File { path: flag.into(), source }
}

#[cfg(test)]
mod tests;
