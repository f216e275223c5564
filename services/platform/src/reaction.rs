//! Reactions: what happened elsewhere makes something happen here, once.
//!
//! Invariant: what a reaction appends and the cursor that says so are one append, so a crash, or a second process at the same work, changes neither
//! what is appended nor how often. No event is skipped: one that cannot be judged is judged again until it can be.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};
use uuid::Uuid;

use crate::backoff::Backoff;
use crate::db::StoreError;
use crate::error::chain;
use crate::fault;
use crate::log::{Append, AppendError, CursorMove, Log};
use crate::metrics::Metrics;
use crate::projection::Lease;
pub use crate::source::Read;
use crate::source::{Pace, Place, Reader, Run, Source, SourceError, Stuck};
use crate::store::Store;
use crate::telemetry;

/// A reaction reads all of a log; its cursor is kept as that of partition 0.
const WHOLE: u32 = 0;
/// How often a lost race is decided again at once.
const TRIES: u32 = 3;
/// The cursor is moved over this many events that need nothing, or over fewer when nothing has come for a while.
const IDLE_EVENTS: u64 = 500;
/// How often the lease is renewed.
const RENEW: Duration = Duration::from_secs(1);

/// Judges events of another log.
pub trait Reaction: Send + Sync + 'static {
    /// Its name: that of its cursor, so it never changes.
    fn name(&self) -> &'static str;

    /// The log that it reads.
    fn source(&self) -> &'static str;

    /// What is to be appended because of an event, or nothing where what it asks already holds. The append has neither a request nor a cursor,
    /// and may span streams. A domain's refusal is a fact too: it comes as an append of that fact with its reason
    /// (see [`Desk::settled`](crate::command::Desk::settled)).
    ///
    /// It may be asked several times about one event (a lost race, a crash, another process), and must decide by the streams as they are then.
    fn react<'a>(&'a self, event: &'a Read) -> BoxFuture<'a, Result<Option<Append>, ReactError>>;
}

/// Why an event could not be judged. It is asked again after a while, whatever the reason.
#[derive(Debug, thiserror::Error)]
pub enum ReactError {
    /// This build does not know what the event says; a newer one will. The text holds nothing personal.
    #[error("the event is not understood: {0}")]
    Unknown(String),
    /// The world broke.
    #[error("the event could not be judged")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<StoreError> for ReactError {
    fn from(error: StoreError) -> Self {
        Self::Failed(Box::new(error))
    }
}

/// What a reaction takes to run.
pub struct Setup {
    /// The store whose log it appends to.
    pub store: Store,
    /// What it does.
    pub reaction: Arc<dyn Reaction>,
    /// The log that it reads.
    pub source: Source,
    /// Where its lag is told.
    pub metrics: Metrics,
    /// How often and how much is read.
    pub pace: Pace,
    /// Ends it, after the event it is at.
    pub stop: CancellationToken,
}

/// A running reaction. Clones are the same.
#[derive(Clone)]
pub struct Running {
    source: &'static str,
    judged: watch::Receiver<u64>,
    tasks: TaskTracker,
}

impl Running {
    /// The log that it reads.
    pub fn source(&self) -> &'static str {
        self.source
    }

    /// The position up to which every event of the source has been judged, as it grows. Its cursor may be a little behind.
    pub fn judged(&self) -> watch::Receiver<u64> {
        self.judged.clone()
    }

    /// Waits until it has ended, after its stop was asked for.
    pub async fn ended(&self) {
        self.tasks.wait().await;
    }
}

/// Starts a reaction.
///
/// # Panics
/// If the source is not the log that the reaction names, which is a mistake of who puts them together.
pub fn start(setup: Setup) -> Running {
    assert_eq!(
        setup.source.name(),
        setup.reaction.source(),
        "the source of reaction {}",
        setup.reaction.name()
    );
    let (judged, seen) = watch::channel(0);
    let (tasks, source) = (TaskTracker::new(), setup.reaction.source());
    tasks.spawn(run(setup, judged));
    tasks.close();
    Running { source, judged: seen, tasks }
}

async fn run(setup: Setup, judged: watch::Sender<u64>) {
    let name = setup.reaction.name();
    let mut backoff = Backoff::new();
    let mut lease: Option<Lease> = None;
    while !setup.stop.is_cancelled() {
        let ended = turn(&setup, &judged, &mut lease, &mut backoff).await;
        match ended {
            Again::Stopped => break,
            Again::NotOurs => {}
            Again::Lost => {
                tracing::info!(reaction.name = name, "another worker has moved the reaction's cursor")
            }
            Again::Stuck(stuck) if backoff.failures() == 0 => {
                tracing::error!(reaction.name = name, reason = %stuck, "a reaction cannot read on");
            }
            Again::Stuck(_) => {}
            Again::Failed(error) => {
                tracing::warn!(
                    reaction.name = name,
                    error.chain = chain(&*error),
                    "a reaction begins again at its cursor"
                );
            }
        }
        tokio::select! {
            () = setup.stop.cancelled() => break,
            () = tokio::time::sleep(backoff.failed().min(RENEW)) => {}
        }
    }
    if let Some(lease) = lease
        && let Err(error) = lease.release().await
    {
        tracing::info!(reaction.name = name, error.chain = chain(&error), "the lease was left to run out");
    }
}

/// Why a worker begins again at the stored cursor.
enum Again {
    Stopped,
    /// Another process holds the lease.
    NotOurs,
    /// Someone else moved the cursor.
    Lost,
    Stuck(Stuck),
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl From<StoreError> for Again {
    fn from(error: StoreError) -> Self {
        Self::Failed(Box::new(error))
    }
}

impl From<SourceError> for Again {
    fn from(error: SourceError) -> Self {
        Self::Failed(Box::new(error))
    }
}

async fn turn(
    setup: &Setup,
    judged: &watch::Sender<u64>,
    lease: &mut Option<Lease>,
    backoff: &mut Backoff,
) -> Again {
    let turn = async {
        let lease = match lease {
            Some(lease) => lease,
            None => {
                let name = format!("reaction {}", setup.reaction.name());
                lease.insert(Lease::open(&setup.store, &name).await?)
            }
        };
        if !lease.hold().await? {
            return Err(Again::NotOurs);
        }
        let mut worker = Worker::begin(setup, judged).await?;
        let mut reader = Reader::new(setup.source.clone(), worker.place(), setup.pace);
        let mut renew = Instant::now() + RENEW;
        loop {
            let run = tokio::select! {
                biased;
                () = setup.stop.cancelled() => return Err(Again::Stopped),
                () = tokio::time::sleep_until(renew) => None,
                run = reader.next() => Some(run.map_err(Again::Stuck)?),
            };
            match run {
                Some(run) => worker.judge(&run, backoff).await?,
                None => {
                    worker.settle().await?;
                    worker.tell_lag().await;
                    if !lease.hold().await? {
                        return Err(Again::NotOurs);
                    }
                    renew = Instant::now() + RENEW;
                }
            }
        }
    };
    let ended: Result<(), Again> = turn.await;
    match ended {
        Ok(()) => Again::Stopped,
        Err(again) => again,
    }
}

/// A worker between two looks at the stored cursor.
struct Worker<'a> {
    setup: &'a Setup,
    log: &'a Log,
    told: &'a watch::Sender<u64>,
    log_id: Uuid,
    /// What the stored cursor of this log id says.
    stored: u64,
    /// Everything up to here has been judged.
    judged: u64,
}

impl<'a> Worker<'a> {
    async fn begin(setup: &'a Setup, told: &'a watch::Sender<u64>) -> Result<Self, Again> {
        let (log, name) = (setup.store.log(), setup.reaction.name());
        let stands = setup.source.stands().await?;
        let stored = log.cursor(name, stands.log_id, WHOLE).await?;
        let mut judged = stored;
        if stored == 0 {
            // A log that was forked since: what was judged before holds, as far as the fork agrees with it.
            for (earlier, _) in &stands.forks {
                let known = log.cursor(name, *earlier, WHOLE).await?;
                if known > 0 {
                    judged = known.min(stands.agrees_with(*earlier).unwrap_or(0));
                    break;
                }
            }
        }
        let worker = Self { setup, log, told, log_id: stands.log_id, stored, judged };
        worker.tell();
        Ok(worker)
    }

    fn place(&self) -> Place {
        Place::at(self.log_id, self.judged)
    }

    fn tell(&self) {
        self.told.send_replace(self.judged);
    }

    async fn judge(&mut self, run: &Run, backoff: &mut Backoff) -> Result<(), Again> {
        if run.from.log_id != self.log_id {
            return Err(Again::Lost);
        }
        for event in &run.events {
            if self.setup.stop.is_cancelled() {
                return Err(Again::Stopped);
            }
            let span = self.span(event);
            self.judge_one(event, backoff).instrument(span).await?;
            backoff.succeeded();
            self.judged = event.recorded.position;
            self.tell();
        }
        if self.judged - self.stored >= IDLE_EVENTS { self.settle().await } else { Ok(()) }
    }

    /// The judging of an event, linked to the command that wrote it; none where that was not traced.
    fn span(&self, event: &Read) -> Span {
        if event.event.traceparent.is_empty() {
            return Span::none();
        }
        let span = tracing::info_span!("react", reaction.name = self.setup.reaction.name());
        telemetry::link_to(&span, &event.event.traceparent);
        span
    }

    /// Judges one event until it is judged.
    async fn judge_one(&mut self, event: &Read, backoff: &mut Backoff) -> Result<(), Again> {
        let mut lost = 0;
        loop {
            let wait = match self.try_one(event).await {
                Ok(()) => return Ok(()),
                Err(Miss::Again(again)) => return Err(again),
                Err(Miss::Race(_)) if lost < TRIES => {
                    lost += 1;
                    continue;
                }
                Err(Miss::Race(error)) => self.missed(event, &error, backoff),
                Err(Miss::Full(retry_after)) => retry_after,
                Err(Miss::Unjudged(error)) => self.missed(event, &*error, backoff),
            };
            tokio::select! {
                () = self.setup.stop.cancelled() => return Err(Again::Stopped),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    fn missed(&self, event: &Read, error: &dyn std::error::Error, backoff: &mut Backoff) -> Duration {
        tracing::error!(
            reaction.name = self.setup.reaction.name(),
            log.name = self.setup.source.name(),
            event.position = event.recorded.position,
            event.r#type = event.event.r#type,
            error.chain = chain(error),
            "an event could not be reacted to; the reaction waits at it and tries again"
        );
        backoff.failed()
    }

    async fn try_one(&mut self, event: &Read) -> Result<(), Miss> {
        if let Some(why) = event.broken() {
            return Err(Miss::Unjudged(Box::new(ReactError::Unknown(format!("it does not decode: {why}")))));
        }
        let reacted =
            self.setup.reaction.react(event).await.map_err(|error| Miss::Unjudged(Box::new(error)))?;
        match reacted {
            Some(append) => self.append(append, event.recorded.position).await,
            None => Ok(()),
        }
    }

    /// Appends, with the move of the cursor to this position.
    async fn append(&mut self, append: Append, to: u64) -> Result<(), Miss> {
        assert!(
            append.request.is_none(),
            "a reaction's append is made exact by its cursor, not by a request"
        );
        let cursor = CursorMove {
            reader: self.setup.reaction.name().to_owned(),
            log_id: self.log_id,
            partition: WHOLE,
            from: self.stored,
            to,
        };
        fault::point("reaction.before_append");
        let appended = self.log.append(Append { cursor: Some(cursor), ..append }).await;
        fault::point("reaction.appended");
        match appended {
            Ok(_) => {
                self.stored = to;
                Ok(())
            }
            Err(error) => Err(Miss::from(error)),
        }
    }

    /// Moves the stored cursor to what has been judged.
    async fn settle(&mut self) -> Result<(), Again> {
        if self.judged <= self.stored {
            return Ok(());
        }
        match self.append(Append::default(), self.judged).await {
            Ok(()) | Err(Miss::Full(_)) => Ok(()),
            Err(Miss::Again(again)) => Err(again),
            Err(Miss::Race(error)) => Err(Again::Failed(Box::new(error))),
            Err(Miss::Unjudged(error)) => Err(Again::Failed(error)),
        }
    }

    async fn tell_lag(&self) {
        // A source that cannot be asked is told of by its own reader.
        if let Ok(stands) = self.setup.source.stands().await {
            let behind = stands.position.saturating_sub(self.judged);
            self.setup.metrics.reaction_lag(self.setup.reaction.name(), self.setup.source.name(), behind);
        }
    }
}

/// Why an event was not judged at this try.
enum Miss {
    /// Streams or claims moved meanwhile: decide again.
    Race(AppendError),
    /// The log is full: try again after this.
    Full(Duration),
    /// It cannot be judged now.
    Unjudged(Box<dyn std::error::Error + Send + Sync>),
    /// Begin again at the stored cursor.
    Again(Again),
}

impl From<AppendError> for Miss {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Conflict { .. } | AppendError::ClaimTaken { .. } => Self::Race(error),
            AppendError::CursorMoved => Self::Again(Again::Lost),
            AppendError::Overloaded { retry_after } => Self::Full(retry_after),
            // It may have been appended; the stored cursor tells.
            AppendError::Unavailable(_) => Self::Again(Again::Failed(Box::new(error))),
            AppendError::RequestReused
            | AppendError::LogReplaced
            | AppendError::DeadlineExceeded
            | AppendError::TooLarge { .. } => Self::Unjudged(Box::new(error)),
        }
    }
}
