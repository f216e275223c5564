//! What stands beside a person's record: a death, and that the person is not to be found.
//! Invariant: no rule lives here.

use platform::command::{Ask, Done};
use proto::registry as pb;
use tonic::{Request, Status};

use super::{Api, OWN, WORK, person_id};
use crate::domain::person::{Command, Mark};
use crate::wire;

async fn mark(api: &Api, ask: &Ask, person: &str, mark: Mark) -> Result<Done, Status> {
    let command = Command::Mark { by: ask.by(), mark };
    Ok(api.record(ask, person_id(person)?, command).await?)
}

pub(super) async fn report_death(
    api: &Api,
    request: &Request<pb::ReportDeathRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("ReportDeath", WORK, request, (&r.request_id, &r.etag)).await?;
    let death = wire::death(r.death.as_ref(), ask.at)?;
    mark(api, &ask, &r.person_id, Mark::Died(death)).await
}

pub(super) async fn mark_death_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkDeathEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("MarkDeathEnteredInError", WORK, request, (&r.request_id, &r.etag)).await?;
    mark(api, &ask, &r.person_id, Mark::DeathInError).await
}

pub(super) async fn restrict(
    api: &Api,
    request: &Request<pb::RestrictPersonRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("RestrictPerson", OWN, request, (&r.request_id, &r.etag)).await?;
    let (voice, reason) = (wire::voice(ask.by(), r.voice)?, wire::restriction_reason(r.reason)?);
    mark(api, &ask, &r.person_id, Mark::Restrict(voice, reason)).await
}

pub(super) async fn lift_restriction(
    api: &Api,
    request: &Request<pb::LiftRestrictionRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("LiftRestriction", OWN, request, (&r.request_id, &r.etag)).await?;
    let voice = wire::voice(ask.by(), r.voice)?;
    mark(api, &ask, &r.person_id, Mark::LiftRestriction(voice)).await
}
