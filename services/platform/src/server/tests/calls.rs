//! How calls end.
//! Invariant: with one status, which has a reason, and counted once.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use kernel::Role;
use proto::log::{GetHeadRequest, ReadFeedRequest};
use tonic::Code;

use super::harness::*;
use crate::error;
use crate::server::{Limits, MAX_MESSAGE_BYTES};

/// Path, metadata, body; code and reason of the answer.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], Bytes, Code, &'a str);

#[tokio::test]
async fn every_call_that_fails_says_why_with_error_info() {
    let server = running_with(Limits::default(), Duration::ZERO, |server| {
        server.allow(HEAD, &[Role::Service, Role::Worker]).allow(FEED, &[Role::Service])
    })
    .await;
    let client = Client::to(server.at).await;
    let head = |told: &str| framed(&GetHeadRequest { log: told.to_owned() });
    let huge = {
        let mut bytes = BytesMut::new();
        bytes.put_u8(0);
        bytes.put_u32(5 * 1024 * 1024);
        bytes.put_bytes(0, 64);
        bytes.freeze()
    };
    let rubbish = Bytes::from_static(&[0, 0, 0, 0, 3, 0x0a, 0xff, 0xff]);
    let as_service = as_service();
    let auditor: &[_] = &[("throughline-actor", "service:audit"), ("throughline-role", "auditor")];
    let odd_timeout: &[_] = &[as_service[0], as_service[1], ("grpc-timeout", "soon")];
    let feed = framed(&ReadFeedRequest { log: "panic".into(), ..Default::default() });
    let unlisted = "/throughline.log.v1.FeedService/Unlisted";
    let cases: Vec<Case<'_>> = vec![
        (HEAD, &as_service, head("refuse"), Code::FailedPrecondition, "ALREADY_ANSWERED"),
        (HEAD, &as_service, head("bad field"), Code::InvalidArgument, "BAD_FIELD"),
        (HEAD, &as_service, head("fail"), Code::Internal, "INTERNAL"),
        (HEAD, &as_service, head("bare"), Code::NotFound, "NOT_FOUND"),
        (HEAD, &as_service, head("bare internal"), Code::Internal, "INTERNAL"),
        (HEAD, &as_service, head("panic"), Code::Internal, "PANICKED"),
        (FEED, &as_service, feed, Code::Internal, "PANICKED"),
        (FEED, &as_service, framed(&ReadFeedRequest::default()), Code::Internal, "INTERNAL"),
        (HEAD, &as_service, huge, Code::ResourceExhausted, "MESSAGE_TOO_LARGE"),
        (HEAD, &as_service, rubbish, Code::InvalidArgument, "MALFORMED_MESSAGE"),
        (HEAD, &as_service, Bytes::new(), Code::InvalidArgument, "MALFORMED_MESSAGE"),
        (HEAD, &[], head(""), Code::Unauthenticated, "UNAUTHENTICATED"),
        (HEAD, auditor, head(""), Code::PermissionDenied, "ROLE_NOT_ALLOWED"),
        (HEAD, odd_timeout, head(""), Code::InvalidArgument, "BAD_FIELD"),
        (unlisted, &as_service, head(""), Code::Unimplemented, "NO_SUCH_METHOD"),
        ("/example.v1.Nothing/Do", &as_service, head(""), Code::Unimplemented, "NO_SUCH_METHOD"),
        ("/grpc.health.v1.Health/Nothing", &[], head(""), Code::Unimplemented, "NO_SUCH_METHOD"),
    ];
    for (path, headers, body, code, reason) in cases {
        let answer = client.call(path, headers, body).await;
        let status = answer.status();
        assert_eq!(status.code(), code, "{path} {reason}: {status:?}");
        assert_eq!(error::reason(status).as_deref(), Some(reason), "{path}: {status:?}");
        assert!(!status.message().is_empty() && !status.message().contains("secret"), "{status:?}");
    }
    let large = framed(&GetHeadRequest { log: "x".repeat(MAX_MESSAGE_BYTES - 16) });
    client.call(HEAD, &as_service, large).await.head();
    // And the connection has survived all of it.
    assert_eq!(client.head("who").await.head().log_id, "service:timeline");
}

#[tokio::test]
async fn a_call_to_a_method_that_does_not_exist_is_unimplemented_where_no_roles_are_listed_too() {
    let server = running(Limits::default()).await;
    let client = Client::to(server.at).await;
    let answer = client
        .call("/throughline.log.v1.FeedService/Unknown", &as_service(), framed(&GetHeadRequest::default()))
        .await;
    assert_eq!(answer.status().code(), Code::Unimplemented);
    assert_eq!(error::reason(answer.status()).as_deref(), Some("NO_SUCH_METHOD"));
}

#[tokio::test]
async fn what_is_not_grpc_is_told_so_in_http() {
    let server = running(Limits::default()).await;
    let client = Client::to(server.at).await;
    let request = http::Request::get(format!("http://{}/", server.at)).header("content-type", "text/html");
    let response = client.send.clone().send_request(request.body(Whole::none()).unwrap()).await.unwrap();
    assert_eq!(response.status().as_u16(), 415);
}

#[tokio::test]
async fn a_passed_deadline_is_deadline_exceeded_whether_the_callers_or_ours() {
    let server = running(Limits::default()).await;
    let client = Client::to(server.at).await;
    let wait = framed(&GetHeadRequest { log: "wait".into() });
    let mut hurried = as_service();
    hurried.push(("grpc-timeout", "30m"));
    let answer = soon("the caller's deadline", client.call(HEAD, &hurried, wait.clone())).await;
    assert_eq!(answer.status().code(), Code::DeadlineExceeded);
    assert_eq!(error::reason(answer.status()).as_deref(), Some("DEADLINE_EXCEEDED"));

    // Long enough for the first message on a busy machine.
    hurried[2].1 = "2S";
    let open = framed(&ReadFeedRequest { log: "wait".into(), ..Default::default() });
    let answer = soon("an open stream's deadline", client.call(FEED, &hurried, open)).await;
    assert_eq!((answer.messages.len(), answer.status().code()), (1, Code::DeadlineExceeded));
    assert_eq!(error::reason(answer.status()).as_deref(), Some("DEADLINE_EXCEEDED"));

    let ours = Duration::from_secs(1);
    let brief = running(Limits { handling: ours, ..Limits::default() }).await;
    let client = Client::to(brief.at).await;
    let answer = soon("our deadline", client.call(HEAD, &as_service(), wait)).await;
    assert_eq!(answer.status().code(), Code::DeadlineExceeded);
    // Ours is for the time until a reply begins: a stream may stay open.
    let open = framed(&ReadFeedRequest { log: "wait".into(), ..Default::default() });
    let mut stream = client.open(FEED, &as_service(), open).await.unwrap();
    assert!(stream.message().await.is_some());
    let more = tokio::time::timeout(ours + ours / 2, stream.message()).await;
    assert!(more.is_err(), "the stream was ended");
}

#[tokio::test]
async fn a_handler_is_told_the_shorter_of_the_two_deadlines() {
    let server = running(Limits::default()).await;
    let client = Client::to(server.at).await;
    let left = client.head("deadline").await.head().log_id;
    assert!(left.starts_with("Some(29.") || left == "Some(30s)", "{left}");
    let mut hurried = as_service();
    hurried.push(("grpc-timeout", "9S"));
    let told = framed(&GetHeadRequest { log: "deadline".into() });
    let left = client.call(HEAD, &hurried, told).await.head().log_id;
    assert!(left.starts_with("Some(8.") || left == "Some(9s)", "{left}");
}

#[tokio::test]
async fn one_call_too_many_is_told_to_come_back_and_a_probe_is_still_answered() {
    let server = running(Limits { calls: 1, ..Limits::default() }).await;
    let client = Client::to(server.at).await;
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.head("wait").await }
    });
    soon("the first call", server.service.waiting.notified()).await;
    let answer = client.head("").await;
    assert_eq!(answer.status().code(), Code::ResourceExhausted);
    assert_eq!(error::reason(answer.status()).as_deref(), Some("OVERLOADED"));
    assert!(error::retry_after(answer.status()).is_some());
    let probe = client.call("/grpc.health.v1.Health/Check", &[], framed(&())).await;
    assert_eq!(probe.status().code(), Code::Ok);
    server.service.go.add_permits(1);
    assert_eq!(first.await.unwrap().status().code(), Code::Ok);
    assert_eq!(client.head("").await.status().code(), Code::Ok);
}

#[tokio::test]
async fn each_call_is_counted_once_with_its_method_and_code() {
    let server = running(Limits::default()).await;
    let client = Client::to(server.at).await;
    client.head("").await.head();
    client.head("refuse").await;
    client.head("panic").await;
    client.call("/made.up.Path/42", &as_service(), Bytes::new()).await;
    // A caller that leaves an open stream.
    let open = framed(&ReadFeedRequest { log: "wait".into(), ..Default::default() });
    let mut stream = client.open(FEED, &as_service(), open).await.unwrap();
    assert!(stream.message().await.is_some());
    drop(stream);
    let counted = |line: String| server.metrics.text().lines().any(|shown| shown == line);
    let total =
        |method: &str, code: &str| format!("throughline_rpcs_total{{method=\"{method}\",code=\"{code}\"}} 1");
    let left = async {
        while !counted(total(FEED, "CANCELLED")) {
            tokio::task::yield_now().await;
        }
    };
    soon("the count of the call left", left).await;
    for line in [
        total(HEAD, "OK"),
        total(HEAD, "FAILED_PRECONDITION"),
        total(HEAD, "INTERNAL"),
        total("other", "UNIMPLEMENTED"),
        format!("throughline_rpc_seconds_count{{method=\"{HEAD}\"}} 3"),
        "throughline_rpcs_in_flight 0".to_owned(),
        "throughline_connections 1".to_owned(),
    ] {
        assert!(counted(line.clone()), "{line} is not in\n{}", server.metrics.text());
    }
}

#[tokio::test]
async fn a_callers_traceparent_is_at_hand_in_the_handler() {
    let server = running(Limits::default()).await;
    let client = Client::to(server.at).await;
    let sent = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01";
    let mut traced = as_service();
    traced.push(("traceparent", sent));
    let told = framed(&GetHeadRequest { log: "trace".into() });
    assert_eq!(client.call(HEAD, &traced, told.clone()).await.head().log_id, sent);
    assert_eq!(client.call(HEAD, &as_service(), told).await.head().log_id, "");
}
