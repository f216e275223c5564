//! One thing that a rule found: what it rests on, when it holds, and one line that says no more than the labels allow.
//! Invariant: its key is its rule and its inputs; everything else about it may change while it stays the same finding.

use std::collections::BTreeSet;

use kernel::ids::Uuid;
use kernel::{AgencyId, Class, Part, PersonId, StreamId, Timestamp};

use super::Input;

/// Sorts of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Two services stand in each other's way.
    Clash,
    /// Two services would strengthen each other.
    Synergy,
    /// Something that should happen does not.
    Gap,
}

/// What findings are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A person; of linked records the canonical one.
    Person(PersonId),
    /// A seat.
    Seat(Uuid),
    /// A housing unit.
    Unit(Uuid),
}

impl Subject {
    /// The stream that keeps the subject's findings.
    pub fn stream(&self) -> StreamId {
        let id = match self {
            Self::Person(person) => person.uuid(),
            Self::Seat(id) | Self::Unit(id) => *id,
        };
        StreamId::new("findings", id)
    }
    /// The person, where it is one.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::Person(person) => Some(*person),
            Self::Seat(_) | Self::Unit(_) => None,
        }
    }
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Code of the rule.
    pub rule: String,
    /// Its version.
    pub version: u32,
    /// Sort of finding.
    pub kind: Kind,
    /// What it rests on, sorted.
    pub inputs: Vec<Input>,
    /// It holds from this instant; none where it always did.
    pub from: Option<Timestamp>,
    /// And until this one; none while open-ended.
    pub until: Option<Timestamp>,
    /// One plain line.
    pub line: String,
    /// The agencies it concerns.
    pub concerned: BTreeSet<AgencyId>,
}

/// What makes a finding the same finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    rule: String,
    inputs: Vec<(String, String, String)>,
}

impl Found {
    /// Its key.
    pub fn key(&self) -> Key {
        let place = |input: &Input| (input.service.clone(), input.stream.clone(), input.entry.clone());
        Key { rule: self.rule.clone(), inputs: self.inputs.iter().map(place).collect() }
    }
    /// The classes it is shown under: each says what must be visible, all of it, for the finding to be. Of an input that several agencies see
    /// as its writer does, any one will do.
    pub fn classes(&self) -> BTreeSet<Class> {
        let none = BTreeSet::from([vec![]]);
        let parts = self.inputs.iter().fold(none, |classes: BTreeSet<Vec<Part>>, input| {
            let part = |agency| Part::of_stream(agency, &input.category, &input.stream, &input.label);
            let seen_by: BTreeSet<AgencyId> =
                input.shared_with.iter().copied().chain([input.agency]).collect();
            let with = |parts: &Vec<Part>, agency: AgencyId| [parts.as_slice(), &[part(agency)]].concat();
            classes.iter().flat_map(|parts| seen_by.iter().map(|agency| with(parts, *agency))).collect()
        });
        parts.into_iter().map(Class::new).collect()
    }
}
