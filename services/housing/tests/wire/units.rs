//! Unit groups and units through the wire.
//! Invariant: an agency changes its own alone, and a unit's availability is what its diary says.

use super::*;
use pb::{Availability, ProjectType};
use tests::alone::until;

fn capacity(beds: u32) -> Option<pb::CapacityContent> {
    Some(pb::CapacityContent {
        household_type: pb::HouseholdType::WithoutChildren.into(),
        beds,
        from: march(1),
        ..Default::default()
    })
}

async fn read_group(client: &mut Client<Peer>, group: &str) -> Result<pb::UnitGroup, Status> {
    let request = pb::GetUnitGroupRequest { unit_group_id: group.to_owned(), ..Default::default() };
    Ok(client.get_unit_group(request).await?.into_inner().unit_group.expect("a group"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_published_given_capacity_closed_and_taken_back() {
    let service = service().await;
    let mut cedar = cedar(&service);
    let group = group(&service, ProjectType::SafeHaven).await;
    let id = || group.clone();

    let set = call!(cedar, set_capacity, SetCapacityRequest { unit_group_id: id(), content: capacity(7) });
    let capacity_id = set.unwrap().capacity_id;
    let again = call!(
        cedar,
        set_capacity,
        SetCapacityRequest { unit_group_id: id(), capacity_id: capacity_id.clone(), content: capacity(9) }
    );
    assert_eq!(again.unwrap().capacity_id, capacity_id);
    let seen = read_group(&mut cedar, &group).await.unwrap();
    assert_eq!(seen.capacities.len(), 1);
    assert_eq!(seen.capacities[0].content.as_ref().unwrap().beds, 9);
    assert_eq!(seen.content.as_ref().unwrap(), &group_content(ProjectType::SafeHaven));

    let other_type = Some(group_content(ProjectType::TransitionalHousing));
    let refused = call!(
        cedar,
        publish_unit_group,
        PublishUnitGroupRequest { unit_group_id: id(), content: other_type }
    );
    assert_eq!(code(&refused.unwrap_err()), says(Code::FailedPrecondition, "PROJECT_TYPE_STAYS"));

    call!(
        cedar,
        mark_capacity_entered_in_error,
        MarkCapacityEnteredInErrorRequest { unit_group_id: id(), capacity_id: capacity_id }
    )
    .unwrap();
    call!(cedar, close_unit_group, CloseUnitGroupRequest { unit_group_id: id() }).unwrap();
    let seen = read_group(&mut cedar, &group).await.unwrap();
    assert!(seen.closed && seen.capacities.is_empty());
    let refused = matched(&service, &group, "", ANA).await.unwrap_err();
    assert_eq!(code(&refused), says(Code::FailedPrecondition, "UNIT_GROUP_CLOSED"));

    call!(
        cedar,
        mark_unit_group_entered_in_error,
        MarkUnitGroupEnteredInErrorRequest { unit_group_id: id() }
    )
    .unwrap();
    assert_eq!(read_group(&mut cedar, &group).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_agency_sees_a_group_without_its_identifiers_and_changes_nothing_of_it() {
    let service = service().await;
    let mut harbor = harbor(&service);
    let group = group(&service, ProjectType::SafeHaven).await;
    let seen = read_group(&mut harbor, &group).await.unwrap();
    assert!(seen.content.unwrap().identifiers.is_empty());
    for refused in [
        call!(harbor, close_unit_group, CloseUnitGroupRequest { unit_group_id: group.clone() }).map(|_| ()),
        call!(
            harbor,
            set_capacity,
            SetCapacityRequest { unit_group_id: group.clone(), content: capacity(1) }
        )
        .map(|_| ()),
        call!(
            harbor,
            publish_unit,
            PublishUnitRequest { unit_group_id: group.clone(), content: unit_content("9Z") }
        )
        .map(|_| ()),
        call!(
            harbor,
            match_placement,
            MatchPlacementRequest { unit_group_id: group.clone(), members: alone(ANA) }
        )
        .map(|_| ()),
    ] {
        assert_eq!(code(&refused.unwrap_err()), says(Code::NotFound, "UNIT_GROUP_NOT_FOUND"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_field_is_named_with_its_remedy() {
    let service = service().await;
    let cedar = cedar(&service);
    let group = group(&service, ProjectType::SafeHaven).await;
    let told = |status: Status| status.message().to_owned();
    let content = |change: fn(&mut pb::UnitGroupContent)| {
        let mut content = group_content(ProjectType::SafeHaven);
        change(&mut content);
        Some(content)
    };
    for (content, field) in [
        (None, "content"),
        (content(|content| content.name.clear()), "content.name"),
        (content(|content| content.project_type = 6), "content.project_type"),
        (content(|content| content.zone = "Chicago".into()), "content.zone"),
        (content(|content| content.turnaround_days = 91), "content.turnaround_days"),
    ] {
        let refused = call!(cedar, publish_unit_group, PublishUnitGroupRequest { content: content });
        let refused = refused.unwrap_err();
        assert_eq!(code(&refused), says(Code::InvalidArgument, "BAD_FIELD"));
        assert!(told(refused).contains(field), "{field}");
    }
    let backwards = Some(pb::CapacityContent { until: day(2026, 2, 1), ..capacity(1).unwrap() });
    let refused = call!(cedar, set_capacity, SetCapacityRequest { unit_group_id: group, content: backwards });
    assert!(told(refused.unwrap_err()).contains("content.until"));
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_units_are_listed_and_found_by_the_agencys_own_identifiers_on_both_stores() {
    for store in [OnStore::Sqlite, OnStore::Postgres] {
        let service = service_on(store).await;
        let mut cedar = cedar(&service);
        let group = group(&service, ProjectType::SafeHaven).await;
        let mut units = vec![];
        for name in ["1A", "2A", "3A"] {
            service.hours_pass(1);
            units.insert(0, unit(&service, &group, name).await);
        }
        let named = |value: &str| Some(Identifier { system: "own".into(), value: value.into() });
        let found = until("the unit to be listed", async || {
            let request = pb::GetUnitRequest { identifier: named("3A"), ..Default::default() };
            cedar.clone().get_unit(request).await.ok()
        })
        .await;
        assert_eq!(found.into_inner().unit.unwrap().id, units[0]);
        let request = pb::GetUnitGroupRequest { identifier: named("cedar-house"), ..Default::default() };
        let found = cedar.get_unit_group(request.clone()).await.unwrap().into_inner().unit_group.unwrap();
        assert_eq!(found.id, group);
        assert_eq!(harbor(&service).get_unit_group(request).await.unwrap_err().code(), Code::NotFound);

        let page = |token: &str| pb::ListUnitsRequest {
            page_size: 2,
            page_token: token.to_owned(),
            unit_group_id: group.clone(),
            ..Default::default()
        };
        let ids = |units: &[pb::Unit]| units.iter().map(|unit| unit.id.clone()).collect::<Vec<_>>();
        let first = cedar.list_units(page("")).await.unwrap().into_inner();
        assert_eq!(ids(&first.units), units[..2]);
        let second = cedar.list_units(page(&first.next_page_token)).await.unwrap().into_inner();
        assert_eq!((ids(&second.units), second.next_page_token.as_str()), (units[2..].to_vec(), ""));
        assert!(harbor(&service).list_units(page("")).await.unwrap().into_inner().units.is_empty());

        let all = pb::ListUnitGroupsRequest { agency_id: CEDAR.to_string(), ..Default::default() };
        let groups = cedar.list_unit_groups(all).await.unwrap().into_inner().unit_groups;
        assert_eq!(groups.len(), 1);
        service.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_units_availability_follows_what_happens_to_it() {
    let service = service().await;
    let mut cedar = cedar(&service);
    let group = group(&service, ProjectType::TransitionalHousing).await;
    let unit = unit(&service, &group, "2B").await;
    let id = || unit.clone();
    let reader = cedar.clone();
    let stands = async |on| {
        let unit = read_unit(&mut reader.clone(), &unit, on).await.unwrap();
        (unit.availability(), unit.until)
    };
    assert_eq!(stands(None).await, (Availability::Accepting, None));

    let out = |from, until| {
        let reason = pb::OutOfServiceReason::Repairs.into();
        pb::TakeUnitOutOfServiceRequest {
            request_id: new_request(),
            unit_id: id(),
            from,
            until,
            reason,
            ..Default::default()
        }
    };
    cedar.take_unit_out_of_service(out(march(10), march(20))).await.unwrap();
    assert_eq!(stands(march(9)).await, (Availability::Accepting, None));
    assert_eq!(stands(march(10)).await, (Availability::OutOfService, march(20)));
    call!(cedar, return_unit_to_service, ReturnUnitToServiceRequest { unit_id: id(), from: march(12) })
        .unwrap();
    assert_eq!(stands(march(12)).await, (Availability::Accepting, None));
    call!(cedar, return_unit_to_service, ReturnUnitToServiceRequest { unit_id: id() }).unwrap();

    let placement = matched(&service, &group, &unit, ANA).await.unwrap();
    assert_eq!(stands(None).await, (Availability::Held, None));
    let refused = cedar.take_unit_out_of_service(out(None, None)).await.unwrap_err();
    assert_eq!(code(&refused), says(Code::FailedPrecondition, "UNIT_IN_USE"));
    let refused = call!(cedar, archive_unit, ArchiveUnitRequest { unit_id: id() }).unwrap_err();
    assert_eq!(code(&refused), says(Code::FailedPrecondition, "UNIT_IN_USE"));

    let of_ana = || placement.clone();
    call!(cedar, offer_placement, OfferPlacementRequest { placement_id: of_ana() }).unwrap();
    call!(cedar, accept_placement, AcceptPlacementRequest { placement_id: of_ana() }).unwrap();
    call!(cedar, admit_placement, AdmitPlacementRequest { placement_id: of_ana(), on: march(2) }).unwrap();
    assert_eq!(stands(None).await, (Availability::Occupied, None));
    let destination = Some(pb::Place { code: 410, ..Default::default() });
    call!(
        cedar,
        exit_placement,
        ExitPlacementRequest { placement_id: of_ana(), on: march(4), destination: destination }
    )
    .unwrap();
    assert_eq!(stands(march(3)).await, (Availability::Occupied, march(4)));
    assert_eq!(stands(march(5)).await, (Availability::Turnaround, march(6)));
    assert_eq!(stands(march(6)).await, (Availability::Accepting, None));

    let refused = call!(cedar, mark_unit_entered_in_error, MarkUnitEnteredInErrorRequest { unit_id: id() });
    assert_eq!(code(&refused.unwrap_err()), says(Code::FailedPrecondition, "UNIT_WAS_USED"));
    call!(cedar, archive_unit, ArchiveUnitRequest { unit_id: id() }).unwrap();
    assert_eq!(stands(None).await, (Availability::Archived, None));
    let refused = matched(&service, &group, &unit, BEN).await.unwrap_err();
    assert_eq!(code(&refused), says(Code::FailedPrecondition, "UNIT_ARCHIVED"));
    assert_eq!(read_unit(&mut harbor(&service), &unit, None).await.unwrap_err().code(), Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unused_unit_can_be_taken_back_and_an_old_etag_changes_nothing() {
    let service = service().await;
    let mut cedar = cedar(&service);
    let group = group(&service, ProjectType::TransitionalHousing).await;
    let unit = unit(&service, &group, "2B").await;
    let etag = read_unit(&mut cedar, &unit, None).await.unwrap().etag;
    let rename = |name: &str, etag: &str| pb::PublishUnitRequest {
        request_id: new_request(),
        etag: etag.to_owned(),
        unit_id: unit.clone(),
        unit_group_id: group.clone(),
        content: unit_content(name),
    };
    cedar.publish_unit(rename("2C", &etag)).await.unwrap();
    let refused = cedar.publish_unit(rename("2D", &etag)).await.unwrap_err();
    assert_eq!(code(&refused), says(Code::Aborted, "ETAG_MISMATCH"));
    call!(cedar, mark_unit_entered_in_error, MarkUnitEnteredInErrorRequest { unit_id: unit.clone() })
        .unwrap();
    assert_eq!(read_unit(&mut cedar, &unit, None).await.unwrap_err().code(), Code::NotFound);
}
