//! Measures: what others found, told from elsewhere.
//! Invariant: a reader sees those of agencies whose facts they may see.

use platform::auth;
use platform::command::Done;
use platform::error;
use proto::registry as pb;
use tonic::{Request, Status};

use super::{Api, CORRECT, READ, RECORD, person_id};
use crate::domain::MeasureId;
use crate::domain::measure::{self, Measure, Told};
use crate::wire;

pub(super) async fn record(api: &Api, request: &Request<pb::RecordMeasureRequest>) -> Result<Done, Status> {
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

pub(super) async fn mark_entered_in_error(
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

pub(super) async fn list(
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
