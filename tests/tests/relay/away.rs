//! NATS away, frozen, or back with nothing: appends go on, readers go on, and the stream is the log again.

use std::time::Duration;

use platform::relay::Progress;
use tests::Nats;
use tests::child::until;

use crate::fixture::{Home, Listener, Relay, SERVICE, Teller, bus, holds_the_log_from, level, on_both};

on_both!(
    with_nats_away_appends_and_readers_go_on_and_the_stream_catches_up,
    a_store_wiped_under_load_is_filled_again,
    a_relay_and_a_reader_that_start_without_nats_find_it_later,
);

const OFTEN: Duration = Duration::from_millis(100);

async fn with_nats_away_appends_and_readers_go_on_and_the_stream_catches_up(nats: Nats) {
    let (home, bus) = (Home::sqlite(), bus(&nats).await);
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    let relay = Relay::start(&bus, &store, &home.clock);
    let mut reader = Listener::start(store.log(), bus.tail(SERVICE), OFTEN);
    teller.tell(400).await;
    level(&bus, store.log()).await;
    reader.has_read(store.log()).await;

    // Frozen, then gone: nobody waits for it but the relay.
    nats.freeze();
    teller.tell(2_000).await;
    reader.has_read(store.log()).await;
    until("the lag to show", || async { (relay.lag() > 0).then_some(()) }).await;
    nats.thaw();
    level(&bus, store.log()).await;
    nats.kill();
    teller.tell(400).await;
    reader.has_read(store.log()).await;
    nats.start_again().await;
    teller.tell(400).await;
    holds_the_log_from(1, &nats, &bus, store.log()).await;
    reader.has_read(store.log()).await;
    until("the lag to be gone", || async { (relay.lag() == 0).then_some(()) }).await;
    relay.end().await;
}

async fn a_store_wiped_under_load_is_filled_again(nats: Nats) {
    let (home, bus) = (Home::sqlite(), bus(&nats).await);
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    let relay = Relay::start(&bus, &store, &home.clock);
    let mut reader = Listener::start(store.log(), bus.tail(SERVICE), OFTEN);
    for round in 0..2 {
        teller.tell(1_000).await;
        nats.stop();
        nats.wipe_store();
        teller.tell(100).await;
        nats.start_again().await;
        // The second time nothing is appended that would tell.
        if round == 0 {
            teller.tell(300).await;
        }
        holds_the_log_from(1, &nats, &bus, store.log()).await;
        reader.has_read(store.log()).await;
    }
    relay.end().await;
}

async fn a_relay_and_a_reader_that_start_without_nats_find_it_later(nats: Nats) {
    nats.stop();
    let (home, bus) = (Home::sqlite(), bus(&nats).await);
    let store = home.open().await;
    let mut teller = Teller::new(store.log());
    let relay = Relay::start(&bus, &store, &home.clock);
    let mut reader = Listener::start(store.log(), bus.tail(SERVICE), OFTEN);
    teller.tell(200).await;
    reader.has_read(store.log()).await;
    assert_eq!(*relay.progress.borrow(), Progress::Trying);
    nats.start_again().await;
    holds_the_log_from(1, &nats, &bus, store.log()).await;
    teller.tell(20).await;
    holds_the_log_from(1, &nats, &bus, store.log()).await;
    reader.has_read(store.log()).await;
    // A relay that cannot reach NATS ends all the same.
    nats.stop();
    teller.tell(1).await;
    relay.end().await;
}
