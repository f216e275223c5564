//! The living plan: its items, its versions, who agreed to them and approved them, and its review.
//! Invariant: whoever writes about a person is admitted by the person's record in the same write; what a reader may not see leaves no version either.

use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use kernel::{Actor, PersonId, Role};
use platform::auth;
use platform::command::{Ask, Changes, Done, Stream, id_of};
use platform::error;
use platform::wire::{id, optional_day, optional_id};
use proto::registry as pb;
use tonic::{Request, Status};

use super::catalogue::page;
use super::reading::Eyes;
use super::{Api, OWN, READ, emergencies, person_id};
use crate::domain::agency::{self, Agency};
use crate::domain::goal::Goal;
use crate::domain::person::Person;
use crate::domain::plan::{self, Command, Overseer, Plan, Said, State};
use crate::domain::worker::{self, Worker};
use crate::domain::{No, PlanItemId};
use crate::wire;

/// Who approves: a worker alone.
const OVERSEE: &[Role] = &[Role::Worker];

/// Who says it, in whose words, when, and what their agency has settled; with the part that it names as overseer, 0 for none.
async fn said(api: &Api, ask: &Ask, person: PersonId, voice: i32) -> Result<(Said, i32), Status> {
    let (by, at) = (ask.by(), ask.at);
    let voice = wire::voice(by, voice)?;
    let mut settled = agency::Settled::default();
    if let Some(agency) = ask.caller.speaks_for() {
        let now = api.desk.load::<Agency>(agency.uuid()).await?;
        if let agency::State::Known { content, .. } = &*now.state {
            settled = content.settled();
        }
    }
    let asks_overseer = settled.overseer != 0;
    let terms = plan::Terms { zone: settled.zone, review_days: settled.review_days, asks_overseer };
    let eyes = api.eyes(&ask.caller, person).await?;
    // Whoever wrote a version is judged by the log. Whoever writes one before this is decided is judged by the list, which costs no look at any log.
    let now = api.desk.load::<Plan>(person.uuid()).await?;
    let wrote: BTreeSet<_> = now.versions.iter().filter_map(|version| version.by).collect();
    let shut = eyes.shut_of(wrote).await?;
    Ok((Said { by, voice, at, terms, shut }, settled.overseer))
}

/// Asks something of a plan that names a goal.
async fn with_goal(
    api: &Api,
    ask: &Ask,
    person: PersonId,
    goal: crate::domain::GoalId,
    command: impl Fn(crate::domain::goal::Standing) -> Command + Send + Sync,
) -> Result<Done, Status> {
    let by = ask.by();
    let command = &command;
    let run = |ask: Ask| -> BoxFuture<'_, Result<Done, Status>> {
        Box::pin(async move {
            let streams = (
                Stream::<Plan>::of(person.uuid()),
                Stream::<Person>::of(person.uuid()),
                Stream::<Goal>::of(goal.uuid()),
            );
            let done =
                api.desk.execute(&ask, id_of::<Plan>(person.uuid()), streams, |(now, record, goal)| {
                    record.admit(by).map_err(No::Person)?;
                    let events = <Plan as kernel::Decider>::decide(now, command(goal.standing(person, by)));
                    Ok::<_, No<plan::Refusal>>(Changes::none().write::<Plan>(now, events.map_err(No::Own)?))
                });
            Ok(done.await?)
        })
    };
    api.in_part::<Plan>(ask, person, run).await
}

pub(super) async fn add_item(
    api: &Api,
    request: &Request<pb::AddPlanItemRequest>,
) -> Result<pb::AddPlanItemResponse, Status> {
    let r = request.get_ref();
    let ask = api.ask("AddPlanItem", OWN, request, (&r.request_id, &r.etag)).await?;
    let person = person_id(&r.person_id)?;
    let (said, _) = said(api, &ask, person, r.voice).await?;
    let content = wire::plan_item_content(r.content.as_ref(), ask.caller.speaks_for())?;
    let id = PlanItemId::new(api.fresh(&ask));
    let goal = content.goal;
    let command = |goal| Command::Add { said: said.clone(), person, id, content: content.clone(), goal };
    let done = with_goal(api, &ask, person, goal, command).await?;
    Ok(pb::AddPlanItemResponse { written: Some(done.into()), plan_item_id: id.to_string() })
}

pub(super) async fn change_item(
    api: &Api,
    request: &Request<pb::ChangePlanItemRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("ChangePlanItem", OWN, request, (&r.request_id, &r.etag)).await?;
    let (person, id) = (person_id(&r.person_id)?, id("plan_item_id", &r.plan_item_id)?);
    let (said, _) = said(api, &ask, person, r.voice).await?;
    let content = wire::plan_item_content(r.content.as_ref(), ask.caller.speaks_for())?;
    let goal = content.goal;
    let command = |goal| Command::Change { said: said.clone(), id, content: content.clone(), goal };
    with_goal(api, &ask, person, goal, command).await
}

pub(super) async fn end_item(api: &Api, request: &Request<pb::EndPlanItemRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("EndPlanItem", OWN, request, (&r.request_id, &r.etag)).await?;
    let (person, id) = (person_id(&r.person_id)?, id("plan_item_id", &r.plan_item_id)?);
    let (said, _) = said(api, &ask, person, r.voice).await?;
    let until = optional_day("until", r.until.as_ref())?.unwrap_or_else(|| said.today());
    api.about_in_part::<Plan>(&ask, person, Command::End { said, id, until }).await
}

pub(super) async fn item_in_error(
    api: &Api,
    request: &Request<pb::MarkPlanItemEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("MarkPlanItemEnteredInError", OWN, request, (&r.request_id, &r.etag)).await?;
    let (person, id) = (person_id(&r.person_id)?, id::<PlanItemId>("plan_item_id", &r.plan_item_id)?);
    let replaced_by = wire::replaced_by(&r.replaced_by_id, id.uuid())?.map(PlanItemId::new);
    let (said, _) = said(api, &ask, person, r.voice).await?;
    api.about_in_part::<Plan>(&ask, person, Command::MarkEnteredInError { said, id, replaced_by }).await
}

/// The number of the version that a request names; 0 for one that there is not, or not for this caller.
async fn named_version(api: &Api, ask: &Ask, person: PersonId, version: &str) -> Result<u32, Status> {
    let id = id::<PlanItemId>("version_id", version)?.uuid();
    let now = api.desk.load::<Plan>(person.uuid()).await?;
    let number = wire::version_number(api.desk.secret(), person, &now, id);
    let eyes = api.eyes(&ask.caller, person).await?;
    let seen = seen(&eyes, &now).await?;
    Ok(if seen.versions.contains(&number) { number } else { 0 })
}

pub(super) async fn agree(api: &Api, request: &Request<pb::AgreePlanRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("AgreePlan", OWN, request, (&r.request_id, &r.etag)).await?;
    let person = person_id(&r.person_id)?;
    let (said, _) = said(api, &ask, person, r.voice).await?;
    let version = named_version(api, &ask, person, &r.version_id).await?;
    api.about_in_part::<Plan>(&ask, person, Command::Agree { said, version }).await
}

pub(super) async fn approve(api: &Api, request: &Request<pb::ApprovePlanRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("ApprovePlan", OVERSEE, request, (&r.request_id, &r.etag)).await?;
    let person = person_id(&r.person_id)?;
    let (said, part) = said(api, &ask, person, 0).await?;
    let version = named_version(api, &ask, person, &r.version_id).await?;
    let overseer = match &ask.caller.actor {
        _ if part == 0 => Overseer::NotAsked,
        Actor::Worker(worker) => {
            let now = api.desk.load::<Worker>(worker.uuid()).await?;
            let plays = worker::State::plays(&now, ask.agency()?, part);
            if plays { Overseer::Is(*worker) } else { Overseer::Another }
        }
        Actor::Person(_) | Actor::Service(_) => Overseer::Another,
    };
    api.about_in_part::<Plan>(&ask, person, Command::Approve { said, overseer, version }).await
}

pub(super) async fn review(api: &Api, request: &Request<pb::ReviewPlanRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("ReviewPlan", OWN, request, (&r.request_id, &r.etag)).await?;
    let person = person_id(&r.person_id)?;
    let (said, _) = said(api, &ask, person, r.voice).await?;
    api.about_in_part::<Plan>(&ask, person, Command::Review { said }).await
}

/// What a reader sees of a plan.
struct Seen {
    items: BTreeSet<PlanItemId>,
    versions: Vec<u32>,
}

/// The versions of a plan that a reader sees.
pub(super) async fn versions_seen(eyes: &Eyes<'_>, state: &State) -> Result<BTreeSet<u32>, Status> {
    Ok(seen(eyes, state).await?.versions.into_iter().collect())
}

/// An item is seen by whoever sees what its agency or that of its author wrote; a version, with its item, or with what its author wrote. What a 42 CFR
/// Part 2 programme made of an item is seen by who sees what it wrote alone: to all others the item says what it said before. Of an item that never should
/// have been written all others than its author and who oversees see that it was withdrawn, and not what it said.
async fn seen(eyes: &Eyes<'_>, state: &State) -> Result<Seen, Status> {
    let mut shut = BTreeSet::new();
    for (number, version) in (1..).zip(&state.versions) {
        if eyes.shut(version.by).await? {
            shut.insert(number);
        }
    }
    let mut seen = Seen { items: BTreeSet::new(), versions: vec![] };
    let mut known = BTreeSet::new();
    for (id, item) in &state.items {
        let said = item.last_said(state.latest(), |version| !shut.contains(&version));
        let Some(shown) = said else { continue };
        if eyes.see_of(item.added_by, Some(shown.content.agency)).await? {
            known.insert(*id);
            let added_by: Vec<_> = item.added_by.into_iter().collect();
            if item.in_error.is_none() || eyes.wrote_or_oversees(&added_by) {
                seen.items.insert(*id);
            }
        }
    }
    for (number, version) in (1..).zip(&state.versions) {
        let with_item = known.contains(&version.item) && !shut.contains(&number);
        if with_item || eyes.see(version.by).await? {
            seen.versions.push(number);
        }
    }
    Ok(seen)
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetPlanRequest>,
) -> Result<pb::GetPlanResponse, Status> {
    let caller = auth::caller(request)?;
    auth::require_role(&caller, READ)?;
    let r = request.get_ref();
    let person = person_id(&r.person_id)?;
    let wanted = optional_id::<PlanItemId>("version_id", &r.version_id)?;
    api.view.wait(&r.at_least).await?;
    let (eyes, records) = api.records(&caller, person).await?;
    let mut whole = pb::Plan { person_id: person.to_string(), ..Default::default() };
    for record in records {
        let now = api.desk.load::<Plan>(record.uuid()).await?;
        let seen = seen(&eyes, &now).await?;
        let version = match wanted {
            None => seen.versions.last().copied().unwrap_or(0),
            // A version is one of the record that was asked for.
            Some(_) if record != person => continue,
            Some(id) => {
                let number = wire::version_number(api.desk.secret(), person, &now, id.uuid());
                let found = seen.versions.contains(&number).then_some(number);
                found.ok_or_else(|| error::refused(&plan::Refusal::VersionNotFound))?
            }
        };
        if record == person {
            whole.etag = api.etag::<Plan>(&eyes, person.uuid(), (&now, now.version)).await?;
            if let Some(shown) = now.version(version) {
                whole.version_id = wire::version_id(api.desk.secret(), person, version).to_string();
                whole.agreed = shown.agreed.is_some();
                whole.review = wire::plan_review(now.review);
            }
        }
        whole.items.extend(wire::plan_items(&now, version, &seen.items, &seen.versions));
    }
    let (emergency_ids, part2_notice) = emergencies::told(eyes.opened());
    Ok(pb::GetPlanResponse { plan: Some(whole), emergency_ids, part2_notice })
}

pub(super) async fn list_versions(
    api: &Api,
    request: &Request<pb::ListPlanVersionsRequest>,
) -> Result<pb::ListPlanVersionsResponse, Status> {
    let caller = auth::caller(request)?;
    auth::require_role(&caller, READ)?;
    let r = request.get_ref();
    let person = person_id(&r.person_id)?;
    api.view.wait(&r.at_least).await?;
    let (eyes, _) = api.records(&caller, person).await?;
    let now = api.desk.load::<Plan>(person.uuid()).await?;
    let seen = seen(&eyes, &now).await?;
    let list = format!("ListPlanVersions/{person}");
    let (shown, next_page_token) = page(api, &list, &seen.versions, (r.page_size, &r.page_token))?;
    let mut versions = vec![];
    for number in shown {
        if let Some(version) = now.version(*number) {
            // Who sees an item for its agency's sake need not know who else serves the person.
            let known = eyes.see(version.by).await?;
            versions.push(wire::plan_version(api.desk.secret(), person, *number, version, known));
        }
    }
    let (emergency_ids, part2_notice) = emergencies::told(eyes.opened());
    Ok(pb::ListPlanVersionsResponse { versions, next_page_token, emergency_ids, part2_notice })
}
