//! What never should have been written, through the wire: who says so, that it closes at once, and who still reads it.
//! Invariant: each mark is asserted as its writer, the person, another agency and who runs the system see it.

use super::*;

async fn serves_too(registry: &Registry, person: &str) -> Written {
    let mut clinic = registry.clinic();
    let (person_id, agency_id) = (person.to_owned(), SHELTER.to_string());
    call!(clinic, add_serving_agency, AddServingAgencyRequest { person_id: person_id, agency_id: agency_id })
        .unwrap()
}

async fn at_least(reader: &mut Client<Peer>, person: &str, seen: &Written) -> pb::Person {
    let request = pb::GetPersonRequest {
        person_id: person.into(),
        at_least: vec![seen.revision.clone()],
        ..Default::default()
    };
    reader.get_person(request).await.unwrap().into_inner().person.unwrap()
}

fn marking(person: &str, directive: &str) -> pb::MarkConsentEnteredInErrorRequest {
    pb::MarkConsentEnteredInErrorRequest {
        request_id: new_request(),
        person_id: person.into(),
        directive_id: directive.into(),
        ..Default::default()
    }
}

async fn a_directive_on_the_wrong_person(store: OnStore) {
    let registry = registry_on(store).await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let mut herself = registry.person(&person);
    let form = || pb::GiveConsentRequest {
        voice: Voice::Person.into(),
        evidence: "signed form of somebody else".into(),
        ..giving(&person, to(SHELTER))
    };
    let given = clinic.give_consent(form()).await.unwrap().into_inner();
    let directive = given.directive_id;
    at_least(&mut shelter, &person, &written(given.written)).await;

    // The agency that erred cannot take it back in the person's voice, and nobody else may mark it.
    let revoke = pb::RevokeConsentRequest {
        request_id: new_request(),
        person_id: person.clone(),
        directive_id: directive.clone(),
        ..Default::default()
    };
    assert_eq!(refused(clinic.revoke_consent(revoke).await), "NOT_IN_PERSONS_VOICE");
    let foreign = shelter.mark_consent_entered_in_error(marking(&person, &directive)).await;
    assert_eq!(refused(foreign), "PERSON_NOT_FOUND");
    serves_too(&registry, &person).await;
    let foreign = shelter.mark_consent_entered_in_error(marking(&person, &directive)).await;
    assert_eq!(refused(foreign), "DIRECTIVE_NOT_FOUND", "it did not write it");
    let recorder = registry.recorder().mark_consent_entered_in_error(marking(&person, &directive)).await;
    assert_eq!(refused(recorder), "ROLE_NOT_ALLOWED");
    for (replaced_by_id, why) in [("nothing", "replaced_by_id"), (directive.as_str(), "marked itself")] {
        let wrong = pb::MarkConsentEnteredInErrorRequest {
            replaced_by_id: replaced_by_id.into(),
            ..marking(&person, &directive)
        };
        let wrong = clinic.mark_consent_entered_in_error(wrong).await.unwrap_err();
        assert!(wrong.code() == Code::InvalidArgument && wrong.message().contains(why), "{wrong:?}");
    }

    let right = Uuid::from_u128(77).to_string();
    let request =
        pb::MarkConsentEnteredInErrorRequest { replaced_by_id: right, ..marking(&person, &directive) };
    let marked = clinic.mark_consent_entered_in_error(request.clone()).await.unwrap().into_inner();
    assert_eq!(clinic.mark_consent_entered_in_error(request).await.unwrap().into_inner(), marked, "again");
    let marked = written(marked.written);
    let size = registry.alone.events().await.len();
    clinic.mark_consent_entered_in_error(marking(&person, &directive)).await.unwrap();
    assert_eq!(registry.alone.events().await.len(), size, "said once");
    let event = registry.alone.events().await.into_iter().last().unwrap();
    assert!(event.r#type.ends_with("ConsentEnteredInError"), "{}", event.r#type);

    // Its texts are its writer's to read, and who oversees; of all others it is known that it was.
    for (mut reader, evidence) in [
        (registry.clinic(), "signed form of somebody else"),
        (registry.operator(), "signed form of somebody else"),
        (registry.person(&person), ""),
        (registry.shelter(), ""),
    ] {
        let seen = consents(&mut reader, &person, &marked).await;
        assert_eq!(seen[0].state(), pb::ConsentState::EnteredInError);
        let states: Vec<_> = seen[0].history.iter().map(pb::ConsentVersion::state).collect();
        assert_eq!(states, [pb::ConsentState::Active, pb::ConsentState::EnteredInError]);
        assert_eq!(seen[0].history[0].evidence, evidence);
    }
    // Nothing brings it back.
    assert_eq!(refused(revokes(&mut herself, &person, &directive).await), "DIRECTIVE_NOT_ACTIVE");
    let again = pb::GiveConsentRequest { directive_id: directive.clone(), content: None, ..form() };
    assert_eq!(refused(clinic.give_consent(again).await), "NOT_A_DRAFT");

    // What she gave by her own login is hers.
    let (own, _) = gives(&mut herself, &person, for_referral(SHELTER)).await.unwrap();
    let staff = clinic.mark_consent_entered_in_error(marking(&person, &own)).await;
    assert_eq!(refused(staff), "DIRECTIVE_NOT_FOUND");
    herself.mark_consent_entered_in_error(marking(&person, &own)).await.unwrap();
    let again = clinic.give_consent(form()).await.unwrap().into_inner().directive_id;
    registry.operator().mark_consent_entered_in_error(marking(&person, &again)).await.unwrap();
    registry.alone.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directive_that_staff_wrote_on_the_wrong_person_is_closed_by_who_wrote_it() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        a_directive_on_the_wrong_person(store).await;
    }
}

async fn what_a_directive_opened(store: OnStore) {
    let registry = registry_on(store).await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let person = register(&mut clinic, "Zebulonia", "Example").await.id;
    let form = pb::GiveConsentRequest {
        voice: Voice::Person.into(),
        evidence: "signed form".into(),
        ..giving(&person, to(SHELTER))
    };
    let given = clinic.give_consent(form).await.unwrap().into_inner();
    let seen = written(given.written);
    assert_eq!(find(&mut shelter, by_name("zebulonia", &seen)).await, [person.as_str()]);
    let marked = clinic.mark_consent_entered_in_error(marking(&person, &given.directive_id)).await.unwrap();
    let marked = written(marked.into_inner().written);
    assert_eq!(find(&mut shelter, by_name("zebulonia", &marked)).await, [] as [&str; 0]);
    assert_eq!(get(&mut shelter, &person).await.unwrap_err().code(), Code::NotFound);
    registry.alone.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directive_that_never_should_have_been_written_opens_nothing_from_then_on() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        what_a_directive_opened(store).await;
    }
}

async fn an_item_of_the_plan(store: OnStore) {
    let registry = registry_on(store).await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let person = register(&mut clinic, "Ana", "Example").await.id;
    serves_too(&registry, &person).await;
    gives(&mut registry.person(&person), &person, to(SHELTER)).await.unwrap();
    let content = plans::with_goal(&mut clinic, &person).await;
    let mut items = vec![];
    for agency in [CLINIC, SHELTER] {
        let request = pb::AddPlanItemRequest {
            request_id: new_request(),
            person_id: person.clone(),
            content: Some(pb::PlanItemContent { agency_id: agency.to_string(), ..content.clone() }),
            ..Default::default()
        };
        items.push(clinic.add_plan_item(request).await.unwrap().into_inner().plan_item_id);
    }
    let mark = |item: &str| pb::MarkPlanItemEnteredInErrorRequest {
        request_id: new_request(),
        person_id: person.clone(),
        plan_item_id: item.into(),
        ..Default::default()
    };
    let theirs = shelter.mark_plan_item_entered_in_error(mark(&items[1])).await;
    assert_eq!(refused(theirs), "PLAN_ITEM_NOT_FOUND", "to do it is not to have written it");
    let itself =
        pb::MarkPlanItemEnteredInErrorRequest { replaced_by_id: items[1].clone(), ..mark(&items[1]) };
    let itself = clinic.mark_plan_item_entered_in_error(itself).await.unwrap_err();
    assert!(itself.message().contains("replaced_by_id"), "{itself:?}");
    let before = plan_of(&mut shelter, &person, "").await;
    assert_eq!(before.items.len(), 2);
    let request =
        pb::MarkPlanItemEnteredInErrorRequest { replaced_by_id: items[0].clone(), ..mark(&items[1]) };
    let marked = clinic.mark_plan_item_entered_in_error(request.clone()).await.unwrap().into_inner();
    assert_eq!(clinic.mark_plan_item_entered_in_error(request).await.unwrap().into_inner(), marked);

    for (mut reader, still) in [
        (registry.clinic(), true),
        (registry.operator(), true),
        (registry.shelter(), false),
        (registry.person(&person), false),
    ] {
        let now = plan_of(&mut reader, &person, "").await;
        assert_ne!(now.version_id, before.version_id, "it makes a version");
        assert_eq!(now.items.iter().map(|item| item.id.as_str()).collect::<Vec<_>>(), [items[0].as_str()]);
        // What a version said stays, for its writer and who oversees.
        let then = plan_of(&mut reader, &person, &before.version_id).await;
        let gone: Vec<bool> = then.items.iter().map(|item| item.entered_in_error).collect();
        assert_eq!(gone.iter().filter(|gone| **gone).count(), usize::from(still));
        assert_eq!(then.items.len(), 1 + usize::from(still));
        let request = pb::ListPlanVersionsRequest { person_id: person.clone(), ..Default::default() };
        let versions = reader.list_plan_versions(request).await.unwrap().into_inner().versions;
        assert_eq!(versions.len(), 3, "that it was withdrawn is seen by whoever saw it");
        assert_eq!(versions[2].change(), pb::PlanChange::ItemEnteredInError);
    }
    let end = pb::EndPlanItemRequest {
        request_id: new_request(),
        person_id: person.clone(),
        plan_item_id: items[1].clone(),
        ..Default::default()
    };
    assert_eq!(refused(clinic.end_plan_item(end).await), "PLAN_ITEM_NOT_FOUND");
    registry.person(&person).mark_plan_item_entered_in_error(mark(&items[0])).await.unwrap();
    assert_eq!(plan_of(&mut clinic, &person, "").await.review, None, "with the last the clock rests");
    registry.alone.stop().await;
}

async fn plan_of(client: &mut Client<Peer>, person: &str, version: &str) -> pb::Plan {
    let request =
        pb::GetPlanRequest { person_id: person.into(), version_id: version.into(), ..Default::default() };
    client.get_plan(request).await.unwrap().into_inner().plan.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_never_should_have_been_written_is_taken_off_the_plan_by_who_wrote_it() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        an_item_of_the_plan(store).await;
    }
}

async fn who_speaks_and_where_they_live(store: OnStore) {
    let registry = registry_on(store).await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let person = register(&mut clinic, "Ana", "Example").await.id;
    serves_too(&registry, &person).await;
    let on = |day| Some(proto::Date { year: 2026, month: 3, day });
    let representative = pb::Representative {
        name: "Rob Canary".into(),
        relation: pb::RepresentativeRelation::Guardian.into(),
        matters: vec![pb::RepresentativeMatter::Consents.into()],
        from: on(1),
        until: None,
        evidence: "court order of somebody else".into(),
    };
    let added = pb::AddRepresentativeRequest {
        request_id: new_request(),
        person_id: person.clone(),
        representative: Some(representative),
        ..Default::default()
    };
    let representative_id = clinic.add_representative(added).await.unwrap().into_inner().representative_id;
    let mark = || pb::MarkRepresentativeEnteredInErrorRequest {
        request_id: new_request(),
        person_id: person.clone(),
        representative_id: representative_id.clone(),
        ..Default::default()
    };
    let other = shelter.mark_representative_entered_in_error(mark()).await;
    assert_eq!(refused(other), "REPRESENTATIVE_NOT_FOUND");
    let herself = registry.person(&person).mark_representative_entered_in_error(mark()).await;
    assert_eq!(refused(herself), "ROLE_NOT_ALLOWED", "nobody takes their own guardian off");
    let gone = clinic.mark_representative_entered_in_error(mark()).await.unwrap().into_inner();
    let gone = written(gone.written);
    assert_eq!(at_least(&mut clinic, &person, &gone).await.representatives, []);
    let speaks = pb::GiveConsentRequest {
        voice: Voice::Person.into(),
        evidence: "signed form".into(),
        content: content(to(SHELTER)).map(|content| pb::ConsentContent {
            grantor: pb::ConsentGrantor::Representative.into(),
            representative_id: representative_id.clone(),
            ..content
        }),
        ..giving(&person, to(SHELTER))
    };
    assert_eq!(refused(clinic.give_consent(speaks).await), "REPRESENTATIVE_NOT_ON_RECORD");

    // Each agency's word of a household is its own to take back.
    let join = |household: &str| pb::JoinHouseholdRequest {
        request_id: new_request(),
        person_id: person.clone(),
        membership: Some(pb::HouseholdMembership {
            household_id: household.into(),
            relationship: pb::HouseholdRelationship::Head.into(),
            from: on(1),
            until: None,
        }),
        ..Default::default()
    };
    let household = clinic.join_household(join("")).await.unwrap().into_inner().household_id;
    let mark = || pb::MarkHouseholdMembershipEnteredInErrorRequest {
        request_id: new_request(),
        person_id: person.clone(),
        household_id: household.clone(),
        ..Default::default()
    };
    let other = shelter.mark_household_membership_entered_in_error(mark()).await;
    assert_eq!(refused(other), "NOT_OF_THIS_HOUSEHOLD");
    shelter.join_household(join(&household)).await.unwrap();
    let gone = clinic.mark_household_membership_entered_in_error(mark()).await.unwrap().into_inner();
    let gone = written(gone.written);
    assert_eq!(at_least(&mut clinic, &person, &gone).await.households, []);
    let theirs = at_least(&mut shelter, &person, &gone).await.households;
    assert_eq!(theirs.len(), 1, "the shelter's word stands");
    let all = registry.operator().mark_household_membership_entered_in_error(mark()).await.unwrap();
    let all = written(all.into_inner().written);
    assert_eq!(at_least(&mut shelter, &person, &all).await.households, []);
    registry.alone.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_for_a_person_and_where_they_belong_is_taken_back_by_who_should_never_have_said_it() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        who_speaks_and_where_they_live(store).await;
    }
}

async fn that_they_are_not_to_be_found(store: OnStore) {
    let registry = registry_on(store).await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let person = register(&mut clinic, "Zebulonia", "Example").await.id;
    serves_too(&registry, &person).await;
    // In the person's mouth, on the wrong person: staff's own voice does not lift it.
    let restrict = |voice: Voice| pb::RestrictPersonRequest {
        request_id: new_request(),
        person_id: person.clone(),
        reason: pb::RestrictionReason::FleeingViolence.into(),
        voice: voice.into(),
        ..Default::default()
    };
    clinic.restrict_person(restrict(Voice::Person)).await.unwrap();
    let lift = pb::LiftRestrictionRequest {
        request_id: new_request(),
        person_id: person.clone(),
        ..Default::default()
    };
    assert_eq!(refused(clinic.lift_restriction(lift).await), "RESTRICTED_BY_THE_PERSON");
    let mark = || pb::MarkRestrictionEnteredInErrorRequest {
        request_id: new_request(),
        person_id: person.clone(),
        ..Default::default()
    };
    assert_eq!(refused(shelter.mark_restriction_entered_in_error(mark()).await), "RESTRICTED_BY_ANOTHER");
    let herself = registry.person(&person).mark_restriction_entered_in_error(mark()).await;
    assert_eq!(refused(herself), "ROLE_NOT_ALLOWED", "she lifts it");
    // What the shelter says of it stands for itself.
    shelter.restrict_person(restrict(Voice::Staff)).await.unwrap();
    let names =
        async |reader: &mut Client<Peer>, seen: &Written| find(reader, by_name("zebulonia", seen)).await;
    let one = written(clinic.mark_restriction_entered_in_error(mark()).await.unwrap().into_inner().written);
    assert!(at_least(&mut clinic, &person, &one).await.restricted);
    assert_eq!(names(&mut clinic, &one).await, [] as [&str; 0], "by the shelter's word");
    let none = written(shelter.mark_restriction_entered_in_error(mark()).await.unwrap().into_inner().written);
    assert!(!at_least(&mut clinic, &person, &none).await.restricted);
    assert_eq!(names(&mut clinic, &none).await, [person.as_str()]);
    clinic.restrict_person(restrict(Voice::Staff)).await.unwrap();
    let all = registry.operator().mark_restriction_entered_in_error(mark()).await.unwrap();
    let all = written(all.into_inner().written);
    assert!(!at_least(&mut clinic, &person, &all).await.restricted);
    registry.alone.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_a_person_is_not_to_be_found_is_taken_back_by_who_should_never_have_said_it_and_for_them_alone()
{
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        that_they_are_not_to_be_found(store).await;
    }
}
