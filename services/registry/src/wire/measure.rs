//! Measures on the wire.
//! Invariant: scale, score and parts are codes and numbers, never free text, so nothing in them needs sealing.

use kernel::{PersonId, Timestamp, Voice};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::wire::{self, from_occurred, to_occurred};
use prost::Name;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use tonic::Status;

use super::codes::{about, course as courses};
use super::{id_text, in_persons_voice, kind_of, not_of, stored_id, stored_optional_id, wrap};
use crate::domain::measure::{Content, Event, Measure, State, Told};
use crate::domain::scale::{self, Scale};

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
    let scale = wire::text("content.scale", &given.scale, CODE)?;
    Ok(Content {
        score: score(scale::named(&scale), &given.score)?,
        scale,
        taken: wire::occurred("content.taken", wire::required("content.taken", given.taken.as_ref())?)?,
        parts: given.parts.iter().enumerate().map(part).collect::<Result<_, _>>()?,
    })
}

/// What was found here: a scale of ours, with a score on it.
pub fn taken(request: &pb::TakeMeasureRequest, now: Timestamp) -> Result<Content, BadField> {
    let Some(scale) = scale::named(&request.scale) else {
        return Err(BadField::new("scale", "is not a code of ListScales, such as \"hopeful\""));
    };
    let score = score(Some(scale), &request.score).map_err(|bad| BadField::new("score", bad.why))?;
    if score.is_none() {
        return Err(BadField::new("score", format!("is missing; send {} to {}", scale.low, scale.high)));
    }
    let taken = wire::happened("occurred_at", request.occurred_at.as_ref(), now)?;
    Ok(Content { scale: scale.code.to_owned(), score, taken, parts: vec![] })
}

/// A decimal number: a sign perhaps, digits, and digits after a point perhaps; of a scale of ours, one in its range.
fn score(scale: Option<&Scale>, text: &str) -> Result<Option<String>, BadField> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if text.len() > 30 || !digits(whole) || !digits(part) {
        return Err(BadField::new("content.score", "is not a decimal number such as \"2.5\""));
    }
    match scale {
        Some(scale) if !number(text).is_some_and(|score| scale.holds(score)) => {
            let why = format!("is outside the scale's range; send {} to {}", scale.low, scale.high);
            Err(BadField::new("content.score", why))
        }
        Some(_) | None => Ok(Some(text.to_owned())),
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok()
}

/// A scale as everybody sees it.
pub fn scale(scale: &Scale) -> pb::Scale {
    pb::Scale {
        code: scale.code.to_owned(),
        name: scale.name.to_owned(),
        about: about::number(scale.about),
        environment: scale.environment,
        low: scale.low,
        high: scale.high,
        higher_is_better: scale.higher_is_better,
    }
}

/// The course of measures on one scale. Those without a score are no points of it.
pub fn trend(code: &str, measures: &[Told]) -> Option<pb::MeasureTrend> {
    let point = |told: &Told| {
        Some(pb::MeasurePoint {
            measure_id: told.id.to_string(),
            agency_id: id_text(told.agency),
            taken: Some(to_occurred(&told.content.taken)),
            score: told.content.score.as_deref().and_then(number)?,
        })
    };
    let mut on_it: Vec<&Told> = measures.iter().filter(|told| told.content.scale == code).collect();
    on_it.sort_by_key(|told| (told.content.taken.at, told.id));
    let points: Vec<pb::MeasurePoint> = on_it.into_iter().filter_map(point).collect();
    let scores: Vec<f64> = points.iter().map(|point| point.score).collect();
    let (first, latest) = (*scores.first()?, *scores.last()?);
    let course = scale::named(code).and_then(|scale| scale.course(&scores));
    Some(pb::MeasureTrend {
        scale: code.to_owned(),
        points,
        first,
        latest,
        // Scores are decimal: what binary fractions add to a difference is taken off.
        change: ((latest - first) * 1e6).round() / 1e6,
        course: course.map_or(0, courses::number),
    })
}

/// A measure as its readers see it.
pub fn measure(version: u64, state: &State) -> Option<pb::Measure> {
    match state {
        State::Unmade | State::InError(_) => None,
        State::Made(told) => Some(pb::Measure {
            id: told.id.to_string(),
            etag: version.to_string(),
            person_id: told.person.to_string(),
            agency_id: id_text(told.agency),
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

fn told_stored(
    stored: &proto::log::Event,
    (id, person, agency): (String, String, String),
    content: Option<pb::MeasureContent>,
) -> Result<Told, Unreadable> {
    Ok(Told {
        id: stored_id(stored, &id)?,
        person: stored_id(stored, &person)?,
        agency: stored_optional_id(stored, &agency)?,
        content: content
            .and_then(content_stored)
            .ok_or_else(|| Unreadable::new(stored, "it has no content"))?,
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
                    agency_id: id_text(told.agency),
                    content: Some(content_out(&told.content)),
                    correction: *correction,
                };
                Payload {
                    occurred: Some(told.content.taken.clone()),
                    ..Payload::new(pb::MeasureRecorded::full_name(), &wrap(Kind::MeasureRecorded(message)))
                }
            }
            Event::Taken { told, own_words } => {
                let message = pb::MeasureTaken {
                    measure_id: told.id.to_string(),
                    person_id: told.person.to_string(),
                    agency_id: id_text(told.agency),
                    content: Some(content_out(&told.content)),
                };
                Payload {
                    occurred: Some(told.content.taken.clone()),
                    voice: Some(if *own_words { Voice::Person } else { Voice::Staff }),
                    ..Payload::new(pb::MeasureTaken::full_name(), &wrap(Kind::MeasureTaken(message)))
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
                let ids = (message.measure_id, message.person_id, message.agency_id);
                let told = told_stored(stored, ids, message.content)?;
                Event::Recorded { told, correction: message.correction }
            }
            Kind::MeasureTaken(message) => {
                let ids = (message.measure_id, message.person_id, message.agency_id);
                let told = told_stored(stored, ids, message.content)?;
                Event::Taken { told, own_words: in_persons_voice(stored) }
            }
            Kind::MeasureEnteredInError(_) => Event::EnteredInError,
            _ => return Err(not_of::<Measure>(stored)),
        })
    }
}
