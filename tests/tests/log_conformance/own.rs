//! What only one of the stores has: several processes and cached plans here, a directory there.

use std::time::Duration;

use platform::db::StoreError;
use platform::log::{Append, AppendError};
use platform::store::{Store, StoreUrl};
use sqlx::{Connection, PgConnection};
use tests::Postgres;

use crate::cases::{send, sent, waited_for};
use crate::fixture::{Place, add, appended, audit, refused, request};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_append_to_one_log_in_one_order() {
    let place = Place::postgres().await;
    let stores = [place.open().await, place.open().await, place.open().await];
    // Each stream is wanted by every process at once: exactly one gets each version.
    let racers: Vec<_> = (0..48_u128)
        .map(|racer| {
            let log = stores[racer as usize % 3].log().clone();
            tokio::spawn(async move {
                let mut made = 0;
                for version in 0..10 {
                    match log.append(add(racer / 3, version, 2)).await {
                        Ok(_) => made += 1,
                        Err(AppendError::Conflict { .. }) => {}
                        Err(other) => panic!("{other:?}"),
                    }
                }
                made
            })
        })
        .collect();
    let mut made = 0;
    for racer in racers {
        made += racer.await.unwrap();
    }
    for store in &stores {
        assert_eq!(audit(store.log()).await.len(), made * 2);
    }
    assert!(made >= 16 * 5, "each stream got its even versions");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_append_is_judged_by_is_never_older_than_its_turn() {
    let place = Place::postgres().await;
    let StoreUrl::Postgres(url) = &place.url else { panic!("a place of PostgreSQL") };
    let store = place.open().await;
    appended(store.log(), add(1, 0, 1)).await;
    let mut other = place.intrude().await;
    other.hold_the_head().await;
    // Another process has its turn, and has not committed yet.
    let turn = "INSERT INTO log_events SELECT 2, partition, sequence + 1, stream, version + 1, event_id, kind, person, recorded_at,
            bytes FROM log_events WHERE position = 1;
        UPDATE log_head SET position = 2";
    other.run(turn).await.unwrap();
    let late = sent(&store, add(1, 1, 1)).await;
    let mut watcher = PgConnection::connect(url).await.unwrap();
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let soon = tokio::time::Instant::now() + Duration::from_secs(10);
    while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut watcher).await.unwrap() == 0 {
        assert!(tokio::time::Instant::now() < soon, "the append waits for its turn");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    other.run("COMMIT").await.unwrap();
    let outcome = late.await.unwrap();
    assert!(matches!(outcome, Err(AppendError::Conflict { .. })), "{outcome:?}");
    assert_eq!(appended(store.log(), add(2, 0, 1)).await.positions, [3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_processs_appends_are_seen_soon() {
    let place = Place::postgres().await;
    let (one, other) = (place.open().await, place.open().await);
    let mut changes = other.log().head_changes();
    appended(one.log(), add(1, 0, 1)).await;
    let seen = tokio::time::timeout(Duration::from_secs(5), changes.wait_for(|head| *head == 1)).await;
    seen.expect("the other process learns of it by itself").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_was_replaced_is_told_and_one_that_only_grew_is_not() {
    let place = Place::postgres().await;
    let (one, other) = (place.open().await, place.open().await);
    let (mut replaced, mut head) = (one.log().replaced(), one.log().head_changes());
    appended(one.log(), add(1, 0, 1)).await;
    appended(other.log(), add(2, 0, 1)).await;
    head.wait_for(|head| *head == 2).await.unwrap();
    assert_eq!(*replaced.borrow_and_update(), 0, "the other's append is no replacement");
    other.log().fork(1).await.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(5), replaced.wait_for(|times| *times == 1)).await;
    told.expect("it is told").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_append_that_cannot_be_stored_fails_alone() {
    let place = Place::postgres().await;
    let store = place.open().await;
    let mut intruder = place.intrude().await;
    intruder.hold_the_head().await;
    let first = sent(&store, add(1, 0, 1)).await;
    let mut unfit = add(2, 0, 1);
    // PostgreSQL keeps no text with this character.
    unfit.events[0].kind = "a\0b".into();
    let unfit = send(&store, unfit);
    let fit: Vec<_> = (3..13).map(|number| send(&store, add(number, 0, 1))).collect();
    waited_for(|| store.log().queue_depth() == 11).await;
    intruder.let_go().await;
    first.await.unwrap().unwrap();
    let outcome = unfit.await.unwrap();
    assert!(matches!(&outcome, Err(AppendError::Unavailable(e)) if !e.retryable()), "{outcome:?}");
    for append in fit {
        append.await.unwrap().unwrap();
    }
    assert_eq!(audit(store.log()).await.len(), 11);
}

/// How often a table was read from end to end, and by an index.
async fn scans(watcher: &mut PgConnection, table: &str) -> (i64, i64) {
    let sql = "SELECT seq_scan, coalesce(idx_scan, 0) FROM pg_stat_user_tables WHERE schemaname = 'referrals' AND relname = $1";
    sqlx::query_as(sql).bind(table).fetch_one(watcher).await.expect("statistics")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_began_empty_never_scans_its_tables_to_append() {
    let place = Place::postgres().await;
    let StoreUrl::Postgres(url) = &place.url else { panic!("a place of PostgreSQL") };
    let store = place.open().await;
    let mut watcher = PgConnection::connect(url).await.unwrap();
    let tables = ["log_events", "log_requests", "log_claims", "log_cursors"];
    // The appender's session makes its plans now, over nothing.
    let append = |number: u128, version| {
        let key = platform::log::Claim::Take { key: number.to_be_bytes().to_vec(), holder: "h".into() };
        let cursor = platform::log::CursorMove {
            reader: number.to_string(),
            log_id: uuid::Uuid::from_u128(1),
            partition: 0,
            from: version,
            to: version + 1,
        };
        let request = request(number * 1_000 + u128::from(version), 1);
        Append { request: Some(request), claims: vec![key], cursor: Some(cursor), ..add(number, version, 1) }
    };
    appended(store.log(), append(1, 0)).await;
    let clients: Vec<_> = (2..34)
        .map(|number| {
            let log = store.log().clone();
            tokio::spawn(async move {
                for version in 0..20 {
                    appended(&log, append(number, version)).await;
                    // Refusals have statements, and so plans, of their own.
                    refused(&log, Append { request: None, ..append(number, version) }).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    let mut version = 1;
    let soon = tokio::time::Instant::now() + Duration::from_secs(20);
    for table in tables {
        // A session reports what it did up to a second late, and only when it does something.
        while scans(&mut watcher, table).await.1 < 640 {
            assert!(tokio::time::Instant::now() < soon, "{table} is looked up by its index");
            appended(store.log(), append(1, version)).await;
            version += 1;
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        // Making an index reads the table, then empty, once.
        let scanned = scans(&mut watcher, table).await.0;
        assert!(scanned < 10, "{table} was scanned {scanned} times");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_goes_on_by_itself_when_its_server_was_stopped_the_hard_way() {
    let server = Postgres::start().await;
    let place = Place::of(&server).await;
    let store = place.open().await;
    appended(store.log(), add(1, 0, 1)).await;
    let clients: Vec<_> = (2..18_u128)
        .map(|number| {
            let log = store.log().clone();
            tokio::spawn(async move {
                let (mut version, mut failed) = (0, 0);
                while version < 40 || failed == 0 {
                    let asked = || Append {
                        request: Some(request(number * 1_000 + u128::from(version), 1)),
                        ..add(number, version, 1)
                    };
                    match log.append(asked()).await {
                        Ok(_) => version += 1,
                        Err(AppendError::Unavailable(error)) => {
                            assert!(error.retryable(), "{error:?}");
                            failed += 1;
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                        Err(other) => panic!("{other:?}"),
                    }
                }
                version
            })
        })
        .collect();
    waited_for(|| store.log().batches().appends > 100).await;
    server.stop_immediate();
    server.start_again().await;
    let mut acknowledged = 1;
    for client in clients {
        acknowledged += client.await.unwrap();
    }
    assert_eq!(audit(store.log()).await.len() as u64, acknowledged, "each acknowledged append is there once");
}

#[tokio::test]
async fn a_directory_belongs_to_one_process_and_a_second_is_told_whose() {
    let place = Place::sqlite().await;
    let StoreUrl::Sqlite(directory) = &place.url else { panic!("a place of SQLite") };
    let lock = directory.join("throughline.lock");
    // Another process, as far as the lock can tell: it is by open file.
    let other = std::fs::File::create(&lock).unwrap();
    std::io::Write::write_all(&mut &other, b"throughline (process 4711)\n").unwrap();
    other.try_lock().unwrap();
    let refusal = Store::open(&place.url, "referrals", place.clock.clone()).await.err().expect("a refusal");
    let StoreError::Unusable(why) = &refusal else { panic!("{refusal:?}") };
    assert!(why.contains("throughline (process 4711)"), "{why}");
    drop(other);

    let store = place.open().await;
    let neighbour =
        Store::open(&place.url, "housing", place.clock.clone()).await.expect("services of one process share");
    let mine = std::fs::read_to_string(&lock).unwrap();
    assert!(mine.contains(&std::process::id().to_string()), "{mine}");
    let file = std::fs::File::open(&lock).unwrap();
    assert!(file.try_lock().is_err(), "it is held");
    store.close().await;
    drop(store);
    assert!(file.try_lock().is_err(), "as long as one store is open");
    neighbour.close().await;
    drop(neighbour);
    file.try_lock().expect("and no longer");
}
