//! What a relay carries in good times, over its own restarts.

use std::sync::atomic::Ordering;
use std::time::Duration;

use platform::relay::Progress;
use tests::Nats;

use crate::fixture::{
    Counted, Home, Listener, Relay, SERVICE, Teller, bus, holds_the_log_from, jetstream, level, on_both,
};

on_both!(
    a_relay_goes_on_from_where_the_stream_stands,
    a_reader_has_every_event_by_nats_alone,
    a_stream_is_of_one_log_and_keeps_a_week,
    a_stream_of_others_under_our_subjects_is_left_alone_and_waited_for,
);

const NEVER: Duration = Duration::from_secs(3_600);

async fn a_relay_goes_on_from_where_the_stream_stands(nats: Nats) {
    let (home, bus) = (Home::sqlite(), bus(&nats).await);
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    teller.tell(700).await;
    for life in 0..3 {
        let relay = Relay::start(&bus, &store, &home.clock);
        level(&bus, store.log()).await;
        teller.tell(1 + life * 300).await;
        level(&bus, store.log()).await;
        let head = store.log().head().await.unwrap();
        let all = Progress::Relaying { log_id: head.log_id, acknowledged: head.position };
        relay.says("it has carried everything", |progress| *progress == all).await;
        assert_eq!(relay.lag(), 0);
        relay.end().await;
        teller.tell(50).await;
    }
    let relay = Relay::start(&bus, &store, &home.clock);
    holds_the_log_from(1, &nats, &bus, store.log()).await;
    relay.end().await;
}

async fn a_reader_has_every_event_by_nats_alone(nats: Nats) {
    let (home, bus) = (Home::sqlite(), bus(&nats).await);
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    teller.tell(300).await;
    let _relay = Relay::start(&bus, &store, &home.clock);
    level(&bus, store.log()).await;
    let tail = Counted::new(&bus);
    let mut reader = Listener::start(store.log(), tail.clone(), NEVER);
    for _ in 0..40 {
        teller.tell(3).await;
        reader.has_read(store.log()).await;
    }
    assert_eq!(tail.brought.load(Ordering::SeqCst), 420, "nothing came by the feed");
}

async fn a_stream_is_of_one_log_and_keeps_a_week(nats: Nats) {
    let (home, bus) = (Home::sqlite(), bus(&nats).await);
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    teller.tell(1).await;
    let relay = Relay::start(&bus, &store, &home.clock);
    let stands = level(&bus, store.log()).await;
    let log_id = store.log().head().await.unwrap().log_id;
    let context = jetstream(&nats).await;
    let stream = context.get_stream(&stands.stream).await.unwrap();
    let mut config = stream.cached_info().config.clone();
    assert_eq!(config.subjects, ["throughline.referrals.*.*"]);
    assert_eq!(config.description, Some(log_id.to_string()));
    assert_eq!(config.max_age, Duration::from_secs(7 * 24 * 60 * 60));
    assert_eq!((config.max_messages, config.max_bytes, config.max_messages_per_subject), (-1, -1, -1));
    let first = stream.get_raw_message(1).await.unwrap();
    assert!(first.headers.get(async_nats::header::NATS_MESSAGE_ID).is_none(), "no window of message ids");
    assert_eq!(first.headers.get("ce-sequence").unwrap().as_str(), "1");

    // Settings that someone has changed are made ours again.
    config.max_age = Duration::from_secs(3_600);
    context.update_stream(&config).await.unwrap();
    tests::child::until("the settings to be ours", || async {
        let now = stream.get_info().await.unwrap().config.max_age;
        (now == Duration::from_secs(7 * 24 * 60 * 60)).then_some(())
    })
    .await;
    relay.end().await;
}

async fn a_stream_of_others_under_our_subjects_is_left_alone_and_waited_for(nats: Nats) {
    let (home, bus) = (Home::sqlite(), bus(&nats).await);
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    teller.tell(10).await;
    let context = jetstream(&nats).await;
    let foreign = async_nats::jetstream::stream::Config {
        name: "everything".to_owned(),
        subjects: vec!["throughline.>".to_owned()],
        ..Default::default()
    };
    context.create_stream(foreign).await.unwrap();
    let relay = Relay::start(&bus, &store, &home.clock);
    tests::child::until("the lag to be told", || async {
        relay.metrics.text().contains("relay_lag_events{log=\"referrals\"} 10").then_some(())
    })
    .await;
    assert!(context.get_stream("everything").await.is_ok());
    assert_eq!(*relay.progress.borrow(), Progress::Trying);
    context.delete_stream("everything").await.unwrap();
    holds_the_log_from(1, &nats, &bus, store.log()).await;
    assert!(bus.streams(SERVICE).name(uuid::Uuid::nil()).starts_with("throughline-referrals-"));
    relay.end().await;
}
