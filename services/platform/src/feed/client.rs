//! Reads another process's log by its feed.
//! Invariant: what it gives out has been checked for order; a feed that skips is an error, not a gap.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use proto::log as pb;
use proto::log::feed_service_client::FeedServiceClient;
use tonic::{Request, Status};
use uuid::Uuid;

use crate::log::{Groups, Recorded};
use crate::peer::Peer;
use crate::source::{Batch, Place, SourceError, Stands};

/// How long the question for the head may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// The feed of one log.
#[derive(Clone)]
pub struct FeedClient {
    log: Arc<str>,
    client: FeedServiceClient<Peer>,
}

impl FeedClient {
    /// The feed of this log, which that peer serves.
    pub fn new(log: impl Into<Arc<str>>, peer: Peer) -> Self {
        Self { log: log.into(), client: FeedServiceClient::new(peer) }
    }

    /// The log's name.
    pub fn log(&self) -> &str {
        &self.log
    }

    pub(crate) async fn stands(&self) -> Result<Stands, SourceError> {
        let mut request = Request::new(pb::GetHeadRequest { log: self.log.to_string() });
        request.set_timeout(HEAD_TIMEOUT);
        let head =
            self.client.clone().get_head(request).await.map_err(|status| self.failed(status))?.into_inner();
        let forks = head.forks.iter().map(|fork| Ok((self.id(&fork.log_id)?, fork.agrees_up_to)));
        Ok(Stands {
            log_id: self.id(&head.log_id)?,
            position: head.position,
            sequences: head
                .sequences
                .as_slice()
                .try_into()
                .map_err(|_| self.sent("other than 64 sequences"))?,
            forks: forks.collect::<Result<_, SourceError>>()?,
        })
    }

    pub(crate) async fn read(&self, after: u64, groups: Groups, limit: usize) -> Result<Batch, SourceError> {
        let mut responses = self.open(None, after, groups, true).await?;
        let mut read: Option<Batch> = None;
        while let Some(response) = responses.message().await.map_err(|status| self.failed(status))? {
            let batch = self.batch(response)?;
            let read = match &mut read {
                Some(read) => {
                    read.events.extend(batch.events);
                    (read.through, read.head) = (batch.through, batch.head);
                    read
                }
                None => read.insert(batch),
            };
            if read.events.len() >= limit {
                read.events.truncate(limit);
                read.through = read.events.last().map_or(after, |event| event.position);
                break;
            }
        }
        read.ok_or_else(|| self.sent("nothing"))
    }

    pub(crate) fn follow(&self, log_id: Uuid, after: u64) -> BoxStream<'static, Result<Batch, SourceError>> {
        let feed = self.clone();
        let opened = async move {
            match feed.open(Some(log_id), after, Groups::ALL, false).await {
                Ok(responses) => responses
                    .map(move |response| feed.batch(response.map_err(|status| feed.failed(status))?))
                    .boxed(),
                Err(error) => stream::iter([Err(error)]).boxed(),
            }
        };
        stream::once(opened).flatten().boxed()
    }

    /// Shows the log that it ends before what was read of it. The refusal to read on is the expected answer.
    pub(crate) async fn show_ahead(&self, place: &Place) {
        let shown = async {
            self.open(Some(place.log_id), place.position, Groups::ALL, true)
                .await?
                .message()
                .await
                .map_err(|status| self.failed(status))
        };
        if let Err(SourceError::Feed { status, .. }) = shown.await {
            let reason = crate::error::reason(&status);
            if reason.as_deref() != Some(super::CURSOR_AHEAD) {
                tracing::warn!(log.name = %self.log, rpc.code = ?status.code(), "the log could not be shown that its end is lost");
            }
        }
    }

    async fn open(
        &self,
        log_id: Option<Uuid>,
        after: u64,
        groups: Groups,
        until_head: bool,
    ) -> Result<tonic::Streaming<pb::ReadFeedResponse>, SourceError> {
        let request = pb::ReadFeedRequest {
            log: self.log.to_string(),
            after,
            groups: if groups.all() { Vec::new() } else { groups.iter().collect() },
            log_id: log_id.map(|id| id.to_string()).unwrap_or_default(),
            until_head,
        };
        let opened = self.client.clone().read_feed(request).await;
        Ok(opened.map_err(|status| self.failed(status))?.into_inner())
    }

    fn batch(&self, response: pb::ReadFeedResponse) -> Result<Batch, SourceError> {
        let log_id = self.id(&response.log_id)?;
        let events = response.events.into_iter().map(Recorded::from_pb).collect();
        Ok(Batch { log_id, events, through: response.through, head: response.head })
    }

    fn id(&self, text: &str) -> Result<Uuid, SourceError> {
        Uuid::try_parse(text).map_err(|_| self.sent("a log id that is no UUID"))
    }

    fn failed(&self, status: Status) -> SourceError {
        SourceError::Feed { log: self.log.to_string(), status: Box::new(status) }
    }

    fn sent(&self, what: &'static str) -> SourceError {
        SourceError::Malformed { log: self.log.to_string(), what }
    }
}
