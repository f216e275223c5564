//! Who takes care of what: one referral or participation, or a whole caseload that changes hands.
//! Invariant: what a worker has is read up to the log's own head, so that nothing open is left behind; it moves in one write.

use std::time::Duration;

use kernel::{AgencyId, WorkerId};
use platform::command::{Changes, Done, Stream, id_of};
use platform::error;
use proto::referrals as pb;
use tokio::time::Instant;
use tonic::{Request, Status};

use super::{Api, PROGRAMME, REQUEST};
use crate::domain::caseload::{self, Caseload, WorkFor};
use crate::domain::participation::Participation;
use crate::domain::referral::Referral;
use crate::wire;

/// How long the lists may take to read what was just written; then it is to be asked again.
const PATIENCE: Duration = Duration::from_secs(5);
/// When to ask again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Api {
    /// The agency that the worker works for, by all that the registry has said: who has just come, or left, may be news on its way.
    pub(super) async fn works_for(&self, worker: Option<WorkerId>) -> Result<Option<AgencyId>, Status> {
        let Some(worker) = worker else { return Ok(None) };
        self.view.told_all().await?;
        self.view.works_for(worker).await
    }
}

pub(super) async fn referral(
    api: &Api,
    request: &Request<pb::AssignReferralRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("AssignReferral", REQUEST, request, &r.request_id, &r.etag)?;
    let worker = wire::worker(&r.worker_id)?;
    let to = wire::assignment(&ask, worker, api.works_for(worker).await?);
    let (id, command) = wire::assign(to, ask.by(), r)?;
    api.desk.decide::<Referral>(&ask, id.uuid(), command).await
}

pub(super) async fn participation(
    api: &Api,
    request: &Request<pb::AssignParticipationRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("AssignParticipation", PROGRAMME, request, &r.request_id, &r.etag)?;
    let worker = wire::worker(&r.worker_id)?;
    let to = wire::assignment(&ask, worker, api.works_for(worker).await?);
    let (id, command) = wire::assign_participation(to, ask.by(), r)?;
    api.desk.decide::<Participation>(&ask, id.uuid(), command).await
}

pub(super) async fn hand_over(
    api: &Api,
    request: &Request<pb::HandOverCaseloadRequest>,
) -> Result<pb::HandOverCaseloadResponse, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("HandOverCaseload", PROGRAMME, request, &r.request_id, "")?;
    let who = wire::hand_over(ask.agency()?, ask.at, r)?;
    let head = api.desk.log().head().await.map_err(error::failed)?.position;
    if !api.view.lists(head, Instant::now() + PATIENCE).await {
        let why = "the lists have not read yet what was written last; ask again with the same request id";
        return Err(error::unavailable("LISTS_BEHIND", why, RETRY_AFTER));
    }
    let to = api.works_for(Some(who.to)).await?;
    let work_for = WorkFor { from: api.view.people().worked_for(who.from).await?, to };
    let (referrals, participations) = api.view.assigned(who.agency, who.from, caseload::MOST).await?;
    let id = uuid::Uuid::now_v7();
    api.desk.begins::<Caseload>(id);
    let streams = (
        Stream::<Caseload>::of(id),
        referrals.iter().map(|id| Stream::<Referral>::of(id.uuid())).collect::<Vec<_>>(),
        participations.iter().map(|id| Stream::<Participation>::of(id.uuid())).collect::<Vec<_>>(),
    );
    let done = api.desk.execute(&ask, id_of::<Caseload>(id), streams, |(now, theirs, parts)| {
        let of_referrals: Vec<_> = referrals.iter().copied().zip(theirs.iter().map(|at| &**at)).collect();
        let of_parts: Vec<_> = participations.iter().copied().zip(parts.iter().map(|at| &**at)).collect();
        let moves = caseload::hand_over(now, who.clone(), work_for, &of_referrals, &of_parts)?;
        let mut changes = Changes::none().write::<Caseload>(now, moves.caseload);
        for (now, events) in theirs.iter().zip(moves.referrals) {
            changes = changes.write::<Referral>(now, events);
        }
        for (now, events) in parts.iter().zip(moves.participations) {
            changes = changes.write::<Participation>(now, events);
        }
        Ok::<_, caseload::Refusal>(changes)
    });
    let done = done.await?;
    // A resend has listed what is left now; what moved is what the hand-over itself says.
    let made = api.desk.load::<Caseload>(done.subject).await?;
    let (referral_ids, participation_ids) = wire::handed_over(&made);
    let goes_along = wire::goes_along();
    Ok(pb::HandOverCaseloadResponse {
        written: Some(done.into()),
        referral_ids,
        participation_ids,
        goes_along,
    })
}
