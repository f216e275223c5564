//! The plan on the timeline: its items, and what becomes of it as a whole.
//! Invariant: what a labelled programme says of an item stands under that programme's class.

use platform::source::Read;
use platform::wire::speaker;
use proto::registry as pb;
use proto::timeline::{Entry, EntryKind};

use super::LOG;
use crate::entries::{Entries, Put};
use crate::policy::{entry, goes_on, spoken};

/// An item, as it now stands.
pub(super) fn of_item(read: &Read, content: pb::PlanItemContent) -> Put {
    let mut item = entry(LOG, read, EntryKind::Plan, format!("Plan: {}", content.practice));
    item.open = content.until.is_none();
    item.goal_ids.extend(Some(content.goal_id).filter(|goal| !goal.is_empty()));
    spoken(LOG, read, item)
}

/// Something becomes of a plan's item: in its entry, or, where a labelled programme speaks of another's item, in one of the programme's own beside it, which
/// begins as `anew`: the other's says what it said before.
pub(super) fn item_goes_on(
    entries: &mut Entries,
    read: &Read,
    item: &str,
    anew: Put,
    change: impl FnOnce(&mut Entry),
) {
    let key = format!("item:{item}");
    let apart = entries.get(&key).is_some_and(|put| put.classes.is_disjoint(&anew.classes));
    if !apart || read.event.labels.is_empty() {
        return goes_on(entries, &key, read, change);
    }
    let beside = format!("{key}:{}", speaker(&read.event));
    match entries.get(&beside) {
        None => entries.put(beside, anew),
        Some(_) => goes_on(entries, &beside, read, change),
    }
}

/// The keys of an item's entries: its own, and those that programmes have beside it.
pub(super) fn keys_of_item(entries: &Entries, item: &str) -> Vec<String> {
    let (own, beside) = (format!("item:{item}"), format!("item:{item}:"));
    let keys = entries.all().map(|(key, _)| key).filter(|key| **key == own || key.starts_with(&beside));
    keys.cloned().collect()
}

/// Something happened to the plan as a whole.
pub(super) fn whole(entries: &mut Entries, read: &Read, line: &str) {
    let happened = entry(LOG, read, EntryKind::Plan, line);
    entries.put(format!("plan:{}", read.event.version), spoken(LOG, read, happened));
}
