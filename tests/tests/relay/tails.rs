//! The tail alone: where it begins, what it says of a stream that is not there, and that it never waits in silence.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use platform::log::Log;
use platform::source::listen;
use tests::Nats;
use tests::child::PATIENCE;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::fixture::{
    Counted, Home, Listener, Relay, SERVICE, Teller, bus, events, jetstream, level, on_both,
};

on_both!(
    a_tail_begins_at_the_cursor_and_only_where_the_stream_reaches_back_to_it,
    a_tail_whose_stream_is_replaced_or_whose_server_is_gone_ends,
    what_is_missing_in_the_stream_is_read_from_the_feed,
    what_another_process_appends_is_heard_before_it_is_looked_for,
);

async fn a_tail_begins_at_the_cursor_and_only_where_the_stream_reaches_back_to_it(nats: Nats) {
    let (home, bus) = (Home::sqlite(), bus(&nats).await);
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    teller.tell(20).await;
    let log_id = store.log().head().await.unwrap().log_id;
    let tail = bus.tail(SERVICE);
    assert!(tail.open(log_id, 0).await.is_err(), "there is no stream yet");
    let relay = Relay::start(&bus, &store, &home.clock);
    let stands = level(&bus, store.log()).await;
    assert!(tail.open(Uuid::from_u128(1), 0).await.is_err(), "there is no stream of such a log");

    for after in [0, 12] {
        let brought: Vec<_> =
            tail.open(log_id, after).await.unwrap().take(20 - after as usize).collect().await;
        let recorded: Vec<_> = brought.iter().map(|tailed| tailed.recorded.clone()).collect();
        assert_eq!(recorded, events(store.log(), after).await);
        assert!(brought.iter().all(|tailed| tailed.log_id == log_id));
    }
    // At the end, and beyond it as a reader of the feed may be: what comes next comes.
    let mut level_with_it = tail.open(log_id, 20).await.unwrap();
    let mut before_it = tail.open(log_id, 24).await.unwrap();
    teller.tell(5).await;
    assert_eq!(level_with_it.next().await.unwrap().recorded.position, 21);
    while before_it.next().await.unwrap().recorded.position < 25 {}

    let stream = jetstream(&nats).await.get_stream(&stands.stream).await.unwrap();
    stream.purge().sequence(10).await.unwrap();
    assert!(tail.open(log_id, 8).await.is_err(), "the stream begins after what it would have to bring");
    assert_eq!(tail.open(log_id, 9).await.unwrap().next().await.unwrap().recorded.position, 10);
    relay.end().await;
}

async fn a_tail_whose_stream_is_replaced_or_whose_server_is_gone_ends(nats: Nats) {
    let (home, bus) = (Home::sqlite(), bus(&nats).await);
    let store = home.open().await;
    Teller::new(store.log()).tell(20).await;
    let log_id = store.log().head().await.unwrap().log_id;
    let relay = Relay::start(&bus, &store, &home.clock);
    let tail = bus.tail(SERVICE);
    let ends = async |what: &str, happens: &dyn Fn() -> futures_util::future::BoxFuture<'static, ()>| {
        let stands = level(&bus, store.log()).await;
        assert_eq!(stands.last, 20);
        let mut tailed = tail.open(log_id, 20).await.unwrap();
        happens().await;
        let end = tokio::time::timeout(PATIENCE, tailed.next()).await;
        assert!(end.unwrap_or_else(|_| panic!("it waits in silence: {what}")).is_none(), "{what}");
    };
    let context = jetstream(&nats).await;
    let name = bus.streams(SERVICE).name(log_id);
    ends("its stream is deleted, and made again", &|| {
        let (context, name) = (context.clone(), name.clone());
        Box::pin(async move {
            context.delete_stream(name).await.unwrap();
        })
    })
    .await;
    ends("its server is killed", &|| {
        nats.kill();
        Box::pin(std::future::ready(()))
    })
    .await;
    nats.start_again().await;
    ends("its server is frozen", &|| {
        nats.freeze();
        Box::pin(std::future::ready(()))
    })
    .await;
    nats.thaw();
    level(&bus, store.log()).await;
    relay.end().await;
}

async fn what_is_missing_in_the_stream_is_read_from_the_feed(nats: Nats) {
    let (home, bus) = (Home::sqlite(), bus(&nats).await);
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    teller.tell(100).await;
    let relay = Relay::start(&bus, &store, &home.clock);
    let stands = level(&bus, store.log()).await;
    let stream = jetstream(&nats).await.get_stream(&stands.stream).await.unwrap();
    for lost in [2, 30, 31, 32, 77] {
        assert!(stream.delete_message(lost).await.unwrap());
    }
    // No watchdog: the holes themselves tell.
    let tail = Counted::new(&bus);
    let mut reader = Listener::start(store.log(), tail.clone(), Duration::from_secs(3_600));
    reader.has_read(store.log()).await;
    teller.tell(10).await;
    reader.has_read(store.log()).await;
    assert!(tail.brought.load(Ordering::SeqCst) > 0);
    relay.end().await;
}

async fn what_another_process_appends_is_heard_before_it_is_looked_for(nats: Nats) {
    let (home, bus) = (Home::postgres().await, bus(&nats).await);
    let (ours, theirs) = (home.open().await, home.open().await);
    let relay = Relay::start(&bus, &theirs, &home.clock);
    let mut teller = Teller::new(theirs.log());
    teller.tell(1).await;
    level(&bus, theirs.log()).await;
    let looked_for = until_known(&mut teller, ours.log()).await;
    let stop = CancellationToken::new();
    for log in [ours.log(), theirs.log()] {
        listen(log.clone(), bus.streams(SERVICE), stop.clone());
    }
    let heard = until_known(&mut teller, ours.log()).await;
    assert!(2 * heard < looked_for, "heard after {heard:?}, looked for {looked_for:?}");
    stop.cancel();
    relay.end().await;
}

/// How long it takes, ten times over, until what one process appends is known to the other.
async fn until_known(teller: &mut Teller, log: &Log) -> Duration {
    let mut known = log.head_changes();
    let began = Instant::now();
    for _ in 0..10 {
        teller.tell(1).await;
        let head = teller.log.head().await.unwrap().position;
        known.wait_for(|known| *known >= head).await.unwrap();
    }
    began.elapsed()
}
