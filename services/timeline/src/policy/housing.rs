//! Placements, bed nights and living situations on the timeline.
//! Invariant: a stay is nights under that roof by the type of the project (HMIS); admitted to a home not yet moved into is waiting, not a stay.

use std::collections::BTreeSet;

use kernel::{Day, Occurred, Zone};
use platform::source::Read;
use platform::wire::{from_date, to_occurred};
use prost::Message;
use proto::housing::housing_event::Kind;
use proto::housing::{self as pb, HousingEvent, ProjectType};
use proto::timeline::EntryKind;
use proto::types::LifeDomain;

use super::{Unreadable, entry, goes_on, served, spoken, withdraw};
use crate::entries::{Entries, Put};

const LOG: &str = "housing";
/// From the match to the home, or to nothing.
const WAY: &str = "way";
/// The stay itself.
const STAY: &str = "stay";
const SITUATION: &str = "situation";
/// Begins the key of a run of bed nights; its first day follows.
const NIGHTS: &str = "nights:";

pub(super) fn apply(entries: &mut Entries, read: &Read) -> Result<(), Unreadable> {
    let payload = HousingEvent::decode(read.event.payload.clone()).map_err(|_| Unreadable)?;
    match payload.kind.ok_or(Unreadable)? {
        // What concerns groups and units, and the diary that guards a unit's nights.
        Kind::UnitGroupPublished(_)
        | Kind::UnitGroupRecorded(_)
        | Kind::CapacitySet(_)
        | Kind::CapacityRecorded(_)
        | Kind::CapacityEnteredInError(_)
        | Kind::UnitGroupClosed(_)
        | Kind::UnitGroupEnteredInError(_)
        | Kind::UnitPublished(_)
        | Kind::UnitArchived(_)
        | Kind::UnitEnteredInError(_)
        | Kind::UnitDiaryOpened(_)
        | Kind::UnitDiaryClosed(_)
        | Kind::UnitHeld(_)
        | Kind::UnitOccupied(_)
        | Kind::UnitFreed(_)
        | Kind::UnitReleased(_)
        | Kind::UnitTakenOutOfService(_)
        | Kind::UnitReturnedToService(_)
        // What was not done is no event in a person's life.
        | Kind::ReactionRefused(_) => {}

        Kind::PlacementMatched(matched) => {
            let mut put =
                way(read, &matched.agency_id, &format!("Matched to {}", matched.unit_group_name), true);
            put.stored.facts.insert("group".into(), matched.unit_group_name.clone());
            put.stored.facts.insert("zone".into(), matched.zone);
            entries.put(WAY, put);
        }
        Kind::PlacementUnitAssigned(_) => {
            goes_on(entries, WAY, read, |_| {});
            goes_on(entries, STAY, read, |_| {});
        }
        // Which items it carries out is read from the plan.
        Kind::PlacementPlanNamed(_) => goes_on(entries, WAY, read, |_| {}),
        Kind::PlacementWorkerAssigned(_) => goes_on(entries, WAY, read, |_| {}),
        Kind::PlacementOffered(_) => step(entries, read, "offered a place", true),
        Kind::PlacementAccepted(_) => step(entries, read, "accepted the place", true),
        Kind::PlacementDeclined(_) => step(entries, read, "declined by the person", false),
        Kind::PlacementRefused(_) => step(entries, read, "refused by the provider", false),
        Kind::PlacementNotArrived(_) => step(entries, read, "did not arrive", false),
        Kind::PlacementCancelled(_) => step(entries, read, "cancelled", false),
        Kind::PlacementWithdrawn(_) => step(entries, read, "withdrawn", false),
        Kind::PlacementAdmitted(admitted) => {
            let on = day(entries, admitted.on.as_ref())?;
            let group = group(entries);
            if lodges_at_entry(admitted.project_type()) {
                step(entries, read, "admitted", false);
                entries.put(STAY, stay(read, &group, &on, &zone(entries)));
            } else if admitted.project_type() == ProjectType::EmergencyShelterNightByNight {
                step(entries, read, "admitted, by the night", true);
            } else {
                step(entries, read, "admitted, not yet moved in", true);
            }
        }
        Kind::PlacementMovedIn(moved) => {
            let on = day(entries, moved.on.as_ref())?;
            step(entries, read, "moved in", false);
            entries.put(STAY, stay(read, &group(entries), &on, &zone(entries)));
        }
        Kind::PlacementExited(exited) => {
            let on = day(entries, exited.on.as_ref())?;
            let to = exited.destination.as_ref().map(|place| place.code).unwrap_or_default();
            end(entries, read, &on, to);
        }
        Kind::PlacementRecorded(recorded) => record(entries, read, recorded)?,
        Kind::BedNightsCounted(counted) => {
            let month = counted.nights.ok_or(Unreadable)?;
            nights(entries, read, month.year, month.month, &month.days)?;
        }
        Kind::BedNightsEnteredInError(wrong) => nights(entries, read, wrong.year, wrong.month, &[])?,
        Kind::PlacementEnteredInError(_) | Kind::LivingSituationEnteredInError(_) => withdraw(entries, read),

        Kind::LivingSituationNoted(noted) => {
            entries.put(SITUATION, situation(read, noted.place, noted.contact.as_ref()));
        }
        Kind::LivingSituationRecorded(recorded) => {
            entries.put(SITUATION, situation(read, recorded.place, recorded.contact.as_ref()));
        }
    }
    Ok(())
}

/// HMIS types whose nights count from entry: 0, 2, 8.
fn lodges_at_entry(project: ProjectType) -> bool {
    match project {
        ProjectType::EmergencyShelterEntryExit
        | ProjectType::TransitionalHousing
        | ProjectType::SafeHaven => true,
        ProjectType::Unspecified
        | ProjectType::EmergencyShelterNightByNight
        | ProjectType::PermanentSupportiveHousing
        | ProjectType::PermanentHousingOnly
        | ProjectType::PermanentHousingWithServices
        | ProjectType::RapidRehousing => false,
    }
}

fn housed(mut put: Put) -> Put {
    if let Some(entry) = put.stored.entry.as_mut() {
        entry.life_domains = vec![LifeDomain::Housing.into()];
    }
    put
}

fn way(read: &Read, agency: &str, line: &str, open: bool) -> Put {
    let mut entry = entry(LOG, read, EntryKind::Waiting, line);
    entry.open = open;
    housed(served(LOG, read, entry, agency))
}

fn step(entries: &mut Entries, read: &Read, word: &str, open: bool) {
    let group = group(entries);
    goes_on(entries, WAY, read, |entry| {
        entry.line = format!("{group}: {word}");
        entry.open = open;
        entry.end = if open { None } else { read.event.occurred.clone() };
    });
}

fn group(entries: &Entries) -> String {
    fact(entries, "group")
}

fn zone(entries: &Entries) -> Zone {
    Zone::stored(fact(entries, "zone"))
}

fn fact(entries: &Entries, name: &str) -> String {
    let held = entries.get(WAY).and_then(|put| put.stored.facts.get(name));
    held.cloned().unwrap_or_default()
}

fn day(entries: &Entries, on: Option<&proto::Date>) -> Result<Occurred, Unreadable> {
    let on = on.and_then(from_date).ok_or(Unreadable)?;
    Ok(Occurred::day(on, zone(entries)))
}

fn stay(read: &Read, group: &str, from: &Occurred, zone: &Zone) -> Put {
    let mut entry = entry(LOG, read, EntryKind::Stay, format!("Stays at {group}"));
    entry.start = Some(to_occurred(&Occurred { zone: zone.clone(), ..from.clone() }));
    entry.open = true;
    housed(spoken(LOG, read, entry))
}

fn end(entries: &mut Entries, read: &Read, on: &Occurred, destination: u32) {
    let group = group(entries);
    let to = destination_class(destination);
    goes_on(entries, STAY, read, |entry| {
        entry.open = false;
        entry.end = Some(to_occurred(on));
        entry.line = format!("Stayed at {group}{to}");
    });
    goes_on(entries, WAY, read, |entry| {
        if entry.open {
            entry.open = false;
            entry.end = Some(to_occurred(on));
            entry.line = format!("Left {group}{to}");
        }
    });
}

/// The class of an HMIS 3.12 destination code, by its hundreds.
fn destination_class(code: u32) -> &'static str {
    match code {
        100..=199 => ", left to homelessness",
        200..=299 => ", left to an institution",
        300..=399 => ", left to a temporary place",
        400..=499 => ", left to a permanent home",
        _ => "",
    }
}

fn record(entries: &mut Entries, read: &Read, told: pb::PlacementRecorded) -> Result<(), Unreadable> {
    let zone = Zone::stored(told.zone.clone());
    let occurred =
        |date: Option<&proto::Date>| date.and_then(from_date).map(|day| Occurred::day(day, zone.clone()));
    let entry_on = occurred(told.entry_on.as_ref()).ok_or(Unreadable)?;
    let (moved_in, exit) = (occurred(told.moved_in_on.as_ref()), occurred(told.exit_on.as_ref()));
    let to = destination_class(told.destination.as_ref().map(|place| place.code).unwrap_or_default());
    let by_night = told.project_type() == ProjectType::EmergencyShelterNightByNight;
    let housed_from = if lodges_at_entry(told.project_type()) { Some(entry_on.clone()) } else { moved_in };

    let group = &told.unit_group_name;
    let word = match (&housed_from, by_night, &exit) {
        (Some(_), _, _) => "admitted",
        (None, true, _) => "admitted, by the night",
        (None, false, None) => "admitted, not yet moved in",
        (None, false, Some(_)) => "enrolled, never moved in",
    };
    let mut put =
        way(read, &told.agency_id, &format!("{group}: {word}"), housed_from.is_none() && exit.is_none());
    put.stored.facts.insert("group".into(), group.clone());
    put.stored.facts.insert("zone".into(), told.zone);
    if let Some(entry) = put.stored.entry.as_mut() {
        entry.start = Some(to_occurred(&entry_on));
        entry.end = housed_from.as_ref().or(exit.as_ref()).map(to_occurred);
    }
    entries.put(WAY, put);
    match housed_from {
        None => entries.end(STAY),
        Some(from) => {
            let mut put = stay(read, group, &from, &zone);
            if let (Some(exit), Some(entry)) = (&exit, put.stored.entry.as_mut()) {
                entry.open = false;
                entry.end = Some(to_occurred(exit));
                entry.line = format!("Stayed at {group}{to}");
            }
            entries.put(STAY, put);
        }
    }
    Ok(())
}

/// Replaces the nights of a month, and shows all nights of the placement as runs.
fn nights(entries: &mut Entries, read: &Read, year: u32, month: u32, days: &[u32]) -> Result<(), Unreadable> {
    let date = |day: u32| {
        let (year, month) = (i16::try_from(year).ok()?, i8::try_from(month).ok()?);
        Day::new(year, month, i8::try_from(day).ok()?).ok()
    };
    let first = date(1).ok_or(Unreadable)?;
    let known: Vec<(Day, Day)> = entries.all().filter_map(|(key, put)| run_of(key, put)).collect();
    let mut all: BTreeSet<Day> = known
        .iter()
        .flat_map(|(from, to)| from.series(jiff::Span::new().days(1)).take_while(|day| day < to))
        .collect();
    all.retain(|day| (day.year(), day.month()) != (first.year(), first.month()));
    for day in days {
        all.insert(date(*day).ok_or(Unreadable)?);
    }
    let runs = runs(&all);
    for (from, to) in &known {
        if !runs.contains(&(*from, *to)) {
            entries.end(&format!("{NIGHTS}{from}"));
        }
    }
    let (group, zone) = (group(entries), zone(entries));
    for (from, to) in runs.into_iter().filter(|run| !known.contains(run)) {
        let count = from.until(to).map(|span| span.get_days()).unwrap_or_default();
        let nights = if count == 1 { "1 night".to_owned() } else { format!("{count} nights") };
        let mut entry = entry(LOG, read, EntryKind::Stay, format!("{nights} at {group}"));
        entry.start = Some(to_occurred(&Occurred::day(from, zone.clone())));
        entry.end = Some(to_occurred(&Occurred::day(to, zone.clone())));
        let mut put = housed(spoken(LOG, read, entry));
        put.stored.facts.insert("to".into(), to.to_string());
        entries.put(format!("{NIGHTS}{from}"), put);
    }
    Ok(())
}

/// The first night of a run of bed nights, and the first day after it.
fn run_of(key: &str, put: &Put) -> Option<(Day, Day)> {
    let from = key.strip_prefix(NIGHTS)?.parse().ok()?;
    Some((from, put.stored.facts.get("to")?.parse().ok()?))
}

fn runs(nights: &BTreeSet<Day>) -> Vec<(Day, Day)> {
    let mut runs: Vec<(Day, Day)> = vec![];
    for night in nights {
        let after = night.tomorrow().unwrap_or(*night);
        match runs.last_mut() {
            Some((_, to)) if to == night => *to = after,
            Some(_) | None => runs.push((*night, after)),
        }
    }
    runs
}

fn situation(read: &Read, place: Option<pb::SealedPlace>, contact: Option<&proto::types::Contact>) -> Put {
    let place = place.unwrap_or_default();
    let class = match place.code {
        100..=199 => "homeless",
        200..=299 => "in an institution",
        300..=399 => "in a temporary place",
        400..=499 => "in a permanent home",
        _ => "not known",
    };
    let told = if contact.is_some() { ", told at a contact" } else { "" };
    let line = format!("Living situation: {class} (HMIS {}){told}", place.code);
    let mut put = housed(spoken(LOG, read, entry(LOG, read, EntryKind::LivingSituation, line)));
    put.stored.text = place.other;
    put
}
