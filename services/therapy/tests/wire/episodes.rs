//! Episodes, through the wire, and the one that an accepted referral opens.

use kernel::StreamId;
use proto::referrals::referrals_event::Kind;
use tests::alone::until;

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn an_episode_is_opened_assigned_and_closed() {
    let service = service(OnStore::Sqlite).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let opened = open(&mut clinic, ANA, None).await.unwrap();
    let id = || opened.id.clone();

    let assign = |worker: WorkerId| pb::AssignEpisodeRequest {
        request_id: new_request(),
        episode_id: id(),
        practitioner_id: worker.to_string(),
        ..Default::default()
    };
    assert_eq!(reason(clinic.assign_episode(assign(DR_OLIVE)).await), "PRACTITIONER_NOT_FOUND");
    register(&mut clinic, DR_OLIVE, therapist("Dr Olive Sample")).await.unwrap();
    clinic.assign_episode(assign(DR_OLIVE)).await.unwrap();
    let insomnia =
        pb::PractitionerContent { modalities: vec!["cbt-insomnia".into()], ..therapist("Dr Pine Sample") };
    register(&mut clinic, DR_PINE, insomnia).await.unwrap();
    assert_eq!(reason(clinic.assign_episode(assign(DR_PINE)).await), "NOT_IN_MODALITY");

    let seen = get(&mut clinic, &id()).await.unwrap();
    assert_eq!((seen.state(), seen.practitioner_id), (pb::EpisodeState::Open, DR_OLIVE.to_string()));
    assert_eq!((seen.modality.as_str(), seen.person_id), ("cbt", ANA.to_string()));

    let closed = call!(
        clinic,
        close_episode,
        CloseEpisodeRequest { episode_id: id(), reason: pb::EpisodeClosing::Completed.into() }
    )
    .unwrap();
    let seen = get(&mut clinic, &id()).await.unwrap();
    assert_eq!((seen.state(), seen.closing()), (pb::EpisodeState::Closed, pb::EpisodeClosing::Completed));
    assert!(seen.closed.is_some());
    let again = call!(
        clinic,
        close_episode,
        CloseEpisodeRequest { episode_id: id(), reason: pb::EpisodeClosing::Moved.into() }
    );
    assert_eq!(reason(again), "EPISODE_CLOSED");

    let request = pb::ListEpisodesRequest {
        practitioner_id: DR_OLIVE.to_string(),
        states: vec![pb::EpisodeState::Closed.into()],
        at_least: vec![closed.revision],
        ..Default::default()
    };
    let listed = clinic.list_episodes(request).await.unwrap().into_inner().episodes;
    assert_eq!(listed.len(), 1);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_episode_is_seen_by_its_agency_and_its_person_alone() {
    let Clinic { service, mut client, episode } = clinic(OnStore::Sqlite).await;
    assert!(get(&mut client, &episode).await.is_ok());
    assert!(get(&mut Client::new(service.person(ANA)), &episode).await.is_ok());
    assert!(get(&mut Client::new(service.operator()), &episode).await.is_ok());
    for stranger in [service.worker(SHELTER), service.person(BEN)] {
        assert_eq!(reason(get(&mut Client::new(stranger), &episode).await), "NOT_FOUND");
    }
    let made = open(&mut client, BEN, None).await.unwrap();
    let request = pb::ListEpisodesRequest {
        at_least: vec![made.revision],
        person_id: BEN.to_string(),
        ..Default::default()
    };
    let of_ben = client.list_episodes(request.clone()).await.unwrap().into_inner().episodes;
    assert_eq!(of_ben.len(), 1);
    let own = Client::new(service.person(ANA)).list_episodes(request).await.unwrap().into_inner().episodes;
    assert_eq!(own.iter().map(|found| &found.person_id).collect::<Vec<_>>(), [&ANA.to_string()]);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_episode_that_was_never_meant_says_so_and_takes_no_appointment() {
    let Clinic { service, mut client, episode } = clinic(OnStore::Sqlite).await;
    let mark = pb::MarkEpisodeEnteredInErrorRequest {
        request_id: new_request(),
        episode_id: episode.clone(),
        ..Default::default()
    };
    client.mark_episode_entered_in_error(mark).await.unwrap();
    assert_eq!(get(&mut client, &episode).await.unwrap().state(), pb::EpisodeState::EnteredInError);
    let ask = asking(&episode, "2026-03-10T10:00");
    let booked = call!(client, book_appointment, BookAppointmentRequest { ask: Some(ask) });
    assert_eq!(reason(booked), "EPISODE_NOT_FOUND");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_field_of_an_episode_is_named() {
    let service = service(OnStore::Sqlite).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let good = || pb::OpenEpisodeRequest {
        request_id: new_request(),
        person_id: ANA.to_string(),
        modality: "cbt".into(),
        ..Default::default()
    };
    for (request, field) in [
        (pb::OpenEpisodeRequest { request_id: "1".into(), ..good() }, "request_id"),
        (pb::OpenEpisodeRequest { person_id: "Ana".into(), ..good() }, "person_id"),
        (pb::OpenEpisodeRequest { modality: "CBT!".into(), ..good() }, "modality"),
        (pb::OpenEpisodeRequest { plan_item_ids: vec!["x".into()], ..good() }, "plan_item_ids[0]"),
    ] {
        assert_eq!(fields(clinic.open_episode(request).await), [field]);
    }
    let as_person = Client::new(service.person(ANA)).open_episode(good()).await;
    assert_eq!(as_person.unwrap_err().code(), tonic::Code::PermissionDenied);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_referral_opens_one_episode_and_its_first_session_is_told_with_the_referral() {
    let service = service(OnStore::Sqlite).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    register(&mut clinic, DR_OLIVE, therapist("Dr Olive Sample")).await.unwrap();
    let referral = Uuid::from_u128(77);
    let goal = Uuid::from_u128(78);
    let accepted = |receiver: proto::referrals::Receiver| proto::referrals::ReferralsEvent {
        kind: Some(Kind::ReferralAccepted(proto::referrals::ReferralAccepted {
            referral_id: referral.to_string(),
            person_id: ANA.to_string(),
            target_agency_id: CLINIC.to_string(),
            practice: "cbt".into(),
            receiver: receiver.into(),
            goal_id: goal.to_string(),
            ..Default::default()
        })),
    };
    let stream = StreamId::new("referral", referral);
    // Told twice, as no log ever does, it still opens one; and one for housing opens none here.
    for receiver in [
        proto::referrals::Receiver::Housing,
        proto::referrals::Receiver::Therapy,
        proto::referrals::Receiver::Therapy,
    ] {
        service.tell("referrals", stream, Some(ANA), &accepted(receiver)).await;
    }
    let episode = until("the episode to open", async || {
        let request = pb::ListEpisodesRequest { person_id: ANA.to_string(), ..Default::default() };
        clinic.clone().list_episodes(request).await.unwrap().into_inner().episodes.pop()
    })
    .await;
    assert_eq!((episode.referral_id.as_str(), episode.goal_id), (&*referral.to_string(), goal.to_string()));

    let ask = pb::AppointmentAsk {
        practitioner_id: DR_OLIVE.to_string(),
        ..asking(&episode.id, "2026-03-04T05:00")
    };
    let booked = call!(clinic, book_appointment, BookAppointmentRequest { ask: Some(ask) }).unwrap();
    call!(clinic, fulfil_appointment, FulfilAppointmentRequest { appointment_id: booked.id }).unwrap();
    let seen = get(&mut clinic, &episode.id).await.unwrap();
    assert_eq!(seen.state(), pb::EpisodeState::Started);

    let events = service.events().await;
    let of = |kind: &str| events.iter().filter(|event| event.r#type.ends_with(kind)).count();
    assert_eq!((of("EpisodeOpened"), of("EpisodeStarted")), (1, 1));
    let opened = events.iter().find(|event| event.r#type.ends_with("EpisodeOpened")).unwrap();
    assert!(!opened.causation_id.is_empty(), "the episode names the event that opened it");
    service.stop().await;
}

async fn get(client: &mut Client<Peer>, episode: &str) -> Result<pb::Episode, Status> {
    let request = pb::GetEpisodeRequest { episode_id: episode.into(), at_least: vec![] };
    client.get_episode(request).await.map(|reply| reply.into_inner().episode.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_episode_names_the_goal_and_the_plan_items_that_it_serves() {
    let service = service(OnStore::Sqlite).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let opened = open(&mut clinic, ANA, None).await.unwrap();
    let (goal, item) = (Uuid::from_u128(51).to_string(), Uuid::from_u128(52).to_string());
    let name = |items: Vec<String>| pb::NameEpisodePlanRequest {
        request_id: new_request(),
        episode_id: opened.id.clone(),
        goal_id: goal.clone(),
        plan_item_ids: items,
        ..Default::default()
    };
    assert_eq!(fields(clinic.name_episode_plan(name(vec!["supper".into()])).await), ["plan_item_ids[0]"]);
    let foreign = Client::new(service.worker(SHELTER)).name_episode_plan(name(vec![item.clone()])).await;
    assert_eq!(reason(foreign), "EPISODE_NOT_FOUND");
    clinic.name_episode_plan(name(vec![item.clone()])).await.unwrap();
    let seen = get(&mut clinic, &opened.id).await.unwrap();
    assert_eq!((seen.goal_id, seen.plan_item_ids), (goal, vec![item]));
    service.stop().await;
}
