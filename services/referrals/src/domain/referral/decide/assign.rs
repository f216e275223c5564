//! Who of the target takes care of a referral.
//! Invariant: that is the target's own affair: it tells the target nothing of the person, so it may be said while a consent has lapsed too.

use super::{Live, Situation};
use crate::domain::assignment::{Assignment, Comes};
use crate::domain::referral::{Event, Refusal};

pub(super) fn assign(live: Live<'_>, to: Assignment) -> Result<Vec<Event>, Refusal> {
    match live.situation {
        Situation::Requested { .. }
        | Situation::Accepted
        | Situation::InProgress
        | Situation::OnHold { .. } => match to.comes(live.facts.target, live.beside.assignee) {
            Comes::Moves => Ok(vec![Event::Assigned { worker: to.worker, from: to.from, at: to.at }]),
            Comes::Stays => Ok(vec![]),
            Comes::Stranger => Err(Refusal::WorkerNotOfAgency),
        },
        Situation::Draft => Err(Refusal::NotFound),
        Situation::Closed(_) => Err(Refusal::NotInThisState),
    }
}
