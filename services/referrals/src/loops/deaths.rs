//! A person's death rests the clocks of their open referrals, and its having been an error lets them go on.
//! Invariant: under whichever record of the person it was told; each referral is marked once, and what it has to do with a hold or a consent is its own to
//! tell.

use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::Timestamp;
use platform::command::Desk;
use platform::log::Append;
use platform::reaction::{ReactError, Reaction, Read};
use tokio::time::Instant;

use super::{ask_all, failed};
use crate::domain::ReferralId;
use crate::domain::referral::{Command, Referral, State};
use crate::policy;
use crate::view::View;

/// How long the views may take to read what is looked up; then it is tried again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Clocks follow whether the person lives.
pub struct Deaths {
    desk: Desk,
    view: View,
}

impl Deaths {
    /// At this desk, by these lists.
    pub fn new(desk: Desk, view: View) -> Self {
        Self { desk, view }
    }

    async fn follow(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let told = policy::died(&read.event).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        let Some((person, died)) = told else { return Ok(None) };
        let until = Instant::now() + PATIENCE;
        let linked = self.view.hears(read.recorded.position, until).await;
        let own = self.desk.log().head().await?.position;
        if !(linked && self.view.lists(own, until).await) {
            return Err(ReactError::Failed("the views have not read it yet".into()));
        }
        // Clocks of machines differ: it is at least when the event was recorded.
        let at = self.desk.clock().now().max(read.recorded.recorded_at);
        let mut of = vec![];
        for referral in self.view.open_of(person).await.map_err(failed)? {
            let command = if died { Command::Rest { at } } else { self.wakes(referral, at).await? };
            of.push((referral, command));
        }
        ask_all(&self.desk, "FollowDeath", self, read, &of).await
    }
}

impl Deaths {
    async fn wakes(&self, id: ReferralId, at: Timestamp) -> Result<Command, ReactError> {
        let now = self.desk.load::<Referral>(id.uuid()).await.map_err(failed)?;
        let target = match &*now.state {
            State::Made { facts, .. } => Some(facts.target),
            State::Unmade | State::Told(_) | State::InError { .. } => None,
        };
        let holidays = self.view.holidays(target).await.map_err(failed)?;
        Ok(Command::Wake { at, holidays })
    }
}

impl Reaction for Deaths {
    fn name(&self) -> &'static str {
        "rests-for-death"
    }
    fn source(&self) -> &'static str {
        "registry"
    }
    fn react<'a>(&'a self, read: &'a Read) -> BoxFuture<'a, Result<Option<Append>, ReactError>> {
        Box::pin(self.follow(read))
    }
}
