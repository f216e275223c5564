//! Ids that this service makes or is told. A practitioner's is the worker's.
//! Invariant: one type for each thing that can be named.

kernel::id!(/// An episode of therapy (FHIR EpisodeOfCare).
    EpisodeId);
kernel::id!(/// An appointment (FHIR Appointment).
    AppointmentId);
kernel::id!(/// A referral, kept by the referrals service.
    ReferralId);
kernel::id!(/// A goal of a person, kept by the registry.
    GoalId);
kernel::id!(/// A plan item of a person, kept by the registry.
    PlanItemId);
