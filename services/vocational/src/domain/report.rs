//! An employment status report: whether a person was employed on a day, as another system told it. Never a job.
//! Invariant: told again with equal content it is the same report; with other content a correction, and both stay in the log.

use kernel::{AgencyId, By, Day, Decider, Discrepancy, PersonId, RefusalKind, Zone};

use super::ReportId;

/// An employment status report.
pub struct Report;

/// Kind of employment (HMIS FY2026 R6.A).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmploymentType {
    /// Full time.
    FullTime,
    /// Part time.
    PartTime,
    /// Seasonal or sporadic, day labour included.
    Seasonal,
}

/// Why not employed (HMIS FY2026 R6.B).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotEmployedReason {
    /// Looking for work.
    Looking,
    /// Unable to work.
    Unable,
    /// Not looking for work.
    NotLooking,
}

/// What was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: ReportId,
    /// The person.
    pub person: PersonId,
    /// The agency that told it.
    pub agency: AgencyId,
    /// The day it was told for.
    pub on: Day,
    /// The zone of that day.
    pub zone: Zone,
    /// Whether the person was employed.
    pub employed: bool,
    /// Kind of employment.
    pub kind: Option<EmploymentType>,
    /// Why not employed.
    pub reason: Option<NotEmployedReason>,
}

impl Told {
    /// What is odd about it, as of this day where it was told. It is kept all the same.
    fn discrepancies(&self, today: Day) -> Vec<Discrepancy> {
        let mut odd = vec![];
        if self.employed && self.reason.is_some() {
            odd.push(Discrepancy::new(
                "EMPLOYED_WITH_REASON_AGAINST",
                "a reason for not being employed stands with a person who was employed",
            ));
        }
        if !self.employed && self.kind.is_some() {
            odd.push(Discrepancy::new(
                "NOT_EMPLOYED_WITH_TYPE",
                "a kind of employment stands with a person who was not employed",
            ));
        }
        if self.on > today {
            odd.push(Discrepancy::new(
                "DAY_TO_COME",
                "the day it was told for had not come when it was recorded",
            ));
        }
        odd
    }
}

/// Where a report stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never told.
    #[default]
    Untold,
    /// Told, with what is odd about it.
    Told(Told, Vec<Discrepancy>),
    /// Never meant.
    InError(Told),
}

/// What can be asked of a report.
#[derive(Clone, Debug)]
pub enum Command {
    /// Put it down.
    Record {
        /// What was told.
        told: Told,
        /// The day that it is where it was told.
        today: Day,
    },
    /// It should never have been written.
    MarkEnteredInError {
        /// Who says so.
        by: By,
    },
}

/// What happens to a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was told; `correction` where it replaces an earlier telling.
    Recorded {
        /// What was told.
        told: Told,
        /// What is odd about it.
        odd: Vec<Discrepancy>,
        /// Whether it replaces an earlier telling.
        correction: bool,
    },
    /// Never meant.
    EnteredInError,
}

/// How a report says no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or it is another agency's.
    #[error("there is no such employment status report of this agency")]
    NotFound,
    /// The source's key names a report about somebody else.
    #[error(
        "this source key names a report about another person; mark that one as entered in error, then record this one under a key of its own"
    )]
    AnotherPerson,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
            Self::AnotherPerson => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "REPORT_NOT_FOUND",
            Self::AnotherPerson => "ANOTHER_PERSON",
        }
    }
}

impl State {
    /// What was told last, in error or not.
    pub fn told(&self) -> Option<&Told> {
        match self {
            Self::Untold => None,
            Self::Told(told, _) | Self::InError(told) => Some(told),
        }
    }
}

impl Decider for Report {
    const CATEGORY: &'static str = "employment-status";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Record { told, today } => match state {
                State::Untold => Ok(vec![recorded(told, today, false)]),
                State::Told(now, _) if *now == told => Ok(vec![]),
                State::Told(now, _) | State::InError(now) => {
                    if now.agency != told.agency {
                        Err(Refusal::NotFound)
                    } else if now.person != told.person {
                        Err(Refusal::AnotherPerson)
                    } else {
                        Ok(vec![recorded(told, today, true)])
                    }
                }
            },
            Command::MarkEnteredInError { by } => match state {
                State::Told(now, _) if by == By::Agency(now.agency) => Ok(vec![Event::EnteredInError]),
                State::InError(now) if by == By::Agency(now.agency) => Ok(vec![]),
                State::Untold | State::Told(..) | State::InError(_) => Err(Refusal::NotFound),
            },
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Recorded { told, odd, .. } => State::Told(told.clone(), odd.clone()),
            Event::EnteredInError => match state {
                State::Told(told, _) => State::InError(told),
                other @ (State::Untold | State::InError(_)) => other,
            },
        }
    }
}

fn recorded(told: Told, today: Day, correction: bool) -> Event {
    let odd = told.discrepancies(today);
    Event::Recorded { told, odd, correction }
}
