//! A batch on SQLite: one transaction, a handful of round trips to the connection's thread, one fsync.
//!
//! Invariant: everything is judged inside the transaction that writes, under SQLite's write lock, so nothing remembered from before is trusted.
//! Every text is one of a few, so all are prepared once: names to look up travel as JSON, rows in inserts of 1, 2, 4 … 64.

use std::path::PathBuf;

use kernel::Timestamp;
use serde_json::{Value as Json, json};
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::Append;
use super::batch::{ClaimStep, Expectations, Judged, Placed, Verdict, claim_steps, number};
use super::event::timestamp;
use super::read::sequences;
use crate::args;
use crate::db::{Durability, Row, Runs, StoreError, Value, execute_rows, sqlite_options};
use crate::fault;

/// Takes the write lock and looks up what the batch names. The first column says which table a row is of, the second the place in its list.
const LOOK: &str = "
BEGIN IMMEDIATE;
SELECT 0, 0, position, recorded_at, log_id, sequences, refusing FROM log_head;
SELECT 1, key, (SELECT max(version) FROM log_events WHERE stream = named.value) FROM json_each($1, '$.streams') AS named;
SELECT 2, key FROM json_each($1, '$.requests') AS named
    WHERE EXISTS (SELECT 1 FROM log_requests WHERE scope = named.value ->> 0 AND id = unhex(named.value ->> 1));
SELECT 3, key, (SELECT holder FROM log_claims WHERE key = unhex(named.value)) FROM json_each($1, '$.claims') AS named;
SELECT 4, key, (SELECT position FROM log_cursors
        WHERE reader = named.value ->> 0 AND log_id = unhex(named.value ->> 1) AND partition = named.value ->> 2)
    FROM json_each($1, '$.cursors') AS named;
";

const EVENTS: &str = "INSERT INTO log_events
    (position, partition, sequence, stream, version, event_id, kind, person, recorded_at, bytes) VALUES {rows}";
const REQUESTS: &str = "INSERT INTO log_requests
    (scope, id, digest, subject, subject_version, after, events, recorded_at) VALUES {rows}";

/// Writes what is rare and the head, and commits.
const FINISH: &str = "
DELETE FROM log_claims WHERE (key, holder) IN (SELECT unhex(value ->> 0), value ->> 1 FROM json_each($1, '$.released'));
INSERT INTO log_claims (key, holder) SELECT unhex(value ->> 0), value ->> 1 FROM json_each($1, '$.taken') WHERE true
    ON CONFLICT (key) DO UPDATE SET holder = excluded.holder;
INSERT INTO log_cursors (reader, log_id, partition, position)
    SELECT value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3 FROM json_each($1, '$.cursors') WHERE true
    ON CONFLICT (reader, log_id, partition) DO UPDATE SET position = excluded.position;
UPDATE log_head SET position = $2, recorded_at = $3, sequences = $4;
COMMIT;
";

/// Writes batches by a connection of its own.
pub struct Writer {
    file: PathBuf,
    connection: Option<SqliteConnection>,
}

impl Writer {
    pub fn new(file: PathBuf) -> Self {
        Self { file, connection: None }
    }

    pub async fn close(self) {
        if let Some(connection) = self.connection {
            // What was committed is on disk however the connection ends.
            connection.close().await.ok();
        }
    }

    /// Judges and writes a batch. After an error the connection is given up, and with it whatever it had not committed.
    pub async fn write(&mut self, appends: &[&Append], now: Timestamp) -> Result<Judged, StoreError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => sqlite_options(&self.file, Durability::Full).connect().await?,
        };
        fault::point("append.sent");
        let expects = Expectations::of(appends);
        let found = connection.rows(LOOK, &args![asked(appends, &expects).to_string()]).await?;
        let judged = judge(appends, &expects, &found, now)?;
        if judged.verdicts.contains(&Verdict::Accepted) {
            let (placed, position, sequences) = number(appends.iter().copied(), &judged);
            let at = judged.recorded_at.as_microsecond();
            execute_rows(&mut connection, EVENTS, events(appends, &placed, at)).await?;
            execute_rows(&mut connection, REQUESTS, requests(appends, &placed, at)).await?;
            let after = serde_json::to_string(&sequences.to_vec()).unwrap_or_default();
            let rest = rest(appends, &placed).to_string();
            connection.rows(FINISH, &args![rest, position, at, after]).await?;
        } else {
            connection.script("ROLLBACK").await?;
        }
        self.connection = Some(connection);
        Ok(judged)
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

/// Everything that the batch names, in lists.
fn asked(appends: &[&Append], expects: &Expectations) -> Json {
    let requests = appends.iter().filter_map(|append| append.request.as_ref());
    let claims = appends.iter().flat_map(|append| claim_steps(append));
    let cursors = appends.iter().filter_map(|append| append.cursor.as_ref());
    json!({
        "streams": expects.streams.iter().map(|(stream, _)| stream.to_string()).collect::<Vec<_>>(),
        "requests": requests.map(|request| json!([request.scope, hex(request.id.as_bytes())])).collect::<Vec<_>>(),
        "claims": claims.map(|step| hex(step.key)).collect::<Vec<_>>(),
        "cursors": cursors.map(|step| json!([step.reader, hex(step.log_id.as_bytes()), step.partition])).collect::<Vec<_>>(),
    })
}

/// What was found, by the place in its list.
#[derive(Default)]
struct Found {
    versions: Vec<u64>,
    known: std::collections::BTreeSet<usize>,
    holders: Vec<Option<String>>,
    cursors: Vec<u64>,
}

fn judge(
    appends: &[&Append],
    expects: &Expectations,
    rows: &[Row],
    now: Timestamp,
) -> Result<Judged, StoreError> {
    let mut found = Found::default();
    let mut head = None;
    for row in rows {
        match row.i64(0)? {
            0 => head = Some(row),
            1 => found.versions.push(row.opt_u64(2)?.unwrap_or(0)),
            2 => {
                found.known.insert(row.u64(1)? as usize);
            }
            3 => found.holders.push(row.opt_text(2)?),
            _ => found.cursors.push(row.opt_u64(2)?.unwrap_or(0)),
        }
    }
    let head =
        head.ok_or_else(|| StoreError::Unusable("the log has no head: run `throughline migrate`".into()))?;
    let refusing = head.opt_text(6)?.is_some();
    let mut conflicts = conflicts(appends.len(), expects, &found.versions);
    let mut at = Places::default();
    let verdicts = appends
        .iter()
        .zip(&mut conflicts)
        .map(|(append, conflict)| {
            let verdict = verdict(append, conflict.take(), &found, &mut at);
            if refusing { Verdict::LogReplaced } else { verdict }
        })
        .collect();
    Ok(Judged {
        log_id: head.uuid(4)?,
        position: head.u64(2)?,
        sequences: sequences(&head.text(5)?)?,
        recorded_at: now.max(timestamp(head.i64(3)?)),
        verdicts,
    })
}

/// For each append the first stream that is not where it expects it.
fn conflicts(appends: usize, expects: &Expectations, versions: &[u64]) -> Vec<Option<Verdict>> {
    let mut conflicts = vec![None; appends];
    for (append, place) in &expects.of {
        let (stream, version) = expects.streams[*place];
        if versions.get(*place) != Some(&version) && conflicts[*append].is_none() {
            conflicts[*append] = Some(Verdict::Conflict(stream.to_string()));
        }
    }
    conflicts
}

/// How far the lists have been read.
#[derive(Default)]
struct Places {
    request: usize,
    claim: usize,
    cursor: usize,
}

/// The next place in a list.
fn next(place: &mut usize) -> usize {
    *place += 1;
    *place - 1
}

/// Judges one append by what was found. All its places are read, whatever the verdict.
fn verdict(append: &Append, conflict: Option<Verdict>, found: &Found, at: &mut Places) -> Verdict {
    let known = append.request.is_some() && found.known.contains(&next(&mut at.request));
    let moved = append
        .cursor
        .as_ref()
        .is_some_and(|step| found.cursors.get(next(&mut at.cursor)).copied() != Some(step.from));
    let mut taken = None;
    for ClaimStep { key, take, release } in claim_steps(append) {
        let holder = found.holders.get(next(&mut at.claim)).and_then(Option::as_deref);
        if let (Some(holder), Some(_)) = (holder, take)
            && taken.is_none()
            && Some(holder) != take
            && Some(holder) != release
        {
            taken = Some(Verdict::ClaimTaken { key: key.to_vec(), holder: holder.to_owned() });
        }
    }
    match (known, moved) {
        (true, _) => Verdict::Known,
        (false, true) => Verdict::CursorMoved,
        (false, false) => conflict.or(taken).unwrap_or(Verdict::Accepted),
    }
}

/// The accepted appends and where they are placed.
fn accepted<'a>(
    appends: &'a [&'a Append],
    placed: &'a [Option<Placed>],
) -> impl Iterator<Item = (&'a Append, &'a Placed)> {
    appends.iter().zip(placed).filter_map(|(append, placed)| Some((*append, placed.as_ref()?)))
}

fn events(appends: &[&Append], placed: &[Option<Placed>], at: i64) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for (append, placed) in accepted(appends, placed) {
        for (position, (event, (partition, sequence))) in
            (placed.after + 1..).zip(append.events.iter().zip(&placed.events))
        {
            rows.push(args![
                position,
                *partition,
                *sequence,
                event.stream.to_string(),
                event.version,
                event.id,
                event.kind.as_str(),
                event.person.map(|person| person.uuid()),
                at,
                event.bytes.as_ref(),
            ]);
        }
    }
    rows
}

fn requests(appends: &[&Append], placed: &[Option<Placed>], at: i64) -> Vec<Vec<Value>> {
    let row = |(append, placed): (&Append, &Placed)| {
        let request = append.request.as_ref()?;
        Some(args![
            request.scope.as_str(),
            request.id,
            request.digest,
            request.subject.as_str(),
            request.subject_version,
            placed.after,
            placed.events.len() as u64,
            at,
        ])
    };
    accepted(appends, placed).filter_map(row).collect()
}

/// Claims and cursors of the accepted appends.
fn rest(appends: &[&Append], placed: &[Option<Placed>]) -> Json {
    let (mut released, mut taken, mut cursors) = (vec![], vec![], vec![]);
    for (append, _) in accepted(appends, placed) {
        for step in claim_steps(append) {
            match (step.take, step.release) {
                (Some(take), _) => taken.push(json!([hex(step.key), take])),
                (None, Some(release)) => released.push(json!([hex(step.key), release])),
                (None, None) => {}
            }
        }
        if let Some(step) = &append.cursor {
            cursors.push(json!([step.reader, hex(step.log_id.as_bytes()), step.partition, step.to]));
        }
    }
    json!({ "released": released, "taken": taken, "cursors": cursors })
}
