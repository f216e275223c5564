//! What can be asked of a plan.
//! Invariant: whoever asks says whose words these are; what their agency has settled comes along.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{AgencyId, By, Day, PersonId, Timestamp, Voice, WorkerId, Zone};

use super::Content;
use crate::domain::PlanItemId;
use crate::domain::goal::Standing;

/// Who says something, in whose words, when, and by which settings.
#[derive(Clone, Debug)]
pub struct Said {
    /// Who asks.
    pub by: By,
    /// Whose words these are.
    pub voice: Voice,
    /// When.
    pub at: Timestamp,
    /// What the agency that speaks has settled.
    pub terms: Terms,
    /// Agencies of whose word whoever asks is shown nothing: 42 CFR Part 2 programmes that no consent opens to them.
    pub shut: BTreeSet<AgencyId>,
}

impl Said {
    /// Today, in the agency's zone.
    pub fn today(&self) -> Day {
        self.terms.zone.day_of(self.at)
    }
}

/// What an agency has settled about plans.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The zone it works in.
    pub zone: Zone,
    /// Days from one look at the plan to the next.
    pub review_days: u32,
    /// Whether it wants an overseer to approve what its workers change.
    pub asks_overseer: bool,
}

/// Whether a worker is the overseer that the agency asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overseer {
    /// The agency asks for none.
    NotAsked,
    /// The worker does not play that part there.
    Another,
    /// It is this worker.
    Is(WorkerId),
}

/// Whether a plan's time is over with the person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// The person is not known to have died.
    No,
    /// The person died.
    ByDeath,
}

/// What can be asked of a plan.
#[derive(Clone, Debug)]
pub enum Command {
    /// Add an item.
    Add {
        /// Who says so.
        said: Said,
        /// The person.
        person: PersonId,
        /// The item.
        id: PlanItemId,
        /// What it says.
        content: Content,
        /// Where its goal stands.
        goal: Standing,
    },
    /// Let an item say something else.
    Change {
        /// Who says so.
        said: Said,
        /// The item.
        id: PlanItemId,
        /// The whole of what it says.
        content: Content,
        /// Where its goal stands.
        goal: Standing,
    },
    /// End an item.
    End {
        /// Who says so.
        said: Said,
        /// The item.
        id: PlanItemId,
        /// Its last day.
        until: Day,
    },
    /// Say that an item never should have been written.
    MarkEnteredInError {
        /// Who says so.
        said: Said,
        /// The item.
        id: PlanItemId,
        /// The one that stands in its place.
        replaced_by: Option<PlanItemId>,
    },
    /// Agree to a version.
    Agree {
        /// Who says so.
        said: Said,
        /// Which: the number of changes until then.
        version: u32,
    },
    /// Approve a version, as the overseer that the agency asks for.
    Approve {
        /// Who says so.
        said: Said,
        /// Whether the worker is that overseer.
        overseer: Overseer,
        /// Which.
        version: u32,
    },
    /// Say that the plan was looked at, as a whole.
    Review {
        /// Who says so.
        said: Said,
    },
    /// The time to look at it has come: asked by the clock.
    Lapse {
        /// The instant that has come.
        due: Timestamp,
        /// Whether there is anybody left to look at it with.
        ends: Ends,
        /// The day that it is then where each agency works; in UTC where none is told.
        days: BTreeMap<AgencyId, Day>,
    },
}
