//! What every call passes before a service sees it: is there room, until when, who calls, and may that role.
//! Invariant: a call is refused here before anything of its body is read.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use kernel::{Caller, Role};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::Service;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use super::Limits;
use super::deadline::{Deadline, asked};
use super::methods;
use super::reply::{Call, Reply, panicked, reply};
use crate::auth::{Auth, require_role};
use crate::metrics::Metrics;
use crate::{error, telemetry};

/// When to come back to a server that has no room.
const COME_BACK: Duration = Duration::from_millis(250);

/// The connection that a call came on.
#[derive(Clone)]
pub(super) struct Line {
    /// It was one too many: nothing on it is served.
    pub crowded: bool,
    /// Cancelled when the connection is to go.
    pub going: CancellationToken,
}

/// The services of a process and what stands before them.
pub(super) struct Edge {
    routes: Routes,
    auth: Auth,
    roles: HashMap<String, &'static [Role]>,
    /// Services of which at least one method is in `roles`.
    guarded: HashSet<String>,
    limits: Limits,
    metrics: Metrics,
    room: Arc<Semaphore>,
    /// Where the server listens, as spans tell it; every address of a machine is no address.
    address: Option<String>,
    port: u16,
}

impl Edge {
    pub fn new(
        routes: Routes,
        auth: Auth,
        roles: HashMap<String, &'static [Role]>,
        limits: Limits,
        metrics: Metrics,
        at: SocketAddr,
    ) -> Self {
        let guarded = roles.keys().map(|path| service_of(path).to_owned()).collect();
        let room = Arc::new(Semaphore::new(limits.calls.min(Semaphore::MAX_PERMITS)));
        let address = (!at.ip().is_unspecified()).then(|| at.ip().to_string());
        Self {
            routes: routes.prepare(),
            auth,
            roles,
            guarded,
            limits,
            metrics,
            room,
            address,
            port: at.port(),
        }
    }

    /// Answers one call, whatever it takes.
    pub async fn answer(&self, line: Line, request: Request<Incoming>) -> Response<Reply> {
        let method = methods::label(request.uri().path());
        let span = self.span(method);
        telemetry::continue_from(&span, request.headers());
        let (share, room) = match self.room_for(&line, request.uri().path()) {
            Ok(share) => (share, Ok(())),
            Err(status) => (None, Err(status)),
        };
        let call = Call::new(method, span.clone(), self.metrics.clone(), share);
        let wait = asked(request.headers());
        // Only the caller's own deadline ends an open stream; ours is for the time until the reply begins.
        let patience =
            wait.as_ref().ok().copied().flatten().and_then(|wait| Instant::now().checked_add(wait));
        let answer = match (is_grpc(&request), room, wait) {
            (false, _, _) => Ok(not_grpc()),
            (true, Err(status), _) | (true, Ok(()), Err(status)) => Err(status),
            (true, Ok(()), Ok(_)) => self.handle(request, patience, &span).await,
        };
        reply(answer, call, patience, line.going)
    }

    /// The span of a call, by OpenTelemetry's conventions for gRPC servers. How it ends is written by [`Call`].
    fn span(&self, method: &'static str) -> Span {
        // They would have a path that somebody made up written down; it may say anything of anybody, and is not.
        let (name, method) = method.strip_prefix('/').map_or(("grpc", "_OTHER"), |method| (method, method));
        tracing::info_span!(
            "rpc",
            otel.name = name,
            otel.kind = "server",
            rpc.system.name = "grpc",
            rpc.method = method,
            server.address = self.address.as_deref(),
            server.port = self.port,
            rpc.response.status_code = Empty,
            error.type = Empty,
            otel.status_code = Empty,
        )
    }

    async fn handle(
        &self,
        mut request: Request<Incoming>,
        patience: Option<Instant>,
        span: &Span,
    ) -> Result<Response<Body>, Status> {
        let ours = Instant::now() + self.limits.handling;
        let deadline = patience.map_or(ours, |patience| patience.min(ours));
        let path = request.uri().path();
        if !open_to_all(path) {
            let known = tokio::time::timeout_at(deadline, self.auth.identify(request.headers())).await;
            let caller = known.map_err(|_| error::deadline_exceeded())??;
            self.may_call(&caller, path)?;
            request.extensions_mut().insert(caller);
        }
        request.extensions_mut().insert(Deadline(deadline));
        let mut routes = self.routes.clone();
        let traceparent = telemetry::traceparent_of(request.headers());
        let handled = async move { routes.call(request).await };
        let handled = telemetry::called_with(traceparent, handled).instrument(span.clone());
        match tokio::time::timeout_at(deadline, AssertUnwindSafe(handled).catch_unwind()).await {
            Ok(Ok(Ok(answer))) => Ok(answer),
            Ok(Ok(Err(never))) => match never {},
            Ok(Err(_panic)) => Err(panicked()),
            Err(_elapsed) => Err(error::deadline_exceeded()),
        }
    }

    fn room_for(&self, line: &Line, path: &str) -> Result<Option<OwnedSemaphorePermit>, Status> {
        // A probe has to learn that a full server lives.
        if path.starts_with("/grpc.health.v1.Health/Check") {
            return Ok(None);
        }
        if line.crowded {
            return Err(error::overloaded(COME_BACK));
        }
        self.room.clone().try_acquire_owned().map(Some).map_err(|_| error::overloaded(COME_BACK))
    }

    fn may_call(&self, caller: &Caller, path: &str) -> Result<(), Status> {
        match self.roles.get(path) {
            Some(roles) => require_role(caller, roles),
            None if self.guarded.contains(service_of(path)) => {
                Err(error::status(Code::Unimplemented, "NO_SUCH_METHOD", "no role may call this method here"))
            }
            None => Ok(()),
        }
    }
}

/// Health and the description of the API tell nothing about anybody.
fn open_to_all(path: &str) -> bool {
    path.starts_with("/grpc.health.v1.Health/") || path.starts_with("/grpc.reflection.")
}

fn service_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(service, _)| service)
}

fn is_grpc(request: &Request<Incoming>) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE);
    request.method() == Method::POST
        && kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// gRPC over HTTP/2 asks for 415 and no gRPC status at all: who sent this would not read one.
fn not_grpc() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}
