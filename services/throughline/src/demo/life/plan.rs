//! What is planned with a person, who is at their side, and how they say they are.
//! Invariant: what the person agreed to is told in the person's own words.

use anyhow::Context;
use proto::registry as reg;
use proto::types::Voice as Words;

use super::Life;
use crate::demo::calendar::Hour;
use crate::demo::chance::Chance;
use crate::demo::sketch::Place;
use crate::demo::stage::{Halt, Part, Played};
use crate::demo::town::Worker;
use crate::demo::voice::{name, say};

impl Life {
    /// Says that work on a goal has begun, in the plan and at the goal.
    pub(super) async fn plan(
        &self,
        place: Place,
        goal: &str,
        practice: &str,
        skills: &[&str],
        day: u32,
    ) -> Result<String, Halt> {
        if goal.is_empty() {
            return Ok(String::new());
        }
        let (worker, coordinator) = (self.worker(place), self.worker(Place::Coordination));
        let content = reg::PlanItemContent {
            goal_id: goal.to_owned(),
            practice: practice.to_owned(),
            skills: skills.iter().map(|&skill| skill.to_owned()).collect(),
            stance: proto::types::Stance::BuildIndependence.into(),
            worker_id: worker.id.clone(),
            agency_id: self.scene.town.agency(place).id.clone(),
            from: Some(self.date(day)),
            ..Default::default()
        };
        let request = reg::AddPlanItemRequest {
            request_id: name(),
            person_id: self.person.to_string(),
            content: Some(content),
            voice: Words::Person.into(),
            ..Default::default()
        };
        let item = say!(coordinator.voice, registry.add_plan_item, request).await?.plan_item_id;
        let request =
            reg::ActivateGoalRequest { request_id: name(), goal_id: goal.to_owned(), ..Default::default() };
        say!(coordinator.voice, registry.activate_goal, request).await?;
        let mut chance = self.chance(practice);
        if chance.percent(80) || self.sketch.number == 1 {
            let overseen = chance.percent(70);
            self.agree(&coordinator, &item, day, overseen).await?;
        }
        Ok(item)
    }

    /// The person agrees to the version that the item made; most of those an overseer looks at on the next day.
    async fn agree(&self, coordinator: &Worker, item: &str, day: u32, overseen: bool) -> Played {
        let person_id = self.person.to_string();
        let request = reg::ListPlanVersionsRequest {
            person_id: person_id.clone(),
            page_size: 200,
            ..Default::default()
        };
        let versions = say!(coordinator.voice, registry.list_plan_versions, request).await?.versions;
        let made = |version: &reg::PlanVersion| version.plan_item_id == item;
        let version_id = versions.into_iter().find(made).context("a plan item made no version")?.id;
        let request = reg::AgreePlanRequest {
            request_id: name(),
            person_id,
            version_id: version_id.clone(),
            voice: Words::Person.into(),
            ..Default::default()
        };
        say!(coordinator.voice, registry.agree_plan, request).await?;
        if overseen {
            self.cue(|life, part| approve(life, part, version_id, day));
        }
        Ok(())
    }

    /// A place's worker is at the person's side from that day on.
    pub(super) async fn join_team(&self, place: Place, role: reg::TeamRole, day: u32) -> Played {
        let request = reg::AddTeamMemberRequest {
            request_id: name(),
            person_id: self.person.to_string(),
            role: role.into(),
            worker_id: self.worker(place).id,
            agency_id: self.scene.town.agency(place).id.clone(),
            from: Some(self.date(day)),
            ..Default::default()
        };
        say!(self.worker(Place::Coordination).voice, registry.add_team_member, request).await?;
        Ok(())
    }

    /// How the person says they are, on a scale or two: for most it grows better with time, for some it stays or grows worse.
    pub(super) async fn say_how_it_is(&self, chance: &mut Chance, visit: u32) -> Played {
        let later = (visit / 3).min(2);
        let course = match self.sketch.number % 5 {
            3 => 2 - later,
            4 => 1,
            _ => later,
        };
        let own = chance.pick(["supported", "skill-money", "skill-community-participation"]);
        for scale in ["hopeful", own] {
            let score = 1 + course + chance.below(2);
            let request = reg::TakeMeasureRequest {
                request_id: name(),
                person_id: self.person.to_string(),
                scale: scale.to_owned(),
                score: score.to_string(),
                voice: Words::Person.into(),
                ..Default::default()
            };
            say!(self.worker(Place::Coordination).voice, registry.take_measure, request).await?;
        }
        Ok(())
    }

    /// The coordinator looks at the plan with the person, where anything in it goes on.
    pub(super) async fn look_at_plan(&self) -> Played {
        let coordinator = self.worker(Place::Coordination);
        let person_id = self.person.to_string();
        let request = reg::GetPlanRequest { person_id: person_id.clone(), ..Default::default() };
        let plan = say!(coordinator.voice, registry.get_plan, request).await?.plan;
        if plan.is_some_and(|plan| plan.review.is_some()) {
            let request = reg::ReviewPlanRequest { request_id: name(), person_id, ..Default::default() };
            say!(coordinator.voice, registry.review_plan, request).await?;
        }
        Ok(())
    }
}

/// Whoever oversees case management approves what it changed.
async fn approve(life: Life, part: Part, version_id: String, changed: u32) -> Played {
    life.until(&part, life.scene.calendar.working(changed + 1), Hour::Noon).await?;
    let request = reg::ApprovePlanRequest {
        request_id: name(),
        person_id: life.person.to_string(),
        version_id,
        ..Default::default()
    };
    say!(life.scene.town.overseer.voice, registry.approve_plan, request).await?;
    Ok(())
}
