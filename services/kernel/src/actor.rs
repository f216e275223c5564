//! Who speaks: a worker, the person, or a service; for which agency; in which role.
//! Invariant: a caller is settled at the edge, before any domain code runs.

use crate::{AgencyId, PersonId, WorkerId};

/// Who does something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A worker of an agency.
    Worker(WorkerId),
    /// The person, by own login.
    Person(PersonId),
    /// A service of this system, or an agency's integration, by name.
    Service(String),
}

/// What a caller is trusted to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Works with people: requests and reads of the own agency.
    Worker,
    /// Writes down what happened elsewhere: `Record...` commands.
    Recorder,
    /// Runs the system: agencies, workers, logs; sees all, and is listed as having seen it.
    Operator,
    /// Reads for audit.
    Auditor,
    /// The person's own role.
    Person,
    /// A service of this system calling another.
    Service,
}

impl Role {
    /// All roles.
    pub const ALL: [Role; 6] =
        [Role::Worker, Role::Recorder, Role::Operator, Role::Auditor, Role::Person, Role::Service];

    /// Its name on the wire and in events.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Worker => "worker",
            Role::Recorder => "recorder",
            Role::Operator => "operator",
            Role::Auditor => "auditor",
            Role::Person => "person",
            Role::Service => "service",
        }
    }

    /// The role of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Whose words a fact carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Voice {
    /// The person's own words: own login, or staff recording them and saying so.
    Person,
    /// A member of staff's.
    Staff,
    /// Another system's, by way of a record.
    Source,
}

/// A caller as the edge established it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// In which role.
    pub role: Role,
    /// The agency the caller belongs to; none for the person, an operator or a service.
    pub agency: Option<AgencyId>,
    /// The agency the caller speaks for, where that is another than its own.
    pub on_behalf_of: Option<AgencyId>,
}

impl Caller {
    /// The agency whose word this is.
    pub fn speaks_for(&self) -> Option<AgencyId> {
        self.on_behalf_of.or(self.agency)
    }

    /// The agency whose records the caller lists. Who runs or audits the system lists one person's, whatever agency they have: among an agency's, what is
    /// withheld from them of somebody restricted would leave a gap.
    pub fn lists_for(&self) -> Option<AgencyId> {
        match self.role {
            Role::Operator | Role::Auditor => None,
            Role::Worker | Role::Recorder | Role::Person | Role::Service => self.speaks_for(),
        }
    }

    /// The person, where the person calls.
    pub fn person(&self) -> Option<PersonId> {
        match self.actor {
            Actor::Person(person) => Some(person),
            Actor::Worker(_) | Actor::Service(_) => None,
        }
    }

    /// What domain code needs to know of the caller.
    pub fn by(&self) -> By {
        match (&self.actor, self.speaks_for()) {
            (Actor::Person(person), _) => By::Person(*person),
            (Actor::Worker(_), Some(agency)) => By::Agency(agency),
            (Actor::Service(_), Some(agency)) => By::Agency(agency),
            (Actor::Worker(_) | Actor::Service(_), None) => By::System,
        }
    }
}

/// Whose act it is, as a domain judges it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum By {
    /// An agency's, through a worker or its integration.
    Agency(AgencyId),
    /// The person's own.
    Person(PersonId),
    /// The system's own: an operator, a reaction, a clock.
    System,
}
