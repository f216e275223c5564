//! A draft that is to be sent, with the person's consent or by an override.
//! Invariant: whom the approver works for is looked up by the caller, and judged by the domain.

use kernel::{Actor, AgencyId, Private, WorkerId};
use platform::command::Ask;
use platform::error::BadField;
use platform::wire;
use proto::referrals as pb;

use super::{REASON, referral_id};
use crate::domain::ReferralId;
use crate::domain::referral::{Command, Override, Pace, When};

/// Why a request asks to go without consent, and who approved that; none where it asks for no such thing.
pub fn overriding(request: &pb::SendReferralRequest) -> Result<Option<(Private, WorkerId)>, BadField> {
    let reason = wire::optional_text("override_reason", &request.override_reason, REASON)?;
    let approver = wire::optional_id("override_approver_id", &request.override_approver_id)?;
    match (reason, approver) {
        (Some(reason), Some(approver)) => Ok(Some((Private::Plain(reason), approver))),
        (None, None) => Ok(None),
        (Some(_), None) => {
            let why = "is missing; name the worker who approved the override";
            Err(BadField::new("override_approver_id", why))
        }
        (None, Some(_)) => {
            Err(BadField::new("override_reason", "is missing; say why it may go without consent"))
        }
    }
}

/// A draft is to be sent; the directive on record, whether a 42 CFR Part 2 programme sends it, the target's pace, and whom an approver works for are
/// looked up by the caller.
pub fn send(
    ask: &Ask,
    when: When,
    (consent, programme, pace): (Option<String>, bool, Pace),
    approver_works_for: Option<AgencyId>,
    request: &pb::SendReferralRequest,
) -> Result<(ReferralId, Command), BadField> {
    let by = ask.by();
    let sender = match ask.caller.actor {
        Actor::Worker(worker) => Some(worker),
        Actor::Person(_) | Actor::Service(_) => None,
    };
    let works_for = approver_works_for;
    let overriding = overriding(request)?;
    let overriding = overriding.map(|(reason, approver)| Override { reason, approver, works_for, sender });
    Ok((referral_id(&request.referral_id)?, Command::Send { by, when, consent, overriding, programme, pace }))
}
