//! The stage on which lives are played: every life waits for its next hour, and the clock goes on when all of them wait.
//!
//! Invariant: nobody plays while the clock moves. Before it moves, all that was appended has been judged by every reaction, read by every read model and
//! looked at by every timer; and it stops at each instant at which a timer is due, so that nothing comes late.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{anyhow, bail};
use jiff::Timestamp;
use platform::clock::Clock;
use platform::service::Service;
use tokio::sync::{Notify, oneshot};

/// Longer than anything takes to settle, unless it is stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// Why a life stops being played.
#[derive(Debug)]
pub enum Halt {
    /// The last day is over.
    Over,
    /// Something that should have worked did not.
    Trouble(anyhow::Error),
}

impl From<anyhow::Error> for Halt {
    fn from(trouble: anyhow::Error) -> Self {
        Self::Trouble(trouble)
    }
}

/// What a life is played as.
pub type Played = Result<(), Halt>;

/// The stage. Clones are the same.
#[derive(Clone)]
pub struct Stage(Arc<Inner>);

struct Inner {
    clock: Clock,
    services: Arc<[Service]>,
    until: Timestamp,
    cast: Mutex<Cast>,
    quiet: Notify,
}

#[derive(Default)]
struct Cast {
    playing: usize,
    waiting: BTreeMap<Timestamp, Vec<oneshot::Sender<()>>>,
    trouble: Option<anyhow::Error>,
}

/// One who plays. Whoever holds it counts as playing but while waiting.
pub struct Part(Stage);

impl Stage {
    /// A stage for these services under a driven clock; at `until` it is over.
    pub fn new(clock: Clock, services: Arc<[Service]>, until: Timestamp) -> Self {
        let (cast, quiet) = (Mutex::default(), Notify::new());
        Self(Arc::new(Inner { clock, services, until, cast, quiet }))
    }

    /// One more who plays, from now on.
    pub fn enter(&self) -> Part {
        self.cast().playing += 1;
        Part(self.clone())
    }

    /// Lets somebody play what `play` says. The first trouble ends the whole play.
    pub fn cue<F>(&self, play: impl FnOnce(Part) -> F)
    where
        F: Future<Output = Played> + Send + 'static,
    {
        let (stage, played) = (self.clone(), play(self.enter()));
        tokio::spawn(async move {
            if let Err(Halt::Trouble(trouble)) = played.await {
                let mut cast = stage.cast();
                cast.trouble.get_or_insert(trouble);
                stage.0.quiet.notify_one();
            }
        });
    }

    /// Plays until the end. `step` is told of each instant.
    ///
    /// # Errors
    /// The first trouble, or what does not settle.
    pub async fn play(&self, step: impl Fn(Timestamp)) -> anyhow::Result<()> {
        loop {
            self.all_wait().await?;
            self.settle().await?;
            let next = self.cast().waiting.pop_first();
            let Some((at, waiting)) = next else { break };
            self.drive(at).await?;
            step(at);
            self.cast().playing += waiting.len();
            for one in waiting {
                if one.send(()).is_err() {
                    self.leave();
                }
            }
        }
        self.drive(self.0.until).await
    }

    async fn all_wait(&self) -> anyhow::Result<()> {
        loop {
            {
                let mut cast = self.cast();
                if let Some(trouble) = cast.trouble.take() {
                    return Err(trouble);
                }
                if cast.playing == 0 {
                    return Ok(());
                }
            }
            self.0.quiet.notified().await;
        }
    }

    /// Moves the clock on, and stops wherever a timer is due.
    async fn drive(&self, to: Timestamp) -> anyhow::Result<()> {
        while let Some(due) = self.next_due().filter(|due| *due < to) {
            self.0.clock.drive_to(due);
            self.settle().await?;
        }
        self.0.clock.drive_to(to);
        self.settle().await
    }

    fn next_due(&self) -> Option<Timestamp> {
        let timers = self.0.services.iter().flat_map(Service::timers);
        timers.filter_map(|timers| timers.looked().borrow().as_ref().and_then(|look| look.next)).min()
    }

    /// Waits until nothing follows any more from what was appended and from the time.
    async fn settle(&self) -> anyhow::Result<()> {
        let settled = async {
            loop {
                let heads = self.heads();
                self.follow(&heads).await?;
                if self.heads() == heads {
                    return Ok::<_, anyhow::Error>(());
                }
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, settled).await;
        in_time.map_err(|_| {
            anyhow!("the services did not settle at {} within {PATIENCE:?}", self.0.clock.now())
        })?
    }

    /// The position of each log's last event.
    fn heads(&self) -> BTreeMap<&'static str, u64> {
        let services = self.0.services.iter();
        services.map(|service| (service.name, *service.log().head_changes().borrow())).collect()
    }

    /// Waits until every reader is as far as these heads.
    async fn follow(&self, heads: &BTreeMap<&'static str, u64>) -> anyhow::Result<()> {
        let head = |log: &str| heads.get(log).copied().unwrap_or(0);
        for service in self.0.services.iter() {
            for reaction in service.reactions() {
                let wanted = head(reaction.source());
                if reaction.judged().wait_for(|judged| *judged >= wanted).await.is_err() {
                    bail!("a reaction of {} has ended", service.name);
                }
            }
            for (name, model) in service.read_models() {
                let read = |progress: &platform::projection::Progress| {
                    progress.places.iter().all(|(log, place)| place.position >= head(log))
                };
                if model.views().progress().wait_for(read).await.is_err() {
                    bail!("the read model {}/{name} has ended", service.name);
                }
            }
            for timers in service.timers() {
                let now = self.0.clock.now();
                let looked = |look: &Option<platform::timer::Look>| {
                    look.as_ref().is_some_and(|look| {
                        let list = &look.list.places;
                        list.iter().all(|(log, place)| place.position >= head(log))
                            && (look.at >= now || look.next.is_none_or(|next| next > now))
                    })
                };
                if timers.looked().wait_for(looked).await.is_err() {
                    bail!("the timers of {} have ended", service.name);
                }
            }
        }
        Ok(())
    }

    fn leave(&self) {
        let mut cast = self.cast();
        // A runtime that shuts down drops those that wait, who do not count.
        cast.playing = cast.playing.saturating_sub(1);
        if cast.playing == 0 {
            self.0.quiet.notify_one();
        }
    }

    fn cast(&self) -> MutexGuard<'_, Cast> {
        self.0.cast.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Part {
    /// Waits until the clock shows `at`; a time gone by is now.
    ///
    /// # Errors
    /// [`Halt::Over`] where the stage closes before.
    pub async fn until(&self, at: Timestamp) -> Played {
        let stage = &self.0;
        if at >= stage.0.until {
            return Err(Halt::Over);
        }
        if at <= stage.0.clock.now() {
            return Ok(());
        }
        self.wait(at).await
    }

    /// Waits until all that follows by itself from what was done has followed. The clock does not move.
    ///
    /// # Errors
    /// [`Halt::Over`] where the stage closes before.
    pub async fn follows(&self) -> Played {
        self.wait(self.0.0.clock.now()).await
    }

    async fn wait(&self, at: Timestamp) -> Played {
        let stage = &self.0;
        let (wake, woken) = oneshot::channel();
        stage.cast().waiting.entry(at).or_default().push(wake);
        stage.leave();
        woken.await.map_err(|_| {
            // The stage was closed while this one waited, and did not count.
            stage.cast().playing += 1;
            Halt::Over
        })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0
                .cast()
                .trouble
                .get_or_insert_with(|| anyhow!("a life could not be played; see the panic above"));
        }
        self.0.leave();
    }
}
