//! What each service's events put onto a timeline: one file for each service, each pure.
//!
//! Invariant: a line says no more than its labels allow: codes in words, names of programmes, never a person's own words (those are sealed beside
//! it) and never what another log or the clock would have to tell.

mod coordination;
mod housing;
mod referrals;
mod registry;
mod therapy;
mod vocational;

use std::collections::BTreeSet;

use kernel::{Class, Part};
use platform::source::Read;
use platform::wire::speaker;
use proto::timeline::{Entry, EntryKind, StoredEntry};

use crate::entries::{Entries, Put};

/// The logs that have entries on the timeline.
pub const SOURCES: &[&str] = &["registry", "referrals", "vocational", "housing", "therapy", "coordination"];

/// An event that this release cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the event cannot be read by this release")]
pub struct Unreadable;

/// What an event changes in its stream's entries.
///
/// # Errors
/// A payload that this release cannot read: the person is parked until a release can.
pub fn apply(log: &str, entries: &mut Entries, read: &Read) -> Result<(), Unreadable> {
    match log {
        "registry" => registry::apply(entries, read),
        "referrals" => referrals::apply(entries, read),
        "vocational" => vocational::apply(entries, read),
        "housing" => housing::apply(entries, read),
        "therapy" => therapy::apply(entries, read),
        "coordination" => coordination::apply(entries, read),
        _ => Err(Unreadable),
    }
}

/// An entry about an event, to be filled in by its service's policy.
pub(crate) fn entry(log: &str, read: &Read, kind: EntryKind, line: impl Into<String>) -> Entry {
    let event = &read.event;
    Entry {
        person_id: event.person_id.clone(),
        kind: kind.into(),
        service: log.to_owned(),
        agency_id: speaker(&read.event).to_owned(),
        start: event.occurred.clone(),
        line: line.into(),
        stream: event.stream.clone(),
        labels: event.labels.clone(),
        event_ids: vec![event.id.clone()],
        discrepancies: event.discrepancies.clone(),
        known_until: event.source.as_ref().and_then(|source| source.known_until),
        ..Default::default()
    }
}

/// Puts an entry under the class of the agency that spoke.
pub(crate) fn spoken(log: &str, read: &Read, entry: Entry) -> Put {
    let classes = [class(speaker(&read.event), log, read)].into();
    Put { classes, stored: StoredEntry { entry: Some(entry), ..Default::default() }, known_from: 0 }
}

/// Puts an entry under the class of the agency that its message names: a reaction speaks for none itself.
pub(crate) fn served(log: &str, read: &Read, mut entry: Entry, agency: &str) -> Put {
    entry.agency_id = agency.to_owned();
    shared(log, read, entry, [agency])
}

/// Puts an entry under the classes of these agencies: each of them sees it.
pub(crate) fn shared<'a>(
    log: &str,
    read: &Read,
    entry: Entry,
    agencies: impl IntoIterator<Item = &'a str>,
) -> Put {
    let agencies = agencies.into_iter().filter(|agency| !agency.is_empty());
    let classes: BTreeSet<Class> = agencies.map(|agency| class(agency, log, read)).collect();
    Put { classes, stored: StoredEntry { entry: Some(entry), ..Default::default() }, known_from: 0 }
}

/// The class of an agency's facts of a service; what no agency wrote is the person's own.
fn class(agency: &str, log: &str, read: &Read) -> Class {
    let Ok(agency) = agency.parse() else { return Class::default() };
    Class::new([Part::of_stream(agency, log, &read.event.stream, &Part::joined(&read.event.labels))])
}

/// The same entry, telling where the person is to be found: beside what its stream tells already.
pub(crate) fn telling_where(put: Put) -> Put {
    Put { classes: put.classes.into_iter().map(Class::telling_where).collect(), ..put }
}

/// Notes that an event went into an entry: the first and the last 20 are kept.
pub(crate) fn made_of(entry: &mut Entry, read: &Read) {
    entry.event_ids.push(read.event.id.clone());
    if entry.event_ids.len() > 21 {
        entry.event_ids.remove(1);
    }
}

/// Changes an entry by an event.
pub(crate) fn goes_on(entries: &mut Entries, key: &str, read: &Read, change: impl FnOnce(&mut Entry)) {
    entries.change(key, |stored| {
        if let Some(entry) = stored.entry.as_mut() {
            made_of(entry, read);
            change(entry);
        }
    });
}

/// Marks all of a stream's entries as never meant: only "withdrawn" remains.
pub(crate) fn withdraw(entries: &mut Entries, read: &Read) {
    entries.change_all(|stored| never_meant(stored, read));
}

/// Marks the entry with that key as never meant, as [`withdraw`] does, with what stands in its place.
pub(crate) fn withdraw_one(entries: &mut Entries, key: &str, read: &Read, replaced_by: &str) {
    entries.change(key, |stored| {
        never_meant(stored, read);
        if let Some(entry) = stored.entry.as_mut() {
            replaced_by.clone_into(&mut entry.replaced_by_id);
        }
    });
}

fn never_meant(stored: &mut StoredEntry, read: &Read) {
    stored.text = None;
    stored.facts.clear();
    if let Some(entry) = stored.entry.as_mut() {
        made_of(entry, read);
        entry.withdrawn = true;
        entry.open = false;
        entry.line = "withdrawn: entered in error".into();
        entry.discrepancies.clear();
        entry.goal_ids.clear();
    }
}
