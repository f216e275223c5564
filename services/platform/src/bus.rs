//! NATS JetStream, on which events travel fast.
//!
//! Invariants: nothing on the bus is the truth, so nothing waits for it but what carries events; a server that is away is waited for in the
//! background, from the first connection on. No subject names a person, an agency or a kind of event.
//!
//! Reading order: this file (the connection), [`stream`] and [`begin`] (where a log's events stand), [`message`] (how an event looks there), [`tail`] (how it is
//! read). What writes is the relay.

mod begin;
mod message;
mod stream;
mod tail;

pub(crate) use message::id_of;
pub use message::{headers, read};
pub use stream::{Stands, Streams};

use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::context::{Context, ContextBuilder, PublishErrorKind, RequestErrorKind};
use async_nats::jetstream::response::Response;
use async_nats::{ClientError, ConnectErrorKind, ConnectOptions, Event, Server, ServerAddr};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::roots::{Roots, tells_distrust};
use crate::source::Tail;

/// How long NATS may take to answer before it counts as away.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest wait between two attempts to connect.
const RECONNECT: Duration = Duration::from_secs(1);
/// How often a connection that says nothing is asked for a sign of life.
const PING: Duration = Duration::from_secs(5);

/// How long streams keep events unless told otherwise: 7 days.
pub const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Which NATS, and how streams are kept there.
#[derive(Clone)]
pub struct BusSettings {
    /// `nats://[USER:PASSWORD@]HOST:PORT`, or several separated by commas.
    pub url: String,
    /// By which authorities its servers are believed. Those of a file stand in place of the system's, and all is said over TLS.
    pub roots: Roots,
    /// How long a stream keeps an event.
    pub retention: Duration,
    /// On how many servers of a cluster a stream is kept; more than one needs servers from 2.10.
    pub replicas: usize,
}

impl BusSettings {
    /// One server, 7 days.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), roots: Roots::system(), retention: RETENTION, replicas: 1 }
    }

    /// The servers that the URL names.
    ///
    /// # Errors
    /// [`BusError::Address`].
    pub fn servers(&self) -> Result<Vec<ServerAddr>, BusError> {
        let server = |url: &str| {
            let known = ["nats://", "tls://"].iter().any(|scheme| url.starts_with(scheme));
            let server = url.parse::<ServerAddr>().ok().filter(|server| known && !server.host().is_empty());
            server.ok_or(BusError::Address)
        };
        self.url.split(',').map(|url| server(url.trim())).collect()
    }
}

impl std::fmt::Debug for BusSettings {
    /// The URL may hold a password, so it is not shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BusSettings(nats://…, {:?}, {} replicas)", self.retention, self.replicas)
    }
}

/// NATS could not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BusError {
    /// The URL is none.
    #[error("the address of NATS is not nats://HOST:PORT or tls://HOST:PORT")]
    Address,
    /// It did not answer, or not in time, or not in JetStream's words.
    #[error("NATS does not answer {asked}")]
    Away {
        /// What it was asked.
        asked: String,
        /// Why.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// It answered, and said no.
    #[error("NATS refuses {asked} with code {code}: {said}")]
    Refused {
        /// What it was asked.
        asked: String,
        /// JetStream's number for it.
        code: u64,
        /// What it said.
        said: String,
    },
    /// Streams of others take our subjects.
    #[error("the stream {stream} takes subjects {subjects}: remove it, or give it other subjects")]
    Taken {
        /// The other stream.
        stream: String,
        /// Ours.
        subjects: String,
    },
}

impl BusError {
    /// Whether the same may succeed a little later.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Away { .. } => true,
            Self::Address | Self::Refused { .. } | Self::Taken { .. } => false,
        }
    }

    fn code(&self) -> Option<u64> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Address | Self::Away { .. } | Self::Taken { .. } => None,
        }
    }
}

/// A connection to NATS. Clones are the same connection.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    context: Context,
    settings: BusSettings,
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bus({:?})", self.0.settings)
    }
}

impl Bus {
    /// Connects, now or as soon as NATS is there, and again whenever the connection is lost. Does not wait for it.
    ///
    /// # Errors
    /// [`BusError::Address`] alone.
    pub async fn connect(settings: BusSettings) -> Result<Self, BusError> {
        let servers = settings.servers()?;
        let options = ConnectOptions::new()
            .name("throughline")
            .retry_on_initial_connect()
            .connection_timeout(PATIENCE)
            .ping_interval(PING)
            .reconnect_delay_callback(|attempts| {
                RECONNECT.min(
                    Duration::from_millis(50).saturating_mul(u32::try_from(attempts).unwrap_or(u32::MAX)),
                )
            })
            // Each attempt shows first what became of the ones before; what it returns leaves the choice of a server to the client.
            .reconnect_to_server_callback(|servers, _| {
                servers.iter().for_each(not_reached);
                std::future::ready(None)
            })
            .event_callback(|event| async move { noted(&event) });
        let options = match settings.roots.file() {
            Some(path) => options.add_root_certificates(path.to_owned()).require_tls(true),
            None => options,
        };
        let client = options.connect(servers).await.map_err(|_| BusError::Address)?;
        let context = ContextBuilder::new().timeout(PATIENCE).ack_timeout(PATIENCE).build(client);
        Ok(Self(Arc::new(Inner { context, settings })))
    }

    /// The streams of this service's log.
    pub fn streams(&self, service: &str) -> Streams {
        Streams::new(self.clone(), service)
    }

    /// A tail for the log of this service.
    pub fn tail(&self, service: &str) -> Arc<dyn Tail> {
        Arc::new(tail::BusTail::new(self.streams(service)))
    }

    /// How long streams keep events.
    pub fn retention(&self) -> Duration {
        self.0.settings.retention
    }

    fn context(&self) -> &Context {
        &self.0.context
    }

    /// Asks JetStream.
    async fn ask<T: DeserializeOwned>(&self, what: &str, body: &impl Serialize) -> Result<T, BusError> {
        let asked = || format!("JetStream's {what}");
        // What is asked meanwhile would wait for the connection, and its asker for what has long been given up.
        if self.context().client().connection_state() != State::Connected {
            let source = Arc::new(std::io::Error::from(std::io::ErrorKind::NotConnected));
            return Err(BusError::Away { asked: asked(), source });
        }
        let answer: Result<Response<T>, _> = self.context().request(what.to_owned(), body).await;
        match answer {
            Ok(Response::Ok(answer)) => Ok(answer),
            Ok(Response::Err { error }) => Err(refused(asked(), &error)),
            Err(error) => {
                let error: async_nats::error::Error<RequestErrorKind> = error;
                Err(BusError::Away { asked: asked(), source: Arc::new(error) })
            }
        }
    }
}

fn refused(asked: String, error: &async_nats::jetstream::Error) -> BusError {
    // The number is the stable part; the words differ between servers.
    BusError::Refused { asked, code: error.error_code().0, said: error.to_string() }
}

/// What a publication came to, as an error of ours.
pub(crate) fn not_published(error: async_nats::error::Error<PublishErrorKind>) -> BusError {
    let asked = "a publication".to_owned();
    let said = std::error::Error::source(&error);
    match said.and_then(|source| source.downcast_ref::<async_nats::jetstream::Error>()) {
        Some(said) => refused(asked, said),
        None => BusError::Away { asked, source: Arc::new(error) },
    }
}

/// Why a server was not reached, where it was not.
fn not_reached(server: &Server) {
    let Some(why) = &server.last_error else { return };
    let (host, port) = (server.addr.host(), server.addr.port());
    if tells_distrust(why) {
        tracing::warn!(
            nats.host = host,
            nats.port = port,
            error.chain = why,
            "the certificate of NATS is not accepted: it must be for the name in --nats, and of an authority of the system's, \
             or of --nats-ca where that is given; readers go on by the feeds"
        );
    } else {
        tracing::warn!(nats.host = host, nats.port = port, error.chain = why, "NATS is not reached");
    }
}

fn noted(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to NATS"),
        Event::Disconnected => tracing::warn!("the connection to NATS is lost; readers go on by the feeds"),
        Event::LameDuckMode => tracing::info!("the NATS server is about to stop"),
        Event::Draining | Event::Closed => tracing::debug!(event = %event, "NATS"),
        // An attempt to connect, of which `not_reached` tells more; but that a name leads nowhere is told here alone.
        Event::ClientError(ClientError::Other(kind)) if *kind != ConnectErrorKind::Dns.to_string() => {
            tracing::debug!(event = %event, "NATS");
        }
        Event::SlowConsumer(_) => tracing::warn!(event = %event, "NATS"),
        Event::ServerError(_) | Event::ClientError(_) => tracing::warn!(event = %event, "NATS"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_is_none_is_refused_and_a_server_that_is_away_is_not_waited_for() {
        for url in ["nats://", "nats://here,:", "nats://here,", "//", "redis://here", "here:4222"] {
            let settings = BusSettings::at(url);
            assert!(matches!(Bus::connect(settings).await, Err(BusError::Address)), "{url}");
        }
        // Nobody listens there.
        assert!(Bus::connect(BusSettings::at("nats://127.0.0.1:1, nats://127.0.0.1:2")).await.is_ok());
    }

    #[test]
    fn settings_show_no_password() {
        let settings = BusSettings::at("nats://someone:secret@nats:4222");
        assert!(!format!("{settings:?}").contains("secret"));
    }
}
