//! What stands beside a record: a death, and that the person is not to be found.

use super::*;

fn died(day: i64, source: pb::DeathSource) -> Option<pb::Death> {
    let at = prost_types::Timestamp { seconds: 1_772_000_000 + day * 86_400, nanos: 0 };
    let died = Occurred { at: Some(at), precision: Precision::Day.into(), zone: "America/Chicago".into() };
    Some(pb::Death { died: Some(died), source: source.into() })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_is_told_corrected_and_taken_back() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let person_id = || person.clone();
    let report = |death| pb::ReportDeathRequest {
        request_id: new_request(),
        person_id: person_id(),
        death,
        ..Default::default()
    };
    assert_eq!(refused(clinic.report_death(report(None)).await), "BAD_FIELD");
    let ahead = clinic.report_death(report(died(300, pb::DeathSource::Family))).await.unwrap_err();
    assert!(ahead.message().contains("death.died"), "{ahead:?}");
    let sourceless = clinic.report_death(report(died(1, pb::DeathSource::Unspecified))).await.unwrap_err();
    assert!(sourceless.message().contains("death.source"), "{sourceless:?}");
    assert_eq!(
        refused(registry.shelter().report_death(report(died(1, pb::DeathSource::Family))).await),
        "PERSON_NOT_FOUND"
    );

    let told = written(
        clinic.report_death(report(died(1, pb::DeathSource::Family))).await.unwrap().into_inner().written,
    );
    let again = written(
        clinic.report_death(report(died(1, pb::DeathSource::Family))).await.unwrap().into_inner().written,
    );
    assert_eq!(again.etag, told.etag);
    clinic.report_death(report(died(0, pb::DeathSource::OfficialRecord))).await.unwrap();
    let read = get(&mut clinic, &person).await.unwrap();
    assert_eq!(
        (read.state(), read.death.unwrap().source()),
        (pb::PersonState::Deceased, pb::DeathSource::OfficialRecord)
    );
    let events = registry.alone.events().await;
    let last = events.last().unwrap();
    assert_eq!(last.occurred.as_ref().unwrap().precision, i32::from(Precision::Day));

    call!(clinic, mark_death_entered_in_error, MarkDeathEnteredInErrorRequest { person_id: person_id() })
        .unwrap();
    let read = get(&mut clinic, &person).await.unwrap();
    assert_eq!((read.state(), read.death), (pb::PersonState::Active, None));
    let own = call!(
        registry.person(&person),
        mark_death_entered_in_error,
        MarkDeathEnteredInErrorRequest { person_id: person_id() }
    );
    assert_eq!(refused(own), "ROLE_NOT_ALLOWED");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_is_that_of_all_records_of_one_human_and_a_part_2_programmes_word_of_it_is_its_own() {
    let registry = registry().await;
    let mut operator = registry.operator();
    let house = programme(&registry).await;
    let (mut clinic, mut programme) = (registry.clinic(), Client::new(registry.alone.worker(house)));
    let (one, other) =
        (register(&mut clinic, "Ana", "Example").await.id, register(&mut clinic, "Ana", "Example").await.id);
    let serve = pb::AddServingAgencyRequest {
        request_id: new_request(),
        person_id: other.clone(),
        agency_id: house.to_string(),
        ..Default::default()
    };
    clinic.add_serving_agency(serve).await.unwrap();
    let linked = call!(
        clinic,
        link_persons,
        LinkPersonsRequest { canonical_id: one.clone(), member_id: other.clone() }
    );
    linked.unwrap();
    let report = |source| pb::ReportDeathRequest {
        request_id: new_request(),
        person_id: other.clone(),
        death: died(1, source),
        ..Default::default()
    };
    let deceased = async |reader: &mut Client<Peer>, person: &str, seen: &Written| {
        let request = pb::GetPersonRequest {
            person_id: person.into(),
            at_least: vec![seen.revision.clone()],
            ..Default::default()
        };
        let read = reader.get_person(request).await.unwrap().into_inner().person.unwrap();
        let source = read.death.as_ref().map(|death| death.source());
        assert_eq!(read.state() == pb::PersonState::Deceased, source.is_some());
        source
    };
    let (provider, family) = (pb::DeathSource::Provider, pb::DeathSource::Family);
    let told = written(programme.report_death(report(provider)).await.unwrap().into_inner().written);
    for record in [&one, &other] {
        assert_eq!(deceased(&mut clinic, record, &told).await, None, "the programme's word");
        assert_eq!(deceased(&mut operator, record, &told).await, Some(provider));
    }
    assert_eq!(deceased(&mut programme, &other, &told).await, Some(provider));
    let told = written(clinic.report_death(report(family)).await.unwrap().into_inner().written);
    for record in [&one, &other] {
        assert_eq!(deceased(&mut clinic, record, &told).await, Some(family));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_takes_back_its_own_word_of_a_death_and_nobody_elses() {
    let registry = registry().await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let person = register(&mut clinic, "Ana", "Example").await.id;
    around::serves_too(&mut clinic, &person, SHELTER).await;
    let report = |source| pb::ReportDeathRequest {
        request_id: new_request(),
        person_id: person.clone(),
        death: died(1, source),
        ..Default::default()
    };
    let (family, provider) = (pb::DeathSource::Family, pb::DeathSource::Provider);
    clinic.report_death(report(family)).await.unwrap();
    shelter.report_death(report(provider)).await.unwrap();
    let back = || pb::MarkDeathEnteredInErrorRequest {
        request_id: new_request(),
        person_id: person.clone(),
        ..Default::default()
    };
    shelter.mark_death_entered_in_error(back()).await.unwrap();
    for reader in [&mut clinic, &mut shelter, &mut registry.operator()] {
        let read = get(reader, &person).await.unwrap();
        let told = read.death.as_ref().map(|death| death.source());
        assert_eq!(
            (read.state(), told),
            (pb::PersonState::Deceased, Some(family)),
            "the clinic's word stands"
        );
    }
    let again = shelter.mark_death_entered_in_error(back()).await.unwrap_err();
    assert_eq!(
        (again.code(), reason(&again).as_deref()),
        (Code::PermissionDenied, Some("DEATH_TOLD_BY_ANOTHER"))
    );
    assert!(!again.message().contains(&CLINIC.to_string()), "{}", again.message());
    assert_eq!(get(&mut clinic, &person).await.unwrap().state(), pb::PersonState::Deceased, "said again");
    clinic.mark_death_entered_in_error(back()).await.unwrap();
    let read = get(&mut clinic, &person).await.unwrap();
    assert_eq!((read.state(), read.death), (pb::PersonState::Active, None), "none is left");
    shelter.mark_death_entered_in_error(back()).await.unwrap();
    // Who runs the system takes back all of it.
    clinic.report_death(report(family)).await.unwrap();
    shelter.report_death(report(provider)).await.unwrap();
    registry.operator().mark_death_entered_in_error(back()).await.unwrap();
    assert_eq!(get(&mut clinic, &person).await.unwrap().state(), pb::PersonState::Active);
}

/// Somebody of whom the clinic has two records, linked, the second one the shelter's too.
async fn twice(registry: &Registry) -> (String, String) {
    let mut clinic = registry.clinic();
    let one = register(&mut clinic, "Ana", "Example").await.id;
    let other = register(&mut clinic, "Ana", "Example").await.id;
    around::serves_too(&mut clinic, &other, SHELTER).await;
    let link = pb::LinkPersonsRequest {
        request_id: new_request(),
        canonical_id: one.clone(),
        member_id: other.clone(),
        ..Default::default()
    };
    clinic.link_persons(link).await.unwrap();
    (one, other)
}

async fn a_death_told_on_another_record(store: OnStore) {
    let registry = registry_on(store).await;
    let (mut clinic, mut shelter, mut operator) =
        (registry.clinic(), registry.shelter(), registry.operator());
    let (one, other) = twice(&registry).await;
    let report = |of: &str| pb::ReportDeathRequest {
        request_id: new_request(),
        person_id: of.into(),
        death: died(1, pb::DeathSource::Family),
        ..Default::default()
    };
    let back = |of: &str| pb::MarkDeathEnteredInErrorRequest {
        request_id: new_request(),
        person_id: of.into(),
        ..Default::default()
    };
    let lives = async |seen: Option<Written>| {
        let at_least = vec![written(seen).revision];
        let mut lives = vec![];
        for record in [&one, &other] {
            let request = pb::GetPersonRequest {
                person_id: record.clone(),
                at_least: at_least.clone(),
                ..Default::default()
            };
            let read = registry.clinic().get_person(request).await.unwrap().into_inner().person.unwrap();
            lives.push(read.state() == pb::PersonState::Active && read.death.is_none());
        }
        lives
    };
    // Told of the one and taken back of the other, from either side; and, told of both, of both at once.
    for (told, named) in [(vec![&other], &one), (vec![&one], &other), (vec![&one, &other], &one)] {
        for record in told {
            let told = clinic.report_death(report(record)).await.unwrap().into_inner();
            assert_eq!(lives(told.written).await, [false, false]);
        }
        let request = back(named);
        let taken = clinic.mark_death_entered_in_error(request.clone()).await.unwrap().into_inner();
        assert_eq!(lives(taken.written.clone()).await, [true, true]);
        assert_eq!(written(taken.written.clone()).id, *named, "the reply is about the record that was named");
        let again = clinic.mark_death_entered_in_error(request).await.unwrap().into_inner();
        assert_eq!(again, taken, "and a resend's is the same");
    }
    // Whoever told none of it is told so on either record, as far as they may name it.
    shelter.report_death(report(&other)).await.unwrap();
    for record in [&one, &other] {
        let status = clinic.mark_death_entered_in_error(back(record)).await.unwrap_err();
        assert_eq!(reason(&status).as_deref(), Some("DEATH_TOLD_BY_ANOTHER"), "{status:?}");
    }
    assert_eq!(refused(shelter.mark_death_entered_in_error(back(&one)).await), "PERSON_NOT_FOUND");
    let taken = operator.mark_death_entered_in_error(back(&one)).await.unwrap().into_inner();
    assert_eq!(lives(taken.written).await, [true, true], "who runs the system takes back all of it");
    // Of two that are linked no more each death is its own.
    let unlink = call!(
        clinic,
        unlink_persons,
        UnlinkPersonsRequest { canonical_id: one.clone(), member_id: other.clone() }
    );
    unlink.unwrap();
    clinic.report_death(report(&other)).await.unwrap();
    let taken = clinic.mark_death_entered_in_error(back(&one)).await.unwrap().into_inner();
    assert_eq!(lives(taken.written).await, [true, false]);
    registry.alone.one_batch_makes_the_same_lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_is_taken_back_on_whichever_of_one_humans_records_it_was_told() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        a_death_told_on_another_record(store).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_shown_a_programmes_word_of_a_death_is_not_told_of_it_by_a_refusal() {
    let registry = registry().await;
    let house = programme(&registry).await;
    let (mut clinic, mut programme) = (registry.clinic(), Client::new(registry.alone.worker(house)));
    let person = register(&mut clinic, "Ana", "Example").await.id;
    around::serves_too(&mut clinic, &person, house).await;
    let report = pb::ReportDeathRequest {
        request_id: new_request(),
        person_id: person.clone(),
        death: died(1, pb::DeathSource::Provider),
        ..Default::default()
    };
    programme.report_death(report).await.unwrap();
    let back = || pb::MarkDeathEnteredInErrorRequest {
        request_id: new_request(),
        person_id: person.clone(),
        ..Default::default()
    };
    clinic.mark_death_entered_in_error(back()).await.unwrap();
    assert_eq!(get(&mut clinic, &person).await.unwrap().death, None);
    assert_eq!(get(&mut programme, &person).await.unwrap().state(), pb::PersonState::Deceased);
    programme.mark_death_entered_in_error(back()).await.unwrap();
    assert_eq!(get(&mut programme, &person).await.unwrap().state(), pb::PersonState::Active);
}

async fn who_is_not_to_be_found(store: OnStore) {
    let registry = registry_on(store).await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let shared = || pb::PersonIdentifier {
        system: "PersonalID".into(),
        value: "528656".into(),
        shared_by_source: "hmis:1".into(),
        ..Default::default()
    };
    let phone = pb::ContactPoint {
        kind: pb::ContactKind::Phone.into(),
        value: "555-0100".into(),
        ..Default::default()
    };
    let details = named("Zebulonia", "Example")
        .map(|details| pb::PersonDetails { contact_points: vec![phone], ..details });
    let request =
        pb::RegisterPersonRequest { request_id: new_request(), details, identifiers: vec![shared()] };
    let person = written(clinic.register_person(request).await.unwrap().into_inner().written).id;
    let mut herself = registry.person(&person);
    let (_, allowed) = gives(&mut herself, &person, to(SHELTER)).await.unwrap();
    let by_number = |seen: &Written| pb::FindPersonsRequest {
        identifier: Some(shared()),
        at_least: vec![seen.revision.clone()],
        ..Default::default()
    };
    for agency in [&mut clinic, &mut shelter] {
        assert_eq!(find(agency, by_name("zebulonia", &allowed)).await, [person.as_str()]);
        assert_eq!(find(agency, by_number(&allowed)).await, [person.as_str()]);
        assert_eq!(get(agency, &person).await.unwrap().details.unwrap().contact_points.len(), 1);
    }

    let reason = pb::RestrictionReason::FleeingViolence.into();
    let missing = call!(herself, restrict_person, RestrictPersonRequest { person_id: person.clone() });
    assert_eq!(refused(missing), "BAD_FIELD");
    let other =
        call!(shelter, restrict_person, RestrictPersonRequest { person_id: person.clone(), reason: reason });
    assert_eq!(refused(other), "PERSON_NOT_FOUND", "allowed to see is not to serve");
    let hidden =
        call!(herself, restrict_person, RestrictPersonRequest { person_id: person.clone(), reason: reason });
    let hidden = hidden.unwrap();
    // Never by name, and by a number for those alone who serve them.
    for agency in [&mut clinic, &mut shelter, &mut registry.operator()] {
        assert_eq!(find(agency, by_name("zebulonia", &hidden)).await, [] as [&str; 0]);
    }
    assert_eq!(find(&mut clinic, by_number(&hidden)).await, [person.as_str()]);
    let both = pb::FindPersonsRequest { name: "zebulonia".into(), ..by_number(&hidden) };
    assert_eq!(find(&mut clinic, both.clone()).await, [person.as_str()]);
    for agency in [&mut shelter, &mut registry.operator()] {
        assert_eq!(find(agency, by_number(&hidden)).await, [] as [&str; 0]);
        assert_eq!(find(agency, both.clone()).await, [] as [&str; 0]);
        let named = read!(agency, get_person, GetPersonRequest { identifier: Some(shared()) });
        assert_eq!(named.unwrap_err().code(), Code::NotFound);
    }
    // Whoever may see the person and does not serve them is told of no way to reach them, nor why.
    for (mut reader, near) in [
        (registry.clinic(), true),
        (registry.person(&person), true),
        (registry.shelter(), false),
        (registry.operator(), false),
    ] {
        let read = get(&mut reader, &person).await.unwrap();
        assert!(read.restricted);
        assert_eq!(read.details.unwrap().contact_points.len(), usize::from(near));
        assert_eq!(read.restriction_reason, if near { reason } else { 0 });
    }
    // A record linked with theirs is theirs.
    let double = register(&mut clinic, "Zebulonia", "Doubled").await;
    gives(&mut registry.person(&double.id), &double.id, to(SHELTER)).await.unwrap();
    let link = call!(
        clinic,
        link_persons,
        LinkPersonsRequest { canonical_id: double.id.clone(), member_id: person.clone() }
    );
    let linked = link.unwrap();
    assert_eq!(find(&mut shelter, by_name("zebulonia", &linked)).await, [] as [&str; 0]);

    let staff = call!(clinic, lift_restriction, LiftRestrictionRequest { person_id: person.clone() });
    assert_eq!(refused(staff), "RESTRICTED_BY_THE_PERSON");
    let own = Voice::Person.into();
    let lifted =
        call!(clinic, lift_restriction, LiftRestrictionRequest { person_id: person.clone(), voice: own });
    let found = find(&mut shelter, by_name("zebulonia", &lifted.unwrap())).await;
    assert_eq!(found.len(), 2);
    assert!(!get(&mut shelter, &person).await.unwrap().restricted);
    registry.alone.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_to_be_found_is_found_by_those_who_serve_them_and_never_by_name_on_sqlite() {
    who_is_not_to_be_found(OnStore::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_to_be_found_is_found_by_those_who_serve_them_and_never_by_name_on_postgres() {
    who_is_not_to_be_found(OnStore::Postgres).await;
}
