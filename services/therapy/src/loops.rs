//! Closing the loop: an accepted referral to therapy opens an episode.
//! Invariant: decided on the stream as it is, appended with the reader's cursor, so each acceptance counts once.

use futures_util::future::BoxFuture;
use kernel::{By, Decider, Occurred};
use platform::command::{Asked, Changes, Desk, Stream, id_of};
use platform::log::Append;
use platform::reaction::{ReactError, Reaction, Read};

use crate::domain::episode::{self, Episode};
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
