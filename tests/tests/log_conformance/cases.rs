//! What an append promises, case by case.

use std::time::Duration;

use kernel::AgencyId;
use platform::clock::Clock;
use platform::log::{Append, AppendError, Claim, CursorMove, GROUPS, Groups, PAYLOAD_LIMIT, group};
use prost::Message;
use uuid::Uuid;

use crate::fixture::{Place, add, appended, audit, event, on_both, refused, request, stream};

on_both!(
    an_append_gets_the_next_positions_and_sequences,
    several_streams_are_one_append,
    a_stream_that_moved_on_is_a_conflict_and_leaves_no_hole,
    a_stream_that_is_only_read_is_checked_too,
    many_who_rest_on_one_stream_travel_together_and_each_is_judged,
    a_repeated_request_gives_what_the_first_gave,
    a_request_id_belongs_to_its_scope_and_content,
    a_request_without_events_is_known_afterwards,
    a_refused_request_is_not_known,
    a_claim_has_one_holder,
    a_claim_is_handed_over_in_one_append,
    a_refused_append_takes_no_claim,
    a_cursor_moves_exactly_from_where_it_is,
    of_many_moves_from_one_place_one_is_made,
    what_is_too_large_is_refused_before_it_is_sent,
    a_log_that_lost_its_end_takes_nothing_until_it_is_forked,
    a_fork_agrees_with_no_more_than_is_there,
    nothing_appended_can_be_changed_or_removed,
    times_of_recording_never_run_backwards,
    readers_read_by_position_group_and_stream,
    own_appends_wake_readers_at_once,
    many_at_once_share_commits_and_each_is_answered,
    a_conflict_in_a_batch_harms_nobody_else,
    everything_is_there_when_the_log_is_opened_again,
    migrating_twice_is_migrating_once,
);

async fn an_append_gets_the_next_positions_and_sequences(place: Place) {
    let store = place.open().await;
    let first = appended(store.log(), add(1, 0, 2)).await;
    assert_eq!(first.positions, [1, 2]);
    assert!(!first.replayed);
    let second = appended(store.log(), add(1, 2, 1)).await;
    assert_eq!(second.positions, [3]);
    assert_eq!(second.log_id, first.log_id);
    let events = audit(store.log()).await;
    let partition = events[0].partition;
    assert_eq!(first.sequences, [(partition, 2)]);
    assert_eq!(second.sequences, [(partition, 3)]);
    assert_eq!(events[2].recorded_at, second.recorded_at);
}

async fn several_streams_are_one_append(place: Place) {
    let store = place.open().await;
    let mut append = add(1, 0, 1);
    append.expects.push((stream(2), 0));
    append.events.push(event(2, 1));
    append.events.push(event(1, 2));
    // This one's expected version follows from the version of its event.
    append.events.push(event(3, 1));
    assert_eq!(appended(store.log(), append).await.positions, [1, 2, 3, 4]);
    let mut late = add(1, 2, 1);
    late.events.push(event(3, 1));
    let AppendError::Conflict { stream: named } = refused(store.log(), late).await else {
        panic!("a conflict")
    };
    assert_eq!(named, stream(3).to_string());
    assert_eq!(audit(store.log()).await.len(), 4);
}

async fn a_stream_that_moved_on_is_a_conflict_and_leaves_no_hole(place: Place) {
    let store = place.open().await;
    appended(store.log(), add(1, 0, 3)).await;
    for wrong in [0, 2, 4] {
        let refusal = refused(store.log(), add(1, wrong, 1)).await;
        assert!(
            matches!(&refusal, AppendError::Conflict { stream: s } if *s == stream(1).to_string()),
            "{refusal:?}"
        );
    }
    assert_eq!(appended(store.log(), add(1, 3, 1)).await.positions, [4]);
    audit(store.log()).await;
}

async fn a_stream_that_is_only_read_is_checked_too(place: Place) {
    let store = place.open().await;
    appended(store.log(), add(1, 0, 1)).await;
    let reading = |version| Append { expects: vec![(stream(1), version), (stream(2), 0)], ..add(2, 0, 1) };
    assert!(matches!(refused(store.log(), reading(0)).await, AppendError::Conflict { .. }));
    appended(store.log(), reading(1)).await;
    audit(store.log()).await;
}

async fn many_who_rest_on_one_stream_travel_together_and_each_is_judged(place: Place) {
    let store = place.open().await;
    appended(store.log(), add(1, 0, 1)).await;
    appended(store.log(), add(2, 0, 1)).await;
    let mut intruder = place.intrude().await;
    intruder.hold_the_head().await;
    let first = sent(&store, add(99, 0, 1)).await;
    let before = store.log().batches().sent;
    let resting = |number: u128, on: &[(u128, u64)]| {
        let mut append = add(number, 0, 1);
        append.expects.splice(0..0, on.iter().map(|(on, version)| (stream(*on), *version)));
        send(&store, append)
    };
    let right: Vec<_> = (10..30).map(|number| resting(number, &[(1, 1), (2, 1)])).collect();
    let wrong: Vec<_> = (30..50).map(|number| resting(number, &[(1, 0), (2, 1)])).collect();
    let both_wrong: Vec<_> = (50..60).map(|number| resting(number, &[(2, 0), (1, 0)])).collect();
    waited_for(|| store.log().queue_depth() == 50).await;
    intruder.let_go().await;
    first.await.unwrap().unwrap();
    for append in right {
        append.await.unwrap().expect("nothing that it rests on has moved");
    }
    for (appends, moved) in [(wrong, 1), (both_wrong, 2)] {
        for append in appends {
            let refusal = append.await.unwrap().expect_err("what it rests on is elsewhere");
            assert!(
                matches!(&refusal, AppendError::Conflict { stream: s } if *s == stream(moved).to_string()),
                "the first that moved is named: {refusal:?}"
            );
        }
    }
    assert_eq!(store.log().batches().sent, before + 1, "reading harms nobody who reads");
    assert_eq!(audit(store.log()).await.len(), 3 + 20);
}

async fn a_repeated_request_gives_what_the_first_gave(place: Place) {
    let store = place.open().await;
    let asked = || Append { request: Some(request(9, 1)), ..add(1, 0, 2) };
    appended(store.log(), add(7, 0, 1)).await;
    let first = appended(store.log(), asked()).await;
    appended(store.log(), add(8, 0, 1)).await;
    let mut again = appended(store.log(), asked()).await;
    assert!(again.replayed, "the stream has moved on since, and it is no conflict");
    again.replayed = false;
    assert_eq!(again, first);
    assert_eq!((first.subject, first.subject_version), (stream(9).to_string(), 1));
    let known = store.log().request("agency/AcceptReferral", Uuid::from_u128(9)).await.unwrap().unwrap();
    assert_eq!(known.digest, [1; 32]);
    assert_eq!(known.appended.positions, [2, 3]);
    assert_eq!(audit(store.log()).await.len(), 4);
}

async fn a_request_id_belongs_to_its_scope_and_content(place: Place) {
    let store = place.open().await;
    appended(store.log(), Append { request: Some(request(9, 1)), ..add(1, 0, 1) }).await;
    let other = Append { request: Some(request(9, 2)), ..add(1, 1, 1) };
    assert!(matches!(refused(store.log(), other).await, AppendError::RequestReused));
    let mut elsewhere = request(9, 2);
    elsewhere.scope = "agency/CancelReferral".into();
    let elsewhere = Append { request: Some(elsewhere), ..add(1, 1, 1) };
    assert!(!appended(store.log(), elsewhere).await.replayed);
    assert_eq!(audit(store.log()).await.len(), 2);
}

async fn a_request_without_events_is_known_afterwards(place: Place) {
    let store = place.open().await;
    appended(store.log(), add(1, 0, 1)).await;
    let nothing =
        || Append { request: Some(request(9, 1)), expects: vec![(stream(1), 1)], ..Append::default() };
    let first = appended(store.log(), nothing()).await;
    assert!(first.positions.is_empty() && first.sequences.is_empty());
    appended(store.log(), add(1, 1, 1)).await;
    let again = appended(store.log(), nothing()).await;
    assert!(again.replayed && again.positions.is_empty());
    assert_eq!(again.recorded_at, first.recorded_at);
    audit(store.log()).await;
}

async fn a_refused_request_is_not_known(place: Place) {
    let store = place.open().await;
    refused(store.log(), Append { request: Some(request(9, 1)), ..add(1, 5, 1) }).await;
    assert_eq!(store.log().request("agency/AcceptReferral", Uuid::from_u128(9)).await.unwrap(), None);
    appended(store.log(), Append { request: Some(request(9, 2)), ..add(1, 0, 1) }).await;
    audit(store.log()).await;
}

fn take(key: &[u8], holder: &str) -> Claim {
    Claim::Take { key: key.to_vec(), holder: holder.into() }
}

fn release(key: &[u8], holder: &str) -> Claim {
    Claim::Release { key: key.to_vec(), holder: holder.into() }
}

fn claiming(claims: Vec<Claim>) -> Append {
    Append { claims, ..Append::default() }
}

async fn a_claim_has_one_holder(place: Place) {
    let store = place.open().await;
    let log = store.log();
    let key = [0, 255, 3];
    appended(log, claiming(vec![take(&key, "ana")])).await;
    appended(log, claiming(vec![take(&key, "ana")])).await;
    let AppendError::ClaimTaken { key: named, holder } =
        refused(log, claiming(vec![take(b"x", "b"), take(&key, "b")])).await
    else {
        panic!("a claim that is taken")
    };
    assert_eq!((named.as_slice(), holder.as_str()), (key.as_slice(), "ana"));
    assert_eq!(log.claim_holder(b"x").await.unwrap(), None, "all of an append or nothing");
    appended(log, claiming(vec![release(&key, "b")])).await;
    assert_eq!(
        log.claim_holder(&key).await.unwrap().as_deref(),
        Some("ana"),
        "only its holder releases a claim"
    );
    appended(log, claiming(vec![release(&key, "ana")])).await;
    assert_eq!(log.claim_holder(&key).await.unwrap(), None);
    appended(log, claiming(vec![take(&key, "b")])).await;
    assert_eq!(log.claim_holder(&key).await.unwrap().as_deref(), Some("b"));
}

async fn a_claim_is_handed_over_in_one_append(place: Place) {
    let store = place.open().await;
    let log = store.log();
    appended(log, claiming(vec![take(b"unit", "ana")])).await;
    appended(log, claiming(vec![release(b"unit", "ana"), take(b"unit", "ben")])).await;
    assert_eq!(log.claim_holder(b"unit").await.unwrap().as_deref(), Some("ben"));
    let late = claiming(vec![release(b"unit", "ana"), take(b"unit", "cleo")]);
    assert!(matches!(refused(log, late).await, AppendError::ClaimTaken { holder, .. } if holder == "ben"));
}

async fn a_refused_append_takes_no_claim(place: Place) {
    let store = place.open().await;
    refused(store.log(), Append { claims: vec![take(b"k", "ana")], ..add(1, 4, 1) }).await;
    assert_eq!(store.log().claim_holder(b"k").await.unwrap(), None);
    appended(store.log(), Append { claims: vec![take(b"k", "ben")], ..add(1, 0, 1) }).await;
    assert_eq!(store.log().claim_holder(b"k").await.unwrap().as_deref(), Some("ben"));
}

fn step(from: u64, to: u64) -> Option<CursorMove> {
    Some(CursorMove { reader: "loop".into(), log_id: Uuid::from_u128(5), partition: 3, from, to })
}

async fn a_cursor_moves_exactly_from_where_it_is(place: Place) {
    let store = place.open().await;
    let log = store.log();
    let at = |partition| log.cursor("loop", Uuid::from_u128(5), partition);
    assert_eq!(at(3).await.unwrap(), 0);
    appended(log, Append { cursor: step(0, 10), ..add(1, 0, 1) }).await;
    let twice = Append { cursor: step(0, 10), ..add(1, 1, 1) };
    assert!(matches!(refused(log, twice).await, AppendError::CursorMoved));
    appended(log, Append { cursor: step(10, 11), ..Append::default() }).await;
    assert_eq!((at(3).await.unwrap(), at(4).await.unwrap()), (11, 0));
    assert_eq!(audit(log).await.len(), 1);
}

async fn of_many_moves_from_one_place_one_is_made(place: Place) {
    let store = place.open().await;
    let racing = (1..=16).map(|number| {
        let log = store.log().clone();
        tokio::spawn(
            async move { log.append(Append { cursor: step(0, 7), ..add(number, 0, 1) }).await.is_ok() },
        )
    });
    let racing: Vec<_> = racing.collect();
    let mut made = 0;
    for racer in racing {
        made += u32::from(racer.await.unwrap());
    }
    assert_eq!(made, 1);
    assert_eq!(audit(store.log()).await.len(), 1);
}

async fn what_is_too_large_is_refused_before_it_is_sent(place: Place) {
    let store = place.open().await;
    let sized = |payload: usize| {
        let mut append = add(1, 0, 1);
        let bytes = append.events[0].bytes.clone();
        let mut event = proto::log::Event::decode(bytes).expect("an event");
        event.payload = vec![1; payload].into();
        append.events[0].bytes = event.encode_to_vec().into();
        append
    };
    let AppendError::TooLarge { limit, size } = refused(store.log(), sized(PAYLOAD_LIMIT + 1)).await else {
        panic!("too large")
    };
    assert_eq!((limit, size), (PAYLOAD_LIMIT, PAYLOAD_LIMIT + 1));
    appended(store.log(), sized(PAYLOAD_LIMIT)).await;
    let many = Append { events: add(2, 0, 5_000).events, ..Append::default() };
    assert!(matches!(refused(store.log(), many).await, AppendError::TooLarge { .. }));
    assert_eq!(audit(store.log()).await[0].decode().unwrap().payload.len(), PAYLOAD_LIMIT);
}

async fn a_log_that_lost_its_end_takes_nothing_until_it_is_forked(place: Place) {
    let store = place.open().await;
    let first = appended(store.log(), Append { request: Some(request(1, 1)), ..add(1, 0, 2) }).await;
    store.log().refuse_appends("a reader stands at 5").await.unwrap();
    assert!(matches!(refused(store.log(), add(1, 2, 1)).await, AppendError::LogReplaced));
    store.close().await;
    drop(store);

    let store = place.open().await;
    assert_eq!(store.log().refusing().await.unwrap().as_deref(), Some("a reader stands at 5"));
    assert!(
        matches!(refused(store.log(), add(1, 2, 1)).await, AppendError::LogReplaced),
        "restarting mends nothing"
    );
    let forked = store.log().fork(2).await.unwrap();
    assert_ne!(forked, first.log_id);
    assert_eq!(store.log().lineage().await.unwrap(), [(first.log_id, 2)]);
    let next = appended(store.log(), add(1, 2, 1)).await;
    assert_eq!((next.log_id, next.positions.as_slice()), (forked, [3].as_slice()));
    assert_eq!(store.log().head().await.unwrap().log_id, forked);
    assert!(appended(store.log(), Append { request: Some(request(1, 1)), ..add(1, 0, 2) }).await.replayed);
    audit(store.log()).await;
}

async fn a_fork_agrees_with_no_more_than_is_there(place: Place) {
    let store = place.open().await;
    appended(store.log(), add(1, 0, 2)).await;
    let before = store.log().head().await.unwrap();
    assert!(store.log().fork(3).await.is_err());
    assert_eq!(store.log().head().await.unwrap(), before);
    let first = store.log().fork(1).await.unwrap();
    let second = store.log().fork(2).await.unwrap();
    assert_eq!(store.log().lineage().await.unwrap(), [(first, 2), (before.log_id, 1)]);
    assert_eq!(store.log().head().await.unwrap().log_id, second);
}

async fn nothing_appended_can_be_changed_or_removed(place: Place) {
    let store = place.open().await;
    appended(store.log(), Append { request: Some(request(1, 1)), ..add(1, 0, 2) }).await;
    let mut intruder = place.intrude().await;
    let everywhere = [
        "UPDATE log_events SET kind = 'other'",
        "UPDATE log_events SET kind = 'other' WHERE position = 99",
        "DELETE FROM log_events WHERE position = 2",
        "DELETE FROM log_requests",
        "UPDATE log_requests SET subject = 'other'",
    ];
    let (own, spared): (&[&'static str], &[&'static str]) = match &intruder {
        crate::fixture::Intruder::Postgres(_) => {
            (&["TRUNCATE log_events", "TRUNCATE log_requests", "DELETE FROM log_events WHERE false"], &[])
        }
        crate::fixture::Intruder::Sqlite(_) => (
            &[
                "INSERT OR REPLACE INTO log_events SELECT * FROM log_events WHERE position = 1",
                "INSERT OR REPLACE INTO log_requests SELECT * FROM log_requests",
                "INSERT INTO log_events SELECT position + 5, partition, sequence, stream, version + 5, event_id, kind, person,
                    recorded_at, bytes FROM log_events WHERE position = 2",
            ],
            // A trigger of SQLite fires for rows, and this names none.
            &["UPDATE log_events SET kind = 'other' WHERE position = 99"],
        ),
    };
    for sql in everywhere.iter().chain(own).filter(|sql| !spared.contains(sql)) {
        let error = intruder.run(sql).await.expect_err(sql).to_string();
        assert!(
            ["append-only", "no holes", "known once"].iter().any(|why| error.contains(why)),
            "{sql}: {error}"
        );
    }
    assert_eq!(audit(store.log()).await.len(), 2);
}

async fn times_of_recording_never_run_backwards(place: Place) {
    let at = |text: &str| text.parse::<kernel::Timestamp>().unwrap();
    let late = place.under(Clock::driven(at("2031-05-01T00:00:00Z")));
    let store = late.open().await;
    let first = appended(store.log(), add(1, 0, 1)).await;
    assert_eq!(first.recorded_at, at("2031-05-01T00:00:00Z"));
    store.close().await;
    drop(store);
    let early = late.under(Clock::driven(at("2029-01-01T00:00:00Z")));
    let store = early.open().await;
    assert_eq!(appended(store.log(), add(1, 1, 1)).await.recorded_at, first.recorded_at);
    early.clock.drive_to(at("2031-05-01T00:00:01Z"));
    assert_eq!(appended(store.log(), add(1, 2, 1)).await.recorded_at, at("2031-05-01T00:00:01Z"));
    audit(store.log()).await;
}

async fn readers_read_by_position_group_and_stream(place: Place) {
    let store = place.open().await;
    for number in 1..=40 {
        appended(store.log(), add(number, 0, 2)).await;
    }
    let all = audit(store.log()).await;
    let page = store.log().read(10, Groups::ALL, 7).await.unwrap();
    assert_eq!(page, all[10..17]);
    for wanted in 0..GROUPS {
        let read = store.log().read(5, Groups::of([wanted]), 1_000).await.unwrap();
        let expected: Vec<_> = all[5..].iter().filter(|e| group(e.partition) == wanted).cloned().collect();
        assert_eq!(read, expected);
    }
    assert!(store.log().read(80, Groups::ALL, 10).await.unwrap().is_empty());
    let name = stream(3).to_string();
    assert_eq!(store.log().stream(&name, 0).await.unwrap(), all[4..6]);
    assert_eq!(store.log().stream(&name, 1).await.unwrap(), all[5..6]);
    assert!(store.log().stream("referral-none", 0).await.unwrap().is_empty());
}

async fn own_appends_wake_readers_at_once(place: Place) {
    let store = place.open().await;
    let mut changes = store.log().head_changes();
    let done = appended(store.log(), add(1, 0, 3)).await;
    assert_eq!(done.positions, [1, 2, 3]);
    assert_eq!(*changes.borrow_and_update(), 3, "it is known when the append is answered");
}

async fn many_at_once_share_commits_and_each_is_answered(place: Place) {
    let store = place.open().await;
    let clients: Vec<_> = (1..=64_u128)
        .map(|number| {
            let log = store.log().clone();
            tokio::spawn(async move {
                for version in 0..12 {
                    appended(&log, add(number, version, 1)).await;
                }
            })
        })
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    let batches = store.log().batches();
    assert_eq!(batches.appends, 64 * 12);
    assert!(batches.sent * 4 < batches.appends, "{batches:?}: appends that wait travel together");
    assert_eq!(store.log().queue_depth(), 0);
    assert_eq!(audit(store.log()).await.len(), 64 * 12);
}

async fn a_conflict_in_a_batch_harms_nobody_else(place: Place) {
    let store = place.open().await;
    for number in 1..=30 {
        appended(store.log(), add(number, 0, 1)).await;
    }
    let mut intruder = place.intrude().await;
    intruder.hold_the_head().await;
    // One travels and waits for the lock, and behind it the others gather into one batch.
    let first = sent(&store, add(99, 0, 1)).await;
    let racing: Vec<_> = (1..=30)
        .map(|number| {
            let append = match number % 3 {
                0 => add(number, 0, 2),
                1 => Append { request: Some(request(number, 1)), ..add(number, 1, 2) },
                _ => Append { claims: vec![take(b"one", &number.to_string())], ..add(number, 1, 1) },
            };
            (number, send(&store, append))
        })
        .collect();
    waited_for(|| store.log().queue_depth() == 30).await;
    intruder.let_go().await;
    first.await.unwrap().unwrap();
    let mut claimed = 0;
    for (number, racer) in racing {
        match (number % 3, racer.await.unwrap()) {
            (0, Err(AppendError::Conflict { stream: named })) => {
                assert_eq!(named, stream(number).to_string())
            }
            (1, Ok(done)) => assert_eq!(done.positions.len(), 2),
            (2, Ok(_)) => claimed += 1,
            (2, Err(AppendError::ClaimTaken { .. })) => {}
            (_, other) => panic!("{number}: {other:?}"),
        }
    }
    assert_eq!(claimed, 1, "ten wanted the same claim");
    assert_eq!(audit(store.log()).await.len(), 30 + 1 + 20 + 1);
}

type Sent = tokio::task::JoinHandle<Result<platform::log::Appended, AppendError>>;

/// Appends in a task of its own.
pub fn send(store: &platform::store::Store, append: Append) -> Sent {
    let log = store.log().clone();
    tokio::spawn(async move { log.append(append).await })
}

/// Appends in a task of its own, and returns when the append has left the queue.
pub async fn sent(store: &platform::store::Store, append: Append) -> Sent {
    let before = store.log().batches().appends;
    let task = send(store, append);
    waited_for(|| store.log().batches().appends > before).await;
    task
}

/// Waits until something holds.
pub async fn waited_for(holds: impl Fn() -> bool) {
    let soon = tokio::time::Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(tokio::time::Instant::now() < soon, "waited ten seconds in vain");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn everything_is_there_when_the_log_is_opened_again(place: Place) {
    let store = place.open().await;
    appended(store.log(), Append { cursor: step(0, 4), claims: vec![take(b"k", "ana")], ..add(1, 0, 3) })
        .await;
    let (events, head) = (audit(store.log()).await, store.log().head().await.unwrap());
    store.close().await;
    assert!(matches!(refused(store.log(), add(1, 3, 1)).await, AppendError::Unavailable(_)));
    drop(store);
    let store = place.open().await;
    assert_eq!(audit(store.log()).await, events);
    assert_eq!(store.log().head().await.unwrap(), head);
    assert_eq!(*store.log().head_changes().borrow(), 3);
    assert_eq!(store.log().cursor("loop", Uuid::from_u128(5), 3).await.unwrap(), 4);
    assert_eq!(store.log().claim_holder(b"k").await.unwrap().as_deref(), Some("ana"));
    let agency = Some(AgencyId::of(1));
    appended(store.log(), Append { agency, ..add(1, 3, 1) }).await;
}

async fn migrating_twice_is_migrating_once(place: Place) {
    use platform::store::Store;
    let early = Store::open_migrated(&place.url, "referrals", place.clock.clone()).await.unwrap();
    assert!(early.is_none(), "nobody has migrated yet");
    let migrate = || Store::migrate(&place.url, "referrals");
    let (one, two, three) = tokio::join!(migrate(), migrate(), migrate());
    one.and(two).and(three).unwrap();
    let store = place.open().await;
    appended(store.log(), add(1, 0, 1)).await;
    migrate().await.unwrap();
    let other = Store::open_migrated(&place.url, "referrals", place.clock.clone()).await.unwrap();
    assert_eq!(audit(other.expect("it was migrated").log()).await.len(), 1);
}
