//! Appointments, through the wire.

use proto::types::Source;

use super::*;
use pb::AppointmentState as State;

#[tokio::test(flavor = "multi_thread")]
async fn an_appointment_goes_from_booked_to_fulfilled() {
    let mut clinic = clinic(OnStore::Sqlite).await;
    // The clock stands at noon UTC: six in the morning in Chicago.
    let id = clinic.book("2026-03-04T07:00").await.unwrap().id;
    let booked = clinic.read(&id).await;
    assert_eq!((booked.state(), booked.practitioner_id), (State::Booked, DR_OLIVE.to_string()));
    let start = booked.start.unwrap();
    assert_eq!((start.wall.as_str(), start.zone.as_str()), ("2026-03-04T07:00", "America/Chicago"));
    assert_eq!(start.instant.unwrap().seconds, 1_772_629_200);
    assert_eq!(start.kind(), pb::WallTimeKind::Ordinary);
    assert!(start.zone_data.starts_with("20"));

    let request = || id.clone();
    let early =
        call!(clinic.client, fulfil_appointment, FulfilAppointmentRequest { appointment_id: request() });
    assert_eq!(reason(early), "NOT_YET");
    call!(clinic.client, arrive_appointment, ArriveAppointmentRequest { appointment_id: request() }).unwrap();
    assert_eq!(clinic.read(&id).await.state(), State::Arrived);
    let seen =
        call!(clinic.client, check_in_appointment, CheckInAppointmentRequest { appointment_id: request() });
    assert_eq!(clinic.read(&id).await.etag, seen.unwrap().etag);
    let back =
        call!(clinic.client, arrive_appointment, ArriveAppointmentRequest { appointment_id: request() });
    assert_eq!(reason(back), "NEVER_BACKWARD");

    clinic.service.hours_pass(2);
    call!(
        clinic.client,
        fulfil_appointment,
        FulfilAppointmentRequest { appointment_id: request(), minutes: 45 }
    )
    .unwrap();
    let done = clinic.read(&id).await;
    assert_eq!((done.state(), done.minutes_taken, done.minutes), (State::Fulfilled, 45, 50));
    assert_eq!(clinic.episode().await.state(), pb::EpisodeState::Started);
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_holds_no_time_until_it_is_held_and_the_person_says_yes() {
    let mut clinic = clinic(OnStore::Sqlite).await;
    let ask = asking(&clinic.episode, "2026-03-10T10:00");
    let proposed =
        call!(clinic.client, propose_appointment, ProposeAppointmentRequest { ask: Some(ask.clone()) })
            .unwrap();
    let other = clinic.book("2026-03-10T10:30").await.unwrap();
    let hold = || pb::HoldAppointmentRequest {
        request_id: new_request(),
        appointment_id: proposed.id.clone(),
        ..Default::default()
    };
    let busy = clinic.client.hold_appointment(hold()).await;
    assert_eq!(reason(busy), "PRACTITIONER_BUSY");
    call!(
        clinic.client,
        cancel_appointment,
        CancelAppointmentRequest { appointment_id: other.id, reason: pb::CancelReason::Service.into() }
    )
    .unwrap();
    clinic.client.hold_appointment(hold()).await.unwrap();
    assert_eq!(clinic.read(&proposed.id).await.state(), State::Pending);
    assert_eq!(reason(clinic.book("2026-03-10T10:30").await), "PRACTITIONER_BUSY");

    let mut ana = Client::new(clinic.service.person(ANA));
    let confirm = || pb::ConfirmAppointmentRequest {
        request_id: new_request(),
        appointment_id: proposed.id.clone(),
        ..Default::default()
    };
    let ben = Client::new(clinic.service.person(BEN)).confirm_appointment(confirm()).await;
    assert_eq!(reason(ben), "APPOINTMENT_NOT_FOUND");
    ana.confirm_appointment(confirm()).await.unwrap();
    assert_eq!(read(&mut ana, &proposed.id).await.unwrap().state(), State::Booked);
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_person_calls_off_and_the_time_is_free_again() {
    let mut clinic = clinic(OnStore::Sqlite).await;
    let id = clinic.book("2026-03-10T10:00").await.unwrap().id;
    let mut ana = Client::new(clinic.service.person(ANA));
    let cancel = |reason: pb::CancelReason| pb::CancelAppointmentRequest {
        request_id: new_request(),
        appointment_id: id.clone(),
        reason: reason.into(),
        ..Default::default()
    };
    assert_eq!(reason(ana.cancel_appointment(cancel(pb::CancelReason::Service)).await), "AGENCY_ONLY");
    let rescheduled = ana.cancel_appointment(cancel(pb::CancelReason::Rescheduled)).await;
    assert_eq!(fields(rescheduled), ["reason"]);
    ana.cancel_appointment(cancel(pb::CancelReason::Person)).await.unwrap();
    assert_eq!(clinic.read(&id).await.cancel_reason(), pb::CancelReason::Person);
    clinic.book("2026-03-10T10:00").await.unwrap();
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_no_show_is_corrected_and_both_stay_in_the_log() {
    let mut clinic = clinic(OnStore::Sqlite).await;
    let id = clinic.book("2026-03-04T05:00").await.unwrap().id;
    let miss = pb::MissAppointmentRequest {
        request_id: new_request(),
        appointment_id: id.clone(),
        reason: pb::MissedReason::NotKnown.into(),
        ..Default::default()
    };
    clinic.client.miss_appointment(miss).await.unwrap();
    let missed = clinic.read(&id).await;
    assert_eq!((missed.state(), missed.missed_reason()), (State::NoShow, pb::MissedReason::NotKnown));

    let correct = |state: State| pb::CorrectNoShowRequest {
        request_id: new_request(),
        appointment_id: id.clone(),
        state: state.into(),
        ..Default::default()
    };
    assert_eq!(fields(clinic.client.correct_no_show(correct(State::Booked)).await), ["state"]);
    assert_eq!(fields(clinic.client.correct_no_show(correct(State::NoShow)).await), ["missed_reason"]);
    clinic.client.correct_no_show(correct(State::Fulfilled)).await.unwrap();
    let right = clinic.read(&id).await;
    assert_eq!((right.state(), right.no_show_corrected, right.minutes_taken), (State::Fulfilled, true, 50));
    let kinds: Vec<String> = clinic.service.events().await.into_iter().map(|event| event.r#type).collect();
    for kind in ["AppointmentMissed", "AppointmentNoShowCorrected", "EpisodeStarted"] {
        assert_eq!(kinds.iter().filter(|known| known.ends_with(kind)).count(), 1, "{kind}");
    }
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rescheduling_links_both_and_heeds_the_version_of_the_old_one() {
    let mut clinic = clinic(OnStore::Sqlite).await;
    let old = clinic.book("2026-03-10T10:00").await.unwrap();
    let again = |etag: &str, wall: &str| pb::RescheduleAppointmentRequest {
        request_id: new_request(),
        etag: etag.into(),
        appointment_id: old.id.clone(),
        start: Some(pb::AppointmentTime { wall: wall.into(), ..Default::default() }),
        ..Default::default()
    };
    let stale = clinic.client.reschedule_appointment(again("9", "2026-03-10T10:20")).await;
    assert_eq!(reason(stale), "ETAG_MISMATCH");
    let request = again(&old.etag, "2026-03-10T10:20");
    let reply = clinic.client.reschedule_appointment(request.clone()).await.unwrap().into_inner();
    let new = reply.written.unwrap();
    assert_ne!(new.id, old.id);
    let (before, after) = (clinic.read(&old.id).await, clinic.read(&new.id).await);
    assert_eq!(
        (before.state(), before.cancel_reason(), before.rescheduled_to),
        (State::Cancelled, pb::CancelReason::Rescheduled, new.id.clone())
    );
    assert_eq!((after.state(), after.rescheduled_from), (State::Booked, old.id.clone()));
    assert_eq!((after.minutes, after.etag), (50, new.etag.clone()));

    // Sent again, it is the same reply and nothing more.
    let resent = clinic.client.reschedule_appointment(request).await.unwrap().into_inner();
    assert_eq!(resent.written, Some(new));
    let twice = clinic.client.reschedule_appointment(again("", "2026-03-12T10:00")).await;
    assert_eq!(reason(twice), "RESCHEDULED_ALREADY");
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wall_time_that_the_clock_skips_or_shows_twice_is_flagged() {
    let mut clinic = clinic(OnStore::Sqlite).await;
    for (wall, seconds, kind) in [
        ("2026-03-08T02:30", 1_772_958_600, pb::WallTimeKind::Skipped),
        ("2026-11-01T01:30", 1_793_514_600, pb::WallTimeKind::Ambiguous),
    ] {
        let id = clinic.book(wall).await.unwrap().id;
        let start = clinic.read(&id).await.start.unwrap();
        assert_eq!((start.wall.as_str(), start.kind()), (wall, kind));
        assert_eq!(start.instant.unwrap().seconds, seconds, "{wall}");
    }
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_diary_and_a_persons_appointments_are_listed_by_time() {
    let mut clinic = clinic(OnStore::Sqlite).await;
    let mut revision = String::new();
    for wall in ["2026-03-12T10:00", "2026-03-10T10:00", "2026-03-11T10:00"] {
        revision = clinic.book(wall).await.unwrap().revision;
    }
    let list = |page_size: i32, page_token: String| pb::ListAppointmentsRequest {
        page_size,
        page_token,
        practitioner_id: DR_OLIVE.to_string(),
        at_least: vec![revision.clone()],
        ..Default::default()
    };
    let walls = |page: &pb::ListAppointmentsResponse| -> Vec<String> {
        page.appointments.iter().map(|found| found.start.clone().unwrap().wall).collect()
    };
    let first = clinic.client.list_appointments(list(2, String::new())).await.unwrap().into_inner();
    assert_eq!(walls(&first), ["2026-03-10T10:00", "2026-03-11T10:00"]);
    let second = clinic.client.list_appointments(list(2, first.next_page_token)).await.unwrap().into_inner();
    assert_eq!(walls(&second), ["2026-03-12T10:00"]);
    assert_eq!(second.next_page_token, "");

    let day = pb::ListAppointmentsRequest {
        from: Some(prost_types::Timestamp { seconds: 1_773_187_200, nanos: 0 }),
        until: Some(prost_types::Timestamp { seconds: 1_773_273_600, nanos: 0 }),
        ..list(0, String::new())
    };
    let of_day = clinic.client.list_appointments(day).await.unwrap().into_inner();
    assert_eq!(walls(&of_day), ["2026-03-11T10:00"]);
    let mut ana = Client::new(clinic.service.person(ANA));
    let own = pb::ListAppointmentsRequest { at_least: vec![revision], ..Default::default() };
    assert_eq!(walls(&ana.list_appointments(own.clone()).await.unwrap().into_inner()).len(), 3);
    let mut shelter = Client::new(clinic.service.worker(SHELTER));
    assert_eq!(walls(&shelter.list_appointments(own.clone()).await.unwrap().into_inner()).len(), 0);
    let nobodys = Client::new(clinic.service.operator()).list_appointments(own).await;
    assert_eq!(fields(nobodys), ["person_id"]);
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_never_meant_gives_its_time_back_and_says_so() {
    let mut clinic = clinic(OnStore::Sqlite).await;
    let id = clinic.book("2026-03-10T10:00").await.unwrap().id;
    let mark = pb::MarkAppointmentEnteredInErrorRequest {
        request_id: new_request(),
        appointment_id: id.clone(),
        ..Default::default()
    };
    clinic.client.mark_appointment_entered_in_error(mark).await.unwrap();
    assert_eq!(clinic.read(&id).await.state(), State::EnteredInError);
    clinic.book("2026-03-10T10:00").await.unwrap();
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_kept_with_what_is_odd_about_it_and_a_different_telling_corrects_it() {
    let mut clinic = clinic(OnStore::Sqlite).await;
    clinic.book("2026-03-10T10:00").await.unwrap();
    let mut recorder = Client::new(clinic.service.recorder(CLINIC));
    let told = |key: &str, state: State| pb::RecordAppointmentRequest {
        request_id: new_request(),
        source: Some(Source {
            system: "sample-ehr".into(),
            table: "Visit".into(),
            key: key.into(),
            ..Default::default()
        }),
        person_id: BEN.to_string(),
        practitioner_id: DR_OLIVE.to_string(),
        modality: "cbt".into(),
        start: Some(pb::AppointmentTime {
            wall: "2026-03-10T10:30".into(),
            zone: "America/Chicago".into(),
            ..Default::default()
        }),
        minutes: 50,
        state: state.into(),
        ..Default::default()
    };
    let reply = recorder.record_appointment(told("A-1", State::Booked)).await.unwrap().into_inner();
    let odd = reply.written.unwrap();
    let codes: Vec<&str> = odd.discrepancies.iter().map(|found| found.code.as_str()).collect();
    assert_eq!(codes, ["PRACTITIONER_BUSY"]);

    let reply = recorder.record_appointment(told("A-1", State::Cancelled)).await.unwrap().into_inner();
    let corrected = reply.written.unwrap();
    assert_eq!((corrected.id, corrected.discrepancies.len()), (odd.id.clone(), 0));
    let seen = read(&mut recorder, &odd.id).await.unwrap();
    assert_eq!((seen.state(), seen.cancel_reason()), (State::Cancelled, pb::CancelReason::Other));
    let same = recorder.record_appointment(told("A-1", State::Cancelled)).await.unwrap().into_inner();
    assert_eq!(same.written.unwrap().etag, corrected.etag, "the same telling again is nothing");

    let nowhere = pb::RecordAppointmentRequest {
        start: Some(pb::AppointmentTime { wall: "2026-03-10T10:30".into(), ..Default::default() }),
        ..told("A-2", State::Booked)
    };
    assert_eq!(fields(recorder.record_appointment(nowhere).await), ["start.zone"]);
    assert_eq!(fields(recorder.record_appointment(told("A-2", State::EnteredInError)).await), ["state"]);
    let worker = clinic.client.record_appointment(told("A-2", State::Booked)).await;
    assert_eq!(worker.unwrap_err().code(), tonic::Code::PermissionDenied);
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_appointment_told_again_is_written_again_only_where_it_is_known_for_longer() {
    let clinic = clinic(OnStore::Sqlite).await;
    let recorder = Client::new(clinic.service.recorder(CLINIC));
    let day = |month| Some(proto::Date { year: 2026, month, day: 28 });
    let told = async |known_until, state: State| {
        let source = Source {
            system: "sample-ehr".into(),
            table: "Visit".into(),
            key: "K-1".into(),
            known_until,
            ..Default::default()
        };
        let start = pb::AppointmentTime {
            wall: "2026-05-12T10:30".into(),
            zone: "America/Chicago".into(),
            ..Default::default()
        };
        let request = pb::RecordAppointmentRequest {
            request_id: new_request(),
            source: Some(source),
            person_id: BEN.to_string(),
            start: Some(start),
            minutes: 50,
            state: state.into(),
            ..Default::default()
        };
        recorder.clone().record_appointment(request).await.unwrap().into_inner().written.unwrap().etag
    };
    let first = told(day(2), State::Booked).await;
    assert_eq!(told(day(2), State::Booked).await, first);
    assert_eq!(told(day(1), State::Booked).await, first, "it was known for longer already");
    let longer = told(day(3), State::Booked).await;
    assert_ne!(longer, first);
    assert_eq!(told(day(3), State::Booked).await, longer);
    let events = clinic.service.events().await;
    assert_eq!(events.last().and_then(|event| event.source.as_ref()?.known_until), day(3));
    let closed = told(None, State::Cancelled).await;
    assert_ne!(closed, longer);
    assert_eq!(told(day(4), State::Cancelled).await, closed, "what has ended is known whole");
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_field_of_an_appointment_is_named() {
    let mut clinic = clinic(OnStore::Sqlite).await;
    let good = || asking(&clinic.episode, "2026-03-10T10:00");
    let asks = [
        (pb::AppointmentAsk { minutes: 0, ..good() }, "ask.minutes"),
        (pb::AppointmentAsk { minutes: 721, ..good() }, "ask.minutes"),
        (pb::AppointmentAsk { setting: 0, ..good() }, "ask.setting"),
        (pb::AppointmentAsk { start: None, ..good() }, "ask.start"),
        (asking(&clinic.episode, "tomorrow"), "ask.start.wall"),
        (pb::AppointmentAsk { episode_id: String::new(), ..good() }, "ask.episode_id"),
        (pb::AppointmentAsk { skills: vec!["juggling".into()], ..good() }, "ask.skills[0]"),
        (pb::AppointmentAsk { stance: 1, ..good() }, "ask.stance"),
    ];
    for (ask, field) in asks {
        let booked = call!(clinic.client, book_appointment, BookAppointmentRequest { ask: Some(ask) });
        assert_eq!(fields(booked), [field]);
    }
    let nothing = call!(clinic.client, book_appointment, BookAppointmentRequest {});
    assert_eq!(fields(nothing), ["ask"]);
    assert_eq!(reason(clinic.book("2026-02-10T10:00").await), "TOO_LONG_AGO");
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_of_a_part_2_programme_carry_its_label_on_every_event_about_the_person() {
    let mut clinic = clinic(OnStore::Sqlite).await;
    let open = pb::OpenEpisodeRequest {
        request_id: new_request(),
        person_id: BEN.to_string(),
        modality: "cbt".into(),
        practitioner_id: DR_OLIVE.to_string(),
        part2: true,
        ..Default::default()
    };
    clinic.episode = clinic.client.open_episode(open).await.unwrap().into_inner().written.unwrap().id;
    let id = clinic.book("2026-03-04T05:00").await.unwrap().id;
    call!(clinic.client, fulfil_appointment, FulfilAppointmentRequest { appointment_id: id }).unwrap();
    let events = clinic.service.events().await;
    let of_ben = events
        .iter()
        .filter(|event| event.person_id == BEN.to_string() && !event.stream.starts_with("diary-"));
    let labels: Vec<&[String]> = of_ben.map(|event| event.labels.as_slice()).collect();
    assert_eq!(labels.len(), 4, "opened, booked, fulfilled, started");
    assert!(labels.iter().all(|labels| *labels == ["42CFRPart2".to_owned()]));
    clinic.service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_tells_its_skills_and_stance_and_so_does_the_one_in_its_place() {
    let mut clinic = clinic(OnStore::Sqlite).await;
    let expose = proto::types::Stance::Expose;
    let ask = pb::AppointmentAsk {
        skills: vec!["stress".into(), "emotion-regulation".into()],
        stance: expose.into(),
        ..asking(&clinic.episode, "2026-03-10T10:00")
    };
    let first = call!(clinic.client, book_appointment, BookAppointmentRequest { ask: Some(ask) }).unwrap();
    let start = Some(pb::AppointmentTime { wall: "2026-03-10T12:00".into(), ..Default::default() });
    let moved = call!(
        clinic.client,
        reschedule_appointment,
        RescheduleAppointmentRequest { appointment_id: first.id.clone(), start: start }
    );
    let second = moved.unwrap();
    for appointment in [first.id, second.id] {
        let seen = clinic.read(&appointment).await;
        assert_eq!((seen.skills.join(" "), seen.stance()), ("emotion-regulation stress".to_owned(), expose));
    }
    clinic.service.stop().await;
}
