//! What follows by itself: an accepted referral to a unit group opens a placement here, and a death calls off what was still to come.
//! Invariant: decided on the streams as they are; each may be done twice and comes to the same.

use futures_util::future::BoxFuture;
use kernel::ids::Uuid;
use kernel::{AgencyId, Occurred, PersonId, StreamId, Timestamp, WorkerId};
use platform::caseload::{HandOver, TakesOver};
use platform::command::{Ask, Asked, Desk, Failed, id_of};
use platform::log::Append;
use platform::people::deaths::CallsOff;
use platform::reaction::{ReactError, Reaction, Read};
use prost::Name;
use proto::housing as pb;
use proto::log::ReactionRefused;
use tonic::Status;

use crate::domain::placement::Placement;
use crate::domain::tenancy::Refusal;
use crate::domain::{PlacementId, group};
use crate::view::View;
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

/// What the service keeps of people, of which a death and a change of workers take something along.
#[derive(Clone)]
pub struct Kept {
    desk: Desk,
    view: View,
}

impl Kept {
    /// At this desk, by these lists.
    pub fn new(desk: Desk, view: View) -> Self {
        Self { desk, view }
    }
}

/// A death calls off the placements that nobody was admitted to yet: who is in a place leaves it when its agency says so, with the day. That the death
/// was an error brings none back: the unit may be another's by then.
impl CallsOff for Kept {
    fn plans(kind: &str) -> bool {
        kind == pb::PlacementMatched::full_name()
    }
    fn to_come(&self, record: PersonId, _: Timestamp) -> BoxFuture<'_, Result<Vec<Uuid>, Status>> {
        Box::pin(self.view.to_come(record))
    }
    fn call_off<'a>(&'a self, ask: &'a Ask, id: Uuid, now: Timestamp) -> BoxFuture<'a, Result<(), Status>> {
        Box::pin(tenancies::call_off(&self.desk, ask, PlacementId::new(id), Occurred::instant(now)))
    }
}

/// The placements of a housing specialist that have not ended, which change hands with the rest of their caseload.
impl TakesOver for Kept {
    type Refusal = Refusal;
    type Told = pb::HousingEvent;

    fn theirs(
        &self,
        agency: AgencyId,
        worker: WorkerId,
        then: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<Uuid>, Status>> {
        Box::pin(self.view.theirs(agency, worker, then))
    }
    fn record(id: Uuid) -> StreamId {
        id_of::<Placement>(id)
    }
    fn hand_over<'a>(
        &'a self,
        ask: &'a Ask,
        id: Uuid,
        over: &'a HandOver,
    ) -> BoxFuture<'a, Result<(), Failed<Refusal>>> {
        Box::pin(tenancies::hand_over(&self.desk, ask, PlacementId::new(id), over))
    }
    fn refused(told: ReactionRefused) -> pb::HousingEvent {
        wire::reaction_refused(told)
    }
}
