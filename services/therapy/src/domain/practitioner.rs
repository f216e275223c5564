//! A worker who gives therapy (FHIR PractitionerRole).
//! Invariant: a practitioner belongs to one agency for ever and works only in what the profession permits.

use std::collections::BTreeSet;

use kernel::{AgencyId, Decider, RefusalKind, WorkerId, Zone};

use super::{Modality, Profession};

/// What a practitioner is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Working name.
    pub name: String,
    /// Profession.
    pub profession: Profession,
    /// Licence as its authority writes it; empty for none.
    pub licence: String,
    /// Practices worked in.
    pub modalities: BTreeSet<Modality>,
    /// Zone of the diary.
    pub zone: Zone,
}

/// A practitioner. The id is the worker's, so nobody is registered twice.
pub struct Practitioner;

/// Where a practitioner stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never registered.
    #[default]
    Unmade,
    /// Takes appointments.
    Practising {
        /// The agency.
        agency: AgencyId,
        /// What the practitioner is.
        content: Content,
    },
    /// Takes none any more.
    Retired {
        /// The agency.
        agency: AgencyId,
        /// What the practitioner was.
        content: Content,
    },
}

impl State {
    /// The agency and content, practising or retired.
    pub fn known(&self) -> Option<(AgencyId, &Content)> {
        match self {
            Self::Unmade => None,
            Self::Practising { agency, content } | Self::Retired { agency, content } => {
                Some((*agency, content))
            }
        }
    }
}

/// What can be asked of a practitioner.
#[derive(Clone, Debug)]
pub enum Command {
    /// Practise here from now on; somebody retired comes back.
    Register {
        /// The worker.
        worker: WorkerId,
        /// The agency.
        agency: AgencyId,
        /// The whole content.
        content: Content,
    },
    /// Be this from now on.
    Change {
        /// The worker.
        worker: WorkerId,
        /// Who asks.
        agency: AgencyId,
        /// The whole content.
        content: Content,
    },
    /// Take no more appointments.
    Retire {
        /// The worker.
        worker: WorkerId,
        /// Who asks.
        agency: AgencyId,
    },
}

/// What happens to a practitioner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Practises here.
    Registered {
        /// The worker.
        worker: WorkerId,
        /// The agency.
        agency: AgencyId,
        /// The whole content.
        content: Content,
    },
    /// Is this now.
    Changed {
        /// The worker.
        worker: WorkerId,
        /// The whole content.
        content: Content,
    },
    /// Takes no more appointments.
    Retired {
        /// The worker.
        worker: WorkerId,
    },
}

/// How a practitioner says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is none, or it is another agency's.
    #[error("there is no such practitioner of this agency; list the agency's practitioners for their ids")]
    NotFound,
    /// The worker is registered.
    #[error("the worker is registered with other content; change the practitioner instead")]
    AlreadyExists,
    /// The practitioner is retired.
    #[error("the practitioner is retired; register the worker again first")]
    Retired,
    /// The profession does not cover the practice.
    #[error("the practitioner's role does not permit the modality {0}; leave it out or correct the role")]
    ModalityNotPermitted(Modality),
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
            Self::AlreadyExists => RefusalKind::AlreadyExists,
            Self::Retired | Self::ModalityNotPermitted(_) => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "PRACTITIONER_NOT_FOUND",
            Self::AlreadyExists => "PRACTITIONER_EXISTS",
            Self::Retired => "PRACTITIONER_RETIRED",
            Self::ModalityNotPermitted(_) => "MODALITY_NOT_PERMITTED",
        }
    }
}

impl Decider for Practitioner {
    const CATEGORY: &'static str = "practitioner";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Register { worker, agency, content } => {
                permitted(&content)?;
                match state {
                    State::Unmade => Ok(vec![Event::Registered { worker, agency, content }]),
                    State::Retired { agency: owner, .. } if *owner == agency => {
                        Ok(vec![Event::Registered { worker, agency, content }])
                    }
                    State::Practising { agency: owner, content: now } if *owner == agency => {
                        if *now == content { Ok(vec![]) } else { Err(Refusal::AlreadyExists) }
                    }
                    State::Practising { .. } | State::Retired { .. } => Err(Refusal::NotFound),
                }
            }
            Command::Change { worker, agency, content } => {
                let now = practising(state, agency)?;
                permitted(&content)?;
                if *now == content { Ok(vec![]) } else { Ok(vec![Event::Changed { worker, content }]) }
            }
            Command::Retire { worker, agency } => match practising(state, agency) {
                Ok(_) => Ok(vec![Event::Retired { worker }]),
                Err(Refusal::Retired) => Ok(vec![]),
                Err(refusal) => Err(refusal),
            },
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Registered { agency, content, .. } => {
                State::Practising { agency: *agency, content: content.clone() }
            }
            Event::Changed { content, .. } => match state {
                State::Practising { agency, .. } => State::Practising { agency, content: content.clone() },
                State::Retired { agency, .. } => State::Retired { agency, content: content.clone() },
                State::Unmade => State::Unmade,
            },
            Event::Retired { .. } => match state {
                State::Practising { agency, content } | State::Retired { agency, content } => {
                    State::Retired { agency, content }
                }
                State::Unmade => State::Unmade,
            },
        }
    }
}

fn practising(state: &State, by: AgencyId) -> Result<&Content, Refusal> {
    match state {
        State::Practising { agency, content } if *agency == by => Ok(content),
        State::Retired { agency, .. } if *agency == by => Err(Refusal::Retired),
        State::Unmade | State::Practising { .. } | State::Retired { .. } => Err(Refusal::NotFound),
    }
}

fn permitted(content: &Content) -> Result<(), Refusal> {
    match content.modalities.iter().find(|modality| !content.profession.permits(modality)) {
        Some(modality) => Err(Refusal::ModalityNotPermitted(modality.clone())),
        None => Ok(()),
    }
}
