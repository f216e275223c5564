//! A measure of a person: scale, score, day; as another system tells it, or taken here by the person or staff.
//! Invariant: it belongs to the person and the agency it was first told of. Told again by its source with other content it is a correction, and both stay
//! visible; one taken here is never told otherwise, but taken back.

use kernel::{AgencyId, By, Decider, Occurred, PersonId, RefusalKind, Voice};

use super::{MeasureId, in_persons_voice};

/// A measure.
pub struct Measure;

/// What a measure found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Code of the scale.
    pub scale: String,
    /// The score as a decimal number; none where the scale gives none.
    pub score: Option<String>,
    /// When it was taken.
    pub taken: Occurred,
    /// Coded parts of the result: (code, value).
    pub parts: Vec<(String, String)>,
}

/// A measure as told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: MeasureId,
    /// The person.
    pub person: PersonId,
    /// The agency that wrote it; none where the person took it.
    pub agency: Option<AgencyId>,
    /// What it found.
    pub content: Content,
}

impl Told {
    /// Whether it is this caller's to take back.
    fn is_by(&self, by: By) -> bool {
        match by {
            By::Agency(agency) => self.agency == Some(agency),
            By::Person(person) => self.agency.is_none() && self.person == person,
            By::System => false,
        }
    }
}

/// Where a measure stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never told.
    #[default]
    Unmade,
    /// Told.
    Made(Told),
    /// Never meant; what it was, so that it can be told again.
    InError(Told),
}

/// What can be asked of a measure.
#[derive(Clone, Debug)]
pub enum Command {
    /// Put down what was found here.
    Take {
        /// Who took it.
        by: By,
        /// Whose words these are.
        voice: Voice,
        /// What was found.
        told: Told,
    },
    /// Put it down.
    Record(Told),
    /// It should never have been written.
    MarkEnteredInError {
        /// Who says so.
        by: By,
    },
}

/// What happens to a measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was told.
    Recorded {
        /// What was told.
        told: Told,
        /// Whether it replaces an earlier telling.
        correction: bool,
    },
    /// It was taken here.
    Taken {
        /// What was found.
        told: Told,
        /// Whether the person says so of themselves.
        own_words: bool,
    },
    /// Never meant.
    EnteredInError,
}

/// How a measure says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none of this agency.
    #[error("there is no such measure of this agency")]
    NotFound,
    /// The id is taken.
    #[error("a measure with this id exists")]
    AlreadyExists,
    /// Somebody else's to take.
    #[error("only the person and the agencies that serve them take measures")]
    NotYours,
    /// It is about another person.
    #[error(
        "this measure was told of another person; mark it as entered in error and record it under a key of its own"
    )]
    AnotherPersons,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::NotYours => RefusalKind::PermissionDenied,
            Self::AnotherPersons => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "MEASURE_NOT_FOUND",
            Self::AlreadyExists => "MEASURE_EXISTS",
            Self::NotYours => "NOT_YOUR_MEASURE",
            Self::AnotherPersons => "ANOTHER_PERSONS",
        }
    }
}

impl Decider for Measure {
    const CATEGORY: &'static str = "measure";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Take { by, voice, told } => match (state, by) {
                (State::Made(_) | State::InError(_), _) => Err(Refusal::AlreadyExists),
                (State::Unmade, By::System) => Err(Refusal::NotYours),
                (State::Unmade, By::Person(person)) if person != told.person => Err(Refusal::NotYours),
                (State::Unmade, By::Person(_) | By::Agency(_)) => {
                    let own_words = in_persons_voice(by, voice, told.person);
                    Ok(vec![Event::Taken { told, own_words }])
                }
            },
            Command::Record(told) => match state {
                State::Unmade => Ok(vec![Event::Recorded { told, correction: false }]),
                State::Made(now) if *now == told => Ok(vec![]),
                State::Made(now) | State::InError(now) if now.agency != told.agency => Err(Refusal::NotFound),
                State::Made(now) | State::InError(now) if now.person != told.person => {
                    Err(Refusal::AnotherPersons)
                }
                State::Made(_) | State::InError(_) => Ok(vec![Event::Recorded { told, correction: true }]),
            },
            Command::MarkEnteredInError { by } => match state {
                State::Made(now) if now.is_by(by) => Ok(vec![Event::EnteredInError]),
                State::InError(now) if now.is_by(by) => Ok(vec![]),
                State::Unmade | State::Made(_) | State::InError(_) => Err(Refusal::NotFound),
            },
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Recorded { told, .. } | Event::Taken { told, .. } => State::Made(told.clone()),
            Event::EnteredInError => match state {
                State::Made(told) | State::InError(told) => State::InError(told),
                State::Unmade => State::Unmade,
            },
        }
    }
}
