//! What follows by itself: an accepted referral to a unit group opens a placement here, and a death calls off what was still to come.
//! Invariant: decided on the streams as they are; each may be done twice and comes to the same.

use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::Occurred;
use kernel::ids::Uuid;
use platform::command::{Asked, Desk, id_of};
use platform::log::Append;
use platform::people::People;
use platform::reaction::{ReactError, Reaction, Read};
use tokio::time::Instant;
use tonic::Status;

use crate::domain::group;
use crate::domain::placement::Placement;
use crate::domain::tenancy::Refusal;
use crate::view::View;
use crate::{policy, tenancies, wire};

/// How long the views may take to read what is looked up; then it is tried again.
const PATIENCE: Duration = Duration::from_secs(5);

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

/// A death calls off the placements that nobody was admitted to yet, of all agencies and under whichever of the person's records: who is in a place
/// leaves it when its agency says so, with the day. That the death was an error brings none back: the unit may be another's by then.
///
/// Each is a command of its own, named by the event and the placement, so that a look that was broken off goes on where it was.
pub struct Cancels {
    desk: Desk,
    view: View,
    people: People,
}

impl Cancels {
    /// At this desk, by these lists.
    pub fn new(desk: Desk, view: View, people: People) -> Self {
        Self { desk, view, people }
    }

    async fn cancel(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let died = policy::died(&read.event).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        let Some(person) = died else { return Ok(None) };
        let until = Instant::now() + PATIENCE;
        let own = self.desk.log().head().await?.position;
        let linked = self.people.views().read_to("registry", read.recorded.position, until).await;
        if !(linked && self.view.read_to(own, until).await) {
            return Err(ReactError::Failed("the views have not read it yet".into()));
        }
        let cause =
            Uuid::try_parse(&read.event.id).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        // Clocks of machines differ: it is at least when the event was recorded.
        let now = self.desk.clock().now().max(read.recorded.recorded_at);
        for record in
            self.people.group(person, None).await.map_err(|wrong| ReactError::Failed(wrong.into()))?
        {
            for id in self.view.to_come(record).await.map_err(failed)? {
                let request = Uuid::new_v5(&cause, id.uuid().as_bytes());
                let ask = self.desk.own_ask("CancelForDeath", request, Some(&read.event));
                let done = tenancies::call_off(&self.desk, &ask, id, Occurred::instant(now));
                done.await.map_err(failed)?;
            }
        }
        Ok(None)
    }
}

impl Reaction for Cancels {
    fn name(&self) -> &'static str {
        "cancels-for-death"
    }
    fn source(&self) -> &'static str {
        "registry"
    }
    fn react<'a>(&'a self, read: &'a Read) -> BoxFuture<'a, Result<Option<Append>, ReactError>> {
        Box::pin(self.cancel(read))
    }
}

fn failed(status: Status) -> ReactError {
    ReactError::Failed(Box::new(status))
}
