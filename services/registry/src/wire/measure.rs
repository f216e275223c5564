//! Measures on the wire.
//! Invariant: scale, score and parts are codes and numbers, never free text, so nothing in them needs sealing.

use kernel::PersonId;
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::wire::{self, from_occurred, to_occurred};
use prost::Name;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use tonic::Status;

use super::{kind_of, not_of, stored_id, wrap};
use crate::domain::measure::{Content, Event, Measure, State, Told};

/// Longest code, in characters.
const CODE: usize = 100;
/// Most parts of one measure.
const MAX_PARTS: usize = 50;

/// What a measure found, as a request says.
pub fn measure_content(given: Option<&pb::MeasureContent>) -> Result<Content, BadField> {
    let given = wire::required("content", given)?;
    if given.parts.len() > MAX_PARTS {
        return Err(BadField::new("content.parts", format!("are more than {MAX_PARTS}")));
    }
    let part = |(i, part): (usize, &pb::MeasurePart)| {
        let code = wire::text(&format!("content.parts[{i}].code"), &part.code, CODE)?;
        let value = wire::text(&format!("content.parts[{i}].value"), &part.value, CODE)?;
        Ok((code, value))
    };
    Ok(Content {
        scale: wire::text("content.scale", &given.scale, CODE)?,
        score: score(&given.score)?,
        taken: wire::occurred("content.taken", wire::required("content.taken", given.taken.as_ref())?)?,
        parts: given.parts.iter().enumerate().map(part).collect::<Result<_, _>>()?,
    })
}

/// A decimal number: a sign perhaps, digits, and digits after a point perhaps.
fn score(text: &str) -> Result<Option<String>, BadField> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() <= 30 && digits(whole) && digits(part) {
        return Ok(Some(text.to_owned()));
    }
    Err(BadField::new("content.score", "is not a decimal number such as \"2.5\""))
}

/// A measure as its readers see it.
pub fn measure(version: u64, state: &State) -> Option<pb::Measure> {
    match state {
        State::Unmade | State::InError(_) => None,
        State::Made(told) => Some(pb::Measure {
            id: told.id.to_string(),
            etag: version.to_string(),
            person_id: told.person.to_string(),
            agency_id: told.agency.to_string(),
            content: Some(content_out(&told.content)),
        }),
    }
}

fn content_out(content: &Content) -> pb::MeasureContent {
    let part =
        |(code, value): &(String, String)| pb::MeasurePart { code: code.clone(), value: value.clone() };
    pb::MeasureContent {
        scale: content.scale.clone(),
        score: content.score.clone().unwrap_or_default(),
        taken: Some(to_occurred(&content.taken)),
        parts: content.parts.iter().map(part).collect(),
    }
}

fn content_stored(content: pb::MeasureContent) -> Option<Content> {
    Some(Content {
        taken: content.taken.as_ref().and_then(from_occurred)?,
        scale: content.scale,
        score: (!content.score.is_empty()).then_some(content.score),
        parts: content.parts.into_iter().map(|part| (part.code, part.value)).collect(),
    })
}

impl Encoding for Measure {
    fn person(after: &State) -> Option<PersonId> {
        match after {
            State::Unmade => None,
            State::Made(told) | State::InError(told) => Some(told.person),
        }
    }

    fn encode(event: &Event, after: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        Ok(match event {
            Event::Recorded { told, correction } => {
                let message = pb::MeasureRecorded {
                    measure_id: told.id.to_string(),
                    person_id: told.person.to_string(),
                    agency_id: told.agency.to_string(),
                    content: Some(content_out(&told.content)),
                    correction: *correction,
                };
                Payload {
                    occurred: Some(told.content.taken.clone()),
                    ..Payload::new(pb::MeasureRecorded::full_name(), &wrap(Kind::MeasureRecorded(message)))
                }
            }
            Event::EnteredInError => {
                let measure_id = match after {
                    State::Unmade => String::new(),
                    State::Made(told) | State::InError(told) => told.id.to_string(),
                };
                let message = pb::MeasureEnteredInError { measure_id };
                Payload::new(
                    pb::MeasureEnteredInError::full_name(),
                    &wrap(Kind::MeasureEnteredInError(message)),
                )
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Kind::MeasureRecorded(message) => {
                let content = message.content.and_then(content_stored);
                let told = Told {
                    id: stored_id(stored, &message.measure_id)?,
                    person: stored_id(stored, &message.person_id)?,
                    agency: stored_id(stored, &message.agency_id)?,
                    content: content.ok_or_else(|| Unreadable::new(stored, "it has no content"))?,
                };
                Event::Recorded { told, correction: message.correction }
            }
            Kind::MeasureEnteredInError(_) => Event::EnteredInError,
            _ => return Err(not_of::<Measure>(stored)),
        })
    }
}
