//! Poison parks its person in that log, and nobody else.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use kernel::StreamId;
use platform::log::{Append, NewEvent};
use platform::projection::Replayed;
use platform::source::Source;
use uuid::Uuid;

use crate::fixture::{Place, Teller, event, eventually, level, on_both, person, rows, setup, start};
use crate::tally::Tally;

on_both!(
    a_poisoned_person_waits_in_that_log_alone_and_goes_on_after_a_replay,
    a_newer_kind_parks_and_a_newer_build_tries_again_by_itself,
    an_erasure_passes_what_waits,
    bytes_that_are_no_event_park_their_partition,
);

async fn a_poisoned_person_waits_in_that_log_alone_and_goes_on_after_a_replay(place: Place) {
    let mut referrals = Teller::new(place.open("referrals").await.log());
    let mut housing = Teller::new(place.open("housing").await.log());
    let tally = Arc::new(Tally::of(&["referrals", "housing"]));
    let sources: Vec<_> =
        [&referrals, &housing].map(|teller| Source::local(teller.log.service(), teller.log.clone())).into();
    let setup = setup(&place.open("timeline").await, &tally, sources);
    let metrics = setup.metrics.clone();
    let running = start(setup).await;
    let views = running.views();

    referrals.tell(1, "Said", "first").await;
    referrals.tell(1, "Said", "poison").await;
    referrals.tell(1, "Said", "third").await;
    referrals.tell(2, "Said", "other").await;
    housing.tell(1, "Said", "elsewhere").await;
    level(&views, &[&referrals.log, &housing.log]).await;
    referrals.tell(1, "Said", "fourth").await;
    level(&views, &[&referrals.log]).await;

    let shown = |rows: &[String]| rows.iter().filter(|row| row.split(' ').count() == 5).count();
    assert_eq!(shown(&rows(&views.db()).await), 3, "first, other and elsewhere");
    let parked = running.parked().await.unwrap();
    assert_eq!(parked.len(), 1);
    assert_eq!(
        (parked[0].subject.as_str(), parked[0].position, parked[0].waiting),
        (&*person(1).to_string(), 2, 3)
    );
    assert_eq!(parked[0].reason, "it says so");
    assert_eq!(views.parked_in(person(1)).await.unwrap(), ["referrals"]);
    assert!(views.parked_in(person(2)).await.unwrap().is_empty());

    let alert = r#"throughline_parked_people{projection="tally"} 1"#;
    eventually("the metric to tell", || async { metrics.text().lines().any(|line| line == alert) }).await;

    let still = running.replay(None).await.unwrap();
    assert_eq!(still, Replayed { applied: 0, freed: 0, parked: 1 }, "nothing was mended yet");
    tally.mended.store(true, Ordering::SeqCst);
    let subject = person(1).to_string();
    assert_eq!(running.replay(Some(&subject)).await.unwrap(), Replayed { applied: 3, freed: 1, parked: 0 });
    referrals.tell(1, "Said", "fifth").await;
    level(&views, &[&referrals.log]).await;
    let rows = rows(&views.db()).await;
    assert_eq!(shown(&rows), 7);
    assert!(running.verify().await.unwrap().clean(), "as if nothing had ever waited");
}

async fn a_newer_kind_parks_and_a_newer_build_tries_again_by_itself(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    let tally = Arc::new(Tally::of(&["referrals"]));
    let store = place.open("timeline").await;
    let source = Source::local("referrals", teller.log.clone());
    let older = setup(&store, &tally, vec![source.clone()]);
    let stop = older.stop.clone();
    let running = start(older).await;
    teller.tell(1, "Said", "poison").await;
    teller.tell(1, "SungOutLoud", "la").await;
    level(&running.views(), &[&teller.log]).await;
    assert_eq!(running.parked().await.unwrap()[0].build, "test 1");
    stop.cancel();
    running.ended().await;

    // The same build does not try in vain at each start; the newer one does, as far as it can.
    tally.mended.store(true, Ordering::SeqCst);
    let same = setup(&store, &tally, vec![source.clone()]);
    let stop = same.stop.clone();
    let running = start(same).await;
    teller.tell(2, "Said", "something").await;
    level(&running.views(), &[&teller.log]).await;
    assert_eq!(running.parked().await.unwrap()[0].waiting, 2);
    stop.cancel();
    running.ended().await;

    let mut newer = setup(&store, &tally, vec![source]);
    newer.build = "test 2".to_owned();
    let running = start(newer).await;
    eventually("the newer build to try again", || async {
        let parked = running.parked().await.unwrap();
        parked.len() == 1 && parked[0].build == "test 2" && parked[0].waiting == 1
    })
    .await;
    assert_eq!(running.parked().await.unwrap()[0].reason, "the kind SungOutLoud is not known");
}

async fn an_erasure_passes_what_waits(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    let tally = Arc::new(Tally::of(&["referrals"]));
    let source = Source::local("referrals", teller.log.clone());
    let running = start(setup(&place.open("timeline").await, &tally, vec![source])).await;
    teller.tell(1, "Said", "a secret").await;
    teller.tell(1, "Said", "poison").await;
    teller.tell(1, "Said", "waits").await;
    teller.tell(1, "Erased", "").await;
    level(&running.views(), &[&teller.log]).await;
    let rows = rows(&running.views().db()).await;
    assert!(rows.iter().all(|row| !row.contains("secret")), "{rows:?}");
    assert_eq!(running.parked().await.unwrap()[0].waiting, 2);
}

async fn bytes_that_are_no_event_park_their_partition(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    let tally = Arc::new(Tally::of(&["referrals"]));
    let source = Source::local("referrals", teller.log.clone());
    let running = start(setup(&place.open("timeline").await, &tally, vec![source])).await;
    let stream = StreamId::new("broken", Uuid::from_u128(9));
    let whole = event(stream, 1, Some(person(1)), "Said", "never read");
    let broken = NewEvent { bytes: vec![0xff; 20].into(), ..whole };
    teller
        .log
        .append(Append { events: vec![broken], ..Append::default() })
        .await
        .expect("a log takes any bytes");
    teller.tell(1, "Said", "waits").await;
    teller.tell(2, "Said", "flows").await;
    level(&running.views(), &[&teller.log]).await;
    let parked = running.parked().await.unwrap();
    let partition = platform::log::partition(Some(person(1)), &stream);
    assert_eq!(parked[0].subject, format!("partition-{partition}"));
    assert_eq!(parked[0].waiting, 2);
    assert_eq!(running.views().parked_in(person(1)).await.unwrap(), ["referrals"]);
    let rows = rows(&running.views().db()).await;
    assert!(rows.iter().any(|row| row.ends_with("flows")) && !rows.iter().any(|row| row.ends_with("waits")));
}
