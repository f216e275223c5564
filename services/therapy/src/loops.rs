//! What follows by itself: an accepted referral to therapy opens an episode, and a death calls off what was still to come.
//! Invariant: decided on the streams as they are; each may be done twice and comes to the same.

use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::ids::Uuid;
use kernel::{By, Decider, Occurred};
use platform::command::{Asked, Changes, Desk, Failed, Stream, id_of};
use platform::error;
use platform::log::Append;
use platform::people::People;
use platform::reaction::{ReactError, Reaction, Read};
use tokio::time::Instant;
use tonic::Status;

use crate::around::{Around, Intent};
use crate::domain::appointment::{CancelReason, Command};
use crate::domain::booking::{self, Refusal};
use crate::domain::episode::{self, Episode};
use crate::domain::{AppointmentId, appointment_stream};
use crate::view::View;
use crate::{policy, wire};

/// How long the views may take to read what is looked up; then it is tried again.
const PATIENCE: Duration = Duration::from_secs(5);

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

/// A death calls off the person's appointments that are still to come, of all agencies and under whichever of their records.
///
/// Each is a command of its own, named by the event and the appointment, so that a look that was broken off goes on where it was; the diaries that
/// several of them stand in would else have to be one append.
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
        let now = self.desk.clock().now();
        for record in
            self.people.group(person, None).await.map_err(|wrong| ReactError::Failed(wrong.into()))?
        {
            for id in self.view.ahead(record, now).await.map_err(failed)? {
                self.call_off(AppointmentId::new(id), cause, read).await?;
            }
        }
        Ok(None)
    }

    async fn call_off(&self, id: AppointmentId, cause: Uuid, read: &Read) -> Result<(), ReactError> {
        let request = Uuid::new_v5(&cause, id.uuid().as_bytes());
        let ask = self.desk.own_ask("CancelForDeath", request, Some(&read.event));
        let around = Around { appointment: id, intent: Intent::Change };
        let command = Command::Cancel { by: By::System, reason: CancelReason::Died };
        let done = self.desk.execute(&ask, appointment_stream(id), around, |at| {
            let decided = booking::change(&at.appointment, command.clone(), at.episode(), at.diaries())?;
            Ok::<_, Refusal>(at.write(decided))
        });
        match done.await {
            // It was held, or called off, since it was listed: nothing is to come of it any more.
            Ok(_) | Err(Failed::Refused(_)) => Ok(()),
            Err(Failed::Status(status)) if error::of_erased(&status) => Ok(()),
            Err(Failed::Status(status)) => Err(failed(*status)),
        }
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
