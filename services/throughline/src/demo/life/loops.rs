//! A referral, from the agency that asks to the record that its answer opens.
//! Invariant: the record is the one that the loop opened by itself, told by the referral; nothing here opens it.

use anyhow::Context;
use proto::referrals as refs;

use super::Life;
use crate::demo::calendar::{Calendar, Hour};
use crate::demo::chance::Chance;
use crate::demo::sketch::Place;
use crate::demo::stage::{Halt, Part, Played};
use crate::demo::town::{Offer, Worker};
use crate::demo::voice::{id, name, say};

/// What a referral came to.
pub enum Came {
    /// This record was opened, on this day.
    Opened(String, u32),
    /// It was declined or called off, on this day.
    ToNothing(u32),
}

/// How long things take at the agency asked, and what it answers.
struct Answer {
    acknowledged: Option<u32>,
    answered: u32,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Accepted,
    Rejected,
    Cancelled,
}

fn answer(chance: &mut Chance, calendar: &Calendar, sent: u32) -> Answer {
    // One in eight lies unread until long after its clock has run out.
    let unread = chance.percent(12);
    let acknowledged = (!unread && chance.percent(70)).then(|| calendar.working(sent + chance.below(3)));
    let waited = if unread { chance.between(6, 12) } else { chance.between(1, 4) };
    let kind = match chance.below(100) {
        0..=7 => Kind::Rejected,
        8..=11 => Kind::Cancelled,
        _ => Kind::Accepted,
    };
    Answer { acknowledged, answered: calendar.working(acknowledged.unwrap_or(sent) + waited), kind }
}

impl Life {
    /// Asks an offer to take this person on. Who is turned away is referred once more, weeks later, or lets it be.
    pub(super) async fn refer(
        &self,
        part: &Part,
        offer: &Offer,
        goal: &str,
        need: &str,
        chance: &mut Chance,
        day: u32,
    ) -> Result<Came, Halt> {
        let came = self.refer_once(part, offer, goal, need, chance, day).await?;
        match came {
            Came::ToNothing(day) if chance.percent(60) => {
                let again = day + chance.between(10, 40);
                self.refer_once(part, offer, goal, need, chance, again).await
            }
            Came::ToNothing(_) | Came::Opened(..) => Ok(came),
        }
    }

    async fn refer_once(
        &self,
        part: &Part,
        offer: &Offer,
        goal: &str,
        need: &str,
        chance: &mut Chance,
        day: u32,
    ) -> Result<Came, Halt> {
        let calendar = &self.scene.calendar;
        let sent = calendar.working(day);
        self.until(part, sent, Hour::Noon).await?;
        let (coordinator, target) = (self.worker(Place::Coordination), self.worker(offer.of));
        let referral = self.send(&coordinator, offer, goal, need, chance).await?;
        let answer = answer(chance, calendar, sent);
        if let Some(day) = answer.acknowledged {
            self.until(part, day, Hour::Evening).await?;
            let request = refs::AcknowledgeReferralRequest {
                request_id: name(),
                referral_id: referral.clone(),
                ..Default::default()
            };
            say!(target.voice, referrals.acknowledge_referral, request).await?;
        }
        let day = answer.answered;
        self.until(part, day, Hour::Noon).await?;
        match answer.kind {
            Kind::Accepted => {}
            Kind::Rejected => {
                self.reject(&target, &referral, chance).await?;
                return Ok(Came::ToNothing(day));
            }
            Kind::Cancelled => {
                let request = refs::CancelReferralRequest {
                    request_id: name(),
                    referral_id: referral,
                    reason: refs::ClosingReason::PersonDeclined.into(),
                    ..Default::default()
                };
                say!(coordinator.voice, referrals.cancel_referral, request).await?;
                return Ok(Came::ToNothing(day));
            }
        }
        let request = refs::AcceptReferralRequest {
            request_id: name(),
            referral_id: referral.clone(),
            ..Default::default()
        };
        say!(target.voice, referrals.accept_referral, request).await?;
        // The receiving service opens its part by itself, and tells the referral.
        part.follows().await?;
        let request = refs::GetReferralRequest { referral_id: referral, at_least: vec![] };
        let found = say!(target.voice, referrals.get_referral, request).await?.referral;
        let record = found.map(|referral| referral.receiving_record).unwrap_or_default();
        let (_, record) = kernel::ids::parse_stream(&record)
            .with_context(|| format!("an accepted referral to {} opened no record", offer.id))?;
        Ok(Came::Opened(record.to_string(), day))
    }

    async fn send(
        &self,
        coordinator: &Worker,
        offer: &Offer,
        goal: &str,
        need: &str,
        chance: &mut Chance,
    ) -> Result<String, Halt> {
        let priority = if chance.percent(20) { refs::Priority::Urgent } else { refs::Priority::Routine };
        let request = refs::DraftReferralRequest {
            request_id: name(),
            person_id: self.person.to_string(),
            offer_id: offer.id.clone(),
            priority: priority.into(),
            life_domain: offer.domain.into(),
            need: need.to_owned(),
            goal_id: goal.to_owned(),
            no_goal_reason: if goal.is_empty() { "not asked yet".to_owned() } else { String::new() },
            ..Default::default()
        };
        let referral = id(say!(coordinator.voice, referrals.draft_referral, request).await?.written);
        let mut request = refs::SendReferralRequest {
            request_id: name(),
            referral_id: referral.clone(),
            ..Default::default()
        };
        if !self.consents_to(offer.of) {
            request.override_reason =
                "agreed on the phone; the invented form is still to be signed".to_owned();
            request.override_approver_id = coordinator.id.clone();
        }
        say!(coordinator.voice, referrals.send_referral, request).await?;
        Ok(referral)
    }

    async fn reject(&self, target: &Worker, referral: &str, chance: &mut Chance) -> Played {
        use refs::ClosingReason::{CouldNotContact, NeedsMetElsewhere, NoCapacity};
        let (reason, text) = chance.pick([
            (NoCapacity, "no place before next month"),
            (CouldNotContact, "nobody answered under the number given"),
            (NeedsMetElsewhere, "another programme is already at it"),
        ]);
        let request = refs::RejectReferralRequest {
            request_id: name(),
            referral_id: referral.to_owned(),
            reason: reason.into(),
            text: text.to_owned(),
            ..Default::default()
        };
        say!(target.voice, referrals.reject_referral, request).await?;
        Ok(())
    }
}
