//! More than one relay for a log: the fence keeps order, whoever has the lease.

use std::time::Duration;

use platform::bus::{Bus, BusSettings};
use platform::log::Log;
use platform::relay::Progress;
use platform::store::Store;
use tests::Nats;
use tests::child::until;

use crate::fixture::{
    Home, Listener, Pausable, Paused, Relay, SERVICE, Teller, bus, holds_the_log_from, level, on_both, stands,
};

on_both!(
    two_relays_at_once_put_nothing_out_of_place,
    a_relay_that_was_paused_is_refused,
    a_relay_whose_lease_ran_out_while_it_was_paused_stands_by,
);

/// Long enough to be paused in the middle of.
const BACKLOG: u64 = 12_000;

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
    let home = Home::sqlite();
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    teller.tell(BACKLOG).await;
    let here = bus(&nats).await;
    let (apart, paused, _first) = paused_at_work(&nats, &here, store.log(), store.clone(), &home).await;

    // Another carries all that the first had left, and more.
    let second = Relay::start(&here, &store, &home.clock);
    teller.tell(500).await;
    holds_the_log_from(1, &nats, &here, store.log()).await;

    // The first goes on where it stopped; it has been told nothing.
    drop(paused);
    for _ in 0..20 {
        teller.tell(20).await;
        level(&here, store.log()).await;
    }
    holds_the_log_from(1, &nats, &here, store.log()).await;
    second.end().await;
    drop(apart);
}

async fn a_relay_whose_lease_ran_out_while_it_was_paused_stands_by(nats: Nats) {
    let home = Home::postgres().await;
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    teller.tell(BACKLOG).await;
    let here = bus(&nats).await;
    // A store of its own, as another process has.
    let (_apart, paused, first) = paused_at_work(&nats, &here, store.log(), home.open().await, &home).await;
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
}

/// A relay in what is a process of its own as far as it can tell, stopped in the middle of a backlog. What is asked meanwhile is asked of `log`: the store's own connections stand still too.
async fn paused_at_work(
    nats: &Nats,
    here: &Bus,
    log: &Log,
    store: Store,
    home: &Home,
) -> (Pausable, Paused, Relay) {
    let apart = Pausable::start().await;
    let (clock, url) = (home.clock.clone(), nats.url());
    let starting = apart.handle.spawn(async move {
        let bus = Bus::connect(BusSettings::at(url)).await.expect("an address");
        Relay::start(&bus, &store, &clock)
    });
    let relay = starting.await.expect("it starts");
    let streams = here.streams(SERVICE);
    until("the relay to be at work", || async {
        stands(&streams, log).await.filter(|stands| stands.last >= 300)
    })
    .await;
    let paused = apart.pause().await;
    let left_at = stands(&streams, log).await.expect("the stream stands").last;
    assert!(left_at < BACKLOG, "it was to be paused in the middle of its work");
    (apart, paused, relay)
}
