//! The living plan through the wire: items, versions, agreement, an overseer's approval, and its review by the clock.
//! Invariant: what an agency may not see leaves no version, no clock and no number of them.

use kernel::{Actor, Caller, Role, WorkerId};
use platform::store::StoreUrl;
use tests::Postgres;

use super::*;

/// A goal of the person's own, and an item that serves it.
pub(super) async fn with_goal(client: &mut Client<Peer>, person: &str) -> pb::PlanItemContent {
    let life_domains = vec![LifeDomain::Employment.into()];
    let content = Some(pb::GoalContent { text: "paid work".into(), life_domains, ..Default::default() });
    let request = pb::SetGoalRequest {
        request_id: new_request(),
        person_id: person.into(),
        content,
        voice: Voice::Person.into(),
    };
    let goal = written(client.set_goal(request).await.unwrap().into_inner().written).id;
    pb::PlanItemContent {
        goal_id: goal,
        practice: "ips".into(),
        from: Some(proto::Date { year: 2026, month: 3, day: 4 }),
        ..Default::default()
    }
}

async fn add(client: &mut Client<Peer>, person: &str, content: pb::PlanItemContent) -> Written {
    call!(client, add_plan_item, AddPlanItemRequest { person_id: person.to_owned(), content: Some(content) })
        .unwrap()
}

async fn versions(client: &mut Client<Peer>, person: &str) -> Vec<pb::PlanVersion> {
    let reply = read!(client, list_plan_versions, ListPlanVersionsRequest { person_id: person.to_owned() });
    reply.unwrap().versions
}

async fn plan(client: &mut Client<Peer>, person: &str, version: &str) -> Result<pb::Plan, Status> {
    let reply = read!(
        client,
        get_plan,
        GetPlanRequest { person_id: person.to_owned(), version_id: version.to_owned() }
    );
    reply.map(|reply| reply.plan.unwrap())
}

fn practices(plan: &pb::Plan) -> Vec<&str> {
    plan.items.iter().map(|item| item.content.as_ref().unwrap().practice.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_makes_a_version_that_is_read_as_it_was_and_agreed_to_by_the_person() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let mut herself = registry.person(&person);
    let first = with_goal(&mut clinic, &person).await;
    let request = pb::AddPlanItemRequest {
        request_id: new_request(),
        person_id: person.clone(),
        content: Some(first.clone()),
        ..Default::default()
    };
    let added = clinic.add_plan_item(request.clone()).await.unwrap().into_inner();
    assert_eq!(clinic.add_plan_item(request).await.unwrap().into_inner(), added, "tried again");
    let (item, item_id) = (added.written.unwrap(), added.plan_item_id);
    let versions_now = versions(&mut clinic, &person).await;
    assert_eq!(versions_now[0].plan_item_id, item_id);
    assert_eq!((versions_now.len(), versions_now[0].change()), (1, pb::PlanChange::ItemAdded));
    let offered = pb::PlanItemContent {
        practice: "supported-education".into(),
        offer_id: Uuid::from_u128(5).to_string(),
        ..first.clone()
    };
    let changed = call!(
        clinic,
        change_plan_item,
        ChangePlanItemRequest {
            etag: item.etag.clone(),
            person_id: person.clone(),
            plan_item_id: item_id.clone(),
            content: Some(offered.clone()),
        }
    );
    changed.unwrap();
    let stale = call!(
        clinic,
        change_plan_item,
        ChangePlanItemRequest {
            etag: item.etag,
            person_id: person.clone(),
            plan_item_id: item_id.clone(),
            content: Some(first.clone()),
        }
    );
    assert_eq!(stale.unwrap_err().code(), Code::Aborted);
    let unknown = call!(
        clinic,
        change_plan_item,
        ChangePlanItemRequest {
            person_id: person.clone(),
            plan_item_id: Uuid::from_u128(9).to_string(),
            content: Some(first.clone()),
        }
    );
    assert_eq!(refused(unknown), "PLAN_ITEM_NOT_FOUND");

    let [one, two] = &versions(&mut clinic, &person).await[..] else { panic!("two versions") };
    assert_eq!(practices(&plan(&mut clinic, &person, &one.id).await.unwrap()), ["ips"]);
    let now = plan(&mut clinic, &person, "").await.unwrap();
    assert_eq!(
        (practices(&now), now.version_id.as_str(), now.agreed),
        (vec!["supported-education"], two.id.as_str(), false)
    );
    assert_eq!(now.items[0].content.as_ref().unwrap().offer_id, offered.offer_id);
    let none = plan(&mut clinic, &person, &Uuid::from_u128(9).to_string()).await;
    assert_eq!(refused(none), "PLAN_VERSION_NOT_FOUND");

    let agree = |version: &str, voice: Voice| pb::AgreePlanRequest {
        request_id: new_request(),
        person_id: person.clone(),
        version_id: version.into(),
        voice: voice.into(),
        ..Default::default()
    };
    assert_eq!(refused(clinic.agree_plan(agree(&two.id, Voice::Staff)).await), "NOT_IN_PERSONS_VOICE");
    assert_eq!(refused(herself.agree_plan(agree("", Voice::Person)).await), "BAD_FIELD");
    clinic.agree_plan(agree(&one.id, Voice::Person)).await.unwrap();
    assert!(
        !plan(&mut herself, &person, "").await.unwrap().agreed,
        "an earlier version's says nothing of this"
    );
    assert!(plan(&mut herself, &person, &one.id).await.unwrap().agreed);
    herself.agree_plan(agree(&two.id, Voice::Unspecified)).await.unwrap();
    assert!(plan(&mut clinic, &person, "").await.unwrap().agreed);
    let ended = call!(
        herself,
        end_plan_item,
        EndPlanItemRequest { person_id: person.clone(), plan_item_id: item_id.clone() }
    );
    ended.unwrap();
    let all = versions(&mut herself, &person).await;
    let told: Vec<_> = all.iter().map(|version| (version.change(), version.agreed_at.is_some())).collect();
    use pb::PlanChange::{ItemAdded, ItemChanged, ItemEnded};
    assert_eq!(
        told,
        [(ItemAdded, true), (ItemChanged, true), (ItemEnded, true)],
        "her own end of it is agreed"
    );
    assert_eq!(all[2].agency_id, "");
    assert_eq!(plan(&mut clinic, &person, "").await.unwrap().review, None, "nothing goes on");

    let page = pb::ListPlanVersionsRequest { person_id: person.clone(), page_size: 2, ..Default::default() };
    let first = herself.list_plan_versions(page.clone()).await.unwrap().into_inner();
    let rest = pb::ListPlanVersionsRequest { page_token: first.next_page_token, ..page };
    let rest = herself.list_plan_versions(rest).await.unwrap().into_inner();
    assert_eq!((rest.versions[0].id == all[2].id, rest.next_page_token.as_str()), (true, ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agency_sees_the_versions_it_may_see_and_cannot_count_the_others() {
    let registry = registry().await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let serve = pb::AddServingAgencyRequest {
        request_id: new_request(),
        person_id: person.clone(),
        agency_id: SHELTER.to_string(),
        ..Default::default()
    };
    clinic.add_serving_agency(serve).await.unwrap();
    let own = with_goal(&mut clinic, &person).await;
    add(&mut clinic, &person, own).await;
    assert_eq!(versions(&mut shelter, &person).await, []);
    let hidden = plan(&mut shelter, &person, "").await.unwrap();
    assert_eq!((hidden.items.len(), hidden.version_id.as_str(), hidden.review), (0, "", None));
    let theirs = with_goal(&mut shelter, &person).await;
    add(&mut shelter, &person, theirs).await;
    let [seen] = &versions(&mut shelter, &person).await[..] else { panic!("its own alone") };
    assert_eq!(plan(&mut shelter, &person, "").await.unwrap().version_id, seen.id);
    // An item that another wrote for it shows, and not whose word it is.
    let given =
        pb::PlanItemContent { agency_id: SHELTER.to_string(), ..with_goal(&mut clinic, &person).await };
    add(&mut clinic, &person, given).await;
    let all = versions(&mut shelter, &person).await;
    let told: Vec<&str> = all.iter().map(|version| version.agency_id.as_str()).collect();
    assert_eq!(told, [SHELTER.to_string().as_str(), ""]);
    let [foreign, ..] = &versions(&mut registry.person(&person), &person).await[..] else {
        panic!("she sees all")
    };
    assert_eq!(refused(plan(&mut shelter, &person, &foreign.id).await), "PLAN_VERSION_NOT_FOUND");
    let agree = pb::AgreePlanRequest {
        request_id: new_request(),
        person_id: person.clone(),
        version_id: foreign.id.clone(),
        voice: Voice::Person.into(),
        ..Default::default()
    };
    assert_eq!(refused(shelter.agree_plan(agree).await), "PLAN_VERSION_NOT_FOUND");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_part_2_programme_makes_of_anothers_item_the_other_is_not_shown() {
    let registry = registry().await;
    let house = programme(&registry).await;
    let (mut clinic, mut programme) = (registry.clinic(), Client::new(registry.alone.worker(house)));
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let serve = pb::AddServingAgencyRequest {
        request_id: new_request(),
        person_id: person.clone(),
        agency_id: house.to_string(),
        ..Default::default()
    };
    clinic.add_serving_agency(serve).await.unwrap();
    let given = pb::PlanItemContent { agency_id: house.to_string(), ..with_goal(&mut clinic, &person).await };
    add(&mut clinic, &person, given).await;
    let item = versions(&mut programme, &person).await.remove(0).plan_item_id;
    let changed = pb::PlanItemContent {
        practice: "relapse-prevention".into(),
        agency_id: house.to_string(),
        ..with_goal(&mut programme, &person).await
    };
    call!(
        programme,
        change_plan_item,
        ChangePlanItemRequest {
            person_id: person.clone(),
            plan_item_id: item.clone(),
            content: Some(changed)
        }
    )
    .unwrap();
    let mut herself = registry.person(&person);
    for (reader, practice, count) in [
        (&mut clinic, "ips", 1),
        (&mut programme, "relapse-prevention", 2),
        (&mut herself, "relapse-prevention", 2),
    ] {
        assert_eq!(practices(&plan(reader, &person, "").await.unwrap()), [practice]);
        assert_eq!(versions(reader, &person).await.len(), count);
    }
    call!(programme, end_plan_item, EndPlanItemRequest { person_id: person.clone(), plan_item_id: item })
        .unwrap();
    let until = |plan: &pb::Plan| plan.items[0].content.as_ref().unwrap().until.is_some();
    assert!(!until(&plan(&mut clinic, &person, "").await.unwrap()));
    assert!(until(&plan(&mut programme, &person, "").await.unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overseer_approves_where_the_agency_asks_for_one() {
    let registry = registry().await;
    let mut operator = registry.operator();
    let content =
        pb::AgencyContent { name: "Clinic".into(), zone: "America/Chicago".into(), ..Default::default() };
    let agency = call!(operator, register_agency, RegisterAgencyRequest { content: Some(content.clone()) })
        .unwrap()
        .id;
    let agency: AgencyId = agency.parse().unwrap();
    let speaks = |worker: &str| {
        let actor = Actor::Worker(worker.parse::<WorkerId>().unwrap());
        let caller = Caller { actor, role: Role::Worker, agency: Some(agency), on_behalf_of: None };
        Client::new(registry.alone.caller(caller))
    };
    let mut clinic = speaks(&Uuid::from_u128(77).to_string());
    let worker = |role: pb::WorkerRole| {
        let content = pb::WorkerContent {
            working_name: "Robin".into(),
            roles: vec![role.into()],
            ..Default::default()
        };
        pb::AddWorkerRequest { request_id: new_request(), content: Some(content), ..Default::default() }
    };
    let psychologist = clinic.add_worker(worker(pb::WorkerRole::Psychologist)).await.unwrap().into_inner();
    let psychologist = written(psychologist.written).id;
    let counselor = clinic.add_worker(worker(pb::WorkerRole::Counselor)).await.unwrap().into_inner();
    let counselor = written(counselor.written).id;

    let person = register(&mut clinic, "Ana", "Example").await.id;
    let item = with_goal(&mut clinic, &person).await;
    add(&mut clinic, &person, item.clone()).await;
    let approve = |version: &str| pb::ApprovePlanRequest {
        request_id: new_request(),
        person_id: person.clone(),
        version_id: version.into(),
        ..Default::default()
    };
    let first = versions(&mut clinic, &person).await.remove(0);
    assert!(!first.asks_overseer);
    let none = speaks(&psychologist).approve_plan(approve(&first.id)).await;
    assert_eq!(refused(none), "NO_OVERSEER_ASKED");

    let strict = pb::AgencyContent {
        plan_overseer_role: pb::WorkerRole::Psychologist.into(),
        plan_review_days: 30,
        ..content
    };
    let wrong = pb::AgencyContent { plan_review_days: 367, ..strict.clone() };
    for (content, fits) in [(wrong, false), (strict, true)] {
        let changed = call!(
            operator,
            change_agency,
            ChangeAgencyRequest { agency_id: agency.to_string(), content: Some(content) }
        );
        assert_eq!(changed.is_ok(), fits, "{changed:?}");
    }
    add(&mut clinic, &person, item).await;
    let second = versions(&mut clinic, &person).await.remove(1);
    assert!(second.asks_overseer && second.approved_by_worker_id.is_empty());
    let another = speaks(&counselor).approve_plan(approve(&second.id)).await;
    assert_eq!(refused(another), "NOT_THE_OVERSEER");
    let herself = registry.person(&person).approve_plan(approve(&second.id)).await;
    assert_eq!(herself.unwrap_err().code(), Code::PermissionDenied);
    speaks(&psychologist).approve_plan(approve(&second.id)).await.unwrap();
    let seen = versions(&mut clinic, &person).await.remove(1);
    assert_eq!((seen.approved_by_worker_id, seen.approved_at.is_some()), (psychologist, true));
}

/// The overdue reviews that the log tells of, as of when each was due.
async fn overdue(registry: &Registry) -> Vec<i64> {
    let told = |event: proto::log::Event| {
        let kind = pb::RegistryEvent::decode(event.payload).ok()?.kind?;
        let pb::registry_event::Kind::PlanReviewOverdue(overdue) = kind else { return None };
        assert_eq!(overdue.due_at, event.occurred.and_then(|occurred| occurred.at));
        Some(overdue.due_at?.seconds)
    };
    registry.alone.events().await.into_iter().filter_map(told).collect()
}

async fn until_overdue(registry: &Registry, client: &mut Client<Peer>, person: &str, times: usize) {
    until("the review to be overdue", async || {
        let plan = plan(client, person, "").await.unwrap();
        let told = overdue(registry).await.len() == times;
        (told && plan.review.is_some_and(|review| review.overdue)).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_nobody_looks_at_is_told_overdue_once_and_a_review_sets_the_clock_anew() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let registry = registry_on(store).await;
        let mut clinic = registry.clinic();
        let person = register(&mut clinic, "Ana", "Example").await.id;
        let review = || pb::ReviewPlanRequest {
            request_id: new_request(),
            person_id: person.clone(),
            ..Default::default()
        };
        assert_eq!(refused(clinic.review_plan(review()).await), "NOTHING_TO_REVIEW");
        let item = with_goal(&mut clinic, &person).await;
        add(&mut clinic, &person, item).await;
        registry.alone.hours_pass(89 * 24);
        clinic.review_plan(review()).await.unwrap();
        registry.alone.hours_pass(89 * 24);
        let reviewed = plan(&mut clinic, &person, "").await.unwrap().review.unwrap();
        assert!(!reviewed.overdue && overdue(&registry).await.is_empty());
        registry.alone.hours_pass(2 * 24);
        until_overdue(&registry, &mut clinic, &person, 1).await;
        assert_eq!(overdue(&registry).await, [reviewed.due_at.unwrap().seconds], "as of when it was due");
        registry.alone.hours_pass(200 * 24);
        registry.person(&person).review_plan(review()).await.unwrap();
        assert!(!plan(&mut clinic, &person, "").await.unwrap().review.unwrap().overdue);
        registry.alone.hours_pass(91 * 24);
        until_overdue(&registry, &mut clinic, &person, 2).await;
        registry.alone.one_batch_makes_the_same_lists().await;
        registry.alone.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_whom_died_by_any_of_their_records_is_not_told_overdue_and_its_next_item_begins_the_clock_anew()
 {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let registry = registry_on(store).await;
        let mut clinic = registry.clinic();
        let dead = register(&mut clinic, "Ana", "Example").await.id;
        let linked = register(&mut clinic, "Anna", "Example").await.id;
        let lives = register(&mut clinic, "Ben", "Sample").await.id;
        for person in [&dead, &lives] {
            let item = with_goal(&mut clinic, person).await;
            add(&mut clinic, person, item).await;
        }
        let (one, other) = (dead.clone(), linked.clone());
        call!(clinic, link_persons, LinkPersonsRequest { canonical_id: one, member_id: other }).unwrap();
        let at = prost_types::Timestamp { seconds: 1_772_000_000, nanos: 0 };
        let at = Occurred { at: Some(at), precision: Precision::Day.into(), zone: "America/Chicago".into() };
        let death = Some(pb::Death { died: Some(at), source: pb::DeathSource::Family.into() });
        let (request_id, person_id) = (new_request(), linked.clone());
        let report = pb::ReportDeathRequest { request_id, person_id, death, ..Default::default() };
        clinic.report_death(report).await.unwrap();
        let stands = async |client: &mut Client<Peer>, deceased: bool| {
            until("what is told of the death", async || {
                let state = get(client, &dead).await.unwrap().state();
                ((state == pb::PersonState::Deceased) == deceased).then_some(())
            })
            .await;
        };
        stands(&mut clinic, true).await;
        registry.alone.hours_pass(91 * 24);
        // Both clocks ran out: that of the dead came to rest and tells nobody.
        until_overdue(&registry, &mut clinic, &lives, 2).await;
        assert!(plan(&mut clinic, &dead, "").await.unwrap().review.is_none_or(|review| !review.overdue));

        let person_id = linked.clone();
        call!(clinic, mark_death_entered_in_error, MarkDeathEnteredInErrorRequest { person_id: person_id })
            .unwrap();
        stands(&mut clinic, false).await;
        let item = with_goal(&mut clinic, &dead).await;
        add(&mut clinic, &dead, item).await;
        registry.alone.hours_pass(91 * 24);
        until_overdue(&registry, &mut clinic, &dead, 3).await;
        registry.alone.one_batch_makes_the_same_lists().await;
        registry.alone.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_due_while_nothing_ran_is_told_late_once_by_two_processes_together() {
    let store = StoreUrl::Postgres(Postgres::shared().await.url().await);
    let outside = tempfile::tempdir().unwrap();
    let ledger = outside.path().join("erasures");
    let begin = async || {
        Alone::start_at("registry", store.clone(), async |parts| {
            let db = parts.store().vault("keys").await.unwrap();
            let keys = KeyStore::open(db, &Secret::new([5; 32]), &ledger).await.unwrap();
            registry::service(&parts, keys).await
        })
        .await
    };
    let first = Registry { alone: begin().await, outside };
    let person = register(&mut first.clinic(), "Ana", "Example").await.id;
    let item = with_goal(&mut first.clinic(), &person).await;
    add(&mut first.clinic(), &person, item).await;
    first.alone.stop().await;
    let processes = [begin().await, begin().await];
    for process in &processes {
        process.hours_pass(120 * 24);
    }
    let [one, two] = processes;
    let registry = Registry { alone: one, outside: first.outside };
    until_overdue(&registry, &mut registry.clinic(), &person, 1).await;
    registry.alone.hours_pass(24);
    two.hours_pass(24);
    registry.alone.one_batch_makes_the_same_lists().await;
    assert_eq!(overdue(&registry).await.len(), 1, "once");
    registry.alone.stop().await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_the_caller_may_not_see_answers_as_one_that_there_is_not() {
    let registry = registry().await;
    let house = programme(&registry).await;
    let (mut clinic, mut programme) = (registry.clinic(), Client::new(registry.alone.worker(house)));
    let person = register(&mut programme, "Ana", "Example").await.id;
    around::serves_too(&mut programme, &person, CLINIC).await;
    // What the programme plans for the clinic to do, and ends.
    let content =
        pb::PlanItemContent { agency_id: CLINIC.to_string(), ..with_goal(&mut programme, &person).await };
    let added = pb::AddPlanItemRequest {
        request_id: new_request(),
        person_id: person.clone(),
        content: Some(content.clone()),
        ..Default::default()
    };
    let hidden = programme.add_plan_item(added).await.unwrap().into_inner().plan_item_id;
    assert_eq!(plan(&mut clinic, &person, "").await.unwrap().items, [], "the clinic sees none of it");
    let mine = with_goal(&mut clinic, &person).await;
    let answers = async |clinic: &mut Client<Peer>, item: &str| {
        let change = call!(
            clinic,
            change_plan_item,
            ChangePlanItemRequest {
                person_id: person.clone(),
                plan_item_id: item.to_owned(),
                content: Some(mine.clone()),
            }
        );
        let end = call!(
            clinic,
            end_plan_item,
            EndPlanItemRequest { person_id: person.clone(), plan_item_id: item.to_owned() }
        );
        let said = |answer: Result<Written, Status>| {
            let status = answer.unwrap_err();
            (status.code(), reason(&status), status.message().to_owned())
        };
        [said(change), said(end)]
    };
    let none = answers(&mut clinic, &Uuid::from_u128(9).to_string()).await;
    assert_eq!(answers(&mut clinic, &hidden).await, none, "while it goes on");
    let end = pb::EndPlanItemRequest {
        request_id: new_request(),
        person_id: person.clone(),
        plan_item_id: hidden.clone(),
        until: content.from,
        ..Default::default()
    };
    programme.end_plan_item(end).await.unwrap();
    assert_eq!(answers(&mut clinic, &hidden).await, none, "once it has ended");
}
