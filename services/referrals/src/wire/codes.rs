//! Coded values of the contract and of the domain.
//! Invariant: one mapping for each code, used in both directions.

use proto::referrals as pb;
use proto::types::LifeDomain;

use crate::domain::participation;
use crate::domain::referral::{Answer, Closing, Facts, Situation, State};

platform::codes!(pub mod closing_reason: crate::domain::referral::ClosingReason = proto::referrals::ClosingReason {
    Ineligible, MistakenOrDuplicate, NotEngaged, NeedsMetElsewhere, Moved, WorkOrCaring, Died, NoCapacity,
    CouldNotContact, PersonDeclined, ProviderDeclined, CompletedEarly, ConsentWithdrawn, Expired, Other,
});
platform::codes!(pub mod criterion: crate::domain::referral::Criterion = proto::referrals::EligibilityCriterion {
    WantsService, Age, Area, Language, Other,
});
platform::codes!(pub mod hold_reason: crate::domain::referral::HoldReason = proto::referrals::HoldReason {
    Documents, Capacity, PersonsWish, Health, Consent, NotReady,
});
platform::codes!(pub mod outcome: crate::domain::referral::Outcome = proto::referrals::Outcome {
    Enrolled, NotEnrolled, Waitlisted, ServiceGiven,
});
platform::codes!(pub mod progress: crate::domain::referral::Progress = proto::referrals::Progress {
    Opened, Started, Closed,
});

platform::codes!(pub mod business_status: crate::domain::referral::BusinessStatus = proto::referrals::BusinessStatus {
    NotUpdated, NeedsClientAction, Pending, Eligible, CouldNotContact, Waitlisted, Scheduled, ReferredElsewhere, GotHelp,
});
platform::codes!(pub mod split_rule: crate::domain::referral::Rule = proto::referrals::SplitRule { Any, All });
platform::codes!(pub mod clock: crate::domain::referral::Clock = proto::referrals::Clock {
    Acknowledge, Answer, Start, Review, Expiry,
});

/// The contract's name for where a referral stands.
pub fn state(state: &State) -> pb::ReferralState {
    match state {
        State::Unmade => pb::ReferralState::Unspecified,
        State::Made { situation, .. } => match situation {
            Situation::Draft => pb::ReferralState::Draft,
            Situation::Requested { .. } => pb::ReferralState::Requested,
            Situation::Accepted => pb::ReferralState::Accepted,
            Situation::InProgress => pb::ReferralState::InProgress,
            Situation::OnHold { .. } => pb::ReferralState::OnHold,
            Situation::Closed(Closing::Rejected { .. }) => pb::ReferralState::Rejected,
            Situation::Closed(Closing::Cancelled(..)) => pb::ReferralState::Cancelled,
            Situation::Closed(Closing::Completed(_)) => pb::ReferralState::Completed,
            Situation::Closed(Closing::Failed(..)) => pb::ReferralState::Failed,
        },
        State::Told(told) => answer_out(told.answer),
        State::InError { .. } => pb::ReferralState::EnteredInError,
    }
}

/// The contract's name for how far a participation is.
pub fn participation_state(situation: &participation::Situation) -> pb::ParticipationState {
    match situation {
        participation::Situation::GoingOn { .. } => pb::ParticipationState::Active,
        participation::Situation::Paused { .. } => pb::ParticipationState::Paused,
        participation::Situation::Ended(_) => pb::ParticipationState::Ended,
    }
}

/// Whether it is a referral to a home, which tells where the person may be found.
pub fn of_homes(facts: &Facts) -> bool {
    facts.life_domain == i32::from(LifeDomain::Housing)
}

/// A recorded state, as the contract names it.
pub fn answer_out(answer: Answer) -> pb::ReferralState {
    match answer {
        Answer::Requested => pb::ReferralState::Requested,
        Answer::Accepted => pb::ReferralState::Accepted,
        Answer::Rejected => pb::ReferralState::Rejected,
        Answer::Cancelled => pb::ReferralState::Cancelled,
        Answer::InProgress => pb::ReferralState::InProgress,
        Answer::OnHold => pb::ReferralState::OnHold,
        Answer::Completed => pb::ReferralState::Completed,
        Answer::Failed => pb::ReferralState::Failed,
    }
}

/// The state that a record tells; drafts and errors of elsewhere are not recorded.
pub fn answer_in(number: i32) -> Option<Answer> {
    match pb::ReferralState::try_from(number).ok()? {
        pb::ReferralState::Requested => Some(Answer::Requested),
        pb::ReferralState::Accepted => Some(Answer::Accepted),
        pb::ReferralState::Rejected => Some(Answer::Rejected),
        pb::ReferralState::Cancelled => Some(Answer::Cancelled),
        pb::ReferralState::InProgress => Some(Answer::InProgress),
        pb::ReferralState::OnHold => Some(Answer::OnHold),
        pb::ReferralState::Completed => Some(Answer::Completed),
        pb::ReferralState::Failed => Some(Answer::Failed),
        pb::ReferralState::Unspecified | pb::ReferralState::Draft | pb::ReferralState::EnteredInError => None,
    }
}

/// The numbers of the states that a list asks for.
///
/// # Errors
/// A number that names none.
pub fn state_numbers(states: &[i32]) -> Result<Vec<i64>, platform::error::BadField> {
    choices::<pb::ReferralState>(states)
}

/// The numbers of the states of participations that a list asks for.
///
/// # Errors
/// A number that names none.
pub fn participation_states(states: &[i32]) -> Result<Vec<i64>, platform::error::BadField> {
    choices::<pb::ParticipationState>(states)
}

fn choices<E: TryFrom<i32> + Into<i32> + Copy>(
    states: &[i32],
) -> Result<Vec<i64>, platform::error::BadField> {
    let each = |(i, number): (usize, &i32)| {
        platform::wire::choice::<E>(&format!("states[{i}]"), *number)?;
        Ok(i64::from(*number))
    };
    states.iter().enumerate().map(each).collect()
}

/// The clocks that a list asks for.
///
/// # Errors
/// A number that names none.
pub fn clocks(numbers: &[i32]) -> Result<Vec<crate::domain::referral::Clock>, platform::error::BadField> {
    let each = |(i, number): (usize, &i32)| clock::parse(&format!("overdue[{i}]"), *number);
    numbers.iter().enumerate().map(each).collect()
}

/// The least urgency that a list asks for; 0 for any.
///
/// # Errors
/// A number that names none.
pub fn priority_at_least(number: i32) -> Result<i32, platform::error::BadField> {
    match number {
        0 => Ok(0),
        number => Ok(platform::wire::choice::<pb::Priority>("priority", number)?.into()),
    }
}
