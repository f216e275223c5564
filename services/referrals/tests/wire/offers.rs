//! What offers say of whom they are for, where, when and how, and how much room they have.

use super::*;

/// An offer that says all that can be said.
fn whole(name: &str) -> pb::ServiceOfferContent {
    pb::ServiceOfferContent {
        eligibility: Some(pb::Eligibility {
            minimum_age: 18,
            maximum_age: 65,
            wants_service: true,
            population_codes: vec!["veterans".into()],
            text: "Lives in the county.".into(),
        }),
        areas: vec![
            pb::AreaServed {
                country: "us".into(),
                postal_codes: vec!["60601".into(), "60602".into()],
                name: String::new(),
            },
            pb::AreaServed { name: "Cook County".into(), ..Default::default() },
        ],
        languages: vec!["en".into(), "es-MX".into()],
        hours: vec![open(&["TU", "MO", "TU"], "09:00", "17:30"), open(&["FR"], "22:00", "02:00")],
        modes: vec![pb::OfferMode::InPerson.into(), pb::OfferMode::Video.into()],
        description: "Cooking for one, with a budget.".into(),
        terms: vec!["Life skills".into()],
        locations: vec![
            pb::OfferLocation {
                name: "Mill Street".into(),
                lines: vec!["1 Invented Street".into(), "Back door".into()],
                city: "Testville".into(),
                district: "Cook".into(),
                state: "IL".into(),
                postal_code: "60601".into(),
                country: "us".into(),
            },
            pb::OfferLocation { name: "The invented bus".into(), ..Default::default() },
        ],
        telecom: vec![
            pb::OfferContactPoint { extension: "12".into(), ..reached(pb::ContactSystem::Phone, "555 0100") },
            reached(pb::ContactSystem::Email, "kitchen@clinic.example"),
            reached(pb::ContactSystem::Url, "https://clinic.example/kitchen"),
            pb::OfferContactPoint {
                description: "textphone".into(),
                ..reached(pb::ContactSystem::Other, "555 0101")
            },
        ],
        ..offer(name)
    }
}

fn reached(system: pb::ContactSystem, value: &str) -> pb::OfferContactPoint {
    pb::OfferContactPoint { system: system.into(), value: value.into(), ..Default::default() }
}

pub(crate) fn open(days: &[&str], opens: &str, closes: &str) -> pb::OpenHours {
    let days = days.iter().map(|day| (*day).to_owned()).collect();
    pb::OpenHours { days, opens: opens.into(), closes: closes.into() }
}

async fn read_offer(client: &mut Client<Peer>, offer: &str) -> pb::ServiceOffer {
    let request = pb::GetServiceOfferRequest { offer_id: offer.into(), ..Default::default() };
    client.get_service_offer(request).await.unwrap().into_inner().offer.unwrap()
}

pub(crate) fn report(offer: &str, status: pb::CapacityStatus) -> pb::ReportCapacityRequest {
    pb::ReportCapacityRequest {
        request_id: new_request(),
        offer_id: offer.into(),
        status: status.into(),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_reads_back_all_that_it_says_and_is_changed_whole() {
    let service = service().await;
    let offer = with_offer(&service, whole("Kitchen skills")).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let said = read_offer(&mut clinic, &offer).await.content.unwrap();
    let mut expected = whole("Kitchen skills");
    expected.areas[0].country = "US".into();
    expected.locations[0].country = "US".into();
    expected.hours[0] = open(&["MO", "TU"], "09:00", "17:30");
    assert_eq!(said, expected, "a country in capitals, days in their order and once");

    let etag = read_offer(&mut clinic, &offer).await.etag;
    let content = Some(pb::ServiceOfferContent { hours: vec![], ..whole("Kitchen skills and more") });
    let change = pb::ChangeServiceOfferRequest {
        request_id: new_request(),
        etag: etag.clone(),
        offer_id: offer.clone(),
        content: content.clone(),
    };
    let first = clinic.change_service_offer(change.clone()).await.unwrap().into_inner();
    assert_eq!(clinic.change_service_offer(change.clone()).await.unwrap().into_inner(), first);
    let said = read_offer(&mut clinic, &offer).await.content.unwrap();
    assert_eq!((said.name.as_str(), said.hours.len()), ("Kitchen skills and more", 0));

    let again = || pb::ChangeServiceOfferRequest { request_id: new_request(), ..change.clone() };
    let refused = clinic.change_service_offer(again()).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::Aborted, Some("ETAG_MISMATCH")));
    let any = || pb::ChangeServiceOfferRequest { etag: String::new(), ..again() };
    let refused = Client::new(service.worker(SHELTER)).change_service_offer(any()).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::NotFound, Some("OFFER_NOT_FOUND")));
    call!(clinic, withdraw_service_offer, WithdrawServiceOfferRequest { offer_id: offer.clone() }).unwrap();
    let refused = clinic.change_service_offer(any()).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("OFFER_WITHDRAWN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_does_not_parse_is_told_the_field() {
    let service = service().await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let eligible = |eligibility| pb::ServiceOfferContent { eligibility: Some(eligibility), ..offer("A") };
    let hours = |days: &[&str], opens: &str, closes: &str| pb::ServiceOfferContent {
        hours: vec![open(days, opens, closes)],
        ..offer("A")
    };
    let area = |area| pb::ServiceOfferContent { areas: vec![area], ..offer("A") };
    let at = |location| pb::ServiceOfferContent { locations: vec![location], ..offer("A") };
    let by = |point| pb::ServiceOfferContent { telecom: vec![point], ..offer("A") };
    let ips = |eligibility| pb::ServiceOfferContent { practice: "ips".into(), ..eligible(eligibility) };
    for (content, field) in [
        (
            eligible(pb::Eligibility { minimum_age: 66, maximum_age: 65, ..Default::default() }),
            "content.eligibility.maximum_age",
        ),
        (
            eligible(pb::Eligibility { minimum_age: 151, ..Default::default() }),
            "content.eligibility.minimum_age",
        ),
        (
            eligible(pb::Eligibility { population_codes: vec!["Two Words".into()], ..Default::default() }),
            "content.eligibility.population_codes[0]",
        ),
        (area(pb::AreaServed::default()), "content.areas[0]"),
        (area(pb::AreaServed { country: "USA".into(), ..Default::default() }), "content.areas[0].country"),
        (
            area(pb::AreaServed { postal_codes: vec![" ".into()], ..Default::default() }),
            "content.areas[0].postal_codes[0]",
        ),
        (
            pb::ServiceOfferContent {
                languages: vec!["en".into(), "English".into(), "e".into()],
                ..offer("A")
            },
            "content.languages[2]",
        ),
        (hours(&["MON"], "09:00", "17:00"), "content.hours[0].days[0]"),
        (hours(&[], "09:00", "17:00"), "content.hours[0].days"),
        (hours(&["MO"], "9:00", "17:00"), "content.hours[0].opens"),
        (hours(&["MO"], "09:00", "24:00"), "content.hours[0].closes"),
        (hours(&["MO"], "09:00", "09:00"), "content.hours[0].closes"),
        (pb::ServiceOfferContent { modes: vec![1, 9], ..offer("A") }, "content.modes[1]"),
        (pb::ServiceOfferContent { terms: vec![String::new()], ..offer("A") }, "content.terms[0]"),
        (pb::ServiceOfferContent { description: "d".repeat(2_001), ..offer("A") }, "content.description"),
        (pb::ServiceOfferContent { life_domains: vec![], ..offer("A") }, "content.life_domains"),
        (
            at(pb::OfferLocation { state: "IL".into(), country: "US".into(), ..Default::default() }),
            "content.locations[0]",
        ),
        (
            at(pb::OfferLocation { city: "A".into(), country: "USA".into(), ..Default::default() }),
            "content.locations[0].country",
        ),
        (
            at(pb::OfferLocation { lines: vec!["A".into(), String::new()], ..Default::default() }),
            "content.locations[0].lines[1]",
        ),
        (
            at(pb::OfferLocation { postal_code: "6".repeat(21), ..Default::default() }),
            "content.locations[0].postal_code",
        ),
        (
            pb::ServiceOfferContent {
                locations: vec![pb::OfferLocation { city: "A".into(), ..Default::default() }; 21],
                ..offer("A")
            },
            "content.locations",
        ),
        (by(reached(pb::ContactSystem::Unspecified, "555 0100")), "content.telecom[0].system"),
        (by(reached(pb::ContactSystem::Phone, "call us")), "content.telecom[0].value"),
        (by(reached(pb::ContactSystem::Sms, "")), "content.telecom[0].value"),
        (by(reached(pb::ContactSystem::Email, "nobody")), "content.telecom[0].value"),
        (by(reached(pb::ContactSystem::Url, "javascript:alert(1)")), "content.telecom[0].value"),
        (
            by(pb::OfferContactPoint {
                extension: "1".into(),
                ..reached(pb::ContactSystem::Url, "https://clinic.example")
            }),
            "content.telecom[0].extension",
        ),
        // Zero exclusion.
        (ips(pb::Eligibility { text: "Is sober.".into(), ..Default::default() }), "content.eligibility.text"),
        (
            ips(pb::Eligibility { population_codes: vec!["housed".into()], ..Default::default() }),
            "content.eligibility.population_codes",
        ),
    ] {
        let request = pb::PublishServiceOfferRequest {
            request_id: new_request(),
            content: Some(content),
            ..Default::default()
        };
        let refused = clinic.publish_service_offer(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().starts_with(&format!("{field} ")), "{field}: {}", refused.message());
    }
    let wants = pb::Eligibility { minimum_age: 18, wants_service: true, ..Default::default() };
    with_offer(&service, ips(wants)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_offer_that_contradicts_zero_exclusion_is_kept_with_its_discrepancy() {
    let service = service().await;
    let mut recorder = Client::new(service.recorder(CLINIC));
    let sober = pb::Eligibility { text: "Is sober.".into(), ..Default::default() };
    let content = pb::ServiceOfferContent {
        practice: "ips".into(),
        eligibility: Some(sober.clone()),
        // The source need not know this system's life domains.
        life_domains: vec![],
        ..offer("Work for everybody")
    };
    let record = || pb::RecordServiceOfferRequest {
        request_id: new_request(),
        source: source("service", "1"),
        content: Some(content.clone()),
    };
    let first = written(recorder.record_service_offer(record()).await.unwrap().into_inner().written);
    assert_eq!(first.discrepancies[0].code, "ZERO_EXCLUSION");
    let read = read_offer(&mut recorder, &first.id).await;
    assert_eq!(read.content.unwrap().eligibility, Some(sober));
    let again = written(recorder.record_service_offer(record()).await.unwrap().into_inner().written);
    assert_eq!((again.id, again.etag), (first.id, first.etag), "told again it writes nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn room_is_shown_until_its_report_is_old_and_then_as_stale_to_whoever_asks() {
    let service = service().await;
    let offer = with_offer(&service, offer("Kitchen skills")).await;
    let (mut clinic, mut stranger) =
        (Client::new(service.worker(CLINIC)), Client::new(service.worker(AgencyId::of(99))));
    assert_eq!(read_offer(&mut stranger, &offer).await.capacity, None);
    let has = pb::ReportCapacityRequest {
        vacancies: 3,
        refresh_hours: 24,
        ..report(&offer, pb::CapacityStatus::Has)
    };
    let first = clinic.report_capacity(has.clone()).await.unwrap().into_inner();
    assert_eq!(clinic.report_capacity(has.clone()).await.unwrap().into_inner(), first, "a resend");
    let shown = read_offer(&mut stranger, &offer).await.capacity.unwrap();
    assert_eq!((shown.status(), shown.vacancies, shown.refresh_hours), (pb::CapacityStatus::Has, 3, 24));
    service.hours_pass(23);
    assert_eq!(read_offer(&mut stranger, &offer).await.capacity.unwrap().status(), pb::CapacityStatus::Has);
    service.hours_pass(1);
    let shown = read_offer(&mut stranger, &offer).await.capacity.unwrap();
    assert_eq!((shown.status(), shown.vacancies), (pb::CapacityStatus::Stale, 0), "never as available");
    let listed = until("the offer to be listed", async || {
        let page = stranger.list_service_offers(pb::ListServiceOffersRequest::default()).await.unwrap();
        page.into_inner().offers.pop()?.capacity
    })
    .await;
    assert_eq!((listed.status(), listed.vacancies), (pb::CapacityStatus::Stale, 0));

    // Content and room are told apart.
    let waits = report(&offer, pb::CapacityStatus::NoneWithWaitlist);
    clinic.report_capacity(waits).await.unwrap();
    let content = Some(self::offer("Kitchen skills II"));
    call!(clinic, change_service_offer, ChangeServiceOfferRequest { offer_id: offer.clone(), content })
        .unwrap();
    let read = read_offer(&mut stranger, &offer).await;
    assert_eq!(read.capacity.unwrap().status(), pb::CapacityStatus::NoneWithWaitlist);
    assert_eq!(read.content.unwrap().name, "Kitchen skills II");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_room_is_its_agencys_says_one_thing_and_is_not_older_than_what_is_known() {
    let service = service().await;
    let offer = with_offer(&service, offer("Kitchen skills")).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let ago = |hours: i64| {
        let at = service.clock.now() - jiff::SignedDuration::from_hours(hours);
        Some(platform::wire::to_instant(at))
    };
    let has = || report(&offer, pb::CapacityStatus::Has);
    for (request, field) in [
        (report(&offer, pb::CapacityStatus::Unspecified), "status"),
        (report(&offer, pb::CapacityStatus::Stale), "status"),
        (pb::ReportCapacityRequest { vacancies: 1, ..report(&offer, pb::CapacityStatus::None) }, "vacancies"),
        (pb::ReportCapacityRequest { refresh_hours: 8_761, ..has() }, "refresh_hours"),
        (pb::ReportCapacityRequest { as_of: ago(15 * 24), ..has() }, "as_of"),
        (pb::ReportCapacityRequest { as_of: ago(-1), ..has() }, "as_of"),
        (pb::ReportCapacityRequest { offer_id: "?".into(), ..has() }, "offer_id"),
    ] {
        let refused = clinic.report_capacity(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().starts_with(field), "{}", refused.message());
    }
    clinic.report_capacity(has()).await.unwrap();
    let older = pb::ReportCapacityRequest { as_of: ago(1), ..has() };
    let refused = clinic.report_capacity(older).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("LATER_CAPACITY_KNOWN"));
    let others = Client::new(service.worker(SHELTER)).report_capacity(has()).await.unwrap_err();
    assert_eq!((others.code(), reason(&others).as_deref()), (Code::NotFound, Some("OFFER_NOT_FOUND")));
    let person = Client::new(service.person(ANA)).report_capacity(has()).await.unwrap_err();
    assert_eq!(person.code(), Code::PermissionDenied);
}
