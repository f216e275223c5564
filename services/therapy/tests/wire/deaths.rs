//! A death that the registry tells of: what was still to come is called off by itself.

use kernel::StreamId;
use proto::registry::registry_event::Kind;
use tests::alone::until;

use super::*;

async fn tell(service: &Alone, person: PersonId, kind: Kind) {
    let event = proto::registry::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("person", person.uuid()), Some(person), &event).await;
}

fn died(person: PersonId) -> Kind {
    Kind::PersonDied(proto::registry::PersonDied { person_id: person.to_string(), death: None })
}

fn in_error(person: PersonId) -> Kind {
    let person_id = person.to_string();
    Kind::PersonDeathEnteredInError(proto::registry::PersonDeathEnteredInError { person_id })
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
    tell(&clinic.service, ANA, died(ANA)).await;
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
    let cleo = open(&mut clinic.client, PersonId::of(13), Some(DR_OLIVE)).await.unwrap().id;
    let ask = Some(asking(&cleo, "2026-03-10T10:00"));
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

/// The clinic's other system tells of an hour of Ana's that is to come.
async fn told(clinic: &Clinic, wall: &str) -> Written {
    let source = proto::types::Source {
        system: "sample-ehr".into(),
        table: "Visit".into(),
        key: "V-1".into(),
        ..Default::default()
    };
    let start =
        pb::AppointmentTime { wall: wall.into(), zone: "America/Chicago".into(), ..Default::default() };
    let request = pb::RecordAppointmentRequest {
        request_id: new_request(),
        source: Some(source),
        person_id: ANA.to_string(),
        practitioner_id: DR_OLIVE.to_string(),
        modality: "cbt".into(),
        start: Some(start),
        minutes: 50,
        state: pb::AppointmentState::Booked.into(),
        ..Default::default()
    };
    let mut recorder = Client::new(clinic.service.recorder(CLINIC));
    recorder
        .record_appointment(request)
        .await
        .expect("a record is never refused for a death")
        .into_inner()
        .written
        .unwrap()
}

async fn called_off(clinic: &Clinic, appointment: &str) {
    let mut client = clinic.client.clone();
    until("the appointment to be called off", async || {
        (read(&mut client, appointment).await.unwrap().cancel_reason() == pb::CancelReason::Died)
            .then_some(())
    })
    .await;
}

async fn whom_died_is_booked_no_more(on: OnStore) {
    let mut clinic = clinic(on).await;
    let ahead = clinic.book("2026-03-10T10:00").await.unwrap().id;
    tell(&clinic.service, ANA, died(ANA)).await;
    called_off(&clinic, &ahead).await;
    let refused = until("the word of the death", async || clinic.book("2026-03-11T10:00").await.err()).await;
    assert_eq!(reason(Err::<(), _>(refused)), "PERSON_DIED");
    let proposed = Some(asking(&clinic.episode, "2026-03-17T10:00"));
    let proposed = call!(clinic.client, propose_appointment, ProposeAppointmentRequest { ask: proposed });
    assert_eq!(reason(proposed), "PERSON_DIED");
    assert_eq!(reason(open(&mut clinic.client, ANA, Some(DR_OLIVE)).await), "PERSON_DIED");

    // What another system tells is kept, and called off as whatever else is to come; told again it is not new.
    let recorded = told(&clinic, "2026-03-12T10:00").await;
    called_off(&clinic, &recorded.id).await;
    let etag = clinic.read(&recorded.id).await.etag;
    told(&clinic, "2026-03-12T10:00").await;
    assert_eq!(clinic.read(&recorded.id).await.etag, etag);
    // Told at another time it is to come once more, and called off once more.
    told(&clinic, "2026-03-13T10:00").await;
    called_off(&clinic, &recorded.id).await;

    // That it was an error brings nothing back, and lets what is new be booked.
    tell(&clinic.service, ANA, in_error(ANA)).await;
    let again =
        until("the word that she lives", async || clinic.book("2026-03-11T10:00").await.ok()).await.id;
    for over in [&ahead, &recorded.id] {
        assert_eq!(clinic.read(over).await.cancel_reason(), pb::CancelReason::Died);
    }
    assert_eq!(clinic.read(&again).await.state(), pb::AppointmentState::Booked);
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_died_is_booked_no_more_and_what_a_record_tells_is_called_off_on_sqlite() {
    whom_died_is_booked_no_more(OnStore::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_died_is_booked_no_more_and_what_a_record_tells_is_called_off_on_postgres() {
    whom_died_is_booked_no_more(OnStore::Postgres).await;
}

async fn of_a_booking_and_a_death_the_death_wins(on: OnStore) {
    let mut clinic = clinic(on).await;
    let mut asks = vec![];
    for number in 0..24_u8 {
        let person = PersonId::of(100 + u128::from(number));
        let episode = open(&mut clinic.client, person, Some(DR_OLIVE)).await.unwrap().id;
        let wall = format!("2026-03-{:02}T{:02}:00", 10 + number / 6, 9 + number % 6);
        asks.push((person, asking(&episode, &wall)));
    }
    let mut booked = vec![];
    for (number, (person, ask)) in asks.iter().enumerate() {
        let death = async {
            for _ in 0..number % 4 {
                tokio::task::yield_now().await;
            }
            tell(&clinic.service, *person, died(*person)).await;
        };
        let mut client = clinic.client.clone();
        // What is called off of others frees hours of the same practitioner meanwhile.
        let books = async {
            loop {
                let tried =
                    call!(client, book_appointment, BookAppointmentRequest { ask: Some(ask.clone()) });
                match tried {
                    Err(status) if status.code() == tonic::Code::Aborted => {}
                    done => break done,
                }
            }
        };
        let ((), outcome) = tokio::join!(death, books);
        match outcome {
            Ok(written) => booked.push(written.id),
            refused @ Err(_) => assert_eq!(reason(refused), "PERSON_DIED"),
        }
    }
    for id in &booked {
        called_off(&clinic, id).await;
    }
    let events = clinic.service.events().await;
    let cancelled = events.iter().filter(|event| event.r#type.ends_with("AppointmentCancelled")).count();
    assert_eq!(cancelled, booked.len(), "each once");
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_booking_and_a_death_at_one_time_the_death_wins_whichever_comes_first_on_sqlite() {
    of_a_booking_and_a_death_the_death_wins(OnStore::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_booking_and_a_death_at_one_time_the_death_wins_whichever_comes_first_on_postgres() {
    of_a_booking_and_a_death_the_death_wins(OnStore::Postgres).await;
}
