//! One referral after another through the wire: again, elsewhere, in parts, of a household, and by the person alone.

use super::*;

async fn until_state(client: &mut Client<Peer>, referral: &str, state: pb::ReferralState) -> pb::Referral {
    until("the referral's state", async || {
        let seen = read(client, referral).await;
        (seen.state() == state).then_some(seen)
    })
    .await
}

async fn draft(client: &mut Client<Peer>, request: pb::DraftReferralRequest) -> String {
    written(client.draft_referral(request).await.unwrap().into_inner().written).id
}

/// Publishes an offer of that agency, whom Ana allows.
async fn offer_of(service: &Alone, agency: AgencyId, name: &str) -> String {
    ana_allows(service, agency).await;
    let content = Some(offer(name));
    let request = pb::PublishServiceOfferRequest { request_id: new_request(), content, ..Default::default() };
    let reply = Client::new(service.worker(agency)).publish_service_offer(request).await.unwrap();
    written(reply.into_inner().written).id
}

async fn accept(client: &mut Client<Peer>, referral: &str) {
    call!(client, accept_referral, AcceptReferralRequest { referral_id: referral.into() }).unwrap();
}

fn kinds(events: &[proto::log::Event], kind: &str) -> usize {
    events.iter().filter(|event| event.r#type.ends_with(kind)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_one_is_referred_again_and_each_names_the_other() {
    let service = service().await;
    let first = requested(&service, offer("Kitchen skills")).await;
    let other = offer_of(&service, AgencyId::of(3), "Money skills").await;
    let (mut shelter, mut clinic) =
        (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
    let again = || pb::DraftReferralRequest { rerefers_id: first.clone(), ..asking(&other) };
    let refused = shelter.draft_referral(again()).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("NOT_IN_THIS_STATE"));
    let reject = pb::RejectReferralRequest {
        request_id: new_request(),
        referral_id: first.clone(),
        reason: pb::ClosingReason::NoCapacity.into(),
        text: "full until spring".into(),
        ..Default::default()
    };
    clinic.reject_referral(reject).await.unwrap();
    let second = draft(&mut shelter, again()).await;
    assert!(read(&mut shelter, &first).await.followed_by.is_empty(), "a draft is its maker's alone");
    sent(&mut shelter, &second).await;
    let seen = read(&mut shelter, &second).await;
    assert_eq!((seen.following(), seen.follows_id.as_str()), (pb::Following::ReRefers, first.as_str()));
    let followed =
        until("the rejected one to be followed", async || read(&mut shelter, &first).await.followed_by.pop())
            .await;
    assert_eq!((followed.following(), followed.referral_id), (pb::Following::ReRefers, second));
    let refused = clinic.draft_referral(again()).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("MADE_BY_ANOTHER"));
    let both = pb::DraftReferralRequest { transfers_id: first.clone(), ..again() };
    assert_eq!(shelter.draft_referral(both).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_one_is_opened_again_by_a_new_one_with_the_same_words() {
    let service = service().await;
    let first = requested(&service, offer("Kitchen skills")).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    let reopen = |request_id: String| pb::ReopenReferralRequest { request_id, referral_id: first.clone() };
    let refused = shelter.reopen_referral(reopen(new_request())).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("NOT_IN_THIS_STATE"));
    let reason_given = pb::ClosingReason::PersonDeclined.into();
    call!(
        shelter,
        cancel_referral,
        CancelReferralRequest { referral_id: first.clone(), reason: reason_given }
    )
    .unwrap();
    let request = new_request();
    let done = shelter.reopen_referral(reopen(request.clone())).await.unwrap().into_inner();
    assert_eq!(shelter.reopen_referral(reopen(request)).await.unwrap().into_inner(), done, "once");
    let second = written(done.written).id;
    let seen = read(&mut shelter, &second).await;
    assert_eq!((seen.state(), seen.need.as_str()), (pb::ReferralState::Draft, "to cook for myself"));
    assert_eq!((seen.following(), seen.follows_id.as_str()), (pb::Following::Reopens, first.as_str()));
    sent(&mut shelter, &second).await;
    until("the old one to be followed", async || read(&mut shelter, &first).await.followed_by.pop()).await;
    let nobodys = pb::ReopenReferralRequest { request_id: new_request(), referral_id: new_request() };
    let refused = shelter.reopen_referral(nobodys).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::NotFound, Some("REFERRAL_NOT_FOUND")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transfer_is_asked_for_and_the_old_one_ends_when_the_new_one_is_accepted() {
    let service = service().await;
    let first = requested(&service, offer("Kitchen skills")).await;
    let other = offer_of(&service, AgencyId::of(3), "Kitchen skills nearby").await;
    let (mut shelter, mut clinic, mut nearby) = (
        Client::new(service.worker(SHELTER)),
        Client::new(service.worker(CLINIC)),
        Client::new(service.worker(AgencyId::of(3))),
    );
    accept(&mut clinic, &first).await;
    let mut ana = Client::new(service.person(ANA));
    let wish = pb::RequestReferralTransferRequest {
        request_id: new_request(),
        referral_id: first.clone(),
        reason: "the invented bus is gone".into(),
        ..Default::default()
    };
    ana.request_referral_transfer(wish).await.unwrap();
    let seen = read(&mut shelter, &first).await;
    assert!(seen.transfer_asked && seen.transfer_reason == "the invented bus is gone");
    // Its target passes it on itself.
    let request = pb::DraftReferralRequest { transfers_id: first.clone(), ..asking(&other) };
    let second = draft(&mut clinic, request).await;
    sent(&mut clinic, &second).await;
    assert_eq!(read(&mut shelter, &first).await.state(), pb::ReferralState::Accepted, "no gap in between");
    accept(&mut nearby, &second).await;
    let ended = until_state(&mut shelter, &first, pb::ReferralState::Cancelled).await;
    assert_eq!(ended.closing_reason(), pb::ClosingReason::NeedsMetElsewhere);
    assert_eq!(ended.business_status(), pb::BusinessStatus::ReferredElsewhere);
    assert_eq!(ended.ending(), pb::Ending::WithdrawnBeforeStart);
    assert_eq!(kinds(&service.events().await, "ReferralCancelled"), 1);
}

/// A referral that the clinic accepted and split between two others by that rule: the whole, and its parts, sent.
async fn split(service: &Alone, rule: pb::SplitRule) -> (String, Vec<String>) {
    let whole = requested(service, offer("Kitchen skills")).await;
    let offer_ids = vec![
        offer_of(service, AgencyId::of(3), "Cooking").await,
        offer_of(service, AgencyId::of(4), "Shopping").await,
    ];
    let mut clinic = Client::new(service.worker(CLINIC));
    accept(&mut clinic, &whole).await;
    let request = pb::SplitReferralRequest {
        request_id: new_request(),
        referral_id: whole.clone(),
        rule: rule.into(),
        offer_ids,
        ..Default::default()
    };
    let done = clinic.split_referral(request.clone()).await.unwrap().into_inner();
    assert_eq!(clinic.split_referral(request).await.unwrap().into_inner(), done, "once");
    for part in &done.part_referral_ids {
        sent(&mut clinic, part).await;
    }
    (whole, done.part_referral_ids)
}

async fn complete(client: &mut Client<Peer>, referral: &str) {
    accept(client, referral).await;
    let outcome = pb::Outcome::Enrolled.into();
    call!(client, complete_referral, CompleteReferralRequest { referral_id: referral.into(), outcome })
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn by_any_the_first_part_that_completes_completes_the_whole_and_calls_the_others_off() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let (whole, parts) = split(&service, pb::SplitRule::Any).await;
        let mut shelter = Client::new(service.worker(SHELTER));
        let seen = read(&mut shelter, &whole).await;
        assert_eq!((seen.state(), seen.split_rule()), (pb::ReferralState::InProgress, pb::SplitRule::Any));
        let named: Vec<&str> = seen.parts.iter().map(|part| part.referral_id.as_str()).collect();
        assert_eq!(named, parts);
        complete(&mut Client::new(service.worker(AgencyId::of(3))), &parts[0]).await;
        let done = until_state(&mut shelter, &whole, pb::ReferralState::Completed).await;
        assert_eq!(done.outcome(), pb::Outcome::Enrolled);
        let mut clinic = Client::new(service.worker(CLINIC));
        let other = until_state(&mut clinic, &parts[1], pb::ReferralState::Cancelled).await;
        assert_eq!(other.closing_reason(), pb::ClosingReason::NeedsMetElsewhere);
        let events = service.events().await;
        let count =
            ["ReferralPartEnded", "ReferralCompleted", "ReferralCancelled"].map(|kind| kinds(&events, kind));
        assert_eq!(count, [1, 2, 1], "the part and the whole complete, the other is called off, each once");
        service.one_batch_makes_the_same_lists().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_any_a_part_whose_service_came_to_nothing_leaves_the_whole_to_the_others() {
    let service = service().await;
    let (whole, parts) = split(&service, pb::SplitRule::Any).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    for (before, (part, agency)) in parts.iter().zip([3, 4]).enumerate() {
        let mut one = Client::new(service.worker(AgencyId::of(agency)));
        accept(&mut one, part).await;
        let record = until("the participation to open", async || {
            let seen = read(&mut one, part).await;
            (seen.progress() == pb::Progress::Opened).then_some(seen.receiving_record)
        });
        let participation_id = record.await.strip_prefix("participation-").unwrap().to_owned();
        assert_eq!(read(&mut shelter, &whole).await.state(), pb::ReferralState::InProgress);
        let reason = pb::ClosingReason::CouldNotContact.into();
        call!(one, end_participation, EndParticipationRequest { participation_id, reason }).unwrap();
        until_state(&mut one, part, pb::ReferralState::Failed).await;
        until("the part to be told to the whole", async || {
            let parts = read(&mut shelter, &whole).await.parts;
            (parts.iter().filter(|part| part.ended).count() == before + 1).then_some(())
        })
        .await;
    }
    let over = until_state(&mut shelter, &whole, pb::ReferralState::Failed).await;
    assert_eq!(over.closing_reason(), pb::ClosingReason::CouldNotContact);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_all_the_whole_waits_for_every_part_and_the_person_calls_all_of_it_off() {
    let service = service().await;
    let (whole, parts) = split(&service, pb::SplitRule::All).await;
    let mut shelter = Client::new(service.worker(SHELTER));
    complete(&mut Client::new(service.worker(AgencyId::of(3))), &parts[0]).await;
    until("the part to be told to the whole", async || {
        read(&mut shelter, &whole).await.parts[0].ended.then_some(())
    })
    .await;
    assert_eq!(read(&mut shelter, &whole).await.state(), pb::ReferralState::InProgress);
    let reason = pb::ClosingReason::PersonDeclined.into();
    let mut ana = Client::new(service.person(ANA));
    call!(ana, cancel_referral, CancelReferralRequest { referral_id: whole.clone(), reason }).unwrap();
    let mut clinic = Client::new(service.worker(CLINIC));
    let other = until_state(&mut clinic, &parts[1], pb::ReferralState::Cancelled).await;
    assert_eq!(other.closing_reason(), pb::ClosingReason::PersonDeclined);
    let split_again = pb::SplitReferralRequest {
        request_id: new_request(),
        referral_id: whole,
        rule: pb::SplitRule::All.into(),
        offer_ids: vec![new_request(), new_request()],
        ..Default::default()
    };
    let refused = clinic.split_referral(split_again.clone()).await.unwrap_err();
    assert_eq!(super::reason(&refused).as_deref(), Some("NOT_IN_THIS_STATE"));
    let one = pb::SplitReferralRequest { offer_ids: vec![new_request()], ..split_again };
    assert_eq!(clinic.split_referral(one).await.unwrap_err().code(), Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_household_is_drafted_in_one_append_and_sent_as_one_or_not_at_all() {
    let service = service().await;
    let offer = with_offer(&service, offer("A home for three")).await;
    ana_allows(&service, CLINIC).await;
    let (ben, cleo) = (PersonId::of(11), PersonId::of(12));
    let member = |person: PersonId| pb::HouseholdMember {
        person_id: person.to_string(),
        no_goal_reason: "not yet talked about".into(),
        ..Default::default()
    };
    let mut shelter = Client::new(service.worker(SHELTER));
    let request = pb::DraftReferralRequest { household: vec![member(ben), member(cleo)], ..asking(&offer) };
    let reply = shelter.draft_referral(request.clone()).await.unwrap().into_inner();
    assert_eq!(shelter.draft_referral(request).await.unwrap().into_inner(), reply, "the same ids again");
    let head = written(reply.written).id;
    let members = reply.household_referral_ids;
    let events = service.events().await;
    let drafts: Vec<_> = events.iter().filter(|event| event.r#type.ends_with("ReferralDrafted")).collect();
    let people: Vec<&str> = drafts.iter().map(|event| event.person_id.as_str()).collect();
    assert_eq!(people, [ANA, ben, cleo].map(|person| person.to_string()), "one event for each person");
    assert!(drafts.iter().all(|event| event.correlation_id == drafts[0].correlation_id));
    assert_eq!(read(&mut shelter, &head).await.household_referral_ids, members);
    assert_eq!(read(&mut shelter, &members[0]).await.household_referral_ids, [head.as_str()]);

    let send = || pb::SendHouseholdReferralRequest {
        request_id: new_request(),
        referral_id: head.clone(),
        ..Default::default()
    };
    let refused = shelter.send_household_referral(send()).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("CONSENT_MISSING"), "two of them have not said yes");
    allows(&service, ben, CLINIC).await;
    allows(&service, cleo, CLINIC).await;
    until("their consents to be known", async || shelter.send_household_referral(send()).await.ok()).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    for referral in [&head, &members[0], &members[1]] {
        assert_eq!(read(&mut clinic, referral).await.state(), pb::ReferralState::Requested);
    }
    // What is opened for them hears from each acceptance whom they belong to, in whichever order they come.
    for referral in [&members[1], &head, &members[0]] {
        accept(&mut clinic, referral).await;
    }
    let told = service.events().await.into_iter().filter_map(|event| {
        let payload: pb::ReferralsEvent = prost::Message::decode(event.payload).unwrap();
        let Some(pb::referrals_event::Kind::ReferralAccepted(accepted)) = payload.kind else { return None };
        Some((accepted.referral_id, accepted.household_head_id))
    });
    let of = |referral: &String, named: &str| (referral.clone(), named.to_owned());
    assert_eq!(told.collect::<Vec<_>>(), [of(&members[1], &head), of(&head, ""), of(&members[0], &head)]);
    let twice = pb::DraftReferralRequest { household: vec![member(ANA)], ..asking(&offer) };
    assert_eq!(shelter.draft_referral(twice).await.unwrap_err().code(), Code::InvalidArgument);
}

/// Whose referrals of the household this reader's copy of that one names; none where the reader may not read it.
async fn names(client: &mut Client<Peer>, referral: &str) -> Option<Vec<String>> {
    let request = pb::GetReferralRequest { referral_id: referral.into(), at_least: vec![] };
    let reply = client.get_referral(request).await.ok()?;
    Some(reply.into_inner().referral.unwrap().household_referral_ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_household_each_reader_is_named_those_referrals_alone_that_they_may_read() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        named_to_each_reader(store).await;
    }
}

async fn named_to_each_reader(store: OnStore) {
    use proto::registry::{PersonRestricted, RegistryEvent, registry_event::Kind};
    let service = service_on(store).await;
    let offer = with_offer(&service, offer("A home for two")).await;
    let ben = PersonId::of(11);
    let member = pb::HouseholdMember {
        person_id: ben.to_string(),
        no_goal_reason: "not yet talked about".into(),
        ..Default::default()
    };
    let life_domain = LifeDomain::Housing.into();
    let request = pb::DraftReferralRequest { household: vec![member], life_domain, ..asking(&offer) };
    let (mut shelter, mut clinic) =
        (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
    let reply = shelter.draft_referral(request).await.unwrap().into_inner();
    let (anas, bens) = (written(reply.written).id, reply.household_referral_ids.concat());
    for person in [ANA, ben] {
        allows(&service, person, CLINIC).await;
    }
    sent(&mut shelter, &anas).await;
    let (of_ana, of_ben, nobody) = (vec![anas.clone()], vec![bens.clone()], Some(vec![]));
    // One that is still a draft is its maker's alone, and nobody else's to hear of.
    assert_eq!(names(&mut shelter, &anas).await, Some(of_ben.clone()));
    assert_eq!(names(&mut clinic, &anas).await, nobody);
    sent(&mut shelter, &bens).await;
    assert_eq!(names(&mut clinic, &anas).await, Some(of_ben.clone()));
    assert_eq!(names(&mut clinic, &bens).await, Some(of_ana.clone()));
    // Each of the people reads their own.
    let (mut ana, mut bens_own) = (Client::new(service.person(ANA)), Client::new(service.person(ben)));
    assert_eq!((names(&mut ana, &anas).await, names(&mut ana, &bens).await), (nobody.clone(), None));
    assert_eq!(
        (names(&mut bens_own, &bens).await, names(&mut bens_own, &anas).await),
        (nobody.clone(), None)
    );
    let listed = until("hers to be listed", async || {
        ana.list_referrals(pb::ListReferralsRequest::default()).await.unwrap().into_inner().referrals.pop()
    })
    .await;
    assert_eq!((listed.id.as_str(), listed.household_referral_ids.len()), (anas.as_str(), 0));
    // Whoever runs the system is not led to the home of somebody restricted, by theirs or by another's.
    let mut operator = Client::new(service.operator());
    assert_eq!(names(&mut operator, &anas).await, Some(of_ben.clone()));
    let restricted = PersonRestricted { person_id: ben.to_string(), ..Default::default() };
    let event = RegistryEvent { kind: Some(Kind::PersonRestricted(restricted)) };
    service.tell("registry", StreamId::new("person", ben.uuid()), Some(ben), &event).await;
    until("his to be withheld", async || names(&mut operator, &bens).await.is_none().then_some(())).await;
    assert_eq!(names(&mut operator, &anas).await, nobody);
    assert_eq!(names(&mut shelter, &anas).await, Some(of_ben));
    call!(
        shelter,
        mark_referral_entered_in_error,
        MarkReferralEnteredInErrorRequest { referral_id: bens.clone() }
    )
    .unwrap();
    assert_eq!(names(&mut clinic, &anas).await, nobody, "what was never meant is not its target's to read");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_refers_themself_answers_for_it_and_takes_it_back() {
    let service = service().await;
    let offer = with_offer(&service, offer("Kitchen skills")).await;
    let (mut ana, mut clinic) = (Client::new(service.person(ANA)), Client::new(service.worker(CLINIC)));
    let request = pb::DraftReferralRequest { priority: pb::Priority::Asap.into(), ..asking(&offer) };
    let own = draft(&mut ana, request).await;
    let send =
        pb::SendReferralRequest { request_id: new_request(), referral_id: own.clone(), ..Default::default() };
    ana.send_referral(send).await.unwrap();
    let seen = read(&mut clinic, &own).await;
    assert_eq!((seen.requester_agency_id.as_str(), seen.priority()), ("", pb::Priority::Asap));
    accept(&mut clinic, &own).await;
    let for_another = pb::DraftReferralRequest { person_id: PersonId::of(11).to_string(), ..asking(&offer) };
    let refused = ana.draft_referral(for_another).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("NOT_ONESELF"));
    call!(
        ana,
        mark_referral_entered_in_error,
        MarkReferralEnteredInErrorRequest { referral_id: own.clone() }
    )
    .unwrap();
    let gone = pb::GetReferralRequest { referral_id: own, at_least: vec![] };
    assert_eq!(clinic.get_referral(gone).await.unwrap_err().code(), Code::NotFound);
}
