//! Carries a log's events into its stream on NATS, in order, each once.
//!
//! Invariants:
//! - The sequence of an event in the stream is its position in the log. A publication names the sequence that must come before it (the fence), so a
//!   relay that was paused, a second one, or one whose publication was lost has all its successors refused by the server; none is ever out of place.
//! - The stream's own last sequence is the relay's cursor. It is read by a [`handshake`] at the start, after anything that went wrong, and whenever
//!   there was nothing to do for a while; the relay stores nothing.
//! - No append waits for a relay, and no relay for anything but its own log and NATS. The lease saves work; safety is the fence's.
//!
//! Reading order: this file (who relays, and when), [`handshake`] (from where), [`pipeline`] (how).

mod handshake;
mod pipeline;

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::bus::{Bus, BusError, Streams};
use crate::clock::Clock;
use crate::db::StoreError;
use crate::error::chain;
use crate::log::Log;
use crate::metrics::Metrics;
use crate::projection::Lease;
use crate::store::Store;
use handshake::Shaken;

/// How often the lease is renewed and a stream with nothing to take is looked at.
const CHECK: Duration = Duration::from_secs(1);

/// What a relay takes to run.
pub struct Setup {
    /// The bus.
    pub bus: Bus,
    /// The log to carry, and the lease that one process holds.
    pub store: Store,
    /// Now: what is older than the bus keeps is not put there.
    pub clock: Clock,
    /// Where the lag is told.
    pub metrics: Metrics,
    /// Ends it.
    pub stop: CancellationToken,
}

/// What a relay is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It has not reached both the log and NATS yet, or not since something went wrong.
    Trying,
    /// Another process relays this log.
    Standby,
    /// It carries events.
    Relaying {
        /// The log's incarnation.
        log_id: Uuid,
        /// NATS has acknowledged everything up to this position.
        acknowledged: u64,
    },
    /// The stream holds what the log does not: the log was restored. Nothing is carried until it is forked.
    Halted {
        /// The incarnation that has lost its end.
        log_id: Uuid,
        /// Why, for the operator.
        why: String,
    },
}

/// A running relay. Clones are the same.
#[derive(Clone)]
pub struct Running {
    progress: watch::Receiver<Progress>,
    tasks: TaskTracker,
}

impl Running {
    /// What it is doing.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Waits until it has ended, after its stop was asked for.
    pub async fn ended(&self) {
        self.tasks.wait().await;
    }
}

/// Starts carrying a log's events. NATS need not be there.
pub fn start(setup: Setup) -> Running {
    let (told, progress) = watch::channel(Progress::Trying);
    let tasks = TaskTracker::new();
    let relay = Relay {
        streams: setup.bus.streams(setup.store.log().service()),
        log: setup.store.log().clone(),
        retention: setup.bus.retention(),
        clock: setup.clock,
        metrics: setup.metrics,
        told,
    };
    tasks.spawn(run(relay, setup.store, setup.stop));
    tasks.close();
    Running { progress, tasks }
}

/// Why a relay has to begin again.
#[derive(Debug, thiserror::Error)]
enum RelayError {
    #[error("the log cannot be read")]
    Store(#[from] StoreError),
    #[error("the bus does not take it")]
    Bus(#[from] BusError),
    #[error("position {position} came to stand at {sequence} of {stream}")]
    Misplaced { position: u64, sequence: u64, stream: String },
    #[error("the stream did not settle: others change it at the same time")]
    Unsettled,
}

struct Relay {
    streams: Streams,
    log: Log,
    retention: Duration,
    clock: Clock,
    metrics: Metrics,
    told: watch::Sender<Progress>,
}

/// Why a relay looks up from its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    /// There was nothing to do for a while, or the log is another: time for a handshake.
    Look,
    /// Another process has the lease.
    Lost,
    /// It failed; told to the log already.
    Failed,
    /// The stream is ahead of the log.
    Halted,
}

impl Relay {
    fn tell(&self, progress: Progress) {
        self.told.send_if_modified(|told| {
            let news = *told != progress;
            if news {
                *told = progress;
            }
            news
        });
    }

    /// Events that NATS is not known to have.
    fn tell_lag(&self, acknowledged: u64) {
        let head = *self.log.head_changes().borrow();
        self.metrics.relay_lag(self.log.service(), head.saturating_sub(acknowledged));
    }

    /// What was recorded before this the bus would not keep.
    fn kept_since(&self) -> Timestamp {
        self.clock.now().checked_sub(self.retention).unwrap_or(Timestamp::MIN)
    }
}

async fn run(relay: Relay, store: Store, stop: CancellationToken) {
    let mut held = Held { store, lease: None };
    let mut backoff = Backoff::new();
    // What NATS is known to have, for the lag.
    let mut acknowledged = 0;
    loop {
        let turn = turn(&relay, &mut held, &mut acknowledged, &mut backoff);
        let pause = tokio::select! {
            () = stop.cancelled() => break,
            pause = turn => pause,
        };
        let wait = match pause {
            Pause::Look => continue,
            Pause::Lost => {
                relay.tell(Progress::Standby);
                relay.metrics.relay_lag(relay.log.service(), 0);
                CHECK
            }
            Pause::Halted => CHECK,
            Pause::Failed => backoff.failed(),
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
        if pause != Pause::Lost {
            relay.tell_lag(acknowledged);
        }
    }
    held.release().await;
}

/// One handshake, and what can be carried after it.
async fn turn(relay: &Relay, held: &mut Held, acknowledged: &mut u64, backoff: &mut Backoff) -> Pause {
    let failed = |error: RelayError, failures: u32| {
        relay.tell(Progress::Trying);
        if failures == 0 {
            let (log, error) = (relay.log.service(), chain(&error));
            tracing::warn!(log.name = log, error.chain = error, "the relay begins again until it succeeds");
        }
        Pause::Failed
    };
    match held.renew(relay.log.service()).await {
        Ok(true) => {}
        Ok(false) => return Pause::Lost,
        Err(error) => return failed(error.into(), backoff.failures()),
    }
    let stands = match handshake::shake(relay).await {
        Ok(Shaken::Stands(stands)) => stands,
        Ok(Shaken::Ahead { log_id, why }) => {
            halt(relay, log_id, why).await;
            return Pause::Halted;
        }
        Err(error) => return failed(error, backoff.failures()),
    };
    *acknowledged = stands.last;
    relay.tell(Progress::Relaying { log_id: stands.log_id, acknowledged: stands.last });
    match pipeline::carry(relay, held, &stands, acknowledged).await {
        Ok(pause) => {
            backoff.succeeded();
            pause
        }
        Err(error) => {
            // What was carried in between tells a new trouble from the old one.
            if *acknowledged > stands.last {
                backoff.succeeded();
            }
            failed(error, backoff.failures())
        }
    }
}

/// Stops the log and says why, once.
async fn halt(relay: &Relay, log_id: Uuid, why: String) {
    let log = relay.log.service();
    if let Err(error) = relay.log.refuse_appends_of(log_id, &why).await {
        tracing::error!(
            log.name = log,
            error.chain = chain(&error),
            "a log that lost its end could not be told so"
        );
    }
    let halted = Progress::Halted { log_id, why: why.clone() };
    if *relay.told.borrow() != halted {
        tracing::error!(
            log.name = log,
            why,
            "the relay stops: the log was restored, run `throughline log fork` on it"
        );
    }
    relay.tell(halted);
}

/// The lease, once it was bid for.
struct Held {
    store: Store,
    lease: Option<Lease>,
}

impl Held {
    async fn renew(&mut self, service: &str) -> Result<bool, StoreError> {
        let lease = match &self.lease {
            Some(lease) => lease,
            None => self.lease.insert(Lease::open(&self.store, &format!("relay {service}")).await?),
        };
        lease.hold().await
    }

    async fn release(self) {
        if let Some(lease) = self.lease
            && let Err(error) = lease.release().await
        {
            tracing::debug!(error.chain = chain(&error), "a lease was left to run out");
        }
    }
}
