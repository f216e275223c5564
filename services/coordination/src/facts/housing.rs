//! Lodgings: the nights under one roof, by the type of the project (HMIS).
//! Invariant: admitted to a home not yet moved into is no lodging; nights counted one by one are none that runs on.

use platform::source::Read;
use prost::Message;
use proto::housing::housing_event::Kind;
use proto::housing::{HousingEvent, ProjectType};

use super::stored::{Fact, Placement, Unreadable, written};

/// From which day somebody lodges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LodgedFrom {
    Entry,
    MoveIn,
    /// Each night by itself.
    Nights,
}

pub(super) fn apply(held: Option<Fact>, read: &Read) -> Result<Option<Fact>, Unreadable> {
    let payload = HousingEvent::decode(read.event.payload.clone()).map_err(|_| Unreadable)?;
    Ok(match (payload.kind.ok_or(Unreadable)?, held) {
        (Kind::PlacementMatched(matched), _) => Some(Fact::Placement(Placement {
            written: Some(written(read, &matched.agency_id, false)),
            project_type: hud(matched.project_type())?,
            zone: matched.zone,
            from: None,
            until: None,
        })),
        (Kind::PlacementAdmitted(admitted), Some(Fact::Placement(mut placement))) => {
            if lodged_from(admitted.project_type())? == LodgedFrom::Entry {
                placement.from = admitted.on;
            }
            Some(Fact::Placement(placement))
        }
        (Kind::PlacementMovedIn(moved), Some(Fact::Placement(placement))) => {
            Some(Fact::Placement(Placement { from: moved.on, ..placement }))
        }
        // Who never lodged there leaves nothing behind.
        (Kind::PlacementExited(exited), Some(Fact::Placement(placement))) => {
            placement.from.is_some().then_some(Fact::Placement(Placement { until: exited.on, ..placement }))
        }
        (Kind::PlacementRecorded(told), _) => {
            let from = match lodged_from(told.project_type())? {
                LodgedFrom::Entry => told.entry_on,
                LodgedFrom::MoveIn => told.moved_in_on,
                LodgedFrom::Nights => None,
            };
            let project_type = hud(told.project_type())?;
            from.map(|from| {
                Fact::Placement(Placement {
                    written: Some(written(read, &told.agency_id, false)),
                    project_type,
                    zone: told.zone,
                    from: Some(from),
                    until: told.exit_on,
                })
            })
        }

        (
            Kind::PlacementDeclined(_)
            | Kind::PlacementRefused(_)
            | Kind::PlacementNotArrived(_)
            | Kind::PlacementCancelled(_)
            | Kind::PlacementWithdrawn(_)
            | Kind::PlacementEnteredInError(_),
            _,
        ) => None,

        // What concerns groups and units, what no rule looks at yet, and what follows no match.
        (
            Kind::UnitGroupPublished(_)
            | Kind::UnitGroupRecorded(_)
            | Kind::CapacitySet(_)
            | Kind::CapacityRecorded(_)
            | Kind::CapacityEnteredInError(_)
            | Kind::UnitGroupClosed(_)
            | Kind::UnitGroupEnteredInError(_)
            | Kind::UnitPublished(_)
            | Kind::UnitArchived(_)
            | Kind::UnitEnteredInError(_)
            | Kind::UnitDiaryOpened(_)
            | Kind::UnitDiaryClosed(_)
            | Kind::UnitHeld(_)
            | Kind::UnitOccupied(_)
            | Kind::UnitFreed(_)
            | Kind::UnitReleased(_)
            | Kind::UnitTakenOutOfService(_)
            | Kind::UnitReturnedToService(_)
            | Kind::PlacementUnitAssigned(_)
            | Kind::PlacementPlanNamed(_)
            | Kind::PlacementWorkerAssigned(_)
            | Kind::PlacementOffered(_)
            | Kind::PlacementAccepted(_)
            | Kind::PlacementAdmitted(_)
            | Kind::PlacementMovedIn(_)
            | Kind::PlacementExited(_)
            | Kind::BedNightsCounted(_)
            | Kind::BedNightsEnteredInError(_)
            | Kind::LivingSituationNoted(_)
            | Kind::LivingSituationRecorded(_)
            | Kind::ReactionRefused(_)
            | Kind::LivingSituationEnteredInError(_),
            held,
        ) => held,
    })
}

fn lodged_from(project: ProjectType) -> Result<LodgedFrom, Unreadable> {
    Ok(match project {
        ProjectType::Unspecified => return Err(Unreadable),
        ProjectType::EmergencyShelterEntryExit
        | ProjectType::TransitionalHousing
        | ProjectType::SafeHaven => LodgedFrom::Entry,
        ProjectType::EmergencyShelterNightByNight => LodgedFrom::Nights,
        ProjectType::PermanentSupportiveHousing
        | ProjectType::PermanentHousingOnly
        | ProjectType::PermanentHousingWithServices
        | ProjectType::RapidRehousing => LodgedFrom::MoveIn,
    })
}

/// HUD's own number of the type (2.02.6): one less than the contract's.
fn hud(project: ProjectType) -> Result<u32, Unreadable> {
    u32::try_from(i32::from(project) - 1).map_err(|_| Unreadable)
}
