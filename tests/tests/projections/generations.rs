//! Rebuilds and verifications while events keep coming.

use std::sync::Arc;
use std::time::Duration;

use platform::args;
use platform::projection::Differs;
use platform::source::Source;
use tokio::time::Instant;

use crate::fixture::{Place, Teller, eventually, level, on_both, rows, setup, start};
use crate::tally::Tally;

on_both!(
    a_rebuild_under_load_flips_to_the_same_rows_and_readers_never_go_back,
    a_verification_finds_what_was_planted_and_nothing_else,
    an_interrupted_rebuild_goes_on_after_a_restart,
    a_read_waits_for_what_was_written_within_its_deadline,
    a_new_version_makes_its_own_tables_beside_those_of_the_old,
);

async fn a_rebuild_under_load_flips_to_the_same_rows_and_readers_never_go_back(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    teller.tell_many(20, 2_000).await;
    let tally = Arc::new(Tally::of(&["referrals"]));
    let store = place.open("timeline").await;
    let mut setup = setup(&store, &tally, vec![Source::local("referrals", teller.log.clone())]);
    setup.grace = Duration::from_millis(200);
    setup.pace.run = 100;
    let running = start(setup).await;
    let views = running.views();
    level(&views, &[&teller.log]).await;

    let watching = tokio::spawn({
        let mut progress = views.progress();
        async move {
            let mut last = 0;
            while progress.changed().await.is_ok() {
                let now = progress.borrow_and_update().places["referrals"].position;
                assert!(now >= last, "readers went back from {last} to {now}");
                last = now;
                if last >= 3_000 {
                    return;
                }
            }
        }
    });
    let load = tokio::spawn(async move {
        for number in 0..1_000 {
            teller.tell(number % 20, "Said", "meanwhile").await;
        }
        teller
    });
    assert_eq!(running.rebuild().await.unwrap(), 2);
    let teller = load.await.unwrap();
    level(&views, &[&teller.log]).await;
    watching.await.unwrap();
    assert_eq!(views.progress().borrow().generation, 2);
    assert_eq!(rows(&views.db()).await.len(), 3_020);
    assert!(running.verify().await.unwrap().clean());
    eventually("the old tables to be dropped", || async {
        store.generations("tally").await.unwrap() == [0, 2]
    })
    .await;
}

async fn a_verification_finds_what_was_planted_and_nothing_else(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    teller.tell_many(5, 3_000).await;
    let tally = Arc::new(Tally::of(&["referrals"]));
    let store = place.open("timeline").await;
    let mut setup = setup(&store, &tally, vec![Source::local("referrals", teller.log.clone())]);
    setup.pace.run = 500;
    let running = start(setup).await;
    let views = running.views();
    level(&views, &[&teller.log]).await;

    let load = tokio::spawn(async move {
        for number in 0..300 {
            teller.tell(number % 5, "Said", "meanwhile").await;
        }
        teller
    });
    let verified = running.verify().await.unwrap();
    assert!(verified.clean(), "{verified:?}");
    assert!(verified.rows >= 3_005 && verified.positions["referrals"] >= 3_000);
    let teller = load.await.unwrap();
    level(&views, &[&teller.log]).await;

    let mut tx = views.db().begin().await.unwrap();
    let stream = "told-00000000-0000-0000-0000-000000000002";
    let plant = |sql: &str| (sql.to_owned(), args![stream]);
    for (sql, args) in [
        plant("DELETE FROM entries WHERE stream = $1 AND version = 7"),
        plant("UPDATE entries SET said = 'forged' WHERE stream = $1 AND version = 9"),
        plant(
            "INSERT INTO entries (source, stream, version, person, said) VALUES ('referrals', $1, 90000, 'none', 'made up')",
        ),
    ] {
        assert_eq!(tx.execute(&sql, args).await.unwrap(), 1);
    }
    tx.commit().await.unwrap();
    let verified = running.verify().await.unwrap();
    let mut found: Vec<_> = verified.differences.iter().map(|difference| difference.differs).collect();
    found.sort();
    assert_eq!(found, [Differs::Missing, Differs::Extra, Differs::Changed]);
    assert!(verified.differences.iter().all(|difference| difference.table == "entries"));
    assert!(verified.differences.iter().all(|difference| difference.key.contains(stream)));
    running.rebuild().await.unwrap();
    assert!(running.verify().await.unwrap().clean(), "a rebuild mends it");
    assert_eq!(
        store.generations("tally").await.unwrap().len(),
        3,
        "the catalogue, the retired and the live one"
    );
}

async fn an_interrupted_rebuild_goes_on_after_a_restart(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    teller.tell_many(20, 1_500).await;
    let tally = Arc::new(Tally::of(&["referrals"]));
    let store = place.open("timeline").await;
    let source = Source::local("referrals", teller.log.clone());
    let first = setup(&store, &tally, vec![source.clone()]);
    let stop = first.stop.clone();
    let running = start(first).await;
    level(&running.views(), &[&teller.log]).await;
    let rebuilding = tokio::spawn({
        let running = running.clone();
        async move { running.rebuild().await }
    });
    eventually("the rebuild to begin", || async { store.generations("tally").await.unwrap().contains(&2) })
        .await;
    stop.cancel();
    running.ended().await;
    rebuilding.abort();

    let running = start(setup(&store, &tally, vec![source])).await;
    eventually("the rebuild to end", || async { running.views().progress().borrow().generation == 2 }).await;
    assert!(running.verify().await.unwrap().clean());
}

async fn a_read_waits_for_what_was_written_within_its_deadline(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    let tally = Arc::new(Tally::of(&["referrals"]));
    let source = Source::local("referrals", teller.log.clone());
    let running = start(setup(&place.open("timeline").await, &tally, vec![source])).await;
    let views = running.views();
    let soon = || Instant::now() + Duration::from_secs(20);
    let appended = teller.tell(1, "Said", "word").await;
    let revision = teller.revision(&appended);
    assert!(views.reached(&revision, soon()).await);
    assert_eq!(rows(&views.db()).await.len(), 2, "what was waited for is there");
    let mut beyond = revision.clone();
    beyond.written[0].1 += 1;
    assert!(!views.reached(&beyond, Instant::now() + Duration::from_millis(50)).await);
    let mut elsewhere = revision;
    elsewhere.log = "housing".to_owned();
    assert!(!views.reached(&elsewhere, soon()).await, "which answers at once");
    eventually("the lag to be looked at", || async { views.caught_up() }).await;
    assert_eq!(views.lag()[0].events, 0);
}

async fn a_new_version_makes_its_own_tables_beside_those_of_the_old(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    teller.tell_many(4, 40).await;
    let source = Source::local("referrals", teller.log.clone());
    let (old, new) = (Arc::new(Tally::of(&["referrals"])), Arc::new(Tally::of(&["referrals"]).at_version(2)));
    let old = start(setup(&place.open("timeline").await, &old, vec![source.clone()])).await;
    level(&old.views(), &[&teller.log]).await;
    let new = start(setup(&place.open("timeline").await, &new, vec![source])).await;
    level(&new.views(), &[&teller.log]).await;
    teller.tell_many(4, 40).await;
    for (running, generation) in [(&old, 1), (&new, 2)] {
        level(&running.views(), &[&teller.log]).await;
        assert_eq!(running.views().progress().borrow().generation, generation);
        assert_eq!(rows(&running.views().db()).await.len(), 84);
    }
    assert_eq!(old.rebuild().await.unwrap(), 3);
    assert_eq!(new.views().progress().borrow().generation, 2, "which is none of its business");
}
