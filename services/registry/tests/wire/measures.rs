//! Measures through the wire: taken on the scales, and their course as each reader may see it.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn measures_are_taken_on_the_scales_and_their_course_is_told() {
    let registry = registry().await;
    let mut clinic = registry.clinic();
    let person = register(&mut clinic, "Ana", "Example").await.id;
    let mut herself = registry.person(&person);
    let scales = read!(herself, list_scales, ListScalesRequest {}).unwrap();
    assert_eq!((scales.scales.len(), scales.next_page_token.as_str()), (19, ""));
    let living = scales.scales.iter().find(|scale| scale.code == "satisfied-living").unwrap();
    assert_eq!(
        (living.about(), living.environment()),
        (pb::ScaleAbout::Satisfaction, pb::Environment::Living)
    );
    assert_eq!((living.low, living.high, living.higher_is_better), (1, 5, true));

    let take = |scale: &str, score: &str| pb::TakeMeasureRequest {
        request_id: new_request(),
        person_id: person.clone(),
        scale: scale.into(),
        score: score.into(),
        ..Default::default()
    };
    for (wrong, field) in [
        (take("hope", "3"), "scale"),
        (take("hopeful", ""), "score"),
        (take("hopeful", "5.5"), "score"),
        (take("hopeful", "much"), "score"),
    ] {
        let status = clinic.take_measure(wrong).await.unwrap_err();
        let named = status.message().contains(field);
        assert_eq!((status.code(), named), (Code::InvalidArgument, true), "{status}");
    }
    assert_eq!(refused(registry.shelter().take_measure(take("hopeful", "3")).await), "PERSON_NOT_FOUND");
    let first = take("hopeful", "2");
    let reply = herself.take_measure(first.clone()).await.unwrap().into_inner();
    assert_eq!(herself.take_measure(first).await.unwrap().into_inner(), reply, "a resend gives the same");
    registry.alone.hours_pass(24);
    clinic.take_measure(take("hopeful", "3.5")).await.unwrap();
    clinic.take_measure(take("skill-money", "4")).await.unwrap();
    registry.alone.hours_pass(24);
    let wrong = written(clinic.take_measure(take("skill-money", "1")).await.unwrap().into_inner().written).id;
    let own = call!(
        herself,
        mark_measure_entered_in_error,
        MarkMeasureEnteredInErrorRequest { measure_id: wrong.clone() }
    );
    assert_eq!(refused(own), "MEASURE_NOT_FOUND", "whoever wrote it takes it back");
    let latest = written(clinic.take_measure(take("skill-money", "3.8")).await.unwrap().into_inner().written);
    call!(clinic, mark_measure_entered_in_error, MarkMeasureEnteredInErrorRequest { measure_id: wrong })
        .unwrap();
    let source =
        Source { system: "hmis".into(), table: "Assessment".into(), key: "1".into(), ..Default::default() };
    let taken = Occurred {
        at: Some(platform::wire::to_instant(registry.alone.clock.now())),
        precision: Precision::Instant.into(),
        zone: "UTC".into(),
    };
    let content = pb::MeasureContent {
        scale: "hopeful".into(),
        score: "9".into(),
        taken: Some(taken),
        ..Default::default()
    };
    let record = |content: pb::MeasureContent| pb::RecordMeasureRequest {
        request_id: new_request(),
        source: Some(source.clone()),
        person_id: person.clone(),
        content: Some(content),
    };
    let outside = registry.recorder().record_measure(record(content.clone())).await;
    assert!(outside.unwrap_err().message().contains("content.score"), "a record is on the scale too");
    let theirs = pb::MeasureContent { scale: "hmis-assessment".into(), ..content };
    registry.recorder().record_measure(record(theirs)).await.unwrap();

    let trends = async |client: &mut Client<Peer>, request: pb::GetMeasureTrendsRequest| {
        let request = pb::GetMeasureTrendsRequest {
            person_id: person.clone(),
            at_least: vec![latest.revision.clone()],
            ..request
        };
        client.get_measure_trends(request).await.unwrap().into_inner().trends
    };
    let all = until("the lists to have the record", async || {
        let all = trends(&mut herself.clone(), pb::GetMeasureTrendsRequest::default()).await;
        (all.len() == 3).then_some(all)
    })
    .await;
    use pb::MeasureCourse::{Improving, Steady, Unspecified};
    let told: Vec<_> = all
        .iter()
        .map(|trend| (trend.scale.as_str(), trend.points.len(), trend.change, trend.course()))
        .collect();
    assert_eq!(
        told,
        [
            ("hopeful", 2, 1.5, Improving),
            ("skill-money", 2, -0.2, Steady),
            ("hmis-assessment", 1, 0.0, Unspecified)
        ]
    );
    assert_eq!((all[0].first, all[0].latest, all[0].points[0].agency_id.as_str()), (2.0, 3.5, ""));
    let theirs = trends(&mut clinic, pb::GetMeasureTrendsRequest::default()).await;
    let hopeful: Vec<f64> = theirs[0].points.iter().map(|point| point.score).collect();
    assert_eq!(hopeful, [3.5], "what she rated herself is hers to show");
    let money = pb::GetMeasureTrendsRequest { scales: vec!["skill-money".into()], ..Default::default() };
    assert_eq!(trends(&mut herself, money).await.len(), 1);
    let today = platform::wire::to_date(kernel::Zone::utc().day_of(registry.alone.clock.now()));
    let today = pb::GetMeasureTrendsRequest { from: Some(today), until: Some(today), ..Default::default() };
    let today: Vec<_> = trends(&mut herself, today).await.into_iter().map(|trend| trend.scale).collect();
    assert_eq!(today, ["skill-money", "hmis-assessment"]);
    let hidden =
        read!(registry.shelter(), get_measure_trends, GetMeasureTrendsRequest { person_id: person.clone() });
    assert_eq!(hidden.unwrap_err().code(), Code::NotFound);
}
