//! A participation on the timeline: it says whether it rests and why it ended, and no more.

use super::*;

async fn says(service: &Alone, number: u128, kind: Referrals) {
    let stream = StreamId::new("participation", Uuid::from_u128(number));
    tell(service, stream, ANA, CLINIC, kind).await;
}

/// The one line of the participation, once it reads so.
async fn reads(service: &Alone, line: &str, open: bool) {
    until(line, async || {
        let found = read(service.worker(CLINIC), of(ANA)).await;
        (lines(&found) == [line] && found[0].open == open).then_some(())
    })
    .await;
}

fn recorded(ended: Option<Occurred>, reason: referrals::ClosingReason) -> Referrals {
    Referrals::ParticipationRecorded(referrals::ParticipationRecorded {
        offer_name: "Day programme".into(),
        started: Some(at("2026-01-05")),
        ended,
        reason: reason.into(),
        ..Default::default()
    })
}

fn paused() -> Referrals {
    Referrals::ParticipationPaused(referrals::ParticipationPaused {
        reason: referrals::HoldReason::Health.into(),
        ..Default::default()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_participation_says_that_it_rests_goes_on_and_why_it_ended_and_not_why_it_rests() {
    let service = service().await;
    let started = referrals::ParticipationStarted {
        agency_id: CLINIC.to_string(),
        offer_name: "Clubhouse".into(),
        ..Default::default()
    };
    says(&service, 1, Referrals::ParticipationStarted(started)).await;
    reads(&service, "Takes part in Clubhouse", true).await;
    says(&service, 1, paused()).await;
    reads(&service, "Takes part in Clubhouse: paused", true).await;
    says(&service, 1, Referrals::ParticipationResumed(Default::default())).await;
    reads(&service, "Takes part in Clubhouse: goes on", true).await;
    let reason = referrals::ClosingReason::Moved.into();
    let ended = referrals::ParticipationEnded { reason, ..Default::default() };
    says(&service, 1, Referrals::ParticipationEnded(ended)).await;
    reads(&service, "Takes part in Clubhouse: ended, moved", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_participation_that_rests_here_rests_on_until_its_source_tells_how_it_ended() {
    use referrals::ClosingReason::{Moved, Unspecified};
    let service = service().await;
    says(&service, 1, recorded(None, Unspecified)).await;
    says(&service, 1, paused()).await;
    reads(&service, "Takes part in Day programme: paused", true).await;
    says(&service, 1, recorded(None, Unspecified)).await;
    contact(&service, 2, ANA, CLINIC, "2026-01-07").await;
    let found = read_all(&service, service.worker(CLINIC), of(ANA), 2).await;
    assert!(lines(&found).contains(&"Takes part in Day programme: paused"), "{:?}", lines(&found));
    says(&service, 1, recorded(Some(at("2026-02-05")), Moved)).await;
    says(&service, 3, recorded(Some(at("2026-02-05")), Unspecified)).await;
    let found = read_all(&service, service.worker(CLINIC), of(ANA), 3).await;
    for line in ["Takes part in Day programme: ended, moved", "Takes part in Day programme"] {
        let found = found.iter().find(|entry| entry.line == line).unwrap_or_else(|| panic!("{line}"));
        assert!(!found.open && found.end.is_some());
    }
}
