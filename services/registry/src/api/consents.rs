//! What a person says about who may learn what: directives drafted, given, revoked and listed.
//! Invariant: a say is read as it is in the log, never from a list that may lag.

use std::collections::BTreeSet;

use futures_util::future::BoxFuture;
use kernel::{Decider, DirectiveId, PersonId, Role};
use platform::auth;
use platform::command::{Ask, Changes, Done, Stream, id_of};
use platform::error::BadField;
use platform::wire::optional_id;
use proto::registry as pb;
use tonic::{Request, Status};

use super::{Api, OWN, READ, emergencies, person_id};
use crate::domain::No;
use crate::domain::consent::{Consent, Refusal, Step, Which};
use crate::domain::person::Person;
use crate::wire;

/// Who may write down what a person says: a worker in the person's words, or the person.
const SAY: &[Role] = &[Role::Worker, Role::Person];

/// The directive that a request names, or a new one.
fn which(api: &Api, ask: &Ask, named: &str) -> Result<Which, BadField> {
    let known = optional_id("directive_id", named)?;
    Ok(known.map_or_else(|| Which::New(DirectiveId::new(api.fresh(ask))), Which::Known))
}

pub(super) async fn draft(
    api: &Api,
    request: &Request<pb::DraftConsentRequest>,
) -> Result<pb::DraftConsentResponse, Status> {
    let r = request.get_ref();
    let ask = api.ask("DraftConsent", SAY, request, (&r.request_id, &r.etag)).await?;
    let (person, which) = (person_id(&r.person_id)?, which(api, &ask, &r.directive_id)?);
    let command = wire::draft((ask.by(), ask.at), person, which, r)?;
    let done = api.about_in_part::<Consent>(&ask, person, command).await?;
    Ok(pb::DraftConsentResponse { written: Some(done.into()), directive_id: which.id().to_string() })
}

pub(super) async fn give(
    api: &Api,
    request: &Request<pb::GiveConsentRequest>,
) -> Result<pb::GiveConsentResponse, Status> {
    let r = request.get_ref();
    let ask = api.ask("GiveConsent", SAY, request, (&r.request_id, &r.etag)).await?;
    let (person, which) = (person_id(&r.person_id)?, which(api, &ask, &r.directive_id)?);
    let giving = wire::give((ask.by(), ask.at), person, which, r)?;
    let signatures = api.signatures(&ask, person).await?;
    let (giving, signatures) = (&giving, &signatures);
    let run = |ask: Ask| -> BoxFuture<'_, Result<Done, Status>> {
        Box::pin(async move {
            let record = |record: PersonId| Stream::<Person>::of(record.uuid());
            let linked: Vec<_> = signatures.linked.iter().map(|linked| record(*linked)).collect();
            let streams = (Stream::<Consent>::of(person.uuid()), record(person), linked);
            let subject = id_of::<Consent>(person.uuid());
            let done = api.desk.execute(&ask, subject, streams, |(now, record, linked)| {
                let known = record.admit(ask.by()).map_err(No::Person)?;
                let records = linked.iter().filter_map(|linked| linked.in_use()).chain([known]);
                let command = giving.clone().ask(signatures.of(records, giving.at.at));
                let events = Consent::decide(now, command).map_err(No::Own)?;
                Ok::<_, No<Refusal>>(Changes::none().write::<Consent>(now, events))
            });
            Ok(done.await?)
        })
    };
    let done = api.in_part::<Consent>(&ask, person, run).await?;
    Ok(pb::GiveConsentResponse { written: Some(done.into()), directive_id: which.id().to_string() })
}

pub(super) async fn revoke(api: &Api, request: &Request<pb::RevokeConsentRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("RevokeConsent", SAY, request, (&r.request_id, &r.etag)).await?;
    let person = person_id(&r.person_id)?;
    let command = wire::revoke((ask.by(), ask.at), person, r)?;
    api.about_in_part::<Consent>(&ask, person, command).await
}

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkConsentEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("MarkConsentEnteredInError", OWN, request, (&r.request_id, &r.etag)).await?;
    let person = person_id(&r.person_id)?;
    let command = wire::consent_in_error((ask.by(), ask.at), r)?;
    api.about_in_part::<Consent>(&ask, person, command).await
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListConsentsRequest>,
) -> Result<pb::ListConsentsResponse, Status> {
    let caller = auth::caller(request)?;
    auth::require_role(&caller, READ)?;
    let r = request.get_ref();
    let person = person_id(&r.person_id)?;
    api.view.wait(&r.at_least).await?;
    let (eyes, records) = api.records(&caller, person).await?;
    let mut response = pb::ListConsentsResponse::default();
    for record in records {
        let now = api.desk.load::<Consent>(record.uuid()).await?;
        if record == person {
            response.etag = api.etag::<Consent>(&eyes, person.uuid(), (&now, now.version)).await?;
        }
        let (opener, status) = api.opener(record).await;
        for held in &now.directives {
            if !eyes.see_directive(held).await? {
                continue;
            }
            let words = held.history().filter(|version| matches!(version.step, Step::Drafted | Step::Given));
            let wrote: Vec<_> = words.filter_map(|version| version.by).collect();
            let mut writers = BTreeSet::new();
            for version in held.history() {
                if eyes.see(version.by).await? {
                    writers.extend(version.by);
                }
            }
            // What never should have been written may be about somebody else: the person is shown no text of it.
            let texts = match held.last().step {
                Step::EnteredInError => eyes.wrote_or_oversees(&wrote),
                Step::Drafted | Step::Given | Step::Revoked | Step::Expired | Step::Superseded(_) => {
                    eyes.wrote_or_all(&wrote)
                }
            };
            let shown = (&writers, texts);
            response.consents.push(wire::consent(record, held, shown, (opener.as_ref(), status)));
        }
    }
    (response.emergency_ids, response.part2_notice) = emergencies::told(eyes.opened());
    Ok(response)
}
