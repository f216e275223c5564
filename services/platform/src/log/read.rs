//! Everything that reads a log, and the few administrative writes.
//! Invariant: reads see committed events alone, in order of position, and never wait for the appender.

use tokio::sync::watch;
use uuid::Uuid;

use super::batch::highest;
use super::event::{Groups, Head, PARTITIONS, Recorded, timestamp};
use super::recent::Batch;
use super::{Appended, KnownRequest, Log};
use crate::args;
use crate::db::{Db, Row, StoreError};

const EVENT: &str = "SELECT position, partition, sequence, recorded_at, bytes FROM log_events";

fn recorded(row: &Row) -> Result<Recorded, StoreError> {
    Ok(Recorded {
        position: row.u64(0)?,
        partition: row.u32(1)?,
        sequence: row.u64(2)?,
        recorded_at: timestamp(row.i64(3)?),
        bytes: row.bytes(4)?.into(),
    })
}

/// The sequences of all partitions, from their JSON form.
pub fn sequences(json: &str) -> Result<[u64; PARTITIONS as usize], StoreError> {
    let list: Result<Vec<u64>, _> = serde_json::from_str(json);
    list.ok()
        .and_then(|list| list.try_into().ok())
        .ok_or_else(|| StoreError::Unusable("the log's head does not hold 64 sequences".to_owned()))
}

/// Where the log stands.
pub async fn head(db: &Db) -> Result<Head, StoreError> {
    let sql = if db.is_postgres() {
        "SELECT log_id, position, recorded_at, to_json(sequences)::text FROM log_head"
    } else {
        "SELECT log_id, position, recorded_at, sequences FROM log_head"
    };
    let rows = db.fetch(sql, args![]).await?;
    let row = one(&rows)?;
    Ok(Head {
        log_id: row.uuid(0)?,
        position: row.u64(1)?,
        recorded_at: timestamp(row.i64(2)?),
        sequences: sequences(&row.text(3)?)?,
    })
}

fn one(rows: &[Row]) -> Result<&Row, StoreError> {
    rows.first()
        .ok_or_else(|| StoreError::Unusable("the log has no head: run `throughline migrate`".to_owned()))
}

impl Log {
    /// Where the log stands.
    pub async fn head(&self) -> Result<Head, StoreError> {
        head(&self.0.db).await
    }

    /// The position of the last event, as it grows: own appends at once, another process's within 250 ms.
    pub fn head_changes(&self) -> watch::Receiver<u64> {
        self.0.head.subscribe()
    }

    /// What follows a position, of these groups, and how far that goes: what was just appended from memory, the rest from the store. This is how
    /// whoever reads along reads.
    pub async fn batch(&self, after: u64, groups: Groups, limit: usize) -> Result<Batch, StoreError> {
        if let Some(batch) = self.0.recent.after(after, groups, limit) {
            return Ok(batch);
        }
        let (head, events) = loop {
            // The head first: whatever it counts is then there to be read.
            let head = self.head().await?;
            let events = self.read(after, groups, limit).await?;
            // Incarnations do not come back: if it is the same after the events were read, it was the same all the while.
            if self.head().await?.log_id == head.log_id {
                break (head, events);
            }
        };
        let last = events.last().map_or(after, |event| event.position);
        let through = if events.len() < limit { last.max(head.position) } else { last };
        // Not `after`: who has read beyond the head must see that it is behind.
        let ends = events.last().map_or(head.position, |event| event.position.max(head.position));
        Ok(Batch { log_id: head.log_id, events, through, head: ends })
    }

    /// Events after a position, of these groups, in order; at most `limit` of them.
    pub async fn read(&self, after: u64, groups: Groups, limit: usize) -> Result<Vec<Recorded>, StoreError> {
        let rows = if groups.all() {
            let sql = format!("{EVENT} WHERE position > $1 ORDER BY position LIMIT $2");
            self.0.db.fetch(&sql, args![after, limit as u64]).await?
        } else {
            let sql = format!(
                "{EVENT} WHERE position > $1 AND ($3 >> (partition / 8)) & 1 = 1 ORDER BY position LIMIT $2"
            );
            self.0.db.fetch(&sql, args![after, limit as u64, u32::from(groups.bits())]).await?
        };
        rows.iter().map(recorded).collect()
    }

    /// Events of a stream after a version, in order of version.
    pub async fn stream(&self, stream: &str, after_version: u64) -> Result<Vec<Recorded>, StoreError> {
        let sql = format!("{EVENT} WHERE stream = $1 AND version > $2 ORDER BY version");
        self.0.db.fetch(&sql, args![stream, after_version]).await?.iter().map(recorded).collect()
    }

    /// What is known of a request.
    pub async fn request(&self, scope: &str, id: Uuid) -> Result<Option<KnownRequest>, StoreError> {
        let sql = "SELECT digest, subject, subject_version, after, events, recorded_at FROM log_requests
            WHERE scope = $1 AND id = $2";
        let rows = self.0.db.fetch(sql, args![scope, id]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let digest =
            row.bytes(0)?.try_into().map_err(|_| StoreError::Column { column: 0, wanted: "32 bytes" })?;
        let (after, events) = (row.u64(3)?, row.u64(4)?);
        let sql = "SELECT partition, sequence FROM log_events WHERE position > $1 AND position <= $2";
        let written = self.0.db.fetch(sql, args![after, after + events]).await?;
        let written: Result<Vec<_>, StoreError> =
            written.iter().map(|row| Ok((row.u32(0)?, row.u64(1)?))).collect();
        let rows = self.0.db.fetch("SELECT log_id FROM log_head", args![]).await?;
        let appended = Appended {
            log_id: one(&rows)?.uuid(0)?,
            positions: (after + 1..=after + events).collect(),
            sequences: highest(written?),
            recorded_at: timestamp(row.i64(5)?),
            subject: row.text(1)?,
            subject_version: row.u64(2)?,
            replayed: true,
        };
        Ok(Some(KnownRequest { digest, appended }))
    }

    /// Where a reader stands in a partition or group of a log; 0 if it never moved.
    pub async fn cursor(&self, reader: &str, log_id: Uuid, partition: u32) -> Result<u64, StoreError> {
        let sql = "SELECT position FROM log_cursors WHERE reader = $1 AND log_id = $2 AND partition = $3";
        let rows = self.0.db.fetch(sql, args![reader, log_id, partition]).await?;
        rows.first().map_or(Ok(0), |row| row.u64(0))
    }

    /// Who holds a claim.
    pub async fn claim_holder(&self, key: &[u8]) -> Result<Option<String>, StoreError> {
        let rows = self.0.db.fetch("SELECT holder FROM log_claims WHERE key = $1", args![key]).await?;
        rows.first().map(|row| row.text(0)).transpose()
    }

    /// Makes the log take no append until it is forked, in every process and after every restart: it was shown a cursor beyond its head, so it has
    /// lost its end. `why` is for the operator.
    pub async fn refuse_appends(&self, why: &str) -> Result<(), StoreError> {
        let log_id = self.head().await?.log_id;
        self.refuse_appends_of(log_id, why).await
    }

    /// The same for who learned it of this incarnation: one that has been forked since is another log, and takes appends.
    pub async fn refuse_appends_of(&self, log_id: Uuid, why: &str) -> Result<(), StoreError> {
        let mut tx = self.0.db.begin().await?;
        let sql = "UPDATE log_head SET refusing = $1 WHERE refusing IS NULL AND log_id = $2";
        let changed = tx.execute(sql, args![why, log_id]).await?;
        tx.commit().await?;
        if changed > 0 {
            tracing::error!(log = self.0.service, why, "the log refuses appends: run `throughline log fork`");
        }
        Ok(())
    }

    /// Why the log takes no append, if it takes none.
    pub async fn refusing(&self) -> Result<Option<String>, StoreError> {
        let rows = self.0.db.fetch("SELECT refusing FROM log_head", args![]).await?;
        one(&rows)?.opt_text(0)
    }

    /// Gives the log a new incarnation that agrees with the old one up to a position, and lets it take appends again. Returns the new id.
    ///
    /// # Errors
    /// [`StoreError::Unusable`] if the log does not reach that position.
    pub async fn fork(&self, agrees_up_to: u64) -> Result<Uuid, StoreError> {
        let mut tx = self.0.db.begin().await?;
        let lock = if tx.is_postgres() { " FOR UPDATE" } else { "" };
        let rows = tx.fetch(&format!("SELECT log_id, position FROM log_head{lock}"), args![]).await?;
        let (old, position) = (one(&rows)?.uuid(0)?, one(&rows)?.u64(1)?);
        if agrees_up_to > position {
            let why =
                format!("the log ends at {position}: it cannot agree with another up to {agrees_up_to}");
            return Err(StoreError::Unusable(why));
        }
        let new = Uuid::now_v7();
        let lineage =
            "INSERT INTO log_lineage (log_id, parent, agrees_up_to, forked_at) VALUES ($1, $2, $3, $4)";
        tx.execute(lineage, args![new, old, agrees_up_to, self.0.clock.now().as_microsecond()]).await?;
        tx.execute("UPDATE log_head SET log_id = $1, refusing = NULL", args![new]).await?;
        tx.commit().await?;
        tracing::info!(log = self.0.service, %old, %new, agrees_up_to, "the log was forked");
        Ok(new)
    }

    /// The incarnations before the present one, latest first: each with up to where the one after it agrees with it.
    pub async fn lineage(&self) -> Result<Vec<(Uuid, u64)>, StoreError> {
        let sql = "SELECT parent, agrees_up_to FROM log_lineage ORDER BY forked_at DESC, log_id DESC";
        self.0.db.fetch(sql, args![]).await?.iter().map(|row| Ok((row.uuid(0)?, row.u64(1)?))).collect()
    }
}
