//! The feed: a log read over gRPC, from any position, for as long as the reader likes.
//!
//! Invariant: what a feed sends it read from the log; events come in order of position, and `through` is never said before what it covers is sent.
//!
//! Reading order: this file (the service), [`client`].

mod client;

pub use client::FeedClient;

use std::collections::BTreeMap;
use std::sync::Arc;

use kernel::Role;
use proto::log as pb;
use proto::log::feed_service_server::{FeedService, FeedServiceServer};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use crate::auth;
use crate::error::{self, BadField};
use crate::log::{Batch, GROUPS, Groups, Log, Recorded};

/// Events read from the log at a time.
const READ: usize = 500;
/// A response is closed when its events reach this many bytes; with the largest event after that it stays far below the limit of a message.
const RESPONSE_BYTES: usize = 1024 * 1024;
/// Reason of the refusal to read a log of another incarnation than the one the reader knows.
pub(crate) const LOG_REPLACED: &str = "LOG_REPLACED";
/// Reason of the refusal to read from beyond the end.
pub(crate) const CURSOR_AHEAD: &str = "CURSOR_AHEAD";

/// Serves the logs of this process to services and operators.
#[derive(Clone)]
pub struct FeedServer {
    logs: Arc<BTreeMap<String, Log>>,
    stop: CancellationToken,
}

impl FeedServer {
    /// Serves these logs, each by its service's name, until `stop`.
    pub fn new(logs: impl IntoIterator<Item = Log>, stop: CancellationToken) -> Self {
        let logs = logs.into_iter().map(|log| (log.service().to_owned(), log)).collect();
        Self { logs: Arc::new(logs), stop }
    }

    /// As a gRPC service.
    pub fn into_service(self) -> FeedServiceServer<Self> {
        FeedServiceServer::new(self)
    }

    fn log(&self, name: &str) -> Result<&Log, Status> {
        let known = || self.logs.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        self.logs.get(name).ok_or_else(|| {
            BadField::new("log", format!("names no log of this server; it has: {}", known())).into()
        })
    }
}

/// Feeds carry everything there is, so they are for services of this system and for those who run it.
fn admit<T>(request: &Request<T>) -> Result<(), Status> {
    auth::require_role(&auth::caller(request)?, &[Role::Service, Role::Operator])
}

#[tonic::async_trait]
impl FeedService for FeedServer {
    type ReadFeedStream = ReceiverStream<Result<pb::ReadFeedResponse, Status>>;

    async fn read_feed(
        &self,
        request: Request<pb::ReadFeedRequest>,
    ) -> Result<Response<Self::ReadFeedStream>, Status> {
        admit(&request)?;
        let reading = Reading::parse(self, request.into_inner())?;
        let (sender, receiver) = mpsc::channel(2);
        let stop = self.stop.clone();
        tokio::spawn(async move {
            let ended = tokio::select! {
                ended = reading.run(&sender) => ended,
                () = sender.closed() => return,
                () = stop.cancelled() => Err(drained()),
            };
            if let Err(status) = ended {
                // A reader that has gone needs no reason.
                let _ = sender.send(Err(status)).await;
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }

    async fn get_head(
        &self,
        request: Request<pb::GetHeadRequest>,
    ) -> Result<Response<pb::GetHeadResponse>, Status> {
        admit(&request)?;
        let log = self.log(&request.into_inner().log)?;
        let head = log.head().await?;
        let forks = log.lineage().await?;
        Ok(Response::new(pb::GetHeadResponse {
            log_id: head.log_id.to_string(),
            position: head.position,
            sequences: head.sequences.to_vec(),
            recorded_at: (head.position > 0).then(|| wire_time(head.recorded_at)),
            forks: forks
                .into_iter()
                .map(|(log_id, agrees_up_to)| pb::Fork { log_id: log_id.to_string(), agrees_up_to })
                .collect(),
        }))
    }
}

fn wire_time(at: jiff::Timestamp) -> prost_types::Timestamp {
    let micros = at.as_microsecond();
    prost_types::Timestamp {
        seconds: micros.div_euclid(1_000_000),
        nanos: (micros.rem_euclid(1_000_000) * 1_000) as i32,
    }
}

fn drained() -> Status {
    error::unavailable("DRAINING", "this server is closing; read on from another", std::time::Duration::ZERO)
}

/// What a reader asked for.
struct Reading {
    log: Log,
    after: u64,
    groups: Groups,
    known: Option<Uuid>,
    until_head: bool,
}

impl Reading {
    fn parse(server: &FeedServer, request: pb::ReadFeedRequest) -> Result<Self, Status> {
        let log = server.log(&request.log)?.clone();
        if request.groups.iter().any(|group| *group >= GROUPS) {
            return Err(BadField::new("groups", "holds a number above 7; groups are 0 to 7").into());
        }
        let known = match request.log_id.as_str() {
            "" => None,
            text => {
                let bad = |_| BadField::new("log_id", "is not a UUID; send what a response said, or nothing");
                Some(Uuid::try_parse(text).map_err(bad)?)
            }
        };
        let groups = if request.groups.is_empty() { Groups::ALL } else { Groups::of(request.groups) };
        Ok(Self { log, after: request.after, groups, known, until_head: request.until_head })
    }

    /// Sends until the reader goes, or the head where that is all that was asked for.
    async fn run(&self, sender: &mpsc::Sender<Result<pb::ReadFeedResponse, Status>>) -> Result<(), Status> {
        let mut changes = self.log.head_changes();
        let mut through = self.after;
        let mut opened = false;
        loop {
            let Batch { log_id, events, through: reached, head } =
                self.log.batch(through, self.groups, READ).await?;
            self.same_log(&log_id)?;
            if through > head {
                return Err(self.ahead(through, head).await);
            }
            let full = events.len() == READ;
            if reached > through || !opened {
                for response in responses(log_id, events, reached, head) {
                    if sender.send(Ok(response)).await.is_err() {
                        return Ok(());
                    }
                }
                opened = true;
                through = reached;
            }
            if full {
                continue;
            }
            if self.until_head {
                return Ok(());
            }
            if changes.wait_for(|head| *head > through).await.is_err() {
                return Err(drained());
            }
        }
    }

    fn same_log(&self, log_id: &Uuid) -> Result<(), Status> {
        match self.known {
            Some(known) if known != *log_id => {
                let text = "the log is another incarnation; ask for its head and compare where you stand";
                let now = [("log_id", log_id.to_string())];
                Err(error::status_with(Code::FailedPrecondition, LOG_REPLACED, text, now))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A reader that knows this incarnation and has read beyond its end proves that the end was lost.
    async fn ahead(&self, read: u64, head: u64) -> Status {
        if let Some(log_id) = self.known {
            let why = format!("a reader has read position {read}, the log ends at {head}");
            if let Err(error) = self.log.refuse_appends_of(log_id, &why).await {
                return error.into();
            }
        }
        error::status(
            Code::FailedPrecondition,
            CURSOR_AHEAD,
            "the log ends before that position; if it was restored, fork it with `throughline log fork`",
        )
    }
}

/// Cuts events into responses of a size that fits a message.
fn responses(log_id: Uuid, events: Vec<Recorded>, reached: u64, head: u64) -> Vec<pb::ReadFeedResponse> {
    let log_id = log_id.to_string();
    let mut responses = Vec::new();
    let mut piece = Vec::new();
    let mut bytes = 0;
    for event in events {
        bytes += event.bytes.len();
        let through = event.position;
        piece.push(event.to_pb());
        if bytes >= RESPONSE_BYTES {
            let events = std::mem::take(&mut piece);
            responses.push(pb::ReadFeedResponse { log_id: log_id.clone(), events, through, head });
            bytes = 0;
        }
    }
    responses.push(pb::ReadFeedResponse { log_id, events: piece, through: reached, head });
    responses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_events_are_cut_into_responses_that_say_no_more_than_they_hold() {
        let event = |position| Recorded {
            position,
            partition: 0,
            sequence: position,
            recorded_at: jiff::Timestamp::UNIX_EPOCH,
            bytes: vec![0; 600 * 1024].into(),
        };
        let cut = responses(Uuid::nil(), (1..=5).map(event).collect(), 9, 12);
        let shape: Vec<_> = cut.iter().map(|piece| (piece.events.len(), piece.through, piece.head)).collect();
        assert_eq!(shape, [(2, 2, 12), (2, 4, 12), (1, 9, 12)]);
        assert_eq!(responses(Uuid::nil(), Vec::new(), 0, 0).len(), 1, "an empty log still answers");
    }
}
