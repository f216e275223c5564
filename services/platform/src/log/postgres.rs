//! A batch on PostgreSQL: one statement, one round trip, one fsync.
//!
//! Invariant: the function `log_append` locks the head row first and looks at everything else afterwards, so what it judges by is younger than the
//! lock. It runs alone in its transaction: when the statement has returned, it is committed.

use std::time::{Duration, Instant};

use kernel::Timestamp;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::{Arguments, ConnectOptions, Connection, PgConnection, Row};
use uuid::Uuid;

use super::Append;
use super::batch::{Judged, Verdict, claim_steps};
use super::event::{PARTITIONS, partition, timestamp};
use crate::db::{Durability, StoreError, postgres_options};
use crate::fault;

const CALL: &str = "SELECT * FROM log_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32)";

/// A connection that rested this long is tried before an append is sent on it, so that a server's restart costs nobody an unknown outcome.
const RESTED: Duration = Duration::from_secs(2);
/// How long to wait for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Writes batches by a connection of its own.
pub struct Writer {
    url: String,
    schema: String,
    connection: Option<(PgConnection, Instant)>,
}

impl Writer {
    pub fn new(url: String, schema: String) -> Self {
        Self { url, schema, connection: None }
    }

    pub async fn close(self) {
        if let Some((connection, _)) = self.connection {
            // What was committed stays so however the connection ends.
            connection.close().await.ok();
        }
    }

    /// Judges and writes a batch. After an error that may have cost the connection, it is given up.
    pub async fn write(&mut self, appends: &[&Append], now: Timestamp) -> Result<Judged, StoreError> {
        let arguments = Arrays::of(appends).arguments(now).map_err(sqlx::Error::Encode)?;
        let mut connection = self.connection().await?;
        fault::point("append.sent");
        match sqlx::query_with(CALL, arguments).fetch_one(&mut connection).await {
            Ok(row) => {
                self.connection = Some((connection, Instant::now()));
                judged(appends, &row)
            }
            Err(error) => {
                let error = StoreError::from(error);
                if !error.broke_connection() {
                    self.connection = Some((connection, Instant::now()));
                }
                Err(error)
            }
        }
    }

    async fn connection(&mut self) -> Result<PgConnection, StoreError> {
        if let Some((mut connection, used)) = self.connection.take()
            && (used.elapsed() < RESTED || connection.ping().await.is_ok())
        {
            return Ok(connection);
        }
        // Plans are made once and kept. One made while the tables were empty would scan them for ever, so nothing here may scan: every look-up
        // is by an index, row by row.
        let options = postgres_options(&self.url, &self.schema, Durability::Full)?.options([
            ("plan_cache_mode", "force_generic_plan"),
            ("enable_seqscan", "off"),
            ("enable_bitmapscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
        ]);
        match tokio::time::timeout(PATIENCE, options.connect()).await {
            Ok(connected) => Ok(connected?),
            Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
        }
    }
}

/// The lists that the function takes, in its words.
#[derive(Default)]
struct Arrays<'a> {
    counts: Vec<i32>,
    offsets: Vec<i32>,
    requests: Vec<(i32, &'a super::RequestKey)>,
    expects: (Vec<i32>, Vec<String>, Vec<i64>),
    claims: (Vec<i32>, Vec<&'a [u8]>, Vec<Option<&'a str>>, Vec<Option<&'a str>>),
    cursors: Vec<(i32, &'a super::CursorMove)>,
    events: Vec<(i32, i32, i64, String, &'a super::NewEvent)>,
    added: Vec<i64>,
}

impl<'a> Arrays<'a> {
    fn of(appends: &[&'a Append]) -> Self {
        let mut arrays = Self { added: vec![0; PARTITIONS as usize], ..Self::default() };
        for (req, append) in (1..).zip(appends) {
            arrays.offsets.push(arrays.events.len() as i32);
            arrays.counts.push(append.events.len() as i32);
            arrays.requests.extend(append.request.iter().map(|request| (req, request)));
            arrays.cursors.extend(append.cursor.iter().map(|step| (req, step)));
            for (stream, version) in append.expected() {
                arrays.expects.0.push(req);
                arrays.expects.1.push(stream.to_string());
                arrays.expects.2.push(version as i64);
            }
            for step in claim_steps(append) {
                arrays.claims.0.push(req);
                arrays.claims.1.push(step.key);
                arrays.claims.2.push(step.take);
                arrays.claims.3.push(step.release);
            }
            for event in &append.events {
                let partition = partition(event.person, &event.stream);
                let rank = &mut arrays.added[partition as usize];
                *rank += 1;
                arrays.events.push((req, partition as i32, *rank, event.stream.to_string(), event));
            }
        }
        arrays
    }

    /// In the order of the function's parameters.
    fn arguments(&self, now: Timestamp) -> Result<PgArguments, sqlx::error::BoxDynError> {
        fn list<'x, T, U>(of: &'x [T], field: impl Fn(&'x T) -> U) -> Vec<U> {
            of.iter().map(field).collect()
        }
        let mut to = PgArguments::default();
        to.add(now.as_microsecond())?;
        to.add(&self.counts)?;
        to.add(&self.offsets)?;

        to.add(list(&self.requests, |(req, _)| *req))?;
        to.add(list(&self.requests, |(_, request)| request.scope.as_str()))?;
        to.add(list(&self.requests, |(_, request)| request.id))?;
        to.add(list(&self.requests, |(_, request)| request.digest.as_slice()))?;
        to.add(list(&self.requests, |(_, request)| request.subject.as_str()))?;
        to.add(list(&self.requests, |(_, request)| request.subject_version as i64))?;

        to.add(&self.expects.0)?;
        to.add(&self.expects.1)?;
        to.add(&self.expects.2)?;

        to.add(&self.claims.0)?;
        to.add(&self.claims.1)?;
        to.add(&self.claims.2)?;
        to.add(&self.claims.3)?;

        to.add(list(&self.cursors, |(req, _)| *req))?;
        to.add(list(&self.cursors, |(_, step)| step.reader.as_str()))?;
        to.add(list(&self.cursors, |(_, step)| step.log_id))?;
        to.add(list(&self.cursors, |(_, step)| step.partition as i32))?;
        to.add(list(&self.cursors, |(_, step)| step.from as i64))?;
        to.add(list(&self.cursors, |(_, step)| step.to as i64))?;

        to.add(list(&self.events, |(req, ..)| *req))?;
        to.add(list(&self.events, |(_, partition, ..)| *partition))?;
        to.add(list(&self.events, |(_, _, rank, ..)| *rank))?;
        to.add(list(&self.events, |(_, _, _, stream, _)| stream.as_str()))?;
        to.add(list(&self.events, |(.., event)| event.version as i64))?;
        to.add(list(&self.events, |(.., event)| event.id))?;
        to.add(list(&self.events, |(.., event)| event.kind.as_str()))?;
        to.add(list(&self.events, |(.., event)| event.person.map(|person| person.uuid())))?;
        to.add(list(&self.events, |(.., event)| event.bytes.as_ref()))?;
        to.add(&self.added)?;
        Ok(to)
    }
}

/// The function's answer.
fn judged(appends: &[&Append], row: &PgRow) -> Result<Judged, StoreError> {
    let verdicts: Vec<i32> = row.try_get("verdicts")?;
    let places: Vec<i32> = row.try_get("places")?;
    let holders: Vec<Option<String>> = row.try_get("holders")?;
    let sequences: Vec<i64> = row.try_get("sequences")?;
    let wrong =
        |what: &str| StoreError::Unusable(format!("log_append gave {what}: run `throughline migrate`"));
    let mut judged = Judged {
        log_id: row.try_get::<Uuid, _>("log_id")?,
        position: row.try_get::<i64, _>("before")? as u64,
        sequences: [0; PARTITIONS as usize],
        recorded_at: timestamp(row.try_get("recorded")?),
        verdicts: Vec::with_capacity(appends.len()),
    };
    if verdicts.len() != appends.len() || sequences.len() != judged.sequences.len() {
        return Err(wrong("lists of another length"));
    }
    for (kept, sequence) in judged.sequences.iter_mut().zip(sequences) {
        *kept = sequence as u64;
    }
    // Lists of all requests, of which a refused one names its place.
    let streams: Vec<String> =
        appends.iter().flat_map(|append| append.expected()).map(|(stream, _)| stream.to_string()).collect();
    let keys: Vec<&[u8]> =
        appends.iter().flat_map(|append| claim_steps(append)).map(|step| step.key).collect();
    for (index, verdict) in verdicts.into_iter().enumerate() {
        let place = || places.get(index).and_then(|place| usize::try_from(*place).ok()?.checked_sub(1));
        judged.verdicts.push(match verdict {
            0 => Verdict::Accepted,
            1 => Verdict::Known,
            2 => Verdict::CursorMoved,
            3 => {
                let stream =
                    place().and_then(|place| streams.get(place)).ok_or_else(|| wrong("no stream"))?;
                Verdict::Conflict(stream.clone())
            }
            4 => {
                let key = place().and_then(|place| keys.get(place)).ok_or_else(|| wrong("no claim"))?;
                Verdict::ClaimTaken {
                    key: key.to_vec(),
                    holder: holders.get(index).cloned().flatten().unwrap_or_default(),
                }
            }
            5 => Verdict::LogReplaced,
            _ => return Err(wrong("an unknown verdict")),
        });
    }
    Ok(judged)
}
