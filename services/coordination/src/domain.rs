//! The only door to the domain of coordination: what is known of one subject, the rules, and the findings that follow.
//! Invariant: pure. Facts, time and parameters arrive as arguments, and their order means nothing.

pub mod facts;
pub mod findings;
pub mod found;
pub mod parameters;
pub mod rule;
pub mod rules;

#[cfg(test)]
mod tests;

pub use facts::{Commitment, CommitmentKind, Facts, Input, Job, Lodging, Place, Referral, Service};
pub use findings::{FindingId, Findings};
pub use found::{Found, Kind, Subject};
pub use parameters::{Parameters, Values};
pub use rule::{Judgement, RULES, Rule, Verdict, judge};
