//! Employment status as others tell it.
//! Invariant: a report is put down and taken back by a recorder alone.

use kernel::may::see_own;
use platform::auth;
use platform::command::Done;
use platform::error;
use proto::vocational as pb;
use tonic::{Request, Status};

use super::{Api, READ, RECORD};
use crate::domain::ReportId;
use crate::domain::report::{self, Report};
use crate::{NAME, wire};

pub(super) async fn record(
    api: &Api,
    request: &Request<pb::RecordEmploymentStatusRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RecordEmploymentStatus", RECORD, request, &r.request_id, "")?;
    let (id, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let told = wire::record(ReportId::new(id), ask.agency()?, r)?;
    let today = told.zone.day_of(ask.at);
    let command = report::Command::Record { told, today };
    api.desk.decide::<Report>(&ask.from_source(source), id, command).await
}

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkEmploymentStatusEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("MarkEmploymentStatusEnteredInError", RECORD, request, &r.request_id, &r.etag)?;
    let id = api.desk.named(&ask.caller, "report_id", &r.report_id, r.source.as_ref())?;
    let command = report::Command::MarkEnteredInError { by: ask.by() };
    api.desk.decide::<Report>(&ask, id, command).await
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetEmploymentStatusRequest>,
) -> Result<pb::GetEmploymentStatusResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let id: ReportId = platform::wire::id("report_id", &request.get_ref().report_id)?;
    let now = api.desk.load::<Report>(id.uuid()).await?;
    let seen = now.told().is_some_and(|told| see_own(&caller, told.agency, Some(told.person), NAME));
    let report = wire::report(now.version, &now).filter(|_| seen);
    let report = report.ok_or_else(|| error::not_found("employment status report"))?;
    Ok(pb::GetEmploymentStatusResponse { report: Some(report) })
}
