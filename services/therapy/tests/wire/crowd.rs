//! Many book at once, on both stores.

use std::collections::BTreeMap;

use super::*;

/// People who all want the same hour of the same practitioner.
const PEOPLE: u128 = 24;

async fn one_practitioner_is_booked_once(on: OnStore) {
    let Clinic { service, mut client, .. } = clinic(on).await;
    let mut asks = vec![];
    for number in 0..PEOPLE {
        let episode = open(&mut client, PersonId::of(1_000 + number), Some(DR_OLIVE)).await.unwrap().id;
        // Each overlaps with every other, and half of them with New Year.
        let wall = format!("2026-12-31T17:{:02}", 20 + number);
        asks.push(asking(&episode, &wall));
    }
    let tries = asks.into_iter().map(|ask| {
        let mut client = Client::new(service.worker(CLINIC));
        tokio::spawn(
            async move { call!(client, book_appointment, BookAppointmentRequest { ask: Some(ask) }) },
        )
    });
    let mut booked = vec![];
    let mut refused = BTreeMap::<String, usize>::new();
    for tried in tries.collect::<Vec<_>>() {
        match tried.await.unwrap() {
            Ok(written) => booked.push(written.id),
            Err(status) => *refused.entry(reason::<()>(Err(status))).or_default() += 1,
        }
    }
    assert_eq!(booked.len(), 1, "refused: {refused:?}");
    // Who lost the race three times over is told so; everybody else is told that the hour is taken.
    let known = ["PRACTITIONER_BUSY", "LOST_RACE"];
    assert!(refused.keys().all(|reason| known.contains(&reason.as_str())), "{refused:?}");
    assert_eq!(refused.values().sum::<usize>(), PEOPLE as usize - 1);

    let taken = diary_events(&service, "DiaryTimeTaken").await;
    let appointments = diary_events(&service, "AppointmentBooked").await;
    assert_eq!((appointments, taken % 2), (1, 0), "one appointment, in diaries of both its people");
    service.stop().await;
}

async fn one_person_is_booked_once_within_the_agency(on: OnStore) {
    let Clinic { service, mut client, episode } = clinic(on).await;
    let mut workers = vec![];
    for number in 0..8 {
        let worker = WorkerId::of(500 + number);
        register(&mut client, worker, therapist("Dr Sample")).await.unwrap();
        workers.push(worker);
    }
    let tries = workers.into_iter().map(|worker| {
        let mut client = Client::new(service.worker(CLINIC));
        let ask = pb::AppointmentAsk {
            practitioner_id: worker.to_string(),
            ..asking(&episode, "2026-03-10T10:00")
        };
        tokio::spawn(
            async move { call!(client, book_appointment, BookAppointmentRequest { ask: Some(ask) }) },
        )
    });
    let mut outcomes = vec![];
    for tried in tries.collect::<Vec<_>>() {
        outcomes.push(tried.await.unwrap());
    }
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes.into_iter().filter(Result::is_err) {
        assert!(["PERSON_BUSY", "LOST_RACE"].contains(&reason(outcome).as_str()));
    }
    service.stop().await;
}

/// Books, moves and calls off at random from many sides; afterwards the diary holds what the appointments say and nothing overlaps.
async fn whatever_is_asked_at_once_the_diary_agrees_with_the_appointments(on: OnStore) {
    let Clinic { service, mut client, .. } = clinic(on).await;
    let mut sides = vec![];
    for side in 0..6u128 {
        let episode = open(&mut client, PersonId::of(2_000 + side), Some(DR_OLIVE)).await.unwrap().id;
        let mut client = Client::new(service.worker(CLINIC));
        sides.push(tokio::spawn(async move {
            let mut own: Vec<String> = vec![];
            for step in 0..12u128 {
                // A spread of hours that the sides share; which of them comes first is the scheduler's.
                let hour = 8 + (step * 5 + side * 3) % 9;
                let wall = format!("2026-03-10T{hour:02}:{:02}", 20 * (step % 3));
                let outcome = match (step % 4, own.pop()) {
                    (3, Some(appointment_id)) => call!(
                        client,
                        cancel_appointment,
                        CancelAppointmentRequest {
                            appointment_id: appointment_id,
                            reason: pb::CancelReason::Service.into()
                        }
                    ),
                    (2, Some(appointment_id)) => {
                        let start = Some(pb::AppointmentTime { wall, ..Default::default() });
                        let moved = call!(
                            client,
                            reschedule_appointment,
                            RescheduleAppointmentRequest {
                                appointment_id: appointment_id.clone(),
                                start: start
                            }
                        );
                        own.push(moved.as_ref().map_or(appointment_id, |new| new.id.clone()));
                        moved
                    }
                    (_, kept) => {
                        own.extend(kept);
                        let ask = asking(&episode, &wall);
                        let booked =
                            call!(client, book_appointment, BookAppointmentRequest { ask: Some(ask) });
                        own.extend(booked.iter().map(|written| written.id.clone()));
                        booked
                    }
                };
                if let Err(status) = outcome {
                    let why = reason::<()>(Err(status));
                    assert!(
                        ["PRACTITIONER_BUSY", "PERSON_BUSY", "LOST_RACE"].contains(&why.as_str()),
                        "{why}"
                    );
                }
            }
        }));
    }
    for side in sides {
        side.await.unwrap();
    }

    let mut held = BTreeMap::<String, (i64, i64)>::new();
    let mut status = BTreeMap::<String, bool>::new();
    for event in service.events().await {
        use pb::therapy_event::Kind;
        use prost::Message;
        let kind = pb::TherapyEvent::decode(event.payload).unwrap().kind.unwrap();
        let of_olive = |owner: &Option<pb::DiaryOwner>| {
            owner.as_ref().and_then(|owner| owner.owner.clone())
                == Some(pb::diary_owner::Owner::PractitionerId(DR_OLIVE.to_string()))
        };
        #[allow(clippy::wildcard_enum_match_arm, reason = "only these say who holds what")]
        match kind {
            Kind::DiaryTimeTaken(taken) if of_olive(&taken.owner) => {
                let span = (taken.start.unwrap().seconds, taken.end.unwrap().seconds);
                held.insert(taken.appointment_id, span);
            }
            Kind::DiaryTimeFreed(freed) if of_olive(&freed.owner) => {
                held.remove(&freed.appointment_id);
            }
            Kind::AppointmentBooked(booked) => {
                status.insert(booked.appointment_id, true);
            }
            Kind::AppointmentCancelled(cancelled) => {
                status.insert(cancelled.appointment_id, false);
            }
            _ => {}
        }
    }
    let booked: Vec<&String> = status.iter().filter(|(_, holds)| **holds).map(|(id, _)| id).collect();
    assert_eq!(held.keys().collect::<Vec<_>>(), booked, "the diary holds what the appointments say");
    assert!(status.len() >= 2, "hours were booked, whether or not they were kept");
    let mut spans: Vec<(i64, i64)> = held.into_values().collect();
    spans.sort_unstable();
    assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{spans:?}");
    service.one_batch_makes_the_same_lists().await;
    service.stop().await;
}

async fn diary_events(service: &Alone, kind: &str) -> usize {
    service.events().await.iter().filter(|event| event.r#type.ends_with(kind)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_want_one_practitioners_hour_one_gets_it_on_sqlite() {
    one_practitioner_is_booked_once(OnStore::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_want_one_practitioners_hour_one_gets_it_on_postgres() {
    one_practitioner_is_booked_once(OnStore::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_hours_at_once_a_person_gets_one_within_the_agency_on_sqlite() {
    one_person_is_booked_once_within_the_agency(OnStore::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_hours_at_once_a_person_gets_one_within_the_agency_on_postgres() {
    one_person_is_booked_once_within_the_agency(OnStore::Postgres).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_at_once_diary_and_appointments_agree_on_sqlite() {
    whatever_is_asked_at_once_the_diary_agrees_with_the_appointments(OnStore::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_at_once_diary_and_appointments_agree_on_postgres() {
    whatever_is_asked_at_once_the_diary_agrees_with_the_appointments(OnStore::Postgres).await;
}
