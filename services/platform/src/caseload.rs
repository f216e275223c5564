//! A caseload that changes hands by one command takes along what other services have of it.
//! Invariant: what was the worker's at the hand-over and still is when it is followed goes to the other, each by a command of its own, once, however
//! late that is; what cannot go stays, and is told record by record with its reason.

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use kernel::{AgencyId, Occurred, Refusal, StreamId, WorkerId};
use prost::Message;
use proto::log::ReactionRefused;
use proto::referrals::ReferralsEvent;
use proto::referrals::referrals_event::Kind;
use tokio::time::Instant;
use tonic::Status;
use uuid::Uuid;

use crate::command::{Ask, Asked, Desk, Failed};
use crate::log::Append;
use crate::projection::Views;
use crate::reaction::{ReactError, Reaction, Read};
use crate::wire::from_occurred;

/// How long the lists may take to read what was written before; then it is tried again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Who hands over to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandOver {
    /// The agency of both.
    pub agency: AgencyId,
    /// Who has it.
    pub from: WorkerId,
    /// Who takes it; the referrals service has seen that they work for the agency.
    pub to: WorkerId,
    /// Since when.
    pub at: Occurred,
}

/// The hand-over that an event of the referrals log tells of; none where it tells of something else.
///
/// # Errors
/// A payload that this release cannot read.
pub fn handed_over(event: &proto::log::Event) -> Result<Option<HandOver>, ReactError> {
    let unknown = || ReactError::Unknown("the event cannot be read by this release".into());
    let told = ReferralsEvent::decode(event.payload.clone()).map_err(|_| unknown())?;
    let Kind::CaseloadHandedOver(over) = told.kind.ok_or_else(unknown)? else { return Ok(None) };
    Ok(Some(HandOver {
        agency: over.agency_id.parse().map_err(|_| unknown())?,
        from: over.from_worker_id.parse().map_err(|_| unknown())?,
        to: over.to_worker_id.parse().map_err(|_| unknown())?,
        at: event.occurred.as_ref().and_then(from_occurred).ok_or_else(unknown)?,
    }))
}

/// What a service has that workers take care of.
pub trait TakesOver: Send + Sync + 'static {
    /// How one of these says no.
    type Refusal: Refusal;
    /// The service's payload.
    type Told: Message;

    /// What is open of that agency that this worker takes care of, and did at that instant.
    fn theirs(
        &self,
        agency: AgencyId,
        worker: WorkerId,
        then: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<Uuid>, Status>>;

    /// The stream of one of these.
    fn record(id: Uuid) -> StreamId;

    /// Gives one of these to who takes it; what has ended or become another's since it was listed stays as it is.
    fn hand_over<'a>(
        &'a self,
        ask: &'a Ask,
        id: Uuid,
        over: &'a HandOver,
    ) -> BoxFuture<'a, Result<(), Failed<Self::Refusal>>>;

    /// That one could not be given, as the service's payload.
    fn refused(told: ReactionRefused) -> Self::Told;
}

/// Follows hand-overs: what the service has of the caseload goes along.
pub struct GoesAlong<T> {
    desk: Desk,
    lists: Views,
    has: T,
}

impl<T: TakesOver> GoesAlong<T> {
    /// At this desk; `lists` are the service's own, by which it knows what it has.
    pub fn new(desk: Desk, lists: Views, has: T) -> Self {
        Self { desk, lists, has }
    }

    async fn follow(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let Some(over) = handed_over(&read.event)? else { return Ok(None) };
        let cause =
            Uuid::try_parse(&read.event.id).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        let own = self.desk.log().head().await?.position;
        if !self.lists.read_to(self.desk.service(), own, Instant::now() + PATIENCE).await {
            return Err(ReactError::Failed("the lists have not read it yet".into()));
        }
        let mut told: Option<Append> = None;
        // What came to the worker after it is theirs to keep. What an earlier hand-over gave them came with that, whenever it was followed.
        let then = read.recorded.recorded_at;
        for id in self.has.theirs(over.agency, over.from, then).await.map_err(failed)? {
            let request = Uuid::new_v5(&cause, id.as_bytes());
            let ask = Ask { at: over.at.at, ..self.desk.own_ask("TakeOver", request, Some(&read.event)) };
            let Err(refused) = self.has.hand_over(&ask, id, &over).await else { continue };
            let Some(reason) = refused.for_good().map_err(|status| failed(*status))? else { continue };
            let asked = Asked { reaction: self.name(), log: self.source(), record: T::record(id) };
            // Each of them is told by itself.
            let name = Uuid::new_v5(&request, self.name().as_bytes());
            if let Some(one) = self.desk.tell_refused(&ask, read, asked, (name, reason), T::refused).await? {
                let all = told.get_or_insert_default();
                all.expects.extend(one.expects);
                all.events.extend(one.events);
            }
        }
        Ok(told)
    }
}

impl<T: TakesOver> Reaction for GoesAlong<T> {
    fn name(&self) -> &'static str {
        "takes-over-caseload"
    }
    fn source(&self) -> &'static str {
        "referrals"
    }
    fn react<'a>(&'a self, read: &'a Read) -> BoxFuture<'a, Result<Option<Append>, ReactError>> {
        Box::pin(self.follow(read))
    }
}

fn failed(status: Status) -> ReactError {
    ReactError::Failed(Box::new(status))
}

#[cfg(test)]
mod tests {
    use proto::referrals as pb;

    use super::*;
    use crate::wire::to_occurred;

    fn told(kind: Option<Kind>) -> proto::log::Event {
        let at = Occurred::instant("2026-03-02T15:00:00Z".parse().unwrap());
        proto::log::Event {
            occurred: Some(to_occurred(&at)),
            payload: ReferralsEvent { kind }.encode_to_vec().into(),
            ..Default::default()
        }
    }

    #[test]
    fn a_hand_over_says_who_gives_what_of_which_agency_to_whom_and_nothing_else_is_one() {
        let over = pb::CaseloadHandedOver {
            agency_id: AgencyId::of(1).to_string(),
            from_worker_id: WorkerId::of(2).to_string(),
            to_worker_id: WorkerId::of(3).to_string(),
            ..Default::default()
        };
        let read = handed_over(&told(Some(Kind::CaseloadHandedOver(over.clone())))).unwrap().unwrap();
        assert_eq!((read.agency, read.from, read.to), (AgencyId::of(1), WorkerId::of(2), WorkerId::of(3)));
        let other = Kind::ReferralAcknowledged(pb::ReferralAcknowledged::default());
        assert!(matches!(handed_over(&told(Some(other))), Ok(None)));
        let damaged = pb::CaseloadHandedOver { to_worker_id: "Paul".into(), ..over };
        for kind in [None, Some(Kind::CaseloadHandedOver(damaged))] {
            assert!(matches!(handed_over(&told(kind)), Err(ReactError::Unknown(_))));
        }
    }
}
