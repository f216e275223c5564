//! What follows by itself: an accepted referral opens a case here, and a death calls off the interviews that were still to come.
//! Invariant: decided on the streams as they are; each may be done twice and comes to the same.

use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::Decider;
use kernel::ids::Uuid;
use platform::command::{Asked, Changes, Desk, Stream, id_of};
use platform::error;
use platform::log::Append;
use platform::people::People;
use platform::reaction::{ReactError, Reaction, Read};
use tokio::time::Instant;
use tonic::Status;

use crate::domain::case::{self, Case};
use crate::domain::job::{self, Job};
use crate::view::View;
use crate::{policy, wire};

/// How long the views may take to read what is looked up; then it is tried again.
const PATIENCE: Duration = Duration::from_secs(5);

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

/// A death takes the interviews that are still to come out of the diary, of all agencies and under whichever of the person's records. Cases and jobs
/// stay where they stand until their agency says what became of them. That the death was an error brings no interview back: it is agreed again.
///
/// Each job is a command of its own, named by the event and the job, so that a look that was broken off goes on where it was.
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
            for id in self.view.jobs_of_person(record).await.map_err(failed)? {
                let request = Uuid::new_v5(&cause, id.uuid().as_bytes());
                let ask = self.desk.own_ask("CallOffForDeath", request, Some(&read.event));
                match self.desk.decide::<Job>(&ask, id.uuid(), job::Command::CallOff { at: now }).await {
                    Ok(_) => {}
                    Err(status) if error::of_erased(&status) => {}
                    Err(status) => return Err(failed(status)),
                }
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
