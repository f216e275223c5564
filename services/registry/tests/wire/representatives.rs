//! Who speaks for a person through the wire: added, ended, shown, and whose signature gives a minor's directive.

use super::*;

const FORM: &str = "signed form";

fn on(year: i32, month: i32, day: i32) -> Option<proto::Date> {
    Some(proto::Date { year, month, day })
}

fn rob() -> pb::Representative {
    pb::Representative {
        name: "Rob Canary".into(),
        relation: pb::RepresentativeRelation::Parent.into(),
        matters: vec![pb::RepresentativeMatter::Consents.into()],
        from: on(2020, 1, 1),
        until: None,
        evidence: "canary order".into(),
    }
}

fn adding(person: &str, representative: pb::Representative) -> pb::AddRepresentativeRequest {
    pb::AddRepresentativeRequest {
        request_id: new_request(),
        person_id: person.into(),
        representative: Some(representative),
        ..Default::default()
    }
}

async fn adds(client: &mut Client<Peer>, person: &str, who: pb::Representative) -> (String, Written) {
    let reply = client.add_representative(adding(person, who)).await.unwrap().into_inner();
    (reply.representative_id, written(reply.written))
}

async fn at_least(reader: &mut Client<Peer>, person: &str, seen: &Written) -> pb::Person {
    let request = pb::GetPersonRequest {
        person_id: person.into(),
        at_least: vec![seen.revision.clone()],
        ..Default::default()
    };
    reader.get_person(request).await.unwrap().into_inner().person.unwrap()
}

async fn serves_too(registry: &Registry, person: &str, agency: AgencyId) -> Written {
    let mut clinic = registry.clinic();
    let (person_id, agency_id) = (person.to_owned(), agency.to_string());
    call!(clinic, add_serving_agency, AddServingAgencyRequest { person_id: person_id, agency_id: agency_id })
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_representative_is_added_sealed_shown_by_class_and_ended_by_the_agency_that_added_them() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let mut herself = registry.person(&person);
    for (wrong, field) in [
        (pb::Representative { name: " ".into(), ..rob() }, "representative.name"),
        (pb::Representative { relation: 77, ..rob() }, "representative.relation"),
        (pb::Representative { matters: vec![], ..rob() }, "representative.matters"),
        (pb::Representative { matters: vec![1, 9], ..rob() }, "representative.matters[1]"),
        (pb::Representative { from: None, ..rob() }, "representative.from"),
        (pb::Representative { until: rob().from, ..rob() }, "representative.until"),
        (pb::Representative { evidence: String::new(), ..rob() }, "representative.evidence"),
    ] {
        let status = clinic.add_representative(adding(&person, wrong)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{field}");
        assert!(status.message().starts_with(&format!("{field} ")), "{status:?}");
    }
    assert_eq!(refused(herself.add_representative(adding(&person, rob())).await), "ROLE_NOT_ALLOWED");
    assert_eq!(
        refused(registry.operator().add_representative(adding(&person, rob())).await),
        "ROLE_NOT_ALLOWED"
    );
    assert_eq!(
        refused(registry.shelter().add_representative(adding(&person, rob())).await),
        "PERSON_NOT_FOUND"
    );
    let request = adding(&person, rob());
    let made = clinic.add_representative(request.clone()).await.unwrap().into_inner();
    assert_eq!(
        clinic.add_representative(request).await.unwrap().into_inner(),
        made,
        "a retry gives the same reply"
    );
    let (id, added) = (made.representative_id, written(made.written));
    for reader in [&mut clinic, &mut herself, &mut registry.operator()] {
        let read = at_least(reader, &person, &added).await;
        let held = &read.representatives[0];
        assert_eq!((&held.id, &held.representative), (&id, &Some(rob())));
        assert_eq!(held.agency_id, CLINIC.to_string());
    }
    // Another agency that serves them is shown nobody before the person allows it, and what stands behind it never.
    let mut shelter = registry.shelter();
    let serves = serves_too(&registry, &person, SHELTER).await;
    assert_eq!(at_least(&mut shelter, &person, &serves).await.representatives, []);
    let (_, given) = gives(&mut herself, &person, to(SHELTER)).await.unwrap();
    let read = at_least(&mut shelter, &person, &given).await;
    let bare = pb::Representative { evidence: String::new(), ..rob() };
    assert_eq!(read.representatives[0].representative, Some(bare));

    let ending = |id: &str, until| pb::EndRepresentativeRequest {
        request_id: new_request(),
        person_id: person.clone(),
        representative_id: id.into(),
        until,
        ..Default::default()
    };
    let until = on(2026, 6, 1);
    assert_eq!(refused(shelter.end_representative(ending(&id, until)).await), "REPRESENTATIVE_NOT_FOUND");
    for (wrong, field) in [(ending("Rob", until), "representative_id"), (ending(&id, None), "until")] {
        let status = clinic.end_representative(wrong).await.unwrap_err();
        assert!(status.message().starts_with(&format!("{field} ")), "{status:?}");
    }
    let before = clinic.end_representative(ending(&id, on(2019, 12, 31))).await;
    assert_eq!(refused(before), "REPRESENTATIVE_ENDS_BEFORE_BEGUN");
    let ended = clinic.end_representative(ending(&id, until)).await.unwrap().into_inner();
    let read = at_least(&mut clinic, &person, &written(ended.written)).await;
    assert_eq!(read.representatives[0].representative.as_ref().unwrap().until, until);
    let later = clinic.end_representative(ending(&id, on(2026, 7, 1))).await;
    assert_eq!(refused(later), "REPRESENTATIVE_ENDED");
    for event in registry.alone.events().await {
        let bytes = event.encode_to_vec();
        for canary in ["Canary", "canary"] {
            assert!(!bytes.windows(canary.len()).any(|part| part == canary.as_bytes()), "{}", event.r#type);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_somebody_who_is_not_to_be_found_no_representative_is_shown_to_who_does_not_serve_them() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Ana", "Example").await.id;
    adds(&mut clinic, &person, rob()).await;
    let mut herself = registry.person(&person);
    let (_, given) = gives(&mut herself, &person, to(SHELTER)).await.unwrap();
    let mut shelter = registry.shelter();
    assert_eq!(at_least(&mut shelter, &person, &given).await.representatives.len(), 1);
    let reason = pb::RestrictionReason::OwnWish.into();
    let person_id = person.clone();
    let hidden =
        call!(herself, restrict_person, RestrictPersonRequest { person_id: person_id, reason: reason })
            .unwrap();
    assert_eq!(at_least(&mut shelter, &person, &hidden).await.representatives, []);
    assert_eq!(at_least(&mut clinic, &person, &hidden).await.representatives.len(), 1);
}

fn by_staff(person: &str, grantor: pb::ConsentGrantor, representative: &str) -> pb::GiveConsentRequest {
    let content = pb::ConsentContent {
        grantor: grantor.into(),
        representative_id: representative.into(),
        ..content(to(SHELTER)).unwrap()
    };
    pb::GiveConsentRequest {
        voice: Voice::Person.into(),
        evidence: FORM.into(),
        content: Some(content),
        ..giving(person, to(SHELTER))
    }
}

/// An agency of the operator's making, with this rule, and a worker of it.
async fn agency(registry: &Registry, minor_age: u32, rule: pb::MinorConsent) -> (AgencyId, Client<Peer>) {
    let content = Some(pb::AgencyContent {
        name: "Own".into(),
        zone: "America/Chicago".into(),
        minor_age,
        minor_consent: rule.into(),
        ..Default::default()
    });
    let mut operator = registry.operator();
    let made = call!(operator, register_agency, RegisterAgencyRequest { content: content.clone() }).unwrap();
    let id = AgencyId::new(made.id.parse().unwrap());
    let read = read!(operator, get_agency, GetAgencyRequest { agency_id: made.id }).unwrap();
    assert_eq!(read.agency.unwrap().content, content, "its rule is read as it was said");
    (id, Client::new(registry.alone.worker(id)))
}

async fn minor(client: &mut Client<Peer>) -> String {
    let details =
        named("Kim", "Example").map(|details| pb::PersonDetails { birth_date: on(2011, 7, 24), ..details });
    call!(client, register_person, RegisterPersonRequest { details: details }).unwrap().id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_minors_directive_takes_the_signature_that_the_agencys_rule_asks_for() {
    use pb::ConsentGrantor::{Both, Person, Representative};
    let registry = registry().await;
    let wrong =
        Some(pb::AgencyContent { name: "A".into(), zone: "UTC".into(), minor_age: 22, ..Default::default() });
    let wrong = call!(registry.operator(), register_agency, RegisterAgencyRequest { content: wrong });
    assert!(wrong.unwrap_err().message().starts_with("content.minor_age "));
    for (age, rule, refusals) in [
        (0, pb::MinorConsent::Unspecified, ["REPRESENTATIVE_MUST_SIGN", "", ""]),
        (0, pb::MinorConsent::Representative, ["REPRESENTATIVE_MUST_SIGN", "", ""]),
        (0, pb::MinorConsent::Alone, ["", "PERSON_MUST_SIGN", ""]),
        (0, pb::MinorConsent::Both, ["REPRESENTATIVE_MUST_SIGN", "PERSON_MUST_SIGN", ""]),
        (13, pb::MinorConsent::Both, ["", "", ""]),
    ] {
        let (_, mut worker) = agency(&registry, age, rule).await;
        for (grantor, refusal) in [Person, Representative, Both].into_iter().zip(refusals) {
            let kim = minor(&mut worker).await;
            let (rob, _) = adds(&mut worker, &kim, rob()).await;
            let representative = if grantor == Person { "" } else { rob.as_str() };
            let reply = worker.give_consent(by_staff(&kim, grantor, representative)).await;
            match refusal {
                "" => assert!(reply.is_ok(), "{rule:?} {grantor:?}: {reply:?}"),
                refusal => assert_eq!(refused(reply), refusal, "{rule:?} {grantor:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_their_own_login_a_minor_gives_what_every_agency_that_serves_them_lets_them() {
    let registry = registry().await;
    let (_, mut lenient) = agency(&registry, 0, pb::MinorConsent::Alone).await;
    let kim = minor(&mut lenient).await;
    gives(&mut registry.person(&kim), &kim, to(SHELTER)).await.unwrap();
    let (strict, _) = agency(&registry, 0, pb::MinorConsent::Both).await;
    let (person_id, agency_id) = (kim.clone(), strict.to_string());
    call!(
        lenient,
        add_serving_agency,
        AddServingAgencyRequest { person_id: person_id, agency_id: agency_id }
    )
    .unwrap();
    let alone = gives(&mut registry.person(&kim), &kim, for_referral(SHELTER)).await;
    assert_eq!(refused(alone), "REPRESENTATIVE_MUST_SIGN");
    let staff = lenient.give_consent(by_staff(&kim, pb::ConsentGrantor::Person, "")).await;
    assert_eq!(refused(staff), "DIRECTIVE_SAYS_NOTHING_NEW", "at their own agency its own rule holds");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_representative_in_force_for_consents_gives_one_and_is_shown_to_those_whom_it_concerns() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let kim = minor(&mut clinic).await;
    let by = |id: &str| by_staff(&kim, pb::ConsentGrantor::Representative, id);
    let over = pb::Representative { until: on(2021, 1, 1), ..rob() };
    let goals = vec![pb::RepresentativeMatter::Goals.into()];
    for wrong in [over, pb::Representative { matters: goals, ..rob() }] {
        let (id, _) = adds(&mut clinic, &kim, wrong).await;
        assert_eq!(refused(clinic.give_consent(by(&id)).await), "REPRESENTATIVE_NOT_ON_RECORD");
    }
    let others = minor(&mut clinic).await;
    let (of_another, _) = adds(&mut clinic, &others, rob()).await;
    assert_eq!(refused(clinic.give_consent(by(&of_another)).await), "REPRESENTATIVE_NOT_ON_RECORD");

    let (id, _) = adds(&mut clinic, &kim, rob()).await;
    let mut give = by(&id);
    give.content.as_mut().unwrap().representative = "Rob Canary, father".into();
    let reply = clinic.give_consent(give).await.unwrap().into_inner();
    let given = written(reply.written);
    let shown = |consents: Vec<pb::Consent>| {
        let content = consents[0].content.clone().unwrap();
        assert_eq!(content.grantor(), pb::ConsentGrantor::Representative);
        (content.representative, content.representative_id)
    };
    let whole = ("Rob Canary, father".to_owned(), id);
    for reader in [&mut clinic, &mut registry.person(&kim), &mut registry.operator()] {
        assert_eq!(shown(consents(reader, &kim, &given).await), whole);
    }
    let recipient = consents(&mut registry.shelter(), &kim, &given).await;
    assert!(!format!("{recipient:?}").contains("Canary"), "{recipient:?}");
    assert_eq!(shown(recipient), Default::default(), "whom it names reads what it opens, and not who signed");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_speaks_for_a_person_by_one_record_speaks_for_them_by_those_that_are_linked_with_it() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        speaks_by_linked_records(store).await;
    }
}

async fn speaks_by_linked_records(store: OnStore) {
    let registry = registry_on(store).await;
    let (mut clinic, mut operator) = (registry.clinic(), registry.operator());
    let kim = minor(&mut clinic).await;
    // The other record tells no birth date, and the shelter's alone is a third.
    let details = Some(pb::PersonDetails { given_name: "Kim".into(), ..Default::default() });
    let double = call!(clinic, register_person, RegisterPersonRequest { details: details }).unwrap().id;
    let elsewhere = minor(&mut registry.shelter()).await;
    let (id, _) = adds(&mut clinic, &kim, rob()).await;
    let (hidden, _) = adds(&mut registry.shelter(), &elsewhere, rob()).await;
    let by = |grantor, id: &str| by_staff(&double, grantor, id);
    use pb::ConsentGrantor::{Person, Representative};
    let alone = clinic.give_consent(by(Representative, &id)).await;
    assert_eq!(refused(alone), "REPRESENTATIVE_NOT_ON_RECORD", "not before they are one human's");
    let mut latest = None;
    for member in [&double, &elsewhere] {
        let link = pb::LinkPersonsRequest {
            request_id: new_request(),
            canonical_id: kim.clone(),
            member_id: member.clone(),
            ..Default::default()
        };
        latest = operator.link_persons(link).await.unwrap().into_inner().written;
    }
    let seen = written(latest);
    for record in [&kim, &double] {
        let read = at_least(&mut clinic, record, &seen).await;
        let held: Vec<_> = read.representatives.iter().map(|held| (&held.id, &held.person_id)).collect();
        assert_eq!(held, [(&id, &kim)], "and the shelter's is the shelter's to show");
        let read = at_least(&mut operator, record, &seen).await;
        let held: Vec<_> = read.representatives.iter().map(|held| held.id.clone()).collect();
        assert_eq!(held.len(), 2);
        assert!(held.contains(&hidden));
    }
    // A minor by one record is one by all, and whom that names signs.
    assert_eq!(refused(clinic.give_consent(by(Person, "")).await), "REPRESENTATIVE_MUST_SIGN");
    clinic.give_consent(by(Representative, &id)).await.unwrap();
    let unlink = pb::UnlinkPersonsRequest {
        request_id: new_request(),
        canonical_id: kim.clone(),
        member_id: double.clone(),
        ..Default::default()
    };
    let parted = written(clinic.unlink_persons(unlink).await.unwrap().into_inner().written);
    assert_eq!(at_least(&mut clinic, &double, &parted).await.representatives, []);
    let content = pb::ConsentContent {
        grantor: Representative.into(),
        representative_id: id.clone(),
        ..content(for_referral(SHELTER)).unwrap()
    };
    let again = pb::GiveConsentRequest { content: Some(content), ..by(Representative, &id) };
    assert_eq!(refused(clinic.give_consent(again).await), "REPRESENTATIVE_NOT_ON_RECORD");
}
