//! Which offers fit what somebody needs, in their order and with their reasons; and that nobody hears of the question.

use super::offers::{open, report};
use super::*;

fn looking() -> pb::MatchOffersRequest {
    pb::MatchOffersRequest { life_domain: LifeDomain::BasicLivingSkills.into(), ..Default::default() }
}

async fn matches(client: &mut Client<Peer>, request: pb::MatchOffersRequest) -> pb::MatchOffersResponse {
    client.match_offers(request).await.unwrap().into_inner()
}

fn names(found: &pb::MatchOffersResponse) -> Vec<&str> {
    found.matches.iter().map(|each| offer_of(each).content.as_ref().unwrap().name.as_str()).collect()
}

fn offer_of(found: &pb::OfferMatch) -> &pb::ServiceOffer {
    found.offer.as_ref().unwrap()
}

fn codes(found: &pb::OfferMatch) -> Vec<pb::MatchReasonCode> {
    found.reasons.iter().map(pb::MatchReason::code).collect()
}

/// The revision after which the lists know of it.
async fn published(service: &Alone, agency: AgencyId, content: pb::ServiceOfferContent) -> (String, String) {
    let request = pb::PublishServiceOfferRequest {
        request_id: new_request(),
        content: Some(content),
        ..Default::default()
    };
    let reply = Client::new(service.worker(agency)).publish_service_offer(request).await.unwrap();
    let written = written(reply.into_inner().written);
    (written.id, written.revision)
}

/// Ana is registered by the shelter, and the shelter's view knows it.
async fn served_by_the_shelter(service: &Alone) {
    let kind = proto::registry::registry_event::Kind::PersonRegistered(proto::registry::PersonRegistered {
        person_id: ANA.to_string(),
        agency_id: SHELTER.to_string(),
        ..Default::default()
    });
    let event = proto::registry::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("person", ANA.uuid()), Some(ANA), &event).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn offers_are_ranked_with_their_reasons_page_by_page_on_either_store() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        offers_are_ranked(store).await;
    }
}

async fn offers_are_ranked(store: OnStore) {
    let service = service_on(store).await;
    let spanish = pb::ServiceOfferContent { languages: vec!["es-MX".into()], ..offer("Cocina") };
    let english = pb::ServiceOfferContent { languages: vec!["en".into()], ..offer("Cooking") };
    let youth = pb::ServiceOfferContent {
        eligibility: Some(pb::Eligibility { maximum_age: 24, ..Default::default() }),
        languages: vec!["es".into()],
        practice: "peer-support".into(),
        ..offer("Youth")
    };
    let elsewhere = pb::ServiceOfferContent {
        areas: vec![pb::AreaServed { country: "CA".into(), ..Default::default() }],
        ..offer("Elsewhere")
    };
    let housing = pb::ServiceOfferContent {
        life_domains: vec![LifeDomain::Housing.into()],
        practice: "supported-housing".into(),
        ..offer("Rooms")
    };
    let mut last = String::new();
    for content in [spanish, english, youth, elsewhere, housing] {
        last = published(&service, CLINIC, content).await.1;
    }
    let mut shelter = Client::new(service.worker(SHELTER));
    let asked = pb::MatchOffersRequest {
        practice: "peer-support".into(),
        languages: vec!["es".into()],
        place: Some(pb::Place { country: "US".into(), ..Default::default() }),
        age: Some(30),
        at_least: vec![last],
        ..looking()
    };
    let all = matches(&mut shelter, asked.clone()).await;
    assert_eq!(names(&all), ["Cocina", "Cooking", "Elsewhere", "Youth"], "who is too old comes last");
    let totals: Vec<i32> = all.matches.iter().map(|each| each.total).collect();
    assert_eq!(totals, [35, 5, -5, 15]);
    for each in &all.matches {
        assert_eq!(each.total, each.reasons.iter().map(|reason| reason.points).sum::<i32>());
        assert!(each.reasons.iter().all(|reason| !reason.text.is_empty()));
    }
    let youth = &all.matches[3];
    assert!(youth.excludes && all.matches[..3].iter().all(|each| !each.excludes));
    use pb::MatchReasonCode as Code;
    let expected = [
        Code::Practice,
        Code::LifeDomain,
        Code::Language,
        Code::CapacityUnknown,
        Code::ConsentUnknown,
        Code::AgeOutside,
    ];
    assert_eq!(codes(youth), expected);

    // The same in pages of two, and a token fits its own question alone.
    let first = matches(&mut shelter, pb::MatchOffersRequest { page_size: 2, ..asked.clone() }).await;
    let next =
        pb::MatchOffersRequest { page_size: 2, page_token: first.next_page_token.clone(), ..asked.clone() };
    let second = matches(&mut shelter, next.clone()).await;
    assert_eq!([names(&first), names(&second)].concat(), names(&all));
    assert!(second.next_page_token.is_empty());
    let other = pb::MatchOffersRequest { age: Some(20), ..next.clone() };
    assert_eq!(shelter.match_offers(other).await.unwrap_err().code(), tonic::Code::InvalidArgument);
    let others = Client::new(service.worker(CLINIC)).match_offers(next.clone()).await.unwrap_err();
    assert_eq!(others.code(), tonic::Code::InvalidArgument);
    service.hours_pass(1);
    let refused = shelter.match_offers(next).await.unwrap_err();
    assert!(refused.message().starts_with("page_token is older than 15 minutes"), "{refused}");

    // Where it is given is a reason where the place is named, and none against what is given elsewhere.
    let downtown = pb::OfferLocation { city: "Testville".into(), country: "US".into(), ..Default::default() };
    let near = pb::ServiceOfferContent { locations: vec![downtown], ..offer("Nearby") };
    let (_, last) = published(&service, CLINIC, near).await;
    let names_of = vec!["testville".to_owned()];
    let place = Some(pb::Place { country: "US".into(), names: names_of, ..Default::default() });
    let found =
        matches(&mut shelter, pb::MatchOffersRequest { place, at_least: vec![last], ..looking() }).await;
    assert_eq!(names(&found)[0], "Nearby");
    let is_near = |each: &pb::OfferMatch| codes(each).contains(&Code::Nearby);
    assert!(is_near(&found.matches[0]) && !found.matches[1..].iter().any(is_near));
    let where_it_is = &offer_of(&found.matches[0]).content.as_ref().unwrap().locations;
    assert_eq!(where_it_is[0].city, "Testville");

    let by_practice = pb::MatchOffersRequest { practice: "supported-housing".into(), ..Default::default() };
    assert_eq!(names(&matches(&mut shelter, by_practice).await), ["Rooms"]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_report_lifts_no_offer_and_is_told_as_stale() {
    let service = service().await;
    let (fresh, _) = published(&service, CLINIC, offer("Fresh")).await;
    let (old, _) = published(&service, CLINIC, offer("Old")).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let has = |offer: &str, refresh_hours| pb::ReportCapacityRequest {
        refresh_hours,
        vacancies: 1,
        ..report(offer, pb::CapacityStatus::Has)
    };
    clinic.report_capacity(has(&old, 24)).await.unwrap();
    let reply = clinic.report_capacity(has(&fresh, 48)).await.unwrap().into_inner();
    let asked =
        || pb::MatchOffersRequest { at_least: vec![reply.written.clone().unwrap().revision], ..looking() };
    let found = matches(&mut clinic, asked()).await;
    assert!(found.matches.iter().all(|each| codes(each).contains(&pb::MatchReasonCode::CapacityHas)));
    service.hours_pass(24);
    let found = matches(&mut clinic, asked()).await;
    assert_eq!(names(&found), ["Fresh", "Old"]);
    let stale = &found.matches[1];
    assert!(codes(stale).contains(&pb::MatchReasonCode::CapacityStale));
    assert_eq!(offer_of(stale).capacity.as_ref().unwrap().status(), pb::CapacityStatus::Stale);
    // What is withdrawn is no offer.
    let gone =
        call!(clinic, withdraw_service_offer, WithdrawServiceOfferRequest { offer_id: fresh }).unwrap();
    let at_least = vec![written(gone.into_inner().written).revision];
    let found = matches(&mut clinic, pb::MatchOffersRequest { at_least, ..looking() }).await;
    assert_eq!(names(&found), ["Old"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_a_reason_and_no_exclusion_and_is_told_to_those_who_serve_the_person() {
    let service = service().await;
    let (_, _) = published(&service, CLINIC, offer("Theirs")).await;
    let (_, last) = published(&service, SHELTER, offer("Own")).await;
    let asked =
        || pb::MatchOffersRequest { person_id: ANA.to_string(), at_least: vec![last.clone()], ..looking() };
    let consent = |found: &pb::OfferMatch| {
        let told = codes(found).into_iter();
        told.filter(|code| code.as_str_name().contains("CONSENT")).collect::<Vec<_>>()
    };
    use pb::MatchReasonCode as Code;
    let mut shelter = Client::new(service.worker(SHELTER));
    let found = matches(&mut shelter, asked()).await;
    assert_eq!(names(&found), ["Own", "Theirs"]);
    assert_eq!(consent(&found.matches[0]), [Code::ConsentNotNeeded]);
    assert_eq!(consent(&found.matches[1]), [Code::ConsentUnknown], "the shelter does not serve her yet");
    ana_allows(&service, CLINIC).await;
    served_by_the_shelter(&service).await;
    let theirs = async |client: &mut Client<Peer>| {
        let found = matches(client, asked()).await;
        let theirs = found.matches.iter().find(|each| offer_of(each).agency_id == CLINIC.to_string());
        (consent(theirs.unwrap()), theirs.unwrap().excludes)
    };
    until("the consent to be known", async || {
        (theirs(&mut shelter).await == (vec![Code::ConsentCovers], false)).then_some(())
    })
    .await;
    // Whoever does not serve the person learns nothing of what they allow.
    let mut stranger = Client::new(service.worker(AgencyId::of(99)));
    assert_eq!(theirs(&mut stranger).await, (vec![Code::ConsentUnknown], false));
    let mut ana = Client::new(service.person(ANA));
    assert_eq!(theirs(&mut ana).await, (vec![Code::ConsentNotNeeded], false));
    let other = pb::MatchOffersRequest { person_id: PersonId::of(11).to_string(), ..asked() };
    assert!(ana.match_offers(other).await.unwrap_err().message().starts_with("person_id "));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_writes_nothing_anywhere_and_wakes_nobody() {
    let service = service().await;
    let (_, last) = published(&service, CLINIC, offer("Theirs")).await;
    ana_allows(&service, CLINIC).await;
    served_by_the_shelter(&service).await;
    let heads = async || {
        let mut heads = vec![];
        for log in ["registry", "referrals", "vocational", "housing", "therapy", "coordination"] {
            heads.push(service.log(log).head().await.unwrap().position);
        }
        heads
    };
    let before = heads().await;
    let asked = pb::MatchOffersRequest {
        person_id: ANA.to_string(),
        at_least: vec![last],
        languages: vec!["es".into()],
        place: Some(pb::Place { postal_code: "60601".into(), ..Default::default() }),
        hours: vec![open(&["MO"], "17:00", "20:00")],
        modes: vec![pb::OfferMode::Video.into()],
        age: Some(40),
        ..looking()
    };
    let mut shelter = Client::new(service.worker(SHELTER));
    assert_eq!(names(&matches(&mut shelter, asked).await), ["Theirs"]);
    // A log that was written to says so; every reader, reaction and message of a target comes of a log.
    assert_eq!(heads().await, before);
    let received = pb::ListReferralsRequest { side: pb::Side::Received.into(), ..Default::default() };
    let inbox = Client::new(service.worker(CLINIC)).list_referrals(received).await.unwrap();
    assert!(inbox.into_inner().referrals.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_does_not_parse_is_told_the_field() {
    let service = service().await;
    let mut shelter = Client::new(service.worker(SHELTER));
    for (request, field) in [
        (pb::MatchOffersRequest::default(), "life_domain"),
        (pb::MatchOffersRequest { life_domain: 99, ..looking() }, "life_domain"),
        (pb::MatchOffersRequest { goal_life_domains: vec![1, 99], ..looking() }, "goal_life_domains[1]"),
        (
            pb::MatchOffersRequest { preferred_life_domains: vec![0], ..looking() },
            "preferred_life_domains[0]",
        ),
        (pb::MatchOffersRequest { languages: vec!["?".into()], ..looking() }, "languages[0]"),
        (pb::MatchOffersRequest { modes: vec![0], ..looking() }, "modes[0]"),
        (pb::MatchOffersRequest { age: Some(151), ..looking() }, "age"),
        (pb::MatchOffersRequest { person_id: "Ana".into(), ..looking() }, "person_id"),
        (pb::MatchOffersRequest { page_token: "x".into(), ..looking() }, "page_token"),
        (pb::MatchOffersRequest { page_size: -1, ..looking() }, "page_size"),
        (
            pb::MatchOffersRequest {
                place: Some(pb::Place { country: "Mars".into(), ..Default::default() }),
                ..looking()
            },
            "place.country",
        ),
    ] {
        let refused = shelter.match_offers(request).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument);
        assert!(refused.message().starts_with(&format!("{field} ")), "{field}: {}", refused.message());
    }
    let recorder = Client::new(service.recorder(SHELTER)).match_offers(looking()).await.unwrap_err();
    assert_eq!(recorder.code(), tonic::Code::PermissionDenied);
}
