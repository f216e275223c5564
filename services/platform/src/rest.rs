//! How long whoever follows a log rests between two pieces of work.
//! Invariant: what comes after a while of quiet is taken at once, or as soon as is said. Under load a rest is so many times the work before it, and never
//! longer than is said; who follows may go on sooner where more waits than is taken at a time.
//!
//! A transaction over one event costs nearly what one over fifty does. Readers that never rest take them one by one, and so take from the command path
//! what they were to keep up with.

use std::time::Duration;

use tokio::time::Instant;

/// Who rests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    times: u32,
    longest: Duration,
    began: Option<Instant>,
    until: Option<Instant>,
}

impl Rest {
    /// One who rests so many times as long as the work was, and so long at most.
    pub(crate) const fn of(times: u32, longest: Duration) -> Self {
        Self { times, longest, began: None, until: None }
    }

    /// Work begins.
    pub(crate) fn works(&mut self) {
        self.began = Some(Instant::now());
    }

    /// The work that was begun, if any was, is done.
    pub(crate) fn done(&mut self) {
        if let Some(began) = self.began.take() {
            let now = Instant::now();
            self.until = Some(now + (now.duration_since(began) * self.times).min(self.longest));
        }
    }

    /// Something comes after a quiet while, and others that come within this time are to be taken with it.
    pub(crate) fn gather(&mut self, within: Duration) {
        if !within.is_zero() && self.until().is_none() {
            self.until = Some(Instant::now() + within);
        }
    }

    /// Until when it rests; none if it need not.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until.filter(|until| *until > Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_rest_follows_the_work_and_ends() {
        let mut rest = Rest::of(2, Duration::from_millis(50));
        rest.done();
        assert_eq!(rest.until(), None, "nobody worked");
        for (worked, rests) in [(4, 8), (100, 50)] {
            rest.works();
            tokio::time::advance(Duration::from_millis(worked)).await;
            assert_eq!(rest.until(), None, "the work goes on");
            rest.done();
            let rests = Duration::from_millis(rests);
            assert_eq!(rest.until(), Some(Instant::now() + rests));
            tokio::time::advance(rests).await;
            assert_eq!(rest.until(), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_after_a_quiet_while_is_gathered_and_a_rest_is_not_made_longer_by_it() {
        let mut rest = Rest::of(2, Duration::from_millis(50));
        rest.gather(Duration::ZERO);
        assert_eq!(rest.until(), None, "at once");
        rest.gather(Duration::from_millis(20));
        let until = rest.until();
        assert_eq!(until, Some(Instant::now() + Duration::from_millis(20)));
        tokio::time::advance(Duration::from_millis(5)).await;
        rest.gather(Duration::from_millis(20));
        assert_eq!(rest.until(), until, "the first waits no longer for the second");
        tokio::time::advance(Duration::from_millis(15)).await;
        assert_eq!(rest.until(), None);
    }
}
