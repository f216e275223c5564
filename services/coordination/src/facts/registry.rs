//! Goals, the goals that plan items serve, links between records, and that a person died.
//! Invariant: a goal counts as open until its own stream says otherwise, so that what is named before it is heard of is not lost.

use platform::source::Read;
use platform::wire::speaker;
use prost::Message;
use proto::registry::RegistryEvent;
use proto::registry::registry_event::Kind;
use uuid::Uuid;

use super::stored::{Died, Fact, Goal, Plan, PlanItem, Unreadable, written};

fn kind_of(read: &Read) -> Result<Kind, Unreadable> {
    RegistryEvent::decode(read.event.payload.clone()).map_err(|_| Unreadable)?.kind.ok_or(Unreadable)
}

/// The records that the event links or parts: either may be looked at first.
#[allow(clippy::wildcard_enum_match_arm, reason = "only these two kinds say who is one human")]
pub(super) fn linked(read: &Read) -> Result<Vec<Uuid>, Unreadable> {
    let (canonical, member) = match kind_of(read)? {
        Kind::PersonsLinked(link) => (link.canonical_id, link.member_id),
        Kind::PersonsUnlinked(link) => (link.canonical_id, link.member_id),
        _ => return Ok(vec![]),
    };
    [canonical, member].iter().map(|id| Uuid::try_parse(id).map_err(|_| Unreadable)).collect()
}

/// Who tells that the person died.
fn tellers(held: Option<Fact>) -> Vec<String> {
    match held {
        Some(Fact::Died(died)) => died.told_by,
        Some(_) | None => vec![],
    }
}

pub(super) fn apply(held: Option<Fact>, read: &Read) -> Result<Option<Fact>, Unreadable> {
    Ok(match (kind_of(read)?, held) {
        (Kind::PersonDied(_), held) => {
            let mut told_by = tellers(held);
            told_by.retain(|teller| teller != speaker(&read.event));
            told_by.push(speaker(&read.event).to_owned());
            Some(Fact::Died(Died { told_by }))
        }
        // An agency takes back its own word; who runs the system, everybody's.
        (Kind::PersonDeathEnteredInError(_), held) => {
            let mut told_by = tellers(held);
            told_by.retain(|teller| !speaker(&read.event).is_empty() && teller != speaker(&read.event));
            (!told_by.is_empty()).then_some(Fact::Died(Died { told_by }))
        }
        (Kind::PersonEnteredInError(_), _) => None,
        (Kind::GoalProposed(_) | Kind::GoalSet(_), _) => Some(Fact::Goal(Goal { closed: false })),
        (
            Kind::GoalRejected(_)
            | Kind::GoalDropped(_)
            | Kind::GoalCompleted(_)
            | Kind::GoalEnteredInError(_),
            _,
        ) => Some(Fact::Goal(Goal { closed: true })),
        (Kind::PlanItemAdded(added), held) => {
            let content = added.content.ok_or(Unreadable)?;
            let mut plan = match held {
                Some(Fact::Plan(plan)) => plan,
                Some(_) | None => Plan::default(),
            };
            plan.items.push(PlanItem {
                id: added.plan_item_id,
                written: Some(written(read, &content.agency_id, false)),
                goal: content.goal_id,
            });
            Some(Fact::Plan(plan))
        }
        (Kind::PlanItemChanged(changed), Some(Fact::Plan(mut plan))) => {
            let content = changed.content.ok_or(Unreadable)?;
            if let Some(item) = plan.items.iter_mut().find(|item| item.id == changed.plan_item_id) {
                item.goal = content.goal_id;
                item.written = Some(written(read, &content.agency_id, false));
            }
            Some(Fact::Plan(plan))
        }
        (Kind::PlanItemEnteredInError(gone), Some(Fact::Plan(mut plan))) => {
            plan.items.retain(|item| item.id != gone.plan_item_id);
            Some(Fact::Plan(plan))
        }
        (Kind::PlanItemChanged(_) | Kind::PlanItemEnteredInError(_), held) => held,
        (
            Kind::AgencyRegistered(_)
            | Kind::AgencyChanged(_)
            | Kind::AgencyRecorded(_)
            | Kind::WorkerAdded(_)
            | Kind::WorkerChanged(_)
            | Kind::WorkerRecorded(_)
            | Kind::PersonRegistered(_)
            | Kind::PersonChanged(_)
            | Kind::PersonRecorded(_)
            | Kind::IdentifierAdded(_)
            | Kind::IdentifierRemoved(_)
            | Kind::ServingAgencyAdded(_)
            | Kind::PersonsLinked(_)
            | Kind::PersonsUnlinked(_)
            | Kind::PersonsNeverLinked(_)
            | Kind::ContactPointSet(_)
            | Kind::ContactPointRemoved(_)
            | Kind::CrisisContactSet(_)
            | Kind::CrisisContactRemoved(_)
            | Kind::WarningSignsSet(_)
            | Kind::WarningSignsRemoved(_)
            | Kind::HouseholdJoined(_)
            | Kind::HouseholdLeft(_)
            | Kind::RepresentativeAdded(_)
            | Kind::RepresentativeEnded(_)
            | Kind::HouseholdMembershipEnteredInError(_)
            | Kind::RepresentativeEnteredInError(_)
            | Kind::PersonRestricted(_)
            | Kind::PersonRestrictionLifted(_)
            | Kind::PersonRestrictionEnteredInError(_)
            | Kind::PersonErased(_)
            | Kind::GoalReworded(_)
            | Kind::GoalAccepted(_)
            | Kind::GoalPlanned(_)
            | Kind::GoalReadinessNoted(_)
            | Kind::GoalActivated(_)
            | Kind::GoalHeld(_)
            | Kind::GoalResumed(_)
            | Kind::GoalRated(_)
            // An item that ended is past: what carries it out still says which goal it serves.
            | Kind::PlanItemEnded(_)
            | Kind::PlanAgreed(_)
            | Kind::PlanApproved(_)
            | Kind::PlanReviewed(_)
            | Kind::PlanReviewOverdue(_)
            | Kind::FacetNoted(_)
            | Kind::FacetReworded(_)
            | Kind::FacetDropped(_)
            | Kind::FacetEnteredInError(_)
            | Kind::ConsentDrafted(_)
            | Kind::ConsentGiven(_)
            | Kind::ConsentRevoked(_)
            | Kind::ConsentExpired(_)
            | Kind::ConsentSuperseded(_)
            | Kind::ConsentEnteredInError(_)
            | Kind::EmergencyDeclared(_)
            | Kind::EmergencyEnded(_)
            | Kind::EmergencyEnteredInError(_)
            | Kind::MeasureRecorded(_)
            | Kind::MeasureTaken(_)
            | Kind::TeamMemberAdded(_)
            | Kind::TeamMemberEnded(_)
            | Kind::TeamMemberEnteredInError(_)
            | Kind::MeasureEnteredInError(_)
            | Kind::ReactionRefused(_),
            held,
        ) => held,
    })
}
