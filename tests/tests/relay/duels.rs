//! More than one relay for a log: the fence keeps order, whoever has the lease.

use std::time::Duration;

use platform::relay::Progress;
use tests::Nats;
use tests::child::until;

use crate::fixture::{
    Home, Listener, Pausable, Relay, SERVICE, Teller, bus, holds_the_log_from, level, on_both, stands,
};

on_both!(two_relays_at_once_put_nothing_out_of_place, a_relay_that_was_paused_is_refused);

async fn two_relays_at_once_put_nothing_out_of_place(nats: Nats) {
    let home = Home::sqlite();
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    teller.tell(600).await;
    // A lease in a store of one process is everybody's: these two know nothing of each other.
    let (one, other) = (bus(&nats).await, bus(&nats).await);
    let relays = [Relay::start(&one, &store, &home.clock), Relay::start(&other, &store, &home.clock)];
    let mut reader = Listener::start(store.log(), one.tail(SERVICE), Duration::from_millis(100));
    for _ in 0..60 {
        teller.tell(50).await;
        tokio::task::yield_now().await;
    }
    level(&one, store.log()).await;
    for relay in &relays {
        relay.says("it relays", |progress| matches!(progress, Progress::Relaying { .. })).await;
    }
    holds_the_log_from(1, &nats, &one, store.log()).await;
    reader.has_read(store.log()).await;
    for relay in relays {
        relay.end().await;
    }
}

async fn a_relay_that_was_paused_is_refused(nats: Nats) {
    let home = Home::postgres().await;
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    teller.tell(12_000).await;
    let streams = bus(&nats).await.streams(SERVICE);

    // The first relay, in what is a process of its own as far as it can tell.
    let apart = Pausable::start().await;
    let (url, clock, at) = (home.url.clone(), home.clock.clone(), nats.url());
    let starting = apart.handle.spawn(async move {
        let store = platform::store::Store::open(&url, SERVICE, clock.clone()).await.unwrap();
        let bus = platform::bus::Bus::connect(platform::bus::BusSettings::at(at)).await.unwrap();
        Relay::start(&bus, &store, &clock)
    });
    let first = starting.await.unwrap();
    until("the first relay to be at work", || async {
        stands(&streams, store.log()).await.filter(|stands| stands.last >= 300)
    })
    .await;
    let paused = apart.pause().await;
    let left_at = stands(&streams, store.log()).await.unwrap().last;
    assert!(left_at < 12_000, "it was to be paused in the middle of its work");

    // Its lease runs out, and another takes over.
    let here = bus(&nats).await;
    let second = Relay::start(&here, &store, &home.clock);
    teller.tell(500).await;
    second.says("it takes over", |progress| matches!(progress, Progress::Relaying { .. })).await;
    level(&here, store.log()).await;

    drop(paused);
    first.says("the first to stand by", |progress| *progress == Progress::Standby).await;
    teller.tell(500).await;
    holds_the_log_from(1, &nats, &here, store.log()).await;

    // What is given up need not run out.
    second.end().await;
    first.says("the first to relay again", |progress| matches!(progress, Progress::Relaying { .. })).await;
    teller.tell(10).await;
    holds_the_log_from(1, &nats, &here, store.log()).await;
    drop(first);
}
