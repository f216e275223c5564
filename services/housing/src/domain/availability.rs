//! How a unit stands on a day. Derived from what its diary holds, never stored.
//! Invariant: the first that applies, in the order of the enum; a unit is free only when the last of a household has left.

use kernel::Day;

use super::days::Days;
use super::diary::{Entry, Outage, Tenure};

/// How a unit stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Availability {
    /// No longer let.
    Archived,
    /// Out of service.
    OutOfService,
    /// Somebody lives there.
    Occupied,
    /// Being made ready after the last household.
    Turnaround,
    /// Kept for a household.
    Held,
    /// Free, and matches are taken for it.
    Accepting,
    /// Free.
    Vacant,
}

/// What a unit's availability is derived from.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// Whether it is let no more.
    pub archived: bool,
    /// Whether matches are taken for it.
    pub accepting: bool,
    /// Days that it is made ready after a household left.
    pub turnaround_days: u8,
    /// Who has it when.
    pub entries: &'a [Entry],
    /// When it is out of service.
    pub outages: &'a [Outage],
}

impl Standing<'_> {
    /// How the unit stands on a day, and the first day on which that ends by itself; none where it does not, or nobody knows.
    pub fn on(&self, day: Day) -> (Availability, Option<Day>) {
        if self.archived {
            return (Availability::Archived, None);
        }
        if let Some(outage) = self.outages.iter().find(|outage| outage.days.contains(day)) {
            return (Availability::OutOfService, outage.days.until());
        }
        let having = |tenure| {
            self.entries.iter().filter(move |entry| entry.tenure == tenure && entry.days.contains(day))
        };
        if having(Tenure::Lived).next().is_some() {
            // The last of the household frees it; one that stays on says nothing of an end.
            let ends: Option<Vec<Day>> = having(Tenure::Lived).map(|entry| entry.days.until()).collect();
            return (Availability::Occupied, ends.and_then(|ends| ends.into_iter().max()));
        }
        if let Some(ready) = self.ready_after(day) {
            return (Availability::Turnaround, Some(ready));
        }
        if having(Tenure::Held).next().is_some() {
            return (Availability::Held, None);
        }
        (if self.accepting { Availability::Accepting } else { Availability::Vacant }, None)
    }

    /// The entries that have the unit on a day.
    pub fn having(&self, day: Day) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.days.contains(day))
    }

    /// The first day on which it is ready again, where somebody left so lately that it is not.
    fn ready_after(&self, day: Day) -> Option<Day> {
        let rest = jiff::Span::new().days(i64::from(self.turnaround_days));
        let lived =
            self.entries.iter().filter(|entry| entry.tenure == Tenure::Lived && !entry.days.is_empty());
        lived
            .filter_map(|entry| {
                let left = entry.days.until()?;
                let ready = left.saturating_add(rest);
                Days::new(left, Some(ready))?.contains(day).then_some(ready)
            })
            .max()
    }
}
