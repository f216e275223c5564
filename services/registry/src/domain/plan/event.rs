//! What happens to a plan, and the values it is about.
//! Invariant: an event that changes the plan tells how its review clock stands from then on, so that folding asks no zone data.

use std::collections::BTreeSet;

use kernel::skill::Approach;
use kernel::{AgencyId, Day, OfferId, PersonId, Timestamp, WorkerId};

use super::Review;
use crate::domain::{GoalId, PlanItemId};

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
    /// The service it is done by, as that agency offers it, where known.
    pub offer: Option<OfferId>,
    /// First day.
    pub from: Day,
    /// Last day; none while it is open.
    pub until: Option<Day>,
    /// The day to look at it again.
    pub review_on: Day,
}

/// Who changed the plan, and how it stands by that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The agency; none where the person did.
    pub by: Option<AgencyId>,
    /// Whether it was said in the person's voice.
    pub own_words: bool,
    /// When.
    pub at: Timestamp,
    /// Whether the agency wants an overseer to approve it.
    pub asks_overseer: bool,
    /// The review clock from then on.
    pub review: Review,
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
        /// What it says.
        content: Content,
        /// Who added it.
        change: Change,
    },
    /// An item says something else.
    ItemChanged {
        /// The item.
        id: PlanItemId,
        /// The whole of what it says.
        content: Content,
        /// Who changed it.
        change: Change,
    },
    /// An item ended.
    ItemEnded {
        /// The item.
        id: PlanItemId,
        /// Its last day.
        until: Day,
        /// Who ended it.
        change: Change,
    },
    /// An item never should have been written: from then on the plan does not have it.
    ItemInError {
        /// The item.
        id: PlanItemId,
        /// The one that stands in its place, in this plan or another.
        replaced_by: Option<PlanItemId>,
        /// Who says so.
        change: Change,
    },
    /// The person agreed to a version.
    Agreed {
        /// Which.
        version: u32,
        /// When.
        at: Timestamp,
    },
    /// An agency's overseer approved a version.
    Approved {
        /// Which.
        version: u32,
        /// The overseer.
        worker: WorkerId,
        /// When.
        at: Timestamp,
    },
    /// It was looked at as a whole.
    Reviewed {
        /// Whether the person's voice said so.
        own_words: bool,
        /// The clock from then on.
        review: Review,
    },
    /// The time to look at it has come, and nobody had.
    ReviewOverdue {
        /// Since when.
        due: Timestamp,
        /// The agencies whom it concerns; with none the clock rests.
        agencies: BTreeSet<AgencyId>,
    },
}
