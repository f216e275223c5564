//! Closing the loop: an accepted referral to a unit group opens a placement here.
//! Invariant: decided on the streams as they are, appended with the reader's cursor, so each referral opens one placement, once.

use futures_util::future::BoxFuture;
use platform::command::{Asked, Desk, id_of};
use platform::log::Append;
use platform::reaction::{ReactError, Reaction, Read};

use crate::domain::group;
use crate::domain::placement::Placement;
use crate::domain::tenancy::Refusal;
use crate::{policy, tenancies, wire};

/// An accepted referral opens a placement, matched to the group, its unit not yet known.
pub struct Opens {
    desk: Desk,
}

impl Opens {
    /// At this desk.
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    async fn open(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let accepted =
            policy::accepted(&read.event).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        let Some(accepted) = accepted else { return Ok(None) };
        let placement = accepted.placement().uuid();
        let matching = accepted.ask(self.desk.clock().now());
        let ask = self.desk.own_ask("OpenPlacement", placement, Some(&read.event));
        let streams = tenancies::household_streams(accepted.group, &matching);
        let prepared = self.desk.prepared(&ask, id_of::<Placement>(placement), streams, |household| {
            // The group is the accepting agency's own; another's is not opened by it.
            if household.0.made().is_none_or(|group| group.agency != accepted.agency) {
                return Err(Refusal::from(group::Refusal::NotFound));
            }
            tenancies::match_household(&self.desk, household, &matching)
        });
        let asked =
            Asked { reaction: self.name(), log: self.source(), record: id_of::<Placement>(placement) };
        self.desk.settled(&ask, read, asked, prepared.await, wire::reaction_refused).await
    }
}

impl Reaction for Opens {
    fn name(&self) -> &'static str {
        "opens-placement"
    }
    fn source(&self) -> &'static str {
        "referrals"
    }
    fn react<'a>(&'a self, read: &'a Read) -> BoxFuture<'a, Result<Option<Append>, ReactError>> {
        Box::pin(self.open(read))
    }
}
