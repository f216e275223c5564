//! The queue of appends: fair, bounded, and nothing in it sent in vain.

use kernel::{PersonId, StreamId};
use uuid::Uuid;

use super::*;
use crate::log::NewEvent;

const CLINIC: AgencyId = AgencyId::of(1);
const SHELTER: AgencyId = AgencyId::of(2);
const SCHOOL: AgencyId = AgencyId::of(3);

fn append(agency: AgencyId, stream: u128, bytes: usize) -> Append {
    let stream = StreamId::new("referral", Uuid::from_u128(stream));
    let event = NewEvent {
        stream,
        version: 1,
        id: Uuid::from_u128(1),
        kind: "k".into(),
        person: Some(PersonId::of(1)),
        bytes: vec![0; bytes].into(),
    };
    Append { events: vec![event], agency: Some(agency), ..Append::default() }
}

fn push(queue: &Queue, agency: AgencyId, stream: u128) -> Answered {
    queue.push(append(agency, stream, 1)).expect("room").1
}

fn lanes(batch: &[Waiting]) -> Vec<AgencyId> {
    batch.iter().filter_map(|waiting| waiting.append.agency).collect()
}

#[test]
fn agencies_take_turns_and_the_turn_goes_on_in_the_next_batch() {
    let queue = Queue::new(1000);
    let mut kept: Vec<Answered> = (0..300).map(|number| push(&queue, CLINIC, number)).collect();
    kept.extend((300..302).map(|number| push(&queue, SHELTER, number)));
    kept.push(push(&queue, SCHOOL, 302));
    let batch = queue.state().take();
    assert_eq!(lanes(&batch)[..6], [CLINIC, SHELTER, SCHOOL, CLINIC, SHELTER, CLINIC]);
    assert_eq!((batch.len(), queue.depth()), (BATCH, 303 - BATCH));
    kept.push(push(&queue, SHELTER, 303));
    let batch = queue.state().take();
    assert_eq!(lanes(&batch)[..2], [SHELTER, CLINIC], "the clinic was served last");
    assert_eq!(queue.depth(), 0);
}

#[test]
fn a_full_queue_turns_away_the_last_of_the_longest_lane() {
    let queue = Queue::new(10);
    let mut clinic: Vec<Answered> = (0..10).map(|number| push(&queue, CLINIC, number)).collect();
    let own = queue.push(append(CLINIC, 10, 1)).expect_err("its own lane is the longest");
    assert!(
        matches!(own, AppendError::Overloaded { retry_after } if retry_after >= Duration::from_millis(50))
    );
    let mut shelter: Vec<Answered> = (11..16).map(|number| push(&queue, SHELTER, number)).collect();
    assert_eq!(queue.depth(), 10);
    let turned_away = clinic.split_off(5);
    for mut waiting in turned_away {
        assert!(matches!(waiting.try_recv(), Ok(Err(AppendError::Overloaded { .. }))));
    }
    assert!(
        clinic.iter_mut().chain(&mut shelter).all(|waiting| waiting.try_recv().is_err()),
        "five of each wait"
    );
    assert!(queue.push(append(SHELTER, 16, 1)).is_err(), "now both lanes are as long");
}

#[test]
fn a_batch_holds_no_two_that_name_the_same_and_what_waits_keeps_its_order() {
    let queue = Queue::new(100);
    let named = |queue: &Queue| -> Vec<u128> {
        queue.state().take().iter().map(|waiting| waiting.append.events[0].stream.id().as_u128()).collect()
    };
    let both =
        Append { expects: vec![(StreamId::new("referral", Uuid::from_u128(2)), 0)], ..append(CLINIC, 1, 1) };
    let _kept = [push(&queue, CLINIC, 1), push(&queue, CLINIC, 3)];
    let _both = queue.push(both).expect("room");
    let _late = [push(&queue, CLINIC, 2), push(&queue, SHELTER, 3), push(&queue, SHELTER, 4)];
    assert_eq!(
        named(&queue),
        [1, 3, 4],
        "the second of stream 2 does not overtake the one that names 1 and 2"
    );
    assert_eq!(named(&queue), [3, 1]);
    assert_eq!(named(&queue), [2]);
}

#[test]
fn any_number_may_read_a_stream_and_who_changes_it_waits_for_them_and_they_for_it() {
    let queue = Queue::new(100);
    let offer = StreamId::new("offer", Uuid::from_u128(7));
    let reads = |number| {
        let read = Append { expects: vec![(offer, 3)], ..append(CLINIC, number, 1) };
        queue.push(read).expect("room").1
    };
    let _before = [reads(1), reads(2)];
    let mut change = append(CLINIC, 3, 1);
    change.expects = vec![(offer, 3)];
    change.events.push(NewEvent { stream: offer, version: 4, ..change.events[0].clone() });
    let _change = queue.push(change).expect("room");
    let _after = [reads(4), reads(5), push(&queue, CLINIC, 6)];
    let named = || -> Vec<u128> {
        queue.state().take().iter().map(|waiting| waiting.append.events[0].stream.id().as_u128()).collect()
    };
    assert_eq!(named(), [1, 2, 6], "who reads what waits to be changed does not overtake that");
    assert_eq!(named(), [3]);
    assert_eq!(named(), [4, 5]);
}

#[test]
fn a_batch_ends_before_it_grows_heavy_but_takes_one_that_is_heavy_alone() {
    let queue = Queue::new(100);
    let _kept: Vec<_> = [1, BATCH_BYTES * 2, BATCH_BYTES / 2, BATCH_BYTES / 2, 1]
        .into_iter()
        .enumerate()
        .map(|(number, bytes)| queue.push(append(CLINIC, number as u128, bytes)).expect("room"))
        .collect();
    let sizes: Vec<usize> = std::iter::repeat_with(|| queue.state().take().len()).take(4).collect();
    assert_eq!(sizes, [1, 1, 2, 1]);
}

#[tokio::test]
async fn what_nobody_waits_for_is_not_sent() {
    let queue = Queue::new(100);
    let gone = push(&queue, CLINIC, 1);
    let late = Append { deadline: Some(tokio::time::Instant::now()), ..append(CLINIC, 2, 1) };
    let late = queue.push(late).expect("room");
    let _kept = push(&queue, CLINIC, 3);
    drop(gone);
    let batch = queue.next().await.expect("a batch");
    assert_eq!(batch.len(), 1);
    assert_eq!(late.0.load(Ordering::Acquire), DROPPED);
    assert_eq!(queue.depth(), 0);
}

#[tokio::test]
async fn a_closed_queue_gives_what_waits_and_then_nothing() {
    let queue = Queue::new(100);
    let kept = push(&queue, CLINIC, 1);
    queue.close();
    assert!(matches!(queue.push(append(CLINIC, 2, 1)), Err(AppendError::Unavailable(StoreError::Closed))));
    assert_eq!(queue.next().await.map(|batch| batch.len()), Some(1));
    assert!(queue.next().await.is_none());
    assert!(kept.await.is_err());
}
