//! A death that the registry tells of: what was still to come is called off by itself.

use kernel::StreamId;
use proto::registry::registry_event::Kind;
use tests::alone::until;

use super::*;

async fn tell(service: &Alone, person: PersonId, kind: Kind) {
    let event = proto::registry::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("person", person.uuid()), Some(person), &event).await;
}

async fn a_death_calls_off_what_is_to_come(on: OnStore) {
    let mut clinic = clinic(on).await;
    // The clock stands at noon UTC of 4 March: one is past, two are to come, and one of these is of a record that turns out to be of the same human.
    let past = clinic.book("2026-03-03T10:00").await.unwrap().id;
    let ahead = clinic.book("2026-03-10T10:00").await.unwrap().id;
    let proposed = call!(
        clinic.client,
        propose_appointment,
        ProposeAppointmentRequest { ask: Some(asking(&clinic.episode, "2026-03-17T10:00")) }
    );
    let proposed = proposed.unwrap().id;
    let linked_episode = open(&mut clinic.client, BEN, Some(DR_OLIVE)).await.unwrap().id;
    let of_other = |wall: &str| Some(asking(&linked_episode, wall));
    let of_ben =
        call!(clinic.client, book_appointment, BookAppointmentRequest { ask: of_other("2026-03-11T10:00") });
    let of_ben = of_ben.unwrap().id;
    let stranger = PersonId::of(12);
    let other_episode = open(&mut clinic.client, stranger, Some(DR_OLIVE)).await.unwrap().id;
    let ask = Some(asking(&other_episode, "2026-03-12T10:00"));
    let of_stranger = call!(clinic.client, book_appointment, BookAppointmentRequest { ask: ask }).unwrap().id;

    let (canonical_id, member_id) = (ANA.to_string(), BEN.to_string());
    for person in [ANA, BEN] {
        let (canonical_id, member_id) = (canonical_id.clone(), member_id.clone());
        let link = proto::registry::PersonsLinked { canonical_id, member_id };
        tell(&clinic.service, person, Kind::PersonsLinked(link)).await;
    }
    let died = proto::registry::PersonDied { person_id: ANA.to_string(), death: None };
    tell(&clinic.service, ANA, Kind::PersonDied(died)).await;
    for id in [&ahead, &proposed, &of_ben] {
        let mut client = clinic.client.clone();
        until("the appointment to be called off", async || {
            let now = read(&mut client, id).await.unwrap();
            (now.state() == pb::AppointmentState::Cancelled).then_some(now)
        })
        .await;
        let now = clinic.read(id).await;
        assert_eq!(now.cancel_reason(), pb::CancelReason::Died);
    }
    assert_eq!(clinic.read(&past).await.state(), pb::AppointmentState::Booked, "what is past is as it was");
    assert_eq!(clinic.read(&of_stranger).await.state(), pb::AppointmentState::Booked);
    // Who turns out to be the same human after that is as dead: their record hears of it by the link.
    let (canonical_id, member_id) = (ANA.to_string(), stranger.to_string());
    for person in [ANA, stranger] {
        let (canonical_id, member_id) = (canonical_id.clone(), member_id.clone());
        let link = proto::registry::PersonsLinked { canonical_id, member_id };
        tell(&clinic.service, person, Kind::PersonsLinked(link)).await;
    }
    let mut client = clinic.client.clone();
    until("the appointment of who is linked to be called off", async || {
        let now = read(&mut client, &of_stranger).await.unwrap();
        (now.cancel_reason() == pb::CancelReason::Died).then_some(())
    })
    .await;
    // The hour is the practitioner's again.
    let ask = Some(asking(&other_episode, "2026-03-10T10:00"));
    call!(clinic.client, book_appointment, BookAppointmentRequest { ask: ask }).unwrap();
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_calls_off_what_is_to_come_under_all_records_of_the_person_on_sqlite() {
    a_death_calls_off_what_is_to_come(OnStore::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_calls_off_what_is_to_come_under_all_records_of_the_person_on_postgres() {
    a_death_calls_off_what_is_to_come(OnStore::Postgres).await;
}
