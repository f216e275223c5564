//! What can be asked of a job.
//! Invariant: a command carries all that deciding it needs.

use kernel::{By, Day, Private, Shifts, Timestamp, Zone};

use super::{Disclosure, EndReason, Facts, Interview, Kind, Party};
use crate::domain::{Contact, ContactId, InterviewId, JobId, Terms};

/// A lead, before it is known which case it joins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lead {
    /// Id of the job it begins.
    pub id: JobId,
    /// Kind.
    pub kind: Kind,
    /// The employer or school.
    pub employer: Private,
    /// The work.
    pub title: Option<Private>,
}

/// What can be asked of a job.
#[derive(Clone, Debug)]
pub enum Command {
    /// Begin it; decided with the case, see `work`.
    AddLead {
        /// What it is about.
        facts: Box<Facts>,
    },
    /// Set its terms, whole.
    ChangeTerms {
        /// Who asks.
        by: By,
        /// The terms.
        terms: Terms,
    },
    /// Put another weekly pattern in force on its days.
    ChangeShifts {
        /// Who asks.
        by: By,
        /// The pattern.
        shifts: Shifts,
    },
    /// Note what the person chose to let the employer know.
    ChooseDisclosure {
        /// Who notes it.
        by: By,
        /// The choice.
        choice: Disclosure,
        /// Whether these are the person's own words.
        own_words: bool,
    },
    /// Note a contact with the employer.
    AddEmployerContact {
        /// Who notes it.
        by: By,
        /// The contact.
        contact: Contact,
        /// Whether the employer was told the person's name.
        person_named: bool,
    },
    /// A contact with the employer never was.
    MarkEmployerContactEnteredInError {
        /// Who says so.
        by: By,
        /// The contact.
        contact: ContactId,
    },
    /// Note that the person applied.
    Apply {
        /// Who notes it.
        by: By,
        /// Whether staff handed the application in.
        introduced_by_staff: bool,
    },
    /// Put an interview into the diary.
    ScheduleInterview {
        /// Who schedules.
        by: By,
        /// The interview.
        interview: Interview,
    },
    /// Take an interview out of the diary.
    CancelInterview {
        /// Who cancels.
        by: By,
        /// The interview.
        interview: InterviewId,
    },
    /// The person died: no interview is to come any more.
    CallOff {
        /// From when on.
        at: Timestamp,
    },
    /// Note that the employer offers it.
    Offer {
        /// Who notes it.
        by: By,
    },
    /// Note that the person takes it.
    Accept {
        /// Who notes it.
        by: By,
        /// The first day agreed.
        starts_on: Option<Day>,
    },
    /// Note the first day of work; decided with the case, see `work`.
    Start {
        /// Who notes it.
        by: By,
        /// The first day.
        on: Day,
        /// The zone of that day.
        zone: Zone,
    },
    /// Note that 4 hours have been paid.
    CountStart {
        /// Who notes it.
        by: By,
        /// Minutes paid so far.
        paid_minutes: u32,
    },
    /// Note the last day of work; decided with the case, see `work`.
    End {
        /// Who notes it.
        by: By,
        /// The last day.
        on: Day,
        /// The zone of that day.
        zone: Zone,
        /// Why.
        reason: EndReason,
        /// Whether the person was satisfied.
        satisfied: Option<bool>,
    },
    /// Turn it down.
    Decline {
        /// Who notes it.
        by: By,
        /// Who turned it down.
        party: Party,
    },
    /// Take application or offer back.
    Withdraw {
        /// Who notes it.
        by: By,
        /// Who took it back.
        party: Party,
    },
    /// It never was; decided with the case, see `work`.
    MarkEnteredInError {
        /// Who says so.
        by: By,
    },
}
