//! Reading back what this service has stored.
//! Invariant: what was checked when it was stored is not judged again; what is damaged is said to be so.

use kernel::{Day, Discrepancy};
use platform::command::Unreadable;
pub(super) use platform::command::stored::{occurred, stored_id as id, stored_optional_id as optional_id};
use platform::wire::from_date;
use proto::log::Event;

use crate::domain::days::Days;

pub(super) fn day(stored: &Event, date: Option<&proto::Date>) -> Result<Day, Unreadable> {
    date.and_then(from_date).ok_or_else(|| Unreadable::new(stored, "a day in it is damaged"))
}

pub(super) fn optional_day(stored: &Event, date: Option<&proto::Date>) -> Result<Option<Day>, Unreadable> {
    date.map(|date| day(stored, Some(date))).transpose()
}

pub(super) fn days(
    stored: &Event,
    from: Option<&proto::Date>,
    until: Option<&proto::Date>,
) -> Result<Days, Unreadable> {
    Days::new(day(stored, from)?, optional_day(stored, until)?)
        .ok_or_else(|| Unreadable::new(stored, "its days end before they begin"))
}

pub(super) fn code<T>(stored: &Event, known: Option<T>) -> Result<T, Unreadable> {
    known.ok_or_else(|| Unreadable::new(stored, "a code in it is not known"))
}

pub(super) fn discrepancies(stored: &Event) -> Vec<Discrepancy> {
    stored.discrepancies.iter().map(|found| Discrepancy::new(&found.code, &*found.detail)).collect()
}
