//! Numbers that are no one's choice.
//! Invariant: the same seed gives the same ones.

use uuid::Uuid;

/// A number that is no one's choice; the same seed gives the same ones.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// With that seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The seed to run with: that of `THROUGHLINE_SEED`, or a new one, which is printed.
    ///
    /// # Panics
    /// Where `THROUGHLINE_SEED` is no number.
    pub fn seed() -> u64 {
        let given = std::env::var("THROUGHLINE_SEED").ok();
        let seed = match given {
            Some(text) => text.parse().expect("THROUGHLINE_SEED is a number"),
            None => Uuid::new_v4().as_u128() as u64,
        };
        eprintln!("seed: THROUGHLINE_SEED={seed}");
        seed
    }

    /// SplitMix64.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below that one.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.throw() % limit
    }

    /// True in so many of a hundred.
    pub fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}
