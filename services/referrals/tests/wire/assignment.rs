//! Who takes care of what, and a caseload that changes hands in one command.

use proto::registry as reg;

use super::*;

const OLGA: WorkerId = WorkerId::of(7);
const PAUL: WorkerId = WorkerId::of(8);
const OTHERS: WorkerId = WorkerId::of(9);

/// The registry tells who works for the clinic, and who for the shelter.
async fn staffed(service: &Alone) {
    for (worker, agency) in [(OLGA, CLINIC), (PAUL, CLINIC), (OTHERS, SHELTER)] {
        works_at(service, worker, agency, false).await;
    }
}

async fn tell(service: &Alone, worker: WorkerId, kind: reg::registry_event::Kind) {
    let event = reg::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("worker", worker.uuid()), None, &event).await;
}

fn assign(referral: &str, worker: WorkerId) -> pb::AssignReferralRequest {
    pb::AssignReferralRequest {
        request_id: new_request(),
        referral_id: referral.into(),
        worker_id: worker.to_string(),
        ..Default::default()
    }
}

/// Referrals of several people to one offer, each sent to the clinic.
async fn referrals(service: &Alone, count: u128) -> Vec<String> {
    let offer = with_offer(service, offer("Kitchen skills")).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    let mut referrals = vec![];
    for person in 0..count {
        let person = PersonId::of(20 + person);
        allows(service, person, CLINIC).await;
        let request = pb::DraftReferralRequest { person_id: person.to_string(), ..asking(&offer) };
        let referral = written(shelter.draft_referral(request).await.unwrap().into_inner().written).id;
        sent(&mut shelter, &referral).await;
        referrals.push(referral);
    }
    referrals
}

fn hand_over() -> pb::HandOverCaseloadRequest {
    pb::HandOverCaseloadRequest {
        request_id: new_request(),
        from_worker_id: OLGA.to_string(),
        to_worker_id: PAUL.to_string(),
        reason: pb::HandOverReason::Leaves.into(),
        ..Default::default()
    }
}

async fn inbox(client: &mut Client<Peer>, request: pb::ListInboxRequest) -> Vec<String> {
    let page = client.list_inbox(request).await.unwrap().into_inner();
    page.referrals.into_iter().map(|referral| referral.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_is_filtered_by_who_takes_care_of_it_and_only_a_worker_of_the_target_does() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        staffed(&service).await;
        let all = referrals(&service, 3).await;
        let mut clinic = Client::new(service.worker(CLINIC));
        let first = assign(&all[0], OLGA);
        let done = clinic.assign_referral(first.clone()).await.unwrap().into_inner();
        assert_eq!(clinic.assign_referral(first).await.unwrap().into_inner(), done, "a resend");
        clinic.assign_referral(assign(&all[1], PAUL)).await.unwrap();
        let done = clinic.assign_referral(assign(&all[2], PAUL)).await.unwrap().into_inner();
        let nobody = pb::AssignReferralRequest { worker_id: String::new(), ..assign(&all[2], PAUL) };
        clinic.assign_referral(nobody).await.unwrap();
        let last = written(done.written);
        assert_eq!(read(&mut clinic, &all[0]).await.assignee_worker_id, OLGA.to_string());
        let assignee = |worker: WorkerId| pb::ListInboxRequest {
            assignee_worker_id: worker.to_string(),
            at_least: vec![last.revision.clone()],
            ..Default::default()
        };
        assert_eq!(inbox(&mut clinic, assignee(OLGA)).await, all[..1]);
        until("nobody has the third", async || {
            let unassigned = pb::ListInboxRequest { unassigned: true, ..Default::default() };
            (inbox(&mut clinic, unassigned).await == all[2..]).then_some(())
        })
        .await;
        assert_eq!(inbox(&mut clinic, assignee(PAUL)).await, all[1..2]);
        let both = pb::ListInboxRequest { unassigned: true, ..assignee(OLGA) };
        assert_eq!(clinic.list_inbox(both).await.unwrap_err().code(), Code::InvalidArgument);

        for worker in [OTHERS, WorkerId::of(99)] {
            let refused = clinic.assign_referral(assign(&all[0], worker)).await.unwrap_err();
            assert_eq!(reason(&refused).as_deref(), Some("WORKER_NOT_OF_AGENCY"));
        }
        let mut shelter = Client::new(service.worker(SHELTER));
        let refused = shelter.assign_referral(assign(&all[0], OTHERS)).await.unwrap_err();
        assert_eq!(reason(&refused).as_deref(), Some("SENT_TO_ANOTHER"));
        service.one_batch_makes_the_same_lists().await;
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caseload_is_not_handed_over_before_the_lists_have_read_what_was_written_last() {
    let on = OnStore::Sqlite;
    let service = Alone::start_unread("referrals", on, async |parts| referrals::service(&parts).await).await;
    staffed(&service).await;
    let all = referrals(&service, 1).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    clinic.assign_referral(assign(&all[0], OLGA)).await.unwrap();
    let written = service.events().await.len();
    let refused = clinic.hand_over_caseload(hand_over()).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::Unavailable, Some("LISTS_BEHIND")));
    assert_eq!(service.events().await.len(), written, "what Olga has is not left behind");
    assert_eq!(read(&mut clinic, &all[0]).await.assignee_worker_id, OLGA.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caseload_changes_hands_in_one_write_once_however_often_it_is_asked() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        staffed(&service).await;
        let all = referrals(&service, 3).await;
        let mut clinic = Client::new(service.worker(CLINIC));
        for (referral, worker) in all.iter().zip([OLGA, OLGA, PAUL]) {
            clinic.assign_referral(assign(referral, worker)).await.unwrap();
        }
        let offer = read(&mut clinic, &all[0]).await.offer_id;
        let began = call!(
            clinic,
            start_participation,
            StartParticipationRequest { person_id: ANA.to_string(), offer_id: offer }
        );
        let participation = written(began.unwrap().into_inner().written).id;
        let worker_id = OLGA.to_string();
        call!(
            clinic,
            assign_participation,
            AssignParticipationRequest { participation_id: participation.clone(), worker_id: worker_id }
        )
        .unwrap();
        // Olga has left; what she had is still to be handed over.
        let left = reg::WorkerContent { left: true, ..Default::default() };
        let worker_id = OLGA.to_string();
        let changed = reg::WorkerChanged { worker_id, content: Some(left) };
        tell(&service, OLGA, reg::registry_event::Kind::WorkerChanged(changed)).await;
        until("that she has left", async || {
            // It is hers: to be told so again changes nothing.
            let refused = clinic.assign_referral(assign(&all[0], OLGA)).await;
            refused
                .is_err_and(|status| reason(&status).as_deref() == Some("WORKER_NOT_OF_AGENCY"))
                .then_some(())
        })
        .await;

        let before = service.events().await.len();
        let request = hand_over();
        let done = clinic.hand_over_caseload(request.clone()).await.unwrap().into_inner();
        let mut moved = done.referral_ids.clone();
        moved.sort();
        let mut expected = all[..2].to_vec();
        expected.sort();
        assert_eq!((moved, done.participation_ids.as_slice()), (expected, &[participation.clone()][..]));
        let events = service.events().await.split_off(before);
        let kinds: Vec<&str> = events.iter().map(|event| event.r#type.rsplit('.').next().unwrap()).collect();
        let count = |kind: &str| kinds.iter().filter(|told| **told == kind).count();
        assert_eq!(
            (count("CaseloadHandedOver"), count("ReferralAssigned"), count("ParticipationAssigned")),
            (1, 2, 1)
        );
        assert!(events.iter().all(|event| event.correlation_id == request.request_id), "one command");
        for referral in &all {
            assert_eq!(read(&mut clinic, referral).await.assignee_worker_id, PAUL.to_string());
        }
        let got = pb::GetParticipationRequest { participation_id: participation, at_least: vec![] };
        let got = clinic.get_participation(got).await.unwrap().into_inner().participation.unwrap();
        assert_eq!(got.assignee_worker_id, PAUL.to_string());

        assert_eq!(clinic.hand_over_caseload(request).await.unwrap().into_inner(), done, "the same reply");
        assert_eq!(service.events().await.len(), before + 4, "and nothing more");
        let along: Vec<&str> = done.goes_along.iter().map(|along| along.service.as_str()).collect();
        assert_eq!(along, ["vocational", "housing", "therapy"], "which hear of it by its event");
        // Nothing of hers is left here: what other services have since can still go along.
        let again = clinic.hand_over_caseload(hand_over()).await.unwrap().into_inner();
        assert_eq!((again.referral_ids.len(), again.participation_ids.len()), (0, 0));
        service.one_batch_makes_the_same_lists().await;
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hand_over_names_its_day_and_what_does_not_parse_is_told() {
    let service = service().await;
    staffed(&service).await;
    let all = referrals(&service, 1).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    clinic.assign_referral(assign(&all[0], OLGA)).await.unwrap();
    let day = |month, day| Some(proto::Date { year: 2026, month, day });
    let on = |day| pb::HandOverCaseloadRequest { day, zone: "America/Chicago".into(), ..hand_over() };
    for (request, field) in [
        (pb::HandOverCaseloadRequest { from_worker_id: String::new(), ..hand_over() }, "from_worker_id"),
        (pb::HandOverCaseloadRequest { to_worker_id: "Paul".into(), ..hand_over() }, "to_worker_id"),
        (pb::HandOverCaseloadRequest { reason: 0, ..hand_over() }, "reason"),
        (pb::HandOverCaseloadRequest { zone: String::new(), ..on(day(3, 4)) }, "zone"),
        (on(day(3, 5)), "day"),
        (on(day(2, 17)), "day"),
        (on(day(2, 30)), "day"),
    ] {
        let refused = clinic.hand_over_caseload(request).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument);
        assert!(refused.message().starts_with(&format!("{field} ")), "{field}: {}", refused.message());
    }
    for (request, why) in [
        (pb::HandOverCaseloadRequest { to_worker_id: OLGA.to_string(), ..hand_over() }, "SAME_WORKER"),
        (
            pb::HandOverCaseloadRequest { to_worker_id: OTHERS.to_string(), ..hand_over() },
            "WORKER_NOT_OF_AGENCY",
        ),
    ] {
        let refused = clinic.hand_over_caseload(request).await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::FailedPrecondition, Some(why)));
    }
    // Another agency's caseload is not there for it.
    let theirs = pb::HandOverCaseloadRequest { to_worker_id: OTHERS.to_string(), ..hand_over() };
    let refused = Client::new(service.worker(SHELTER)).hand_over_caseload(theirs).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("NOTHING_ASSIGNED"));

    clinic.hand_over_caseload(on(day(3, 2))).await.unwrap();
    let told = service.events().await.into_iter().rfind(|event| event.r#type.ends_with("ReferralAssigned"));
    let occurred = told.unwrap().occurred.unwrap();
    assert_eq!(occurred.precision(), Precision::Day);
    let start: jiff::Timestamp = "2026-03-02T06:00:00Z".parse().unwrap();
    assert_eq!(occurred.at.unwrap().seconds, start.as_second());
}
