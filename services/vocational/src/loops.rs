//! Closing the loop: an accepted referral opens a case here.
//! Invariant: decided on the case as it is, appended with the reader's cursor, so each acceptance counts once.

use futures_util::future::BoxFuture;
use kernel::Decider;
use platform::command::{Asked, Changes, Desk, Stream, id_of};
use platform::log::Append;
use platform::reaction::{ReactError, Reaction, Read};

use crate::domain::case::{self, Case};
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
