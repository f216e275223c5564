//! What a referral's line says of the turns of its life, and what stands beside it.

use super::*;

/// Tells that of the referral, and waits for its line.
async fn turns(service: &Alone, stream: StreamId, kind: Referrals, line: &str) {
    tell(service, stream, ANA, CLINIC, kind).await;
    until(line, async || {
        let entries = read(service.worker(CLINIC), of(ANA)).await;
        lines(&entries).contains(&line).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referrals_line_says_how_it_stands_and_what_is_noted_beside_that() {
    let service = service().await;
    let stream = referral(&service, 1, true).await;
    let turn = async |kind: Referrals, line: &str| turns(&service, stream, kind, line).await;
    let overdue = |clock: referrals::Clock| {
        Referrals::ReferralOverdue(referrals::ReferralOverdue { clock: clock.into(), ..Default::default() })
    };
    let asked = || Referrals::ReferralInformationAsked(Default::default());
    let supplied = || Referrals::ReferralInformationSupplied(Default::default());
    let status = referrals::BusinessStatus::Waitlisted.into();
    let waitlisted = referrals::ReferralBusinessStatusSet { status, ..Default::default() };
    turn(overdue(referrals::Clock::Acknowledge), "Referral to Kitchen skills: not acknowledged in time")
        .await;
    turn(Referrals::ReferralAcknowledged(Default::default()), "Referral to Kitchen skills: acknowledged")
        .await;
    turn(asked(), "Referral to Kitchen skills: acknowledged, information asked for").await;
    tell(&service, stream, ANA, CLINIC, asked()).await;
    tell(&service, stream, ANA, SHELTER, supplied()).await;
    turn(
        Referrals::ReferralBusinessStatusSet(waitlisted),
        "Referral to Kitchen skills: acknowledged, on the waiting list, information asked for",
    )
    .await;
    turn(supplied(), "Referral to Kitchen skills: acknowledged, on the waiting list").await;
    turn(
        Referrals::ReferralConsentLapsed(Default::default()),
        "Referral to Kitchen skills: acknowledged, on the waiting list, consent lapsed",
    )
    .await;
    tell(&service, stream, ANA, CLINIC, Referrals::ReferralConsentRestored(Default::default())).await;
    turn(
        Referrals::ReferralAccepted(Default::default()),
        "Referral to Kitchen skills: accepted, on the waiting list",
    )
    .await;
    turn(
        overdue(referrals::Clock::Start),
        "Referral to Kitchen skills: accepted, not started in time, on the waiting list",
    )
    .await;
    turn(
        Referrals::ReferralSplit(Default::default()),
        "Referral to Kitchen skills: in progress, passed to several, on the waiting list",
    )
    .await;
    turn(
        Referrals::ReferralTransferAsked(Default::default()),
        "Referral to Kitchen skills: in progress, passed to several, on the waiting list, transfer asked for",
    )
    .await;
    let followed = referrals::ReferralFollowed {
        following: referrals::Following::Transfers.into(),
        ..Default::default()
    };
    tell(&service, stream, ANA, CLINIC, Referrals::ReferralFollowed(followed)).await;
    let reason = referrals::ClosingReason::NeedsMetElsewhere.into();
    turn(
        Referrals::ReferralCancelled(referrals::ReferralCancelled { reason, ..Default::default() }),
        "Referral to Kitchen skills: cancelled before start, needs met elsewhere, on the waiting list, being transferred",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_says_why_a_referral_rests_and_that_nobody_looked_at_it_again_in_time() {
    let service = service().await;
    let stream = referral(&service, 1, true).await;
    let turn = async |kind: Referrals, line: &str| turns(&service, stream, kind, line).await;
    let held = |reason: referrals::HoldReason| {
        Referrals::ReferralHeld(referrals::ReferralHeld { reason: reason.into(), ..Default::default() })
    };
    let unseen = || {
        let clock = referrals::Clock::Review.into();
        Referrals::ReferralOverdue(referrals::ReferralOverdue { clock, ..Default::default() })
    };
    let reviewed = || Referrals::ReferralReviewed(Default::default());
    turn(unseen(), "Referral to Kitchen skills: requested, not reviewed in time").await;
    turn(
        Referrals::ReferralAccepted(Default::default()),
        "Referral to Kitchen skills: accepted, not reviewed in time",
    )
    .await;
    turn(reviewed(), "Referral to Kitchen skills: accepted").await;
    for (reason, why) in [
        (referrals::HoldReason::Documents, "documents"),
        (referrals::HoldReason::Capacity, "no capacity"),
        (referrals::HoldReason::PersonsWish, "the person's wish"),
        (referrals::HoldReason::Health, "health"),
        (referrals::HoldReason::Consent, "consent"),
        (referrals::HoldReason::NotReady, "not ready"),
    ] {
        turn(held(reason), &format!("Referral to Kitchen skills: on hold, {why}")).await;
    }
    turn(Referrals::ReferralResumed(Default::default()), "Referral to Kitchen skills: in progress").await;
    turn(unseen(), "Referral to Kitchen skills: in progress, not reviewed in time").await;
    let outcome = referrals::Outcome::Enrolled.into();
    turn(
        Referrals::ReferralCompleted(referrals::ReferralCompleted { outcome, ..Default::default() }),
        "Referral to Kitchen skills: completed, enrolled",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_to_reach_the_person_is_an_entry_of_its_own_that_both_sides_see() {
    let service = service().await;
    let stream = referral(&service, 1, true).await;
    let made = |number: u128, reached| {
        let contact = Contact { occurred: Some(at("2026-03-05")), reached, ..Default::default() };
        Referrals::ReferralContactMade(referrals::ReferralContactMade {
            contact_id: Uuid::from_u128(number).to_string(),
            contact: Some(contact),
            ..Default::default()
        })
    };
    tell(&service, stream, ANA, CLINIC, made(1, false)).await;
    tell(&service, stream, ANA, CLINIC, made(2, true)).await;
    for side in [SHELTER, CLINIC] {
        let found = read_all(&service, service.worker(side), of(ANA), 3).await;
        let told = lines(&found);
        assert!(told.contains(&"Contact attempted about the referral to Kitchen skills"), "{told:?}");
        assert!(told.contains(&"Contact about the referral to Kitchen skills"), "{told:?}");
    }
    tell(&service, stream, ANA, SHELTER, Referrals::ReferralEnteredInError(Default::default())).await;
    until("all of it to be withdrawn", async || {
        let found = read(service.worker(CLINIC), of(ANA)).await;
        found.iter().all(|entry| entry.withdrawn).then_some(())
    })
    .await;
}
