//! One event of each kind, every field of it filled.
//! Invariant: fixed for ever, like the bytes that they give.

use housing::domain::diary::Diary;
use housing::domain::group::UnitGroup;
use housing::domain::living::LivingSituation;
use housing::domain::placement::Placement;
use housing::domain::unit::Unit;
use kernel::Decider;
use pb::housing_event::Kind;

use super::super::*;

pub fn id(number: u128) -> String {
    Uuid::from_u128(number).to_string()
}

fn place() -> Option<pb::SealedPlace> {
    let other = proto::log::Sealed {
        key_id: "key".into(),
        event_id: id(90),
        field: "place.other".into(),
        nonce: vec![1; 12].into(),
        ciphertext: vec![2; 20].into(),
    };
    Some(pb::SealedPlace { code: 435, subsidy_code: 431, other: Some(other), other_hash: vec![3; 32].into() })
}

fn contact() -> Option<proto::types::Contact> {
    Some(proto::types::Contact {
        occurred: occurred(),
        minutes: 20,
        setting: proto::types::Setting::Street.into(),
        reached: true,
        purpose: "outreach".into(),
        worker_ids: vec![id(91)],
        skills: vec!["keeping-a-tenancy".into()],
        stance: proto::types::Stance::Accommodate.into(),
    })
}

pub fn occurred() -> Option<proto::types::Occurred> {
    Some(proto::types::Occurred {
        at: Some(prost_types::Timestamp { seconds: 1_772_625_600, nanos: 0 }),
        precision: proto::types::Precision::Instant.into(),
        zone: "America/Chicago".into(),
    })
}

fn capacity() -> Option<pb::CapacityContent> {
    Some(pb::CapacityContent {
        household_type: pb::HouseholdType::ChildrenOnly.into(),
        beds: 7,
        units: 3,
        from: march(1),
        until: march(9),
        availability: pb::CapacityAvailability::Overflow.into(),
        bed_type: pb::BedType::Voucher.into(),
    })
}

/// One event of each kind, every field of it filled, with the family of its stream.
pub fn samples() -> Vec<(&'static str, Kind)> {
    let project_type = pb::ProjectType::RapidRehousing.into();
    let relationship = pb::Relationship::OtherRelative.into();
    let mut group = group_content(pb::ProjectType::RapidRehousing);
    (group.operates_from, group.operates_until) = (march(1), march(30));
    let (group, unit) = (Some(group), unit_content("2B"));
    let zone = || "America/Chicago".to_owned();
    let (of_group, of_unit, of_diary, of_placement, of_living) = (
        UnitGroup::CATEGORY,
        Unit::CATEGORY,
        Diary::CATEGORY,
        Placement::CATEGORY,
        LivingSituation::CATEGORY,
    );
    let (unit_group_id, capacity_id, agency_id, unit_id) = (|| id(1), || id(2), || id(3), || id(4));
    let (placement_id, person_id, household_id, referral_id) = (|| id(5), || id(6), || id(7), || id(8));
    let living_situation_id = || id(9);
    vec![
        (
            of_group,
            Kind::UnitGroupPublished(pb::UnitGroupPublished {
                unit_group_id: unit_group_id(),
                agency_id: agency_id(),
                content: group.clone(),
            }),
        ),
        (
            of_group,
            Kind::UnitGroupRecorded(pb::UnitGroupRecorded {
                unit_group_id: unit_group_id(),
                agency_id: agency_id(),
                content: group,
                correction: true,
            }),
        ),
        (
            of_group,
            Kind::CapacitySet(pb::CapacitySet {
                unit_group_id: unit_group_id(),
                capacity_id: capacity_id(),
                content: capacity(),
            }),
        ),
        (
            of_group,
            Kind::CapacityRecorded(pb::CapacityRecorded {
                unit_group_id: unit_group_id(),
                capacity_id: capacity_id(),
                content: capacity(),
                correction: true,
            }),
        ),
        (
            of_group,
            Kind::CapacityEnteredInError(pb::CapacityEnteredInError {
                unit_group_id: unit_group_id(),
                capacity_id: capacity_id(),
            }),
        ),
        (of_group, Kind::UnitGroupClosed(pb::UnitGroupClosed { unit_group_id: unit_group_id() })),
        (
            of_group,
            Kind::UnitGroupEnteredInError(pb::UnitGroupEnteredInError { unit_group_id: unit_group_id() }),
        ),
        (
            of_unit,
            Kind::UnitPublished(pb::UnitPublished {
                unit_id: unit_id(),
                unit_group_id: unit_group_id(),
                agency_id: agency_id(),
                content: unit,
            }),
        ),
        (of_unit, Kind::UnitArchived(pb::UnitArchived { unit_id: unit_id() })),
        (of_unit, Kind::UnitEnteredInError(pb::UnitEnteredInError { unit_id: unit_id() })),
        (
            of_diary,
            Kind::UnitDiaryOpened(pb::UnitDiaryOpened {
                unit_id: unit_id(),
                unit_group_id: unit_group_id(),
                agency_id: agency_id(),
                zone: zone(),
            }),
        ),
        (of_diary, Kind::UnitDiaryClosed(pb::UnitDiaryClosed { unit_id: unit_id() })),
        (
            of_diary,
            Kind::UnitHeld(pb::UnitHeld {
                unit_id: unit_id(),
                placement_id: placement_id(),
                person_id: person_id(),
                household_id: household_id(),
                from: march(2),
            }),
        ),
        (
            of_diary,
            Kind::UnitOccupied(pb::UnitOccupied {
                unit_id: unit_id(),
                placement_id: placement_id(),
                person_id: person_id(),
                household_id: household_id(),
                from: march(2),
                until: march(9),
            }),
        ),
        (
            of_diary,
            Kind::UnitFreed(pb::UnitFreed {
                unit_id: unit_id(),
                placement_id: placement_id(),
                person_id: person_id(),
                until: march(9),
                household_id: household_id(),
            }),
        ),
        (
            of_diary,
            Kind::UnitReleased(pb::UnitReleased {
                unit_id: unit_id(),
                placement_id: placement_id(),
                person_id: person_id(),
                household_id: household_id(),
            }),
        ),
        (
            of_diary,
            Kind::UnitTakenOutOfService(pb::UnitTakenOutOfService {
                unit_id: unit_id(),
                from: march(2),
                until: march(9),
                reason: pb::OutOfServiceReason::Damage.into(),
            }),
        ),
        (
            of_diary,
            Kind::UnitReturnedToService(pb::UnitReturnedToService { unit_id: unit_id(), from: march(9) }),
        ),
        (
            of_placement,
            Kind::PlacementMatched(pb::PlacementMatched {
                placement_id: placement_id(),
                person_id: person_id(),
                agency_id: agency_id(),
                unit_group_id: unit_group_id(),
                unit_group_name: "Cedar House".into(),
                project_type,
                zone: zone(),
                unit_id: unit_id(),
                held_from: march(2),
                household_id: household_id(),
                relationship,
                referral_id: referral_id(),
            }),
        ),
        (
            of_placement,
            Kind::PlacementUnitAssigned(pb::PlacementUnitAssigned {
                placement_id: placement_id(),
                unit_id: unit_id(),
                from: march(2),
                previous_unit_id: id(10),
            }),
        ),
        (
            of_placement,
            Kind::PlacementPlanNamed(pb::PlacementPlanNamed {
                placement_id: placement_id(),
                plan_item_ids: vec![id(70), id(71)],
            }),
        ),
        (
            of_placement,
            Kind::PlacementWorkerAssigned(pb::PlacementWorkerAssigned {
                placement_id: placement_id(),
                worker_id: id(72),
                from_worker_id: id(73),
            }),
        ),
        (of_placement, Kind::PlacementOffered(pb::PlacementOffered { placement_id: placement_id() })),
        (of_placement, Kind::PlacementAccepted(pb::PlacementAccepted { placement_id: placement_id() })),
        (
            of_placement,
            Kind::PlacementDeclined(pb::PlacementDeclined {
                placement_id: placement_id(),
                referral_id: referral_id(),
            }),
        ),
        (
            of_placement,
            Kind::PlacementRefused(pb::PlacementRefused {
                placement_id: placement_id(),
                reason: pb::RefusalReason::Safety.into(),
                referral_id: referral_id(),
            }),
        ),
        (
            of_placement,
            Kind::PlacementNotArrived(pb::PlacementNotArrived {
                placement_id: placement_id(),
                referral_id: referral_id(),
            }),
        ),
        (
            of_placement,
            Kind::PlacementCancelled(pb::PlacementCancelled {
                placement_id: placement_id(),
                reason: pb::CancelReason::ProjectClosed.into(),
                referral_id: referral_id(),
            }),
        ),
        (
            of_placement,
            Kind::PlacementWithdrawn(pb::PlacementWithdrawn {
                placement_id: placement_id(),
                referral_id: referral_id(),
            }),
        ),
        (
            of_placement,
            Kind::PlacementAdmitted(pb::PlacementAdmitted {
                placement_id: placement_id(),
                on: march(2),
                project_type,
                unit_id: unit_id(),
                referral_id: referral_id(),
            }),
        ),
        (
            of_placement,
            Kind::PlacementMovedIn(pb::PlacementMovedIn {
                placement_id: placement_id(),
                on: march(3),
                project_type,
                unit_id: unit_id(),
            }),
        ),
        (
            of_placement,
            Kind::PlacementExited(pb::PlacementExited {
                placement_id: placement_id(),
                on: march(9),
                destination: place(),
                referral_id: referral_id(),
            }),
        ),
        (
            of_placement,
            Kind::PlacementRecorded(pb::PlacementRecorded {
                placement_id: placement_id(),
                person_id: person_id(),
                agency_id: agency_id(),
                unit_group_id: unit_group_id(),
                unit_group_name: "Cedar House".into(),
                project_type,
                zone: zone(),
                unit_id: unit_id(),
                household_id: household_id(),
                relationship,
                entry_on: march(1),
                moved_in_on: march(2),
                move_in_told_on: march(3),
                exit_on: march(9),
                destination: place(),
                correction: true,
            }),
        ),
        (
            of_placement,
            Kind::BedNightsCounted(pb::BedNightsCounted {
                placement_id: placement_id(),
                nights: Some(pb::MonthNights { year: 2026, month: 3, days: vec![2, 3, 31] }),
                correction: true,
            }),
        ),
        (
            of_placement,
            Kind::BedNightsEnteredInError(pb::BedNightsEnteredInError {
                placement_id: placement_id(),
                year: 2026,
                month: 3,
                fact_ids: vec![capacity_id()],
            }),
        ),
        (
            of_placement,
            Kind::PlacementEnteredInError(pb::PlacementEnteredInError {
                placement_id: placement_id(),
                referral_id: referral_id(),
            }),
        ),
        (
            of_living,
            Kind::LivingSituationNoted(pb::LivingSituationNoted {
                living_situation_id: living_situation_id(),
                person_id: person_id(),
                agency_id: agency_id(),
                place: place(),
                contact: contact(),
            }),
        ),
        (
            of_living,
            Kind::LivingSituationRecorded(pb::LivingSituationRecorded {
                living_situation_id: living_situation_id(),
                person_id: person_id(),
                agency_id: agency_id(),
                stage: pb::SituationStage::AtEntry.into(),
                place: place(),
                contact: contact(),
                record: "placement-1".into(),
                correction: true,
            }),
        ),
        (
            of_living,
            Kind::LivingSituationEnteredInError(pb::LivingSituationEnteredInError {
                living_situation_id: living_situation_id(),
            }),
        ),
        (
            "reaction",
            Kind::ReactionRefused(proto::log::ReactionRefused {
                reaction: "opens-placement".into(),
                log: "referrals".into(),
                event_id: id(91),
                event_type: "throughline.referrals.v1.ReferralAccepted".into(),
                record: "placement-1".into(),
                reason: "UNIT_GROUP_NOT_FOUND".into(),
            }),
        ),
    ]
}
