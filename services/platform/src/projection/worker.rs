//! Workers: each reads one source into one generation.
//! Invariant: a worker applies what its reader hands out, in order, and begins again from the stored cursor after anything unexpected.

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use super::apply::{Applier, Outcome};
use super::generation::Generation;
use super::{Projection, Views};
use crate::backoff::Backoff;
use crate::clock::Clock;
use crate::db::StoreError;
use crate::error::chain;
use crate::source::{Pace, Reader, Run, Source, Stuck};
use crate::telemetry;

/// Traces that one run is linked to at most: the span of a rebuild's run needs not name hundreds.
const LINKS: usize = 32;

/// What all workers of a projection share.
pub(super) struct Parts {
    pub(super) projection: Arc<dyn Projection>,
    pub(super) sources: Vec<Source>,
    pub(super) clock: Clock,
    pub(super) build: String,
    pub(super) pace: Pace,
    pub(super) views: Views,
    /// Told of generations that were made of what is no longer in a log.
    pub(super) diverged: mpsc::UnboundedSender<u32>,
}

impl Parts {
    pub(super) fn applier<'a>(&'a self, generation: &'a Generation, source: &'a str) -> Applier<'a> {
        Applier {
            projection: &*self.projection,
            generation,
            source,
            build: &self.build,
            now: self.clock.now().as_microsecond(),
        }
    }
}

/// The workers of one generation, one a source.
pub(super) struct Crew {
    pub(super) generation: Arc<Generation>,
    stop: CancellationToken,
    workers: JoinSet<()>,
}

impl Crew {
    pub(super) fn start(parts: &Arc<Parts>, generation: Arc<Generation>) -> Self {
        let stop = CancellationToken::new();
        let mut workers = JoinSet::new();
        for source in parts.sources.clone() {
            workers.spawn(work(parts.clone(), generation.clone(), source, stop.clone()));
        }
        Self { generation, stop, workers }
    }

    /// Lets every worker finish the run it is at.
    pub(super) async fn stop(mut self) {
        self.stop.cancel();
        while let Some(ended) = self.workers.join_next().await {
            if let Err(error) = ended {
                tracing::error!(error.chain = chain(&error), "a projection's worker ended badly");
            }
        }
    }
}

/// Why a worker begins again.
enum Again {
    Stopped,
    /// Someone else moved the cursor.
    Lost,
    Failed(StoreError),
    Stuck(Stuck),
}

impl From<StoreError> for Again {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

async fn work(parts: Arc<Parts>, generation: Arc<Generation>, source: Source, stop: CancellationToken) {
    let (projection, log) = (parts.projection.name(), source.name().to_owned());
    let mut backoff = Backoff::new();
    loop {
        match read_on(&parts, &generation, &source, &stop, &mut backoff).await {
            Again::Stopped => return,
            Again::Lost => {
                tracing::info!(projection.name = projection, log.name = log, "another worker has read on");
            }
            Again::Failed(error) => {
                let chain = chain(&error);
                tracing::warn!(
                    projection.name = projection,
                    log.name = log,
                    error.chain = chain,
                    "a run could not be applied; it is tried again"
                );
            }
            Again::Stuck(stuck) => {
                if let Stuck::Diverged { .. } = stuck {
                    // Nobody listens only when everything is ending.
                    let _ = parts.diverged.send(generation.number);
                }
                if backoff.failures() == 0 {
                    tracing::error!(projection.name = projection, log.name = log, reason = %stuck, "a projection cannot read on");
                }
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(backoff.failed()) => {}
        }
    }
}

/// A run's own span, linked to those of the commands whose events are in it.
fn span(parts: &Parts, source: &Source, run: &Run) -> Span {
    let span = tracing::info_span!(
        "apply",
        projection.name = parts.projection.name(),
        log.name = source.name(),
        events = run.events.len()
    );
    for read in run.events.iter().filter(|read| !read.event.traceparent.is_empty()).take(LINKS) {
        telemetry::link_to(&span, &read.event.traceparent);
    }
    span
}

async fn read_on(
    parts: &Parts,
    generation: &Generation,
    source: &Source,
    stop: &CancellationToken,
    backoff: &mut Backoff,
) -> Again {
    let read = async {
        let place = generation.place(source.name()).await?;
        parts.views.read_on(generation.number, source.name(), &place);
        let pace = Pace { gather: parts.clock.gathers(parts.projection.gathers()), ..parts.pace };
        let mut reader = Reader::new(source.clone(), place, pace);
        loop {
            let run = tokio::select! {
                biased;
                () = stop.cancelled() => return Err(Again::Stopped),
                run = reader.next() => run.map_err(Again::Stuck)?,
            };
            let applier = parts.applier(generation, source.name());
            match applier.apply(&run).instrument(span(parts, source, &run)).await? {
                Outcome::Applied { .. } => {
                    backoff.succeeded();
                    parts.views.read_on(generation.number, source.name(), &run.to);
                }
                Outcome::Lost => return Err(Again::Lost),
            }
        }
    };
    let ended: Result<(), Again> = read.await;
    match ended {
        Ok(()) => Again::Stopped,
        Err(again) => again,
    }
}
