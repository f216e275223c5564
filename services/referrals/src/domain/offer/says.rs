//! What an offer says of whom it is for, where it serves, when it is open and how it reaches people (HSDS eligibility, service_area, schedule).
//! Invariant: what an offer does not say excludes nobody.

use jiff::civil::{Time, Weekday};

/// Minutes of a week.
const WEEK: u32 = 7 * DAY;
/// Minutes of a day.
const DAY: u32 = 24 * 60;

/// Whom an offer is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Eligibility {
    /// Youngest age in whole years.
    pub minimum_age: Option<u32>,
    /// Oldest age in whole years, inclusive.
    pub maximum_age: Option<u32>,
    /// The person must want what is offered.
    pub wants_service: bool,
    /// Groups of people it is meant for, as codes.
    pub populations: Vec<String>,
    /// What else it asks, in words; empty for nothing.
    pub text: String,
}

impl Eligibility {
    /// The first field of it that an offer of zero exclusion may not name: wanting the service, age, area and language are all that can make
    /// somebody ineligible (domain page, section 4).
    pub fn beyond_zero_exclusion(&self) -> Option<&'static str> {
        match (self.populations.as_slice(), self.text.as_str()) {
            ([], "") => None,
            ([], _) => Some("eligibility.text"),
            ([..], _) => Some("eligibility.population_codes"),
        }
    }

    /// Whether it names an age at all.
    pub fn names_age(&self) -> bool {
        self.minimum_age.is_some() || self.maximum_age.is_some()
    }

    /// Whether somebody of that age is too young or too old for it.
    pub fn excludes(&self, age: u32) -> bool {
        self.minimum_age.is_some_and(|least| age < least) || self.maximum_age.is_some_and(|most| age > most)
    }
}

/// Where an offer serves people: all of what is named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Area {
    /// ISO 3166-1 alpha-2 code, in capitals; empty where not named.
    pub country: String,
    /// Postal codes; none where not named.
    pub postal_codes: Vec<String>,
    /// Name of a town, county, district; empty where not named.
    pub name: String,
}

/// Where somebody is, as far as it is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// ISO 3166-1 alpha-2 code, in capitals; empty where not said.
    pub country: String,
    /// Postal code; empty where not said.
    pub postal_code: String,
    /// Names of the town, county, district.
    pub names: Vec<String>,
}

impl Area {
    /// Whether it serves there. None where the place does not say what the area asks.
    pub fn serves(&self, place: &Place) -> Option<bool> {
        let country = match (self.country.as_str(), place.country.as_str()) {
            ("", _) => Some(true),
            (_, "") => None,
            (named, said) => Some(named == said),
        };
        let code = match (self.postal_codes.as_slice(), place.postal_code.as_str()) {
            ([], _) => Some(true),
            (_, "") => None,
            (codes, said) => Some(codes.iter().any(|code| plain(code) == plain(said))),
        };
        let name = match (self.name.as_str(), place.names.as_slice()) {
            ("", _) => Some(true),
            (_, []) => None,
            (named, said) => Some(said.iter().any(|name| plain(name) == plain(named))),
        };
        // One part that does not fit is enough; one that is not said leaves it open.
        let parts = [country, code, name];
        if parts.contains(&Some(false)) {
            return Some(false);
        }
        parts.into_iter().try_fold(true, |_, part| part)
    }
}

/// Letters and digits alone, in small letters: "SW1A 1AA" and "sw1a1aa" are one postal code.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Hours of a week in wall time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// Days on which they begin.
    pub days: Vec<Weekday>,
    /// Wall time of the beginning.
    pub opens: Time,
    /// Wall time of the end; not after `opens` means on the next day.
    pub closes: Time,
}

impl Hours {
    /// Whether both are open at a minute of the same week, each read in the same zone.
    pub fn share(&self, other: &Self) -> bool {
        let meets = |(from, until): (u32, u32), (other_from, other_until): (u32, u32)| {
            // What ends in the next week is open at that week's beginning too.
            [0, WEEK].into_iter().any(|later| {
                (from < other_until + later && other_from + later < until)
                    || (from + later < other_until && other_from < until + later)
            })
        };
        self.spans().any(|own| other.spans().any(|others| meets(own, others)))
    }

    /// Each day's hours in minutes since the week began.
    fn spans(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let (opens, closes) = (minute(self.opens), minute(self.closes));
        self.days.iter().map(move |day| {
            let begins = u32::from(day.to_monday_zero_offset().unsigned_abs()) * DAY;
            let length = if closes > opens { closes - opens } else { closes + DAY - opens };
            (begins + opens, begins + opens + length)
        })
    }
}

fn minute(time: Time) -> u32 {
    u32::from(time.hour().unsigned_abs()) * 60 + u32::from(time.minute().unsigned_abs())
}

/// How an offer reaches people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// People come to it.
    InPerson,
    /// By phone.
    Phone,
    /// By video.
    Video,
    /// It goes to where people are.
    Outreach,
}

/// Whether one of two BCP 47 tags is the other or a narrower one of it: "es" and "es-MX" are, "es-ES" and "es-MX" are not (RFC 4647 filtering).
pub fn same_language(one: &str, other: &str) -> bool {
    one.split('-').zip(other.split('-')).all(|(one, other)| one.eq_ignore_ascii_case(other))
}
