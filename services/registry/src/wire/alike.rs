//! What records are compared by, opened, and the reasons as the contract has them.
//! Invariant: only a datum that was told counts, and only a full one counts in full (HMIS FY2026 3.01.5, 3.02.2, 3.03.2).

use kernel::Day;
use proto::registry as pb;

use super::Opener;
use crate::alike::{Face, Reason, comparable};
use crate::blind::blocks::Born;
use crate::domain::person::{Details, Known, Quality, Use};

/// The names and the birth date that keys are made of: what was not told is left out, whatever stands there.
pub fn told(details: &Details, names: Vec<String>, birth_date: &str) -> (Vec<String>, Born) {
    let names = if missing(details.name_quality) { vec![] } else { names };
    let born = match (birth_date.parse::<Day>(), details.birth_date_quality) {
        (Err(_), _) => Born::Unknown,
        (Ok(_), quality) if missing(quality) => Born::Unknown,
        (Ok(day), Some(Quality::Partial)) => Born::About(day),
        (Ok(day), _) => Born::On(day),
    };
    (names, born)
}

fn missing(quality: Option<Quality>) -> bool {
    matches!(quality, Some(Quality::NotKnown | Quality::NotAnswered | Quality::NotCollected))
}

/// What a record is compared by, but for its households, which not everybody is shown; none where a text of it is damaged.
pub fn face(opener: &Opener, known: &Known) -> Option<Face> {
    let details = known.details.as_ref()?;
    let name = |text| opener.some(text).map(|text| comparable(&text));
    let birth_date = opener.some(details.birth_date.as_ref())?;
    let mut face = Face {
        given: name(details.given_name.as_ref())?,
        family: name(details.family_name.as_ref())?,
        chosen: name(details.chosen_name.as_ref())?,
        ..Face::default()
    };
    if let (_, Born::On(day)) = told(details, vec![], &birth_date) {
        face.born = Some(day);
    }
    for held in known.identifiers.values() {
        let identifier = &held.identifier;
        if identifier.usage == Use::Matching && identifier.quality == Some(Quality::Full) {
            let value = opener.text(&identifier.value)?;
            let value: String =
                value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            face.numbers.insert(identifier.system.to_lowercase(), value);
        }
    }
    Some(face)
}

/// A reason, as the contract numbers it.
pub fn likeness(reason: Reason) -> i32 {
    use pb::LikenessKind as Kind;
    let kind = match reason {
        Reason::GivenNameSame => Kind::GivenNameSame,
        Reason::GivenNameSimilar => Kind::GivenNameSimilar,
        Reason::ChosenName => Kind::ChosenName,
        Reason::GivenNameDiffers => Kind::GivenNameDiffers,
        Reason::FamilyNameSame => Kind::FamilyNameSame,
        Reason::FamilyNameSimilar => Kind::FamilyNameSimilar,
        Reason::FamilyNameDiffers => Kind::FamilyNameDiffers,
        Reason::NamesSwapped => Kind::NamesSwapped,
        Reason::BirthDateSame => Kind::BirthDateSame,
        Reason::BirthDateSwapped => Kind::BirthDateSwapped,
        Reason::BirthDateClose => Kind::BirthDateClose,
        Reason::BirthDateDiffers => Kind::BirthDateDiffers,
        Reason::IdentifierSame => Kind::IdentifierSame,
        Reason::IdentifierDiffers => Kind::IdentifierDiffers,
        Reason::HouseholdMemberShared => Kind::HouseholdMemberShared,
        Reason::HouseholdSame => Kind::HouseholdSame,
    };
    kind.into()
}
