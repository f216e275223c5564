//! What a service is given, and what it gives: the one anatomy that all services are put together by.
//! Invariant: everything a service starts is stopped by one token and waited for by one call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::command::{Desk, Gate};
use crate::keys::Keys;
use crate::lists::{Lists, OwnLog};
use crate::metrics::Metrics;
use crate::people::{People, PeopleProjection};
use crate::projection::{self, Projection, StartError, Views};
use crate::reaction::{self, Reaction};
use crate::records::Records;
use crate::seal::Secret;
use crate::server::Server;
use crate::source::{Pace, Source};
use crate::store::Store;
use crate::timer::{self, Timers};

/// How long replaced tables outlive their replacement.
const GRACE: Duration = Duration::from_secs(30);

/// How long an event waits for others before it is reacted to: what a command's caller waits for goes first.
const REACTIONS_GATHER: Duration = Duration::from_millis(5);

/// What a service is given. Clones are the same.
#[derive(Clone)]
pub struct Parts(Arc<Inner>);

struct Inner {
    given: Given,
    gate: Gate,
    running: Mutex<Running>,
}

/// What a process settles for a service.
pub struct Given {
    /// Its name, that of its log.
    pub name: &'static str,
    /// Its store.
    pub store: Store,
    /// The keys of people.
    pub keys: Keys,
    /// Its secret.
    pub secret: Secret,
    /// The process's clock.
    pub clock: Clock,
    /// The process's metrics.
    pub metrics: Metrics,
    /// The logs that can be read, by name: its own and its peers'.
    pub sources: BTreeMap<String, Source>,
    /// This build of the software.
    pub build: String,
    /// Ends everything that the service starts.
    pub stop: CancellationToken,
}

#[derive(Default)]
struct Running {
    projections: Vec<(&'static str, projection::Running)>,
    reactions: Vec<reaction::Running>,
    timers: Vec<timer::Running>,
    records: Option<Records>,
}

/// Why a service could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum AssemblyError {
    /// A projection did not start.
    #[error("a read model of {service} cannot be started")]
    Projection {
        /// The service.
        service: &'static str,
        /// Why.
        #[source]
        source: StartError,
    },
    /// A log that it reads has no peer.
    #[error(
        "{service} reads the log {log}, which is not served here; name its address with --peer {log}=http://…"
    )]
    NoPeer {
        /// The service.
        service: &'static str,
        /// The log.
        log: String,
    },
    /// Something of its own.
    #[error("{service} cannot be started")]
    Own {
        /// The service.
        service: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Adds one gRPC face to a server.
type Face = Box<dyn FnOnce(Server) -> Server + Send>;

/// What a service gives: its gRPC faces, to be added to a server.
pub struct Service {
    /// Its name.
    pub name: &'static str,
    faces: Mutex<Vec<Face>>,
    parts: Parts,
}

impl Parts {
    /// The parts for one service.
    pub fn new(given: Given) -> Self {
        Self::behind(given, Gate::open())
    }

    /// The parts for one service whose commands stand behind a gate.
    pub fn behind(given: Given, gate: Gate) -> Self {
        Self(Arc::new(Inner { given, gate, running: Mutex::default() }))
    }

    /// The service's name.
    pub fn name(&self) -> &'static str {
        self.0.given.name
    }
    /// Its store.
    pub fn store(&self) -> &Store {
        &self.0.given.store
    }
    /// The keys of people.
    pub fn keys(&self) -> &Keys {
        &self.0.given.keys
    }
    /// Its secret.
    pub fn secret(&self) -> &Secret {
        &self.0.given.secret
    }
    /// The process's clock.
    pub fn clock(&self) -> &Clock {
        &self.0.given.clock
    }
    /// The process's metrics.
    pub fn metrics(&self) -> &Metrics {
        &self.0.given.metrics
    }
    /// Ends everything that the service starts.
    pub fn stop(&self) -> &CancellationToken {
        &self.0.given.stop
    }

    /// A desk that takes the service's commands.
    pub fn desk(&self) -> Desk {
        let given = &self.0.given;
        Desk::new(
            given.name,
            given.store.log().clone(),
            given.keys.clone(),
            given.secret.clone(),
            given.clock.clone(),
        )
        .behind(self.gate().clone())
    }

    /// What keeps commands from outside out, if anything.
    pub fn gate(&self) -> &Gate {
        &self.0.gate
    }

    /// The log of that name, to read.
    ///
    /// # Errors
    /// No peer was named for it.
    pub fn source(&self, log: &str) -> Result<Source, AssemblyError> {
        self.0
            .given
            .sources
            .get(log)
            .cloned()
            .ok_or_else(|| AssemblyError::NoPeer { service: self.name(), log: log.to_owned() })
    }

    /// Starts a read model.
    ///
    /// # Errors
    /// A log without a peer, or tables that cannot be opened.
    pub async fn project(&self, model: impl Projection) -> Result<Views, AssemblyError> {
        let given = &self.0.given;
        let name = model.name();
        let sources = model.sources().iter().map(|log| self.source(log)).collect::<Result<Vec<_>, _>>()?;
        let setup = projection::Setup {
            store: given.store.clone(),
            projection: Arc::new(model),
            sources,
            clock: given.clock.clone(),
            metrics: given.metrics.clone(),
            build: given.build.clone(),
            pace: Pace::default(),
            grace: GRACE,
            stop: given.stop.clone(),
        };
        let running = projection::start(setup)
            .await
            .map_err(|source| AssemblyError::Projection { service: given.name, source })?;
        let views = running.views();
        self.running().projections.push((name, running));
        Ok(views)
    }

    /// Starts the view of people that readers judge by.
    ///
    /// # Errors
    /// As [`Parts::project`].
    pub async fn people(&self) -> Result<People, AssemblyError> {
        Ok(People::new(self.project(PeopleProjection).await?))
    }

    /// Starts the read model of the service's own log, which keeps the facts that sources have told beside its lists, for agencies to read back.
    ///
    /// # Errors
    /// As [`Parts::project`].
    pub async fn lists(&self, lists: impl Lists) -> Result<Views, AssemblyError> {
        let views = self.project(OwnLog::new(self.name(), lists)).await?;
        self.running().records = Some(Records::new(views.clone()));
        Ok(views)
    }

    /// Starts a reaction.
    ///
    /// # Errors
    /// A log without a peer.
    pub fn react(&self, reaction: impl Reaction) -> Result<(), AssemblyError> {
        let given = &self.0.given;
        let running = reaction::start(reaction::Setup {
            store: given.store.clone(),
            source: self.source(reaction.source())?,
            reaction: Arc::new(reaction),
            metrics: given.metrics.clone(),
            pace: Pace { gather: given.clock.gathers(REACTIONS_GATHER), ..Pace::default() },
            stop: given.stop.clone(),
        });
        self.running().reactions.push(running);
        Ok(())
    }

    /// Starts timers over a list that the views keep.
    pub fn time(&self, timers: impl Timers, views: &Views) {
        let given = &self.0.given;
        let running = timer::start(timer::Setup {
            store: given.store.clone(),
            timers: Arc::new(timers),
            changes: views.progress(),
            clock: given.clock.clone(),
            stop: given.stop.clone(),
        });
        self.running().timers.push(running);
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Running> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service {
    /// A service of these parts.
    pub fn new(parts: &Parts) -> Self {
        Self { name: parts.name(), faces: Mutex::default(), parts: parts.clone() }
    }

    /// Also serves this.
    #[must_use]
    pub fn serves<S>(self, face: S) -> Self
    where
        S: tower::Service<
                http::Request<tonic::body::Body>,
                Response = http::Response<tonic::body::Body>,
                Error = std::convert::Infallible,
            >,
        S: tonic::server::NamedService + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
    {
        self.faces().push(Box::new(move |server| server.service(face)));
        self
    }

    /// Adds its faces to a server, once.
    pub fn add_to(&self, server: Server) -> Server {
        let faces = std::mem::take(&mut *self.faces());
        faces.into_iter().fold(server, |server, add| add(server))
    }

    fn faces(&self) -> std::sync::MutexGuard<'_, Vec<Face>> {
        self.faces.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its log, to be read by others of this process.
    pub fn log(&self) -> &crate::log::Log {
        self.parts.store().log()
    }

    /// The facts that sources have told it, where it keeps them.
    pub fn records(&self) -> Option<Records> {
        self.parts.running().records.clone()
    }

    pub(crate) fn keys(&self) -> &Keys {
        self.parts.keys()
    }

    pub(crate) fn secret(&self) -> &Secret {
        self.parts.secret()
    }

    /// Its read models by name.
    pub fn read_models(&self) -> Vec<(&'static str, projection::Running)> {
        self.parts.running().projections.clone()
    }

    /// Its timers: what drives a clock waits until they are settled.
    pub fn timers(&self) -> Vec<timer::Running> {
        self.parts.running().timers.clone()
    }

    /// Its reactions: what drives a clock waits until they have judged what was appended.
    pub fn reactions(&self) -> Vec<reaction::Running> {
        self.parts.running().reactions.clone()
    }

    /// Waits until all that it started has ended, after the stop was asked for, and closes its log.
    pub async fn ended(&self) {
        for (_, projection) in self.read_models() {
            projection.ended().await;
        }
        for reaction in self.reactions() {
            reaction.ended().await;
        }
        for timers in self.timers() {
            timers.ended().await;
        }
        self.log().close().await;
    }
}
