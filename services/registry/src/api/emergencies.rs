//! Medical emergencies: the glass is broken.
//! Invariant: whether the caller is medical staff is read from the log of workers, never from a list or a token, and judged before anything tells whether
//! there is such a person. What may change between a request and its resend is judged where a refusal looks the request id up first.

use std::collections::BTreeSet;

use kernel::{Actor, Caller, Decider, EmergencyId, PersonId, Private, Role, Timestamp};
use platform::command::{Ask, Changes, Done, Stream, id_of};
use platform::error;
use platform::wire::to_instant;
use proto::registry as pb;
use tonic::{Request, Status};

use super::people::holder;
use super::{Api, person_id};
use crate::domain::No;
use crate::domain::agency::{self, Agency};
use crate::domain::emergency::{Command, Declarer, Emergency, Part, Refusal};
use crate::domain::person::{self, Person};
use crate::domain::worker::{self, Worker};
use crate::wire;

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
    let mut notice = "";
    for discloser in &declared.judged.disclosers {
        if api.is_part2(*discloser).await? {
            notice = kernel::emergency::PART2_NOTICE;
        }
    }
    Ok(pb::BreakGlassResponse {
        written: Some(done.into()),
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

impl Api {
    /// By which emergencies the caller sees this person as they do, and what goes with what those open of 42 CFR Part 2 programmes.
    pub(super) async fn in_emergency(
        &self,
        caller: &Caller,
        seen: &pb::Person,
    ) -> Result<(Vec<String>, String), Status> {
        let serving = platform::wire::ids("serving_agency_ids", &seen.serving_agency_ids, usize::MAX)?;
        Ok(told(self.eyes(caller, person_id(&seen.id)?).await?.emergencies(&serving).await?))
    }
}

/// What a reply tells of the emergencies by which it shows what it does, and whether these open the word of a 42 CFR Part 2 programme.
pub(super) fn told((by, part2): (BTreeSet<EmergencyId>, bool)) -> (Vec<String>, String) {
    let notice = if part2 { kernel::emergency::PART2_NOTICE } else { "" };
    (by.iter().map(ToString::to_string).collect(), notice.to_owned())
}

/// An instant as logs and views hold it.
fn to_the_microsecond(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
