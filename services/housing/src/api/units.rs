//! Units: put up, out of service and back, archived.
//! Invariant: a unit and its diary are decided over and written together.

use kernel::UnitGroupId;
use platform::auth;
use platform::command::{Ask, Changes, Done, Stream, id_of};
use platform::error;
use platform::wire::page_size;
use proto::housing as pb;
use tonic::{Request, Status};
use uuid::Uuid;

use super::{Api, PROGRAMME, READ, id};
use crate::domain::UnitId;
use crate::domain::diary::{self, Diary};
use crate::domain::group::UnitGroup;
use crate::domain::tenancy::Refusal;
use crate::domain::unit::{self, Unit};
use crate::domain::upkeep::{self, Decided};
use crate::view::Named;
use crate::wire;

impl Api {
    /// Decides over a unit and its diary together.
    async fn upkeep(
        &self,
        ask: &Ask,
        unit: Uuid,
        decide: impl Fn(&unit::State, &diary::State) -> Result<Decided, Refusal> + Send + Sync,
    ) -> Result<Done, Status> {
        let streams = (Stream::<Unit>::of(unit), Stream::<Diary>::of(unit));
        let done = self.desk.execute(ask, id_of::<Unit>(unit), streams, |(unit, diary)| {
            let decided = decide(unit, diary)?;
            Ok::<_, Refusal>(
                Changes::none().write::<Unit>(unit, decided.unit).write::<Diary>(diary, decided.diary),
            )
        });
        Ok(done.await?)
    }
}

pub(super) async fn publish(api: &Api, request: &Request<pb::PublishUnitRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("PublishUnit", PROGRAMME, request, &r.request_id, &r.etag)?;
    let unit = platform::wire::optional_id("unit_id", &r.unit_id)?;
    let unit = unit.unwrap_or_else(|| UnitId::new(Uuid::now_v7()));
    let (belongs, content) = wire::publish_unit(unit, ask.agency()?, r)?;
    let streams = (
        Stream::<UnitGroup>::of(belongs.group.uuid()),
        Stream::<Unit>::of(unit.uuid()),
        Stream::<Diary>::of(unit.uuid()),
    );
    let done = api.desk.execute(&ask, id_of::<Unit>(unit.uuid()), streams, |(group, unit, diary)| {
        let decided = upkeep::publish(group, unit, diary, belongs, content.clone())?;
        Ok::<_, Refusal>(
            Changes::none().write::<Unit>(unit, decided.unit).write::<Diary>(diary, decided.diary),
        )
    });
    Ok(done.await?)
}

pub(super) async fn take_out_of_service(
    api: &Api,
    request: &Request<pb::TakeUnitOutOfServiceRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("TakeUnitOutOfService", PROGRAMME, request, &r.request_id, &r.etag)?;
    let unit = id("unit_id", &r.unit_id)?;
    let from = wire::when("from", r.from.as_ref(), ask.at)?;
    let until = platform::wire::optional_day("until", r.until.as_ref())?;
    let agency = ask.agency()?;
    let reason = wire::out_of_service_reason("reason", r.reason)?;
    let decide = |_: &unit::State, diary: &diary::State| {
        let diary = upkeep::take_out(diary, agency, from, until, reason)?;
        Ok(Decided { unit: vec![], diary })
    };
    api.upkeep(&ask, unit, decide).await
}

pub(super) async fn return_to_service(
    api: &Api,
    request: &Request<pb::ReturnUnitToServiceRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("ReturnUnitToService", PROGRAMME, request, &r.request_id, &r.etag)?;
    let unit = id("unit_id", &r.unit_id)?;
    let (agency, from) = (ask.agency()?, wire::when("from", r.from.as_ref(), ask.at)?);
    let decide = |_: &unit::State, diary: &diary::State| {
        Ok(Decided { unit: vec![], diary: upkeep::put_back(diary, agency, from)? })
    };
    api.upkeep(&ask, unit, decide).await
}

pub(super) async fn archive(api: &Api, request: &Request<pb::ArchiveUnitRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("ArchiveUnit", PROGRAMME, request, &r.request_id, &r.etag)?;
    let unit = id("unit_id", &r.unit_id)?;
    let (agency, now) = (ask.agency()?, wire::today(ask.at));
    api.upkeep(&ask, unit, |unit, diary| upkeep::archive(unit, diary, agency, now)).await
}

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkUnitEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("MarkUnitEnteredInError", PROGRAMME, request, &r.request_id, &r.etag)?;
    let unit = id("unit_id", &r.unit_id)?;
    let agency = ask.agency()?;
    api.upkeep(&ask, unit, |unit, diary| upkeep::mark_entered_in_error(unit, diary, agency)).await
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetUnitRequest>,
) -> Result<pb::GetUnitResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let r = request.get_ref();
    api.view.wait(&r.at_least).await?;
    let on = platform::wire::optional_day("on", r.on.as_ref())?;
    let unit = api.named(&caller, Named::Unit, "unit_id", &r.unit_id, r.identifier.as_ref()).await?;
    let unit = api.read_unit(&caller, unit, on).await?;
    let unit = Some(unit.ok_or_else(|| error::not_found("unit"))?);
    Ok(pb::GetUnitResponse { unit })
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListUnitsRequest>,
) -> Result<pb::ListUnitsResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let r = request.get_ref();
    let group: UnitGroupId = platform::wire::id("unit_group_id", &r.unit_group_id)?;
    let on = platform::wire::optional_day("on", r.on.as_ref())?;
    let list = format!("ListUnits/{group}/{on:?}");
    let after = api.pages.after(&list, &r.page_token)?;
    api.view.wait(&r.at_least).await?;
    let (found, next) = api.view.units(group, &after, page_size(r.page_size)?).await?;
    let mut units = Vec::with_capacity(found.len());
    for unit in found {
        units.extend(api.read_unit(&caller, unit, on).await?);
    }
    let next_page_token = api.pages.next(&list, next);
    Ok(pb::ListUnitsResponse { units, next_page_token })
}
