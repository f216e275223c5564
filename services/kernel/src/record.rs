//! Facts from elsewhere: where they come from, and what today's guards would have refused of them.
//! Invariant: a record is checked for form alone; what is odd about it is kept with it, never dropped.

use crate::{Day, Private, Timestamp};

/// Something recorded as it was told although today's guards would refuse it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Discrepancy {
    /// Stable code, UPPER_SNAKE_CASE.
    pub code: String,
    /// One sentence without personal data.
    pub detail: String,
}

impl Discrepancy {
    /// A discrepancy with this code and sentence.
    pub fn new(code: &str, detail: impl Into<String>) -> Self {
        Self { code: code.to_owned(), detail: detail.into() }
    }
}

/// Whether an open fact that is told again is known for longer than it was; without a day it is known for good.
pub fn known_longer(before: Option<Day>, now: Option<Day>) -> bool {
    match (before, now) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(before), Some(now)) => now > before,
    }
}

/// Where a recorded fact comes from. System, table and key name one fact for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Source {
    /// The source system.
    pub system: String,
    /// The table or record kind there.
    pub table: String,
    /// Keyed hash of the row's key.
    pub key_hash: [u8; 32],
    /// The row's key.
    pub key: Private,
    /// When the source recorded it.
    pub recorded_at: Option<Timestamp>,
    /// An open fact is known until this day.
    pub known_until: Option<Day>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_fact_is_known_longer_by_a_later_day_or_by_none() {
        let day = |day| Some(Day::constant(2026, 3, day));
        assert!(known_longer(day(1), day(2)) && known_longer(day(1), None));
        assert!(!known_longer(day(2), day(2)) && !known_longer(day(2), day(1)));
        assert!(!known_longer(None, day(2)) && !known_longer(None, None));
    }
}
