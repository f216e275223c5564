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
    ToNothing(Ended, u32),
}

/// A referral that came to nothing.
pub enum Ended {
    /// It was declined.
    Rejected(String),
    /// It was called off, or failed by a death that was told in error.
    CalledOff(String),
}

/// What is asked for, and after which one that came to nothing.
pub(super) struct Asking<'a> {
    pub(super) offer: &'a Offer,
    pub(super) goal: &'a str,
    pub(super) need: &'a str,
    pub(super) after: Option<Ended>,
}

/// How long things take at the agency asked, and what it answers.
struct Answer {
    acknowledged: Option<u32>,
    /// Whether it wants to know something first.
    asks: bool,
    answered: u32,
    kind: Kind,
    /// For how many days it rests once it was accepted.
    held: Option<u32>,
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
    let answered = calendar.working(acknowledged.unwrap_or(sent) + waited);
    let asks = acknowledged.is_some() && chance.percent(25);
    let held = chance.percent(10).then(|| chance.between(3, 12));
    Answer { acknowledged, asks, answered, kind, held }
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
        let asking = Asking { offer, goal, need, after: None };
        match self.refer_once(part, &asking, chance, day).await? {
            Came::ToNothing(ended, day) if chance.percent(60) => {
                let again = day + chance.between(10, 40);
                self.refer_once(part, &Asking { after: Some(ended), ..asking }, chance, again).await
            }
            came @ (Came::ToNothing(..) | Came::Opened(..)) => Ok(came),
        }
    }

    async fn refer_once(
        &self,
        part: &Part,
        asking: &Asking<'_>,
        chance: &mut Chance,
        day: u32,
    ) -> Result<Came, Halt> {
        let offer = asking.offer;
        let calendar = &self.scene.calendar;
        let sent = calendar.working(day);
        self.until(part, sent, Hour::Noon).await?;
        let coordinator = self.worker(Place::Coordination);
        let referral = self.send(&coordinator, asking, chance).await?;
        let answer = answer(chance, calendar, sent);
        if let Some(day) = answer.acknowledged {
            self.until(part, day, Hour::Evening).await?;
            let target = self.worker(offer.of);
            let request = refs::AcknowledgeReferralRequest {
                request_id: name(),
                referral_id: referral.clone(),
                ..Default::default()
            };
            say!(target.voice, referrals.acknowledge_referral, request).await?;
            let request = refs::AssignReferralRequest {
                request_id: name(),
                referral_id: referral.clone(),
                worker_id: target.id.clone(),
                ..Default::default()
            };
            say!(target.voice, referrals.assign_referral, request).await?;
        }
        if answer.asks {
            self.ask_and_tell(&coordinator, &self.worker(offer.of), &referral).await?;
        }
        let day = answer.answered;
        self.until(part, day, Hour::Noon).await?;
        // Whoever looked after it may have left meanwhile.
        let target = self.worker(offer.of);
        match answer.kind {
            Kind::Accepted => {}
            Kind::Rejected => {
                self.reject(&target, &referral, chance).await?;
                return Ok(Came::ToNothing(Ended::Rejected(referral), day));
            }
            Kind::Cancelled => {
                let request = refs::CancelReferralRequest {
                    request_id: name(),
                    referral_id: referral.clone(),
                    reason: refs::ClosingReason::PersonDeclined.into(),
                    ..Default::default()
                };
                say!(coordinator.voice, referrals.cancel_referral, request).await?;
                return Ok(Came::ToNothing(Ended::CalledOff(referral), day));
            }
        }
        let record = self.accept(part, offer.of, &referral).await?;
        let Some(rests) = answer.held else { return Ok(Came::Opened(record, day)) };
        let until = calendar.working(day + rests);
        Ok(match self.hold(part, &target, &referral, until).await? {
            true => Came::Opened(record, until),
            false => Came::ToNothing(Ended::CalledOff(referral), until),
        })
    }

    /// Takes the person on. The receiving service opens its part by itself, and tells the referral which.
    pub(super) async fn accept(&self, part: &Part, place: Place, referral: &str) -> Result<String, Halt> {
        let target = self.worker(place);
        let request = refs::AcceptReferralRequest {
            request_id: name(),
            referral_id: referral.to_owned(),
            ..Default::default()
        };
        say!(target.voice, referrals.accept_referral, request).await?;
        part.follows().await?;
        let request = refs::GetReferralRequest { referral_id: referral.to_owned(), at_least: vec![] };
        let found = say!(target.voice, referrals.get_referral, request).await?.referral;
        let record = found.map(|referral| referral.receiving_record).unwrap_or_default();
        let (_, record) = kernel::ids::parse_stream(&record)
            .with_context(|| format!("a referral that {place:?} accepted opened no record"))?;
        Ok(record.to_string())
    }

    pub(super) async fn send(
        &self,
        coordinator: &Worker,
        asking: &Asking<'_>,
        chance: &mut Chance,
    ) -> Result<String, Halt> {
        let Asking { offer, goal, need, after } = asking;
        let priority = if chance.percent(20) { refs::Priority::Urgent } else { refs::Priority::Routine };
        let referral = match after {
            // What was called off, or failed, is opened again in the same words; what was declined is referred again.
            Some(Ended::CalledOff(old)) => {
                let request = refs::ReopenReferralRequest { request_id: name(), referral_id: old.clone() };
                id(say!(coordinator.voice, referrals.reopen_referral, request).await?.written)
            }
            Some(Ended::Rejected(_)) | None => {
                let rerefers_id = match after {
                    Some(Ended::Rejected(old)) => old.clone(),
                    Some(Ended::CalledOff(_)) | None => String::new(),
                };
                let asked = self.asking(offer, goal, need, priority);
                let request = refs::DraftReferralRequest { rerefers_id, ..asked };
                id(say!(coordinator.voice, referrals.draft_referral, request).await?.written)
            }
        };
        self.send_drafted(coordinator, offer.of, &referral).await?;
        Ok(referral)
    }

    /// What a draft says.
    pub(super) fn asking(
        &self,
        offer: &Offer,
        goal: &str,
        need: &str,
        priority: refs::Priority,
    ) -> refs::DraftReferralRequest {
        refs::DraftReferralRequest {
            request_id: name(),
            person_id: self.person.to_string(),
            offer_id: offer.id.clone(),
            priority: priority.into(),
            life_domain: offer.domain.into(),
            need: need.to_owned(),
            goal_id: goal.to_owned(),
            no_goal_reason: if goal.is_empty() { "not asked yet".to_owned() } else { String::new() },
            ..Default::default()
        }
    }

    /// Sends a draft, by the person's consent, or by what was agreed for now.
    pub(super) async fn send_drafted(&self, sender: &Worker, to: Place, referral: &str) -> Played {
        let mut request = refs::SendReferralRequest {
            request_id: name(),
            referral_id: referral.to_owned(),
            ..Default::default()
        };
        if !self.consents_to(to) {
            request.override_reason =
                "agreed on the phone; the invented form is still to be signed".to_owned();
            let colleague =
                self.scene.town.colleague(sender).context("nobody else works there to approve it")?;
            request.override_approver_id = colleague.id.clone();
        }
        say!(sender.voice, referrals.send_referral, request).await?;
        Ok(())
    }

    /// The target wants to know something, and is told by who asked it.
    async fn ask_and_tell(&self, coordinator: &Worker, target: &Worker, referral: &str) -> Played {
        let request = refs::AskForInformationRequest {
            request_id: name(),
            referral_id: referral.to_owned(),
            question: "which days suit, and who may be called?".to_owned(),
            ..Default::default()
        };
        let question_id = request.request_id.clone();
        say!(target.voice, referrals.ask_for_information, request).await?;
        let request = refs::SupplyInformationRequest {
            request_id: name(),
            referral_id: referral.to_owned(),
            question_id,
            answer: "mornings; the invented number on the form".to_owned(),
            ..Default::default()
        };
        say!(coordinator.voice, referrals.supply_information, request).await?;
        Ok(())
    }

    /// It rests until that day for papers that are missing. Whether it goes on then.
    async fn hold(&self, part: &Part, target: &Worker, referral: &str, until: u32) -> Result<bool, Halt> {
        let request = refs::HoldReferralRequest {
            request_id: name(),
            referral_id: referral.to_owned(),
            reason: refs::HoldReason::Documents.into(),
            ..Default::default()
        };
        say!(target.voice, referrals.hold_referral, request).await?;
        let request = refs::SetReferralBusinessStatusRequest {
            request_id: name(),
            referral_id: referral.to_owned(),
            status: refs::BusinessStatus::NeedsClientAction.into(),
            ..Default::default()
        };
        say!(target.voice, referrals.set_referral_business_status, request).await?;
        self.until(part, until, Hour::Noon).await?;
        if self.has_failed(target, referral).await? {
            return Ok(false);
        }
        let request = refs::ResumeReferralRequest {
            request_id: name(),
            referral_id: referral.to_owned(),
            ..Default::default()
        };
        say!(target.voice, referrals.resume_referral, request).await?;
        let request = refs::SetReferralBusinessStatusRequest {
            request_id: name(),
            referral_id: referral.to_owned(),
            status: refs::BusinessStatus::Scheduled.into(),
            ..Default::default()
        };
        say!(target.voice, referrals.set_referral_business_status, request).await?;
        Ok(true)
    }

    /// Whether a death that was told in error has ended what it opened, and so failed it.
    async fn has_failed(&self, target: &Worker, referral: &str) -> Result<bool, Halt> {
        if !self.sketch.mistaken_for_dead() {
            return Ok(false);
        }
        let request = refs::GetReferralRequest { referral_id: referral.to_owned(), at_least: vec![] };
        let found = say!(target.voice, referrals.get_referral, request).await?.referral;
        Ok(found.is_some_and(|found| found.state() == refs::ReferralState::Failed))
    }

    async fn reject(&self, target: &Worker, referral: &str, chance: &mut Chance) -> Played {
        use refs::ClosingReason::{CouldNotContact, Ineligible, NeedsMetElsewhere, NoCapacity};
        let (reason, text) = chance.pick([
            (NoCapacity, "no place before next month"),
            (CouldNotContact, "nobody answered under the number given"),
            (NeedsMetElsewhere, "another programme is already at it"),
            (Ineligible, "they live beyond the invented river"),
        ]);
        // Where somebody lives is what any programme may go by, one that excludes nobody for readiness too.
        let criterion = (reason == Ineligible).then_some(refs::EligibilityCriterion::Area);
        let request = refs::RejectReferralRequest {
            request_id: name(),
            referral_id: referral.to_owned(),
            reason: reason.into(),
            text: text.to_owned(),
            criterion: criterion.unwrap_or_default().into(),
            ..Default::default()
        };
        say!(target.voice, referrals.reject_referral, request).await?;
        Ok(())
    }
}
