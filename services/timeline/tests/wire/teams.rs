//! What becomes of a plan as a whole, of a goal and of a team: whom the timeline shows it.

use proto::registry as reg;

use super::*;

async fn says(service: &Alone, stream: StreamId, agency: Option<AgencyId>, kind: Registry) {
    let event = RegistryEvent { kind: Some(kind) };
    match agency {
        Some(agency) => service.tell_as("registry", stream, Some(ANA), agency, &event).await,
        None => service.tell("registry", stream, Some(ANA), &event).await,
    }
}

fn sorted(entries: &[Entry]) -> Vec<&str> {
    let mut found = lines(entries);
    found.sort_unstable();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_nobody_looked_at_is_shown_to_all_whose_items_go_on() {
    let service = service().await;
    let plan = StreamId::new("plan", ANA.uuid());
    let item = |practice: &str| {
        Some(reg::PlanItemContent { practice: practice.into(), goal_id: "goal".into(), ..Default::default() })
    };
    let added =
        reg::PlanItemAdded { plan_item_id: "item".into(), content: item("ips"), ..Default::default() };
    says(&service, plan, Some(CLINIC), Registry::PlanItemAdded(added)).await;
    let changed =
        reg::PlanItemChanged { plan_item_id: "item".into(), content: item("cbt"), ..Default::default() };
    says(&service, plan, Some(CLINIC), Registry::PlanItemChanged(changed)).await;
    says(&service, plan, Some(CLINIC), Registry::PlanAgreed(Default::default())).await;
    says(&service, plan, Some(CLINIC), Registry::PlanApproved(Default::default())).await;
    says(&service, plan, Some(CLINIC), Registry::PlanReviewed(Default::default())).await;
    let agency_ids = vec![CLINIC.to_string(), SHELTER.to_string()];
    let overdue = reg::PlanReviewOverdue { agency_ids, ..Default::default() };
    says(&service, plan, None, Registry::PlanReviewOverdue(overdue)).await;
    let seen = read_all(&service, service.worker(CLINIC), of(ANA), 5).await;
    assert_eq!(
        sorted(&seen),
        [
            "Plan agreed to by the person",
            "Plan approved by the overseer",
            "Plan looked at again",
            "Plan not looked at in time",
            "Plan: cbt"
        ]
    );
    let shelters = read_all(&service, service.worker(SHELTER), of(ANA), 1).await;
    assert_eq!(lines(&shelters), ["Plan not looked at in time"]);
    assert!(read(service.worker(AgencyId::of(9)), of(ANA)).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_a_team_is_shown_to_their_agency_and_to_whoever_named_them() {
    let service = service().await;
    let team = StreamId::new("team", ANA.uuid());
    let member = |number: u128, role: reg::TeamRole, agency: Option<AgencyId>| {
        Registry::TeamMemberAdded(reg::TeamMemberAdded {
            team_member_id: Uuid::from_u128(number).to_string(),
            role: role.into(),
            agency_id: agency.map(|agency| agency.to_string()).unwrap_or_default(),
            ..Default::default()
        })
    };
    says(&service, team, Some(SHELTER), member(1, reg::TeamRole::Therapist, Some(CLINIC))).await;
    says(&service, team, None, member(2, reg::TeamRole::Family, None)).await;
    for agency in [SHELTER, CLINIC] {
        let seen = read_all(&service, service.worker(agency), of(ANA), 1).await;
        assert_eq!((lines(&seen), seen[0].open), (vec!["Team: therapist"], true));
        assert_eq!(seen[0].agency_id, CLINIC.to_string(), "not who named them");
    }
    let all = read_all(&service, service.person(ANA), of(ANA), 2).await;
    assert_eq!(sorted(&all), ["Team: family", "Team: therapist"]);
    let gone = Uuid::from_u128(1).to_string();
    let until_day = Some(proto::Date { year: 2026, month: 5, day: 9 });
    let ended = reg::TeamMemberEnded { team_member_id: gone.clone(), until: until_day };
    says(&service, team, Some(SHELTER), Registry::TeamMemberEnded(ended)).await;
    until("the part to end", async || {
        let seen = read(service.worker(CLINIC), of(ANA)).await;
        (seen.len() == 1 && !seen[0].open && seen[0].end.is_some()).then_some(())
    })
    .await;
    let wrong = reg::TeamMemberEnteredInError { team_member_id: gone };
    says(&service, team, Some(SHELTER), Registry::TeamMemberEnteredInError(wrong)).await;
    until("the member to be withdrawn", async || {
        let seen = read(service.person(ANA), of(ANA)).await;
        let withdrawn: Vec<bool> = seen.iter().map(|entry| entry.withdrawn).collect();
        (seen.len() == 2 && withdrawn.contains(&true) && withdrawn.contains(&false)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_speaks_for_a_person_stands_from_day_to_day_and_names_nobody() {
    let service = service().await;
    let person = StreamId::new("person", ANA.uuid());
    let on = |day| Some(proto::Date { year: 2026, month: 1, day });
    let (person_id, representative_id) = (ANA.to_string(), Uuid::from_u128(68).to_string());
    let representative = reg::SealedRepresentative {
        relation: reg::RepresentativeRelation::Guardian.into(),
        matters: vec![reg::RepresentativeMatter::Consents.into(), reg::RepresentativeMatter::Goals.into()],
        from: on(4),
        ..Default::default()
    };
    let added = reg::RepresentativeAdded {
        person_id: person_id.clone(),
        representative_id: representative_id.clone(),
        representative: Some(representative),
    };
    says(&service, person, Some(CLINIC), Registry::RepresentativeAdded(added)).await;
    let seen = read_all(&service, service.worker(CLINIC), of(ANA), 1).await;
    let line = "A representative speaks for the person on consents and goals";
    assert_eq!((lines(&seen), seen[0].open, seen[0].end.is_none()), (vec![line], true, true));
    assert!(read(service.worker(SHELTER), of(ANA)).await.is_empty(), "by class");
    let ended = reg::RepresentativeEnded { person_id, representative_id, until: on(9) };
    says(&service, person, Some(CLINIC), Registry::RepresentativeEnded(ended)).await;
    until("the end to be read", async || {
        let seen = read(service.person(ANA), of(ANA)).await;
        (seen.len() == 1 && !seen[0].open && seen[0].end.is_some()).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goal_that_is_planned_and_readiness_and_measures_stand_on_the_timeline() {
    let service = service().await;
    let goal = StreamId::new("goal", Uuid::from_u128(50));
    says(&service, goal, Some(CLINIC), Registry::GoalProposed(Default::default())).await;
    says(&service, goal, Some(CLINIC), Registry::GoalPlanned(Default::default())).await;
    let noted = reg::GoalReadinessNoted { readiness: reg::Readiness::NotNow.into(), ..Default::default() };
    says(&service, goal, Some(CLINIC), Registry::GoalReadinessNoted(noted)).await;
    let content = reg::MeasureContent { scale: "hopeful".into(), score: "4".into(), ..Default::default() };
    let taken = reg::MeasureTaken { content: Some(content), ..Default::default() };
    let measure = StreamId::new("measure", Uuid::from_u128(80));
    says(&service, measure, Some(CLINIC), Registry::MeasureTaken(taken)).await;
    let seen = read_all(&service, service.worker(CLINIC), of(ANA), 3).await;
    assert_eq!(sorted(&seen), ["Goal planned", "Measured: hopeful: 4", "Readiness noted by staff: not now"]);
}
