//! Where a placement stands.
//! Invariant: a situation holds the days it needs and no others; a move-in cannot be written without an entry.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{AgencyId, Day, PersonId, UnitGroupId, WorkerId, Zone};

use super::{Event, Recorded};
use crate::domain::codes::{CancelReason, LodgedBy, ProjectType, RefusalReason, Relationship};
use crate::domain::days::{Days, Month};
use crate::domain::diary::{Occupant, Tenure};
use crate::domain::lodging::{self, Stay};
use crate::domain::place::Place;
use crate::domain::{FactId, HouseholdId, PlacementId, PlanItemId, ReferralId, UnitId};

/// What a placement is about. Nothing of it changes but by a correction of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its id.
    pub id: PlacementId,
    /// The person.
    pub person: PersonId,
    /// The agency that runs the group.
    pub agency: AgencyId,
    /// The group.
    pub group: UnitGroupId,
    /// Its name.
    pub group_name: String,
    /// Its project type.
    pub project: ProjectType,
    /// Where days are counted.
    pub zone: Zone,
    /// The household.
    pub household: HouseholdId,
    /// Relationship to its head.
    pub relationship: Relationship,
    /// The referral that opened it.
    pub referral: Option<ReferralId>,
}

impl Facts {
    /// The person as a unit's diary knows them.
    pub fn occupant(&self) -> Occupant {
        Occupant { placement: self.id, person: self.person, household: self.household }
    }

    /// Whether the other says the same of who is meant for what, and why.
    pub(super) fn is_same_match(&self, other: &Self) -> bool {
        let key = |facts: &Self| (facts.id, facts.person, facts.group, facts.household, facts.referral);
        key(self) == key(other)
    }
}

/// A unit, and from when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// The unit.
    pub unit: UnitId,
    /// First day.
    pub from: Day,
}

/// How far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Situation {
    /// Meant for a place.
    Matched,
    /// Offered.
    Offered,
    /// Accepted by the person.
    Accepted,
    /// In the project.
    Admitted {
        /// Entry.
        on: Day,
    },
    /// In the home (types 3, 9, 10, 13).
    MovedIn {
        /// Entry.
        admitted: Day,
        /// Move-in.
        on: Day,
    },
    /// Gone.
    Exited {
        /// The days it ran, with the exit.
        stay: Stay,
        /// Where to.
        destination: Place,
    },
    /// Ended before it began.
    Closed(Closing),
}

/// How it ended before it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closing {
    /// The person declined.
    Declined,
    /// The provider refused.
    Refused(RefusalReason),
    /// The person did not come.
    NotArrived,
    /// The agency called it off.
    Cancelled(CancelReason),
    /// The application was taken back.
    Withdrawn,
}

/// A placement that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What it is about.
    pub facts: Facts,
    /// How far it has come.
    pub situation: Situation,
    /// The items of the person's plan that it carries out.
    pub plan_items: Vec<PlanItemId>,
    /// The worker who takes care of it.
    pub worker: Option<WorkerId>,
    /// The units it had, the present one last.
    pub units: Vec<Assigned>,
    /// Its bed nights.
    pub nights: BTreeSet<Day>,
    /// The facts by which sources told those of a month.
    pub nights_told: BTreeMap<Month, BTreeSet<FactId>>,
    /// The whole fact as another system told it; none where it was made here.
    pub recorded: Option<Box<Recorded>>,
}

/// Where a placement stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never made.
    #[default]
    Unmade,
    /// Made.
    Made(Box<Made>),
    /// Never meant.
    InError {
        /// Whose it was.
        agency: AgencyId,
        /// About whom.
        person: PersonId,
    },
}

impl State {
    /// The placement, where it was made and meant.
    pub fn made(&self) -> Option<&Made> {
        match self {
            Self::Made(made) => Some(made),
            Self::Unmade | Self::InError { .. } => None,
        }
    }

    /// About whom it is, or was.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::Unmade => None,
            Self::Made(made) => Some(made.facts.person),
            Self::InError { person, .. } => Some(*person),
        }
    }

    /// Whose permanent home in which agency this placement is now: a person has one of these in an agency. An append takes it when this
    /// begins to be so and gives it back when it ends; another placement that has it refuses the first.
    pub fn home(&self) -> Option<(AgencyId, PersonId)> {
        let made = self.made()?;
        let stands_back = made.recorded.as_ref().is_some_and(|kept| {
            kept.discrepancies.iter().any(|known| known.code == super::record::HOME_ELSEWHERE)
        });
        match made.situation {
            Situation::MovedIn { .. } if !stands_back => Some((made.facts.agency, made.facts.person)),
            Situation::MovedIn { .. }
            | Situation::Matched
            | Situation::Offered
            | Situation::Accepted
            | Situation::Admitted { .. }
            | Situation::Exited { .. }
            | Situation::Closed(_) => None,
        }
    }
}

impl Made {
    /// The unit it has now and how; none where unknown, or where it has ended.
    pub fn unit(&self) -> Option<(Assigned, Tenure)> {
        let unit = *self.units.last()?;
        match &self.situation {
            Situation::Matched | Situation::Offered | Situation::Accepted => Some((unit, Tenure::Held)),
            Situation::Admitted { .. } => match self.facts.project.lodged_by() {
                LodgedBy::Entry | LodgedBy::BedNight => Some((unit, Tenure::Lived)),
                LodgedBy::MoveIn => Some((unit, Tenure::Held)),
            },
            Situation::MovedIn { .. } => Some((unit, Tenure::Lived)),
            Situation::Exited { .. } | Situation::Closed(_) => None,
        }
    }

    /// Whether it has not ended.
    pub fn goes_on(&self) -> bool {
        match self.situation {
            Situation::Matched
            | Situation::Offered
            | Situation::Accepted
            | Situation::Admitted { .. }
            | Situation::MovedIn { .. } => true,
            Situation::Exited { .. } | Situation::Closed(_) => false,
        }
    }

    /// The days it ran or runs; none before entry.
    pub fn stay(&self) -> Option<Stay> {
        match &self.situation {
            Situation::Admitted { on } => Some(Stay { admitted: *on, moved_in: None, exited: None }),
            Situation::MovedIn { admitted, on } => {
                Some(Stay { admitted: *admitted, moved_in: Some(*on), exited: None })
            }
            Situation::Exited { stay, .. } => Some(*stay),
            Situation::Matched | Situation::Offered | Situation::Accepted | Situation::Closed(_) => None,
        }
    }

    /// The nights under this roof.
    pub fn lodging(&self) -> Vec<Days> {
        self.stay().map(|stay| lodging::lodging(self.facts.project, &stay, &self.nights)).unwrap_or_default()
    }

    /// That it was never meant, said of it as it is.
    pub(super) fn entered_in_error(&self) -> Event {
        let Facts { id, person, referral, .. } = self.facts;
        Event::EnteredInError { id, person, referral }
    }

    /// The hold is used up: from this day on the person lives in the unit.
    fn lives_in_unit_from(&mut self, on: Day) {
        if let Some(unit) = self.units.last_mut() {
            unit.from = on;
        }
    }

    /// Its bed nights of a month.
    pub fn nights_of(&self, month: Month) -> BTreeSet<Day> {
        self.nights.iter().copied().filter(|night| Month::of(*night) == month).collect()
    }
}

pub(super) fn evolve(state: State, event: &Event) -> State {
    match event {
        Event::Matched { facts, unit, .. } => State::Made(Box::new(Made {
            facts: facts.clone(),
            situation: Situation::Matched,
            plan_items: vec![],
            worker: None,
            units: unit.iter().copied().collect(),
            nights: BTreeSet::new(),
            nights_told: BTreeMap::new(),
            recorded: None,
        })),
        Event::UnitAssigned { unit, .. } => change(state, |made| made.units.push(*unit)),
        Event::PlanNamed { items, .. } => change(state, |made| made.plan_items.clone_from(items)),
        Event::WorkerAssigned { worker, .. } => change(state, |made| made.worker = *worker),
        Event::Offered { .. } => turn(state, |_| Situation::Offered),
        Event::Accepted { .. } => turn(state, |_| Situation::Accepted),
        Event::Declined { .. } => turn(state, |_| Situation::Closed(Closing::Declined)),
        Event::Refused { reason, .. } => turn(state, |_| Situation::Closed(Closing::Refused(*reason))),
        Event::NotArrived { .. } => turn(state, |_| Situation::Closed(Closing::NotArrived)),
        Event::Cancelled { reason, .. } => turn(state, |_| Situation::Closed(Closing::Cancelled(*reason))),
        Event::Withdrawn { .. } => turn(state, |_| Situation::Closed(Closing::Withdrawn)),
        Event::Admitted { on, project, .. } => change(state, |made| {
            made.situation = Situation::Admitted { on: *on };
            if project.lodged_by() != LodgedBy::MoveIn {
                made.lives_in_unit_from(*on);
            }
        }),
        Event::MovedIn { on, .. } => change(state, |made| {
            let admitted = made.stay().map_or(*on, |stay| stay.admitted);
            made.situation = Situation::MovedIn { admitted, on: *on };
            made.lives_in_unit_from(*on);
        }),
        Event::Exited { on, destination, .. } => turn(state, |made| {
            let stay = made.stay().unwrap_or(Stay { admitted: *on, moved_in: None, exited: None });
            Situation::Exited { stay: Stay { exited: Some(*on), ..stay }, destination: destination.clone() }
        }),
        Event::Recorded { recorded, .. } => {
            let (nights, nights_told, plan_items, worker) = match state {
                State::Made(made) => (made.nights, made.nights_told, made.plan_items, made.worker),
                State::Unmade | State::InError { .. } => Default::default(),
            };
            let told = &recorded.told;
            State::Made(Box::new(Made {
                facts: told.facts.clone(),
                situation: situation_of(recorded),
                plan_items,
                worker,
                units: told.unit.map(|unit| Assigned { unit, from: told.entry }).into_iter().collect(),
                nights,
                nights_told,
                recorded: Some(recorded.clone()),
            }))
        }
        Event::NightsCounted { month, nights, fact, .. } => change(state, |made| {
            made.nights.retain(|night| Month::of(*night) != *month);
            made.nights.extend(nights);
            if let Some(fact) = fact {
                made.nights_told.entry(*month).or_default().insert(*fact);
            }
        }),
        Event::NightsEnteredInError { month, .. } => change(state, |made| {
            made.nights.retain(|night| Month::of(*night) != *month);
            made.nights_told.remove(month);
        }),
        Event::EnteredInError { .. } => match state {
            State::Made(made) => State::InError { agency: made.facts.agency, person: made.facts.person },
            State::Unmade | State::InError { .. } => state,
        },
    }
}

fn situation_of(recorded: &Recorded) -> Situation {
    match (&recorded.told.exit, recorded.moved_in) {
        (Some((_, destination)), _) => {
            Situation::Exited { stay: recorded.stay(), destination: destination.clone() }
        }
        (None, Some(on)) => Situation::MovedIn { admitted: recorded.told.entry, on },
        (None, None) => Situation::Admitted { on: recorded.told.entry },
    }
}

fn turn(state: State, to: impl FnOnce(&Made) -> Situation) -> State {
    change(state, |made| made.situation = to(made))
}

fn change(state: State, by: impl FnOnce(&mut Made)) -> State {
    match state {
        State::Made(mut made) => {
            by(&mut made);
            State::Made(made)
        }
        State::Unmade | State::InError { .. } => state,
    }
}
