//! How connections and servers end.
//! Invariant: what was begun is finished, unless the deadline for that has passed.

use std::time::Duration;

use proto::log::ReadFeedRequest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus};
use tonic_reflection::pb::v1::{ServerReflectionRequest, server_reflection_request::MessageRequest};

use super::harness::*;
use crate::admin::Readiness;
use crate::auth::Auth;
use crate::drain::Drain;
use crate::error;
use crate::metrics::Metrics;
use crate::server::{Limits, ServeError, Served, Server};

fn open_feed() -> bytes::Bytes {
    framed(&ReadFeedRequest { log: "wait".into(), ..Default::default() })
}

async fn closed(client: &mut Client) {
    while client.send.ready().await.is_ok() {
        // A connection tells of its end only when it is asked.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_listener_beyond_loopback_without_authentication_is_refused() {
    let server = Server::new(Auth::Plain, Metrics::new(), Readiness::new());
    let Err(err) = server.bind("0.0.0.0:0".parse().unwrap()).await else { panic!("it listens") };
    assert!(matches!(err, ServeError::OpenToAll(_)));
    assert!(err.to_string().contains("listen on 127.0.0.1, or give --auth-jwks"), "{err}");
}

#[tokio::test]
async fn a_drain_finishes_what_was_begun_and_ends_what_only_waits() {
    let mut server = running(Limits::default()).await;
    let mut client = Client::to(server.at).await;
    let begun = tokio::spawn({
        let client = client.clone();
        async move { client.head("wait").await }
    });
    soon("the call", server.service.waiting.notified()).await;
    let mut stream = client.open(FEED, &as_service(), open_feed()).await.unwrap();
    assert!(stream.message().await.is_some());

    server.drain.begin();
    let end = soon("the open stream's end", stream.rest()).await;
    assert_eq!(end.status().code(), Code::Unavailable);
    assert_eq!(error::reason(end.status()).as_deref(), Some("SHUTTING_DOWN"));
    assert!(error::retry_after(end.status()).is_some());
    // GOAWAY: the client itself says that this connection takes no more calls, and no new one is accepted.
    let refused = async {
        loop {
            let another = client.open(HEAD, &as_service(), framed(&())).await;
            if another.is_err() && Client::try_to(server.at).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    soon("the refusal of more", refused).await;
    assert!(!server.served.is_finished(), "the call that was begun is waited for");

    server.service.go.add_permits(1);
    assert_eq!(begun.await.unwrap().status().code(), Code::Ok);
    assert_eq!(soon("the end", &mut server.served).await.unwrap(), Served::Whole);
    soon("the connection's end", closed(&mut client)).await;
}

#[tokio::test]
async fn a_drain_cuts_what_its_deadline_finds_unfinished() {
    let server = running_with(Limits::default(), Duration::from_millis(50), |server| server).await;
    let client = Client::to(server.at).await;
    let stuck = tokio::spawn(async move { client.open(HEAD, &as_service(), framed(&wait())).await.err() });
    soon("the call", server.service.waiting.notified()).await;
    server.drain.begin();
    assert_eq!(soon("the end", server.served).await.unwrap(), Served::Cut(1));
    assert!(soon("the cut", stuck).await.unwrap().is_some());
}

fn wait() -> proto::log::GetHeadRequest {
    proto::log::GetHeadRequest { log: "wait".into() }
}

#[tokio::test]
async fn sigterm_begins_the_drain() {
    let drain = Drain::new(Duration::ZERO);
    drain.on_signals().unwrap();
    let sent = tokio::process::Command::new("sh").args(["-c", "kill -TERM $PPID"]).status().await;
    assert!(sent.unwrap().success());
    soon("the drain", drain.begun()).await;
}

#[tokio::test]
async fn health_follows_readiness_and_ends_with_the_drain() {
    let server = running(Limits::default()).await;
    let endpoint = tonic::transport::Endpoint::from_shared(format!("http://{}", server.at)).unwrap();
    let mut health = HealthClient::new(endpoint.connect().await.unwrap());
    let ask = |service: &str| HealthCheckRequest { service: service.to_owned() };
    let mut watched = health.watch(ask("throughline.log.v1.FeedService")).await.unwrap().into_inner();
    let mut told = async || soon("news of health", watched.message()).await.unwrap().unwrap().status();
    // The first answer may come before the server has told its health.
    let mut status = told().await;
    while status != ServingStatus::Serving {
        status = told().await;
    }
    let check = server.readiness.check("log");
    assert_eq!(told().await, ServingStatus::NotServing);
    check.ready();
    assert_eq!(told().await, ServingStatus::Serving);
    let all = health.check(ask("")).await.unwrap().into_inner();
    assert_eq!(all.status(), ServingStatus::Serving);
    assert_eq!(health.check(ask("nobody")).await.unwrap_err().code(), Code::NotFound);
    server.drain.begin();
    // The last word is that it serves no more, or the stream's end.
    let mut rest = async || soon("the end of health", watched.message()).await;
    while let Ok(Some(news)) = rest().await {
        assert_eq!(news.status(), ServingStatus::NotServing);
    }
    assert_eq!(soon("the end", server.served).await.unwrap(), Served::Whole);
}

#[tokio::test]
async fn reflection_lists_what_is_served_and_describes_it() {
    let server = running(Limits::default()).await;
    let client = Client::to(server.at).await;
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let feed = "throughline.log.v1.FeedService";
    let asked = [
        (MessageRequest::ListServices(String::new()), feed),
        (MessageRequest::FileContainingSymbol(feed.to_owned()), "throughline/log/v1/feed.proto"),
    ];
    for (ask, shown) in asked {
        let ask = ServerReflectionRequest { message_request: Some(ask), ..Default::default() };
        let answer = soon("an answer", client.call(path, &[], framed(&ask))).await;
        assert_eq!(answer.status().code(), Code::Ok);
        let heard = &answer.messages[0];
        assert!(heard.windows(shown.len()).any(|window| window == shown.as_bytes()), "{shown}");
    }
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_and_of_twice_as_many_it_is_closed() {
    let server = running(Limits { connections: 1, ..Limits::default() }).await;
    let first = Client::to(server.at).await;
    first.head("").await.head();
    let mut second = Client::to(server.at).await;
    let answer = second.head("").await;
    assert_eq!(answer.status().code(), Code::ResourceExhausted);
    assert_eq!(error::reason(answer.status()).as_deref(), Some("OVERLOADED"));
    assert!(error::retry_after(answer.status()).is_some());
    let mut third = TcpStream::connect(server.at).await.unwrap();
    assert_eq!(soon("the third's end", third.read(&mut [0; 16])).await.unwrap_or(0), 0);
    soon("the second's end", closed(&mut second)).await;
    first.head("").await.head();
    let again = async {
        loop {
            let client = Client::to(server.at).await;
            if client.head("").await.status().code() == Code::ResourceExhausted {
                break;
            }
        }
    };
    soon("another one too many", again).await;
}

#[tokio::test]
async fn an_aged_connection_is_asked_to_go_and_finishes_its_calls() {
    // Long enough to begin two calls on a busy machine.
    let aged = Limits { connection_age: Duration::from_secs(2), ..Limits::default() };
    let server = running(aged).await;
    let mut client = Client::to(server.at).await;
    let begun = tokio::spawn({
        let client = client.clone();
        async move { client.head("wait").await }
    });
    soon("the call", server.service.waiting.notified()).await;
    let mut stream = client.open(FEED, &as_service(), open_feed()).await.unwrap();
    let end = soon("the open stream's end", stream.rest()).await;
    assert_eq!(error::reason(end.status()).as_deref(), Some("SHUTTING_DOWN"));
    server.service.go.add_permits(1);
    assert_eq!(soon("the call's end", begun).await.unwrap().status().code(), Code::Ok);
    soon("the connection's end", closed(&mut client)).await;
    Client::to(server.at).await.head("").await.head();
}

#[tokio::test]
async fn an_aged_connection_that_does_not_go_is_cut_after_its_grace() {
    let (connection_age, connection_grace) = (Duration::from_secs(1), Duration::from_millis(30));
    let server = running(Limits { connection_age, connection_grace, ..Limits::default() }).await;
    let client = Client::to(server.at).await;
    let stuck = tokio::spawn(async move { client.open(HEAD, &as_service(), framed(&wait())).await.err() });
    soon("the call", server.service.waiting.notified()).await;
    assert!(soon("the cut", stuck).await.unwrap().is_some());
}

#[tokio::test]
async fn calls_beyond_a_connections_streams_wait_for_their_turn() {
    let server = running(Limits { streams_per_connection: 1, ..Limits::default() }).await;
    let client = Client::to(server.at).await;
    client.head("").await.head();
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.head("wait").await }
    });
    soon("the first call", server.service.waiting.notified()).await;
    let second = tokio::spawn({
        let client = client.clone();
        async move { client.head("").await }
    });
    // Another connection is answered meanwhile, so the second call is not merely slow.
    Client::to(server.at).await.head("").await.head();
    assert!(!second.is_finished());
    server.service.go.add_permits(1);
    soon("the first call's end", first).await.unwrap().head();
    soon("the second call's turn", second).await.unwrap().head();
}

#[tokio::test]
async fn a_connection_that_answers_no_ping_is_closed() {
    let beat = Duration::from_millis(30);
    let server = running(Limits { keepalive_every: beat, keepalive_within: beat, ..Limits::default() }).await;
    let mut dead = TcpStream::connect(server.at).await.unwrap();
    // The HTTP/2 preface and empty settings, and never another word.
    dead.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut heard = Vec::new();
    let _ = soon("the end", dead.read_to_end(&mut heard)).await;
    assert!(!heard.is_empty(), "the server spoke HTTP/2 before it hung up");
    // Who answers pings stays; hyper's client does.
    let alive = Client::to(server.at).await;
    alive.head("").await.head();
    // Sleeps: long enough for several pings to go by.
    tokio::time::sleep(beat * 5).await;
    alive.head("").await.head();
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let server = running(Limits { first_byte: Duration::from_millis(30), ..Limits::default() }).await;
    let mut silent = TcpStream::connect(server.at).await.unwrap();
    assert_eq!(soon("the end", silent.read(&mut [0; 16])).await.unwrap(), 0);
}
