//! What follows by itself: an accepted referral to therapy opens an episode, and a death calls off what was still to come.
//! Invariant: decided on the streams as they are; each may be done twice and comes to the same.

use futures_util::future::BoxFuture;
use kernel::ids::Uuid;
use kernel::{AgencyId, By, Decider, Occurred, PersonId, StreamId, Timestamp, WorkerId};
use platform::caseload::{HandOver, TakesOver};
use platform::command::{Ask, Asked, Changes, Desk, Failed, Stream, id_of};
use platform::log::Append;
use platform::people::deaths::CallsOff;
use platform::reaction::{ReactError, Reaction, Read};
use prost::Name;
use proto::log::ReactionRefused;
use proto::therapy as pb;
use tonic::Status;

use crate::around::{Around, Intent};
use crate::domain::appointment::{CancelReason, Command};
use crate::domain::booking::{self, Refusal};
use crate::domain::episode::{self, Episode};
use crate::domain::practitioner::Practitioner;
use crate::domain::{AppointmentId, appointment_stream};
use crate::view::View;
use crate::{policy, wire};

/// An accepted referral to therapy opens an episode.
pub struct Opens {
    desk: Desk,
}

impl Opens {
    /// At this desk.
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    async fn open(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let facts = policy::opens(&read.event).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        let Some(facts) = facts else { return Ok(None) };
        let id = facts.id.uuid();
        let at = Occurred::instant(self.desk.clock().now());
        let ask = self.desk.own_ask("OpenEpisode", id, Some(&read.event));
        let prepared = self.desk.prepared(&ask, id_of::<Episode>(id), Stream::<Episode>::of(id), |now| {
            let (by, facts, at) = (By::System, facts.clone(), at.clone());
            let command = episode::Command::Open { by, facts, practitioner: None, at };
            Ok::<_, episode::Refusal>(Changes::none().write::<Episode>(now, Episode::decide(now, command)?))
        });
        // Refused where the episode was opened and has turned out never to have been meant: opening it again is the agency's to do.
        let asked = Asked { reaction: self.name(), log: self.source(), record: id_of::<Episode>(id) };
        self.desk.settled(&ask, read, asked, prepared.await, wire::reaction_refused).await
    }
}

impl Reaction for Opens {
    fn name(&self) -> &'static str {
        "opens-episode"
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

/// A death calls off the person's appointments that are still to come. Episodes stay open until their therapist closes them.
impl CallsOff for Kept {
    fn plans(kind: &str) -> bool {
        let plans = [
            pb::AppointmentProposed::full_name(),
            pb::AppointmentHeld::full_name(),
            pb::AppointmentBooked::full_name(),
            pb::AppointmentRecorded::full_name(),
        ];
        plans.iter().any(|plan| plan == kind)
    }
    fn to_come(&self, record: PersonId, now: Timestamp) -> BoxFuture<'_, Result<Vec<Uuid>, Status>> {
        Box::pin(self.view.ahead(record, now))
    }
    fn call_off<'a>(&'a self, ask: &'a Ask, id: Uuid, _: Timestamp) -> BoxFuture<'a, Result<(), Status>> {
        Box::pin(async move {
            let id = AppointmentId::new(id);
            let around = Around { appointment: id, intent: Intent::Change };
            let command = Command::Cancel { by: By::System, reason: CancelReason::Died };
            let done = self.desk.execute(ask, appointment_stream(id), around, |at| {
                let decided = booking::change(&at.appointment, command.clone(), at.episode(), at.diaries())?;
                Ok::<_, Refusal>(at.write(decided))
            });
            match done.await {
                // It was held, or called off, since it was listed: nothing is to come of it any more.
                Ok(_) | Err(Failed::Refused(_)) => Ok(()),
                Err(Failed::Status(status)) => Err(*status),
            }
        })
    }
}

/// The episodes of a therapist that go on, which change hands with the rest of their caseload where who takes it works in their modality; the
/// others stay, and that is told of each. Hours that are booked stay with whom they were booked.
impl TakesOver for Kept {
    type Refusal = Refusal;
    type Told = pb::TherapyEvent;

    fn theirs(
        &self,
        agency: AgencyId,
        worker: WorkerId,
        then: Timestamp,
    ) -> BoxFuture<'_, Result<Vec<Uuid>, Status>> {
        Box::pin(self.view.theirs(agency, worker, then))
    }
    fn record(id: Uuid) -> StreamId {
        id_of::<Episode>(id)
    }
    fn hand_over<'a>(
        &'a self,
        ask: &'a Ask,
        id: Uuid,
        over: &'a HandOver,
    ) -> BoxFuture<'a, Result<(), Failed<Refusal>>> {
        Box::pin(async move {
            let (from, to) = (over.from, over.to);
            let streams = (Stream::<Episode>::of(id), Stream::<Practitioner>::of(to.uuid()));
            let done = self.desk.execute(ask, id_of::<Episode>(id), streams, |(now, treating)| {
                let command = episode::Command::HandOver { from, to };
                let events = Episode::decide(now, command).map_err(Refusal::Episode)?;
                if let (Some(facts), false) = (now.facts(), events.is_empty()) {
                    booking::takes(treating, facts.agency, &facts.modality)?;
                }
                Ok::<_, Refusal>(Changes::none().write::<Episode>(now, events))
            });
            done.await.map(drop)
        })
    }
    fn refused(told: ReactionRefused) -> pb::TherapyEvent {
        wire::reaction_refused(told)
    }
}
