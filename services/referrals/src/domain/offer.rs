//! A programme of an agency that takes referrals (HSDS service, FHIR HealthcareService).
//! Invariant: only the agency that published it changes it.

use kernel::{AgencyId, Decider, RefusalKind, UnitGroupId, Zone};

/// Who opens its part when a referral to the offer is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Receiver {
    /// A participation, here.
    Participation,
    /// A case, in the vocational service.
    Vocational,
    /// A placement in this unit group, in the housing service.
    Housing(UnitGroupId),
    /// An episode, in the therapy service.
    Therapy,
}

/// What an offer says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Name of the programme.
    pub name: String,
    /// Code of its practice.
    pub practice: String,
    /// Life domains served, as the contract numbers them.
    pub life_domains: Vec<i32>,
    /// Who opens its part on acceptance.
    pub receiver: Receiver,
    /// Nobody is refused or held for readiness (IPS).
    pub zero_exclusion: bool,
    /// Its records fall under 42 CFR Part 2.
    pub part2: bool,
    /// Where its working days are counted.
    pub zone: Zone,
    /// A referral that stays unanswered long after its answer was due is cancelled as expired.
    pub expires: bool,
    /// (system, value) in the agency's own systems.
    pub identifiers: Vec<(String, String)>,
}

/// An offer.
pub struct Offer;

/// Where an offer stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never published.
    #[default]
    Unmade,
    /// Open to referrals.
    Published {
        /// Whose it is.
        agency: AgencyId,
        /// What it says.
        content: Content,
    },
    /// Taken back.
    Withdrawn {
        /// Whose it was.
        agency: AgencyId,
        /// What it said.
        content: Content,
    },
}

impl State {
    /// The agency and content, published or withdrawn.
    pub fn said(&self) -> Option<(AgencyId, &Content)> {
        match self {
            Self::Unmade => None,
            Self::Published { agency, content } | Self::Withdrawn { agency, content } => {
                Some((*agency, content))
            }
        }
    }
}

/// What can be asked of an offer.
#[derive(Clone, Debug)]
pub enum Command {
    /// Say this, from now on.
    Publish {
        /// Whose offer it is.
        agency: AgencyId,
        /// The whole content.
        content: Content,
    },
    /// Take it back.
    Withdraw {
        /// Who asks.
        agency: AgencyId,
    },
}

/// What happens to an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It now says this.
    Published {
        /// Whose it is.
        agency: AgencyId,
        /// The whole content.
        content: Content,
    },
    /// It was taken back.
    Withdrawn,
}

/// How an offer says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such offer, or it is another agency's to change.
    #[error("there is no such offer of this agency; list the agency's offers for their ids")]
    NotFound,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "OFFER_NOT_FOUND",
        }
    }
}

impl Decider for Offer {
    const CATEGORY: &'static str = "offer";
    type State = State;
    type Command = Command;
    type Event = Event;
    type Refusal = Refusal;

    fn decide(state: &State, command: Command) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Publish { agency, content } => match state {
                State::Published { agency: owner, content: old } if *owner == agency && *old == content => {
                    Ok(vec![])
                }
                State::Unmade => Ok(vec![Event::Published { agency, content }]),
                State::Published { agency: owner, .. } | State::Withdrawn { agency: owner, .. }
                    if *owner == agency =>
                {
                    Ok(vec![Event::Published { agency, content }])
                }
                State::Published { .. } | State::Withdrawn { .. } => Err(Refusal::NotFound),
            },
            Command::Withdraw { agency } => match state {
                State::Published { agency: owner, .. } if *owner == agency => Ok(vec![Event::Withdrawn]),
                State::Withdrawn { agency: owner, .. } if *owner == agency => Ok(vec![]),
                State::Unmade | State::Published { .. } | State::Withdrawn { .. } => Err(Refusal::NotFound),
            },
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Published { agency, content } => {
                State::Published { agency: *agency, content: content.clone() }
            }
            Event::Withdrawn => match state {
                State::Published { agency, content } | State::Withdrawn { agency, content } => {
                    State::Withdrawn { agency, content }
                }
                State::Unmade => State::Unmade,
            },
        }
    }
}
