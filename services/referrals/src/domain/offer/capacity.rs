//! How much room an offer has, as its agency reports it.
//! Invariant: a report is relied on for its refresh period alone; past that nobody is told that there is room.

use kernel::{SignedDuration, Timestamp};

/// How much room there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// There is.
    Has {
        /// How many places are free; none where not counted.
        vacancies: Option<u32>,
    },
    /// There is none.
    Full,
    /// There is none, and a waiting list is kept.
    Waitlist,
    /// It shows after an assessment.
    Assessment,
}

/// A report of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// How much.
    pub room: Room,
    /// As of when.
    pub as_of: Timestamp,
    /// For how many hours from then it may be relied on.
    pub refresh_hours: u32,
}

impl Capacity {
    /// How much room there is then, by this report; none where the report is stale by then.
    pub fn at(&self, now: Timestamp) -> Option<Room> {
        let fresh_for = SignedDuration::from_hours(self.refresh_hours.into());
        (self.as_of.duration_until(now) < fresh_for).then_some(self.room)
    }
}
