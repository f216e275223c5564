//! What a person says about who may see, and what others measured.
//! Invariant: a say is read as it is in the log, never from a list that may lag.

use platform::auth;
use platform::command::Done;
use platform::error;
use proto::registry as pb;
use tonic::{Request, Status};

use super::{Api, CORRECT, READ, RECORD, person_id};
use crate::domain::MeasureId;
use crate::domain::consent::{Answer, Consent};
use crate::domain::measure::{self, Measure, Told};
use crate::wire::{self, Saying};

/// Who may write down what a person says: a worker in the person's words, or the person.
const SAY: &[kernel::Role] = &[kernel::Role::Worker, kernel::Role::Person];

pub(super) async fn give(api: &Api, request: &Request<pb::GiveConsentRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("GiveConsent", SAY, request, (&r.request_id, &r.etag)).await?;
    let saying = Saying {
        person_id: &r.person_id,
        recipient_agency_id: &r.recipient_agency_id,
        voice: r.voice,
        evidence: &r.evidence,
        occurred_at: r.occurred_at.as_ref(),
    };
    let command = wire::saying(Answer::Yes, ask.by(), ask.at, &saying)?;
    api.about::<Consent>(&ask, command.person.uuid(), command.person, command).await
}

pub(super) async fn withdraw(
    api: &Api,
    request: &Request<pb::WithdrawConsentRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("WithdrawConsent", SAY, request, (&r.request_id, &r.etag)).await?;
    let saying = Saying {
        person_id: &r.person_id,
        recipient_agency_id: &r.recipient_agency_id,
        voice: r.voice,
        evidence: &r.evidence,
        occurred_at: r.occurred_at.as_ref(),
    };
    let command = wire::saying(Answer::No, ask.by(), ask.at, &saying)?;
    api.about::<Consent>(&ask, command.person.uuid(), command.person, command).await
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListConsentsRequest>,
) -> Result<pb::ListConsentsResponse, Status> {
    let caller = auth::caller(request)?;
    auth::require_role(&caller, READ)?;
    let r = request.get_ref();
    api.view.wait(&r.at_least).await?;
    let (_, records) = api.records(&caller, person_id(&r.person_id)?).await?;
    let mut consents = vec![];
    for record in records {
        let now = api.desk.load::<Consent>(record.uuid()).await?;
        let (opener, status) = api.opener(record).await;
        for (recipient, said) in &now.said {
            consents.push(wire::consent(*recipient, said, opener.as_ref(), status));
        }
    }
    Ok(pb::ListConsentsResponse { consents })
}

pub(super) async fn record_measure(
    api: &Api,
    request: &Request<pb::RecordMeasureRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("RecordMeasure", RECORD, request, (&r.request_id, "")).await?;
    let (measure, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let told = Told {
        id: MeasureId::new(measure),
        person: person_id(&r.person_id)?,
        agency: ask.agency()?,
        content: wire::measure_content(r.content.as_ref())?,
    };
    let ask = ask.from_source(source);
    api.about::<Measure>(&ask, measure, told.person, measure::Command::Record(told)).await
}

pub(super) async fn mark_measure_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkMeasureEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("MarkMeasureEnteredInError", CORRECT, request, (&r.request_id, &r.etag)).await?;
    let measure = api.desk.named(&ask.caller, "measure_id", &r.measure_id, r.source.as_ref())?;
    let now = api.desk.load::<Measure>(measure).await?;
    let (measure::State::Made(told) | measure::State::InError(told)) = &*now.state else {
        return Err(error::refused(&measure::Refusal::NotFound));
    };
    let command = measure::Command::MarkEnteredInError { by: ask.by() };
    api.about::<Measure>(&ask, measure, told.person, command).await
}

pub(super) async fn list_measures(
    api: &Api,
    request: &Request<pb::ListMeasuresRequest>,
) -> Result<pb::ListMeasuresResponse, Status> {
    let caller = auth::caller(request)?;
    auth::require_role(&caller, READ)?;
    let r = request.get_ref();
    api.view.wait(&r.at_least).await?;
    let (eyes, records) = api.records(&caller, person_id(&r.person_id)?).await?;
    let mut measures = vec![];
    for id in api.view.measures(&records).await? {
        let now = api.desk.load::<Measure>(id).await?;
        if let measure::State::Made(told) = &*now.state
            && eyes.see(Some(told.agency)).await?
        {
            measures.extend(wire::measure(now.version, &now));
        }
    }
    Ok(pb::ListMeasuresResponse { measures })
}
