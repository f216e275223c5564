//! Where somebody stays or went, in the codes of HMIS 3.12.
//! Invariant: the code is one of the list, and a subsidy goes with a subsidised rental alone.

use kernel::Words;

/// A place by its code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    code: u32,
    subsidy: Option<u32>,
    other: Option<Words>,
}

/// What kind of place a code names: HMIS 3.12 groups them so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlaceKind {
    /// 101 to 118: no home.
    Homeless,
    /// 204 to 225: hospital, jail, treatment, nursing home, foster care.
    Institution,
    /// 302 to 336: for a time.
    Temporary,
    /// 410 to 435: for good.
    Permanent,
    /// Another place, or the person died (17, 24).
    Other,
    /// Nobody knows (8, 9, 30, 37, 99).
    Unknown,
}

/// What is wrong with a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAPlace {
    /// The code is not of the list.
    #[error("is no code of HMIS 3.12 FY2026, such as 101, 116, 410 or 99")]
    Code,
    /// The subsidy is not of its list.
    #[error("is no rental subsidy code of HMIS 3.12.A, such as 419 or 433")]
    Subsidy,
    /// A subsidy without a subsidised rental.
    #[error("goes with the code 435 (rental with ongoing subsidy) alone; leave it out")]
    SubsidyWithout,
}

const SUBSIDISED_RENTAL: u32 = 435;

const HOMELESS: [u32; 3] = [101, 116, 118];
const INSTITUTION: [u32; 6] = [204, 205, 206, 207, 215, 225];
const TEMPORARY: [u32; 9] = [302, 312, 313, 314, 327, 329, 332, 335, 336];
const PERMANENT: [u32; 7] = [410, 411, 421, 422, 423, 426, 435];
const OTHER: [u32; 2] = [17, 24];
const UNKNOWN: [u32; 5] = [8, 9, 30, 37, 99];
const SUBSIDIES: [u32; 11] = [419, 420, 428, 431, 433, 434, 436, 437, 438, 439, 440];

/// The kind that a code names; none where it is not of the list.
pub fn kind_of(code: u32) -> Option<PlaceKind> {
    let lists: [(&[u32], PlaceKind); 6] = [
        (&HOMELESS, PlaceKind::Homeless),
        (&INSTITUTION, PlaceKind::Institution),
        (&TEMPORARY, PlaceKind::Temporary),
        (&PERMANENT, PlaceKind::Permanent),
        (&OTHER, PlaceKind::Other),
        (&UNKNOWN, PlaceKind::Unknown),
    ];
    lists.into_iter().find(|(codes, _)| codes.contains(&code)).map(|(_, kind)| kind)
}

impl Place {
    /// The place of this code, with a rental subsidy and words of its own where it has them.
    ///
    /// # Errors
    /// A code that is not of its list, or a subsidy where none can be.
    pub fn new(code: u32, subsidy: Option<u32>, other: Option<Words>) -> Result<Self, NotAPlace> {
        kind_of(code).ok_or(NotAPlace::Code)?;
        match subsidy {
            Some(subsidy) if !SUBSIDIES.contains(&subsidy) => Err(NotAPlace::Subsidy),
            Some(_) if code != SUBSIDISED_RENTAL => Err(NotAPlace::SubsidyWithout),
            Some(_) | None => Ok(Self { code, subsidy, other }),
        }
    }
    /// A place that was checked when it was stored.
    pub const fn stored(code: u32, subsidy: Option<u32>, other: Option<Words>) -> Self {
        Self { code, subsidy, other }
    }
    /// Its code.
    pub const fn code(&self) -> u32 {
        self.code
    }
    /// Its rental subsidy.
    pub const fn subsidy(&self) -> Option<u32> {
        self.subsidy
    }
    /// Its own words.
    pub const fn other(&self) -> Option<&Words> {
        self.other.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_a_code_of_the_list() {
        assert_eq!(Place::new(100, None, None), Err(NotAPlace::Code));
        assert_eq!(Place::new(0, None, None), Err(NotAPlace::Code));
        assert_eq!(Place::new(116, None, None).map(|place| place.code()), Ok(116));
        assert_eq!(kind_of(410), Some(PlaceKind::Permanent));
        assert_eq!(kind_of(30), Some(PlaceKind::Unknown));
    }

    #[test]
    fn a_subsidy_goes_with_a_subsidised_rental_alone() {
        assert!(Place::new(435, Some(431), None).is_ok());
        assert_eq!(Place::new(410, Some(431), None), Err(NotAPlace::SubsidyWithout));
        assert_eq!(Place::new(435, Some(1), None), Err(NotAPlace::Subsidy));
    }
}
