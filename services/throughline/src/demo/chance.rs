//! Chance that comes out the same each time: splitmix64, seeded and forked by name.
//! Invariant: what one fork draws never depends on how much another has drawn.

/// A source of numbers. Its state is eight bytes.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// From a seed.
    pub fn seeded(seed: u64) -> Self {
        Self(mixed(seed ^ 0x7468_726f_7567_686c))
    }

    /// Another source, of this one's seed and a name: the same whenever it is made before this one is drawn from.
    pub fn fork(&self, name: &str) -> Self {
        Self(name.bytes().fold(mixed(self.0), |state, byte| mixed(state ^ u64::from(byte))))
    }

    fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    /// A number below `bound`, or 0 where that is 0. The bias of the remainder is far below what a life shows.
    pub fn below(&mut self, bound: u32) -> u32 {
        let drawn = self.draw() % u64::from(bound.max(1));
        u32::try_from(drawn).unwrap_or(0)
    }

    /// A number of `first..=last`.
    pub fn between(&mut self, first: u32, last: u32) -> u32 {
        first + self.below(last.saturating_sub(first) + 1)
    }

    /// True this often in a hundred.
    pub fn percent(&mut self, often: u32) -> bool {
        self.below(100) < often
    }

    /// One of these.
    pub fn pick<T: Copy, const N: usize>(&mut self, among: [T; N]) -> T {
        among[self.below(N as u32) as usize]
    }
}

/// The output function of splitmix64 (Steele, Lea, Flood 2014).
fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_and_another_draws_other_numbers() {
        let drawn = |seed| {
            let mut chance = Chance::seeded(seed);
            (0..8).map(|_| chance.below(1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
    }

    #[test]
    fn forks_of_different_names_draw_different_numbers_and_stay_in_bounds() {
        let chance = Chance::seeded(3);
        let (mut one, mut other) = (chance.fork("work"), chance.fork("home"));
        assert_ne!(
            (0..4).map(|_| one.below(1_000)).collect::<Vec<_>>(),
            (0..4).map(|_| other.below(1_000)).collect::<Vec<_>>()
        );
        assert!((0..1_000).all(|_| (5..=9).contains(&one.between(5, 9))));
        assert_eq!((one.below(0), one.between(4, 4)), (0, 4));
    }
}
