//! Closing the loop: an accepted referral to a unit group opens a placement here.
//! Invariant: decided on the streams as they are, appended with the reader's cursor, so each referral opens one placement, once.

use futures_util::future::BoxFuture;
use platform::command::{Changes, Desk, Failed, id_of};
use platform::log::Append;
use platform::reaction::{ReactError, Reaction, Read};

use crate::domain::placement::Placement;
use crate::domain::tenancy::Refusal;
use crate::{policy, tenancies};

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
                return Ok(Changes::<Refusal>::none());
            }
            tenancies::match_household(&self.desk, household, &matching)
        });
        match prepared.await {
            Ok(prepared) => Ok(prepared.for_reaction()),
            Err(Failed::Refused(refusal)) => {
                let reason = kernel::Refusal::reason(&refusal);
                tracing::warn!(refusal.reason = reason, "an accepted referral opened no placement");
                Ok(None)
            }
            // Nothing more can be written about a person who was erased meanwhile.
            Err(Failed::Status(status))
                if platform::error::reason(&status).as_deref() == Some("PERSON_ERASED") =>
            {
                Ok(None)
            }
            Err(Failed::Status(status)) => Err(ReactError::Failed(status)),
        }
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
