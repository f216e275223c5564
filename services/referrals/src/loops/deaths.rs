//! A person's death rests the clocks of their open referrals, and its having been an error lets them go on.
//! Invariant: by level, not by edge: whatever is told of a death or a link, each open referral rests while any record of that human is told to be dead,
//! and no other does. What it has to do with a hold or a consent is its own to tell.
//!
//! Read are the registry's log, for what is told, and the own one, for what is sent after that.

use futures_util::future::BoxFuture;
use kernel::Timestamp;
use kernel::ids::parse_stream;
use platform::command::Desk;
use platform::log::Append;
use platform::people::deaths::concerned;
use platform::reaction::{ReactError, Reaction, Read};
use prost::Name;
use proto::referrals as pb;

use super::{ask_all, failed, heard};
use crate::domain::ReferralId;
use crate::domain::referral::{Command, Referral, State};
use crate::view::View;

/// Clocks follow whether the person lives.
pub struct Deaths {
    log: &'static str,
    name: &'static str,
    desk: Desk,
    view: View,
}

impl Deaths {
    /// By what the registry's log tells.
    pub fn told(desk: Desk, view: View) -> Self {
        Self { log: "registry", name: "rests-for-death", desk, view }
    }

    /// By what is sent here.
    pub fn sent(desk: Desk, view: View) -> Self {
        Self { log: crate::NAME, name: "rests-for-death-of-sent", desk, view }
    }

    async fn follow(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let concerned =
            if self.log == crate::NAME { self.written(read).await? } else { self.told_of(read).await? };
        // Clocks of machines differ: it is at least when the event was recorded.
        let at = self.desk.clock().now().max(read.recorded.recorded_at);
        let mut of = vec![];
        for referral in concerned {
            of.extend(self.judged(referral, at).await?.map(|command| (referral, command)));
        }
        ask_all(&self.desk, "FollowDeath", self, read, &of).await
    }

    /// The referral that an event of the own log sends, once all that was told before is known.
    async fn written(&self, read: &Read) -> Result<Vec<ReferralId>, ReactError> {
        if read.event.r#type != pb::ReferralSent::full_name() {
            return Ok(vec![]);
        }
        let (_, id) = parse_stream(&read.event.stream).map_err(unknown)?;
        self.view.told_all().await.map_err(failed)?;
        Ok(vec![ReferralId::new(id)])
    }

    /// The open referrals of whom the registry's log tells something.
    async fn told_of(&self, read: &Read) -> Result<Vec<ReferralId>, ReactError> {
        let Some(person) = concerned(&read.event)? else { return Ok(vec![]) };
        heard(&self.desk, &self.view, read).await?;
        self.view.open_of(person).await.map_err(failed)
    }

    /// What becomes of its clocks, where they do not stand as they should.
    async fn judged(&self, id: ReferralId, at: Timestamp) -> Result<Option<Command>, ReactError> {
        let now = self.desk.load::<Referral>(id.uuid()).await.map_err(failed)?;
        let State::Made { facts, beside, .. } = &*now.state else { return Ok(None) };
        let died = self.view.died(facts.person).await.map_err(failed)?;
        if died == beside.died {
            return Ok(None);
        }
        if died {
            return Ok(Some(Command::Rest { at }));
        }
        let pace = self.view.pace(facts.target).await.map_err(failed)?;
        Ok(Some(Command::Wake { at, pace }))
    }
}

fn unknown(wrong: impl std::fmt::Display) -> ReactError {
    ReactError::Unknown(wrong.to_string())
}

impl Reaction for Deaths {
    fn name(&self) -> &'static str {
        self.name
    }
    fn source(&self) -> &'static str {
        self.log
    }
    fn react<'a>(&'a self, read: &'a Read) -> BoxFuture<'a, Result<Option<Append>, ReactError>> {
        Box::pin(self.follow(read))
    }
}
