//! A projection whose rows betray every event lost, doubled or out of order.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use platform::args;
use platform::db::Tx;
use platform::projection::{ApplyError, Projection, Read};

/// Writes every event down, and keeps a running digest of each stream.
pub struct Tally {
    logs: Vec<&'static str>,
    version: u32,
    /// Until then an event that says "poison" cannot be applied.
    pub mended: AtomicBool,
}

impl Tally {
    pub fn of(logs: &[&'static str]) -> Self {
        Self { logs: logs.to_vec(), version: 1, mended: AtomicBool::new(false) }
    }

    /// The same projection in another version.
    pub fn at_version(self, version: u32) -> Self {
        Self { version, ..self }
    }

    async fn write(&self, tx: &mut Tx, source: &str, read: &Read) -> Result<(), ApplyError> {
        let event = &read.event;
        let kind = event.r#type.rsplit('.').next().unwrap_or_default();
        let said = String::from_utf8_lossy(&event.payload).into_owned();
        match kind {
            "Said" => {}
            "Erased" => {
                tx.execute("DELETE FROM entries WHERE person = $1", args![&event.person_id]).await?;
                return Ok(());
            }
            other => return Err(ApplyError::Poison(format!("the kind {other} is not known"))),
        }
        if said == "poison" && !self.mended.load(Ordering::SeqCst) {
            // Something of it is already written when it is found out.
            self.digest(tx, source, read).await?;
            return Err(ApplyError::Poison("it says so".to_owned()));
        }
        tx.execute(
            "INSERT INTO entries (source, stream, version, person, said) VALUES ($1, $2, $3, $4, $5)",
            args![source, &event.stream, event.version, &event.person_id, said],
        )
        .await?;
        self.digest(tx, source, read).await
    }

    async fn digest(&self, tx: &mut Tx, source: &str, read: &Read) -> Result<(), ApplyError> {
        let event = &read.event;
        let sql = "SELECT digest FROM streams WHERE source = $1 AND stream = $2";
        let known = tx.fetch(sql, args![source, &event.stream]).await?;
        let mut hasher = DefaultHasher::new();
        known.first().map(|row| row.text(0)).transpose()?.hash(&mut hasher);
        event.payload.hash(&mut hasher);
        tx.execute(
            "INSERT INTO streams (source, stream, events, digest) VALUES ($1, $2, 1, $3) \
             ON CONFLICT (source, stream) DO UPDATE SET events = streams.events + 1, digest = excluded.digest",
            args![source, &event.stream, format!("{:016x}", hasher.finish())],
        )
        .await?;
        Ok(())
    }
}

impl Projection for Tally {
    fn name(&self) -> &'static str {
        "tally"
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn sources(&self) -> &[&'static str] {
        &self.logs
    }

    fn tables(&self, _postgres: bool) -> Vec<String> {
        vec![
            "CREATE TABLE entries (source text NOT NULL, stream text NOT NULL, version bigint NOT NULL, person text NOT NULL, \
             said text NOT NULL, PRIMARY KEY (source, stream, version))"
                .to_owned(),
            "CREATE TABLE streams (source text NOT NULL, stream text NOT NULL, events bigint NOT NULL, digest text NOT NULL, \
             PRIMARY KEY (source, stream))"
                .to_owned(),
        ]
    }

    fn apply<'a>(
        &'a self,
        tx: &'a mut Tx,
        source: &'a str,
        event: &'a Read,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(self.write(tx, source, event))
    }

    fn always_passes(&self, _source: &str, event: &Read) -> bool {
        event.event.r#type.ends_with(".Erased")
    }
}
