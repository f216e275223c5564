//! What follows by itself: an accepted referral opens a case here, and a death calls off the interviews that were still to come.
//! Invariant: decided on the streams as they are; each may be done twice and comes to the same.

use futures_util::future::BoxFuture;
use kernel::ids::Uuid;
use kernel::{AgencyId, Decider, PersonId, StreamId, Timestamp, WorkerId};
use platform::caseload::{HandOver, TakesOver};
use platform::command::{Ask, Asked, Changes, Desk, Failed, Stream, id_of};
use platform::log::Append;
use platform::people::deaths::CallsOff;
use platform::reaction::{ReactError, Reaction, Read};
use prost::Name;
use proto::log::ReactionRefused;
use proto::vocational as pb;
use tonic::Status;

use crate::domain::case::{self, Case};
use crate::domain::job::{self, Job};
use crate::view::View;
use crate::{policy, wire};

/// An accepted referral whose receiver is this service opens a case.
pub struct Opens {
    desk: Desk,
}

impl Opens {
    /// At this desk.
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    async fn open(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let asked = policy::opens(&read.event).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        let Some((id, command)) = asked else { return Ok(None) };
        let ask = self.desk.own_ask("OpenCase", id.uuid(), Some(&read.event));
        let stream = Stream::<Case>::of(id.uuid());
        let prepared = self.desk.prepared(&ask, id_of::<Case>(id.uuid()), stream, |now| {
            let events = Case::decide(now, command.clone())?;
            Ok(Changes::<case::Refusal>::none().write::<Case>(now, events))
        });
        // Refused where the case was marked as entered in error since: it is not opened again behind its agency's back.
        let asked = Asked { reaction: self.name(), log: self.source(), record: id_of::<Case>(id.uuid()) };
        self.desk.settled(&ask, read, asked, prepared.await, wire::reaction_refused).await
    }
}

impl Reaction for Opens {
    fn name(&self) -> &'static str {
        "opens-case"
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

/// A death takes the interviews that are still to come out of the diary. Cases and jobs stay where they stand until their agency says what became of
/// them. That the death was an error brings no interview back: it is agreed again.
impl CallsOff for Kept {
    fn plans(kind: &str) -> bool {
        kind == pb::InterviewScheduled::full_name()
    }
    fn to_come(&self, record: PersonId, _: Timestamp) -> BoxFuture<'_, Result<Vec<Uuid>, Status>> {
        Box::pin(self.view.jobs_of_person(record))
    }
    fn call_off<'a>(&'a self, ask: &'a Ask, id: Uuid, now: Timestamp) -> BoxFuture<'a, Result<(), Status>> {
        Box::pin(async move {
            self.desk.decide::<Job>(ask, id, job::Command::CallOff { at: now }).await?;
            Ok(())
        })
    }
}

/// The open cases of a specialist, which change hands with the rest of their caseload.
impl TakesOver for Kept {
    type Refusal = case::Refusal;
    type Told = pb::VocationalEvent;

    fn theirs(
        &self,
        agency: AgencyId,
        worker: WorkerId,
        then: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<Uuid>, Status>> {
        Box::pin(self.view.theirs(agency, worker, then))
    }
    fn record(id: Uuid) -> StreamId {
        id_of::<Case>(id)
    }
    fn hand_over<'a>(
        &'a self,
        ask: &'a Ask,
        id: Uuid,
        over: &'a HandOver,
    ) -> BoxFuture<'a, Result<(), Failed<case::Refusal>>> {
        Box::pin(async move {
            let (from, to) = (over.from, over.to);
            let done = self.desk.execute(ask, id_of::<Case>(id), Stream::<Case>::of(id), |now| {
                let events = Case::decide(now, case::Command::HandOver { from, to })?;
                Ok::<_, case::Refusal>(Changes::none().write::<Case>(now, events))
            });
            done.await.map(drop)
        })
    }
    fn refused(told: ReactionRefused) -> pb::VocationalEvent {
        wire::reaction_refused(told)
    }
}
