//! Ids that this service makes.
//! Invariant: one type for each thing that can be named.

kernel::id!(/// A goal of a person (FHIR Goal).
    GoalId);
kernel::id!(/// An item of a person's plan (FHIR CarePlan.activity).
    PlanItemId);
kernel::id!(/// A member of a person's team (FHIR CareTeam.participant).
    TeamMemberId);
kernel::id!(/// A strength or preference of a person.
    FacetId);
kernel::id!(/// A measure of a person (FHIR Observation).
    MeasureId);
