//! What a practice demands of every service that refers to it or runs it.
//! Invariant: it follows from the practice alone; no offer and no case of it can leave it out.

/// Individual Placement and Support, by its code in the practice catalogue.
pub const IPS: &str = "ips";

/// Whether a practice excludes nobody: the first principle of IPS is that everybody who wants to work may, and that nobody is turned away, held or
/// discharged for symptoms, substance use, housing, record, attendance or readiness (domain: vocational, zero exclusion). Only wanting work,
/// age, area and language can make somebody ineligible.
pub fn zero_exclusion(practice: &str) -> bool {
    practice == IPS
}
