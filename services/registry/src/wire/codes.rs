//! Coded values of the contract and the domain.
//! Invariant: both sides are matched in full.

use platform::codes;

codes!(pub mod quality: crate::domain::person::Quality = proto::registry::DataQuality {
    Full, Partial, NotKnown, NotAnswered, NotCollected
});
codes!(pub mod usage: crate::domain::person::Use = proto::registry::IdentifierUse { RecordNumber, Matching });
codes!(pub mod relationship: crate::domain::person::Relationship = proto::registry::HouseholdRelationship {
    Head, Child, Partner, Relative, Other
});
codes!(pub mod death_source: crate::domain::person::DeathSource = proto::registry::DeathSource {
    Family, Provider, OfficialRecord, Other
});
codes!(pub mod restriction_reason: crate::domain::person::RestrictionReason = proto::registry::RestrictionReason {
    FleeingViolence, OwnWish
});
codes!(pub mod achievement: crate::domain::goal::Achievement = proto::registry::Achievement {
    Achieved, Improving, NoChange, Worsening, NotAchieved, NotAttainable
});
codes!(pub mod facet_kind: crate::domain::facet::Kind = proto::registry::FacetKind { Strength, Preference });
codes!(pub mod stance: crate::domain::plan::Stance = proto::registry::Stance {
    BuildIndependence, Accommodate, Expose, Avoid
});
