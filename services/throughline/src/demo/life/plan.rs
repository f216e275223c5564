//! What is planned with a person, who is at their side, and how they say they are.
//! Invariant: what the person agreed to is told in the person's own words.

use proto::registry as reg;
use proto::types::Voice as Words;

use super::Life;
use crate::demo::sketch::Place;
use crate::demo::stage::{Halt, Played};
use crate::demo::voice::{id, name, say};

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
        let item = id(say!(coordinator.voice, registry.add_plan_item, request).await?.written);
        let request =
            reg::ActivateGoalRequest { request_id: name(), goal_id: goal.to_owned(), ..Default::default() };
        say!(coordinator.voice, registry.activate_goal, request).await?;
        Ok(item)
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

    /// How hopeful the person says they are.
    pub(super) async fn say_how_hopeful(&self, score: u32) -> Played {
        let request = reg::TakeMeasureRequest {
            request_id: name(),
            person_id: self.person.to_string(),
            scale: "hopeful".to_owned(),
            score: score.to_string(),
            voice: Words::Person.into(),
            ..Default::default()
        };
        say!(self.worker(Place::Coordination).voice, registry.take_measure, request).await?;
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
