//! A plan as its events leave it: what each item said at each version, what was agreed to, and the clock of its review.
//! Invariant: versions are numbered from 1 without a gap; what a version said is never written over.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{AgencyId, By, Day, PersonId, Timestamp, WorkerId, Zone};

use super::{Change, Content, Event};
use crate::domain::PlanItemId;

/// The plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The person; none before the first item.
    pub person: Option<PersonId>,
    /// Its items.
    pub items: BTreeMap<PlanItemId, Item>,
    /// Its versions, the first one first.
    pub versions: Vec<Version>,
    /// The clock of its review.
    pub review: Review,
    /// By version of the stream, the number of the plan's version that each change made or is about; none where it is about the plan as a whole.
    pub changes: Vec<Option<u32>>,
}

/// An item as the plan holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The agency that added it; none where the person did.
    pub added_by: Option<AgencyId>,
    /// The version from which on the plan does not have it, as it never should have been written; none of one that was meant.
    pub in_error: Option<u32>,
    /// What it said, by the version from which on: at least one, the first one first.
    edits: Vec<Edit>,
}

/// What an item says from one version on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The version.
    pub version: u32,
    /// What it says.
    pub content: Content,
    /// Whether the person's voice said so.
    pub agreed: bool,
}

/// What made a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// An item was added.
    Added,
    /// One says something else.
    Changed,
    /// One ended.
    Ended,
    /// One never should have been written.
    EnteredInError,
}

/// A version of the plan: what one change made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// What made it.
    pub made: Made,
    /// The item that was changed.
    pub item: PlanItemId,
    /// The agency that changed it; none where the person did.
    pub by: Option<AgencyId>,
    /// Whether the person's voice said so.
    pub own_words: bool,
    /// When.
    pub at: Timestamp,
    /// When the person agreed to it as a whole; none while they have not.
    pub agreed: Option<Timestamp>,
    /// Whether the agency wants an overseer to approve it.
    pub asks_overseer: bool,
    /// Who approved it, and when.
    pub approved: Option<(WorkerId, Timestamp)>,
}

/// The clock of a plan's review.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Review {
    /// Nothing goes on that could be looked at.
    #[default]
    Resting,
    /// To be looked at by then.
    Due(Timestamp),
    /// That time has come, and nobody has.
    Overdue(Timestamp),
}

impl Review {
    /// The clock once it has run out: one that concerned nobody rests.
    pub fn ran_out(due: Timestamp, concerned: &BTreeSet<AgencyId>) -> Self {
        if concerned.is_empty() { Self::Resting } else { Self::Overdue(due) }
    }
}

impl Content {
    /// Whether it goes on after that day.
    pub fn goes_on(&self, today: Day) -> bool {
        self.until.is_none_or(|until| until > today)
    }
}

impl Item {
    /// What it says now.
    pub fn current(&self) -> &Edit {
        self.edits.last().expect("an item begins with what it says")
    }

    /// What it said at that version to whom these versions are shown; none where the plan did not have it yet, or any more.
    pub fn at(&self, version: u32, shown: impl Fn(u32) -> bool) -> Option<&Edit> {
        let had = self.in_error.is_none_or(|from| version < from);
        self.last_said(version, shown).filter(|_| had)
    }

    /// What it said last at that version to whom these versions are shown, whether or not it was meant.
    pub fn last_said(&self, version: u32, shown: impl Fn(u32) -> bool) -> Option<&Edit> {
        self.edits.iter().rfind(|edit| edit.version <= version && shown(edit.version))
    }

    /// Whether it goes on after that day.
    pub fn goes_on(&self, today: Day) -> bool {
        self.in_error.is_none() && self.current().content.goes_on(today)
    }

    /// Whether it is this caller's to say that it never should have been written: whoever added it, the person, and who runs the system.
    pub(super) fn is_of(&self, by: By, person: Option<PersonId>) -> bool {
        match by {
            By::Agency(agency) => self.added_by == Some(agency),
            By::Person(caller) => person == Some(caller),
            By::System => true,
        }
    }

    /// The agency that is to look at it: whoever wrote it, and of the person's own whoever does it.
    fn concerns(&self) -> AgencyId {
        self.added_by.unwrap_or(self.current().content.agency)
    }

    /// What it says to this caller, of the versions that are shown, where it is theirs to change: whoever added it, the agency that does it by what is
    /// shown, the person, and the system itself.
    pub fn shown_to(&self, by: By, plan: &State, shown: impl Fn(u32) -> bool) -> Option<&Edit> {
        let edit = self.at(plan.latest(), shown)?;
        let theirs = match by {
            By::Agency(agency) => self.added_by == Some(agency) || edit.content.agency == agency,
            By::Person(person) => plan.person == Some(person),
            By::System => true,
        };
        theirs.then_some(edit)
    }
}

impl State {
    /// The number of the latest version; 0 before the first.
    pub fn latest(&self) -> u32 {
        u32::try_from(self.versions.len()).unwrap_or(u32::MAX)
    }

    /// The version with that number.
    pub fn version(&self, number: u32) -> Option<&Version> {
        self.versions.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// Whether the version with that number is shown to whom these agencies' word is shut.
    pub fn shows(&self, number: u32, shut: &BTreeSet<AgencyId>) -> bool {
        let by = self.version(number).and_then(|version| version.by);
        by.is_none_or(|by| !shut.contains(&by))
    }

    /// The agencies whom the plan is to be looked at by: those that wrote its items, and of the person's own those that do them.
    pub fn agencies(&self) -> BTreeSet<AgencyId> {
        self.items.values().filter(|item| item.in_error.is_none()).map(Item::concerns).collect()
    }

    /// Those of them whose items go on when that instant has come, by the day that it is then where each works.
    pub fn concerned(&self, at: Timestamp, days: &BTreeMap<AgencyId, Day>) -> BTreeSet<AgencyId> {
        let day = |agency| days.get(&agency).copied().unwrap_or_else(|| Zone::utc().day_of(at));
        let going_on = self.items.values().filter(|item| {
            let today = day(item.concerns());
            item.goes_on(today)
        });
        going_on.map(Item::concerns).collect()
    }

    /// The state after an event.
    pub(super) fn after(mut self, event: &Event) -> Self {
        match event {
            Event::ItemAdded { person, id, content, change } => {
                self.person = Some(*person);
                self.makes(Made::Added, *id, change);
                let edit = self.edit(content.clone(), change);
                self.items.insert(*id, Item { added_by: change.by, in_error: None, edits: vec![edit] });
            }
            Event::ItemChanged { id, content, change } => {
                self.makes(Made::Changed, *id, change);
                let edit = self.edit(content.clone(), change);
                if let Some(item) = self.items.get_mut(id) {
                    item.edits.push(edit);
                }
            }
            Event::ItemEnded { id, until, change } => {
                self.makes(Made::Ended, *id, change);
                let version = self.latest();
                if let Some(item) = self.items.get_mut(id) {
                    let Edit { content, agreed, .. } = item.current().clone();
                    let content = Content { until: Some(*until), ..content };
                    item.edits.push(Edit { version, content, agreed });
                }
            }
            Event::ItemInError { id, change, .. } => {
                self.makes(Made::EnteredInError, *id, change);
                let version = self.latest();
                if let Some(item) = self.items.get_mut(id) {
                    item.in_error = Some(version);
                }
            }
            Event::Agreed { version, at } => {
                if let Some(agreed) = self.numbered(*version) {
                    agreed.agreed = Some(*at);
                }
            }
            Event::Approved { version, worker, at } => {
                if let Some(approved) = self.numbered(*version) {
                    approved.approved = Some((*worker, *at));
                }
            }
            Event::Reviewed { review, .. } => self.review = *review,
            Event::ReviewOverdue { due, agencies } => self.review = Review::ran_out(*due, agencies),
        }
        self.changes.push(match event {
            Event::ItemAdded { .. }
            | Event::ItemChanged { .. }
            | Event::ItemEnded { .. }
            | Event::ItemInError { .. } => Some(self.latest()),
            Event::Agreed { version, .. } | Event::Approved { version, .. } => Some(*version),
            Event::Reviewed { .. } | Event::ReviewOverdue { .. } => None,
        });
        self
    }

    /// A change makes a version. One in the person's voice is agreed where the one before it was: then there is nothing that the person has not said.
    fn makes(&mut self, made: Made, item: PlanItemId, change: &Change) {
        let all_agreed = self.versions.last().is_none_or(|before| before.agreed.is_some());
        self.review = change.review;
        self.versions.push(Version {
            made,
            item,
            by: change.by,
            own_words: change.own_words,
            at: change.at,
            agreed: (change.own_words && all_agreed).then_some(change.at),
            asks_overseer: change.asks_overseer,
            approved: None,
        });
    }

    fn edit(&self, content: Content, change: &Change) -> Edit {
        Edit { version: self.latest(), content, agreed: change.own_words }
    }

    fn numbered(&mut self, number: u32) -> Option<&mut Version> {
        self.versions.get_mut(usize::try_from(number.checked_sub(1)?).ok()?)
    }
}
