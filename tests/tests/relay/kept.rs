//! What NATS keeps: a stream begins at the oldest event inside its retention, whether it is new, wiped or merely far behind.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use platform::clock::Clock;
use platform::relay::Progress;
use tests::Nats;
use tests::child::until;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::fixture::{
    Home, Listener, Relay, SERVICE, Teller, bus, bus_kept, holds_the_log_from, on_both, stands,
};

on_both!(
    a_stream_begins_at_the_oldest_event_that_is_kept,
    a_stream_begins_once_however_much_grows_too_old_meanwhile,
);

const DAY: SignedDuration = SignedDuration::from_hours(24);

async fn a_stream_begins_at_the_oldest_event_that_is_kept(nats: Nats) {
    let start: Timestamp = "2024-03-01T12:00:00Z".parse().unwrap();
    let clock = Clock::driven(start);
    let (home, bus) = (Home::driven(&clock), bus(&nats).await);
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    let day = |day: i32| clock.drive_to(start + DAY * day);

    // Two weeks of days, ten events each: at the end of the 14th the last seven days are kept.
    for number in 0..15 {
        day(number);
        teller.tell(10).await;
    }
    let relay = Relay::start(&bus, &store, &clock);
    holds_the_log_from(71, &nats, &bus, store.log()).await;
    let mut reader = Listener::start(store.log(), bus.tail(SERVICE), Duration::from_millis(100));
    reader.has_read(store.log()).await;

    // Wiped, with nothing left that is young enough: the stream is empty, and stands where the log does.
    nats.stop();
    nats.wipe_store();
    day(60);
    nats.start_again().await;
    // On the old server it reaches there before it is emptied: see `bus/begin.rs`.
    let streams = bus.streams(SERVICE);
    until("the stream to stand empty where the log does", || async {
        let stands = stands(&streams, store.log()).await?;
        ((stands.first, stands.last, stands.messages) == (151, 150, 0)).then_some(())
    })
    .await;
    teller.tell(5).await;
    holds_the_log_from(151, &nats, &bus, store.log()).await;
    reader.has_read(store.log()).await;

    // Not wiped, and away for longer than it keeps: what nobody would keep is not carried after.
    relay.end().await;
    day(62);
    teller.tell(20).await;
    day(80);
    teller.tell(7).await;
    let relay = Relay::start(&bus, &store, &clock);
    holds_the_log_from(176, &nats, &bus, store.log()).await;
    reader.has_read(store.log()).await;
    relay.end().await;
}

async fn a_stream_begins_once_however_much_grows_too_old_meanwhile(nats: Nats) {
    const KEPT: Duration = Duration::from_secs(1);
    let (home, bus) = (Home::sqlite(), bus_kept(&nats, KEPT).await);
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    let began = Instant::now();
    while began.elapsed() < KEPT * 3 / 2 {
        teller.tell(1).await;
    }
    // From here on one event after the other grows too old, for as long as the relay takes.
    let enough = CancellationToken::new();
    let telling = tokio::spawn({
        let enough = enough.clone();
        async move {
            while !enough.is_cancelled() {
                teller.tell(1).await;
            }
        }
    });
    let head = store.log().head().await.unwrap().position;
    let relay = Relay::start(&bus, &store, &Clock::system());
    let carries = |progress: &Progress| matches!(progress, Progress::Relaying { acknowledged, .. } if *acknowledged > head);
    relay.says("the relay to carry what is told while it carries", carries).await;
    enough.cancel();
    telling.await.unwrap();
    let mut reader = Listener::start(store.log(), bus.tail(SERVICE), Duration::from_millis(100));
    reader.has_read(store.log()).await;
    relay.end().await;
}
