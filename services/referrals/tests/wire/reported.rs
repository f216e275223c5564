//! What a receiving service reports onto the referral that opened its part, told here as that service tells it.
//! Invariant: a referral is completed by a part that gave its service alone, and failed for its reason by any other.

use proto::vocational::vocational_event::Kind as Vocational;
use proto::vocational::{
    CaseDischarged, CaseEngaged, CaseOpened, CaseTransitioned, DischargeReason, VocationalEvent,
};

use super::*;

/// A referral to help with work that the clinic accepted. No vocational service runs, so its case is the test's to tell of.
pub(super) async fn accepted_for_work(service: &Alone) -> String {
    let content = pb::ServiceOfferContent { receiver: pb::Receiver::Vocational.into(), ..offer("Work") };
    let referral = requested(service, content).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    call!(clinic, accept_referral, AcceptReferralRequest { referral_id: referral.clone() }).unwrap();
    referral
}

pub(super) fn case() -> StreamId {
    StreamId::new("case", Uuid::from_u128(90))
}

pub(super) async fn tells_of(service: &Alone, case: StreamId, kind: Vocational) {
    let event = VocationalEvent { kind: Some(kind) };
    service.tell("vocational", case, Some(ANA), &event).await;
}

pub(super) async fn opens(service: &Alone, case: StreamId, referral_id: &str) {
    let opened = CaseOpened { referral_id: referral_id.into(), ..CaseOpened::default() };
    tells_of(service, case, Vocational::CaseOpened(opened)).await;
}

fn discharged(referral_id: &str, reason: DischargeReason) -> Vocational {
    let (referral_id, reason) = (referral_id.into(), reason.into());
    Vocational::CaseDischarged(CaseDischarged { referral_id, reason, ..CaseDischarged::default() })
}

async fn closes(service: &Alone, referral: &str) -> pb::Referral {
    let mut shelter = Client::new(service.worker(SHELTER));
    until("the end of the case to come back", async || {
        let seen = read(&mut shelter, referral).await;
        (seen.progress() == pb::Progress::Closed).then_some(seen)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_ended_before_anybody_was_met_fails_its_referral_for_its_reason() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let referral = accepted_for_work(&service).await;
        opens(&service, case(), &referral).await;
        tells_of(&service, case(), discharged(&referral, DischargeReason::CouldNotContact)).await;
        let over = closes(&service, &referral).await;
        assert_eq!(over.state(), pb::ReferralState::Failed);
        assert_eq!(over.closing_reason(), pb::ClosingReason::CouldNotContact);
        assert_eq!((over.ending(), over.outcome), (pb::Ending::WithdrawnBeforeStart, 0));
        service.one_batch_makes_the_same_lists().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_ended_after_a_meeting_fails_its_referral_early_and_one_that_ran_its_course_completes_it()
{
    let service = service().await;
    let referral = accepted_for_work(&service).await;
    let engaged = CaseEngaged { referral_id: referral.clone(), ..CaseEngaged::default() };
    opens(&service, case(), &referral).await;
    tells_of(&service, case(), Vocational::CaseEngaged(engaged)).await;
    // What kept the provider from going on is the provider's to know.
    tells_of(&service, case(), discharged(&referral, DischargeReason::SubstanceUse)).await;
    let over = closes(&service, &referral).await;
    assert_eq!(over.state(), pb::ReferralState::Failed);
    assert_eq!(over.closing_reason(), pb::ClosingReason::ProviderDeclined);
    assert_eq!(over.ending(), pb::Ending::EndedEarly);

    let next = accepted_for_work(&service).await;
    let another = StreamId::new("case", Uuid::from_u128(91));
    opens(&service, another, &next).await;
    let transitioned = CaseTransitioned { referral_id: next.clone(), ..CaseTransitioned::default() };
    tells_of(&service, another, Vocational::CaseTransitioned(transitioned)).await;
    let over = closes(&service, &next).await;
    assert_eq!((over.state(), over.outcome()), (pb::ReferralState::Completed, pb::Outcome::ServiceGiven));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_participation_that_ended_otherwise_than_completed_fails_its_referral() {
    let service = service().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    call!(clinic, accept_referral, AcceptReferralRequest { referral_id: referral.clone() }).unwrap();
    let opened = until("the participation to open", async || {
        let seen = read(&mut clinic, &referral).await;
        (seen.progress() == pb::Progress::Opened).then_some(seen.receiving_record)
    })
    .await;
    let participation_id = opened.strip_prefix("participation-").unwrap().to_owned();
    let reason = pb::ClosingReason::Moved.into();
    call!(clinic, end_participation, EndParticipationRequest { participation_id, reason }).unwrap();
    let over = closes(&service, &referral).await;
    assert_eq!((over.state(), over.closing_reason()), (pb::ReferralState::Failed, pb::ClosingReason::Moved));
}
