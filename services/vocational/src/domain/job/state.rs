//! Where a job stands.
//! Invariant: only a job that began knows a first day, and only one that ended a last.

use std::collections::BTreeMap;

use kernel::{AgencyId, By, Day, PersonId, Private, Timestamp, Zone};

use super::{Disclosure, EndReason, Event, Kind, Party};
use crate::domain::{CaseId, ContactId, GoalId, InterviewId, JobId, Setting, Terms};

/// What does not change after the lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its id.
    pub id: JobId,
    /// The case.
    pub case: CaseId,
    /// The person.
    pub person: PersonId,
    /// The agency that serves.
    pub agency: AgencyId,
    /// Kind.
    pub kind: Kind,
    /// The employer or school.
    pub employer: Private,
    /// The work.
    pub title: Option<Private>,
    /// Code of the practice of the case.
    pub practice: String,
    /// The goal that the case served then.
    pub goal: Option<GoalId>,
    /// Whether the programme falls under 42 CFR Part 2.
    pub part2: bool,
}

/// An interview: a timed commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interview {
    /// Names it among those of its job.
    pub id: InterviewId,
    /// When it begins.
    pub starts_at: Timestamp,
    /// How long it takes.
    pub minutes: u32,
    /// The zone it was agreed in.
    pub zone: Zone,
    /// Where.
    pub setting: Setting,
    /// The address, or how to join.
    pub place: Option<Private>,
}

/// How a job began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    /// The first day.
    pub on: Day,
    /// The zone of that day.
    pub zone: Zone,
    /// Whether 4 hours have been paid, so that the start counts.
    pub counted: bool,
}

/// How far a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Found, nothing done yet.
    Lead,
    /// The person applied.
    Applied,
    /// The employer asked for an interview.
    Interview,
    /// The employer offers it.
    Offered,
    /// The person takes it; not begun.
    Accepted {
        /// The first day agreed.
        starts_on: Option<Day>,
    },
    /// The person works there.
    Started(Begun),
    /// Over.
    Ended {
        /// How it began.
        begun: Begun,
        /// The last day.
        on: Day,
        /// Why.
        reason: EndReason,
        /// Whether the person was satisfied with it.
        satisfied: Option<bool>,
    },
    /// Turned down before it started.
    Declined(Party),
    /// Taken back before it started.
    Withdrawn(Party),
}

impl Stage {
    /// Whether it can still start.
    pub const fn ahead(&self) -> bool {
        match self {
            Self::Lead | Self::Applied | Self::Interview | Self::Offered | Self::Accepted { .. } => true,
            Self::Started(_) | Self::Ended { .. } | Self::Declined(_) | Self::Withdrawn(_) => false,
        }
    }

    /// Whether the person works there.
    pub const fn runs(&self) -> bool {
        matches!(self, Self::Started(_))
    }
}

/// Where a job stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never begun.
    #[default]
    Unmade,
    /// Begun as a lead.
    Made(Box<Made>),
    /// Never was; what it was about is kept, so that its makers still know of it.
    InError(Box<Facts>),
}

/// A job that was begun as a lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// What does not change.
    pub facts: Facts,
    /// How far it is.
    pub stage: Stage,
    /// What was agreed; none where unknown.
    pub terms: Option<Terms>,
    /// What the person lets the employer know; none before the choice.
    pub disclosure: Option<Disclosure>,
    /// Its interviews, and whether each stands.
    pub interviews: BTreeMap<InterviewId, (Interview, bool)>,
    /// Contacts with the employer, and whether each stands.
    pub contacts: BTreeMap<ContactId, bool>,
}

impl State {
    /// The job, for a caller that may know of it.
    pub fn seen_by(&self, by: By) -> Option<&Made> {
        let made = self.made()?;
        let knows = match by {
            By::Agency(agency) => agency == made.facts.agency,
            By::Person(person) => person == made.facts.person,
            By::System => true,
        };
        knows.then_some(made)
    }

    /// The job, where it was begun and stands.
    pub fn made(&self) -> Option<&Made> {
        match self {
            Self::Made(made) => Some(made),
            Self::Unmade | Self::InError(_) => None,
        }
    }

    /// What it is or was about; none where it was never begun.
    pub fn facts(&self) -> Option<&Facts> {
        match self {
            Self::Unmade => None,
            Self::Made(made) => Some(&made.facts),
            Self::InError(facts) => Some(facts),
        }
    }
}

pub(super) fn evolve(state: State, event: &Event) -> State {
    if let Event::LeadAdded(facts) = event {
        return State::Made(Box::new(Made {
            facts: facts.clone(),
            stage: Stage::Lead,
            terms: None,
            disclosure: None,
            interviews: BTreeMap::new(),
            contacts: BTreeMap::new(),
        }));
    }
    match state {
        State::Made(made) => after(made, event),
        other @ (State::Unmade | State::InError(_)) => other,
    }
}

fn after(mut job: Box<Made>, event: &Event) -> State {
    match event {
        Event::LeadAdded(_) => {}
        Event::TermsChanged(terms) => job.terms = Some(terms.clone()),
        Event::DisclosureChosen(choice) => job.disclosure = Some(*choice),
        Event::EmployerContactMade { contact, .. } => {
            job.contacts.insert(contact.id, true);
        }
        Event::EmployerContactEnteredInError { contact } => {
            job.contacts.insert(*contact, false);
        }
        Event::Applied { .. } => job.stage = Stage::Applied,
        Event::InterviewScheduled { interview, .. } => {
            job.stage = Stage::Interview;
            job.interviews.insert(interview.id, (interview.clone(), true));
        }
        Event::InterviewCancelled { interview } => {
            if let Some((_, stands)) = job.interviews.get_mut(interview) {
                *stands = false;
            }
        }
        Event::Offered => job.stage = Stage::Offered,
        Event::Accepted { starts_on, .. } => job.stage = Stage::Accepted { starts_on: *starts_on },
        Event::Started { on, zone, .. } => {
            job.stage = Stage::Started(Begun { on: *on, zone: zone.clone(), counted: false });
        }
        Event::StartCounted { .. } => match &mut job.stage {
            Stage::Started(begun) | Stage::Ended { begun, .. } => begun.counted = true,
            Stage::Lead
            | Stage::Applied
            | Stage::Interview
            | Stage::Offered
            | Stage::Accepted { .. }
            | Stage::Declined(_)
            | Stage::Withdrawn(_) => {}
        },
        Event::Ended { on, reason, satisfied, .. } => {
            if let Stage::Started(begun) = &job.stage {
                let begun = begun.clone();
                job.stage = Stage::Ended { begun, on: *on, reason: *reason, satisfied: *satisfied };
            }
        }
        Event::Declined { by } => job.stage = Stage::Declined(*by),
        Event::Withdrawn { by } => job.stage = Stage::Withdrawn(*by),
        Event::EnteredInError => {
            return State::InError(Box::new(job.facts));
        }
    }
    State::Made(job)
}
