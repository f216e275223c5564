//! What can be asked of a placement, and what can be told of one.
//! Invariant: a request says who asks; a record says the whole fact.

use std::collections::BTreeSet;

use kernel::{AgencyId, By, Day, Discrepancy, Occurred, WorkerId, known_longer};

use super::{Assigned, Facts};
use crate::domain::codes::{CancelReason, RefusalReason};
use crate::domain::days::{Month, When};
use crate::domain::lodging::Stay;
use crate::domain::place::Place;
use crate::domain::{FactId, PlacementId, PlanItemId, UnitId};

/// A placement as another system tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What it is about.
    pub facts: Facts,
    /// The unit, where told.
    pub unit: Option<UnitId>,
    /// Entry to the project.
    pub entry: Day,
    /// Move into the home, as told.
    pub move_in: Option<Day>,
    /// Exit from the project, and where to. Not before the entry: see [`Told::ends_in_order`].
    pub exit: Option<(Day, Place)>,
    /// Until when it is known, while there is no exit; none for good.
    pub known_until: Option<Day>,
}

impl Told {
    /// Whether it says what was told before, of a time that was known already.
    pub(super) fn says_nothing_new(&self, before: &Self) -> bool {
        let same = Self { known_until: before.known_until, ..self.clone() } == *before;
        same && !known_longer(before.known_until, self.known_until)
    }

    /// Whether it does not end before it begins.
    pub fn ends_in_order(&self) -> bool {
        self.exit.as_ref().is_none_or(|(on, _)| *on >= self.entry)
    }
}

/// What is kept of a placement that was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// What was told.
    pub told: Told,
    /// The move into the home, where it is taken as one.
    pub moved_in: Option<Day>,
    /// What today's guards would have refused.
    pub discrepancies: Vec<Discrepancy>,
}

impl Recorded {
    /// The days it ran.
    pub fn stay(&self) -> Stay {
        Stay {
            admitted: self.told.entry,
            moved_in: self.moved_in,
            exited: self.told.exit.as_ref().map(|(on, _)| *on),
        }
    }
}

/// What can be asked of a placement.
#[derive(Clone, Debug)]
pub enum Command {
    /// Mean a person for a place.
    Match {
        /// Who asks.
        by: By,
        /// What it is about.
        facts: Facts,
        /// The unit, where known.
        unit: Option<Assigned>,
        /// When.
        at: Occurred,
    },
    /// Give it its unit, or another.
    AssignUnit {
        /// Who asks.
        by: By,
        /// The unit.
        unit: UnitId,
        /// From when.
        when: When,
    },
    /// Name the items of the person's plan that it carries out.
    NamePlan {
        /// Who says so.
        by: By,
        /// When.
        at: Occurred,
        /// All of them.
        items: Vec<PlanItemId>,
    },
    /// Somebody of the agency takes care of it from now on, or nobody does.
    AssignWorker {
        /// Who says so.
        by: By,
        /// Who; none for nobody.
        worker: Option<WorkerId>,
        /// The agency that this worker is known to work for now.
        works_for: Option<AgencyId>,
        /// When.
        at: Occurred,
    },
    /// Who takes care of it hands their caseload over. Quiet where it has ended, or is not theirs.
    HandOver {
        /// Who has it.
        from: WorkerId,
        /// Who takes it.
        to: WorkerId,
        /// Since when.
        at: Occurred,
    },
    /// Offer the place.
    Offer {
        /// Who asks.
        by: By,
        /// When.
        at: Occurred,
    },
    /// The person accepts.
    Accept {
        /// Who says so.
        by: By,
        /// When.
        at: Occurred,
    },
    /// The person declines.
    Decline {
        /// Who says so.
        by: By,
        /// When.
        at: Occurred,
    },
    /// The provider refuses.
    Refuse {
        /// Who asks.
        by: By,
        /// When.
        at: Occurred,
        /// Why.
        reason: RefusalReason,
    },
    /// The person did not come.
    MarkNotArrived {
        /// Who says so.
        by: By,
        /// When.
        at: Occurred,
    },
    /// The agency calls it off.
    Cancel {
        /// Who asks.
        by: By,
        /// When.
        at: Occurred,
        /// Why.
        reason: CancelReason,
    },
    /// The application is taken back.
    Withdraw {
        /// Who asks.
        by: By,
        /// When.
        at: Occurred,
    },
    /// The person enters the project.
    Admit {
        /// Who says so.
        by: By,
        /// On which day.
        when: When,
    },
    /// The person moves into the home.
    MoveIn {
        /// Who says so.
        by: By,
        /// On which day.
        when: When,
    },
    /// The person leaves the project.
    Exit {
        /// Who says so.
        by: By,
        /// On which day.
        when: When,
        /// Where to.
        destination: Place,
    },
    /// Count bed nights.
    AddNights {
        /// Who says so.
        by: By,
        /// The nights, each by its day.
        nights: BTreeSet<Day>,
        /// Now, for today in the zone.
        when: When,
    },
    /// Put it down from elsewhere, whole.
    Record {
        /// What is told.
        told: Box<Told>,
        /// The placement that is the person's permanent home in this agency already.
        home: Option<PlacementId>,
        /// Whether the unit told cannot be claimed.
        unit_taken: bool,
    },
    /// Put down the bed nights of a month from elsewhere.
    RecordNights {
        /// Who says so.
        by: By,
        /// The fact that tells them.
        fact: FactId,
        /// The month.
        month: Month,
        /// Nights of it.
        nights: BTreeSet<Day>,
        /// What becomes of its other nights.
        others: Others,
    },
    /// The nights of a month should never have been written.
    MarkNightsEnteredInError {
        /// Who says so.
        by: By,
        /// The month.
        month: Month,
    },
    /// It should never have been written.
    MarkEnteredInError {
        /// Who says so.
        by: By,
    },
}

/// What becomes of the nights of a month that are not told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Others {
    /// There are no others: the month is told whole.
    None,
    /// They stay as they are, but for these.
    Stay {
        /// Nights that the source has taken back.
        but: BTreeSet<Day>,
    },
}

impl Command {
    /// The unit that it names.
    pub fn unit(&self) -> Option<UnitId> {
        match self {
            Self::AssignUnit { unit, .. } => Some(*unit),
            Self::Match { unit, .. } => unit.map(|unit| unit.unit),
            Self::Record { told, .. } => told.unit,
            Self::NamePlan { .. }
            | Self::AssignWorker { .. }
            | Self::HandOver { .. }
            | Self::Offer { .. }
            | Self::Accept { .. }
            | Self::Decline { .. }
            | Self::Refuse { .. }
            | Self::MarkNotArrived { .. }
            | Self::Cancel { .. }
            | Self::Withdraw { .. }
            | Self::Admit { .. }
            | Self::MoveIn { .. }
            | Self::Exit { .. }
            | Self::AddNights { .. }
            | Self::RecordNights { .. }
            | Self::MarkNightsEnteredInError { .. }
            | Self::MarkEnteredInError { .. } => None,
        }
    }
}
