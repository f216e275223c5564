//! What happens to appends that wait, whose callers go, or whose time runs out.

use std::time::Duration;

use platform::log::{Append, AppendError};
use tokio::time::Instant;

use crate::cases::{send, sent, waited_for};
use crate::fixture::{Place, add, appended, audit, on_both, refused, request};

on_both!(
    a_deadline_that_has_passed_is_told_and_nothing_is_appended,
    a_deadline_drops_what_waits_and_never_what_was_sent,
    a_caller_who_goes_before_the_append_is_sent_takes_it_along,
    a_retry_after_a_lost_reply_gives_the_first_reply,
    appends_that_name_the_same_travel_apart_and_in_order,
    closing_appends_what_waits,
);

async fn a_deadline_that_has_passed_is_told_and_nothing_is_appended(place: Place) {
    let store = place.open().await;
    let late = Append { deadline: Some(Instant::now()), ..add(1, 0, 1) };
    assert!(matches!(refused(store.log(), late).await, AppendError::DeadlineExceeded));
    let soon = Append { deadline: Some(Instant::now() + Duration::from_secs(60)), ..add(2, 0, 1) };
    appended(store.log(), soon).await;
    assert_eq!(audit(store.log()).await.len(), 1);
}

async fn a_deadline_drops_what_waits_and_never_what_was_sent(place: Place) {
    let store = place.open().await;
    let mut intruder = place.intrude().await;
    intruder.hold_the_head().await;
    let short = || Some(Instant::now() + Duration::from_millis(200));
    let stuck = sent(&store, Append { deadline: short(), ..add(1, 0, 1) }).await;
    let waiting = send(&store, Append { deadline: short(), ..add(2, 0, 1) });
    let outcome = waiting.await.unwrap();
    assert!(matches!(outcome, Err(AppendError::DeadlineExceeded)), "{outcome:?}");
    assert!(!stuck.is_finished(), "it was sent, so its outcome is waited for");
    intruder.let_go().await;
    assert_eq!(stuck.await.unwrap().unwrap().positions, [1]);
    appended(store.log(), add(2, 0, 1)).await;
    assert_eq!(audit(store.log()).await.len(), 2);
}

async fn a_caller_who_goes_before_the_append_is_sent_takes_it_along(place: Place) {
    let store = place.open().await;
    let mut intruder = place.intrude().await;
    intruder.hold_the_head().await;
    let stuck = sent(&store, add(1, 0, 1)).await;
    let waiting = send(&store, add(2, 0, 1));
    waited_for(|| store.log().queue_depth() == 1).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    intruder.let_go().await;
    stuck.await.unwrap().unwrap();
    appended(store.log(), add(2, 0, 1)).await;
    assert_eq!(audit(store.log()).await.len(), 2);
}

async fn a_retry_after_a_lost_reply_gives_the_first_reply(place: Place) {
    let store = place.open().await;
    let asked = || Append { request: Some(request(4, 1)), ..add(1, 0, 2) };
    let mut intruder = place.intrude().await;
    intruder.hold_the_head().await;
    let lost = sent(&store, asked()).await;
    lost.abort();
    assert!(lost.await.unwrap_err().is_cancelled());
    intruder.let_go().await;
    let retried = appended(store.log(), asked()).await;
    assert!(retried.replayed, "what was sent was appended, heard or not");
    assert_eq!(retried.positions, [1, 2]);
    assert_eq!(audit(store.log()).await.len(), 2);
}

async fn appends_that_name_the_same_travel_apart_and_in_order(place: Place) {
    let store = place.open().await;
    let mut intruder = place.intrude().await;
    intruder.hold_the_head().await;
    let first = sent(&store, add(9, 0, 1)).await;
    let mut chain = Vec::new();
    for version in 0..5 {
        // One agency: its lane is in order of arrival, so each finds the version that the one before it made.
        chain.push(send(&store, Append { agency: None, ..add(1, version, 1) }));
        waited_for(|| store.log().queue_depth() == chain.len()).await;
    }
    let before = store.log().batches().sent;
    intruder.let_go().await;
    first.await.unwrap().unwrap();
    for (position, append) in (2..).zip(chain) {
        assert_eq!(append.await.unwrap().unwrap().positions, [position]);
    }
    let batches = store.log().batches().sent - before;
    assert!(batches >= 5, "{batches} batches: no two of a stream share one");
    assert_eq!(audit(store.log()).await.len(), 6);
}

async fn closing_appends_what_waits(place: Place) {
    let store = place.open().await;
    let mut intruder = place.intrude().await;
    intruder.hold_the_head().await;
    let stuck = sent(&store, add(1, 0, 1)).await;
    let waiting = send(&store, add(2, 0, 1));
    waited_for(|| store.log().queue_depth() == 1).await;
    let closing = {
        let store = store.clone();
        tokio::spawn(async move { store.close().await })
    };
    let late = || async { store.log().append(add(3, 0, 1)).await };
    // Closing is another task's doing: until it has begun, an append may still get in, and it waits with the others.
    tokio::time::timeout(Duration::from_secs(10), async {
        loop {
            let one = tokio::time::timeout(Duration::from_millis(20), late()).await;
            if matches!(one, Ok(Err(AppendError::Unavailable(_)))) {
                break;
            }
        }
    })
    .await
    .expect("a closing log takes no more");
    intruder.let_go().await;
    closing.await.unwrap();
    assert_eq!(stuck.await.unwrap().unwrap().positions, [1]);
    assert_eq!(waiting.await.unwrap().unwrap().positions, [2]);
    drop(store);
    let store = place.open().await;
    assert_eq!(audit(store.log()).await.len(), 2);
}
