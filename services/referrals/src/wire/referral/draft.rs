//! A draft as it is asked for, of one person or of a household.
//! Invariant: what the offer says, and where the referral stands that it follows, is looked up by the caller.

use kernel::{By, OfferId, PersonId, Private, Timestamp};
use platform::error::BadField;
use platform::wire;
use proto::referrals as pb;

use super::links::{following, of_member};
use super::{NEED, REASON};
use crate::domain::offer;
use crate::domain::referral::{Ask, Command, Follows, Household, Origin, State};
use crate::domain::{GoalId, ReferralId};

/// Most members of a household beside the first.
const MEMBERS: usize = 20;

/// Drafts whose offer is still to be looked up: the person's own, and one for each other member of the household.
pub struct Drafting {
    /// The id that the person's own will have.
    pub id: ReferralId,
    /// The offer asked for.
    pub offer: OfferId,
    /// What it follows.
    pub follows: Option<Origin>,
    /// Whether a 42 CFR Part 2 programme drafts it.
    pub by_programme: bool,
    people: Vec<Asking>,
    priority: i32,
    life_domain: i32,
    need: Private,
}

/// One of the people, and the goal of theirs.
struct Asking {
    person: PersonId,
    goal: Option<GoalId>,
    no_goal_reason: Option<Private>,
}

impl Drafting {
    /// The referrals that are drafted, the person's own first.
    pub fn referrals(&self) -> Vec<ReferralId> {
        let others = self.people[1..].iter().map(|asking| of_member(self.id, asking.person));
        [self.id].into_iter().chain(others).collect()
    }

    /// The commands, one for each of them, now that the offer is known, and where the one stands that is followed.
    pub fn commands(&self, by: By, at: Timestamp, offer: &offer::State, old: Option<&State>) -> Vec<Command> {
        let (target, content) = match offer {
            offer::State::Published { agency, content, .. } => (*agency, Some(content.clone())),
            offer::State::Unmade | offer::State::Withdrawn { .. } => (kernel::AgencyId::of(0), None),
        };
        let told_under_part2 = old.is_some_and(|old| matches!(old, State::Made { facts, .. } if facts.part2));
        let others: Vec<PersonId> = self.people[1..].iter().map(|asking| asking.person).collect();
        let draft = |(nth, (id, asking)): (usize, (ReferralId, &Asking))| {
            let household = match (nth, others.is_empty()) {
                (_, true) => Household::Alone,
                (0, false) => Household::Head { members: others.clone() },
                (_, false) => Household::Member { head: self.id },
            };
            let ask = Ask {
                person: asking.person,
                offer: self.offer,
                target,
                content: content.clone(),
                priority: self.priority,
                life_domain: self.life_domain,
                need: self.need.clone(),
                goal: asking.goal,
                no_goal_reason: asking.no_goal_reason.clone(),
                follows: self.follows.zip(old).map(|(how, old)| Follows { how, old: old.clone() }),
                household,
            };
            let ask = Box::new(ask.by_programme(self.by_programme || told_under_part2));
            Command::Draft { id, by, at, ask }
        };
        self.referrals().into_iter().zip(&self.people).enumerate().map(draft).collect()
    }
}

/// What is to be drafted.
pub fn draft(request: &pb::DraftReferralRequest) -> Result<Drafting, BadField> {
    let priority = match pb::Priority::try_from(request.priority) {
        Ok(pb::Priority::Unspecified) => pb::Priority::Routine,
        Ok(given) => given,
        Err(_) => return Err(BadField::new("priority", "is not one of the contract's values")),
    };
    let mut people = vec![asking(&request.person_id, &request.goal_id, &request.no_goal_reason)?];
    for (i, member) in request.household.iter().enumerate() {
        let field = format!("household[{i}]");
        let member = asking(&member.person_id, &member.goal_id, &member.no_goal_reason)
            .map_err(|bad| bad.within(&field))?;
        if people.iter().any(|known| known.person == member.person) {
            return Err(BadField::new(&field, "is named twice; each member has one referral"));
        }
        people.push(member);
    }
    if people.len() > 1 + MEMBERS {
        return Err(BadField::new("household", "has more than 20 members"));
    }
    let follows = following(request)?;
    if follows.is_some() && people.len() > 1 {
        return Err(BadField::new("household", "follows no other referral; draft each member's own"));
    }
    Ok(Drafting {
        id: ReferralId::new(uuid::Uuid::now_v7()),
        offer: wire::id("offer_id", &request.offer_id)?,
        follows,
        by_programme: false,
        people,
        priority: priority.into(),
        life_domain: wire::choice::<proto::types::LifeDomain>("life_domain", request.life_domain)?.into(),
        need: wire::private("need", &request.need, NEED)?,
    })
}

fn asking(person: &str, goal: &str, reason: &str) -> Result<Asking, BadField> {
    let goal = wire::optional_id("goal_id", goal)?;
    let reason = wire::optional_text("no_goal_reason", reason, REASON)?;
    if goal.is_none() && reason.is_none() {
        return Err(BadField::new(
            "goal_id",
            "is missing; name the goal it serves, or say in no_goal_reason why there is none",
        ));
    }
    Ok(Asking { person: wire::id("person_id", person)?, goal, no_goal_reason: reason.map(Private::Plain) })
}

/// The referrals of the other members, drafted with the first one.
pub fn members(head: ReferralId, request: &pb::DraftReferralRequest) -> Result<Vec<String>, BadField> {
    let member = |member: &pb::HouseholdMember| {
        Ok(of_member(head, wire::id("person_id", &member.person_id)?).to_string())
    };
    request.household.iter().map(member).collect()
}

/// The first one and those of the other members.
pub fn with_members(head: ReferralId, household: &Household) -> Vec<ReferralId> {
    let others: &[PersonId] = match household {
        Household::Head { members } => members,
        Household::Alone | Household::Member { .. } => &[],
    };
    [head].into_iter().chain(others.iter().map(|member| of_member(head, *member))).collect()
}
