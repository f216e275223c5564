//! What happens to a case.
//! Invariant: an event is settled; it says all that a reader of it alone needs to know.

use kernel::{Occurred, WorkerId};

use super::{DischargeReason, Facts, PauseReason, Plan, Stage};
use crate::domain::{Contact, ContactId, ContactParty, JobId, ReferralId};

/// What happens to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was opened: it is referred.
    Opened {
        /// What does not change.
        facts: Facts,
        /// What it serves.
        plan: Plan,
        /// The specialist.
        worker: Option<WorkerId>,
        /// When.
        at: Occurred,
    },
    /// The specialist was named.
    WorkerAssigned {
        /// The specialist.
        worker: WorkerId,
        /// Who handed it over.
        from: Option<WorkerId>,
    },
    /// What it serves was named, in place of what was named before.
    PlanNamed(Plan),
    /// A contact with or about the person.
    ContactMade {
        /// The contact.
        contact: Contact,
        /// Who took part besides workers.
        parties: Vec<ContactParty>,
    },
    /// A contact never was.
    ContactEnteredInError {
        /// The contact.
        contact: ContactId,
    },
    /// The person was met face to face for the first time.
    Engaged {
        /// The referral that opened the case.
        referral: Option<ReferralId>,
    },
    /// The job search began.
    SearchStarted,
    /// A paid job of it started.
    Employed {
        /// The job.
        job: JobId,
        /// When it started.
        at: Occurred,
    },
    /// A paid job of it ended.
    JobEnded {
        /// The job.
        job: JobId,
        /// When it ended.
        at: Occurred,
        /// Whether the case is searching again.
        searching: bool,
    },
    /// It rests.
    Paused {
        /// Why.
        reason: PauseReason,
        /// Where it returns.
        returns: Stage,
    },
    /// It goes on.
    Resumed {
        /// Where it is again.
        stage: Stage,
    },
    /// An employed person was handed on.
    Transitioned {
        /// The referral that opened the case.
        referral: Option<ReferralId>,
    },
    /// It ended.
    Discharged {
        /// The referral that opened the case.
        referral: Option<ReferralId>,
        /// Why.
        reason: DischargeReason,
        /// Whether the person had been met before: ended early, not withdrawn before start.
        ended_early: bool,
    },
    /// A closed case was taken up again.
    Reengaged {
        /// Where it is again.
        stage: Stage,
    },
    /// Never meant.
    EnteredInError {
        /// The referral that opened the case.
        referral: Option<ReferralId>,
    },
}
