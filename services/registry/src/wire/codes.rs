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
codes!(pub mod relation: crate::domain::person::Relation = proto::registry::RepresentativeRelation {
    Parent, FosterParent, Guardian, PowerOfAttorney, HealthcarePowerOfAttorney, Other
});
codes!(pub mod matter: crate::domain::person::Matter = proto::registry::RepresentativeMatter { All, Consents, Goals });
codes!(pub mod minor_consent: crate::domain::consent::MinorSigns = proto::registry::MinorConsent { Alone, Representative, Both });
codes!(pub mod death_source: crate::domain::person::DeathSource = proto::registry::DeathSource {
    Family, Provider, OfficialRecord, Other
});
codes!(pub mod restriction_reason: crate::domain::person::RestrictionReason = proto::registry::RestrictionReason {
    FleeingViolence, OwnWish
});
codes!(pub mod achievement: crate::domain::goal::Achievement = proto::registry::Achievement {
    Achieved, Improving, NoChange, Worsening, NotAchieved, NotAttainable
});
codes!(pub mod readiness: crate::domain::goal::Readiness = proto::registry::Readiness { NotNow, Unsure, Ready });
codes!(pub mod facet_kind: crate::domain::facet::Kind = proto::registry::FacetKind { Strength, Preference });
codes!(pub mod evidence: kernel::practice::Evidence = proto::registry::Evidence { Best, Promising, UnderStudy, NotGraded });
codes!(pub mod skill_group: kernel::skill::Group = proto::registry::SkillGroup { Practical, Interpersonal, Intrapersonal });
codes!(pub mod sharing: kernel::skill::Sharing = proto::registry::SkillSharing { Shared, Complementary, TherapyOnly, PsrOnly });
codes!(pub mod about: crate::domain::scale::About = proto::registry::ScaleAbout { Recovery, Satisfaction, Success, SkillArea });
codes!(pub mod course: crate::domain::scale::Course = proto::registry::MeasureCourse { Improving, Steady, Declining });
codes!(pub mod team_role: crate::domain::team::Role = proto::registry::TeamRole {
    EmploymentSpecialist, HousingSpecialist, Therapist, Psychiatrist, Psychologist, Counselor, OccupationalTherapist, SocialWorker,
    PeerSupportWorker, Family, Coordinator, Other
});
