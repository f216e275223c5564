//! The client's side: a channel to a server of this system that says who calls, until when, and as part of which trace.
//! Invariant: whatever goes wrong on the way comes back as a status with `google.rpc.ErrorInfo`, as if a server had said it.

use std::error::Error;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use kernel::{Actor, AgencyId, Caller, Role};
use tonic::body::Body;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Status};
use tower::Service;

use crate::roots::{self, Roots};
use crate::{auth, error, telemetry};

/// How long making a connection may take.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How often a silent connection is asked whether it lives, and how long it may take to say so.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// How long a token that was read from its file is used before the file is looked at again.
const TOKEN_READ_EVERY: Duration = Duration::from_secs(10);

/// Who calls, as a client says it.
#[derive(Clone, Debug)]
pub enum Identity {
    /// Plain metadata, which a server on loopback takes where no authentication is configured.
    Plain(Caller),
    /// A bearer token.
    Bearer(BearerToken),
}

impl Identity {
    /// A service of this system, by plain metadata.
    pub fn service(name: &str) -> Self {
        let actor = Actor::Service(name.to_owned());
        Self::Plain(Caller { actor, role: Role::Service, agency: None, on_behalf_of: None })
    }

    /// Whoever the token names.
    pub fn token(token: impl Into<String>) -> Self {
        Self::Bearer(BearerToken(Arc::new(Token::Given(token.into()))))
    }

    /// Whoever the token in this file names; the file is read again as it is renewed.
    pub fn token_file(path: impl Into<PathBuf>) -> Self {
        Self::Bearer(BearerToken(Arc::new(Token::File { path: path.into(), read: Mutex::default() })))
    }
}

/// A bearer token, or the file that it is kept in.
#[derive(Clone)]
pub struct BearerToken(Arc<Token>);

enum Token {
    Given(String),
    File { path: PathBuf, read: Mutex<Option<(Instant, String)>> },
}

impl BearerToken {
    fn current(&self) -> Result<String, Status> {
        match &*self.0 {
            Token::Given(token) => Ok(token.clone()),
            Token::File { path, read } => {
                let mut read = read.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((at, token)) = &*read
                    && at.elapsed() < TOKEN_READ_EVERY
                {
                    return Ok(token.clone());
                }
                match (std::fs::read_to_string(path), &*read) {
                    (Ok(token), _) => {
                        let token = token.trim().to_owned();
                        *read = Some((Instant::now(), token.clone()));
                        Ok(token)
                    }
                    // While it is being replaced the old one still serves.
                    (Err(_), Some((_, token))) => Ok(token.clone()),
                    (Err(err), None) => {
                        let text = format!("the token file {} cannot be read: {err}", path.display());
                        Err(error::unauthenticated(text))
                    }
                }
            }
        }
    }
}

impl std::fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BearerToken")
    }
}

/// Why there is no channel to a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// Its address is none.
    #[error("\"{0}\" is not an address such as http://127.0.0.1:50051")]
    NotAnAddress(String),
    /// No `https` server could be believed.
    #[error(
        "{0} cannot be believed: this system has no root certificates; install them, or name the authority by --peer-ca FILE"
    )]
    NoRoots(String),
}

/// A channel to one server, as one caller. Cheap to clone; clones share the connection. Any generated client takes it:
/// `FeedServiceClient::new(peer)`.
#[derive(Clone, Debug)]
pub struct Peer {
    channel: Channel,
    identity: Identity,
    on_behalf_of: Option<AgencyId>,
    within: Option<Duration>,
}

/// A channel to that server. Nothing is connected until the first call, and again after each loss. Must be called inside the runtime.
///
/// # Errors
/// [`ConnectError`] for what is no `http` or `https` URL.
pub fn connect(url: &str, identity: Identity) -> Result<Peer, ConnectError> {
    connect_believing(url, identity, &Roots::system())
}

/// The same, believing an `https` server by these authorities beside the system's.
///
/// # Errors
/// As [`connect`].
pub fn connect_believing(url: &str, identity: Identity, roots: &Roots) -> Result<Peer, ConnectError> {
    let wrong = || ConnectError::NotAnAddress(url.to_owned());
    let url = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
    let endpoint = Endpoint::from_shared(url.clone()).map_err(|_| wrong())?;
    let scheme = endpoint.uri().scheme_str().map(str::to_owned);
    let endpoint = match scheme.as_deref() {
        _ if endpoint.uri().host().is_none() => return Err(wrong()),
        Some("http") => endpoint,
        Some("https") => secure(endpoint, &url, roots)?,
        Some(_) | None => return Err(wrong()),
    };
    let endpoint = endpoint
        .connect_timeout(CONNECT_WITHIN)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE)
        .keep_alive_while_idle(true)
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20)
        .tcp_nodelay(true);
    Ok(Peer { channel: endpoint.connect_lazy(), identity, on_behalf_of: None, within: None })
}

fn secure(endpoint: Endpoint, url: &str, roots: &Roots) -> Result<Endpoint, ConnectError> {
    let named = ClientTlsConfig::new().ca_certificates(roots.certificate());
    if let Ok(secured) = endpoint.clone().tls_config(named.clone().with_enabled_roots()) {
        return Ok(secured);
    }
    // A small image has no roots of its own; those that were named do without them.
    match (endpoint.tls_config(named), roots.file()) {
        (Ok(secured), Some(_)) => Ok(secured),
        (Ok(_), None) => Err(ConnectError::NoRoots(url.to_owned())),
        (Err(_), _) => Err(ConnectError::NotAnAddress(url.to_owned())),
    }
}

impl Peer {
    /// The same server, as somebody else.
    pub fn as_caller(&self, identity: Identity) -> Self {
        Self { identity, ..self.clone() }
    }

    /// The same, speaking for that agency.
    pub fn on_behalf_of(&self, agency: AgencyId) -> Self {
        Self { on_behalf_of: Some(agency), ..self.clone() }
    }

    /// The same, with a deadline for each call that has none of its own. Not for calls whose reply is an open stream.
    pub fn within(&self, within: Duration) -> Self {
        Self { within: Some(within), ..self.clone() }
    }

    fn introduce(&self, headers: &mut HeaderMap) -> Result<(), Status> {
        match &self.identity {
            Identity::Plain(caller) => {
                put(headers, auth::ACTOR, &auth::actor_text(&caller.actor))?;
                put(headers, auth::ROLE, caller.role.name())?;
                if let Some(agency) = caller.agency {
                    put(headers, auth::AGENCY, &agency.to_string())?;
                }
                if let Some(agency) = self.on_behalf_of.or(caller.on_behalf_of) {
                    put(headers, auth::ON_BEHALF_OF, &agency.to_string())?;
                }
            }
            Identity::Bearer(token) => {
                put(headers, "authorization", &format!("Bearer {}", token.current()?))?;
                if let Some(agency) = self.on_behalf_of {
                    put(headers, auth::ON_BEHALF_OF, &agency.to_string())?;
                }
            }
        }
        let traceparent = telemetry::current_traceparent();
        if !traceparent.is_empty() {
            put(headers, telemetry::TRACEPARENT, &traceparent)?;
        }
        if let (Some(within), false) = (self.within, headers.contains_key("grpc-timeout")) {
            // Eight digits of milliseconds are a day and more.
            put(headers, "grpc-timeout", &format!("{}m", within.as_millis().min(99_999_999)))?;
        }
        Ok(())
    }
}

fn put(headers: &mut HeaderMap, key: &'static str, value: &str) -> Result<(), Status> {
    let value = HeaderValue::from_str(value).map_err(|_| {
        error::unauthenticated(format!("{key} cannot be sent: it holds more than plain text"))
    })?;
    headers.insert(HeaderName::from_static(key), value);
    Ok(())
}

impl Service<Request<Body>> for Peer {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response<Body>, Status>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Status>> {
        self.channel.poll_ready(cx).map_err(|err| lost(&err))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        if let Err(status) = self.introduce(request.headers_mut()) {
            return Box::pin(std::future::ready(Err(status)));
        }
        let answer = self.channel.call(request);
        Box::pin(async move {
            let answer = answer.await.map_err(|err| lost(&err))?;
            Ok(answer.map(|body| Body::new(Heard(body))))
        })
    }
}

/// A reply as it comes in. A status of the server's comes as trailers; an error of the body itself is a connection that was lost.
struct Heard(Body);

impl http_body::Body for Heard {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        Pin::new(&mut self.0).poll_frame(cx).map_err(|err| lost(&err))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.0.size_hint()
    }
}

/// What a call says that got no answer: its own deadline has passed, or the server is not whom it should be, or away.
fn lost(err: &(dyn Error + 'static)) -> Status {
    let mut inner = Some(err);
    while let Some(cause) = inner {
        if cause.is::<tonic::TimeoutExpired>() {
            return error::deadline_exceeded();
        }
        inner = cause.source();
    }
    if let Some(why) = roots::distrust(err) {
        let text = format!(
            "the server's certificate is not accepted ({why}); it must be for the name that is called, \
            and of an authority of the system's or of --peer-ca"
        );
        // A certificate is renewed, or another one mounted, without this process.
        return error::unavailable("PEER_NOT_TRUSTED", text, Duration::from_secs(1));
    }
    tracing::debug!(error.chain = error::chain(err), "a call got no answer");
    error::unavailable("PEER_AWAY", "the server cannot be reached; try again", Duration::from_millis(250))
}

/// Whether a call that ended so may be sent again as it is, with the same request id.
pub fn may_retry(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled => true,
        Code::ResourceExhausted => error::retry_after(status).is_some(),
        Code::Ok
        | Code::Unknown
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss
        | Code::Unauthenticated => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Limits;
    use crate::server::tests::harness::{running, running_with, soon};
    use proto::log::feed_service_client::FeedServiceClient;
    use proto::log::{GetHeadRequest, ReadFeedRequest};

    fn told(log: &str) -> GetHeadRequest {
        GetHeadRequest { log: log.to_owned() }
    }

    #[tokio::test]
    async fn a_peer_says_who_calls_and_is_told_what_the_server_says() {
        let server = running(Limits::default()).await;
        let peer = connect(&server.at.to_string(), Identity::service("timeline")).unwrap();
        let mut client = FeedServiceClient::new(peer);
        assert_eq!(client.get_head(told("who")).await.unwrap().into_inner().log_id, "service:timeline");
        let status = client.get_head(told("refuse")).await.unwrap_err();
        assert_eq!(error::reason(&status).as_deref(), Some("ALREADY_ANSWERED"));
    }

    #[tokio::test]
    async fn a_call_without_a_deadline_gets_the_peers_and_ends_as_deadline_exceeded() {
        let server = running(Limits::default()).await;
        let peer = connect(&server.at.to_string(), Identity::service("timeline")).unwrap();
        let mut client = FeedServiceClient::new(peer.within(Duration::from_secs(7)));
        let left = client.get_head(told("deadline")).await.unwrap().into_inner().log_id;
        assert!(left.starts_with("Some(6.") || left == "Some(7s)", "{left}");
        let mut client = FeedServiceClient::new(peer.within(Duration::from_millis(20)));
        let status = soon("the deadline", client.get_head(told("wait"))).await.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded);
        assert_eq!(error::reason(&status).as_deref(), Some("DEADLINE_EXCEEDED"));
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_unavailable_and_found_again_when_it_is_back() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = listener.local_addr().unwrap();
        drop(listener);
        let mut client = FeedServiceClient::new(connect(&at.to_string(), Identity::service("x")).unwrap());
        let status = soon("an answer", client.get_head(told(""))).await.unwrap_err();
        assert_eq!((status.code(), may_retry(&status)), (Code::Unavailable, true));
        assert_eq!(error::reason(&status).as_deref(), Some("PEER_AWAY"));
    }

    #[tokio::test]
    async fn an_open_stream_whose_server_dies_ends_as_unavailable() {
        let server = running_with(Limits::default(), Duration::ZERO, |server| server).await;
        // Between the two stands a line that can be cut, as a dying machine would.
        let line = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = line.local_addr().unwrap();
        let carried = tokio::spawn(async move {
            let (mut near, _) = line.accept().await.unwrap();
            let mut far = tokio::net::TcpStream::connect(server.at).await.unwrap();
            tokio::io::copy_bidirectional(&mut near, &mut far).await.map(|_| ())
        });
        let mut client = FeedServiceClient::new(connect(&at.to_string(), Identity::service("x")).unwrap());
        let wait = ReadFeedRequest { log: "wait".into(), ..Default::default() };
        let mut stream = client.read_feed(wait).await.unwrap().into_inner();
        assert!(stream.message().await.unwrap().is_some());
        carried.abort();
        let status = soon("the end", stream.message()).await.unwrap_err();
        assert_eq!((status.code(), may_retry(&status)), (Code::Unavailable, true), "{status:?}");
        assert_eq!(error::reason(&status).as_deref(), Some("PEER_AWAY"));
    }

    #[test]
    fn a_token_file_is_read_when_it_is_needed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let Identity::Bearer(token) = Identity::token_file(&path) else { panic!("not a bearer token") };
        assert_eq!(token.current().unwrap_err().code(), Code::Unauthenticated);
        std::fs::write(&path, "abc.def\n").unwrap();
        assert_eq!(token.current().unwrap(), "abc.def");
        std::fs::remove_file(&path).unwrap();
        assert_eq!(token.current().unwrap(), "abc.def");
    }

    #[tokio::test]
    async fn what_is_no_address_is_refused() {
        for text in ["", "ftp://x", "http://", "a b"] {
            assert!(connect(text, Identity::service("x")).is_err(), "{text}");
        }
    }
}
