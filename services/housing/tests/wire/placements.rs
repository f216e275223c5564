//! Placements through the wire, from match to exit.
//! Invariant: what the domain decides is what a caller reads, and what others may not see does not exist.

use super::*;
use kernel::{Actor, Caller, Role, StreamId};
use pb::{PlacementState, ProjectType};
use tests::alone::until;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_goes_from_match_to_a_home_and_out_again() {
    let service = service().await;
    let mut cedar = cedar(&service);
    let group = group(&service, ProjectType::PermanentSupportiveHousing).await;
    let (a, b) = (unit(&service, &group, "1A").await, unit(&service, &group, "1B").await);
    let placement = matched(&service, &group, "", ANA).await.unwrap();
    let id = || placement.clone();

    call!(cedar, assign_unit, AssignUnitRequest { placement_id: id(), unit_id: a.clone(), from: march(20) })
        .unwrap();
    call!(cedar, offer_placement, OfferPlacementRequest { placement_id: id() }).unwrap();
    let mut ana = Client::new(service.person(ANA));
    call!(ana, accept_placement, AcceptPlacementRequest { placement_id: id() }).unwrap();
    call!(cedar, admit_placement, AdmitPlacementRequest { placement_id: id(), on: march(1) }).unwrap();
    let seen = read(&mut ana, &placement).await.unwrap();
    assert_eq!(
        (seen.state(), seen.admitted_on, seen.moved_in_on),
        (PlacementState::Admitted, march(1), None)
    );
    assert!(seen.lodging.is_empty(), "admitted is not housed");

    let early =
        call!(cedar, move_in_placement, MoveInPlacementRequest { placement_id: id(), on: day(2026, 2, 28) });
    assert_eq!(code(&early.unwrap_err()), says(Code::FailedPrecondition, "BEFORE_ENTRY"));
    call!(cedar, move_in_placement, MoveInPlacementRequest { placement_id: id(), on: march(2) }).unwrap();
    call!(cedar, assign_unit, AssignUnitRequest { placement_id: id(), unit_id: b.clone(), from: march(4) })
        .unwrap();
    assert_eq!(read_unit(&mut cedar, &a, march(3)).await.unwrap().placement_ids, [id()]);
    assert!(read_unit(&mut cedar, &a, march(4)).await.unwrap().placement_ids.is_empty());
    assert_eq!(read_unit(&mut cedar, &b, march(4)).await.unwrap().placement_ids, [id()]);

    let other = "with a cousin on an invented farm";
    let destination = Some(pb::Place { code: 17, other: other.into(), ..Default::default() });
    call!(
        cedar,
        exit_placement,
        ExitPlacementRequest { placement_id: id(), on: march(4), destination: destination }
    )
    .unwrap();
    let seen = read(&mut cedar, &placement).await.unwrap();
    let lodging = [pb::DayRange { from: march(2), until: march(4) }];
    assert_eq!((seen.state(), seen.lodging.as_slice()), (PlacementState::Exited, lodging.as_slice()));
    assert_eq!(seen.destination.as_ref().unwrap().other, other);
    for event in service.events().await {
        let bytes = prost::Message::encode_to_vec(&event);
        let found = bytes.windows(other.len()).any(|window| window == other.as_bytes());
        assert!(!found, "somebody's words lie open in {}", event.r#type);
    }
    assert_eq!(read(&mut harbor(&service), &placement).await.unwrap_err().code(), Code::NotFound);
    let ben = read(&mut Client::new(service.person(BEN)), &placement).await;
    assert_eq!(ben.unwrap_err().code(), Code::NotFound);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_out_before_admission_gives_the_unit_back() {
    let service = service().await;
    let mut cedar = cedar(&service);
    let group = group(&service, ProjectType::TransitionalHousing).await;
    let unit = unit(&service, &group, "1A").await;
    for way in 0..6 {
        let placement = matched(&service, &group, &unit, ANA).await.expect("the unit is free again");
        let id = || placement.clone();
        let state = match way {
            0 => {
                call!(cedar, decline_placement, DeclinePlacementRequest { placement_id: id() }).unwrap();
                PlacementState::Declined
            }
            1 => {
                let reason = pb::RefusalReason::Landlord.into();
                call!(cedar, refuse_placement, RefusePlacementRequest { placement_id: id(), reason: reason })
                    .unwrap();
                PlacementState::Refused
            }
            2 => {
                let reason = pb::CancelReason::UnitLost.into();
                call!(cedar, cancel_placement, CancelPlacementRequest { placement_id: id(), reason: reason })
                    .unwrap();
                PlacementState::Cancelled
            }
            3 => {
                call!(cedar, withdraw_placement, WithdrawPlacementRequest { placement_id: id() }).unwrap();
                PlacementState::Withdrawn
            }
            4 => {
                call!(cedar, offer_placement, OfferPlacementRequest { placement_id: id() }).unwrap();
                call!(cedar, accept_placement, AcceptPlacementRequest { placement_id: id() }).unwrap();
                call!(
                    cedar,
                    mark_placement_not_arrived,
                    MarkPlacementNotArrivedRequest { placement_id: id() }
                )
                .unwrap();
                PlacementState::NotArrived
            }
            _ => {
                call!(
                    cedar,
                    mark_placement_entered_in_error,
                    MarkPlacementEnteredInErrorRequest { placement_id: id() }
                )
                .unwrap();
                assert_eq!(read(&mut cedar, &placement).await.unwrap_err().code(), Code::NotFound);
                continue;
            }
        };
        assert_eq!(read(&mut cedar, &placement).await.unwrap().state(), state);
    }
    let refusal = call!(
        cedar,
        refuse_placement,
        RefusePlacementRequest { placement_id: matched(&service, &group, "", BEN).await.unwrap() }
    );
    assert!(refusal.unwrap_err().message().contains("reason"), "a reason is required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_household_is_matched_together_and_a_retry_replies_the_same_ids() {
    let service = service().await;
    let mut cedar = cedar(&service);
    let group = group(&service, ProjectType::TransitionalHousing).await;
    let unit = unit(&service, &group, "1A").await;
    let child = pb::Member { person_id: BEN.to_string(), relationship: pb::Relationship::Child.into() };
    let request = pb::MatchPlacementRequest {
        request_id: new_request(),
        unit_group_id: group.clone(),
        unit_id: unit.clone(),
        members: [alone(ANA), vec![child]].concat(),
        ..Default::default()
    };
    let first = cedar.match_placement(request.clone()).await.unwrap().into_inner();
    let again = cedar.match_placement(request.clone()).await.unwrap().into_inner();
    assert_eq!(first, again);
    assert_eq!(first.placement_ids.len(), 2);
    assert_eq!(written(first.written).id, first.placement_ids[0]);
    let people = service.events().await;
    let about = |person: PersonId, kind: &str| {
        let of = |event: &&proto::log::Event| {
            event.person_id == person.to_string() && event.r#type.ends_with(kind)
        };
        people.iter().filter(of).count()
    };
    for person in [ANA, BEN] {
        assert_eq!((about(person, "PlacementMatched"), about(person, "UnitHeld")), (1, 1));
    }
    let other = pb::MatchPlacementRequest { members: alone(ANA), ..request };
    let refused = cedar.match_placement(other).await.unwrap_err();
    assert_eq!(code(&refused), says(Code::InvalidArgument, "REQUEST_ID_REUSED"));

    // A third member joins the household in its unit; a stranger does not.
    let joins = call!(
        cedar,
        match_placement,
        MatchPlacementRequest {
            unit_group_id: group.clone(),
            unit_id: unit.clone(),
            members: vec![pb::Member {
                person_id: PersonId::of(12).to_string(),
                relationship: pb::Relationship::SpouseOrPartner.into()
            }],
            household_id: first.household_id.clone()
        }
    );
    assert_eq!(joins.unwrap().household_id, first.household_id);
    let stranger = matched(&service, &group, &unit, PersonId::of(13)).await.unwrap_err();
    assert_eq!(code(&stranger), says(Code::FailedPrecondition, "UNIT_TAKEN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_agency_has_a_person_in_one_permanent_home_and_in_another_after_the_exit() {
    let service = service().await;
    let cedar = cedar(&service);
    let group = group(&service, ProjectType::RapidRehousing).await;
    let first = admitted(&service, &group, "", ANA).await.unwrap();
    let second = admitted(&service, &group, "", ANA).await.unwrap();
    call!(cedar, move_in_placement, MoveInPlacementRequest { placement_id: first.clone() }).unwrap();
    let again = call!(cedar, move_in_placement, MoveInPlacementRequest { placement_id: second.clone() });
    assert_eq!(code(&again.unwrap_err()), says(Code::FailedPrecondition, "HOME_ELSEWHERE"));
    let destination = Some(pb::Place { code: 435, subsidy_code: 431, ..Default::default() });
    call!(cedar, exit_placement, ExitPlacementRequest { placement_id: first, destination: destination })
        .unwrap();
    call!(cedar, move_in_placement, MoveInPlacementRequest { placement_id: second }).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bed_nights_are_counted_in_a_shelter_night_by_night() {
    let service = service().await;
    let mut cedar = cedar(&service);
    let group = group(&service, ProjectType::EmergencyShelterNightByNight).await;
    let placement = admitted(&service, &group, "", ANA).await.unwrap();
    let nights = |days: &[i32]| days.iter().filter_map(|day| march(*day)).collect::<Vec<_>>();
    let add = |days: &[i32]| pb::AddNightsRequest {
        request_id: new_request(),
        placement_id: placement.clone(),
        nights: nights(days),
        ..Default::default()
    };
    let early = cedar.add_nights(add(&[3])).await.unwrap_err();
    assert_eq!(code(&early), says(Code::FailedPrecondition, "BEFORE_ENTRY"));
    cedar.add_nights(add(&[4])).await.unwrap();
    service.hours_pass(48);
    cedar.add_nights(add(&[5, 6])).await.unwrap();
    let seen = read(&mut cedar, &placement).await.unwrap();
    assert_eq!(seen.lodging, [pb::DayRange { from: march(4), until: march(7) }]);
    call!(
        cedar,
        mark_nights_entered_in_error,
        MarkNightsEnteredInErrorRequest { placement_id: placement.clone(), year: 2026, month: 3 }
    )
    .unwrap();
    assert!(read(&mut cedar, &placement).await.unwrap().lodging.is_empty());
    assert!(cedar.add_nights(add(&[])).await.unwrap_err().message().contains("nights"));
}

#[tokio::test(flavor = "multi_thread")]
async fn placements_are_listed_by_state_person_and_group_on_both_stores() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let mut cedar = cedar(&service);
        let group = group(&service, ProjectType::TransitionalHousing).await;
        let ana = matched(&service, &group, "", ANA).await.unwrap();
        service.hours_pass(1);
        let ben = admitted(&service, &group, "", BEN).await.unwrap();
        service.hours_pass(1);
        let wrong = matched(&service, &group, "", BEN).await.unwrap();
        let taken_back = call!(
            cedar,
            mark_placement_entered_in_error,
            MarkPlacementEnteredInErrorRequest { placement_id: wrong }
        );
        let revision = written(taken_back.unwrap().written).revision;
        let list = async |client: &Client<Peer>, ask: pb::ListPlacementsRequest| {
            let ask = pb::ListPlacementsRequest { at_least: vec![revision.clone()], ..ask };
            let found = client.clone().list_placements(ask).await.unwrap().into_inner().placements;
            found.into_iter().map(|placement| placement.id).collect::<Vec<_>>()
        };
        let all = pb::ListPlacementsRequest::default;
        assert_eq!(
            list(&cedar, all()).await,
            [ben.clone(), ana.clone()],
            "newest first, none of them in error"
        );
        let states = vec![PlacementState::Admitted.into()];
        assert_eq!(
            list(&cedar, pb::ListPlacementsRequest { states, ..all() }).await,
            std::slice::from_ref(&ben)
        );
        let person_id = ANA.to_string();
        assert_eq!(
            list(&cedar, pb::ListPlacementsRequest { person_id, ..all() }).await,
            std::slice::from_ref(&ana)
        );
        let unit_group_id = Uuid::from_u128(77).to_string();
        assert!(list(&cedar, pb::ListPlacementsRequest { unit_group_id, ..all() }).await.is_empty());
        assert!(list(&harbor(&service), all()).await.is_empty());
        assert_eq!(list(&Client::new(service.person(ANA)), all()).await, [ana]);
        let nobodys = Client::new(service.operator()).list_placements(all()).await.unwrap_err();
        assert!(nobodys.message().contains("person_id"));

        let group = call_group(&mut cedar, &group).await;
        assert_eq!(group.open_placements, 1, "one is in the project today");
        service.one_batch_makes_the_same_lists().await;
        service.stop().await;
    }
}

async fn call_group(client: &mut Client<Peer>, group: &str) -> pb::UnitGroup {
    let request = pb::GetUnitGroupRequest { unit_group_id: group.to_owned(), ..Default::default() };
    client.get_unit_group(request).await.unwrap().into_inner().unit_group.unwrap()
}

fn accepted(referral: u128, agency: AgencyId, group: &str) -> proto::referrals::ReferralsEvent {
    use proto::referrals::referrals_event::Kind;
    let accepted = proto::referrals::ReferralAccepted {
        referral_id: Uuid::from_u128(referral).to_string(),
        person_id: ANA.to_string(),
        target_agency_id: agency.to_string(),
        unit_group_id: group.to_owned(),
        receiver: proto::referrals::Receiver::Housing.into(),
        ..Default::default()
    };
    proto::referrals::ReferralsEvent { kind: Some(Kind::ReferralAccepted(accepted)) }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_referral_opens_one_placement_and_another_agencys_group_is_left_alone() {
    let service = service().await;
    let cedar = cedar(&service);
    let group = group(&service, ProjectType::TransitionalHousing).await;
    for (referral, agency) in [(900, HARBOR), (901, CEDAR), (901, CEDAR)] {
        let stream = StreamId::new("referral", Uuid::from_u128(referral));
        service.tell("referrals", stream, Some(ANA), &accepted(referral, agency, &group)).await;
    }
    let opened = until("the placement to open", async || {
        let request = pb::ListPlacementsRequest { person_id: ANA.to_string(), ..Default::default() };
        let found = cedar.clone().list_placements(request).await.unwrap().into_inner().placements;
        found.into_iter().next()
    })
    .await;
    assert_eq!(opened.referral_id, Uuid::from_u128(901).to_string());
    assert_eq!((opened.state(), opened.unit_id.as_str()), (PlacementState::Matched, ""));

    let mut judged = service.service.reactions()[0].judged();
    judged.wait_for(|position| *position >= 3).await.expect("the reaction runs");
    let matched =
        service.events().await.iter().filter(|event| event.r#type.ends_with("PlacementMatched")).count();
    assert_eq!(matched, 1);
    let id = || opened.id.clone();
    call!(cedar, offer_placement, OfferPlacementRequest { placement_id: id() }).unwrap();
    call!(cedar, decline_placement, DeclinePlacementRequest { placement_id: id() }).unwrap();
    let declined =
        service.events().await.into_iter().find(|event| event.r#type.ends_with("PlacementDeclined"));
    let payload: pb::HousingEvent = prost::Message::decode(declined.unwrap().payload).unwrap();
    let Some(pb::housing_event::Kind::PlacementDeclined(declined)) = payload.kind else { panic!("declined") };
    assert_eq!(
        declined.referral_id,
        Uuid::from_u128(901).to_string(),
        "so that it comes back onto the referral"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opening_that_is_refused_is_told_once_with_its_reason_and_stops_nobody() {
    let service = service().await;
    let group = group(&service, ProjectType::TransitionalHousing).await;
    service.keys.unknow(BEN);
    let tell = async |referral: u128, person, group: &str| {
        let stream = StreamId::new("referral", Uuid::from_u128(referral));
        let mut event = accepted(referral, CEDAR, group);
        if let Some(proto::referrals::referrals_event::Kind::ReferralAccepted(accepted)) = &mut event.kind {
            accepted.person_id = PersonId::to_string(&person);
        }
        service.tell("referrals", stream, Some(person), &event).await;
    };
    let judged = async |position| {
        let mut judged = service.service.reactions()[0].judged();
        judged.wait_for(|at| *at >= position).await.expect("the reaction runs");
    };
    tell(901, ANA, &group).await;
    judged(1).await;
    let opened = service.events().await.into_iter().find(|event| event.r#type.ends_with("PlacementMatched"));
    let placement = opened.unwrap().stream.trim_start_matches("placement-").to_owned();
    let mark = call!(
        cedar(&service),
        mark_placement_entered_in_error,
        MarkPlacementEnteredInErrorRequest { placement_id: placement }
    );
    mark.unwrap();
    // Told again what was never meant; of nobody; to a group that is not there; and of whom all is well.
    tell(901, ANA, &group).await;
    tell(902, BEN, &group).await;
    tell(903, ANA, &Uuid::from_u128(77).to_string()).await;
    tell(904, ANA, &group).await;
    judged(5).await;
    let refusals = async || -> Vec<_> {
        let events = service.events().await.into_iter();
        let refused = events.filter(|event| event.r#type == "throughline.log.v1.ReactionRefused");
        refused
            .map(|event| {
                let payload: pb::HousingEvent = prost::Message::decode(event.payload).unwrap();
                let Some(pb::housing_event::Kind::ReactionRefused(refused)) = payload.kind else {
                    panic!("a refusal")
                };
                assert_eq!((&*refused.reaction, &*refused.log), ("opens-placement", "referrals"));
                assert_eq!(refused.event_id, event.causation_id);
                assert!(refused.record.starts_with("placement-") && event.stream.starts_with("reaction-"));
                (event.person_id, refused.reason)
            })
            .collect()
    };
    let reasons = [(ANA, "PLACEMENT_EXISTS"), (BEN, "PERSON_NOT_FOUND"), (ANA, "UNIT_GROUP_NOT_FOUND")];
    let expected = reasons.map(|(person, reason)| (person.to_string(), reason.to_owned()));
    assert_eq!(refusals().await, expected);
    // A log restored and forked is judged again from where it agrees: nothing is told twice.
    service.forked("referrals", 1).await;
    tell(905, BEN, &group).await;
    until("the forked log to be judged", async || (refusals().await.len() > 3).then_some(())).await;
    let last = (BEN.to_string(), "PERSON_NOT_FOUND".to_owned());
    assert_eq!(refusals().await, [expected.as_slice(), &[last]].concat());
    let matched = service.events().await.iter().filter(|event| event.r#type.ends_with("Matched")).count();
    assert_eq!(matched, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_judged_and_an_unknown_or_erased_person_gets_no_placement() {
    let service = service().await;
    let group = group(&service, ProjectType::TransitionalHousing).await;
    let request = || pb::MatchPlacementRequest {
        request_id: new_request(),
        unit_group_id: group.clone(),
        members: alone(BEN),
        ..Default::default()
    };
    let auditor = Caller {
        actor: Actor::Worker(kernel::WorkerId::of(5)),
        role: Role::Auditor,
        agency: Some(CEDAR),
        on_behalf_of: None,
    };
    for client in [recorder(&service), Client::new(service.caller(auditor)), Client::new(service.person(BEN))]
    {
        let refused = client.clone().match_placement(request()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    service.keys.unknow(BEN);
    let unknown = cedar(&service).match_placement(request()).await.unwrap_err();
    assert_eq!(code(&unknown), says(Code::NotFound, "PERSON_NOT_FOUND"));
    service.keys.erase(ANA);
    let erased = matched(&service, &group, "", ANA).await.unwrap_err();
    assert_eq!(code(&erased), says(Code::FailedPrecondition, "PERSON_ERASED"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_placement_names_the_items_of_the_plan_that_it_carries_out() {
    let service = service().await;
    let mut cedar = cedar(&service);
    let group = group(&service, ProjectType::PermanentSupportiveHousing).await;
    let placement = matched(&service, &group, "", ANA).await.unwrap();
    let item = uuid::Uuid::from_u128(70).to_string();
    let name = |items: Vec<String>| pb::NamePlacementPlanRequest {
        request_id: uuid::Uuid::now_v7().to_string(),
        placement_id: placement.clone(),
        plan_item_ids: items,
        ..Default::default()
    };
    let wrong = cedar.name_placement_plan(name(vec![item.clone(), "supper".into()])).await.unwrap_err();
    assert!(wrong.code() == Code::InvalidArgument && wrong.message().contains("plan_item_ids[1]"), "{wrong}");
    let foreign = harbor(&service).name_placement_plan(name(vec![item.clone()])).await;
    assert_eq!(foreign.unwrap_err().code(), Code::NotFound);
    cedar.name_placement_plan(name(vec![item.clone()])).await.unwrap();
    assert_eq!(read(&mut cedar, &placement).await.unwrap().plan_item_ids, [item]);
}
