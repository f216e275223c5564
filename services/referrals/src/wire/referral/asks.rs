//! What is asked of a referral by its sides, but for what they tell each other.
//! Invariant: a code that the contract does not name is refused with its field.

use kernel::By;
use platform::command::Ask as Asked;
use platform::error::BadField;
use platform::wire;
use proto::referrals as pb;

use super::{NEED, closing_reason, criterion, hold_reason, outcome, referral_id};
use crate::domain::ReferralId;
use crate::domain::assignment::Assignment;
use crate::domain::referral::{Command, Pace, When};

/// When it is said to have happened, and that it is told now.
pub fn when(ask: &Asked, occurred_at: Option<&prost_types::Timestamp>) -> Result<When, BadField> {
    Ok(When { at: wire::happened("occurred_at", occurred_at, ask.at)?.at, told_at: ask.at })
}

/// It was read.
pub fn acknowledge(
    ask: &Asked,
    when: When,
    request: &pb::AcknowledgeReferralRequest,
) -> Result<(ReferralId, Command), BadField> {
    Ok((referral_id(&request.referral_id)?, Command::Acknowledge { by: ask.by(), when }))
}

/// It is accepted.
pub fn accept(
    ask: &Asked,
    when: When,
    pace: Pace,
    request: &pb::AcceptReferralRequest,
) -> Result<(ReferralId, Command), BadField> {
    Ok((referral_id(&request.referral_id)?, Command::Accept { by: ask.by(), when, pace }))
}

/// It is rejected.
pub fn reject(
    ask: &Asked,
    when: When,
    request: &pb::RejectReferralRequest,
) -> Result<(ReferralId, Command), BadField> {
    let reason = closing_reason::parse("reason", request.reason)?;
    let criterion = match request.criterion {
        0 => None,
        number => Some(criterion::parse("criterion", number)?),
    };
    let text = wire::private("text", &request.text, NEED)?;
    Ok((referral_id(&request.referral_id)?, Command::Reject { by: ask.by(), when, reason, criterion, text }))
}

/// It is called off.
pub fn cancel(
    ask: &Asked,
    when: When,
    request: &pb::CancelReferralRequest,
) -> Result<(ReferralId, Command), BadField> {
    let reason = closing_reason::parse("reason", request.reason)?;
    Ok((referral_id(&request.referral_id)?, Command::Cancel { by: ask.by(), when, reason }))
}

/// Its service began.
pub fn start(
    ask: &Asked,
    when: When,
    request: &pb::StartReferralRequest,
) -> Result<(ReferralId, Command), BadField> {
    Ok((referral_id(&request.referral_id)?, Command::Start { by: ask.by(), when }))
}

/// It is to rest.
pub fn hold(
    ask: &Asked,
    when: When,
    request: &pb::HoldReferralRequest,
) -> Result<(ReferralId, Command), BadField> {
    let reason = hold_reason::parse("reason", request.reason)?;
    Ok((referral_id(&request.referral_id)?, Command::Hold { by: ask.by(), reason, when }))
}

/// It goes on.
pub fn resume(
    ask: &Asked,
    when: When,
    pace: Pace,
    request: &pb::ResumeReferralRequest,
) -> Result<(ReferralId, Command), BadField> {
    Ok((referral_id(&request.referral_id)?, Command::Resume { by: ask.by(), when, pace }))
}

/// Somebody takes care of it.
pub fn assign(
    to: Assignment,
    by: By,
    request: &pb::AssignReferralRequest,
) -> Result<(ReferralId, Command), BadField> {
    Ok((referral_id(&request.referral_id)?, Command::Assign { by, to }))
}

/// It is closed with an outcome.
pub fn complete(
    ask: &Asked,
    when: When,
    request: &pb::CompleteReferralRequest,
) -> Result<(ReferralId, Command), BadField> {
    let outcome = outcome::parse("outcome", request.outcome)?;
    Ok((referral_id(&request.referral_id)?, Command::Complete { by: ask.by(), outcome, when }))
}

/// It is closed without one.
pub fn fail(
    ask: &Asked,
    when: When,
    request: &pb::FailReferralRequest,
) -> Result<(ReferralId, Command), BadField> {
    let reason = closing_reason::parse("reason", request.reason)?;
    Ok((referral_id(&request.referral_id)?, Command::Fail { by: ask.by(), when, reason }))
}

/// An open one was looked at again.
pub fn review(
    ask: &Asked,
    when: When,
    pace: Pace,
    request: &pb::ReviewReferralRequest,
) -> Result<(ReferralId, Command), BadField> {
    Ok((referral_id(&request.referral_id)?, Command::Review { by: ask.by(), when, pace }))
}
