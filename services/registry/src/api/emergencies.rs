//! Medical emergencies: the glass is broken, and mended before its time; who declared one reads back what they wrote of it.
//! Invariant: whether the caller is medical staff is read from the log of workers, never from a list or a token, and judged before anything tells whether
//! there is such a person. What may change between a request and its resend is judged where a refusal looks the request id up first.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use kernel::{Actor, Caller, Decider, EmergencyId, PersonId, Private, Role, Timestamp};
use platform::auth;
use platform::command::{Ask, Changes, Done, Stream, id_of};
use platform::error;
use platform::page::Last;
use platform::wire::{id, page_size, to_instant};
use proto::registry as pb;
use proto::types::Written;
use tonic::{Request, Status};

use super::people::holder;
use super::{Api, READ, WORK, person_id};
use crate::domain::No;
use crate::domain::agency::{self, Agency};
use crate::domain::emergency::{Command, Declarer, Emergency, Part, Refusal};
use crate::domain::person::{self, Person};
use crate::domain::worker::{self, Worker};
use crate::wire;

/// The emergencies by which something is shown, and whether they open the word of a 42 CFR Part 2 programme.
pub(super) type Opened = (BTreeSet<EmergencyId>, bool);

/// Who may: a worker, who is to be medical staff.
const DECLARE: &[Role] = &[Role::Worker];

/// Who declares it, by the registry's own record of them.
async fn declarer(api: &Api, ask: &Ask) -> Result<Declarer, Status> {
    let agency = ask.agency()?;
    let Actor::Worker(worker) = ask.caller.actor else {
        return Err(error::refused(&Refusal::WorkerNotOnRecord));
    };
    let allowed_hours = match &*api.desk.load::<Agency>(agency.uuid()).await?.state {
        agency::State::Known { content, .. } => content.emergency_hours(),
        agency::State::Unmade => agency::EMERGENCY_HOURS,
    };
    let now = api.desk.load::<Worker>(worker.uuid()).await?;
    let (part, working_name) = match &*now.state {
        worker::State::Known { agency: theirs, content, .. } if *theirs == agency && !content.left => {
            let part = if wire::is_medical(&content.roles) { Part::Medical } else { Part::Other };
            (part, content.working_name.clone())
        }
        worker::State::Known { .. } | worker::State::Unmade => (Part::NotOnRecord, String::new()),
    };
    Ok(Declarer { worker, working_name, agency, part, allowed_hours })
}

/// The person that the request names; none where nobody has that identifier whom the caller may come upon by one.
async fn named(api: &Api, ask: &Ask, request: &pb::BreakGlassRequest) -> Result<Option<PersonId>, Status> {
    if request.identifier.is_none() {
        return Ok(Some(person_id(&request.person_id)?));
    }
    let (agency, secret) = (ask.caller.speaks_for(), api.desk.secret());
    let identifier = wire::identifier("identifier", request.identifier.as_ref(), agency, secret)?;
    match holder(api, &identifier.key_hash).await? {
        Some(person) if api.may_name(&ask.caller, person).await? => Ok(Some(person)),
        Some(_) | None => Ok(None),
    }
}

pub(super) async fn break_glass(
    api: &Api,
    request: &Request<pb::BreakGlassRequest>,
) -> Result<pb::BreakGlassResponse, Status> {
    let r = request.get_ref();
    let ask = api.ask("BreakGlass", DECLARE, request, (&r.request_id, "")).await?;
    let by = declarer(api, &ask).await?;
    let (nature, hours) = wire::breaks_glass(r)?;
    let id = EmergencyId::new(api.fresh(&ask));
    let done = match named(api, &ask, r).await? {
        Some(person) => declare(api, &ask, (id, person), &by, (&nature, hours)).await?,
        None => nobody(api, &ask, id, (&by, hours)).await?,
    };
    // A resend comes later, and perhaps under another setting, or when nobody has that identifier any more, or somebody else; what was opened, whose, and
    // until when, is what the event says.
    let person = PersonId::new(done.subject);
    let now = api.desk.load::<Emergency>(person.uuid()).await?;
    let declared = now.declared(id).ok_or_else(|| error::not_found("emergency"))?;
    let eyes = api.eyes(&ask.caller, person).await?;
    let etag = api.etag::<Emergency>(&eyes, person.uuid(), (&now, done.version)).await?;
    let mut notice = "";
    for discloser in &declared.judged.disclosers {
        if api.is_part2(*discloser).await? {
            notice = kernel::emergency::PART2_NOTICE;
        }
    }
    Ok(pb::BreakGlassResponse {
        written: Some(Written { etag, ..done.into() }),
        emergency_id: id.to_string(),
        person_id: person.to_string(),
        until: Some(to_instant(declared.judged.until)),
        part2_notice: notice.to_owned(),
    })
}

/// Declares it of this person.
async fn declare(
    api: &Api,
    ask: &Ask,
    (id, person): (EmergencyId, PersonId),
    by: &Declarer,
    (nature, hours): (&Private, u32),
) -> Result<Done, Status> {
    // Whoever serves the person by a record that is linked with this one, too: their records are of one human.
    let linked = api.view.people().say(person).await?.serving;
    let at = to_the_microsecond(ask.at);
    let streams = (Stream::<Emergency>::of(person.uuid()), Stream::<Person>::of(person.uuid()));
    let done = api.desk.execute(ask, id_of::<Emergency>(person.uuid()), streams, |(now, record)| {
        let known = match &*record.state {
            person::State::Active(known) => Some(known),
            person::State::Unmade | person::State::InError(_) | person::State::Erased(_) => None,
        };
        let own = known.iter().flat_map(|known| &known.serving);
        let command = Command::Declare {
            id,
            person,
            by: by.clone(),
            serving: own.chain(linked.iter()).copied().collect(),
            nature: nature.clone(),
            hours,
            at,
        };
        let events = Emergency::decide(now, command).map_err(No::Own)?;
        known.ok_or(No::Person(person::Refusal::NotFound))?;
        Ok::<_, No<Refusal>>(Changes::none().write::<Emergency>(now, events))
    });
    Ok(done.await?)
}

/// Declares it of nobody, which is refused unless it is a resend of what was declared.
async fn nobody(
    api: &Api,
    ask: &Ask,
    id: EmergencyId,
    (by, hours): (&Declarer, u32),
) -> Result<Done, Status> {
    let done = api.desk.execute(ask, id_of::<Emergency>(id.uuid()), (), |()| {
        by.lasts(hours).map_err(No::Own)?;
        Err::<Changes<No<Refusal>>, No<Refusal>>(No::Person(person::Refusal::NotFound))
    });
    Ok(done.await?)
}

/// Does something with an emergency of the person's, of which the caller sees those that their agency declared. Their agency need not serve the person.
async fn act(
    api: &Api,
    ask: &Ask,
    (person, emergency): (&str, &str),
    command: impl FnOnce(EmergencyId) -> Command,
) -> Result<Done, Status> {
    let (person, command) = (person_id(person)?, command(id("emergency_id", emergency)?));
    let run = |ask: Ask| -> BoxFuture<'_, Result<Done, Status>> {
        let command = command.clone();
        Box::pin(async move { api.desk.decide::<Emergency>(&ask, person.uuid(), command).await })
    };
    api.in_part::<Emergency>(ask, person, run).await
}

pub(super) async fn end(api: &Api, request: &Request<pb::EndEmergencyRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("EndEmergency", WORK, request, (&r.request_id, &r.etag)).await?;
    let (by, at) = (ask.by(), to_the_microsecond(ask.at));
    act(api, &ask, (&r.person_id, &r.emergency_id), |id| Command::End { by, id, at }).await
}

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkEmergencyEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("MarkEmergencyEnteredInError", WORK, request, (&r.request_id, &r.etag)).await?;
    let (by, at) = (ask.by(), to_the_microsecond(ask.at));
    act(api, &ask, (&r.person_id, &r.emergency_id), |id| Command::MarkEnteredInError { by, id, at }).await
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListEmergenciesRequest>,
) -> Result<pb::ListEmergenciesResponse, Status> {
    let caller = auth::caller(request)?;
    auth::require_role(&caller, READ)?;
    let r = request.get_ref();
    let (person, size) = (person_id(&r.person_id)?, page_size(r.page_size)?);
    let list = format!("ListEmergencies/{person}");
    let after = api.pages.after(&list, &r.page_token)?;
    api.view.wait(&r.at_least).await?;
    let eyes = api.eyes(&caller, person).await?;
    let own = api.desk.load::<Emergency>(person.uuid()).await?;
    let etag = api.etag::<Emergency>(&eyes, person.uuid(), (&own, own.version)).await?;
    // Linked records are one human's. Whoever sees none of these is told no more than that: not whether there is such a person.
    let mut seen = vec![];
    for record in api.view.people().group(person, None).await? {
        let now = api.desk.load::<Emergency>(record.uuid()).await?;
        for declared in now.declared.iter().filter(|declared| eyes.see_emergency(declared.judged.agency)) {
            let place = (declared.judged.from.as_microsecond(), declared.judged.id.uuid());
            seen.push((place, record, declared.clone()));
        }
    }
    seen.retain(|(place, ..)| *place < (after.at, after.id()));
    seen.sort_by_key(|(place, ..)| Reverse(*place));
    let more = seen.len() > size;
    seen.truncate(size);
    let next = seen.last().filter(|_| more).map(|((at, id), ..)| Last::new(*at, *id));
    let mut emergencies = vec![];
    for (_, record, declared) in seen {
        let (opener, status) = api.opener(record).await;
        emergencies.push(wire::emergency_out(record, &declared, (opener.as_ref(), status)));
    }
    Ok(pb::ListEmergenciesResponse { emergencies, etag, next_page_token: api.pages.next(&list, next) })
}

impl Api {
    /// By which emergencies the caller sees these people as they do, and what goes with what those open of 42 CFR Part 2 programmes.
    pub(super) async fn in_emergency(
        &self,
        caller: &Caller,
        seen: &[&pb::Person],
    ) -> Result<(Vec<String>, String), Status> {
        let (mut by, mut part2) = (BTreeSet::new(), false);
        for person in seen {
            let serving = platform::wire::ids("serving_agency_ids", &person.serving_agency_ids, usize::MAX)?;
            let eyes = self.eyes(caller, person_id(&person.id)?).await?;
            let (more, of_a_programme) = eyes.emergencies(&serving).await?;
            by.extend(more);
            part2 |= of_a_programme;
        }
        Ok(told((by, part2)))
    }
}

/// What a reply tells of the emergencies by which it shows what it does.
pub(super) fn told((by, part2): Opened) -> (Vec<String>, String) {
    let notice = if part2 { kernel::emergency::PART2_NOTICE } else { "" };
    (by.iter().map(ToString::to_string).collect(), notice.to_owned())
}

/// An instant as logs and views hold it.
fn to_the_microsecond(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
