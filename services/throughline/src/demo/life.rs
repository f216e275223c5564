//! One life, played: it arrives, says what it wants and who may see, and then several things happen to it at once.
//! Invariant: what happens is drawn from the life's own chance alone, so nobody else's luck changes it.

mod around;
mod consents;
mod daily_life;
mod doubles;
mod emergency;
mod ends;
mod home;
mod loops;
mod plan;
mod recovery;
mod taking_part;
mod therapy;
mod ways;
mod work;

use std::sync::Arc;

use jiff::Timestamp;
use proto::google::r#type::Date;
use proto::housing as hous;
use proto::registry as reg;
use proto::types::{Contact, LifeDomain, Setting, Voice as Words};

use super::calendar::{Calendar, Hour, ZONE};
use super::chance::Chance;
use super::sketch::{Place, Sketch};
use super::stage::{Halt, Part, Played, Stage};
use super::town::{Town, Worker};
use super::voice::{id, name, say};
use super::words;

/// The system of the identifiers that people of the demo carry, and the source that all its agencies share.
pub const IDENTIFIER: &str = "demo";

/// Where lives are played.
#[derive(Clone)]
pub struct Scene {
    pub town: Arc<Town>,
    pub calendar: Arc<Calendar>,
    pub stage: Stage,
}

/// A life that has arrived. Clones are the same.
#[derive(Clone)]
struct Life {
    scene: Scene,
    sketch: Arc<Sketch>,
    person: Arc<str>,
    goals: Arc<Goals>,
}

/// What the person wants, by goal id; empty where they did not say.
#[derive(Default)]
struct Goals {
    work: String,
    home: String,
    well: String,
    social: String,
}

/// The identifier of the person with this number.
pub fn identifier(number: u32) -> String {
    format!("P-{number:04}")
}

/// Plays a life from its first day to its last.
///
/// # Errors
/// A command that was refused.
pub async fn play(scene: Scene, sketch: Sketch, part: Part) -> Played {
    let day = scene.calendar.working(sketch.arrives);
    part.until(scene.calendar.written(day, Hour::Noon)).await?;
    let sketch = Arc::new(sketch);
    let worker = scene.town.worker(Place::Coordination, sketch.number).clone();
    let person = doubles::register(&worker, &sketch).await?;
    let goals = Goals::default();
    let mut life = Life { scene, sketch, person: person.into(), goals: Arc::new(goals) };
    let said = life.consent(&worker, day).await?;
    life.say_around(&worker).await?;
    let strength = life.say_strengths(&worker).await?;
    life.goals = Arc::new(life.say_goals(&worker, strength).await?);
    life.note_where(&worker, day).await?;
    life.join_team(Place::Coordination, reg::TeamRole::Coordinator, day).await?;
    life.cue(|life, part| consents::for_a_while(life, part, day));
    life.cue(|life, part| emergency::strikes(life, part, day));
    if let Some(first) = said {
        life.cue(|life, part| consents::anew(life, part, day, first));
    }
    life.cue(|life, part| taking_part::casework(life, part, day));
    life.cue(|life, part| ways::elsewhere(life, part, day));
    if life.sketch.nights.is_some() {
        life.cue(|life, part| home::nights(life, part, day));
    }
    if life.sketch.work {
        life.cue(|life, part| work::find(life, part, day));
    }
    if life.sketch.hour.is_some() {
        life.cue(|life, part| therapy::attend(life, part, day));
    }
    if life.sketch.home.is_some() {
        life.cue(|life, part| home::find(life, part, day));
    }
    if life.sketch.club {
        life.cue(|life, part| taking_part::club(life, part, day));
    }
    // A death that was told ends what somebody takes part in, and what they were referred for with it.
    let learns = life.sketch.number == 1 || life.chance("learns").percent(40);
    if learns && !life.sketch.mistaken_for_dead() {
        life.cue(|life, part| daily_life::learn(life, part, day));
    }
    if !life.sketch.mistaken_for_dead() {
        life.cue(|life, part| ways::unusual(life, part, day));
        life.cue(|life, part| recovery::group(life, part, day));
    }
    if life.sketch.household {
        life.cue(|life, part| around::household(life, part, day));
    }
    if life.sketch.double.is_some() {
        life.cue(|life, part| doubles::double(life, part, day));
    }
    if let Some(death) = life.sketch.death {
        life.cue(|life, part| ends::die(life, part, death));
    }
    match life.sketch.erased {
        Some(day) => ends::erase(life, part, day).await,
        None => Ok(()),
    }
}

/// The skills that a contact of this purpose is about, and its stance.
fn trains(purpose: &str) -> (Vec<String>, i32) {
    let skills: &[&str] = match purpose {
        "career-planning" => &["job-search"],
        "follow-along" => &["job-keeping", "work-relations"],
        "clubhouse-day" => &["conversation"],
        "daily-living" => &["daily-living", "money"],
        _ => return (vec![], 0),
    };
    let skills = skills.iter().map(|&skill| skill.to_owned()).collect();
    (skills, proto::types::Stance::BuildIndependence.into())
}

impl Life {
    /// Lets something happen to this life beside the rest.
    fn cue<F>(&self, happens: impl FnOnce(Life, Part) -> F)
    where
        F: Future<Output = Played> + Send + 'static,
    {
        let life = self.clone();
        self.scene.stage.cue(|part| happens(life, part));
    }

    /// The same life under another record, or of somebody who came along.
    fn beside(&self, person: &str) -> Self {
        Self { person: person.into(), goals: Arc::default(), ..self.clone() }
    }

    /// Waits for an hour of a day, and no further than the last one.
    async fn until(&self, part: &Part, day: u32, hour: Hour) -> Played {
        if day > self.sketch.last() {
            return Err(Halt::Over);
        }
        part.until(self.scene.calendar.written(day, hour)).await
    }

    /// A source of what happens in one part of this life.
    fn chance(&self, part: &str) -> Chance {
        self.sketch.chance.fork(part)
    }

    fn worker(&self, place: Place) -> Worker {
        self.scene.town.worker(place, self.sketch.number).clone()
    }

    fn date(&self, day: u32) -> Date {
        self.scene.calendar.date(day)
    }

    fn consents_to(&self, place: Place) -> bool {
        self.sketch.consents.contains(&place)
    }

    /// An instant of that day's morning, before noon is written.
    fn morning(&self, day: u32, chance: &mut Chance) -> Timestamp {
        self.scene.calendar.at(day, chance.between(9, 11), 5 * chance.below(12))
    }

    /// A contact of that morning.
    fn contact(&self, day: u32, chance: &mut Chance, workers: &[&Worker], met: Met) -> Contact {
        let (skills, stance) = trains(met.purpose);
        Contact {
            occurred: Some(self.scene.calendar.occurred(self.morning(day, chance))),
            minutes: if met.reached { 10 * chance.between(2, 9) } else { 0 },
            setting: met.setting.into(),
            reached: met.reached,
            purpose: met.purpose.to_owned(),
            worker_ids: workers.iter().map(|worker| worker.id.clone()).collect(),
            skills,
            stance,
        }
    }

    /// Strengths come first: what the person says they can count on, and how they would have things.
    /// Gives the strength.
    async fn say_strengths(&self, worker: &Worker) -> Result<String, Halt> {
        let mut chance = self.chance("strengths");
        let (strength, preference) = (reg::FacetKind::Strength, reg::FacetKind::Preference);
        let mut noted = String::new();
        for (kind, text) in
            [(strength, words::strength(&mut chance)), (preference, words::preference(&mut chance))]
        {
            let content = reg::FacetContent { text: text.to_owned(), ..Default::default() };
            let request = reg::NoteFacetRequest {
                request_id: name(),
                person_id: self.person.to_string(),
                kind: kind.into(),
                content: Some(content),
                voice: Words::Person.into(),
            };
            let facet = id(say!(worker.voice, registry.note_facet, request).await?.written);
            if kind == strength {
                noted = facet;
            }
        }
        Ok(noted)
    }

    /// What the person wants; work builds on their strength, of the rest it is not yet explored.
    async fn say_goals(&self, worker: &Worker, strength: String) -> Result<Goals, Halt> {
        use reg::Environment::{Living, Social, Unspecified, Working};
        let mut chance = self.chance("goals");
        let (sketch, mut goals) = (&self.sketch, Goals::default());
        if sketch.work || chance.percent(15) {
            let text = words::work_goal(&mut chance);
            goals.work = self.set_goal(worker, text, LifeDomain::Employment, Working, strength).await?;
        }
        if sketch.home.is_some() || chance.percent(10) {
            let text = words::home_goal(&mut chance);
            goals.home = self.set_goal(worker, text, LifeDomain::Housing, Living, String::new()).await?;
        }
        if sketch.hour.is_some() {
            let text = words::well_goal(&mut chance);
            goals.well = self.set_goal(worker, text, LifeDomain::Health, Unspecified, String::new()).await?;
        }
        if sketch.club {
            let text = words::social_goal(&mut chance);
            goals.social =
                self.set_goal(worker, text, LifeDomain::PeerAndSocial, Social, String::new()).await?;
        }
        Ok(goals)
    }

    async fn set_goal(
        &self,
        worker: &Worker,
        text: &str,
        domain: LifeDomain,
        environment: reg::Environment,
        strength_facet_id: String,
    ) -> Result<String, Halt> {
        let content = reg::GoalContent {
            text: text.to_owned(),
            life_domains: vec![domain.into()],
            environment: environment.into(),
            strength_facet_id,
            ..Default::default()
        };
        let request = reg::SetGoalRequest {
            request_id: name(),
            person_id: self.person.to_string(),
            content: Some(content),
            voice: Words::Person.into(),
        };
        Ok(id(say!(worker.voice, registry.set_goal, request).await?.written))
    }

    /// How far the person says a goal is achieved.
    async fn rate(&self, goal: &str, achievement: reg::Achievement) -> Played {
        if goal.is_empty() {
            return Ok(());
        }
        let request = reg::RateGoalRequest {
            request_id: name(),
            goal_id: goal.to_owned(),
            achievement: achievement.into(),
            voice: Words::Person.into(),
            ..Default::default()
        };
        say!(self.worker(Place::Coordination).voice, registry.rate_goal, request).await?;
        Ok(())
    }

    /// Where the person stays, as they tell it when they come.
    async fn note_where(&self, worker: &Worker, day: u32) -> Played {
        let mut chance = self.chance("where");
        // HMIS 3.12: a place not meant for living in, with family, with friends, a rental without subsidy.
        let code = if self.sketch.nights.is_some() { 116 } else { chance.pick([336, 335, 410]) };
        let met = Met { setting: Setting::Office, purpose: "intake", reached: true };
        let request = hous::NoteLivingSituationRequest {
            request_id: name(),
            person_id: self.person.to_string(),
            place: Some(hous::Place { code, ..Default::default() }),
            contact: Some(self.contact(day, &mut chance, &[worker], met)),
            zone: ZONE.to_owned(),
            ..Default::default()
        };
        say!(worker.voice, housing.note_living_situation, request).await?;
        Ok(())
    }
}

/// What a contact was.
#[derive(Clone, Copy)]
struct Met {
    setting: Setting,
    purpose: &'static str,
    reached: bool,
}
