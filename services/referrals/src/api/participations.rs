//! Participations: a person in a programme, from start to end.
//! Invariant: one begins only as its offer says; who has no part in it reads what does not exist.

use kernel::may::see_own;
use kernel::{Caller, Decider, Role};
use platform::auth;
use platform::command::{Ask, Changes, Done, Stream, id_of};
use platform::error;
use platform::wire::page_size;
use proto::referrals as pb;
use tonic::{Request, Status};
use uuid::Uuid;

use super::{Api, READ, RECORD, REQUEST, id, scope};
use crate::domain::ParticipationId;
use crate::domain::offer::Offer;
use crate::domain::participation::{self, Part, Participation};
use crate::view::ParticipationFilter;
use crate::{NAME, wire};

impl Api {
    /// Begins a participation, or puts one down, by what its offer says.
    async fn take_part(
        &self,
        ask: &Ask,
        part: Part,
        command: impl Fn(participation::Facts) -> participation::Command + Send + Sync,
    ) -> Result<Done, Status> {
        let (id, offer) = (part.id.uuid(), part.offer.uuid());
        let streams = (Stream::<Participation>::of(id), Stream::<Offer>::of(offer));
        let done = self.desk.execute(ask, id_of::<Participation>(id), streams, |(now, offer)| {
            let events = Participation::decide(now, command(part.facts(offer)?))?;
            Ok::<_, participation::Refusal>(Changes::none().write::<Participation>(now, events))
        });
        Ok(done.await?)
    }

    /// A participation as the caller may see it; none where they have no part in it, or would find by it who is not to be found: its programme may be a home.
    async fn read_participation(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<Option<pb::Participation>, Status> {
        let now = self.desk.load::<Participation>(id).await?;
        let participation::State::Made { facts, .. } = &*now else { return Ok(None) };
        let seen = see_own(caller, facts.agency, Some(facts.person), NAME);
        if !seen || !self.view.people().may_find(caller, facts.person).await? {
            return Ok(None);
        }
        Ok(wire::participation(ParticipationId::new(id), now.version, &now))
    }
}

pub(super) async fn start(
    api: &Api,
    request: &Request<pb::StartParticipationRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("StartParticipation", &[Role::Worker], request, &r.request_id, "")?;
    let id = ParticipationId::new(uuid::Uuid::now_v7());
    let (part, command) = wire::start(id, ask.agency()?, ask.at, r)?;
    api.desk.begins::<Participation>(id.uuid());
    api.take_part(&ask.of_the_living(api.view.people()), part, command).await
}

pub(super) async fn name_plan(
    api: &Api,
    request: &Request<pb::NameParticipationPlanRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("NameParticipationPlan", &[Role::Worker], request, &r.request_id, &r.etag)?;
    let (id, command) = wire::name_plan(ask.by(), r)?;
    api.desk.decide::<Participation>(&ask, id.uuid(), command).await
}

pub(super) async fn add_contact(
    api: &Api,
    request: &Request<pb::AddParticipationContactRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("AddParticipationContact", &[Role::Worker], request, &r.request_id, &r.etag)?;
    let (id, command) = wire::add_contact(ask.by(), ask.request_id, r)?;
    api.desk.decide::<Participation>(&ask, id.uuid(), command).await
}

pub(super) async fn pause(
    api: &Api,
    request: &Request<pb::PauseParticipationRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("PauseParticipation", REQUEST, request, &r.request_id, &r.etag)?;
    let (id, command) = wire::pause_participation(ask.by(), ask.at, r)?;
    api.desk.decide::<Participation>(&ask, id.uuid(), command).await
}

pub(super) async fn resume(
    api: &Api,
    request: &Request<pb::ResumeParticipationRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("ResumeParticipation", REQUEST, request, &r.request_id, &r.etag)?;
    let (id, command) = wire::resume_participation(ask.by(), ask.at, r)?;
    api.desk.decide::<Participation>(&ask, id.uuid(), command).await
}

pub(super) async fn end(api: &Api, request: &Request<pb::EndParticipationRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("EndParticipation", REQUEST, request, &r.request_id, &r.etag)?;
    let (id, command) = wire::end(ask.by(), ask.at, r)?;
    api.desk.decide::<Participation>(&ask, id.uuid(), command).await
}

pub(super) async fn record(
    api: &Api,
    request: &Request<pb::RecordParticipationRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RecordParticipation", RECORD, request, &r.request_id, "")?;
    let (fact, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let (part, command) = wire::record_participation(ParticipationId::new(fact), ask.agency()?, r)?;
    api.take_part(&ask.from_source(source), part, command).await
}

pub(super) async fn record_contact(
    api: &Api,
    request: &Request<pb::RecordParticipationContactRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RecordParticipationContact", RECORD, request, &r.request_id, "")?;
    let (contact, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let (id, command) = wire::record_contact(ask.by(), contact, r)?;
    api.desk.decide::<Participation>(&ask.from_source(source), id.uuid(), command).await
}

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkParticipationEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let roles = &[Role::Worker, Role::Recorder];
    let ask = api.desk.ask("MarkParticipationEnteredInError", roles, request, &r.request_id, &r.etag)?;
    let id = api.desk.named(&ask.caller, "participation_id", &r.participation_id, r.source.as_ref())?;
    let command = participation::Command::MarkEnteredInError { by: ask.by() };
    api.desk.decide::<Participation>(&ask, id, command).await
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetParticipationRequest>,
) -> Result<pb::GetParticipationResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let id = id("participation_id", &request.get_ref().participation_id)?;
    let participation = api.read_participation(&caller, id).await?;
    let participation = participation.ok_or_else(|| error::not_found("participation"))?;
    Ok(pb::GetParticipationResponse { participation: Some(participation) })
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListParticipationsRequest>,
) -> Result<pb::ListParticipationsResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let r = request.get_ref();
    let states = wire::participation_states(&r.states)?;
    let assignee = platform::wire::optional_id("assignee_worker_id", &r.assignee_worker_id)?;
    let offer = platform::wire::optional_id("offer_id", &r.offer_id)?;
    let (agency, person) = scope(&caller, platform::wire::optional_id("person_id", &r.person_id)?)?;
    let list = format!("ListParticipations/{agency:?}/{person:?}/{assignee:?}/{offer:?}/{states:?}");
    let after = api.pages.after(&list, &r.page_token)?;
    let size = page_size(r.page_size)?;
    api.view.wait(&r.at_least).await?;
    // Their programmes may be homes.
    if let Some(person) = person
        && !api.view.people().may_find(&caller, person).await?
    {
        return Ok(pb::ListParticipationsResponse::default());
    }
    let filter = ParticipationFilter { agency, person, assignee, offer, states, after, size };
    let (found, next) = api.view.participations(&filter).await?;
    let mut participations = Vec::with_capacity(found.len());
    for id in found {
        participations.extend(api.read_participation(&caller, id).await?);
    }
    let next_page_token = api.pages.next(&list, next);
    Ok(pb::ListParticipationsResponse { participations, next_page_token })
}
