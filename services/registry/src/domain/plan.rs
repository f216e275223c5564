//! The one living plan of a person (FHIR CarePlan): items that say who does what, for which goal, from when.
//! Invariant: an item serves a goal of the person that was open when the item was added, and ends at most once, never before it began.

use std::collections::BTreeMap;

use kernel::skill::Approach;
use kernel::{AgencyId, By, Day, Decider, PersonId, RefusalKind, Voice, WorkerId};

use super::goal::Standing;
use super::{GoalId, PlanItemId, in_persons_voice};

/// A plan; one stream for each person.
pub struct Plan;

/// What an item says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The goal it serves.
    pub goal: GoalId,
    /// Code of the practice.
    pub practice: String,
    /// The skills it is about; none where it trains no skill.
    pub approach: Option<Approach>,
    /// The worker who does it, where known.
    pub worker: Option<WorkerId>,
    /// The agency that does it.
    pub agency: AgencyId,
    /// First day.
    pub from: Day,
    /// Last day; none while it is open.
    pub until: Option<Day>,
    /// The day to look at it again.
    pub review_on: Day,
}

/// An item as the plan holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The agency that added it; none where the person did.
    pub added_by: Option<AgencyId>,
    /// What it says.
    pub content: Content,
    /// Whether it was agreed in the person's voice.
    pub agreed: bool,
}

/// The plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The person; none before the first item.
    pub person: Option<PersonId>,
    /// Its items.
    pub items: BTreeMap<PlanItemId, Item>,
}

/// What can be asked of a plan.
#[derive(Clone, Debug)]
pub enum Command {
    /// Add an item.
    Add {
        /// Who asks.
        by: By,
        /// Whose words these are.
        voice: Voice,
        /// The person.
        person: PersonId,
        /// The item.
        id: PlanItemId,
        /// What it says.
        content: Content,
        /// Where its goal stands.
        goal: Standing,
    },
    /// End an item.
    End {
        /// Who asks.
        by: By,
        /// Whose words these are.
        voice: Voice,
        /// The item.
        id: PlanItemId,
        /// Its last day.
        until: Day,
    },
}

/// What happens to a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// One more item.
    ItemAdded {
        /// The person.
        person: PersonId,
        /// The item.
        id: PlanItemId,
        /// What it is.
        item: Item,
    },
    /// An item ended.
    ItemEnded {
        /// The item.
        id: PlanItemId,
        /// Its last day.
        until: Day,
        /// Whether the person's voice said so.
        agreed: bool,
    },
}

/// How a plan says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such item for this caller.
    #[error("there is no such plan item of this agency; read the plan for its items")]
    NotFound,
    /// The id is taken.
    #[error("a plan item with this id exists")]
    AlreadyExists,
    /// No such goal of the person for this caller.
    #[error("the person has no such goal; list the goals for their ids")]
    GoalNotFound,
    /// The goal is closed.
    #[error("the goal is closed; add the item to an open one")]
    GoalClosed,
    /// It has ended.
    #[error("the item has ended; add a new one")]
    Ended,
    /// It cannot end before it begins.
    #[error("the item's first day is after that day; give a later last day")]
    EndsBeforeItBegins,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound | Self::GoalNotFound => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::GoalClosed | Self::Ended | Self::EndsBeforeItBegins => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "PLAN_ITEM_NOT_FOUND",
            Self::AlreadyExists => "PLAN_ITEM_EXISTS",
            Self::GoalNotFound => "GOAL_NOT_FOUND",
            Self::GoalClosed => "GOAL_CLOSED",
            Self::Ended => "PLAN_ITEM_ENDED",
            Self::EndsBeforeItBegins => "ENDS_BEFORE_IT_BEGINS",
        }
    }
}

impl Item {
    fn is_for(&self, by: By, owner: Option<PersonId>) -> bool {
        match by {
            By::Agency(agency) => self.added_by == Some(agency) || self.content.agency == agency,
            By::Person(person) => owner == Some(person),
            By::System => true,
        }
    }
}

impl Decider for Plan {
    const CATEGORY: &'static str = "plan";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Add { by, voice, person, id, content, goal } => {
                match goal {
                    Standing::Unknown => return Err(Refusal::GoalNotFound),
                    Standing::Closed => return Err(Refusal::GoalClosed),
                    Standing::Open => {}
                }
                if content.until.is_some_and(|until| until < content.from) {
                    return Err(Refusal::EndsBeforeItBegins);
                }
                if state.items.contains_key(&id) {
                    return Err(Refusal::AlreadyExists);
                }
                let added_by = match by {
                    By::Agency(agency) => Some(agency),
                    By::Person(_) | By::System => None,
                };
                let agreed = in_persons_voice(by, voice, person);
                Ok(vec![Event::ItemAdded { person, id, item: Item { added_by, content, agreed } }])
            }
            Command::End { by, voice, id, until } => {
                let item = state.items.get(&id).filter(|item| item.is_for(by, state.person));
                let item = item.ok_or(Refusal::NotFound)?;
                match item.content.until {
                    Some(ended) if ended == until => Ok(vec![]),
                    // A planned last day may come sooner; what has ended stays ended.
                    Some(ended) if ended < until => Err(Refusal::Ended),
                    Some(_) | None if until < item.content.from => Err(Refusal::EndsBeforeItBegins),
                    Some(_) | None => {
                        let agreed = state.person.is_some_and(|person| in_persons_voice(by, voice, person));
                        Ok(vec![Event::ItemEnded { id, until, agreed }])
                    }
                }
            }
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::ItemAdded { person, id, item } => {
                state.person = Some(*person);
                state.items.insert(*id, item.clone());
            }
            Event::ItemEnded { id, until, .. } => {
                if let Some(item) = state.items.get_mut(id) {
                    item.content.until = Some(*until);
                }
            }
        }
        state
    }
}
