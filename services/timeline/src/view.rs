//! The timeline's tables: every version of every entry.
//! Invariant: a row says what one stream's events say.
//!
//! Reading order: this file (the tables), [`batch`] (how events become rows), [`page`] (how rows are read).

mod batch;
mod page;

pub use page::{Filter, Found, changes, classes, moved, page};

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use platform::db::Tx;
use platform::projection::{ApplyError, Projection, Read};

use crate::policy;
use batch::Batch;

/// `known_to` of what is current.
const CURRENT: i64 = i64::MAX;

/// The projection.
pub struct TimelineProjection;

impl Projection for TimelineProjection {
    fn name(&self) -> &'static str {
        "timeline"
    }
    fn version(&self) -> u32 {
        7
    }
    fn sources(&self) -> &[&'static str] {
        policy::SOURCES
    }

    fn tables(&self, _postgres: bool) -> Vec<String> {
        [
            "CREATE TABLE entry (person uuid NOT NULL, class text NOT NULL, at bigint NOT NULL, id uuid NOT NULL, \
             known_from bigint NOT NULL, known_to bigint NOT NULL, service text NOT NULL, stream text NOT NULL, key text NOT NULL, \
             position bigint NOT NULL, ended bigint NOT NULL, body bytea NOT NULL, PRIMARY KEY (person, class, at, id, known_from))",
            "CREATE INDEX entry_stream ON entry (stream, key)",
            "CREATE INDEX entry_position ON entry (person, service, position)",
        ]
        .map(str::to_owned)
        .into()
    }

    fn apply_batch<'a>(
        &'a self,
        tx: &'a mut Tx,
        source: &'a str,
        events: &'a [Read],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            // What events need is found out by applying them: what they ask for and is not at hand is read, until nothing is lacking.
            let mut needed = BTreeMap::new();
            loop {
                let mut batch = Batch::load(tx, source, &needed).await?;
                let applied = events.iter().try_for_each(|event| batch.apply(event));
                if !batch.lacking(&mut needed) {
                    applied?;
                    return batch.store(tx).await;
                }
            }
        })
    }
}
