//! How a life here ends: by being erased, or by a death; a death may have been told in error.
//! Invariant: nothing happens to anybody after their last day, see [`Sketch::last`](crate::demo::sketch::Sketch::last).

use proto::referrals as refs;
use proto::registry as reg;

use super::Life;
use crate::demo::calendar::Hour;
use crate::demo::sketch::{Death, Place};
use crate::demo::stage::{Part, Played};
use crate::demo::voice::{name, say};

/// The person asks for everything about them to be made unreadable. What is open is called off before that: afterwards nothing can be.
pub async fn erase(life: Life, part: Part, day: u32) -> Played {
    part.until(life.scene.calendar.written(day, Hour::Evening)).await?;
    for place in [Place::Coordination, Place::Homes] {
        life.call_off(place).await?;
        // The parts of what was split go with it.
        part.follows().await?;
    }
    let request = reg::ErasePersonRequest {
        request_id: name(),
        person_id: life.person.to_string(),
        ..Default::default()
    };
    say!(life.scene.town.operator, registry.erase_person, request).await?;
    Ok(())
}

impl Life {
    /// What this agency asked for and what is still open.
    async fn call_off(&self, place: Place) -> Played {
        use refs::ReferralState::{Accepted, InProgress, OnHold, Requested};
        let worker = self.worker(place);
        let request = refs::ListReferralsRequest {
            page_size: 200,
            states: [Requested, Accepted, InProgress, OnHold].map(i32::from).into(),
            person_id: self.person.to_string(),
            side: refs::Side::Sent.into(),
            ..Default::default()
        };
        for referral in say!(worker.voice, referrals.list_referrals, request).await?.referrals {
            let request = refs::CancelReferralRequest {
                request_id: name(),
                referral_id: referral.id,
                reason: refs::ClosingReason::PersonDeclined.into(),
                ..Default::default()
            };
            say!(worker.voice, referrals.cancel_referral, request).await?;
        }
        Ok(())
    }
}

/// Somebody tells case management that the person died. Where that was an error, it shows before anybody works again.
pub async fn die(life: Life, part: Part, Death { day, mistaken }: Death) -> Played {
    life.until(&part, day, Hour::Night).await?;
    let (worker, mut chance) = (life.worker(Place::Coordination), life.chance("death"));
    let died = life.morning(day, &mut chance);
    let source = chance.pick([reg::DeathSource::Family, reg::DeathSource::Provider]);
    let death = reg::Death { died: Some(life.scene.calendar.occurred(died)), source: source.into() };
    let request = reg::ReportDeathRequest {
        request_id: name(),
        person_id: life.person.to_string(),
        death: Some(death),
        ..Default::default()
    };
    say!(worker.voice, registry.report_death, request).await?;
    if !mistaken {
        return Ok(());
    }
    part.until(life.scene.calendar.written(day + 1, Hour::Dawn)).await?;
    let request = reg::MarkDeathEnteredInErrorRequest {
        request_id: name(),
        person_id: life.person.to_string(),
        ..Default::default()
    };
    say!(worker.voice, registry.mark_death_entered_in_error, request).await?;
    Ok(())
}
