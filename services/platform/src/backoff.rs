//! How long to wait before trying again what failed.
//! Invariant: waits grow from 50 ms to 5 s and no further, and are spread so that those who failed together do not come back together.

use std::time::Duration;

use uuid::Uuid;

const FIRST_MS: u64 = 50;
const LAST_MS: u64 = 5_000;

/// Counts failures in a row.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    pub(crate) const fn new() -> Self {
        Self { failures: 0 }
    }

    /// How often in a row it failed.
    pub(crate) fn failures(self) -> u32 {
        self.failures
    }

    /// It worked.
    pub(crate) fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// It failed once more: wait this long.
    pub(crate) fn failed(&mut self) -> Duration {
        let whole = FIRST_MS.saturating_mul(1 << self.failures.min(16)).min(LAST_MS);
        self.failures = self.failures.saturating_add(1);
        // Between half and the whole; a random UUID's low bits are as good a die as any.
        let die = Uuid::new_v4().as_u128() as u64;
        Duration::from_millis(whole / 2 + die % (whole / 2 + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_begin_anew_after_a_success() {
        let mut backoff = Backoff::new();
        assert!(backoff.failed() <= Duration::from_millis(50));
        let long = (0..40).map(|_| backoff.failed()).last().unwrap();
        assert!((2_500..=5_000).contains(&(long.as_millis() as u64)), "{long:?}");
        backoff.succeeded();
        assert!(backoff.failed() <= Duration::from_millis(50));
    }
}
