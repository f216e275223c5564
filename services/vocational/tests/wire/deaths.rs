//! A death that the registry tells of: the interviews that were still to come are called off by themselves.

use proto::registry::registry_event::Kind;

use super::*;

async fn tell(service: &Alone, person: PersonId, kind: Kind) {
    let event = proto::registry::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("person", person.uuid()), Some(person), &event).await;
}

/// A job of the person's with an interview so many hours from now.
async fn interviewed(service: &Alone, person: PersonId, hours: i64) -> String {
    let mut works = Client::new(service.worker(WORKS));
    let case = opened_for(&mut works, person, "ips").await;
    let job = lead(&mut works, &case).await;
    let starts = service.clock.now() + jiff::SignedDuration::from_hours(hours);
    call!(
        works,
        schedule_interview,
        ScheduleInterviewRequest {
            job_id: job.clone(),
            starts_at: Some(to_instant(starts)),
            minutes: 45,
            zone: ZONE.into(),
            setting: Setting::Workplace.into(),
        }
    )
    .unwrap();
    job
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_calls_off_the_interviews_to_come_under_all_records_of_the_person_once() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = on(store).await;
        let stranger = PersonId::of(12);
        let past = interviewed(&service, ANA, 1).await;
        service.hours_pass(2);
        let ahead = interviewed(&service, ANA, 26).await;
        let of_ben = interviewed(&service, BEN, 26).await;
        let of_stranger = interviewed(&service, stranger, 26).await;
        for person in [ANA, BEN] {
            let (canonical_id, member_id) = (ANA.to_string(), BEN.to_string());
            tell(
                &service,
                person,
                Kind::PersonsLinked(proto::registry::PersonsLinked { canonical_id, member_id }),
            )
            .await;
        }
        let died =
            || Kind::PersonDied(proto::registry::PersonDied { person_id: ANA.to_string(), death: None });
        tell(&service, ANA, died()).await;
        let mut works = Client::new(service.worker(WORKS));
        for id in [&ahead, &of_ben] {
            let mut works = works.clone();
            until("the interview to be called off", async || {
                job(&mut works, id).await.interviews[0].cancelled.then_some(())
            })
            .await;
        }
        for id in [&past, &of_stranger] {
            assert!(!job(&mut works, id).await.interviews[0].cancelled, "it is past, or somebody else's");
        }
        assert_eq!(job(&mut works, &ahead).await.state(), pb::JobState::Interview, "the job is as it was");

        // Told under the other record too, and taken back: nothing is called off again, and nothing comes back.
        tell(&service, BEN, died()).await;
        let person_id = ANA.to_string();
        tell(
            &service,
            ANA,
            Kind::PersonDeathEnteredInError(proto::registry::PersonDeathEnteredInError { person_id }),
        )
        .await;
        let again = interviewed(&service, ANA, 50).await;
        tell(&service, ANA, died()).await;
        until("the one agreed since to be called off", async || {
            job(&mut works, &again).await.interviews[0].cancelled.then_some(())
        })
        .await;
        let events = service.events().await;
        let cancelled = events.iter().filter(|event| event.r#type.ends_with("InterviewCancelled")).count();
        assert_eq!(cancelled, 3, "each once");
        service.stop().await;
    }
}
