//! Practitioners, through the wire.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_practitioner_is_registered_changed_listed_and_retired() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        a_practitioner_changes(store).await;
    }
}

async fn a_practitioner_changes(store: OnStore) {
    let service = service(store).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let made = register(&mut clinic, DR_OLIVE, therapist("Dr Olive Sample")).await.unwrap();
    assert_eq!(made.id, DR_OLIVE.to_string(), "the practitioner has the worker's id");

    let more = pb::PractitionerContent {
        modalities: vec!["cbt".into(), "psychodynamic".into()],
        ..therapist("Dr Olive Sample")
    };
    let stale = call!(
        clinic,
        change_practitioner,
        ChangePractitionerRequest {
            etag: "7".into(),
            practitioner_id: DR_OLIVE.to_string(),
            content: Some(more.clone())
        }
    );
    assert_eq!(reason(stale), "ETAG_MISMATCH");
    let changed = call!(
        clinic,
        change_practitioner,
        ChangePractitionerRequest {
            etag: made.etag,
            practitioner_id: DR_OLIVE.to_string(),
            content: Some(more.clone())
        }
    )
    .unwrap();

    let seen = get(&mut clinic, DR_OLIVE).await.unwrap();
    assert_eq!((seen.content, seen.etag, seen.retired), (Some(more), changed.etag, false));
    assert_eq!(reason(get(&mut Client::new(service.worker(SHELTER)), DR_OLIVE).await), "NOT_FOUND");
    assert!(get(&mut Client::new(service.person(ANA)), DR_OLIVE).await.is_ok());

    let retired = call!(
        clinic,
        retire_practitioner,
        RetirePractitionerRequest { practitioner_id: DR_OLIVE.to_string() }
    )
    .unwrap();
    let listed = list(&mut clinic, "psychodynamic", &retired.revision).await;
    assert_eq!(listed.len(), 1);
    assert!(listed[0].retired);
    assert_eq!(list(&mut clinic, "interpersonal-therapy", &retired.revision).await, []);
    assert_eq!(list(&mut Client::new(service.worker(SHELTER)), "", &retired.revision).await, []);
    service.one_batch_makes_the_same_lists().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_does_not_permit_the_modality_is_refused_and_a_bad_field_is_named() {
    let service = service(OnStore::Sqlite).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let peer = pb::PractitionerContent {
        role: pb::PractitionerRole::PeerSupportWorker.into(),
        ..therapist("Pat Sample")
    };
    assert_eq!(reason(register(&mut clinic, DR_OLIVE, peer).await), "MODALITY_NOT_PERMITTED");

    let bad = |spoil: fn(&mut pb::PractitionerContent)| {
        let mut content = therapist("Dr Olive Sample");
        spoil(&mut content);
        content
    };
    for (content, field) in [
        (bad(|content| content.name.clear()), "content.name"),
        (bad(|content| content.role = 0), "content.role"),
        (bad(|content| content.zone = "Nowhere".into()), "content.zone"),
        (bad(|content| content.modalities.push("Cognitive".into())), "content.modalities[2]"),
    ] {
        assert_eq!(fields(register(&mut clinic, DR_OLIVE, content).await), [field]);
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_practitioners_goes_on_page_by_page() {
    let service = service(OnStore::Sqlite).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let mut last = String::new();
    for number in 0..5u128 {
        let worker = WorkerId::of(100 + number);
        last = register(&mut clinic, worker, therapist("Dr Sample")).await.unwrap().revision;
    }
    let mut found = vec![];
    let mut page_token = String::new();
    loop {
        let request = pb::ListPractitionersRequest {
            page_size: 2,
            page_token,
            at_least: vec![last.clone()],
            ..Default::default()
        };
        let page = clinic.list_practitioners(request).await.unwrap().into_inner();
        found.extend(page.practitioners.into_iter().map(|practitioner| practitioner.id));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let newest_first: Vec<String> =
        (0..5u128).rev().map(|number| WorkerId::of(100 + number).to_string()).collect();
    assert_eq!(found, newest_first);
    service.stop().await;
}

async fn get(client: &mut Client<Peer>, worker: WorkerId) -> Result<pb::Practitioner, Status> {
    let request = pb::GetPractitionerRequest { practitioner_id: worker.to_string(), at_least: vec![] };
    client.get_practitioner(request).await.map(|reply| reply.into_inner().practitioner.unwrap())
}

async fn list(client: &mut Client<Peer>, modality: &str, at_least: &str) -> Vec<pb::Practitioner> {
    let request = pb::ListPractitionersRequest {
        modality: modality.into(),
        at_least: vec![at_least.into()],
        ..Default::default()
    };
    client.list_practitioners(request).await.unwrap().into_inner().practitioners
}
