//! Given, when, then: every command in every state that matters. Cedar House, its units and its people are invented.
//! Invariant: these use the functions that production uses, and nothing else.

mod availability;
mod diary;
mod group;
mod household;
mod living;
mod model;
mod nights;
mod placement;
mod record;
mod tenancy;
mod unit;

use jiff::civil::date;
use kernel::{AgencyId, By, Day, Occurred, PersonId, Timestamp, UnitGroupId, Zone};

use super::codes::{ProjectType, Relationship};
use super::days::{Days, When};
use super::diary::Occupant;
use super::place::Place;
use super::placement::{Assigned, Facts};
use super::unit::Belongs;
use super::{HouseholdId, PlacementId, UnitId};

const CEDAR: AgencyId = AgencyId::of(1);
const HARBOR: AgencyId = AgencyId::of(2);
const BY_CEDAR: By = By::Agency(CEDAR);
const BY_HARBOR: By = By::Agency(HARBOR);
const ANA: PersonId = PersonId::of(10);
const BEN: PersonId = PersonId::of(11);
const BY_ANA: By = By::Person(ANA);
const GROUP: UnitGroupId = UnitGroupId::of(20);
const UNIT_A: UnitId = UnitId::of(30);
const UNIT_B: UnitId = UnitId::of(31);
const OF_ANA: PlacementId = PlacementId::of(40);
const OF_BEN: PlacementId = PlacementId::of(41);
const ANAS: HouseholdId = HouseholdId::of(50);
const BENS: HouseholdId = HouseholdId::of(51);

/// 20 May 2026, eight in the evening in Chicago: the 21st in UTC.
fn now() -> Timestamp {
    "2026-05-21T01:00:00Z".parse().expect("an instant")
}
fn may(day: i8) -> Day {
    date(2026, 5, day)
}
fn zone() -> Zone {
    Zone::stored("America/Chicago")
}
fn at() -> Occurred {
    Occurred::instant(now())
}
fn today() -> When {
    When { on: None, now: now(), look_back: 14 }
}
fn on(day: i8) -> When {
    When { on: Some(may(day)), ..today() }
}
fn days(from: i8, until: Option<i8>) -> Days {
    Days::new(may(from), until.map(may)).expect("in order")
}
fn belongs(unit: UnitId) -> Belongs {
    Belongs { id: unit, group: GROUP, agency: CEDAR }
}
fn from(unit: UnitId, day: i8) -> Assigned {
    Assigned { unit, from: may(day) }
}
fn rental() -> Place {
    Place::new(410, None, None).expect("of the list")
}

/// Ana's placement, as Cedar makes it in a project of this type.
fn of_ana(project: ProjectType) -> Facts {
    Facts {
        id: OF_ANA,
        person: ANA,
        agency: CEDAR,
        group: GROUP,
        group_name: "Cedar House".into(),
        project,
        zone: zone(),
        household: ANAS,
        relationship: Relationship::Oneself,
        referral: None,
    }
}
fn of_ben(project: ProjectType) -> Facts {
    Facts { id: OF_BEN, person: BEN, household: BENS, ..of_ana(project) }
}
fn ana() -> Occupant {
    of_ana(ProjectType::TransitionalHousing).occupant()
}
fn ben() -> Occupant {
    of_ben(ProjectType::TransitionalHousing).occupant()
}
