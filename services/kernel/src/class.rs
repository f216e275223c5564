//! The disclosure class of an entry: what must be visible for the entry to be.
//! Invariant: an entry's class is settled when it is written; only what a viewer may see changes.

use crate::AgencyId;

/// One thing that a viewer must be allowed to see: an agency's facts of a category under a security label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// The agency that wrote the facts.
    pub agency: AgencyId,
    /// The category, by service and kind: "referral", "housing", "vocational", "therapy", "registry".
    pub category: String,
    /// Security label (DS4P), empty for none; "42CFRPart2" for a Part 2 programme's records.
    pub label: String,
}

/// What must be visible, all of it, for an entry to be. An ordinary entry has one part, a finding one for each input;
/// an entry without a part was written by the person, not by an agency: it is theirs to show.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Class(Vec<Part>);

impl Class {
    /// The class of an entry made of these parts; order and repetition do not matter.
    pub fn new(parts: impl IntoIterator<Item = Part>) -> Self {
        let mut parts: Vec<Part> = parts.into_iter().collect();
        parts.sort();
        parts.dedup();
        Self(parts)
    }
    /// The class of one agency's facts of a category, unlabelled.
    pub fn of(agency: AgencyId, category: &str) -> Self {
        Self(vec![Part { agency, category: category.to_owned(), label: String::new() }])
    }
    /// Its parts, sorted.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }
    /// A text that is the same for the same class and for no other; a database key.
    pub fn key(&self) -> String {
        let parts: Vec<String> =
            self.0.iter().map(|part| format!("{}/{}/{}", part.agency, part.category, part.label)).collect();
        parts.join("+")
    }
    /// The class with that key.
    pub fn from_key(key: &str) -> Option<Self> {
        if key.is_empty() {
            return Some(Self::default());
        }
        key.split('+')
            .map(|part| {
                let mut fields = part.splitn(3, '/');
                let agency = fields.next()?.parse().ok()?;
                let category = fields.next()?.to_owned();
                let label = fields.next()?.to_owned();
                Some(Part { agency, category, label })
            })
            .collect::<Option<Vec<_>>>()
            .map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_reads_back_from_its_key() {
        let part = |agency, label: &str| Part {
            agency: AgencyId::of(agency),
            category: "therapy".into(),
            label: label.into(),
        };
        let class = Class::new([part(2, "42CFRPart2"), part(1, ""), part(1, "")]);
        assert_eq!(class.parts().len(), 2);
        assert_eq!(Class::from_key(&class.key()), Some(class));
        assert_eq!(Class::from_key(""), Some(Class::default()));
        assert_eq!(Class::from_key("x"), None);
    }
}
