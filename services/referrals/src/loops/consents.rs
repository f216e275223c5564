//! What a person says later about a referral that is under way: its consent lapses, or is given again.
//! Invariant: by level, not by edge. Whatever is said of a person, each open referral of theirs that went by a directive is judged by what the person
//! says now, so that one directive in another's place changes nothing, and nothing is marked where that cannot be told.
//!
//! Read are the registry's log, for what is said, and the own one, for what is sent: whoever of the two comes later sees what the other did.

use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::ids::parse_stream;
use platform::command::Desk;
use platform::log::Append;
use platform::reaction::{ReactError, Reaction, Read};
use prost::Name;
use proto::referrals as pb;
use tokio::time::Instant;

use super::{ask_all, failed};
use crate::domain::ReferralId;
use crate::domain::referral::{Command, Referral, State};
use crate::policy;
use crate::view::{Cover, View};

/// How long the views may take to read what is judged; then it is tried again.
const PATIENCE: Duration = Duration::from_secs(5);

/// The mark *consent lapsed* follows what the person says.
pub struct Consents {
    log: &'static str,
    name: &'static str,
    desk: Desk,
    view: View,
}

impl Consents {
    /// By what the registry's log tells.
    pub fn said(desk: Desk, view: View) -> Self {
        Self { log: "registry", name: "consent-said", desk, view }
    }

    /// By what is sent here.
    pub fn sent(desk: Desk, view: View) -> Self {
        Self { log: crate::NAME, name: "consent-of-sent", desk, view }
    }

    /// The referrals that an event may change.
    async fn concerned(&self, read: &Read) -> Result<Vec<ReferralId>, ReactError> {
        if self.log == crate::NAME {
            return sent(read);
        }
        let said = policy::says(&read.event).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        let Some(person) = said else { return Ok(vec![]) };
        let until = Instant::now() + PATIENCE;
        // What is sent from here on is judged by a say that holds it; what was sent before is listed.
        let heard = self.view.hears(read.recorded.position, until).await;
        let own = self.desk.log().head().await?.position;
        if !(heard && self.view.lists(own, until).await) {
            return Err(ReactError::Failed("the views have not read it yet".into()));
        }
        self.view.open_of(person).await.map_err(failed)
    }

    /// What becomes of the mark.
    async fn judge(&self, id: ReferralId, read: &Read) -> Result<Option<Command>, ReactError> {
        let now = self.desk.load::<Referral>(id.uuid()).await.map_err(failed)?;
        let State::Made { facts, situation, beside } = &*now.state else { return Ok(None) };
        let Some(by) = beside.directive.as_ref().filter(|_| situation.is_open()) else { return Ok(None) };
        // Clocks of machines differ: it is at least when the event was recorded.
        let at = self.desk.clock().now().max(read.recorded.recorded_at);
        match (self.view.cover(facts, at).await.map_err(failed)?, &beside.consent_lapsed) {
            // It is judged again when this is over, by whatever is said next; everybody else is not to wait for it.
            (Cover::Parked, _) => {
                tracing::warn!(
                    reaction.name = self.name,
                    event.position = read.recorded.position,
                    "a referral's consent is not judged: the person's events wait"
                );
                Ok(None)
            }
            (Cover::Unknown, _) => Err(ReactError::Failed("what the person says cannot be told now".into())),
            (Cover::Nothing, None) => Ok(Some(Command::LapseConsent { directive: by.clone(), at })),
            (Cover::By(directive), Some(_)) => {
                let holidays = self.view.holidays(Some(facts.target)).await.map_err(failed)?;
                Ok(Some(Command::RestoreConsent { directive, at, holidays }))
            }
            (Cover::Nothing, Some(_)) | (Cover::By(_), None) => Ok(None),
        }
    }

    async fn follow(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let mut of = vec![];
        for referral in self.concerned(read).await? {
            of.extend(self.judge(referral, read).await?.map(|command| (referral, command)));
        }
        ask_all(&self.desk, "FollowConsent", self, read, &of).await
    }
}

/// The referral that was sent, if one was.
fn sent(read: &Read) -> Result<Vec<ReferralId>, ReactError> {
    if read.event.r#type != pb::ReferralSent::full_name() {
        return Ok(vec![]);
    }
    let (_, id) = parse_stream(&read.event.stream).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
    Ok(vec![ReferralId::new(id)])
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
