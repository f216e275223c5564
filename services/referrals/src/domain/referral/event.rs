//! What happens to a referral.
//! Invariant: an event is settled; it says all that a later reader needs to know of it.

use kernel::{AgencyId, OfferId, PersonId, Private, Timestamp, WorkerId};

use super::{ClosingReason, Criterion, HoldReason, Outcome, Progress, Recorded};
use crate::domain::offer::Receiver;
use crate::domain::{GoalId, ReferralId};

/// How a referral left its requester.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The directive that allowed it, by its id; "self" for the person's own act; empty under an override.
    pub consent: String,
    /// Why it went without consent, and who approved that.
    pub overriding: Option<(Private, WorkerId)>,
    /// When the target must have acknowledged it.
    pub acknowledge_by: Timestamp,
}

/// What happens to a referral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was written.
    Drafted(super::Facts),
    /// It was sent.
    Sent(Sent),
    /// The target has read it.
    Acknowledged,
    /// The target takes the person on; says again what the receiving service needs.
    Accepted {
        /// The referral.
        id: ReferralId,
        /// The person.
        person: PersonId,
        /// The offer.
        offer: OfferId,
        /// The accepting agency.
        target: AgencyId,
        /// The practice.
        practice: String,
        /// Whether the offer excludes nobody.
        zero_exclusion: bool,
        /// Who opens its part.
        receiver: Receiver,
        /// The goal served.
        goal: Option<GoalId>,
    },
    /// The target does not.
    Rejected {
        /// Why.
        reason: ClosingReason,
        /// The criterion not met.
        criterion: Option<Criterion>,
        /// In words.
        text: Private,
    },
    /// It was called off.
    Cancelled {
        /// Why.
        reason: ClosingReason,
        /// Whether the service had started.
        ended_early: bool,
    },
    /// The service began.
    Started,
    /// It rests.
    Held {
        /// Why.
        reason: HoldReason,
    },
    /// It goes on.
    Resumed,
    /// Closed with an outcome.
    Completed {
        /// What it came to.
        outcome: Outcome,
    },
    /// Closed without one.
    Failed {
        /// Why.
        reason: ClosingReason,
        /// Whether the service had started.
        ended_early: bool,
    },
    /// Never meant.
    EnteredInError,
    /// The acknowledge clock ran out.
    AcknowledgeOverdue {
        /// When it was due.
        due: Timestamp,
    },
    /// What the receiving service did.
    Progressed {
        /// How far it is.
        progress: Progress,
        /// Its record.
        record: String,
    },
    /// Put down from elsewhere; `correction` where it replaces an earlier telling.
    Recorded {
        /// What was told.
        told: Box<Recorded>,
        /// Whether it replaces an earlier telling.
        correction: bool,
    },
}
