//! Taking part in what has no service of its own: case management from the first day, and the clubhouse.
//! Invariant: a participation that a referral opens is never started by hand.

use proto::referrals as refs;
use proto::registry as reg;
use proto::types::Setting;

use super::loops::Came;
use super::{Life, Met};
use crate::demo::calendar::Hour;
use crate::demo::chance::Chance;
use crate::demo::sketch::Place;
use crate::demo::stage::{Halt, Part, Played};
use crate::demo::voice::{id, name, say};

/// Case management: a contact now and then, for as long as the person wants it.
pub async fn casework(life: Life, part: Part, arrived: u32) -> Played {
    let mut chance = life.chance("casework");
    let mut participation = life.begins_casework().await?;
    let mut day = arrived;
    let visits = if chance.percent(25) { chance.between(3, 8) } else { u32::MAX };
    for visit in 0..visits {
        day = life.scene.calendar.working(day + chance.between(18, 40));
        life.until(&part, day, Hour::Noon).await?;
        // A death that was told in error has ended it: it begins anew.
        if life.is_over(Place::Coordination, &participation).await? {
            participation = life.begins_casework().await?;
        }
        let setting = chance.pick([Setting::Office, Setting::Phone, Setting::Home, Setting::Community]);
        let met = Met { setting, purpose: "check-in", reached: chance.percent(88) };
        life.take_part(Place::Coordination, &participation, &mut chance, day, met).await?;
        if visit % 3 == 2 && chance.percent(85) {
            life.look_at_plan().await?;
            life.say_how_it_is(&mut chance, visit).await?;
        }
    }
    life.stop(Place::Coordination, &participation, refs::ClosingReason::CompletedEarly).await
}

/// The clubhouse, by referral: often at first, then less, and some stop coming.
pub async fn club(life: Life, part: Part, arrived: u32) -> Played {
    let mut chance = life.chance("club");
    let day = arrived + chance.between(5, 120);
    let (goal, need) = (life.goals.social.clone(), "somebody to be with during the day");
    let offer = life.scene.town.offers.club.clone();
    let Came::Opened(participation, opened) =
        life.refer(&part, &offer, &goal, need, &mut chance, day).await?
    else {
        return Ok(());
    };
    life.plan(Place::Club, &goal, "clubhouse", &["conversation", "community-participation"], opened).await?;
    life.join_team(Place::Club, reg::TeamRole::PeerSupportWorker, opened).await?;
    let peer = life.worker(Place::Club);
    let request = refs::AssignParticipationRequest {
        request_id: name(),
        participation_id: participation.clone(),
        worker_id: peer.id,
        ..Default::default()
    };
    say!(peer.voice, referrals.assign_participation, request).await?;
    let mut day = opened;
    let visits = chance.pick([6, 15, 30, u32::MAX]);
    let rests = life.chance("rest from the club").percent(20);
    for visit in 0..visits {
        if rests && visit == 5 {
            day = life.rest(&part, Place::Club, &participation, day).await?;
        }
        let pause = if visit < 10 { chance.between(5, 10) } else { chance.between(10, 24) };
        day = life.scene.calendar.working(day + pause);
        life.until(&part, day, Hour::Noon).await?;
        let met = Met { setting: Setting::Community, purpose: "clubhouse-day", reached: true };
        life.take_part(Place::Club, &participation, &mut chance, day, met).await?;
    }
    life.stop(Place::Club, &participation, refs::ClosingReason::NotEngaged).await
}

impl Life {
    async fn begins_casework(&self) -> Result<String, Halt> {
        let request = refs::StartParticipationRequest {
            request_id: name(),
            person_id: self.person.to_string(),
            offer_id: self.scene.town.offers.casework.id.clone(),
            occurred_at: None,
        };
        let worker = self.worker(Place::Coordination);
        Ok(id(say!(worker.voice, referrals.start_participation, request).await?.written))
    }

    /// Whether a death that was told in error has ended it.
    async fn is_over(&self, place: Place, participation: &str) -> Result<bool, Halt> {
        if !self.sketch.mistaken_for_dead() {
            return Ok(false);
        }
        let request =
            refs::GetParticipationRequest { participation_id: participation.to_owned(), at_least: vec![] };
        let found = say!(self.worker(place).voice, referrals.get_participation, request).await?.participation;
        Ok(found.is_some_and(|found| found.ended.is_some()))
    }

    pub(super) async fn take_part(
        &self,
        place: Place,
        participation: &str,
        chance: &mut Chance,
        day: u32,
        met: Met,
    ) -> Played {
        if self.is_over(place, participation).await? {
            return Ok(());
        }
        let worker = self.worker(place);
        let request = refs::AddParticipationContactRequest {
            request_id: name(),
            participation_id: participation.to_owned(),
            contact: Some(self.contact(day, chance, &[&worker], met)),
            ..Default::default()
        };
        say!(worker.voice, referrals.add_participation_contact, request).await?;
        Ok(())
    }

    /// The person wishes to rest for some weeks, and the place is kept for them. Gives the day on which they are back.
    async fn rest(&self, part: &Part, place: Place, participation: &str, day: u32) -> Result<u32, Halt> {
        let (worker, calendar) = (self.worker(place), &self.scene.calendar);
        let from = calendar.working(day + 3);
        self.until(part, from, Hour::Noon).await?;
        if self.is_over(place, participation).await? {
            return Ok(from);
        }
        let request = refs::PauseParticipationRequest {
            request_id: name(),
            participation_id: participation.to_owned(),
            reason: refs::HoldReason::PersonsWish.into(),
            ..Default::default()
        };
        say!(worker.voice, referrals.pause_participation, request).await?;
        let back = calendar.working(from + self.chance("rest from the club").between(21, 45));
        self.until(part, back, Hour::Noon).await?;
        if self.is_over(place, participation).await? {
            return Ok(back);
        }
        let request = refs::ResumeParticipationRequest {
            request_id: name(),
            participation_id: participation.to_owned(),
            ..Default::default()
        };
        say!(worker.voice, referrals.resume_participation, request).await?;
        Ok(back)
    }

    pub(super) async fn stop(
        &self,
        place: Place,
        participation: &str,
        reason: refs::ClosingReason,
    ) -> Played {
        if self.is_over(place, participation).await? {
            return Ok(());
        }
        let request = refs::EndParticipationRequest {
            request_id: name(),
            participation_id: participation.to_owned(),
            reason: reason.into(),
            ..Default::default()
        };
        say!(self.worker(place).voice, referrals.end_participation, request).await?;
        Ok(())
    }
}
