//! Days as housing counts them: half-open, so that one household leaves and the next comes on the same day.
//! Invariant: a range never ends before it begins; an empty one lodges nobody and overlaps nothing.

use kernel::{Day, Timestamp, Zone};

/// Days from the first up to, not including, the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Days {
    from: Day,
    until: Option<Day>,
}

impl Days {
    /// The days from `from` on, up to `until` where it is known. None where they would end before they begin.
    pub fn new(from: Day, until: Option<Day>) -> Option<Self> {
        match until {
            Some(until) if until < from => None,
            Some(_) | None => Some(Self { from, until }),
        }
    }
    /// The days from this one on, without an end.
    pub const fn open(from: Day) -> Self {
        Self { from, until: None }
    }
    /// First day.
    pub const fn from(&self) -> Day {
        self.from
    }
    /// First day not in it; none while it is open.
    pub const fn until(&self) -> Option<Day> {
        self.until
    }
    /// Whether it holds no night at all.
    pub fn is_empty(&self) -> bool {
        self.until == Some(self.from)
    }
    /// Whether the night of this day is in it.
    pub fn contains(&self, day: Day) -> bool {
        self.from <= day && self.until.is_none_or(|until| day < until)
    }
    /// Whether the two share a night.
    pub fn overlaps(&self, other: &Self) -> bool {
        let ends_after = |one: &Self, day: Day| one.until.is_none_or(|until| until > day);
        !self.is_empty() && !other.is_empty() && ends_after(self, other.from) && ends_after(other, self.from)
    }
}

/// A month of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month, 1 to 12, of the year, 1 to 9999; none where there is no such month.
    pub fn new(year: i16, month: i8) -> Option<Self> {
        (year > 0 && Day::new(year, month, 1).is_ok()).then_some(Self { year, month })
    }
    /// The month of a day.
    pub fn of(day: Day) -> Self {
        Self { year: day.year(), month: day.month() }
    }
    /// Its year.
    pub const fn year(self) -> i16 {
        self.year
    }
    /// Its number in the year.
    pub const fn month(self) -> i8 {
        self.month
    }
    /// Its day of this number; none where it has no such day.
    pub fn day(self, number: i8) -> Option<Day> {
        Day::new(self.year, self.month, number).ok()
    }
    /// Its first day.
    pub fn first(self) -> Day {
        Day::constant(self.year, self.month, 1)
    }
}

/// The day that a request speaks of, before the zone is known in which it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// The day said; none means today.
    pub on: Option<Day>,
    /// Now.
    pub now: Timestamp,
    /// How many days ago a request may say that it happened.
    pub look_back: u16,
}

/// What a request cannot say of its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotThen {
    /// It lies ahead.
    Ahead,
    /// It is longer ago than a request may look back.
    LongAgo,
}

impl When {
    /// Today in the zone.
    pub fn today(&self, zone: &Zone) -> Day {
        zone.day_of(self.now)
    }
    /// The day in the zone.
    ///
    /// # Errors
    /// A day ahead of today, or longer ago than a request may look back.
    pub fn day(&self, zone: &Zone) -> Result<Day, NotThen> {
        let day = self.today_or_ahead(zone)?;
        if day > self.today(zone) { Err(NotThen::Ahead) } else { Ok(day) }
    }
    /// The day in the zone; it may lie ahead.
    ///
    /// # Errors
    /// A day longer ago than a request may look back.
    pub fn today_or_ahead(&self, zone: &Zone) -> Result<Day, NotThen> {
        let today = self.today(zone);
        let day = self.on.unwrap_or(today);
        let ago = i64::from((today - day).get_days());
        if ago > self.look_back.into() { Err(NotThen::LongAgo) } else { Ok(day) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn days(from: i8, until: Option<i8>) -> Days {
        let may = |day| date(2026, 5, day);
        Days::new(may(from), until.map(may)).expect("in order")
    }

    #[test]
    fn one_leaves_and_the_next_comes_on_the_same_day() {
        assert!(!days(1, Some(10)).overlaps(&days(10, None)));
        assert!(days(1, Some(11)).overlaps(&days(10, None)));
        assert!(days(1, None).overlaps(&days(10, Some(11))));
    }

    #[test]
    fn a_stay_of_no_night_is_legal_and_in_nobodys_way() {
        assert!(days(5, Some(5)).is_empty());
        assert!(!days(5, Some(5)).overlaps(&days(1, None)));
        assert_eq!(Days::new(date(2026, 5, 5), Some(date(2026, 5, 4))), None);
    }

    #[test]
    fn a_request_speaks_of_the_last_fourteen_days_of_its_zone() {
        let zone = Zone::named("America/Chicago").expect("known");
        // Already the 21st in UTC, still the 20th in Chicago.
        let now = "2026-05-21T03:00:00Z".parse().expect("an instant");
        let told = |on| When { on, now, look_back: 14 };
        let on = |day| told(Some(date(2026, 5, day))).day(&zone);
        assert_eq!(told(None).day(&zone), Ok(date(2026, 5, 20)));
        assert_eq!(on(21), Err(NotThen::Ahead));
        assert_eq!(on(6), Ok(date(2026, 5, 6)));
        assert_eq!(on(5), Err(NotThen::LongAgo));
    }
}
