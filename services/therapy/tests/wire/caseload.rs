//! A caseload that changes hands takes the therapist's episodes along where the other works in their modality.

use tests::alone::until;

use super::*;

async fn treats(client: &mut Client<Peer>, episode: &str) -> String {
    let request = pb::GetEpisodeRequest { episode_id: episode.into(), at_least: vec![] };
    client.get_episode(request).await.unwrap().into_inner().episode.unwrap().practitioner_id
}

/// What was told of the episodes that could not be handed over: the record and the reason.
async fn refusals(service: &Alone) -> Vec<(String, String)> {
    use prost::Message;
    let events = service.events().await;
    let told = events.iter().filter_map(|event| {
        match pb::TherapyEvent::decode(event.payload.clone()).unwrap().kind {
            Some(pb::therapy_event::Kind::ReactionRefused(told)) => Some((told.record, told.reason)),
            _ => None,
        }
    });
    told.collect()
}

async fn the_episodes_go_along(on: OnStore) {
    let mut clinic = clinic(on).await;
    let content = pb::PractitionerContent { modalities: vec!["cbt".into()], ..therapist("Dr Pine Sample") };
    register(&mut clinic.client, DR_PINE, content).await.unwrap();
    let bens = call!(
        clinic.client,
        open_episode,
        OpenEpisodeRequest {
            person_id: BEN.to_string(),
            modality: "interpersonal-therapy".into(),
            practitioner_id: DR_OLIVE.to_string(),
        }
    );
    let (anas, bens) = (clinic.episode.clone(), bens.unwrap().id);
    let closed = open(&mut clinic.client, ANA, Some(DR_OLIVE)).await.unwrap().id;
    let reason = pb::EpisodeClosing::Completed.into();
    call!(clinic.client, close_episode, CloseEpisodeRequest { episode_id: closed.clone(), reason: reason })
        .unwrap();
    let booked = clinic.book("2026-03-10T10:00").await.unwrap().id;

    clinic.service.hands_over(901, CLINIC, DR_OLIVE, DR_PINE).await;
    let mut client = clinic.client.clone();
    until("the episode to change hands", async || {
        (treats(&mut client, &anas).await == DR_PINE.to_string()).then_some(())
    })
    .await;
    let told = until("what stays to be told", async || {
        let told = refusals(&clinic.service).await;
        (!told.is_empty()).then_some(told)
    })
    .await;
    assert_eq!(told, [(format!("episode-{bens}"), "NOT_IN_MODALITY".to_owned())]);
    for stays in [&bens, &closed] {
        assert_eq!(treats(&mut client, stays).await, DR_OLIVE.to_string());
    }
    let hour = clinic.read(&booked).await;
    assert_eq!(hour.practitioner_id, DR_OLIVE.to_string(), "an hour stays with whom it was booked");

    // Nobody of that id treats here: each of them stays, and is told.
    clinic.service.hands_over(902, CLINIC, DR_PINE, WorkerId::of(99)).await;
    until("that it stays to be told", async || (refusals(&clinic.service).await.len() == 2).then_some(()))
        .await;
    assert_eq!(
        refusals(&clinic.service).await[1],
        (format!("episode-{anas}"), "PRACTITIONER_NOT_FOUND".to_owned())
    );
    assert_eq!(treats(&mut client, &anas).await, DR_PINE.to_string());
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn episodes_go_along_where_the_other_works_in_their_modality_on_sqlite() {
    the_episodes_go_along(OnStore::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn episodes_go_along_where_the_other_works_in_their_modality_on_postgres() {
    the_episodes_go_along(OnStore::Postgres).await;
}
