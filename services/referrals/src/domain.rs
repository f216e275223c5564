//! The only door to the domain of referrals: offers and how they fit, referrals, participations, and who takes care of them.
//! Invariant: pure. Time, ids and what other services said arrive as arguments.

pub mod assignment;
pub mod caseload;
pub mod contact;
mod ids;
pub mod matching;
pub mod offer;
pub mod participation;
pub mod referral;

#[cfg(test)]
mod tests;

pub use ids::{GoalId, ParticipationId, PlanItemId, ReferralId};
