//! Coded values of the contract and of the domain.
//! Invariant: one mapping for each code, used in both directions.

use platform::error::BadField;
use proto::housing as pb;

use crate::domain::codes::Relationship;
use crate::domain::placement::{Closing, Situation, State};

platform::codes!(pub mod project_type: crate::domain::codes::ProjectType = proto::housing::ProjectType {
    EmergencyShelterEntryExit, EmergencyShelterNightByNight, TransitionalHousing, PermanentSupportiveHousing, SafeHaven,
    PermanentHousingOnly, PermanentHousingWithServices, RapidRehousing,
});
platform::codes!(pub mod unit_kind: crate::domain::codes::UnitKind = proto::housing::UnitKind {
    OwnHome, FamilyHome, Apartment, GroupHome, ResidentialService, Shelter,
});
platform::codes!(pub mod household_type: crate::domain::codes::HouseholdType = proto::housing::HouseholdType {
    WithoutChildren, AdultsAndChildren, ChildrenOnly,
});
platform::codes!(pub mod capacity_availability: crate::domain::codes::CapacityAvailability = proto::housing::CapacityAvailability {
    YearRound, Seasonal, Overflow,
});
platform::codes!(pub mod bed_type: crate::domain::codes::BedType = proto::housing::BedType {
    Facility, Voucher, Other,
});
platform::codes!(pub mod refusal_reason: crate::domain::codes::RefusalReason = proto::housing::RefusalReason {
    NotEligible, NoSuitableUnit, Landlord, Documents, Safety, Other,
});
platform::codes!(pub mod cancel_reason: crate::domain::codes::CancelReason = proto::housing::CancelReason {
    UnitLost, MistakenOrDuplicate, CouldNotContact, NeedsMetElsewhere, Died, ProjectClosed, Other,
});
platform::codes!(pub mod out_of_service_reason: crate::domain::codes::OutOfServiceReason = proto::housing::OutOfServiceReason {
    Repairs, Inspection, Pests, Damage, Other,
});
platform::codes!(pub mod stage: crate::domain::codes::Stage = proto::housing::SituationStage {
    AtEntry, Current,
});
platform::codes!(pub mod availability: crate::domain::availability::Availability = proto::housing::Availability {
    Archived, OutOfService, Occupied, Turnaround, Held, Accepting, Vacant,
});

/// A code that may be left out.
pub fn optional<T>(
    field: &str,
    number: i32,
    parse: impl Fn(&str, i32) -> Result<T, BadField>,
) -> Result<Option<T>, BadField> {
    if number == 0 { Ok(None) } else { parse(field, number).map(Some) }
}

/// The relationship in a request's field; not given is not collected.
pub fn relationship(field: &str, number: i32) -> Result<Relationship, BadField> {
    stored_relationship(number).ok_or_else(|| BadField::new(field, "is not one of the contract's values"))
}

/// The relationship in a stored event.
pub fn stored_relationship(number: i32) -> Option<Relationship> {
    Some(match pb::Relationship::try_from(number).ok()? {
        pb::Relationship::Unspecified => Relationship::NotCollected,
        pb::Relationship::Self_ => Relationship::Oneself,
        pb::Relationship::Child => Relationship::Child,
        pb::Relationship::SpouseOrPartner => Relationship::SpouseOrPartner,
        pb::Relationship::OtherRelative => Relationship::OtherRelative,
        pb::Relationship::Unrelated => Relationship::Unrelated,
    })
}

/// The contract's number of a relationship.
pub fn relationship_number(relationship: Relationship) -> i32 {
    match relationship {
        Relationship::NotCollected => pb::Relationship::Unspecified,
        Relationship::Oneself => pb::Relationship::Self_,
        Relationship::Child => pb::Relationship::Child,
        Relationship::SpouseOrPartner => pb::Relationship::SpouseOrPartner,
        Relationship::OtherRelative => pb::Relationship::OtherRelative,
        Relationship::Unrelated => pb::Relationship::Unrelated,
    }
    .into()
}

/// The contract's name for where a placement stands.
pub fn placement_state(state: &State) -> pb::PlacementState {
    match state {
        State::Unmade => pb::PlacementState::Unspecified,
        State::InError { .. } => pb::PlacementState::EnteredInError,
        State::Made(made) => match made.situation {
            Situation::Matched => pb::PlacementState::Matched,
            Situation::Offered => pb::PlacementState::Offered,
            Situation::Accepted => pb::PlacementState::Accepted,
            Situation::Admitted { .. } => pb::PlacementState::Admitted,
            Situation::MovedIn { .. } => pb::PlacementState::MovedIn,
            Situation::Exited { .. } => pb::PlacementState::Exited,
            Situation::Closed(Closing::Declined) => pb::PlacementState::Declined,
            Situation::Closed(Closing::Refused(_)) => pb::PlacementState::Refused,
            Situation::Closed(Closing::NotArrived) => pb::PlacementState::NotArrived,
            Situation::Closed(Closing::Cancelled(_)) => pb::PlacementState::Cancelled,
            Situation::Closed(Closing::Withdrawn) => pb::PlacementState::Withdrawn,
        },
    }
}

/// The numbers of the states that a list asks for.
///
/// # Errors
/// A number that names none.
pub fn state_numbers(states: &[i32]) -> Result<Vec<i64>, BadField> {
    let each = |(i, number): (usize, &i32)| {
        platform::wire::choice::<pb::PlacementState>(&format!("states[{i}]"), *number)?;
        Ok(i64::from(*number))
    };
    states.iter().enumerate().map(each).collect()
}
