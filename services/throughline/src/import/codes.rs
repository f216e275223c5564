//! Code lists of HMIS, as the contract says them.
//! Invariant: a code that is not of its list maps to nothing; the row that has it is told so.

use proto::housing::ProjectType;
use proto::registry::DataQuality;

use super::table::{Fault, Line};

/// HMIS 3.12 and 4.12, living situations and destinations.
const PLACES: [u32; 32] = [
    101, 116, 118, 204, 205, 206, 207, 215, 225, 302, 312, 313, 314, 327, 329, 332, 335, 336, 410, 411, 421,
    422, 423, 426, 435, 8, 9, 17, 24, 30, 37, 99,
];
/// HMIS 3.12.A, rental subsidies.
const SUBSIDIES: [u32; 11] = [419, 420, 428, 431, 433, 434, 436, 437, 438, 439, 440];
/// A rental with a subsidy that goes on: the one place that a subsidy goes with.
const SUBSIDISED_RENTAL: u32 = 435;
/// HMIS 3.01.5, 3.02.2, 3.03.2.
const QUALITIES: [u32; 5] = [1, 2, 8, 9, 99];

/// What a project does for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// It lodges them.
    Lodging(ProjectType),
    /// It serves them and lodges nobody.
    Service,
}

impl Work {
    /// Whether people move in some time after their entry.
    pub fn knows_move_in(self) -> bool {
        match self {
            Self::Lodging(kind) => matches!(
                kind,
                ProjectType::PermanentSupportiveHousing
                    | ProjectType::PermanentHousingOnly
                    | ProjectType::PermanentHousingWithServices
                    | ProjectType::RapidRehousing
            ),
            Self::Service => false,
        }
    }
}

/// HMIS 2.02.6: what a project of this type does, and the practice it runs. HMIS names no practice; these are the nearest.
pub fn project(code: u32) -> Option<(Work, &'static str)> {
    use ProjectType as Type;
    Some(match code {
        0 => (Work::Lodging(Type::EmergencyShelterEntryExit), "emergency-shelter"),
        1 => (Work::Lodging(Type::EmergencyShelterNightByNight), "emergency-shelter"),
        2 => (Work::Lodging(Type::TransitionalHousing), "transitional-housing"),
        3 => (Work::Lodging(Type::PermanentSupportiveHousing), "supported-housing"),
        8 => (Work::Lodging(Type::SafeHaven), "emergency-shelter"),
        9 => (Work::Lodging(Type::PermanentHousingOnly), "permanent-housing"),
        10 => (Work::Lodging(Type::PermanentHousingWithServices), "supported-housing"),
        13 => (Work::Lodging(Type::RapidRehousing), "rapid-rehousing"),
        4 => (Work::Service, "outreach"),
        6 => (Work::Service, "case-management"),
        7 => (Work::Service, "other"),
        11 => (Work::Service, "day-shelter"),
        12 => (Work::Service, "homelessness-prevention"),
        14 => (Work::Service, "care-coordination"),
        _ => return None,
    })
}

/// A place and its subsidy.
pub fn place(line: &Line<'_>, column: &str, subsidy: &str) -> Result<Option<proto::housing::Place>, Fault> {
    let Some(code) = line.optional_code(column, &PLACES)? else { return Ok(None) };
    let subsidy_code = line.optional_code(subsidy, &SUBSIDIES)?;
    if subsidy_code.is_some() && code != SUBSIDISED_RENTAL {
        return Err(Fault::new(subsidy, format!("goes with {SUBSIDISED_RENTAL} in {column} alone")));
    }
    let subsidy_code = subsidy_code.unwrap_or_default();
    Ok(Some(proto::housing::Place { code, subsidy_code, ..Default::default() }))
}

/// How good a datum is; an empty cell says nothing.
pub fn quality(line: &Line<'_>, column: &str) -> Result<DataQuality, Fault> {
    Ok(match line.optional_code(column, &QUALITIES)? {
        None => DataQuality::Unspecified,
        Some(1) => DataQuality::Full,
        Some(2) => DataQuality::Partial,
        Some(8) => DataQuality::NotKnown,
        Some(9) => DataQuality::NotAnswered,
        Some(_) => DataQuality::NotCollected,
    })
}

/// A Social Security number that was issued to somebody: nine digits, and none of those that are never issued.
pub fn issued_number(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if digits.len() != 9 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (area, group, serial) = (&digits[..3], &digits[3..5], &digits[5..]);
    let never = area == "000" || area == "666" || area >= "900" || group == "00" || serial == "0000";
    (!never).then_some(digits)
}

/// HMIS 4.20.2: what a coordinated entry event refers to; none for a service given on the spot (2).
pub fn referred_to(event: u32) -> Option<&'static str> {
    Some(match event {
        1 => "prevention assistance project",
        3 => "coordinated entry crisis needs assessment",
        4 => "coordinated entry housing needs assessment",
        5 => "post-placement or follow-up case management",
        6 => "street outreach project or services",
        7 => "housing navigation project or services",
        8 => "services outside the continuum: not eligible within",
        9 => "services outside the continuum: none available within",
        10 => "emergency shelter bed opening",
        11 => "transitional housing opening",
        12 => "joint transitional and rapid re-housing opening",
        13 => "rapid re-housing opening",
        14 => "permanent supportive housing opening",
        15 => "other permanent housing opening",
        16 => "emergency assistance, flex fund or furniture assistance",
        17 => "emergency housing voucher",
        18 => "housing stability voucher",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_that_was_never_issued_matches_nobody() {
        assert_eq!(issued_number("123-45-6780").as_deref(), Some("123456780"));
        for text in ["", "xxx-xx-1234", "000123456", "666123456", "970123456", "123006789", "123450000"] {
            assert_eq!(issued_number(text), None, "{text}");
        }
    }

    #[test]
    fn a_project_lodges_by_its_type_or_serves() {
        assert!(project(13).is_some_and(|(work, _)| work.knows_move_in()));
        assert!(project(1).is_some_and(|(work, _)| !work.knows_move_in()));
        assert_eq!(project(14).map(|(work, _)| work), Some(Work::Service));
        assert_eq!(project(5), None);
    }
}
