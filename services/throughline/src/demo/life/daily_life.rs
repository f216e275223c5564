//! Help with daily life: offers are weighed and the best one is asked, and not every way from there is straight.
//! Invariant: which offer is asked follows from what the service answers; what comes of it, from the life's own chance.

use anyhow::Context;
use proto::referrals as refs;
use proto::types::{LifeDomain, Setting};

use super::loops::Asking;
use super::{Life, Met};
use crate::demo::calendar::Hour;
use crate::demo::chance::Chance;
use crate::demo::sketch::Place;
use crate::demo::stage::{Halt, Part, Played};
use crate::demo::town::Offer;
use crate::demo::voice::{id, name, say};

const NEED: &str = "a hand with what a day asks for";

/// By referral to whoever fits best.
pub async fn learn(life: Life, part: Part, arrived: u32) -> Played {
    let mut chance = life.chance("daily life");
    let calendar = &life.scene.calendar;
    let sent = calendar.working(arrived + chance.between(4, 40));
    life.until(&part, sent, Hour::Noon).await?;
    let offer = life.best_offer(&mut chance).await?;
    let coordinator = life.worker(Place::Coordination);
    let asking = Asking { offer: &offer, goal: "", need: NEED, after: None };
    let referral = life.send(&coordinator, &asking, &mut chance).await?;
    // Many that go to the videos lie there until they have run out.
    if offer.of == Place::Club && chance.percent(60) {
        return Ok(());
    }
    let day = calendar.working(sent + chance.between(1, 5));
    let whole = life.accepted(&part, offer.of, referral, day).await?;
    if offer.of == Place::Club {
        return life.visits(&part, &whole, &mut chance, day).await;
    }
    match if life.sketch.number == 1 { 50 } else { chance.below(100) } {
        0..=29 => life.goes_elsewhere(&part, &whole, &mut chance, day).await,
        30..=49 => life.visits(&part, &whole, &mut chance, day).await,
        50..=74 => life.in_parts(&part, &whole, refs::SplitRule::All, &mut chance, day).await,
        _ => life.in_parts(&part, &whole, refs::SplitRule::Any, &mut chance, day).await,
    }
}

/// Evenings for a household: all are referred together, or none.
pub async fn evenings(life: Life, part: Part, other: Life, together: u32) -> Played {
    let mut chance = life.chance("evenings");
    let calendar = &life.scene.calendar;
    let sent = calendar.working(together + chance.between(3, 30));
    life.until(&part, sent, Hour::Noon).await?;
    let (coordinator, offer) = (life.worker(Place::Coordination), life.scene.town.offers.family.clone());
    let member = refs::HouseholdMember {
        person_id: other.person.to_string(),
        no_goal_reason: "came along".to_owned(),
        ..Default::default()
    };
    let request = refs::DraftReferralRequest {
        household: vec![member],
        ..life.asking(&offer, "", "evenings with others who live together", refs::Priority::Routine)
    };
    let drafted = say!(coordinator.voice, referrals.draft_referral, request).await?;
    let head = id(drafted.written);
    let request = refs::SendHouseholdReferralRequest {
        request_id: name(),
        referral_id: head.clone(),
        ..Default::default()
    };
    say!(coordinator.voice, referrals.send_household_referral, request).await?;
    let day = calendar.working(sent + chance.between(1, 4));
    let mut theirs = vec![life.accepted(&part, offer.of, head, day).await?];
    for referral in drafted.household_referral_ids {
        theirs.push(other.accepted(&part, offer.of, referral, day).await?);
    }
    let [own, others] = theirs.as_slice() else { return Ok(()) };
    let mut day = day;
    for _ in 0..chance.between(4, 10) {
        day = calendar.working(day + 14);
        life.until(&part, day, Hour::Noon).await?;
        let met = Met { setting: Setting::Community, purpose: "family-evening", reached: true };
        life.take_part(own.place, &own.participation, &mut chance, day, met).await?;
        other.take_part(others.place, &others.participation, &mut chance, day, met).await?;
    }
    other.serve_and_close(others).await?;
    life.serve_and_close(own).await
}

/// A referral that was accepted, by whom, and the participation that this opened.
pub(super) struct Served {
    pub(super) place: Place,
    pub(super) referral: String,
    pub(super) participation: String,
}

impl Life {
    /// The offer that ranks first for what the person needs.
    async fn best_offer(&self, chance: &mut Chance) -> Result<Offer, Halt> {
        let mode = if chance.percent(60) || self.sketch.number == 1 {
            refs::OfferMode::InPerson
        } else {
            refs::OfferMode::Video
        };
        let request = refs::MatchOffersRequest {
            person_id: self.person.to_string(),
            life_domain: LifeDomain::BasicLivingSkills.into(),
            practice: "skills-training".to_owned(),
            modes: vec![mode.into()],
            languages: vec!["en".to_owned()],
            place: Some(refs::Place { names: vec!["Testville".to_owned()], ..Default::default() }),
            ..Default::default()
        };
        let coordinator = self.worker(Place::Coordination);
        let found = say!(coordinator.voice, referrals.match_offers, request).await?.matches;
        let best = found.into_iter().next().and_then(|best| best.offer).map(|offer| offer.id);
        let offers = &self.scene.town.offers;
        let mut known = [&offers.skills, &offers.skills_by_video].into_iter();
        let offer = known.find(|offer| best.as_ref() == Some(&offer.id)).cloned();
        Ok(offer.context("no offer of the town ranks first for help with daily life")?)
    }

    /// It is accepted on that day; the participation opens by itself.
    pub(super) async fn accepted(
        &self,
        part: &Part,
        place: Place,
        referral: String,
        day: u32,
    ) -> Result<Served, Halt> {
        self.until(part, day, Hour::Noon).await?;
        let participation = self.accept(part, place, &referral).await?;
        Ok(Served { place, referral, participation })
    }

    /// Some hours together, and it has done what it was for.
    pub(super) async fn visits(
        &self,
        part: &Part,
        served: &Served,
        chance: &mut Chance,
        accepted: u32,
    ) -> Played {
        let mut day = accepted;
        for _ in 0..chance.between(3, 8) {
            day = self.scene.calendar.working(day + chance.between(6, 15));
            self.until(part, day, Hour::Noon).await?;
            let setting = chance.pick([Setting::Home, Setting::Community]);
            let met = Met { setting, purpose: "daily-living", reached: chance.percent(90) };
            self.take_part(served.place, &served.participation, chance, day, met).await?;
        }
        self.serve_and_close(served).await
    }

    pub(super) async fn serve_and_close(&self, served: &Served) -> Played {
        let request = refs::CompleteReferralRequest {
            request_id: name(),
            referral_id: served.referral.clone(),
            outcome: refs::Outcome::ServiceGiven.into(),
            ..Default::default()
        };
        say!(self.worker(served.place).voice, referrals.complete_referral, request).await?;
        self.stop(served.place, &served.participation, refs::ClosingReason::CompletedEarly).await
    }

    /// The person would rather go somewhere else: who has it asks there, and it ends here once it is taken on there.
    async fn goes_elsewhere(&self, part: &Part, here: &Served, chance: &mut Chance, accepted: u32) -> Played {
        let calendar = &self.scene.calendar;
        let day = calendar.working(accepted + chance.between(5, 20));
        self.until(part, day, Hour::Noon).await?;
        let request = refs::RequestReferralTransferRequest {
            request_id: name(),
            referral_id: here.referral.clone(),
            reason: "the way there is too long".to_owned(),
            ..Default::default()
        };
        say!(self.worker(Place::Coordination).voice, referrals.request_referral_transfer, request).await?;
        let passed = calendar.working(day + chance.between(1, 4));
        self.until(part, passed, Hour::Noon).await?;
        let (offer, target) = (self.scene.town.offers.skills_by_video.clone(), self.worker(here.place));
        let request = refs::DraftReferralRequest {
            transfers_id: here.referral.clone(),
            ..self.asking(&offer, "", NEED, refs::Priority::Routine)
        };
        let referral = id(say!(target.voice, referrals.draft_referral, request).await?.written);
        self.send_drafted(&target, offer.of, &referral).await?;
        let day = calendar.working(passed + chance.between(1, 4));
        let there = self.accepted(part, offer.of, referral, day).await?;
        self.stop(here.place, &here.participation, refs::ClosingReason::NeedsMetElsewhere).await?;
        self.visits(part, &there, chance, day).await
    }

    /// Who has it passes it on to two others: whichever of them serves first is enough, or both are to.
    async fn in_parts(
        &self,
        part: &Part,
        whole: &Served,
        rule: refs::SplitRule,
        chance: &mut Chance,
        accepted: u32,
    ) -> Played {
        let calendar = &self.scene.calendar;
        let day = calendar.working(accepted + chance.between(2, 10));
        self.until(part, day, Hour::Noon).await?;
        let (target, offers) = (self.worker(whole.place), &self.scene.town.offers);
        let others = [&offers.cooking, &offers.money];
        let request = refs::SplitReferralRequest {
            request_id: name(),
            referral_id: whole.referral.clone(),
            rule: rule.into(),
            offer_ids: others.map(|offer| offer.id.clone()).into(),
            ..Default::default()
        };
        let parts = say!(target.voice, referrals.split_referral, request).await?.part_referral_ids;
        for (offer, referral) in others.into_iter().zip(&parts) {
            self.send_drafted(&target, offer.of, referral).await?;
        }
        // By the rule that one is enough, the other is called off by itself.
        let asked = if rule == refs::SplitRule::Any { 1 } else { parts.len() };
        for (offer, referral) in others.into_iter().zip(parts).take(asked) {
            let day = calendar.working(day + chance.between(1, 5));
            let served = self.accepted(part, offer.of, referral, day).await?;
            self.visits(part, &served, chance, day).await?;
        }
        self.stop(whole.place, &whole.participation, refs::ClosingReason::NeedsMetElsewhere).await
    }
}
