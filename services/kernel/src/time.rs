//! Times as the domain means them: an instant or a day, told in a zone.
//! Invariant: nothing here reads a clock; folding never asks zone data (an event stores wall time, zone and instant).

pub use jiff::civil::Date as Day;
pub use jiff::{SignedDuration, Timestamp};

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Span;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// An IANA time zone name that the bundled zone data knows.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Zone(String);

/// What a name that is no zone answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an IANA time zone name such as \"America/Chicago\"")]
pub struct NotAZone;

impl Zone {
    /// The zone of that name.
    pub fn named(name: &str) -> Result<Self, NotAZone> {
        TimeZone::get(name).map(|_| Self(name.to_owned())).map_err(|_| NotAZone)
    }
    /// UTC.
    pub fn utc() -> Self {
        Self("UTC".to_owned())
    }
    /// A name that was checked when it was stored.
    pub fn stored(name: impl Into<String>) -> Self {
        Self(name.into())
    }
    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }
    fn rules(&self) -> TimeZone {
        // A stored zone was known once; should newer zone data drop it, UTC is off by hours, not lost.
        TimeZone::get(&self.0).unwrap_or(TimeZone::UTC)
    }
    /// The day on which the instant falls here.
    pub fn day_of(&self, at: Timestamp) -> Day {
        at.to_zoned(self.rules()).date()
    }
    /// The first instant of the day here.
    pub fn start_of(&self, day: Day) -> Timestamp {
        day.to_zoned(self.rules()).map_or(Timestamp::UNIX_EPOCH, |start| start.timestamp())
    }
    /// The instant of a wall time here: in a gap it moves on by the gap, and of two it is the first.
    pub fn instant(&self, wall: DateTime) -> Timestamp {
        self.rules()
            .to_ambiguous_zoned(wall)
            .compatible()
            .map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
    }
    /// The wall time of an instant here.
    pub fn wall(&self, at: Timestamp) -> DateTime {
        at.to_zoned(self.rules()).datetime()
    }
}

/// How exactly a time is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Precision {
    /// The day is known, the time of day is not.
    Day,
    /// The instant is known.
    Instant,
}

/// When something happened, and in whose terms it was told.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Occurred {
    /// The instant; for a day, the start of that day in `zone`.
    pub at: Timestamp,
    /// How exactly.
    pub precision: Precision,
    /// The zone it was told in.
    pub zone: Zone,
}

impl Occurred {
    /// At this instant, told in UTC.
    pub fn instant(at: Timestamp) -> Self {
        Self { at, precision: Precision::Instant, zone: Zone::utc() }
    }
    /// On this day in this zone.
    pub fn day(day: Day, zone: Zone) -> Self {
        Self { at: zone.start_of(day), precision: Precision::Day, zone }
    }
    /// The day it falls on, in its own zone.
    pub fn on(&self) -> Day {
        self.zone.day_of(self.at)
    }
}

/// Days on which somebody does not work beside weekends. Clones are the same.
pub type Holidays = Arc<BTreeSet<Day>>;

/// Days of the week on which somebody does not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekend([bool; 7]);

impl Default for Weekend {
    /// Saturday and Sunday.
    fn default() -> Self {
        Self::of([5, 6])
    }
}

impl Weekend {
    /// These days, as their places in the week from 0 for Monday; Saturday and Sunday where they leave no day or are none.
    pub fn of(days: impl IntoIterator<Item = u8>) -> Self {
        let mut rests = [false; 7];
        for day in days {
            if let Some(rest) = rests.get_mut(usize::from(day)) {
                *rest = true;
            }
        }
        if rests == [true; 7] || rests == [false; 7] { Self::default() } else { Self(rests) }
    }

    fn has(self, day: Day) -> bool {
        self.0.get(day.weekday().to_monday_zero_offset().unsigned_abs() as usize).copied().unwrap_or(false)
    }
}

/// Somebody's working days: those of the week without the weekend, by the wall clock of a zone, but the holidays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkingDays {
    zone: Zone,
    holidays: Holidays,
    weekend: Weekend,
}

impl WorkingDays {
    /// In that zone, without these days, nor Saturday and Sunday.
    pub fn new(zone: Zone, holidays: Holidays) -> Self {
        Self { zone, holidays, weekend: Weekend::default() }
    }

    /// The same with another weekend.
    #[must_use]
    pub fn resting_on(self, weekend: Weekend) -> Self {
        Self { weekend, ..self }
    }

    /// Where they are counted.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The instant at which `days` of them after `from` have gone by, at the same wall time. A start on another day counts from the same wall time
    /// of the next working day.
    pub fn after(&self, from: Timestamp, days: u32) -> Timestamp {
        let wall = self.zone.wall(from);
        let mut day = wall.date();
        let mut left = days;
        while left > 0 || !self.has(day) {
            let counted = self.has(day);
            day = match day.tomorrow() {
                Ok(next) => next,
                Err(_) => return Timestamp::MAX,
            };
            if counted && left > 0 {
                left -= 1;
            }
        }
        self.zone.instant(day.to_datetime(wall.time()))
    }

    /// How much of them lies between two instants, each from midnight to midnight. None where `to` is not after `from`.
    pub fn between(&self, from: Timestamp, to: Timestamp) -> SignedDuration {
        let (begin, end) = (self.zone.wall(from), self.zone.wall(to));
        let mut sum = SignedDuration::ZERO;
        let mut at = begin;
        while at < end {
            let Some(midnight) = midnight_after(at) else { break };
            let until = midnight.min(end);
            if self.has(at.date()) {
                sum += at.duration_until(until);
            }
            at = until;
        }
        sum
    }

    /// The instant at which so much of them after `from` has gone by.
    pub fn after_time(&self, from: Timestamp, time: SignedDuration) -> Timestamp {
        let (mut at, mut left) = (self.zone.wall(from), time);
        while let Some(midnight) = midnight_after(at) {
            if self.has(at.date()) {
                let today = at.duration_until(midnight);
                if left < today {
                    return at.checked_add(left).map_or(Timestamp::MAX, |wall| self.zone.instant(wall));
                }
                left -= today;
            }
            at = midnight;
        }
        Timestamp::MAX
    }

    fn has(&self, day: Day) -> bool {
        !self.weekend.has(day) && !self.holidays.contains(&day)
    }
}

/// The instant `days` calendar days after `from`, at the same wall time in the zone.
pub fn after_days(from: Timestamp, days: u32, zone: &Zone) -> Timestamp {
    let wall = zone.wall(from);
    match wall.date().checked_add(Span::new().days(days)) {
        Ok(day) => zone.instant(day.to_datetime(wall.time())),
        Err(_) => Timestamp::MAX,
    }
}

fn midnight_after(at: DateTime) -> Option<DateTime> {
    at.date().tomorrow().ok().map(|day| day.to_datetime(jiff::civil::Time::midnight()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn chicago(holidays: &[&str]) -> WorkingDays {
        let holidays = holidays.iter().map(|day| day.parse().unwrap()).collect();
        WorkingDays::new(Zone::named("America/Chicago").unwrap(), Arc::new(holidays))
    }

    #[test]
    fn working_days_skip_the_weekend() {
        // Thursday noon plus three working days is Tuesday noon.
        let due = chicago(&[]).after(at("2026-03-05T12:00:00-06:00"), 3);
        assert_eq!(due, at("2026-03-10T12:00:00-05:00"), "and the clock change between does not move noon");
        // Saturday counts from Monday.
        let due = chicago(&[]).after(at("2026-03-14T09:00:00-05:00"), 1);
        assert_eq!(due, at("2026-03-17T09:00:00-05:00"));
    }

    #[test]
    fn working_days_skip_another_weekend() {
        let days = chicago(&[]).resting_on(Weekend::of([4, 5]));
        // From a Thursday noon: Friday and Saturday are off, Sunday is the first.
        assert_eq!(days.after(at("2026-05-07T17:00:00Z"), 2), at("2026-05-11T17:00:00Z"));
        assert_eq!(chicago(&[]).after(at("2026-05-07T17:00:00Z"), 2), at("2026-05-11T17:00:00Z"));
        assert_eq!(days.after(at("2026-05-07T17:00:00Z"), 1), at("2026-05-10T17:00:00Z"));
        // What leaves no day, or none at all, is no weekend.
        assert_eq!(Weekend::of(0..7), Weekend::default());
        assert_eq!(Weekend::of([]), Weekend::default());
    }

    #[test]
    fn working_days_skip_holidays_in_their_zone() {
        let monday_off = chicago(&["2026-03-09", "2026-03-14"]);
        let due = monday_off.after(at("2026-03-05T12:00:00-06:00"), 3);
        assert_eq!(
            due,
            at("2026-03-11T12:00:00-05:00"),
            "the Monday does not count, and the Saturday never did"
        );
        // One that would end on a holiday ends on the next working day, and one that begins on it counts from there.
        assert_eq!(monday_off.after(at("2026-03-06T12:00:00-06:00"), 1), at("2026-03-10T12:00:00-05:00"));
        assert_eq!(monday_off.after(at("2026-03-09T12:00:00-05:00"), 1), at("2026-03-11T12:00:00-05:00"));
        // Sunday evening in UTC's terms is still Sunday in Chicago, so Monday in Chicago's terms is what is left out.
        assert_eq!(monday_off.after(at("2026-03-09T02:00:00Z"), 0), at("2026-03-11T02:00:00Z"));
    }

    #[test]
    fn working_time_leaves_out_weekends_and_what_is_left_of_it_goes_on_later() {
        let (friday, tuesday) = (at("2026-03-06T18:00:00-06:00"), at("2026-03-10T09:00:00-05:00"));
        let days = chicago(&[]);
        let left = days.between(friday, tuesday);
        assert_eq!(left, SignedDuration::from_hours(6 + 24 + 9));
        assert_eq!(days.after_time(friday, left), tuesday);
        // What was left on that Friday is left on a Saturday a week later, and begins to run on Monday.
        let saturday = at("2026-03-14T15:00:00-05:00");
        assert_eq!(days.after_time(saturday, left), at("2026-03-17T15:00:00-05:00"));
        assert_eq!(days.between(tuesday, friday), SignedDuration::ZERO);
        assert_eq!(days.after_time(friday, SignedDuration::ZERO), friday);
        // With the Monday off there is a day less between, and what is left ends a day later.
        let off = chicago(&["2026-03-09"]);
        assert_eq!(off.between(friday, tuesday), SignedDuration::from_hours(6 + 9));
        assert_eq!(off.after_time(friday, left), at("2026-03-11T09:00:00-05:00"));
    }

    #[test]
    fn calendar_days_keep_the_wall_time() {
        let zone = Zone::named("America/Chicago").unwrap();
        assert_eq!(after_days(at("2026-03-05T12:00:00-06:00"), 90, &zone), at("2026-06-03T12:00:00-05:00"));
    }

    #[test]
    fn a_time_in_a_gap_moves_on_by_the_gap_and_of_two_it_is_the_first() {
        let zone = Zone::named("America/Chicago").unwrap();
        assert_eq!(
            zone.instant(jiff::civil::date(2026, 3, 8).at(2, 30, 0, 0)),
            at("2026-03-08T03:30:00-05:00")
        );
        assert_eq!(
            zone.instant(jiff::civil::date(2026, 11, 1).at(1, 30, 0, 0)),
            at("2026-11-01T01:30:00-05:00")
        );
    }
}
