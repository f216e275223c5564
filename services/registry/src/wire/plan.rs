//! Plans on the wire.
//! Invariant: an item names practices and skills of the catalogue alone, so nothing in it needs sealing.

use std::collections::BTreeSet;

use kernel::{AgencyId, PersonId, Voice};
use platform::command::{Encoding, Ink, Payload, Unreadable};
use platform::error::BadField;
use platform::training;
use platform::wire::{self, from_date, to_date};
use prost::Name;
use proto::registry as pb;
use proto::registry::registry_event::Kind;
use tonic::Status;

use super::{id_text, in_persons_voice, kind_of, not_of, stored_agency, stored_id, stored_optional_id, wrap};
use crate::domain::PlanItemId;
use crate::domain::plan::{Content, Event, Item, Plan, State};

/// A plan is looked at again after so many days (domain default).
const REVIEW_AFTER_DAYS: i64 = 90;

/// What an item says. `agency` is the caller's: who does it where the request names nobody.
pub fn plan_item_content(
    given: Option<&pb::PlanItemContent>,
    agency: Option<AgencyId>,
) -> Result<Content, BadField> {
    let given = wire::required("content", given)?;
    let from = wire::day("content.from", wire::required("content.from", given.from.as_ref())?)?;
    let review_on = match wire::optional_day("content.review_on", given.review_on.as_ref())? {
        Some(day) => day,
        None => from.checked_add(jiff::Span::new().days(REVIEW_AFTER_DAYS)).unwrap_or(from),
    };
    Ok(Content {
        goal: wire::id("content.goal_id", &given.goal_id)?,
        practice: training::practice("content.practice", &given.practice)?,
        approach: training::approach(&given.skills, given.stance).map_err(|bad| bad.within("content"))?,
        worker: wire::optional_id("content.worker_id", &given.worker_id)?,
        agency: match wire::optional_id("content.agency_id", &given.agency_id)? {
            Some(agency) => agency,
            None => {
                agency.ok_or_else(|| BadField::new("content.agency_id", "is missing; say who does it"))?
            }
        },
        from,
        until: wire::optional_day("content.until", given.until.as_ref())?,
        review_on,
    })
}

/// A plan as its readers see it: those of its items that are shown.
pub fn plan(person: PersonId, version: u64, state: &State, shown: &BTreeSet<PlanItemId>) -> pb::Plan {
    let mut items: Vec<(&PlanItemId, &Item)> =
        state.items.iter().filter(|(id, _)| shown.contains(id)).collect();
    items.sort_by_key(|(id, item)| (item.content.from, **id));
    let item_out = |(id, item): (&PlanItemId, &Item)| pb::PlanItem {
        id: id.to_string(),
        content: Some(content_out(&item.content)),
        agreed: item.agreed,
    };
    pb::Plan {
        person_id: person.to_string(),
        etag: version.to_string(),
        items: items.into_iter().map(item_out).collect(),
    }
}

fn content_out(content: &Content) -> pb::PlanItemContent {
    let (skills, stance) = training::written(content.approach.as_ref());
    pb::PlanItemContent {
        goal_id: content.goal.to_string(),
        practice: content.practice.clone(),
        skills,
        stance,
        worker_id: id_text(content.worker),
        agency_id: content.agency.to_string(),
        from: Some(to_date(content.from)),
        until: content.until.map(to_date),
        review_on: Some(to_date(content.review_on)),
    }
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
        from: day(&content.from).ok_or_else(bad("it has no first day"))?,
        until: day(&content.until),
        review_on: day(&content.review_on).ok_or_else(bad("it has no review day"))?,
    })
}

impl Encoding for Plan {
    fn person(after: &State) -> Option<PersonId> {
        after.person
    }

    fn encode(event: &Event, _: &State, _: &Ink<'_>) -> Result<Payload, Status> {
        let (payload, agreed) = match event {
            Event::ItemAdded { person, id, item } => {
                let message = pb::PlanItemAdded {
                    plan_item_id: id.to_string(),
                    person_id: person.to_string(),
                    content: Some(content_out(&item.content)),
                };
                let message = wrap(Kind::PlanItemAdded(message));
                (Payload::new(pb::PlanItemAdded::full_name(), &message), item.agreed)
            }
            Event::ItemEnded { id, until, agreed } => {
                let message =
                    pb::PlanItemEnded { plan_item_id: id.to_string(), until: Some(to_date(*until)) };
                let message = wrap(Kind::PlanItemEnded(message));
                (Payload::new(pb::PlanItemEnded::full_name(), &message), *agreed)
            }
        };
        Ok(Payload { voice: Some(if agreed { Voice::Person } else { Voice::Staff }), ..payload })
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Kind::PlanItemAdded(message) => Event::ItemAdded {
                person: stored_id(stored, &message.person_id)?,
                id: stored_id(stored, &message.plan_item_id)?,
                item: Item {
                    added_by: stored_agency(stored)?,
                    content: content_stored(stored, message.content)?,
                    agreed: in_persons_voice(stored),
                },
            },
            Kind::PlanItemEnded(message) => Event::ItemEnded {
                id: stored_id(stored, &message.plan_item_id)?,
                until: message
                    .until
                    .as_ref()
                    .and_then(from_date)
                    .ok_or_else(|| Unreadable::new(stored, "it has no last day"))?,
                agreed: in_persons_voice(stored),
            },
            _ => return Err(not_of::<Plan>(stored)),
        })
    }
}
