//! What was agreed about a job: hours, wage, weekly shifts.
//! Invariant: its patterns are in order of their first day and never overlap, so each day has at most one.

use kernel::{Day, Shifts};

/// What a wage is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WagePeriod {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// What is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wage {
    /// In the smallest unit of the currency.
    pub amount_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// For what.
    pub per: WagePeriod,
}

/// Why patterns cannot stand together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadTerms {
    /// A pattern is over before it begins.
    #[error("holds a pattern whose until_day is not after its from_day; leave until_day out for an open one")]
    EmptyPattern,
    /// Two patterns hold on one day.
    #[error("holds two patterns for one day; end the earlier with until_day where the later begins")]
    Overlap,
    /// More minutes than a week has.
    #[error("holds more minutes than a week has; send at most 10080")]
    TooManyMinutes,
}

/// What was agreed about a job.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Terms {
    weekly_minutes: u32,
    wage: Option<Wage>,
    shifts: Vec<Shifts>,
}

/// Minutes of a week.
const WEEK: u32 = 7 * 24 * 60;

impl Terms {
    /// These terms. The order of the patterns does not matter.
    ///
    /// # Errors
    /// Patterns that are empty or overlap, or minutes beyond a week's.
    pub fn new(weekly_minutes: u32, wage: Option<Wage>, mut shifts: Vec<Shifts>) -> Result<Self, BadTerms> {
        if weekly_minutes > WEEK {
            return Err(BadTerms::TooManyMinutes);
        }
        if shifts.iter().any(is_empty) {
            return Err(BadTerms::EmptyPattern);
        }
        shifts.sort_by_key(|pattern| pattern.from);
        let apart = |pair: &[Shifts]| pair[0].until.is_some_and(|until| until <= pair[1].from);
        if !shifts.windows(2).all(apart) {
            return Err(BadTerms::Overlap);
        }
        Ok(Self { weekly_minutes, wage, shifts })
    }

    /// Usual minutes of work a week, 0 where unknown.
    pub const fn weekly_minutes(&self) -> u32 {
        self.weekly_minutes
    }
    /// The wage, none where unknown or unpaid.
    pub const fn wage(&self) -> Option<&Wage> {
        self.wage.as_ref()
    }
    /// The patterns, by their first day.
    pub fn shifts(&self) -> &[Shifts] {
        &self.shifts
    }

    /// These terms with another pattern in force on its days: earlier and later days keep theirs.
    ///
    /// # Errors
    /// A pattern that is over before it begins.
    pub fn with(&self, pattern: Shifts) -> Result<Self, BadTerms> {
        if is_empty(&pattern) {
            return Err(BadTerms::EmptyPattern);
        }
        let mut shifts: Vec<Shifts> = Vec::with_capacity(self.shifts.len() + 2);
        for old in &self.shifts {
            let before = Shifts { until: earliest(old.until, pattern.from), ..old.clone() };
            let after = pattern.until.map(|until| Shifts { from: old.from.max(until), ..old.clone() });
            shifts.extend([Some(before), after].into_iter().flatten().filter(|part| !is_empty(part)));
        }
        shifts.push(pattern);
        shifts.sort_by_key(|pattern| pattern.from);
        Ok(Self { shifts, ..self.clone() })
    }
}

fn is_empty(pattern: &Shifts) -> bool {
    pattern.until.is_some_and(|until| until <= pattern.from)
}

fn earliest(until: Option<Day>, day: Day) -> Option<Day> {
    Some(until.map_or(day, |until| until.min(day)))
}
