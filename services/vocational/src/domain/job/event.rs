//! What happens to a job.
//! Invariant: an event is settled; it says all that a reader of it alone needs to know.

use kernel::{Day, Zone};

use super::{Disclosure, EndReason, Facts, Interview, Kind, Party};
use crate::domain::{CaseId, Contact, ContactId, InterviewId, Terms};

/// What happens to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It began as a lead.
    LeadAdded(Facts),
    /// Its terms were set, whole.
    TermsChanged(Terms),
    /// The person chose what the employer may know.
    DisclosureChosen(Disclosure),
    /// A contact with the employer.
    EmployerContactMade {
        /// The case.
        case: CaseId,
        /// The contact.
        contact: Contact,
        /// Whether the employer was told the person's name.
        person_named: bool,
    },
    /// A contact with the employer never was.
    EmployerContactEnteredInError {
        /// The contact.
        contact: ContactId,
    },
    /// The person applied.
    Applied {
        /// Whether staff handed the application in.
        introduced_by_staff: bool,
    },
    /// An interview is in the diary.
    InterviewScheduled {
        /// The case.
        case: CaseId,
        /// The interview.
        interview: Interview,
    },
    /// An interview is out of the diary.
    InterviewCancelled {
        /// The interview.
        interview: InterviewId,
    },
    /// The employer offers it.
    Offered,
    /// The person takes it.
    Accepted {
        /// The case.
        case: CaseId,
        /// Kind.
        kind: Kind,
        /// The first day agreed.
        starts_on: Option<Day>,
        /// The terms agreed so far.
        terms: Option<Terms>,
    },
    /// The first day of work.
    Started {
        /// The case.
        case: CaseId,
        /// Kind.
        kind: Kind,
        /// The first day.
        on: Day,
        /// The zone of that day.
        zone: Zone,
        /// The terms, with the shift patterns.
        terms: Option<Terms>,
    },
    /// 4 hours have been paid: the start counts.
    StartCounted {
        /// The case.
        case: CaseId,
        /// Kind.
        kind: Kind,
        /// Minutes paid so far.
        paid_minutes: u32,
    },
    /// The last day of work.
    Ended {
        /// The case.
        case: CaseId,
        /// The last day.
        on: Day,
        /// The zone of that day.
        zone: Zone,
        /// Why.
        reason: EndReason,
        /// Whether the person was satisfied.
        satisfied: Option<bool>,
    },
    /// Turned down before it started.
    Declined {
        /// Who turned it down.
        by: Party,
    },
    /// Taken back before it started.
    Withdrawn {
        /// Who took it back.
        by: Party,
    },
    /// Never was.
    EnteredInError,
}
