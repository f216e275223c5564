//! Where a referral stands.
//! Invariant: the situation holds what is true in it and nothing that cannot be.

use kernel::ids::Uuid;
use kernel::time::WorkingDays;
use kernel::{AgencyId, OfferId, PersonId, Private, Timestamp, WorkerId, Zone};

use super::pace::Timing;
use super::{
    BusinessStatus, Clock, Clocks, ClosingReason, Criterion, Event, Followed, HoldReason, Household, OWN_ACT,
    Origin, Outcome, Pace, Progress, Recorded, Split,
};
use crate::domain::contact::Contact;
use crate::domain::offer::Receiver;
use crate::domain::{GoalId, ReferralId};

/// What does not change after the draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its id.
    pub id: ReferralId,
    /// When it was drafted.
    pub drafted_at: Timestamp,
    /// The person.
    pub person: PersonId,
    /// The agency that asks; none where the person refers themself.
    pub requester: Option<AgencyId>,
    /// The offer.
    pub offer: OfferId,
    /// Its name when drafted.
    pub offer_name: String,
    /// The agency asked.
    pub target: AgencyId,
    /// The practice asked for.
    pub practice: String,
    /// Urgency, as the contract numbers it.
    pub priority: i32,
    /// Life domain, as the contract numbers it.
    pub life_domain: i32,
    /// The need.
    pub need: Private,
    /// The goal served.
    pub goal: Option<GoalId>,
    /// Or why there is none.
    pub no_goal_reason: Option<Private>,
    /// Who opens its part.
    pub receiver: Receiver,
    /// Where the target counts working days.
    pub zone: Zone,
    /// Whether the offer excludes nobody.
    pub zero_exclusion: bool,
    /// Whether the offer's programme falls under 42 CFR Part 2.
    pub part2: bool,
    /// Whether the offer wants it cancelled as expired where it stays unanswered long after its answer was due; none where that is its agency's to say.
    pub expires: Option<bool>,
    /// What it follows.
    pub origin: Origin,
    /// Whom it was drafted with.
    pub household: Household,
}

/// How a referral ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closing {
    /// Declined by the target.
    Rejected {
        /// Why.
        reason: ClosingReason,
        /// The criterion not met.
        criterion: Option<Criterion>,
        /// In words.
        text: Private,
    },
    /// Called off; before the service started, or early.
    Cancelled(ClosingReason, bool),
    /// With an outcome.
    Completed(Outcome),
    /// Without one; before the service started, or early.
    Failed(ClosingReason, bool),
}

/// A state as another system names it: open or closed, without this system's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Sent, not answered.
    Requested,
    /// Taken on.
    Accepted,
    /// Declined.
    Rejected,
    /// Called off by the person.
    Cancelled,
    /// The service began.
    InProgress,
    /// Taken on, and resting.
    OnHold,
    /// Closed with an outcome.
    Completed,
    /// Closed without one.
    Failed,
}

impl Answer {
    /// Whether something is still to come of it.
    pub fn is_open(self) -> bool {
        match self {
            Self::Requested | Self::Accepted | Self::InProgress | Self::OnHold => true,
            Self::Rejected | Self::Cancelled | Self::Completed | Self::Failed => false,
        }
    }
}

/// Which of its situations a referral of this system is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Situation {
    /// Written, not sent.
    Draft,
    /// Sent, not answered.
    Requested {
        /// Whether the target said that it has read it.
        acknowledged: bool,
    },
    /// Taken on, not begun.
    Accepted,
    /// At work.
    InProgress,
    /// Resting.
    OnHold {
        /// Why.
        reason: HoldReason,
    },
    /// Ended.
    Closed(Closing),
}

/// Something that the target wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Names it among those of the referral.
    pub id: Uuid,
    /// What is asked.
    pub text: Private,
    /// What was answered.
    pub answer: Option<Private>,
}

/// What is true of a referral beside its situation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// When it was sent.
    pub requested_at: Option<Timestamp>,
    /// When what it stands at since it was sent happened.
    pub since: Option<Timestamp>,
    /// When it was last looked at again.
    pub reviewed_at: Option<Timestamp>,
    /// Its clocks.
    pub clocks: Clocks,
    /// In how many calendar days after its answer was due it expires; none where it does not.
    pub expiry_days: Option<u32>,
    /// Whether the service has begun: the difference between withdrawn before start and ended early.
    pub started: bool,
    /// The directive by which it goes: that by which it was sent, or which gave the consent again. None where it was sent without one.
    pub directive: Option<String>,
    /// Whether the person sent it.
    pub own_act: bool,
    /// Why it was sent without consent, where it was.
    pub overriding: Option<Private>,
    /// The directive by which it went until its consent lapsed, until one gives it back.
    pub consent_lapsed: Option<String>,
    /// When that changes by the clock, as far as the person has said.
    pub consent_changes: Option<Timestamp>,
    /// Whether the person died.
    pub died: bool,
    /// How far the target says it is.
    pub status: BusinessStatus,
    /// What the target wanted to know, oldest first.
    pub questions: Vec<Question>,
    /// How the target tried to reach the person, oldest first as noted.
    pub contacts: Vec<Contact>,
    /// Why it should go to another, where that was asked for.
    pub transfer_asked: Option<Private>,
    /// Those that follow it.
    pub followed_by: Vec<(Followed, ReferralId)>,
    /// The worker of the target who takes care of it.
    pub assignee: Option<WorkerId>,
    /// What its target passed to others.
    pub split: Option<Split>,
    /// What the receiving service reported: how far, and its record.
    pub reported: Option<(Progress, String)>,
}

/// Where a referral stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum State {
    /// Never written.
    #[default]
    Unmade,
    /// Made here.
    Made {
        /// What does not change.
        facts: Facts,
        /// Where it stands.
        situation: Situation,
        /// What else is true of it.
        beside: Box<Beside>,
    },
    /// Put down from elsewhere.
    Told(Recorded),
    /// Never meant; whose it was is kept, so that its makers still see it.
    InError {
        /// The person.
        person: PersonId,
        /// The agency that asked.
        requester: Option<AgencyId>,
        /// What it followed.
        origin: Origin,
        /// Its parts that had not ended.
        parts: Vec<ReferralId>,
    },
}

impl State {
    /// The person and offer that an open referral of this requester keeps for itself: one at a time (a guard inside one agency).
    pub fn keeps(&self) -> Option<(AgencyId, PersonId, OfferId)> {
        match self {
            Self::Made { facts, situation, .. } if situation.is_open() => {
                facts.requester.map(|requester| (requester, facts.person, facts.offer))
            }
            Self::Made { .. } | Self::Unmade | Self::Told(_) | Self::InError { .. } => None,
        }
    }

    /// The referral that it is a part of.
    pub fn part_of(&self) -> Option<ReferralId> {
        match self {
            Self::Made { facts, .. } => facts.origin.part_of(),
            Self::InError { origin, .. } => origin.part_of(),
            Self::Unmade | Self::Told(_) => None,
        }
    }

    /// Its parts that have not ended.
    pub fn open_parts(&self) -> Vec<ReferralId> {
        match self {
            Self::Made { beside, .. } => beside.split.iter().flat_map(Split::open).collect(),
            Self::InError { parts, .. } => parts.clone(),
            Self::Unmade | Self::Told(_) => vec![],
        }
    }

    /// When what it stands at happened; none where it was never drafted here.
    pub fn since(&self) -> Option<Timestamp> {
        match self {
            Self::Made { facts, beside, .. } => Some(beside.since.unwrap_or(facts.drafted_at)),
            Self::Unmade | Self::Told(_) | Self::InError { .. } => None,
        }
    }

    /// The person it is about.
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::Unmade => None,
            Self::Made { facts, .. } => Some(facts.person),
            Self::Told(told) => Some(told.person),
            Self::InError { person, .. } => Some(*person),
        }
    }
}

impl Beside {
    /// When what is told by itself happened: as it is told, but not before what it follows.
    pub(super) fn not_before(&self, at: Timestamp) -> Timestamp {
        self.since.map_or(at, |since| at.max(since))
    }
}

impl Facts {
    /// When its clocks run out, by the pace of its target.
    pub(super) fn timing(&self, pace: Pace) -> Timing {
        let days = WorkingDays::new(self.zone.clone(), pace.holidays.clone()).resting_on(pace.weekend);
        Timing::new(days, pace)
    }
}

impl Situation {
    /// Whether something is still to come of it: it was sent, and is not closed.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Requested { .. } | Self::Accepted | Self::InProgress | Self::OnHold { .. } => true,
            Self::Draft | Self::Closed(_) => false,
        }
    }
}

pub(super) fn evolve(state: State, event: &Event) -> State {
    match event {
        Event::Drafted(facts) => {
            State::Made { facts: facts.clone(), situation: Situation::Draft, beside: Box::default() }
        }
        Event::Recorded { told, .. } => State::Told((**told).clone()),
        Event::EnteredInError => match state {
            State::Unmade => State::Unmade,
            State::Made { facts, beside, .. } => {
                let Facts { person, requester, origin, .. } = facts;
                let parts = beside.split.iter().flat_map(Split::open).collect();
                State::InError { person, requester, origin, parts }
            }
            State::Told(told) => {
                let (person, requester) = (told.person, Some(told.requester));
                State::InError { person, requester, origin: Origin::New, parts: vec![] }
            }
            error @ State::InError { .. } => error,
        },
        Event::Sent(_)
        | Event::Acknowledged { .. }
        | Event::Accepted { .. }
        | Event::Rejected { .. }
        | Event::Cancelled { .. }
        | Event::Started { .. }
        | Event::Held { .. }
        | Event::Resumed { .. }
        | Event::Completed { .. }
        | Event::Failed { .. }
        | Event::Reviewed { .. }
        | Event::Overdue { .. }
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
        | Event::Assigned { .. }
        | Event::Split { .. }
        | Event::PartEnded { .. }
        | Event::Progressed { .. } => match state {
            State::Made { mut facts, situation, mut beside } => {
                let situation = moved(situation, &mut beside, event);
                if let Event::Sent(sent) = event {
                    facts.part2 |= sent.part2;
                    // What was sent before agencies could say so told nothing of it: it expires by its offer's word, in the days of then.
                    let of_then = (facts.expires == Some(true)).then(|| Pace::default().expiry);
                    beside.expiry_days = sent.expiry_days.or(of_then);
                }
                State::Made { facts, situation, beside }
            }
            other @ (State::Unmade | State::Told(_) | State::InError { .. }) => other,
        },
    }
}

/// Where one that was made here stands after an event of its life.
fn moved(now: Situation, beside: &mut Beside, event: &Event) -> Situation {
    match event {
        Event::Sent(sent) => {
            beside.requested_at = Some(sent.when.at);
            beside.since = Some(sent.when.at);
            beside.directive = sent.directive();
            beside.own_act = sent.consent == OWN_ACT;
            beside.overriding = sent.overriding.as_ref().map(|(why, _)| why.clone());
            beside.clocks.set_as_told(sent.clocks(), sent.when);
            Situation::Requested { acknowledged: false }
        }
        Event::Acknowledged { at } => {
            beside.since = Some(*at);
            beside.clocks.stop(&[Clock::Acknowledge]);
            match now {
                Situation::Requested { .. } => Situation::Requested { acknowledged: true },
                other @ (Situation::Draft
                | Situation::Accepted
                | Situation::InProgress
                | Situation::OnHold { .. }
                | Situation::Closed(_)) => other,
            }
        }
        Event::Accepted { start_by, when, .. } => {
            beside.since = Some(when.at);
            beside.clocks.stop(&[Clock::Acknowledge, Clock::Answer, Clock::Expiry]);
            beside.clocks.set_as_told([(Clock::Start, *start_by)], *when);
            Situation::Accepted
        }
        Event::Rejected { reason, criterion, text } => {
            let (reason, criterion, text) = (*reason, *criterion, text.clone());
            closed(beside, Closing::Rejected { reason, criterion, text })
        }
        Event::Cancelled { reason, ended_early } => closed(beside, Closing::Cancelled(*reason, *ended_early)),
        Event::Completed { outcome } => closed(beside, Closing::Completed(*outcome)),
        Event::Failed { reason, ended_early } => closed(beside, Closing::Failed(*reason, *ended_early)),
        Event::Started { at } => {
            beside.since = Some(*at);
            beside.started = true;
            beside.clocks.stop(&[Clock::Start]);
            Situation::InProgress
        }
        Event::Held { reason, at } => {
            beside.since = Some(*at);
            beside.clocks.rest_from(*at);
            Situation::OnHold { reason: *reason }
        }
        Event::Resumed { when, clocks } => {
            beside.since = Some(when.at);
            if !beside.died {
                beside.clocks.go_on_as_told(clocks.iter().copied(), *when);
            }
            Situation::InProgress
        }
        Event::Reviewed { when, next } => {
            beside.reviewed_at = Some(when.at);
            beside.clocks.stop(&[Clock::Review]);
            beside.clocks.set_as_told(next.map(|next| (Clock::Review, next)), *when);
            now
        }
        Event::Overdue { clock, due, expires } => {
            beside.clocks.ran_out(*clock, *due);
            beside.clocks.set(expires.map(|at| (Clock::Expiry, at)));
            now
        }
        Event::InformationAsked { question, text } => {
            beside.questions.push(Question { id: *question, text: text.clone(), answer: None });
            now
        }
        Event::InformationSupplied { question, text, .. } => {
            for asked in beside.questions.iter_mut().filter(|asked| asked.id == *question) {
                asked.answer = Some(text.clone());
            }
            now
        }
        Event::ContactMade(contact) => {
            begins_at_rest(beside, &now, contact.reached);
            beside.contacts.push(contact.clone());
            now
        }
        Event::StatusSet(status) => {
            beside.status = *status;
            now
        }
        Event::ConsentLapsed { directive, at } => {
            beside.consent_lapsed = Some(directive.clone());
            beside.clocks.rest_from(*at);
            now
        }
        Event::ConsentRestored { directive, clocks } => {
            beside.directive = Some(directive.clone());
            beside.consent_lapsed = None;
            // On hold, and once the person died, they rest on.
            if !matches!(now, Situation::OnHold { .. }) && !beside.died {
                beside.clocks.go_on(clocks.iter().copied());
            }
            now
        }
        Event::ConsentForeseen { changes } => {
            beside.consent_changes = *changes;
            now
        }
        Event::PersonDied { at } => {
            beside.died = true;
            beside.clocks.rest_from(*at);
            now
        }
        Event::PersonAlive { clocks } => {
            beside.died = false;
            if !matches!(now, Situation::OnHold { .. }) && beside.consent_lapsed.is_none() {
                beside.clocks.go_on(clocks.iter().copied());
            }
            now
        }
        Event::TransferAsked { text } => {
            beside.transfer_asked = Some(text.clone());
            now
        }
        Event::FollowedBy { how, referral } => {
            beside.followed_by.push((*how, *referral));
            now
        }
        Event::Assigned { worker, .. } => {
            beside.assignee = *worker;
            now
        }
        Event::Split { rule, parts } => {
            let parts = parts.iter().map(|part| (*part, None)).collect();
            beside.split = Some(Split { rule: *rule, parts });
            // Those who it was passed to begin in their own time.
            beside.clocks.stop(&[Clock::Start]);
            Situation::InProgress
        }
        Event::PartEnded { part, end } => {
            beside.split = beside.split.take().map(|split| split.after(*part, *end));
            now
        }
        Event::Progressed { progress, record } => {
            begins_at_rest(beside, &now, *progress == Progress::Started);
            beside.reported = Some((*progress, record.clone()));
            now
        }
        // These begin a life or end it as never meant.
        Event::Drafted(_) | Event::Recorded { .. } | Event::EnteredInError => now,
    }
}

/// What begins the service while it is on hold has begun it, although it goes on resting.
fn begins_at_rest(beside: &mut Beside, now: &Situation, begins: bool) {
    if begins && matches!(now, Situation::OnHold { .. }) {
        beside.started = true;
        beside.clocks.stop(&[Clock::Start]);
    }
}

fn closed(beside: &mut Beside, how: Closing) -> Situation {
    beside.clocks.stop(&Clock::ALL);
    Situation::Closed(how)
}
