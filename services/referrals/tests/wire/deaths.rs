//! A death ends what its person takes part in, and fails the referrals of what ended because of it.

use proto::registry::registry_event::Kind;
use proto::registry::{Death, PersonDeathEnteredInError, PersonDied};

use super::*;

async fn tell(service: &Alone, person: PersonId, kind: Kind) {
    let event = proto::registry::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("person", person.uuid()), Some(person), &event).await;
}

/// The person died on that day of 2026.
fn died(person: PersonId, day: &str) -> Kind {
    let at = format!("{day}T06:00:00Z").parse().unwrap();
    let died = Occurred {
        at: Some(platform::wire::to_instant(at)),
        precision: Precision::Day.into(),
        zone: "America/Chicago".into(),
    };
    let death = Some(Death { died: Some(died), ..Default::default() });
    Kind::PersonDied(PersonDied { person_id: person.to_string(), death })
}

async fn participation(client: &mut Client<Peer>, id: &str) -> pb::Participation {
    let request = pb::GetParticipationRequest { participation_id: id.into(), at_least: vec![] };
    client.get_participation(request).await.unwrap().into_inner().participation.unwrap()
}

async fn begins(clinic: &mut Client<Peer>, offer: &str, person: PersonId) -> Result<String, tonic::Status> {
    let (offer_id, person_id) = (offer.to_owned(), person.to_string());
    let reply = call!(clinic, start_participation, StartParticipationRequest { offer_id, person_id })?;
    Ok(written(reply.into_inner().written).id)
}

async fn ended(clinic: &mut Client<Peer>, id: &str) -> pb::Participation {
    until("the participation to end", async || {
        let now = participation(clinic, id).await;
        now.ended.is_some().then_some(now)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_ends_what_the_person_takes_part_in_once_and_fails_the_referral_that_opened_it() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let referral = requested(&service, offer("Kitchen skills")).await;
        let (mut shelter, mut clinic) =
            (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
        call!(clinic, accept_referral, AcceptReferralRequest { referral_id: referral.clone() }).unwrap();
        let record = until("the participation to open", async || {
            let seen = read(&mut shelter, &referral).await;
            (seen.progress() == pb::Progress::Opened).then_some(seen.receiving_record)
        })
        .await;
        let of_referral = record.strip_prefix("participation-").unwrap().to_owned();
        let offer_id = read(&mut shelter, &referral).await.offer_id;
        let own = begins(&mut clinic, &offer_id, ANA).await.unwrap();
        let bens = begins(&mut clinic, &offer_id, PersonId::of(11)).await.unwrap();
        service.hours_pass(3 * 24);
        tell(&service, ANA, died(ANA, "2026-03-06")).await;
        for id in [&of_referral, &own] {
            let over = ended(&mut clinic, id).await;
            let at = over.ended.and_then(|at| at.at).expect("a day");
            assert_eq!(at.seconds, "2026-03-06T06:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second());
            assert_eq!(over.destination_code, 24, "deceased, by HMIS 3.12");
        }
        assert!(participation(&mut clinic, &bens).await.ended.is_none());
        let failed = until("the referral to close", async || {
            let seen = read(&mut shelter, &referral).await;
            (seen.state() == pb::ReferralState::Failed).then_some(seen)
        })
        .await;
        assert_eq!(failed.closing_reason(), pb::ClosingReason::Died);
        assert_eq!(failed.ending(), pb::Ending::WithdrawnBeforeStart, "nobody had begun");

        // Nothing begins any more; what is recorded is kept, and ends with the death too.
        let refused =
            until("the word of the death", async || begins(&mut clinic, &offer_id, ANA).await.err()).await;
        assert_eq!(
            (refused.code(), reason(&refused).as_deref()),
            (Code::FailedPrecondition, Some("PERSON_DIED"))
        );
        let mut recorder = Client::new(service.recorder(CLINIC));
        let request = pb::RecordParticipationRequest {
            request_id: new_request(),
            source: source("Enrollment", "E-1"),
            person_id: ANA.to_string(),
            offer_id: offer_id.clone(),
            started: Some(now_at(&service)),
            ..Default::default()
        };
        let reply = recorder.record_participation(request.clone()).await.unwrap().into_inner();
        let recorded = written(reply.written).id;
        let over = ended(&mut clinic, &recorded).await;
        assert_eq!(over.ended, over.started, "it was told to begin after the death");
        let again = pb::RecordParticipationRequest { request_id: new_request(), ..request };
        recorder.record_participation(again).await.unwrap();

        // That it was an error opens nothing again, and lets what is new begin.
        tell(
            &service,
            ANA,
            Kind::PersonDeathEnteredInError(PersonDeathEnteredInError { person_id: ANA.to_string() }),
        )
        .await;
        let next =
            until("the word that she lives", async || begins(&mut clinic, &offer_id, ANA).await.ok()).await;
        assert!(participation(&mut clinic, &own).await.ended.is_some());
        tell(&service, ANA, died(ANA, "2026-03-07")).await;
        ended(&mut clinic, &next).await;
        let events = service.events().await;
        let count = |kind: &str| events.iter().filter(|event| event.r#type.ends_with(kind)).count();
        assert_eq!((count("ParticipationEnded"), count("ReferralFailed")), (4, 1), "each once");
        service.one_batch_makes_the_same_lists().await;
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placement_that_a_death_calls_off_fails_its_referral_with_that_reason() {
    use proto::housing;
    let service = service().await;
    let home = pb::ServiceOfferContent {
        receiver: pb::Receiver::Housing.into(),
        unit_group_id: Uuid::from_u128(80).to_string(),
        ..offer("Homes")
    };
    let referral = requested(&service, home).await;
    let (mut shelter, mut clinic) =
        (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
    call!(clinic, accept_referral, AcceptReferralRequest { referral_id: referral.clone() }).unwrap();
    let cancelled = housing::PlacementCancelled {
        placement_id: Uuid::from_u128(81).to_string(),
        reason: housing::CancelReason::Died.into(),
        referral_id: referral.clone(),
    };
    let kind = Some(housing::housing_event::Kind::PlacementCancelled(cancelled));
    let stream = StreamId::new("placement", Uuid::from_u128(81));
    service.tell("housing", stream, Some(ANA), &housing::HousingEvent { kind }).await;
    let failed = until("the referral to close", async || {
        let seen = read(&mut shelter, &referral).await;
        (seen.state() != pb::ReferralState::Accepted).then_some(seen)
    })
    .await;
    assert_eq!(
        (failed.state(), failed.closing_reason(), failed.ending()),
        (pb::ReferralState::Failed, pb::ClosingReason::Died, pb::Ending::WithdrawnBeforeStart)
    );
    service.stop().await;
}
