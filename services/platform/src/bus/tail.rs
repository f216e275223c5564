//! The tail of a log by NATS: a pull consumer without acknowledgements, started at the reader's cursor.
//! Invariant: it never waits in silence. The consumer's heartbeats, or their absence, tell a stream that was wiped or replaced and a server that is gone;
//! then the tail ends, and its reader opens it anew.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, stream};
use uuid::Uuid;

use super::{Streams, message};
use crate::source::{Tail, TailError, Tailed};

/// How often NATS says that it is there and has nothing; twice as long without a word is silence.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long one request for messages stands.
const EXPIRES: Duration = Duration::from_secs(10);
/// Messages asked for at once.
const BATCH: usize = 500;
/// How long NATS keeps a consumer that nobody asks any more.
const FORGOTTEN: Duration = Duration::from_secs(30);

pub(super) struct BusTail {
    streams: Streams,
}

impl BusTail {
    pub(super) fn new(streams: Streams) -> Self {
        Self { streams }
    }

    async fn consume(
        &self,
        log_id: Uuid,
        after: u64,
    ) -> Result<pull::Stream, Box<dyn std::error::Error + Send + Sync>> {
        let name = self.streams.name(log_id);
        let stands = self.streams.stands(log_id).await?;
        let Some(stands) = stands.filter(|stands| stands.log_id == Some(log_id)) else {
            return Err(format!("there is no stream {name} of this log yet").into());
        };
        if stands.first > after + 1 {
            let first = stands.first;
            return Err(format!("the stream begins at {first}, and the reader is at {after}").into());
        }
        let consumer = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
            ack_policy: AckPolicy::None,
            inactive_threshold: FORGOTTEN,
            memory_storage: true,
            ..pull::Config::default()
        };
        let consumer = self.streams.bus().context().create_consumer_on_stream(consumer, name).await?;
        let messages = consumer.stream().max_messages_per_batch(BATCH).heartbeat(HEARTBEAT).expires(EXPIRES);
        Ok(messages.messages().await?)
    }
}

impl Tail for BusTail {
    fn open(&self, log_id: Uuid, after: u64) -> BoxFuture<'_, Result<BoxStream<'static, Tailed>, TailError>> {
        Box::pin(async move {
            let messages = self.consume(log_id, after).await.map_err(TailError)?;
            let service = self.streams.service().to_owned();
            let events = stream::unfold((messages, service), |(mut messages, service)| async move {
                match messages.next().await {
                    None => None,
                    Some(Ok(found)) => {
                        let tailed = found
                            .headers
                            .as_ref()
                            .and_then(|headers| message::read(headers, found.payload.clone()));
                        Some((tailed, (messages, service)))
                    }
                    Some(Err(error)) => {
                        let error = crate::error::chain(&error);
                        tracing::info!(
                            log.name = service,
                            error.chain = error,
                            "the tail ended; it is opened anew"
                        );
                        None
                    }
                }
            });
            // A message that is none of ours is nothing: what is missing then is read from the feed.
            Ok(events.filter_map(std::future::ready).boxed())
        })
    }
}
