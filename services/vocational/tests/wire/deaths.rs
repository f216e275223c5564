//! A death that the registry tells of: the interviews that were still to come are called off by themselves.

use proto::registry::registry_event::Kind;

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

async fn opens(works: &mut Client<platform::peer::Peer>, person: PersonId) -> Result<Written, Status> {
    let (person_id, practice) = (person.to_string(), "ips".into());
    call!(works, open_case, OpenCaseRequest { person_id: person_id, practice: practice })
}

/// Asks for an interview so many hours from now.
async fn schedules(service: &Alone, job: &str, hours: i64) -> Result<Written, Status> {
    let starts = service.clock.now() + jiff::SignedDuration::from_hours(hours);
    let mut works = Client::new(service.worker(WORKS));
    call!(
        works,
        schedule_interview,
        ScheduleInterviewRequest {
            job_id: job.into(),
            starts_at: Some(to_instant(starts)),
            minutes: 45,
            zone: ZONE.into(),
            setting: Setting::Workplace.into(),
        }
    )
}

/// A job of the person's with an interview so many hours from now.
async fn interviewed(service: &Alone, person: PersonId, hours: i64) -> String {
    let mut works = Client::new(service.worker(WORKS));
    let case = opened_for(&mut works, person, "ips").await;
    let job = lead(&mut works, &case).await;
    schedules(service, &job, hours).await.unwrap();
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
        tell(&service, ANA, died(ANA)).await;
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
        tell(&service, BEN, died(BEN)).await;
        for person in [ANA, BEN] {
            tell(&service, person, in_error(person)).await;
        }
        until("the word that they live", async || opens(&mut works, ANA).await.ok()).await;
        let again = interviewed(&service, ANA, 50).await;
        tell(&service, ANA, died(ANA)).await;
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

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_begun_or_agreed_for_whom_died_and_what_happened_can_still_be_noted() {
    let service = service().await;
    let mut works = Client::new(service.worker(WORKS));
    let case = opened(&mut works).await;
    let (job, closed) = (lead(&mut works, &case).await, opened(&mut works).await);
    let reason = pb::DischargeReason::Completed.into();
    call!(works, discharge_case, DischargeCaseRequest { case_id: closed.clone(), reason: reason }).unwrap();
    tell(&service, ANA, died(ANA)).await;
    let first = until("the word of the death", async || opens(&mut works, ANA).await.err()).await;
    refused(Err(first), Code::FailedPrecondition, "PERSON_DIED");
    let died = |answer| refused(answer, Code::FailedPrecondition, "PERSON_DIED");
    died(schedules(&service, &job, 26).await);
    died(call!(works, reengage_case, ReengageCaseRequest { case_id: closed }));
    let (case_id, kind) = (case.clone(), pb::JobKind::Competitive.into());
    died(call!(
        works,
        add_job_lead,
        AddJobLeadRequest { case_id: case_id, kind: kind, employer: "Invented Diner".into() }
    ));
    // Who may not know of the job does not hear of the death either.
    let mut elsewhere = Client::new(service.worker(ELSEWHERE));
    let starts_at = Some(to_instant(service.clock.now()));
    let strange = call!(
        elsewhere,
        schedule_interview,
        ScheduleInterviewRequest {
            job_id: job,
            starts_at: starts_at,
            minutes: 45,
            zone: ZONE.into(),
            setting: Setting::Workplace.into(),
        }
    );
    refused(strange, Code::NotFound, "JOB_NOT_FOUND");

    let with_family = contact_at(&service, Setting::Phone);
    call!(works, add_case_contact, AddCaseContactRequest { case_id: case.clone(), contact: with_family })
        .unwrap();
    let reason = pb::DischargeReason::Died.into();
    call!(works, discharge_case, DischargeCaseRequest { case_id: case, reason: reason }).unwrap();
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_interview_and_a_death_at_one_time_the_death_wins_whichever_comes_first() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = on(store).await;
        let mut works = Client::new(service.worker(WORKS));
        let mut jobs = vec![];
        for number in 0..24 {
            let case = opened_for(&mut works, PersonId::of(100 + number), "ips").await;
            jobs.push(lead(&mut works, &case).await);
        }
        let mut agreed = 0;
        for (number, job) in jobs.iter().enumerate() {
            let person = PersonId::of(100 + number as u128);
            let death = async {
                for _ in 0..number % 4 {
                    tokio::task::yield_now().await;
                }
                tell(&service, person, died(person)).await;
            };
            let ((), scheduled) = tokio::join!(death, schedules(&service, job, 26));
            match scheduled {
                Ok(_) => agreed += 1,
                Err(status) => refused(Err(status), Code::FailedPrecondition, "PERSON_DIED"),
            }
        }
        for id in &jobs {
            until("all of them to be called off", async || {
                job(&mut works, id).await.interviews.iter().all(|interview| interview.cancelled).then_some(())
            })
            .await;
        }
        let events = service.events().await;
        let count = |kind: &str| events.iter().filter(|event| event.r#type.ends_with(kind)).count();
        assert_eq!((count("InterviewScheduled"), count("InterviewCancelled")), (agreed, agreed), "each once");
        service.stop().await;
    }
}
