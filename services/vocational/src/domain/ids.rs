//! Ids that this service makes or is told.
//! Invariant: one type for each thing that can be named.

kernel::id!(/// A case: one agency's work with one person.
    CaseId);
kernel::id!(/// A job, from lead to end.
    JobId);
kernel::id!(/// An employment status report.
    ReportId);
kernel::id!(/// A contact, among those of its case or job.
    ContactId);
kernel::id!(/// An interview, among those of its job.
    InterviewId);
kernel::id!(/// A referral, kept by the referrals service.
    ReferralId);
kernel::id!(/// A goal of a person, kept by the registry.
    GoalId);
kernel::id!(/// An item of a person's plan, kept by the registry.
    PlanItemId);
