//! A programme of an agency that takes referrals (HSDS service, FHIR HealthcareService).
//! Invariant: only the agency that published it changes it.

mod capacity;
mod reach;
mod says;

pub use capacity::{Capacity, Room};
pub use reach::{ContactPoint, Location, System};
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
    pub expires: Option<bool>,
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
    /// Where it is given; none where it does not say.
    pub locations: Vec<Location>,
    /// How it is reached; none where it does not say.
    pub telecom: Vec<ContactPoint>,
}

impl Content {
    /// The first of its fields that names more than an offer of zero exclusion may.
    pub fn beyond_zero_exclusion(&self) -> Option<&'static str> {
        self.eligibility.beyond_zero_exclusion().filter(|_| self.zero_exclusion)
    }

    /// What stands now, with what a source tells otherwise than before. A record does not take the label of 42 CFR Part 2 away.
    fn correcting(&self, before: &Self, now: &Self) -> Self {
        fn otherwise<T: Clone + PartialEq>(told: &T, before: &T, now: &T) -> T {
            if told == before { now.clone() } else { told.clone() }
        }
        macro_rules! each {
            ($($field:ident),*) => {
                Self { part2: now.part2 || self.part2, $($field: otherwise(&self.$field, &before.$field, &now.$field)),* }
            };
        }
        each!(
            name,
            practice,
            life_domains,
            receiver,
            zero_exclusion,
            zone,
            expires,
            identifiers,
            eligibility,
            areas,
            languages,
            hours,
            modes,
            description,
            terms,
            locations,
            telecom
        )
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
        /// What a source told of it last.
        told: Option<Box<Content>>,
    },
    /// Taken back.
    Withdrawn {
        /// Whose it was.
        agency: AgencyId,
        /// What it said.
        content: Content,
        /// What a source told of it last.
        told: Option<Box<Content>>,
        /// Whether the source took it back, and not its agency.
        by_source: bool,
    },
}

impl State {
    /// The agency and content, published or withdrawn.
    pub fn said(&self) -> Option<(AgencyId, &Content)> {
        match self {
            Self::Unmade => None,
            Self::Published { agency, content, .. } | Self::Withdrawn { agency, content, .. } => {
                Some((*agency, content))
            }
        }
    }
}

impl State {
    /// What a source told of it last.
    fn told(&self) -> Option<&Content> {
        match self {
            Self::Unmade => None,
            Self::Published { told, .. } | Self::Withdrawn { told, .. } => told.as_deref(),
        }
    }

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
        /// Whether a source says so.
        by_source: bool,
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
        /// What the source told, where it is by one's word; none where its agency says it.
        told: Option<Box<Content>>,
    },
    /// Its agency said how much room it has.
    CapacityReported(Capacity),
    /// It was taken back.
    Withdrawn {
        /// Whether a source said so.
        by_source: bool,
    },
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
            Command::Publish { agency, content } => publish(state, agency, content),
            Command::Record { agency, content } => record(state, agency, content),
            Command::Change { agency, content } => {
                standing(state, agency)?;
                publish(state, agency, content)
            }
            Command::Report { agency, capacity } => match standing(state, agency)? {
                Some(known) if *known == capacity => Ok(vec![]),
                Some(known) if capacity.as_of < known.as_of => Err(Refusal::LaterKnown),
                Some(_) | None => Ok(vec![Event::CapacityReported(capacity)]),
            },
            Command::Withdraw { agency, by_source } => match state {
                State::Published { agency: owner, .. } if *owner == agency => {
                    Ok(vec![Event::Withdrawn { by_source }])
                }
                State::Withdrawn { agency: owner, .. } if *owner == agency => Ok(vec![]),
                State::Unmade | State::Published { .. } | State::Withdrawn { .. } => Err(Refusal::NotFound),
            },
        }
    }

    fn evolve(state: State, event: &Event) -> State {
        match event {
            Event::Published { agency, content, told, .. } => {
                // What is published again begins without a report; what is said otherwise has as much room as before.
                let capacity = state.capacity().copied();
                let told = told.clone().or_else(|| state.told().cloned().map(Box::new));
                State::Published { agency: *agency, content: content.clone(), capacity, told }
            }
            Event::CapacityReported(capacity) => match state {
                State::Published { agency, content, told, .. } => {
                    State::Published { agency, content, capacity: Some(*capacity), told }
                }
                other @ (State::Unmade | State::Withdrawn { .. }) => other,
            },
            Event::Withdrawn { by_source } => match state {
                State::Published { agency, content, told, .. }
                | State::Withdrawn { agency, content, told, .. } => {
                    State::Withdrawn { agency, content, told, by_source: *by_source }
                }
                State::Unmade => State::Unmade,
            },
        }
    }
}

/// A source's word changes what it has told otherwise before, and nothing that the agency has set since; and what the agency took back stays so.
fn record(state: &State, agency: AgencyId, telling: Content) -> Result<Vec<Event>, Refusal> {
    let content = match state {
        State::Unmade => telling.clone(),
        State::Published { agency: owner, .. } | State::Withdrawn { agency: owner, .. }
            if *owner != agency =>
        {
            return Err(Refusal::NotFound);
        }
        State::Published { told: Some(told), .. } if **told == telling => return Ok(vec![]),
        State::Withdrawn { by_source: false, .. } => return Ok(vec![]),
        State::Published { content, told, .. } | State::Withdrawn { content, told, .. } => {
            telling.correcting(told.as_deref().unwrap_or(content), content)
        }
    };
    let discrepancies = content.discrepancies();
    Ok(vec![Event::Published { agency, content, discrepancies, told: Some(Box::new(telling)) }])
}

fn publish(state: &State, agency: AgencyId, content: Content) -> Result<Vec<Event>, Refusal> {
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
            Ok(vec![Event::Published { agency, content, discrepancies: vec![], told: None }])
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
