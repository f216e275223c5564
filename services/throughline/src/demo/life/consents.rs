//! What a life says about who may learn what: said on arrival, and thought over later.
//! Invariant: a change of mind closes what referrals rest on for a night at most, while nobody works, so that each life goes as it was drawn.

use proto::registry as reg;
use proto::types::{Purpose, Voice as Words};

use super::Life;
use crate::demo::calendar::Hour;
use crate::demo::sketch::Place;
use crate::demo::stage::{Halt, Part, Played};
use crate::demo::town::Worker;
use crate::demo::voice::{name, say};

impl Life {
    /// Says on arrival who may learn what for referral and coordination; gives the directive, where there is anybody.
    pub(super) async fn consent(&self, worker: &Worker, day: u32) -> Result<Option<String>, Halt> {
        if self.sketch.consents.is_empty() {
            return Ok(None);
        }
        let purposes = vec![Purpose::Referral.into(), Purpose::Coordination.into()];
        let content = through_us(reg::ConsentScope { purposes, ..self.to_those_chosen() });
        let request = reg::GiveConsentRequest { content, ..self.giving(day) };
        Ok(Some(say!(worker.voice, registry.give_consent, request).await?.directive_id))
    }

    /// Says that this is opened.
    pub(super) async fn allow(&self, worker: &Worker, day: u32, scope: reg::ConsentScope) -> Played {
        let request = reg::GiveConsentRequest { content: through_us(scope), ..self.giving(day) };
        say!(worker.voice, registry.give_consent, request).await?;
        Ok(())
    }

    /// Everything without a label to whom this life chose, for nothing yet.
    fn to_those_chosen(&self) -> reg::ConsentScope {
        let agency = |place: &Place| self.scene.town.agency(*place).id.clone();
        reg::ConsentScope {
            recipient_agency_ids: self.sketch.consents.iter().map(agency).collect(),
            ..Default::default()
        }
    }

    /// A directive that is given on that day, in the person's own words.
    fn giving(&self, day: u32) -> reg::GiveConsentRequest {
        reg::GiveConsentRequest {
            request_id: name(),
            person_id: self.person.to_string(),
            voice: Words::Person.into(),
            evidence: format!("invented form, signed on {}", self.scene.calendar.day(day)),
            ..Default::default()
        }
    }
}

/// The operator of this system is named as intermediary, as in every directive that opens anything here.
fn through_us(scope: reg::ConsentScope) -> Option<reg::ConsentContent> {
    Some(reg::ConsentContent { scope: Some(scope), operator_is_intermediary: true, ..Default::default() })
}

/// Weeks later some allow whoever serves them to read for treatment, for a while: the form lies for a day before it is signed. Some of those take it
/// back before it ends.
pub async fn for_a_while(life: Life, part: Part, arrived: u32) -> Played {
    let (mut chance, calendar) = (life.chance("consent for a while"), life.scene.calendar.clone());
    if !chance.percent(40) && life.sketch.number != 1 {
        return Ok(());
    }
    let worker = life.worker(Place::Coordination);
    let day = calendar.working(arrived + chance.between(6, 30));
    let until = day + chance.between(15, 200);
    life.until(&part, day, Hour::Noon).await?;
    let scope = reg::ConsentScope {
        recipient_class: reg::RecipientClass::Treating.into(),
        purposes: vec![Purpose::Treatment.into()],
        categories: vec!["therapy".into(), "referrals".into()],
        until: Some(platform::wire::to_instant(calendar.at(until, 0, 0))),
        ..Default::default()
    };
    let request = reg::DraftConsentRequest {
        request_id: name(),
        person_id: life.person.to_string(),
        content: through_us(scope),
        ..Default::default()
    };
    let directive_id = say!(worker.voice, registry.draft_consent, request).await?.directive_id;
    let signed = calendar.working(day + 1);
    life.until(&part, signed, Hour::Noon).await?;
    let request = reg::GiveConsentRequest { directive_id: directive_id.clone(), ..life.giving(signed) };
    say!(worker.voice, registry.give_consent, request).await?;
    let back = calendar.working(signed + chance.between(3, 60));
    if chance.percent(25) && back < until {
        life.until(&part, back, Hour::Evening).await?;
        let request = reg::RevokeConsentRequest {
            request_id: name(),
            person_id: life.person.to_string(),
            directive_id,
            voice: Words::Person.into(),
            evidence: format!("said so by phone on {}", calendar.day(back)),
            ..Default::default()
        };
        say!(worker.voice, registry.revoke_consent, request).await?;
    }
    Ok(())
}

/// Months later some put it in other words: a new directive takes the place of the first, and opens for treatment as well. Some take the first back before
/// that, and have slept on it by the next morning: whatever rested on it rests for a night.
pub async fn anew(life: Life, part: Part, arrived: u32, first: String) -> Played {
    let (mut chance, calendar) = (life.chance("consent anew"), life.scene.calendar.clone());
    let sleeps_on_it = life.sketch.number == 2 || chance.percent(30);
    if !chance.percent(25) && life.sketch.number > 2 {
        return Ok(());
    }
    let worker = life.worker(Place::Coordination);
    let day = calendar.working(arrived + chance.between(30, 150));
    let purposes = [Purpose::Referral, Purpose::Coordination, Purpose::Treatment];
    let scope = reg::ConsentScope { purposes: purposes.map(i32::from).into(), ..life.to_those_chosen() };
    let mut request = reg::GiveConsentRequest { content: through_us(scope), ..life.giving(day) };
    // Who has seen everything has seen a directive take another's place too.
    if sleeps_on_it && life.sketch.number != 1 && life.sketch.death.is_none() {
        life.until(&part, day, Hour::Night).await?;
        let back = reg::RevokeConsentRequest {
            request_id: name(),
            person_id: life.person.to_string(),
            directive_id: first,
            voice: Words::Person.into(),
            evidence: format!("said so on the way out on {}", calendar.day(day)),
            ..Default::default()
        };
        say!(worker.voice, registry.revoke_consent, back).await?;
        life.until(&part, day + 1, Hour::Dawn).await?;
    } else {
        life.until(&part, day, Hour::Evening).await?;
        request.supersedes_directive_id = first;
    }
    say!(worker.voice, registry.give_consent, request).await?;
    Ok(())
}
