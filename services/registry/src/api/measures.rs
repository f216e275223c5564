//! Measures: what others found, told from elsewhere or taken here, and the course of them.
//! Invariant: a reader sees those of agencies whose facts they may see, and a course is made of those alone.

use std::collections::BTreeSet;

use kernel::{By, PersonId, Role};
use platform::auth;
use platform::command::{At, Done};
use platform::error;
use platform::wire::optional_day;
use proto::registry as pb;
use tonic::{Request, Status};

use super::catalogue::page;
use super::reading::Eyes;
use super::{Api, READ, RECORD, emergencies, person_id};
use crate::domain::MeasureId;
use crate::domain::measure::{self, Measure, Told};
use crate::domain::scale::{self, SCALES};
use crate::wire;

/// Who takes measures: the person, and staff.
const SAY: &[Role] = &[Role::Worker, Role::Person];
/// Who takes them back.
const TAKE_BACK: &[Role] = &[Role::Worker, Role::Recorder, Role::Operator, Role::Person];

pub(super) async fn record(api: &Api, request: &Request<pb::RecordMeasureRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("RecordMeasure", RECORD, request, (&r.request_id, "")).await?;
    let (measure, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let told = Told {
        id: MeasureId::new(measure),
        person: person_id(&r.person_id)?,
        agency: Some(ask.agency()?),
        content: wire::measure_content(r.content.as_ref())?,
    };
    let ask = ask.from_source(source);
    api.about::<Measure>(&ask, measure, told.person, measure::Command::Record(told)).await
}

pub(super) async fn take(api: &Api, request: &Request<pb::TakeMeasureRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("TakeMeasure", SAY, request, (&r.request_id, "")).await?;
    let by = ask.by();
    let told = Told {
        id: MeasureId::new(api.fresh(&ask)),
        person: person_id(&r.person_id)?,
        agency: match by {
            By::Agency(agency) => Some(agency),
            By::Person(_) | By::System => None,
        },
        content: wire::taken(r, ask.at)?,
    };
    let (id, person) = (told.id.uuid(), told.person);
    let command = measure::Command::Take { by, voice: wire::voice(by, r.voice)?, told };
    api.about::<Measure>(&ask, id, person, command).await
}

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkMeasureEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.ask("MarkMeasureEnteredInError", TAKE_BACK, request, (&r.request_id, &r.etag)).await?;
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
    let mut measures = vec![];
    let (eyes, records) = api.records(&caller, person_id(&r.person_id)?).await?;
    for now in seen(api, &eyes, &records).await? {
        measures.extend(wire::measure(now.version, &now));
    }
    let (emergency_ids, part2_notice) = emergencies::told(eyes.opened());
    Ok(pb::ListMeasuresResponse { measures, emergency_ids, part2_notice })
}

/// The measures of one human, by all of these records, that a caller sees.
async fn seen(api: &Api, eyes: &Eyes<'_>, records: &[PersonId]) -> Result<Vec<At<measure::State>>, Status> {
    let mut seen = vec![];
    for id in api.view.measures(records).await? {
        let now = api.desk.load::<Measure>(id).await?;
        if let measure::State::Made(told) = &*now.state
            && eyes.see(told.agency).await?
        {
            seen.push(now);
        }
    }
    Ok(seen)
}

pub(super) async fn trends(
    api: &Api,
    request: &Request<pb::GetMeasureTrendsRequest>,
) -> Result<pb::GetMeasureTrendsResponse, Status> {
    let caller = auth::caller(request)?;
    auth::require_role(&caller, READ)?;
    let r = request.get_ref();
    let (from, until) = (optional_day("from", r.from.as_ref())?, optional_day("until", r.until.as_ref())?);
    api.view.wait(&r.at_least).await?;
    let mut told = vec![];
    let (eyes, records) = api.records(&caller, person_id(&r.person_id)?).await?;
    for now in seen(api, &eyes, &records).await? {
        if let measure::State::Made(made) = &*now.state {
            let on = made.content.taken.on();
            let wanted = r.scales.is_empty() || r.scales.contains(&made.content.scale);
            if wanted && from.is_none_or(|from| from <= on) && until.is_none_or(|until| on <= until) {
                told.push(made.clone());
            }
        }
    }
    // Ours in their own order, then those of others by their codes.
    let ours = SCALES.iter().map(|scale| scale.code.to_owned());
    let others: BTreeSet<String> = told.iter().map(|told| told.content.scale.clone()).collect();
    let others = others.into_iter().filter(|code| scale::named(code).is_none());
    let trends = ours.chain(others).filter_map(|code| wire::trend(&code, &told)).collect();
    let (emergency_ids, part2_notice) = emergencies::told(eyes.opened());
    Ok(pb::GetMeasureTrendsResponse { trends, emergency_ids, part2_notice })
}

pub(super) async fn scales(
    api: &Api,
    request: &Request<pb::ListScalesRequest>,
) -> Result<pb::ListScalesResponse, Status> {
    auth::caller(request)?;
    let r = request.get_ref();
    let (shown, next_page_token) = page(api, "ListScales", &SCALES, (r.page_size, &r.page_token))?;
    Ok(pb::ListScalesResponse { scales: shown.iter().map(wire::scale).collect(), next_page_token })
}
