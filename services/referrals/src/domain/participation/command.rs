//! What can be asked of a participation.
//! Invariant: every command carries who asks and when, or is the service's own.

use kernel::{By, Occurred};

use super::{Facts, Recorded};
use crate::domain::PlanItemId;
use crate::domain::assignment::Assignment;
use crate::domain::contact::Contact;
use crate::domain::referral::{ClosingReason, HoldReason};

/// What can be asked of a participation.
#[derive(Clone, Debug)]
pub enum Command {
    /// Begin.
    Start {
        /// Who begins it.
        by: By,
        /// What it is about.
        facts: Facts,
        /// When.
        at: Occurred,
    },
    /// Name the items of the person's plan that it carries out.
    NamePlan {
        /// Who says so.
        by: By,
        /// All of them.
        items: Vec<PlanItemId>,
    },
    /// Note a contact.
    AddContact {
        /// Who notes it.
        by: By,
        /// The contact.
        contact: Contact,
        /// Put down from elsewhere: a contact after the end is then kept.
        recorded: bool,
    },
    /// Let it rest.
    Pause {
        /// Who says so.
        by: By,
        /// Why.
        reason: HoldReason,
        /// Since when.
        at: Occurred,
    },
    /// Take it up again.
    Resume {
        /// Who says so.
        by: By,
        /// Since when.
        at: Occurred,
    },
    /// End.
    End {
        /// Who ends it.
        by: By,
        /// When.
        at: Occurred,
        /// Why.
        reason: ClosingReason,
    },
    /// The person died: it ends then, where it goes on or rests.
    EndForDeath {
        /// When.
        at: Occurred,
    },
    /// Somebody of the agency takes care of it from now on, or nobody does.
    Assign {
        /// Who says so.
        by: By,
        /// Who.
        to: Assignment,
    },
    /// Put down from elsewhere, whole.
    Record(Box<Recorded>),
    /// It should never have been written.
    MarkEnteredInError {
        /// Who says so.
        by: By,
    },
}
