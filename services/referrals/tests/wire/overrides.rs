//! Sending without the person's consent, through the wire: who approves it, and what the registry says of them by then.

use super::*;

const SAGE: WorkerId = WorkerId::of(7);

fn overriding(referral: &str, approver: WorkerId) -> pb::SendReferralRequest {
    pb::SendReferralRequest {
        request_id: new_request(),
        referral_id: referral.into(),
        override_reason: "an emergency, invented".into(),
        override_approver_id: approver.to_string(),
        ..Default::default()
    }
}

/// Why it is refused, which names the field.
async fn refused(client: &mut Client<Peer>, request: pb::SendReferralRequest) -> String {
    let status = client.send_referral(request).await.unwrap_err();
    assert_eq!(status.code(), Code::FailedPrecondition);
    assert!(status.message().starts_with("override_approver_id "), "{}", status.message());
    reason(&status).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn another_worker_of_the_agency_who_has_not_left_approves_an_override() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let offer = with_offer(&service, offer("Kitchen skills")).await;
        let sender = WorkerId::of(20);
        works_at(&service, sender, SHELTER, false).await;
        works_at(&service, WorkerId::of(8), CLINIC, false).await;
        works_at(&service, WorkerId::of(9), SHELTER, true).await;
        let mut shelter = Client::new(service.as_worker(SHELTER, sender));
        let referral = drafted(&mut shelter, &offer).await;
        assert_eq!(refused(&mut shelter, overriding(&referral, sender)).await, "APPROVER_IS_SENDER");
        for (approver, who) in [(8, "of the target"), (9, "gone"), (99, "of nobody")] {
            let why = refused(&mut shelter, overriding(&referral, WorkerId::of(approver))).await;
            assert_eq!(why, "APPROVER_NOT_OF_AGENCY", "a worker {who}");
        }
        let made_up =
            pb::SendReferralRequest { override_approver_id: "Sage".into(), ..overriding(&referral, SAGE) };
        let status = shelter.send_referral(made_up).await.unwrap_err();
        assert_eq!(
            (status.code(), status.message().starts_with("override_approver_id ")),
            (Code::InvalidArgument, true)
        );

        // Who has just come may be news on its way: it is waited for before anybody is refused.
        works_at(&service, SAGE, SHELTER, false).await;
        let request = overriding(&referral, SAGE);
        let done = shelter.send_referral(request.clone()).await.unwrap().into_inner();
        assert_eq!(shelter.send_referral(request).await.unwrap().into_inner(), done, "a resend");
        let events = service.events().await;
        let sent = events.iter().find(|event| event.r#type.ends_with("ReferralSent")).unwrap();
        assert_eq!(sent.consent_reference, "");

        // Why is told to whom it concerns, and not to whom it was sent.
        let actor = kernel::Actor::Worker(WorkerId::of(1));
        let role = kernel::Role::Auditor;
        let auditor = kernel::Caller { actor, role, agency: None, on_behalf_of: None };
        for reader in [service.worker(SHELTER), service.person(ANA), service.caller(auditor)] {
            let seen = read(&mut Client::new(reader), &referral).await;
            assert_eq!(
                (seen.override_reason.as_str(), seen.override_reason_status()),
                ("an emergency, invented", FieldStatus::Open)
            );
        }
        for reader in [service.worker(CLINIC), service.operator()] {
            let seen = read(&mut Client::new(reader), &referral).await;
            assert_eq!(
                (seen.override_reason.as_str(), seen.override_reason_status()),
                ("", FieldStatus::Unspecified)
            );
            assert_eq!(
                (seen.no_goal_reason.as_str(), seen.no_goal_reason_status()),
                ("not yet talked about", FieldStatus::Open)
            );
        }
        service.stop().await;
    }
}

/// The registry tells so much at once that whoever reads it is behind for a while.
async fn much_is_told(service: &Alone) {
    let event = |number: u128| {
        let stream = StreamId::new("agency", Uuid::from_u128(1_000_000 + number));
        let id = Uuid::now_v7();
        let registered = proto::registry::AgencyRegistered {
            agency_id: stream.id().to_string(),
            content: Some(proto::registry::AgencyContent { name: "Invented".into(), ..Default::default() }),
        };
        let kind = Some(proto::registry::registry_event::Kind::AgencyRegistered(registered));
        let payload = proto::registry::RegistryEvent { kind };
        let event = proto::log::Event {
            id: id.to_string(),
            r#type: "test".into(),
            schema_version: 1,
            stream: stream.to_string(),
            version: 1,
            payload: prost::Message::encode_to_vec(&payload).into(),
            ..Default::default()
        };
        let bytes = prost::Message::encode_to_vec(&event).into();
        platform::log::NewEvent { stream, version: 1, id, kind: "test".into(), person: None, bytes }
    };
    let events = (0..4_000).map(event).collect();
    service.log("registry").append(platform::log::Append { events, ..Default::default() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_just_come_approves_although_what_is_known_of_workers_is_far_behind() {
    let service = service().await;
    let offer = with_offer(&service, offer("Cooking")).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    let referral = drafted(&mut shelter, &offer).await;
    much_is_told(&service).await;
    works_at(&service, SAGE, SHELTER, false).await;
    shelter.send_referral(overriding(&referral, SAGE)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_approved_and_left_since_approves_no_other() {
    let service = service().await;
    let (cooking, money) =
        (with_offer(&service, offer("Cooking")).await, with_offer(&service, offer("Money")).await);
    works_at(&service, SAGE, SHELTER, false).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    let first = drafted(&mut shelter, &cooking).await;
    let request = overriding(&first, SAGE);
    let done = shelter.send_referral(request.clone()).await.unwrap().into_inner();
    let second = drafted(&mut shelter, &money).await;
    let kind = proto::registry::registry_event::Kind::WorkerChanged(proto::registry::WorkerChanged {
        worker_id: SAGE.to_string(),
        content: Some(proto::registry::WorkerContent { left: true, ..Default::default() }),
    });
    let event = proto::registry::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("worker", SAGE.uuid()), None, &event).await;
    assert_eq!(refused(&mut shelter, overriding(&second, SAGE)).await, "APPROVER_NOT_OF_AGENCY");
    assert_eq!(shelter.send_referral(request).await.unwrap().into_inner(), done, "what was sent was sent");
}
