//! Whatever way the facts of some lives come in, the timeline's rows are the same bytes.
//!
//! Invariant: the payloads are of every kind that the contract has, made from the contract itself; the seed is printed, and `THROUGHLINE_SEED` runs
//! it again.

mod lives;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use platform::args;
use platform::db::Db;
use platform::log::Groups;
use platform::metrics::Metrics;
use platform::projection::{self, Projection, Read};
use platform::source::{Pace, Source};
use platform::store::{Store, StoreUrl};
use tests::nasty::{Manners, Nasty};
use tests::{Dice, Postgres};
use timeline::view::TimelineProjection;
use tokio_util::sync::CancellationToken;

use lives::Lives;

/// Every column of every row, in the order of the keys.
async fn rows(db: &Db) -> Vec<String> {
    let mut rows = vec![];
    let sql = "SELECT person, class, at, id, known_from, known_to, service, stream, key, position, ended, body FROM entry \
               ORDER BY person, class, at, id, known_from";
    for row in db.fetch(sql, args![]).await.unwrap() {
        let (person, id) = (row.uuid(0).unwrap(), row.uuid(3).unwrap());
        let texts: Vec<String> = [1, 6, 7, 8].map(|column| row.text(column).unwrap()).into();
        let numbers: Vec<i64> = [2, 4, 5, 9, 10].map(|column| row.i64(column).unwrap()).into();
        rows.push(format!("{person} {id} {texts:?} {numbers:?} {:?}", row.bytes(11).unwrap()));
    }
    rows.sort();
    rows
}

/// Applies what the deliveries bring to tables of their own, each in a transaction, and gives the rows.
async fn applied(store: &Store, name: &str, deliveries: &[(&'static str, Vec<Read>)]) -> Vec<String> {
    let db = store.views(name, 1).await.unwrap();
    let mut tx = db.begin().await.unwrap();
    for table in TimelineProjection.tables(db.is_postgres()) {
        tx.execute(&table, args![]).await.unwrap();
    }
    tx.commit().await.unwrap();
    for (log, events) in deliveries {
        let mut tx = db.begin().await.unwrap();
        TimelineProjection.apply_batch(&mut tx, log, events).await.unwrap();
        tx.commit().await.unwrap();
    }
    rows(&db).await
}

/// What the logs hold, one event at a time, in the order of the logs.
async fn plainly(lives: &Lives) -> Vec<(&'static str, Vec<Read>)> {
    let mut all = vec![];
    for (name, store) in &lives.stores {
        let recorded = store.log().read(0, Groups::ALL, 100_000).await.unwrap();
        all.extend(recorded.into_iter().map(|recorded| (*name, vec![Read::new(recorded)])));
    }
    all
}

/// The same events in another order of streams and logs, in batches of random sizes. Each stream keeps its order.
fn shuffled(plainly: &[(&'static str, Vec<Read>)], dice: &mut Dice) -> Vec<(&'static str, Vec<Read>)> {
    let mut streams: BTreeMap<(&'static str, String), VecDeque<Read>> = BTreeMap::new();
    for (log, events) in plainly {
        for event in events {
            streams.entry((log, event.event.stream.clone())).or_default().push_back(event.clone());
        }
    }
    let mut deliveries: Vec<(&'static str, Vec<Read>)> = vec![];
    let mut room = 0;
    while !streams.is_empty() {
        let at = dice.below(streams.len() as u64) as usize;
        let (log, stream) = streams.keys().nth(at).unwrap().clone();
        // Mostly the log of the batch goes on, so that batches hold several events of several streams.
        let log = match deliveries.last() {
            Some((last, _)) if dice.percent(80) && streams.keys().any(|(log, _)| log == last) => *last,
            _ => log,
        };
        let of_log: Vec<_> = streams.keys().filter(|(of, _)| *of == log).cloned().collect();
        let key = of_log
            .iter()
            .find(|(_, name)| *name == stream)
            .unwrap_or_else(|| &of_log[dice.below(of_log.len() as u64) as usize])
            .clone();
        let events = streams.get_mut(&key).unwrap();
        let event = events.pop_front().unwrap();
        if events.is_empty() {
            streams.remove(&key);
        }
        match deliveries.last_mut() {
            Some((last, batch)) if *last == log && batch.len() < room => batch.push(event),
            _ => {
                room = 1 + dice.below(12) as usize;
                deliveries.push((log, vec![event]));
            }
        }
    }
    deliveries
}

/// Says the first row that differs rather than all of them.
fn assert_same(found: &[String], expected: &[String], how: &str) {
    let differs = found.iter().zip(expected).find(|(found, expected)| found != expected);
    assert_eq!(differs, None, "{how}");
    assert_eq!(found.len(), expected.len(), "{how}");
}

async fn any_interleaving_in_any_batches(url: StoreUrl) {
    let mut dice = Dice::new(Dice::seed());
    let mut lives = Lives::open(&url, &mut dice).await;
    lives.go_on(&mut dice, usize::MAX).await;
    let store = lives.store("timeline").await;
    let plainly = plainly(&lives).await;
    let expected = applied(&store, "plainly", &plainly).await;
    assert!(expected.len() > 100, "{} rows: too few to tell anything", expected.len());
    for (round, name) in ["one", "two", "three", "four", "five", "six"].iter().enumerate() {
        let deliveries = shuffled(&plainly, &mut dice);
        let brought: usize = deliveries.iter().map(|(_, events)| events.len()).sum();
        assert_eq!(brought, plainly.len(), "every event is brought once");
        assert_same(&applied(&store, name, &deliveries).await, &expected, &format!("round {round}"));
    }
}

async fn any_delivery_with_repeats_losses_and_restarts(url: StoreUrl) {
    let mut dice = Dice::new(Dice::seed());
    let mut lives = Lives::open(&url, &mut dice).await;
    let store = lives.store("timeline").await;
    for life in 0..5 {
        let last = life == 4;
        let sources = lives.stores.iter().map(|(name, store)| {
            let tail = Nasty::new(store.log(), Manners::BAD, dice.throw());
            Source::local(*name, store.log().clone()).with_tail(tail)
        });
        let stop = CancellationToken::new();
        let setup = projection::Setup {
            store: store.clone(),
            projection: Arc::new(TimelineProjection),
            sources: sources.collect(),
            clock: lives.clock.clone(),
            metrics: Metrics::new(),
            build: "test".to_owned(),
            pace: Pace {
                watchdog: Duration::from_millis(40),
                run: 1 + dice.below(9) as usize,
                ..Pace::default()
            },
            grace: Duration::from_secs(30),
            stop: stop.clone(),
        };
        let running = projection::start(setup).await.unwrap();
        lives.go_on(&mut dice, if last { usize::MAX } else { 60 }).await;
        // It is stopped in the middle of its work: once some of the logs are read so far and the others wherever they are.
        let mut progress = running.views().progress();
        for (name, store) in &lives.stores {
            let head = store.log().head().await.unwrap().position;
            let far = if last { head } else { dice.below(head + 1) };
            let there = progress.wait_for(|progress| {
                far == 0 || progress.places.get(*name).is_some_and(|place| place.position >= far)
            });
            let reached = tokio::time::timeout(Duration::from_secs(60), there).await;
            assert!(
                reached.is_ok_and(|reached| reached.is_ok()),
                "{name} never got to {far}: {:?}",
                running.views().lag()
            );
        }
        if last {
            assert_eq!(running.parked().await.unwrap(), []);
            let expected = applied(&store, "plainly", &plainly(&lives).await).await;
            assert!(expected.len() > 100, "{} rows: too few to tell anything", expected.len());
            assert_same(&rows(&running.views().db()).await, &expected, "after five lives");
        }
        stop.cancel();
        running.ended().await;
    }
}

fn sqlite(home: &tempfile::TempDir) -> StoreUrl {
    StoreUrl::Sqlite(home.path().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_interleaving_of_streams_and_logs_gives_the_same_bytes_on_sqlite() {
    let home = tempfile::tempdir().unwrap();
    any_interleaving_in_any_batches(sqlite(&home)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_interleaving_of_streams_and_logs_gives_the_same_bytes_on_postgres() {
    any_interleaving_in_any_batches(StoreUrl::Postgres(Postgres::shared().await.url().await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_at_its_worst_and_restarts_give_the_same_bytes_on_sqlite() {
    let home = tempfile::tempdir().unwrap();
    any_delivery_with_repeats_losses_and_restarts(sqlite(&home)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_at_its_worst_and_restarts_give_the_same_bytes_on_postgres() {
    any_delivery_with_repeats_losses_and_restarts(StoreUrl::Postgres(Postgres::shared().await.url().await))
        .await;
}
