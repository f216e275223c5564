//! Plans on the wire: what is asked, and what is read.
//! Invariant: an item names practices and skills of the catalogues alone, so nothing in it needs sealing. A version's id tells nothing of how many there
//! are: who does not see them all must not count them.

mod events;

use std::collections::BTreeSet;

use kernel::ids::Uuid;
use kernel::{AgencyId, PersonId};
use platform::error::BadField;
use platform::seal::Secret;
use platform::training;
use platform::wire::{self, to_date, to_instant};
use proto::registry as pb;

use super::id_text;
use crate::domain::PlanItemId;
use crate::domain::plan::{Content, Item, Made, REVIEW_DAYS, Review, State, Version};

/// What an item says. `agency` is the caller's: who does it where the request names nobody.
pub fn plan_item_content(
    given: Option<&pb::PlanItemContent>,
    agency: Option<AgencyId>,
) -> Result<Content, BadField> {
    let given = wire::required("content", given)?;
    let from = wire::day("content.from", wire::required("content.from", given.from.as_ref())?)?;
    let review_on = match wire::optional_day("content.review_on", given.review_on.as_ref())? {
        Some(day) => day,
        None => from.checked_add(jiff::Span::new().days(REVIEW_DAYS)).unwrap_or(from),
    };
    let approach = training::approach(&given.skills, given.stance);
    Ok(Content {
        goal: wire::id("content.goal_id", &given.goal_id)?,
        practice: training::practice("content.practice", &given.practice)?,
        approach: approach.map_err(|bad| bad.within("content"))?,
        worker: wire::optional_id("content.worker_id", &given.worker_id)?,
        agency: match wire::optional_id("content.agency_id", &given.agency_id)? {
            Some(agency) => agency,
            None => {
                agency.ok_or_else(|| BadField::new("content.agency_id", "is missing; say who does it"))?
            }
        },
        offer: wire::optional_id("content.offer_id", &given.offer_id)?,
        from,
        until: wire::optional_day("content.until", given.until.as_ref())?,
        review_on,
    })
}

/// The id of a version: the same for ever, and no number.
pub fn version_id(secret: &Secret, person: PersonId, number: u32) -> Uuid {
    let hash = secret.hash("plan-version", format!("{person}/{number}").as_bytes());
    let mut id = [0; 16];
    id.copy_from_slice(&hash[..16]);
    uuid::Builder::from_custom_bytes(id).into_uuid()
}

/// The number of the version with that id; 0, which no version has, where the plan has none.
pub fn version_number(secret: &Secret, person: PersonId, state: &State, id: Uuid) -> u32 {
    (1..=state.latest()).find(|number| version_id(secret, person, *number) == id).unwrap_or(0)
}

/// The items of a plan that are shown, as the versions that are shown leave them at that one.
pub fn plan_items(
    state: &State,
    version: u32,
    shown: &BTreeSet<PlanItemId>,
    versions: &[u32],
) -> Vec<pb::PlanItem> {
    let at = |(id, item): (&PlanItemId, &Item)| {
        let edit = item.at(version, |number| versions.contains(&number))?;
        Some((*id, edit.clone(), item.in_error.is_some()))
    };
    let mut items: Vec<_> = state.items.iter().filter(|(id, _)| shown.contains(id)).filter_map(at).collect();
    items.sort_by_key(|(id, edit, _)| (edit.content.from, *id));
    let out = items.into_iter().map(|(id, edit, entered_in_error)| pb::PlanItem {
        id: id.to_string(),
        content: Some(content_out(&edit.content)),
        agreed: edit.agreed,
        entered_in_error,
    });
    out.collect()
}

/// A version as its readers see it; `known` where they may know of the agency that made it.
pub fn plan_version(
    secret: &Secret,
    person: PersonId,
    number: u32,
    version: &Version,
    known: bool,
) -> pb::PlanVersion {
    let change = match version.made {
        Made::Added => pb::PlanChange::ItemAdded,
        Made::Changed => pb::PlanChange::ItemChanged,
        Made::Ended => pb::PlanChange::ItemEnded,
        Made::EnteredInError => pb::PlanChange::ItemEnteredInError,
    };
    pb::PlanVersion {
        id: version_id(secret, person, number).to_string(),
        change: change.into(),
        plan_item_id: version.item.to_string(),
        agency_id: id_text(version.by.filter(|_| known)),
        in_persons_voice: version.own_words,
        changed_at: Some(to_instant(version.at)),
        agreed_at: version.agreed.map(to_instant),
        asks_overseer: version.asks_overseer,
        approved_by_worker_id: id_text(version.approved.map(|(worker, _)| worker).filter(|_| known)),
        approved_at: version.approved.map(|(_, at)| to_instant(at)),
    }
}

/// The clock of the review; none while it rests.
pub fn plan_review(review: Review) -> Option<pb::PlanReviewClock> {
    let clock = |due_at, overdue| Some(pb::PlanReviewClock { due_at: Some(to_instant(due_at)), overdue });
    match review {
        Review::Resting => None,
        Review::Due(due) => clock(due, false),
        Review::Overdue(due) => clock(due, true),
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
        offer_id: id_text(content.offer),
    }
}
