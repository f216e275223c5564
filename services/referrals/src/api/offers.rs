//! Service offers: what a programme says that it can do, and how others find it.
//! Invariant: only the agency whose offer it is changes it; what a reader sees of it is `wire`'s to say.

use kernel::{OfferId, Role};
use platform::auth;
use platform::command::Done;
use platform::error;
use platform::wire::page_size;
use proto::referrals as pb;
use tonic::{Request, Status};

use super::{Api, PROGRAMME, READ, RECORD, id};
use crate::domain::offer::{self, Offer};
use crate::view::OfferFilter;
use crate::wire;

pub(super) async fn publish(
    api: &Api,
    request: &Request<pb::PublishServiceOfferRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("PublishServiceOffer", PROGRAMME, request, &r.request_id, &r.etag)?;
    let (offer, command) = wire::publish(ask.agency()?, r)?;
    api.desk.decide::<Offer>(&ask, offer.uuid(), command).await
}

pub(super) async fn change(
    api: &Api,
    request: &Request<pb::ChangeServiceOfferRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("ChangeServiceOffer", PROGRAMME, request, &r.request_id, &r.etag)?;
    let (offer, command) = wire::change(ask.agency()?, r)?;
    api.desk.decide::<Offer>(&ask, offer.uuid(), command).await
}

pub(super) async fn report_capacity(
    api: &Api,
    request: &Request<pb::ReportCapacityRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("ReportCapacity", PROGRAMME, request, &r.request_id, &r.etag)?;
    let (offer, command) = wire::report(ask.agency()?, ask.at, r)?;
    api.desk.decide::<Offer>(&ask, offer.uuid(), command).await
}

pub(super) async fn record(
    api: &Api,
    request: &Request<pb::RecordServiceOfferRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RecordServiceOffer", RECORD, request, &r.request_id, "")?;
    let (id, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let command = wire::record_offer(ask.agency()?, r)?;
    api.desk.decide::<Offer>(&ask.from_source(source), id, command).await
}

pub(super) async fn withdraw(
    api: &Api,
    request: &Request<pb::WithdrawServiceOfferRequest>,
) -> Result<Done, Status> {
    let r = request.get_ref();
    let roles = &[Role::Worker, Role::Operator, Role::Recorder];
    let ask = api.desk.ask("WithdrawServiceOffer", roles, request, &r.request_id, &r.etag)?;
    let offer = api.desk.named(&ask.caller, "offer_id", &r.offer_id, r.source.as_ref())?;
    let command = offer::Command::Withdraw { agency: ask.agency()?, by_source: r.offer_id.is_empty() };
    api.desk.decide::<Offer>(&ask, offer, command).await
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetServiceOfferRequest>,
) -> Result<pb::GetServiceOfferResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let r = request.get_ref();
    let offer = match &r.identifier {
        None => id("offer_id", &r.offer_id)?,
        Some(identifier) => {
            api.view.wait(&r.at_least).await?;
            let found = api.view.offer_identified(caller.speaks_for(), identifier).await?;
            found.ok_or_else(|| error::not_found("offer"))?
        }
    };
    let now = api.desk.load::<Offer>(offer).await?;
    let at = api.desk.clock().now();
    let offer = wire::offer(OfferId::new(offer), now.version, &now, &caller, at);
    let offer = offer.ok_or_else(|| error::not_found("offer"))?;
    Ok(pb::GetServiceOfferResponse { offer: Some(offer) })
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListServiceOffersRequest>,
) -> Result<pb::ListServiceOffersResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let r = request.get_ref();
    let list = format!("ListServiceOffers/{}/{}", r.practice, r.agency_id);
    let filter = OfferFilter {
        practice: r.practice.clone(),
        agency: platform::wire::optional_id("agency_id", &r.agency_id)?,
        after: api.pages.after(&list, &r.page_token)?,
        size: page_size(r.page_size)?,
    };
    let (found, next) = api.view.offers(&filter).await?;
    let mut offers = Vec::with_capacity(found.len());
    for offer in found {
        let now = api.desk.load::<Offer>(offer).await?;
        let at = api.desk.clock().now();
        offers.extend(wire::offer(OfferId::new(offer), now.version, &now, &caller, at));
    }
    let next_page_token = api.pages.next(&list, next);
    Ok(pb::ListServiceOffersResponse { offers, next_page_token })
}
