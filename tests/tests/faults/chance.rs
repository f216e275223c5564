//! Chance that can be had again: every choice of a test follows from its seed.
//! Invariant: the seed is printed, so what a failing run chose is known.

use crate::setting;

/// Numbers from a seed (splitmix64).
pub struct Chance(u64);

impl Chance {
    /// From `THROUGHLINE_SEED`, else from the time of day; printed.
    pub fn new(test: &str) -> Self {
        let seed = setting("THROUGHLINE_SEED", jiff::Timestamp::now().as_microsecond().unsigned_abs());
        println!("{test}: THROUGHLINE_SEED={seed}");
        Self(seed)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
