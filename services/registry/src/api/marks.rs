//! What stands beside a person's record: a death, and that the person is not to be found.
//! Invariant: no rule lives here.

use futures_util::future::BoxFuture;
use platform::command::{Ask, At, Changes, Done, Stream, id_of};
use proto::registry as pb;
use tonic::{Request, Status};

use super::{Api, OWN, WORK, person_id};
use crate::domain::person::{Command, Event, Mark, Person, Refusal, State, death_in_error};
use crate::wire;

async fn mark(api: &Api, ask: &Ask, person: &str, mark: Mark) -> Result<Done, Status> {
    let command = Command::Mark { by: ask.by(), mark };
    api.record(ask, person_id(person)?, command).await
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
    let person = person_id(&r.person_id)?;
    let records = api.one_human(person).await?;
    let told =
        records.iter().filter_map(|(_, now)| now.in_use()).flat_map(|known| known.deaths.latest_first());
    let tellers = told.filter_map(|(_, by)| *by).collect();
    let unseen = api.eyes(&ask.caller, person).await?.shut_of(tellers).await?;
    let others = records.iter().map(|(record, _)| *record).filter(|record| *record != person);
    let (others, unseen) = (&others.collect::<Vec<_>>(), &unseen);
    let run = |ask: Ask| -> BoxFuture<'_, Result<Done, Status>> {
        Box::pin(async move {
            let others: Vec<_> = others.iter().map(|record| Stream::<Person>::of(record.uuid())).collect();
            let streams = (Stream::<Person>::of(person.uuid()), others);
            let done = api.desk.execute(&ask, id_of::<Person>(person.uuid()), streams, |(named, others)| {
                let linked: Vec<&State> = others.iter().map(|record| &*record.state).collect();
                let events = death_in_error(ask.by(), named, &linked, unseen)?;
                let records = std::iter::once(named).chain(others).zip(events);
                let write = |changes: Changes<Refusal>, (record, event): (&At<State>, Option<Event>)| {
                    changes.write::<Person>(record, event.into_iter().collect())
                };
                Ok::<_, Refusal>(records.fold(Changes::none(), write))
            });
            Ok(done.await?)
        })
    };
    api.in_part::<Person>(&ask, person, run).await
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

pub(super) async fn restriction_in_error(
    api: &Api,
    request: &Request<pb::MarkRestrictionEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("MarkRestrictionEnteredInError", WORK, request, (&r.request_id, &r.etag)).await?;
    mark(api, &ask, &r.person_id, Mark::RestrictionInError).await
}
