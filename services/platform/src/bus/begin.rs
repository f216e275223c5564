//! Makes a stream go on at a later sequence than the one after its last.
//!
//! Invariant: the fence moves with the stream. On an old server (2.9.10) a purge beyond the end moves the sequences that are given out and not the count
//! that a publication's expected sequence is compared with; a relay that had slept would then be let through. There the sequences are filled up by
//! empty messages, each fenced like an event, and these are purged.

use std::collections::VecDeque;

use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{Config, Info, PurgeResponse};
use serde_json::json;
use uuid::Uuid;

use super::{Bus, BusError, Streams, not_published};

/// JetStream's number for a fence that was hit.
const WRONG_LAST: u64 = 10_071;
/// Empty messages under way at a time.
const WINDOW: usize = 256;

impl Streams {
    /// Makes the stream, which ends at `last`, go on at `position`, and hold nothing before it.
    pub(crate) async fn begin_at(&self, log_id: Uuid, last: u64, position: u64) -> Result<(), BusError> {
        if !self.bus().purge_moves_fence().await? {
            self.fill(log_id, last, position - 1).await?;
        }
        let subject = format!("STREAM.PURGE.{}", self.name(log_id));
        self.bus().ask::<PurgeResponse>(&subject, &json!({ "seq": position })).await.map(|_| ())
    }

    /// Publishes empty messages until `to` is the last sequence.
    async fn fill(&self, log_id: Uuid, last: u64, to: u64) -> Result<(), BusError> {
        let stream = self.name(log_id);
        tracing::info!(
            stream,
            from = last + 1,
            to,
            "this NATS server is an old one; sequences are filled up"
        );
        let mut flying = VecDeque::with_capacity(WINDOW);
        for sequence in last + 1..=to {
            if flying.len() == WINDOW
                && let Some(first) = flying.pop_front()
            {
                landed(first).await?;
            }
            let filler =
                PublishMessage::build().expected_last_sequence(sequence - 1).expected_stream(&stream);
            let sent = self.bus().context().send_publish(self.subject(0), filler).await;
            flying.push_back(sent.map_err(not_published)?);
        }
        for flight in flying {
            landed(flight).await?;
        }
        Ok(())
    }
}

async fn landed(flight: PublishAckFuture) -> Result<(), BusError> {
    flight.await.map(|_| ()).map_err(not_published)
}

impl Bus {
    /// Whether this server's fence follows a purge beyond the end: tried out, on a stream of its own, each time it matters.
    async fn purge_moves_fence(&self) -> Result<bool, BusError> {
        let name = format!("throughline-trial-{}", Uuid::now_v7().simple());
        let config = Config { name: name.clone(), subjects: vec![name.clone()], ..Config::default() };
        self.ask::<Info>(&format!("STREAM.CREATE.{name}"), &config).await?;
        let tried = self.try_purge(&name).await;
        self.ask::<serde_json::Value>(&format!("STREAM.DELETE.{name}"), &json!({})).await?;
        tried
    }

    async fn try_purge(&self, name: &str) -> Result<bool, BusError> {
        self.ask::<PurgeResponse>(&format!("STREAM.PURGE.{name}"), &json!({ "seq": 10 })).await?;
        let first = PublishMessage::build().expected_last_sequence(9).expected_stream(name);
        let sent = self.context().send_publish(name.to_owned(), first).await.map_err(not_published)?;
        match landed(sent).await {
            Ok(()) => Ok(true),
            Err(error) if error.code() == Some(WRONG_LAST) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
