//! The feed over gRPC, and projections that read by it.

use std::sync::Arc;
use std::time::Duration;

use kernel::{Actor, Caller, Role};
use platform::feed::{FeedClient, FeedServer};
use platform::log::{AppendError, Groups, Log};
use platform::peer::{Identity, Peer, connect};
use platform::source::Source;
use proto::log as pb;
use proto::log::feed_service_client::FeedServiceClient;
use proto::log::feed_service_server::FeedServiceServer;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use tonic::{Code, Request, Status};

use crate::fixture::{Place, Teller, level, on_both, rows, setup, start};
use crate::tally::Tally;
use tests::nasty::{Manners, Nasty};

on_both!(
    a_projection_reads_another_process_by_its_feed,
    a_feed_gives_groups_and_says_how_far_it_went,
    a_reader_beyond_the_end_stops_the_log,
    with_the_feed_away_a_reader_that_was_level_goes_on_by_its_tail,
);

/// Who calls in these tests.
fn calls_as(role: Option<Role>) -> impl Fn(Request<()>) -> Result<Request<()>, Status> + Clone {
    move |mut request| {
        if let Some(role) = role {
            let actor = Actor::Service("test".to_owned());
            request.extensions_mut().insert(Caller { actor, role, agency: None, on_behalf_of: None });
        }
        Ok(request)
    }
}

/// Serves a log's feed on a free port, to callers of that role, until the token is cancelled.
async fn serve(log: &Log, role: Option<Role>, stop: CancellationToken) -> Peer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let feed = FeedServer::new([log.clone()], stop.clone());
    let service = FeedServiceServer::with_interceptor(feed, calls_as(role));
    let serving = Server::builder().add_service(service);
    tokio::spawn(async move {
        let incoming = TcpListenerStream::new(listener);
        serving.serve_with_incoming_shutdown(incoming, stop.cancelled_owned()).await
    });
    connect(&address, Identity::service("test")).unwrap()
}

async fn a_projection_reads_another_process_by_its_feed(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    teller.tell_many(9, 1_200).await;
    let stop = CancellationToken::new();
    let peer = serve(&teller.log, Some(Role::Service), stop.clone()).await;
    let source = Source::remote(FeedClient::new("referrals", peer));
    let tally = Arc::new(Tally::of(&["referrals"]));
    let mut setup_plain = setup(&place.open("timeline").await, &tally, vec![source.clone()]);
    setup_plain.pace.run = 200;
    let running = start(setup_plain).await;
    level(&running.views(), &[&teller.log]).await;

    // While the open feed is the only way: an append is seen without waiting for the watchdog.
    let mut slow = setup(&place.open("slowly").await, &tally, vec![source.clone()]);
    slow.pace.watchdog = Duration::from_secs(3_600);
    slow.pace.run = 500;
    let slow = start(slow).await;
    level(&slow.views(), &[&teller.log]).await;
    teller.tell(3, "Said", "at once").await;
    level(&slow.views(), &[&teller.log]).await;

    let tail = Nasty::new(&teller.log, Manners::BAD, 7);
    let badly = start(setup(&place.open("badly").await, &tally, vec![source.with_tail(tail)])).await;
    for number in 0..50 {
        teller.tell(number % 9, "Said", "word").await;
    }
    for engine in [&running, &badly] {
        level(&engine.views(), &[&teller.log]).await;
        assert_eq!(rows(&engine.views().db()).await.len(), 1_260);
    }
    assert!(running.verify().await.unwrap().clean());
    stop.cancel();
}

async fn a_feed_gives_groups_and_says_how_far_it_went(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    teller.tell_many(64, 700).await;
    let stop = CancellationToken::new();
    let peer = serve(&teller.log, Some(Role::Operator), stop.clone()).await;
    let remote = Source::remote(FeedClient::new("referrals", peer.clone()));
    let local = Source::local("referrals", teller.log.clone());
    let groups = Groups::of([0, 3]);
    let (far, near) =
        (remote.read(0, groups, 1_000).await.unwrap(), local.read(0, groups, 1_000).await.unwrap());
    assert_eq!(far.events, near.events);
    assert!(!far.events.is_empty() && far.events.len() < 700);
    assert_eq!((far.through, far.head, near.through), (700, 700, 700));
    let some = remote.read(0, groups, 3).await.unwrap();
    assert_eq!((some.events.len(), some.through), (3, near.events[2].position));

    let mut raw = FeedServiceClient::new(peer.clone());
    let ask = |log: &str, log_id: &str| pb::ReadFeedRequest {
        log: log.to_owned(),
        log_id: log_id.to_owned(),
        until_head: true,
        ..pb::ReadFeedRequest::default()
    };
    let unknown = raw.read_feed(ask("housing", "")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::InvalidArgument);
    assert!(unknown.message().contains("it has: referrals"), "{}", unknown.message());
    let another = "00000000-0000-0000-0000-000000000001";
    let mut replaced = raw.read_feed(ask("referrals", another)).await.unwrap().into_inner();
    let replaced = replaced.message().await.unwrap_err();
    assert_eq!(platform::error::reason(&replaced).as_deref(), Some("LOG_REPLACED"));
    stop.cancel();

    for (role, code) in [(None, Code::Unauthenticated), (Some(Role::Worker), Code::PermissionDenied)] {
        let stop = CancellationToken::new();
        let mut raw = FeedServiceClient::new(serve(&teller.log, role, stop.clone()).await);
        assert_eq!(raw.read_feed(ask("referrals", "")).await.unwrap_err().code(), code);
        let head = raw.get_head(pb::GetHeadRequest { log: "referrals".to_owned() }).await;
        assert_eq!(head.unwrap_err().code(), code);
        stop.cancel();
    }
}

async fn a_reader_beyond_the_end_stops_the_log(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    teller.tell_many(3, 5).await;
    let log_id = teller.log.head().await.unwrap().log_id.to_string();
    let stop = CancellationToken::new();
    let mut raw = FeedServiceClient::new(serve(&teller.log, Some(Role::Service), stop.clone()).await);
    let beyond = |log_id: String| pb::ReadFeedRequest {
        log: "referrals".to_owned(),
        after: 9,
        log_id,
        ..pb::ReadFeedRequest::default()
    };
    let mut stranger = raw.read_feed(beyond(String::new())).await.unwrap().into_inner();
    let status = stranger.message().await.unwrap_err();
    assert_eq!(platform::error::reason(&status).as_deref(), Some("CURSOR_AHEAD"));
    assert_eq!(teller.log.refusing().await.unwrap(), None, "who does not know the log proves nothing");
    let mut reader = raw.read_feed(beyond(log_id)).await.unwrap().into_inner();
    assert_eq!(reader.message().await.unwrap_err().code(), Code::FailedPrecondition);
    let event = crate::fixture::event(
        kernel::StreamId::new("told", uuid::Uuid::from_u128(77)),
        1,
        None,
        "Said",
        "too late",
    );
    let append = platform::log::Append { events: vec![event], ..Default::default() };
    assert!(matches!(teller.log.append(append).await, Err(AppendError::LogReplaced)));
    stop.cancel();
}

async fn with_the_feed_away_a_reader_that_was_level_goes_on_by_its_tail(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    teller.tell_many(3, 30).await;
    let stop = CancellationToken::new();
    let peer = serve(&teller.log, Some(Role::Service), stop.clone()).await;
    let tail = Nasty::new(&teller.log, Manners::GOOD, 1);
    let source = Source::remote(FeedClient::new("referrals", peer)).with_tail(tail);
    let tally = Arc::new(Tally::of(&["referrals"]));
    let store = place.open("timeline").await;
    for life in 1..3 {
        let setup = setup(&store, &tally, vec![source.clone()]);
        let ends = setup.stop.clone();
        let running = start(setup).await;
        level(&running.views(), &[&teller.log]).await;
        stop.cancel();
        // In the first life the feed goes away meanwhile, in the second it was never there.
        teller.tell_many(3, 30).await;
        level(&running.views(), &[&teller.log]).await;
        assert_eq!(rows(&running.views().db()).await.len(), 33 + 30 * life);
        crate::fixture::eventually("the lag to say so", || async {
            running.views().lag().first().is_some_and(|lag| !lag.reachable)
        })
        .await;
        ends.cancel();
        running.ended().await;
    }
}
