//! What can be asked of one person's record. What concerns two records is in `links`.
//! Invariant: a command carries every fact that deciding needs, who asks among them.

use kernel::{AgencyId, By, PersonId};

use super::{AroundAsk, Details, Identifier, Mark};

/// A person as another system tells them, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The person.
    pub id: PersonId,
    /// Who the person is.
    pub details: Details,
    /// The identifiers there, all of them.
    pub identifiers: Vec<Identifier>,
    /// The agencies that serve the person by that system.
    pub serving: Vec<AgencyId>,
}

/// What can be asked.
#[derive(Clone, Debug)]
pub enum Command {
    /// Make the person known.
    Register {
        /// Who asks.
        by: By,
        /// The person.
        id: PersonId,
        /// Who the person is.
        details: Details,
        /// Identifiers from the start.
        identifiers: Vec<Identifier>,
    },
    /// Something else is known.
    Change {
        /// Who asks.
        by: By,
        /// The whole of it.
        details: Details,
    },
    /// Put down what another system tells.
    Record {
        /// Who asks.
        by: By,
        /// What it tells.
        told: Told,
        /// Hashes of those of its identifiers that other records hold.
        taken: Vec<[u8; 32]>,
    },
    /// The record should never have been written.
    MarkEnteredInError {
        /// Who says so.
        by: By,
    },
    /// One more identifier.
    AddIdentifier {
        /// Who asks.
        by: By,
        /// The identifier.
        identifier: Identifier,
    },
    /// One identifier less.
    RemoveIdentifier {
        /// Who asks.
        by: By,
        /// Which.
        key_hash: [u8; 32],
    },
    /// An agency serves the person.
    AddServingAgency {
        /// Who asks.
        by: By,
        /// Which.
        agency: AgencyId,
    },
    /// Something of what is around the person.
    Around {
        /// Who asks.
        by: By,
        /// What.
        ask: AroundAsk,
    },
    /// Something of what stands beside the record.
    Mark {
        /// Who asks.
        by: By,
        /// What.
        mark: Mark,
    },
    /// Destroy the key.
    Erase {
        /// Who asks.
        by: By,
    },
}
