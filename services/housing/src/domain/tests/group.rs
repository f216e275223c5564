//! Unit groups and their capacities.
//! Invariant: see the group's.

use kernel::{Decider, given};

use super::*;
use crate::domain::CapacityId;
use crate::domain::codes::{HouseholdType, UnitKind};
use crate::domain::group::{Capacity, Command, Content, Event, Refusal, State, UnitGroup};
use ProjectType::{SafeHaven, TransitionalHousing};

const BEDS: CapacityId = CapacityId::of(60);

fn content(project: ProjectType) -> Content {
    Content {
        name: "Cedar House".into(),
        project,
        kind: Some(UnitKind::Apartment),
        zone: zone(),
        turnaround_days: 3,
        operates_from: None,
        operates_until: None,
        identifiers: vec![],
    }
}
fn said(project: ProjectType) -> Event {
    Event::Published { id: GROUP, agency: CEDAR, content: content(project) }
}
fn publish(agency: AgencyId, project: ProjectType) -> Command {
    Command::Publish { id: GROUP, agency, content: content(project) }
}
/// A group of Cedar's, for the tests of what it has a say in.
pub(super) fn published(project: ProjectType) -> State {
    UnitGroup::fold(&[said(project)])
}
pub(super) fn closed(project: ProjectType) -> State {
    UnitGroup::fold(&[said(project), Event::Closed])
}
fn beds(beds: u32) -> Capacity {
    Capacity {
        household: HouseholdType::WithoutChildren,
        beds,
        units: 0,
        days: days(1, None),
        availability: None,
        bed_type: None,
    }
}
fn recorded(content: Content, correction: bool) -> Event {
    Event::Recorded { id: GROUP, agency: CEDAR, content, correction }
}

#[test]
fn a_group_is_published_changed_and_said_again_says_nothing() {
    given::<UnitGroup>([]).when(publish(CEDAR, SafeHaven)).then([said(SafeHaven)]);
    given::<UnitGroup>([said(SafeHaven)]).when(publish(CEDAR, SafeHaven)).nothing();
    let renamed = Content { name: "Cedar Lodge".into(), ..content(SafeHaven) };
    given::<UnitGroup>([said(SafeHaven)])
        .when(Command::Publish { id: GROUP, agency: CEDAR, content: renamed.clone() })
        .then([Event::Published { id: GROUP, agency: CEDAR, content: renamed }]);
}

#[test]
fn a_published_group_keeps_its_project_type_and_its_agency() {
    given::<UnitGroup>([said(SafeHaven)])
        .when(publish(CEDAR, TransitionalHousing))
        .refused(Refusal::ProjectTypeStays);
    given::<UnitGroup>([said(SafeHaven)]).when(publish(HARBOR, SafeHaven)).refused(Refusal::NotFound);
}

#[test]
fn a_closed_group_opens_again_when_it_is_published() {
    let close = |agency| Command::Close { agency };
    given::<UnitGroup>([said(SafeHaven)]).when(close(CEDAR)).then([Event::Closed]);
    given::<UnitGroup>([said(SafeHaven), Event::Closed]).when(close(CEDAR)).nothing();
    given::<UnitGroup>([said(SafeHaven)]).when(close(HARBOR)).refused(Refusal::NotFound);
    given::<UnitGroup>([said(SafeHaven), Event::Closed])
        .when(publish(CEDAR, SafeHaven))
        .then([said(SafeHaven)]);
}

#[test]
fn a_group_recorded_again_with_other_content_is_a_correction_even_of_its_type() {
    let record = |project| Command::Record { id: GROUP, agency: CEDAR, content: content(project) };
    let past = || [recorded(content(SafeHaven), false)];
    given::<UnitGroup>([]).when(record(SafeHaven)).then(past());
    given::<UnitGroup>(past()).when(record(SafeHaven)).nothing();
    given::<UnitGroup>(past())
        .when(record(TransitionalHousing))
        .then([recorded(content(TransitionalHousing), true)]);
    given::<UnitGroup>([recorded(content(SafeHaven), false), Event::EnteredInError { id: GROUP }])
        .when(record(SafeHaven))
        .then([recorded(content(SafeHaven), true)]);
}

#[test]
fn capacities_are_set_recorded_corrected_and_taken_back() {
    let agency = CEDAR;
    let set = |capacity| Command::SetCapacity { agency, id: BEDS, capacity };
    let record = |capacity| Command::RecordCapacity { agency, id: BEDS, capacity };
    let was_set = Event::CapacitySet { id: BEDS, capacity: beds(7) };
    let told = |n, correction| Event::CapacityRecorded { id: BEDS, capacity: beds(n), correction };
    given::<UnitGroup>([]).when(set(beds(7))).refused(Refusal::NotFound);
    given::<UnitGroup>([said(SafeHaven)]).when(set(beds(7))).then([was_set.clone()]);
    given::<UnitGroup>([said(SafeHaven), was_set.clone()]).when(set(beds(7))).nothing();
    given::<UnitGroup>([said(SafeHaven)]).when(record(beds(7))).then([told(7, false)]);
    given::<UnitGroup>([said(SafeHaven), told(7, false)]).when(record(beds(7))).nothing();
    given::<UnitGroup>([said(SafeHaven), told(7, false)]).when(record(beds(9))).then([told(9, true)]);
    let mark = |agency| Command::MarkCapacityEnteredInError { agency, id: BEDS };
    let gone = Event::CapacityEnteredInError { id: BEDS };
    given::<UnitGroup>([said(SafeHaven), was_set.clone()]).when(mark(CEDAR)).then([gone.clone()]);
    given::<UnitGroup>([said(SafeHaven), was_set.clone()]).when(mark(HARBOR)).refused(Refusal::NotFound);
    given::<UnitGroup>([said(SafeHaven), was_set, gone]).when(mark(CEDAR)).refused(Refusal::CapacityNotFound);
}

#[test]
fn a_group_never_meant_is_gone() {
    let mark = |agency| Command::MarkEnteredInError { agency };
    given::<UnitGroup>([said(SafeHaven)]).when(mark(CEDAR)).then([Event::EnteredInError { id: GROUP }]);
    given::<UnitGroup>([said(SafeHaven)]).when(mark(HARBOR)).refused(Refusal::NotFound);
    let gone = || [said(SafeHaven), Event::EnteredInError { id: GROUP }];
    given::<UnitGroup>(gone()).when(mark(CEDAR)).nothing();
    given::<UnitGroup>(gone()).when(publish(CEDAR, SafeHaven)).refused(Refusal::NotFound);
}
