//! Medical emergencies through the wire: who breaks the glass, what it opens and to whom, and that it closes again by the clock.
//! Invariant: what is opened is asserted beside what stays closed, and before beside after.

use kernel::WorkerId;

use super::*;

/// A worker of the agency in that part: a client as them, and their id.
async fn staff(registry: &Registry, agency: AgencyId, role: pb::WorkerRole) -> (Client<Peer>, WorkerId) {
    let content = Some(pb::WorkerContent {
        working_name: "River".into(),
        roles: vec![role.into()],
        ..Default::default()
    });
    let mut own = Client::new(registry.alone.worker(agency));
    let id = call!(own, add_worker, AddWorkerRequest { content: content }).unwrap().id.parse().unwrap();
    (Client::new(registry.alone.as_worker(agency, id)), id)
}

fn breaks(person: &str) -> pb::BreakGlassRequest {
    pb::BreakGlassRequest {
        request_id: new_request(),
        person_id: person.into(),
        nature: "unconscious, invented".into(),
        ..Default::default()
    }
}

async fn broken(client: &mut Client<Peer>, request: pb::BreakGlassRequest) -> pb::BreakGlassResponse {
    client.break_glass(request).await.unwrap().into_inner()
}

/// Reads the person as of what was written.
async fn sees(client: &mut Client<Peer>, person: &str, seen: &Option<Written>) -> bool {
    let at_least = vec![written(seen.clone()).revision];
    let request = pb::GetPersonRequest { person_id: person.into(), at_least, ..Default::default() };
    match client.get_person(request).await {
        Ok(_) => true,
        Err(status) => {
            assert_eq!(status.code(), Code::NotFound);
            false
        }
    }
}

/// What each list of what is around a person tells of the emergencies by which it is shown.
async fn told_beside_lists(client: &mut Client<Peer>, person: &str) -> Vec<(Vec<String>, String)> {
    let mut told = vec![];
    macro_rules! asked {
        ($method:ident, $request:ident) => {
            let reply = read!(client, $method, $request { person_id: person.into() }).unwrap();
            told.push((reply.emergency_ids, reply.part2_notice));
        };
    }
    asked!(list_goals, ListGoalsRequest);
    asked!(get_plan, GetPlanRequest);
    asked!(list_plan_versions, ListPlanVersionsRequest);
    asked!(list_facets, ListFacetsRequest);
    asked!(list_team, ListTeamRequest);
    asked!(list_consents, ListConsentsRequest);
    asked!(list_measures, ListMeasuresRequest);
    asked!(get_measure_trends, GetMeasureTrendsRequest);
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn medical_staff_see_the_person_until_the_emergency_ends_by_the_clock() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        medical_staff_see_the_person(store).await;
    }
}

async fn medical_staff_see_the_person(store: OnStore) {
    let registry = registry_on(store).await;
    let house = programme(&registry).await;
    let mut counselor = Client::new(registry.alone.worker(house));
    let person = register(&mut counselor, "Ana", "Example").await.id;
    let (mut doctor, worker) = staff(&registry, SHELTER, pb::WorkerRole::Physician).await;
    let (mut colleague, _) = staff(&registry, SHELTER, pb::WorkerRole::Nurse).await;
    assert_eq!(get(&mut doctor, &person).await.unwrap_err().code(), Code::NotFound, "not before");

    let request = breaks(&person);
    let declared = broken(&mut doctor, request.clone()).await;
    assert!(
        declared.part2_notice.contains("42 CFR 2.51"),
        "a programme's records are opened with the notice"
    );
    let until = registry.alone.clock.now() + jiff::SignedDuration::from_hours(24);
    assert_eq!(declared.until, Some(platform::wire::to_instant(until)));
    assert_eq!(broken(&mut doctor, request.clone()).await, declared, "a resend gives the same reply");
    let other = pb::BreakGlassRequest { nature: "another".into(), ..request.clone() };
    assert_eq!(doctor.break_glass(other).await.unwrap_err().code(), Code::InvalidArgument);
    assert_eq!(refused(doctor.break_glass(breaks(&person)).await), "EMERGENCY_STILL_RUNS");

    assert!(sees(&mut doctor, &person, &declared.written).await);
    let shown = get(&mut doctor, &person).await.unwrap();
    assert_eq!(shown.details.unwrap().family_name, "Example");
    assert_eq!(shown.serving_agency_ids, [house.to_string()]);
    let whole = pb::GetPersonRequest { person_id: person.clone(), ..Default::default() };
    let whole = doctor.get_person(whole).await.unwrap().into_inner();
    assert_eq!(whole.emergency_ids, std::slice::from_ref(&declared.emergency_id));
    assert!(whole.part2_notice.contains("42 CFR 2.51"), "{}", whole.part2_notice);
    let own = pb::GetPersonRequest { person_id: person.clone(), ..Default::default() };
    let own = counselor.get_person(own).await.unwrap().into_inner();
    assert_eq!((own.emergency_ids, own.part2_notice), (vec![], String::new()), "who serves them needs none");
    for (by, notice) in told_beside_lists(&mut doctor, &person).await {
        assert_eq!(by, std::slice::from_ref(&declared.emergency_id));
        assert!(notice.contains("42 CFR 2.51"), "{notice}");
    }
    for told in told_beside_lists(&mut counselor, &person).await {
        assert_eq!(told, (vec![], String::new()));
    }
    assert!(!sees(&mut colleague, &person, &declared.written).await, "it is not the agency's");
    let works = AgencyId::of(3);
    let mut elsewhere = Client::new(registry.alone.as_worker(works, worker));
    assert!(!sees(&mut elsewhere, &person, &declared.written).await, "nor the worker's for another agency");
    let change = call!(
        doctor,
        change_person,
        ChangePersonRequest { person_id: person.clone(), details: named("A", "B") }
    );
    assert_eq!(refused(change), "PERSON_NOT_FOUND", "it opens reads alone");

    registry.alone.hours_pass(23);
    assert!(sees(&mut doctor, &person, &declared.written).await);
    registry.alone.hours_pass(1);
    assert!(!sees(&mut doctor, &person, &declared.written).await, "at its end, though nothing was told");
    assert_eq!(broken(&mut doctor, request).await, declared, "a resend tells what was, and opens nothing");
    assert!(!sees(&mut doctor, &person, &declared.written).await);
    let again = broken(&mut doctor, breaks(&person)).await;
    assert_ne!(again.emergency_id, declared.emergency_id);
    assert!(sees(&mut doctor, &person, &again.written).await);

    let events = registry.alone.events().await;
    let told: Vec<_> = events.iter().filter(|event| event.stream == format!("emergency-{person}")).collect();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|event| event.person_id == person && event.agency_id == SHELTER.to_string()));
    assert!(
        events.iter().all(|event| !event.payload.windows(11).any(|part| part == b"unconscious")),
        "its nature is sealed"
    );
    let what = pb::RegistryEvent::decode(told[0].payload.clone()).unwrap().kind.unwrap();
    let pb::registry_event::Kind::EmergencyDeclared(what) = what else { panic!("{what:?}") };
    assert_eq!((what.worker_id, what.worker_name.as_str()), (worker.to_string(), "River"));
    assert_eq!(what.discloser_agency_ids, [house.to_string()]);
    registry.alone.one_batch_makes_the_same_lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_medical_staff_breaks_the_glass() {
    let registry = registry().await;
    let person = register(&mut registry.clinic(), "Ana", "Example").await.id;
    use pb::WorkerRole::{Coordinator, Counselor, Nurse, Paramedic, Psychiatrist, Psychologist, Therapist};
    for role in [Coordinator, Counselor, Psychologist, Therapist, pb::WorkerRole::Other] {
        let (mut other, _) = staff(&registry, SHELTER, role).await;
        let status = other.break_glass(breaks(&person)).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_deref()),
            (Code::PermissionDenied, Some("NOT_MEDICAL_STAFF"))
        );
        // Nor is told whether there is such a person.
        let nobody = breaks(&PersonId::of(99).to_string());
        assert_eq!(refused(other.break_glass(nobody).await), "NOT_MEDICAL_STAFF");
        let unknown = pb::BreakGlassRequest {
            person_id: String::new(),
            identifier: Some(social_security("123-45-6789", pb::DataQuality::Full)),
            ..breaks(&person)
        };
        assert_eq!(refused(other.break_glass(unknown).await), "NOT_MEDICAL_STAFF");
    }
    assert_eq!(refused(registry.shelter().break_glass(breaks(&person)).await), "WORKER_NOT_ON_RECORD");
    let (_, nurse) = staff(&registry, CLINIC, Nurse).await;
    let mut elsewhere = Client::new(registry.alone.as_worker(SHELTER, nurse));
    assert_eq!(refused(elsewhere.break_glass(breaks(&person)).await), "WORKER_NOT_ON_RECORD");
    for mut other in [registry.recorder(), registry.operator(), registry.person(&person)] {
        let status = other.break_glass(breaks(&person)).await.unwrap_err();
        assert_eq!(
            (status.code(), reason(&status).as_deref()),
            (Code::PermissionDenied, Some("ROLE_NOT_ALLOWED"))
        );
    }
    let service = connect(&registry.alone.at.to_string(), Identity::service("timeline")).unwrap();
    assert_eq!(refused(Client::new(service).break_glass(breaks(&person)).await), "ROLE_NOT_ALLOWED");

    // Nor makes one of themself.
    let (mut counselor, id) = staff(&registry, SHELTER, Counselor).await;
    let nurse = Some(pb::WorkerContent {
        working_name: "River".into(),
        roles: vec![Counselor.into(), Nurse.into()],
        ..Default::default()
    });
    let own =
        call!(counselor, change_worker, ChangeWorkerRequest { worker_id: id.to_string(), content: nurse });
    let own = own.unwrap_err();
    assert_eq!((own.code(), reason(&own).as_deref()), (Code::PermissionDenied, Some("OWN_PARTS")));
    assert_eq!(refused(counselor.break_glass(breaks(&person)).await), "NOT_MEDICAL_STAFF");
    let renamed = Some(pb::WorkerContent {
        working_name: "Somebody else".into(),
        roles: vec![Counselor.into()],
        ..Default::default()
    });
    let own =
        call!(counselor, change_worker, ChangeWorkerRequest { worker_id: id.to_string(), content: renamed });
    assert_eq!(refused(own), "OWN_PARTS", "nor another name than stands with what they open");

    // Who has left is none any more, and who speaks for the person never was.
    let (mut gone, id) = staff(&registry, SHELTER, Psychiatrist).await;
    let content = Some(pb::WorkerContent {
        working_name: "River".into(),
        roles: vec![Psychiatrist.into()],
        left: true,
        ..Default::default()
    });
    call!(
        registry.shelter(),
        change_worker,
        ChangeWorkerRequest { worker_id: id.to_string(), content: content }
    )
    .unwrap();
    assert_eq!(refused(gone.break_glass(breaks(&person)).await), "WORKER_NOT_ON_RECORD");
    let back = Some(pb::WorkerContent {
        working_name: "River".into(),
        roles: vec![Psychiatrist.into()],
        ..Default::default()
    });
    let own = call!(gone, change_worker, ChangeWorkerRequest { worker_id: id.to_string(), content: back });
    assert_eq!(refused(own), "OWN_PARTS", "nor do they come back by their own word");

    let (mut paramedic, _) = staff(&registry, SHELTER, Paramedic).await;
    let nobody = breaks(&PersonId::of(99).to_string());
    assert_eq!(refused(paramedic.break_glass(nobody).await), "PERSON_NOT_FOUND");
    for (wrong, field) in [
        (pb::BreakGlassRequest { nature: " ".into(), ..breaks(&person) }, "nature"),
        (pb::BreakGlassRequest { nature: "x".repeat(501), ..breaks(&person) }, "nature"),
        (pb::BreakGlassRequest { person_id: "?".into(), ..breaks(&person) }, "person_id"),
        (pb::BreakGlassRequest { request_id: String::new(), ..breaks(&person) }, "request_id"),
        (pb::BreakGlassRequest { hours: 73, ..breaks(&person) }, "hours"),
    ] {
        let status = paramedic.break_glass(wrong).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        assert!(status.message().starts_with(&format!("{field} ")), "{}", status.message());
    }
    assert!(registry.alone.events().await.iter().all(|event| !event.stream.starts_with("emergency")));
}

/// A hospital where an emergency lasts so long at most.
fn hospital(emergency_hours: u32) -> Option<pb::AgencyContent> {
    Some(pb::AgencyContent {
        name: "Hospital".into(),
        zone: "America/Chicago".into(),
        emergency_hours,
        ..Default::default()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agencys_setting_bounds_an_emergency_and_a_caller_may_wish_for_less() {
    let registry = registry().await;
    let mut operator = registry.operator();
    let wrong =
        call!(operator, register_agency, RegisterAgencyRequest { content: hospital(73) }).unwrap_err();
    assert!(wrong.message().starts_with("content.emergency_hours "), "{}", wrong.message());
    let hospital =
        call!(operator, register_agency, RegisterAgencyRequest { content: hospital(8) }).unwrap().id;
    let hospital: AgencyId = hospital.parse().unwrap();
    let person = register(&mut registry.clinic(), "Ana", "Example").await.id;
    let (mut doctor, _) = staff(&registry, hospital, pb::WorkerRole::Psychiatrist).await;
    let more = doctor.break_glass(pb::BreakGlassRequest { hours: 9, ..breaks(&person) }).await.unwrap_err();
    assert_eq!(
        (more.code(), reason(&more).as_deref()),
        (Code::FailedPrecondition, Some("EMERGENCY_TOO_LONG"))
    );
    assert!(more.message().contains("send 1 to 8"), "{}", more.message());
    let ends = |hours| {
        Some(platform::wire::to_instant(registry.alone.clock.now() + jiff::SignedDuration::from_hours(hours)))
    };
    let two = broken(&mut doctor, pb::BreakGlassRequest { hours: 2, ..breaks(&person) }).await;
    assert_eq!((two.until, two.part2_notice.as_str()), (ends(2), ""), "no programme is among them");
    registry.alone.hours_pass(2);
    let all = broken(&mut doctor, breaks(&person)).await;
    assert_eq!(all.until, ends(8));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resend_gives_the_same_reply_whatever_became_of_the_setting_and_of_the_identifier() {
    let registry = registry().await;
    let (mut operator, mut clinic) = (registry.operator(), registry.clinic());
    let made = call!(operator, register_agency, RegisterAgencyRequest { content: hospital(72) }).unwrap().id;
    let (mut doctor, _) = staff(&registry, made.parse().unwrap(), pb::WorkerRole::Physician).await;
    let ana = register(&mut clinic, "Ana", "Example").await.id;
    let ben = register(&mut clinic, "Ben", "Sample").await.id;
    let number = || {
        let shared = pb::PersonIdentifier { shared_by_source: "hmis:1".into(), ..record_number("A-17") };
        Some(shared)
    };
    call!(clinic, add_identifier, AddIdentifierRequest { person_id: ana.clone(), identifier: number() })
        .unwrap();

    let long =
        pb::BreakGlassRequest { person_id: String::new(), identifier: number(), hours: 48, ..breaks(&ana) };
    let declared = broken(&mut doctor, long.clone()).await;
    assert_eq!(declared.person_id, ana);
    call!(operator, change_agency, ChangeAgencyRequest { agency_id: made.clone(), content: hospital(24) })
        .unwrap();
    assert_eq!(broken(&mut doctor, long.clone()).await, declared, "under another setting");
    let anew = pb::BreakGlassRequest { request_id: new_request(), ..long.clone() };
    assert_eq!(refused(doctor.break_glass(anew).await), "EMERGENCY_TOO_LONG");

    call!(clinic, remove_identifier, RemoveIdentifierRequest { person_id: ana, identifier: number() })
        .unwrap();
    assert_eq!(broken(&mut doctor, long.clone()).await, declared, "when nobody has the number");
    let anew = pb::BreakGlassRequest { request_id: new_request(), hours: 24, ..long.clone() };
    assert_eq!(refused(doctor.break_glass(anew).await), "PERSON_NOT_FOUND");
    call!(clinic, add_identifier, AddIdentifierRequest { person_id: ben, identifier: number() }).unwrap();
    assert_eq!(broken(&mut doctor, long.clone()).await, declared, "when somebody else has it");
    call!(operator, change_agency, ChangeAgencyRequest { agency_id: made, content: hospital(72) }).unwrap();
    assert_eq!(broken(&mut doctor, long).await, declared, "though it could be declared of them, too");
    let told = registry.alone.events().await;
    assert_eq!(told.iter().filter(|event| event.stream.starts_with("emergency")).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_opens_the_records_of_then_and_not_what_the_person_keeps_closed() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let goal = |text: &str| {
        Some(pb::GoalContent {
            text: text.into(),
            life_domains: vec![LifeDomain::Health.into()],
            ..Default::default()
        })
    };
    call!(
        clinic,
        propose_goal,
        ProposeGoalRequest { person_id: person.clone(), content: goal("of the clinic") }
    )
    .unwrap();
    call!(
        registry.person(&person),
        set_goal,
        SetGoalRequest { person_id: person.clone(), content: goal("her own") }
    )
    .unwrap();
    let number = pb::PersonIdentifier { shared_by_source: "hmis:1".into(), ..record_number("A-17") };
    call!(
        clinic,
        add_identifier,
        AddIdentifierRequest { person_id: person.clone(), identifier: Some(number.clone()) }
    )
    .unwrap();

    let (mut doctor, _) = staff(&registry, SHELTER, pb::WorkerRole::Nurse).await;
    let by_number =
        pb::BreakGlassRequest { person_id: String::new(), identifier: Some(number), ..breaks(&person) };
    let declared = broken(&mut doctor, by_number).await;
    assert_eq!(declared.person_id, person, "whoever is not found by name is found by a number");
    // An agency that comes to serve the person later is not among those whose records it opened.
    let late = AgencyId::of(7);
    call!(
        clinic,
        add_serving_agency,
        AddServingAgencyRequest { person_id: person.clone(), agency_id: late.to_string() }
    )
    .unwrap();
    let mut later = Client::new(registry.alone.worker(late));
    let wrote = call!(
        later,
        propose_goal,
        ProposeGoalRequest { person_id: person.clone(), content: goal("of later") }
    );
    let at_least = vec![wrote.unwrap().revision, written(declared.written.clone()).revision];
    let goals = pb::ListGoalsRequest { person_id: person.clone(), at_least };
    let goals = doctor.list_goals(goals).await.unwrap().into_inner().goals;
    let texts: Vec<_> = goals.iter().map(|goal| goal.content.clone().unwrap().text).collect();
    assert_eq!(texts, ["of the clinic"]);
    assert_eq!(get(&mut doctor, &person).await.unwrap().serving_agency_ids, [CLINIC.to_string()]);
}

fn of(declared: &pb::BreakGlassResponse) -> pb::EndEmergencyRequest {
    pb::EndEmergencyRequest {
        request_id: new_request(),
        person_id: declared.person_id.clone(),
        emergency_id: declared.emergency_id.clone(),
        ..Default::default()
    }
}

fn mistaken(declared: &pb::BreakGlassResponse) -> pb::MarkEmergencyEnteredInErrorRequest {
    pb::MarkEmergencyEnteredInErrorRequest {
        request_id: new_request(),
        person_id: declared.person_id.clone(),
        emergency_id: declared.emergency_id.clone(),
        ..Default::default()
    }
}

async fn emergencies(client: &mut Client<Peer>, person: &str, seen: &Option<Written>) -> Vec<pb::Emergency> {
    let at_least = seen.iter().map(|written| written.revision.clone()).collect();
    let request = pb::ListEmergenciesRequest { person_id: person.into(), at_least, ..Default::default() };
    client.list_emergencies(request).await.unwrap().into_inner().emergencies
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_is_ended_before_its_time_by_the_agency_that_declared_it_and_opens_nothing_from_then_on()
{
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        ended_before_its_time(store).await;
    }
}

async fn ended_before_its_time(store: OnStore) {
    let registry = registry_on(store).await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let (mut doctor, _) = staff(&registry, SHELTER, pb::WorkerRole::Physician).await;
    let request = breaks(&person);
    let declared = broken(&mut doctor, request.clone()).await;
    assert!(sees(&mut doctor, &person, &declared.written).await);
    for mut other in [registry.clinic(), Client::new(registry.alone.worker(AgencyId::of(3)))] {
        assert_eq!(refused(other.end_emergency(of(&declared)).await), "EMERGENCY_NOT_FOUND");
        let marked = other.mark_emergency_entered_in_error(mistaken(&declared)).await;
        assert_eq!(refused(marked), "EMERGENCY_NOT_FOUND");
    }
    for mut other in [registry.recorder(), registry.person(&person)] {
        assert_eq!(refused(other.end_emergency(of(&declared)).await), "ROLE_NOT_ALLOWED");
    }
    let nothing = pb::EndEmergencyRequest { emergency_id: "?".into(), ..of(&declared) };
    let status = doctor.end_emergency(nothing).await.unwrap_err();
    assert!(status.message().starts_with("emergency_id "), "{}", status.message());

    // A colleague ends it, whose agency does not serve her; and before it is over nobody else is told of anything by the etag.
    registry.alone.hours_pass(2);
    let now = registry.alone.clock.now();
    let mut colleague = registry.shelter();
    let etag = written(declared.written.clone()).etag;
    let stale = pb::EndEmergencyRequest { etag: "7".into(), ..of(&declared) };
    assert_eq!(refused(colleague.end_emergency(stale).await), "ETAG_MISMATCH");
    let end = pb::EndEmergencyRequest { etag, ..of(&declared) };
    let ended = colleague.end_emergency(end.clone()).await.unwrap().into_inner();
    assert_eq!(colleague.end_emergency(end).await.unwrap().into_inner(), ended, "a resend gives the same");
    assert!(!sees(&mut doctor, &person, &ended.written).await, "it opens nothing from then on");
    let again = colleague.end_emergency(of(&declared)).await.unwrap().into_inner();
    assert_eq!(written(again.written).etag, written(ended.written.clone()).etag, "it ends once");
    assert_eq!(broken(&mut doctor, request).await, declared, "a resend tells what was, and opens nothing");
    assert!(!sees(&mut doctor, &person, &ended.written).await);
    let listed = emergencies(&mut colleague, &person, &ended.written).await;
    assert_eq!(listed[0].until, Some(platform::wire::to_instant(now)));
    assert!(!listed[0].entered_in_error);

    let second = broken(&mut doctor, breaks(&person)).await;
    assert!(sees(&mut doctor, &person, &second.written).await, "another may be declared at once");
    let operator = registry.operator().end_emergency(of(&second)).await.unwrap().into_inner();
    assert!(!sees(&mut doctor, &person, &operator.written).await, "who runs the system ends it too");
    registry.alone.one_batch_makes_the_same_lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_that_was_never_meant_opens_nothing_any_more_and_stays_listed_with_a_mark() {
    let registry = registry().await;
    let person = register(&mut registry.clinic(), "Ana", "Example").await.id;
    let (mut doctor, _) = staff(&registry, SHELTER, pb::WorkerRole::Physician).await;
    let declared = broken(&mut doctor, breaks(&person)).await;
    registry.alone.hours_pass(1);
    let marked = doctor.mark_emergency_entered_in_error(mistaken(&declared)).await.unwrap().into_inner();
    assert!(!sees(&mut doctor, &person, &marked.written).await);
    for mut reader in [registry.shelter(), registry.person(&person), registry.operator()] {
        let listed = emergencies(&mut reader, &person, &marked.written).await;
        assert_eq!(listed.len(), 1);
        assert!(listed[0].entered_in_error && listed[0].nature == "unconscious, invented");
    }
    let again = doctor.mark_emergency_entered_in_error(mistaken(&declared)).await.unwrap().into_inner();
    assert_eq!(written(again.written).etag, written(marked.written).etag, "it is marked once");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_emergency_was_is_read_back_by_the_agency_that_declared_it_the_person_and_who_oversees() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        what_it_was_is_read_back(store).await;
    }
}

async fn what_it_was_is_read_back(store: OnStore) {
    let registry = registry_on(store).await;
    let (mut clinic, mut operator) = (registry.clinic(), registry.operator());
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let twice = register(&mut clinic, "Ana", "Doubled").await.id;
    let (mut doctor, worker) = staff(&registry, SHELTER, pb::WorkerRole::Physician).await;
    let hospital = AgencyId::of(3);
    let (mut nurse, _) = staff(&registry, hospital, pb::WorkerRole::Nurse).await;
    let mut herself = registry.person(&person);
    let first = broken(&mut doctor, breaks(&person)).await;
    registry.alone.hours_pass(1);
    let other = broken(&mut nurse, breaks(&person)).await;
    registry.alone.hours_pass(1);
    let on_the_double = pb::BreakGlassRequest { nature: "fell, invented".into(), ..breaks(&twice) };
    let on_the_double = broken(&mut doctor, on_the_double).await;
    let link = call!(
        operator,
        link_persons,
        LinkPersonsRequest { canonical_id: person.clone(), member_id: twice.clone() }
    );
    let linked = Some(link.unwrap());

    let ids = |listed: &[pb::Emergency]| listed.iter().map(|each| each.id.clone()).collect::<Vec<_>>();
    let all = [&on_the_double, &other, &first].map(|each| each.emergency_id.clone());
    let of_shelter = [&on_the_double, &first].map(|each| each.emergency_id.clone());
    for reader in [&mut herself, &mut operator] {
        assert_eq!(
            ids(&emergencies(reader, &person, &linked).await),
            all,
            "of all her records, newest first"
        );
    }
    let mut shelter = registry.shelter();
    let listed = emergencies(&mut shelter, &person, &linked).await;
    assert_eq!(ids(&listed), of_shelter, "though it serves her by none of them");
    assert_eq!(ids(&emergencies(&mut shelter, &twice, &linked).await), of_shelter);
    let whole = pb::Emergency {
        id: first.emergency_id.clone(),
        person_id: person.clone(),
        agency_id: SHELTER.to_string(),
        worker_id: worker.to_string(),
        worker_name: "River".into(),
        nature: "unconscious, invented".into(),
        nature_status: FieldStatus::Open.into(),
        declared_at: first.until.map(|at| prost_types::Timestamp { seconds: at.seconds - 24 * 3_600, ..at }),
        until: first.until,
        entered_in_error: false,
    };
    assert_eq!(listed[1], whole);
    assert_eq!((listed[0].person_id.as_str(), listed[0].nature.as_str()), (twice.as_str(), "fell, invented"));
    assert_eq!(ids(&emergencies(&mut nurse, &person, &linked).await), [other.emergency_id.as_str()]);
    // Whose records it opened has it among the disclosures, and nobody else is told whether there is such a person.
    for (mut reader, of) in
        [(registry.clinic(), person.clone()), (registry.shelter(), PersonId::of(99).to_string())]
    {
        assert_eq!(emergencies(&mut reader, &of, &linked).await, []);
    }
    let (_, allowed) = gives(&mut herself, &person, to(CLINIC)).await.unwrap();
    assert_eq!(emergencies(&mut clinic, &person, &Some(allowed)).await, [], "nor by a directive");

    // Pages of one row are full, and hold what the caller sees.
    let (mut found, mut page_token) = (vec![], String::new());
    loop {
        let request = pb::ListEmergenciesRequest {
            person_id: person.clone(),
            page_size: 1,
            page_token,
            at_least: linked.iter().map(|written| written.revision.clone()).collect(),
        };
        let page = shelter.list_emergencies(request).await.unwrap().into_inner();
        assert_eq!(page.emergencies.len(), 1);
        found.extend(ids(&page.emergencies));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(found, of_shelter);
    // The etag counts what the caller sees: another agency's emergency moves it for the person alone.
    let etag = async |mut reader: Client<Peer>| {
        read!(reader, list_emergencies, ListEmergenciesRequest { person_id: person.clone() }).unwrap().etag
    };
    let before = (etag(registry.shelter()).await, etag(registry.person(&person)).await);
    let ended = nurse.end_emergency(of(&other)).await.unwrap().into_inner();
    assert_eq!(etag(registry.shelter()).await, before.0);
    assert_ne!(etag(registry.person(&person)).await, before.1);
    assert_eq!(before.0, written(first.written.clone()).etag, "as it was written");

    // Where somebody lies who is not to be found is not read by who runs the system.
    let why = pb::RestrictionReason::FleeingViolence.into();
    let hidden =
        call!(herself, restrict_person, RestrictPersonRequest { person_id: person.clone(), reason: why });
    let seen = Some(hidden.unwrap());
    assert_eq!(emergencies(&mut operator, &person, &seen).await, []);
    assert_eq!(ids(&emergencies(&mut herself, &person, &ended.written).await), all);
    assert_eq!(ids(&emergencies(&mut shelter, &person, &seen).await), of_shelter);
    let erased = call!(operator, erase_person, ErasePersonRequest { person_id: person.clone() }).unwrap();
    let erased = emergencies(&mut shelter, &person, &Some(erased)).await;
    assert_eq!((erased[1].nature.as_str(), erased[1].nature_status()), ("", FieldStatus::Erased));
    assert_eq!(erased[0].nature, "fell, invented", "the other record has its own key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_and_a_caseload_name_the_emergencies_by_which_they_show_whom_they_do() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        a_search_and_a_caseload(store).await;
    }
}

async fn a_search_and_a_caseload(store: OnStore) {
    let registry = registry_on(store).await;
    let house = programme(&registry).await;
    let mut counselor = Client::new(registry.alone.worker(house));
    let person = register(&mut counselor, "Zebulonia", "Example").await.id;
    // A directive names the shelter, and opens the person for a referral alone; and the house has put the doctor on the person's team.
    let mut herself = registry.person(&person);
    gives(&mut herself, &person, for_referral(SHELTER)).await.unwrap();
    let (mut doctor, worker) = staff(&registry, SHELTER, pb::WorkerRole::Physician).await;
    let own = register(&mut doctor, "Zebulonia", "Own").await.id;
    let on_the_team = async |client: &mut Client<Peer>, person: &str| {
        let request = pb::AddTeamMemberRequest {
            request_id: new_request(),
            person_id: person.into(),
            role: pb::TeamRole::Other.into(),
            worker_id: worker.to_string(),
            agency_id: SHELTER.to_string(),
            ..Default::default()
        };
        written(client.add_team_member(request).await.unwrap().into_inner().written)
    };
    on_the_team(&mut doctor, &own).await;
    let seen = on_the_team(&mut counselor, &person).await;
    let told = async |seen: &Written| {
        let mut doctor = Client::new(registry.alone.as_worker(SHELTER, worker));
        let (mut found, mut listed) = (vec![], vec![]);
        let search = doctor.find_persons(by_name("zebulonia", seen)).await.unwrap().into_inner();
        found.extend(search.found.into_iter().map(|found| found.person.unwrap().id));
        let at_least = vec![seen.revision.clone()];
        let caseload = read!(doctor, list_caseload, ListCaseloadRequest { at_least: at_least }).unwrap();
        listed.extend(caseload.entries.into_iter().map(|entry| entry.person_id));
        found.sort();
        listed.sort();
        assert_eq!(found, listed);
        let by = (search.emergency_ids, search.part2_notice);
        assert_eq!(by, (caseload.emergency_ids, caseload.part2_notice));
        (found, by)
    };
    assert_eq!(told(&seen).await, (vec![own.clone()], (vec![], String::new())));
    let declared = broken(&mut doctor, breaks(&person)).await;
    let (shown, (by, notice)) = told(&written(declared.written.clone())).await;
    let mut both = vec![own.clone(), person.clone()];
    both.sort();
    assert_eq!((shown, by), (both, vec![declared.emergency_id.clone()]));
    assert!(notice.contains("42 CFR 2.51"), "{notice}");
    let ended = doctor.end_emergency(of(&declared)).await.unwrap().into_inner();
    assert_eq!(told(&written(ended.written)).await, (vec![own], (vec![], String::new())));
}
