//! The clocks of referrals through the wire: events by the durable timers, over several processes, after downtime, and at rest.

use platform::store::StoreUrl;
use tests::Postgres;

use super::*;

/// The overdue events of the log, as clock and due time.
pub(super) async fn overdue(service: &Alone) -> Vec<(pb::Clock, i64)> {
    use prost::Message;
    let told = |event: proto::log::Event| {
        let kind = pb::ReferralsEvent::decode(event.payload).ok()?.kind?;
        let pb::referrals_event::Kind::ReferralOverdue(overdue) = kind else { return None };
        Some((overdue.clock(), overdue.due_at?.seconds))
    };
    service.events().await.into_iter().filter_map(told).collect()
}

pub(super) async fn until_overdue(client: &mut Client<Peer>, referral: &str, clocks: &[pb::Clock]) {
    until("the clocks to run out", async || {
        let seen = read(client, referral).await;
        (seen.overdue().collect::<Vec<_>>() == clocks).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_clock_runs_out_once_at_its_time_and_an_answer_ends_them() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let referral = requested(&service, offer("Kitchen skills")).await;
        let (mut shelter, mut clinic) =
            (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
        let seen = read(&mut clinic, &referral).await;
        let running: Vec<_> = seen.clocks.iter().map(pb::RunningClock::clock).collect();
        assert_eq!(running, [pb::Clock::Acknowledge, pb::Clock::Answer, pb::Clock::Review]);
        assert_eq!(seen.requested_at.unwrap().seconds, service.clock.now().as_second());

        // Wednesday noon UTC and five days: the acknowledgement was due on Monday.
        service.hours_pass(5 * 24);
        until_overdue(&mut shelter, &referral, &[pb::Clock::Acknowledge]).await;
        call!(clinic, acknowledge_referral, AcknowledgeReferralRequest { referral_id: referral.clone() })
            .unwrap();
        assert_eq!(read(&mut shelter, &referral).await.overdue, [0; 0]);
        service.hours_pass(5 * 24);
        until_overdue(&mut shelter, &referral, &[pb::Clock::Answer]).await;
        call!(clinic, accept_referral, AcceptReferralRequest { referral_id: referral.clone() }).unwrap();
        assert_eq!(read(&mut shelter, &referral).await.overdue, [0; 0]);
        service.hours_pass(30 * 24);
        until_overdue(&mut shelter, &referral, &[pb::Clock::Start]).await;
        service.hours_pass(90 * 24);
        until_overdue(&mut shelter, &referral, &[pb::Clock::Start, pb::Clock::Review]).await;
        call!(shelter, review_referral, ReviewReferralRequest { referral_id: referral.clone() }).unwrap();
        let seen = read(&mut shelter, &referral).await;
        assert_eq!(seen.overdue().collect::<Vec<_>>(), [pb::Clock::Start]);
        assert_eq!(seen.clocks.len(), 1, "the next look is due in 90 days");

        let clocks: Vec<_> = overdue(&service).await.into_iter().map(|(clock, _)| clock).collect();
        let all = [pb::Clock::Acknowledge, pb::Clock::Answer, pb::Clock::Start, pb::Clock::Review];
        assert_eq!(clocks, all, "each once");
        service.one_batch_makes_the_same_lists().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_due_while_nothing_ran_is_told_late_once_by_two_processes_together() {
    let store = StoreUrl::Postgres(Postgres::shared().await.url().await);
    let begin = async || {
        Alone::start_at("referrals", store.clone(), async |parts| referrals::service(&parts).await).await
    };
    let service = begin().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    service.stop().await;
    let processes = [begin().await, begin().await];
    for process in &processes {
        process.hours_pass(40 * 24);
    }
    let mut shelter = Client::new(processes[0].worker(SHELTER));
    until_overdue(&mut shelter, &referral, &[pb::Clock::Acknowledge, pb::Clock::Answer]).await;
    let due = "2026-03-09T12:00:00-05:00".parse::<jiff::Timestamp>().unwrap().as_second();
    let told = overdue(&processes[0]).await;
    // 6:00 in Chicago on Wednesday and three working days: the same hour on Monday, after the clock change.
    assert_eq!(
        told[0],
        (pb::Clock::Acknowledge, due - 6 * 3600),
        "as of when it was due, not of when it was told"
    );
    assert_eq!(told.len(), 2, "each once");
    for process in processes {
        process.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_rests_the_clocks_and_they_go_on_with_what_was_left() {
    let service = service().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let id = || referral.clone();
    call!(clinic, accept_referral, AcceptReferralRequest { referral_id: id() }).unwrap();
    let reason = pb::HoldReason::Documents.into();
    call!(clinic, hold_referral, HoldReferralRequest { referral_id: id(), reason }).unwrap();
    let resting = read(&mut clinic, &referral).await;
    assert!(resting.clocks.is_empty() && resting.clocks_rest);
    assert_eq!(resting.hold_reason(), pb::HoldReason::Documents);
    service.hours_pass(100 * 24);
    call!(clinic, resume_referral, ResumeReferralRequest { referral_id: id() }).unwrap();
    let running = read(&mut clinic, &referral).await;
    assert!(!running.clocks_rest && running.overdue.is_empty());
    service.hours_pass(21 * 24);
    until_overdue(&mut clinic, &referral, &[pb::Clock::Start]).await;
    assert_eq!(overdue(&service).await.len(), 1, "nothing ran out during the rest");
    let seen = call!(
        clinic,
        fail_referral,
        FailReferralRequest { referral_id: id(), reason: pb::ClosingReason::NotEngaged.into() }
    );
    seen.unwrap();
    assert_eq!(read(&mut clinic, &referral).await.ending(), pb::Ending::WithdrawnBeforeStart);
    service.one_batch_makes_the_same_lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unanswered_one_expires_where_its_offer_says_so_and_gives_its_place_back() {
    let service = service().await;
    let content = pb::ServiceOfferContent { expires: Some(true), ..offer("Kitchen skills") };
    let referral = requested(&service, content).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    service.hours_pass(60 * 24);
    let expired = until("the referral to expire", async || {
        let seen = read(&mut shelter, &referral).await;
        (seen.state() == pb::ReferralState::Cancelled).then_some(seen)
    })
    .await;
    assert_eq!(expired.closing_reason(), pb::ClosingReason::Expired);
    let events = service.events().await;
    let cancelled = events.iter().find(|event| event.r#type.ends_with("ReferralCancelled")).unwrap();
    assert_eq!(cancelled.actor.as_ref().unwrap().kind(), proto::log::ActorKind::Service);
    let again = drafted(&mut shelter, &expired.offer_id).await;
    sent(&mut shelter, &again).await;
    let by_hand = call!(
        shelter,
        cancel_referral,
        CancelReferralRequest { referral_id: again, reason: pb::ClosingReason::Expired.into() }
    );
    assert_eq!(reason(&by_hand.unwrap_err()).as_deref(), Some("EXPIRED_BY_CLOCK_ALONE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_clocks_of_the_dead_rest_until_the_death_turns_out_an_error() {
    use proto::registry::registry_event::Kind;
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let referral = requested(&service, offer("Kitchen skills")).await;
        let (mut shelter, mut clinic) =
            (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
        let person: PersonId = read(&mut shelter, &referral).await.person_id.parse().unwrap();
        let tell = async |kind| {
            let event = proto::registry::RegistryEvent { kind: Some(kind) };
            service.tell("registry", StreamId::new("person", person.uuid()), Some(person), &event).await;
        };
        tell(Kind::PersonDied(proto::registry::PersonDied { person_id: person.to_string(), death: None }))
            .await;
        let running = async |clocks: usize| {
            let mut shelter = Client::new(service.worker(SHELTER));
            until("the clocks to rest or go on", async || {
                (read(&mut shelter, &referral).await.clocks.len() == clocks).then_some(())
            })
            .await;
        };
        running(0).await;
        service.hours_pass(60 * 24);
        let accepted =
            call!(clinic, accept_referral, AcceptReferralRequest { referral_id: referral.clone() });
        assert_eq!(reason(&accepted.unwrap_err()).as_deref(), Some("PERSON_DIED"));
        tell(Kind::PersonDeathEnteredInError(proto::registry::PersonDeathEnteredInError {
            person_id: person.to_string(),
        }))
        .await;
        running(3).await;
        assert_eq!(overdue(&service).await, [], "nothing ran out while they rested");
        service.hours_pass(5 * 24);
        until_overdue(&mut shelter, &referral, &[pb::Clock::Acknowledge]).await;
        service.one_batch_makes_the_same_lists().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_linked_with_the_dead_rests_while_they_are() {
    use proto::registry as reg;
    use proto::registry::registry_event::Kind;
    let service = service().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    let seen = read(&mut shelter, &referral).await;
    let ana: PersonId = seen.person_id.parse().unwrap();
    let other = PersonId::of(77);
    let tell = async |person: PersonId, kind| {
        let event = reg::RegistryEvent { kind: Some(kind) };
        service.tell("registry", StreamId::new("person", person.uuid()), Some(person), &event).await;
    };
    let died =
        |person: PersonId| Kind::PersonDied(reg::PersonDied { person_id: person.to_string(), death: None });
    let (canonical_id, member_id) = (ana.to_string(), other.to_string());
    let clocks = async |referral: &str, running: usize| {
        let mut shelter = Client::new(service.worker(SHELTER));
        until("the clocks to rest or go on", async || {
            (read(&mut shelter, referral).await.clocks.len() == running).then_some(())
        })
        .await;
    };
    tell(other, died(other)).await;
    for person in [ana, other] {
        let link = reg::PersonsLinked { canonical_id: canonical_id.clone(), member_id: member_id.clone() };
        tell(person, Kind::PersonsLinked(link)).await;
    }
    clocks(&referral, 0).await;
    service.hours_pass(1);
    for person in [ana, other] {
        let link = reg::PersonsUnlinked { canonical_id: canonical_id.clone(), member_id: member_id.clone() };
        tell(person, Kind::PersonsUnlinked(link)).await;
    }
    clocks(&referral, 3).await;
}

/// The registry tells what the clinic says of itself.
async fn the_clinic_is_off(service: &Alone, holidays: &[(i32, i32)], first: bool) {
    use proto::registry as reg;
    let day = |(month, day): &(i32, i32)| proto::Date { year: 2026, month: *month, day: *day };
    let content = Some(reg::AgencyContent {
        name: "Clinic".into(),
        zone: "America/Chicago".into(),
        holidays: holidays.iter().map(day).collect(),
        ..Default::default()
    });
    let agency_id = CLINIC.to_string();
    let kind = match first {
        true => reg::registry_event::Kind::AgencyRegistered(reg::AgencyRegistered { agency_id, content }),
        false => reg::registry_event::Kind::AgencyChanged(reg::AgencyChanged { agency_id, content }),
    };
    let event = reg::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("agency", CLINIC.uuid()), None, &event).await;
}

pub(super) fn due(referral: &pb::Referral, clock: pb::Clock) -> i64 {
    let running = referral.clocks.iter().find(|running| running.clock() == clock).expect("it runs");
    running.due_at.unwrap().seconds
}

#[tokio::test(flavor = "multi_thread")]
async fn the_targets_holidays_are_no_working_days_and_a_change_of_them_moves_no_clock_that_is_set() {
    let service = service().await;
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
    // It is Wednesday, six in the morning in Chicago.
    the_clinic_is_off(&service, &[(3, 5), (3, 9)], true).await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let seen = read(&mut clinic, &referral).await;
    assert_eq!(due(&seen, pb::Clock::Acknowledge), at("2026-03-11T11:00:00Z"), "not Thursday, not Monday");
    assert_eq!(due(&seen, pb::Clock::Answer), at("2026-03-17T11:00:00Z"));
    assert_eq!(due(&seen, pb::Clock::Review), at("2026-06-02T11:00:00Z"));

    the_clinic_is_off(&service, &[(3, 10)], false).await;
    let ben = PersonId::of(11);
    allows(&service, ben, CLINIC).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    let request = pb::DraftReferralRequest { person_id: ben.to_string(), ..asking(&seen.offer_id) };
    let bens = written(shelter.draft_referral(request).await.unwrap().into_inner().written).id;
    sent(&mut shelter, &bens).await;
    let others = read(&mut clinic, &bens).await;
    assert_eq!(due(&others, pb::Clock::Acknowledge), at("2026-03-09T11:00:00Z"), "by the calendar of now");
    assert_eq!(due(&others, pb::Clock::Answer), at("2026-03-16T11:00:00Z"));
    let still = read(&mut clinic, &referral).await;
    assert_eq!(still.clocks, seen.clocks, "what was set stays");
    // What begins now begins by the calendar of now.
    call!(clinic, accept_referral, AcceptReferralRequest { referral_id: referral.clone() }).unwrap();
    let accepted = read(&mut clinic, &referral).await;
    assert_eq!(due(&accepted, pb::Clock::Start), at("2026-03-25T11:00:00Z"));
}

/// The registry tells at which pace the clinic works.
async fn the_clinic_works_so(service: &Alone, clocks: proto::registry::ReferralClocks, weekend: &[&str]) {
    use proto::registry as reg;
    let content = Some(reg::AgencyContent {
        name: "Clinic".into(),
        zone: "America/Chicago".into(),
        referral_clocks: Some(clocks),
        weekend_days: weekend.iter().map(|day| (*day).to_owned()).collect(),
        ..Default::default()
    });
    let kind = reg::registry_event::Kind::AgencyChanged(reg::AgencyChanged {
        agency_id: CLINIC.to_string(),
        content,
    });
    let event = reg::RegistryEvent { kind: Some(kind) };
    service.tell("registry", StreamId::new("agency", CLINIC.uuid()), None, &event).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_run_as_long_as_the_target_has_said_and_expire_by_its_word_unless_its_offer_says_otherwise() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
        let clocks = proto::registry::ReferralClocks {
            acknowledge_days: 1,
            answer_days: 2,
            start_days: 3,
            review_days: 30,
            expiry_days: 5,
            expires: true,
        };
        the_clinic_works_so(&service, clocks, &["TH", "FR"]).await;
        // Wednesday, six in the morning in Chicago: the next days on which it works are Saturday and Sunday, when clocks change.
        let cooking = requested(&service, offer("Cooking")).await;
        let (mut shelter, mut clinic) =
            (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
        let seen = read(&mut clinic, &cooking).await;
        assert_eq!(due(&seen, pb::Clock::Acknowledge), at("2026-03-07T12:00:00Z"));
        assert_eq!(due(&seen, pb::Clock::Answer), at("2026-03-08T11:00:00Z"));
        assert_eq!(due(&seen, pb::Clock::Review), at("2026-04-03T11:00:00Z"));
        let content = pb::ServiceOfferContent { expires: Some(false), ..offer("Money") };
        let kept = with_offer(&service, content).await;
        let kept = drafted(&mut shelter, &kept).await;
        sent(&mut shelter, &kept).await;
        let taken_on = with_offer(&service, offer("Travel")).await;
        let taken_on = drafted(&mut shelter, &taken_on).await;
        sent(&mut shelter, &taken_on).await;
        call!(clinic, accept_referral, AcceptReferralRequest { referral_id: taken_on.clone() }).unwrap();
        assert_eq!(due(&read(&mut clinic, &taken_on).await, pb::Clock::Start), at("2026-03-09T11:00:00Z"));
        call!(shelter, review_referral, ReviewReferralRequest { referral_id: taken_on.clone() }).unwrap();
        assert_eq!(due(&read(&mut clinic, &taken_on).await, pb::Clock::Review), at("2026-04-03T11:00:00Z"));

        service.hours_pass(5 * 24);
        until_overdue(&mut shelter, &kept, &[pb::Clock::Acknowledge, pb::Clock::Answer]).await;
        service.hours_pass(6 * 24);
        let expired = until("the referral to expire", async || {
            let seen = read(&mut shelter, &cooking).await;
            (seen.state() == pb::ReferralState::Cancelled).then_some(seen)
        })
        .await;
        assert_eq!(expired.closing_reason(), pb::ClosingReason::Expired);
        service.hours_pass(60 * 24);
        let late = [pb::Clock::Acknowledge, pb::Clock::Answer, pb::Clock::Review];
        until_overdue(&mut shelter, &kept, &late).await;
        assert_eq!(read(&mut shelter, &kept).await.state(), pb::ReferralState::Requested);
        service.one_batch_makes_the_same_lists().await;
    }
}
