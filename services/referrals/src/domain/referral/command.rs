//! What can be asked of a referral.
//! Invariant: a command carries all that deciding it needs.

use kernel::ids::Uuid;
use kernel::{
    AgencyId, By, Day, Discrepancy, Occurred, OfferId, PersonId, Private, Timestamp, Words, known_longer,
};

use super::{
    BusinessStatus, Clock, ClosingReason, Criterion, Facts, Followed, HoldReason, Household, Origin, Outcome,
    Override, Pace, PartEnd, Progress, Refusal, Rule, State, When,
};
use crate::domain::assignment::Assignment;
use crate::domain::contact::Contact;
use crate::domain::offer::{self, Content};
use crate::domain::{GoalId, ReferralId};

/// What is asked for, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The person.
    pub person: PersonId,
    /// The offer.
    pub offer: OfferId,
    /// The agency that makes it.
    pub target: AgencyId,
    /// What the offer says now; none where it was withdrawn or never was.
    pub content: Option<Content>,
    /// Urgency, as the contract numbers it.
    pub priority: i32,
    /// Life domain of the need, as the contract numbers it.
    pub life_domain: i32,
    /// The need.
    pub need: Private,
    /// The goal it serves.
    pub goal: Option<GoalId>,
    /// Or why there is none.
    pub no_goal_reason: Option<Private>,
    /// The referral that it follows.
    pub follows: Option<Follows>,
    /// Whom it is drafted with.
    pub household: Household,
}

/// A referral that another follows, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follows {
    /// Which, and how.
    pub how: Origin,
    /// Where that one stands.
    pub old: State,
}

impl Ask {
    /// The same asked again of what the offer says now, for the same person: what opening a closed one again drafts.
    pub fn again(old: &Facts, how: Origin, state: &State, offer: &offer::State) -> Self {
        Self { follows: Some(Follows { how, old: state.clone() }), ..Self::of(old, old.offer, offer) }
    }

    /// The same asked of another offer: a part of a split one.
    pub fn part(whole: &Facts, state: &State, id: OfferId, offer: &offer::State) -> Self {
        let follows = Some(Follows { how: Origin::PartOf(whole.id), old: state.clone() });
        Self { follows, ..Self::of(whole, id, offer) }
    }

    /// The same, drafted by a 42 CFR Part 2 programme or by another agency: what such a programme makes is under it, whatever is asked for.
    #[must_use]
    pub fn by_programme(mut self, programme: bool) -> Self {
        if let Some(content) = &mut self.content {
            content.part2 |= programme;
        }
        self
    }

    /// What a programme's referral tells stays under 42 CFR Part 2 whomever it is told to next.
    fn of(facts: &Facts, id: OfferId, offer: &offer::State) -> Self {
        let (target, content) = match offer {
            offer::State::Published { agency, content, .. } => (*agency, Some(content.clone())),
            offer::State::Unmade | offer::State::Withdrawn { .. } => (facts.target, None),
        };
        let asked = Self {
            person: facts.person,
            offer: id,
            target,
            content,
            priority: facts.priority,
            life_domain: facts.life_domain,
            need: facts.need.clone(),
            goal: facts.goal,
            no_goal_reason: facts.no_goal_reason.clone(),
            follows: None,
            household: Household::Alone,
        };
        asked.by_programme(facts.part2)
    }
}

/// A referral as another system tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The person.
    pub person: PersonId,
    /// The agency that logs it.
    pub requester: AgencyId,
    /// The offer and its agency and name, where it is on the platform.
    pub offer: Option<(OfferId, AgencyId, String)>,
    /// What was asked for, in the source's words.
    pub service_named: Words,
    /// When it was made.
    pub made: Occurred,
    /// Its state there.
    pub answer: super::Answer,
    /// When it reached that state.
    pub reached: Option<Occurred>,
    /// Until when it is known, while it is open; none for good.
    pub known_until: Option<Day>,
    /// What today's guards would have refused.
    pub discrepancies: Vec<Discrepancy>,
}

impl Recorded {
    /// The same, asked of an offer; of one that is withdrawn too.
    ///
    /// # Errors
    /// Nobody made it.
    pub fn asking(self, id: OfferId, offer: &offer::State) -> Result<Self, Refusal> {
        let (agency, content) = offer.said().ok_or(Refusal::OfferNotFound)?;
        Ok(Self { offer: Some((id, agency, content.name.clone())), ..self })
    }

    /// Whether it says what was told before, of a time that was known already.
    pub(super) fn says_nothing_new(&self, before: &Self) -> bool {
        let same = Self { known_until: before.known_until, ..self.clone() } == *before;
        same && !known_longer(before.known_until, self.known_until)
    }
}

/// What can be asked of a referral.
#[derive(Clone, Debug)]
pub enum Command {
    /// Write it.
    Draft {
        /// Its id.
        id: ReferralId,
        /// Who asks.
        by: By,
        /// When.
        at: Timestamp,
        /// What for.
        ask: Box<Ask>,
    },
    /// Send it.
    Send {
        /// Who sends.
        by: By,
        /// When.
        when: When,
        /// The directive in force that covers target, purpose and category.
        consent: Option<String>,
        /// Or what it goes without one by.
        overriding: Option<Override>,
        /// Whether the requester is a 42 CFR Part 2 programme now, whatever it was when it drafted.
        programme: bool,
        /// The target's, as known now.
        pace: Pace,
    },
    /// Say that it was read.
    Acknowledge {
        /// Who says so.
        by: By,
        /// When it was read.
        when: When,
    },
    /// Take the person on.
    Accept {
        /// Who accepts.
        by: By,
        /// When.
        when: When,
        /// The target's, as known now.
        pace: Pace,
    },
    /// Do not.
    Reject {
        /// Who rejects.
        by: By,
        /// When.
        when: When,
        /// Why.
        reason: ClosingReason,
        /// The criterion not met, for an ineligible person.
        criterion: Option<Criterion>,
        /// In words.
        text: Private,
    },
    /// Call it off.
    Cancel {
        /// Who cancels.
        by: By,
        /// When.
        when: When,
        /// Why.
        reason: ClosingReason,
    },
    /// Say that the service began.
    Start {
        /// Who says so.
        by: By,
        /// When it began.
        when: When,
    },
    /// Let it rest.
    Hold {
        /// Who holds.
        by: By,
        /// Why.
        reason: HoldReason,
        /// Since when.
        when: When,
    },
    /// Go on.
    Resume {
        /// Who resumes.
        by: By,
        /// Since when.
        when: When,
        /// The target's, as known now.
        pace: Pace,
    },
    /// Close it with an outcome.
    Complete {
        /// Who closes.
        by: By,
        /// What it came to.
        outcome: Outcome,
        /// When.
        when: When,
    },
    /// Close it without one.
    Fail {
        /// Who closes.
        by: By,
        /// When.
        when: When,
        /// Why.
        reason: ClosingReason,
    },
    /// It should never have been written.
    MarkEnteredInError {
        /// Who says so.
        by: By,
    },
    /// The target wants to know something.
    AskInformation {
        /// Who asks.
        by: By,
        /// Names the question.
        question: Uuid,
        /// In words.
        text: Private,
    },
    /// It is told.
    SupplyInformation {
        /// Who tells.
        by: By,
        /// The question answered.
        question: Uuid,
        /// In words.
        text: Private,
        /// The directive in force that covers it now.
        consent: Option<String>,
    },
    /// The person was reached, or it was tried.
    AddContact {
        /// Who notes it.
        by: By,
        /// The contact.
        contact: Contact,
    },
    /// Say how far it is, beside the state.
    SetStatus {
        /// Who says so.
        by: By,
        /// How far.
        status: BusinessStatus,
    },
    /// The person died.
    Rest {
        /// Since when its clocks rest.
        at: Timestamp,
    },
    /// That the person died was an error.
    Wake {
        /// Since when.
        at: Timestamp,
        /// The target's, as known now.
        pace: Pace,
    },
    /// The consent that it was sent with holds no longer.
    LapseConsent {
        /// The directive that says so.
        directive: String,
        /// Since when.
        at: Timestamp,
        /// When one covers it again by the clock, as far as is said now.
        changes: Option<Timestamp>,
    },
    /// A consent covers it again.
    RestoreConsent {
        /// The directive that says so.
        directive: String,
        /// Since when.
        at: Timestamp,
        /// The target's, as known now.
        pace: Pace,
        /// When none covers it any more by the clock, as far as is said now.
        changes: Option<Timestamp>,
    },
    /// Its consent is as it was, and may change by the clock at another time than was foreseen.
    ForeseeConsent {
        /// When; none where it changes only by what is said.
        changes: Option<Timestamp>,
    },
    /// It should go to another.
    AskTransfer {
        /// Who asks.
        by: By,
        /// Why, in words.
        text: Private,
    },
    /// Another was sent that follows it.
    Follow {
        /// How, as that one says it.
        how: Followed,
        /// That one.
        referral: ReferralId,
    },
    /// Another that takes its place was accepted.
    Transfer {
        /// That one.
        to: ReferralId,
    },
    /// Pass it to several others.
    Split {
        /// Who splits.
        by: By,
        /// When its parts complete it.
        rule: Rule,
        /// Their referrals.
        parts: Vec<ReferralId>,
    },
    /// A part of it ended.
    EndPart {
        /// Which.
        part: ReferralId,
        /// How.
        end: PartEnd,
    },
    /// What it is a part of has closed.
    EndWithWhole {
        /// Why it is not needed any more.
        reason: ClosingReason,
    },
    /// Somebody of the target takes care of it from now on, or nobody does.
    Assign {
        /// Who says so.
        by: By,
        /// Who.
        to: Assignment,
    },
    /// An open one was looked at again.
    Review {
        /// Who looked.
        by: By,
        /// When.
        when: When,
        /// The target's, as known now.
        pace: Pace,
    },
    /// A clock ran out.
    Lapse {
        /// Which.
        clock: Clock,
        /// When it was due.
        due: Timestamp,
    },
    /// What the receiving service did.
    Report {
        /// When it did so.
        at: Timestamp,
        /// How far it is.
        progress: Progress,
        /// Its record.
        record: String,
        /// What a closed part came to.
        end: Option<PartEnd>,
    },
    /// Put down a referral made elsewhere.
    Record(Box<Recorded>),
}
