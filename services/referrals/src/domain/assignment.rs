//! Which worker takes care of something.
//! Invariant: a worker of the agency whose it is, or nobody; what is handed over moves only while the worker who hands it over has it.

use kernel::{AgencyId, Occurred, WorkerId};

/// Who is to take care of something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Who; none for nobody.
    pub worker: Option<WorkerId>,
    /// The agency that this worker is known to work for now.
    pub works_for: Option<AgencyId>,
    /// Who hands it over; none where it is assigned by itself.
    pub from: Option<WorkerId>,
    /// Since when.
    pub at: Occurred,
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comes {
    /// It changes hands.
    Moves,
    /// What was asked holds, or it is no more with the one who hands it over.
    Stays,
    /// The worker does not work for that agency.
    Stranger,
}

impl Assignment {
    /// What comes of it for something of that agency that this worker takes care of now.
    pub(super) fn comes(&self, agency: AgencyId, now: Option<WorkerId>) -> Comes {
        if self.worker.is_some() && self.works_for != Some(agency) {
            return Comes::Stranger;
        }
        let gone = self.from.is_some() && self.from != now;
        if gone || self.worker == now { Comes::Stays } else { Comes::Moves }
    }
}
