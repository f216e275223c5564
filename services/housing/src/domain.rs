//! The only door to the domain of housing: unit groups and units, their diaries, placements, living situations.
//! Invariant: pure. Time, ids and what other services said arrive as arguments.

pub mod availability;
pub mod codes;
pub mod days;
pub mod diary;
pub mod group;
mod ids;
pub mod living;
pub mod lodging;
pub mod place;
pub mod placement;
pub mod tenancy;
pub mod unit;
pub mod upkeep;

#[cfg(test)]
mod tests;

pub use ids::{
    CapacityId, FactId, HouseholdId, LivingSituationId, PlacementId, PlanItemId, ReferralId, UnitId,
};
