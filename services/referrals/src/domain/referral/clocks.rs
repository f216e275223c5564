//! The clocks of a referral: acknowledge 3 and answer 7 working days from the request, start 14 from acceptance, review of an open one every 90
//! calendar days; where the offer says so, expiry 30 calendar days after the answer was overdue. All are our defaults (domain page, section 3).
//! Invariant: a clock runs out once, and while clocks rest nothing of them is used up.

use std::collections::BTreeMap;

use kernel::Timestamp;
use kernel::time::{WorkingDays, after_days};

/// What a clock waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Clock {
    /// The target says that it has read it.
    Acknowledge,
    /// The target accepts or rejects.
    Answer,
    /// The service begins.
    Start,
    /// Somebody looks at an open one again.
    Review,
    /// An unanswered one is cancelled as expired.
    Expiry,
}

impl Clock {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Acknowledge, Self::Answer, Self::Start, Self::Review, Self::Expiry];

    /// Its name, as timers have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Acknowledge => "acknowledge",
            Self::Answer => "answer",
            Self::Start => "start",
            Self::Review => "review",
            Self::Expiry => "expiry",
        }
    }

    /// The clock of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|clock| clock.name() == name)
    }

    /// When it runs out, begun at that instant, by the target's working days as they are known then.
    pub fn begun(self, at: Timestamp, days: &WorkingDays) -> Timestamp {
        match self {
            Self::Acknowledge => days.after(at, 3),
            Self::Answer => days.after(at, 7),
            Self::Start => days.after(at, 14),
            Self::Review => after_days(at, 90, days.zone()),
            Self::Expiry => after_days(at, 30, days.zone()),
        }
    }

    /// When it runs out, having rested between those instants: what was left of it then is left of it now.
    fn rested(self, due: Timestamp, since: Timestamp, until: Timestamp, days: &WorkingDays) -> Timestamp {
        match self {
            Self::Acknowledge | Self::Answer | Self::Start => {
                days.after_time(until, days.between(since, due))
            }
            Self::Review | Self::Expiry => {
                until + since.duration_until(due).max(kernel::SignedDuration::ZERO)
            }
        }
    }
}

/// Where the clocks of a referral stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    due: BTreeMap<Clock, Timestamp>,
    overdue: BTreeMap<Clock, Timestamp>,
    resting_since: Option<Timestamp>,
}

impl Clocks {
    /// When that clock runs out; none where it does not run.
    pub fn due(&self, clock: Clock) -> Option<Timestamp> {
        if self.resting_since.is_some() { None } else { self.due.get(&clock).copied() }
    }

    /// Those that have run out, and what they wait for has not happened yet.
    pub fn overdue(&self) -> impl Iterator<Item = Clock> {
        self.overdue.keys().copied()
    }

    /// Whether they rest.
    pub fn rest(&self) -> bool {
        self.resting_since.is_some()
    }

    /// When each that rests runs out, if they go on now.
    pub(super) fn after_rest(&self, now: Timestamp, days: &WorkingDays) -> Vec<(Clock, Timestamp)> {
        let Some(since) = self.resting_since else { return vec![] };
        let rested = |(clock, due): (&Clock, &Timestamp)| (*clock, clock.rested(*due, since, now, days));
        let mut due: Vec<_> = self.due.iter().map(rested).collect();
        // Looked at during the rest: the next look is due a whole while after it.
        if !self.due.contains_key(&Clock::Review) && !self.overdue.contains_key(&Clock::Review) {
            due.push((Clock::Review, Clock::Review.begun(now, days)));
        }
        due
    }

    pub(super) fn set(&mut self, clocks: impl IntoIterator<Item = (Clock, Timestamp)>) {
        for (clock, due) in clocks {
            self.overdue.remove(&clock);
            self.due.insert(clock, due);
        }
    }

    pub(super) fn stop(&mut self, clocks: &[Clock]) {
        for clock in clocks {
            self.due.remove(clock);
            self.overdue.remove(clock);
        }
    }

    pub(super) fn ran_out(&mut self, clock: Clock, due: Timestamp) {
        self.due.remove(&clock);
        self.overdue.insert(clock, due);
    }

    pub(super) fn rest_from(&mut self, at: Timestamp) {
        self.resting_since = Some(self.resting_since.map_or(at, |since| since.min(at)));
    }

    pub(super) fn go_on(&mut self, clocks: impl IntoIterator<Item = (Clock, Timestamp)>) {
        self.resting_since = None;
        self.due.clear();
        self.set(clocks);
    }
}
