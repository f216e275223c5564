//! The stream of a log: its name, subjects and settings, how it is made, found and replaced.
//! Invariant: a stream is of one incarnation of one log. Its name says which, and a publication names the stream it is for, so a relay that has slept
//! through a fork cannot write into the stream of the log's next incarnation, whatever position it has reached.

use std::sync::Arc;

use async_nats::Message;
use async_nats::connection::State;
use async_nats::jetstream::context::PublishAckFuture;
use async_nats::jetstream::message::{OutboundMessage, PublishMessage};
use async_nats::jetstream::stream::{Config, Info, LastRawMessageErrorKind, StorageType};
use futures_util::{Stream, StreamExt};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{Bus, BusError, message, not_published};
use crate::log::{Recorded, group};

const NOT_FOUND: u64 = 10_059;
const OVERLAP: u64 = 10_065;

/// The streams of one service's log: that of the present incarnation and, until it is replaced, that of the one before.
#[derive(Clone)]
pub struct Streams {
    bus: Bus,
    service: String,
}

/// Where a stream stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stands {
    /// The stream's name.
    pub stream: String,
    /// The incarnation of the log that it says it holds.
    pub log_id: Option<Uuid>,
    /// The first sequence it holds, or the next one it will hold.
    pub first: u64,
    /// The last sequence it held.
    pub last: u64,
    /// Messages it holds now.
    pub messages: u64,
}

impl Stands {
    fn of(info: &Info) -> Self {
        let state = &info.state;
        Self {
            stream: info.config.name.clone(),
            log_id: info.config.description.as_deref().and_then(|text| text.parse().ok()),
            first: state.first_sequence.max(if state.messages == 0 { state.last_sequence + 1 } else { 1 }),
            last: state.last_sequence,
            messages: state.messages,
        }
    }
}

#[derive(Deserialize)]
struct Names {
    streams: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Done {
    #[expect(dead_code, reason = "its presence is what tells the answer from an error")]
    success: bool,
}

impl Streams {
    pub(super) fn new(bus: Bus, service: &str) -> Self {
        Self { bus, service: service.to_owned() }
    }

    pub(super) fn bus(&self) -> &Bus {
        &self.bus
    }

    /// The service.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// The stream's name for an incarnation of the log.
    pub fn name(&self, log_id: Uuid) -> String {
        format!("{}{}", self.prefix(), log_id.simple())
    }

    fn prefix(&self) -> String {
        format!("throughline-{}-", self.service)
    }

    /// The subject of a partition's events.
    pub fn subject(&self, partition: u32) -> String {
        format!("throughline.{}.{}.{partition}", self.service, group(partition))
    }

    /// The subject on which processes of one log tell each other how far it is. The stream takes none of it.
    fn head_subject(&self) -> String {
        format!("throughline.{}.head", self.service)
    }

    /// Tells whoever listens to [`Streams::heads`] that the log has this many events. Where nobody can hear it, nothing is said.
    pub(crate) async fn tell_head(&self, position: u64) -> Result<(), BusError> {
        let client = self.bus.context().client();
        if client.connection_state() != State::Connected {
            return Ok(());
        }
        let told = client.publish(self.head_subject(), position.to_string().into()).await;
        told.map_err(|error| BusError::Away {
            asked: "to tell a log's head".to_owned(),
            source: Arc::new(error),
        })
    }

    /// Positions that other processes say the log has reached, this one's own among them.
    pub(crate) async fn heads(&self) -> Result<impl Stream<Item = u64> + use<>, BusError> {
        let heads = self.bus.context().client().subscribe(self.head_subject()).await;
        let heads = heads.map_err(|error| BusError::Away {
            asked: "for a log's head".to_owned(),
            source: Arc::new(error),
        })?;
        let position = |message: Message| std::str::from_utf8(&message.payload).ok()?.parse().ok();
        Ok(heads.filter_map(move |message| std::future::ready(position(message))))
    }

    fn config(&self, log_id: Uuid) -> Config {
        Config {
            name: self.name(log_id),
            subjects: vec![format!("throughline.{}.*.*", self.service)],
            description: Some(log_id.to_string()),
            max_age: self.bus.0.settings.retention,
            num_replicas: self.bus.0.settings.replicas,
            storage: StorageType::File,
            ..Config::default()
        }
    }

    /// Where the stream of this incarnation stands; nothing if there is none.
    pub async fn stands(&self, log_id: Uuid) -> Result<Option<Stands>, BusError> {
        Ok(self.info(log_id).await?.as_ref().map(Stands::of))
    }

    async fn info(&self, log_id: Uuid) -> Result<Option<Info>, BusError> {
        match self.bus.ask(&format!("STREAM.INFO.{}", self.name(log_id)), &json!({})).await {
            Ok(info) => Ok(Some(info)),
            Err(error) if error.code() == Some(NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Where the stream of this incarnation stands, after it was made if there was none, and its settings were made ours if they were others. A stream
    /// of another incarnation gives way to it.
    pub async fn settle(&self, log_id: Uuid) -> Result<Stands, BusError> {
        let config = self.config(log_id);
        if let Some(info) = self.info(log_id).await? {
            let same = info.config.subjects == config.subjects
                && info.config.description == config.description
                && info.config.max_age == config.max_age
                && info.config.num_replicas == config.num_replicas;
            if same {
                return Ok(Stands::of(&info));
            }
            tracing::info!(
                stream = config.name,
                "the settings of the stream are others than ours; they are made ours"
            );
            return self.configure("UPDATE", &config).await;
        }
        match self.configure("CREATE", &config).await {
            Err(error) if error.code() == Some(OVERLAP) => {
                self.clear(&config).await?;
                self.configure("CREATE", &config).await
            }
            made => made,
        }
    }

    async fn configure(&self, verb: &str, config: &Config) -> Result<Stands, BusError> {
        let info: Info = self.bus.ask(&format!("STREAM.{verb}.{}", config.name), config).await?;
        Ok(Stands::of(&info))
    }

    /// Deletes the streams of the log's other incarnations.
    async fn clear(&self, config: &Config) -> Result<(), BusError> {
        let subjects = config.subjects.join(", ");
        let names: Names = self.bus.ask("STREAM.NAMES", &json!({ "subject": config.subjects[0] })).await?;
        let others = names.streams.unwrap_or_default();
        for stream in others.into_iter().filter(|name| *name != config.name) {
            if !stream.starts_with(&self.prefix()) {
                return Err(BusError::Taken { stream, subjects });
            }
            tracing::warn!(stream, by = config.name, "the stream is another incarnation's; it is replaced");
            match self.bus.ask::<Done>(&format!("STREAM.DELETE.{stream}"), &json!({})).await {
                Ok(_) => {}
                // Someone else was as quick.
                Err(error) if error.code() == Some(NOT_FOUND) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The id of the event that stands there; nothing if none does any more.
    pub(crate) async fn event_at(&self, log_id: Uuid, sequence: u64) -> Result<Option<String>, BusError> {
        let asked = || format!("for message {sequence} of {}", self.name(log_id));
        let away = |source| BusError::Away { asked: asked(), source };
        let stream = self.bus.context().get_stream_no_info(self.name(log_id)).await;
        let stream = stream.map_err(|error| away(Arc::new(error)))?;
        match stream.get_raw_message(sequence).await {
            Ok(found) => Ok(message::id(&found.headers).map(str::to_owned)),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
            Err(error) => Err(away(Arc::new(error))),
        }
    }

    /// Sends an event to the stream, which takes it only if the event before it is the last that it holds. No answer comes.
    pub(crate) async fn publish(
        &self,
        stream: &str,
        log_id: Uuid,
        recorded: &Recorded,
    ) -> Result<(), BusError> {
        let (subject, publication) = self.publication(stream, log_id, recorded);
        let OutboundMessage { subject, payload, headers } = publication.outbound_message(subject);
        let client = self.bus.context().client();
        let sent = client.publish_with_headers(subject, headers.unwrap_or_default(), payload).await;
        sent.map_err(|error| BusError::Away { asked: "to take an event".to_owned(), source: Arc::new(error) })
    }

    /// The same, with an answer. That it was taken says that all before it were.
    pub(crate) async fn publish_answered(
        &self,
        stream: &str,
        log_id: Uuid,
        recorded: &Recorded,
    ) -> Result<PublishAckFuture, BusError> {
        let (subject, publication) = self.publication(stream, log_id, recorded);
        self.bus.context().send_publish(subject, publication).await.map_err(not_published)
    }

    /// An event as it is sent: where to, and fenced.
    fn publication(&self, stream: &str, log_id: Uuid, recorded: &Recorded) -> (String, PublishMessage) {
        let publication = PublishMessage::build()
            .headers(message::headers(&self.service, log_id, recorded))
            .payload(bytes::Bytes::clone(&recorded.bytes))
            .expected_last_sequence(recorded.position - 1)
            .expected_stream(stream);
        (self.subject(recorded.partition), publication)
    }
}
