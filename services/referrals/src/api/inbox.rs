//! What waits for an agency: its inbox.
//! Invariant: a row is found by the list and read from the log, so it is never older than the referral.

use platform::auth;
use platform::error::{self, BadField};
use platform::wire::{instant, page_size};
use proto::referrals as pb;
use tonic::{Request, Status};

use super::{Api, READ};
use crate::domain::ReferralId;
use crate::view::InboxFilter;
use crate::wire;

/// What is open, where nobody says in which states.
const OPEN: [pb::ReferralState; 4] = [
    pb::ReferralState::Requested,
    pb::ReferralState::Accepted,
    pb::ReferralState::InProgress,
    pb::ReferralState::OnHold,
];

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListInboxRequest>,
) -> Result<pb::ListInboxResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let agency = caller.lists_for().ok_or_else(|| {
        error::denied(
            "AGENCY_REQUIRED",
            "an inbox is an agency's; call as a worker of one, or on behalf of one",
        )
    })?;
    let r = request.get_ref();
    let side = pb::Side::try_from(r.side)
        .map_err(|_| BadField::new("side", "is not one of the contract's values"))?;
    let mut states = wire::state_numbers(&r.states)?;
    if states.is_empty() {
        states = OPEN.iter().map(|state| i64::from(i32::from(*state))).collect();
    }
    let before = r.requested_before.as_ref().map(|at| instant("requested_before", at)).transpose()?;
    let assignee = platform::wire::optional_id("assignee_worker_id", &r.assignee_worker_id)?;
    if r.unassigned && assignee.is_some() {
        return Err(error::bad_field("unassigned", "stands beside assignee_worker_id; send one of them"));
    }
    let list = format!(
        "ListInbox/{agency}/{}/{states:?}/{:?}/{before:?}/{}/{assignee:?}/{}",
        r.side, r.overdue, r.priority, r.unassigned
    );
    let filter = InboxFilter {
        agency,
        side,
        states,
        overdue: wire::clocks(&r.overdue)?,
        before: before.map(jiff::Timestamp::as_microsecond),
        priority: i64::from(wire::priority_at_least(r.priority)?),
        assignee,
        unassigned: r.unassigned,
        after: api.pages.place(&list, &r.page_token)?,
        size: page_size(r.page_size)?,
    };
    api.view.wait(&r.at_least).await?;
    let (found, next) = api.view.inbox(&filter).await?;
    let mut referrals = Vec::with_capacity(found.len());
    for id in found {
        referrals.extend(api.read_referral(&caller, ReferralId::new(id)).await?);
    }
    Ok(pb::ListInboxResponse { referrals, next_page_token: api.pages.next(&list, next) })
}
