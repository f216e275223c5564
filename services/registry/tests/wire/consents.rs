//! Consent directives through the wire: drafted, given, revoked, replaced, expired by the clock, listed with their history, and what they open.
//! Invariant: each step is asserted as both the person and the agencies see it.

use super::*;

/// What a directive is like now, and what happened to it.
fn told(consents: &[pb::Consent], directive: &str) -> (pb::ConsentState, Vec<pb::ConsentState>) {
    let found = consents.iter().find(|consent| consent.id == directive).expect("the directive");
    (found.state(), found.history.iter().map(pb::ConsentVersion::state).collect())
}

fn by_staff(person: &str, scope: pb::ConsentScope) -> pb::GiveConsentRequest {
    pb::GiveConsentRequest {
        voice: Voice::Person.into(),
        evidence: "signed form".into(),
        ..giving(person, scope)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directive_is_prepared_given_and_revoked_and_its_history_is_read() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let mut herself = registry.person(&person);

    let draft = pb::DraftConsentRequest {
        request_id: new_request(),
        person_id: person.clone(),
        content: content(for_referral(SHELTER)),
        ..Default::default()
    };
    let drafted = clinic.draft_consent(draft.clone()).await.unwrap().into_inner();
    let again = clinic.draft_consent(draft.clone()).await.unwrap().into_inner();
    assert_eq!(again, drafted, "a resend gives the same reply");
    let directive = drafted.directive_id;
    let change = pb::DraftConsentRequest {
        request_id: new_request(),
        directive_id: directive.clone(),
        content: content(to(SHELTER)),
        ..draft
    };
    let changed = written(clinic.draft_consent(change).await.unwrap().into_inner().written);
    assert_eq!(
        get(&mut registry.shelter(), &person).await.unwrap_err().code(),
        Code::NotFound,
        "a draft opens nothing"
    );

    let give = pb::GiveConsentRequest { directive_id: directive.clone(), ..by_staff(&person, to(SHELTER)) };
    let as_it_is = pb::GiveConsentRequest { content: None, ..give };
    let stale = pb::GiveConsentRequest {
        request_id: new_request(),
        etag: written(drafted.written).etag,
        ..as_it_is.clone()
    };
    assert_eq!(clinic.give_consent(stale).await.unwrap_err().code(), Code::Aborted);
    let given = clinic.give_consent(as_it_is).await.unwrap().into_inner();
    let given = (given.directive_id, written(given.written));
    assert!(given.0 == directive && given.1.etag != changed.etag);
    let seen = consents(&mut herself, &person, &given.1).await;
    assert_eq!(seen[0].content.as_ref().unwrap().scope.as_ref().unwrap().purposes, to(SHELTER).purposes);
    assert!(get(&mut registry.shelter(), &person).await.is_ok());

    let revoked = revokes(&mut herself, &person, &directive).await.unwrap();
    let seen = consents(&mut herself, &person, &revoked).await;
    assert_eq!(get(&mut registry.shelter(), &person).await.unwrap_err().code(), Code::NotFound);
    use pb::ConsentState::{Active, Draft, Revoked};
    assert_eq!(told(&seen, &directive), (Revoked, vec![Draft, Draft, Active, Revoked]));
    let history = &seen[0].history;
    assert_eq!(history[0].scope.as_ref().unwrap().purposes, for_referral(SHELTER).purposes);
    assert_eq!(
        (history[2].agency_id.as_str(), history[2].evidence.as_str()),
        (CLINIC.to_string().as_str(), "signed form")
    );
    assert_eq!((history[3].version, history[3].agency_id.as_str()), (4, ""), "revoked by her own login");
    assert_eq!(seen[0].texts_status(), FieldStatus::Open);
    for event in registry.alone.events().await {
        assert!(!event.payload.windows(11).any(|part| part == b"signed form"), "{}", event.r#type);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_words_they_are_and_what_they_say_is_judged_before_anything_is_written() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let staff = pb::GiveConsentRequest { voice: Voice::Staff.into(), ..by_staff(&person, to(SHELTER)) };
    assert_eq!(refused(clinic.give_consent(staff).await), "NOT_IN_PERSONS_VOICE");
    let bare = pb::GiveConsentRequest { evidence: String::new(), ..by_staff(&person, to(SHELTER)) };
    assert_eq!(refused(clinic.give_consent(bare).await), "EVIDENCE_NEEDED");
    let stranger = registry.shelter().give_consent(by_staff(&person, to(SHELTER))).await;
    assert_eq!(refused(stranger), "PERSON_NOT_FOUND", "who does not serve the person knows of none");
    let operator = registry.operator().give_consent(by_staff(&person, to(SHELTER))).await;
    assert_eq!(refused(operator), "ROLE_NOT_ALLOWED");
    let recorder = registry.recorder().give_consent(by_staff(&person, to(SHELTER))).await;
    assert_eq!(refused(recorder), "ROLE_NOT_ALLOWED");
    let mut unnamed = by_staff(&person, to(SHELTER));
    unnamed.content.as_mut().unwrap().operator_is_intermediary = false;
    assert_eq!(refused(clinic.give_consent(unnamed).await), "INTERMEDIARY_NOT_NAMED");
    let over =
        pb::ConsentScope { until: Some(prost_types::Timestamp { seconds: 1_000, nanos: 0 }), ..to(SHELTER) };
    assert_eq!(refused(clinic.give_consent(by_staff(&person, over)).await), "DIRECTIVE_ALREADY_OVER");
    let unknown = pb::RevokeConsentRequest {
        request_id: new_request(),
        person_id: person.clone(),
        directive_id: Uuid::from_u128(9).to_string(),
        ..Default::default()
    };
    assert_eq!(refused(registry.person(&person).revoke_consent(unknown).await), "DIRECTIVE_NOT_FOUND");

    let content_is = |content: pb::ConsentContent| pb::GiveConsentRequest {
        content: Some(content),
        ..by_staff(&person, to(SHELTER))
    };
    let whole = content(to(SHELTER)).unwrap();
    let representative = pb::ConsentGrantor::Representative.into();
    for (wrong, field) in [
        (pb::GiveConsentRequest { content: None, ..by_staff(&person, to(SHELTER)) }, "content"),
        (by_staff(&person, pb::ConsentScope { purposes: vec![], ..to(SHELTER) }), "content.scope.purposes"),
        (
            by_staff(&person, pb::ConsentScope { labels: vec!["secret".into()], ..to(SHELTER) }),
            "content.scope.labels[0]",
        ),
        (
            content_is(pb::ConsentContent { grantor: representative, ..whole.clone() }),
            "content.representative",
        ),
        (
            content_is(pb::ConsentContent { representative: "a friend".into(), ..whole.clone() }),
            "content.representative",
        ),
    ] {
        let status = clinic.give_consent(wrong).await.unwrap_err();
        assert_eq!(
            (status.code(), status.message().contains(field)),
            (Code::InvalidArgument, true),
            "{status}"
        );
    }
    assert_eq!(registry.alone.events().await.len(), 1, "nothing but the registration is written");

    let grantor = pb::ConsentContent {
        grantor: representative,
        representative_id: Uuid::from_u128(9).to_string(),
        ..whole
    };
    let by_login = pb::GiveConsentRequest { evidence: String::new(), ..content_is(grantor.clone()) };
    assert_eq!(refused(registry.person(&person).give_consent(by_login).await), "GRANTOR_IS_THE_PERSON");
    assert_eq!(refused(clinic.give_consent(content_is(grantor)).await), "REPRESENTATIVE_NOT_ON_RECORD");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_mind_replaces_the_directive_in_the_same_write() {
    let registry = registry().await;
    let person = register(&mut registry.clinic(), "Ana", "Example").await.id;
    let mut herself = registry.person(&person);
    let (first, _) = gives(&mut herself, &person, to(SHELTER)).await.unwrap();
    let twice = gives(&mut herself, &person, to(SHELTER)).await;
    assert_eq!(refused(twice), "DIRECTIVE_SAYS_NOTHING_NEW");
    let narrower = pb::ConsentScope { categories: vec!["housing".into()], ..to(SHELTER) };
    let anew = pb::GiveConsentRequest { supersedes_directive_id: first.clone(), ..giving(&person, narrower) };
    let reply = herself.give_consent(anew.clone()).await.unwrap().into_inner();
    let seen = consents(&mut herself, &person, &written(reply.written.clone())).await;
    use pb::ConsentState::{Active, Superseded};
    assert_eq!(told(&seen, &first), (Superseded, vec![Active, Superseded]));
    assert_eq!(told(&seen, &reply.directive_id), (Active, vec![Active]));
    assert_eq!(seen[0].superseded_by_id, reply.directive_id);
    let shelter = get(&mut registry.shelter(), &person).await;
    assert_eq!(shelter.unwrap_err().code(), Code::NotFound, "what the registry keeps is no longer among it");
    assert_eq!(
        herself.give_consent(anew.clone()).await.unwrap().into_inner(),
        reply,
        "a resend gives the same"
    );
    let other = pb::GiveConsentRequest { request_id: new_request(), ..anew };
    assert_eq!(refused(herself.give_consent(other).await), "DIRECTIVE_NOT_ACTIVE");
}

async fn expires_on(store: OnStore) {
    let registry = registry_on(store).await;
    let person = register(&mut registry.clinic(), "Ana", "Example").await.id;
    let mut herself = registry.person(&person);
    let end = registry.alone.clock.now() + jiff::SignedDuration::from_hours(3);
    let until = Some(platform::wire::to_instant(end));
    let passing = pb::ConsentScope { until, ..to(SHELTER) };
    let (directive, given) = gives(&mut herself, &person, passing.clone()).await.unwrap();
    let other = pb::ConsentScope { categories: vec!["housing".into()], ..passing };
    let (other, given_too) = gives(&mut herself, &person, other).await.unwrap();
    let mut shelter = registry.shelter();
    let read = pb::GetPersonRequest {
        person_id: person.clone(),
        at_least: vec![given.revision.clone(), given_too.revision],
        ..Default::default()
    };
    assert!(shelter.get_person(read).await.is_ok());

    registry.alone.hours_pass(2);
    assert!(get(&mut shelter, &person).await.is_ok(), "an hour before its end it is open");
    registry.alone.hours_pass(1);
    let closed = get(&mut shelter, &person).await;
    assert_eq!(closed.unwrap_err().code(), Code::NotFound, "at its end it is closed, whether told or not");

    let events = until_expired(&registry, 2).await;
    let expired: Vec<_> = events.iter().filter(|event| event.r#type.ends_with("ConsentExpired")).collect();
    let by = expired[0].actor.as_ref().unwrap();
    assert_eq!((by.role.as_str(), by.id.as_str()), ("service", "registry"));
    assert_eq!(expired[0].occurred.as_ref().unwrap().at, until, "it happened when it ended");
    use pb::ConsentState::{Active, Expired};
    let seen = consents(&mut herself, &person, &given).await;
    assert_eq!(told(&seen, &directive), (Expired, vec![Active, Expired]));
    assert_eq!(told(&seen, &other), (Expired, vec![Active, Expired]), "each of two that end at one time");
    registry.alone.one_batch_makes_the_same_lists().await;

    // Later ones are told once too, and a revoked one that would have ended is not.
    registry.alone.hours_pass(1);
    let late = registry.alone.clock.now() + jiff::SignedDuration::from_hours(1);
    let late = pb::ConsentScope { until: Some(platform::wire::to_instant(late)), ..to(SHELTER) };
    let (revoked, _) = gives(&mut herself, &person, late.clone()).await.unwrap();
    revokes(&mut herself, &person, &revoked).await.unwrap();
    gives(&mut herself, &person, late).await.unwrap();
    registry.alone.hours_pass(5);
    let events = until_expired(&registry, 3).await;
    let told = events.iter().filter(|event| event.r#type.ends_with("ConsentExpired")).count();
    assert_eq!(told, 3);
    registry.alone.stop().await;
}

/// Waits until so many directives have been told to have expired.
async fn until_expired(registry: &Registry, number: usize) -> Vec<proto::log::Event> {
    until("directives to expire", async || {
        let events = registry.alone.events().await;
        let expired = events.iter().filter(|event| event.r#type.ends_with("ConsentExpired")).count();
        (expired >= number).then_some(events)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directive_expires_by_the_clock_and_closes_reads_at_that_instant() {
    expires_on(OnStore::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directive_expires_on_postgres_too() {
    expires_on(OnStore::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_expires_for_a_person_who_was_erased() {
    let registry = registry().await;
    let [ana, ben] = [
        register(&mut registry.clinic(), "Ana", "Example").await.id,
        register(&mut registry.clinic(), "Ben", "Example").await.id,
    ];
    let end = registry.alone.clock.now() + jiff::SignedDuration::from_hours(3);
    let passing = || pb::ConsentScope { until: Some(platform::wire::to_instant(end)), ..to(SHELTER) };
    for person in [&ana, &ben] {
        gives(&mut registry.person(person), person, passing()).await.unwrap();
    }
    let erased =
        call!(registry.operator(), erase_person, ErasePersonRequest { person_id: ana.clone() }).unwrap();
    find(&mut registry.clinic(), by_name("ben example", &erased)).await;
    registry.alone.hours_pass(4);
    let events = until_expired(&registry, 1).await;
    let expired: Vec<_> = events.iter().filter(|event| event.r#type.ends_with("ConsentExpired")).collect();
    assert_eq!(expired.iter().map(|event| event.person_id.as_str()).collect::<Vec<_>>(), [ben.as_str()]);
    // Nothing is left to do, which the timers say once they have looked.
    let timers = registry.alone.service.timers();
    let mut settled = timers[0].settled();
    let now = registry.alone.clock.now();
    let done = settled.wait_for(|settled| settled.is_some_and(|at| at >= now));
    tokio::time::timeout(std::time::Duration::from_secs(20), done).await.expect("it settles").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_that_serves_the_person_is_a_treating_one_and_another_is_not() {
    let registry = registry().await;
    let person = register(&mut registry.clinic(), "Ana", "Example").await.id;
    let works = AgencyId::of(3);
    let treating = pb::ConsentScope {
        recipient_agency_ids: vec![],
        recipient_class: pb::RecipientClass::Treating.into(),
        ..to(SHELTER)
    };
    let (directive, _) = gives(&mut registry.person(&person), &person, treating).await.unwrap();
    let add = |agency: AgencyId| pb::AddServingAgencyRequest {
        request_id: new_request(),
        person_id: person.clone(),
        agency_id: agency.to_string(),
        ..Default::default()
    };
    let added = registry.clinic().add_serving_agency(add(works)).await.unwrap().into_inner();
    let added = written(added.written);
    let mut works = Client::new(registry.alone.worker(works));
    let goal = Some(pb::GoalContent {
        text: "paid work".into(),
        life_domains: vec![LifeDomain::Employment.into()],
        ..Default::default()
    });
    let proposed = call!(
        registry.clinic(),
        propose_goal,
        ProposeGoalRequest { person_id: person.clone(), content: goal }
    );
    let at_least = vec![added.revision, proposed.unwrap().revision];
    let goals = pb::ListGoalsRequest { person_id: person.clone(), at_least: at_least.clone() };
    let seen = works.list_goals(goals.clone()).await.unwrap().into_inner().goals;
    assert_eq!(seen.len(), 1, "it sees what the clinic wrote");
    assert_eq!(registry.shelter().list_goals(goals.clone()).await.unwrap_err().code(), Code::NotFound);
    let revoked = revokes(&mut registry.person(&person), &person, &directive).await.unwrap();
    let goals = pb::ListGoalsRequest { at_least: vec![revoked.revision], ..goals };
    let seen = works.list_goals(goals).await.unwrap().into_inner().goals;
    assert_eq!(seen, [], "serving alone opens nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directive_is_listed_to_whom_it_concerns_and_tells_of_no_part_2_programme_to_others() {
    let registry = registry().await;
    let house = programme(&registry).await;
    let person = register(&mut registry.clinic(), "Ana", "Example").await.id;
    let mut herself = registry.person(&person);
    gives(&mut herself, &person, to(SHELTER)).await.unwrap();
    let to_house = pb::ConsentScope { categories: vec!["registry".into()], ..to(house) };
    let (to_house, _) = gives(&mut herself, &person, to_house).await.unwrap();
    let named = pb::ConsentScope { discloser_agency_id: CLINIC.to_string(), ..for_referral(house) };
    let reply = registry.clinic().give_consent(by_staff(&person, named)).await.unwrap().into_inner();
    let (by_clinic, seen) = (reply.directive_id, written(reply.written));

    assert_eq!(consents(&mut herself, &person, &seen).await.len(), 3);
    assert_eq!(consents(&mut registry.operator(), &person, &seen).await.len(), 3);
    let ids = |consents: Vec<pb::Consent>| consents.into_iter().map(|consent| consent.id).collect::<Vec<_>>();
    let clinic = ids(consents(&mut registry.clinic(), &person, &seen).await);
    assert_eq!(
        clinic,
        std::slice::from_ref(&by_clinic),
        "what she said elsewhere is not the clinic's to know"
    );
    let was_part2 = house;
    let mut house = Client::new(registry.alone.worker(house));
    let house = consents(&mut house, &person, &seen).await;
    assert_eq!(ids(house.clone()), [to_house, by_clinic], "both name it");
    let written_by_clinic = &house[1];
    assert_eq!(written_by_clinic.agency_id, CLINIC.to_string(), "whose facts one of them opens to it");
    let shelter = consents(&mut registry.shelter(), &person, &seen).await;
    assert_eq!(shelter.len(), 1, "its own; those that name the recovery house are not told");
    // That it is none any more opens nothing of when it was one.
    let none =
        pb::AgencyContent { name: "House".into(), zone: "America/Chicago".into(), ..Default::default() };
    let mut operator = registry.operator();
    let (agency_id, content) = (was_part2.to_string(), Some(none));
    call!(operator, change_agency, ChangeAgencyRequest { agency_id: agency_id, content: content }).unwrap();
    assert_eq!(
        consents(&mut registry.shelter(), &person, &seen).await.len(),
        1,
        "nor when it is none any more"
    );
    let nobody = pb::ListConsentsRequest { person_id: person, at_least: vec![seen.revision] };
    let other = Client::new(registry.alone.worker(AgencyId::of(9))).list_consents(nobody).await;
    assert_eq!(other.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn linked_records_have_one_say_and_unlinked_ones_each_their_own() {
    let registry = registry().await;
    let [one, other] = [
        register(&mut registry.clinic(), "Ana", "Example").await.id,
        register(&mut registry.clinic(), "A.", "Example").await.id,
    ];
    let (_, given) = gives(&mut registry.person(&other), &other, to(SHELTER)).await.unwrap();
    let mut shelter = registry.shelter();
    let seen = |revision: &str| pb::GetPersonRequest {
        person_id: one.clone(),
        at_least: vec![revision.into()],
        ..Default::default()
    };
    assert_eq!(shelter.get_person(seen(&given.revision)).await.unwrap_err().code(), Code::NotFound);
    let link = call!(
        registry.clinic(),
        link_persons,
        LinkPersonsRequest { canonical_id: one.clone(), member_id: other.clone() }
    );
    assert!(shelter.get_person(seen(&link.unwrap().revision)).await.is_ok());
    let listed = consents(&mut registry.person(&one), &one, &given).await;
    assert_eq!(listed.iter().map(|consent| consent.person_id.as_str()).collect::<Vec<_>>(), [other.as_str()]);
    let unlink = call!(
        registry.clinic(),
        unlink_persons,
        UnlinkPersonsRequest { canonical_id: one.clone(), member_id: other }
    );
    let unlinked = shelter.get_person(seen(&unlink.unwrap().revision)).await;
    assert_eq!(unlinked.unwrap_err().code(), Code::NotFound);
}
