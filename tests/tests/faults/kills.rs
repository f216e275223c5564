//! The process dies, again and again: by `kill -9` at any moment, and at points where a moment is all that lies between two effects.

use std::time::Duration;

use crate::audit::everything_is_there_once;
use crate::chance::Chance;
use crate::load::Load;
use crate::site::Site;
use crate::{setting, turn};

/// Points that every process passes at such work, whatever it stands on.
const POINTS: [&str; 8] = [
    "append.sent",
    "append.committed",
    "projection.before_commit",
    "projection.committed",
    "reaction.before_append",
    "reaction.appended",
    "timer.due",
    "timer.fired",
];
/// Points of what carries events to NATS.
const OF_A_RELAY: [&str; 2] = ["relay.published", "relay.acked"];
/// How long a process that is to be killed works on after its first answers, at most.
const WORKS_MS: u64 = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_over_postgresql_and_nats_nothing_is_lost_or_done_twice() {
    let _turn = turn().await;
    let mut chance = Chance::new("kills over PostgreSQL and NATS");
    // In the short form the other points are SQLite's to try, but for the two on either side of its one round trip.
    let mut points = vec![OF_A_RELAY[0], "append.sent", OF_A_RELAY[1], "append.committed"];
    points.extend(POINTS.into_iter().filter(|point| !point.starts_with("append.")));
    killed(Site::postgres_and_nats().await, &points, 8, &mut chance).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_over_sqlite_nothing_is_lost_or_done_twice() {
    let _turn = turn().await;
    killed(Site::sqlite().await, &POINTS, 16, &mut Chance::new("kills over SQLite")).await;
}

/// Every other death is at a point, each point in its turn; in the short form there are so many.
async fn killed(mut site: Site, points: &[&str], short: u64, chance: &mut Chance) {
    let load = Load::of_everything(&site.world()).await;
    load.goes_on(20).await;
    let kills = setting("THROUGHLINE_KILLS", short);
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
