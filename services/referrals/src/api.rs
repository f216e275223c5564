//! The gRPC face: parse, execute or query, reply.
//! Invariant: no rule lives here; who may is asked of the role first and of the loaded record second.

use kernel::{AgencyId, By, Caller, Decider, OfferId, PersonId, Role};
use platform::auth;
use platform::command::{Ask, Changes, Desk, Done, Stream, id_of};
use platform::error::{self, BadField};
use platform::page::Pages;
use platform::wire::page_size;
use proto::referrals as pb;
use proto::referrals::referrals_service_server::ReferralsService;
use tonic::{Request, Response, Status};

use crate::domain::offer::{self, Offer};
use crate::domain::participation::{self, Part, Participation};
use crate::domain::referral::{self, Referral, Situation};
use crate::domain::{ParticipationId, ReferralId};
use crate::view::{OfferFilter, ReferralFilter, View};
use crate::wire;

/// Who may ask for things to happen.
const REQUEST: &[Role] = &[Role::Worker, Role::Person];
/// Who may speak for an agency's programme.
const PROGRAMME: &[Role] = &[Role::Worker, Role::Operator];
/// Who may put down what happened elsewhere.
const RECORD: &[Role] = &[Role::Recorder];
/// Who may read.
const READ: &[Role] = &[Role::Worker, Role::Recorder, Role::Person, Role::Operator, Role::Auditor];

/// The service's face.
pub struct Api {
    desk: Desk,
    view: View,
    pages: Pages,
}

impl Api {
    /// A face over a desk and the service's own lists.
    pub fn new(desk: Desk, view: View) -> Self {
        let pages = Pages::new(desk.secret());
        Self { desk, view, pages }
    }

    /// Changes a referral, and with it the one place that an open referral of an agency to an offer takes.
    async fn change(&self, ask: &Ask, id: ReferralId, command: referral::Command) -> Result<Done, Status> {
        let stream = id_of::<Referral>(id.uuid());
        let done = self.desk.execute(ask, stream, Stream::<Referral>::of(id.uuid()), |now| {
            let events = Referral::decide(now, command.clone())?;
            let after = events.iter().fold((*now.state).clone(), Referral::evolve);
            let changes = Changes::none().write::<Referral>(now, events);
            Ok(match (now.keeps(), after.keeps()) {
                (None, Some(kept)) => {
                    changes.take(place(&self.desk, kept), stream, referral::Refusal::AlreadyOpen)
                }
                (Some(kept), None) => changes.release(place(&self.desk, kept), stream),
                (None, None) | (Some(_), Some(_)) => changes,
            })
        });
        Ok(done.await?)
    }

    /// Begins a participation, or puts one down, by what its offer says.
    async fn take_part(
        &self,
        ask: &Ask,
        part: Part,
        command: impl Fn(participation::Facts) -> participation::Command + Send + Sync,
    ) -> Result<Done, Status> {
        let (id, offer) = (part.id.uuid(), part.offer.uuid());
        let streams = (Stream::<Participation>::of(id), Stream::<Offer>::of(offer));
        let done = self.desk.execute(ask, id_of::<Participation>(id), streams, |(now, offer)| {
            let events = Participation::decide(now, command(part.facts(offer)?))?;
            Ok::<_, participation::Refusal>(Changes::none().write::<Participation>(now, events))
        });
        Ok(done.await?)
    }

    /// The person's consent that covers the referral's target, as the registry last told.
    async fn consent(&self, id: ReferralId) -> Result<Option<String>, Status> {
        let now = self.desk.load::<Referral>(id.uuid()).await?;
        match &*now.state {
            referral::State::Made { facts, .. } => self.view.consent(facts.person, facts.target).await,
            referral::State::Unmade | referral::State::Told(_) | referral::State::InError { .. } => Ok(None),
        }
    }

    async fn read_referral(&self, caller: &Caller, id: ReferralId) -> Result<Option<pb::Referral>, Status> {
        let now = self.desk.load::<Referral>(id.uuid()).await?;
        if !sees(caller, &now) {
            return Ok(None);
        }
        let mut referral = wire::referral(id, now.version, &now);
        if let referral::State::Made { facts, .. } = &*now.state {
            (referral.need, referral.need_status) = self.desk.keys().field(Some(&facts.need)).await;
        }
        Ok(Some(referral))
    }
}

/// The claim on the one open referral of a person to an offer that an agency may have.
pub(crate) fn place(desk: &Desk, (agency, person, offer): (AgencyId, PersonId, OfferId)) -> Vec<u8> {
    let name = format!("{agency}/{person}/{offer}");
    desk.secret().hash("open-referral", name.as_bytes()).to_vec()
}

/// Whether the caller is a party to the referral, or oversees. The target does not see a draft.
fn sees(caller: &Caller, state: &referral::State) -> bool {
    let oversight = matches!(caller.role, Role::Operator | Role::Auditor | Role::Service);
    match state {
        referral::State::Unmade => false,
        referral::State::Made { facts, situation, .. } => {
            let sent = !matches!(situation, Situation::Draft);
            oversight
                || match caller.by() {
                    By::Agency(agency) => facts.requester == Some(agency) || (sent && facts.target == agency),
                    By::Person(person) => person == facts.person,
                    By::System => false,
                }
        }
        referral::State::Told(told) => {
            let target = told.offer.as_ref().map(|(_, agency, _)| *agency);
            oversight
                || match caller.by() {
                    By::Agency(agency) => told.requester == agency || target == Some(agency),
                    By::Person(person) => person == told.person,
                    By::System => false,
                }
        }
        referral::State::InError { requester, .. } => {
            oversight || (requester.is_some() && caller.speaks_for() == *requester)
        }
    }
}

fn id(field: &str, text: &str) -> Result<uuid::Uuid, BadField> {
    platform::wire::id::<ReferralId>(field, text).map(ReferralId::uuid)
}

/// A method that changes a referral: role, parse, change, reply.
macro_rules! changes_referral {
    ($self:ident, $request:ident, $method:literal, $roles:expr, $parse:path, $response:ident) => {{
        let r = $request.get_ref();
        let ask = $self.desk.ask($method, $roles, &$request, &r.request_id, &r.etag)?;
        let (id, command) = $parse(ask.by(), r)?;
        let done = $self.change(&ask, id, command).await?;
        Ok(Response::new(pb::$response { written: Some(done.into()) }))
    }};
}

#[tonic::async_trait]
impl ReferralsService for Api {
    async fn publish_service_offer(
        &self,
        request: Request<pb::PublishServiceOfferRequest>,
    ) -> Result<Response<pb::PublishServiceOfferResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("PublishServiceOffer", PROGRAMME, &request, &r.request_id, &r.etag)?;
        let (offer, command) = wire::publish(ask.agency()?, r)?;
        let done = self.desk.decide::<Offer>(&ask, offer.uuid(), command).await?;
        Ok(Response::new(pb::PublishServiceOfferResponse { written: Some(done.into()) }))
    }

    async fn record_service_offer(
        &self,
        request: Request<pb::RecordServiceOfferRequest>,
    ) -> Result<Response<pb::RecordServiceOfferResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("RecordServiceOffer", RECORD, &request, &r.request_id, "")?;
        let (id, source) = self.desk.source(&ask.caller, r.source.as_ref())?;
        let command = wire::record_offer(ask.agency()?, r)?;
        let done = self.desk.decide::<Offer>(&ask.from_source(source), id, command).await?;
        Ok(Response::new(pb::RecordServiceOfferResponse { written: Some(done.into()) }))
    }

    async fn withdraw_service_offer(
        &self,
        request: Request<pb::WithdrawServiceOfferRequest>,
    ) -> Result<Response<pb::WithdrawServiceOfferResponse>, Status> {
        let r = request.get_ref();
        let roles = &[Role::Worker, Role::Operator, Role::Recorder];
        let ask = self.desk.ask("WithdrawServiceOffer", roles, &request, &r.request_id, &r.etag)?;
        let offer = self.desk.named(&ask.caller, "offer_id", &r.offer_id, r.source.as_ref())?;
        let command = offer::Command::Withdraw { agency: ask.agency()? };
        let done = self.desk.decide::<Offer>(&ask, offer, command).await?;
        Ok(Response::new(pb::WithdrawServiceOfferResponse { written: Some(done.into()) }))
    }

    async fn get_service_offer(
        &self,
        request: Request<pb::GetServiceOfferRequest>,
    ) -> Result<Response<pb::GetServiceOfferResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let r = request.get_ref();
        let offer = match &r.identifier {
            None => id("offer_id", &r.offer_id)?,
            Some(identifier) => {
                self.view.wait(&r.at_least).await?;
                let found = self.view.offer_identified(caller.speaks_for(), identifier).await?;
                found.ok_or_else(|| error::not_found("offer"))?
            }
        };
        let now = self.desk.load::<Offer>(offer).await?;
        let offer = wire::offer(OfferId::new(offer), now.version, &now, &caller);
        let offer = offer.ok_or_else(|| error::not_found("offer"))?;
        Ok(Response::new(pb::GetServiceOfferResponse { offer: Some(offer) }))
    }

    async fn list_service_offers(
        &self,
        request: Request<pb::ListServiceOffersRequest>,
    ) -> Result<Response<pb::ListServiceOffersResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let r = request.get_ref();
        let list = format!("ListServiceOffers/{}/{}", r.practice, r.agency_id);
        let filter = OfferFilter {
            practice: r.practice.clone(),
            agency: platform::wire::optional_id("agency_id", &r.agency_id)?,
            after: self.pages.after(&list, &r.page_token)?,
            size: page_size(r.page_size)?,
        };
        let (found, next) = self.view.offers(&filter).await?;
        let mut offers = Vec::with_capacity(found.len());
        for offer in found {
            let now = self.desk.load::<Offer>(offer).await?;
            offers.extend(wire::offer(OfferId::new(offer), now.version, &now, &caller));
        }
        let next_page_token = self.pages.next(&list, next);
        Ok(Response::new(pb::ListServiceOffersResponse { offers, next_page_token }))
    }

    async fn draft_referral(
        &self,
        request: Request<pb::DraftReferralRequest>,
    ) -> Result<Response<pb::DraftReferralResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("DraftReferral", REQUEST, &request, &r.request_id, "")?;
        let at = platform::wire::happened("occurred_at", r.occurred_at.as_ref(), ask.at)?;
        let ask = Ask { at: at.at, ..ask };
        let drafting = wire::draft(r)?;
        let (stream, by) = (id_of::<Referral>(drafting.id.uuid()), ask.by());
        self.desk.begins::<Referral>(drafting.id.uuid());
        let streams =
            (Stream::<Referral>::of(drafting.id.uuid()), Stream::<Offer>::of(drafting.offer.uuid()));
        let done = self.desk.execute(&ask, stream, streams, |(now, offer)| {
            let published = match &*offer.state {
                crate::domain::offer::State::Published { agency, content } => Some((*agency, content)),
                crate::domain::offer::State::Unmade | crate::domain::offer::State::Withdrawn { .. } => None,
            };
            let events = Referral::decide(now, drafting.command(by, published))?;
            Ok::<_, referral::Refusal>(Changes::none().write::<Referral>(now, events))
        });
        Ok(Response::new(pb::DraftReferralResponse { written: Some(done.await?.into()) }))
    }

    async fn send_referral(
        &self,
        request: Request<pb::SendReferralRequest>,
    ) -> Result<Response<pb::SendReferralResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("SendReferral", REQUEST, &request, &r.request_id, &r.etag)?;
        let consent = self.consent(platform::wire::id("referral_id", &r.referral_id)?).await?;
        let (id, command) = wire::send(ask.by(), ask.at, consent, r)?;
        let done = self.change(&ask, id, command).await?;
        Ok(Response::new(pb::SendReferralResponse { written: Some(done.into()) }))
    }

    async fn acknowledge_referral(
        &self,
        request: Request<pb::AcknowledgeReferralRequest>,
    ) -> Result<Response<pb::AcknowledgeReferralResponse>, Status> {
        changes_referral!(
            self,
            request,
            "AcknowledgeReferral",
            REQUEST,
            wire::acknowledge,
            AcknowledgeReferralResponse
        )
    }

    async fn accept_referral(
        &self,
        request: Request<pb::AcceptReferralRequest>,
    ) -> Result<Response<pb::AcceptReferralResponse>, Status> {
        changes_referral!(self, request, "AcceptReferral", REQUEST, wire::accept, AcceptReferralResponse)
    }

    async fn reject_referral(
        &self,
        request: Request<pb::RejectReferralRequest>,
    ) -> Result<Response<pb::RejectReferralResponse>, Status> {
        changes_referral!(self, request, "RejectReferral", REQUEST, wire::reject, RejectReferralResponse)
    }

    async fn cancel_referral(
        &self,
        request: Request<pb::CancelReferralRequest>,
    ) -> Result<Response<pb::CancelReferralResponse>, Status> {
        changes_referral!(self, request, "CancelReferral", REQUEST, wire::cancel, CancelReferralResponse)
    }

    async fn start_referral(
        &self,
        request: Request<pb::StartReferralRequest>,
    ) -> Result<Response<pb::StartReferralResponse>, Status> {
        changes_referral!(
            self,
            request,
            "StartReferral",
            REQUEST,
            wire::start_referral,
            StartReferralResponse
        )
    }

    async fn hold_referral(
        &self,
        request: Request<pb::HoldReferralRequest>,
    ) -> Result<Response<pb::HoldReferralResponse>, Status> {
        changes_referral!(self, request, "HoldReferral", REQUEST, wire::hold, HoldReferralResponse)
    }

    async fn resume_referral(
        &self,
        request: Request<pb::ResumeReferralRequest>,
    ) -> Result<Response<pb::ResumeReferralResponse>, Status> {
        changes_referral!(self, request, "ResumeReferral", REQUEST, wire::resume, ResumeReferralResponse)
    }

    async fn complete_referral(
        &self,
        request: Request<pb::CompleteReferralRequest>,
    ) -> Result<Response<pb::CompleteReferralResponse>, Status> {
        changes_referral!(
            self,
            request,
            "CompleteReferral",
            REQUEST,
            wire::complete,
            CompleteReferralResponse
        )
    }

    async fn fail_referral(
        &self,
        request: Request<pb::FailReferralRequest>,
    ) -> Result<Response<pb::FailReferralResponse>, Status> {
        changes_referral!(self, request, "FailReferral", REQUEST, wire::fail, FailReferralResponse)
    }

    async fn mark_referral_entered_in_error(
        &self,
        request: Request<pb::MarkReferralEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkReferralEnteredInErrorResponse>, Status> {
        let roles = &[Role::Worker, Role::Person, Role::Recorder];
        let r = request.get_ref();
        let ask = self.desk.ask("MarkReferralEnteredInError", roles, &request, &r.request_id, &r.etag)?;
        let id = self.desk.named(&ask.caller, "referral_id", &r.referral_id, r.source.as_ref())?;
        let command = referral::Command::MarkEnteredInError { by: ask.by() };
        let done = self.change(&ask, ReferralId::new(id), command).await?;
        Ok(Response::new(pb::MarkReferralEnteredInErrorResponse { written: Some(done.into()) }))
    }

    async fn record_referral(
        &self,
        request: Request<pb::RecordReferralRequest>,
    ) -> Result<Response<pb::RecordReferralResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("RecordReferral", RECORD, &request, &r.request_id, "")?;
        let (id, source) = self.desk.source(&ask.caller, r.source.as_ref())?;
        let (asked, told) = wire::record(ask.agency()?, r)?;
        let ask = ask.from_source(source);
        let offer = asked.map(|offer| Stream::<Offer>::of(OfferId::uuid(offer)));
        let streams = (Stream::<Referral>::of(id), offer);
        let done = self.desk.execute(&ask, id_of::<Referral>(id), streams, |(now, offer)| {
            let told = match (asked, offer) {
                (Some(asked), Some(offer)) => told.clone().asking(asked, offer)?,
                (Some(_) | None, None) | (None, Some(_)) => told.clone(),
            };
            let events = Referral::decide(now, referral::Command::Record(Box::new(told)))?;
            Ok::<_, referral::Refusal>(Changes::none().write::<Referral>(now, events))
        });
        Ok(Response::new(pb::RecordReferralResponse { written: Some(done.await?.into()) }))
    }

    async fn get_referral(
        &self,
        request: Request<pb::GetReferralRequest>,
    ) -> Result<Response<pb::GetReferralResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let id = platform::wire::id("referral_id", &request.get_ref().referral_id)?;
        let referral = self.read_referral(&caller, id).await?.ok_or_else(|| error::not_found("referral"))?;
        Ok(Response::new(pb::GetReferralResponse { referral: Some(referral) }))
    }

    async fn list_referrals(
        &self,
        request: Request<pb::ListReferralsRequest>,
    ) -> Result<Response<pb::ListReferralsResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let r = request.get_ref();
        let states = wire::state_numbers(&r.states)?;
        let person = platform::wire::optional_id("person_id", &r.person_id)?;
        let side = pb::Side::try_from(r.side)
            .map_err(|_| BadField::new("side", "is not one of the contract's values"))?;
        let agency = caller.speaks_for();
        let person = match (agency, caller.person()) {
            (None, Some(own)) => Some(own),
            (None, None) | (Some(_), _) => person,
        };
        if agency.is_none() && person.is_none() {
            return Err(error::bad_field(
                "person_id",
                "is missing; whoever speaks for no agency lists one person's",
            ));
        }
        let list = format!("ListReferrals/{agency:?}/{person:?}/{states:?}/{}", r.side);
        let filter = ReferralFilter {
            agency,
            person,
            side,
            states,
            after: self.pages.after(&list, &r.page_token)?,
            size: page_size(r.page_size)?,
        };
        self.view.wait(&r.at_least).await?;
        let (found, next) = self.view.referrals(&filter).await?;
        let mut referrals = Vec::with_capacity(found.len());
        for id in found {
            referrals.extend(self.read_referral(&caller, ReferralId::new(id)).await?);
        }
        let next_page_token = self.pages.next(&list, next);
        Ok(Response::new(pb::ListReferralsResponse { referrals, next_page_token }))
    }

    async fn start_participation(
        &self,
        request: Request<pb::StartParticipationRequest>,
    ) -> Result<Response<pb::StartParticipationResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("StartParticipation", &[Role::Worker], &request, &r.request_id, "")?;
        let id = ParticipationId::new(uuid::Uuid::now_v7());
        let (part, command) = wire::start(id, ask.agency()?, ask.at, r)?;
        self.desk.begins::<Participation>(id.uuid());
        let done = self.take_part(&ask, part, command).await?;
        Ok(Response::new(pb::StartParticipationResponse { written: Some(done.into()) }))
    }

    async fn add_participation_contact(
        &self,
        request: Request<pb::AddParticipationContactRequest>,
    ) -> Result<Response<pb::AddParticipationContactResponse>, Status> {
        let r = request.get_ref();
        let ask =
            self.desk.ask("AddParticipationContact", &[Role::Worker], &request, &r.request_id, &r.etag)?;
        let (id, command) = wire::add_contact(ask.by(), ask.request_id, r)?;
        let done = self.desk.decide::<Participation>(&ask, id.uuid(), command).await?;
        Ok(Response::new(pb::AddParticipationContactResponse { written: Some(done.into()) }))
    }

    async fn end_participation(
        &self,
        request: Request<pb::EndParticipationRequest>,
    ) -> Result<Response<pb::EndParticipationResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("EndParticipation", &[Role::Worker], &request, &r.request_id, &r.etag)?;
        let (id, command) = wire::end(ask.by(), ask.at, r)?;
        let done = self.desk.decide::<Participation>(&ask, id.uuid(), command).await?;
        Ok(Response::new(pb::EndParticipationResponse { written: Some(done.into()) }))
    }

    async fn record_participation(
        &self,
        request: Request<pb::RecordParticipationRequest>,
    ) -> Result<Response<pb::RecordParticipationResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("RecordParticipation", RECORD, &request, &r.request_id, "")?;
        let (fact, source) = self.desk.source(&ask.caller, r.source.as_ref())?;
        let (part, command) = wire::record_participation(ParticipationId::new(fact), ask.agency()?, r)?;
        let done = self.take_part(&ask.from_source(source), part, command).await?;
        Ok(Response::new(pb::RecordParticipationResponse { written: Some(done.into()) }))
    }

    async fn record_participation_contact(
        &self,
        request: Request<pb::RecordParticipationContactRequest>,
    ) -> Result<Response<pb::RecordParticipationContactResponse>, Status> {
        let r = request.get_ref();
        let ask = self.desk.ask("RecordParticipationContact", RECORD, &request, &r.request_id, "")?;
        let (contact, source) = self.desk.source(&ask.caller, r.source.as_ref())?;
        let (id, command) = wire::record_contact(ask.by(), contact, r)?;
        let done = self.desk.decide::<Participation>(&ask.from_source(source), id.uuid(), command).await?;
        Ok(Response::new(pb::RecordParticipationContactResponse { written: Some(done.into()) }))
    }

    async fn mark_participation_entered_in_error(
        &self,
        request: Request<pb::MarkParticipationEnteredInErrorRequest>,
    ) -> Result<Response<pb::MarkParticipationEnteredInErrorResponse>, Status> {
        let r = request.get_ref();
        let roles = &[Role::Worker, Role::Recorder];
        let ask =
            self.desk.ask("MarkParticipationEnteredInError", roles, &request, &r.request_id, &r.etag)?;
        let id = self.desk.named(&ask.caller, "participation_id", &r.participation_id, r.source.as_ref())?;
        let command = participation::Command::MarkEnteredInError { by: ask.by() };
        let done = self.desk.decide::<Participation>(&ask, id, command).await?;
        Ok(Response::new(pb::MarkParticipationEnteredInErrorResponse { written: Some(done.into()) }))
    }

    async fn get_participation(
        &self,
        request: Request<pb::GetParticipationRequest>,
    ) -> Result<Response<pb::GetParticipationResponse>, Status> {
        let caller = auth::admit(&request, READ)?;
        let id = id("participation_id", &request.get_ref().participation_id)?;
        let now = self.desk.load::<Participation>(id).await?;
        let found = wire::participation(ParticipationId::new(id), now.version, &now).filter(|found| {
            let own = caller.speaks_for().is_some_and(|agency| agency.to_string() == found.agency_id);
            let self_read = caller.person().is_some_and(|person| person.to_string() == found.person_id);
            own || self_read || matches!(caller.role, Role::Operator | Role::Auditor | Role::Service)
        });
        let participation = found.ok_or_else(|| error::not_found("participation"))?;
        Ok(Response::new(pb::GetParticipationResponse { participation: Some(participation) }))
    }
}
