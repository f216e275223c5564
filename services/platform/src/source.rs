//! What a reader reads: a log's feed for the truth and, where there is one, a faster tail for haste.
//!
//! Invariant: only the feed is believed. A tail may lose, repeat, reorder, stall and lie about its order; what it brings is taken only where it
//! is provably the next event, and whatever it fails to bring is read from the feed.
//!
//! Reading order: [`place`] (where a reader stands), this file (what it reads), [`reader`] (how it reads on) and [`run`] (what it hands out), [`ear`].

mod ear;
mod place;
mod reader;
mod run;

pub use ear::listen;
pub use place::{PARTITIONS, Place, Standing};
pub use reader::{Pace, Reader};
pub use run::{Read, Run, Stuck};

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use jiff::Timestamp;
use uuid::Uuid;

use crate::db::StoreError;
use crate::error::chain;
use crate::feed::FeedClient;
pub use crate::log::Batch;
use crate::log::{Groups, Log, Recorded};

/// How long a feed may take to answer before it counts as away.
const PATIENCE: Duration = Duration::from_secs(10);

/// One log to read, by name.
#[derive(Clone)]
pub struct Source {
    name: Arc<str>,
    feed: Feed,
    tail: Option<Arc<dyn Tail>>,
}

/// Where the truth of a source is read.
#[derive(Clone)]
enum Feed {
    Local(Log),
    Remote(Arc<FeedClient>),
}

/// A faster way by which events may come. Nothing is lost if it loses everything.
pub trait Tail: Send + Sync + 'static {
    /// Listens to the log, from right after this position if it can. An end of the stream means: open me again.
    fn open(&self, log_id: Uuid, after: u64) -> BoxFuture<'_, Result<BoxStream<'static, Tailed>, TailError>>;
}

/// An event as a tail brought it.
#[derive(Clone, Debug)]
pub struct Tailed {
    /// The incarnation of the log that it says it belongs to.
    pub log_id: Uuid,
    /// The event.
    pub recorded: Recorded,
}

/// A tail could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("the tail cannot be opened")]
pub struct TailError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Where a log stands, as its feed told.
#[derive(Clone, Debug)]
pub struct Stands {
    /// The log's incarnation.
    pub log_id: Uuid,
    /// Position of its last event.
    pub position: u64,
    /// The last sequence of each partition.
    pub sequences: [u64; PARTITIONS],
    /// Earlier incarnations, newest first, each with the position up to which the one after it agrees with it.
    pub forks: Vec<(Uuid, u64)>,
}

impl Stands {
    /// Up to which position this log holds the same events as an earlier incarnation did; nothing if it never was that one.
    pub fn agrees_with(&self, log_id: Uuid) -> Option<u64> {
        let mut agrees = u64::MAX;
        if log_id == self.log_id {
            return Some(agrees);
        }
        for (earlier, up_to) in &self.forks {
            agrees = agrees.min(*up_to);
            if *earlier == log_id {
                return Some(agrees);
            }
        }
        None
    }
}

/// A log could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SourceError {
    /// Our own store failed.
    #[error("the log cannot be read")]
    Store(#[from] StoreError),
    /// Its service did not answer, or not in time, or said no.
    #[error("the feed of {log} cannot be read")]
    Feed {
        /// The log.
        log: String,
        /// What was answered.
        #[source]
        status: Box<tonic::Status>,
    },
    /// Its service answered something that is no answer.
    #[error("the feed of {log} sent {what}")]
    Malformed {
        /// The log.
        log: String,
        /// What is wrong with it.
        what: &'static str,
    },
}

impl Source {
    /// A log of this process.
    pub fn local(name: impl Into<Arc<str>>, log: Log) -> Self {
        Self { name: name.into(), feed: Feed::Local(log), tail: None }
    }

    /// The log of another process, by its feed.
    pub fn remote(feed: FeedClient) -> Self {
        Self { name: feed.log().into(), feed: Feed::Remote(Arc::new(feed)), tail: None }
    }

    /// The same log, with a faster tail.
    pub fn with_tail(self, tail: Arc<dyn Tail>) -> Self {
        Self { tail: Some(tail), ..self }
    }

    /// The log's name: that of its service.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn tail(&self) -> Option<&Arc<dyn Tail>> {
        self.tail.as_ref()
    }

    /// Where the log stands now.
    pub async fn stands(&self) -> Result<Stands, SourceError> {
        self.in_time(async {
            match &self.feed {
                Feed::Local(log) => {
                    let head = log.head().await?;
                    let forks = log.lineage().await?;
                    Ok(Stands {
                        log_id: head.log_id,
                        position: head.position,
                        sequences: head.sequences,
                        forks,
                    })
                }
                Feed::Remote(feed) => feed.stands().await,
            }
        })
        .await
    }

    /// Up to `limit` events that follow a position.
    pub async fn read(&self, after: u64, groups: Groups, limit: usize) -> Result<Batch, SourceError> {
        let batch = self.in_time(async {
            match &self.feed {
                Feed::Local(log) => Ok(log.batch(after, groups, limit).await?),
                Feed::Remote(feed) => feed.read(after, groups, limit).await,
            }
        });
        let batch = batch.await?;
        // A feed that skips would have its reader ask for the same hole for ever.
        let contiguous =
            batch.events.iter().zip(after + 1..).all(|(event, position)| event.position == position);
        if groups.all() && !contiguous {
            let what = "events that are not the ones asked for";
            return Err(SourceError::Malformed { log: self.name.to_string(), what });
        }
        Ok(batch)
    }

    /// When the event after this position was recorded; nothing if there is none.
    pub async fn recorded_after(&self, position: u64) -> Result<Option<Timestamp>, SourceError> {
        Ok(self.read(position, Groups::ALL, 1).await?.events.first().map(|event| event.recorded_at))
    }

    /// Reads on and on from a position. Ends only with an error.
    pub(crate) fn follow(
        &self,
        log_id: Uuid,
        after: u64,
        limit: usize,
    ) -> BoxStream<'static, Result<Batch, SourceError>> {
        match &self.feed {
            Feed::Local(log) => follow_local(log.clone(), after, limit),
            Feed::Remote(feed) => feed.follow(log_id, after),
        }
    }

    /// Shows the log a place beyond its head: it was restored, and must not write over what its readers have read.
    pub(crate) async fn show_ahead(&self, place: &Place) {
        match &self.feed {
            Feed::Local(log) => {
                let why = format!("a reader has read position {}, beyond the head", place.position);
                if let Err(error) = log.refuse_appends_of(place.log_id, &why).await {
                    tracing::error!(log.name = %self.name, error.chain = chain(&error), "a log that lost its end could not be told so");
                }
            }
            Feed::Remote(feed) => feed.show_ahead(place).await,
        }
    }

    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, SourceError>>,
    ) -> Result<T, SourceError> {
        let late = || SourceError::Feed {
            log: self.name.to_string(),
            status: Box::new(tonic::Status::deadline_exceeded("no answer in time")),
        };
        tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| Err(late()))
    }
}

fn follow_local(log: Log, after: u64, limit: usize) -> BoxStream<'static, Result<Batch, SourceError>> {
    let changes = log.head_changes();
    let follow = stream::unfold(
        (log, changes, after, false),
        move |(log, mut changes, mut after, mut opened)| async move {
            loop {
                // The head that is told may be a moment old at first, so the first look is at the log itself.
                if opened {
                    changes.wait_for(|head| *head > after).await.ok()?;
                }
                opened = true;
                match log.batch(after, Groups::ALL, limit).await {
                    Ok(batch) if batch.events.is_empty() => {}
                    Ok(batch) => {
                        after = batch.through;
                        return Some((Ok(batch), (log, changes, after, opened)));
                    }
                    Err(error) => return Some((Err(error.into()), (log, changes, after, opened))),
                }
            }
        },
    );
    follow.boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_agrees_with_an_earlier_incarnation_as_far_as_every_fork_between_does() {
        let id = Uuid::from_u128;
        let stands = Stands {
            log_id: id(4),
            position: 200,
            sequences: [0; PARTITIONS],
            forks: vec![(id(3), 150), (id(2), 100), (id(1), 120)],
        };
        assert_eq!(stands.agrees_with(id(4)), Some(u64::MAX));
        assert_eq!(stands.agrees_with(id(3)), Some(150));
        assert_eq!(stands.agrees_with(id(1)), Some(100));
        assert_eq!(stands.agrees_with(id(9)), None);
    }
}
