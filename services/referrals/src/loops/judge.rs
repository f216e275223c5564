//! Whether the consent that a referral goes by still holds.
//! Invariant: by level, not by edge: what is said of the person, at the instant asked about, against the mark as it stands. Nothing is marked where
//! that cannot be told.

use kernel::{Decider, Timestamp};
use platform::command::{Ask, Desk, Failed, Stream, id_of};
use platform::error;
use tonic::Status;

use crate::domain::ReferralId;
use crate::domain::referral::{Beside, Command, Facts, Referral, Refusal, State};
use crate::places;
use crate::view::{Cover, View};

/// Judges consents by what people say. Clones are the same.
#[derive(Clone)]
pub struct Judge {
    desk: Desk,
    view: View,
}

/// What becomes of a referral.
pub enum Verdict {
    /// This is to be asked of it.
    Asks(Box<Command>),
    /// It stands as it should, or went by no directive, or is not open.
    Holds,
    /// It cannot be told before what waits of the person, or of who is linked with them, can be applied.
    Parked,
    /// It cannot be told now.
    Unknown,
}

impl Judge {
    /// At this desk, by what this view has of people's say.
    pub fn new(desk: Desk, view: View) -> Self {
        Self { desk, view }
    }

    /// Whether it is open and went by a directive.
    ///
    /// # Errors
    /// The log cannot be read.
    pub async fn concerns(&self, id: ReferralId) -> Result<bool, Status> {
        let now = self.desk.load::<Referral>(id.uuid()).await?;
        Ok(goes_by(&now).is_some())
    }

    /// The referral's consent at that instant, by what is said now.
    ///
    /// # Errors
    /// The log or the view cannot be read.
    pub async fn of(&self, id: ReferralId, at: Timestamp) -> Result<Verdict, Status> {
        let now = self.desk.load::<Referral>(id.uuid()).await?;
        let Some((facts, beside, by)) = goes_by(&now) else { return Ok(Verdict::Holds) };
        // What was foreseen has its turn first: a consent that came and went while nothing ran is marked as of its own time.
        let at = beside.consent_changes.map_or(at, |foreseen| foreseen.min(at));
        let (cover, changes) = self.view.cover(facts, at).await?;
        let command = match (cover, &beside.consent_lapsed) {
            (Cover::Parked, _) => return Ok(Verdict::Parked),
            (Cover::Unknown, _) => return Ok(Verdict::Unknown),
            (Cover::Nothing, None) => Command::LapseConsent { directive: by.clone(), at, changes },
            (Cover::By(directive), Some(_)) => {
                let pace = self.view.pace(facts.target).await?;
                Command::RestoreConsent { directive, at, pace, changes }
            }
            (Cover::Nothing, Some(_)) | (Cover::By(_), None) => Command::ForeseeConsent { changes },
        };
        let changes_nothing = Referral::decide(&now, command.clone()).is_ok_and(|events| events.is_empty());
        Ok(if changes_nothing { Verdict::Holds } else { Verdict::Asks(Box::new(command)) })
    }

    /// Asks it of the referral, as a request of its own. About an erased person nothing is written.
    ///
    /// # Errors
    /// The log cannot take it now.
    pub async fn ask(&self, ask: &Ask, id: ReferralId, command: Command) -> Result<(), Status> {
        let stream = Stream::<Referral>::of(id.uuid());
        let done = self.desk.execute(ask, id_of::<Referral>(id.uuid()), stream, |now| {
            Ok::<_, Refusal>(places::moved(&self.desk, now, Referral::decide(now, command.clone())?))
        });
        match done.await {
            Ok(_) | Err(Failed::Refused(_)) => Ok(()),
            Err(Failed::Status(status)) if error::of_erased(&status) => Ok(()),
            Err(Failed::Status(status)) => Err(*status),
        }
    }
}

/// An open one that went by a directive, and by which.
fn goes_by(state: &State) -> Option<(&Facts, &Beside, &String)> {
    match state {
        State::Made { facts, situation, beside } if situation.is_open() => {
            beside.directive.as_ref().map(|directive| (facts, &**beside, directive))
        }
        State::Made { .. } | State::Unmade | State::Told(_) | State::InError { .. } => None,
    }
}
