//! Ids that this service makes or is told.
//! Invariant: one type for each thing that can be named.

kernel::id!(/// A referral (FHIR Task).
    ReferralId);
kernel::id!(/// A participation (FHIR EpisodeOfCare).
    ParticipationId);
kernel::id!(/// A goal of a person, kept by the registry.
    GoalId);
kernel::id!(/// An item of a person's plan, kept by the registry.
    PlanItemId);
