//! Participations that rest and that end, through the wire: by whose word, for which reasons, and how that is read.

use tonic::Status;

use super::*;

/// What a refusal is: its code and its reason.
fn why(refused: &Status) -> (Code, Option<String>) {
    (refused.code(), reason(refused))
}

async fn get(client: &mut Client<Peer>, id: &str) -> pb::Participation {
    let request = pb::GetParticipationRequest { participation_id: id.into(), at_least: vec![] };
    client.get_participation(request).await.unwrap().into_inner().participation.unwrap()
}

async fn begun(service: &Alone, content: pb::ServiceOfferContent) -> String {
    let (offer_id, person_id) = (with_offer(service, content).await, ANA.to_string());
    let mut clinic = Client::new(service.worker(CLINIC));
    let reply = call!(clinic, start_participation, StartParticipationRequest { offer_id, person_id });
    written(reply.unwrap().into_inner().written).id
}

fn pause(id: &str, reason: pb::HoldReason) -> pb::PauseParticipationRequest {
    pb::PauseParticipationRequest {
        request_id: new_request(),
        participation_id: id.into(),
        reason: reason.into(),
        ..Default::default()
    }
}

fn resume(id: &str) -> pb::ResumeParticipationRequest {
    pb::ResumeParticipationRequest {
        request_id: new_request(),
        participation_id: id.into(),
        ..Default::default()
    }
}

fn end(id: &str, reason: pb::ClosingReason) -> pb::EndParticipationRequest {
    pb::EndParticipationRequest {
        request_id: new_request(),
        participation_id: id.into(),
        reason: reason.into(),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_participation_rests_and_ends_by_the_word_of_who_serves_or_of_the_person_and_says_why() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        it_rests_and_ends(store).await;
    }
}

async fn it_rests_and_ends(store: OnStore) {
    let service = service_on(store).await;
    let id = begun(&service, offer("Clubhouse")).await;
    let (mut clinic, mut ana) = (Client::new(service.worker(CLINIC)), Client::new(service.person(ANA)));
    let seen = get(&mut clinic, &id).await;
    assert_eq!(
        (seen.state(), seen.hold_reason()),
        (pb::ParticipationState::Active, pb::HoldReason::Unspecified)
    );

    // Who has no part in it learns nothing, and a record is no request.
    let (mut shelter, mut ben) =
        (Client::new(service.worker(SHELTER)), Client::new(service.person(PersonId::of(11))));
    for stranger in [&mut shelter, &mut ben] {
        let missing = (Code::NotFound, Some("PARTICIPATION_NOT_FOUND".to_owned()));
        let refused = stranger.pause_participation(pause(&id, pb::HoldReason::Capacity)).await.unwrap_err();
        assert_eq!(why(&refused), missing);
        assert_eq!(why(&stranger.resume_participation(resume(&id)).await.unwrap_err()), missing);
        let refused = stranger.end_participation(end(&id, pb::ClosingReason::Moved)).await.unwrap_err();
        assert_eq!(why(&refused), missing);
    }
    let refused = Client::new(service.recorder(CLINIC)).resume_participation(resume(&id)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::PermissionDenied, Some("ROLE_NOT_ALLOWED".into())));

    // What is asked is asked well.
    let refused = clinic.pause_participation(pause(&id, pb::HoldReason::Unspecified)).await.unwrap_err();
    assert_eq!((refused.code(), refused.message().starts_with("reason ")), (Code::InvalidArgument, true));
    let long_ago = service.clock.now() - jiff::SignedDuration::from_hours(24 * 15);
    let old = pb::PauseParticipationRequest {
        occurred_at: Some(platform::wire::to_instant(long_ago)),
        ..pause(&id, pb::HoldReason::Capacity)
    };
    let refused = clinic.pause_participation(old).await.unwrap_err();
    assert_eq!(
        (refused.code(), refused.message().starts_with("occurred_at ")),
        (Code::InvalidArgument, true)
    );

    // It rests from when the person says so, once however often that is sent.
    service.hours_pass(48);
    let yesterday = platform::wire::to_instant(service.clock.now() - jiff::SignedDuration::from_hours(24));
    let asked = pb::PauseParticipationRequest {
        occurred_at: Some(yesterday),
        ..pause(&id, pb::HoldReason::PersonsWish)
    };
    let done = ana.pause_participation(asked.clone()).await.unwrap().into_inner();
    assert_eq!(ana.pause_participation(asked).await.unwrap().into_inner(), done);
    let seen = get(&mut ana, &id).await;
    assert_eq!(
        (seen.state(), seen.hold_reason(), seen.paused.clone().and_then(|since| since.at)),
        (pb::ParticipationState::Paused, pb::HoldReason::PersonsWish, Some(yesterday))
    );
    let refused = clinic.pause_participation(pause(&id, pb::HoldReason::Health)).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, Some("PARTICIPATION_PAUSED".into())));
    let early = pb::ResumeParticipationRequest {
        occurred_at: Some(platform::wire::to_instant(
            service.clock.now() - jiff::SignedDuration::from_hours(30),
        )),
        ..resume(&id)
    };
    let refused = clinic.resume_participation(early).await.unwrap_err();
    assert_eq!(why(&refused), (Code::FailedPrecondition, Some("BEFORE_LAST_CHANGE".into())));
    let stale = pb::ResumeParticipationRequest { etag: "1".into(), ..resume(&id) };
    assert_eq!(clinic.resume_participation(stale).await.unwrap_err().code(), Code::Aborted);
    let contact = Contact { occurred: Some(now_at(&service)), reached: true, ..Default::default() };
    let (participation_id, contact) = (id.clone(), Some(contact));
    let met = call!(
        clinic,
        add_participation_contact,
        AddParticipationContactRequest { participation_id, contact }
    );
    met.expect("whoever rests may be met");

    clinic.resume_participation(resume(&id)).await.unwrap();
    let seen = get(&mut clinic, &id).await;
    assert_eq!((seen.state(), seen.paused.is_none()), (pb::ParticipationState::Active, true));
    clinic.pause_participation(pause(&id, pb::HoldReason::Health)).await.unwrap();
    ana.end_participation(end(&id, pb::ClosingReason::WorkOrCaring)).await.unwrap();
    let seen = get(&mut clinic, &id).await;
    assert_eq!(
        (seen.state(), seen.closing_reason(), seen.hold_reason(), seen.ended.is_some()),
        (pb::ParticipationState::Ended, pb::ClosingReason::WorkOrCaring, pb::HoldReason::Unspecified, true)
    );
    let over = (Code::FailedPrecondition, Some("PARTICIPATION_ENDED".to_owned()));
    let refused = clinic.pause_participation(pause(&id, pb::HoldReason::Capacity)).await.unwrap_err();
    assert_eq!(why(&refused), over);
    assert_eq!(why(&ana.resume_participation(resume(&id)).await.unwrap_err()), over);

    let events = service.events().await;
    let rested = events.iter().find(|event| event.r#type.ends_with("ParticipationPaused")).unwrap();
    assert_eq!(rested.occurred.as_ref().and_then(|at| at.at), Some(yesterday));
    assert!(rested.actor.is_some() && rested.agency_id.is_empty(), "the person's own word");
    let count = |kind: &str| events.iter().filter(|event| event.r#type.ends_with(kind)).count();
    assert_eq!(
        (count("ParticipationPaused"), count("ParticipationResumed"), count("ParticipationEnded")),
        (2, 1, 1)
    );
    service.one_batch_makes_the_same_lists().await;
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn under_zero_exclusion_nobody_is_paused_for_health_or_readiness_or_ended_as_ineligible() {
    let service = service().await;
    let content = pb::ServiceOfferContent { zero_exclusion: true, ..offer("Work crew") };
    let id = begun(&service, content).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let excluded = (Code::FailedPrecondition, Some("ZERO_EXCLUSION".to_owned()));
    for reason in [pb::HoldReason::Health, pb::HoldReason::NotReady] {
        assert_eq!(why(&clinic.pause_participation(pause(&id, reason)).await.unwrap_err()), excluded);
    }
    let ineligible = clinic.end_participation(end(&id, pb::ClosingReason::Ineligible)).await.unwrap_err();
    assert_eq!(why(&ineligible), excluded);
    clinic.pause_participation(pause(&id, pb::HoldReason::Documents)).await.unwrap();
    assert_eq!(get(&mut clinic, &id).await.state(), pb::ParticipationState::Paused);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_participation_says_why_it_ended_where_its_source_does() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let zero_exclusion = pb::ServiceOfferContent { zero_exclusion: true, ..offer("Work crew") };
        let offer_id = with_offer(&service, zero_exclusion).await;
        let mut recorder = Client::new(service.recorder(CLINIC));
        let (started, ended) = (Some(now_at(&service)), Some(now_at(&service)));
        let told = |reason: pb::ClosingReason, ended: Option<Occurred>| pb::RecordParticipationRequest {
            request_id: new_request(),
            source: source("Enrollment", "E7"),
            person_id: ANA.to_string(),
            offer_id: offer_id.clone(),
            started: started.clone(),
            ended,
            reason: reason.into(),
            ..Default::default()
        };
        let refused = recorder.record_participation(told(pb::ClosingReason::Moved, None)).await.unwrap_err();
        assert_eq!((refused.code(), refused.message().starts_with("reason ")), (Code::InvalidArgument, true));

        // A source that tells no reason, as HMIS does not, has told one open participation all the same.
        let open = recorder.record_participation(told(pb::ClosingReason::Unspecified, None)).await.unwrap();
        let open = written(open.into_inner().written);
        let mut clinic = Client::new(service.worker(CLINIC));
        clinic.pause_participation(pause(&open.id, pb::HoldReason::Capacity)).await.unwrap();
        let again = recorder.record_participation(told(pb::ClosingReason::Unspecified, None)).await.unwrap();
        assert_eq!(written(again.into_inner().written).etag, "2", "nothing new was told");
        assert_eq!(get(&mut clinic, &open.id).await.state(), pb::ParticipationState::Paused);

        let unsaid = told(pb::ClosingReason::Unspecified, ended.clone());
        recorder.record_participation(unsaid).await.unwrap();
        let seen = get(&mut clinic, &open.id).await;
        assert_eq!(
            (seen.state(), seen.closing_reason()),
            (pb::ParticipationState::Ended, pb::ClosingReason::Unspecified)
        );
        let said = recorder.record_participation(told(pb::ClosingReason::Ineligible, ended.clone())).await;
        let said = written(said.unwrap().into_inner().written);
        assert_eq!(said.etag, "4", "a correction");
        let codes: Vec<&str> = said.discrepancies.iter().map(|found| found.code.as_str()).collect();
        assert_eq!(codes, ["ZERO_EXCLUSION"]);
        assert_eq!(get(&mut clinic, &open.id).await.closing_reason(), pb::ClosingReason::Ineligible);
        service.one_batch_makes_the_same_lists().await;
        service.stop().await;
    }
}
