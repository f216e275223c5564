//! What placements and the diaries of units decide together, as pure functions of their states.
//! Invariant: a placement's events and its unit's are of one append, or neither is. The diary has the last word.

use std::collections::BTreeMap;

use kernel::{By, Decider, Occurred, PersonId};

use super::codes::{LodgedBy, Relationship};
use super::days::{Days, When};
use super::diary::{self, Diary, Entry, Tenure};
use super::placement::{self, Assigned, Facts, Made, Placement, Situation, Told};
use super::{HouseholdId, PlacementId, ReferralId, UnitId, group, unit};

/// What happens, by stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Decided {
    /// To placements, in the order of the household.
    pub placements: Vec<(PlacementId, Vec<placement::Event>)>,
    /// To diaries.
    pub diaries: Vec<(UnitId, Vec<diary::Event>)>,
}

/// How they say no: each in its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The placement does.
    #[error(transparent)]
    Placement(#[from] placement::Refusal),
    /// The diary does.
    #[error(transparent)]
    Diary(#[from] diary::Refusal),
    /// The unit group does.
    #[error(transparent)]
    Group(#[from] group::Refusal),
    /// The unit does.
    #[error(transparent)]
    Unit(#[from] unit::Refusal),
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> kernel::RefusalKind {
        match self {
            Self::Placement(refusal) => refusal.kind(),
            Self::Diary(refusal) => refusal.kind(),
            Self::Group(refusal) => refusal.kind(),
            Self::Unit(refusal) => refusal.kind(),
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Placement(refusal) => refusal.reason(),
            Self::Diary(refusal) => refusal.reason(),
            Self::Group(refusal) => refusal.reason(),
            Self::Unit(refusal) => refusal.reason(),
        }
    }
}

/// The diaries of the units that a command touches, as loaded, with what it adds to them.
#[derive(Clone, Debug, Default)]
pub struct Diaries {
    open: BTreeMap<UnitId, (diary::State, Vec<diary::Event>)>,
}

impl Diaries {
    /// These diaries.
    pub fn new(loaded: impl IntoIterator<Item = (UnitId, diary::State)>) -> Self {
        Self { open: loaded.into_iter().map(|(unit, state)| (unit, (state, vec![]))).collect() }
    }

    /// Asks one of them; what it decides holds for what is asked next.
    fn ask(&mut self, unit: UnitId, command: diary::Command) -> Result<(), diary::Refusal> {
        let (state, events) = self.open.entry(unit).or_default();
        for event in Diary::decide(state, command)? {
            *state = Diary::evolve(std::mem::take(state), &event);
            events.push(event);
        }
        Ok(())
    }

    fn book(&self, unit: UnitId) -> Option<&diary::Book> {
        self.open.get(&unit).and_then(|(state, _)| state.book())
    }

    fn added(self) -> Vec<(UnitId, Vec<diary::Event>)> {
        let written = |(unit, (_, events)): (UnitId, (diary::State, Vec<diary::Event>))| {
            (!events.is_empty()).then_some((unit, events))
        };
        self.open.into_iter().filter_map(written).collect()
    }
}

/// The units whose diaries a command to a placement may touch: load these before [`decide`] or [`record`]. `asked` is the unit that the
/// command names.
pub fn units_touched(state: &placement::State, asked: Option<UnitId>) -> Vec<UnitId> {
    let known = state.made().map(|made| made.units.as_slice()).unwrap_or_default();
    let mut units: Vec<UnitId> = known.iter().map(|known| known.unit).chain(asked).collect();
    units.sort();
    units.dedup();
    units
}

/// Decides a command to one placement together with the diaries of its units. Matching and recording have their own functions,
/// because the group has a say in them.
pub fn decide(
    id: PlacementId,
    state: &placement::State,
    mut diaries: Diaries,
    command: placement::Command,
) -> Result<Decided, Refusal> {
    let events = Placement::decide(state, command)?;
    let mut state = state.clone();
    for event in &events {
        follow(&state, event, &mut diaries)?;
        state = Placement::evolve(state, event);
    }
    Ok(decided(vec![(id, events)], diaries))
}

/// Writes into the diaries what an event of a placement means for its units.
fn follow(before: &placement::State, event: &placement::Event, diaries: &mut Diaries) -> Result<(), Refusal> {
    use placement::Event as E;
    let Some(made) = before.made() else { return Ok(()) };
    match event {
        E::UnitAssigned { unit, previous, .. } => move_to(made, *unit, *previous, diaries),
        E::Declined { .. }
        | E::Refused { .. }
        | E::NotArrived { .. }
        | E::Cancelled { .. }
        | E::Withdrawn { .. } => release(made, diaries),
        E::Admitted { on, project, .. } => match project.lodged_by() {
            LodgedBy::Entry | LodgedBy::BedNight => occupy(made, Days::open(*on), diaries),
            LodgedBy::MoveIn => Ok(()),
        },
        E::MovedIn { on, .. } => occupy(made, Days::open(*on), diaries),
        E::Exited { on, .. } => match made.unit() {
            Some((unit, Tenure::Lived)) => {
                let placement = made.facts.id;
                Ok(diaries.ask(unit.unit, diary::Command::Free { placement, until: *on })?)
            }
            Some((_, Tenure::Held)) => release(made, diaries),
            None => Ok(()),
        },
        E::EnteredInError { .. } => release(made, diaries),
        // Matched and recorded are followed where they are decided; the others have nothing to do with a unit.
        E::Matched { .. }
        | E::Recorded { .. }
        | E::PlanNamed { .. }
        | E::WorkerAssigned { .. }
        | E::Offered { .. }
        | E::Accepted { .. }
        | E::NightsCounted { .. }
        | E::NightsEnteredInError { .. } => Ok(()),
    }
}

fn occupy(made: &Made, days: Days, diaries: &mut Diaries) -> Result<(), Refusal> {
    let Some((unit, _)) = made.unit() else { return Ok(()) };
    Ok(diaries.ask(unit.unit, diary::Command::Occupy { occupant: made.facts.occupant(), days })?)
}

fn release(made: &Made, diaries: &mut Diaries) -> Result<(), Refusal> {
    for known in &made.units {
        diaries.ask(known.unit, diary::Command::Release { placement: made.facts.id })?;
    }
    Ok(())
}

fn move_to(
    made: &Made,
    unit: Assigned,
    previous: Option<UnitId>,
    diaries: &mut Diaries,
) -> Result<(), Refusal> {
    let (occupant, placement) = (made.facts.occupant(), made.facts.id);
    belongs_to_group(&made.facts, unit.unit, diaries)?;
    let lives_there = match &made.situation {
        Situation::MovedIn { .. } => true,
        Situation::Admitted { .. } => made.facts.project.lodged_by() != LodgedBy::MoveIn,
        Situation::Matched
        | Situation::Offered
        | Situation::Accepted
        | Situation::Exited { .. }
        | Situation::Closed(_) => false,
    };
    if let Some(previous) = previous {
        let leave = if lives_there {
            diary::Command::Free { placement, until: unit.from }
        } else {
            diary::Command::Release { placement }
        };
        diaries.ask(previous, leave)?;
    }
    let take = if lives_there {
        diary::Command::Occupy { occupant, days: Days::open(unit.from) }
    } else {
        diary::Command::Hold { occupant, from: unit.from }
    };
    Ok(diaries.ask(unit.unit, take)?)
}

fn belongs_to_group(facts: &Facts, unit: UnitId, diaries: &Diaries) -> Result<(), Refusal> {
    match diaries.book(unit).map(|book| book.belongs) {
        Some(belongs) if belongs.agency != facts.agency => Err(diary::Refusal::NotFound.into()),
        Some(belongs) if belongs.group != facts.group => Err(placement::Refusal::UnitOfAnotherGroup.into()),
        Some(_) => Ok(()),
        None => Err(diary::Refusal::NotFound.into()),
    }
}

/// A household to be matched to a group.
#[derive(Clone, Debug)]
pub struct Match {
    /// Who asks.
    pub by: By,
    /// Its members, each with the placement to be made.
    pub members: Vec<(PlacementId, PersonId, Relationship)>,
    /// The household.
    pub household: HouseholdId,
    /// The unit, where known, held from the day that `held_from` says.
    pub unit: Option<UnitId>,
    /// From when the unit is held.
    pub held_from: When,
    /// The referral that opens it.
    pub referral: Option<ReferralId>,
    /// When.
    pub at: Occurred,
}

/// Matches every member of a household to a group, and holds the unit for all of them where it is known.
pub fn match_household(
    group: &group::State,
    placements: &BTreeMap<PlacementId, placement::State>,
    mut diaries: Diaries,
    ask: Match,
) -> Result<Decided, Refusal> {
    let group = group.made().ok_or(group::Refusal::NotFound)?;
    if ask.by != By::System && ask.by != By::Agency(group.agency) {
        return Err(group::Refusal::NotFound.into());
    }
    one_household(&ask.members)?;
    let unit = match ask.unit {
        None => None,
        Some(unit) => {
            let from = ask.held_from.today_or_ahead(&group.content.zone).map_err(placement::Refusal::from)?;
            Some(Assigned { unit, from })
        }
    };
    let mut happened = Vec::new();
    for (id, person, relationship) in &ask.members {
        let facts = Facts {
            id: *id,
            person: *person,
            agency: group.agency,
            group: group.id,
            group_name: group.content.name.clone(),
            project: group.content.project,
            zone: group.content.zone.clone(),
            household: ask.household,
            relationship: *relationship,
            referral: ask.referral,
        };
        let unmade = placement::State::Unmade;
        let state = placements.get(id).unwrap_or(&unmade);
        let command =
            placement::Command::Match { by: ask.by, facts: facts.clone(), unit, at: ask.at.clone() };
        let events = Placement::decide(state, command)?;
        // Asked again it already holds, even if the group has closed since.
        if !events.is_empty() {
            if group.closed {
                return Err(group::Refusal::Closed.into());
            }
            if let Some(unit) = unit {
                belongs_to_group(&facts, unit.unit, &diaries)?;
                let hold = diary::Command::Hold { occupant: facts.occupant(), from: unit.from };
                diaries.ask(unit.unit, hold)?;
            }
        }
        happened.push((*id, events));
    }
    Ok(decided(happened, diaries))
}

fn one_household(members: &[(PlacementId, PersonId, Relationship)]) -> Result<(), placement::Refusal> {
    let heads = members.iter().filter(|(_, _, relationship)| *relationship == Relationship::Oneself).count();
    if heads > 1 {
        return Err(placement::Refusal::TwoHeads);
    }
    let mut people: Vec<PersonId> = members.iter().map(|(_, person, _)| *person).collect();
    people.sort();
    people.dedup();
    if people.len() < members.len() { Err(placement::Refusal::MemberTwice) } else { Ok(()) }
}

/// Puts a placement down from elsewhere, whole. A unit told is claimed if it is free; else the placement stands without it.
pub fn record(
    group: &group::State,
    state: &placement::State,
    mut diaries: Diaries,
    told: Told,
    home: Option<PlacementId>,
) -> Result<Decided, Refusal> {
    group.made().filter(|group| group.agency == told.facts.agency).ok_or(group::Refusal::NotFound)?;
    let id = told.facts.id;
    let same = state.made().and_then(|made| made.recorded.as_ref()).is_some_and(|now| now.told == told);
    let unit_taken = !same && !claims(state, &told, &mut diaries)?;
    let command = placement::Command::Record { told: Box::new(told), home, unit_taken };
    let events = Placement::decide(state, command)?;
    Ok(decided(vec![(id, events)], diaries))
}

/// Puts a told placement into the diary of its unit, in place of what an earlier telling put there. False: the unit is not free.
fn claims(state: &placement::State, told: &Told, diaries: &mut Diaries) -> Result<bool, Refusal> {
    let occupant = told.facts.occupant();
    if let Some(unit) = told.unit {
        belongs_to_group(&told.facts, unit, diaries)?;
    }
    let wanted = told.unit.zip(days_in_unit(told));
    let stands = wanted.is_some_and(|(unit, days)| {
        let entry = Entry { occupant, tenure: Tenure::Lived, days };
        diaries.book(unit).is_some_and(|book| book.entries.contains(&entry))
    });
    if stands {
        return Ok(true);
    }
    if let Some(made) = state.made() {
        release(made, diaries)?;
    }
    Ok(match wanted {
        Some((unit, days)) => diaries.ask(unit, diary::Command::Occupy { occupant, days }).is_ok(),
        None => true,
    })
}

/// On which days a told placement has its unit: those of its lodging, and of a bed from entry to exit.
fn days_in_unit(told: &Told) -> Option<Days> {
    let exit = told.exit.as_ref().map(|(on, _)| *on);
    match told.facts.project.lodged_by() {
        LodgedBy::Entry | LodgedBy::BedNight => Days::new(told.entry, exit),
        LodgedBy::MoveIn => told.move_in.filter(|on| *on >= told.entry).and_then(|on| Days::new(on, exit)),
    }
}

fn decided(placements: Vec<(PlacementId, Vec<placement::Event>)>, diaries: Diaries) -> Decided {
    let placements = placements.into_iter().filter(|(_, events)| !events.is_empty()).collect();
    Decided { placements, diaries: diaries.added() }
}
