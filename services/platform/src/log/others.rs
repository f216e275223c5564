//! What other processes append to a log on PostgreSQL.
//!
//! Invariant: within 250 ms the head is known to include it, and who holds anything that was made of its streams has been told which they are. Whoever
//! missed that has to take all of it for changed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, broadcast, watch};
use uuid::Uuid;

use super::queue::Queue;
use super::recent::Recent;
use crate::args;
use crate::db::{Db, StoreError};

/// How often the store is asked.
const POLL: Duration = Duration::from_millis(200);
/// News kept for those who are slow to take them.
const NEWS: usize = 16;

/// What is news to those who hold states of streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// These streams, by their text, were appended to by other processes, among others perhaps.
    Appended(Arc<[String]>),
    /// The log is another incarnation, or lost its end: nothing that was made of it before is to be trusted.
    Replaced,
}

/// Looks for what other processes append.
#[derive(Clone)]
pub struct Others {
    news: broadcast::Sender<News>,
    look: Arc<Notify>,
}

/// What a look is compared with.
struct Known {
    log_id: Option<Uuid>,
    position: u64,
}

impl Others {
    pub fn new() -> Self {
        Self { news: broadcast::Sender::new(NEWS), look: Arc::new(Notify::new()) }
    }

    /// Tells from now on.
    pub fn news(&self) -> broadcast::Receiver<News> {
        self.news.subscribe()
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
        let replaced = known.log_id.is_some_and(|known| known != log_id) || position < known.position;
        let news = if replaced {
            Some(News::Replaced)
        } else if position > known.position && !recent.covers(known.position, position) {
            let sql = "SELECT DISTINCT stream FROM log_events WHERE position > $1 AND position <= $2";
            let rows = db.fetch(sql, args![known.position, position]).await?;
            let streams: Result<Vec<String>, StoreError> = rows.iter().map(|row| row.text(0)).collect();
            Some(News::Appended(streams?.into()))
        } else {
            None
        };
        // Nobody need listen.
        let _ = news.map(|news| self.news.send(news));
        *known = Known { log_id: Some(log_id), position };
        head.send_if_modified(|known| {
            let on = *known < position;
            *known = position.max(*known);
            on
        });
        Ok(())
    }
}
