//! Several workers at one work.

use std::sync::Arc;
use std::time::Duration;

use platform::source::Source;
use platform::store::StoreUrl;
use tests::Postgres;
use tokio::runtime::Builder;

use crate::fixture::{Dice, PATIENCE, Place, Teller, level, on_both, rows, setup, start};
use crate::tally::Tally;
use tests::nasty::{Manners, Nasty};

on_both!(two_engines_over_the_same_tables_never_apply_twice);

async fn two_engines_over_the_same_tables_never_apply_twice(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    let tally = Arc::new(Tally::of(&["referrals"]));
    let seed = Dice::seed();
    let mut engines = Vec::new();
    for number in 0..2 {
        let tail = Nasty::new(&teller.log, Manners::BAD, seed + number);
        let source = Source::local("referrals", teller.log.clone()).with_tail(tail);
        engines.push(start(setup(&place.open("timeline").await, &tally, vec![source])).await);
    }
    for number in 0..300 {
        teller.tell(number % 9, "Said", "word").await;
    }
    for engine in &engines {
        level(&engine.views(), &[&teller.log]).await;
    }
    assert_eq!(rows(&engines[0].views().db()).await.len(), 309);
    assert!(engines[1].verify().await.unwrap().clean());
}

/// What a killed process leaves is what was committed: here a runtime is torn down with every task wherever it happens to be.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn engines_killed_at_any_moment_leave_rows_and_cursor_agreeing() {
    let place = Place::sqlite().await;
    let mut dice = Dice::new(Dice::seed());
    let mut teller = Teller::new(place.open("referrals").await.log());
    let tally = Arc::new(Tally::of(&["referrals"]));
    for _life in 0..12 {
        let doomed = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let store = place.open("timeline").await;
        let source = Source::local("referrals", teller.log.clone());
        let mut doomed_setup = setup(&store, &tally, vec![source]);
        doomed_setup.pace.run = 3;
        let _engine = doomed.spawn(start(doomed_setup)).await.unwrap();
        for _ in 0..20 {
            teller.tell(dice.below(6).into(), "Said", "word").await;
        }
        // Sleeps: it is killed at a random moment of its work.
        tokio::time::sleep(Duration::from_millis(dice.below(25))).await;
        doomed.shutdown_background();
    }
    let source = Source::local("referrals", teller.log.clone());
    let running = start(setup(&place.open("timeline").await, &tally, vec![source])).await;
    level(&running.views(), &[&teller.log]).await;
    let verified = running.verify().await.unwrap();
    assert!(verified.clean(), "{verified:?}");
    assert_eq!(verified.positions["referrals"], 240);
}

/// Only where several processes may share tables is there a lease to pass on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_takes_over_the_work_of_one_that_died() {
    let place = Place::postgres().await;
    let mut teller = Teller::new(place.open("referrals").await.log());
    let tally = Arc::new(Tally::of(&["referrals"]));
    let doomed = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (url, clock, log) = (place.url.clone(), place.clock.clone(), teller.log.clone());
    let holder = doomed
        .spawn({
            let tally = tally.clone();
            async move {
                let store = platform::store::Store::open(&url, "timeline", clock).await.unwrap();
                start(setup(&store, &tally, vec![Source::local("referrals", log)])).await
            }
        })
        .await
        .unwrap();
    teller.tell_many(5, 50).await;
    level(&holder.views(), &[&teller.log]).await;

    let source = Source::local("referrals", teller.log.clone());
    let heir = start(setup(&place.open("timeline").await, &tally, vec![source])).await;
    teller.tell_many(5, 50).await;
    level(&heir.views(), &[&teller.log]).await;
    doomed.shutdown_background();
    teller.tell_many(5, 50).await;
    tokio::time::timeout(PATIENCE, level(&heir.views(), &[&teller.log])).await.unwrap();
    assert_eq!(rows(&heir.views().db()).await.len(), 155);
    assert!(heir.verify().await.unwrap().clean());
}

/// Views commit without waiting for the disk, so a crash of the server may undo the latest rows, and their cursor with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_falls_over_costs_time_alone() {
    let server = Postgres::start().await;
    let place = Place::at(StoreUrl::Postgres(server.url().await));
    // The log stands elsewhere, so that it goes on being told meanwhile.
    let elsewhere = Place::sqlite().await;
    let mut teller = Teller::new(elsewhere.open("referrals").await.log());
    let tally = Arc::new(Tally::of(&["referrals"]));
    let source = Source::local("referrals", teller.log.clone());
    let running = start(setup(&place.open("timeline").await, &tally, vec![source])).await;
    for life in 1..4 {
        for number in 0..60 {
            teller.tell(number % 6, "Said", "word").await;
        }
        server.stop_immediate();
        teller.tell(1, "Said", "while it was down").await;
        server.start_again().await;
        level(&running.views(), &[&teller.log]).await;
        let verified = running.verify().await.unwrap();
        assert!(verified.clean(), "{verified:?}");
        assert_eq!(verified.positions["referrals"], 61 * life);
    }
    assert_eq!(rows(&running.views().db()).await.len(), 3 * 61 + 6);
}
