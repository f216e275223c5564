//! What is said later of a referral that is under way: its consent lapses, or is given again.
//! Invariant: by level, not by edge. Whatever is said of a person, or of an agency, each open referral of theirs that went by a directive is judged by
//! what the person says now, so that one directive in another's place changes nothing, and nothing is marked where that cannot be told.
//!
//! Read are the registry's log, for what is said, and the own one, for what is sent and marked: whoever of the two comes later sees what the other did.
//! A mark is judged again once it is written, as a sending is, because whoever wrote it may have done so by what was said before: a clock, another
//! process, a command that was already on its way.

use futures_util::future::BoxFuture;
use kernel::AgencyId;
use kernel::ids::{Uuid, parse_stream};
use platform::command::Desk;
use platform::log::Append;
use platform::reaction::{ReactError, Reaction, Read};
use prost::Name;
use proto::referrals as pb;

use super::judge::{Judge, Verdict};
use super::{ask_all, failed, heard};
use crate::domain::ReferralId;
use crate::domain::referral::Command;
use crate::policy::{self, Said};
use crate::view::View;

/// Referrals of an agency that are looked up together.
const PAGE: usize = 100;

/// The mark *consent lapsed* follows what the person says.
pub struct Consents {
    log: &'static str,
    name: &'static str,
    desk: Desk,
    view: View,
    judge: Judge,
}

impl Consents {
    /// By what the registry's log tells.
    pub fn said(desk: Desk, view: View) -> Self {
        Self {
            log: "registry",
            name: "consent-said",
            judge: Judge::new(desk.clone(), view.clone()),
            desk,
            view,
        }
    }

    /// By what is sent and marked here.
    pub fn sent(desk: Desk, view: View) -> Self {
        Self {
            log: crate::NAME,
            name: "consent-of-sent",
            judge: Judge::new(desk.clone(), view.clone()),
            desk,
            view,
        }
    }

    async fn follow(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let concerned =
            if self.log == crate::NAME { self.written(read).await? } else { self.said_of(read).await? };
        let mut of = vec![];
        for referral in concerned {
            of.extend(self.judged(referral, read).await?.map(|command| (referral, command)));
        }
        ask_all(&self.desk, "FollowConsent", self, read, &of).await
    }

    /// The referral that an event of the own log sends or marks, once all that was said before is known: another process may have heard it, and have
    /// looked for referrals before this one was there.
    async fn written(&self, read: &Read) -> Result<Vec<ReferralId>, ReactError> {
        let judged = [
            pb::ReferralSent::full_name(),
            pb::ReferralConsentLapsed::full_name(),
            pb::ReferralConsentRestored::full_name(),
            pb::ReferralConsentForeseen::full_name(),
        ];
        if !judged.contains(&read.event.r#type) {
            return Ok(vec![]);
        }
        let (_, id) = parse_stream(&read.event.stream).map_err(unknown)?;
        let id = ReferralId::new(id);
        if !self.judge.concerns(id).await.map_err(failed)? {
            return Ok(vec![]);
        }
        self.view.told_all().await.map_err(failed)?;
        Ok(vec![id])
    }

    /// The open referrals of whom the registry's log says something. Those of an agency are seen to here, page by page.
    async fn said_of(&self, read: &Read) -> Result<Vec<ReferralId>, ReactError> {
        let Some(said) = policy::says(&read.event).map_err(unknown)? else { return Ok(vec![]) };
        heard(&self.desk, &self.view, read).await?;
        match said {
            Said::Of(person) => self.view.open_of(person).await.map_err(failed),
            Said::By(agency) => {
                self.all_of(agency, read).await?;
                Ok(vec![])
            }
        }
    }

    /// Each is a command of its own, named by the event and the referral, so that a look which was broken off goes on where it was: an agency has more
    /// referrals than one append holds.
    async fn all_of(&self, agency: AgencyId, read: &Read) -> Result<(), ReactError> {
        let cause = Uuid::try_parse(&read.event.id).map_err(unknown)?;
        let mut after = None;
        loop {
            let page = self.view.open_with(agency, after, PAGE).await.map_err(failed)?;
            for &referral in &page {
                let Some(command) = self.judged(referral, read).await? else { continue };
                let request_id = Uuid::new_v5(&cause, referral.uuid().as_bytes());
                let ask = self.desk.own_ask("FollowAgency", request_id, Some(&read.event));
                self.judge.ask(&ask, referral, command).await.map_err(failed)?;
            }
            if page.len() < PAGE {
                return Ok(());
            }
            after = page.last().copied();
        }
    }

    /// What becomes of the mark.
    async fn judged(&self, id: ReferralId, read: &Read) -> Result<Option<Command>, ReactError> {
        // Clocks of machines differ: it is at least when the event was recorded.
        let at = self.desk.clock().now().max(read.recorded.recorded_at);
        match self.judge.of(id, at).await.map_err(failed)? {
            Verdict::Asks(command) => Ok(Some(*command)),
            Verdict::Holds => Ok(None),
            // It is judged again when this is over, by whatever is said next; everybody else is not to wait for it.
            Verdict::Parked => {
                tracing::warn!(
                    reaction.name = self.name,
                    event.position = read.recorded.position,
                    "a referral's consent is not judged: the person's events wait"
                );
                Ok(None)
            }
            Verdict::Unknown => Err(ReactError::Failed("what the person says cannot be told now".into())),
        }
    }
}

fn unknown(wrong: impl std::fmt::Display) -> ReactError {
    ReactError::Unknown(wrong.to_string())
}

impl Reaction for Consents {
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
