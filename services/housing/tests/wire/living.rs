//! Living situations through the wire.
//! Invariant: somebody's words for a place are read by those who may, and lie open nowhere.

use super::*;
use proto::types::{Contact, FieldStatus, Occurred, Precision, Setting};

async fn read(client: &mut Client<Peer>, id: &str) -> Result<pb::LivingSituation, Status> {
    let request = pb::GetLivingSituationRequest { living_situation_id: id.to_owned(), at_least: vec![] };
    Ok(client.get_living_situation(request).await?.into_inner().living_situation.expect("a living situation"))
}

fn at(text: &str, precision: Precision) -> Option<Occurred> {
    let at: kernel::Timestamp = text.parse().expect("an instant");
    let at = Some(platform::wire::to_instant(at));
    Some(Occurred { at, precision: precision.into(), zone: "America/Chicago".into() })
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_noted_read_by_agency_and_person_and_taken_back() {
    let service = service().await;
    let mut cedar = cedar(&service);
    let other = "under an invented bridge";
    let noted = call!(
        cedar,
        note_living_situation,
        NoteLivingSituationRequest {
            person_id: ANA.to_string(),
            place: Some(pb::Place { code: 116, other: other.into(), ..Default::default() }),
            zone: "America/Chicago".into()
        }
    );
    let id = written(noted.unwrap().written).id;
    let seen = read(&mut cedar, &id).await.unwrap();
    let place = seen.place.as_ref().unwrap();
    assert_eq!((place.code, place.other.as_str(), place.other_status()), (116, other, FieldStatus::Open));
    assert_eq!(seen.stage(), pb::SituationStage::Current);
    assert_eq!(read(&mut Client::new(service.person(ANA)), &id).await.unwrap(), seen);
    assert_eq!(read(&mut harbor(&service), &id).await.unwrap_err().code(), Code::NotFound);

    service.keys.erase(ANA);
    service.clock.drive_to(service.clock.now() + jiff::SignedDuration::from_mins(2));
    let erased = read(&mut cedar, &id).await.unwrap().place.unwrap();
    assert_eq!((erased.other.as_str(), erased.other_status()), ("", FieldStatus::Erased));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_recorded_with_its_contact_corrected_and_entered_in_error() {
    let service = service().await;
    let mut recorder = recorder(&service);
    let row = |code| pb::RecordLivingSituationRequest {
        request_id: new_request(),
        source: source("CurrentLivingSituation", "50"),
        person_id: ANA.to_string(),
        told: at("2021-11-30T06:00:00Z", Precision::Day),
        stage: pb::SituationStage::Current.into(),
        place: Some(pb::Place { code, ..Default::default() }),
        contact: Some(Contact {
            occurred: at("2021-11-30T14:37:58Z", Precision::Instant),
            setting: Setting::Street.into(),
            reached: true,
            ..Default::default()
        }),
        record: format!("placement-{}", Uuid::from_u128(4)),
    };
    let first = written(recorder.record_living_situation(row(116)).await.unwrap().into_inner().written);
    let same = written(recorder.record_living_situation(row(116)).await.unwrap().into_inner().written);
    assert_eq!(first.etag, same.etag);
    let changed = written(recorder.record_living_situation(row(101)).await.unwrap().into_inner().written);
    assert_eq!((changed.id == first.id, changed.etag == first.etag), (true, false));
    let seen = read(&mut cedar(&service), &first.id).await.unwrap();
    assert_eq!(seen.place.unwrap().code, 101);
    assert!(seen.contact.unwrap().reached);

    for (bad, field) in [
        (row(100), "place.code"),
        (pb::RecordLivingSituationRequest { told: None, ..row(116) }, "told"),
        (pb::RecordLivingSituationRequest { stage: 0, ..row(116) }, "stage"),
        (pb::RecordLivingSituationRequest { record: "somewhere".into(), ..row(116) }, "record"),
    ] {
        let refused = recorder.record_living_situation(bad).await.unwrap_err();
        assert!(refused.message().contains(field), "{field}: {}", refused.message());
    }
    let id = first.id;
    call!(
        recorder,
        mark_living_situation_entered_in_error,
        MarkLivingSituationEnteredInErrorRequest { living_situation_id: id.clone() }
    )
    .unwrap();
    assert_eq!(read(&mut cedar(&service), &id).await.unwrap_err().code(), Code::NotFound);
}
