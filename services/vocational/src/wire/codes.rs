//! Coded values of the contract and of the domain.
//! Invariant: one mapping for each code, used in both directions.

use platform::error::BadField;
use proto::vocational as pb;

use crate::domain::case::{self, Exclusion, Situation, Stage};
use crate::domain::job;

platform::codes!(pub mod setting: crate::domain::Setting = proto::types::Setting {
    Office, Home, Workplace, School, Street, Community, Phone, Video,
});
platform::codes!(pub mod party: crate::domain::ContactParty = proto::vocational::ContactParty {
    Person, Family, Other,
});
platform::codes!(pub mod ground: crate::domain::case::Ground = proto::vocational::EligibilityGround {
    WantsWork, Age, Area, Language,
});
platform::codes!(pub mod job_kind: crate::domain::job::Kind = proto::vocational::JobKind {
    Competitive, SelfEmployed, Temporary, Transitional, SupportedSetting, Volunteer, Education,
});
platform::codes!(pub mod disclosure: crate::domain::job::Disclosure = proto::vocational::DisclosureChoice {
    Nothing, Name,
});
platform::codes!(pub mod job_party: crate::domain::job::Party = proto::vocational::JobParty { Person, Employer });
platform::codes!(pub mod end_reason: crate::domain::job::EndReason = proto::vocational::JobEnd {
    BetterJob, Quit, LaidOff, Dismissed, TemporaryEnded, Health, Other,
});
platform::codes!(pub mod employment_type: crate::domain::report::EmploymentType = proto::vocational::EmploymentType {
    FullTime, PartTime, Seasonal,
});
platform::codes!(pub mod not_employed: crate::domain::report::NotEmployedReason = proto::vocational::NotEmployedReason {
    Looking, Unable, NotLooking,
});
platform::codes!(pub mod wage_period: crate::domain::WagePeriod = proto::vocational::WagePeriod {
    Hour, Day, Week, Month, Year,
});
platform::codes!(pub mod weekday: jiff::civil::Weekday = proto::vocational::Weekday {
    Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday,
});

/// A code that may be left out.
///
/// # Errors
/// A number that names none.
pub fn optional<T>(
    field: &str,
    number: i32,
    parse: impl FnOnce(&str, i32) -> Result<T, BadField>,
) -> Result<Option<T>, BadField> {
    if number == 0 { Ok(None) } else { parse(field, number).map(Some) }
}

/// Why a case rests.
pub mod pause_reason {
    use super::{BadField, Exclusion, case::PauseReason, pb};

    /// The contract's number.
    pub fn number(reason: PauseReason) -> i32 {
        let wire = match reason {
            PauseReason::PersonsWish => pb::PauseReason::PersonsWish,
            PauseReason::Documents => pb::PauseReason::Documents,
            PauseReason::Capacity => pb::PauseReason::Capacity,
            PauseReason::Consent => pb::PauseReason::Consent,
            PauseReason::Excluding(exclusion) => match exclusion {
                Exclusion::Health => pb::PauseReason::Health,
                Exclusion::NotReady => pb::PauseReason::NotReady,
                Exclusion::Symptoms => pb::PauseReason::Symptoms,
                Exclusion::SubstanceUse => pb::PauseReason::SubstanceUse,
                Exclusion::Housing => pb::PauseReason::Housing,
                Exclusion::Record => pb::PauseReason::Record,
                Exclusion::Attendance => pb::PauseReason::Attendance,
            },
        };
        wire.into()
    }

    /// The value in a stored event; none where it was not given.
    pub fn stored(number: i32) -> Option<PauseReason> {
        Some(match pb::PauseReason::try_from(number).ok()? {
            pb::PauseReason::Unspecified => return None,
            pb::PauseReason::PersonsWish => PauseReason::PersonsWish,
            pb::PauseReason::Documents => PauseReason::Documents,
            pb::PauseReason::Capacity => PauseReason::Capacity,
            pb::PauseReason::Consent => PauseReason::Consent,
            pb::PauseReason::Health => PauseReason::Excluding(Exclusion::Health),
            pb::PauseReason::NotReady => PauseReason::Excluding(Exclusion::NotReady),
            pb::PauseReason::Symptoms => PauseReason::Excluding(Exclusion::Symptoms),
            pb::PauseReason::SubstanceUse => PauseReason::Excluding(Exclusion::SubstanceUse),
            pb::PauseReason::Housing => PauseReason::Excluding(Exclusion::Housing),
            pb::PauseReason::Record => PauseReason::Excluding(Exclusion::Record),
            pb::PauseReason::Attendance => PauseReason::Excluding(Exclusion::Attendance),
        })
    }

    /// The value in a request's field.
    ///
    /// # Errors
    /// A number that names none.
    pub fn parse(field: &str, number: i32) -> Result<PauseReason, BadField> {
        stored(number).ok_or_else(|| super::no_code(field))
    }
}

/// Why a case ended. The ground of an ineligible discharge is a code of its own.
pub mod discharge_reason {
    use super::{BadField, Exclusion, case::DischargeReason, ground, pb};

    /// The contract's numbers: reason and ground.
    pub fn numbers(reason: DischargeReason) -> (i32, i32) {
        let wire = match reason {
            DischargeReason::PersonsWish => pb::DischargeReason::PersonsWish,
            DischargeReason::Completed => pb::DischargeReason::Completed,
            DischargeReason::NeedsMetElsewhere => pb::DischargeReason::NeedsMetElsewhere,
            DischargeReason::Moved => pb::DischargeReason::Moved,
            DischargeReason::WorkOrCaring => pb::DischargeReason::WorkOrCaring,
            DischargeReason::Died => pb::DischargeReason::Died,
            DischargeReason::CouldNotContact => pb::DischargeReason::CouldNotContact,
            DischargeReason::MistakenOrDuplicate => pb::DischargeReason::MistakenOrDuplicate,
            DischargeReason::NoCapacity => pb::DischargeReason::NoCapacity,
            DischargeReason::ConsentWithdrawn => pb::DischargeReason::ConsentWithdrawn,
            DischargeReason::Ineligible(named) => {
                return (
                    pb::DischargeReason::Ineligible.into(),
                    named.map(ground::number).unwrap_or_default(),
                );
            }
            DischargeReason::Excluding(exclusion) => match exclusion {
                Exclusion::Health => pb::DischargeReason::Health,
                Exclusion::NotReady => pb::DischargeReason::NotReady,
                Exclusion::Symptoms => pb::DischargeReason::Symptoms,
                Exclusion::SubstanceUse => pb::DischargeReason::SubstanceUse,
                Exclusion::Housing => pb::DischargeReason::Housing,
                Exclusion::Record => pb::DischargeReason::Record,
                Exclusion::Attendance => pb::DischargeReason::Attendance,
            },
        };
        (wire.into(), 0)
    }

    /// The value in a stored event; none where it was not given.
    pub fn stored(reason: i32, named: i32) -> Option<DischargeReason> {
        Some(match pb::DischargeReason::try_from(reason).ok()? {
            pb::DischargeReason::Unspecified => return None,
            pb::DischargeReason::PersonsWish => DischargeReason::PersonsWish,
            pb::DischargeReason::Completed => DischargeReason::Completed,
            pb::DischargeReason::NeedsMetElsewhere => DischargeReason::NeedsMetElsewhere,
            pb::DischargeReason::Moved => DischargeReason::Moved,
            pb::DischargeReason::WorkOrCaring => DischargeReason::WorkOrCaring,
            pb::DischargeReason::Died => DischargeReason::Died,
            pb::DischargeReason::CouldNotContact => DischargeReason::CouldNotContact,
            pb::DischargeReason::MistakenOrDuplicate => DischargeReason::MistakenOrDuplicate,
            pb::DischargeReason::NoCapacity => DischargeReason::NoCapacity,
            pb::DischargeReason::ConsentWithdrawn => DischargeReason::ConsentWithdrawn,
            pb::DischargeReason::Ineligible => DischargeReason::Ineligible(ground::stored(named)),
            pb::DischargeReason::Health => DischargeReason::Excluding(Exclusion::Health),
            pb::DischargeReason::NotReady => DischargeReason::Excluding(Exclusion::NotReady),
            pb::DischargeReason::Symptoms => DischargeReason::Excluding(Exclusion::Symptoms),
            pb::DischargeReason::SubstanceUse => DischargeReason::Excluding(Exclusion::SubstanceUse),
            pb::DischargeReason::Housing => DischargeReason::Excluding(Exclusion::Housing),
            pb::DischargeReason::Record => DischargeReason::Excluding(Exclusion::Record),
            pb::DischargeReason::Attendance => DischargeReason::Excluding(Exclusion::Attendance),
        })
    }

    /// The value in a request's fields `reason` and `ground`.
    ///
    /// # Errors
    /// A number that names none, or a ground beside another reason.
    pub fn parse(reason: i32, named: i32) -> Result<DischargeReason, BadField> {
        let parsed = stored(reason, named).ok_or_else(|| super::no_code("reason"))?;
        if named != 0 {
            ground::parse("ground", named)?;
            if !matches!(parsed, DischargeReason::Ineligible(_)) {
                return Err(BadField::new(
                    "ground",
                    "belongs to DISCHARGE_REASON_INELIGIBLE alone; leave it out",
                ));
            }
        }
        Ok(parsed)
    }
}

fn no_code(field: &str) -> BadField {
    BadField::new(field, "is missing or not one of the contract's values")
}

/// The contract's name for a stage.
pub fn stage(stage: Stage) -> pb::CaseState {
    match stage {
        Stage::Referred => pb::CaseState::Referred,
        Stage::Engaged => pb::CaseState::Engaged,
        Stage::Searching => pb::CaseState::Searching,
        Stage::Employed => pb::CaseState::Employed,
    }
}

/// The stage of that number; none for a state that is no stage.
pub fn stage_stored(number: i32) -> Option<Stage> {
    match pb::CaseState::try_from(number).ok()? {
        pb::CaseState::Referred => Some(Stage::Referred),
        pb::CaseState::Engaged => Some(Stage::Engaged),
        pb::CaseState::Searching => Some(Stage::Searching),
        pb::CaseState::Employed => Some(Stage::Employed),
        pb::CaseState::Unspecified
        | pb::CaseState::Transitioned
        | pb::CaseState::Discharged
        | pb::CaseState::Paused
        | pb::CaseState::EnteredInError => None,
    }
}

/// The contract's name for where a case stands.
pub fn situation(situation: Situation) -> pb::CaseState {
    match situation {
        Situation::Open(now) => stage(now),
        Situation::Paused { .. } => pb::CaseState::Paused,
        Situation::Transitioned => pb::CaseState::Transitioned,
        Situation::Discharged(_) => pb::CaseState::Discharged,
    }
}

/// The contract's name for how far a job is.
pub fn job_state(stage: &job::Stage) -> pb::JobState {
    match stage {
        job::Stage::Lead => pb::JobState::Lead,
        job::Stage::Applied => pb::JobState::Applied,
        job::Stage::Interview => pb::JobState::Interview,
        job::Stage::Offered => pb::JobState::Offered,
        job::Stage::Accepted { .. } => pb::JobState::Accepted,
        job::Stage::Started(_) => pb::JobState::Started,
        job::Stage::Ended { .. } => pb::JobState::Ended,
        job::Stage::Declined(_) => pb::JobState::Declined,
        job::Stage::Withdrawn(_) => pb::JobState::Withdrawn,
    }
}

/// The numbers of the case states that a list asks for.
///
/// # Errors
/// A number that names none.
pub fn case_states(states: &[i32]) -> Result<Vec<i64>, BadField> {
    numbers::<pb::CaseState>(states)
}

/// The numbers of the job states that a list asks for.
///
/// # Errors
/// A number that names none.
pub fn job_states(states: &[i32]) -> Result<Vec<i64>, BadField> {
    numbers::<pb::JobState>(states)
}

fn numbers<E: TryFrom<i32> + Into<i32> + Copy>(states: &[i32]) -> Result<Vec<i64>, BadField> {
    let each = |(i, number): (usize, &i32)| {
        platform::wire::choice::<E>(&format!("states[{i}]"), *number)?;
        Ok(i64::from(*number))
    };
    states.iter().enumerate().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_of_the_contract_reads_back_as_itself() {
        for number in 1..=11 {
            assert_eq!(pause_reason::number(pause_reason::parse("reason", number).unwrap()), number);
        }
        assert!(pause_reason::parse("reason", 12).is_err());
        for number in 1..=18 {
            assert_eq!(discharge_reason::numbers(discharge_reason::parse(number, 0).unwrap()), (number, 0));
        }
        assert!(discharge_reason::parse(19, 0).is_err());
        for named in 1..=4 {
            let ineligible = pb::DischargeReason::Ineligible.into();
            let reason = discharge_reason::parse(ineligible, named).unwrap();
            assert_eq!(discharge_reason::numbers(reason), (ineligible, named));
        }
    }

    #[test]
    fn a_ground_beside_another_reason_is_named() {
        let bad = discharge_reason::parse(pb::DischargeReason::Moved.into(), 1).unwrap_err();
        assert_eq!(bad.field, "ground");
        let bad = discharge_reason::parse(pb::DischargeReason::Ineligible.into(), 9).unwrap_err();
        assert_eq!(bad.field, "ground");
    }
}
