//! A log restored from a backup: readers that have read beyond its end, and those that have not.

use std::path::Path;
use std::sync::Arc;

use sqlx::Connection;

use platform::log::{Append, AppendError};
use platform::source::Source;
use platform::store::{Store, StoreUrl};

use crate::fixture::{Place, Teller, event, eventually, level, rows, setup, start};
use crate::tally::Tally;

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_log_takes_nothing_until_it_is_forked_and_then_every_reader_comes_level_again() {
    let (before, place, restored) = (Place::sqlite().await, Place::sqlite().await, Place::sqlite().await);
    let directory = |place: &Place| place.directory.as_ref().unwrap().path().to_owned();
    let tally = Arc::new(Tally::of(&["referrals"]));
    let (ahead, behind) = (place.open("ahead").await, place.open("behind").await);

    // Five events, a backup, five more: one view has read them all, one only as far as the backup.
    let store = before.open("referrals").await;
    let mut teller = Teller::new(store.log());
    teller.tell_many(2, 5).await;
    for (views, more) in [(&behind, 0), (&ahead, 5)] {
        if more > 0 {
            let store = before.open("referrals").await;
            teller.log = store.log().clone();
            teller.tell_many(2, more).await;
        }
        let setup = setup(views, &tally, vec![Source::local("referrals", teller.log.clone())]);
        let stop = setup.stop.clone();
        let running = start(setup).await;
        level(&running.views(), &[&teller.log]).await;
        stop.cancel();
        running.ended().await;
        if more == 0 {
            store.close().await;
            copy(&directory(&before), &directory(&restored));
        }
    }

    let store = Store::open(&StoreUrl::Sqlite(directory(&restored)), "referrals", restored.clock.clone())
        .await
        .unwrap();
    let log = store.log().clone();
    assert_eq!(log.head().await.unwrap().position, 5);
    let source = Source::local("referrals", log.clone());
    let running = start(setup(&ahead, &tally, vec![source.clone()])).await;
    eventually("the reader to be seen ahead", || async { log.refusing().await.unwrap().is_some() }).await;
    let late = event(kernel::StreamId::new("told", uuid::Uuid::from_u128(50)), 1, None, "Said", "late");
    let append = Append { events: vec![late], ..Append::default() };
    assert!(matches!(log.append(append.clone()).await, Err(AppendError::LogReplaced)));
    assert_eq!(
        rows(&running.views().db()).await.len(),
        12,
        "what was read stays until the log says what it is"
    );

    log.fork(5).await.unwrap();
    log.append(append).await.expect("a forked log takes appends");
    eventually("the reader ahead to be made anew", || async {
        running.views().progress().borrow().generation > 1
    })
    .await;
    level(&running.views(), &[&log]).await;
    assert_eq!(rows(&running.views().db()).await.len(), 9, "five and one, in three streams");
    assert!(running.verify().await.unwrap().clean());

    let running = start(setup(&behind, &tally, vec![source])).await;
    level(&running.views(), &[&log]).await;
    assert_eq!(
        running.views().progress().borrow().generation,
        1,
        "who had read nothing that was lost reads on"
    );
    assert!(running.verify().await.unwrap().clean());
}

/// Brings a log on PostgreSQL to where a backup has it, beneath whoever has it open.
async fn restore(url: &StoreUrl, schema: &str, sql: &str) {
    let StoreUrl::Postgres(url) = url else { panic!("a log on PostgreSQL") };
    let mut server = sqlx::PgConnection::connect(url).await.unwrap();
    // As a restore does: no trigger of the log's stands in the way.
    let sql = format!("SET search_path = {schema}; SET session_replication_role = replica; {sql}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut server).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_restored_beneath_a_running_process_is_forked_and_read_on_without_a_restart() {
    let place = Place::postgres().await;
    let store = place.open("referrals").await;
    let log = store.log().clone();
    let tally = Arc::new(Tally::of(&["referrals"]));
    let mut teller = Teller::new(&log);
    teller.tell_many(2, 5).await;
    restore(&place.url, "referrals", "CREATE TABLE backup AS SELECT * FROM log_head").await;
    teller.tell_many(2, 5).await;
    let views = place.open("timeline").await;
    let running = start(setup(&views, &tally, vec![Source::local("referrals", log.clone())])).await;
    level(&running.views(), &[&log]).await;
    let (head, replaced) = (log.head_changes(), log.replaced());
    assert_eq!((*head.borrow(), *replaced.borrow()), (10, 0));

    let to_backup = "BEGIN; DELETE FROM log_events WHERE position > 5; UPDATE log_head SET (position, recorded_at, sequences) = \
        (SELECT position, recorded_at, sequences FROM backup); COMMIT";
    restore(&place.url, "referrals", to_backup).await;
    eventually("the reader to be seen ahead", || async { log.refusing().await.unwrap().is_some() }).await;
    let late = event(kernel::StreamId::new("told", uuid::Uuid::from_u128(50)), 1, None, "Said", "late");
    let append = Append { events: vec![late], ..Append::default() };
    assert!(matches!(log.append(append.clone()).await, Err(AppendError::LogReplaced)));
    eventually("readers to wait for what follows the end that is there", || async { *head.borrow() == 5 })
        .await;
    eventually("what was made of the lost end to be distrusted", || async { *replaced.borrow() > 0 }).await;

    log.fork(5).await.unwrap();
    log.append(append).await.expect("a forked log takes appends");
    eventually("the reader to be made anew", || async { running.views().progress().borrow().generation > 1 })
        .await;
    level(&running.views(), &[&log]).await;
    assert_eq!(*head.borrow(), 6);
    assert_eq!(rows(&running.views().db()).await.len(), 9, "five and one, in three streams");
    assert!(running.verify().await.unwrap().clean());
}
