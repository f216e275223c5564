//! Ways that are less straight than most: somebody asks for themself or outside of this system, somebody is asked for by mistake, or cannot be reached.
//! Invariant: of the ways to the workshop a life goes one at most.

use proto::referrals as refs;
use proto::types::{Setting, Source};

use super::{Life, Met, identifier};
use crate::demo::calendar::Hour;
use crate::demo::chance::Chance;
use crate::demo::sketch::Place;
use crate::demo::stage::{Part, Played};
use crate::demo::voice::{id, name, say};

/// One of these, or none. The first three find one each.
pub async fn unusual(life: Life, part: Part, arrived: u32) -> Played {
    let mut chance = life.chance("unusual ways");
    let (drawn, day) = (chance.below(100), arrived + chance.between(3, 25));
    match (life.sketch.number, drawn) {
        (1, _) | (4.., 0..=9) => by_themself(&life, &part, &mut chance, day).await,
        (2, _) | (4.., 10..=12) => by_mistake(&life, &part, day).await,
        (3, _) | (4.., 13..=18) => out_of_reach(&life, &part, &mut chance, day).await,
        (0, _) | (4.., _) => Ok(()),
    }
}

/// The person asks, by own login: nobody else has to say yes.
async fn by_themself(life: &Life, part: &Part, chance: &mut Chance, day: u32) -> Played {
    let (calendar, offer) = (&life.scene.calendar, life.scene.town.offers.workshop.clone());
    let own = life.scene.town.person(&life.person)?;
    let sent = calendar.working(day);
    life.until(part, sent, Hour::Evening).await?;
    let request = life.asking(&offer, "", "I want to learn to mend my own bicycle", refs::Priority::Routine);
    let referral = id(say!(own, referrals.draft_referral, request).await?.written);
    let request =
        refs::SendReferralRequest { request_id: name(), referral_id: referral.clone(), ..Default::default() };
    say!(own, referrals.send_referral, request).await?;
    let day = calendar.working(sent + chance.between(1, 4));
    let served = life.accepted(part, offer.of, referral, day).await?;
    life.visits(part, &served, chance, day).await
}

/// Somebody else was meant: it is sent, and taken back the same evening.
async fn by_mistake(life: &Life, part: &Part, day: u32) -> Played {
    let (coordinator, offer) = (life.worker(Place::Coordination), life.scene.town.offers.workshop.clone());
    let sent = life.scene.calendar.working(day);
    life.until(part, sent, Hour::Noon).await?;
    let request = life.asking(&offer, "", "an invented need, and not theirs", refs::Priority::Routine);
    let referral = id(say!(coordinator.voice, referrals.draft_referral, request).await?.written);
    life.send_drafted(&coordinator, offer.of, &referral).await?;
    life.until(part, sent, Hour::Evening).await?;
    let request = refs::MarkReferralEnteredInErrorRequest {
        request_id: name(),
        referral_id: referral,
        ..Default::default()
    };
    say!(coordinator.voice, referrals.mark_referral_entered_in_error, request).await?;
    Ok(())
}

/// They are taken on and cannot be reached, are tried once more when it is looked at again, and then it has failed.
async fn out_of_reach(life: &Life, part: &Part, chance: &mut Chance, day: u32) -> Played {
    let (calendar, offer) = (&life.scene.calendar, life.scene.town.offers.workshop.clone());
    let coordinator = life.worker(Place::Coordination);
    let sent = calendar.working(day);
    life.until(part, sent, Hour::Noon).await?;
    let request = life.asking(&offer, "", "something to do with both hands", refs::Priority::Routine);
    let referral = id(say!(coordinator.voice, referrals.draft_referral, request).await?.written);
    life.send_drafted(&coordinator, offer.of, &referral).await?;
    let mut day = calendar.working(sent + chance.between(1, 4));
    let served = life.accepted(part, offer.of, referral, day).await?;
    for _ in 0..chance.between(1, 3) {
        day = calendar.working(day + chance.between(4, 9));
        life.until(part, day, Hour::Noon).await?;
        life.tries_to_reach(&served.referral, served.place, chance, day).await?;
    }
    day = calendar.working(sent + chance.between(45, 80));
    life.until(part, day, Hour::Noon).await?;
    let request = refs::ReviewReferralRequest {
        request_id: name(),
        referral_id: served.referral.clone(),
        ..Default::default()
    };
    say!(life.worker(served.place).voice, referrals.review_referral, request).await?;
    life.tries_to_reach(&served.referral, served.place, chance, day).await?;
    day = calendar.working(day + chance.between(5, 10));
    life.until(part, day, Hour::Noon).await?;
    let reason = refs::ClosingReason::CouldNotContact;
    let request = refs::FailReferralRequest {
        request_id: name(),
        referral_id: served.referral.clone(),
        reason: reason.into(),
        ..Default::default()
    };
    say!(life.worker(served.place).voice, referrals.fail_referral, request).await?;
    life.stop(served.place, &served.participation, reason).await
}

/// Some were referred on paper, to somebody who is not here: the agency's records say what came of it.
pub async fn elsewhere(life: Life, part: Part, arrived: u32) -> Played {
    let (mut chance, calendar) = (life.chance("elsewhere"), &life.scene.calendar);
    if life.sketch.number != 1 && !chance.percent(10) {
        return Ok(());
    }
    let made = calendar.working(arrived + chance.between(4, 30));
    let served = made + chance.between(7, 20);
    life.until(&part, served, Hour::Evening).await?;
    let source = Source {
        system: "paper-files".to_owned(),
        table: "referrals".to_owned(),
        key: identifier(life.sketch.number),
        ..Default::default()
    };
    let request = refs::RecordReferralRequest {
        request_id: name(),
        source: Some(source),
        person_id: life.person.to_string(),
        offer_id: String::new(),
        service_named: chance
            .pick(["an eye test at an invented optician's", "help with an invented tax form"])
            .to_owned(),
        made: Some(calendar.occurred(life.morning(made, &mut chance))),
        state: refs::ReferralState::Completed.into(),
        state_reached: Some(calendar.occurred(life.morning(served, &mut chance))),
    };
    say!(life.scene.town.records, referrals.record_referral, request).await?;
    Ok(())
}

impl Life {
    async fn tries_to_reach(&self, referral: &str, place: Place, chance: &mut Chance, day: u32) -> Played {
        let worker = self.worker(place);
        let met = Met { setting: Setting::Phone, purpose: "first-contact", reached: false };
        let request = refs::AddReferralContactRequest {
            request_id: name(),
            referral_id: referral.to_owned(),
            contact: Some(self.contact(day, chance, &[&worker], met)),
            ..Default::default()
        };
        say!(worker.voice, referrals.add_referral_contact, request).await?;
        Ok(())
    }
}
