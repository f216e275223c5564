//! The clocks of a referral: to acknowledge and to answer from the request, to start from acceptance, to review an open one again and again, and, where
//! the offer or its agency says so, to expire from when the answer was due. How long each runs is said by [`super::Pace`].
//! Invariant: a clock runs out once, while clocks rest nothing of them is used up, and one that had run out before it was told runs out in silence.
//! That one ran out stays told, also where a rest is told later to have begun before it.

use std::collections::BTreeMap;

use kernel::Timestamp;
use kernel::time::WorkingDays;

use super::When;
use super::pace::Timing;

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
    missed: BTreeMap<Clock, Timestamp>,
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

    /// Those that had run out before what they begin with was told, and when: nothing is told of them.
    pub fn missed(&self) -> impl Iterator<Item = (Clock, Timestamp)> {
        self.missed.iter().map(|(clock, due)| (*clock, *due))
    }

    /// Whether they rest.
    pub fn rest(&self) -> bool {
        self.resting_since.is_some()
    }

    /// When each that rests runs out, if they go on now.
    pub(super) fn after_rest(&self, now: Timestamp, timing: &Timing) -> Vec<(Clock, Timestamp)> {
        let Some(since) = self.resting_since else { return vec![] };
        let rested =
            |(clock, due): (&Clock, &Timestamp)| (*clock, clock.rested(*due, since, now, &timing.days));
        let mut due: Vec<_> = self.due.iter().map(rested).collect();
        // Looked at during the rest: the next look is due a whole while after it.
        let has = |clocks: &BTreeMap<Clock, Timestamp>| clocks.contains_key(&Clock::Review);
        if !has(&self.due) && !has(&self.overdue) && !has(&self.missed) {
            due.push((Clock::Review, timing.due(Clock::Review, now)));
        }
        due
    }

    pub(super) fn set(&mut self, clocks: impl IntoIterator<Item = (Clock, Timestamp)>) {
        for (clock, due) in clocks {
            self.stop(&[clock]);
            self.due.insert(clock, due);
        }
    }

    /// The same, of what was told then.
    pub(super) fn set_as_told(&mut self, clocks: impl IntoIterator<Item = (Clock, Timestamp)>, when: When) {
        for (clock, due) in clocks {
            self.set([(clock, due)]);
            if when.misses(due) {
                self.due.remove(&clock);
                self.missed.insert(clock, due);
            }
        }
    }

    pub(super) fn stop(&mut self, clocks: &[Clock]) {
        for clock in clocks {
            self.due.remove(clock);
            self.overdue.remove(clock);
            self.missed.remove(clock);
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

    /// The same, of what was told then.
    pub(super) fn go_on_as_told(&mut self, clocks: impl IntoIterator<Item = (Clock, Timestamp)>, when: When) {
        self.go_on([]);
        self.set_as_told(clocks, when);
    }
}
