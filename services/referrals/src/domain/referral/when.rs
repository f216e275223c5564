//! When something was done on a referral, and when that was told.
//! Invariant: what was told late is no reminder: a clock that had run out by then is missed.

use kernel::{SignedDuration, Timestamp};

/// By how much the clocks of two machines may differ.
const DIFFERENCE: SignedDuration = SignedDuration::from_secs(60);

/// When something was done, and when that was told. Clocks begin by the first; one that had run out by the second is missed, and nothing is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// When it was done.
    pub at: Timestamp,
    /// When it was told.
    pub told_at: Timestamp,
}

impl When {
    /// Told as it is done.
    pub fn told(at: Timestamp) -> Self {
        Self { at, told_at: at }
    }

    /// Whether what was due then had gone by when it was told.
    pub fn misses(self, due: Timestamp) -> bool {
        self.at < self.told_at && due <= self.told_at
    }

    /// Whether it is said to have been done before that. What is told as it is done never is, whatever the clocks of other machines have said.
    pub fn is_before(self, other: Timestamp) -> bool {
        self.at < self.told_at && self.at + DIFFERENCE < other
    }
}
