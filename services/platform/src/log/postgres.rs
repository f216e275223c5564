//! A batch on PostgreSQL: one statement, one round trip, one fsync.
//!
//! Invariant: the function `log_append` locks the head row first and looks at everything else afterwards, so what it judges by is younger than the
//! lock. It runs alone in its transaction: when the statement has returned, it is committed.

use std::time::{Duration, Instant};

use kernel::Timestamp;
use sqlx::postgres::PgRow;
use sqlx::{ConnectOptions, Connection, PgConnection, Row};
use uuid::Uuid;

use super::Append;
use super::arrays::Arrays;
use super::batch::{Expectations, Judged, Verdict, claim_steps};
use super::event::{PARTITIONS, timestamp};
use crate::db::{Durability, StoreError, postgres_options};
use crate::fault;

const CALL: &str = "SELECT * FROM log_append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
    $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)";

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
        let expects = Expectations::of(appends);
        let arguments = Arrays::of(appends).arguments(now, &expects).map_err(sqlx::Error::Encode)?;
        let mut connection = self.connection().await?;
        fault::point("append.sent");
        match sqlx::query_with(CALL, arguments).fetch_one(&mut connection).await {
            Ok(row) => {
                self.connection = Some((connection, Instant::now()));
                judged(appends, &expects, &row)
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
        let options = postgres_options(&self.url, &self.schema, Durability::Full)?
            .options([("enable_bitmapscan", "off")]);
        match tokio::time::timeout(PATIENCE, options.connect()).await {
            Ok(connected) => Ok(connected?),
            Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
        }
    }
}

/// The function's answer.
fn judged(appends: &[&Append], expects: &Expectations, row: &PgRow) -> Result<Judged, StoreError> {
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
    let keys: Vec<&[u8]> =
        appends.iter().flat_map(|append| claim_steps(append)).map(|step| step.key).collect();
    for (index, verdict) in verdicts.into_iter().enumerate() {
        let place = || places.get(index).and_then(|place| usize::try_from(*place).ok()?.checked_sub(1));
        judged.verdicts.push(match verdict {
            0 => Verdict::Accepted,
            1 => Verdict::Known,
            2 => Verdict::CursorMoved,
            3 => {
                let (_, stream) =
                    place().and_then(|place| expects.of.get(place)).ok_or_else(|| wrong("no stream"))?;
                Verdict::Conflict(expects.streams[*stream].0.to_string())
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
