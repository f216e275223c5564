//! Keeps one projection going: the live generation, the one that is to replace it, and what readers see.
//! Invariant: readers are moved to another generation only when it has read all that the one they saw had.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::catalog::{Catalog, Standing};
use super::generation::Generation;
use super::worker::{Crew, Parts};
use super::{Lease, Parked, Projection, Replayed, Verified, VerifyError, Views, lag, parking, verify};
use crate::args;
use crate::clock::Clock;
use crate::db::StoreError;
use crate::error::chain;
use crate::metrics::Metrics;
use crate::source::{Pace, Place, Source};
use crate::store::Store;

/// How often a process that does not hold the lease looks how far the tables are.
const POLL: Duration = Duration::from_millis(200);
/// How often the one being made is looked at.
const BUILDING: Duration = Duration::from_millis(100);
/// The live generation is halted for the last this many events, so that the other can draw level.
const CLOSE: u64 = 1_000;
/// How long it is halted at most.
const HALT: Duration = Duration::from_secs(10);
/// How often generations that nobody needs are looked for.
const SWEEP: Duration = Duration::from_secs(10);

/// What a projection takes to run.
pub struct Setup {
    /// Where its tables are made.
    pub store: Store,
    /// What it makes.
    pub projection: Arc<dyn Projection>,
    /// What it reads: one for each of the names in [`Projection::sources`].
    pub sources: Vec<Source>,
    /// Now.
    pub clock: Clock,
    /// Where lag and parked people are told.
    pub metrics: Metrics,
    /// This build of the software: what another build had to park is tried again.
    pub build: String,
    /// How often and how much is read.
    pub pace: Pace,
    /// How long a generation outlives its replacement, for readers that still hold it.
    pub grace: Duration,
    /// Ends it; runs being applied are finished.
    pub stop: CancellationToken,
}

/// Why a projection could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A log that it reads was not given.
    #[error("projection {projection} reads the log {log} and was given no source of that name")]
    NoSource {
        /// The projection.
        projection: &'static str,
        /// The log.
        log: &'static str,
    },
    /// Its tables could not be opened.
    #[error("the tables of projection {projection} cannot be opened")]
    Store {
        /// The projection.
        projection: &'static str,
        /// Why.
        #[source]
        source: StoreError,
    },
}

/// A running projection. Clones are the same.
#[derive(Clone)]
pub struct Running(Arc<Engine>);

struct Engine {
    parts: Arc<Parts>,
    store: Store,
    catalog: Catalog,
    lease: Lease,
    metrics: Metrics,
    grace: Duration,
    stop: CancellationToken,
    wake: Notify,
    tasks: TaskTracker,
}

/// Opens a projection's tables and keeps them up with its sources until it is stopped.
pub async fn start(setup: Setup) -> Result<Running, StartError> {
    let projection = setup.projection.name();
    let mut sources = Vec::new();
    for log in setup.projection.sources() {
        let source = setup.sources.iter().find(|source| source.name() == *log);
        sources.push(source.cloned().ok_or(StartError::NoSource { projection, log })?);
    }
    let (diverged, told) = mpsc::unbounded_channel();
    let engine =
        open(setup, sources, diverged).await.map_err(|source| StartError::Store { projection, source })?;
    let engine = Arc::new(engine);
    engine.tasks.spawn(supervise(engine.clone(), told));
    engine.tasks.spawn(watch_lag(engine.clone()));
    engine.tasks.close();
    Ok(Running(engine))
}

async fn open(
    setup: Setup,
    sources: Vec<Source>,
    diverged: mpsc::UnboundedSender<u32>,
) -> Result<Engine, StoreError> {
    let Setup { store, projection, clock, metrics, build, pace, grace, stop, sources: _ } = setup;
    let catalog = Catalog::open(&store, projection.name(), projection.version()).await?;
    let standing = catalog.standing().await?;
    let live = Generation::open(&store, &*projection, standing.live).await?;
    let places = live.places().await?;
    let views = Views::new(Arc::new(live), places);
    let lease = Lease::new(catalog.db(), &format!("v{}", projection.version()));
    let parts = Arc::new(Parts { projection, sources, clock, build, pace, views, diverged });
    Ok(Engine {
        parts,
        store,
        catalog,
        lease,
        metrics,
        grace,
        stop,
        wake: Notify::new(),
        tasks: TaskTracker::new(),
    })
}

impl Running {
    /// What readers hold.
    pub fn views(&self) -> Views {
        self.0.parts.views.clone()
    }

    /// Makes everything anew from the feeds beside the live tables, and returns the number of the new generation once it is the live one.
    /// Asked twice at once, it is made once. It goes on after a restart.
    pub async fn rebuild(&self) -> Result<u32, StoreError> {
        let catalog = self.0.catalog.clone();
        let begun = tokio::spawn(async move { catalog.build().await });
        let number = begun.await.unwrap_or(Err(StoreError::Closed))?;
        self.0.wake.notify_one();
        let mut live = self.0.parts.views.live_changes();
        let shown = live.wait_for(|live| live.number >= number).await;
        shown.map(|live| live.number).map_err(|_| StoreError::Closed)
    }

    /// Makes everything anew in scratch tables and compares them, row by row, with the live ones at the same cursors.
    pub async fn verify(&self) -> Result<Verified, VerifyError> {
        let engine = self.0.clone();
        // On a task of its own: a caller that goes away must not leave half of it.
        let verified =
            tokio::spawn(async move { verify::verify(&engine.parts, &engine.store, &engine.catalog).await });
        verified.await.unwrap_or(Err(VerifyError::Store(StoreError::Closed)))
    }

    /// Whose events wait, in the live tables.
    pub async fn parked(&self) -> Result<Vec<Parked>, StoreError> {
        parking::all(&self.0.parts.views.db()).await
    }

    /// Tries again what waits: of everyone, or of one subject.
    pub async fn replay(&self, subject: Option<&str>) -> Result<Replayed, StoreError> {
        let (engine, subject) = (self.0.clone(), subject.map(str::to_owned));
        let replayed = tokio::spawn(async move {
            let live = engine.parts.views.live();
            replay(&engine.parts, &live, |parked| {
                subject.as_ref().is_none_or(|subject| *subject == parked.subject)
            })
            .await
        });
        replayed.await.unwrap_or(Err(StoreError::Closed))
    }

    /// Waits until it has ended, after its stop was asked for.
    pub async fn ended(&self) {
        self.0.tasks.wait().await;
    }
}

async fn replay(
    parts: &Parts,
    generation: &Generation,
    wanted: impl Fn(&Parked) -> bool,
) -> Result<Replayed, StoreError> {
    let mut total = Replayed::default();
    for parked in parking::all(&generation.db).await?.into_iter().filter(wanted) {
        let applier = parts.applier(generation, &parked.source);
        let replayed = parking::replay(&applier, &parked.subject).await?;
        total.applied += replayed.applied;
        total.freed += replayed.freed;
        total.parked += replayed.parked;
    }
    Ok(total)
}

/// The workers at work.
#[derive(Default)]
struct Crews {
    live: Option<Crew>,
    next: Option<Crew>,
}

impl Crews {
    async fn stop(&mut self) {
        for crew in [self.live.take(), self.next.take()].into_iter().flatten() {
            crew.stop().await;
        }
    }
}

async fn supervise(engine: Arc<Engine>, mut diverged: mpsc::UnboundedReceiver<u32>) {
    let mut crews = Crews::default();
    let mut swept: Option<tokio::time::Instant> = None;
    loop {
        let mut pause = engine.tend(&mut crews, &mut diverged).await.unwrap_or_else(|error| {
            let chain = chain(&error);
            tracing::warn!(
                projection.name = engine.name(),
                error.chain = chain,
                "a projection could not be looked after; it is tried again"
            );
            POLL
        });
        if crews.live.is_some() && swept.is_none_or(|swept| swept.elapsed() >= SWEEP.min(engine.grace)) {
            if let Err(error) = engine.sweep().await {
                tracing::warn!(
                    projection.name = engine.name(),
                    error.chain = chain(&error),
                    "old tables could not be dropped"
                );
            }
            swept = Some(tokio::time::Instant::now());
        }
        pause = pause.min(engine.parts.pace.watchdog);
        tokio::select! {
            () = engine.stop.cancelled() => break,
            () = engine.wake.notified() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    crews.stop().await;
    if let Err(error) = engine.lease.release().await {
        tracing::info!(
            projection.name = engine.name(),
            error.chain = chain(&error),
            "the lease was left to run out"
        );
    }
}

async fn watch_lag(engine: Arc<Engine>) {
    let parts = &engine.parts;
    let mut wanted = parts.views.wanted();
    loop {
        let ticket = *wanted.borrow_and_update();
        lag::look(engine.name(), &parts.sources, &parts.views, &parts.clock, &engine.metrics).await;
        parts.views.looked(ticket);
        let parked = parts.views.db().fetch("SELECT count(DISTINCT subject) FROM feed_parked", args![]).await;
        if let Some(Ok(people)) = parked.ok().and_then(|rows| rows.first().map(|row| row.u64(0))) {
            engine.metrics.parked_people(engine.name(), people);
        }
        tokio::select! {
            () = engine.stop.cancelled() => return,
            _ = wanted.changed() => {}
            () = tokio::time::sleep(parts.pace.watchdog) => {}
        }
    }
}

impl Engine {
    fn name(&self) -> &'static str {
        self.parts.projection.name()
    }

    /// Does what is to be done now, and tells when to look again.
    async fn tend(
        &self,
        crews: &mut Crews,
        diverged: &mut mpsc::UnboundedReceiver<u32>,
    ) -> Result<Duration, StoreError> {
        let held = self.lease.hold().await?;
        let mut standing = self.catalog.standing().await?;
        self.show(standing.live, crews.next.as_ref()).await?;
        if !held {
            crews.stop().await;
            self.look_on().await?;
            return Ok(POLL);
        }
        while let Ok(number) = diverged.try_recv() {
            standing = self.begin_anew(number, standing).await?;
        }
        self.man(crews, standing).await?;
        if let Some(next) = crews.next.as_ref().map(|crew| crew.generation.clone())
            && self.abreast(&next, CLOSE).await?
            && self.draw_level(crews, &next).await?
        {
            tracing::info!(projection.name = self.name(), "a rebuilt projection went live");
            return Ok(Duration::ZERO);
        }
        Ok(if crews.next.is_some() { BUILDING } else { Duration::MAX })
    }

    /// Shows readers the live generation, if another process or this one made another one live.
    async fn show(&self, live: u32, next: Option<&Crew>) -> Result<(), StoreError> {
        if self.parts.views.live().number == live {
            return Ok(());
        }
        let generation = match next {
            Some(crew) if crew.generation.number == live => crew.generation.clone(),
            Some(_) | None => Arc::new(self.generation(live).await?),
        };
        let places = generation.places().await?;
        self.parts.views.show(generation, places);
        Ok(())
    }

    async fn generation(&self, number: u32) -> Result<Generation, StoreError> {
        Generation::open(&self.store, &*self.parts.projection, number).await
    }

    /// Another process does the work: reads how far it is.
    async fn look_on(&self) -> Result<(), StoreError> {
        let live = self.parts.views.live();
        for (source, place) in live.places().await? {
            self.parts.views.read_on(live.number, &source, &place);
        }
        Ok(())
    }

    /// A generation was made of what is no longer in a log: the next one must be made from the start.
    async fn begin_anew(&self, number: u32, standing: Standing) -> Result<Standing, StoreError> {
        if standing.building == Some(number) {
            self.catalog.retire(number).await?;
            self.catalog.build().await?;
        } else if standing.live == number && standing.building.is_none() {
            self.catalog.build().await?;
        }
        self.catalog.standing().await
    }

    /// Puts workers on the live generation and on the one being made, and on no other.
    async fn man(&self, crews: &mut Crews, standing: Standing) -> Result<(), StoreError> {
        let works_at = |crew: &Option<Crew>| crew.as_ref().map(|crew| crew.generation.number);
        if works_at(&crews.live) != Some(standing.live) {
            if let Some(crew) = crews.live.take() {
                crew.stop().await;
            }
            if works_at(&crews.next) == Some(standing.live) {
                crews.live = crews.next.take();
            } else {
                let live = self.parts.views.live();
                // What another build could not apply, this one may.
                replay(&self.parts, &live, |parked| parked.build != self.parts.build).await?;
                crews.live = Some(Crew::start(&self.parts, live));
            }
        }
        if works_at(&crews.next) != standing.building {
            if let Some(crew) = crews.next.take() {
                crew.stop().await;
            }
            if let Some(number) = standing.building {
                let generation = Arc::new(self.generation(number).await?);
                tracing::info!(
                    projection.name = self.name(),
                    projection.generation = number,
                    "a projection is being rebuilt"
                );
                crews.next = Some(Crew::start(&self.parts, generation));
            }
        }
        Ok(())
    }

    /// Whether the generation being made is within so many events of the live one in every source, or of the head where the two do not
    /// compare because the live one read what is no longer in the log.
    async fn abreast(&self, next: &Generation, within: u64) -> Result<bool, StoreError> {
        let next = next.places().await?;
        let live = self.parts.views.live().places().await?;
        for source in &self.parts.sources {
            let (live, next) = (of(&live, source), of(&next, source));
            let reached = if live.position == 0 || live.log_id == next.log_id {
                next.position.saturating_add(within) >= live.position
            } else {
                let Ok(stands) = source.stands().await else { return Ok(false) };
                let same = next.log_id == stands.log_id || stands.position == 0;
                same && next.position.saturating_add(within) >= stands.position
            };
            if !reached {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Halts the live generation, lets the next draw level, and makes it the live one. If it does not in time, everything goes on as before.
    async fn draw_level(&self, crews: &mut Crews, next: &Arc<Generation>) -> Result<bool, StoreError> {
        if let Some(live) = crews.live.take() {
            live.stop().await;
        }
        let until = tokio::time::Instant::now() + HALT;
        while !self.abreast(next, 0).await? {
            if tokio::time::Instant::now() > until || self.stop.is_cancelled() {
                return Ok(false);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        if !self.catalog.flip(next.number).await? {
            return Ok(false);
        }
        self.show(next.number, crews.next.as_ref()).await?;
        crews.live = crews.next.take();
        Ok(true)
    }

    /// Keeps what is used and drops what is not.
    async fn sweep(&self) -> Result<(), StoreError> {
        self.catalog.touch(None).await?;
        let grace = i64::try_from(self.grace.as_micros()).unwrap_or(i64::MAX);
        let droppable = self.catalog.droppable(grace).await?;
        if droppable.is_empty() {
            return Ok(());
        }
        self.catalog.sync().await?;
        for number in droppable {
            self.store.drop_views(self.name(), number).await?;
            self.catalog.dropped(number).await?;
        }
        Ok(())
    }
}

fn of(places: &BTreeMap<String, Place>, source: &Source) -> Place {
    places.get(source.name()).cloned().unwrap_or_else(Place::nowhere)
}
