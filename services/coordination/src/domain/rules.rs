//! The rules, each in its own file under the code it has in domain.md section 8.
//! Invariant: a rule knows no other rule.

pub mod c1;
pub mod c2;
pub mod c3;
pub mod g1;
pub mod s1;

use super::{Commitment, CommitmentKind};

/// What a commitment is called in a finding's line: a labelled one is not even told to be an appointment.
fn called(commitment: &Commitment) -> &'static str {
    if !commitment.input.label.is_empty() {
        return "a commitment";
    }
    match commitment.kind {
        CommitmentKind::Appointment => "an appointment",
        CommitmentKind::Interview => "an interview",
        CommitmentKind::Viewing => "a viewing",
        CommitmentKind::Intake => "an intake",
    }
}

/// Whether a rule may look at the commitment at all: one that begins past what its record knows may not be.
fn known(commitment: &Commitment) -> bool {
    commitment.known_until.is_none_or(|until| commitment.start < until)
}

/// The line's first letter in upper case.
fn sentence(line: String) -> String {
    let mut letters = line.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => line,
    }
}
