//! Medical emergencies of a person: who broke the glass, why, and what it opened (42 CFR 2.51; domain.md section 2).
//!
//! Invariant: medical staff alone declare one, for themselves alone; it names whose records it opens and ends at an instant that is settled when it is
//! declared, or before, by the word of the agency that declared it. Nothing takes one back: what was opened was opened, and is marked where it never should
//! have been.

use std::collections::BTreeSet;

use kernel::{
    AgencyId, By, Decider, Emergency as Judged, EmergencyId, PersonId, Private, RefusalKind, SignedDuration,
    Timestamp, WorkerId,
};

/// A person's emergencies: all of them, in one stream for each person.
pub struct Emergency;

/// Who declares one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declarer {
    /// The worker.
    pub worker: WorkerId,
    /// The name that they work under; 42 CFR 2.51(c) asks for the name of the medical personnel.
    pub working_name: String,
    /// The agency by which they do.
    pub agency: AgencyId,
    /// What they are to that agency.
    pub part: Part,
    /// For how many hours that agency's setting lets one open records at most.
    pub allowed_hours: u32,
}

/// What a worker is to an agency, by the registry's own record of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Medical staff.
    Medical,
    /// Of another part.
    Other,
    /// Not known there, or gone.
    NotOnRecord,
}

impl Part {
    /// Why somebody of this part declares none; nothing where they may.
    pub fn refusal(self) -> Option<Refusal> {
        match self {
            Self::Medical => None,
            Self::Other => Some(Refusal::NotMedicalStaff),
            Self::NotOnRecord => Some(Refusal::WorkerNotOnRecord),
        }
    }
}

impl Declarer {
    /// How long one lasts that they wish so many hours for; 0 for all that the setting allows.
    ///
    /// # Errors
    /// They declare none, or none as long.
    pub fn lasts(&self, hours: u32) -> Result<SignedDuration, Refusal> {
        if let Some(refusal) = self.part.refusal() {
            return Err(refusal);
        }
        match hours {
            0 => Ok(SignedDuration::from_hours(self.allowed_hours.into())),
            hours if hours > self.allowed_hours => {
                Err(Refusal::TooLong { allowed_hours: self.allowed_hours })
            }
            hours => Ok(SignedDuration::from_hours(hours.into())),
        }
    }
}

/// An emergency that was declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Which, who, whose records, from when to when.
    pub judged: Judged,
    /// The name that the worker worked under then.
    pub working_name: String,
    /// The nature of it, in words.
    pub nature: Private,
    /// When it was ended or withdrawn before its time, if it was.
    pub ended: Option<Timestamp>,
    /// Whether it never should have been declared.
    pub in_error: bool,
}

impl Declared {
    /// To before this instant it opens records.
    pub fn until(&self) -> Timestamp {
        self.ended.map_or(self.judged.until, |ended| ended.min(self.judged.until))
    }

    /// Whether this caller may end it: the agency that declared it, and who runs the system.
    fn is_of(&self, by: By) -> bool {
        match by {
            By::Agency(agency) => agency == self.judged.agency,
            By::System => true,
            By::Person(_) => false,
        }
    }
}

/// A person's emergencies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The person; none before the first.
    pub person: Option<PersonId>,
    /// All that were declared, oldest first.
    pub declared: Vec<Declared>,
    /// By version, which agency's emergency each change is of.
    pub changes: Vec<AgencyId>,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum Command {
    /// Break the glass.
    Declare {
        /// Which.
        id: EmergencyId,
        /// Whose.
        person: PersonId,
        /// Who declares it.
        by: Declarer,
        /// The agencies that serve the person.
        serving: BTreeSet<AgencyId>,
        /// The nature of it.
        nature: Private,
        /// For how many hours; 0 for all that the agency's setting allows.
        hours: u32,
        /// Now.
        at: Timestamp,
    },
    /// It is over before its time.
    End {
        /// Who asks.
        by: By,
        /// Which.
        id: EmergencyId,
        /// Now.
        at: Timestamp,
    },
    /// It never should have been declared.
    MarkEnteredInError {
        /// Who asks.
        by: By,
        /// Which.
        id: EmergencyId,
        /// Now.
        at: Timestamp,
    },
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was declared.
    Declared {
        /// Whose.
        person: PersonId,
        /// All of it.
        declared: Declared,
    },
    /// It is over: from then on it opens nothing.
    Ended {
        /// Which.
        id: EmergencyId,
        /// When.
        at: Timestamp,
    },
    /// It never should have been declared: from then on it opens nothing.
    EnteredInError {
        /// Which.
        id: EmergencyId,
        /// When that was said.
        at: Timestamp,
    },
}

/// How a person's emergencies say no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not medical staff.
    #[error(
        "only medical staff declare a medical emergency: psychiatrists, physicians, nurses and paramedics; have one of them declare it, or ask the person for a directive"
    )]
    NotMedicalStaff,
    /// Not known.
    #[error(
        "the caller is not known to work for this agency; add them with AddWorker, in the part that they play"
    )]
    WorkerNotOnRecord,
    /// Longer than the agency lets one last.
    #[error(
        "hours is more than the {allowed_hours} that the agency's setting allows; send 1 to {allowed_hours}, or 0 for all of them"
    )]
    TooLong {
        /// What its setting allows.
        allowed_hours: u32,
    },
    /// It runs already.
    #[error(
        "an emergency of this person's that you declared still runs, and opens the same; declare another when it is over"
    )]
    StillRuns,
    /// None of the caller's.
    #[error("the person has no emergency with that id that your agency declared")]
    NotFound,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotMedicalStaff | Self::WorkerNotOnRecord => RefusalKind::PermissionDenied,
            Self::TooLong { .. } => RefusalKind::FailedPrecondition,
            Self::StillRuns => RefusalKind::AlreadyExists,
            Self::NotFound => RefusalKind::NotFound,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotMedicalStaff => "NOT_MEDICAL_STAFF",
            Self::WorkerNotOnRecord => "WORKER_NOT_ON_RECORD",
            Self::TooLong { .. } => "EMERGENCY_TOO_LONG",
            Self::StillRuns => "EMERGENCY_STILL_RUNS",
            Self::NotFound => "EMERGENCY_NOT_FOUND",
        }
    }
}

impl State {
    /// The emergency with that id.
    pub fn declared(&self, id: EmergencyId) -> Option<&Declared> {
        self.declared.iter().find(|declared| declared.judged.id == id)
    }

    /// The same, where this caller may end it.
    fn admit(&self, by: By, id: EmergencyId) -> Result<&Declared, Refusal> {
        self.declared(id).filter(|declared| declared.is_of(by)).ok_or(Refusal::NotFound)
    }

    fn change(&mut self, id: EmergencyId, change: impl FnOnce(&mut Declared)) {
        if let Some(declared) = self.declared.iter_mut().find(|declared| declared.judged.id == id) {
            change(declared);
            self.changes.push(declared.judged.agency);
        }
    }
}

impl Decider for Emergency {
    const CATEGORY: &'static str = "emergency";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Declare { id, person, by, serving, nature, hours, at } => {
                let lasts = by.lasts(hours)?;
                let own = |declared: &Declared| {
                    let judged = &declared.judged;
                    let runs = judged.from <= at && at < declared.until();
                    judged.worker == by.worker && judged.agency == by.agency && runs
                };
                if state.declared.iter().any(own) {
                    return Err(Refusal::StillRuns);
                }
                let disclosers = serving.into_iter().filter(|agency| *agency != by.agency).collect();
                let (worker, agency, until) = (by.worker, by.agency, at + lasts);
                let judged = Judged { id, worker, agency, disclosers, from: at, until };
                let (working_name, ended) = (by.working_name, None);
                let declared = Declared { judged, working_name, nature, ended, in_error: false };
                Ok(vec![Event::Declared { person, declared }])
            }
            Command::End { by, id, at } => Ok(match state.admit(by, id)?.until() {
                until if until <= at => vec![],
                _ => vec![Event::Ended { id, at }],
            }),
            Command::MarkEnteredInError { by, id, at } => Ok(match state.admit(by, id)?.in_error {
                true => vec![],
                false => vec![Event::EnteredInError { id, at }],
            }),
        }
    }

    fn evolve(mut state: State, event: &Event) -> State {
        match event {
            Event::Declared { person, declared } => {
                state.person = Some(*person);
                state.changes.push(declared.judged.agency);
                state.declared.push(declared.clone());
            }
            Event::Ended { id, at } => state.change(*id, |declared| declared.ended = Some(*at)),
            Event::EnteredInError { id, at } => state.change(*id, |declared| {
                declared.ended = Some(declared.ended.map_or(*at, |ended| ended.min(*at)));
                declared.in_error = true;
            }),
        }
        state
    }
}
