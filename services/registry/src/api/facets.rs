//! Strengths and preferences.
//! Invariant: whoever writes about a person is admitted by the person's record in the same write.

use kernel::{By, Role};
use platform::auth;
use platform::command::{Ask, Done};
use platform::error;
use platform::wire::id;
use proto::registry as pb;
use tonic::{Request, Status};

use super::{Api, READ, emergencies, person_id};
use crate::domain::FacetId;
use crate::domain::facet::{Command, Facet, Facts, Refusal, Standing, State};
use crate::wire;

/// Who says what a person is like: the person, and staff.
const SAY: &[Role] = &[Role::Worker, Role::Person];

pub(super) async fn note(api: &Api, request: &Request<pb::NoteFacetRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("NoteFacet", SAY, request, (&r.request_id, "")).await?;
    let agency = match ask.by() {
        By::Agency(agency) => Some(agency),
        By::Person(_) | By::System => None,
    };
    let (id, person) = (FacetId::new(api.fresh(&ask)), person_id(&r.person_id)?);
    let facts = Facts { id, person, kind: wire::facet_kind(r.kind)?, agency };
    let (voice, content) = (wire::voice(ask.by(), r.voice)?, wire::facet_content(r.content.as_ref())?);
    let command = Command::Note { by: ask.by(), voice, facts, content };
    api.about::<Facet>(&ask, id.uuid(), person, command).await
}

/// Does something with one that is there.
async fn act(api: &Api, ask: &Ask, facet: &str, command: Command) -> Result<Done, Status> {
    let facet: FacetId = id("facet_id", facet)?;
    let now = api.desk.load::<Facet>(facet.uuid()).await?;
    let State::Made { facts, .. } = &*now.state else { return Err(error::refused(&Refusal::NotFound)) };
    api.about::<Facet>(ask, facet.uuid(), facts.person, command).await
}

pub(super) async fn reword(api: &Api, request: &Request<pb::RewordFacetRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("RewordFacet", SAY, request, (&r.request_id, &r.etag)).await?;
    let (voice, content) = (wire::voice(ask.by(), r.voice)?, wire::facet_content(r.content.as_ref())?);
    let command = Command::Reword { by: ask.by(), voice, content };
    act(api, &ask, &r.facet_id, command).await
}

pub(super) async fn drop(api: &Api, request: &Request<pb::DropFacetRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("DropFacet", SAY, request, (&r.request_id, &r.etag)).await?;
    let command = Command::Drop { by: ask.by(), voice: wire::voice(ask.by(), r.voice)? };
    act(api, &ask, &r.facet_id, command).await
}

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkFacetEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("MarkFacetEnteredInError", SAY, request, (&r.request_id, &r.etag)).await?;
    let command = Command::MarkEnteredInError { by: ask.by() };
    act(api, &ask, &r.facet_id, command).await
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListFacetsRequest>,
) -> Result<pb::ListFacetsResponse, Status> {
    let caller = auth::caller(request)?;
    auth::require_role(&caller, READ)?;
    let r = request.get_ref();
    api.view.wait(&r.at_least).await?;
    let (eyes, records) = api.records(&caller, person_id(&r.person_id)?).await?;
    let mut facets = vec![];
    for facet in api.view.facets(&records).await? {
        let now = api.desk.load::<Facet>(facet).await?;
        if let State::Made { facts, standing: Standing::Holds | Standing::Dropped, .. } = &*now.state
            && eyes.see(facts.agency).await?
        {
            let (opener, status) = api.opener(facts.person).await;
            facets.extend(wire::facet(now.version, &now, opener.as_ref(), status));
        }
    }
    // Strengths come first (domain.md section 1).
    facets.sort_by_key(|facet| facet.kind);
    let (emergency_ids, part2_notice) = emergencies::told(eyes.opened());
    Ok(pb::ListFacetsResponse { facets, emergency_ids, part2_notice })
}
