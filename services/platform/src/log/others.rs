//! What other processes append to a log on PostgreSQL.
//!
//! Invariant: within 250 ms the head is known to include it, and a log that is another incarnation, or lost its end, is known to be.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::queue::Queue;
use super::recent::Recent;
use crate::args;
use crate::db::{Db, StoreError};

/// How often the store is asked.
const POLL: Duration = Duration::from_millis(200);

/// Looks for what other processes append.
#[derive(Clone)]
pub struct Others {
    replaced: watch::Sender<u64>,
    look: Arc<Notify>,
}

impl Others {
    pub fn new() -> Self {
        Self { replaced: watch::Sender::new(0), look: Arc::new(Notify::new()) }
    }

    /// How often the log was seen to have been replaced.
    pub fn replaced(&self) -> watch::Receiver<u64> {
        self.replaced.subscribe()
    }

    /// Has the store looked at now, rather than at the next look.
    pub fn look(&self) {
        self.look.notify_one();
    }

    /// Looks until the queue closes, and keeps `head` and `recent` up with what is seen.
    pub fn follow(&self, db: Db, queue: Arc<Queue>, head: watch::Sender<u64>, recent: Arc<Recent>) {
        let others = self.clone();
        let mut known = None;
        tokio::spawn(async move {
            while !queue.closed() {
                tokio::select! {
                    () = tokio::time::sleep(POLL) => {}
                    () = others.look.notified() => {}
                }
                // A database that is away is noticed by whoever needs it; here there is only nothing new.
                others.see(&db, &head, &recent, &mut known).await.ok();
            }
        });
    }

    async fn see(
        &self,
        db: &Db,
        head: &watch::Sender<u64>,
        recent: &Recent,
        known: &mut Option<Uuid>,
    ) -> Result<(), StoreError> {
        // Asked before the store is: it then stands there, or has lost what it held.
        let (last, told) = (recent.last(), *head.borrow());
        let rows = db.fetch("SELECT position, log_id FROM log_head", args![]).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let (position, log_id) = (row.u64(0)?, row.uuid(1)?);
        recent.seen(log_id, position, last);
        let replaced = position < told || known.is_some_and(|known| known != log_id);
        *known = Some(log_id);
        if replaced {
            // Readers wait for what is there: a head that is gone would have them ask without end for what follows theirs.
            // What this process has appended since the store was asked is told by the next look.
            head.send_replace(position);
            self.replaced.send_modify(|times| *times += 1);
        } else {
            head.send_if_modified(|head| std::mem::replace(head, position.max(*head)) < position);
        }
        Ok(())
    }
}
