//! Parked subjects: whose events wait, and how they go on.
//!
//! Invariant: of a parked subject's events in one log none is applied before the one that was parked, but those that always pass; a replay applies
//! them in order of position and frees the subject in the transaction that finds no more.
//!
//! A subject is a person; for events about nobody their stream; for bytes that are no event their whole partition.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::apply::Applier;
use super::generation::WHOLE;
use crate::args;
use crate::db::{Db, Row, StoreError, Tx};
use crate::log::Recorded;
use crate::source::Read;

/// Events replayed in one transaction.
const REPLAY: u32 = 200;

/// A subject whose events of one log wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parked {
    /// The log.
    pub source: String,
    /// A person's id, else a stream, else `partition-<number>`.
    pub subject: String,
    /// Position of the event that could not be applied.
    pub position: u64,
    /// Why not.
    pub reason: String,
    /// The build that could not.
    pub build: String,
    /// Since when.
    pub parked_at: Timestamp,
    /// How many events wait, that one included.
    pub waiting: u64,
}

/// What a replay came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Events applied.
    pub applied: u64,
    /// Subjects that are free again.
    pub freed: u64,
    /// Subjects that still are parked.
    pub parked: u64,
}

/// What an event is parked under.
pub(super) fn subject(event: &Read) -> String {
    if event.broken().is_some() {
        whole_partition(event)
    } else if !event.event.person_id.is_empty() {
        event.event.person_id.clone()
    } else {
        event.event.stream.clone()
    }
}

fn whole_partition(event: &Read) -> String {
    format!("partition-{}", event.recorded.partition)
}

/// Whether others of its subject wait.
pub(super) fn is_parked(event: &Read, parked: &BTreeSet<String>) -> bool {
    parked.contains(&subject(event)) || parked.contains(&whole_partition(event))
}

/// The queue that a waiting event joins: its partition's, where that is parked, since its subject's goes on from there.
pub(super) fn queue_of(event: &Read, parked: &BTreeSet<String>) -> String {
    let partition = whole_partition(event);
    if parked.contains(&partition) { partition } else { subject(event) }
}

/// The subjects parked in a log.
pub(super) async fn subjects(tx: &mut Tx, source: &str) -> Result<BTreeSet<String>, StoreError> {
    let rows = tx.fetch("SELECT subject FROM feed_parked WHERE source = $1", args![source]).await?;
    rows.iter().map(|row| row.text(0)).collect()
}

/// Parks a subject because of this event.
pub(super) async fn park(
    tx: &mut Tx,
    applier: &Applier<'_>,
    subject: &str,
    event: &Read,
    reason: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO feed_parked (source, subject, position, reason, build, parked_at) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (source, subject) DO UPDATE SET position = excluded.position, reason = excluded.reason, build = excluded.build",
        args![applier.source, subject, event.recorded.position, reason, applier.build, applier.now],
    )
    .await?;
    Ok(())
}

/// Puts an event at the end of a subject's queue.
pub(super) async fn queue(tx: &mut Tx, source: &str, subject: &str, event: &Read) -> Result<(), StoreError> {
    let recorded = &event.recorded;
    tx.execute(
        "INSERT INTO feed_parked_event (source, position, subject, partition_no, sequence, recorded_at, bytes) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        args![
            source,
            recorded.position,
            subject,
            recorded.partition,
            recorded.sequence,
            recorded.recorded_at.as_microsecond(),
            bytes::Bytes::clone(&recorded.bytes)
        ],
    )
    .await?;
    Ok(())
}

/// All that are parked.
pub(super) async fn all(db: &Db) -> Result<Vec<Parked>, StoreError> {
    let rows = db
        .fetch(
            "SELECT p.source, p.subject, p.position, p.reason, p.build, p.parked_at, \
             (SELECT count(*) FROM feed_parked_event e WHERE e.source = p.source AND e.subject = p.subject) \
             FROM feed_parked p ORDER BY p.source, p.position, p.subject",
            args![],
        )
        .await?;
    let parked = |row: &Row| {
        Ok(Parked {
            source: row.text(0)?,
            subject: row.text(1)?,
            position: row.u64(2)?,
            reason: row.text(3)?,
            build: row.text(4)?,
            parked_at: instant(row, 5)?,
            waiting: row.u64(6)?,
        })
    };
    rows.iter().map(parked).collect()
}

fn instant(row: &Row, column: usize) -> Result<Timestamp, StoreError> {
    let wrong = |_| StoreError::Column { column, wanted: "an instant" };
    Timestamp::from_microsecond(row.i64(column)?).map_err(wrong)
}

/// Applies what waits of one subject until it is free or an event still cannot be applied.
pub(super) async fn replay(applier: &Applier<'_>, subject: &str) -> Result<Replayed, StoreError> {
    let mut replayed = Replayed::default();
    loop {
        let mut tx = applier.generation.db.begin().await?;
        // The lock of the cursor's row: runs of the same source wait, and park behind or pass by what this leaves.
        tx.execute(
            "UPDATE feed_cursor SET position = position WHERE source = $1 AND slice = $2",
            args![applier.source, WHOLE],
        )
        .await?;
        let waiting = waiting(&mut tx, applier.source, subject).await?;
        if waiting.is_empty() {
            let freed = tx
                .execute(
                    "DELETE FROM feed_parked WHERE source = $1 AND subject = $2",
                    args![applier.source, subject],
                )
                .await?;
            tx.commit().await?;
            replayed.freed += freed;
            return Ok(replayed);
        }
        let (applied, stopped) = replay_some(applier, &mut tx, subject, waiting).await?;
        tx.commit().await?;
        replayed.applied += applied;
        if stopped {
            replayed.parked += 1;
            return Ok(replayed);
        }
    }
}

async fn replay_some(
    applier: &Applier<'_>,
    tx: &mut Tx,
    queue: &str,
    waiting: Vec<Read>,
) -> Result<(u64, bool), StoreError> {
    let mut parked = subjects(tx, applier.source).await?;
    let mut applied = 0;
    for event in waiting {
        let own = subject(&event);
        if own != queue && parked.contains(&own) {
            move_to(tx, applier.source, &own, &event).await?;
            continue;
        }
        match applier.apply_guarded(tx, &event).await? {
            Ok(()) => {
                applied += 1;
                tx.execute(
                    "DELETE FROM feed_parked_event WHERE source = $1 AND position = $2",
                    args![applier.source, event.recorded.position],
                )
                .await?;
            }
            Err(reason) => {
                park(tx, applier, &own, &event, &reason).await?;
                if own == queue {
                    return Ok((applied, true));
                }
                // It waited for its partition, and is itself what cannot be applied: its own queue is behind it from here.
                move_to(tx, applier.source, &own, &event).await?;
                parked.insert(own);
            }
        }
    }
    Ok((applied, false))
}

async fn move_to(tx: &mut Tx, source: &str, subject: &str, event: &Read) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE feed_parked_event SET subject = $1 WHERE source = $2 AND position = $3",
        args![subject, source, event.recorded.position],
    )
    .await?;
    Ok(())
}

async fn waiting(tx: &mut Tx, source: &str, subject: &str) -> Result<Vec<Read>, StoreError> {
    let rows = tx
        .fetch(
            "SELECT position, partition_no, sequence, recorded_at, bytes FROM feed_parked_event \
             WHERE source = $1 AND subject = $2 ORDER BY position LIMIT $3",
            args![source, subject, REPLAY],
        )
        .await?;
    let event = |row: &Row| {
        Ok(Read::new(Recorded {
            position: row.u64(0)?,
            partition: row.u32(1)?,
            sequence: row.u64(2)?,
            recorded_at: instant(row, 3)?,
            bytes: row.bytes(4)?.into(),
        }))
    };
    rows.iter().map(event).collect()
}
