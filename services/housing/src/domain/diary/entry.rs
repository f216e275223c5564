//! One line of a unit's diary.
//! Invariant: an entry belongs to one placement, and so to one person of one household.

use kernel::PersonId;

use crate::domain::codes::OutOfServiceReason;
use crate::domain::days::Days;
use crate::domain::{HouseholdId, PlacementId};

/// Who has a unit: one member of a household, by the placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Occupant {
    /// The placement.
    pub placement: PlacementId,
    /// The person.
    pub person: PersonId,
    /// The household: its members may share the unit's nights.
    pub household: HouseholdId,
}

/// How somebody has a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tenure {
    /// It is kept for them.
    Held,
    /// They live there.
    Lived,
}

/// A hold or an occupancy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose.
    pub occupant: Occupant,
    /// How.
    pub tenure: Tenure,
    /// When.
    pub days: Days,
}

/// Days on which nobody can have the unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// When.
    pub days: Days,
    /// Why.
    pub reason: OutOfServiceReason,
}
