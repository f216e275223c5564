//! A group whose records fall under 42 CFR Part 2: it takes a directive of its own to be referred there, and no override does.
//! Invariant: that directive opens them to the agency that refers and the one that serves, and to nobody else.

use kernel::class::PART2;
use proto::referrals as refs;
use proto::registry as reg;
use proto::types::{Purpose, Setting};

use super::{Life, Met};
use crate::demo::calendar::Hour;
use crate::demo::sketch::Place;
use crate::demo::stage::{Part, Played};
use crate::demo::voice::{id, say};

/// Some of those who share with the clinic anyhow say yes to it, and come for some weeks.
pub async fn group(life: Life, part: Part, arrived: u32) -> Played {
    let (mut chance, calendar) = (life.chance("recovery"), life.scene.calendar.clone());
    let both = life.consents_to(Place::Coordination) && life.consents_to(Place::Clinic);
    if !both || !(life.sketch.number == 1 || chance.percent(7)) {
        return Ok(());
    }
    let (coordinator, offer) = (life.worker(Place::Coordination), life.scene.town.offers.recovery.clone());
    let sent = calendar.working(arrived + chance.between(8, 30));
    life.until(&part, sent, Hour::Noon).await?;
    let agency = |place| life.scene.town.agency(place).id.clone();
    let scope = reg::ConsentScope {
        recipient_agency_ids: [Place::Coordination, Place::Clinic].map(agency).into(),
        purposes: [Purpose::Referral, Purpose::Coordination].map(i32::from).into(),
        labels: vec![PART2.to_owned()],
        ..Default::default()
    };
    life.allow(&coordinator, sent, scope).await?;
    let request = life.asking(&offer, "", "others who know what it is like", refs::Priority::Routine);
    let referral = id(say!(coordinator.voice, referrals.draft_referral, request).await?.written);
    life.send_drafted(&coordinator, offer.of, &referral).await?;
    let mut day = calendar.working(sent + chance.between(1, 4));
    let served = life.accepted(&part, offer.of, referral, day).await?;
    for _ in 0..chance.between(3, 9) {
        day = calendar.working(day + 7);
        life.until(&part, day, Hour::Noon).await?;
        let met = Met { setting: Setting::Office, purpose: "group-hour", reached: true };
        life.take_part(served.place, &served.participation, &mut chance, day, met).await?;
    }
    life.serve_and_close(&served).await
}
