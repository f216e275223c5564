//! Findings on the timeline.
//! Invariant: a finding is seen only by who may see every one of its inputs, so its class is all of theirs together.

use kernel::{Class, Occurred, Part};
use platform::source::Read;
use platform::wire::to_occurred;
use prost::Message;
use proto::coordination::coordination_event::Kind;
use proto::coordination::{CoordinationEvent, FindingContent, FindingKind};
use proto::timeline::{EntryKind, StoredEntry};

use super::{Unreadable, entry, goes_on, made_of};
use crate::entries::{Entries, Put};

const LOG: &str = "coordination";

pub(super) fn apply(entries: &mut Entries, read: &Read) -> Result<(), Unreadable> {
    let payload = CoordinationEvent::decode(read.event.payload.clone()).map_err(|_| Unreadable)?;
    match payload.kind.ok_or(Unreadable)? {
        Kind::FindingRaised(raised) => {
            let put = finding(read, raised.content.ok_or(Unreadable)?, None)?;
            entries.put(raised.finding_id, put);
        }
        Kind::FindingChanged(changed) => {
            let before = entries.get(&changed.finding_id).cloned();
            let put = finding(read, changed.content.ok_or(Unreadable)?, before)?;
            entries.put(changed.finding_id, put);
        }
        Kind::FindingCleared(cleared) => goes_on(entries, &cleared.finding_id, read, |entry| {
            entry.open = false;
            entry.end = read.event.occurred.clone();
        }),
    }
    Ok(())
}

fn finding(read: &Read, content: FindingContent, before: Option<Put>) -> Result<Put, Unreadable> {
    let parts = content.inputs.iter().map(|input| {
        let agency = input.agency_id.parse().map_err(|_| Unreadable)?;
        Ok(Part { agency, category: input.category.clone(), label: input.label.clone() })
    });
    let class = Class::new(parts.collect::<Result<Vec<_>, _>>()?);
    let kind = match content.kind() {
        FindingKind::Unspecified => return Err(Unreadable),
        FindingKind::Clash => "Clash",
        FindingKind::Synergy => "Synergy",
        FindingKind::Gap => "Gap",
    };
    let mut found = match before.and_then(|put| put.stored.entry) {
        Some(mut entry) => {
            made_of(&mut entry, read);
            entry
        }
        None => entry(LOG, read, EntryKind::Finding, ""),
    };
    found.line = format!("{kind} {}: {}", content.rule, content.line);
    found.open = true;
    let instant = |at: &prost_types::Timestamp| jiff::Timestamp::new(at.seconds, at.nanos).ok();
    if let Some(from) = content.from.as_ref().and_then(instant) {
        found.line = format!("{} (from {})", found.line, from.strftime("%Y-%m-%d"));
    }
    found.end = content.until.as_ref().and_then(instant).map(|until| to_occurred(&Occurred::instant(until)));
    let stored = StoredEntry { entry: Some(found), ..Default::default() };
    Ok(Put { classes: [class].into(), stored, known_from: 0 })
}
