//! How a referral goes without the person's consent.
//! Invariant: two people of the agency that made it stand behind that: who sends, and another who works there and approved it.

use kernel::{AgencyId, Private, WorkerId};

use super::Refusal;

/// By what a referral goes without the person's consent (domain.md section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Why.
    pub reason: Private,
    /// Who approved it.
    pub approver: WorkerId,
    /// The agency that the approver is known to work for now; none where nobody knows them, or they have left.
    pub works_for: Option<AgencyId>,
    /// Who sends; none where no worker does.
    pub sender: Option<WorkerId>,
}

impl Override {
    /// The reason and who approved it, where a second person of the agency that made the referral did.
    ///
    /// # Errors
    /// It is the sender's own word, or that of nobody there.
    pub(super) fn approved(self, requester: Option<AgencyId>) -> Result<(Private, WorkerId), Refusal> {
        if self.sender == Some(self.approver) {
            return Err(Refusal::ApproverIsSender);
        }
        if self.works_for.is_none() || self.works_for != requester {
            return Err(Refusal::ApproverNotOfAgency);
        }
        Ok((self.reason, self.approver))
    }
}
