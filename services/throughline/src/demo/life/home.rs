//! Roofs: nights in the shelter, and the way from a referral to a home of one's own.
//! Invariant: a bed night is told within the days that a request may look back; a unit is this life's alone.

use proto::housing as hous;
use proto::registry as reg;
use proto::registry::Achievement;

use super::Life;
use super::loops::Came;
use crate::demo::calendar::Hour;
use crate::demo::chance::Chance;
use crate::demo::sketch::Place;
use crate::demo::stage::{Halt, Part, Played};
use crate::demo::town::{Offer, Worker};
use crate::demo::voice::{name, say};

/// The first nights are in the shelter.
pub async fn nights(life: Life, part: Part, arrived: u32) -> Played {
    let nights = life.sketch.nights.unwrap_or(0);
    sleep_over(life, part, arrived, nights).await
}

/// A few nights under another name.
pub async fn few_nights(life: Life, part: Part, arrived: u32) -> Played {
    sleep_over(life, part, arrived, 5).await
}

async fn sleep_over(life: Life, part: Part, arrived: u32, nights: u32) -> Played {
    let mut chance = life.chance("nights");
    life.until(&part, arrived, Hour::Evening).await?;
    let shelter = life.worker(Place::Shelter);
    let member =
        hous::Member { person_id: life.person.to_string(), relationship: hous::Relationship::Self_.into() };
    let request = hous::MatchPlacementRequest {
        request_id: name(),
        unit_group_id: life.scene.town.beds.clone(),
        members: vec![member],
        ..Default::default()
    };
    let placement = say!(shelter.voice, housing.match_placement, request).await?;
    let stay =
        Stay { placement: placement.placement_ids.first().cloned().unwrap_or_default(), worker: shelter };
    stay.offer().await?;
    stay.accept().await?;
    stay.admit().await?;
    let (mut from, until) = (arrived, arrived + nights);
    while from < until {
        let told = (from + 7).min(until);
        life.until(&part, told, Hour::Noon).await?;
        let slept: Vec<u32> = (from..told).filter(|_| chance.percent(85)).collect();
        if !slept.is_empty() {
            let request = hous::AddNightsRequest {
                request_id: name(),
                placement_id: stay.placement.clone(),
                nights: slept.into_iter().map(|day| life.date(day)).collect(),
                ..Default::default()
            };
            say!(stay.worker.voice, housing.add_nights, request).await?;
        }
        from = told;
    }
    life.until(&part, until + 1, Hour::Noon).await?;
    // HMIS 3.12: with family, with friends, a place not meant for living in, not known.
    stay.exit(chance.pick([336, 335, 116, 99])).await
}

/// A home, by referral.
pub async fn find(life: Life, part: Part, arrived: u32) -> Played {
    let Some(home) = life.sketch.home else { return Ok(()) };
    let mut chance = life.chance("home");
    let day = arrived + chance.between(2, 60);
    if home.twice {
        life.cue(|life, part| find_another(life, part, day));
    }
    let offer = life.scene.town.offers.homes.clone();
    let unit = life.scene.town.units[home.unit].clone();
    settle_in(&life, &part, &offer, Some(unit), &mut chance, day).await
}

/// Another programme finds them a home as well, and neither knows.
async fn find_another(life: Life, part: Part, day: u32) -> Played {
    let mut chance = life.chance("home again");
    let day = day + chance.between(10, 30);
    let offer = life.scene.town.offers.rapid.clone();
    settle_in(&life, &part, &offer, None, &mut chance, day).await
}

async fn settle_in(
    life: &Life,
    part: &Part,
    offer: &Offer,
    unit: Option<String>,
    chance: &mut Chance,
    day: u32,
) -> Played {
    let Some((stay, mut day)) = way_in(life, part, offer, unit, chance, day).await? else { return Ok(()) };
    // Most move in within days; some wait for months, and that is seen.
    day += if chance.percent(12) { chance.between(65, 110) } else { chance.between(0, 12) };
    life.until(part, day, Hour::Evening).await?;
    stay.move_in().await?;
    life.rate(&life.goals.home, Achievement::Achieved).await?;
    if chance.percent(65) {
        return Ok(());
    }
    day += chance.between(60, 400);
    life.until(part, day, Hour::Noon).await?;
    // HMIS 3.12: a rental without subsidy, with family for good, with friends, not known.
    stay.exit(chance.pick([410, 422, 335, 99])).await
}

/// From the referral to the admission, with its day; none where it comes to nothing. What a death that was told in error has called off on the way begins anew.
async fn way_in(
    life: &Life,
    part: &Part,
    offer: &Offer,
    unit: Option<String>,
    chance: &mut Chance,
    mut day: u32,
) -> Result<Option<(Stay, u32)>, Halt> {
    let goal = &life.goals.home;
    for first in [true, false] {
        let need = "a home that the person can keep";
        let Came::Opened(placement, opened) = life.refer(part, offer, goal, need, chance, day).await? else {
            return Ok(None);
        };
        if first {
            let skills = ["keeping-a-tenancy", "money"];
            life.plan(offer.of, goal, "supported-housing", &skills, opened).await?;
            life.join_team(offer.of, reg::TeamRole::HousingSpecialist, opened).await?;
        }
        let stay = Stay { placement, worker: life.worker(offer.of) };
        match stay.comes_to(life, part, unit.clone(), chance, opened).await? {
            CameTo::Admission(day) => return Ok(Some((stay, day))),
            CameTo::Nothing => return Ok(None),
            // Nobody is mistaken for dead twice.
            CameTo::CalledOff(on) => day = on,
        }
    }
    Ok(None)
}

/// What a placement came to, and on which day.
enum CameTo {
    Admission(u32),
    /// The person would rather not.
    Nothing,
    CalledOff(u32),
}

/// A placement and who speaks for it.
struct Stay {
    placement: String,
    worker: Worker,
}

/// A method that moves the placement on.
macro_rules! moves {
    ($name:ident, $method:ident, $request:ident) => {
        async fn $name(&self) -> Played {
            let request = hous::$request {
                request_id: name(),
                placement_id: self.placement.clone(),
                ..Default::default()
            };
            say!(self.worker.voice, housing.$method, request).await?;
            Ok(())
        }
    };
}

impl Stay {
    moves!(offer, offer_placement, OfferPlacementRequest);
    moves!(accept, accept_placement, AcceptPlacementRequest);
    moves!(decline, decline_placement, DeclinePlacementRequest);
    moves!(admit, admit_placement, AdmitPlacementRequest);
    moves!(move_in, move_in_placement, MoveInPlacementRequest);

    /// From the match to the admission.
    async fn comes_to(
        &self,
        life: &Life,
        part: &Part,
        unit: Option<String>,
        chance: &mut Chance,
        matched: u32,
    ) -> Result<CameTo, Halt> {
        let calendar = &life.scene.calendar;
        let mut day = calendar.working(matched + chance.between(5, 60));
        life.until(part, day, Hour::Noon).await?;
        if self.is_off(life).await? {
            return Ok(CameTo::CalledOff(day));
        }
        self.offer().await?;
        day = calendar.working(day + chance.between(1, 6));
        life.until(part, day, Hour::Noon).await?;
        if self.is_off(life).await? {
            return Ok(CameTo::CalledOff(day));
        }
        if chance.percent(8) {
            self.decline().await?;
            return Ok(CameTo::Nothing);
        }
        self.accept().await?;
        day = calendar.working(day + chance.between(2, 14));
        life.until(part, day, Hour::Noon).await?;
        if self.is_off(life).await? {
            return Ok(CameTo::CalledOff(day));
        }
        if let Some(unit) = unit {
            self.assign(unit).await?;
        }
        self.admit().await?;
        Ok(CameTo::Admission(day))
    }

    /// Whether a death that was told in error has called it off.
    async fn is_off(&self, life: &Life) -> Result<bool, Halt> {
        if !life.sketch.mistaken_for_dead() {
            return Ok(false);
        }
        let request =
            hous::GetPlacementRequest { placement_id: self.placement.clone(), ..Default::default() };
        let found = say!(self.worker.voice, housing.get_placement, request).await?.placement;
        Ok(found.is_some_and(|found| found.state() == hous::PlacementState::Cancelled))
    }

    async fn assign(&self, unit_id: String) -> Result<(), Halt> {
        let request = hous::AssignUnitRequest {
            request_id: name(),
            placement_id: self.placement.clone(),
            unit_id,
            ..Default::default()
        };
        say!(self.worker.voice, housing.assign_unit, request).await?;
        Ok(())
    }

    async fn exit(&self, code: u32) -> Played {
        let request = hous::ExitPlacementRequest {
            request_id: name(),
            placement_id: self.placement.clone(),
            destination: Some(hous::Place { code, ..Default::default() }),
            ..Default::default()
        };
        say!(self.worker.voice, housing.exit_placement, request).await?;
        Ok(())
    }
}
