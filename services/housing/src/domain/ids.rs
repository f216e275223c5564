//! Ids that this service makes or is told.
//! Invariant: one type for each thing that can be named.

kernel::id!(/// A placement (HMIS Enrollment).
    PlacementId);
kernel::id!(/// A unit; its diary has the same id.
    UnitId);
kernel::id!(/// A capacity of a unit group (HMIS Inventory).
    CapacityId);
kernel::id!(/// A household (HMIS HouseholdID): its members may share a unit's nights.
    HouseholdId);
kernel::id!(/// A living situation (HMIS 3.917, 4.12).
    LivingSituationId);
kernel::id!(/// A referral, kept by the referrals service.
    ReferralId);
kernel::id!(/// A fact as a source told it: what its key is hashed to.
    FactId);
kernel::id!(/// An item of a person's plan, kept by the registry.
    PlanItemId);
