//! Closing the loop: an accepted referral opens a participation here, what receiving services do comes back onto the referral, and referrals that belong
//! together hear of each other; and what a person says later is followed.
//! Invariant: decided on the streams as they are, appended with the reader's cursor, so each event counts once.

mod consents;
mod deaths;
mod judge;
mod linked;
mod participations;

use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::ids::Uuid;
use kernel::{By, Decider, OfferId};
use platform::command::{Asked, Changes, Desk, Encoding, Stream, id_of};
use platform::log::Append;
use platform::reaction::{ReactError, Reaction, Read};
use platform::wire::from_occurred;
use tokio::time::Instant;
use tonic::Status;

use crate::domain::offer::{Offer, Receiver};
use crate::domain::participation::{self, Participation};
use crate::domain::referral::{self, Progress, Referral};
use crate::domain::{ParticipationId, ReferralId};
use crate::policy::{self, Report};
use crate::view::View;
use crate::{places, wire};

pub use consents::Consents;
pub use deaths::Deaths;
pub use judge::{Judge, Verdict};
pub use linked::Linked;
pub use participations::Participations;

/// How long the views may take to read what is looked up; then it is tried again.
const PATIENCE: Duration = Duration::from_secs(5);

/// Waits until the views hold an event of the registry's log, and all that was written here before: what is sent from here on is judged by a say that
/// holds the event, and what was sent before is listed.
async fn heard(desk: &Desk, view: &View, read: &Read) -> Result<(), ReactError> {
    let until = Instant::now() + PATIENCE;
    let told = view.hears(read.recorded.position, until).await;
    let own = desk.log().head().await?.position;
    if told && view.lists(own, until).await {
        return Ok(());
    }
    Err(ReactError::Failed("the views have not read it yet".into()))
}

/// An accepted referral whose programme has no service of its own opens a participation.
pub struct Opens {
    desk: Desk,
}

impl Opens {
    /// At this desk.
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    async fn open(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        if !read.event.stream.starts_with(Referral::CATEGORY) {
            return Ok(None);
        }
        let event = Referral::decode(&read.event).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        let referral::Event::Accepted {
            id, person, offer, target, receiver: Receiver::Participation, ..
        } = event
        else {
            return Ok(None);
        };
        // The referral names the participation, so that opening it again finds it there.
        let participation = ParticipationId::new(Uuid::new_v5(&id.uuid(), b"participation"));
        let part =
            participation::Part { id: participation, person, agency: target, offer, referral: Some(id) };
        let at = kernel::Occurred::instant(self.desk.clock().now());
        let ask = self.desk.own_ask("OpenParticipation", participation.uuid(), Some(&read.event));
        let streams =
            (Stream::<Participation>::of(participation.uuid()), Stream::<Offer>::of(OfferId::uuid(offer)));
        let prepared = self.desk.prepared(
            &ask,
            id_of::<Participation>(participation.uuid()),
            streams,
            |(now, offers)| {
                let facts = part.facts(offers)?;
                let command = participation::Command::Start { by: By::System, facts, at: at.clone() };
                Ok::<_, participation::Refusal>(
                    Changes::none().write::<Participation>(now, Participation::decide(now, command)?),
                )
            },
        );
        let record = id_of::<Participation>(participation.uuid());
        let asked = Asked { reaction: self.name(), log: self.source(), record };
        self.desk.settled(&ask, read, asked, prepared.await, wire::reaction_refused).await
    }
}

impl Reaction for Opens {
    fn name(&self) -> &'static str {
        "opens-participation"
    }
    fn source(&self) -> &'static str {
        crate::NAME
    }
    fn react<'a>(&'a self, read: &'a Read) -> BoxFuture<'a, Result<Option<Append>, ReactError>> {
        Box::pin(self.open(read))
    }
}

/// What a receiving service does comes back onto the referral that opened its part.
pub struct Reports {
    log: &'static str,
    name: &'static str,
    desk: Desk,
}

impl Reports {
    /// From another service's log.
    pub fn of(log: &'static str, desk: Desk) -> Self {
        let name = match log {
            "vocational" => "reports-vocational",
            "housing" => "reports-housing",
            "therapy" => "reports-therapy",
            _ => "reports-other",
        };
        Self { log, name, desk }
    }

    /// From this service's own participations.
    pub fn participations(desk: Desk) -> Self {
        Self { log: crate::NAME, name: "reports-participation", desk }
    }

    async fn report(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let report = if self.log == crate::NAME {
            self.participation(read).await?
        } else {
            policy::report(self.log, &read.event).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?
        };
        let Some(report) = report else { return Ok(None) };
        let referral = report.referral;
        let ask = self.desk.own_ask("ReportProgress", referral.uuid(), Some(&read.event));
        let happened = read.event.occurred.as_ref().and_then(from_occurred);
        // Not ahead of now, whatever its service lets be told: nothing could follow it until then.
        let at = happened.map_or(ask.at, |occurred| occurred.at.min(ask.at));
        let streams = Stream::<Referral>::of(referral.uuid());
        let prepared = self.desk.prepared(&ask, id_of::<Referral>(referral.uuid()), streams, |now| {
            Ok(places::moved(&self.desk, now, Referral::decide(now, report.clone().command(at))?))
        });
        let asked =
            Asked { reaction: self.name(), log: self.source(), record: id_of::<Referral>(referral.uuid()) };
        self.desk.settled(&ask, read, asked, prepared.await, wire::reaction_refused).await
    }

    async fn participation(&self, read: &Read) -> Result<Option<Report>, ReactError> {
        if !read.event.stream.starts_with(Participation::CATEGORY) {
            return Ok(None);
        }
        let event =
            Participation::decode(&read.event).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        let (id, progress, end) = match event {
            participation::Event::Started { facts, .. } => (facts.id, Progress::Opened, None),
            participation::Event::ContactMade { id, contact, .. } if contact.reached => {
                (id, Progress::Started, None)
            }
            participation::Event::Ended { id, reason, .. } => {
                (id, Progress::Closed, Some(policy::ends::participation(reason)))
            }
            participation::Event::ContactMade { .. }
            | participation::Event::PlanNamed { .. }
            | participation::Event::Paused { .. }
            | participation::Event::Resumed { .. }
            | participation::Event::Assigned { .. }
            | participation::Event::Recorded { .. }
            | participation::Event::EnteredInError { .. } => return Ok(None),
        };
        let now = self.desk.load::<Participation>(id.uuid()).await.map_err(failed)?;
        let referral: Option<ReferralId> = match &*now.state {
            participation::State::Made { facts, .. } => facts.referral,
            participation::State::Unmade | participation::State::InError { .. } => None,
        };
        Ok(referral.map(|referral| Report { referral, progress, record: read.event.stream.clone(), end }))
    }
}

impl Reaction for Reports {
    fn name(&self) -> &'static str {
        self.name
    }
    fn source(&self) -> &'static str {
        self.log
    }
    fn react<'a>(&'a self, read: &'a Read) -> BoxFuture<'a, Result<Option<Append>, ReactError>> {
        Box::pin(self.report(read))
    }
}

fn failed(status: Status) -> ReactError {
    ReactError::Failed(Box::new(status))
}

/// What one event asks of several referrals, in one append.
async fn ask_all(
    desk: &Desk,
    method: &str,
    reaction: &impl Reaction,
    read: &Read,
    of: &[(ReferralId, referral::Command)],
) -> Result<Option<Append>, ReactError> {
    let Some((first, _)) = of.first() else { return Ok(None) };
    let record = id_of::<Referral>(first.uuid());
    let ask = desk.own_ask(method, first.uuid(), Some(&read.event));
    let streams: Vec<_> = of.iter().map(|(referral, _)| Stream::<Referral>::of(referral.uuid())).collect();
    let prepared = desk.prepared(&ask, record, streams, |referrals| {
        let mut changes = Changes::none();
        for (now, (_, command)) in referrals.iter().zip(of) {
            changes = places::with(changes, desk, now, Referral::decide(now, command.clone())?);
        }
        Ok::<_, referral::Refusal>(changes)
    });
    let asked = Asked { reaction: reaction.name(), log: reaction.source(), record };
    desk.settled(&ask, read, asked, prepared.await, wire::reaction_refused).await
}
