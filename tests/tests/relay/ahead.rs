//! A log that was restored or forked, and the stream of what it was before.

use platform::log::{Append, AppendError, NewEvent};
use platform::relay::Progress;
use tests::Nats;
use uuid::Uuid;

use crate::fixture::{
    Home, Listener, Relay, SERVICE, Teller, bus, events, holds_the_log_from, jetstream, level, on_both,
};

on_both!(
    a_stream_ahead_of_its_log_stops_the_log_until_it_is_forked,
    a_stream_that_ends_with_another_event_stops_the_log,
    a_forked_log_gets_a_stream_of_its_own,
);

/// A log with twenty events, ten of them after its backup, all of them carried; gives the backup.
async fn restored(nats: &Nats) -> Home {
    let (home, bus) = (Home::sqlite(), bus(nats).await);
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    teller.tell(10).await;
    store.close().await;
    let backup = home.restored();
    let store = home.open().await;
    teller.log = store.log().clone();
    teller.tell(10).await;
    let relay = Relay::start(&bus, &store, &home.clock);
    level(&bus, store.log()).await;
    relay.end().await;
    store.close().await;
    backup
}

async fn refuses(home: &platform::store::Store) {
    let stream = kernel::StreamId::new("told", Uuid::from_u128(7));
    let (id, kind) = (Uuid::now_v7(), "throughline.test.v1.Said".to_owned());
    let event = NewEvent { stream, version: 1, id, kind, person: None, bytes: vec![].into() };
    let append = Append { events: vec![event], ..Append::default() };
    assert!(matches!(home.log().append(append).await, Err(AppendError::LogReplaced)));
}

async fn a_stream_ahead_of_its_log_stops_the_log_until_it_is_forked(nats: Nats) {
    let (home, bus) = (restored(&nats).await, bus(&nats).await);
    let store = home.open().await;
    let old = level(&bus, store.log()).await;
    assert_eq!(old.last, 20);
    let relay = Relay::start(&bus, &store, &home.clock);
    let log_id = store.log().head().await.unwrap().log_id;
    let halted =
        |progress: &Progress| matches!(progress, Progress::Halted { log_id: of, .. } if *of == log_id);
    relay.says("it halts", halted).await;
    let why = store.log().refusing().await.unwrap().unwrap();
    assert_eq!(why, "NATS holds position 20, and the log ends at 10");
    refuses(&store).await;
    assert_eq!(level(&bus, store.log()).await, old, "the stream stays as it is");

    store.log().fork(10).await.unwrap();
    let mut teller = Teller::new(store.log());
    teller.tell(25).await;
    holds_the_log_from(1, &nats, &bus, store.log()).await;
    assert_eq!(bus.streams(SERVICE).stands(log_id).await.unwrap(), None, "the old stream is gone");
    relay.end().await;
}

async fn a_stream_that_ends_with_another_event_stops_the_log(nats: Nats) {
    let (home, bus) = (restored(&nats).await, bus(&nats).await);
    let store = home.open().await;
    // It was served without NATS, and has grown beyond what it lost.
    Teller::new(store.log()).tell(15).await;
    let relay = Relay::start(&bus, &store, &home.clock);
    relay.says("it halts", |progress| matches!(progress, Progress::Halted { .. })).await;
    let why = store.log().refusing().await.unwrap().unwrap();
    assert_eq!(why, "position 20 of NATS is another event than that of the log");
    refuses(&store).await;
    store.log().fork(10).await.unwrap();
    holds_the_log_from(1, &nats, &bus, store.log()).await;
    relay.end().await;
}

async fn a_forked_log_gets_a_stream_of_its_own(nats: Nats) {
    let (home, bus) = (Home::sqlite(), bus(&nats).await);
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    teller.tell(50).await;
    let relay = Relay::start(&bus, &store, &home.clock);
    let mut reader = Listener::start(store.log(), bus.tail(SERVICE), std::time::Duration::from_millis(100));
    let old = level(&bus, store.log()).await;
    reader.has_read(store.log()).await;
    store.log().fork(50).await.unwrap();
    // While it is at work, and while it has nothing to do.
    teller.tell(30).await;
    holds_the_log_from(1, &nats, &bus, store.log()).await;
    store.log().fork(80).await.unwrap();
    holds_the_log_from(1, &nats, &bus, store.log()).await;
    teller.tell(5).await;
    holds_the_log_from(1, &nats, &bus, store.log()).await;
    reader.has_read(store.log()).await;

    // Who has slept through the forks publishes for a stream that is gone, at a position that would fit.
    let context = jetstream(&nats).await;
    let (event, subject) = (events(store.log(), 84).await.remove(0), bus.streams(SERVICE).subject(0));
    let late = async_nats::jetstream::message::PublishMessage::build()
        .payload(event.bytes.to_vec().into())
        .expected_last_sequence(85)
        .expected_stream(old.stream);
    assert!(context.send_publish(subject, late).await.unwrap().await.is_err());
    teller.tell(5).await;
    holds_the_log_from(1, &nats, &bus, store.log()).await;
    relay.end().await;
}
