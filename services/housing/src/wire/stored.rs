//! Reading back what this service has stored.
//! Invariant: what was checked when it was stored is not judged again; what is damaged is said to be so.

use std::str::FromStr;

use kernel::{Day, Discrepancy, Occurred};
use platform::command::Unreadable;
use platform::wire::{from_date, from_occurred};
use proto::log::Event;

use crate::domain::days::Days;

pub(super) fn id<T: FromStr>(stored: &Event, text: &str) -> Result<T, Unreadable> {
    text.parse().map_err(|_| Unreadable::new(stored, "an id in it is damaged"))
}

pub(super) fn optional_id<T: FromStr>(stored: &Event, text: &str) -> Result<Option<T>, Unreadable> {
    if text.is_empty() { Ok(None) } else { id(stored, text).map(Some) }
}

/// When it happened.
pub(super) fn occurred(stored: &Event) -> Result<Occurred, Unreadable> {
    stored.occurred.as_ref().and_then(from_occurred).ok_or_else(|| Unreadable::new(stored, "it has no time"))
}

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
