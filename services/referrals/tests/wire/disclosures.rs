//! What agencies told each other of a person: the person's list of it, the teller's, and the notice that goes with what falls under 42 CFR Part 2.

use kernel::DirectiveId;
use proto::registry as reg;

use super::*;

const TO_THE_CLINIC: DirectiveId = DirectiveId::of(60);
const UNDER_PART_2: DirectiveId = DirectiveId::of(61);

pub(super) async fn list(
    client: &mut Client<Peer>,
    request: pb::ListDisclosuresRequest,
) -> Vec<pb::Disclosure> {
    client.list_disclosures(request).await.unwrap().into_inner().disclosures
}

pub(super) fn of_ana(seen: &str) -> pb::ListDisclosuresRequest {
    let at_least = vec![seen.to_owned()];
    pb::ListDisclosuresRequest { person_id: ANA.to_string(), at_least, ..Default::default() }
}

async fn says(service: &Alone, kind: reg::registry_event::Kind) {
    let event = reg::RegistryEvent { kind: Some(kind) };
    service.tell("registry", say::stream(ANA), Some(ANA), &event).await;
}

pub(super) async fn sends(client: &mut Client<Peer>, referral: &str) -> String {
    sent(client, referral).await.revision
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_lists_who_told_whom_when_and_by_what() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        a_person_lists_who_told_whom(store).await;
    }
}

async fn a_person_lists_who_told_whom(store: OnStore) {
    let service = service_on(store).await;
    let (mut shelter, mut clinic) =
        (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
    let mut ana = Client::new(service.person(ANA));
    let cooking = with_offer(&service, offer("Cooking")).await;
    let money = with_offer(&service, offer("Money")).await;
    let travel = with_offer(&service, offer("Travel")).await;

    // Under an override, which no directive allows.
    works_at(&service, WorkerId::of(5), SHELTER, false).await;
    let overridden = drafted(&mut shelter, &cooking).await;
    let request = pb::SendReferralRequest {
        request_id: new_request(),
        referral_id: overridden.clone(),
        override_reason: "an emergency, invented".into(),
        override_approver_id: WorkerId::of(5).to_string(),
        ..Default::default()
    };
    shelter.send_referral(request).await.unwrap();
    service.hours_pass(1);
    // By a directive.
    says(&service, say::gives(ANA, TO_THE_CLINIC, say::scope(CLINIC))).await;
    let allowed = drafted(&mut shelter, &money).await;
    sends(&mut shelter, &allowed).await;
    let told_at = platform::wire::to_instant(service.clock.now());
    service.hours_pass(1);
    // By the person's own act; what the clinic refers to its own programme, a draft, and what Ana asked for herself tell nobody of what an agency knows.
    let own_act = drafted(&mut shelter, &travel).await;
    sends(&mut ana, &own_act).await;
    let own_programme = drafted(&mut clinic, &cooking).await;
    sends(&mut clinic, &own_programme).await;
    let offer_of_more = with_offer(&service, offer("More")).await;
    let never_sent = drafted(&mut shelter, &offer_of_more).await;
    let by_herself = drafted(&mut ana, &offer_of_more).await;
    let seen = sends(&mut ana, &by_herself).await;

    use pb::DisclosureGround::{Directive, Override, OwnAct};
    let told = list(&mut ana, of_ana(&seen)).await;
    let is = |each: &pb::Disclosure| (each.referral_id.clone(), each.ground(), each.directive_id.clone());
    let by = TO_THE_CLINIC.to_string();
    assert_eq!(
        told.iter().map(is).collect::<Vec<_>>(),
        [
            (own_act, OwnAct, String::new()),
            (allowed.clone(), Directive, by.clone()),
            (overridden.clone(), Override, String::new()),
        ],
        "newest first"
    );
    assert!(told.iter().all(|each| each.referral_id != never_sent));
    let whole = pb::Disclosure {
        referral_id: allowed.clone(),
        person_id: ANA.to_string(),
        discloser_agency_id: SHELTER.to_string(),
        recipient_agency_id: CLINIC.to_string(),
        categories: vec!["referrals".into()],
        part2: false,
        disclosed_at: Some(told_at),
        ground: Directive.into(),
        directive_id: by,
        means: pb::DisclosureMeans::Referral.into(),
        ..Default::default()
    };
    assert_eq!(told[1], whole);
    assert_eq!(told[2].override_approver_id, WorkerId::of(5).to_string());

    // Its teller and who oversees see the same; who was told, others and other people do not.
    assert_eq!(list(&mut shelter, of_ana(&seen)).await, told);
    let everybody = pb::ListDisclosuresRequest { person_id: String::new(), ..of_ana(&seen) };
    assert_eq!(list(&mut shelter, everybody.clone()).await, told);
    assert_eq!(list(&mut Client::new(service.operator()), of_ana(&seen)).await, told);
    assert_eq!(list(&mut clinic, of_ana(&seen)).await, []);
    assert_eq!(list(&mut Client::new(service.worker(AgencyId::of(9))), of_ana(&seen)).await, []);
    let ben = PersonId::of(11);
    assert_eq!(
        list(&mut Client::new(service.person(ben)), of_ana(&seen)).await,
        [],
        "another's is not read by naming them"
    );
    let nobodys = Client::new(service.operator()).list_disclosures(everybody).await.unwrap_err();
    assert_eq!((nobodys.code(), nobodys.message().starts_with("person_id ")), (Code::InvalidArgument, true));

    // What was told was told: a mistake, and the end of the directive, change nothing of it.
    says(&service, say::revoked(ANA, CLINIC)).await;
    let done = call!(
        shelter,
        mark_referral_entered_in_error,
        MarkReferralEnteredInErrorRequest { referral_id: allowed }
    );
    let seen = written(done.unwrap().into_inner().written).revision;
    assert_eq!(list(&mut ana, of_ana(&seen)).await, told);

    let first = pb::ListDisclosuresRequest { page_size: 2, ..of_ana(&seen) };
    let page = ana.list_disclosures(first.clone()).await.unwrap().into_inner();
    let next = pb::ListDisclosuresRequest { page_token: page.next_page_token, ..first };
    let last = ana.list_disclosures(next.clone()).await.unwrap().into_inner();
    assert_eq!((page.disclosures, last.disclosures.as_slice()), (told[..2].to_vec(), &told[2..]));
    assert!(last.next_page_token.is_empty());
    let others = shelter.list_disclosures(next).await.unwrap_err();
    assert_eq!(others.code(), Code::InvalidArgument, "a token is of one list alone");
    service.one_batch_makes_the_same_lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_falls_under_part_2_is_told_with_the_notice_to_whom_it_is_told() {
    let service = service().await;
    let (mut shelter, mut clinic) =
        (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
    let mut ana = Client::new(service.person(ANA));
    let plain = with_offer(&service, offer("Cooking")).await;
    let part2 = with_offer(&service, pb::ServiceOfferContent { part2: true, ..offer("Recovery") }).await;
    says(&service, say::gives(ANA, TO_THE_CLINIC, say::scope(CLINIC))).await;
    let labelled = reg::ConsentScope { labels: vec!["42CFRPart2".into()], ..say::scope(CLINIC) };
    says(&service, say::gives(ANA, UNDER_PART_2, labelled)).await;
    let (plain, under) = (drafted(&mut shelter, &plain).await, drafted(&mut shelter, &part2).await);
    sends(&mut shelter, &plain).await;
    let seen = sends(&mut shelter, &under).await;

    let read_by_clinic = read(&mut clinic, &under).await;
    assert!(read_by_clinic.part2_notice.contains("42 CFR 2.32"), "{}", read_by_clinic.part2_notice);
    assert_eq!(read_by_clinic.part2_directive_id, UNDER_PART_2.to_string());
    let inbox = pb::ListInboxRequest { at_least: vec![seen.clone()], ..Default::default() };
    let inbox = clinic.list_inbox(inbox).await.unwrap().into_inner().referrals;
    let noticed = |referral: &pb::Referral| {
        (!referral.part2_notice.is_empty(), !referral.part2_directive_id.is_empty())
    };
    let found = |id: &str| noticed(inbox.iter().find(|referral| referral.id == id).unwrap());
    assert_eq!((found(&under), found(&plain)), ((true, true), (false, false)));
    for other in [&mut shelter, &mut ana, &mut Client::new(service.operator())] {
        assert_eq!(noticed(&read(other, &under).await), (false, false), "it was told nothing");
    }
    let told = list(&mut ana, of_ana(&seen)).await;
    let is = |each: &pb::Disclosure| {
        assert_eq!(each.part2_notice.contains("42 CFR 2.32"), each.part2, "the notice goes with it");
        (each.referral_id.clone(), each.part2, each.directive_id.clone())
    };
    let first = |id: &str| told.iter().map(is).find(|(referral, ..)| referral == id).unwrap();
    assert_eq!(first(&under), (under.clone(), true, UNDER_PART_2.to_string()));
    assert_eq!(first(&plain), (plain.clone(), false, TO_THE_CLINIC.to_string()));

    // A programme that refers to itself tells nobody.
    let own = drafted(&mut clinic, &part2).await;
    sends(&mut clinic, &own).await;
    assert_eq!(noticed(&read(&mut clinic, &own).await), (false, false));
}

/// Answers the target's question.
async fn answers(target: &mut Client<Peer>, teller: &mut Client<Peer>, referral: &str) -> String {
    let question = pb::AskForInformationRequest {
        request_id: new_request(),
        referral_id: referral.into(),
        question: "which day?".into(),
        ..Default::default()
    };
    target.ask_for_information(question.clone()).await.unwrap();
    let answer = pb::SupplyInformationRequest {
        request_id: new_request(),
        referral_id: referral.into(),
        question_id: question.request_id,
        answer: "any".into(),
        ..Default::default()
    };
    // A clock that has just leapt makes what the registry told last look hours old, until it is looked at again.
    until("what she says to be known", async || match teller.supply_information(answer.clone()).await {
        Ok(reply) => Some(written(reply.into_inner().written).revision),
        Err(status) if reason(&status).as_deref() == Some("REGISTRY_UNKNOWN") => None,
        Err(status) => panic!("{status}"),
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_in_which_referrals_tell_another_agency_is_listed() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        every_way_is_listed(store).await;
    }
}

async fn every_way_is_listed(store: OnStore) {
    let service = service_on(store).await;
    let (works, homes) = (AgencyId::of(3), AgencyId::of(4));
    let mut shelter = Client::new(service.worker(SHELTER));
    let mut clinic = Client::new(service.worker(CLINIC));
    let mut ana = Client::new(service.person(ANA));
    for agency in [CLINIC, works, homes] {
        ana_allows(&service, agency).await;
    }
    let offer_of = async |agency: AgencyId, name: &str| {
        let content = Some(offer(name));
        let request =
            pb::PublishServiceOfferRequest { request_id: new_request(), content, ..Default::default() };
        let reply = Client::new(service.worker(agency)).publish_service_offer(request).await.unwrap();
        written(reply.into_inner().written).id
    };
    let draft = async |client: &mut Client<Peer>, request: pb::DraftReferralRequest| {
        written(client.draft_referral(request).await.unwrap().into_inner().written).id
    };
    let cooking = offer_of(CLINIC, "Cooking").await;
    let first = drafted(&mut shelter, &cooking).await;
    sent(&mut shelter, &first).await;
    service.hours_pass(1);
    answers(&mut clinic, &mut shelter, &first).await;
    // What the person answers herself no agency tells.
    answers(&mut clinic, &mut ana, &first).await;
    service.hours_pass(1);
    let reject = pb::RejectReferralRequest {
        request_id: new_request(),
        referral_id: first.clone(),
        reason: pb::ClosingReason::NoCapacity.into(),
        text: "full".into(),
        ..Default::default()
    };
    clinic.reject_referral(reject).await.unwrap();
    let again =
        pb::DraftReferralRequest { rerefers_id: first.clone(), ..asking(&offer_of(works, "Money").await) };
    let again = draft(&mut shelter, again).await;
    sent(&mut shelter, &again).await;
    service.hours_pass(1);
    let reopened = call!(
        shelter,
        cancel_referral,
        CancelReferralRequest {
            referral_id: again.clone(),
            reason: pb::ClosingReason::PersonDeclined.into()
        }
    );
    reopened.unwrap();
    let reopen = pb::ReopenReferralRequest { request_id: new_request(), referral_id: again.clone() };
    let reopened = written(shelter.reopen_referral(reopen).await.unwrap().into_inner().written).id;
    sent(&mut shelter, &reopened).await;
    service.hours_pass(1);
    let mut at_works = Client::new(service.worker(works));
    call!(at_works, accept_referral, AcceptReferralRequest { referral_id: reopened.clone() }).unwrap();
    let elsewhere = offer_of(homes, "Money nearby").await;
    let transfer = pb::DraftReferralRequest { transfers_id: reopened.clone(), ..asking(&elsewhere) };
    let transfer = draft(&mut at_works, transfer).await;
    sent(&mut at_works, &transfer).await;
    service.hours_pass(1);
    let split = pb::SplitReferralRequest {
        request_id: new_request(),
        referral_id: reopened.clone(),
        rule: pb::SplitRule::All.into(),
        offer_ids: vec![offer_of(CLINIC, "Shopping").await, offer_of(works, "Own").await],
        ..Default::default()
    };
    let parts = at_works.split_referral(split).await.unwrap().into_inner().part_referral_ids;
    sent(&mut at_works, &parts[0]).await;
    // A part that stays with its own agency leaves nobody.
    let own = call!(at_works, send_referral, SendReferralRequest { referral_id: parts[1].clone() });
    let seen = written(own.unwrap().into_inner().written).revision;

    use pb::DisclosureMeans::{Information, Part, ReReferral, Referral, Reopening, Transfer};
    let told = list(&mut ana, of_ana(&seen)).await;
    let is = |each: &pb::Disclosure| {
        assert_eq!(each.ground(), pb::DisclosureGround::Directive);
        assert!(!each.directive_id.is_empty() && each.categories == ["referrals"]);
        let ends = (each.discloser_agency_id.clone(), each.recipient_agency_id.clone());
        (each.referral_id.clone(), each.means(), ends)
    };
    let ends = |from: AgencyId, to: AgencyId| (from.to_string(), to.to_string());
    let expected = [
        (parts[0].clone(), Part, ends(works, CLINIC)),
        (transfer, Transfer, ends(works, homes)),
        (reopened, Reopening, ends(SHELTER, works)),
        (again, ReReferral, ends(SHELTER, works)),
        (first.clone(), Information, ends(SHELTER, CLINIC)),
        (first, Referral, ends(SHELTER, CLINIC)),
    ];
    assert_eq!(told.iter().map(is).collect::<Vec<_>>(), expected);
    // Each agency lists what it told itself, and no more.
    assert_eq!(list(&mut shelter, of_ana(&seen)).await, told[2..]);
    assert_eq!(list(&mut at_works, of_ana(&seen)).await, told[..2]);
    assert_eq!(list(&mut clinic, of_ana(&seen)).await, []);
    service.one_batch_makes_the_same_lists().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_is_told_by_the_consent_of_then_and_not_without_one() {
    let service = service().await;
    let referral = requested(&service, offer("Cooking")).await;
    let (mut shelter, mut clinic) =
        (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
    // Another yes, and the first is taken back: it goes on by the other, though nothing of that is marked on the referral.
    says(&service, say::gives(ANA, TO_THE_CLINIC, say::scope(CLINIC))).await;
    says(&service, say::revoked(ANA, CLINIC)).await;
    let by_the_other = async || {
        let seen = answers(&mut clinic.clone(), &mut shelter.clone(), &referral).await;
        let told = list(&mut shelter.clone(), of_ana(&seen)).await;
        (told[0].directive_id == TO_THE_CLINIC.to_string()).then_some(told)
    };
    let told = until("the other to be known", by_the_other).await;
    assert_eq!(told.last().unwrap().directive_id, say::directive(ANA, CLINIC).to_string(), "as it was sent");
    let over = reg::ConsentRevoked {
        directive_id: TO_THE_CLINIC.to_string(),
        person_id: ANA.to_string(),
        ..Default::default()
    };
    says(&service, reg::registry_event::Kind::ConsentRevoked(over)).await;
    let refused = until("the end to be known", async || {
        let question = pb::AskForInformationRequest {
            request_id: new_request(),
            referral_id: referral.clone(),
            question: "and which hour?".into(),
            ..Default::default()
        };
        let answer = pb::SupplyInformationRequest {
            request_id: new_request(),
            referral_id: referral.clone(),
            question_id: question.request_id.clone(),
            answer: "none".into(),
            ..Default::default()
        };
        // Once the mark is set nothing is asked any more either.
        let told = match clinic.ask_for_information(question).await {
            Ok(_) => shelter.supply_information(answer).await.map(drop),
            Err(status) => Err(status),
        };
        told.err().and_then(|status| reason(&status))
    });
    assert_eq!(refused.await, "CONSENT_LAPSED");
}
