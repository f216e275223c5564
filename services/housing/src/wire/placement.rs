//! Placements on the wire: requests in, replies out.
//! Invariant: a request that parses has every field that its command needs; what it means is for the domain to say.

mod events;

use std::collections::BTreeSet;

use kernel::ids::Uuid;
use kernel::{AgencyId, By, Day, Occurred, PersonId, Timestamp, UnitGroupId, WorkerId};
use platform::error::BadField;
use platform::seal::Secret;
use platform::wire::{self, to_date};
use proto::housing as pb;

use super::codes::{
    cancel_reason, placement_state, project_type, refusal_reason, relationship, relationship_number,
};
use super::{id_text, place, today, when};
use crate::domain::codes::Relationship;
use crate::domain::days::{Days, Month, When};
use crate::domain::place::Place;
use crate::domain::placement::{Closing, Command, Facts, Made, Others, Situation, State, Told};
use crate::domain::tenancy::Match;
use crate::domain::{FactId, HouseholdId, PlacementId, UnitId, group};

/// The most members of a household.
const MEMBERS: usize = 30;
/// The most items of a plan that one placement carries out.
const PLAN_ITEMS: usize = 50;
/// The most nights in one request.
const NIGHTS: usize = 31;

fn placement_id(text: &str) -> Result<PlacementId, BadField> {
    wire::id("placement_id", text)
}

/// A household to be matched, whose group is still to be looked up.
#[derive(Clone, Debug)]
pub struct Matching {
    /// The group.
    pub group: UnitGroupId,
    /// The unit, where known.
    pub unit: Option<UnitId>,
    /// The household; none makes a new one.
    pub household: Option<HouseholdId>,
    members: Vec<(PersonId, Relationship)>,
    held_from: When,
    at: Occurred,
}

impl Matching {
    /// As a command, with ids for what it makes: `made(what)` is the same for the same request.
    pub fn ask(self, by: By, made: impl Fn(&str) -> Uuid) -> Match {
        let household = self.household.unwrap_or_else(|| HouseholdId::new(made("household")));
        let member = |(i, (person, relationship)): (usize, (PersonId, Relationship))| {
            (PlacementId::new(made(&format!("placement-{i}"))), person, relationship)
        };
        Match {
            by,
            members: self.members.into_iter().enumerate().map(member).collect(),
            household,
            unit: self.unit,
            held_from: self.held_from,
            referral: None,
            at: self.at,
        }
    }
}

/// A household is matched.
pub fn match_placement(now: Timestamp, request: &pb::MatchPlacementRequest) -> Result<Matching, BadField> {
    if request.members.is_empty() || request.members.len() > MEMBERS {
        return Err(BadField::new("members", format!("has none or too many; send 1 to {MEMBERS}")));
    }
    let unit = wire::optional_id("unit_id", &request.unit_id)?;
    if unit.is_none() && request.held_from.is_some() {
        return Err(BadField::new("held_from", "is for a known unit; name it in unit_id, or leave this out"));
    }
    let member = |(i, given): (usize, &pb::Member)| {
        let person = wire::id(&format!("members[{i}].person_id"), &given.person_id)?;
        Ok((person, relationship(&format!("members[{i}].relationship"), given.relationship)?))
    };
    Ok(Matching {
        group: wire::id("unit_group_id", &request.unit_group_id)?,
        unit,
        household: wire::optional_id("household_id", &request.household_id)?,
        members: request.members.iter().enumerate().map(member).collect::<Result<_, _>>()?,
        held_from: when("held_from", request.held_from.as_ref(), now)?,
        at: wire::happened("occurred_at", request.occurred_at.as_ref(), now)?,
    })
}

/// It gets its unit.
pub fn assign(
    by: By,
    now: Timestamp,
    request: &pb::AssignUnitRequest,
) -> Result<(PlacementId, Command), BadField> {
    let unit = wire::id("unit_id", &request.unit_id)?;
    let when = when("from", request.from.as_ref(), now)?;
    Ok((placement_id(&request.placement_id)?, Command::AssignUnit { by, unit, when }))
}

/// The items of the person's plan that it carries out.
pub fn name_plan(
    by: By,
    now: Timestamp,
    request: &pb::NamePlacementPlanRequest,
) -> Result<(PlacementId, Command), BadField> {
    let items = wire::ids("plan_item_ids", &request.plan_item_ids, PLAN_ITEMS)?;
    Ok((placement_id(&request.placement_id)?, Command::NamePlan { by, at: Occurred::instant(now), items }))
}

/// The worker whom a request names to take care of it; none for nobody.
pub fn worker(request: &pb::AssignPlacementWorkerRequest) -> Result<Option<WorkerId>, BadField> {
    wire::optional_id("worker_id", &request.worker_id)
}

/// Somebody takes care of it; for which agency they work is looked up by the caller.
pub fn assign_worker(
    by: By,
    now: Timestamp,
    works_for: Option<AgencyId>,
    request: &pb::AssignPlacementWorkerRequest,
) -> Result<(PlacementId, Command), BadField> {
    let (worker, at) = (worker(request)?, Occurred::instant(now));
    Ok((placement_id(&request.placement_id)?, Command::AssignWorker { by, worker, works_for, at }))
}

/// Steps that say nothing but when.
macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident($request:ident) -> $command:ident;)+) => {$(
        $(#[$doc])*
        pub fn $name(by: By, now: Timestamp, request: &pb::$request) -> Result<(PlacementId, Command), BadField> {
            let at = wire::happened("occurred_at", request.occurred_at.as_ref(), now)?;
            Ok((placement_id(&request.placement_id)?, Command::$command { by, at }))
        }
    )+};
}

steps! {
    /// The place is offered.
    offer(OfferPlacementRequest) -> Offer;
    /// The person accepts.
    accept(AcceptPlacementRequest) -> Accept;
    /// The person declines.
    decline(DeclinePlacementRequest) -> Decline;
    /// The person did not come.
    not_arrived(MarkPlacementNotArrivedRequest) -> MarkNotArrived;
    /// It is taken back.
    withdraw(WithdrawPlacementRequest) -> Withdraw;
}

/// The provider refuses.
pub fn refuse(
    by: By,
    now: Timestamp,
    request: &pb::RefusePlacementRequest,
) -> Result<(PlacementId, Command), BadField> {
    let at = wire::happened("occurred_at", request.occurred_at.as_ref(), now)?;
    let reason = refusal_reason::parse("reason", request.reason)?;
    Ok((placement_id(&request.placement_id)?, Command::Refuse { by, at, reason }))
}

/// The agency calls it off.
pub fn cancel(
    by: By,
    now: Timestamp,
    request: &pb::CancelPlacementRequest,
) -> Result<(PlacementId, Command), BadField> {
    let at = wire::happened("occurred_at", request.occurred_at.as_ref(), now)?;
    let reason = cancel_reason::parse("reason", request.reason)?;
    Ok((placement_id(&request.placement_id)?, Command::Cancel { by, at, reason }))
}

/// The person enters the project.
pub fn admit(
    by: By,
    now: Timestamp,
    request: &pb::AdmitPlacementRequest,
) -> Result<(PlacementId, Command), BadField> {
    let when = when("on", request.on.as_ref(), now)?;
    Ok((placement_id(&request.placement_id)?, Command::Admit { by, when }))
}

/// The person moves in.
pub fn move_in(
    by: By,
    now: Timestamp,
    request: &pb::MoveInPlacementRequest,
) -> Result<(PlacementId, Command), BadField> {
    let when = when("on", request.on.as_ref(), now)?;
    Ok((placement_id(&request.placement_id)?, Command::MoveIn { by, when }))
}

/// The person leaves.
pub fn exit(
    by: By,
    now: Timestamp,
    secret: &Secret,
    request: &pb::ExitPlacementRequest,
) -> Result<(PlacementId, Command), BadField> {
    let when = when("on", request.on.as_ref(), now)?;
    let destination = place::place("destination", request.destination.as_ref(), secret)?;
    Ok((placement_id(&request.placement_id)?, Command::Exit { by, when, destination }))
}

/// Nights are counted.
pub fn add_nights(
    by: By,
    now: Timestamp,
    request: &pb::AddNightsRequest,
) -> Result<(PlacementId, Command), BadField> {
    if request.nights.is_empty() || request.nights.len() > NIGHTS {
        return Err(BadField::new("nights", format!("has none or too many; send 1 to {NIGHTS}")));
    }
    let night = |(i, date): (usize, &proto::Date)| wire::day(&format!("nights[{i}]"), date);
    let nights = request.nights.iter().enumerate().map(night).collect::<Result<_, _>>()?;
    let when = today(now);
    Ok((placement_id(&request.placement_id)?, Command::AddNights { by, nights, when }))
}

/// Nights of a month, told from elsewhere.
pub fn record_nights(
    by: By,
    fact: FactId,
    request: &pb::RecordNightsRequest,
) -> Result<(PlacementId, Command), BadField> {
    let given = wire::required("nights", request.nights.as_ref())?;
    let month = month("nights.year", "nights.month", given.year, given.month)?;
    let days = |field: &str, days: &[u32]| -> Result<BTreeSet<Day>, BadField> {
        let night = |(i, number): (usize, &u32)| {
            let day = i8::try_from(*number).ok().and_then(|number| month.day(number));
            day.ok_or_else(|| BadField::new(format!("{field}[{i}]"), "is no day of that month"))
        };
        days.iter().enumerate().map(night).collect()
    };
    let nights = days("nights.days", &given.days)?;
    let but = days("taken_back_days", &request.taken_back_days)?;
    let others = match request.others_stay {
        true => Others::Stay { but },
        false if but.is_empty() => Others::None,
        false => {
            let why = "is told although no others stay; a month told whole takes back what it leaves out";
            return Err(BadField::new("taken_back_days", why));
        }
    };
    Ok((placement_id(&request.placement_id)?, Command::RecordNights { by, fact, month, nights, others }))
}

/// The days of a month whose nights stand untold by a request that left others as they are.
pub fn untold_days(made: &State, request: &pb::RecordNightsRequest) -> Vec<u32> {
    let given = request.nights.as_ref().filter(|_| request.others_stay);
    let month = given.and_then(|given| month("", "", given.year, given.month).ok());
    let (Some(made), Some(given), Some(month)) = (made.made(), given, month) else { return vec![] };
    let standing = made.nights_of(month).into_iter().map(|night| u32::from(night.day().unsigned_abs()));
    standing.filter(|day| !given.days.contains(day)).collect()
}

/// The nights of a month were never meant.
pub fn mark_nights_entered_in_error(
    by: By,
    request: &pb::MarkNightsEnteredInErrorRequest,
) -> Result<(PlacementId, Command), BadField> {
    let month = month("year", "month", request.year, request.month)?;
    Ok((placement_id(&request.placement_id)?, Command::MarkNightsEnteredInError { by, month }))
}

fn month(year_field: &str, month_field: &str, year: u32, month: u32) -> Result<Month, BadField> {
    let year = i16::try_from(year).ok().filter(|year| (1..=9_999).contains(year));
    let year = year.ok_or_else(|| BadField::new(year_field, "is not a year; send one such as 2026"))?;
    let found = i8::try_from(month).ok().and_then(|month| Month::new(year, month));
    found.ok_or_else(|| BadField::new(month_field, "is not a month; send 1 to 12"))
}

/// A placement told from elsewhere, whose group is still to be looked up.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The group.
    pub group: UnitGroupId,
    /// The person.
    pub person: PersonId,
    /// The placement.
    pub id: PlacementId,
    /// The unit, where it is told.
    pub unit: Option<UnitId>,
    household: HouseholdId,
    relationship: Relationship,
    entry: Day,
    move_in: Option<Day>,
    exit: Option<(Day, Place)>,
    known_until: Option<Day>,
}

impl Recording {
    /// What is told by an agency, now that the group is known.
    pub fn told(&self, agency: AgencyId, group: &group::Group) -> Told {
        Told {
            facts: Facts {
                id: self.id,
                person: self.person,
                agency,
                group: group.id,
                group_name: group.content.name.clone(),
                project: group.content.project,
                zone: group.content.zone.clone(),
                household: self.household,
                relationship: self.relationship,
                referral: None,
            },
            unit: self.unit,
            entry: self.entry,
            move_in: self.move_in,
            exit: self.exit.clone(),
            known_until: self.known_until,
        }
    }
}

/// A placement is put down from elsewhere.
pub fn record(
    id: PlacementId,
    secret: &Secret,
    request: &pb::RecordPlacementRequest,
) -> Result<Recording, BadField> {
    let entry = wire::day("entry_on", wire::required("entry_on", request.entry_on.as_ref())?)?;
    let exit_on = wire::optional_day("exit_on", request.exit_on.as_ref())?;
    if exit_on.is_some_and(|exit| exit < entry) {
        return Err(BadField::new("exit_on", "is before `entry_on`; send the day of entry or a later one"));
    }
    let exit = match (exit_on, request.destination.as_ref()) {
        (Some(on), given) => Some((on, place::place("destination", given, secret)?)),
        (None, None) => None,
        (None, Some(_)) => {
            return Err(BadField::new("destination", "is for an exit; send exit_on too, or leave this out"));
        }
    };
    let key = wire::optional_text("household_key", &request.household_key, 200)?;
    let household = match key {
        // A household of one: as good a name as any is the placement's own.
        None => HouseholdId::new(id.uuid()),
        Some(key) => {
            let system = request.source.as_ref().map(|source| source.system.trim()).unwrap_or_default();
            household(secret, system, &key)
        }
    };
    Ok(Recording {
        group: wire::id("unit_group_id", &request.unit_group_id)?,
        person: wire::id("person_id", &request.person_id)?,
        id,
        household,
        relationship: relationship("relationship", request.relationship)?,
        unit: wire::optional_id("unit_id", &request.unit_id)?,
        entry,
        move_in: wire::optional_day("move_in_on", request.move_in_on.as_ref())?,
        known_until: wire::known_until(request.source.as_ref(), exit.is_none())?,
        exit,
    })
}

/// The household that a source system knows by this key. A keyed hash: the key itself is not kept.
fn household(secret: &Secret, system: &str, key: &str) -> HouseholdId {
    let hash = secret.hash("household", format!("{}:{system}{key}", system.len()).as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    HouseholdId::new(uuid::Builder::from_custom_bytes(id).into_uuid())
}

/// A placement as its readers see it; the words of a destination are opened by the caller.
pub fn placement(version: u64, state: &State, destination: Option<pb::Place>) -> Option<pb::Placement> {
    let made = state.made()?;
    let facts = &made.facts;
    let stay = made.stay();
    let (refusal, cancel) = match &made.situation {
        Situation::Closed(Closing::Refused(reason)) => (refusal_reason::number(*reason), 0),
        Situation::Closed(Closing::Cancelled(reason)) => (0, cancel_reason::number(*reason)),
        Situation::Closed(Closing::Declined | Closing::NotArrived | Closing::Withdrawn)
        | Situation::Matched
        | Situation::Offered
        | Situation::Accepted
        | Situation::Admitted { .. }
        | Situation::MovedIn { .. }
        | Situation::Exited { .. } => (0, 0),
    };
    Some(pb::Placement {
        id: facts.id.to_string(),
        etag: version.to_string(),
        person_id: facts.person.to_string(),
        agency_id: facts.agency.to_string(),
        unit_group_id: facts.group.to_string(),
        unit_id: id_text(made.units.last().map(|unit| unit.unit)),
        household_id: facts.household.to_string(),
        relationship: relationship_number(facts.relationship),
        state: placement_state(state).into(),
        project_type: project_type::number(facts.project),
        referral_id: id_text(facts.referral),
        admitted_on: stay.map(|stay| to_date(stay.admitted)),
        moved_in_on: stay.and_then(|stay| stay.moved_in).map(to_date),
        exited_on: stay.and_then(|stay| stay.exited).map(to_date),
        destination,
        lodging: made.lodging().iter().map(range_out).collect(),
        refusal_reason: refusal,
        cancel_reason: cancel,
        discrepancies: discrepancies(made),
        plan_item_ids: made.plan_items.iter().map(ToString::to_string).collect(),
        worker_id: id_text(made.worker),
    })
}

fn range_out(days: &Days) -> pb::DayRange {
    pb::DayRange { from: Some(to_date(days.from())), until: days.until().map(to_date) }
}

fn discrepancies(made: &Made) -> Vec<proto::types::Discrepancy> {
    let kept = made.recorded.as_ref().map(|kept| kept.discrepancies.as_slice()).unwrap_or_default();
    let each = |odd: &kernel::Discrepancy| proto::types::Discrepancy {
        code: odd.code.clone(),
        detail: odd.detail.clone(),
    };
    kept.iter().map(each).collect()
}
