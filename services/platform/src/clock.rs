//! The only now of a process: the machine's, or one that a test or the demo drives.
//! Invariant: a clock never runs backwards, and what it tells is whole microseconds, as the log stores them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::watch;

/// The longest single sleep on the machine's clock, so that a set or suspended machine is noticed soon.
const NAP: Duration = Duration::from_secs(30);

/// Tells the time, and wakes who waits for one. Clones are the same clock.
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    /// The driven time, or nothing once the clock is the machine's.
    driven: watch::Sender<Option<Timestamp>>,
    /// The latest microsecond told: the machine's clock may be set back, this one is not.
    told: AtomicI64,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::starting(None)
    }

    /// A clock that stands at `start` until it is driven on.
    pub fn driven(start: Timestamp) -> Self {
        Self::starting(Some(start))
    }

    fn starting(driven: Option<Timestamp>) -> Self {
        let told = AtomicI64::new(driven.map_or(i64::MIN, Timestamp::as_microsecond));
        Self(Arc::new(Inner { driven: watch::Sender::new(driven), told }))
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        let driven = *self.0.driven.borrow();
        let now = driven.unwrap_or_else(Timestamp::now).as_microsecond();
        let told = self.0.told.fetch_max(now, Ordering::Relaxed).max(now);
        // Every microsecond told came from a timestamp, so it is one.
        Timestamp::from_microsecond(told).unwrap_or(Timestamp::MAX)
    }

    /// Drives the clock on to `to`. An earlier time than the present, or a clock that is the machine's, changes nothing.
    pub fn drive_to(&self, to: Timestamp) {
        self.0.driven.send_if_modified(|driven| match driven {
            Some(at) if *at < to => {
                *at = to;
                true
            }
            Some(_) | None => false,
        });
    }

    /// Makes a driven clock the machine's. Where it was driven ahead of the machine it stands until the machine has caught up.
    pub fn release(&self) {
        self.now();
        self.0.driven.send_if_modified(|driven| driven.take().is_some());
    }

    /// How long something may wait for others to come along: not at all under a driven clock, whose driver waits at every step for what follows from it.
    pub(crate) fn gathers(&self, within: Duration) -> Duration {
        if self.is_driven() { Duration::ZERO } else { within }
    }

    /// Whether the clock is driven.
    pub fn is_driven(&self) -> bool {
        self.0.driven.borrow().is_some()
    }

    /// Waits until the clock shows `at` or later, under either kind and across a release.
    pub async fn reached(&self, at: Timestamp) {
        let mut changes = self.0.driven.subscribe();
        loop {
            let driven = changes.borrow_and_update().is_some();
            let now = self.now();
            if now >= at {
                return;
            }
            let changed = async {
                // The sender lives in `self`, so this cannot fail while we wait.
                let _ = changes.changed().await;
            };
            if driven {
                changed.await;
            } else {
                let left = Duration::try_from(at.duration_since(now)).unwrap_or(NAP);
                // A timer may fire a little early; the loop then asks again.
                let nap = left.clamp(Duration::from_micros(100), NAP);
                tokio::select! {
                    () = changed => {}
                    () = tokio::time::sleep(nap) => {}
                }
            }
        }
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.is_driven() { "driven" } else { "machine" };
        write!(f, "Clock({kind}, {})", self.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_driven_clock_wakes_who_waits_and_never_runs_backwards() {
        let clock = Clock::driven(at("2024-01-01T00:00:00Z"));
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move {
                clock.reached(at("2024-01-02T00:00:00Z")).await;
                clock.now()
            }
        });
        clock.drive_to(at("2024-01-01T12:00:00Z"));
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.drive_to(at("2024-01-03T00:00:00Z"));
        assert_eq!(waiting.await.unwrap(), at("2024-01-03T00:00:00Z"));
        clock.drive_to(at("2024-01-02T00:00:00Z"));
        assert_eq!(clock.now(), at("2024-01-03T00:00:00Z"));
    }

    #[tokio::test]
    async fn a_released_clock_is_the_machines() {
        let clock = Clock::driven(at("2024-01-01T00:00:00Z"));
        let soon = Timestamp::now() + jiff::SignedDuration::from_millis(20);
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.reached(soon).await }
        });
        tokio::task::yield_now().await;
        clock.release();
        waiting.await.unwrap();
        assert!(clock.now() >= soon && !clock.is_driven());
        clock.drive_to(Timestamp::MAX);
        assert!(clock.now() < Timestamp::MAX);
    }

    #[test]
    fn a_clock_driven_ahead_of_the_machine_stands_until_the_machine_has_caught_up() {
        let ahead = at("2200-01-01T00:00:00Z");
        let clock = Clock::driven(ahead);
        clock.release();
        assert_eq!(clock.now(), ahead);
    }

    #[test]
    fn time_is_told_in_whole_microseconds() {
        let now = Clock::system().now();
        assert_eq!(now.as_nanosecond() % 1_000, 0);
        let fine = Timestamp::from_nanosecond(1_700_000_000_000_000_123).unwrap();
        assert_eq!(Clock::driven(fine).now().as_nanosecond(), 1_700_000_000_000_000_000);
    }
}
