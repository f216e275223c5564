//! Goals through the wire: the strength they build on, planned, and readiness that gates nothing.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_goal_builds_on_a_strength_of_the_person_or_on_none_yet_explored() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let ana = register(&mut clinic, "Ana", "Example").await.id;
    let ben = register(&mut clinic, "Ben", "Example").await.id;
    let mut herself = registry.person(&ana);
    let note = |person: &str, kind: pb::FacetKind| {
        let content = pb::FacetContent { text: "patience".into(), ..Default::default() };
        pb::NoteFacetRequest {
            request_id: new_request(),
            person_id: person.into(),
            kind: kind.into(),
            content: Some(content),
            ..Default::default()
        }
    };
    let mut noted = vec![];
    for (person, kind) in
        [(&ana, pb::FacetKind::Strength), (&ana, pb::FacetKind::Preference), (&ben, pb::FacetKind::Strength)]
    {
        noted.push(written(clinic.note_facet(note(person, kind)).await.unwrap().into_inner().written).id);
    }
    let [strength, preference, bens] = &noted[..] else { panic!("three facets") };
    let on = |facet: &str| pb::GoalContent {
        text: "paid work".into(),
        life_domains: vec![LifeDomain::Employment.into()],
        strength_facet_id: facet.into(),
        ..Default::default()
    };
    let set = |content: pb::GoalContent| pb::SetGoalRequest {
        request_id: new_request(),
        person_id: ana.clone(),
        content: Some(content),
        voice: Voice::Person.into(),
    };
    for other in [preference, bens, &Uuid::from_u128(9).to_string()] {
        assert_eq!(refused(clinic.set_goal(set(on(other))).await), "STRENGTH_NOT_FOUND");
    }
    assert_eq!(refused(registry.shelter().set_goal(set(on(strength))).await), "PERSON_NOT_FOUND");
    let both = pb::GoalContent { strength: "patience".into(), ..on(strength) };
    let both = clinic.set_goal(set(both)).await.unwrap_err();
    assert!(both.message().contains("content.strength_facet_id"), "{both}");
    let goal = written(clinic.set_goal(set(on(strength))).await.unwrap().into_inner().written).id;
    let unexplored = written(clinic.set_goal(set(on(""))).await.unwrap().into_inner().written);

    call!(clinic, drop_facet, DropFacetRequest { facet_id: strength.clone() }).unwrap();
    assert_eq!(refused(clinic.set_goal(set(on(strength))).await), "STRENGTH_NO_LONGER_SO");
    let reword = |goal: &str, content| pb::RewordGoalRequest {
        request_id: new_request(),
        goal_id: goal.into(),
        content: Some(content),
        ..Default::default()
    };
    let kept = pb::GoalContent { text: "a job".into(), ..on(strength) };
    herself.reword_goal(reword(&goal, kept)).await.unwrap();
    let anew = herself.reword_goal(reword(&unexplored.id, on(strength))).await;
    assert_eq!(refused(anew), "STRENGTH_NO_LONGER_SO");
    let request = pb::ListGoalsRequest { person_id: ana.clone(), at_least: vec![unexplored.revision] };
    let goals = herself.list_goals(request).await.unwrap().into_inner().goals;
    let told: Vec<_> = goals
        .iter()
        .map(|goal| goal.content.as_ref().unwrap())
        .map(|content| (content.text.as_str(), content.strength_facet_id.as_str()))
        .collect();
    assert_eq!(told, [("a job", strength.as_str()), ("paid work", "")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strength_that_may_no_longer_be_seen_is_as_none_but_for_the_retry_of_what_was_done() {
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
    let note = pb::NoteFacetRequest {
        request_id: new_request(),
        person_id: person.clone(),
        kind: pb::FacetKind::Strength.into(),
        content: Some(pb::FacetContent { text: "patience".into(), ..Default::default() }),
        ..Default::default()
    };
    let strength = written(clinic.note_facet(note).await.unwrap().into_inner().written).id;
    let set = |facet: &str| pb::SetGoalRequest {
        request_id: new_request(),
        person_id: person.clone(),
        content: Some(pb::GoalContent {
            text: "paid work".into(),
            life_domains: vec![LifeDomain::Employment.into()],
            strength_facet_id: facet.into(),
            ..Default::default()
        }),
        voice: Voice::Person.into(),
    };
    let (directive, _) = gives(&mut herself, &person, to(SHELTER)).await.unwrap();
    let request = set(&strength);
    let done = until("the shelter to see the strength", async || {
        registry.shelter().set_goal(request.clone()).await.ok().map(tonic::Response::into_inner)
    })
    .await;
    revokes(&mut herself, &person, &directive).await.unwrap();
    let unknown = refused(shelter.set_goal(set(&Uuid::from_u128(9).to_string())).await);
    until("the shelter to see it no longer", async || {
        let hidden = registry.shelter().set_goal(set(&strength)).await;
        (hidden.is_err() && refused(hidden) == unknown).then_some(())
    })
    .await;
    assert_eq!(shelter.set_goal(request).await.unwrap().into_inner(), done, "a retry gives the same reply");
}

#[tokio::test(flavor = "multi_thread")]
async fn readiness_is_noted_and_gates_nothing() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let mut herself = registry.person(&person);
    let content = pb::GoalContent {
        text: "paid work".into(),
        life_domains: vec![LifeDomain::Employment.into()],
        ..Default::default()
    };
    let set = pb::SetGoalRequest {
        request_id: new_request(),
        person_id: person.clone(),
        content: Some(content),
        ..Default::default()
    };
    let goal = written(herself.set_goal(set).await.unwrap().into_inner().written).id;
    let not_now = pb::Readiness::NotNow.into();
    let none = call!(clinic, note_goal_readiness, NoteGoalReadinessRequest { goal_id: goal.clone() });
    assert_eq!(refused(none), "BAD_FIELD");
    // What the person set is the person's: no agency wrote it.
    let foreign = call!(
        clinic,
        note_goal_readiness,
        NoteGoalReadinessRequest { goal_id: goal.clone(), readiness: not_now }
    );
    assert_eq!(refused(foreign), "GOAL_NOT_FOUND");
    let noted = call!(
        herself,
        note_goal_readiness,
        NoteGoalReadinessRequest { goal_id: goal.clone(), readiness: not_now }
    );
    noted.unwrap();
    call!(herself, plan_goal, PlanGoalRequest { goal_id: goal.clone() }).unwrap();
    let goals = |mut client: Client<Peer>, seen: Written| {
        let request = pb::ListGoalsRequest { person_id: person.clone(), at_least: vec![seen.revision] };
        async move { client.list_goals(request).await.unwrap().into_inner().goals }
    };
    let begun = call!(herself, activate_goal, ActivateGoalRequest { goal_id: goal.clone() }).unwrap();
    let seen = &goals(herself.clone(), begun).await[0];
    assert_eq!((seen.state(), seen.readiness()), (pb::GoalState::Active, pb::Readiness::NotNow));
    assert!(seen.readiness_in_persons_voice);
    let planned = call!(herself, plan_goal, PlanGoalRequest { goal_id: goal.clone() }).unwrap();
    assert_eq!(goals(herself.clone(), planned).await[0].state(), pb::GoalState::Active, "begun is planned");
}
