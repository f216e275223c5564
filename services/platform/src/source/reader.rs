//! Reads a log on and on, each event once and in order.
//!
//! Invariant: a run begins at the event after the last run's end, in position and in its partition's sequence, and is of the log that the reader's
//! place names. Where that cannot be had the reader says so and hands out nothing.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::sync::mpsc;
use tokio::time::{Instant, Interval, MissedTickBehavior};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::run::{Read, Run, Stuck};
use super::{Batch, Place, Source, SourceError, Standing, Stands, Tailed};
use crate::backoff::Backoff;
use crate::error::chain;
use crate::log::{Groups, Recorded};
use crate::rest::Rest;

/// Events kept while those before them are fetched; what comes beyond is fetched too, in its turn.
const HELD: usize = 4096;
/// How many times as long as a run was applied a reader rests after it, under load.
const RESTS: u32 = 2;
/// The longest rest between runs: what is to be read later than that is felt.
const LONGEST_REST: Duration = Duration::from_millis(50);
/// How long a reader with a tail that would not open reads the open feed before it tries the tail again.
const TAIL_AGAIN: Duration = Duration::from_secs(2);

/// How often and how much a reader reads.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How often the head is compared with what was read.
    pub watchdog: Duration,
    /// The most events of a run.
    pub run: usize,
    /// How long the first event after a quiet while waits for others to come along.
    pub gather: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { watchdog: Duration::from_secs(1), run: 500, gather: Duration::ZERO }
    }
}

/// Whether the place is known to be one of the log that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Proof {
    /// To be compared before anything is read.
    Wanted,
    /// The feed does not answer; a tail of the same log id may be read meanwhile.
    Deferred,
    /// Compared.
    Given,
}

/// What comes by itself, from the tail or from the open feed.
enum Hint {
    Fed(Batch),
    Tailed(Tailed),
}

struct Hints {
    incoming: mpsc::Receiver<Hint>,
    _pump: AbortOnDropHandle<()>,
}

struct Held {
    recorded: Recorded,
    /// It came from the feed.
    fed: bool,
}

/// Reads one source from one place.
pub struct Reader {
    source: Source,
    pace: Pace,
    place: Place,
    proof: Proof,
    held: BTreeMap<u64, Held>,
    hints: Option<Hints>,
    /// The tail would not open, and it has been said.
    tail_away: Arc<AtomicBool>,
    watchdog: Interval,
    /// A look at the head that is under way: a feed that hangs must not hold up what a tail brings.
    looking: Option<BoxFuture<'static, Result<Stands, SourceError>>>,
    /// The head as it was at the last tick.
    head_then: u64,
    /// Whether anything could be handed out since the last tick.
    moved: bool,
    /// Who was handed a run works on it until asking for the next.
    rest: Rest,
    feed_backoff: Backoff,
    hints_backoff: Backoff,
    feed_again: Instant,
    hints_again: Instant,
}

impl Reader {
    /// A reader of what follows this place.
    pub fn new(source: Source, place: Place, pace: Pace) -> Self {
        let now = Instant::now();
        // Readers start together; did they look together too, a process of all services would pause for it every second.
        let first = pace.watchdog.mul_f64(Uuid::new_v4().as_u128() as u32 as f64 / f64::from(u32::MAX));
        let mut watchdog = tokio::time::interval_at(now + first, pace.watchdog);
        watchdog.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            source,
            pace,
            place,
            proof: Proof::Wanted,
            held: BTreeMap::new(),
            hints: None,
            tail_away: Arc::default(),
            watchdog,
            looking: None,
            head_then: 0,
            moved: false,
            rest: Rest::of(RESTS, LONGEST_REST),
            feed_backoff: Backoff::new(),
            hints_backoff: Backoff::new(),
            feed_again: now,
            hints_again: now,
        }
    }

    /// What it reads.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Waits for the next run. Dropped unfinished it has lost nothing.
    ///
    /// # Errors
    /// Where nothing that the reader can do brings the next event; a feed that is away is waited for.
    pub async fn next(&mut self) -> Result<Run, Stuck> {
        self.rest.done();
        loop {
            if self.proof == Proof::Wanted {
                self.prove().await?;
            }
            // Who is far behind has a full run to work on and no time to rest.
            if let Some(until) = self.rest.until()
                && self.held.len() < self.pace.run
            {
                self.listen(until).await;
                continue;
            }
            if let Some(run) = self.take()? {
                self.rest.works();
                return Ok(run);
            }
            let hole = self.held.first_key_value().map(|(first, _)| first - self.place.position - 1);
            match hole {
                Some(missing) if Instant::now() >= self.feed_again => {
                    self.fetch((missing as usize).clamp(1, self.pace.run)).await;
                }
                Some(_) => self.listen(self.feed_again).await,
                // The look at the head comes before this.
                None => self.listen(Instant::now() + 2 * self.pace.watchdog).await,
            }
        }
    }

    /// What is held and next in line.
    fn take(&mut self) -> Result<Option<Run>, Stuck> {
        let from = self.place.clone();
        let mut events = Vec::new();
        while events.len() < self.pace.run {
            let Some(first) = self.held.first_entry() else { break };
            match self.place.standing(&first.get().recorded) {
                Standing::Behind => {
                    first.remove();
                }
                Standing::Beyond => break,
                Standing::Next => {
                    let read = Read::new(first.remove().recorded);
                    self.place.advance(&read.recorded, read.id());
                    events.push(read);
                }
                Standing::Torn if first.get().fed && events.is_empty() => {
                    first.remove();
                    return Err(Stuck::Torn { log_id: self.place.log_id, read: self.place.position });
                }
                Standing::Torn if first.get().fed => break,
                Standing::Torn => {
                    // A tail that says so is wrong about more than this one.
                    self.held.clear();
                    self.hints = None;
                    break;
                }
            }
        }
        if events.is_empty() {
            return Ok(None);
        }
        self.moved = true;
        Ok(Some(Run { from, to: self.place.clone(), events }))
    }

    fn hold(&mut self, recorded: Recorded, fed: bool) {
        let wanted = recorded.position > self.place.position;
        let known_better = !fed && self.held.get(&recorded.position).is_some_and(|held| held.fed);
        if wanted && !known_better && (fed || self.held.len() < HELD) {
            if self.held.is_empty() {
                self.rest.gather(self.pace.gather);
            }
            self.held.insert(recorded.position, Held { recorded, fed });
        }
    }

    /// Reads what follows from the feed.
    async fn fetch(&mut self, limit: usize) {
        match self.source.read(self.place.position, Groups::ALL, limit).await {
            Ok(batch) if batch.log_id != self.place.log_id => self.proof = Proof::Wanted,
            Ok(batch) => {
                self.feed_backoff.succeeded();
                if batch.events.is_empty() {
                    // What lies beyond the hole is not in the log, so it is nothing.
                    self.held.clear();
                }
                batch.events.into_iter().for_each(|recorded| self.hold(recorded, true));
            }
            Err(error) => self.away(&error),
        }
    }

    fn away(&mut self, error: &SourceError) {
        if self.feed_backoff.failures() == 0 {
            let (log, error) = (self.source.name(), chain(error));
            tracing::warn!(
                log.name = log,
                error.chain = error,
                "a feed is away; it is asked again until it answers"
            );
        }
        self.feed_again = Instant::now() + self.feed_backoff.failed();
    }

    /// Waits for a hint, the next look at the head, the time to open again what gives hints, or this instant.
    async fn listen(&mut self, until: Instant) {
        if self.hints.is_none() && Instant::now() >= self.hints_again {
            self.hints = Some(self.open());
        }
        let again = if self.hints.is_none() { until.min(self.hints_again) } else { until };
        let hint = async {
            match &mut self.hints {
                Some(hints) => hints.incoming.recv().await,
                None => std::future::pending().await,
            }
        };
        let looked = async {
            match &mut self.looking {
                Some(looking) => looking.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            hint = hint => match hint {
                Some(hint) => self.heard(hint),
                None => {
                    self.hints = None;
                    self.hints_again = Instant::now() + self.hints_backoff.failed();
                }
            },
            looked = looked => {
                self.looking = None;
                match looked {
                    Ok(stands) => self.saw(&stands).await,
                    Err(error) => self.away(&error),
                }
            }
            _ = self.watchdog.tick() => self.look(),
            () = tokio::time::sleep_until(again) => {}
        }
    }

    /// Takes in a hint, and those that wait behind it up to a run's worth.
    fn heard(&mut self, hint: Hint) {
        self.hints_backoff.succeeded();
        let mut next = Some(hint);
        while let Some(hint) = next {
            match hint {
                Hint::Fed(batch) if batch.log_id != self.place.log_id => self.proof = Proof::Wanted,
                Hint::Fed(batch) => batch.events.into_iter().for_each(|recorded| self.hold(recorded, true)),
                Hint::Tailed(tailed) if tailed.log_id != self.place.log_id => {}
                Hint::Tailed(tailed) => self.hold(tailed.recorded, false),
            }
            if self.held.len() >= self.pace.run {
                return;
            }
            next = self.hints.as_mut().and_then(|hints| hints.incoming.try_recv().ok());
        }
    }

    /// Asks for the head, unless the last answer is still awaited.
    fn look(&mut self) {
        if self.looking.is_none() {
            let source = self.source.clone();
            self.looking = Some(async move { source.stands().await }.boxed());
        }
    }

    /// Compares the head with what was read. What was in the log a tick ago and has not come by itself since is fetched.
    async fn saw(&mut self, stands: &Stands) {
        self.feed_backoff.succeeded();
        let astray = stands.log_id != self.place.log_id || stands.position < self.place.position;
        if astray || self.proof == Proof::Deferred {
            self.proof = Proof::Wanted;
        } else if !self.moved && self.place.position < self.head_then {
            self.hints = None;
            self.hints_again = Instant::now();
            self.fetch(self.pace.run).await;
        }
        self.head_then = stands.position;
        self.moved = false;
    }

    /// Compares the place with the log that is there; waits for the feed, unless a tail can be read meanwhile.
    async fn prove(&mut self) -> Result<(), Stuck> {
        loop {
            match self.compare().await {
                Ok(Ok(())) => {
                    self.feed_backoff.succeeded();
                    self.proof = Proof::Given;
                    return Ok(());
                }
                Ok(Err(stuck)) => {
                    self.held.clear();
                    self.hints = None;
                    return Err(stuck);
                }
                Err(error) => self.away(&error),
            }
            if self.source.tail().is_some() && !self.place.log_id.is_nil() {
                self.proof = Proof::Deferred;
                return Ok(());
            }
            tokio::time::sleep_until(self.feed_again).await;
        }
    }

    async fn compare(&mut self) -> Result<Result<(), Stuck>, SourceError> {
        let stands = self.source.stands().await?;
        if self.place.log_id.is_nil() {
            self.place = Place::start(stands.log_id);
            return Ok(Ok(()));
        }
        let (was, read) = (self.place.log_id, self.place.position);
        let diverged = Stuck::Diverged { was, log_id: stands.log_id, read };
        if stands.agrees_with(was).is_none_or(|up_to| read > up_to) {
            return Ok(Err(diverged));
        }
        if read > stands.position {
            self.source.show_ahead(&self.place).await;
            return Ok(Err(Stuck::Ahead { log_id: stands.log_id, read, head: stands.position }));
        }
        if read == stands.position && !self.place.agrees_with(&stands.sequences) {
            return Ok(Err(diverged));
        }
        if read > 0 && !self.place.event_id.is_nil() {
            let last = self.source.read(read - 1, Groups::ALL, 1).await?;
            let same = last.events.into_iter().next().is_some_and(|recorded| {
                recorded.position == read && Read::new(recorded).id() == self.place.event_id
            });
            if !same {
                return Ok(Err(diverged));
            }
        }
        if was != stands.log_id {
            tracing::info!(
                log.name = self.source.name(),
                position = read,
                "the log was forked beyond what was read of it"
            );
            self.place.log_id = stands.log_id;
            self.held.clear();
            self.hints = None;
        }
        Ok(Ok(()))
    }

    /// Opens the tail, or the feed where there is no tail or it will not open.
    fn open(&self) -> Hints {
        let (sender, incoming) = mpsc::channel(if self.source.tail().is_some() { 1024 } else { 2 });
        let (source, place, limit) = (self.source.clone(), self.place.clone(), self.pace.run);
        let away = self.tail_away.clone();
        let pump = tokio::spawn(async move {
            let (log_id, after) = (place.log_id, place.position);
            let fed = || source.follow(log_id, after, limit).map(|batch| batch.map(Hint::Fed));
            let Some(tail) = source.tail() else {
                return pump(fed(), &sender, source.name()).await;
            };
            match tail.open(log_id, after).await {
                Ok(tailed) => {
                    if away.swap(false, Ordering::Relaxed) {
                        tracing::info!(log.name = source.name(), "the tail is open again");
                    }
                    pump(tailed.map(|event| Ok(Hint::Tailed(event))), &sender, source.name()).await;
                }
                Err(error) => {
                    if !away.swap(true, Ordering::Relaxed) {
                        let error = chain(&error);
                        tracing::warn!(
                            log.name = source.name(),
                            error.chain = error,
                            "reading the feed until the tail opens"
                        );
                    }
                    // Its end is the time to try the tail again.
                    let feed = pump(fed(), &sender, source.name());
                    tokio::time::timeout(TAIL_AGAIN, feed).await.unwrap_or_default();
                }
            }
        });
        Hints { incoming, _pump: AbortOnDropHandle::new(pump) }
    }
}

/// Hands on what comes until it ends, fails, or nobody listens.
async fn pump(hints: impl Stream<Item = Result<Hint, SourceError>>, sender: &mpsc::Sender<Hint>, log: &str) {
    let mut hints = std::pin::pin!(hints);
    loop {
        let hint = tokio::select! {
            hint = hints.next() => hint,
            () = sender.closed() => return,
        };
        match hint {
            Some(Ok(hint)) => {
                if sender.send(hint).await.is_err() {
                    return;
                }
            }
            None => return,
            Some(Err(error)) => {
                // That a feed is away is said by the look at its head.
                tracing::debug!(log.name = log, error.chain = chain(&error), "an open feed ended");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests;
