//! What the process stands on goes away under load, and comes back: NATS, what NATS has stored, PostgreSQL.

use std::time::Duration;

use async_nats::jetstream::{self, consumer};
use futures_util::{StreamExt, TryStreamExt};
use tests::child::PATIENCE;
use tests::{Nats, Version};

use crate::audit::everything_is_there_once;
use crate::load::Load;
use crate::site::Site;
use crate::{setting, turn};

/// How long what is away stays away.
pub fn outage() -> Duration {
    Duration::from_secs(setting("THROUGHLINE_OUTAGE_SECONDS", 1))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_that_was_away_or_lost_its_store_under_load_is_filled_again_from_the_logs() {
    let _turn = turn().await;
    let site = Site::postgres_and_nats().await;
    let load = Load::of_everything(&site.world()).await;
    load.goes_on(50).await;
    let nats = site.nats().expect("a bus");
    nats.stop();
    // Sleeps: this long it is away, and nobody waits for it.
    tokio::time::sleep(outage()).await;
    load.goes_on(20).await;
    nats.start_again().await;
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
async fn a_nats_that_lost_its_store_begins_where_its_retention_does_and_readers_behind_it_read_the_feeds() {
    let _turn = turn().await;
    lost_past_retention(Version::Newest, &["projection.before_commit"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_nats_too_and_through_deaths_of_its_relays() {
    let _turn = turn().await;
    lost_past_retention(Version::Oldest, &["relay.published", "relay.acked"]).await;
}

async fn lost_past_retention(version: Version, deaths: &[&str]) {
    let mut site = Site::over(version, Some(KEPT)).await;
    let load = Load::of_everything(&site.world()).await;
    load.goes_on(50).await;
    // It dies with events in its logs that its readers have not committed, and all of them are too old for NATS when it comes again.
    site.kill();
    for point in deaths {
        site.dies_at(point, 40).await;
    }
    let since = loses_all(site.nats().expect("a bus"), None).await;
    site.serve().await;
    begins_late(site.nats().expect("a bus"), since).await;
    load.goes_on(50).await;

    // The same while it works.
    let since = loses_all(site.nats().expect("a bus"), Some(&load)).await;
    begins_late(site.nats().expect("a bus"), since).await;
    load.goes_on(50).await;
    everything_is_there_once(&site, &load.stop().await).await;
}

/// How long NATS keeps events in these.
const KEPT: Duration = Duration::from_secs(1);

/// Lets NATS lose all that it has, stay away for longer than it keeps anything, and come again. Gives when it did. Who works meanwhile goes on.
async fn loses_all(nats: &Nats, load: Option<&Load>) -> jiff::Timestamp {
    nats.kill();
    nats.wipe_store();
    // Sleeps: what was recorded before is too old then, and some of what is recorded meanwhile.
    tokio::time::sleep(KEPT * 2).await;
    if let Some(load) = load {
        load.goes_on(20).await;
    }
    let since = jiff::Timestamp::now();
    nats.start_again().await;
    since
}

/// Asserts that the first event that NATS holds of referrals is none that it would not have kept until it came again.
async fn begins_late(nats: &Nats, since: jiff::Timestamp) {
    let context = jetstream::new(async_nats::connect(nats.url()).await.expect("a connection"));
    let first = async || {
        let names: Vec<String> = context.stream_names().try_collect().await.ok()?;
        let name = names.into_iter().find(|name| name.starts_with("throughline-referrals-"))?;
        let stream = context.get_stream(name).await.ok()?;
        let all = consumer::pull::OrderedConfig::default();
        let mut messages = stream.create_consumer(all).await.ok()?.messages().await.ok()?;
        loop {
            let message = messages.next().await?.ok()?;
            // Fillers of old servers say no time.
            if let Some(time) = message.headers.as_ref().and_then(|headers| headers.get("ce-time")) {
                let position = message.info().expect("a message of a stream").stream_sequence;
                return Some((time.as_str().parse::<jiff::Timestamp>().expect("an instant"), position));
            }
        }
    };
    // A consumer of a stream that is filled and purged meanwhile may wait in silence, so another is made every while.
    let found = async {
        loop {
            if let Ok(Some(found)) = tokio::time::timeout(Duration::from_secs(2), first()).await {
                return found;
            }
        }
    };
    let (recorded, position) = tokio::time::timeout(3 * PATIENCE, found).await.expect("an event in time");
    assert!(recorded >= since - KEPT, "recorded at {recorded}, and NATS came again at {since}");
    assert!(position > 1, "it is not where the log begins");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_that_fell_over_costs_time_alone() {
    let _turn = turn().await;
    let site = Site::postgres_and_nats().await;
    let load = Load::of_everything(&site.world()).await;
    let postgres = &site.ground.as_ref().expect("a server").postgres;
    load.goes_on(50).await;
    postgres.stop_immediate();
    // Sleeps: this long it is away.
    tokio::time::sleep(outage()).await;
    postgres.start_again().await;
    load.goes_on(50).await;
    everything_is_there_once(&site, &load.stop().await).await;
}
