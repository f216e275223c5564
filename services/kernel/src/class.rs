//! The disclosure class of an entry: what must be visible for the entry to be.
//! Invariant: an entry's class is settled when it is written; only what a viewer may see changes.

use std::collections::BTreeSet;

use crate::AgencyId;
use crate::ids::parse_stream;

/// The categories of facts, by the service that keeps them.
pub const CATEGORIES: [&str; 5] = ["registry", "referrals", "vocational", "housing", "therapy"];

/// The label of a 42 CFR Part 2 programme's records (HL7 ActCode, as DS4P names it).
pub const PART2: &str = "42CFRPart2";
/// The label of a therapist's notes of a conversation that are kept apart (HL7 ActCode; 45 CFR 164.501).
pub const PSYTHPN: &str = "PSYTHPN";
/// The label of the same notes about substance use (42 CFR 2.11, "SUD counseling notes"; our code, HL7 has none).
pub const COUNSELLING_NOTES: &str = "42CFRPart2:notes";

/// The label of what tells where somebody is to be found (HL7 ActCode, "location information sensitivity"): where they live and with whom, where they
/// work, an hour at which they are to be somewhere. No directive needs to name it: it closes, of those who are not to be found, what a directive opens.
pub const WHEREABOUTS: &str = "LOCIS";

/// The families of streams of which every fact tells where somebody is to be found; all of housing does, by whatever stream. A medical emergency does by the
/// agency that declared it, which is where they lie; a participation by its programme, which may be a home.
const TELL_WHERE: [&str; 4] = ["appointment", "emergency", "job", "participation"];

/// The labels that a directive may name.
pub const LABELS: [&str; 3] = [PART2, PSYTHPN, COUNSELLING_NOTES];

/// Whether the label is that of counselling notes, which a directive opens only where it is about nothing else (42 CFR 2.31(b), 45 CFR 164.508(b)(3)(ii)).
pub fn is_of_notes(label: &str) -> bool {
    label == PSYTHPN || label == COUNSELLING_NOTES
}

/// One thing that a viewer must be allowed to see: an agency's facts of a category under a security label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    /// The agency that wrote the facts.
    pub agency: AgencyId,
    /// The category: one of [`CATEGORIES`].
    pub category: String,
    /// Security labels (DS4P), joined by commas; empty for none.
    pub label: String,
}

impl Part {
    /// Labels as a part has them: sorted, each once.
    pub fn joined(labels: &[String]) -> String {
        let labels: BTreeSet<&str> = labels.iter().map(String::as_str).collect();
        labels.into_iter().collect::<Vec<_>>().join(",")
    }

    /// The part of a fact of this stream, under these labels and that which the stream itself asks for.
    pub fn of_stream(agency: AgencyId, category: &str, stream: &str, label: &str) -> Self {
        let part = Self { agency, category: category.to_owned(), label: label.to_owned() };
        let tells = parse_stream(stream).is_ok_and(|(family, _)| TELL_WHERE.contains(&family));
        if tells { part.telling_where() } else { part }
    }

    /// The same, telling where the person is to be found.
    pub fn telling_where(self) -> Self {
        let labels: Vec<String> = self.labels().chain([WHEREABOUTS]).map(str::to_owned).collect();
        Self { label: Self::joined(&labels), ..self }
    }

    /// Whether it tells where the person is to be found.
    pub fn tells_where(&self) -> bool {
        self.category == "housing" || self.labels().any(|label| label == WHEREABOUTS)
    }

    /// Its labels.
    pub fn labels(&self) -> impl Iterator<Item = &str> {
        self.label.split(',').filter(|label| !label.is_empty())
    }
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
    /// The same, each part telling where the person is to be found.
    pub fn telling_where(self) -> Self {
        Self::new(self.0.into_iter().map(Part::telling_where))
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

    #[test]
    fn what_tells_where_somebody_is_to_be_found_is_told_by_category_stream_or_label() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let of = |category, stream: &str| {
            Part::of_stream(AgencyId::of(1), category, &format!("{stream}-{id}"), "42CFRPart2")
        };
        for (category, stream) in [
            ("housing", "placement"),
            ("housing", "livingsituation"),
            ("vocational", "job"),
            ("therapy", "appointment"),
            ("registry", "emergency"),
            ("referrals", "participation"),
        ] {
            assert!(of(category, stream).tells_where(), "{stream}");
        }
        for (category, stream) in [("vocational", "case"), ("therapy", "episode"), ("registry", "person")] {
            assert!(!of(category, stream).tells_where(), "{stream}");
            assert!(of(category, stream).telling_where().tells_where(), "{stream}");
        }
        let twice = of("therapy", "appointment").telling_where();
        assert_eq!(twice.label, "42CFRPart2,LOCIS", "each label once");
        assert!(!Part::of_stream(AgencyId::of(1), "therapy", "appointment", "").tells_where(), "no stream");
    }

    #[test]
    fn a_part_holds_all_labels_in_one_order() {
        let labels = ["PSYTHPN".to_owned(), "42CFRPart2".to_owned(), "PSYTHPN".to_owned()];
        let label = Part::joined(&labels);
        assert_eq!(label, "42CFRPart2,PSYTHPN");
        let part = Part { agency: AgencyId::of(1), category: "therapy".into(), label };
        assert_eq!(part.labels().collect::<Vec<_>>(), ["42CFRPart2", "PSYTHPN"]);
        let class = Class::new([part]);
        assert_eq!(Class::from_key(&class.key()), Some(class));
        assert_eq!(Part::joined(&[]), "");
    }
}
