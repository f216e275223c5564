//! What happens to a person's record, and the values it is about.
//! Invariant: what is personal is [`Private`]; beside it stand hashes that only this service can make.

use kernel::{AgencyId, Discrepancy, PersonId, Private};

use super::{Change, Death, Restriction, Told};

/// How good a datum is (HMIS FY2026 3.01.5, 3.02.2, 3.03.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quality {
    /// Full.
    Full,
    /// Partial, approximate or a street name.
    Partial,
    /// The person does not know it.
    NotKnown,
    /// The person prefers not to answer.
    NotAnswered,
    /// It was not collected.
    NotCollected,
}

/// Who a person is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Details {
    /// Given name or names.
    pub given_name: Option<Private>,
    /// Middle name.
    pub middle_name: Option<Private>,
    /// Family name.
    pub family_name: Option<Private>,
    /// What follows the name.
    pub name_suffix: Option<Private>,
    /// The name the person goes by.
    pub chosen_name: Option<Private>,
    /// Pronouns.
    pub pronouns: Option<Private>,
    /// How good the name is.
    pub name_quality: Option<Quality>,
    /// Birth date.
    pub birth_date: Option<Private>,
    /// How good the birth date is.
    pub birth_date_quality: Option<Quality>,
    /// Languages.
    pub languages: Option<Private>,
    /// Says so where an interpreter is needed.
    pub interpreter_needed: Option<Private>,
    /// How to reach the person.
    pub contact_points: Vec<ContactPoint>,
    /// Hash of all of this under the person's key: equal for equal details.
    pub digest: [u8; 32],
}

/// One way to reach a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactPoint {
    /// What kind, as the contract numbers it.
    pub kind: i32,
    /// Number or address.
    pub value: Private,
    /// Whose it is, where not the person's own.
    pub whose: Option<Private>,
    /// Whether leaving a message there is safe.
    pub safe_to_leave_message: bool,
    /// When the person is best reached there.
    pub best_times: Option<Private>,
    /// What it is used for, as the contract numbers it; 0 where not told.
    pub used_for: i32,
    /// Whether saying who calls is safe.
    pub safe_to_say_who_calls: bool,
}

/// Among whom an identifier is known.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// One agency's own.
    Agency(AgencyId),
    /// Shared by the agencies of a source system.
    Source(String),
}

/// What an identifier is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// It names one record within its scope.
    RecordNumber,
    /// It helps matching, beside a name or birth date.
    Matching,
}

/// An identifier of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identifier {
    /// Namespace of the value.
    pub system: String,
    /// The value.
    pub value: Private,
    /// Keyed hash of scope, system and value.
    pub key_hash: [u8; 32],
    /// Among whom it is known.
    pub scope: Scope,
    /// What it is good for.
    pub usage: Use,
    /// How good it is.
    pub quality: Option<Quality>,
    /// Whether the record holds it against all others; a matching one never does.
    pub claimed: bool,
}

/// What happens to a person's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The person is known.
    Registered {
        /// The person.
        id: PersonId,
        /// The agency that serves the person; none where an operator registered.
        agency: Option<AgencyId>,
        /// Who the person is.
        details: Details,
        /// Identifiers from the start.
        identifiers: Vec<Identifier>,
    },
    /// Something else is known.
    Changed {
        /// The whole of it.
        details: Details,
    },
    /// Another system told of the person.
    Recorded {
        /// What it told.
        told: Told,
        /// Whether it replaces an earlier telling.
        correction: bool,
        /// What today's guards would have refused.
        discrepancies: Vec<Discrepancy>,
    },
    /// Never meant.
    EnteredInError,
    /// One more identifier.
    IdentifierAdded(Identifier),
    /// One identifier less.
    IdentifierRemoved {
        /// Which.
        key_hash: [u8; 32],
    },
    /// An agency serves the person.
    ServingAgencyAdded {
        /// Which.
        agency: AgencyId,
    },
    /// This record and another are of one human.
    Linked {
        /// The one that stands for both.
        canonical: PersonId,
        /// The one read with it.
        member: PersonId,
    },
    /// They are not, and are never to be linked again by mistake.
    Unlinked {
        /// The one that stood for both.
        canonical: PersonId,
        /// The one that was read with it.
        member: PersonId,
    },
    /// This record and another are of two humans, found before anybody linked them.
    NeverLinked {
        /// One of them.
        one: PersonId,
        /// The other.
        other: PersonId,
    },
    /// Something around the person is otherwise.
    Around(Change),
    /// The person died, or another day or source of it is right, by the word of this agency; none where an operator tells it.
    Died(Death, Option<AgencyId>),
    /// The death should never have been written by this agency; by nobody where it is no agency that says so.
    DeathInError(Option<AgencyId>),
    /// The person is not to be found but by those who serve them, by this agency's word; by none's where the person or who runs the system said it.
    Restricted(Restriction, Option<AgencyId>),
    /// The person may be found again.
    RestrictionLifted {
        /// Whether the person said so in their own voice.
        own_words: bool,
    },
    /// It never should have been said by this agency that they are not to be found; by anybody where it is none's word.
    RestrictionInError(Option<AgencyId>),
    /// The key is destroyed.
    Erased,
}
