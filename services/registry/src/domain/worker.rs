//! A worker of an agency (FHIR PractitionerRole), under a working name that is not sealed.
//! Invariant: a worker belongs to one agency for ever; that agency or an operator says what is true of the worker, and nobody says of themself which parts
//! they play, some of which open what is closed to others, nor the name that is written down with what was opened to them, nor that they are back.

use kernel::{AgencyId, By, Decider, RefusalKind, WorkerId};

use super::Identifier;

/// A worker.
pub struct Worker;

/// What is said of a worker; concerns no person served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The name the worker works under.
    pub working_name: String,
    /// Parts played, as the contract numbers them.
    pub roles: Vec<i32>,
    /// What other systems call the worker.
    pub identifiers: Vec<Identifier>,
    /// Whether the worker has left.
    pub left: bool,
}

/// Where a worker stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Not known.
    #[default]
    Unmade,
    /// Known.
    Known {
        /// The worker's id.
        id: WorkerId,
        /// The agency.
        agency: AgencyId,
        /// What is said.
        content: Content,
        /// What another system last told; none where the worker was added here.
        told: Option<Content>,
    },
}

/// What can be asked of a worker.
#[derive(Clone, Debug)]
pub enum Command {
    /// Make the worker known.
    Add {
        /// The worker's id.
        id: WorkerId,
        /// Who asks.
        by: By,
        /// The agency.
        agency: AgencyId,
        /// What is said.
        content: Content,
    },
    /// Say this instead.
    Change {
        /// Who asks.
        by: By,
        /// Whether it is the worker who asks.
        itself: bool,
        /// The whole of it.
        content: Content,
    },
    /// Put down what another system tells, whole.
    Record {
        /// The worker's id.
        id: WorkerId,
        /// Who asks.
        by: By,
        /// Whether it is the worker who asks.
        itself: bool,
        /// The agency.
        agency: AgencyId,
        /// What it tells.
        content: Content,
    },
}

/// What happens to a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The worker is known.
    Added {
        /// The worker's id.
        id: WorkerId,
        /// The agency.
        agency: AgencyId,
        /// What is said.
        content: Content,
    },
    /// Something else is said.
    Changed(Content),
    /// Another system told of the worker.
    Recorded {
        /// The worker's id.
        id: WorkerId,
        /// The agency.
        agency: AgencyId,
        /// What it told.
        content: Content,
        /// Whether it replaces an earlier telling.
        correction: bool,
    },
}

/// How a worker's record says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none.
    #[error("there is no such worker of this agency; list its workers for their ids")]
    NotFound,
    /// The id is taken.
    #[error("a worker with this id was added here; change that one")]
    AlreadyExists,
    /// Their own parts, name or return.
    #[error(
        "nobody says of themself which parts they play, under which name they work, or that they are back; have another worker of the agency, or an operator, say it"
    )]
    OwnParts,
    /// Another agency's worker.
    #[error("only the agency itself or an operator speaks of its workers")]
    NotYours,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::NotYours | Self::OwnParts => RefusalKind::PermissionDenied,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "WORKER_NOT_FOUND",
            Self::AlreadyExists => "WORKER_EXISTS",
            Self::NotYours => "NOT_YOUR_WORKER",
            Self::OwnParts => "OWN_PARTS",
        }
    }
}

impl State {
    /// Whether the worker plays that part at that agency, as the contract numbers it, and has not left.
    pub fn plays(&self, at: AgencyId, part: i32) -> bool {
        match self {
            Self::Unmade => false,
            Self::Known { agency, content, .. } => {
                *agency == at && !content.left && content.roles.contains(&part)
            }
        }
    }
}

impl Content {
    /// Whether it says otherwise than before what nobody says of themself. That they leave whoever leaves may say.
    fn is_for_others_to_say(&self, before: &Self) -> bool {
        let back = before.left && !self.left;
        back || self.roles != before.roles || self.working_name != before.working_name
    }
}

fn speaks_for(by: By, agency: AgencyId) -> bool {
    match by {
        By::Agency(speaker) => speaker == agency,
        By::System => true,
        By::Person(_) => false,
    }
}

impl Decider for Worker {
    const CATEGORY: &'static str = "worker";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Add { by, agency, .. } if !speaks_for(by, agency) => Err(Refusal::NotYours),
            Command::Add { id, agency, content, .. } => match state {
                State::Unmade => Ok(vec![Event::Added { id, agency, content }]),
                State::Known { agency: its, content: now, told: None, .. }
                    if *its == agency && *now == content =>
                {
                    Ok(vec![])
                }
                State::Known { .. } => Err(Refusal::AlreadyExists),
            },
            Command::Change { by, itself, content } => match state {
                State::Known { agency, content: now, .. }
                    if speaks_for(by, *agency) && itself && content.is_for_others_to_say(now) =>
                {
                    Err(Refusal::OwnParts)
                }
                State::Known { agency, content: now, .. } if speaks_for(by, *agency) => {
                    Ok(if *now == content { vec![] } else { vec![Event::Changed(content)] })
                }
                State::Unmade | State::Known { .. } => Err(Refusal::NotFound),
            },
            Command::Record { by, agency, .. } if !speaks_for(by, agency) => Err(Refusal::NotYours),
            Command::Record { id, itself, agency, content, .. } => match state {
                State::Unmade if itself => Err(Refusal::OwnParts),
                State::Unmade => Ok(vec![Event::Recorded { id, agency, content, correction: false }]),
                State::Known { agency: its, told: Some(told), .. } if *its == agency && *told == content => {
                    Ok(vec![])
                }
                // Told otherwise it replaces what was said here since, too.
                State::Known { agency: its, content: now, told: Some(_), .. }
                    if *its == agency && itself && content.is_for_others_to_say(now) =>
                {
                    Err(Refusal::OwnParts)
                }
                State::Known { agency: its, told: Some(_), .. } if *its == agency => {
                    Ok(vec![Event::Recorded { id, agency, content, correction: true }])
                }
                State::Known { .. } => Err(Refusal::AlreadyExists),
            },
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Added { id, agency, content } => {
                State::Known { id: *id, agency: *agency, content: content.clone(), told: None }
            }
            Event::Changed(content) => match state {
                State::Known { id, agency, told, .. } => {
                    State::Known { id, agency, content: content.clone(), told }
                }
                State::Unmade => State::Unmade,
            },
            Event::Recorded { id, agency, content, .. } => {
                let (content, told) = (content.clone(), Some(content.clone()));
                State::Known { id: *id, agency: *agency, content, told }
            }
        }
    }
}
