//! What waits for an agency, by state, age, urgency and breached clock, page by page.

use proto::registry::registry_event::Kind;

use super::*;

async fn inbox(client: &mut Client<Peer>, request: pb::ListInboxRequest) -> Vec<String> {
    let page = client.list_inbox(request).await.unwrap().into_inner();
    page.referrals.into_iter().map(|referral| referral.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_lists_what_waits_the_longest_waiting_first() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        an_inbox_lists_what_waits(store).await;
    }
}

async fn an_inbox_lists_what_waits(store: OnStore) {
    let service = service_on(store).await;
    ana_allows(&service, CLINIC).await;
    let (mut shelter, mut clinic) =
        (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
    let mut waiting = vec![];
    let mut revision = String::new();
    for (name, priority) in
        [("Cooking", pb::Priority::Routine), ("Money", pb::Priority::Stat), ("Travel", pb::Priority::Urgent)]
    {
        let content = self::offer(name);
        let offer = with_offer(&service, content).await;
        let request = pb::DraftReferralRequest { priority: priority.into(), ..asking(&offer) };
        let referral = written(shelter.draft_referral(request).await.unwrap().into_inner().written).id;
        revision = sent(&mut shelter, &referral).await.revision;
        waiting.push(referral);
        service.hours_pass(24);
    }
    let offer = with_offer(&service, offer("Never sent")).await;
    drafted(&mut shelter, &offer).await;
    let at_least = || vec![revision.clone()];
    let ask = || pb::ListInboxRequest { at_least: at_least(), ..Default::default() };
    let sent_side = pb::ListInboxRequest { side: pb::Side::Sent.into(), ..ask() };
    assert_eq!(inbox(&mut clinic, ask()).await, waiting);
    assert_eq!(inbox(&mut shelter, sent_side.clone()).await, waiting, "without the draft");
    assert_eq!(inbox(&mut shelter, ask()).await, [""; 0]);
    let urgent = pb::ListInboxRequest { priority: pb::Priority::Urgent.into(), ..ask() };
    assert_eq!(inbox(&mut clinic, urgent).await, waiting[1..]);
    let noon = service.clock.now() - jiff::SignedDuration::from_hours(36);
    let old = pb::ListInboxRequest { requested_before: Some(platform::wire::to_instant(noon)), ..ask() };
    assert_eq!(inbox(&mut clinic, old).await, waiting[..2]);

    let first = pb::ListInboxRequest { page_size: 2, ..ask() };
    let page = clinic.list_inbox(first.clone()).await.unwrap().into_inner();
    let next = pb::ListInboxRequest { page_token: page.next_page_token, ..first.clone() };
    let last = clinic.list_inbox(next.clone()).await.unwrap().into_inner();
    assert_eq!((page.referrals.len(), last.referrals[0].id.as_str()), (2, waiting[2].as_str()));
    assert!(last.next_page_token.is_empty());
    let other_filter = pb::ListInboxRequest { side: pb::Side::Sent.into(), ..next };
    assert_eq!(clinic.list_inbox(other_filter).await.unwrap_err().code(), Code::InvalidArgument);

    // The first was sent on a Wednesday morning: its three working days have gone by on Monday.
    service.hours_pass(2 * 24 + 1);
    let breached = || pb::ListInboxRequest { overdue: vec![pb::Clock::Acknowledge.into()], ..ask() };
    until("the first to be overdue", async || {
        (inbox(&mut clinic, breached()).await == waiting[..1]).then_some(())
    })
    .await;
    // Of whoever died nothing is late: it waits to be closed, and counts as nobody's failure, until the death was an error.
    let tell = async |kind| {
        let event = proto::registry::RegistryEvent { kind: Some(kind) };
        service.tell("registry", StreamId::new("person", ANA.uuid()), Some(ANA), &event).await;
    };
    let person_id = ANA.to_string();
    tell(Kind::PersonDied(proto::registry::PersonDied { person_id: person_id.clone(), death: None })).await;
    until("the dead to be late no more", async || {
        inbox(&mut clinic, breached()).await.is_empty().then_some(())
    })
    .await;
    assert_eq!(inbox(&mut clinic, ask()).await, waiting);
    service.one_batch_makes_the_same_lists().await;
    let alive = proto::registry::PersonDeathEnteredInError { person_id };
    tell(Kind::PersonDeathEnteredInError(alive)).await;
    until("the first to be overdue again", async || {
        (inbox(&mut clinic, breached()).await == waiting[..1]).then_some(())
    })
    .await;
    let started = pb::ListInboxRequest { overdue: vec![pb::Clock::Start.into()], ..ask() };
    assert_eq!(inbox(&mut clinic, started).await, [""; 0]);
    let done =
        call!(clinic, accept_referral, AcceptReferralRequest { referral_id: waiting[0].clone() }).unwrap();
    let at_least = vec![written(done.into_inner().written).revision];
    let after = |states: &[pb::ReferralState]| pb::ListInboxRequest {
        states: states.iter().map(|state| i32::from(*state)).collect(),
        at_least: at_least.clone(),
        ..Default::default()
    };
    assert_eq!(inbox(&mut clinic, after(&[pb::ReferralState::Requested])).await, waiting[1..]);
    assert_eq!(inbox(&mut clinic, after(&[pb::ReferralState::Accepted])).await, waiting[..1]);
    let none = pb::ListInboxRequest { at_least: at_least.clone(), ..breached() };
    assert_eq!(inbox(&mut clinic, none).await, [""; 0], "it was answered");

    let mut ana = Client::new(service.person(ANA));
    let refused = ana.list_inbox(ask()).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_deref()),
        (Code::PermissionDenied, Some("AGENCY_REQUIRED"))
    );
    let bad = pb::ListInboxRequest { overdue: vec![99], ..ask() };
    assert_eq!(clinic.list_inbox(bad).await.unwrap_err().code(), Code::InvalidArgument);
    service.one_batch_makes_the_same_lists().await;
}
