//! The days of the demo: counted from its first, told in its one zone.
//! Invariant: it knows no clock; the last day is yesterday's, so that nothing is seeded into the future.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use kernel::{Day, Occurred, Precision, Zone};

/// The zone of everybody in the demo.
pub const ZONE: &str = "America/Chicago";

/// The days that are lived.
#[derive(Clone, Debug)]
pub struct Calendar {
    first: Date,
    /// How many days are lived.
    pub days: u32,
    /// Where they are.
    pub zone: Zone,
}

/// A time of day at which things are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hour {
    /// Seven in the morning, before anybody works: what the night brought.
    Dawn,
    /// A quarter past noon: what the morning brought.
    Noon,
    /// Half past five: what the afternoon brought.
    Evening,
    /// Eight in the evening, when nobody works any more.
    Night,
}

/// Days on which nobody works whatever the weekday, as month and day.
const HOLIDAYS: [(i8, i8); 4] = [(1, 1), (6, 19), (7, 4), (12, 25)];

impl Calendar {
    /// So many days, the last of them the day before `until`.
    pub fn ending(until: Date, days: u32) -> Self {
        let first = until.saturating_sub(i64::from(days).days());
        Self { first, days, zone: Zone::stored(ZONE) }
    }

    /// The day of that number; 0 is the first.
    pub fn day(&self, number: u32) -> Day {
        self.first.saturating_add(i64::from(number).days())
    }

    /// That day as the contract writes it.
    pub fn date(&self, number: u32) -> proto::google::r#type::Date {
        platform::wire::to_date(self.day(number))
    }

    /// A time on a day.
    pub fn at(&self, number: u32, hour: u32, minute: u32) -> Timestamp {
        let (hour, minute) = (i8::try_from(hour).unwrap_or(0), i8::try_from(minute).unwrap_or(0));
        self.zone.instant(self.day(number).at(hour, minute, 0, 0))
    }

    /// When things are written down on a day.
    pub fn written(&self, number: u32, hour: Hour) -> Timestamp {
        match hour {
            Hour::Dawn => self.at(number, 7, 0),
            Hour::Noon => self.at(number, 12, 15),
            Hour::Evening => self.at(number, 17, 30),
            Hour::Night => self.at(number, 20, 0),
        }
    }

    /// Midnight before the first day.
    pub fn begins(&self) -> Timestamp {
        self.at(0, 0, 0)
    }

    /// Midnight after the last day.
    pub fn ends(&self) -> Timestamp {
        self.at(self.days, 0, 0)
    }

    /// The day of the week, Monday 1 to Sunday 7.
    pub fn weekday(&self, number: u32) -> u32 {
        u32::try_from(self.day(number).weekday().to_monday_one_offset()).unwrap_or(1)
    }

    /// The first day from `number` on that is neither a weekend's nor a holiday.
    pub fn working(&self, number: u32) -> u32 {
        let works = |number: u32| self.weekday(number) < 6 && !is_holiday(self.day(number));
        // No rest is as long as a week.
        (number..number + 7).find(|number| works(*number)).unwrap_or(number)
    }

    /// The holidays of the days that are lived, and of the year after them.
    pub fn holidays(&self) -> Vec<Day> {
        (0..self.days + 366).map(|number| self.day(number)).filter(|day| is_holiday(*day)).collect()
    }

    /// The first day from `number` on that is this day of the week.
    pub fn next(&self, number: u32, weekday: u32) -> u32 {
        number + (weekday + 7 - self.weekday(number)) % 7
    }

    /// A time on a day as the contract says when something happened.
    pub fn occurred(&self, at: Timestamp) -> proto::types::Occurred {
        platform::wire::to_occurred(&Occurred { at, precision: Precision::Instant, zone: self.zone.clone() })
    }
}

fn is_holiday(day: Day) -> bool {
    HOLIDAYS.contains(&(day.month(), day.day()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_holiday_is_no_working_day_and_agencies_are_told_of_it() {
        let calendar = Calendar::ending(date(2026, 1, 5), 30);
        assert_eq!((calendar.day(19), calendar.working(19)), (date(2025, 12, 25), 20));
        assert_eq!(calendar.holidays()[..2], [date(2025, 12, 25), date(2026, 1, 1)]);
    }

    #[test]
    fn the_last_day_lived_is_the_day_before_the_end() {
        let calendar = Calendar::ending(date(2026, 3, 10), 30);
        assert_eq!(calendar.day(29), date(2026, 3, 9));
        assert_eq!(calendar.ends(), "2026-03-10T05:00:00Z".parse().unwrap(), "in summer time");
        assert_eq!(calendar.begins(), "2026-02-08T06:00:00Z".parse().unwrap());
    }

    #[test]
    fn work_is_done_on_working_days() {
        let calendar = Calendar::ending(date(2026, 3, 10), 30);
        // Day 0 is a Sunday.
        assert_eq!((0..8).map(|day| calendar.working(day)).collect::<Vec<_>>(), [1, 1, 2, 3, 4, 5, 8, 8]);
        assert_eq!((calendar.next(0, 7), calendar.next(1, 7), calendar.next(1, 3)), (0, 7, 3));
    }
}
