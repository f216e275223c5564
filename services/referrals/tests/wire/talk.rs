//! What the sides of a referral tell each other, through the wire; and what a lapsed consent leaves of it.

use super::*;

fn attempt(service: &Alone, reached: bool) -> Option<Contact> {
    Some(Contact {
        occurred: Some(now_at(service)),
        minutes: 5,
        setting: Setting::Phone.into(),
        reached,
        purpose: "intake".into(),
        worker_ids: vec![],
        ..Default::default()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_asked_answered_once_and_read_by_both_sides_and_stands_sealed() {
    let service = service().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let (mut shelter, mut clinic) =
        (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
    let id = || referral.clone();
    let request = pb::AskForInformationRequest {
        request_id: new_request(),
        referral_id: id(),
        question: "Which invented day suits?".into(),
        ..Default::default()
    };
    let first = clinic.ask_for_information(request.clone()).await.unwrap().into_inner();
    assert_eq!(clinic.ask_for_information(request).await.unwrap().into_inner(), first, "asked once");
    let asked = read(&mut shelter, &referral).await.information;
    assert_eq!((asked.len(), asked[0].question.as_str()), (1, "Which invented day suits?"));
    assert!(!asked[0].answered && asked[0].answer.is_empty());

    let supply = |question_id: &str| pb::SupplyInformationRequest {
        request_id: new_request(),
        referral_id: id(),
        question_id: question_id.into(),
        answer: "Any invented day".into(),
        ..Default::default()
    };
    let refused = clinic.supply_information(supply(&asked[0].question_id)).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("MADE_BY_ANOTHER"));
    let refused = shelter.supply_information(supply(&new_request())).await.unwrap_err();
    assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::NotFound, Some("QUESTION_NOT_FOUND")));
    Client::new(service.person(ANA)).supply_information(supply(&asked[0].question_id)).await.unwrap();
    let refused = shelter.supply_information(supply(&asked[0].question_id)).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("ALREADY_SUPPLIED"));
    let told = read(&mut clinic, &referral).await.information.remove(0);
    assert_eq!((told.answer.as_str(), told.answer_status()), ("Any invented day", FieldStatus::Open));
    let clear = |event: &proto::log::Event| event.payload.windows(8).any(|bytes| bytes == b"invented");
    assert!(!service.events().await.iter().any(clear), "what is asked and answered stands sealed");
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_noted_and_the_first_contact_after_acceptance_begins_the_service() {
    let service = service().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let note = |reached| pb::AddReferralContactRequest {
        request_id: new_request(),
        referral_id: referral.clone(),
        contact: attempt(&service, reached),
        ..Default::default()
    };
    clinic.add_referral_contact(note(false)).await.unwrap();
    call!(clinic, accept_referral, AcceptReferralRequest { referral_id: referral.clone() }).unwrap();
    clinic.add_referral_contact(note(false)).await.unwrap();
    assert_eq!(read(&mut clinic, &referral).await.state(), pb::ReferralState::Accepted);
    // A year mistyped: nothing told of before then could follow it.
    let mut ahead = note(true);
    let occurred = ahead.contact.as_mut().and_then(|contact| contact.occurred.as_mut()).unwrap();
    occurred.at.as_mut().unwrap().seconds += 366 * 86_400;
    let bad = clinic.add_referral_contact(ahead).await.unwrap_err();
    assert!(bad.code() == Code::InvalidArgument && bad.message().starts_with("contact.occurred "), "{bad}");
    clinic.add_referral_contact(note(true)).await.unwrap();
    let seen = read(&mut clinic, &referral).await;
    assert_eq!(seen.state(), pb::ReferralState::InProgress);
    assert_eq!(seen.contacts.iter().map(|contact| contact.reached).collect::<Vec<_>>(), [false, false, true]);
    let cancel = pb::CancelReferralRequest {
        request_id: new_request(),
        referral_id: referral.clone(),
        reason: pb::ClosingReason::PersonDeclined.into(),
        ..Default::default()
    };
    Client::new(service.person(ANA)).cancel_referral(cancel).await.unwrap();
    assert_eq!(read(&mut clinic, &referral).await.ending(), pb::Ending::EndedEarly);
    let refused = clinic.add_referral_contact(note(true)).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("NOT_IN_THIS_STATE"));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_far_it_is_and_why_it_was_rejected_are_read_by_the_requester() {
    let service = service().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let (mut shelter, mut clinic) =
        (Client::new(service.worker(SHELTER)), Client::new(service.worker(CLINIC)));
    assert_eq!(read(&mut shelter, &referral).await.business_status(), pb::BusinessStatus::NotUpdated);
    let say = |status: pb::BusinessStatus| pb::SetReferralBusinessStatusRequest {
        request_id: new_request(),
        referral_id: referral.clone(),
        status: status.into(),
        ..Default::default()
    };
    clinic.set_referral_business_status(say(pb::BusinessStatus::Waitlisted)).await.unwrap();
    assert_eq!(read(&mut shelter, &referral).await.business_status(), pb::BusinessStatus::Waitlisted);
    let bad = clinic.set_referral_business_status(say(pb::BusinessStatus::Unspecified)).await.unwrap_err();
    assert_eq!(bad.code(), Code::InvalidArgument);
    let refused = shelter.set_referral_business_status(say(pb::BusinessStatus::GotHelp)).await.unwrap_err();
    assert_eq!(reason(&refused).as_deref(), Some("SENT_TO_ANOTHER"));
    call!(
        clinic,
        reject_referral,
        RejectReferralRequest {
            referral_id: referral.clone(),
            reason: pb::ClosingReason::Ineligible.into(),
            text: "lives outside the invented area".into(),
            criterion: pb::EligibilityCriterion::Area.into(),
        }
    )
    .unwrap();
    clinic.set_referral_business_status(say(pb::BusinessStatus::ReferredElsewhere)).await.unwrap();
    let seen = read(&mut shelter, &referral).await;
    assert_eq!(seen.rejection_text, "lives outside the invented area");
    assert_eq!(
        (seen.criterion(), seen.rejection_text_status()),
        (pb::EligibilityCriterion::Area, FieldStatus::Open)
    );
    assert_eq!(seen.business_status(), pb::BusinessStatus::ReferredElsewhere);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_consent_has_lapsed_the_target_rejects_or_cancels_and_the_clocks_rest() {
    let service = service().await;
    let referral = requested(&service, offer("Kitchen skills")).await;
    let mut clinic = Client::new(service.worker(CLINIC));
    let id = || referral.clone();
    let says = async |kind| {
        let event = proto::registry::RegistryEvent { kind: Some(kind) };
        service.tell("registry", say::stream(ANA), Some(ANA), &event).await;
    };
    let reader = clinic.clone();
    let lapsed = async |lapsed: bool| {
        let marked =
            async || (read(&mut reader.clone(), &referral).await.consent_lapsed == lapsed).then_some(());
        until("the mark to be set or lifted", marked).await;
    };
    says(say::revoked(ANA, CLINIC)).await;
    lapsed(true).await;
    let refused = call!(clinic, accept_referral, AcceptReferralRequest { referral_id: id() }).unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_deref()),
        (Code::FailedPrecondition, Some("CONSENT_LAPSED"))
    );
    let seen = read(&mut clinic, &referral).await;
    assert!(seen.consent_lapsed && seen.clocks_rest && seen.clocks.is_empty());
    service.hours_pass(60 * 24);
    says(say::given(ANA, CLINIC)).await;
    lapsed(false).await;
    // Three working days are left of it, as when it was sent.
    service.hours_pass(5 * 24);
    until("the acknowledge clock to run out after its rest", async || {
        let seen = read(&mut clinic, &referral).await;
        (seen.overdue().collect::<Vec<_>>() == [pb::Clock::Acknowledge]).then_some(())
    })
    .await;
    let overdue = service.events().await;
    let overdue = overdue.iter().filter(|event| event.r#type.ends_with("ReferralOverdue")).count();
    assert_eq!(overdue, 1, "nothing ran out while they rested");
    call!(clinic, accept_referral, AcceptReferralRequest { referral_id: id() }).unwrap();
    service.one_batch_makes_the_same_lists().await;
}
