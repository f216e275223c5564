//! What happens to a referral.
//! Invariant: an event is settled; it says all that a later reader needs to know of it.

use kernel::ids::Uuid;
use kernel::{AgencyId, Occurred, OfferId, PersonId, Private, Timestamp, WorkerId};

use super::{
    BusinessStatus, Clock, ClosingReason, Criterion, Followed, HoldReason, Outcome, PartEnd, Progress,
    Recorded, Rule, When,
};
use crate::domain::contact::Contact;
use crate::domain::offer::Receiver;
use crate::domain::{GoalId, ReferralId};

/// What stands for a directive where the person acts: nobody consents to what they do themselves.
pub const OWN_ACT: &str = "self";

/// How a referral left its requester.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The directive that allowed it, by its id; "self" for the person's own act; empty under an override.
    pub consent: String,
    /// Why it went without consent, and who approved that.
    pub overriding: Option<(Private, WorkerId)>,
    /// When.
    pub when: When,
    /// When the target must have acknowledged it.
    pub acknowledge_by: Timestamp,
    /// When the target must have answered it.
    pub answer_by: Timestamp,
    /// When somebody must have looked at it again, if it is open then.
    pub review_by: Timestamp,
    /// In how many calendar days after its answer was due it is cancelled as expired; none where it is not.
    pub expiry_days: Option<u32>,
    /// When that is, where its answer was due before it was told.
    pub expires: Option<Timestamp>,
    /// Whether it falls under 42 CFR Part 2: as it was drafted, or because its requester has become a programme since.
    pub part2: bool,
}

impl Sent {
    /// The clocks that begin with it.
    pub fn clocks(&self) -> impl Iterator<Item = (Clock, Timestamp)> {
        let begin = [
            (Clock::Acknowledge, self.acknowledge_by),
            (Clock::Answer, self.answer_by),
            (Clock::Review, self.review_by),
        ];
        begin.into_iter().chain(self.expires.map(|at| (Clock::Expiry, at)))
    }

    /// The directive by which it went; none for the person's own act, to an agency's own programme, and under an override.
    pub fn directive(&self) -> Option<String> {
        (!matches!(self.consent.as_str(), "" | OWN_ACT)).then(|| self.consent.clone())
    }
}

/// What happens to a referral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was written.
    Drafted(super::Facts),
    /// It was sent.
    Sent(Sent),
    /// The target has read it.
    Acknowledged {
        /// When.
        at: Timestamp,
    },
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
        /// When.
        when: When,
        /// When the service must have begun.
        start_by: Timestamp,
        /// By what it goes, as [`Sent::consent`] says it, or the directive that has covered it since.
        consent: String,
        /// The agency that asked; none where the person referred themself.
        requester: Option<AgencyId>,
        /// Of a household's member: the referral of the first.
        household_head: Option<ReferralId>,
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
    Started {
        /// When.
        at: Timestamp,
    },
    /// It rests.
    Held {
        /// Why.
        reason: HoldReason,
        /// Since when its clocks rest.
        at: Timestamp,
    },
    /// It goes on.
    Resumed {
        /// Since when.
        when: When,
        /// When the clocks that rested run out now.
        clocks: Vec<(Clock, Timestamp)>,
    },
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
    /// The target wants to know something.
    InformationAsked {
        /// Names the question.
        question: Uuid,
        /// In words.
        text: Private,
    },
    /// It was told.
    InformationSupplied {
        /// The question answered.
        question: Uuid,
        /// In words.
        text: Private,
        /// The directive by which it was told, by its id; "self" for the person's own act; empty where the referral goes by none.
        consent: String,
    },
    /// The person was reached, or it was tried.
    ContactMade(Contact),
    /// How far the target says it is.
    StatusSet(BusinessStatus),
    /// The person died.
    PersonDied {
        /// Since when its clocks rest.
        at: Timestamp,
    },
    /// That the person died was an error.
    PersonAlive {
        /// When the clocks that rested run out now; none where they rest on.
        clocks: Vec<(Clock, Timestamp)>,
    },
    /// The consent that it was sent with holds no longer.
    ConsentLapsed {
        /// The directive that says so.
        directive: String,
        /// Since when its clocks rest.
        at: Timestamp,
    },
    /// A consent covers it again.
    ConsentRestored {
        /// The directive that says so.
        directive: String,
        /// When the clocks that rested run out now; none where they rest on.
        clocks: Vec<(Clock, Timestamp)>,
    },
    /// Its consent changes by the clock: a directive begins or ends.
    ConsentForeseen {
        /// When; none where it changes only by what is said.
        changes: Option<Timestamp>,
    },
    /// It should go to another.
    TransferAsked {
        /// Why, in words.
        text: Private,
    },
    /// Another was sent that follows it.
    FollowedBy {
        /// How.
        how: Followed,
        /// That one.
        referral: ReferralId,
    },
    /// Its target passes it to several others.
    Split {
        /// When its parts complete it.
        rule: Rule,
        /// Their referrals.
        parts: Vec<ReferralId>,
    },
    /// A part of it ended.
    PartEnded {
        /// Which.
        part: ReferralId,
        /// How.
        end: PartEnd,
    },
    /// Somebody of the target takes care of it from now on, or nobody does.
    Assigned {
        /// Who.
        worker: Option<WorkerId>,
        /// Who handed it over.
        from: Option<WorkerId>,
        /// Since when.
        at: Occurred,
    },
    /// An open one was looked at again.
    Reviewed {
        /// When.
        when: When,
        /// When the next look is due; none while its clocks rest.
        next: Option<Timestamp>,
    },
    /// A clock ran out.
    Overdue {
        /// Which.
        clock: Clock,
        /// When it was due.
        due: Timestamp,
        /// When it will be cancelled as expired, where that follows from this.
        expires: Option<Timestamp>,
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
