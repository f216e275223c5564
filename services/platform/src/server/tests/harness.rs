//! A server with a service that behaves as it is told, and a client that sees the bytes.
//! Invariant: the client adds nothing of its own: no deadline, no retry, no opinion about a status.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use futures_util::Stream;
use http::HeaderMap;
use http_body::{Body as _, Frame};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo};
use kernel::{Refusal, RefusalKind, Role};
use prost::Message;
use proto::log::feed_service_server::{FeedService, FeedServiceServer};
use proto::log::{GetHeadRequest, GetHeadResponse, ReadFeedRequest, ReadFeedResponse};
use tokio::sync::{Notify, Semaphore};
use tonic::{Request, Response, Status};

use super::super::{Limits, Served, Server, deadline};
use crate::admin::Readiness;
use crate::auth::{self, ACTOR, Auth, ROLE};
use crate::drain::Drain;
use crate::error;
use crate::metrics::Metrics;
use crate::telemetry;

pub const HEAD: &str = "/throughline.log.v1.FeedService/GetHead";
pub const FEED: &str = "/throughline.log.v1.FeedService/ReadFeed";

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("it was answered; open a new one")]
struct AlreadyAnswered;

impl Refusal for AlreadyAnswered {
    fn kind(&self) -> RefusalKind {
        RefusalKind::FailedPrecondition
    }
    fn reason(&self) -> &'static str {
        "ALREADY_ANSWERED"
    }
}

/// Does what the request's `log` says.
#[derive(Clone)]
pub struct Obedient {
    /// A call that waits tells here that it does.
    pub waiting: Arc<Notify>,
    /// And goes on when it gets one of these.
    pub go: Arc<Semaphore>,
}

#[tonic::async_trait]
impl FeedService for Obedient {
    type ReadFeedStream = Pin<Box<dyn Stream<Item = Result<ReadFeedResponse, Status>> + Send>>;

    async fn read_feed(
        &self,
        request: Request<ReadFeedRequest>,
    ) -> Result<Response<Self::ReadFeedStream>, Status> {
        let first = futures_util::stream::iter([Ok(ReadFeedResponse::default())]);
        let told = request.into_inner().log;
        let rest = futures_util::stream::once(async move {
            match told.as_str() {
                "wait" => std::future::pending().await,
                "panic" => panic!("told to"),
                _ => Err(Status::internal("secret of the stream")),
            }
        });
        Ok(Response::new(Box::pin(futures_util::StreamExt::chain(first, rest))))
    }

    async fn get_head(&self, request: Request<GetHeadRequest>) -> Result<Response<GetHeadResponse>, Status> {
        let until = deadline(&request);
        let caller = auth::caller(&request)?;
        let log_id = match request.get_ref().log.as_str() {
            "wait" => {
                self.waiting.notify_one();
                self.go.acquire().await.map_err(error::failed)?.forget();
                String::new()
            }
            "refuse" => return Err(error::refused(&AlreadyAnswered)),
            "bad field" => return Err(error::bad_field("log", "is not the name of a log")),
            "fail" => return Err(error::failed(std::io::Error::other("secret of the disk"))),
            "bare" => return Err(Status::not_found("nothing here")),
            "bare internal" => return Err(Status::internal("secret of the disk")),
            "panic" => panic!("told to"),
            "who" => auth::actor_text(&caller.actor),
            "trace" => telemetry::current_traceparent(),
            "deadline" => {
                format!("{:?}", until.map(|until| until.duration_since(tokio::time::Instant::now())))
            }
            _ => String::new(),
        };
        Ok(Response::new(GetHeadResponse { log_id, ..GetHeadResponse::default() }))
    }
}

/// A running server and the strings to it.
pub struct Running {
    pub at: SocketAddr,
    pub drain: Drain,
    pub metrics: Metrics,
    pub readiness: Readiness,
    pub service: Obedient,
    pub served: tokio::task::JoinHandle<Served>,
}

pub async fn running(limits: Limits) -> Running {
    running_with(limits, Duration::from_secs(20), |server| server).await
}

pub async fn running_with(limits: Limits, drain: Duration, make: impl FnOnce(Server) -> Server) -> Running {
    started(Auth::Plain, "127.0.0.1:0", limits, drain, make).await
}

/// Open to other machines, with tokens.
pub async fn running_for_tokens(auth: Auth) -> Running {
    started(auth, "0.0.0.0:0", Limits::default(), Duration::ZERO, |server| server).await
}

async fn started(
    auth: Auth,
    at: &str,
    limits: Limits,
    drain: Duration,
    make: impl FnOnce(Server) -> Server,
) -> Running {
    let service = Obedient { waiting: Arc::new(Notify::new()), go: Arc::new(Semaphore::new(0)) };
    let (metrics, readiness) = (Metrics::new(), Readiness::new());
    let server = Server::new(auth, metrics.clone(), readiness.clone())
        .service(FeedServiceServer::new(service.clone()))
        .limits(limits);
    let bound = make(server).bind(at.parse().unwrap()).await.unwrap();
    let at = bound.at();
    let drain = Drain::new(drain);
    let served = tokio::spawn(bound.serve(drain.clone()));
    Running { at, drain, metrics, readiness, service, served }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub messages: Vec<Bytes>,
    pub status: Option<Status>,
}

impl Answer {
    pub fn status(&self) -> &Status {
        self.status.as_ref().expect("a gRPC status")
    }
    pub fn head(&self) -> GetHeadResponse {
        assert_eq!(self.status().code(), tonic::Code::Ok, "{:?}", self.status());
        GetHeadResponse::decode(self.messages[0].clone()).unwrap()
    }
}

/// A request body that is all there.
pub struct Whole(Option<Bytes>);

impl Whole {
    pub fn none() -> Self {
        Self(None)
    }
}

impl http_body::Body for Whole {
    type Data = Bytes;
    type Error = std::convert::Infallible;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// One connection to a server.
#[derive(Clone)]
pub struct Client {
    pub send: SendRequest<Whole>,
    at: SocketAddr,
}

impl Client {
    pub async fn to(at: SocketAddr) -> Self {
        Self::try_to(at).await.unwrap()
    }

    pub async fn try_to(at: SocketAddr) -> Result<Self, Box<dyn std::error::Error>> {
        let stream = tokio::net::TcpStream::connect(at).await?;
        let (send, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { send, at })
    }

    /// A call of `GetHead` that tells the service what to do, as a service of ours.
    pub async fn head(&self, told: &str) -> Answer {
        self.call(HEAD, &as_service(), framed(&GetHeadRequest { log: told.to_owned() })).await
    }

    /// Any call, to its end.
    pub async fn call(&self, path: &str, headers: &[(&str, &str)], body: Bytes) -> Answer {
        let mut open = self.open(path, headers, body).await.unwrap();
        open.rest().await
    }

    /// Any call, as far as its headers.
    pub async fn open(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Open, hyper::Error> {
        let mut request = http::Request::post(format!("http://{}{path}", self.at))
            .header("te", "trailers")
            .header("content-type", "application/grpc");
        for (key, value) in headers {
            request = request.header(*key, *value);
        }
        let response = self.send.clone().send_request(request.body(Whole(Some(body))).unwrap()).await?;
        Ok(Open { response, read: BytesMut::new() })
    }
}

/// A reply that is still coming.
pub struct Open {
    response: http::Response<hyper::body::Incoming>,
    read: BytesMut,
}

impl Open {
    async fn frame(&mut self) -> Option<Frame<Bytes>> {
        std::future::poll_fn(|cx| Pin::new(self.response.body_mut()).poll_frame(cx)).await.map(Result::unwrap)
    }

    /// The next message.
    pub async fn message(&mut self) -> Option<Bytes> {
        loop {
            if let Some(message) = self.unframed() {
                return Some(message);
            }
            let data = self.frame().await?.into_data().ok()?;
            self.read.extend_from_slice(&data);
        }
    }

    fn unframed(&mut self) -> Option<Bytes> {
        let length = self.read.get(1..5)?.get_u32() as usize;
        (self.read.len() >= 5 + length).then(|| {
            self.read.advance(5);
            self.read.split_to(length).freeze()
        })
    }

    /// Everything up to the end.
    pub async fn rest(&mut self) -> Answer {
        let mut trailers: Option<HeaderMap> = None;
        while let Some(frame) = self.frame().await {
            match frame.into_data() {
                Ok(data) => self.read.extend_from_slice(&data),
                Err(frame) => trailers = frame.into_trailers().ok(),
            }
        }
        let messages = std::iter::from_fn(|| self.unframed()).collect();
        let head = self.response.headers();
        let status =
            trailers.as_ref().and_then(Status::from_header_map).or_else(|| Status::from_header_map(head));
        Answer { messages, status }
    }
}

pub fn framed(message: &impl Message) -> Bytes {
    let bytes = message.encode_to_vec();
    let mut framed = BytesMut::with_capacity(bytes.len() + 5);
    framed.put_u8(0);
    framed.put_u32(bytes.len() as u32);
    framed.put_slice(&bytes);
    framed.freeze()
}

pub fn as_service() -> Vec<(&'static str, &'static str)> {
    vec![(ACTOR, "service:timeline"), (ROLE, Role::Service.name())]
}

/// Fails a test that would wait for ever.
pub async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .unwrap_or_else(|_| panic!("{what} did not happen"))
}
