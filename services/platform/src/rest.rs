//! How long whoever follows a log rests between two pieces of work.
//! Invariant: what comes after a while of quiet is taken at once. Under load a rest is twice the work before it, and never longer than is said; who follows
//! may go on sooner where more waits than is taken at a time.
//!
//! A transaction over one event costs nearly what one over fifty does. Readers that never rest take them one by one, and so take from the command path
//! what they were to keep up with.

use std::time::Duration;

use tokio::time::Instant;

/// How much longer the rest is than the work was.
const TIMES: u32 = 2;

/// Who rests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    longest: Duration,
    began: Option<Instant>,
    until: Option<Instant>,
}

impl Rest {
    /// One who rests so long at most.
    pub(crate) const fn up_to(longest: Duration) -> Self {
        Self { longest, began: None, until: None }
    }

    /// Work begins.
    pub(crate) fn works(&mut self) {
        self.began = Some(Instant::now());
    }

    /// The work that was begun, if any was, is done.
    pub(crate) fn done(&mut self) {
        if let Some(began) = self.began.take() {
            let now = Instant::now();
            self.until = Some(now + (now.duration_since(began) * TIMES).min(self.longest));
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
        let mut rest = Rest::up_to(Duration::from_millis(50));
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
}
