//! Who and what is around a person, and who is shown it.

use super::*;

fn phone(number: &str) -> Option<pb::ContactPoint> {
    Some(pb::ContactPoint {
        kind: pb::ContactKind::Phone.into(),
        value: number.into(),
        whose: "sister".into(),
        safe_to_leave_message: true,
        best_times: "mornings".into(),
        r#use: pb::ContactUse::Mobile.into(),
        safe_to_say_who_calls: true,
    })
}

fn on(month: i32, day: i32) -> Option<proto::Date> {
    Some(proto::Date { year: 2026, month, day })
}

async fn at_least(reader: &mut Client<Peer>, person: &str, seen: &Written) -> pb::Person {
    let request = pb::GetPersonRequest {
        person_id: person.into(),
        at_least: vec![seen.revision.clone()],
        ..Default::default()
    };
    reader.get_person(request).await.unwrap().into_inner().person.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn how_to_reach_a_person_and_whom_to_call_is_set_sealed_shown_and_removed() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let (person_id, mut herself) = (|| person.clone(), registry.person(&person));
    let set = |id: &str, point| pb::SetContactPointRequest {
        request_id: new_request(),
        person_id: person_id(),
        contact_point_id: id.into(),
        contact_point: point,
        ..Default::default()
    };
    assert_eq!(refused(clinic.set_contact_point(set("", None)).await), "BAD_FIELD");
    let wrong = phone("555-0177").map(|point| pb::ContactPoint { r#use: 77, ..point });
    let wrong = clinic.set_contact_point(set("", wrong)).await.unwrap_err();
    assert!(wrong.message().contains("contact_point.use"), "{wrong:?}");
    let request = set("", phone("555-0177"));
    let made = clinic.set_contact_point(request.clone()).await.unwrap().into_inner();
    assert_eq!(
        clinic.set_contact_point(request).await.unwrap().into_inner(),
        made,
        "a retry gives the same reply"
    );
    let id = made.contact_point_id;
    clinic.set_contact_point(set(&id, phone("555-0178"))).await.unwrap();

    let contact = Some(pb::CrisisContact {
        name: "Dora Canary".into(),
        relationship: "sister".into(),
        reached: phone("555-0179"),
    });
    call!(
        clinic,
        set_crisis_contact,
        SetCrisisContactRequest { person_id: person_id(), contact: contact.clone() }
    )
    .unwrap();
    let signs = "I stop answering the canary";
    let staff = call!(
        clinic,
        set_warning_signs,
        SetWarningSignsRequest { person_id: person_id(), text: signs.into() }
    );
    assert_eq!(refused(staff), "NOT_IN_PERSONS_VOICE");
    let own = Voice::Person.into();
    let told = call!(
        clinic,
        set_warning_signs,
        SetWarningSignsRequest { person_id: person_id(), text: signs.into(), voice: own }
    );
    let told = told.unwrap();
    for reader in [&mut clinic, &mut herself] {
        let read = at_least(reader, &person, &told).await;
        assert_eq!(read.contact_points.len(), 1);
        assert_eq!(
            (&read.contact_points[0].id, &read.contact_points[0].contact_point),
            (&id, &phone("555-0178"))
        );
        assert_eq!((read.crisis_contact.clone(), read.warning_signs.as_str()), (contact.clone(), signs));
    }
    // Another agency is shown nothing of it before the person allows it, not even one that serves them.
    let add = pb::AddServingAgencyRequest {
        request_id: new_request(),
        person_id: person_id(),
        agency_id: SHELTER.to_string(),
        ..Default::default()
    };
    let serves = written(clinic.add_serving_agency(add).await.unwrap().into_inner().written);
    let read = at_least(&mut registry.shelter(), &person, &serves).await;
    assert_eq!((read.contact_points.len(), read.crisis_contact, read.warning_signs.as_str()), (0, None, ""));
    let (_, given) = gives(&mut herself, &person, to(SHELTER)).await.unwrap();
    let read = at_least(&mut registry.shelter(), &person, &given).await;
    assert_eq!(
        (read.contact_points.len(), read.crisis_contact.is_some(), read.warning_signs.as_str()),
        (1, true, signs)
    );

    for event in registry.alone.events().await {
        let bytes = event.encode_to_vec();
        for canary in ["555-017", "Dora", "canary"] {
            assert!(!bytes.windows(canary.len()).any(|part| part == canary.as_bytes()), "{}", event.r#type);
        }
    }
    call!(
        clinic,
        remove_contact_point,
        RemoveContactPointRequest { person_id: person_id(), contact_point_id: id.clone() }
    )
    .unwrap();
    let again = call!(
        clinic,
        remove_contact_point,
        RemoveContactPointRequest { person_id: person_id(), contact_point_id: id }
    );
    assert_eq!(refused(again), "CONTACT_POINT_NOT_FOUND");
    call!(herself, remove_crisis_contact, RemoveCrisisContactRequest { person_id: person_id() }).unwrap();
    call!(herself, remove_warning_signs, RemoveWarningSignsRequest { person_id: person_id() }).unwrap();
    let read = get(&mut clinic, &person).await.unwrap();
    assert_eq!((read.contact_points.len(), read.crisis_contact, read.warning_signs.as_str()), (0, None, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_agencies_write_down_whom_to_call_and_each_goes_on_seeing_its_own() {
    let registry = registry().await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let mut herself = registry.person(&person);
    let serves = pb::AddServingAgencyRequest {
        request_id: new_request(),
        person_id: person.clone(),
        agency_id: SHELTER.to_string(),
        ..Default::default()
    };
    clinic.add_serving_agency(serves).await.unwrap();
    let set = |name: &str| pb::SetCrisisContactRequest {
        request_id: new_request(),
        person_id: person.clone(),
        contact: Some(pb::CrisisContact {
            name: name.into(),
            reached: phone("555-0177"),
            ..Default::default()
        }),
        ..Default::default()
    };
    clinic.set_crisis_contact(set("Dora")).await.unwrap();
    let latest = written(shelter.set_crisis_contact(set("Emil")).await.unwrap().into_inner().written);
    let named = async |reader: &mut Client<Peer>, seen: &Written| {
        at_least(reader, &person, seen).await.crisis_contact.map(|contact| contact.name).unwrap_or_default()
    };
    assert_eq!(named(&mut clinic, &latest).await, "Dora");
    assert_eq!(named(&mut shelter, &latest).await, "Emil");
    assert_eq!(named(&mut herself, &latest).await, "Emil", "the latest");
    let point = pb::SetContactPointRequest {
        request_id: new_request(),
        person_id: person.clone(),
        contact_point: phone("555-0178"),
        ..Default::default()
    };
    let point = clinic.set_contact_point(point).await.unwrap().into_inner().contact_point_id;
    let foreign = call!(
        shelter,
        remove_contact_point,
        RemoveContactPointRequest { person_id: person.clone(), contact_point_id: point.clone() }
    );
    assert_eq!(refused(foreign), "CONTACT_POINT_NOT_FOUND");
    for id in [point, Uuid::from_u128(9).to_string()] {
        let foreign = pb::SetContactPointRequest {
            request_id: new_request(),
            person_id: person.clone(),
            contact_point_id: id,
            contact_point: phone("555-0199"),
            ..Default::default()
        };
        assert_eq!(refused(shelter.set_contact_point(foreign).await), "CONTACT_POINT_NOT_FOUND");
    }
    let removed =
        call!(shelter, remove_crisis_contact, RemoveCrisisContactRequest { person_id: person.clone() });
    assert_eq!(named(&mut herself, &removed.unwrap()).await, "Dora");
    let read = get(&mut clinic, &person).await.unwrap();
    assert_eq!(read.contact_points[0].contact_point, phone("555-0178"));
    let removed =
        call!(herself, remove_crisis_contact, RemoveCrisisContactRequest { person_id: person.clone() });
    assert_eq!(named(&mut clinic, &removed.unwrap()).await, "");
}

async fn households_on(store: OnStore) {
    let registry = registry_on(store).await;
    let mut clinic = registry.clinic();
    let mut people = vec![];
    for given in ["Ana", "Ben"] {
        people.push(register(&mut clinic, given, "Example").await.id);
    }
    let join = |person: &str, household: &str, relationship: pb::HouseholdRelationship, from| {
        pb::JoinHouseholdRequest {
            request_id: new_request(),
            person_id: person.into(),
            membership: Some(pb::HouseholdMembership {
                household_id: household.into(),
                relationship: relationship.into(),
                from,
                until: None,
            }),
            ..Default::default()
        }
    };
    let head = pb::HouseholdRelationship::Head;
    let undated = clinic.join_household(join(&people[0], "", head, None)).await.unwrap_err();
    assert!(undated.message().contains("membership.from"), "{undated:?}");
    let made = clinic.join_household(join(&people[0], "", head, on(3, 1))).await.unwrap().into_inner();
    let household = made.household_id;
    let child = pb::HouseholdRelationship::Child;
    let both =
        clinic.join_household(join(&people[1], &household, child, on(3, 2))).await.unwrap().into_inner();
    let both = written(both.written);
    for (person, other, relationship) in [(&people[0], &people[1], head), (&people[1], &people[0], child)] {
        let read = at_least(&mut clinic, person, &both).await;
        assert_eq!(read.households.len(), 1);
        let seen = &read.households[0];
        let membership = seen.membership.clone().unwrap();
        assert_eq!(
            (membership.household_id.as_str(), membership.relationship()),
            (household.as_str(), relationship)
        );
        assert_eq!((&seen.member_ids, &seen.agency_id), (&vec![other.clone()], &CLINIC.to_string()));
    }
    // A member in common speaks for two records of one human, of whom one stands in another household.
    let double = register(&mut clinic, "Ben", "Example").await.id;
    let other =
        clinic.join_household(join(&double, "", child, on(3, 2))).await.unwrap().into_inner().household_id;
    let seen = clinic.join_household(join(&people[0], &other, head, on(3, 2))).await.unwrap().into_inner();
    let request = pb::ListDuplicateCandidatesRequest {
        at_least: vec![written(seen.written).revision],
        ..Default::default()
    };
    let queued = clinic.list_duplicate_candidates(request).await.unwrap().into_inner().candidates;
    assert_eq!(queued.len(), 1);
    assert_eq!(queued[0].reasons.last().unwrap().kind(), pb::LikenessKind::HouseholdMemberShared);

    // Another agency sees them together once both allow it.
    for person in &people {
        gives(&mut registry.person(person), person, to(SHELTER)).await.unwrap();
    }
    let with = |read: &pb::Person| -> Vec<String> {
        let members = read.households.iter().flat_map(|seen| seen.member_ids.clone());
        members.filter(|id| *id == people[1]).collect()
    };
    let both_allow = call!(
        clinic,
        add_identifier,
        AddIdentifierRequest { person_id: people[0].clone(), identifier: Some(record_number("A-17")) }
    );
    let both_allow = both_allow.unwrap();
    let mut shelter = registry.shelter();
    until("the shelter to be shown both", async || {
        let read = at_least(&mut shelter, &people[0], &both_allow).await;
        (with(&read) == [people[1].as_str()]).then_some(())
    })
    .await;

    // Who is not to be found stands in nobody's household, not even for those who see everything else of both.
    let mut operator = registry.operator();
    assert_eq!(with(&at_least(&mut operator, &people[0], &both_allow).await), [people[1].as_str()]);
    assert_eq!(at_least(&mut operator, &people[1], &both_allow).await.households.len(), 1);
    let reason = pb::RestrictionReason::FleeingViolence.into();
    let hidden = call!(
        clinic,
        restrict_person,
        RestrictPersonRequest { person_id: people[1].clone(), reason: reason }
    );
    let hidden = hidden.unwrap();
    assert_eq!(with(&at_least(&mut operator, &people[0], &hidden).await), [] as [&str; 0]);
    assert_eq!(with(&at_least(&mut shelter, &people[0], &hidden).await), [] as [&str; 0]);
    assert_eq!(with(&at_least(&mut clinic, &people[0], &hidden).await), [people[1].as_str()]);
    assert_eq!(at_least(&mut operator, &people[1], &hidden).await.households, []);

    let leave = |until| pb::LeaveHouseholdRequest {
        request_id: new_request(),
        person_id: people[1].clone(),
        household_id: household.clone(),
        until,
        ..Default::default()
    };
    assert_eq!(refused(clinic.leave_household(leave(None)).await), "BAD_FIELD");
    assert_eq!(refused(clinic.leave_household(leave(on(2, 1))).await), "LEFT_BEFORE_JOINED");
    let left = written(clinic.leave_household(leave(on(3, 9))).await.unwrap().into_inner().written);
    let read = at_least(&mut clinic, &people[1], &left).await;
    assert_eq!(read.households[0].membership.as_ref().unwrap().until, on(3, 9));
    assert_eq!(refused(registry.shelter().leave_household(leave(on(3, 9))).await), "PERSON_NOT_FOUND");
    let herself = registry.person(&people[1]).leave_household(leave(on(3, 9))).await;
    assert_eq!(refused(herself), "ROLE_NOT_ALLOWED");
    registry.alone.one_batch_makes_the_same_lists().await;
    registry.alone.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_members_of_a_household_are_shown_to_who_may_know_of_them_on_sqlite() {
    households_on(OnStore::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_members_of_a_household_are_shown_to_who_may_know_of_them_on_postgres() {
    households_on(OnStore::Postgres).await;
}

/// Both agencies serve her, and neither may see what the other wrote.
pub(super) async fn serves_too(client: &mut Client<Peer>, person: &str, agency: AgencyId) {
    let serve = pb::AddServingAgencyRequest {
        request_id: new_request(),
        person_id: person.into(),
        agency_id: agency.to_string(),
        ..Default::default()
    };
    client.add_serving_agency(serve).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_agency_says_of_a_household_another_neither_takes_over_nor_ends() {
    let registry = registry().await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let person = register(&mut clinic, "Ana", "Example").await.id;
    serves_too(&mut clinic, &person, SHELTER).await;
    let join = |household: &str, relationship: pb::HouseholdRelationship, from| pb::JoinHouseholdRequest {
        request_id: new_request(),
        person_id: person.clone(),
        membership: Some(pb::HouseholdMembership {
            household_id: household.into(),
            relationship: relationship.into(),
            from,
            until: None,
        }),
        ..Default::default()
    };
    let leave = |household: &str, day| pb::LeaveHouseholdRequest {
        request_id: new_request(),
        person_id: person.clone(),
        household_id: household.into(),
        until: on(3, day),
        ..Default::default()
    };
    let (head, child) = (pb::HouseholdRelationship::Head, pb::HouseholdRelationship::Child);
    let household = clinic.join_household(join("", head, on(3, 1))).await.unwrap().into_inner().household_id;
    let of_clinic = get(&mut clinic, &person).await.unwrap().households;
    // As of one that there is not.
    assert_eq!(refused(shelter.leave_household(leave(&household, 9)).await), "NOT_OF_THIS_HOUSEHOLD");
    let none = Uuid::from_u128(9).to_string();
    assert_eq!(refused(shelter.leave_household(leave(&none, 9)).await), "NOT_OF_THIS_HOUSEHOLD");
    shelter.join_household(join(&household, child, on(3, 2))).await.unwrap();
    shelter.leave_household(leave(&household, 9)).await.unwrap();
    assert_eq!(get(&mut clinic, &person).await.unwrap().households, of_clinic, "the clinic's word stands");
    let of_shelter = get(&mut shelter, &person).await.unwrap().households;
    let told = of_shelter[0].membership.as_ref().unwrap();
    assert_eq!((of_shelter.len(), told.relationship(), told.until), (1, child, on(3, 9)));
    assert_eq!(of_shelter[0].agency_id, SHELTER.to_string());
    clinic.leave_household(leave(&household, 12)).await.unwrap();
    assert_eq!(get(&mut shelter, &person).await.unwrap().households, of_shelter);
    assert_eq!(
        get(&mut registry.person(&person), &person).await.unwrap().households.len(),
        2,
        "she sees both"
    );
}
