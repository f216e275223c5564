//! Teams through the wire: who is at a person's side on which day, who sees them, and whom a worker serves.

use super::*;

async fn worker(client: &mut Client<Peer>) -> String {
    let content = pb::WorkerContent {
        working_name: "Robin".into(),
        roles: vec![pb::WorkerRole::Therapist.into()],
        ..Default::default()
    };
    call!(client, add_worker, AddWorkerRequest { content: Some(content) }).unwrap().id
}

fn date(year: i32, month: i32, day: i32) -> Option<proto::Date> {
    Some(proto::Date { year, month, day })
}

async fn team(client: &mut Client<Peer>, person: &str, as_of: Option<proto::Date>) -> Vec<pb::TeamMember> {
    let request = pb::ListTeamRequest { person_id: person.into(), as_of, ..Default::default() };
    client.list_team(request).await.unwrap().into_inner().members
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_is_read_as_of_a_day_by_those_who_see_what_its_agencies_wrote() {
    let registry = registry().await;
    let (mut clinic, mut shelter) = (registry.clinic(), registry.shelter());
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let mut herself = registry.person(&person);
    let (robin, theirs) = (worker(&mut clinic).await, worker(&mut shelter).await);
    let add = |role: pb::TeamRole, worker: &str| pb::AddTeamMemberRequest {
        request_id: new_request(),
        person_id: person.clone(),
        role: role.into(),
        worker_id: worker.into(),
        from: date(2026, 2, 2),
        ..Default::default()
    };
    let therapist = add(pb::TeamRole::Therapist, &robin);
    let family = pb::AddTeamMemberRequest { worker_id: String::new(), ..add(pb::TeamRole::Family, "") };
    for (wrong, field) in [
        (add(pb::TeamRole::Unspecified, &robin), "role"),
        (pb::AddTeamMemberRequest { name: "Eva".into(), ..therapist.clone() }, "name"),
        (family.clone(), "name"),
        (pb::AddTeamMemberRequest { worker_id: "robin".into(), ..therapist.clone() }, "worker_id"),
    ] {
        let status = clinic.add_team_member(wrong).await.unwrap_err();
        assert!(status.code() == Code::InvalidArgument && status.message().contains(field), "{status}");
    }
    let nowhere = herself.add_team_member(add(pb::TeamRole::Counselor, "")).await.unwrap_err();
    assert!(nowhere.message().contains("agency_id"), "{nowhere}");
    assert_eq!(
        refused(clinic.add_team_member(add(pb::TeamRole::Therapist, &theirs)).await),
        "WORKER_NOT_FOUND"
    );
    assert_eq!(refused(shelter.add_team_member(therapist.clone()).await), "PERSON_NOT_FOUND");

    let added = clinic.add_team_member(therapist.clone()).await.unwrap().into_inner();
    assert_eq!(team(&mut clinic, &person, date(2026, 3, 1)).await[0].id, added.team_member_id);
    let again = pb::AddTeamMemberRequest { request_id: new_request(), ..therapist.clone() };
    assert_eq!(refused(clinic.add_team_member(again).await), "ALREADY_ON_TEAM");
    let sister = pb::AddTeamMemberRequest { name: "Eva Example".into(), ..family };
    herself.add_team_member(sister).await.unwrap();
    let seen = team(&mut herself, &person, None).await;
    let told: Vec<_> = seen.iter().map(|member| (member.role(), member.name.as_str())).collect();
    use pb::TeamRole::{Family, Therapist};
    assert_eq!(told, [(Therapist, ""), (Family, "Eva Example")]);
    assert_eq!((seen[0].worker_id.as_str(), seen[0].agency_id.clone()), (robin.as_str(), CLINIC.to_string()));
    assert_eq!(seen[1].name_status(), FieldStatus::Open);
    assert_eq!(team(&mut clinic, &person, None).await.len(), 1, "whom she names herself is hers to show");
    let hidden = read!(shelter, list_team, ListTeamRequest { person_id: person.clone() });
    assert_eq!(hidden.unwrap_err().code(), Code::NotFound);

    let end = |member: &str, until| pb::EndTeamMemberRequest {
        request_id: new_request(),
        person_id: person.clone(),
        team_member_id: member.into(),
        until,
        ..Default::default()
    };
    let foreign = clinic.end_team_member(end(&seen[1].id, None)).await;
    assert_eq!(refused(foreign), "TEAM_MEMBER_NOT_FOUND");
    clinic.end_team_member(end(&seen[0].id, date(2026, 2, 20))).await.unwrap();
    let days = async |day| team(&mut clinic.clone(), &person, date(2026, 2, day)).await.len();
    assert_eq!([days(1).await, days(2).await, days(20).await, days(21).await], [0, 1, 1, 0]);
    let mark = pb::MarkTeamMemberEnteredInErrorRequest {
        request_id: new_request(),
        person_id: person.clone(),
        team_member_id: seen[0].id.clone(),
        ..Default::default()
    };
    clinic.clone().mark_team_member_entered_in_error(mark).await.unwrap();
    assert_eq!(days(10).await, 0);
    for event in registry.alone.events().await {
        let name = b"Eva Example";
        assert!(!event.payload.windows(name.len()).any(|part| part == name), "{}", event.r#type);
    }
}

async fn caseload_on(store: OnStore) {
    let registry = registry_on(store).await;
    let mut clinic = registry.clinic();
    let robin = worker(&mut clinic).await;
    let mut people = vec![];
    let mut latest = Written::default();
    for given in ["Ana", "Ben", "Cleo"] {
        let person = register(&mut clinic, given, "Example").await.id;
        let request = pb::AddTeamMemberRequest {
            request_id: new_request(),
            person_id: person.clone(),
            role: pb::TeamRole::Therapist.into(),
            worker_id: robin.clone(),
            ..Default::default()
        };
        latest = written(clinic.add_team_member(request).await.unwrap().into_inner().written);
        people.push(person);
    }
    let ask = |page_size, page_token: &str, seen: &Written| pb::ListCaseloadRequest {
        worker_id: robin.clone(),
        page_size,
        page_token: page_token.into(),
        at_least: vec![seen.revision.clone()],
        ..Default::default()
    };
    let ids = |reply: &pb::ListCaseloadResponse| -> Vec<String> {
        reply.entries.iter().map(|entry| entry.person_id.clone()).collect()
    };
    let first = clinic.list_caseload(ask(2, "", &latest)).await.unwrap().into_inner();
    assert_eq!(ids(&first), people[..2]);
    let rest = clinic.list_caseload(ask(2, &first.next_page_token, &latest)).await.unwrap().into_inner();
    assert_eq!((ids(&rest), rest.next_page_token.as_str()), (people[2..].to_vec(), ""));
    // Another agency names the worker for people whom the clinic does not serve: they take no place on its pages, neither between nor after its own.
    let mut shelter = registry.shelter();
    for given in ["Dov", "Eve", "Fay"] {
        let person = register(&mut shelter, given, "Example").await.id;
        let request = pb::AddTeamMemberRequest {
            request_id: new_request(),
            person_id: person,
            role: pb::TeamRole::Therapist.into(),
            worker_id: robin.clone(),
            agency_id: CLINIC.to_string(),
            ..Default::default()
        };
        latest = written(shelter.add_team_member(request).await.unwrap().into_inner().written);
    }
    let every = registry.operator().list_caseload(ask(0, "", &latest)).await.unwrap().into_inner();
    assert_eq!(every.entries.len(), 6);
    let first = clinic.list_caseload(ask(2, "", &latest)).await.unwrap().into_inner();
    let rest = clinic.list_caseload(ask(2, &first.next_page_token, &latest)).await.unwrap().into_inner();
    assert_eq!((ids(&rest), rest.next_page_token.as_str()), (people[2..].to_vec(), ""));
    let full = clinic.list_caseload(ask(3, "", &latest)).await.unwrap().into_inner();
    assert_eq!((ids(&full), full.next_page_token.as_str()), (people.clone(), ""), "the end is at once known");
    let another = register(&mut clinic, "Gil", "Example").await.id;
    let last = pb::AddTeamMemberRequest {
        request_id: new_request(),
        person_id: another.clone(),
        role: pb::TeamRole::Therapist.into(),
        worker_id: robin.clone(),
        ..Default::default()
    };
    latest = written(clinic.add_team_member(last).await.unwrap().into_inner().written);
    let full = clinic.list_caseload(ask(3, "", &latest)).await.unwrap().into_inner();
    assert_eq!(ids(&full), people);
    let rest = clinic.list_caseload(ask(3, &full.next_page_token, &latest)).await.unwrap().into_inner();
    assert_eq!((ids(&rest), rest.next_page_token.as_str()), (vec![another.clone()], ""));
    people.push(another);
    let others = registry.shelter().list_caseload(ask(0, "", &latest)).await.unwrap().into_inner();
    assert_eq!(others.entries, [], "another agency's worker has no list for this one");
    let all = registry.operator().list_caseload(ask(0, "", &latest)).await.unwrap().into_inner();
    assert_eq!(all.entries.len(), 7);
    let herself = registry.person(&people[0]).list_caseload(ask(0, "", &latest)).await;
    assert_eq!(herself.unwrap_err().code(), Code::PermissionDenied);

    let ended = call!(
        clinic,
        end_team_member,
        EndTeamMemberRequest {
            person_id: people[0].clone(),
            team_member_id: first.entries[0].team_member_id.clone(),
        }
    )
    .unwrap();
    let today = clinic.list_caseload(ask(0, "", &ended)).await.unwrap().into_inner();
    assert_eq!(today.entries.len(), 4, "the last day is one of service");
    registry.alone.hours_pass(48);
    let later = clinic.list_caseload(ask(0, "", &ended)).await.unwrap().into_inner();
    assert_eq!(ids(&later), people[1..]);
    call!(registry.operator(), erase_person, ErasePersonRequest { person_id: people[1].clone() }).unwrap();
    until("the erased to be gone", async || {
        let left = clinic.clone().list_caseload(ask(0, "", &ended)).await.unwrap().into_inner();
        (ids(&left) == people[2..]).then_some(())
    })
    .await;
    registry.alone.one_batch_makes_the_same_lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caseload_lists_whom_a_worker_serves_in_pages() {
    caseload_on(OnStore::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caseload_is_listed_on_postgres_too() {
    caseload_on(OnStore::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_part_2_programme_says_of_anothers_worker_is_opened_by_consent_alone() {
    let registry = registry().await;
    let house = programme(&registry).await;
    let (mut clinic, mut programme) = (registry.clinic(), Client::new(registry.alone.worker(house)));
    let robin = worker(&mut clinic).await;
    let person = register(&mut programme, "Ana", "Example").await.id;
    let member = || pb::AddTeamMemberRequest {
        request_id: new_request(),
        person_id: person.clone(),
        role: pb::TeamRole::Therapist.into(),
        worker_id: robin.clone(),
        agency_id: CLINIC.to_string(),
        ..Default::default()
    };
    programme.add_team_member(member()).await.unwrap();
    let caseload = async || {
        let request = pb::ListCaseloadRequest { worker_id: robin.clone(), ..Default::default() };
        registry.clinic().list_caseload(request).await.unwrap().into_inner().entries.len()
    };
    until("the lists to have the member", async || {
        let request = pb::ListCaseloadRequest { worker_id: robin.clone(), ..Default::default() };
        let all = registry.operator().list_caseload(request).await.unwrap().into_inner().entries;
        (all.len() == 1).then_some(())
    })
    .await;
    assert_eq!(caseload().await, 0, "the clinic does not serve her");
    let serves = |agency: AgencyId| pb::AddServingAgencyRequest {
        request_id: new_request(),
        person_id: person.clone(),
        agency_id: agency.to_string(),
        ..Default::default()
    };
    programme.add_serving_agency(serves(CLINIC)).await.unwrap();
    let served = programme.add_serving_agency(serves(SHELTER)).await.unwrap().into_inner();
    let request = pb::ListTeamRequest {
        person_id: person.clone(),
        at_least: vec![written(served.written).revision],
        ..Default::default()
    };
    let seen = async |client: &mut Client<Peer>| {
        client.list_team(request.clone()).await.unwrap().into_inner().members
    };
    assert_eq!(seen(&mut programme).await.len(), 1);
    assert_eq!((seen(&mut clinic).await.len(), caseload().await), (0, 0), "whoever it names");

    // What another agency says of the clinic's worker the clinic sees, and not whose word it is.
    let other = pb::AddTeamMemberRequest { role: pb::TeamRole::Counselor.into(), ..member() };
    let added = registry.shelter().add_team_member(other).await.unwrap().into_inner();
    let request = pb::ListTeamRequest { at_least: vec![written(added.written).revision], ..request.clone() };
    let seen = clinic.list_team(request).await.unwrap().into_inner().members;
    let told: Vec<_> =
        seen.iter().map(|member| (member.role(), member.added_by_agency_id.as_str())).collect();
    assert_eq!(told, [(pb::TeamRole::Counselor, "")]);
    assert_eq!(caseload().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_programme_ends_nobodys_member_but_its_own() {
    let registry = registry().await;
    let house = programme(&registry).await;
    let (mut clinic, mut programme) = (registry.clinic(), Client::new(registry.alone.worker(house)));
    let person = register(&mut clinic, "Ana", "Example").await.id;
    around::serves_too(&mut clinic, &person, house).await;
    let robin = worker(&mut programme).await;
    let add = pb::AddTeamMemberRequest {
        request_id: new_request(),
        person_id: person.clone(),
        role: pb::TeamRole::Counselor.into(),
        worker_id: robin,
        agency_id: house.to_string(),
        from: date(2026, 2, 2),
        ..Default::default()
    };
    let of_clinic = clinic.add_team_member(add.clone()).await.unwrap().into_inner().team_member_id;
    let own = pb::AddTeamMemberRequest { request_id: new_request(), ..add };
    let own = programme.add_team_member(own).await.unwrap().into_inner().team_member_id;
    let end = |member: &str| pb::EndTeamMemberRequest {
        request_id: new_request(),
        person_id: person.clone(),
        team_member_id: member.into(),
        until: date(2026, 2, 9),
        ..Default::default()
    };
    let mark = |member: &str| pb::MarkTeamMemberEnteredInErrorRequest {
        request_id: new_request(),
        person_id: person.clone(),
        team_member_id: member.into(),
        ..Default::default()
    };
    assert_eq!(refused(programme.end_team_member(end(&of_clinic)).await), "TEAM_MEMBER_NOT_FOUND");
    let taken_back = programme.mark_team_member_entered_in_error(mark(&of_clinic)).await;
    assert_eq!(refused(taken_back), "TEAM_MEMBER_NOT_FOUND");
    programme.end_team_member(end(&own)).await.unwrap();
    let seen = team(&mut clinic, &person, None).await;
    assert_eq!((seen.len(), seen[0].id.as_str(), seen[0].until), (1, of_clinic.as_str(), None), "it goes on");
    clinic.end_team_member(end(&of_clinic)).await.unwrap();
    assert_eq!(team(&mut clinic, &person, None).await, []);
}
