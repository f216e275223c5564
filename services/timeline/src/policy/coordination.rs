//! Findings on the timeline.
//! Invariant: a finding is seen only by who may see every one of its inputs, so each of its classes is all of theirs together.

use std::collections::BTreeSet;

use kernel::{Class, Occurred, Part};
use platform::source::Read;
use platform::wire::to_occurred;
use prost::Message;
use proto::coordination::coordination_event::Kind;
use proto::coordination::{CoordinationEvent, FindingContent, FindingInput, FindingKind};
use proto::timeline::{EntryKind, FindingMark, StoredEntry};

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
    let classes = classes(&content.inputs)?;
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
    found.finding = Some(FindingMark { kind: content.kind().into(), rule: content.rule });
    found.open = true;
    let instant = |at: &prost_types::Timestamp| jiff::Timestamp::new(at.seconds, at.nanos).ok();
    if let Some(from) = content.from.as_ref().and_then(instant) {
        found.line = format!("{} (from {})", found.line, from.strftime("%Y-%m-%d"));
    }
    found.end = content.until.as_ref().and_then(instant).map(|until| to_occurred(&Occurred::instant(until)));
    let stored = StoredEntry { entry: Some(found), ..Default::default() };
    Ok(Put { classes, stored, known_from: 0 })
}

/// One class for each choice of an agency that sees each input: of those who share an input with its writer, any one will do.
fn classes(inputs: &[FindingInput]) -> Result<BTreeSet<Class>, Unreadable> {
    let mut classes = BTreeSet::from([Class::default()]);
    for input in inputs {
        let mut with = BTreeSet::new();
        for agency in input.shared_with_agency_ids.iter().chain([&input.agency_id]) {
            let agency = agency.parse().map_err(|_| Unreadable)?;
            let part = Part::of_stream(agency, &input.category, &input.stream, &input.label);
            with.extend(
                classes.iter().map(|class| Class::new(class.parts().iter().cloned().chain([part.clone()]))),
            );
        }
        classes = with;
    }
    Ok(classes)
}
