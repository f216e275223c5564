//! A medical emergency: whoever treats the person then breaks the glass.
//! Invariant: it opens records and changes none; the agencies whose records it opens, and the person, find it among the disclosures.

use proto::registry as reg;

use super::{IDENTIFIER, Life, identifier};
use crate::demo::calendar::Hour;
use crate::demo::stage::{Part, Played};
use crate::demo::voice::{name, say};
use crate::demo::words;

/// Of few: one evening the clinic's physician has to know what others know. Who is not to be found is not found by a number either.
pub async fn strikes(life: Life, part: Part, arrived: u32) -> Played {
    let mut chance = life.chance("emergency");
    let first = life.sketch.number == 1;
    if life.sketch.restricted || !(first || chance.percent(5)) {
        return Ok(());
    }
    let day = arrived + if first { chance.between(15, 40) } else { chance.between(20, 400) };
    life.until(&part, day, Hour::Evening).await?;
    let physician = life.scene.town.physician.clone();
    let number = reg::PersonIdentifier {
        system: IDENTIFIER.to_owned(),
        value: identifier(life.sketch.number),
        shared_by_source: IDENTIFIER.to_owned(),
        ..Default::default()
    };
    let request = reg::BreakGlassRequest {
        request_id: name(),
        identifier: Some(number),
        nature: words::emergency(&mut chance).to_owned(),
        ..Default::default()
    };
    say!(physician.voice, registry.break_glass, request).await?;
    Ok(())
}
