//! The gRPC face of a process: one listener, its limits, and its end.
//! Invariant: whatever happens to a call, it is answered with one status that carries `google.rpc.ErrorInfo`, and counted once.
//!
//! Written on hyper and not on tonic's own server, which answers a passed deadline with CANCELLED, counts no connections and has no
//! way to end an open stream when it drains. A call goes through [`accept`] (connections) and [`edge`] (who, whether, how long) to the
//! service's routes, and comes back through [`reply`].

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kernel::Role;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use crate::admin::Readiness;
use crate::auth::Auth;
use crate::drain::Drain;
use crate::metrics::Metrics;

mod accept;
mod cork;
mod deadline;
mod edge;
mod methods;
mod reply;
mod whole;

use edge::Edge;

/// How much a server takes at once, and for how long.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Open connections. One too many is told so on each call and closed; of twice as many it is closed unheard.
    pub connections: usize,
    /// Calls that a client may have open on one connection; a well-behaved one waits.
    pub streams_per_connection: u32,
    /// Calls being answered in the whole process; one too many is told to come back.
    pub calls: usize,
    /// How long a handler may take until it begins its reply, whatever the caller would wait.
    pub handling: Duration,
    /// How long a new connection may stay silent.
    pub first_byte: Duration,
    /// How often a silent connection is asked whether it lives.
    pub keepalive_every: Duration,
    /// How long it may take to say so.
    pub keepalive_within: Duration,
    /// After about this long, give or take a tenth, a connection is asked to go: clients spread over replicas anew.
    pub connection_age: Duration,
    /// How long an aged connection's calls may still take.
    pub connection_grace: Duration,
    /// Bytes of metadata in one request.
    pub header_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            streams_per_connection: 1_024,
            calls: 4_096,
            handling: Duration::from_secs(30),
            first_byte: Duration::from_secs(10),
            keepalive_every: Duration::from_secs(30),
            keepalive_within: Duration::from_secs(20),
            connection_age: Duration::from_secs(1_800),
            connection_grace: Duration::from_secs(60),
            header_bytes: 16 * 1024,
        }
    }
}

/// The largest message that a caller may send, in bytes. tonic's own default, kept by every generated service; tested.
pub const MAX_MESSAGE_BYTES: usize = 4 * 1024 * 1024;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address is taken, or not ours.
    #[error("cannot listen on {0}")]
    Bind(SocketAddr, #[source] std::io::Error),
    /// Anybody could be anyone.
    #[error(
        "{0} is reachable from other machines and there is no authentication: listen on 127.0.0.1, or give --auth-jwks, --auth-issuer and --auth-audience"
    )]
    OpenToAll(SocketAddr),
}

/// A server to be.
pub struct Server {
    routes: Routes,
    names: Vec<&'static str>,
    roles: HashMap<String, &'static [Role]>,
    auth: Auth,
    limits: Limits,
    metrics: Metrics,
    readiness: Readiness,
}

impl Server {
    /// A server with health and reflection alone. It is healthy while `readiness` is.
    pub fn new(auth: Auth, metrics: Metrics, readiness: Readiness) -> Self {
        Self {
            routes: Routes::default(),
            names: Vec::new(),
            roles: HashMap::new(),
            auth,
            limits: Limits::default(),
            metrics,
            readiness,
        }
    }

    /// Adds a service.
    pub fn service<S>(mut self, service: S) -> Self
    where
        S: tower::Service<http::Request<Body>, Response = http::Response<Body>, Error = Infallible>,
        S: NamedService + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.routes = self.routes.add_service(service);
        self
    }

    /// Lets only these roles call a method, given by its full path, and judges that before anything of the body is read.
    /// Once one method of a service is listed, a method of it that is not listed is refused to all.
    pub fn allow(mut self, path: impl Into<String>, roles: &'static [Role]) -> Self {
        self.roles.insert(path.into(), roles);
        self
    }

    /// Other limits than the usual.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Takes the address. Port 0 is any free one.
    ///
    /// # Errors
    /// [`ServeError`]: the address cannot be had, or it is beyond loopback and nothing tells who calls.
    pub async fn bind(self, at: SocketAddr) -> Result<Bound, ServeError> {
        if matches!(self.auth, Auth::Plain) && !at.ip().is_loopback() {
            return Err(ServeError::OpenToAll(at));
        }
        let bind = |source| ServeError::Bind(at, source);
        let listener = TcpListener::bind(at).await.map_err(bind)?;
        let at = listener.local_addr().map_err(bind)?;

        let (health, health_service) = tonic_health::server::health_reporter();
        let mut reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health")
            .with_service_name("grpc.reflection.v1.ServerReflection");
        for name in methods::described(&self.names) {
            reflection = reflection.with_service_name(name);
        }
        let mut routes = self.routes.add_service(health_service);
        match reflection.build_v1() {
            Ok(service) => routes = routes.add_service(service),
            // The descriptors are compiled in, so this is a fault of the build; the server works without.
            Err(err) => tracing::error!(error.chain = crate::error::chain(&err), "no reflection"),
        }
        let edge = Edge::new(routes, self.auth, self.roles, self.limits.clone(), self.metrics.clone(), at);
        Ok(Bound {
            listener,
            at,
            edge: Arc::new(edge),
            limits: self.limits,
            metrics: self.metrics,
            names: self.names,
            health,
            readiness: self.readiness,
        })
    }
}

/// A server that has its address and serves nobody yet.
pub struct Bound {
    listener: TcpListener,
    at: SocketAddr,
    edge: Arc<Edge>,
    limits: Limits,
    metrics: Metrics,
    names: Vec<&'static str>,
    health: HealthReporter,
    readiness: Readiness,
}

/// How a server ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// Every call was finished.
    Whole,
    /// The drain's deadline passed; so many connections were cut.
    Cut(usize),
}

impl Bound {
    /// Where it listens.
    pub fn at(&self) -> SocketAddr {
        self.at
    }

    /// Serves until the drain: then it is not healthy, takes no new connection, asks open ones to go (GOAWAY), ends streams that only wait for
    /// more (UNAVAILABLE, reason SHUTTING_DOWN), and lets the rest finish within the drain's deadline.
    pub async fn serve(self, drain: Drain) -> Served {
        let telling = tokio::spawn(tell_health(self.health, self.names, self.readiness, drain.clone()));
        let served = accept::until_drained(self.listener, self.edge, self.limits, self.metrics, drain).await;
        telling.abort();
        served
    }
}

/// Keeps the health service at what readiness says; once the drain begins it serves no more.
async fn tell_health(health: HealthReporter, names: Vec<&'static str>, readiness: Readiness, drain: Drain) {
    let mut changes = readiness.changes();
    loop {
        let ready = *changes.borrow_and_update() && !drain.has_begun();
        let status = if ready { ServingStatus::Serving } else { ServingStatus::NotServing };
        for name in std::iter::once("").chain(names.iter().copied()) {
            health.set_service_status(name, status).await;
        }
        if drain.has_begun() {
            return;
        }
        tokio::select! {
            // The sender lives in `readiness`.
            _ = changes.changed() => {}
            () = drain.begun() => {}
        }
    }
}

/// Until when the caller waits, or we let it: what a handler passes on to what it waits for.
pub fn deadline<T>(request: &tonic::Request<T>) -> Option<Instant> {
    request.extensions().get::<deadline::Deadline>().map(|deadline| deadline.0)
}

#[cfg(test)]
pub(crate) mod tests;
