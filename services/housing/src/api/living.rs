//! Living situations: what a worker notes and what others tell.
//! Invariant: it is what one agency observed; no placement follows from it or changes with it.

use platform::auth;
use platform::command::Done;
use platform::error;
use proto::housing as pb;
use tonic::{Request, Status};
use uuid::Uuid;

use super::{Api, READ, RECORD, REQUEST, TAKE_BACK, id};
use crate::domain::LivingSituationId;
use crate::domain::living::{Command, LivingSituation};
use crate::wire;

pub(super) async fn note(
    api: &Api,
    request: &Request<pb::NoteLivingSituationRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("NoteLivingSituation", REQUEST, request, &r.request_id, "")?;
    let situation = LivingSituationId::new(Uuid::now_v7());
    let command = wire::note_living(situation, ask.agency()?, ask.at, api.desk.secret(), r)?;
    api.desk.begins::<LivingSituation>(situation.uuid());
    api.desk.decide::<LivingSituation>(&ask, situation.uuid(), command).await
}

pub(super) async fn record(
    api: &Api,
    request: &Request<pb::RecordLivingSituationRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RecordLivingSituation", RECORD, request, &r.request_id, "")?;
    let (fact, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let situation = LivingSituationId::new(fact);
    let command = wire::record_living(situation, ask.agency()?, api.desk.secret(), r)?;
    api.desk.decide::<LivingSituation>(&ask.from_source(source), fact, command).await
}

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkLivingSituationEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let method = "MarkLivingSituationEnteredInError";
    let ask = api.desk.ask(method, TAKE_BACK, request, &r.request_id, &r.etag)?;
    let (field, named) = ("living_situation_id", &r.living_situation_id);
    let situation = api.desk.named(&ask.caller, field, named, r.source.as_ref())?;
    let command = Command::MarkEnteredInError { by: ask.by() };
    api.desk.decide::<LivingSituation>(&ask, situation, command).await
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetLivingSituationRequest>,
) -> Result<pb::GetLivingSituationResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let situation = id("living_situation_id", &request.get_ref().living_situation_id)?;
    let situation = api.read_living_situation(&caller, situation).await?;
    let living_situation = Some(situation.ok_or_else(|| error::not_found("living situation"))?);
    Ok(pb::GetLivingSituationResponse { living_situation })
}
