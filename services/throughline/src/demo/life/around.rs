//! Who and what is around a person: how they are reached, whom to call, what warns them, and who lives with them.
//! Invariant: no number in it can be dialled (555-01xx, the North American numbers kept for invented people).

use proto::registry as reg;
use proto::types::Voice as Words;

use super::{Life, doubles};
use crate::demo::calendar::Hour;
use crate::demo::chance::Chance;
use crate::demo::sketch::Place;
use crate::demo::stage::{Halt, Part, Played};
use crate::demo::town::Worker;
use crate::demo::voice::{name, say};
use crate::demo::words;

impl Life {
    /// How to reach them, safely, and whom to call; some say what tells them that a crisis is near.
    pub(super) async fn say_around(&self, worker: &Worker) -> Played {
        let mut chance = self.chance("around");
        if chance.percent(70) || self.sketch.number == 1 {
            self.say_phone(worker, &mut chance).await?;
        }
        if chance.percent(45) || self.sketch.number == 1 {
            self.say_whom_to_call(worker, &mut chance).await?;
        }
        if chance.percent(35) || self.sketch.number == 1 {
            let request = reg::SetWarningSignsRequest {
                request_id: name(),
                person_id: self.person.to_string(),
                text: words::warning(&mut chance).to_owned(),
                voice: Words::Person.into(),
                ..Default::default()
            };
            say!(worker.voice, registry.set_warning_signs, request).await?;
        }
        if self.sketch.restricted {
            let reasons = [reg::RestrictionReason::FleeingViolence, reg::RestrictionReason::OwnWish];
            let request = reg::RestrictPersonRequest {
                request_id: name(),
                person_id: self.person.to_string(),
                reason: chance.pick(reasons).into(),
                voice: Words::Person.into(),
                ..Default::default()
            };
            say!(worker.voice, registry.restrict_person, request).await?;
        }
        Ok(())
    }

    async fn say_phone(&self, worker: &Worker, chance: &mut Chance) -> Played {
        let shared = chance.percent(20);
        let point = reg::ContactPoint {
            // On a phone that is shared nothing is left, and nobody says who calls.
            whose: if shared { "a friend's phone".to_owned() } else { String::new() },
            safe_to_leave_message: !shared && chance.percent(70),
            safe_to_say_who_calls: !shared && chance.percent(50),
            best_times: chance.pick(["after ten", "in the evening", ""]).to_owned(),
            ..phone(chance)
        };
        let request = reg::SetContactPointRequest {
            request_id: name(),
            person_id: self.person.to_string(),
            contact_point: Some(point),
            ..Default::default()
        };
        say!(worker.voice, registry.set_contact_point, request).await?;
        Ok(())
    }

    /// Whom to call in a crisis; some of those stand at the person's side.
    async fn say_whom_to_call(&self, worker: &Worker, chance: &mut Chance) -> Played {
        let (called, relationship) = words::close(chance);
        let contact = reg::CrisisContact {
            name: called.to_owned(),
            relationship: relationship.to_owned(),
            reached: Some(phone(chance)),
        };
        let request = reg::SetCrisisContactRequest {
            request_id: name(),
            person_id: self.person.to_string(),
            contact: Some(contact),
            ..Default::default()
        };
        say!(worker.voice, registry.set_crisis_contact, request).await?;
        if !chance.percent(50) {
            return Ok(());
        }
        let request = reg::AddTeamMemberRequest {
            request_id: name(),
            person_id: self.person.to_string(),
            role: reg::TeamRole::Family.into(),
            name: format!("{called}, {relationship}"),
            ..Default::default()
        };
        say!(worker.voice, registry.add_team_member, request).await?;
        Ok(())
    }

    async fn joins(
        &self,
        worker: &Worker,
        household_id: String,
        relationship: reg::HouseholdRelationship,
        day: u32,
    ) -> Result<String, Halt> {
        let membership = reg::HouseholdMembership {
            household_id,
            relationship: relationship.into(),
            from: Some(self.date(day)),
            until: None,
        };
        let request = reg::JoinHouseholdRequest {
            request_id: name(),
            person_id: self.person.to_string(),
            membership: Some(membership),
            ..Default::default()
        };
        Ok(say!(worker.voice, registry.join_household, request).await?.household_id)
    }
}

fn phone(chance: &mut Chance) -> reg::ContactPoint {
    reg::ContactPoint {
        kind: reg::ContactKind::Phone.into(),
        value: format!("+1 312 555 01{:02}", chance.below(100)),
        r#use: reg::ContactUse::Mobile.into(),
        ..Default::default()
    }
}

/// Whoever lives with the person comes along the next day, and says for themself who may learn what.
pub async fn household(life: Life, part: Part, arrived: u32) -> Played {
    let mut chance = life.chance("household");
    let day = life.scene.calendar.working(arrived + 1);
    life.until(&part, day, Hour::Noon).await?;
    let worker = life.worker(Place::Coordination);
    let named = &life.sketch.named;
    let (given, relationship) = words::companion(&mut chance);
    let (year, month, day_of_birth) = named.born;
    let born = (year + 2, month % 12 + 1, day_of_birth);
    let details = doubles::details((given, named.family), "", born);
    let other = life.beside(&doubles::register_as(&worker, details, vec![]).await?);
    let household = life.joins(&worker, String::new(), reg::HouseholdRelationship::Head, day).await?;
    other.joins(&worker, household, relationship, day).await?;
    other.consent(&worker, day).await?;
    // A death that was told would end them, and what both were referred for with it.
    if life.consents_to(Place::Club) && !life.sketch.mistaken_for_dead() {
        life.cue(|life, part| super::daily_life::evenings(life, part, other, day));
    }
    Ok(())
}
