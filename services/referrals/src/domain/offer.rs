//! A programme of an agency that takes referrals (HSDS service, FHIR HealthcareService).
//! Invariant: only the agency that published it changes it.

mod capacity;
mod says;

pub use capacity::{Capacity, Room};
pub use says::{Area, Eligibility, Hours, Mode, Place, same_language};

use kernel::{AgencyId, Decider, Discrepancy, RefusalKind, UnitGroupId, Zone};

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
    /// Whom it is for.
    pub eligibility: Eligibility,
    /// Where it serves people; none where it does not say.
    pub areas: Vec<Area>,
    /// Languages it is given in, as BCP 47 tags; none where it does not say.
    pub languages: Vec<String>,
    /// When it is open, in `zone`; none where it does not say.
    pub hours: Vec<Hours>,
    /// How it reaches people; none where it does not say.
    pub modes: Vec<Mode>,
    /// What it is, in words; empty where it does not say.
    pub description: String,
    /// What another system calls its kind where no code fits.
    pub terms: Vec<String>,
}

impl Content {
    /// The first of its fields that names more than an offer of zero exclusion may.
    pub fn beyond_zero_exclusion(&self) -> Option<&'static str> {
        self.eligibility.beyond_zero_exclusion().filter(|_| self.zero_exclusion)
    }

    /// What a request that says the same would be refused for.
    fn discrepancies(&self) -> Vec<Discrepancy> {
        let found = |field| {
            let detail = format!("an offer of zero exclusion names {field}, which excludes nobody from it");
            Discrepancy::new("ZERO_EXCLUSION", detail)
        };
        self.beyond_zero_exclusion().map(found).into_iter().collect()
    }
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
        /// How much room it has, as last reported.
        capacity: Option<Capacity>,
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
            Self::Published { agency, content, .. } | Self::Withdrawn { agency, content } => {
                Some((*agency, content))
            }
        }
    }
}

impl State {
    /// How much room it has, as last reported.
    pub fn capacity(&self) -> Option<&Capacity> {
        match self {
            Self::Published { capacity, .. } => capacity.as_ref(),
            Self::Unmade | Self::Withdrawn { .. } => None,
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
    /// Say this from now on, of an offer that stands.
    Change {
        /// Whose offer it is.
        agency: AgencyId,
        /// The whole content.
        content: Content,
    },
    /// Put down what another system says of it.
    Record {
        /// Whose offer it is.
        agency: AgencyId,
        /// The whole content.
        content: Content,
    },
    /// Say how much room it has.
    Report {
        /// Who says so.
        agency: AgencyId,
        /// How much.
        capacity: Capacity,
    },
    /// Take it back.
    Withdraw {
        /// Who asks.
        agency: AgencyId,
    },
}

/// What happens to an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly every event of an offer is the one that holds its content"
)]
pub enum Event {
    /// It now says this.
    Published {
        /// Whose it is.
        agency: AgencyId,
        /// The whole content.
        content: Content,
        /// What a request that says the same would be refused for.
        discrepancies: Vec<Discrepancy>,
    },
    /// Its agency said how much room it has.
    CapacityReported(Capacity),
    /// It was taken back.
    Withdrawn,
}

/// How an offer says no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such offer, or it is another agency's to change.
    #[error("there is no such offer of this agency; list the agency's offers for their ids")]
    NotFound,
    /// It was taken back.
    #[error("the offer was withdrawn; publish it again first")]
    Withdrawn,
    /// A later report is known.
    #[error("a report of a later time is known; report how much room there is now")]
    LaterKnown,
}

impl kernel::Refusal for Refusal {
    fn kind(&self) -> RefusalKind {
        match self {
            Self::NotFound => RefusalKind::NotFound,
            Self::Withdrawn | Self::LaterKnown => RefusalKind::FailedPrecondition,
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::NotFound => "OFFER_NOT_FOUND",
            Self::Withdrawn => "OFFER_WITHDRAWN",
            Self::LaterKnown => "LATER_CAPACITY_KNOWN",
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
            Command::Publish { agency, content } => publish(state, agency, content, vec![]),
            Command::Record { agency, content } => {
                let discrepancies = content.discrepancies();
                publish(state, agency, content, discrepancies)
            }
            Command::Change { agency, content } => {
                standing(state, agency)?;
                publish(state, agency, content, vec![])
            }
            Command::Report { agency, capacity } => match standing(state, agency)? {
                Some(known) if *known == capacity => Ok(vec![]),
                Some(known) if capacity.as_of < known.as_of => Err(Refusal::LaterKnown),
                Some(_) | None => Ok(vec![Event::CapacityReported(capacity)]),
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
            Event::Published { agency, content, .. } => {
                // What is published again begins without a report; what is said otherwise has as much room as before.
                let capacity = state.capacity().copied();
                State::Published { agency: *agency, content: content.clone(), capacity }
            }
            Event::CapacityReported(capacity) => match state {
                State::Published { agency, content, .. } => {
                    State::Published { agency, content, capacity: Some(*capacity) }
                }
                other @ (State::Unmade | State::Withdrawn { .. }) => other,
            },
            Event::Withdrawn => match state {
                State::Published { agency, content, .. } | State::Withdrawn { agency, content } => {
                    State::Withdrawn { agency, content }
                }
                State::Unmade => State::Unmade,
            },
        }
    }
}

fn publish(
    state: &State,
    agency: AgencyId,
    content: Content,
    discrepancies: Vec<Discrepancy>,
) -> Result<Vec<Event>, Refusal> {
    match state {
        State::Published { agency: owner, content: old, .. } if *owner == agency && *old == content => {
            Ok(vec![])
        }
        State::Published { agency: owner, .. } | State::Withdrawn { agency: owner, .. }
            if *owner != agency =>
        {
            Err(Refusal::NotFound)
        }
        State::Unmade | State::Published { .. } | State::Withdrawn { .. } => {
            Ok(vec![Event::Published { agency, content, discrepancies }])
        }
    }
}

/// What was last reported of an offer of the agency's that stands.
fn standing(state: &State, agency: AgencyId) -> Result<Option<&Capacity>, Refusal> {
    match state {
        State::Published { agency: owner, capacity, .. } if *owner == agency => Ok(capacity.as_ref()),
        State::Withdrawn { agency: owner, .. } if *owner == agency => Err(Refusal::Withdrawn),
        State::Unmade | State::Published { .. } | State::Withdrawn { .. } => Err(Refusal::NotFound),
    }
}
