//! A medical emergency of a person's (42 CFR 2.51): what opens records to medical staff where the person's say does not, and cannot be asked for.
//! Invariant: an emergency opens to the one who declared it alone, what the agencies that it names wrote, to before its end; counselling notes never.

use std::collections::BTreeSet;

use crate::class::is_of_notes;
use crate::{Actor, AgencyId, Caller, EmergencyId, Part, Role, Timestamp, WorkerId};

/// What goes with every disclosure of a 42 CFR Part 2 programme's records in an emergency (42 CFR 2.32 asks for such a notice; the words are ours).
pub const PART2_NOTICE: &str = "Records of a programme under 42 CFR Part 2 were opened to you for a medical emergency: use them to treat it, and tell nobody of them \
     in turn, unless the person consents in writing to that or 42 CFR Part 2 allows it (notice under 42 CFR 2.32, disclosure under 42 CFR 2.51).";

/// An emergency as the judge reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// Which.
    pub id: EmergencyId,
    /// Who declared it: medical staff.
    pub worker: WorkerId,
    /// The agency by which they did.
    pub agency: AgencyId,
    /// The agencies whose records it opens: those that served the person when it was declared.
    pub disclosers: BTreeSet<AgencyId>,
    /// From when it was declared.
    pub from: Timestamp,
    /// To before this instant.
    pub until: Timestamp,
}

impl Emergency {
    /// Whether it runs then.
    pub fn runs(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }

    /// Whether this viewer declared it, and speaks for the same agency: nobody else reads by it, not even a colleague.
    pub fn is_of(&self, viewer: &Caller) -> bool {
        viewer.role == Role::Worker
            && viewer.actor == Actor::Worker(self.worker)
            && viewer.speaks_for() == Some(self.agency)
    }

    /// Whether it is about facts of this part. Counselling notes are not for emergencies (our reading: they hold no treatment record that is needed then).
    pub fn covers(&self, part: &Part) -> bool {
        self.disclosers.contains(&part.agency) && !part.labels().any(is_of_notes)
    }
}
