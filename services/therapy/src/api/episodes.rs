//! Episodes of care.
//! Invariant: who is named to treat is looked at in the write that names them.

use kernel::may::see_own;
use kernel::{Caller, Decider};
use platform::auth;
use platform::command::{Ask, Changes, Done, Stream, id_of};
use platform::error;
use platform::wire::page_size;
use proto::therapy as pb;
use tonic::{Request, Status};
use uuid::Uuid;

use super::{Api, CORRECT, READ, REQUEST, id, whose};
use crate::domain::EpisodeId;
use crate::domain::booking::{self, Refusal};
use crate::domain::episode::{self, Episode};
use crate::domain::practitioner::Practitioner;
use crate::view::EpisodeFilter;
use crate::{NAME, wire};

impl Api {
    /// Opens or assigns an episode; who is named to treat must work in its modality at the agency.
    async fn in_good_hands(
        &self,
        ask: &Ask,
        id: EpisodeId,
        command: episode::Command,
    ) -> Result<Done, Status> {
        let treats = match &command {
            episode::Command::Open { practitioner, .. } => *practitioner,
            episode::Command::Assign { practitioner, .. } => Some(*practitioner),
            episode::Command::HandOver { .. }
            | episode::Command::NamePlan { .. }
            | episode::Command::Attend { .. }
            | episode::Command::Close { .. }
            | episode::Command::MarkEnteredInError { .. } => None,
        };
        let streams = (
            Stream::<Episode>::of(id.uuid()),
            treats.map(|worker| Stream::<Practitioner>::of(worker.uuid())),
        );
        let done = self.desk.execute(ask, id_of::<Episode>(id.uuid()), streams, |(now, treating)| {
            let events = Episode::decide(now, command.clone()).map_err(Refusal::Episode)?;
            let after = events.iter().fold((*now.state).clone(), Episode::evolve);
            if let (Some(facts), Some(treating)) = (after.facts(), treating) {
                booking::takes(treating, facts.agency, &facts.modality)?;
            }
            Ok::<_, Refusal>(Changes::none().write::<Episode>(now, events))
        });
        Ok(done.await?)
    }

    async fn read_episode(&self, caller: &Caller, id: Uuid) -> Result<Option<pb::Episode>, Status> {
        let now = self.desk.load::<Episode>(id).await?;
        let seen = match &*now.state {
            episode::State::Unmade => false,
            episode::State::Made { facts, .. } | episode::State::InError { facts } => {
                see_own(caller, facts.agency, Some(facts.person), NAME)
            }
        };
        Ok(if seen { wire::episode(EpisodeId::new(id), now.version, &now) } else { None })
    }
}

pub(super) async fn open(api: &Api, request: &Request<pb::OpenEpisodeRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("OpenEpisode", REQUEST, request, &r.request_id, "")?;
    let id = EpisodeId::new(Uuid::now_v7());
    let command = wire::open(id, ask.agency()?, ask.at, r)?;
    api.desk.begins::<Episode>(id.uuid());
    api.in_good_hands(&ask.of_the_living(&api.people), id, command).await
}

pub(super) async fn assign(api: &Api, request: &Request<pb::AssignEpisodeRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("AssignEpisode", REQUEST, request, &r.request_id, &r.etag)?;
    let (id, command) = wire::assign(ask.by(), r)?;
    api.in_good_hands(&ask, id, command).await
}

pub(super) async fn name_plan(
    api: &Api,
    request: &Request<pb::NameEpisodePlanRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("NameEpisodePlan", REQUEST, request, &r.request_id, &r.etag)?;
    let (id, command) = wire::name_plan(ask.by(), r)?;
    api.desk.decide::<Episode>(&ask, id.uuid(), command).await
}

pub(super) async fn close(api: &Api, request: &Request<pb::CloseEpisodeRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("CloseEpisode", REQUEST, request, &r.request_id, &r.etag)?;
    let (id, command) = wire::close(ask.by(), ask.at, r)?;
    api.desk.decide::<Episode>(&ask, id.uuid(), command).await
}

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkEpisodeEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("MarkEpisodeEnteredInError", CORRECT, request, &r.request_id, &r.etag)?;
    let (id, command) = wire::mark_episode_entered_in_error(ask.by(), r)?;
    api.desk.decide::<Episode>(&ask, id.uuid(), command).await
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetEpisodeRequest>,
) -> Result<pb::GetEpisodeResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let id = id("episode_id", &request.get_ref().episode_id)?;
    let episode = api.read_episode(&caller, id).await?.ok_or_else(|| error::not_found("episode"))?;
    Ok(pb::GetEpisodeResponse { episode: Some(episode) })
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListEpisodesRequest>,
) -> Result<pb::ListEpisodesResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let r = request.get_ref();
    let whose = whose(&caller, &r.person_id, &r.practitioner_id)?;
    let states = wire::episode_states(&r.states)?;
    let list = format!("ListEpisodes/{whose:?}/{states:?}");
    let after = api.pages.after(&list, &r.page_token)?;
    let filter = EpisodeFilter { whose, states, after, size: page_size(r.page_size)? };
    api.view.wait(&r.at_least).await?;
    let (found, next) = api.view.episodes(&filter).await?;
    let mut episodes = Vec::with_capacity(found.len());
    for id in found {
        episodes.extend(api.read_episode(&caller, id).await?);
    }
    let next_page_token = api.pages.next(&list, next);
    Ok(pb::ListEpisodesResponse { episodes, next_page_token })
}
