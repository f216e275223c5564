//! What happens to one referral because of another: it is followed, takes another's place, is a part of one, or has parts.
//! Invariant: read from the own log and appended with the reader's cursor, so each event counts once.

use futures_util::future::BoxFuture;
use kernel::Decider;
use kernel::ids::parse_stream;
use platform::command::{Desk, Encoding};
use platform::log::Append;
use platform::reaction::{ReactError, Reaction, Read};

use super::{ask_all, failed};
use crate::domain::ReferralId;
use crate::domain::referral::{ClosingReason, Command, Event, Followed, Origin, PartEnd, Referral, State};

/// A referral that follows another tells it so when it is sent, takes its place when it is accepted, and ends with it where it is a part.
pub struct Linked {
    desk: Desk,
}

/// What an event of one referral asks of others.
#[derive(Default)]
struct Asks {
    /// Of each of these referrals, this.
    of: Vec<(ReferralId, Command)>,
}

impl Linked {
    /// At this desk.
    pub fn new(desk: Desk) -> Self {
        Self { desk }
    }

    async fn asks(&self, read: &Read) -> Result<Asks, ReactError> {
        let event = Referral::decode(&read.event).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        let Some(turn) = Turn::of(&event) else { return Ok(Asks::default()) };
        let (_, id) =
            parse_stream(&read.event.stream).map_err(|wrong| ReactError::Unknown(wrong.to_string()))?;
        let now = self.desk.load::<Referral>(id).await.map_err(failed)?;
        Ok(turn.asks(ReferralId::new(id), &now))
    }

    async fn react(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        if !read.event.stream.starts_with(Referral::CATEGORY) {
            return Ok(None);
        }
        let Asks { of } = self.asks(read).await?;
        ask_all(&self.desk, "FollowReferral", self, read, &of).await
    }
}

impl Reaction for Linked {
    fn name(&self) -> &'static str {
        "linked-referrals"
    }
    fn source(&self) -> &'static str {
        crate::NAME
    }
    fn react<'a>(&'a self, read: &'a Read) -> BoxFuture<'a, Result<Option<Append>, ReactError>> {
        Box::pin(self.react(read))
    }
}

/// A turn of a referral's life that others hear of.
enum Turn {
    Sent,
    Accepted,
    Ended(PartEnd),
}

impl Turn {
    fn of(event: &Event) -> Option<Self> {
        match event {
            Event::Sent(_) => Some(Self::Sent),
            Event::Accepted { .. } => Some(Self::Accepted),
            Event::Completed { outcome } => Some(Self::Ended(PartEnd::Completed(*outcome))),
            Event::Rejected { reason, .. }
            | Event::Cancelled { reason, .. }
            | Event::Failed { reason, .. } => Some(Self::Ended(PartEnd::Closed(*reason))),
            Event::EnteredInError => Some(Self::Ended(PartEnd::Closed(ClosingReason::MistakenOrDuplicate))),
            Event::Drafted(_)
            | Event::Acknowledged { .. }
            | Event::Started { .. }
            | Event::Held { .. }
            | Event::Resumed { .. }
            | Event::InformationAsked { .. }
            | Event::InformationSupplied { .. }
            | Event::ContactMade(_)
            | Event::StatusSet(_)
            | Event::PersonDied { .. }
            | Event::PersonAlive { .. }
            | Event::ConsentLapsed { .. }
            | Event::ConsentRestored { .. }
            | Event::ConsentForeseen { .. }
            | Event::TransferAsked { .. }
            | Event::FollowedBy { .. }
            | Event::Split { .. }
            | Event::Assigned { .. }
            | Event::PartEnded { .. }
            | Event::Reviewed { .. }
            | Event::Overdue { .. }
            | Event::Progressed { .. }
            | Event::Recorded { .. } => None,
        }
    }

    fn asks(self, id: ReferralId, now: &State) -> Asks {
        let origin = match now {
            State::Made { facts, .. } => facts.origin,
            State::InError { origin, .. } => *origin,
            State::Unmade | State::Told(_) => Origin::New,
        };
        let of = match (self, origin.told()) {
            (Self::Sent, Some((old, how))) => vec![(old, Command::Follow { how, referral: id })],
            (Self::Accepted, Some((old, Followed::Transferring))) => {
                vec![(old, Command::Transfer { to: id })]
            }
            (Self::Sent | Self::Accepted, Some(_) | None) => vec![],
            (Self::Ended(end), _) => {
                let whole = now.part_of().map(|whole| (whole, Command::EndPart { part: id, end }));
                let reason = match end {
                    PartEnd::Completed(_) => ClosingReason::NeedsMetElsewhere,
                    PartEnd::Closed(reason) => reason,
                };
                let parts = now.open_parts().into_iter().map(|part| (part, Command::EndWithWhole { reason }));
                whole.into_iter().chain(parts).collect()
            }
        };
        Asks { of }
    }
}
