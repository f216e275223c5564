//! What the process stands on goes away under load, and comes back: NATS, what NATS has stored, PostgreSQL.

use std::time::Duration;

use crate::audit::everything_is_there_once;
use crate::load::Load;
use crate::site::Site;
use crate::{setting, turn};

/// How long what is away stays away.
pub fn outage() -> Duration {
    Duration::from_secs(setting("THROUGHLINE_OUTAGE_SECONDS", 3))
}

#[tokio::test(flavor = "multi_thread")]
async fn with_nats_stopped_commands_are_answered_and_afterwards_nats_has_them_all() {
    let _turn = turn().await;
    let site = Site::postgres_and_nats().await;
    let load = Load::start(&site.world()).await;
    load.goes_on(50).await;
    let nats = site.nats.as_ref().expect("a bus");
    nats.stop();
    let before = load.answered();
    // Sleeps: this long it is away.
    tokio::time::sleep(outage()).await;
    // Nobody waits for NATS.
    assert!(load.answered() > before + 20, "{} commands answered without NATS", load.answered() - before);
    load.goes_on(20).await;
    nats.start_again().await;
    load.goes_on(50).await;
    everything_is_there_once(&site, &load.stop().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_that_lost_its_store_under_load_is_filled_again_from_the_logs() {
    let _turn = turn().await;
    let site = Site::postgres_and_nats().await;
    let load = Load::start(&site.world()).await;
    let nats = site.nats.as_ref().expect("a bus");
    for _ in 0..2 {
        load.goes_on(50).await;
        nats.kill();
        nats.wipe_store();
        load.goes_on(20).await;
        nats.start_again().await;
    }
    load.goes_on(50).await;
    everything_is_there_once(&site, &load.stop().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_fell_over_costs_time_alone() {
    let _turn = turn().await;
    let site = Site::postgres_and_nats().await;
    let load = Load::start(&site.world()).await;
    let postgres = site.postgres.as_ref().expect("a server");
    load.goes_on(50).await;
    postgres.stop_immediate();
    // Sleeps: this long it is away.
    tokio::time::sleep(outage()).await;
    postgres.start_again().await;
    load.goes_on(50).await;
    everything_is_there_once(&site, &load.stop().await).await;
}
