//! Timers: what is due by a view is done when its time has come.
//!
//! Invariant: a thing due is named by its stream, kind and instant, and so is the request that does it; done twice, it is appended once. What came due
//! while nothing ran is done late, never lost: only the view takes it from the list.

mod table;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::Status;
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::clock::Clock;
use crate::error::{chain, of_erased};
use crate::fault;
use crate::projection::{Lease, Progress};
use crate::rest::Rest;
use crate::store::Store;

pub use table::Table;

/// Things due that are looked at together.
const LIMIT: usize = 1_000;
/// A thing that was done and stays on the list this long is done again: its command found nothing to change, or the view is behind.
const AGAIN: Duration = Duration::from_secs(5);
/// How many times as long as things that were due took the rest after them is, under load: nobody waits for them as for a command.
const RESTS: u32 = 5;
/// The longest rest after what was due has been done: at the limit of what the machine can, what comes meanwhile is done together.
const LONGEST_REST: Duration = Duration::from_secs(1);
/// How long a change of the list waits for others before it is looked at.
const GATHER: Duration = Duration::from_millis(20);
/// How often the lease is renewed.
const RENEW: Duration = Duration::from_secs(1);
/// The namespace of the request ids of timers.
const NAMESPACE: Uuid = Uuid::from_u128(0x7b1d_5a0c_93f4_4f0e_8a6e_2d9c_51b7_e0a3);

/// A thing that is to be done at an instant.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// The stream it is about.
    pub stream: String,
    /// What: a name of the service's own.
    pub kind: String,
}

impl Due {
    /// The id of the request that does it: the same whoever does it, and however often.
    pub fn request_id(&self) -> Uuid {
        // No stream or kind holds a line feed, so no two things make the same name.
        let name = format!("{}\n{}\n{}", self.stream, self.kind, self.at.as_microsecond());
        Uuid::new_v5(&NAMESPACE, name.as_bytes())
    }
}

/// What went wrong with a list or a command.
pub type TimerError = Box<dyn std::error::Error + Send + Sync>;

/// A service's list of things due, and how it does them.
pub trait Timers: Send + Sync + 'static {
    /// Its name.
    fn name(&self) -> &'static str;

    /// What is due at `now`, earliest first, at most `limit` of them.
    fn due(&self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Due>, TimerError>>;

    /// The earliest instant after `now` at which something will be due.
    fn next(&self, now: Timestamp) -> BoxFuture<'_, Result<Option<Timestamp>, TimerError>>;

    /// Runs the command with that request id. Its event, or that of its refusal, must take the thing from the list by the view.
    fn fire<'a>(&'a self, due: &'a Due, request_id: Uuid) -> BoxFuture<'a, Result<(), TimerError>>;
}

/// What timers take to run.
pub struct Setup {
    /// Where the lease is kept that one process holds.
    pub store: Store,
    /// The list.
    pub timers: Arc<dyn Timers>,
    /// Tells when the list may have changed: the progress of the view that keeps it.
    pub changes: watch::Receiver<Progress>,
    /// Now.
    pub clock: Clock,
    /// Ends it, after the command it is at.
    pub stop: CancellationToken,
}

/// Running timers. Clones are the same.
#[derive(Clone)]
pub struct Running {
    settled: watch::Receiver<Option<Timestamp>>,
    looked: watch::Receiver<Option<Look>>,
    tasks: TaskTracker,
}

/// A look at the list that found nothing due.
#[derive(Clone, Debug)]
pub struct Look {
    /// When, by the clock.
    pub at: Timestamp,
    /// How far the list's view was then, or further.
    pub list: Progress,
    /// The earliest instant at which something will be due by that list.
    pub next: Option<Timestamp>,
}

impl Running {
    /// The latest instant at which nothing was left to do by the list: what drives a clock waits for it. The list itself is as old as its view.
    pub fn settled(&self) -> watch::Receiver<Option<Timestamp>> {
        self.settled.clone()
    }

    /// The latest look that found nothing due: with it, what drives a clock knows that the list was looked at after all that was appended, and where to
    /// stop next so that nothing comes late.
    pub fn looked(&self) -> watch::Receiver<Option<Look>> {
        self.looked.clone()
    }

    /// Waits until they have ended, after their stop was asked for.
    pub async fn ended(&self) {
        self.tasks.wait().await;
    }
}

/// Starts timers.
pub fn start(setup: Setup) -> Running {
    let (settled, seen) = watch::channel(None);
    let (looked, look_seen) = watch::channel(None);
    let tasks = TaskTracker::new();
    tasks.spawn(run(setup, Told { settled, looked }));
    tasks.close();
    Running { settled: seen, looked: look_seen, tasks }
}

/// What is told about the list.
struct Told {
    settled: watch::Sender<Option<Timestamp>>,
    looked: watch::Sender<Option<Look>>,
}

async fn run(mut setup: Setup, told: Told) {
    let (name, stop) = (setup.timers.name(), setup.stop.clone());
    let mut backoff = Backoff::new();
    let mut lease: Option<Lease> = None;
    let mut tried = HashMap::new();
    let mut rest = Rest::of(RESTS, LONGEST_REST);
    while !stop.is_cancelled() {
        let pause = match turn(&mut setup, &told, &mut lease, &mut tried, &mut rest).await {
            Ok(true) => {
                backoff.succeeded();
                continue;
            }
            // Another process does it.
            Ok(false) => RENEW,
            Err(error) => {
                tracing::warn!(
                    timers.name = name,
                    error.chain = chain(&*error),
                    "timers could not be looked at; they are tried again"
                );
                backoff.failed()
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
    if let Some(lease) = lease
        && let Err(error) = lease.release().await
    {
        tracing::info!(timers.name = name, error.chain = chain(&error), "the lease was left to run out");
    }
}

/// A thing that was tried.
struct Tried {
    backoff: Backoff,
    again: Instant,
    /// Whether nothing can ever be written of it: the person was erased. It is left on the list, and counts as done.
    over: bool,
}

/// Does what is due, then waits until there may be more. Tells whether this process holds the lease.
async fn turn(
    setup: &mut Setup,
    told: &Told,
    lease: &mut Option<Lease>,
    tried: &mut HashMap<Due, Tried>,
    rest: &mut Rest,
) -> Result<bool, TimerError> {
    let lease = match lease {
        Some(lease) => lease,
        None => lease.insert(Lease::open(&setup.store, &format!("timers {}", setup.timers.name())).await?),
    };
    if !lease.hold().await? {
        return Ok(false);
    }
    // Marked as seen before looking, so that what changes meanwhile is looked at again.
    let list = setup.changes.borrow_and_update().clone();
    let now = setup.clock.now();
    let over = tried.values().filter(|tried| tried.over).count();
    let mut due = setup.timers.due(now, LIMIT + over).await?;
    tried.retain(|thing, _| due.contains(thing));
    due.retain(|thing| !tried.get(thing).is_some_and(|tried| tried.over));
    if due.is_empty() {
        told.settled.send_replace(Some(now));
    }
    let now_due: Vec<&Due> = due.iter().filter(|thing| left_alone(tried, thing).is_none()).collect();
    if !now_due.is_empty() {
        if let Some(until) = rest.until() {
            tokio::select! {
                () = setup.stop.cancelled() => {}
                () = tokio::time::sleep_until(until) => {}
            }
            return Ok(true);
        }
        rest.works();
        for thing in now_due {
            if setup.stop.is_cancelled() {
                return Ok(true);
            }
            fire(setup, thing, tried).await;
        }
        rest.done();
        // What was done may be off the list already: looked at again at once, and left alone by now if it is not.
        return Ok(true);
    }
    let next = setup.timers.next(now).await?;
    if due.is_empty() {
        told.looked.send_replace(Some(Look { at: now, list, next }));
    }
    let again = tried.values().filter(|tried| !tried.over).map(|tried| tried.again).min();
    wait(setup, next, again).await;
    Ok(true)
}

/// Until when a thing that was tried is left alone.
fn left_alone(tried: &HashMap<Due, Tried>, thing: &Due) -> Option<Instant> {
    tried.get(thing).map(|tried| tried.again).filter(|again| *again > Instant::now())
}

async fn fire(setup: &Setup, thing: &Due, tried: &mut HashMap<Due, Tried>) {
    fault::point("timer.due");
    let fired = setup.timers.fire(thing, thing.request_id()).await;
    fault::point("timer.fired");
    let tries = tried.entry(thing.clone()).or_insert(Tried {
        backoff: Backoff::new(),
        again: Instant::now(),
        over: false,
    });
    let pause = match fired {
        Ok(()) => {
            tries.backoff.succeeded();
            AGAIN
        }
        Err(error) if error.downcast_ref::<Status>().is_some_and(of_erased) => {
            tries.over = true;
            AGAIN
        }
        Err(error) => {
            tracing::error!(
                timers.name = setup.timers.name(),
                due.stream = thing.stream,
                due.kind = thing.kind,
                due.at = %thing.at,
                error.chain = chain(&*error),
                "what was due could not be done; it is tried again"
            );
            tries.backoff.failed()
        }
    };
    tries.again = Instant::now() + pause;
}

/// Waits for the next instant, a change of the list, the time to try again, or to renew the lease.
async fn wait(setup: &mut Setup, next: Option<Timestamp>, again: Option<Instant>) {
    let clock = setup.clock.clone();
    let reached = async {
        match next {
            Some(at) => clock.reached(at).await,
            None => std::future::pending().await,
        }
    };
    let renew = Instant::now() + RENEW;
    let changed = async {
        // A view that ended changes no more; the lease's pulse goes on.
        if setup.changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        tokio::time::sleep(clock.gathers(GATHER)).await;
    };
    tokio::select! {
        () = setup.stop.cancelled() => {}
        () = reached => {}
        () = changed => {}
        () = tokio::time::sleep_until(again.map_or(renew, |again| again.min(renew))) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_thing_due_has_the_same_request_id_and_another_has_another() {
        let due = |kind: &str, micros| Due {
            at: Timestamp::from_microsecond(micros).unwrap(),
            stream: "referral-1".to_owned(),
            kind: kind.to_owned(),
        };
        assert_eq!(due("acknowledge", 5).request_id(), due("acknowledge", 5).request_id());
        assert_ne!(due("acknowledge", 5).request_id(), due("acknowledge", 6).request_id());
        assert_ne!(due("acknowledge", 5).request_id(), due("answer", 5).request_id());
        assert_eq!(due("acknowledge", 5).request_id().to_string(), "c804024d-fe5d-572e-b861-529e0f6732d6");
    }
}
