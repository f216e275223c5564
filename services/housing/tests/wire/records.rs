//! Facts from elsewhere through the wire, as an import sends them.
//! Invariant: equal content does nothing, changed content is a correction, and what is odd is listed to the writer.

use super::*;
use pb::{PlacementState, ProjectType};

fn told(group: &str, key: &str, person: PersonId) -> pb::RecordPlacementRequest {
    pb::RecordPlacementRequest {
        request_id: new_request(),
        source: source("Enrollment", key),
        person_id: person.to_string(),
        unit_group_id: group.to_owned(),
        household_key: format!("h-{key}"),
        relationship: pb::Relationship::Self_.into(),
        entry_on: day(2021, 9, 24),
        ..Default::default()
    }
}

fn again(request: &pb::RecordPlacementRequest) -> pb::RecordPlacementRequest {
    pb::RecordPlacementRequest { request_id: new_request(), ..request.clone() }
}

async fn record(service: &Alone, request: pb::RecordPlacementRequest) -> Written {
    written(recorder(service).record_placement(request).await.unwrap().into_inner().written)
}

fn codes(written: &Written) -> Vec<&str> {
    written.discrepancies.iter().map(|odd| odd.code.as_str()).collect()
}

/// A group as an import makes it.
async fn recorded_group(service: &Alone, project: ProjectType) -> String {
    let (source, content) = (source("Project", "93"), Some(group_content(project)));
    let request = pb::RecordUnitGroupRequest { request_id: new_request(), source, content };
    written(recorder(service).record_unit_group(request).await.unwrap().into_inner().written).id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_placement_stands_whole_and_told_again_changes_nothing() {
    let service = service().await;
    let group = recorded_group(&service, ProjectType::PermanentSupportiveHousing).await;
    let first = pb::RecordPlacementRequest {
        move_in_on: day(2021, 10, 1),
        exit_on: day(2022, 1, 7),
        destination: Some(pb::Place { code: 17, other: "an invented barge".into(), ..Default::default() }),
        ..told(&group, "1", ANA)
    };
    let one = record(&service, first.clone()).await;
    assert_eq!(codes(&one), Vec::<&str>::new());
    let two = record(&service, again(&first)).await;
    assert_eq!((&one.id, &one.etag), (&two.id, &two.etag), "the same fact, words and all: nothing happened");
    let seen = read(&mut cedar(&service), &one.id).await.unwrap();
    assert_eq!(seen.state(), PlacementState::Exited);
    assert_eq!(seen.lodging, [pb::DayRange { from: day(2021, 10, 1), until: day(2022, 1, 7) }]);
    assert_eq!(seen.destination.unwrap().other, "an invented barge");

    let changed = pb::RecordPlacementRequest { exit_on: day(2022, 2, 1), ..again(&first) };
    let three = record(&service, changed).await;
    assert_eq!((three.id == one.id, three.etag == one.etag), (true, false));
    let events = service.events().await;
    let event = events.iter().rfind(|event| event.r#type.ends_with("PlacementRecorded")).unwrap();
    let payload: pb::HousingEvent = prost::Message::decode(event.payload.clone()).unwrap();
    let Some(pb::housing_event::Kind::PlacementRecorded(correction)) = payload.kind else {
        panic!("recorded")
    };
    assert!(correction.correction);
    let kept = event.source.as_ref().unwrap();
    assert_eq!((kept.system.as_str(), kept.table.as_str()), ("hmis:9", "Enrollment"));
    assert_eq!(event.voice(), proto::types::Voice::Source);
    assert_eq!(event.occurred.as_ref().unwrap().precision(), proto::types::Precision::Day);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_odd_is_listed_to_the_writer_and_on_a_retry_again() {
    let service = service().await;
    let group = recorded_group(&service, ProjectType::EmergencyShelterEntryExit).await;
    let odd = pb::RecordPlacementRequest { move_in_on: day(2021, 10, 1), ..told(&group, "1", ANA) };
    let one = record(&service, odd.clone()).await;
    assert_eq!(codes(&one), ["MOVE_IN_OF_OTHER_TYPE"]);
    assert_eq!(record(&service, odd).await, one, "a retry replies the same");
    let seen = read(&mut cedar(&service), &one.id).await.unwrap();
    assert_eq!((seen.moved_in_on, seen.discrepancies.len()), (None, 1));
    assert_eq!(seen.lodging, [pb::DayRange { from: day(2021, 9, 24), until: None }]);

    let permanent = pb::RecordUnitGroupRequest {
        request_id: new_request(),
        source: source("Project", "388"),
        content: Some(group_content(ProjectType::RapidRehousing)),
    };
    let permanent = recorder(&service).record_unit_group(permanent).await.unwrap().into_inner();
    let home = |key: &str| {
        let group = permanent.written.as_ref().unwrap().id.clone();
        pb::RecordPlacementRequest { move_in_on: day(2021, 10, 1), ..told(&group, key, ANA) }
    };
    assert!(codes(&record(&service, home("2")).await).is_empty());
    assert_eq!(codes(&record(&service, home("3")).await), ["HOME_ELSEWHERE"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_row_is_refused_by_the_field_that_is_wrong() {
    let service = service().await;
    let group = recorded_group(&service, ProjectType::SafeHaven).await;
    let good = || told(&group, "1", ANA);
    let place = |code| Some(pb::Place { code, ..Default::default() });
    for (bad, field) in [
        (pb::RecordPlacementRequest { entry_on: None, ..good() }, "entry_on"),
        (pb::RecordPlacementRequest { source: None, ..good() }, "source"),
        (
            pb::RecordPlacementRequest { exit_on: day(2021, 9, 23), destination: place(410), ..good() },
            "exit_on",
        ),
        (pb::RecordPlacementRequest { exit_on: day(2021, 9, 30), ..good() }, "destination"),
        (
            pb::RecordPlacementRequest { exit_on: day(2021, 9, 30), destination: place(100), ..good() },
            "destination.code",
        ),
        (pb::RecordPlacementRequest { destination: place(410), ..good() }, "destination"),
        (pb::RecordPlacementRequest { relationship: 9, ..good() }, "relationship"),
    ] {
        let refused = recorder(&service).record_placement(bad).await.unwrap_err();
        assert_eq!(code(&refused), says(Code::InvalidArgument, "BAD_FIELD"), "{field}");
        assert!(refused.message().contains(field), "{field}: {}", refused.message());
    }
    let unknown = pb::RecordPlacementRequest { unit_group_id: Uuid::from_u128(5).to_string(), ..good() };
    let refused = recorder(&service).record_placement(unknown).await.unwrap_err();
    assert_eq!(code(&refused), says(Code::NotFound, "UNIT_GROUP_NOT_FOUND"));
    let harbors = Client::new(service.recorder(HARBOR)).record_placement(good()).await.unwrap_err();
    assert_eq!(code(&harbors), says(Code::NotFound, "UNIT_GROUP_NOT_FOUND"));
    let worker = cedar(&service).record_placement(good()).await.unwrap_err();
    assert_eq!(worker.code(), Code::PermissionDenied);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_household_key_of_a_source_is_one_household_and_claims_the_unit_together() {
    let service = service().await;
    let group = recorded_group(&service, ProjectType::TransitionalHousing).await;
    let unit = unit(&service, &group, "1A").await;
    let in_unit = |key: &str, household: &str, person| pb::RecordPlacementRequest {
        household_key: household.into(),
        unit_id: unit.clone(),
        ..told(&group, key, person)
    };
    let ana = record(&service, in_unit("1", "s_1", ANA)).await;
    let ben = record(&service, in_unit("2", "s_1", BEN)).await;
    assert!(codes(&ana).is_empty() && codes(&ben).is_empty());
    let stranger = record(&service, in_unit("3", "s_3", PersonId::of(13))).await;
    assert_eq!(codes(&stranger), ["UNIT_NOT_FREE"]);
    let mut cedar = cedar(&service);
    let households = [read(&mut cedar, &ana.id).await.unwrap(), read(&mut cedar, &ben.id).await.unwrap()];
    assert_eq!(households[0].household_id, households[1].household_id);
    assert_eq!(read_unit(&mut cedar, &unit, None).await.unwrap().placement_ids, [ana.id, ben.id]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_nights_of_a_month_are_one_command_and_can_be_corrected_and_taken_back() {
    let service = service().await;
    let group = recorded_group(&service, ProjectType::EmergencyShelterNightByNight).await;
    let stay = pb::RecordPlacementRequest {
        exit_on: day(2021, 10, 4),
        destination: Some(pb::Place { code: 116, ..Default::default() }),
        ..told(&group, "1", ANA)
    };
    let placement = record(&service, stay).await.id;
    let nights = |days: &[u32]| pb::RecordNightsRequest {
        request_id: new_request(),
        source: source("Services", "1/2021-10"),
        placement_id: placement.clone(),
        nights: Some(pb::MonthNights { year: 2021, month: 10, days: days.to_vec() }),
        ..Default::default()
    };
    let mut recorder = recorder(&service);
    let mut send =
        async |request| written(recorder.record_nights(request).await.unwrap().into_inner().written);
    let first = send(nights(&[1, 2, 4])).await;
    assert!(codes(&first).is_empty(), "the night of the day of exit counts");
    assert_eq!(send(nights(&[1, 2, 4])).await.etag, first.etag);
    assert_eq!(codes(&send(nights(&[1, 2, 4, 5])).await), ["NIGHTS_OUTSIDE_STAY"]);
    send(nights(&[2, 4])).await;
    let mut cedar = cedar(&service);
    let seen = read(&mut cedar, &placement).await.unwrap();
    let range = |from, until| pb::DayRange { from: day(2021, 10, from), until: day(2021, 10, until) };
    assert_eq!(seen.lodging, [range(2, 3), range(4, 5)]);

    let rows = |days: &[u32], taken_back: &[u32]| pb::RecordNightsRequest {
        others_stay: true,
        taken_back_days: taken_back.to_vec(),
        ..nights(days)
    };
    let reply = recorder.record_nights(rows(&[3], &[2])).await.unwrap().into_inner();
    assert_eq!(reply.untold_days, [4], "a source that tells by rows takes back what it says, and no more");
    let refused = recorder.record_nights(pb::RecordNightsRequest { others_stay: false, ..rows(&[3], &[2]) });
    assert!(refused.await.unwrap_err().message().contains("taken_back_days"));
    let refused = recorder.record_nights(nights(&[32])).await.unwrap_err();
    assert!(refused.message().contains("nights.days[0]"));
    let none = call!(
        recorder,
        mark_nights_entered_in_error,
        MarkNightsEnteredInErrorRequest { placement_id: placement.clone(), year: 2021, month: 11 }
    );
    assert_eq!(code(&none.unwrap_err()), says(Code::NotFound, "NO_SUCH_NIGHTS"));
    call!(
        recorder,
        mark_nights_entered_in_error,
        MarkNightsEnteredInErrorRequest { placement_id: placement.clone(), year: 2021, month: 10 }
    )
    .unwrap();
    assert!(read(&mut cedar, &placement).await.unwrap().lodging.is_empty());
    let events = service.events().await;
    let kind = prost::Message::decode(events.last().unwrap().payload.clone())
        .map(|told: pb::HousingEvent| told.kind);
    let Ok(Some(pb::housing_event::Kind::BedNightsEnteredInError(gone))) = kind else { panic!("taken back") };
    let told = events.iter().rfind(|event| event.r#type.ends_with("BedNightsCounted")).unwrap();
    let fact = platform::command::stored::fact_of(told).unwrap();
    assert_eq!(
        gone.fact_ids,
        [fact.to_string()],
        "the fact is named, so that whoever lists facts sees it go"
    );
    recorder.record_nights(nights(&[1])).await.unwrap();
    assert_eq!(
        read(&mut cedar, &placement).await.unwrap().lodging,
        [range(1, 2)],
        "told again it stands again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_stay_told_again_is_written_again_only_where_it_is_known_for_longer() {
    let service = service().await;
    let group = recorded_group(&service, ProjectType::SafeHaven).await;
    let known = |until| {
        let source = Source { known_until: until, ..source("Enrollment", "1").unwrap() };
        pb::RecordPlacementRequest { source: Some(source), ..told(&group, "1", ANA) }
    };
    let first = record(&service, known(day(2026, 1, 31))).await;
    assert_eq!(record(&service, known(day(2026, 1, 31))).await.etag, first.etag);
    assert_eq!(record(&service, known(day(2025, 12, 31))).await.etag, first.etag);
    let longer = record(&service, known(day(2026, 2, 28))).await;
    assert_ne!(longer.etag, first.etag);
    assert_eq!(record(&service, known(day(2026, 2, 28))).await.etag, longer.etag);
    let events = service.events().await;
    let last = events.last().and_then(|event| event.source.as_ref()).and_then(|source| source.known_until);
    assert_eq!(last, day(2026, 2, 28));
    let gone = |until| pb::RecordPlacementRequest {
        exit_on: day(2026, 2, 1),
        destination: Some(pb::Place { code: 116, ..Default::default() }),
        ..known(until)
    };
    let closed = record(&service, gone(None)).await;
    assert_eq!(
        record(&service, gone(day(2026, 3, 31))).await.etag,
        closed.etag,
        "what has ended is known whole"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_row_is_entered_in_error_and_told_again_it_stands_again() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        a_deleted_row_is_told_again(store).await;
    }
}

async fn a_deleted_row_is_told_again(store: OnStore) {
    let service = service_on(store).await;
    let group = recorded_group(&service, ProjectType::SafeHaven).await;
    let row = told(&group, "1", ANA);
    let placement = record(&service, row.clone()).await.id;
    call!(
        recorder(&service),
        mark_placement_entered_in_error,
        MarkPlacementEnteredInErrorRequest { placement_id: placement.clone() }
    )
    .unwrap();
    let mut cedar = cedar(&service);
    assert_eq!(read(&mut cedar, &placement).await.unwrap_err().code(), Code::NotFound);
    assert_eq!(record(&service, again(&row)).await.id, placement);
    assert_eq!(read(&mut cedar, &placement).await.unwrap().state(), PlacementState::Admitted);
    let exit = call!(
        cedar,
        exit_placement,
        ExitPlacementRequest {
            placement_id: placement,
            destination: Some(pb::Place { code: 410, ..Default::default() })
        }
    );
    assert_eq!(code(&exit.unwrap_err()), says(Code::FailedPrecondition, "KEPT_ELSEWHERE"));
    service.one_batch_makes_the_same_lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_another_persons_is_withdrawn_from_the_first() {
    let service = service().await;
    let group = recorded_group(&service, ProjectType::SafeHaven).await;
    record(&service, told(&group, "1", ANA)).await;
    record(&service, told(&group, "1", BEN)).await;
    let mut kinds = vec![];
    for event in service.events().await {
        if event.stream.starts_with("placement-") {
            let kind = event.r#type.rsplit('.').next().unwrap_or_default().to_owned();
            kinds.push((kind, event.person_id));
        }
    }
    let told = |kind: &str, person: PersonId| (kind.to_owned(), person.to_string());
    assert_eq!(
        kinds,
        [
            told("PlacementRecorded", ANA),
            told("PlacementEnteredInError", ANA),
            told("PlacementRecorded", BEN)
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn inventory_becomes_capacity_of_the_group_and_a_changed_row_a_correction() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        inventory_becomes_capacity(store).await;
    }
}

async fn inventory_becomes_capacity(store: OnStore) {
    let service = service_on(store).await;
    let group = recorded_group(&service, ProjectType::EmergencyShelterEntryExit).await;
    let row = |beds, until| pb::RecordCapacityRequest {
        request_id: new_request(),
        source: source("Inventory", "3549"),
        unit_group_id: group.clone(),
        content: Some(pb::CapacityContent {
            household_type: pb::HouseholdType::AdultsAndChildren.into(),
            beds,
            units: 6,
            from: day(2020, 1, 28),
            until,
            availability: pb::CapacityAvailability::YearRound.into(),
            bed_type: pb::BedType::Facility.into(),
        }),
    };
    let mut recorder = recorder(&service);
    let first = recorder.record_capacity(row(25, None)).await.unwrap().into_inner();
    let same = recorder.record_capacity(row(25, None)).await.unwrap().into_inner();
    assert_eq!(
        (&first.capacity_id, written(first.written.clone()).etag),
        (&same.capacity_id, written(same.written).etag)
    );
    let changed = recorder.record_capacity(row(25, day(2021, 1, 27))).await.unwrap().into_inner();
    assert_eq!(changed.capacity_id, first.capacity_id);
    let request = pb::GetUnitGroupRequest { unit_group_id: group.clone(), ..Default::default() };
    let seen = cedar(&service).get_unit_group(request).await.unwrap().into_inner().unit_group.unwrap();
    assert_eq!(seen.capacities.len(), 1);
    assert_eq!(seen.capacities[0].content.as_ref().unwrap().until, day(2021, 1, 27));
    // The project itself told again, under another type: a correction.
    let renamed = Some(group_content(ProjectType::SafeHaven));
    let request = pb::RecordUnitGroupRequest {
        request_id: new_request(),
        source: source("Project", "93"),
        content: renamed,
    };
    assert_eq!(written(recorder.record_unit_group(request).await.unwrap().into_inner().written).id, group);
    service.one_batch_makes_the_same_lists().await;
}
