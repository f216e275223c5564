//! The numbers that rules use, which an agency may set.
//! Invariant: over inputs of several agencies, the number that raises earliest holds.

use std::collections::BTreeMap;

use kernel::{AgencyId, SignedDuration};

use super::Input;

/// One set of numbers. Their defaults are ours where the rule names no source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Values {
    /// Minutes to travel between two places (C1).
    pub travel_minutes: u32,
    /// Weeks ahead in which shifts are looked at (C2).
    pub shift_weeks: u32,
}

impl Default for Values {
    fn default() -> Self {
        Self { travel_minutes: 30, shift_weeks: 8 }
    }
}

/// The numbers of every agency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    usual: Values,
    of: BTreeMap<AgencyId, Values>,
}

impl Parameters {
    /// The usual numbers, and those of agencies that have their own.
    pub fn new(usual: Values, of: impl IntoIterator<Item = (AgencyId, Values)>) -> Self {
        Self { usual, of: of.into_iter().collect() }
    }
    /// Time to travel between two places: the longest raises earliest.
    pub fn travel(&self, inputs: &[&Input]) -> SignedDuration {
        SignedDuration::from_mins(i64::from(self.most(inputs, |values| values.travel_minutes)))
    }
    /// How far ahead shifts are looked at: the farthest raises earliest.
    pub fn shifts_ahead(&self, inputs: &[&Input]) -> SignedDuration {
        SignedDuration::from_hours(24 * 7 * i64::from(self.most(inputs, |values| values.shift_weeks)))
    }

    fn most(&self, inputs: &[&Input], number: impl Fn(&Values) -> u32) -> u32 {
        inputs
            .iter()
            .map(|input| number(self.of.get(&input.agency).unwrap_or(&self.usual)))
            .max()
            .unwrap_or_else(|| number(&self.usual))
    }
}
