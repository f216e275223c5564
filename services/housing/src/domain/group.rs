//! A unit group: the units of one project, and how many people it is meant for.
//! Invariant: only the agency that runs it changes it, and a published group keeps its project type: placements count by it.

use std::collections::BTreeMap;

use kernel::{AgencyId, Day, Decider, RefusalKind, UnitGroupId, Zone};

use super::CapacityId;
use super::codes::{BedType, CapacityAvailability, HouseholdType, ProjectType, UnitKind};
use super::days::Days;

/// What a unit group says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Name of the project.
    pub name: String,
    /// Its type.
    pub project: ProjectType,
    /// What kind of home its units are; none where not known.
    pub kind: Option<UnitKind>,
    /// Where its days are counted.
    pub zone: Zone,
    /// Days that a unit is made ready after a household left.
    pub turnaround_days: u8,
    /// First day of operation.
    pub operates_from: Option<Day>,
    /// First day without operation.
    pub operates_until: Option<Day>,
    /// (system, value) in the agency's own systems.
    pub identifiers: Vec<(String, String)>,
}

/// How much of a group is meant for one household type over a time (HMIS 2.07).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// For whom.
    pub household: HouseholdType,
    /// Beds.
    pub beds: u32,
    /// Units.
    pub units: u32,
    /// When.
    pub days: Days,
    /// In which part of the year; none where not asked of the project type.
    pub availability: Option<CapacityAvailability>,
    /// What the beds are; none where not asked.
    pub bed_type: Option<BedType>,
}

/// A unit group.
pub struct UnitGroup;

/// Where a unit group stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never made known.
    #[default]
    Unmade,
    /// Known, and open to new placements or closed.
    Made(Box<Group>),
    /// Never meant.
    InError {
        /// Whose it was.
        agency: AgencyId,
    },
}

/// A unit group that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: UnitGroupId,
    /// The agency that runs it.
    pub agency: AgencyId,
    /// What it says.
    pub content: Content,
    /// Its capacities.
    pub capacities: BTreeMap<CapacityId, Capacity>,
    /// Whether it takes nobody new.
    pub closed: bool,
}

impl State {
    /// The group, where it is known.
    pub fn made(&self) -> Option<&Group> {
        match self {
            Self::Made(group) => Some(group),
            Self::Unmade | Self::InError { .. } => None,
        }
    }
}

/// What can be asked of a unit group.
#[derive(Clone, Debug)]
pub enum Command {
    /// Say this, from now on.
    Publish {
        /// Its id.
        id: UnitGroupId,
        /// Whose it is.
        agency: AgencyId,
        /// The whole content.
        content: Content,
    },
    /// Put it down from elsewhere, whole.
    Record {
        /// Its id.
        id: UnitGroupId,
        /// Whose it is.
        agency: AgencyId,
        /// The whole content.
        content: Content,
    },
    /// Have this capacity.
    SetCapacity {
        /// Who asks.
        agency: AgencyId,
        /// Which.
        id: CapacityId,
        /// What it is.
        capacity: Capacity,
    },
    /// Put a capacity down from elsewhere.
    RecordCapacity {
        /// Who asks.
        agency: AgencyId,
        /// Which.
        id: CapacityId,
        /// What it is.
        capacity: Capacity,
    },
    /// A capacity should never have been written.
    MarkCapacityEnteredInError {
        /// Who says so.
        agency: AgencyId,
        /// Which.
        id: CapacityId,
    },
    /// Take nobody new.
    Close {
        /// Who asks.
        agency: AgencyId,
    },
    /// It should never have been written.
    MarkEnteredInError {
        /// Who says so.
        agency: AgencyId,
    },
}

/// What happens to a unit group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It now says this.
    Published {
        /// Its id.
        id: UnitGroupId,
        /// Whose it is.
        agency: AgencyId,
        /// The whole content.
        content: Content,
    },
    /// It was put down from elsewhere; `correction` where it replaces an earlier telling.
    Recorded {
        /// Its id.
        id: UnitGroupId,
        /// Whose it is.
        agency: AgencyId,
        /// The whole content.
        content: Content,
        /// Whether it replaces an earlier telling.
        correction: bool,
    },
    /// It has this capacity.
    CapacitySet {
        /// Which.
        id: CapacityId,
        /// What it is.
        capacity: Capacity,
    },
    /// A capacity was put down from elsewhere; `correction` where it replaces an earlier telling.
    CapacityRecorded {
        /// Which.
        id: CapacityId,
        /// What it is.
        capacity: Capacity,
        /// Whether it replaces an earlier telling.
        correction: bool,
    },
    /// A capacity was never meant.
    CapacityEnteredInError {
        /// Which.
        id: CapacityId,
    },
    /// It takes nobody new.
    Closed,
    /// Never meant.
    EnteredInError {
        /// Which.
        id: UnitGroupId,
    },
}

/// How a unit group says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or it is another agency's.
    #[error("there is no such unit group of this agency; list the agency's unit groups for their ids")]
    NotFound,
    /// It has no such capacity.
    #[error("the unit group has no such capacity; read the group for their ids")]
    CapacityNotFound,
    /// Its project type stays.
    #[error(
        "a unit group keeps its project type, because placements count by it; close it and publish another"
    )]
    ProjectTypeStays,
    /// It takes nobody new.
    #[error("the unit group is closed to new placements; publish it again to open it")]
    Closed,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound | Self::CapacityNotFound => RefusalKind::NotFound,
            Self::ProjectTypeStays | Self::Closed => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "UNIT_GROUP_NOT_FOUND",
            Self::CapacityNotFound => "CAPACITY_NOT_FOUND",
            Self::ProjectTypeStays => "PROJECT_TYPE_STAYS",
            Self::Closed => "UNIT_GROUP_CLOSED",
        }
    }
}

impl Decider for UnitGroup {
    const CATEGORY: &'static str = "unitgroup";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Publish { id, agency, content } => match state {
                State::Unmade => Ok(vec![Event::Published { id, agency, content }]),
                State::Made(group) if group.agency != agency => Err(Refusal::NotFound),
                State::Made(group) if group.content.project != content.project => {
                    Err(Refusal::ProjectTypeStays)
                }
                State::Made(group) if group.content == content && !group.closed => Ok(vec![]),
                State::Made(_) => Ok(vec![Event::Published { id, agency, content }]),
                State::InError { .. } => Err(Refusal::NotFound),
            },
            Command::Record { id, agency, content } => match state {
                State::Unmade => Ok(vec![Event::Recorded { id, agency, content, correction: false }]),
                State::Made(group) if group.agency != agency => Err(Refusal::NotFound),
                State::Made(group) if group.content == content => Ok(vec![]),
                State::InError { agency: owner } if *owner != agency => Err(Refusal::NotFound),
                // What another system says today replaces what it said before, even a type or a withdrawal.
                State::Made(_) | State::InError { .. } => {
                    Ok(vec![Event::Recorded { id, agency, content, correction: true }])
                }
            },
            Command::SetCapacity { agency, id, capacity } => {
                let group = of(state, agency)?;
                let same = group.capacities.get(&id) == Some(&capacity);
                Ok(if same { vec![] } else { vec![Event::CapacitySet { id, capacity }] })
            }
            Command::RecordCapacity { agency, id, capacity } => {
                let group = of(state, agency)?;
                Ok(match group.capacities.get(&id) {
                    Some(known) if *known == capacity => vec![],
                    known => {
                        vec![Event::CapacityRecorded { id, capacity, correction: known.is_some() }]
                    }
                })
            }
            Command::MarkCapacityEnteredInError { agency, id } => {
                let group = of(state, agency)?;
                if group.capacities.contains_key(&id) {
                    Ok(vec![Event::CapacityEnteredInError { id }])
                } else {
                    Err(Refusal::CapacityNotFound)
                }
            }
            Command::Close { agency } => {
                let group = of(state, agency)?;
                Ok(if group.closed { vec![] } else { vec![Event::Closed] })
            }
            Command::MarkEnteredInError { agency } => match state {
                State::InError { agency: owner } if *owner == agency => Ok(vec![]),
                State::Unmade | State::Made(_) | State::InError { .. } => {
                    let id = of(state, agency)?.id;
                    Ok(vec![Event::EnteredInError { id }])
                }
            },
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            // Published is open again; recorded says nothing of that.
            Event::Published { id, agency, content } => made(state, *id, *agency, content, Some(false)),
            Event::Recorded { id, agency, content, .. } => made(state, *id, *agency, content, None),
            Event::CapacitySet { id, capacity } | Event::CapacityRecorded { id, capacity, .. } => {
                change(state, |group| {
                    group.capacities.insert(*id, capacity.clone());
                })
            }
            Event::CapacityEnteredInError { id } => change(state, |group| {
                group.capacities.remove(id);
            }),
            Event::Closed => change(state, |group| group.closed = true),
            Event::EnteredInError { .. } => match state {
                State::Made(group) => State::InError { agency: group.agency },
                State::Unmade | State::InError { .. } => state,
            },
        }
    }
}

/// The group, where this agency runs it.
fn of(state: &State, agency: AgencyId) -> Result<&Group, Refusal> {
    state.made().filter(|group| group.agency == agency).ok_or(Refusal::NotFound)
}

fn made(state: State, id: UnitGroupId, agency: AgencyId, content: &Content, closed: Option<bool>) -> State {
    let (capacities, was_closed) = match state {
        State::Made(group) => (group.capacities, group.closed),
        State::Unmade | State::InError { .. } => (BTreeMap::new(), false),
    };
    let closed = closed.unwrap_or(was_closed);
    State::Made(Box::new(Group { id, agency, content: content.clone(), capacities, closed }))
}

fn change(state: State, by: impl FnOnce(&mut Group)) -> State {
    match state {
        State::Made(mut group) => {
            by(&mut group);
            State::Made(group)
        }
        State::Unmade | State::InError { .. } => state,
    }
}
