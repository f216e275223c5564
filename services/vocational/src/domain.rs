//! The only door to the vocational domain: cases, jobs, employment status reports.
//! Invariant: pure. Time, ids and what other streams say arrive as arguments.

pub mod case;
mod contact;
mod ids;
pub mod job;
pub mod report;
mod terms;
pub mod work;

#[cfg(test)]
mod tests;

pub use contact::{Contact, ContactParty, Setting};
pub use ids::{CaseId, ContactId, GoalId, InterviewId, JobId, PlanItemId, ReferralId, ReportId};
pub use terms::{BadTerms, Terms, Wage, WagePeriod};
