//! What can be asked of a case.
//! Invariant: a command carries all that deciding it needs.

use kernel::{By, Occurred, WorkerId};

use super::{DischargeReason, Facts, PauseReason, Plan};
use crate::domain::{Contact, ContactId, ContactParty, JobId};

/// How a case begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// What it is about.
    pub facts: Facts,
    /// What it serves.
    pub plan: Plan,
    /// The specialist.
    pub worker: Option<WorkerId>,
    /// When.
    pub at: Occurred,
}

/// What can be asked of a case.
#[derive(Clone, Debug)]
pub enum Command {
    /// Open it.
    Open {
        /// Who opens it: the agency that serves, or the system for an accepted referral.
        by: By,
        /// How.
        opening: Box<Opening>,
    },
    /// Name the specialist.
    AssignWorker {
        /// Who asks.
        by: By,
        /// The specialist.
        worker: WorkerId,
    },
    /// The specialist hands their caseload over. Quiet where the case is closed, or not theirs.
    HandOver {
        /// Who has it.
        from: WorkerId,
        /// Who takes it.
        to: WorkerId,
    },
    /// Name what it serves.
    NamePlan {
        /// Who asks.
        by: By,
        /// What it serves.
        plan: Plan,
    },
    /// Note a contact.
    AddContact {
        /// Who notes it.
        by: By,
        /// The contact.
        contact: Contact,
        /// Who took part besides workers.
        parties: Vec<ContactParty>,
    },
    /// A contact never was.
    MarkContactEnteredInError {
        /// Who says so.
        by: By,
        /// The contact.
        contact: ContactId,
    },
    /// Begin the search.
    StartSearch {
        /// Who asks.
        by: By,
        /// When.
        at: Occurred,
    },
    /// Let it rest.
    Pause {
        /// Who pauses it.
        by: By,
        /// Why.
        reason: PauseReason,
        /// Whether these are the person's own words.
        own_words: bool,
        /// When.
        at: Occurred,
    },
    /// Go on.
    Resume {
        /// Who resumes it.
        by: By,
        /// When.
        at: Occurred,
    },
    /// Hand an employed person on.
    Transition {
        /// Who hands on.
        by: By,
        /// When.
        at: Occurred,
    },
    /// End it.
    Discharge {
        /// Who ends it.
        by: By,
        /// Why.
        reason: DischargeReason,
        /// Whether these are the person's own words.
        own_words: bool,
        /// When.
        at: Occurred,
    },
    /// Take it up again.
    Reengage {
        /// Who takes it up.
        by: By,
        /// When.
        at: Occurred,
    },
    /// It should never have been written.
    MarkEnteredInError {
        /// Who says so.
        by: By,
    },
    /// A paid job of it starts; decided with the job, see `work`.
    JobStarts {
        /// Who says so.
        by: By,
        /// The job.
        job: JobId,
        /// When.
        at: Occurred,
    },
    /// A paid job of it no longer runs; decided with the job, see `work`.
    JobEnds {
        /// Who says so.
        by: By,
        /// The job.
        job: JobId,
        /// When.
        at: Occurred,
    },
}
