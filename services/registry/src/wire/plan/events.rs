//! A plan's events as bytes and back.
//! Invariant: what was encoded decodes to the same event; an event of an earlier release has no clock, and sets none.

use kernel::{Occurred, PersonId, Timestamp, Voice};
use platform::command::stored::occurred;
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::training;
use platform::wire::{from_date, to_date, to_instant};
use prost::Name;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use tonic::Status;

use super::super::{
    id_text, in_persons_voice, kind_of, not_of, stored_agency, stored_id, stored_optional_id, wrap,
};
use super::{content_out, plan_review};
use crate::domain::plan::{Change, Content, Event, Plan, Review, State};

impl Encoding for Plan {
    fn person(after: &State) -> Option<PersonId> {
        after.person
    }

    fn encode(event: &Event, after: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        let person_id = after.person.map(|person| person.to_string()).unwrap_or_default();
        let of = |kind: String, message, own_words: bool| {
            let voice = Some(if own_words { Voice::Person } else { Voice::Staff });
            Payload { voice, ..Payload::new(kind, &wrap(message)) }
        };
        let at = |payload, at: Timestamp| Payload { occurred: Some(Occurred::instant(at)), ..payload };
        Ok(match event {
            Event::ItemAdded { person, id, content, change } => {
                let message = pb::PlanItemAdded {
                    plan_item_id: id.to_string(),
                    person_id: person.to_string(),
                    content: Some(content_out(content)),
                    review: plan_review(change.review),
                    asks_overseer: change.asks_overseer,
                };
                let message = Kind::PlanItemAdded(message);
                at(of(pb::PlanItemAdded::full_name(), message, change.own_words), change.at)
            }
            Event::ItemChanged { id, content, change } => {
                let message = pb::PlanItemChanged {
                    plan_item_id: id.to_string(),
                    content: Some(content_out(content)),
                    review: plan_review(change.review),
                    asks_overseer: change.asks_overseer,
                };
                let message = Kind::PlanItemChanged(message);
                at(of(pb::PlanItemChanged::full_name(), message, change.own_words), change.at)
            }
            Event::ItemEnded { id, until, change } => {
                let message = pb::PlanItemEnded {
                    plan_item_id: id.to_string(),
                    until: Some(to_date(*until)),
                    review: plan_review(change.review),
                    asks_overseer: change.asks_overseer,
                };
                let message = Kind::PlanItemEnded(message);
                at(of(pb::PlanItemEnded::full_name(), message, change.own_words), change.at)
            }
            Event::ItemInError { id, replaced_by, change } => {
                let message = pb::PlanItemEnteredInError {
                    plan_item_id: id.to_string(),
                    review: plan_review(change.review),
                    asks_overseer: change.asks_overseer,
                    replaced_by_id: id_text(*replaced_by),
                };
                let message = Kind::PlanItemEnteredInError(message);
                at(of(pb::PlanItemEnteredInError::full_name(), message, change.own_words), change.at)
            }
            Event::Agreed { version, at: when } => {
                let message = Kind::PlanAgreed(pb::PlanAgreed { person_id, version: *version });
                at(of(pb::PlanAgreed::full_name(), message, true), *when)
            }
            Event::Approved { version, worker, at: when } => {
                let worker_id = worker.to_string();
                let message = pb::PlanApproved { person_id, version: *version, worker_id };
                at(of(pb::PlanApproved::full_name(), Kind::PlanApproved(message), false), *when)
            }
            Event::Reviewed { own_words, review } => {
                let message = pb::PlanReviewed { person_id, review: plan_review(*review) };
                of(pb::PlanReviewed::full_name(), Kind::PlanReviewed(message), *own_words)
            }
            Event::ReviewOverdue { due, agencies } => {
                let message = pb::PlanReviewOverdue {
                    person_id,
                    due_at: Some(to_instant(*due)),
                    agency_ids: agencies.iter().map(ToString::to_string).collect(),
                };
                // It happened when it was due, however late that is told.
                at(of(pb::PlanReviewOverdue::full_name(), Kind::PlanReviewOverdue(message), false), *due)
            }
        })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let bad = |why| move || Unreadable::new(stored, why);
        let own_words = in_persons_voice(stored);
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Kind::PlanItemAdded(message) => Event::ItemAdded {
                person: stored_id(stored, &message.person_id)?,
                id: stored_id(stored, &message.plan_item_id)?,
                content: content_stored(stored, message.content)?,
                change: change(stored, message.review, message.asks_overseer)?,
            },
            Kind::PlanItemChanged(message) => Event::ItemChanged {
                id: stored_id(stored, &message.plan_item_id)?,
                content: content_stored(stored, message.content)?,
                change: change(stored, message.review, message.asks_overseer)?,
            },
            Kind::PlanItemEnded(message) => Event::ItemEnded {
                id: stored_id(stored, &message.plan_item_id)?,
                until: message.until.as_ref().and_then(from_date).ok_or_else(bad("it has no last day"))?,
                change: change(stored, message.review, message.asks_overseer)?,
            },
            Kind::PlanItemEnteredInError(message) => Event::ItemInError {
                id: stored_id(stored, &message.plan_item_id)?,
                replaced_by: stored_optional_id(stored, &message.replaced_by_id)?,
                change: change(stored, message.review, message.asks_overseer)?,
            },
            Kind::PlanAgreed(message) => Event::Agreed { version: message.version, at: occurred(stored)?.at },
            Kind::PlanApproved(message) => Event::Approved {
                version: message.version,
                worker: stored_id(stored, &message.worker_id)?,
                at: occurred(stored)?.at,
            },
            Kind::PlanReviewed(message) => {
                Event::Reviewed { own_words, review: review(stored, message.review)? }
            }
            Kind::PlanReviewOverdue(message) => Event::ReviewOverdue {
                due: instant(stored, message.due_at.as_ref())?,
                agencies: message
                    .agency_ids
                    .iter()
                    .map(|agency| stored_id(stored, agency))
                    .collect::<Result<_, _>>()?,
            },
            _ => return Err(not_of::<Plan>(stored)),
        })
    }
}

fn change(
    stored: &proto::log::Event,
    clock: Option<pb::PlanReviewClock>,
    asks_overseer: bool,
) -> Result<Change, Unreadable> {
    Ok(Change {
        by: stored_agency(stored)?,
        own_words: in_persons_voice(stored),
        at: occurred(stored)?.at,
        asks_overseer,
        review: review(stored, clock)?,
    })
}

fn review(stored: &proto::log::Event, clock: Option<pb::PlanReviewClock>) -> Result<Review, Unreadable> {
    let Some(clock) = clock else { return Ok(Review::Resting) };
    let due = instant(stored, clock.due_at.as_ref())?;
    Ok(if clock.overdue { Review::Overdue(due) } else { Review::Due(due) })
}

fn instant(stored: &proto::log::Event, at: Option<&prost_types::Timestamp>) -> Result<Timestamp, Unreadable> {
    let at = at.and_then(|at| Timestamp::new(at.seconds, at.nanos).ok());
    at.ok_or_else(|| Unreadable::new(stored, "its instant is damaged"))
}

fn content_stored(
    stored: &proto::log::Event,
    content: Option<pb::PlanItemContent>,
) -> Result<Content, Unreadable> {
    let bad = |why| move || Unreadable::new(stored, why);
    let content = content.ok_or_else(bad("it has no content"))?;
    let day = |date: &Option<proto::Date>| date.as_ref().and_then(from_date);
    Ok(Content {
        goal: stored_id(stored, &content.goal_id)?,
        practice: content.practice,
        approach: training::stored(content.skills, content.stance),
        worker: stored_optional_id(stored, &content.worker_id)?,
        agency: stored_id(stored, &content.agency_id)?,
        offer: stored_optional_id(stored, &content.offer_id)?,
        from: day(&content.from).ok_or_else(bad("it has no first day"))?,
        until: day(&content.until),
        review_on: day(&content.review_on).ok_or_else(bad("it has no review day"))?,
    })
}
