//! What a part comes to on its referral once its service has closed it: a table for each service.
//! Invariant: what ran its course has given its service; whatever ended otherwise has failed for the coded reason that says no more than the referral's
//! own reasons do. Every reason stands in a table, and one that this release does not know is unreadable.

use proto::housing::{CancelReason, RefusalReason, SealedPlace};
use proto::therapy::EpisodeClosing;
use proto::vocational::DischargeReason;

use super::Unreadable;
use crate::domain::referral::{ClosingReason, Outcome, PartEnd};

/// It ran its course.
pub const GIVEN: PartEnd = PartEnd::Completed(Outcome::ServiceGiven);

/// The person declined the place that was offered, or took the application back.
pub const DECLINED: PartEnd = PartEnd::Closed(ClosingReason::PersonDeclined);

/// The person accepted the place and did not come.
pub const NOT_ARRIVED: PartEnd = PartEnd::Closed(ClosingReason::NotEngaged);

/// Where HMIS 3.12 says that somebody went who died.
const DECEASED: u32 = 24;

/// A participation that ended: completed, if before its time too.
pub const fn participation(reason: ClosingReason) -> PartEnd {
    match reason {
        ClosingReason::CompletedEarly => GIVEN,
        ClosingReason::Ineligible
        | ClosingReason::MistakenOrDuplicate
        | ClosingReason::NotEngaged
        | ClosingReason::NeedsMetElsewhere
        | ClosingReason::Moved
        | ClosingReason::WorkOrCaring
        | ClosingReason::Died
        | ClosingReason::NoCapacity
        | ClosingReason::CouldNotContact
        | ClosingReason::PersonDeclined
        | ClosingReason::ProviderDeclined
        | ClosingReason::ConsentWithdrawn
        | ClosingReason::Expired
        | ClosingReason::Other => PartEnd::Closed(reason),
    }
}

/// A case that was discharged. What of the person's health, past or ways the provider ended it for stays with the provider.
pub fn case(reason: i32) -> Result<PartEnd, Unreadable> {
    let reason = match DischargeReason::try_from(reason).map_err(|_| Unreadable)? {
        DischargeReason::Unspecified => return Err(Unreadable),
        DischargeReason::Completed => return Ok(GIVEN),
        DischargeReason::PersonsWish => ClosingReason::PersonDeclined,
        DischargeReason::NeedsMetElsewhere => ClosingReason::NeedsMetElsewhere,
        DischargeReason::Moved => ClosingReason::Moved,
        DischargeReason::WorkOrCaring => ClosingReason::WorkOrCaring,
        DischargeReason::Died => ClosingReason::Died,
        DischargeReason::CouldNotContact => ClosingReason::CouldNotContact,
        DischargeReason::MistakenOrDuplicate => ClosingReason::MistakenOrDuplicate,
        DischargeReason::NoCapacity => ClosingReason::NoCapacity,
        DischargeReason::ConsentWithdrawn => ClosingReason::ConsentWithdrawn,
        DischargeReason::Ineligible => ClosingReason::Ineligible,
        DischargeReason::Health
        | DischargeReason::NotReady
        | DischargeReason::Symptoms
        | DischargeReason::SubstanceUse
        | DischargeReason::Housing
        | DischargeReason::Record
        | DischargeReason::Attendance => ClosingReason::ProviderDeclined,
    };
    Ok(PartEnd::Closed(reason))
}

/// An episode that was closed.
pub fn episode(reason: i32) -> Result<PartEnd, Unreadable> {
    let reason = match EpisodeClosing::try_from(reason).map_err(|_| Unreadable)? {
        EpisodeClosing::Unspecified => return Err(Unreadable),
        EpisodeClosing::Completed => return Ok(GIVEN),
        EpisodeClosing::PersonDeclined => ClosingReason::PersonDeclined,
        EpisodeClosing::NotEngaged => ClosingReason::NotEngaged,
        EpisodeClosing::ContinuedElsewhere => ClosingReason::NeedsMetElsewhere,
        EpisodeClosing::Moved => ClosingReason::Moved,
        EpisodeClosing::Died => ClosingReason::Died,
        EpisodeClosing::ProviderDeclined => ClosingReason::ProviderDeclined,
        EpisodeClosing::Other => ClosingReason::Other,
    };
    Ok(PartEnd::Closed(reason))
}

/// A stay that ended: wherever the person went, it was given.
pub fn stay(destination: Option<&SealedPlace>) -> PartEnd {
    let died = destination.is_some_and(|place| place.code == DECEASED);
    if died { PartEnd::Closed(ClosingReason::Died) } else { GIVEN }
}

/// A placement that its agency called off before anybody was admitted.
pub fn cancelled(reason: i32) -> Result<PartEnd, Unreadable> {
    let reason = match CancelReason::try_from(reason).map_err(|_| Unreadable)? {
        CancelReason::Unspecified => return Err(Unreadable),
        CancelReason::UnitLost => ClosingReason::NoCapacity,
        CancelReason::MistakenOrDuplicate => ClosingReason::MistakenOrDuplicate,
        CancelReason::CouldNotContact => ClosingReason::CouldNotContact,
        CancelReason::NeedsMetElsewhere => ClosingReason::NeedsMetElsewhere,
        CancelReason::Died => ClosingReason::Died,
        CancelReason::ProjectClosed => ClosingReason::ProviderDeclined,
        CancelReason::Other => ClosingReason::Other,
    };
    Ok(PartEnd::Closed(reason))
}

/// A placement that the provider refused.
pub fn refused(reason: i32) -> Result<PartEnd, Unreadable> {
    let reason = match RefusalReason::try_from(reason).map_err(|_| Unreadable)? {
        RefusalReason::Unspecified => return Err(Unreadable),
        RefusalReason::NotEligible => ClosingReason::Ineligible,
        RefusalReason::NoSuitableUnit => ClosingReason::NoCapacity,
        RefusalReason::Landlord | RefusalReason::Documents | RefusalReason::Safety | RefusalReason::Other => {
            ClosingReason::ProviderDeclined
        }
    };
    Ok(PartEnd::Closed(reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ClosingReason as Why;

    /// What each number of an enumeration comes to, from 1 on, until there is none; the number 0 and the one after the last are unreadable.
    fn table(of: impl Fn(i32) -> Result<PartEnd, Unreadable>) -> Vec<Option<ClosingReason>> {
        assert_eq!(of(0), Err(Unreadable));
        let reason = |end| match end {
            PartEnd::Completed(Outcome::ServiceGiven) => None,
            PartEnd::Closed(reason) => Some(reason),
            other @ PartEnd::Completed(_) => panic!("{other:?}"),
        };
        (1..).map_while(|number| of(number).ok()).map(reason).collect()
    }

    #[test]
    fn a_case_has_given_its_service_where_it_was_completed_and_failed_for_every_other_reason() {
        let of_the_provider = [Some(Why::ProviderDeclined); 7];
        let told = [
            Some(Why::PersonDeclined),
            None,
            Some(Why::NeedsMetElsewhere),
            Some(Why::Moved),
            Some(Why::WorkOrCaring),
            Some(Why::Died),
            Some(Why::CouldNotContact),
            Some(Why::MistakenOrDuplicate),
            Some(Why::NoCapacity),
            Some(Why::ConsentWithdrawn),
            Some(Why::Ineligible),
        ];
        assert_eq!(table(case), [&told[..], &of_the_provider].concat());
    }

    #[test]
    fn an_episode_has_given_its_service_where_it_was_completed_and_failed_for_every_other_reason() {
        let told = [
            None,
            Some(Why::PersonDeclined),
            Some(Why::NotEngaged),
            Some(Why::NeedsMetElsewhere),
            Some(Why::Moved),
            Some(Why::Died),
            Some(Why::ProviderDeclined),
            Some(Why::Other),
        ];
        assert_eq!(table(episode), told);
    }

    #[test]
    fn a_placement_without_admission_failed_for_its_reason_and_a_stay_was_given_unless_the_person_died() {
        let called_off = [
            Why::NoCapacity,
            Why::MistakenOrDuplicate,
            Why::CouldNotContact,
            Why::NeedsMetElsewhere,
            Why::Died,
            Why::ProviderDeclined,
            Why::Other,
        ];
        assert_eq!(table(cancelled), called_off.map(Some));
        let turned_down = [
            Why::Ineligible,
            Why::NoCapacity,
            Why::ProviderDeclined,
            Why::ProviderDeclined,
            Why::ProviderDeclined,
            Why::ProviderDeclined,
        ];
        assert_eq!(table(refused), turned_down.map(Some));
        let to = |code| stay(Some(&SealedPlace { code, ..SealedPlace::default() }));
        assert_eq!((to(24), to(410), stay(None)), (PartEnd::Closed(Why::Died), GIVEN, GIVEN));
    }

    #[test]
    fn a_participation_has_given_its_service_where_it_was_completed_and_failed_for_every_other_reason() {
        let others = [
            Why::Ineligible,
            Why::MistakenOrDuplicate,
            Why::NotEngaged,
            Why::NeedsMetElsewhere,
            Why::Moved,
            Why::WorkOrCaring,
            Why::Died,
            Why::NoCapacity,
            Why::CouldNotContact,
            Why::PersonDeclined,
            Why::ProviderDeclined,
            Why::ConsentWithdrawn,
            Why::Expired,
            Why::Other,
        ];
        assert_eq!(others.map(participation), others.map(PartEnd::Closed));
        assert_eq!(participation(Why::CompletedEarly), GIVEN);
    }
}
