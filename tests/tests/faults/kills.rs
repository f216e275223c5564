//! The process dies, again and again: by `kill -9` at any moment, and at points where a moment is all that lies between two effects.

use std::time::Duration;

use crate::audit::everything_is_there_once;
use crate::chance::Chance;
use crate::load::Load;
use crate::site::Site;
use crate::{setting, turn};

/// Deaths in the short form: half of them at points, each point at least once.
const SHORT: u64 = 8;
/// How long a process that is to be killed works on after its first answers, at most.
const WORKS_MS: u64 = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_over_postgresql_and_nats_nothing_is_lost_or_done_twice() {
    let _turn = turn().await;
    let between = ["append.committed", "relay.published", "projection.before_commit", "projection.committed"];
    killed(Site::postgres_and_nats().await, &between, Chance::new("kills over PostgreSQL and NATS")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_over_sqlite_nothing_is_lost_or_done_twice() {
    let _turn = turn().await;
    let between = ["append.committed", "append.sent", "projection.before_commit", "projection.committed"];
    killed(Site::sqlite().await, &between, Chance::new("kills over SQLite")).await;
}

async fn killed(mut site: Site, points: &[&str], mut chance: Chance) {
    let load = Load::start(&site.world()).await;
    load.goes_on(20).await;
    let kills = setting("THROUGHLINE_KILLS", SHORT);
    for kill in 0..kills {
        if kill % 2 == 0 {
            // Sleeps: it is killed at any moment.
            tokio::time::sleep(Duration::from_millis(chance.below(WORKS_MS))).await;
            site.kill();
            continue;
        }
        site.dies_at(points[kill as usize / 2 % points.len()], 1 + chance.below(30)).await;
        site.serve().await;
        load.goes_on(10).await;
    }
    if kills % 2 == 1 {
        site.serve().await;
        load.goes_on(10).await;
    }
    everything_is_there_once(&site, &load.stop().await).await;
    println!("{kills} deaths survived");
}
