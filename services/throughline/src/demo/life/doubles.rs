//! The person's record, and a second one under a name like theirs: the same human's, or a twin's.
//! Invariant: nothing links itself; somebody decides, or nobody has yet.

use proto::google::r#type::Date;
use proto::registry as reg;

use super::{IDENTIFIER, Life, home, identifier};
use crate::demo::calendar::Hour;
use crate::demo::sketch::{Double, Fate, Place, Sketch, Slip};
use crate::demo::stage::{Halt, Part, Played};
use crate::demo::town::Worker;
use crate::demo::voice::{id, name, say};
use crate::demo::words;

/// Under their own name, with the number that all agencies of the demo share.
pub async fn register(worker: &Worker, sketch: &Sketch) -> Result<String, Halt> {
    let number = reg::PersonIdentifier {
        system: IDENTIFIER.to_owned(),
        value: identifier(sketch.number),
        shared_by_source: IDENTIFIER.to_owned(),
        r#use: reg::IdentifierUse::RecordNumber.into(),
        quality: reg::DataQuality::Full.into(),
    };
    let named = &sketch.named;
    let details = details((named.given, named.family), named.pronouns, named.born);
    register_as(worker, details, vec![number]).await
}

/// What is told at the door.
pub(super) fn details(
    (given, family): (&str, &str),
    pronouns: &str,
    (year, month, day): (i32, u32, u32),
) -> reg::PersonDetails {
    let birth_date = i32::try_from(month).ok().zip(i32::try_from(day).ok());
    reg::PersonDetails {
        given_name: given.to_owned(),
        family_name: family.to_owned(),
        pronouns: pronouns.to_owned(),
        name_quality: reg::DataQuality::Full.into(),
        birth_date: birth_date.map(|(month, day)| Date { year, month, day }),
        birth_date_quality: reg::DataQuality::Full.into(),
        languages: vec!["en".to_owned()],
        ..Default::default()
    }
}

pub(super) async fn register_as(
    worker: &Worker,
    details: reg::PersonDetails,
    identifiers: Vec<reg::PersonIdentifier>,
) -> Result<String, Halt> {
    let request = reg::RegisterPersonRequest { request_id: name(), details: Some(details), identifiers };
    Ok(id(say!(worker.voice, registry.register_person, request).await?.written))
}

/// The shelter makes a second record, as the name was understood at the door; what becomes of it is decided by somebody who sees both, or not yet.
pub async fn double(life: Life, part: Part, arrived: u32) -> Played {
    let Some(Double { slip, fate }) = life.sketch.double else { return Ok(()) };
    let mut chance = life.chance("double");
    let day = life.scene.calendar.working(arrived + chance.between(2, 20));
    life.until(&part, day, Hour::Evening).await?;
    let named = &life.sketch.named;
    let (given, family) = match (fate, slip) {
        (Fate::Twin(_), _) => (words::like(named.given), named.family.to_owned()),
        (Fate::Linked(_) | Fate::Waits, Slip::Typo) => {
            (named.given.to_owned(), words::mistyped(named.family))
        }
        (Fate::Linked(_) | Fate::Waits, Slip::Swapped) => (named.family.to_owned(), named.given.to_owned()),
    };
    let details = details((&given, &family), named.pronouns, named.born);
    let second = register_as(&life.worker(Place::Shelter), details, vec![]).await?;
    life.beside(&second).cue(|other, part| home::few_nights(other, part, day));
    let (Fate::Linked(after) | Fate::Twin(after)) = fate else { return Ok(()) };
    life.until(&part, life.scene.calendar.working(day + after), Hour::Noon).await?;
    let (operator, first) = (&life.scene.town.operator, life.person.to_string());
    if let Fate::Twin(_) = fate {
        let request = reg::NeverLinkPersonsRequest {
            request_id: name(),
            one_id: first,
            other_id: second,
            ..Default::default()
        };
        say!(operator, registry.never_link_persons, request).await?;
        return Ok(());
    }
    let request = reg::LinkPersonsRequest {
        request_id: name(),
        canonical_id: first,
        member_id: second,
        ..Default::default()
    };
    say!(operator, registry.link_persons, request).await?;
    Ok(())
}
