//! The practice catalogue and the skill taxonomy.
//! Invariant: they concern nobody, so whoever is known here may read them.

use kernel::ids::Uuid;
use kernel::practice::PRACTICES;
use kernel::skill::SKILLS;
use platform::auth;
use platform::page::Last;
use platform::wire::page_size;
use proto::registry as pb;
use tonic::{Request, Status};

use super::Api;
use crate::wire;

/// A page of a list that is part of this release, and the token of the next one: a place in it is told by how many come before.
pub(super) fn page<'a, T>(
    api: &Api,
    list: &str,
    all: &'a [T],
    (size, token): (i32, &str),
) -> Result<(&'a [T], String), Status> {
    let last: Option<Last> = api.pages.place(list, token)?;
    let from = last.and_then(|last| usize::try_from(last.at).ok()).unwrap_or(0).min(all.len());
    let to = from.saturating_add(page_size(size)?).min(all.len());
    let next = if to < all.len() { i64::try_from(to).ok() } else { None };
    Ok((&all[from..to], api.pages.next(list, next.map(|at| Last::new(at, Uuid::nil())))))
}

pub(super) async fn practices(
    api: &Api,
    request: &Request<pb::ListPracticesRequest>,
) -> Result<pb::ListPracticesResponse, Status> {
    auth::caller(request)?;
    let r = request.get_ref();
    let (shown, next_page_token) = page(api, "ListPractices", &PRACTICES, (r.page_size, &r.page_token))?;
    let practices = shown.iter().map(wire::practice).collect();
    Ok(pb::ListPracticesResponse { practices, next_page_token })
}

pub(super) async fn skills(
    api: &Api,
    request: &Request<pb::ListSkillsRequest>,
) -> Result<pb::ListSkillsResponse, Status> {
    auth::caller(request)?;
    let r = request.get_ref();
    let (shown, next_page_token) = page(api, "ListSkills", &SKILLS, (r.page_size, &r.page_token))?;
    Ok(pb::ListSkillsResponse { skills: shown.iter().map(wire::skill).collect(), next_page_token })
}
