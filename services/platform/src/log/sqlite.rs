//! A batch on SQLite: one transaction, one fsync, on the thread of whoever calls, which is the appender's own.
//!
//! Invariant: everything is judged inside the transaction that writes, under SQLite's write lock, so nothing remembered from before is trusted.
//! A batch is a hundred small statements, each shorter than handing it to another thread: that is why they are not sqlx's, whose connections each live
//! on a thread of their own.

use std::path::PathBuf;

use kernel::Timestamp;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::Append;
use super::batch::{ClaimStep, Expectations, Judged, Placed, Verdict, claim_steps, number};
use super::event::{PARTITIONS, timestamp};
use super::read::sequences;
use crate::db::{StoreError, sqlite_connection};
use crate::fault;

const HEAD: &str = "SELECT log_id, position, recorded_at, sequences, refusing FROM log_head";
const VERSION: &str = "SELECT coalesce(max(version), 0) FROM log_events WHERE stream = ?";
const KNOWN: &str = "SELECT EXISTS (SELECT 1 FROM log_requests WHERE scope = ? AND id = ?)";
const HOLDER: &str = "SELECT holder FROM log_claims WHERE key = ?";
const CURSOR: &str = "SELECT position FROM log_cursors WHERE reader = ? AND log_id = ? AND partition = ?";

const ADD_EVENT: &str = "INSERT INTO log_events
    (position, partition, sequence, stream, version, event_id, kind, person, recorded_at, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
const ADD_REQUEST: &str = "INSERT INTO log_requests
    (scope, id, digest, subject, subject_version, after, events, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
const TAKE: &str = "INSERT INTO log_claims (key, holder) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET holder = excluded.holder";
const RELEASE: &str = "DELETE FROM log_claims WHERE key = ? AND holder = ?";
const MOVE: &str = "INSERT INTO log_cursors (reader, log_id, partition, position) VALUES (?, ?, ?, ?)
    ON CONFLICT (reader, log_id, partition) DO UPDATE SET position = excluded.position";
const MOVE_HEAD: &str = "UPDATE log_head SET position = ?, recorded_at = ?, sequences = ?";

/// Writes batches by a connection of its own.
pub struct Writer {
    file: PathBuf,
    connection: Option<Connection>,
}

impl Writer {
    pub fn new(file: PathBuf) -> Self {
        Self { file, connection: None }
    }

    /// Judges and writes a batch. After an error the connection is given up, and with it whatever it had not committed.
    pub fn write(&mut self, appends: &[&Append], now: Timestamp) -> Result<Judged, StoreError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => sqlite_connection(&self.file)?,
        };
        fault::point("append.sent");
        let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let judged = judge(&tx, appends, now)?;
        if judged.verdicts.contains(&Verdict::Accepted) {
            let (placed, position, sequences) = number(appends.iter().copied(), &judged);
            let at = judged.recorded_at.as_microsecond();
            for (append, placed) in appends.iter().zip(&placed) {
                if let Some(placed) = placed {
                    add(&tx, append, placed, at)?;
                }
            }
            let after = serde_json::to_string(&sequences.to_vec()).unwrap_or_default();
            tx.prepare_cached(MOVE_HEAD)?.execute(params![position.cast_signed(), at, after])?;
            tx.commit()?;
        } else {
            tx.rollback()?;
        }
        self.connection = Some(connection);
        Ok(judged)
    }
}

fn judge(tx: &Transaction<'_>, appends: &[&Append], now: Timestamp) -> Result<Judged, StoreError> {
    let head = |row: &rusqlite::Row<'_>| {
        let judged = Judged {
            log_id: Uuid::from_bytes(row.get(0)?),
            position: row.get::<_, i64>(1)?.cast_unsigned(),
            sequences: [0; PARTITIONS as usize],
            recorded_at: now.max(timestamp(row.get(2)?)),
            verdicts: Vec::with_capacity(appends.len()),
        };
        Ok((judged, row.get::<_, String>(3)?, row.get::<_, Option<String>>(4)?.is_some()))
    };
    let head = tx.prepare_cached(HEAD)?.query_row([], head).optional()?;
    let none = || StoreError::Unusable("the log has no head: run `throughline migrate`".into());
    let (mut judged, after, refusing) = head.ok_or_else(none)?;
    judged.sequences = sequences(&after)?;
    let expects = Expectations::of(appends);
    let conflicts = conflicts(tx, appends.len(), &expects)?;
    for (append, conflict) in appends.iter().zip(conflicts) {
        judged.verdicts.push(if refusing { Verdict::LogReplaced } else { verdict(tx, append, conflict)? });
    }
    Ok(judged)
}

/// For each append the first stream that is not where it expects it.
fn conflicts(
    tx: &Transaction<'_>,
    appends: usize,
    expects: &Expectations,
) -> Result<Vec<Option<Verdict>>, StoreError> {
    let mut version = tx.prepare_cached(VERSION)?;
    let mut versions = Vec::with_capacity(expects.streams.len());
    for (stream, _) in &expects.streams {
        versions.push(version.query_row([stream.to_string()], |row| row.get::<_, i64>(0))?);
    }
    let mut conflicts = vec![None; appends];
    for (append, place) in &expects.of {
        let (stream, version) = expects.streams[*place];
        if versions[*place] != version.cast_signed() && conflicts[*append].is_none() {
            conflicts[*append] = Some(Verdict::Conflict(stream.to_string()));
        }
    }
    Ok(conflicts)
}

/// Judges one append.
fn verdict(tx: &Transaction<'_>, append: &Append, conflict: Option<Verdict>) -> Result<Verdict, StoreError> {
    if let Some(request) = &append.request {
        let named = params![request.scope, request.id.as_bytes()];
        if tx.prepare_cached(KNOWN)?.query_row(named, |row| row.get(0))? {
            return Ok(Verdict::Known);
        }
    }
    if let Some(step) = &append.cursor {
        let named = params![step.reader, step.log_id.as_bytes(), step.partition];
        let stands = tx.prepare_cached(CURSOR)?.query_row(named, |row| row.get::<_, i64>(0)).optional()?;
        if stands.unwrap_or(0) != step.from.cast_signed() {
            return Ok(Verdict::CursorMoved);
        }
    }
    if let Some(conflict) = conflict {
        return Ok(conflict);
    }
    for ClaimStep { key, take, release } in claim_steps(append) {
        let holder = tx.prepare_cached(HOLDER)?.query_row([key], |row| row.get::<_, String>(0)).optional()?;
        if let (Some(holder), Some(take)) = (holder, take)
            && holder != take
            && Some(holder.as_str()) != release
        {
            return Ok(Verdict::ClaimTaken { key: key.to_vec(), holder });
        }
    }
    Ok(Verdict::Accepted)
}

/// Writes an accepted append in its place.
fn add(tx: &Transaction<'_>, append: &Append, placed: &Placed, at: i64) -> Result<(), StoreError> {
    let mut add = tx.prepare_cached(ADD_EVENT)?;
    for (position, (event, (partition, sequence))) in
        (placed.after + 1..).zip(append.events.iter().zip(&placed.events))
    {
        add.execute(params![
            position.cast_signed(),
            partition,
            sequence.cast_signed(),
            event.stream.to_string(),
            event.version.cast_signed(),
            event.id.as_bytes(),
            event.kind,
            event.person.map(|person| *person.uuid().as_bytes()),
            at,
            event.bytes.as_ref(),
        ])?;
    }
    if let Some(request) = &append.request {
        tx.prepare_cached(ADD_REQUEST)?.execute(params![
            request.scope,
            request.id.as_bytes(),
            request.digest,
            request.subject,
            request.subject_version.cast_signed(),
            placed.after.cast_signed(),
            (placed.events.len() as u64).cast_signed(),
            at,
        ])?;
    }
    for step in claim_steps(append) {
        match (step.take, step.release) {
            (Some(take), _) => tx.prepare_cached(TAKE)?.execute(params![step.key, take])?,
            (None, Some(release)) => tx.prepare_cached(RELEASE)?.execute(params![step.key, release])?,
            (None, None) => 0,
        };
    }
    if let Some(step) = &append.cursor {
        let moved = params![step.reader, step.log_id.as_bytes(), step.partition, step.to.cast_signed()];
        tx.prepare_cached(MOVE)?.execute(moved)?;
    }
    Ok(())
}
