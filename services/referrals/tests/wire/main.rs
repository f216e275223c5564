//! Every call of the service, through the wire, as agencies make it.
//! Invariant: the service is the real one, served over loopback; only the other services' logs and the registry's keys are the test's.

/// Calls a command under a new request id.
macro_rules! call {
    ($client:expr, $method:ident, $request:ident { $($field:ident $(: $value:expr)?),* $(,)? }) => {
        $client.$method(pb::$request { request_id: new_request(), $($field $(: $value)?,)* ..Default::default() }).await
    };
}

mod assignment;
mod clocks;
mod deaths;
mod disclosures;
mod elsewhere;
mod inbox;
mod late;
mod linked;
mod matching;
mod offers;
mod opened;
mod overrides;
mod participations;
mod pauses;
mod reported;
mod restricted;
mod steps;
mod talk;
mod unheard;

use kernel::{AgencyId, OfferId, PersonId, StreamId, WorkerId};
use platform::error::reason;
use platform::peer::Peer;
use proto::referrals as pb;
use proto::referrals::referrals_service_client::ReferralsServiceClient as Client;
use proto::types::{
    Contact, FieldStatus, Identifier, LifeDomain, Occurred, Precision, Setting, Source, Stance, Written,
};
use tests::alone::until;
use tests::{Alone, OnStore, say};
use tonic::Code;
use uuid::Uuid;

const SHELTER: AgencyId = AgencyId::of(1);
const CLINIC: AgencyId = AgencyId::of(2);
const ANA: PersonId = PersonId::of(10);

async fn service() -> Alone {
    service_on(OnStore::Sqlite).await
}

async fn service_on(store: OnStore) -> Alone {
    Alone::start("referrals", store, async |parts| referrals::service(&parts).await).await
}

fn new_request() -> String {
    Uuid::now_v7().to_string()
}

fn written(written: Option<Written>) -> Written {
    written.expect("every command replies what it wrote")
}

fn offer(name: &str) -> pb::ServiceOfferContent {
    pb::ServiceOfferContent {
        name: name.into(),
        practice: "skills-training".into(),
        life_domains: vec![LifeDomain::BasicLivingSkills.into()],
        receiver: pb::Receiver::Participation.into(),
        zone: "America/Chicago".into(),
        identifiers: vec![Identifier { system: "own".into(), value: name.into() }],
        ..Default::default()
    }
}

/// Publishes an offer of the clinic and tells the registry's log that Ana allows the clinic.
async fn with_offer(service: &Alone, content: pb::ServiceOfferContent) -> String {
    let request = pb::PublishServiceOfferRequest {
        request_id: new_request(),
        content: Some(content),
        ..Default::default()
    };
    let reply =
        Client::new(service.worker(CLINIC)).publish_service_offer(request).await.unwrap().into_inner();
    written(reply.written).id
}

/// Where a recorded fact comes from.
fn source(table: &str, key: &str) -> Option<Source> {
    Some(Source { system: "test".into(), table: table.into(), key: key.into(), ..Default::default() })
}

async fn ana_allows(service: &Alone, agency: AgencyId) {
    allows(service, ANA, agency).await;
}

async fn allows(service: &Alone, person: PersonId, agency: AgencyId) {
    let kind = say::given(person, agency);
    let event = proto::registry::RegistryEvent { kind: Some(kind) };
    service.tell("registry", say::stream(person), Some(person), &event).await;
}

/// The registry tells that this worker works there, or has left.
async fn works_at(service: &Alone, worker: WorkerId, agency: AgencyId, left: bool) {
    let kind = proto::registry::registry_event::Kind::WorkerAdded(proto::registry::WorkerAdded {
        worker_id: worker.to_string(),
        agency_id: agency.to_string(),
        content: Some(proto::registry::WorkerContent { left, ..Default::default() }),
    });
    let event = proto::registry::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("worker", worker.uuid()), None, &event).await;
}

fn asking(offer: &str) -> pb::DraftReferralRequest {
    pb::DraftReferralRequest {
        request_id: new_request(),
        person_id: ANA.to_string(),
        offer_id: offer.into(),
        life_domain: LifeDomain::BasicLivingSkills.into(),
        need: "to cook for myself".into(),
        no_goal_reason: "not yet talked about".into(),
        ..Default::default()
    }
}

async fn drafted(client: &mut Client<Peer>, offer: &str) -> String {
    written(client.draft_referral(asking(offer)).await.unwrap().into_inner().written).id
}

/// Sends it as soon as the service has heard of the consent.
async fn sent(client: &mut Client<Peer>, referral: &str) -> Written {
    until("the consent to be known", async || {
        let request = pb::SendReferralRequest {
            request_id: new_request(),
            referral_id: referral.into(),
            ..Default::default()
        };
        match client.send_referral(request).await {
            Ok(reply) => Some(written(reply.into_inner().written)),
            Err(status) if reason(&status).as_deref() == Some("CONSENT_MISSING") => None,
            Err(status) => panic!("{status}"),
        }
    })
    .await
}

async fn requested(service: &Alone, content: pb::ServiceOfferContent) -> String {
    let offer = with_offer(service, content).await;
    ana_allows(service, CLINIC).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    let referral = drafted(&mut shelter, &offer).await;
    sent(&mut shelter, &referral).await;
    referral
}

async fn read(client: &mut Client<Peer>, referral: &str) -> pb::Referral {
    let request = pb::GetReferralRequest { referral_id: referral.into(), at_least: vec![] };
    client.get_referral(request).await.unwrap().into_inner().referral.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_goes_all_the_way_and_what_the_service_did_comes_back_onto_it_once() {
    let service = service().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let (mut shelter, mut clinic) =
        (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
    let id = || referral.clone();

    let seen = read(&mut clinic, &referral).await;
    assert_eq!(seen.state(), pb::ReferralState::Requested);
    assert_eq!(seen.need, "to cook for myself");
    assert!(seen.acknowledge_by.is_some() && !seen.acknowledged);

    call!(clinic, acknowledge_referral, AcknowledgeReferralRequest { referral_id: id() }).unwrap();
    call!(clinic, accept_referral, AcceptReferralRequest { referral_id: id() }).unwrap();
    let opened = until("the participation to open", async || {
        let seen = read(&mut shelter, &referral).await;
        (seen.progress() == pb::Progress::Opened).then_some(seen)
    })
    .await;
    let participation = opened.receiving_record.strip_prefix("participation-").unwrap().to_owned();

    let contact = Contact {
        occurred: Some(now_at(&service)),
        minutes: 45,
        setting: Setting::Home.into(),
        reached: true,
        purpose: "first-lesson".into(),
        worker_ids: vec![],
        skills: vec!["cooking".into(), "money".into()],
        stance: Stance::BuildIndependence.into(),
    };
    let item = uuid::Uuid::from_u128(70).to_string();
    let named = call!(
        clinic,
        name_participation_plan,
        NameParticipationPlanRequest {
            participation_id: participation.clone(),
            plan_item_ids: vec![item.clone()],
        }
    );
    named.unwrap();
    let wrong = call!(
        clinic,
        name_participation_plan,
        NameParticipationPlanRequest {
            participation_id: participation.clone(),
            plan_item_ids: vec!["supper".into()],
        }
    );
    assert!(wrong.unwrap_err().message().contains("plan_item_ids[0]"));
    let juggling = Contact { skills: vec!["juggling".into()], ..contact.clone() };
    let unknown = call!(
        clinic,
        add_participation_contact,
        AddParticipationContactRequest { participation_id: participation.clone(), contact: Some(juggling) }
    );
    assert!(unknown.unwrap_err().message().contains("contact.skills[0]"));
    call!(
        clinic,
        add_participation_contact,
        AddParticipationContactRequest { participation_id: participation.clone(), contact: Some(contact) }
    )
    .unwrap();
    until("the start to come back", async || {
        (read(&mut shelter, &referral).await.state() == pb::ReferralState::InProgress).then_some(())
    })
    .await;

    call!(
        clinic,
        end_participation,
        EndParticipationRequest {
            participation_id: participation.clone(),
            reason: pb::ClosingReason::CompletedEarly.into(),
        }
    )
    .unwrap();
    let closed = until("the outcome to come back", async || {
        let seen = read(&mut shelter, &referral).await;
        (seen.state() == pb::ReferralState::Completed).then_some(seen)
    })
    .await;
    assert_eq!(closed.outcome(), pb::Outcome::ServiceGiven);

    let kinds: Vec<String> = service.events().await.into_iter().map(|event| event.r#type).collect();
    let count = |kind: &str| kinds.iter().filter(|told| told.ends_with(kind)).count();
    assert_eq!(
        (count("ParticipationStarted"), count("ReferralProgressed"), count("ReferralCompleted")),
        (1, 3, 1)
    );

    let request = pb::GetParticipationRequest { participation_id: participation, at_least: vec![] };
    let found = clinic.get_participation(request.clone()).await.unwrap().into_inner().participation.unwrap();
    assert_eq!(found.plan_item_ids, [item]);
    assert_eq!((found.contacts, found.referral_id), (1, referral));
    assert_eq!(shelter.get_participation(request).await.unwrap_err().code(), Code::NotFound);
    service.stop().await;
}

fn now_at(service: &Alone) -> Occurred {
    Occurred {
        at: Some(platform::wire::to_instant(service.clock.now())),
        precision: Precision::Instant.into(),
        zone: "America/Chicago".into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_id_gives_the_same_reply_and_with_other_content_is_refused() {
    let service = service().await;
    let offer = with_offer(&service, offer("Kitchen skills")).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    let request = asking(&offer);
    let first = shelter.draft_referral(request.clone()).await.unwrap().into_inner();
    let again = shelter.draft_referral(request.clone()).await.unwrap().into_inner();
    assert_eq!(first, again);
    let other = pb::DraftReferralRequest { need: "something else".into(), ..request };
    let refused = shelter.draft_referral(other).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_deref()),
        (Code::InvalidArgument, Some("REQUEST_ID_REUSED"))
    );
    let drafts =
        service.events().await.iter().filter(|event| event.r#type.ends_with("ReferralDrafted")).count();
    assert_eq!(drafts, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_whose_first_try_was_done_is_answered_and_not_refused_by_it() {
    let service = service().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let reject = pb::RejectReferralRequest {
        request_id: new_request(),
        referral_id: referral.clone(),
        reason: pb::ClosingReason::NoCapacity.into(),
        text: "full until spring".into(),
        ..Default::default()
    };
    let first = clinic.reject_referral(reject.clone()).await.unwrap().into_inner();
    assert_eq!(clinic.reject_referral(reject.clone()).await.unwrap().into_inner(), first);
    let new = pb::RejectReferralRequest { request_id: new_request(), ..reject };
    let refused = clinic.reject_referral(new).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("NOT_AWAITING_ANSWER"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_has_one_open_referral_of_a_person_to_an_offer_and_another_after_it_closed() {
    let service = service().await;
    let offer = with_offer(&service, offer("Kitchen skills")).await;
    ana_allows(&service, CLINIC).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    let (first, second) = (drafted(&mut shelter, &offer).await, drafted(&mut shelter, &offer).await);
    sent(&mut shelter, &first).await;
    let send = || pb::SendReferralRequest {
        request_id: new_request(),
        referral_id: second.clone(),
        ..Default::default()
    };
    let refused = shelter.send_referral(send()).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::AlreadyExists, Some("ALREADY_OPEN")));
    call!(
        shelter,
        cancel_referral,
        CancelReferralRequest { referral_id: first, reason: pb::ClosingReason::MistakenOrDuplicate.into() }
    )
    .unwrap();
    shelter.send_referral(send()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etag_of_an_older_version_is_aborted_and_the_current_one_goes_through() {
    let service = service().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let old = pb::AcceptReferralRequest {
        request_id: new_request(),
        etag: "1".into(),
        referral_id: referral.clone(),
        ..Default::default()
    };
    let refused = clinic.accept_referral(old).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::Aborted, Some("ETAG_MISMATCH")));
    let etag = read(&mut clinic, &referral).await.etag;
    call!(clinic, accept_referral, AcceptReferralRequest { etag, referral_id: referral }).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_party_to_a_referral_is_told_that_it_does_not_exist() {
    let service = service().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let mut stranger = Client::new(service.worker(AgencyId::of(99)));
    let request = pb::GetReferralRequest { referral_id: referral.clone(), at_least: vec![] };
    assert_eq!(stranger.get_referral(request).await.unwrap_err().code(), Code::NotFound);
    let refused =
        call!(stranger, accept_referral, AcceptReferralRequest { referral_id: referral }).unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::NotFound, Some("REFERRAL_NOT_FOUND")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unacknowledged_referral_is_overdue_after_three_working_days_once() {
    let service = service().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    service.hours_pass(4 * 24);
    assert!(
        read(&mut shelter, &referral).await.overdue.is_empty(),
        "Wednesday and three working days is Monday"
    );
    service.hours_pass(24 + 1);
    until("the clock to run out", async || {
        (read(&mut shelter, &referral).await.overdue == [i32::from(pb::Clock::Acknowledge)]).then_some(())
    })
    .await;
    service.hours_pass(48);
    let overdue =
        service.events().await.iter().filter(|event| event.r#type.ends_with("ReferralOverdue")).count();
    assert_eq!(overdue, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_persons_need_reads_as_erased_and_nothing_more_is_written_about_them() {
    let service = service().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    service.keys.erase(ANA);
    service.clock.drive_to(service.clock.now() + jiff::SignedDuration::from_secs(61));
    let mut clinic = Client::new(service.worker(CLINIC));
    let seen = read(&mut clinic, &referral).await;
    assert_eq!((seen.need.as_str(), seen.need_status()), ("", proto::types::FieldStatus::Erased));
    let refused =
        call!(clinic, accept_referral, AcceptReferralRequest { referral_id: referral }).unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_deref()),
        (Code::FailedPrecondition, Some("PERSON_ERASED"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_are_found_by_practice_agency_and_identifier_and_listed_in_pages() {
    let service = service().await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let mut made = vec![];
    for i in 0..5 {
        made.push(with_offer(&service, offer(&format!("Programme {i}"))).await);
    }
    let last = made.last().unwrap().clone();
    until("the lists to have seen the last offer", async || {
        let request = pb::GetServiceOfferRequest {
            identifier: Some(Identifier { system: "own".into(), value: "Programme 4".into() }),
            ..Default::default()
        };
        clinic
            .get_service_offer(request)
            .await
            .ok()
            .map(|found| assert_eq!(found.into_inner().offer.unwrap().id, last))
    })
    .await;
    let mut seen = vec![];
    let mut page_token = String::new();
    loop {
        let request = pb::ListServiceOffersRequest {
            page_size: 2,
            page_token,
            practice: "skills-training".into(),
            agency_id: CLINIC.to_string(),
        };
        let page = clinic.list_service_offers(request).await.unwrap().into_inner();
        assert!(page.offers.len() <= 2);
        seen.extend(page.offers.into_iter().map(|offer| offer.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    made.reverse();
    assert_eq!(seen, made, "newest first, each once");

    call!(clinic, withdraw_service_offer, WithdrawServiceOfferRequest { offer_id: last.clone() }).unwrap();
    let mut shelter = Client::new(service.worker(SHELTER));
    let refused = shelter.draft_referral(asking(&last)).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("OFFER_NOT_OPEN"));
    let request = pb::GetServiceOfferRequest { offer_id: last, ..Default::default() };
    let found = shelter.get_service_offer(request).await.unwrap().into_inner().offer.unwrap();
    assert!(
        found.withdrawn && found.content.unwrap().identifiers.is_empty(),
        "identifiers are the agency's own"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_lists_what_it_received_and_what_it_sent_but_never_anothers_draft() {
    let service = service().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    let other = with_offer(&service, offer("Money skills")).await;
    let draft = drafted(&mut shelter, &other).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let list = |side: pb::Side| pb::ListReferralsRequest { side: side.into(), ..Default::default() };
    let sent = until("the draft to be listed", async || {
        let page = shelter.list_referrals(list(pb::Side::Sent)).await.unwrap().into_inner();
        let ids: Vec<String> = page.referrals.into_iter().map(|referral| referral.id).collect();
        (ids.len() == 2).then_some(ids)
    })
    .await;
    assert_eq!(sent, [draft, referral.clone()]);
    let received = clinic.list_referrals(list(pb::Side::Received)).await.unwrap().into_inner().referrals;
    assert_eq!(received.iter().map(|found| found.id.as_str()).collect::<Vec<_>>(), [referral.as_str()]);
    let mut ana = Client::new(service.person(ANA));
    assert_eq!(
        ana.list_referrals(list(pb::Side::Unspecified)).await.unwrap().into_inner().referrals.len(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rest_of_a_referrals_life_goes_through_the_wire_too() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        the_rest_of_a_life(store).await;
    }
}

async fn the_rest_of_a_life(store: OnStore) {
    let service = service_on(store).await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let (mut shelter, mut clinic) =
        (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
    let id = || referral.clone();
    call!(clinic, accept_referral, AcceptReferralRequest { referral_id: id() }).unwrap();
    call!(clinic, start_referral, StartReferralRequest { referral_id: id() }).unwrap();
    let hold = pb::HoldReason::Documents.into();
    call!(clinic, hold_referral, HoldReferralRequest { referral_id: id(), reason: hold }).unwrap();
    assert_eq!(read(&mut shelter, &referral).await.state(), pb::ReferralState::OnHold);
    call!(clinic, resume_referral, ResumeReferralRequest { referral_id: id() }).unwrap();
    let refused = call!(
        shelter,
        complete_referral,
        CompleteReferralRequest { referral_id: id(), outcome: pb::Outcome::Enrolled.into() }
    )
    .unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_deref()),
        (Code::PermissionDenied, Some("SENT_TO_ANOTHER"))
    );
    let reason_given = pb::ClosingReason::Moved.into();
    call!(clinic, fail_referral, FailReferralRequest { referral_id: id(), reason: reason_given }).unwrap();
    assert_eq!(read(&mut shelter, &referral).await.closing_reason(), pb::ClosingReason::Moved);
    call!(shelter, mark_referral_entered_in_error, MarkReferralEnteredInErrorRequest { referral_id: id() })
        .unwrap();
    assert_eq!(read(&mut shelter, &referral).await.state(), pb::ReferralState::EnteredInError);
    let request = pb::GetReferralRequest { referral_id: id(), at_least: vec![] };
    assert_eq!(clinic.get_referral(request).await.unwrap_err().code(), Code::NotFound);
    service.one_batch_makes_the_same_lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_fact_told_again_changes_nothing_and_told_otherwise_is_a_correction() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        a_recorded_fact_is_corrected(store).await;
    }
}

async fn a_recorded_fact_is_corrected(store: OnStore) {
    let service = service_on(store).await;
    let offer = with_offer(&service, offer("Day programme")).await;
    let mut clinic = Client::new(service.recorder(CLINIC));
    let record = |destination_code, request_id| pb::RecordParticipationRequest {
        request_id,
        source: source("Enrollment", "E1"),
        person_id: ANA.to_string(),
        offer_id: offer.clone(),
        started: Some(now_at(&service)),
        ended: Some(now_at(&service)),
        destination_code,
        ..Default::default()
    };
    let first =
        written(clinic.record_participation(record(410, new_request())).await.unwrap().into_inner().written);
    let again =
        written(clinic.record_participation(record(410, new_request())).await.unwrap().into_inner().written);
    assert_eq!((&first.id, &first.etag), (&again.id, &again.etag));
    let changed =
        written(clinic.record_participation(record(421, new_request())).await.unwrap().into_inner().written);
    assert_eq!((changed.id.as_str(), changed.etag.as_str()), (first.id.as_str(), "2"));

    let contact = pb::RecordParticipationContactRequest {
        request_id: new_request(),
        source: source("Event", "V1"),
        participation_id: first.id.clone(),
        contact: Some(Contact { occurred: Some(now_at(&service)), reached: true, ..Default::default() }),
    };
    clinic.record_participation_contact(contact).await.unwrap();
    call!(
        clinic,
        mark_participation_entered_in_error,
        MarkParticipationEnteredInErrorRequest { participation_id: first.id.clone() }
    )
    .unwrap();

    let logged = pb::RecordReferralRequest {
        request_id: new_request(),
        source: source("Event", "V2"),
        person_id: ANA.to_string(),
        service_named: "Referral to a housing navigator".into(),
        made: Some(now_at(&service)),
        state: pb::ReferralState::Completed.into(),
        ..Default::default()
    };
    let again = pb::RecordReferralRequest { request_id: new_request(), ..logged.clone() };
    let logged = written(clinic.record_referral(logged).await.unwrap().into_inner().written);
    let again = written(clinic.record_referral(again).await.unwrap().into_inner().written);
    assert_eq!(again.etag, logged.etag, "the same words told again are nothing new");
    assert_eq!(logged.discrepancies[0].code, "TARGET_UNNAMED");
    let seen = read(&mut clinic, &logged.id).await;
    assert_eq!(seen.state(), pb::ReferralState::Completed);
    assert_eq!(seen.service_named, "Referral to a housing navigator");
    assert_eq!(seen.service_named_status(), FieldStatus::Open);
    let clear =
        |event: &proto::log::Event| event.payload.windows(9).any(|window| window == b"navigator".as_slice());
    assert!(!service.events().await.iter().any(clear), "what somebody typed stands sealed");
    let mut worker = Client::new(service.worker(CLINIC));
    let refused = worker.record_participation(record(1, new_request())).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_deref()),
        (Code::PermissionDenied, Some("ROLE_NOT_ALLOWED"))
    );
    service.one_batch_makes_the_same_lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_record_told_again_is_written_again_only_where_it_is_known_for_longer() {
    let service = service().await;
    let offer = with_offer(&service, offer("Day programme")).await;
    let clinic = Client::new(service.recorder(CLINIC));
    let started = now_at(&service);
    let day = |month| Some(proto::Date { year: 2026, month, day: 28 });
    let known = |table: &str, until| {
        let source = source(table, "K1").unwrap();
        Some(Source { known_until: until, ..source })
    };
    let taking_part = async |until, ended: Option<Occurred>| {
        let request = pb::RecordParticipationRequest {
            request_id: new_request(),
            source: known("Enrollment", until),
            person_id: ANA.to_string(),
            offer_id: offer.clone(),
            started: Some(started.clone()),
            destination_code: if ended.is_some() { 410 } else { 0 },
            ended,
            ..Default::default()
        };
        written(clinic.clone().record_participation(request).await.unwrap().into_inner().written).etag
    };
    let referred = async |until, reached: Option<Occurred>| {
        let open = reached.is_none();
        let state = if open { pb::ReferralState::Requested } else { pb::ReferralState::Completed };
        let request = pb::RecordReferralRequest {
            request_id: new_request(),
            source: known("Event", until),
            person_id: ANA.to_string(),
            service_named: "a housing navigator".into(),
            made: Some(started.clone()),
            state: state.into(),
            state_reached: reached,
            ..Default::default()
        };
        written(clinic.clone().record_referral(request).await.unwrap().into_inner().written).etag
    };
    let last = async || {
        let events = service.events().await;
        events.last().and_then(|event| event.source.as_ref()?.known_until)
    };
    macro_rules! told_again {
        ($record:ident) => {
            let first = $record(day(2), None).await;
            assert_eq!($record(day(2), None).await, first);
            assert_eq!($record(day(1), None).await, first, "it was known for longer already");
            let longer = $record(day(3), None).await;
            assert_ne!(longer, first);
            assert_eq!(last().await, day(3));
            assert_eq!($record(day(3), None).await, longer);
            let closed = $record(None, Some(started.clone())).await;
            assert_ne!(closed, longer);
            assert_eq!($record(day(4), Some(started.clone())).await, closed, "what has ended is known whole");
        };
    }
    told_again!(taking_part);
    told_again!(referred);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_participation_can_begin_without_a_referral_and_bad_input_names_its_field() {
    let service = service().await;
    let offer = with_offer(&service, offer("Clubhouse")).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    call!(
        clinic,
        start_participation,
        StartParticipationRequest { person_id: ANA.to_string(), offer_id: offer.clone() }
    )
    .unwrap();
    let field = |status: &tonic::Status| status.message().split(' ').next().unwrap_or_default().to_owned();
    let bad = call!(
        clinic,
        start_participation,
        StartParticipationRequest { person_id: "somebody".into(), offer_id: offer }
    )
    .unwrap_err();
    assert_eq!((bad.code(), field(&bad).as_str()), (Code::InvalidArgument, "person_id"));
    let bad = clinic.accept_referral(pb::AcceptReferralRequest::default()).await.unwrap_err();
    assert_eq!((bad.code(), field(&bad).as_str()), (Code::InvalidArgument, "request_id"));
    let stranger = PersonId::of(404);
    service.keys.unknow(stranger);
    let unknown =
        pb::DraftReferralRequest { person_id: stranger.to_string(), ..asking(&OfferId::of(1).to_string()) };
    let refused = clinic.draft_referral(unknown).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("OFFER_NOT_OPEN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_part_in_what_their_agency_does_not_offer() {
    let service = service().await;
    let offer = with_offer(&service, offer("Clubhouse")).await;
    let start = |offer_id: String| pb::StartParticipationRequest {
        request_id: new_request(),
        person_id: ANA.to_string(),
        offer_id,
        ..Default::default()
    };
    let mut other = Client::new(service.worker(SHELTER));
    let anothers = other.start_participation(start(offer.clone())).await.unwrap_err();
    let mut clinic = Client::new(service.worker(CLINIC));
    let nobodys = clinic.start_participation(start(OfferId::of(404).to_string())).await.unwrap_err();
    let told = pb::RecordReferralRequest {
        request_id: new_request(),
        source: source("Event", "V9"),
        person_id: ANA.to_string(),
        offer_id: OfferId::of(404).to_string(),
        service_named: "Referral to a housing navigator".into(),
        made: Some(now_at(&service)),
        state: pb::ReferralState::Requested.into(),
        ..Default::default()
    };
    let mut recorder = Client::new(service.recorder(CLINIC));
    let unknown = recorder.record_referral(told).await.unwrap_err();
    for refused in [anothers, nobodys, unknown] {
        assert_eq!(
            (refused.code(), reason(&refused).as_deref()),
            (Code::NotFound, Some("OFFER_NOT_FOUND")),
            "{refused:?}"
        );
    }
    // What it says is looked up before each is written: a new name is the name of the next.
    let renamed =
        pb::ServiceOfferContent { name: "Clubhouse at the Mill".into(), ..self::offer("Clubhouse") };
    let publish = pb::PublishServiceOfferRequest {
        request_id: new_request(),
        offer_id: offer.clone(),
        content: Some(renamed),
        ..Default::default()
    };
    clinic.publish_service_offer(publish).await.unwrap();
    let begun = written(clinic.start_participation(start(offer)).await.unwrap().into_inner().written);
    let get = pb::GetParticipationRequest { participation_id: begun.id, ..Default::default() };
    let begun = clinic.get_participation(get).await.unwrap().into_inner().participation.unwrap();
    assert_eq!(begun.offer_name, "Clubhouse at the Mill");
}
