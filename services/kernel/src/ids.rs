//! Ids as types: a person's id cannot be passed where an agency's is meant.
//! Invariant: an id is a UUID and says nothing about what it names.

use std::fmt;
use std::str::FromStr;

/// What a text that is no UUID answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a UUID")]
pub struct NotAnId;

/// Defines an id type over a UUID.
#[macro_export]
macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($crate::ids::Uuid);

        impl $name {
            /// The id with this UUID.
            pub const fn new(uuid: $crate::ids::Uuid) -> Self {
                Self(uuid)
            }
            /// The id with this number; for tests and seeds.
            pub const fn of(number: u128) -> Self {
                Self($crate::ids::Uuid::from_u128(number))
            }
            /// Its UUID.
            pub const fn uuid(self) -> $crate::ids::Uuid {
                self.0
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }
        impl std::str::FromStr for $name {
            type Err = $crate::ids::NotAnId;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::ids::Uuid::try_parse(text).map(Self).map_err(|_| $crate::ids::NotAnId)
            }
        }
    };
}

pub use uuid::Uuid;

id!(/// A person, in this system.
    PersonId);
id!(/// An agency (FHIR Organization).
    AgencyId);
id!(/// A worker of an agency (FHIR PractitionerRole).
    WorkerId);
id!(/// A service offer of an agency (FHIR HealthcareService).
    OfferId);
id!(/// A group of housing units of one project.
    UnitGroupId);
id!(/// A consent directive of a person (FHIR Consent).
    DirectiveId);
id!(/// A medical emergency that was declared of a person (42 CFR 2.51).
    EmergencyId);

/// One stream of events: its category and its id, written `referral-<uuid>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    category: &'static str,
    id: Uuid,
}

impl StreamId {
    /// The stream of this category with this id.
    pub const fn new(category: &'static str, id: Uuid) -> Self {
        Self { category, id }
    }
    /// Its family, without a hyphen.
    pub const fn category(&self) -> &'static str {
        self.category
    }
    /// Its id.
    pub const fn id(&self) -> Uuid {
        self.id
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.category, self.id)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The category and id that a stream's text names.
pub fn parse_stream(text: &str) -> Result<(&str, Uuid), NotAnId> {
    // A UUID in text form is 36 characters, with one hyphen before it.
    let split = text.len().checked_sub(37).ok_or(NotAnId)?;
    let (category, rest) = text.split_at_checked(split).ok_or(NotAnId)?;
    let id = rest.strip_prefix('-').ok_or(NotAnId)?;
    Ok((category, Uuid::from_str(id).map_err(|_| NotAnId)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_reads_back_from_its_text() {
        let stream = StreamId::new("unit-diary", Uuid::from_u128(7));
        let text = stream.to_string();
        assert_eq!(parse_stream(&text), Ok(("unit-diary", Uuid::from_u128(7))));
        assert_eq!(parse_stream("referral"), Err(NotAnId));
    }
}
