//! The one task of a process that writes to a log; on SQLite a thread.
//!
//! Invariant: what queued while the last batch ran is the next batch: one statement, one commit. An append leaves the queue once and is answered once.

use std::sync::Arc;

use tokio::sync::watch;

use super::batch::{Judged, number, outcome};
use super::event::Recorded;
use super::queue::{Answer, Queue, Waiting};
use super::recent::Recent;
use super::{Append, AppendError, Place, postgres, sqlite};
use crate::clock::Clock;
use crate::db::StoreError;
use crate::fault;

/// Starts the appender. It ends when the queue is closed and empty.
///
/// # Errors
/// The system has no thread to give.
pub fn start(
    place: Place,
    clock: Clock,
    queue: Arc<Queue>,
    head: watch::Sender<u64>,
    recent: Arc<Recent>,
) -> Result<(), StoreError> {
    let told = Told { head, recent };
    match place {
        Place::Sqlite(file) => {
            let writer = Writer::Sqlite(sqlite::Writer::new(file));
            let runtime = tokio::runtime::Handle::current();
            // It waits for the disk on the thread that it has.
            let thread = std::thread::Builder::new().name("appender".into());
            let started = thread.spawn(move || runtime.block_on(run(writer, clock, queue, told)));
            started
                .map_err(|wrong| StoreError::Unusable(format!("no thread for a log's writer: {wrong}")))?;
        }
        Place::Postgres { url, schema } => {
            let writer = Writer::Postgres(postgres::Writer::new(url, schema));
            tokio::spawn(run(writer, clock, queue, told));
        }
    }
    Ok(())
}

enum Writer {
    Sqlite(sqlite::Writer),
    Postgres(postgres::Writer),
}

impl Writer {
    async fn write(&mut self, appends: &[&Append], clock: &Clock) -> Result<Judged, StoreError> {
        match self {
            Self::Sqlite(writer) => writer.write(appends, clock.now()),
            Self::Postgres(writer) => writer.write(appends, clock.now()).await,
        }
    }

    async fn close(self) {
        match self {
            // What was committed is on disk however the connection ends.
            Self::Sqlite(writer) => drop(writer),
            Self::Postgres(writer) => writer.close().await,
        }
    }
}

/// Who hears of what was committed before its callers do.
struct Told {
    head: watch::Sender<u64>,
    recent: Arc<Recent>,
}

/// Tells who still waits, should the task end in any other way than by its own last line.
struct Ending(Arc<Queue>);

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.end();
    }
}

async fn run(mut writer: Writer, clock: Clock, queue: Arc<Queue>, told: Told) {
    let ending = Ending(queue.clone());
    while let Some(batch) = queue.next().await {
        let started = std::time::Instant::now();
        let count = batch.len();
        if let Some(batch) = attempt(&mut writer, &clock, &told, batch).await {
            // One of them is not fit to be written. Apart, it fails alone.
            for waiting in batch {
                if let Some(alone) = attempt(&mut writer, &clock, &told, vec![waiting]).await {
                    fail(alone, StoreError::Closed);
                }
            }
        }
        queue.took(count, started.elapsed());
        // Those just answered may have more to ask: what they push now travels in the next batch instead of missing it by a hair.
        tokio::task::yield_now().await;
    }
    writer.close().await;
    drop(ending);
}

/// Writes and answers a batch, or gives it back to be tried one by one.
async fn attempt(
    writer: &mut Writer,
    clock: &Clock,
    told: &Told,
    batch: Vec<Waiting>,
) -> Option<Vec<Waiting>> {
    let appends: Vec<&Append> = batch.iter().map(|waiting| &waiting.append).collect();
    match writer.write(&appends, clock).await {
        Ok(judged) => {
            fault::point("append.committed");
            answer(batch, &judged, told);
            None
        }
        Err(error) if batch.len() > 1 && error.blames_the_data() => {
            tracing::warn!(
                appends = batch.len(),
                error = &error as &dyn std::error::Error,
                "a batch failed, trying its appends one by one"
            );
            Some(batch)
        }
        Err(error) => {
            tracing::warn!(
                appends = batch.len(),
                error = &error as &dyn std::error::Error,
                "an append failed"
            );
            fail(batch, error);
            None
        }
    }
}

fn fail(batch: Vec<Waiting>, error: StoreError) {
    for waiting in batch {
        waiting.answer(Err(AppendError::Unavailable(error.clone())));
    }
}

fn answer(batch: Vec<Waiting>, judged: &Judged, told: &Told) {
    let (placed, position, _) = number(batch.iter().map(|waiting| &waiting.append), judged);
    // Readers may start before the callers hear of it: it is committed.
    let written = batch.iter().zip(&placed).filter_map(|(waiting, placed)| Some((waiting, placed.as_ref()?)));
    let recorded = written.flat_map(|(waiting, placed)| {
        let events = waiting.append.events.iter().zip(&placed.events);
        (placed.after + 1..).zip(events).map(|(position, (event, (partition, sequence)))| Recorded {
            position,
            partition: *partition,
            sequence: *sequence,
            recorded_at: judged.recorded_at,
            bytes: event.bytes.clone().into(),
        })
    });
    told.recent.committed(judged.log_id, judged.position, recorded);
    told.head.send_if_modified(|head| {
        let on = *head < position;
        *head = position.max(*head);
        on
    });
    for ((waiting, verdict), placed) in batch.into_iter().zip(&judged.verdicts).zip(placed) {
        let outcome = outcome(&waiting.append, verdict, placed, judged);
        waiting.answer(outcome.map(|appended| appended.map_or(Answer::Known, Answer::Appended)));
    }
}
