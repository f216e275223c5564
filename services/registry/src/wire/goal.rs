//! Goals on the wire.
//! Invariant: a goal's words, and the strength it builds on where it is in words, are sealed; what the person alone may do is stored in the person's voice.

use kernel::{PersonId, Private, Voice};
use platform::command::{Encoding, Ink, Payload, Unreadable, from_private};
use platform::error::BadField;
use platform::wire;
use prost::Name;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use proto::types::{FieldStatus, LifeDomain};
use tonic::Status;

use super::codes::{achievement as codes, readiness as ready};
use super::{Opener, in_persons_voice, kind_of, not_of, stored_agency, stored_id, stored_optional_id, wrap};
use crate::domain::goal::{Achievement, Content, Event, Facts, Goal, Readiness, Stage, State, Strength};

/// Longest words of a goal, in characters.
const TEXT: usize = 2_000;
/// Longest strength, in characters.
const STRENGTH: usize = 500;

/// What a goal is, as a request says.
pub fn goal_content(given: Option<&pb::GoalContent>) -> Result<Content, BadField> {
    let given = wire::required("content", given)?;
    let domain = |(i, number): (usize, &i32)| {
        wire::choice::<LifeDomain>(&format!("content.life_domains[{i}]"), *number).map(i32::from)
    };
    let mut life_domains: Vec<i32> =
        given.life_domains.iter().enumerate().map(domain).collect::<Result<_, _>>()?;
    life_domains.sort_unstable();
    life_domains.dedup();
    if life_domains.is_empty() {
        return Err(BadField::new("content.life_domains", "is missing; name at least one"));
    }
    let environment = pb::Environment::try_from(given.environment)
        .map_err(|_| BadField::new("content.environment", "is not one of the contract's values"))?;
    Ok(Content {
        text: wire::private("content.text", &given.text, TEXT)?,
        life_domains,
        environment: environment.into(),
        strength: strength(given)?,
    })
}

fn strength(given: &pb::GoalContent) -> Result<Strength, BadField> {
    let words = wire::optional_text("content.strength", &given.strength, STRENGTH)?;
    let facet = wire::optional_id("content.strength_facet_id", &given.strength_facet_id)?;
    match (words, facet) {
        (None, None) => Ok(Strength::NotYetExplored),
        (Some(words), None) => Ok(Strength::InWords(Private::Plain(words))),
        (None, Some(facet)) => Ok(Strength::Noted(facet)),
        (Some(_), Some(_)) => {
            let why =
                "names a strength beside one in words; send one of them, or neither as not yet explored";
            Err(BadField::new("content.strength_facet_id", why))
        }
    }
}

/// Whether the person is ready, as a request says.
pub fn readiness(number: i32) -> Result<Readiness, BadField> {
    ready::parse("readiness", number)
}

/// The words of a strength, and the one that was noted.
fn parts(strength: &Strength) -> (Option<&Private>, String) {
    match strength {
        Strength::NotYetExplored => (None, String::new()),
        Strength::InWords(words) => (Some(words), String::new()),
        Strength::Noted(facet) => (None, facet.to_string()),
    }
}

/// How far a goal is achieved, as a request says.
pub fn achievement(number: i32) -> Result<Achievement, BadField> {
    codes::parse("achievement", number)
}

/// A goal as its readers see it; its texts stay empty where they cannot be opened, and `status` says why.
pub fn goal(version: u64, state: &State, opener: Option<&Opener>, status: FieldStatus) -> Option<pb::Goal> {
    let State::Made { facts, content, stage, achieved, readiness, in_persons_voice } = state else {
        return None;
    };
    let (words, strength_facet_id) = parts(&content.strength);
    let opened = opener.and_then(|opener| Some((opener.text(&content.text)?, opener.some(words)?)));
    let status = if opened.is_none() && status == FieldStatus::Open { FieldStatus::Locked } else { status };
    let (text, strength) = opened.unwrap_or_default();
    Some(pb::Goal {
        id: facts.id.to_string(),
        etag: version.to_string(),
        person_id: facts.person.to_string(),
        state: stage_out(*stage).into(),
        content: Some(pb::GoalContent {
            text,
            life_domains: content.life_domains.clone(),
            environment: content.environment,
            strength,
            strength_facet_id,
        }),
        text_status: status.into(),
        achievement: achieved.map_or(0, codes::number),
        in_persons_voice: *in_persons_voice,
        readiness: readiness.map_or(0, |(noted, _)| ready::number(noted)),
        readiness_in_persons_voice: readiness.is_some_and(|(_, own_words)| own_words),
    })
}

fn stage_out(stage: Stage) -> pb::GoalState {
    match stage {
        Stage::Proposed => pb::GoalState::Proposed,
        Stage::Accepted => pb::GoalState::Accepted,
        Stage::Planned => pb::GoalState::Planned,
        Stage::Active => pb::GoalState::Active,
        Stage::OnHold(_) => pb::GoalState::OnHold,
        Stage::Completed => pb::GoalState::Completed,
        Stage::Cancelled => pb::GoalState::Cancelled,
        Stage::Rejected => pb::GoalState::Rejected,
        Stage::InError => pb::GoalState::EnteredInError,
    }
}

fn content_sealed(content: &Content, ink: &Ink<'_>) -> Result<Option<pb::SealedGoal>, Status> {
    let (words, strength_facet_id) = parts(&content.strength);
    Ok(Some(pb::SealedGoal {
        text: Some(ink.seal("text", &content.text)?),
        life_domains: content.life_domains.clone(),
        environment: content.environment,
        strength: ink.seal_some("strength", words)?,
        strength_facet_id,
    }))
}

fn content_stored(
    stored: &proto::log::Event,
    content: Option<pb::SealedGoal>,
) -> Result<Content, Unreadable> {
    let bad = || Unreadable::new(stored, "it has no words");
    let content = content.ok_or_else(bad)?;
    Ok(Content {
        text: from_private(content.text.as_ref()).ok_or_else(bad)?,
        life_domains: content.life_domains,
        environment: content.environment,
        strength: match stored_optional_id(stored, &content.strength_facet_id)? {
            Some(facet) => Strength::Noted(facet),
            None => {
                from_private(content.strength.as_ref()).map_or(Strength::NotYetExplored, Strength::InWords)
            }
        },
    })
}

impl Encoding for Goal {
    fn person(after: &State) -> Option<PersonId> {
        match after {
            State::Unmade => None,
            State::Made { facts, .. } => Some(facts.person),
        }
    }

    fn encode(event: &Event, after: &State, ink: &Ink<'_>) -> Result<Payload, Status> {
        let (goal_id, person_id) = match after {
            State::Unmade => (String::new(), String::new()),
            State::Made { facts, .. } => (facts.id.to_string(), facts.person.to_string()),
        };
        let own = |kind: String, message| Payload {
            voice: Some(Voice::Person),
            ..Payload::new(kind, &wrap(message))
        };
        let any = |kind: String, message| Payload::new(kind, &wrap(message));
        Ok(match event {
            Event::Proposed(_, content) => {
                let content = content_sealed(content, ink)?;
                let message = pb::GoalProposed { goal_id, person_id, content };
                any(pb::GoalProposed::full_name(), Kind::GoalProposed(message))
            }
            Event::Set(_, content) => {
                let content = content_sealed(content, ink)?;
                own(pb::GoalSet::full_name(), Kind::GoalSet(pb::GoalSet { goal_id, person_id, content }))
            }
            Event::Reworded(content) => {
                let message = pb::GoalReworded { goal_id, content: content_sealed(content, ink)? };
                own(pb::GoalReworded::full_name(), Kind::GoalReworded(message))
            }
            Event::Accepted => {
                own(pb::GoalAccepted::full_name(), Kind::GoalAccepted(pb::GoalAccepted { goal_id }))
            }
            Event::Rejected => {
                own(pb::GoalRejected::full_name(), Kind::GoalRejected(pb::GoalRejected { goal_id }))
            }
            Event::Dropped => {
                own(pb::GoalDropped::full_name(), Kind::GoalDropped(pb::GoalDropped { goal_id }))
            }
            Event::Planned => {
                any(pb::GoalPlanned::full_name(), Kind::GoalPlanned(pb::GoalPlanned { goal_id }))
            }
            Event::ReadinessNoted { readiness, own_words } => {
                let message = pb::GoalReadinessNoted { goal_id, readiness: ready::number(*readiness) };
                let voice = Some(if *own_words { Voice::Person } else { Voice::Staff });
                let message = Kind::GoalReadinessNoted(message);
                Payload { voice, ..any(pb::GoalReadinessNoted::full_name(), message) }
            }
            Event::Activated => {
                any(pb::GoalActivated::full_name(), Kind::GoalActivated(pb::GoalActivated { goal_id }))
            }
            Event::Held => any(pb::GoalHeld::full_name(), Kind::GoalHeld(pb::GoalHeld { goal_id })),
            Event::Resumed => {
                any(pb::GoalResumed::full_name(), Kind::GoalResumed(pb::GoalResumed { goal_id }))
            }
            Event::Completed => {
                any(pb::GoalCompleted::full_name(), Kind::GoalCompleted(pb::GoalCompleted { goal_id }))
            }
            Event::Rated(rating) => {
                let message = pb::GoalRated { goal_id, achievement: codes::number(*rating) };
                own(pb::GoalRated::full_name(), Kind::GoalRated(message))
            }
            Event::EnteredInError => {
                let message = pb::GoalEnteredInError { goal_id };
                any(pb::GoalEnteredInError::full_name(), Kind::GoalEnteredInError(message))
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let facts = |goal: &str, person: &str| {
            Ok(Facts {
                id: stored_id(stored, goal)?,
                person: stored_id(stored, person)?,
                agency: stored_agency(stored)?,
            })
        };
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Kind::GoalProposed(message) => {
                let facts = facts(&message.goal_id, &message.person_id)?;
                Event::Proposed(facts, content_stored(stored, message.content)?)
            }
            Kind::GoalSet(message) => {
                let facts = facts(&message.goal_id, &message.person_id)?;
                Event::Set(facts, content_stored(stored, message.content)?)
            }
            Kind::GoalReworded(message) => Event::Reworded(content_stored(stored, message.content)?),
            Kind::GoalAccepted(_) => Event::Accepted,
            Kind::GoalRejected(_) => Event::Rejected,
            Kind::GoalDropped(_) => Event::Dropped,
            Kind::GoalPlanned(_) => Event::Planned,
            Kind::GoalReadinessNoted(message) => Event::ReadinessNoted {
                readiness: ready::stored(message.readiness)
                    .ok_or_else(|| Unreadable::new(stored, "its readiness is not known"))?,
                own_words: in_persons_voice(stored),
            },
            Kind::GoalActivated(_) => Event::Activated,
            Kind::GoalHeld(_) => Event::Held,
            Kind::GoalResumed(_) => Event::Resumed,
            Kind::GoalCompleted(_) => Event::Completed,
            Kind::GoalRated(message) => Event::Rated(
                codes::stored(message.achievement)
                    .ok_or_else(|| Unreadable::new(stored, "its rating is not known"))?,
            ),
            Kind::GoalEnteredInError(_) => Event::EnteredInError,
            _ => return Err(not_of::<Goal>(stored)),
        })
    }
}
