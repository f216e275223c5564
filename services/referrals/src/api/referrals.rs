//! Referrals: from draft to outcome, and how their parties read them.
//! Invariant: the one place that an open referral takes moves in the same write as the referral; who is no party reads what does not exist.

use futures_util::future::BoxFuture;
use kernel::{By, Caller, Decider, OfferId, PersonId, Refusal, Role};
use platform::auth;
use platform::command::{Ask, Changes, Done, Stream, id_of};
use platform::error::{self, BadField};
use platform::wire::page_size;
use proto::referrals as pb;
use tonic::{Request, Status};

use super::{Api, READ, RECORD, REQUEST};
use crate::domain::ReferralId;
use crate::domain::offer::Offer;
use crate::domain::referral::{self, Closing, Pace, Referral, Situation, When};
use crate::view::{Cover, ReferralFilter};
use crate::{places, wire};

impl Api {
    /// Changes a referral, and with it the one place that an open referral of an agency to an offer takes.
    async fn change(&self, ask: &Ask, id: ReferralId, command: referral::Command) -> Result<Done, Status> {
        let stream = id_of::<Referral>(id.uuid());
        let done = self.desk.execute(ask, stream, Stream::<Referral>::of(id.uuid()), |now| {
            Ok(places::moved(&self.desk, now, Referral::decide(now, command.clone())?))
        });
        Ok(done.await?)
    }

    /// The directive by which the referral may be sent then, and the pace of its target, as the registry last told. What was sent before is read by its
    /// target only from now on: it goes by the directive of then while one covers it now.
    pub(super) async fn consent(&self, id: ReferralId, when: When) -> Result<(Option<String>, Pace), Status> {
        let now = self.desk.load::<Referral>(id.uuid()).await?;
        match &*now.state {
            referral::State::Made { facts, .. } => {
                let pace = self.view.pace(facts.target).await?;
                let of_then = self.view.consent(facts, when.at.min(when.told_at)).await?;
                let holds =
                    when.at >= when.told_at || self.view.consent(facts, when.told_at).await?.is_some();
                Ok((of_then.filter(|_| holds), pace))
            }
            referral::State::Unmade | referral::State::Told(_) | referral::State::InError { .. } => {
                Ok((None, Pace::default()))
            }
        }
    }

    /// The pace of a referral's target, as the registry last told.
    async fn pace(&self, id: ReferralId) -> Result<Pace, Status> {
        match &*self.desk.load::<Referral>(id.uuid()).await?.state {
            referral::State::Made { facts, .. } => self.view.pace(facts.target).await,
            // What there is no pace for is refused.
            referral::State::Unmade | referral::State::Told(_) | referral::State::InError { .. } => {
                Ok(Pace::default())
            }
        }
    }

    /// The directive that covers a referral then which goes by one.
    ///
    /// # Errors
    /// UNAVAILABLE, reason REGISTRY_UNKNOWN: what the person says cannot be told now.
    async fn covered(&self, id: ReferralId, at: kernel::Timestamp) -> Result<Option<String>, Status> {
        let now = self.desk.load::<Referral>(id.uuid()).await?;
        let referral::State::Made { facts, beside, .. } = &*now.state else { return Ok(None) };
        if beside.directive.is_none() {
            return Ok(None);
        }
        match self.view.cover(facts, at).await?.0 {
            Cover::By(directive) => Ok(Some(directive)),
            Cover::Nothing => Ok(None),
            Cover::Unknown | Cover::Parked => Err(error::registry_unknown()),
        }
    }

    pub(super) async fn read_referral(
        &self,
        caller: &Caller,
        id: ReferralId,
    ) -> Result<Option<pb::Referral>, Status> {
        let now = self.desk.load::<Referral>(id.uuid()).await?;
        if !self.may_read(caller, &now).await? {
            return Ok(None);
        }
        let mut referral = wire::referral(id, now.version, &now);
        for other in wire::together(&now) {
            let others = self.desk.load::<Referral>(other.uuid()).await?;
            if self.may_read(caller, &others).await? {
                referral.household_referral_ids.push(other.to_string());
            }
        }
        self.open_fields(&mut referral, caller, &now).await;
        super::disclosures::notice(caller, &now, &mut referral);
        Ok(Some(referral))
    }

    /// Whether the caller is shown it, and with it where its person is.
    async fn may_read(&self, caller: &Caller, state: &referral::State) -> Result<bool, Status> {
        Ok(sees(caller, state)
            && match sought(state) {
                Some(person) => self.view.people().may_find(caller, person).await?,
                None => true,
            })
    }

    /// Opens what is sealed of a referral.
    async fn open_fields(&self, out: &mut pb::Referral, caller: &Caller, state: &referral::State) {
        let keys = self.desk.keys();
        match state {
            referral::State::Made { facts, situation, beside } => {
                (out.need, out.need_status) = keys.field(Some(&facts.need)).await;
                let no_goal = facts.no_goal_reason.as_ref();
                (out.no_goal_reason, out.no_goal_reason_status) = keys.field(no_goal).await;
                let why = beside.overriding.as_ref().filter(|_| is_told_why(caller, facts));
                (out.override_reason, out.override_reason_status) = keys.field(why).await;
                let wish = beside.transfer_asked.as_ref();
                (out.transfer_reason, out.transfer_reason_status) = keys.field(wish).await;
                if let Situation::Closed(Closing::Rejected { text, .. }) = situation {
                    (out.rejection_text, out.rejection_text_status) = keys.field(Some(text)).await;
                }
                for asked in &beside.questions {
                    let (question, question_status) = keys.field(Some(&asked.text)).await;
                    let (answer, answer_status) = keys.field(asked.answer.as_ref()).await;
                    out.information.push(pb::InformationRequest {
                        question_id: asked.id.to_string(),
                        question,
                        question_status,
                        answer,
                        answer_status,
                        answered: asked.answer.is_some(),
                    });
                }
            }
            referral::State::Told(told) => {
                let named = keys.field(Some(&told.service_named.text)).await;
                (out.service_named, out.service_named_status) = named;
            }
            referral::State::Unmade | referral::State::InError { .. } => {}
        }
    }
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

/// Whether the caller is told why it was sent without consent: whoever sent it, the person, and who audits that.
fn is_told_why(caller: &Caller, facts: &referral::Facts) -> bool {
    match caller.role {
        Role::Auditor => true,
        Role::Operator | Role::Service => false,
        Role::Worker | Role::Recorder | Role::Person => match caller.by() {
            By::Agency(agency) => facts.requester == Some(agency),
            By::Person(person) => facts.person == person,
            By::System => false,
        },
    }
}

/// Whom one would find by it: a referral to a home tells where they are, and one that another system tells may do so, since it names no domain.
fn sought(state: &referral::State) -> Option<PersonId> {
    match state {
        referral::State::Made { facts, .. } => wire::of_homes(facts).then_some(facts.person),
        referral::State::Told(told) => Some(told.person),
        referral::State::Unmade | referral::State::InError { .. } => None,
    }
}

/// A method that changes a referral: role, parse, change.
macro_rules! changes {
    ($name:ident, $method:literal, $request:ident, $parse:path) => {
        pub(super) async fn $name(api: &Api, request: &Request<pb::$request>) -> Result<Done, Status> {
            let r = request.get_ref();
            let ask = api.desk.ask($method, REQUEST, request, &r.request_id, &r.etag)?;
            let (id, command) = $parse(&ask, r)?;
            api.change(&ask, id, command).await
        }
    };
    // It may have happened before it is told.
    ($name:ident, $method:literal, $request:ident, $parse:path, when) => {
        pub(super) async fn $name(api: &Api, request: &Request<pb::$request>) -> Result<Done, Status> {
            let r = request.get_ref();
            let ask = api.desk.ask($method, REQUEST, request, &r.request_id, &r.etag)?;
            let when = wire::when(&ask, r.occurred_at.as_ref())?;
            let (id, command) = $parse(&ask, when, r)?;
            api.change(&Ask { at: when.at, ..ask }, id, command).await
        }
    };
    // Clocks begin or go on with it, at the target's pace.
    ($name:ident, $method:literal, $request:ident, $parse:path, when, pace) => {
        pub(super) async fn $name(api: &Api, request: &Request<pb::$request>) -> Result<Done, Status> {
            let r = request.get_ref();
            let ask = api.desk.ask($method, REQUEST, request, &r.request_id, &r.etag)?;
            let when = wire::when(&ask, r.occurred_at.as_ref())?;
            let pace = api.pace(platform::wire::id("referral_id", &r.referral_id)?).await?;
            let (id, command) = $parse(&ask, when, pace, r)?;
            api.change(&Ask { at: when.at, ..ask }, id, command).await
        }
    };
}

/// Asks what takes a consent. That it is refused for want of one is believed only once all is known that the registry had when it was said: the person's yes
/// may be on its way.
pub(super) async fn with_consent<'a>(
    api: &Api,
    ask: impl Fn() -> BoxFuture<'a, Result<Done, Status>>,
) -> Result<Done, Status> {
    let done = ask().await;
    let refused = done.as_ref().err().and_then(error::reason);
    let lacks = [referral::Refusal::ConsentMissing, referral::Refusal::ConsentLapsed];
    if !lacks.iter().any(|refusal| refused.as_deref() == Some(refusal.reason())) {
        return done;
    }
    api.view.told_all().await?;
    ask().await
}

pub(super) async fn send(api: &Api, request: &Request<pb::SendReferralRequest>) -> Result<Done, Status> {
    with_consent(api, || Box::pin(send_as_known(api, request))).await
}

async fn send_as_known(api: &Api, request: &Request<pb::SendReferralRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("SendReferral", REQUEST, request, &r.request_id, &r.etag)?;
    let ask = ask.of_the_living(api.view.people());
    let referral = platform::wire::id("referral_id", &r.referral_id)?;
    // Waits for all that the registry has said, of consents too.
    let works_for = api.works_for(wire::overriding(r)?.map(|(_, approver)| approver)).await?;
    let when = wire::when(&ask, r.occurred_at.as_ref())?;
    let (consent, pace) = api.consent(referral, when).await?;
    let programme = api.view.is_programme(ask.caller.speaks_for()).await?;
    let (id, command) = wire::send(&ask, when, (consent, programme, pace), works_for, r)?;
    api.change(&Ask { at: when.at, ..ask }, id, command).await
}

pub(super) async fn supply(
    api: &Api,
    request: &Request<pb::SupplyInformationRequest>,
) -> Result<Done, Status> {
    with_consent(api, || Box::pin(supply_as_known(api, request))).await
}

async fn supply_as_known(api: &Api, request: &Request<pb::SupplyInformationRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("SupplyInformation", REQUEST, request, &r.request_id, &r.etag)?;
    let referral = platform::wire::id("referral_id", &r.referral_id)?;
    let consent = api.covered(referral, ask.at).await?;
    let (id, command) = wire::supply(&ask, consent, r)?;
    api.change(&ask, id, command).await
}

changes!(acknowledge, "AcknowledgeReferral", AcknowledgeReferralRequest, wire::acknowledge, when);
changes!(accept, "AcceptReferral", AcceptReferralRequest, wire::accept, when, pace);
changes!(reject, "RejectReferral", RejectReferralRequest, wire::reject, when);
changes!(cancel, "CancelReferral", CancelReferralRequest, wire::cancel, when);
changes!(start, "StartReferral", StartReferralRequest, wire::start_referral, when);
changes!(hold, "HoldReferral", HoldReferralRequest, wire::hold, when);
changes!(resume, "ResumeReferral", ResumeReferralRequest, wire::resume, when, pace);
changes!(ask, "AskForInformation", AskForInformationRequest, wire::ask);
changes!(contact, "AddReferralContact", AddReferralContactRequest, wire::contact);
changes!(status, "SetReferralBusinessStatus", SetReferralBusinessStatusRequest, wire::status);
changes!(ask_transfer, "RequestReferralTransfer", RequestReferralTransferRequest, wire::ask_transfer);
changes!(review, "ReviewReferral", ReviewReferralRequest, wire::review, when, pace);
changes!(complete, "CompleteReferral", CompleteReferralRequest, wire::complete, when);
changes!(fail, "FailReferral", FailReferralRequest, wire::fail, when);

pub(super) async fn mark_entered_in_error(
    api: &Api,
    request: &Request<pb::MarkReferralEnteredInErrorRequest>,
) -> Result<Done, Status> {
    let roles = &[Role::Worker, Role::Person, Role::Recorder];
    let r = request.get_ref();
    let ask = api.desk.ask("MarkReferralEnteredInError", roles, request, &r.request_id, &r.etag)?;
    let id = api.desk.named(&ask.caller, "referral_id", &r.referral_id, r.source.as_ref())?;
    let command = referral::Command::MarkEnteredInError { by: ask.by() };
    api.change(&ask, ReferralId::new(id), command).await
}

pub(super) async fn record(api: &Api, request: &Request<pb::RecordReferralRequest>) -> Result<Done, Status> {
    let r = request.get_ref();
    let ask = api.desk.ask("RecordReferral", RECORD, request, &r.request_id, "")?;
    let (id, source) = api.desk.source(&ask.caller, r.source.as_ref())?;
    let (asked, told) = wire::record(ask.agency()?, api.desk.secret(), r)?;
    let ask = ask.from_source(source);
    let offer = asked.map(|offer| Stream::<Offer>::of(OfferId::uuid(offer)));
    let streams = (Stream::<Referral>::of(id), offer);
    let done = api.desk.execute(&ask, id_of::<Referral>(id), streams, |(now, offer)| {
        let told = match (asked, offer) {
            (Some(asked), Some(offer)) => told.clone().asking(asked, offer)?,
            (Some(_) | None, None) | (None, Some(_)) => told.clone(),
        };
        let events = Referral::decide(now, referral::Command::Record(Box::new(told)))?;
        Ok::<_, referral::Refusal>(Changes::none().write::<Referral>(now, events))
    });
    Ok(done.await?)
}

pub(super) async fn get(
    api: &Api,
    request: &Request<pb::GetReferralRequest>,
) -> Result<pb::GetReferralResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let id = platform::wire::id("referral_id", &request.get_ref().referral_id)?;
    let referral = api.read_referral(&caller, id).await?.ok_or_else(|| error::not_found("referral"))?;
    Ok(pb::GetReferralResponse { referral: Some(referral) })
}

pub(super) async fn list(
    api: &Api,
    request: &Request<pb::ListReferralsRequest>,
) -> Result<pb::ListReferralsResponse, Status> {
    let caller = auth::admit(request, READ)?;
    let r = request.get_ref();
    let states = wire::state_numbers(&r.states)?;
    let person = platform::wire::optional_id("person_id", &r.person_id)?;
    let side = pb::Side::try_from(r.side)
        .map_err(|_| BadField::new("side", "is not one of the contract's values"))?;
    let agency = caller.lists_for();
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
    let after = api.pages.after(&list, &r.page_token)?;
    let size = page_size(r.page_size)?;
    api.view.wait(&r.at_least).await?;
    let but_homes = match person {
        Some(person) => !api.view.people().may_find(&caller, person).await?,
        None => false,
    };
    let filter = ReferralFilter { agency, person, side, states, but_homes, after, size };
    let (found, next) = api.view.referrals(&filter).await?;
    let mut referrals = Vec::with_capacity(found.len());
    for id in found {
        referrals.extend(api.read_referral(&caller, ReferralId::new(id)).await?);
    }
    let next_page_token = api.pages.next(&list, next);
    Ok(pb::ListReferralsResponse { referrals, next_page_token })
}
