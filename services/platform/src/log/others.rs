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

/// What a look is compared with.
struct Known {
    log_id: Option<Uuid>,
    position: u64,
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
        let mut known = Known { log_id: None, position: *head.borrow() };
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
        known: &mut Known,
    ) -> Result<(), StoreError> {
        let last = recent.last();
        let rows = db.fetch("SELECT position, log_id FROM log_head", args![]).await?;
        let Some(row) = rows.first() else { return Ok(()) };
        let (position, log_id) = (row.u64(0)?, row.uuid(1)?);
        recent.seen(log_id, position, last);
        if known.log_id.is_some_and(|known| known != log_id) || position < known.position {
            self.replaced.send_modify(|times| *times += 1);
        }
        *known = Known { log_id: Some(log_id), position };
        head.send_if_modified(|known| {
            let on = *known < position;
            *known = position.max(*known);
            on
        });
        Ok(())
    }
}
