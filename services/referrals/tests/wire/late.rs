//! What is told days after it happened: when it says it was, in which order, and which clocks are left of it.

use platform::wire::to_instant;

use super::clocks::{due, overdue, until_overdue};
use super::*;

/// So many days ago by the service's clock.
fn ago(service: &Alone, days: i64) -> Option<prost_types::Timestamp> {
    Some(to_instant(service.clock.now() - jiff::SignedDuration::from_hours(24 * days)))
}

fn at(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_second()
}

/// Drafts and sends what was drafted and sent that many days ago.
async fn sent_late(service: &Alone, offer: &str, days: i64) -> String {
    let mut shelter = Client::new(service.worker(SHELTER));
    let occurred_at = ago(service, days);
    let request = pb::DraftReferralRequest { occurred_at, ..asking(offer) };
    let referral = written(shelter.draft_referral(request).await.unwrap().into_inner().written).id;
    until("the consent to be known", async || {
        let referral_id = referral.clone();
        let done = call!(shelter, send_referral, SendReferralRequest { referral_id, occurred_at });
        as_consented(done)
    })
    .await;
    referral
}

/// What was done once the consent is known: after the clock has been driven on it is not for a moment.
fn as_consented<T>(done: Result<T, tonic::Status>) -> Option<T> {
    match done {
        Ok(done) => Some(done),
        Err(status) if reason(&status).as_deref() == Some("CONSENT_MISSING") => None,
        Err(status) => panic!("{status}"),
    }
}

fn refused_for(status: tonic::Status) -> String {
    assert!(status.message().contains("occurred_at"), "it names the field: {}", status.message());
    reason(&status).expect("a reason")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_had_run_out_when_its_sending_was_told_is_missed_and_nothing_is_told_of_it() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let (cooking, money) =
            (with_offer(&service, offer("Cooking")).await, with_offer(&service, offer("Money")).await);
        ana_allows(&service, CLINIC).await;
        let (mut shelter, mut clinic) =
            (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
        // It is a Monday twelve days on, six in the morning in Chicago.
        service.hours_pass(12 * 24);
        let told = sent_late(&service, &cooking, 11).await;
        let seen = read(&mut clinic, &told).await;
        assert_eq!(seen.requested_at.unwrap().seconds, at("2026-03-05T12:00:00Z"));
        let missed: Vec<_> =
            seen.missed.iter().map(|gone| (gone.clock(), gone.due_at.unwrap().seconds)).collect();
        let gone = [at("2026-03-10T11:00:00Z"), at("2026-03-16T11:00:00Z")];
        assert_eq!(missed, [(pb::Clock::Acknowledge, gone[0]), (pb::Clock::Answer, gone[1])]);
        assert_eq!((seen.clocks.len(), seen.overdue.len()), (1, 0), "the review is still to come");
        assert_eq!(due(&seen, pb::Clock::Review), at("2026-06-03T11:00:00Z"));

        // One that is sent now runs out, and after it was told of so would the other have been.
        let other = drafted(&mut shelter, &money).await;
        sent(&mut shelter, &other).await;
        service.hours_pass(12 * 24);
        until_overdue(&mut shelter, &other, &[pb::Clock::Acknowledge, pb::Clock::Answer]).await;
        assert_eq!(overdue(&service).await.len(), 2, "of the one that was sent as it was told");
        assert_eq!(read(&mut shelter, &told).await.overdue, [0; 0]);
        let late = vec![pb::Clock::Acknowledge.into(), pb::Clock::Answer.into()];
        until("the inbox to list what is late", async || {
            let request = pb::ListInboxRequest { overdue: late.clone(), ..Default::default() };
            let page = clinic.list_inbox(request).await.unwrap().into_inner();
            let found: Vec<_> = page.referrals.iter().map(|one| one.id.as_str()).collect();
            assert!(!found.contains(&told.as_str()), "what is missed is not late");
            (found == [other.as_str()]).then_some(())
        })
        .await;
        call!(clinic, accept_referral, AcceptReferralRequest { referral_id: told.clone() }).unwrap();
        assert!(read(&mut clinic, &told).await.missed.is_empty(), "it waits for nothing any more");
        service.one_batch_makes_the_same_lists().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_to_a_referral_may_be_told_days_later_and_not_before_what_it_follows() {
    let service = service().await;
    let mut offers = vec![];
    for name in ["Cooking", "Money", "Travel", "Rest"] {
        offers.push(with_offer(&service, offer(name)).await);
    }
    ana_allows(&service, CLINIC).await;
    service.hours_pass(12 * 24);
    let (mut shelter, mut clinic) =
        (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
    let mut referrals = vec![];
    for offer in &offers {
        referrals.push(sent_late(&service, offer, 10).await);
    }
    let id = || referrals[0].clone();
    let before = ago(&service, 11);
    let too_early = "BEFORE_WHAT_IT_FOLLOWS";

    macro_rules! told {
        ($client:expr, $method:ident, $nth:literal, $request:ident { $($field:ident : $value:expr),* }, $days:expr) => {{
            let early = call!($client, $method, $request { referral_id: referrals[$nth].clone(), occurred_at: before, $($field: $value),* });
            assert_eq!(refused_for(early.unwrap_err()), too_early, stringify!($method));
            let long_ago = call!($client, $method, $request { referral_id: referrals[$nth].clone(), occurred_at: ago(&service, 15), $($field: $value),* });
            let long_ago = long_ago.unwrap_err();
            assert_eq!(long_ago.code(), Code::InvalidArgument, stringify!($method));
            assert!(long_ago.message().contains("occurred_at"), "{}", long_ago.message());
            call!($client, $method, $request { referral_id: referrals[$nth].clone(), occurred_at: ago(&service, $days), $($field: $value),* }).unwrap();
        }};
    }
    let reason = || pb::HoldReason::Documents.into();
    told!(clinic, acknowledge_referral, 0, AcknowledgeReferralRequest {}, 9);
    told!(clinic, accept_referral, 0, AcceptReferralRequest {}, 8);
    let seen = read(&mut clinic, &id()).await;
    // The eighth of March was a Sunday: the fourteen days begin with the Monday after it.
    assert_eq!(due(&seen, pb::Clock::Start), at("2026-03-27T12:00:00Z"));
    told!(clinic, start_referral, 0, StartReferralRequest {}, 7);
    told!(clinic, hold_referral, 0, HoldReferralRequest { reason: reason() }, 6);
    told!(clinic, resume_referral, 0, ResumeReferralRequest {}, 5);
    told!(shelter, review_referral, 0, ReviewReferralRequest {}, 4);
    told!(clinic, complete_referral, 0, CompleteReferralRequest { outcome: pb::Outcome::Enrolled.into() }, 3);

    let moved = pb::ClosingReason::Moved.into();
    told!(shelter, cancel_referral, 1, CancelReferralRequest { reason: moved }, 2);
    told!(clinic, reject_referral, 2, RejectReferralRequest { reason: moved, text: "in words".into() }, 2);
    let id = || referrals[3].clone();
    call!(clinic, accept_referral, AcceptReferralRequest { referral_id: id() }).unwrap();
    let early = call!(
        clinic,
        fail_referral,
        FailReferralRequest { referral_id: id(), reason: moved, occurred_at: ago(&service, 1) }
    );
    assert_eq!(refused_for(early.unwrap_err()), too_early, "it was accepted just now");
    service.hours_pass(24);
    let occurred_at = ago(&service, 1);
    call!(clinic, fail_referral, FailReferralRequest { referral_id: id(), reason: moved, occurred_at })
        .unwrap();

    let told = service.events().await;
    let when = |kind: &str| {
        let event =
            told.iter().find(|event| event.r#type.ends_with(kind)).unwrap_or_else(|| panic!("no {kind}"));
        event.occurred.clone().unwrap().at.unwrap().seconds
    };
    let day = |days: i64| at("2026-03-16T12:00:00Z") - days * 86_400;
    for (kind, days) in [
        ("ReferralDrafted", 10),
        ("ReferralSent", 10),
        ("ReferralAcknowledged", 9),
        ("ReferralAccepted", 8),
        ("ReferralStarted", 7),
        ("ReferralHeld", 6),
        ("ReferralResumed", 5),
        ("ReferralReviewed", 4),
        ("ReferralCompleted", 3),
        ("ReferralCancelled", 2),
        ("ReferralRejected", 2),
        ("ReferralFailed", 0),
    ] {
        assert_eq!(when(kind), day(days), "{kind}");
    }
    service.one_batch_makes_the_same_lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_before_needs_a_consent_of_then_and_of_now() {
    let service = service().await;
    let cooking = with_offer(&service, offer("Cooking")).await;
    let directive = say::directive(ANA, CLINIC);
    let from = Some(to_instant("2026-03-10T12:00:00Z".parse().unwrap()));
    let scope = proto::registry::ConsentScope { from, ..say::scope(CLINIC) };
    let event = proto::registry::RegistryEvent { kind: Some(say::gives(ANA, directive, scope)) };
    service.tell("registry", say::stream(ANA), Some(ANA), &event).await;
    service.hours_pass(12 * 24);
    let mut shelter = Client::new(service.worker(SHELTER));
    let other = with_offer(&service, offer("Money")).await;
    let known = drafted(&mut shelter, &other).await;
    sent(&mut shelter, &known).await;
    let request = pb::DraftReferralRequest { occurred_at: ago(&service, 10), ..asking(&cooking) };
    let referral = written(shelter.draft_referral(request).await.unwrap().into_inner().written).id;
    let send = async |days: i64| {
        let mut shelter = Client::new(service.worker(SHELTER));
        let (referral_id, occurred_at) = (referral.clone(), ago(&service, days));
        call!(shelter, send_referral, SendReferralRequest { referral_id, occurred_at })
    };
    assert_eq!(reason(&send(9).await.unwrap_err()).as_deref(), Some("CONSENT_MISSING"), "none was given yet");
    send(5).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_household_is_sent_when_it_is_said_to_have_been() {
    let service = service().await;
    let cooking = with_offer(&service, offer("Cooking")).await;
    let ben = PersonId::of(11);
    ana_allows(&service, CLINIC).await;
    allows(&service, ben, CLINIC).await;
    service.hours_pass(12 * 24);
    let mut shelter = Client::new(service.worker(SHELTER));
    let no_goal_reason = "not yet talked about".into();
    let member = pb::HouseholdMember { person_id: ben.to_string(), no_goal_reason, ..Default::default() };
    let request = pb::DraftReferralRequest {
        occurred_at: ago(&service, 10),
        household: vec![member],
        ..asking(&cooking)
    };
    let reply = shelter.draft_referral(request).await.unwrap().into_inner();
    let (head, others) = (written(reply.written).id, reply.household_referral_ids);
    let occurred_at = ago(&service, 9);
    until("the consents to be known", async || {
        let referral_id = head.clone();
        let request = pb::SendHouseholdReferralRequest { referral_id, occurred_at, ..Default::default() };
        let request = pb::SendHouseholdReferralRequest { request_id: new_request(), ..request };
        as_consented(shelter.send_household_referral(request).await)
    })
    .await;
    for referral in [head, others[0].clone()] {
        let seen = read(&mut shelter, &referral).await;
        assert_eq!(seen.requested_at, occurred_at);
        assert_eq!(
            seen.missed.iter().map(pb::RunningClock::clock).collect::<Vec<_>>(),
            [pb::Clock::Acknowledge]
        );
    }
}
