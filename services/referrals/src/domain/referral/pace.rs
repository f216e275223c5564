//! At which pace the clocks of a referral run: in the working days of its target, and as long as that says.
//! Invariant: what the target says nothing of runs as the domain page says (section 3); all of it is our default.

use kernel::Timestamp;
use kernel::time::{Holidays, Weekend, WorkingDays, after_days};

use super::Clock;

/// What a target has said of its working days and of the clocks of referrals to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Days on which it does not work beside weekends.
    pub holidays: Holidays,
    /// Days of the week on which it does not.
    pub weekend: Weekend,
    /// Working days in which it acknowledges one.
    pub acknowledge: u32,
    /// Working days in which it answers one.
    pub answer: u32,
    /// Working days in which the service begins.
    pub start: u32,
    /// Calendar days from one look at an open one to the next.
    pub review: u32,
    /// Calendar days from when its answer was due to when it expires.
    pub expiry: u32,
    /// Whether it expires at all, where the offer says nothing of that.
    pub expires: bool,
}

impl Default for Pace {
    fn default() -> Self {
        let (holidays, weekend) = Default::default();
        Self {
            holidays,
            weekend,
            acknowledge: 3,
            answer: 7,
            start: 14,
            review: 90,
            expiry: 30,
            expires: false,
        }
    }
}

/// A pace in the zone of one programme.
pub struct Timing {
    pub(super) days: WorkingDays,
    pace: Pace,
}

impl Timing {
    pub(super) fn new(days: WorkingDays, pace: Pace) -> Self {
        Self { days, pace }
    }

    /// When a clock runs out that begins at that instant.
    pub(super) fn due(&self, clock: Clock, at: Timestamp) -> Timestamp {
        match clock {
            Clock::Acknowledge => self.days.after(at, self.pace.acknowledge),
            Clock::Answer => self.days.after(at, self.pace.answer),
            Clock::Start => self.days.after(at, self.pace.start),
            Clock::Review => after_days(at, self.pace.review, self.days.zone()),
            Clock::Expiry => after_days(at, self.pace.expiry, self.days.zone()),
        }
    }
}
