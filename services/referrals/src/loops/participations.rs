//! A death ends the participations that go on: they have no service of their own whose worker would end them.
//! Invariant: one ends on the day of the death, and never before it began; that the death was an error opens none again.

use futures_util::future::BoxFuture;
use kernel::ids::Uuid;
use kernel::{Occurred, PersonId, Timestamp};
use platform::command::{Ask, Desk};
use platform::people::deaths::CallsOff;
use prost::Name;
use proto::referrals as pb;
use tonic::Status;

use crate::domain::participation::{Command, Participation};
use crate::view::View;

/// The participations that go on.
///
/// What other services run for the person (a case, a stay, an episode) stays open until its worker ends it: the day, the destination and the unit are
/// theirs to tell.
#[derive(Clone)]
pub struct Participations {
    desk: Desk,
    view: View,
}

impl Participations {
    /// At this desk, by these lists.
    pub fn new(desk: Desk, view: View) -> Self {
        Self { desk, view }
    }
}

impl CallsOff for Participations {
    fn plans(kind: &str) -> bool {
        kind == pb::ParticipationStarted::full_name() || kind == pb::ParticipationRecorded::full_name()
    }
    fn to_come(&self, record: PersonId, _: Timestamp) -> BoxFuture<'_, Result<Vec<Uuid>, Status>> {
        Box::pin(self.view.takes_part(record))
    }
    fn call_off<'a>(&'a self, ask: &'a Ask, id: Uuid, now: Timestamp) -> BoxFuture<'a, Result<(), Status>> {
        Box::pin(async move {
            let died = self.view.died_at(id).await?;
            let at = died.unwrap_or_else(|| Occurred::instant(now));
            self.desk.decide::<Participation>(ask, id, Command::EndForDeath { at }).await?;
            Ok(())
        })
    }
}
