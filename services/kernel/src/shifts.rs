//! Weekly shifts in wall time, and the instants they come to.
//! Invariant: a shift belongs to the day it begins on, ends after it begins, and keeps its wall times through every clock change.

use std::ops::Range;

use jiff::ToSpan;
use jiff::civil::{Time, Weekday};

use crate::{Day, Timestamp, Zone};

/// One shift of every week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WeeklyShift {
    /// The day it begins on.
    pub weekday: Weekday,
    /// Wall time it begins.
    pub start: Time,
    /// Wall time it ends; not after `start` means on the next day.
    pub end: Time,
}

/// The weekly shifts of some days.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shifts {
    /// Where the wall times are read.
    pub zone: Zone,
    /// The shifts of a week, in any order.
    pub weekly: Vec<WeeklyShift>,
    /// The first day on which a shift may begin.
    pub from: Day,
    /// The day from which no shift begins any more; none while open.
    pub until: Option<Day>,
}

/// A shift of one day, as instants.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shift {
    /// When it begins.
    pub start: Timestamp,
    /// When it ends: after `start`.
    pub end: Timestamp,
    /// The day it belongs to: the one it begins on, in wall time.
    pub day: Day,
}

impl Shifts {
    /// The shifts that share at least an instant with `between` (half-open), by day and, within a day, by wall time of their start.
    ///
    /// A wall time that a clock change leaves out moves on by the gap, and of two equal ones it is the first (as for
    /// appointments, see `Zone::instant`). A shift that would so end before it begins keeps its length in wall time.
    pub fn occurrences(&self, between: Range<Timestamp>) -> impl Iterator<Item = Shift> + '_ {
        let mut weekly = self.weekly.clone();
        weekly.sort_by_key(|shift| (shift.start, shift.end));
        // A shift may have begun the evening before, and a gap may push one past midnight.
        let first = days_later(self.zone.day_of(between.start), -2).max(self.from);
        let last = days_later(self.zone.day_of(between.end), 1);
        let last = self.until.map_or(last, |until| last.min(days_later(until, -1)));
        first
            .series(1.day())
            .take_while(move |day| *day <= last)
            .flat_map(move |day| {
                let of_day: Vec<Shift> = weekly
                    .iter()
                    .filter(|shift| shift.weekday == day.weekday())
                    .map(|shift| self.on(day, shift))
                    .collect();
                of_day
            })
            .filter(move |shift| {
                between.start < between.end && shift.start < between.end && shift.end > between.start
            })
    }

    fn on(&self, day: Day, shift: &WeeklyShift) -> Shift {
        let end_day = if shift.end > shift.start { day } else { days_later(day, 1) };
        let (from, to) = (day.to_datetime(shift.start), end_day.to_datetime(shift.end));
        let start = self.zone.instant(from);
        let end = self.zone.instant(to);
        let end =
            if end > start { end } else { start.saturating_add(from.duration_until(to)).unwrap_or(start) };
        Shift { start, end, day }
    }
}

fn days_later(day: Day, days: i32) -> Day {
    day.saturating_add(days.days())
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// A weekday with the hour and minute of start and end.
    type OfWeek = (Weekday, (i8, i8), (i8, i8));

    fn chicago(weekly: &[OfWeek]) -> Shifts {
        Shifts {
            zone: Zone::named("America/Chicago").unwrap(),
            weekly: weekly
                .iter()
                .map(|(weekday, start, end)| WeeklyShift {
                    weekday: *weekday,
                    start: time(start.0, start.1, 0, 0),
                    end: time(end.0, end.1, 0, 0),
                })
                .collect(),
            from: date(2026, 1, 1),
            until: None,
        }
    }

    fn within(shifts: &Shifts, from: &str, to: &str) -> Vec<(String, String)> {
        shifts
            .occurrences(at(from)..at(to))
            .map(|shift| (shift.start.to_string(), shift.end.to_string()))
            .collect()
    }

    fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(start, end)| (at(start).to_string(), at(end).to_string())).collect()
    }

    #[test]
    fn a_shift_keeps_its_wall_time_through_a_clock_change() {
        let mondays = chicago(&[(Weekday::Monday, (9, 0), (13, 0))]);
        assert_eq!(
            within(&mondays, "2026-03-02T00:00:00Z", "2026-03-10T00:00:00Z"),
            pairs(&[
                ("2026-03-02T09:00:00-06:00", "2026-03-02T13:00:00-06:00"),
                ("2026-03-09T09:00:00-05:00", "2026-03-09T13:00:00-05:00"),
            ])
        );
    }

    #[test]
    fn a_night_shift_crosses_midnight_and_is_an_hour_short_or_long_at_a_clock_change() {
        let saturdays = chicago(&[(Weekday::Saturday, (22, 0), (6, 0))]);
        let hours = |from: &str, to: &str| {
            let shift = saturdays.occurrences(at(from)..at(to)).next().unwrap();
            shift.end.duration_since(shift.start).as_hours()
        };
        assert_eq!(hours("2026-02-28T12:00:00Z", "2026-03-02T00:00:00Z"), 8);
        assert_eq!(hours("2026-03-07T12:00:00Z", "2026-03-09T00:00:00Z"), 7);
        assert_eq!(hours("2026-10-31T12:00:00Z", "2026-11-02T00:00:00Z"), 9);
    }

    #[test]
    fn a_shift_that_began_the_evening_before_is_found_and_one_that_only_touches_is_not() {
        let saturdays = chicago(&[(Weekday::Saturday, (22, 0), (6, 0))]);
        // Sunday 5 to 6 in the morning is inside; from 6 on it is over.
        assert_eq!(within(&saturdays, "2026-06-07T05:00:00-05:00", "2026-06-07T05:30:00-05:00").len(), 1);
        assert_eq!(within(&saturdays, "2026-06-07T06:00:00-05:00", "2026-06-07T09:00:00-05:00").len(), 0);
        assert_eq!(within(&saturdays, "2026-06-06T20:00:00-05:00", "2026-06-06T22:00:00-05:00").len(), 0);
    }

    #[test]
    fn a_shift_inside_the_hour_that_is_left_out_moves_on_and_keeps_its_length() {
        // 2026-03-08 has no wall time from 02:00 to 03:00.
        let whole = chicago(&[(Weekday::Sunday, (2, 15), (2, 45))]);
        assert_eq!(
            within(&whole, "2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z"),
            pairs(&[("2026-03-08T03:15:00-05:00", "2026-03-08T03:45:00-05:00")])
        );
        let into_its_end = chicago(&[(Weekday::Sunday, (2, 30), (3, 0))]);
        assert_eq!(
            within(&into_its_end, "2026-03-08T00:00:00Z", "2026-03-09T00:00:00Z"),
            pairs(&[("2026-03-08T03:30:00-05:00", "2026-03-08T04:00:00-05:00")])
        );
    }

    #[test]
    fn of_two_equal_wall_times_the_first_counts() {
        let night = chicago(&[(Weekday::Sunday, (1, 30), (2, 30))]);
        assert_eq!(
            within(&night, "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"),
            pairs(&[("2026-11-01T01:30:00-05:00", "2026-11-01T02:30:00-06:00")])
        );
    }

    #[test]
    fn no_shift_begins_before_the_first_day_or_from_the_last_on() {
        let mut daily = chicago(&[(Weekday::Tuesday, (23, 0), (1, 0)), (Weekday::Wednesday, (8, 0), (9, 0))]);
        daily.from = date(2026, 6, 3);
        daily.until = Some(date(2026, 6, 17));
        let days: Vec<Day> = daily
            .occurrences(at("2026-05-01T00:00:00Z")..at("2026-08-01T00:00:00Z"))
            .map(|shift| shift.day)
            .collect();
        // Tuesday the 16th still begins and runs into the 17th.
        assert_eq!(days, [date(2026, 6, 3), date(2026, 6, 9), date(2026, 6, 10), date(2026, 6, 16)]);
    }

    #[test]
    fn a_zone_far_from_utc_loses_no_shift_at_the_edges_of_the_question() {
        let mut shifts = chicago(&[(Weekday::Friday, (0, 30), (4, 0))]);
        shifts.zone = Zone::named("Pacific/Kiritimati").unwrap();
        assert_eq!(
            within(&shifts, "2026-06-04T10:00:00Z", "2026-06-04T11:00:00Z"),
            pairs(&[("2026-06-05T00:30:00+14:00", "2026-06-05T04:00:00+14:00")])
        );
    }

    #[test]
    fn the_edges_of_time_and_an_empty_question_are_no_panic() {
        let mut shifts = chicago(&[(Weekday::Friday, (23, 0), (4, 0))]);
        shifts.from = Day::MIN;
        assert!(shifts.occurrences(Timestamp::MIN..Timestamp::MIN).next().is_none());
        shifts.from = date(9999, 12, 1);
        assert!(shifts.occurrences(at("9999-12-01T00:00:00Z")..Timestamp::MAX).count() > 0);
        let nobody_asked = at("9999-12-04T06:00:00Z")..at("9999-12-04T06:00:00Z");
        assert_eq!(shifts.occurrences(nobody_asked).count(), 0);
    }
}
