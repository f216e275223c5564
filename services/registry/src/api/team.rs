//! Teams: who is at a person's side, and whom a worker serves.
//! Invariant: whoever writes about a person is admitted by the person's record in the same write; a member is seen by whoever sees what the agency of the
//! worker or that of the author wrote, but for what a 42 CFR Part 2 programme wrote.

use std::collections::BTreeSet;

use kernel::{Actor, Caller, Day, PersonId, Role, WorkerId, Zone};
use platform::auth;
use platform::command::{Ask, Done};
use platform::error;
use platform::page::Last;
use platform::wire::{id, optional_day, optional_id, page_size};
use proto::registry as pb;
use tonic::{Code, Request, Status};

use super::{Api, CORRECT, OWN, READ, emergencies, person_id};
use crate::domain::TeamMemberId;
use crate::domain::agency::{self, Agency};
use crate::domain::team::{Command, Known, Reach, Team, Who};
use crate::domain::worker::{self, Worker};
use crate::wire;

/// Today, where the agency that speaks works; else in UTC.
async fn today(api: &Api, speaker: Option<kernel::AgencyId>) -> Result<Day, Status> {
    let mut zone = Zone::utc();
    if let Some(agency) = speaker {
        let now = api.desk.load::<Agency>(agency.uuid()).await?;
        if let agency::State::Known { content, .. } = &*now.state {
            zone = content.zone.clone();
        }
    }
    Ok(zone.day_of(api.desk.clock().now()))
}

async fn known(api: &Api, who: &Who) -> Result<Known, Status> {
    let Who::Of(agency, Some(worker)) = who else { return Ok(Known::Fits) };
    let now = api.desk.load::<Worker>(worker.uuid()).await?;
    Ok(match &*now.state {
        worker::State::Known { agency: theirs, content, .. } if theirs == agency && !content.left => {
            Known::Fits
        }
        worker::State::Known { .. } | worker::State::Unmade => Known::Unknown,
    })
}

pub(super) async fn add(
    api: &Api,
    request: &Request<pb::AddTeamMemberRequest>,
) -> Result<pb::AddTeamMemberResponse, Status> {
    let r = request.get_ref();
    let ask = api.ask("AddTeamMember", OWN, request, (&r.request_id, &r.etag)).await?;
    let (person, speaker) = (person_id(&r.person_id)?, ask.caller.speaks_for());
    let adding = wire::add_member(r, speaker, today(api, speaker).await?)?;
    let known = known(api, &adding.who).await?;
    let id = TeamMemberId::new(api.fresh(&ask));
    let done = api.about_in_part::<Team>(&ask, person, adding.ask(ask.by(), id, known)).await?;
    Ok(pb::AddTeamMemberResponse { written: Some(done.into()), team_member_id: id.to_string() })
}

/// Which members the caller's agency may change.
async fn reach(api: &Api, ask: &Ask) -> Result<Reach, Status> {
    let programme = match ask.caller.speaks_for() {
        Some(agency) => api.is_part2(agency).await?,
        None => false,
    };
    Ok(if programme { Reach::OwnWord } else { Reach::OwnWorkers })
}

/// Does something with a member that is there.
async fn act(api: &Api, ask: &Ask, person: &str, command: Command) -> Result<Done, Status> {
    let person = person_id(person)?;
    api.about_in_part::<Team>(ask, person, command).await
}

pub(super) async fn end(api: &Api, request: &Request<pb::EndTeamMemberRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("EndTeamMember", OWN, request, (&r.request_id, &r.etag)).await?;
    let until = match optional_day("until", r.until.as_ref())? {
        Some(day) => day,
        None => today(api, ask.caller.speaks_for()).await?,
    };
    let (id, reach) = (id("team_member_id", &r.team_member_id)?, reach(api, &ask).await?);
    let command = Command::End { by: ask.by(), id, until, reach };
    act(api, &ask, &r.person_id, command).await
}

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkTeamMemberEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("MarkTeamMemberEnteredInError", CORRECT, request, (&r.request_id, &r.etag)).await?;
    let (id, reach) = (id("team_member_id", &r.team_member_id)?, reach(api, &ask).await?);
    let command = Command::MarkEnteredInError { by: ask.by(), id, reach };
    act(api, &ask, &r.person_id, command).await
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListTeamRequest>,
) -> Result<pb::ListTeamResponse, Status> {
    let caller = auth::caller(request)?;
    auth::require_role(&caller, READ)?;
    let r = request.get_ref();
    let person = person_id(&r.person_id)?;
    let day = match optional_day("as_of", r.as_of.as_ref())? {
        Some(day) => day,
        None => today(api, caller.speaks_for()).await?,
    };
    api.view.wait(&r.at_least).await?;
    let (eyes, records) = api.records(&caller, person).await?;
    let mut response = pb::ListTeamResponse::default();
    for record in records {
        let now = api.desk.load::<Team>(record.uuid()).await?;
        if record == person {
            response.etag = api.etag::<Team>(&eyes, person.uuid(), (&now, now.version)).await?;
        }
        let (opener, status) = api.opener(record).await;
        for (id, member) in now.members.iter().filter(|(_, member)| member.on(day)) {
            if eyes.see_of(member.added_by, member.agency()).await? {
                let mut seen = wire::team_member(*id, record, member, (opener.as_ref(), status));
                // Who sees a member for their agency's sake need not know who else serves the person.
                if !eyes.see(member.added_by).await? {
                    seen.added_by_agency_id.clear();
                }
                response.members.push(seen);
            }
        }
    }
    response.members.sort_by(|one, other| (one.role, &one.id).cmp(&(other.role, &other.id)));
    (response.emergency_ids, response.part2_notice) = emergencies::told(eyes.opened());
    Ok(response)
}

pub(super) async fn caseload(
    api: &Api,
    request: &Request<pb::ListCaseloadRequest>,
) -> Result<pb::ListCaseloadResponse, Status> {
    let caller = auth::caller(request)?;
    auth::require_role(&caller, &[Role::Worker, Role::Operator, Role::Auditor])?;
    let r = request.get_ref();
    let own = match caller.actor {
        Actor::Worker(worker) => Some(worker),
        Actor::Person(_) | Actor::Service(_) => None,
    };
    let worker: WorkerId = match optional_id("worker_id", &r.worker_id)?.or(own) {
        Some(worker) => worker,
        None => return Err(error::bad_field("worker_id", "is missing; whoever is no worker names one")),
    };
    let day = match optional_day("as_of", r.as_of.as_ref())? {
        Some(day) => day,
        None => today(api, caller.speaks_for()).await?,
    };
    // An agency's list is of its own workers: another's has no rows for it.
    let agency = caller.speaks_for();
    let list = format!("ListCaseload/{worker}/{day}");
    let after: Option<Last> = api.pages.place(&list, &r.page_token)?;
    let mut after = after.unwrap_or_else(super::agencies::start);
    let size = page_size(r.page_size)?;
    api.view.wait(&r.at_least).await?;
    // Who is withheld takes no place on a page: it is read on until one is full, and until it is known whether more follow.
    let mut found = vec![];
    loop {
        let (rows, next) = api.view.caseload(worker, agency, day, &after, size).await?;
        for (place, person) in rows {
            found.extend(on_caseload(api, &caller, &place, person).await?.map(|listed| (place, listed)));
        }
        match next {
            Some(next) if found.len() <= size => after = next,
            Some(_) | None => break,
        }
    }
    let more = found.len() > size;
    found.truncate(size);
    let next = found.last().filter(|_| more).map(|(place, _)| place.clone());
    let (mut entries, mut by, mut part2) = (vec![], BTreeSet::new(), false);
    for (_, (entry, (more, of_a_programme))) in found {
        entries.push(entry);
        by.extend(more);
        part2 |= of_a_programme;
    }
    let (emergency_ids, part2_notice) = emergencies::told((by, part2));
    let next_page_token = api.pages.next(&list, next);
    Ok(pb::ListCaseloadResponse { entries, next_page_token, emergency_ids, part2_notice })
}

/// A row of a caseload, and the emergencies by which the caller sees it; none of a person whom the agency does not serve, or whom a programme put there that it may not know of.
async fn on_caseload(
    api: &Api,
    caller: &Caller,
    place: &Last,
    person: PersonId,
) -> Result<Option<(pb::CaseloadEntry, emergencies::Opened)>, Status> {
    let member = TeamMemberId::new(place.id());
    let now = api.desk.load::<Team>(person.uuid()).await?;
    let Some(found) = now.members.get(&member) else { return Ok(None) };
    match api.records(caller, person).await {
        Ok((eyes, _)) if eyes.see_of(found.added_by, found.agency()).await? => {
            Ok(Some((wire::caseload_entry(member, person, found), eyes.opened())))
        }
        Ok(_) => Ok(None),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status),
    }
}
