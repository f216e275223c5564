//! How alike two records are: what they have in common and what sets them apart, each reason with its weight.
//! Invariant: pure, and the same either way round. It reads names that were opened in memory; what comes of it names none of them.

use std::collections::{BTreeMap, BTreeSet};

use kernel::ids::Uuid;
use kernel::{Day, PersonId};
use strsim::jaro_winkler;

use crate::blind::tokens;

/// From this similarity on two names differ as by a slip of the pen (Jaro-Winkler, 0 to 1).
const SIMILAR: f64 = 0.88;
/// From this score on two records are shown to somebody.
pub const WORTH_A_LOOK: u32 = 50;

/// What two records are compared by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Face {
    /// Given name, as it is compared; empty where not told.
    pub given: String,
    /// Family name, the same way.
    pub family: String,
    /// Chosen name, the same way.
    pub chosen: String,
    /// Birth date; none where not told, or known roughly alone.
    pub born: Option<Day>,
    /// Values of identifiers that serve matching, by system.
    pub numbers: BTreeMap<String, String>,
    /// Households that they ever belonged to.
    pub households: BTreeSet<Uuid>,
    /// The other members of these.
    pub members: BTreeSet<PersonId>,
}

/// A name as it is compared: without case, accents and apostrophes.
pub fn comparable(name: &str) -> String {
    tokens(name).join(" ")
}

/// A reason why two records may be of one human, or why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The same given name.
    GivenNameSame,
    /// Given names that differ as by a slip.
    GivenNameSimilar,
    /// The chosen name of one is a name of the other.
    ChosenName,
    /// Other given names.
    GivenNameDiffers,
    /// The same family name.
    FamilyNameSame,
    /// Family names that differ as by a slip.
    FamilyNameSimilar,
    /// Other family names.
    FamilyNameDiffers,
    /// The given name of each is the family name of the other.
    NamesSwapped,
    /// The same birth date.
    BirthDateSame,
    /// Day and month swapped.
    BirthDateSwapped,
    /// One of day, month and year differs.
    BirthDateClose,
    /// Other birth dates.
    BirthDateDiffers,
    /// The same identifier that serves matching.
    IdentifierSame,
    /// Another one in the same system.
    IdentifierDiffers,
    /// Somebody belongs to a household with each of them.
    HouseholdMemberShared,
    /// Both belong to one household, where somebody told them apart.
    HouseholdSame,
}

impl Reason {
    /// What it adds to the score. Our defaults: a full name or a birth date alone is not enough, both are; names change more often than birth dates, so that
    /// a family name speaks little against, and a given name as much as twins have it.
    pub const fn weight(self) -> i32 {
        match self {
            Self::GivenNameSame | Self::FamilyNameSame => 25,
            Self::GivenNameSimilar | Self::FamilyNameSimilar => 18,
            Self::ChosenName => 22,
            Self::GivenNameDiffers => -25,
            Self::FamilyNameDiffers => -5,
            Self::NamesSwapped => 40,
            Self::BirthDateSame => 40,
            Self::BirthDateSwapped => 30,
            Self::BirthDateClose => 15,
            Self::BirthDateDiffers => -30,
            Self::IdentifierSame => 45,
            Self::IdentifierDiffers => -30,
            Self::HouseholdMemberShared => 10,
            Self::HouseholdSame => -25,
        }
    }
}

/// The sum of the reasons' weights, 1 to 100.
pub fn score(reasons: &[Reason]) -> u32 {
    let sum: i32 = reasons.iter().map(|reason| reason.weight()).sum();
    u32::try_from(sum.clamp(1, 100)).unwrap_or(1)
}

/// Why the two may be of one human, and why not; what one of them does not tell is no reason.
pub fn compare(one: &Face, other: &Face) -> Vec<Reason> {
    let mut reasons = names(one, other);
    reasons.extend(birth_dates(one.born, other.born));
    let mut shared =
        one.numbers.iter().filter_map(|(system, value)| Some((value, other.numbers.get(system)?)));
    // One in common outweighs another that was mistyped.
    let differ = shared.clone().next().is_some();
    if shared.any(|(value, theirs)| value == theirs) {
        reasons.push(Reason::IdentifierSame);
    } else if differ {
        reasons.push(Reason::IdentifierDiffers);
    }
    if !one.households.is_disjoint(&other.households) {
        reasons.push(Reason::HouseholdSame);
    } else if !one.members.is_disjoint(&other.members) {
        reasons.push(Reason::HouseholdMemberShared);
    }
    reasons
}

/// How similar two names are; none where one is not told.
fn similar(one: &str, other: &str) -> Option<f64> {
    (!one.is_empty() && !other.is_empty()).then(|| jaro_winkler(one, other))
}

fn names(one: &Face, other: &Face) -> Vec<Reason> {
    let (given, family) = (similar(&one.given, &other.given), similar(&one.family, &other.family));
    let crossed = similar(&one.given, &other.family).zip(similar(&one.family, &other.given));
    let straight = given.zip(family).map_or(0.0, |(given, family)| given.min(family));
    if let Some((first, second)) = crossed
        && first.min(second) >= SIMILAR
        && first.min(second) > straight
    {
        return vec![Reason::NamesSwapped];
    }
    let chosen = [(&one.chosen, &other.given), (&one.given, &other.chosen), (&one.chosen, &other.chosen)]
        .into_iter()
        .any(|(name, theirs)| similar(name, theirs).is_some_and(|similarity| similarity >= SIMILAR));
    let given = given.map(|similarity| match similarity {
        1.0.. => Reason::GivenNameSame,
        SIMILAR.. => Reason::GivenNameSimilar,
        _ if chosen => Reason::ChosenName,
        _ => Reason::GivenNameDiffers,
    });
    let given = given.or(chosen.then_some(Reason::ChosenName));
    let family = family.map(|similarity| match similarity {
        1.0.. => Reason::FamilyNameSame,
        SIMILAR.. => Reason::FamilyNameSimilar,
        _ => Reason::FamilyNameDiffers,
    });
    given.into_iter().chain(family).collect()
}

fn birth_dates(one: Option<Day>, other: Option<Day>) -> Option<Reason> {
    let (one, other) = (one?, other?);
    let same = [one.year() == other.year(), one.month() == other.month(), one.day() == other.day()];
    Some(match same.iter().filter(|same| **same).count() {
        3 => Reason::BirthDateSame,
        _ if same[0] && (one.month(), one.day()) == (other.day(), other.month()) => Reason::BirthDateSwapped,
        2 => Reason::BirthDateClose,
        _ => Reason::BirthDateDiffers,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(given: &str, family: &str, born: &str) -> Face {
        Face {
            given: comparable(given),
            family: comparable(family),
            born: born.parse().ok(),
            ..Face::default()
        }
    }

    fn ana() -> Face {
        face("Ana Maria", "O'Quixley", "1990-07-04")
    }

    #[track_caller]
    fn says(one: &Face, other: &Face, reasons: &[Reason], worth: bool) {
        assert_eq!(compare(one, other), reasons);
        assert_eq!(compare(other, one), reasons, "the other way round");
        assert_eq!(score(reasons) >= WORTH_A_LOOK, worth, "{}", score(reasons));
    }

    #[test]
    fn slips_swaps_and_changed_names_are_worth_a_look() {
        use Reason::*;
        says(&ana(), &ana(), &[GivenNameSame, FamilyNameSame, BirthDateSame], true);
        let slip = face("Ana María", "Oquixely", "1990-07-04");
        says(&ana(), &slip, &[GivenNameSame, FamilyNameSimilar, BirthDateSame], true);
        let swapped = face("OQuixley", "Ana Maria", "1990-07-04");
        says(&ana(), &swapped, &[NamesSwapped, BirthDateSame], true);
        let us_day = face("Ana Maria", "O'Quixley", "1990-04-07");
        says(&ana(), &us_day, &[GivenNameSame, FamilyNameSame, BirthDateSwapped], true);
        let close = face("Ana Maria", "O'Quixley", "1991-07-04");
        says(&ana(), &close, &[GivenNameSame, FamilyNameSame, BirthDateClose], true);
        let married = face("Ana Maria", "Placeholder", "1990-07-04");
        says(&ana(), &married, &[GivenNameSame, FamilyNameDiffers, BirthDateSame], true);
        let chosen = Face { chosen: "ana maria".into(), ..face("Bruno", "O'Quixley", "1990-07-04") };
        says(&ana(), &chosen, &[ChosenName, FamilyNameSame, BirthDateSame], true);
        let undated = face("Ana Maria", "O'Quixley", "");
        says(&ana(), &undated, &[GivenNameSame, FamilyNameSame], true);
    }

    #[test]
    fn twins_namesakes_and_strangers_are_not() {
        use Reason::*;
        let twin = face("Bruno", "O'Quixley", "1990-07-04");
        says(&ana(), &twin, &[GivenNameDiffers, FamilyNameSame, BirthDateSame], false);
        let namesake = face("Ana Maria", "O'Quixley", "1971-02-11");
        says(&ana(), &namesake, &[GivenNameSame, FamilyNameSame, BirthDateDiffers], false);
        let stranger = face("Dorothea", "Placeholder", "1971-02-11");
        says(&ana(), &stranger, &[GivenNameDiffers, FamilyNameDiffers, BirthDateDiffers], false);
    }

    #[test]
    fn an_identifier_in_common_tells_one_who_changed_every_name_and_another_one_tells_two_apart() {
        use Reason::*;
        let with = |face: Face, ssn: &str| Face { numbers: [("ssn".into(), ssn.into())].into(), ..face };
        let other_name = face("Bruno", "Placeholder", "1990-07-04");
        let (one, other) = (with(ana(), "900010000"), with(other_name, "900010000"));
        says(&one, &other, &[GivenNameDiffers, FamilyNameDiffers, BirthDateSame, IdentifierSame], true);
        let undated = face("Ana Maria", "O'Quixley", "");
        let other = with(undated, "900010001");
        says(&one, &other, &[GivenNameSame, FamilyNameSame, IdentifierDiffers], false);
    }

    #[test]
    fn a_member_in_common_speaks_for_one_human_and_one_household_for_two() {
        use Reason::*;
        let within = |household, member| Face {
            households: [Uuid::from_u128(household)].into(),
            members: [PersonId::of(member)].into(),
            ..face("Ana Maria", "O'Quixley", "")
        };
        let names = [GivenNameSame, FamilyNameSame];
        says(&within(1, 7), &within(2, 7), &[&names[..], &[HouseholdMemberShared]].concat(), true);
        says(&within(1, 7), &within(1, 7), &[&names[..], &[HouseholdSame]].concat(), false);
        says(&within(1, 7), &within(2, 8), &names, true);
    }
}
