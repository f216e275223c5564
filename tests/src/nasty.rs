//! A tail that loses, repeats, reorders, lies, stalls, forgets and ends, as a bus may.
//! Invariant: with the same seed it throws the same dice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use platform::log::{Groups, Log};
use platform::source::{Tail, TailError, Tailed};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use uuid::Uuid;

use crate::dice::Dice;

/// How badly it behaves, each in a hundred.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// Does not open.
    pub will_not_open: u64,
    /// Loses an event.
    pub loses: u64,
    /// Brings an event twice.
    pub repeats: u64,
    /// Shuffles a run.
    pub reorders: u64,
    /// Brings an event under a wrong log, sequence or position.
    pub lies: u64,
    /// Brings nothing more and never says so.
    pub stalls: u64,
    /// Jumps to the head.
    pub forgets: u64,
    /// Ends.
    pub ends: u64,
}

impl Manners {
    /// Everything goes wrong now and then.
    pub const BAD: Self = Self {
        will_not_open: 20,
        loses: 15,
        repeats: 15,
        reorders: 20,
        lies: 5,
        stalls: 3,
        forgets: 3,
        ends: 5,
    };
    /// As good as a bus can be.
    pub const GOOD: Self =
        Self { will_not_open: 0, loses: 0, repeats: 0, reorders: 0, lies: 0, stalls: 0, forgets: 0, ends: 0 };
    /// Brings nothing at all and never says so.
    pub const SILENT: Self = Self {
        will_not_open: 0,
        loses: 0,
        repeats: 0,
        reorders: 0,
        lies: 0,
        stalls: 100,
        forgets: 0,
        ends: 0,
    };
    /// Loses half of what it should bring, and nothing else.
    pub const LEAKY: Self = Self {
        will_not_open: 0,
        loses: 50,
        repeats: 0,
        reorders: 0,
        lies: 0,
        stalls: 0,
        forgets: 0,
        ends: 0,
    };
}

/// Such a tail of a log.
pub struct Nasty {
    log: Log,
    manners: Manners,
    seed: AtomicU64,
}

impl Nasty {
    /// The tail of that log, with these manners.
    pub fn new(log: &Log, manners: Manners, seed: u64) -> Arc<Self> {
        Arc::new(Self { log: log.clone(), manners, seed: AtomicU64::new(seed) })
    }
}

impl Tail for Nasty {
    fn open(&self, log_id: Uuid, after: u64) -> BoxFuture<'_, Result<BoxStream<'static, Tailed>, TailError>> {
        let mut dice = Dice::new(self.seed.fetch_add(1, Ordering::SeqCst));
        Box::pin(async move {
            if dice.percent(self.manners.will_not_open) {
                return Err(TailError("the bus is away".into()));
            }
            let (sender, receiver) = mpsc::channel(16);
            tokio::spawn(bring(self.log.clone(), self.manners, dice, log_id, after, sender));
            Ok(ReceiverStream::new(receiver).boxed())
        })
    }
}

async fn bring(
    log: Log,
    manners: Manners,
    mut dice: Dice,
    log_id: Uuid,
    after: u64,
    sender: mpsc::Sender<Tailed>,
) {
    // Some of what was read already comes again.
    let mut at = after.saturating_sub(dice.below(4));
    let mut changes = log.head_changes();
    loop {
        changes.mark_unchanged();
        let Ok(events) = log.read(at, Groups::ALL, 1 + dice.below(8) as usize).await else { return };
        if let Some(last) = events.last() {
            at = last.position;
        }
        let idle = events.is_empty();
        let mut brought = Vec::new();
        for recorded in events {
            if !dice.percent(manners.loses) {
                brought.push(Tailed { log_id, recorded: recorded.clone() });
            }
            if dice.percent(manners.repeats) {
                brought.push(Tailed { log_id, recorded: recorded.clone() });
            }
            if dice.percent(manners.lies) {
                let mut lie = Tailed { log_id, recorded };
                match dice.below(3) {
                    0 => lie.log_id = Uuid::from_u128(dice.throw().into()),
                    1 => lie.recorded.sequence += 1 + dice.below(3),
                    _ => lie.recorded.position += 1 + dice.below(50),
                }
                brought.push(lie);
            }
        }
        if dice.percent(manners.reorders) {
            for index in (1..brought.len()).rev() {
                brought.swap(index, dice.below(index as u64 + 1) as usize);
            }
        }
        if dice.percent(manners.stalls) {
            sender.closed().await;
            return;
        }
        if dice.percent(manners.forgets)
            && let Ok(head) = log.head().await
        {
            at = head.position;
        }
        if dice.percent(manners.ends) {
            return;
        }
        for tailed in brought {
            if sender.send(tailed).await.is_err() {
                return;
            }
        }
        if idle {
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = sender.closed() => return,
            }
        }
    }
}
