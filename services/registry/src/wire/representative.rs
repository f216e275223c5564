//! Who speaks for a person, on the wire.
//! Invariant: name and evidence are sealed; evidence is shown to fewer than the name is.

use std::collections::BTreeSet;

use kernel::Day;
use kernel::ids::Uuid;
use platform::command::{Ink, from_private};
use platform::error::BadField;
use platform::wire::{self, from_date, to_date};
use proto::registry as pb;
use tonic::Status;

use super::Opener;
use super::codes::{matter, relation};
use crate::domain::person::{Matter, Representative};

/// Longest name, in characters.
const NAME: usize = 200;
/// Longest evidence, in characters.
const WORDS: usize = 500;

/// A representative, as a request has it.
pub fn representative(given: Option<&pb::Representative>) -> Result<Representative, BadField> {
    let given = wire::required("representative", given)?;
    let from = wire::optional_day("representative.from", given.from.as_ref())?;
    let from = from.ok_or_else(|| BadField::new("representative.from", "is missing; send the first day"))?;
    let until = wire::optional_day("representative.until", given.until.as_ref())?;
    if until.is_some_and(|until| until <= from) {
        return Err(BadField::new(
            "representative.until",
            "is not after from; send the first day on which they do not speak",
        ));
    }
    let each = |(i, number): (usize, &i32)| matter::parse(&format!("representative.matters[{i}]"), *number);
    let matters: BTreeSet<Matter> = given.matters.iter().enumerate().map(each).collect::<Result<_, _>>()?;
    if matters.is_empty() {
        return Err(BadField::new("representative.matters", "are missing; say what they may speak on"));
    }
    Ok(Representative {
        name: wire::private("representative.name", &given.name, NAME)?,
        relation: relation::parse("representative.relation", given.relation)?,
        matters,
        from,
        until,
        evidence: wire::private("representative.evidence", &given.evidence, WORDS)?,
    })
}

/// The id of a representative, as a request has it.
pub fn representative_id(field: &str, text: &str) -> Result<Uuid, BadField> {
    Uuid::try_parse(text)
        .map_err(|_| BadField::new(field, "is not a UUID; read the person's representatives with GetPerson"))
}

/// The first day on which they do not speak, as a request has it.
pub fn representative_end(given: Option<&proto::Date>) -> Result<Day, BadField> {
    let until = wire::optional_day("until", given)?;
    until.ok_or_else(|| {
        BadField::new("until", "is missing; send the first day on which they do not speak for the person")
    })
}

/// The same, opened, with the evidence where it is shown; none where a text is damaged.
pub fn representative_out(
    opener: &Opener,
    held: &Representative,
    evidence: bool,
) -> Option<pb::Representative> {
    Some(pb::Representative {
        name: opener.text(&held.name)?,
        relation: relation::number(held.relation),
        matters: held.matters.iter().copied().map(matter::number).collect(),
        from: Some(to_date(held.from)),
        until: held.until.map(to_date),
        evidence: opener.some(Some(&held.evidence).filter(|_| evidence))?,
    })
}

/// The same, as an event keeps it.
pub(super) fn representative_sealed(
    held: &Representative,
    ink: &Ink<'_>,
) -> Result<pb::SealedRepresentative, Status> {
    Ok(pb::SealedRepresentative {
        name: Some(ink.seal("representative.name", &held.name)?),
        relation: relation::number(held.relation),
        matters: held.matters.iter().copied().map(matter::number).collect(),
        from: Some(to_date(held.from)),
        until: held.until.map(to_date),
        evidence: Some(ink.seal("representative.evidence", &held.evidence)?),
    })
}

/// The same, from an event; none where something is missing or not known.
pub(super) fn representative_stored(stored: &pb::SealedRepresentative) -> Option<Representative> {
    Some(Representative {
        name: from_private(stored.name.as_ref())?,
        relation: relation::stored(stored.relation)?,
        matters: stored.matters.iter().map(|number| matter::stored(*number)).collect::<Option<_>>()?,
        from: stored.from.as_ref().and_then(from_date)?,
        until: stored.until.as_ref().and_then(from_date),
        evidence: from_private(stored.evidence.as_ref())?,
    })
}
