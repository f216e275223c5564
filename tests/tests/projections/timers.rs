//! What is due is done when its time has come, once, and late rather than never.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::Timestamp;
use platform::clock::Clock;
use platform::projection::Progress;
use platform::timer::{self, Due, TimerError, Timers};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use uuid::Uuid;

use crate::fixture::{PATIENCE, Place, on_both};

on_both!(
    what_is_due_is_done_once_as_the_clock_is_driven_on,
    what_came_due_while_nothing_ran_is_done_at_the_start,
    what_fails_is_tried_again_and_holds_up_nothing_else,
    what_is_due_of_an_erased_person_counts_as_done,
);

/// A list in memory, which tells its changes as a view does.
struct List {
    due: Mutex<Vec<Due>>,
    done: Mutex<BTreeMap<Uuid, u32>>,
    failures: AtomicU32,
    progress: watch::Sender<Progress>,
}

impl List {
    fn new() -> Arc<Self> {
        let progress = Progress { generation: 1, places: BTreeMap::new() };
        Arc::new(Self {
            due: Mutex::default(),
            done: Mutex::default(),
            failures: AtomicU32::new(0),
            progress: watch::Sender::new(progress),
        })
    }

    fn add(&self, at: &str, kind: &str) {
        let due = Due { at: at.parse().unwrap(), stream: "referral-1".to_owned(), kind: kind.to_owned() };
        self.due.lock().unwrap().push(due);
        self.progress.send_modify(|progress| progress.generation += 1);
    }

    fn done(&self) -> usize {
        self.done.lock().unwrap().len()
    }
}

impl Timers for List {
    fn name(&self) -> &'static str {
        "list"
    }
    fn due(&self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Due>, TimerError>> {
        let mut due: Vec<_> = self.due.lock().unwrap().iter().filter(|due| due.at <= now).cloned().collect();
        due.sort();
        due.truncate(limit);
        Box::pin(async { Ok(due) })
    }
    fn next(&self, now: Timestamp) -> BoxFuture<'_, Result<Option<Timestamp>, TimerError>> {
        let next = self.due.lock().unwrap().iter().map(|due| due.at).filter(|at| *at > now).min();
        Box::pin(async move { Ok(next) })
    }
    fn fire<'a>(&'a self, due: &'a Due, request_id: Uuid) -> BoxFuture<'a, Result<(), TimerError>> {
        Box::pin(async move {
            let fails = due.kind == "stubborn"
                && self
                    .failures
                    .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
                    .is_ok();
            if fails {
                return Err("not yet".into());
            }
            if due.kind == "erased" {
                let erased = platform::error::status(
                    Code::FailedPrecondition,
                    "PERSON_ERASED",
                    "the person was erased",
                );
                return Err(erased.into());
            }
            *self.done.lock().unwrap().entry(request_id).or_insert(0) += 1;
            self.due.lock().unwrap().retain(|other| other != due);
            self.progress.send_modify(|progress| progress.generation += 1);
            Ok(())
        })
    }
}

async fn begin(place: &Place, list: &Arc<List>, clock: &Clock, stop: &CancellationToken) -> timer::Running {
    timer::start(timer::Setup {
        store: place.open("referrals").await,
        timers: list.clone(),
        changes: list.progress.subscribe(),
        clock: clock.clone(),
        stop: stop.clone(),
    })
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

async fn settled(running: &timer::Running, to: &str) {
    let to = at(to);
    let mut settled = running.settled();
    let there = settled.wait_for(|settled| settled.is_some_and(|settled| settled >= to));
    tokio::time::timeout(PATIENCE, there).await.expect("the timers settle").unwrap();
}

async fn what_is_due_is_done_once_as_the_clock_is_driven_on(place: Place) {
    let (list, stop) = (List::new(), CancellationToken::new());
    let clock = Clock::driven(at("2030-01-01T00:00:00Z"));
    let running = begin(&place, &list, &clock, &stop).await;
    list.add("2030-01-02T00:00:00Z", "acknowledge");
    list.add("2030-01-05T00:00:00Z", "answer");
    settled(&running, "2030-01-01T00:00:00Z").await;
    assert_eq!(list.done(), 0);
    clock.drive_to(at("2030-01-03T00:00:00Z"));
    settled(&running, "2030-01-03T00:00:00Z").await;
    assert_eq!(list.done(), 1);
    clock.drive_to(at("2030-02-01T00:00:00Z"));
    settled(&running, "2030-02-01T00:00:00Z").await;
    list.add("2030-01-20T00:00:00Z", "already past");
    tokio::time::timeout(PATIENCE, async {
        while list.done() < 3 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
    .expect("what is added late is done at once");
    assert!(list.done.lock().unwrap().values().all(|times| *times == 1));
    stop.cancel();
    running.ended().await;
}

async fn what_came_due_while_nothing_ran_is_done_at_the_start(place: Place) {
    let (list, stop) = (List::new(), CancellationToken::new());
    list.add("2030-01-02T00:00:00Z", "acknowledge");
    let running = begin(&place, &list, &Clock::driven(at("2031-01-01T00:00:00Z")), &stop).await;
    settled(&running, "2031-01-01T00:00:00Z").await;
    assert_eq!(list.done(), 1);
    stop.cancel();
    running.ended().await;
}

async fn what_fails_is_tried_again_and_holds_up_nothing_else(place: Place) {
    let (list, stop) = (List::new(), CancellationToken::new());
    list.failures.store(4, Ordering::SeqCst);
    list.add("2030-01-01T00:00:00Z", "stubborn");
    list.add("2030-01-02T00:00:00Z", "ordinary");
    let running = begin(&place, &list, &Clock::driven(at("2031-01-01T00:00:00Z")), &stop).await;
    settled(&running, "2031-01-01T00:00:00Z").await;
    assert_eq!((list.done(), list.failures.load(Ordering::SeqCst)), (2, 0));
    stop.cancel();
    running.ended().await;
}

async fn what_is_due_of_an_erased_person_counts_as_done(place: Place) {
    let (list, stop) = (List::new(), CancellationToken::new());
    list.add("2030-01-01T00:00:00Z", "erased");
    list.add("2030-01-02T00:00:00Z", "ordinary");
    let clock = Clock::driven(at("2031-01-01T00:00:00Z"));
    let running = begin(&place, &list, &clock, &stop).await;
    settled(&running, "2031-01-01T00:00:00Z").await;
    assert_eq!(list.done(), 1, "the other one was");
    clock.drive_to(at("2032-01-01T00:00:00Z"));
    settled(&running, "2032-01-01T00:00:00Z").await;
    stop.cancel();
    running.ended().await;
}
