//! Referrals on the wire.
//! Invariant: the need, why no goal is served, the service that a source names and a rejection's words leave sealed and come back sealed; only a reply opens them.

mod asks;
mod clocks;
mod draft;
mod facts;
mod links;
mod record;
mod reply;
mod send;
mod talk;

use kernel::PersonId;
use platform::command::{Encoding, Ink, Payload, Unreadable, from_private};
use platform::error::BadField;
use platform::wire::{self, to_instant};
use prost::Name;
use proto::referrals as pb;
use proto::referrals::referrals_event::Kind;
use tonic::Status;

use super::assignment::workers;
use super::codes::{
    answer_in, answer_out, business_status, clock, closing_reason, criterion, hold_reason, outcome, progress,
    split_rule,
};
use super::contact::stored_contact;
use super::offer::{receiver_in, receiver_out};
use super::{id_text, kind_of, known_until, labels, not_of, occurred, stored_id, stored_optional_id, wrap};
use crate::domain::ReferralId;
use crate::domain::referral::{Event, Referral, Sent, State};

pub use asks::{
    accept, acknowledge, assign, cancel, complete, fail, hold, reject, resume, review, start, when,
};
use clocks::{optional_instant, running_in, running_out, stored_instant, stored_when, told_late};
pub use draft::{Drafting, draft, members, with_members};
use facts::{drafted, facts};
pub use links::{ask_transfer, following_number, part, split, together};
use links::{followed_in, followed_out, part_end_in, part_end_out};
pub use record::record;
use record::{recorded, told};
pub use reply::referral;
pub use send::{overriding, send};
pub use talk::{ask, contact, status, supply};
use talk::{asked, made as contact_made, stored_words, supplied};

/// Longest need, in characters.
const NEED: usize = 2_000;
/// Longest reason in words, in characters.
const REASON: usize = 500;

fn referral_id(text: &str) -> Result<ReferralId, BadField> {
    wire::id("referral_id", text)
}

impl Encoding for Referral {
    fn person(after: &State) -> Option<PersonId> {
        after.person()
    }

    fn encode(event: &Event, after: &State, ink: &Ink<'_>) -> Result<Payload, Status> {
        let (referral_id, part2) = match after {
            State::Made { facts, .. } => (facts.id.to_string(), facts.part2),
            // The stream names the referral.
            State::Unmade | State::Told(_) | State::InError { .. } => (String::new(), false),
        };
        let mut payload = match event {
            Event::Drafted(facts) => {
                let message = Kind::ReferralDrafted(drafted(facts, ink)?);
                happened(pb::ReferralDrafted::full_name(), message, facts.drafted_at)
            }
            Event::Sent(sent) => {
                let message = pb::ReferralSent {
                    referral_id,
                    consent_reference: sent.consent.clone(),
                    override_reason: ink
                        .seal_some("override.reason", sent.overriding.as_ref().map(|(why, _)| why))?,
                    override_approver_id: id_text(sent.overriding.as_ref().map(|(_, approver)| *approver)),
                    acknowledge_by: Some(to_instant(sent.acknowledge_by)),
                    answer_by: Some(to_instant(sent.answer_by)),
                    review_by: Some(to_instant(sent.review_by)),
                    part2: sent.part2,
                    expiry_days: sent.expiry_days.unwrap_or_default(),
                    expires_at: sent.expires.map(to_instant),
                    told_at: told_late(sent.when),
                };
                let kind = pb::ReferralSent::full_name();
                let mut payload = happened(kind, Kind::ReferralSent(message), sent.when.at);
                payload.consent = sent.consent.clone();
                payload
            }
            Event::Acknowledged { at } => {
                let message = pb::ReferralAcknowledged { referral_id };
                happened(pb::ReferralAcknowledged::full_name(), Kind::ReferralAcknowledged(message), *at)
            }
            Event::Accepted {
                id,
                person,
                offer,
                target,
                practice,
                zero_exclusion,
                receiver,
                goal,
                when,
                start_by,
                consent,
                requester,
                household_head,
            } => {
                let (receiver, unit_group_id) = receiver_out(*receiver);
                let message = pb::ReferralAccepted {
                    referral_id: id.to_string(),
                    person_id: person.to_string(),
                    offer_id: offer.to_string(),
                    target_agency_id: target.to_string(),
                    practice: practice.clone(),
                    zero_exclusion: *zero_exclusion,
                    receiver: receiver.into(),
                    unit_group_id,
                    goal_id: id_text(*goal),
                    start_by: Some(to_instant(*start_by)),
                    consent_reference: consent.clone(),
                    requester_agency_id: id_text(*requester),
                    household_head_id: id_text(*household_head),
                    told_at: told_late(*when),
                };
                happened(pb::ReferralAccepted::full_name(), Kind::ReferralAccepted(message), when.at)
            }
            Event::Rejected { reason, criterion: unmet, text } => {
                let message = pb::ReferralRejected {
                    referral_id,
                    reason: closing_reason::number(*reason),
                    text: Some(ink.seal("rejection.text", text)?),
                    criterion: unmet.map(criterion::number).unwrap_or_default(),
                };
                payload(pb::ReferralRejected::full_name(), Kind::ReferralRejected(message))
            }
            Event::Cancelled { reason, ended_early } => {
                let reason = closing_reason::number(*reason);
                let message = pb::ReferralCancelled { referral_id, reason, ended_early: *ended_early };
                payload(pb::ReferralCancelled::full_name(), Kind::ReferralCancelled(message))
            }
            Event::Started { at } => {
                let message = pb::ReferralStarted { referral_id };
                happened(pb::ReferralStarted::full_name(), Kind::ReferralStarted(message), *at)
            }
            Event::Held { reason, at } => {
                let message = pb::ReferralHeld { referral_id, reason: hold_reason::number(*reason) };
                happened(pb::ReferralHeld::full_name(), Kind::ReferralHeld(message), *at)
            }
            Event::Resumed { when, clocks } => {
                let (clocks, told_at) = (running_out(clocks), told_late(*when));
                let message = pb::ReferralResumed { referral_id, clocks, told_at };
                happened(pb::ReferralResumed::full_name(), Kind::ReferralResumed(message), when.at)
            }
            Event::Completed { outcome: came_to } => {
                let message = pb::ReferralCompleted { referral_id, outcome: outcome::number(*came_to) };
                payload(pb::ReferralCompleted::full_name(), Kind::ReferralCompleted(message))
            }
            Event::Failed { reason, ended_early } => {
                let reason = closing_reason::number(*reason);
                let message = pb::ReferralFailed { referral_id, reason, ended_early: *ended_early };
                payload(pb::ReferralFailed::full_name(), Kind::ReferralFailed(message))
            }
            Event::EnteredInError => {
                let message = pb::ReferralEnteredInError { referral_id };
                payload(pb::ReferralEnteredInError::full_name(), Kind::ReferralEnteredInError(message))
            }
            Event::InformationAsked { question, text } => {
                payload(pb::ReferralInformationAsked::full_name(), asked(referral_id, *question, text, ink)?)
            }
            Event::InformationSupplied { question, text, consent } => {
                let message = supplied(referral_id, *question, text, ink)?;
                let mut payload = payload(pb::ReferralInformationSupplied::full_name(), message);
                payload.consent = consent.clone();
                payload
            }
            Event::ContactMade(contact) => {
                let mut payload =
                    payload(pb::ReferralContactMade::full_name(), contact_made(referral_id, contact));
                payload.occurred = Some(contact.occurred.clone());
                payload
            }
            Event::StatusSet(status) => {
                let message =
                    pb::ReferralBusinessStatusSet { referral_id, status: business_status::number(*status) };
                payload(pb::ReferralBusinessStatusSet::full_name(), Kind::ReferralBusinessStatusSet(message))
            }
            Event::PersonDied { at } => {
                let message = Kind::ReferralPersonDied(pb::ReferralPersonDied { referral_id });
                happened(pb::ReferralPersonDied::full_name(), message, *at)
            }
            Event::PersonAlive { clocks } => {
                let message = pb::ReferralPersonAlive { referral_id, clocks: running_out(clocks) };
                payload(pb::ReferralPersonAlive::full_name(), Kind::ReferralPersonAlive(message))
            }
            Event::ConsentLapsed { directive, at } => {
                let message = pb::ReferralConsentLapsed { referral_id, directive_id: directive.clone() };
                happened(pb::ReferralConsentLapsed::full_name(), Kind::ReferralConsentLapsed(message), *at)
            }
            Event::ConsentRestored { directive, clocks } => {
                let message = pb::ReferralConsentRestored {
                    referral_id,
                    directive_id: directive.clone(),
                    clocks: running_out(clocks),
                };
                payload(pb::ReferralConsentRestored::full_name(), Kind::ReferralConsentRestored(message))
            }
            Event::ConsentForeseen { changes } => {
                let message =
                    pb::ReferralConsentForeseen { referral_id, changes_at: changes.map(to_instant) };
                payload(pb::ReferralConsentForeseen::full_name(), Kind::ReferralConsentForeseen(message))
            }
            Event::TransferAsked { text } => {
                let reason = Some(ink.seal("transfer.reason", text)?);
                let message = pb::ReferralTransferAsked { referral_id, reason };
                payload(pb::ReferralTransferAsked::full_name(), Kind::ReferralTransferAsked(message))
            }
            Event::FollowedBy { how, referral } => {
                let (following, follower_id) = (followed_out(*how), referral.to_string());
                let message = pb::ReferralFollowed { referral_id, following, follower_id };
                payload(pb::ReferralFollowed::full_name(), Kind::ReferralFollowed(message))
            }
            Event::Split { rule, parts } => {
                let part_ids = parts.iter().map(ToString::to_string).collect();
                let message = pb::ReferralSplit { referral_id, rule: split_rule::number(*rule), part_ids };
                payload(pb::ReferralSplit::full_name(), Kind::ReferralSplit(message))
            }
            Event::PartEnded { part, end } => {
                let (outcome, reason) = part_end_out(*end);
                let message =
                    pb::ReferralPartEnded { referral_id, part_id: part.to_string(), outcome, reason };
                payload(pb::ReferralPartEnded::full_name(), Kind::ReferralPartEnded(message))
            }
            Event::Assigned { worker, from, at } => {
                let (worker_id, from_worker_id) = workers(*worker, *from);
                let message = pb::ReferralAssigned { referral_id, worker_id, from_worker_id };
                let mut payload = payload(pb::ReferralAssigned::full_name(), Kind::ReferralAssigned(message));
                payload.occurred = Some(at.clone());
                payload
            }
            Event::Reviewed { when, next } => {
                let (review_by, told_at) = (next.map(to_instant), told_late(*when));
                let message = pb::ReferralReviewed { referral_id, review_by, told_at };
                happened(pb::ReferralReviewed::full_name(), Kind::ReferralReviewed(message), when.at)
            }
            Event::Overdue { clock, due, expires } => {
                let message = pb::ReferralOverdue {
                    referral_id,
                    clock: clock::number(*clock),
                    due_at: Some(to_instant(*due)),
                    expires_at: expires.map(to_instant),
                };
                payload(pb::ReferralOverdue::full_name(), Kind::ReferralOverdue(message))
            }
            Event::Progressed { progress: so_far, record } => {
                let progress = progress::number(*so_far);
                let message = pb::ReferralProgressed { referral_id, progress, record: record.clone() };
                payload(pb::ReferralProgressed::full_name(), Kind::ReferralProgressed(message))
            }
            Event::Recorded { told, correction } => {
                let message = recorded(told, *correction, ink)?;
                let mut payload = payload(pb::ReferralRecorded::full_name(), Kind::ReferralRecorded(message));
                payload.occurred = Some(told.made.clone());
                payload.discrepancies = told.discrepancies.clone();
                payload
            }
        };
        payload.labels = labels(part2);
        Ok(payload)
    }

    fn decode(stored: &proto::log::Event) -> Result<Event, Unreadable> {
        let bad = |why| move || Unreadable::new(stored, why);
        let reason = |number| closing_reason::stored(number).ok_or_else(bad("its reason is not known"));
        #[allow(
            clippy::wildcard_enum_match_arm,
            reason = "the other kinds belong to the other streams of this log"
        )]
        Ok(match kind_of(stored)? {
            Kind::ReferralDrafted(message) => Event::Drafted(facts(stored, message)?),
            Kind::ReferralSent(message) => {
                let why = from_private(message.override_reason.as_ref());
                let approver = stored_optional_id(stored, &message.override_approver_id)?;
                Event::Sent(Sent {
                    consent: message.consent_reference,
                    overriding: why.zip(approver),
                    when: stored_when(stored, message.told_at.as_ref())?,
                    acknowledge_by: stored_instant(stored, message.acknowledge_by.as_ref())?,
                    answer_by: stored_instant(stored, message.answer_by.as_ref())?,
                    review_by: stored_instant(stored, message.review_by.as_ref())?,
                    expiry_days: Some(message.expiry_days).filter(|days| *days > 0),
                    expires: optional_instant(stored, message.expires_at.as_ref())?,
                    part2: message.part2,
                })
            }
            Kind::ReferralAcknowledged(_) => Event::Acknowledged { at: occurred(stored)?.at },
            Kind::ReferralAccepted(message) => Event::Accepted {
                id: stored_id(stored, &message.referral_id)?,
                person: stored_id(stored, &message.person_id)?,
                offer: stored_id(stored, &message.offer_id)?,
                target: stored_id(stored, &message.target_agency_id)?,
                practice: message.practice,
                zero_exclusion: message.zero_exclusion,
                receiver: receiver_in(stored, message.receiver, &message.unit_group_id)?,
                goal: stored_optional_id(stored, &message.goal_id)?,
                when: stored_when(stored, message.told_at.as_ref())?,
                start_by: stored_instant(stored, message.start_by.as_ref())?,
                consent: message.consent_reference,
                requester: stored_optional_id(stored, &message.requester_agency_id)?,
                household_head: stored_optional_id(stored, &message.household_head_id)?,
            },
            Kind::ReferralRejected(message) => Event::Rejected {
                reason: reason(message.reason)?,
                criterion: criterion::stored(message.criterion),
                text: from_private(message.text.as_ref()).ok_or_else(bad("it has no text"))?,
            },
            Kind::ReferralCancelled(message) => {
                Event::Cancelled { reason: reason(message.reason)?, ended_early: message.ended_early }
            }
            Kind::ReferralStarted(_) => Event::Started { at: occurred(stored)?.at },
            Kind::ReferralHeld(message) => Event::Held {
                reason: hold_reason::stored(message.reason).ok_or_else(bad("its reason is not known"))?,
                at: occurred(stored)?.at,
            },
            Kind::ReferralResumed(message) => Event::Resumed {
                when: stored_when(stored, message.told_at.as_ref())?,
                clocks: running_in(stored, &message.clocks)?,
            },
            Kind::ReferralCompleted(message) => Event::Completed {
                outcome: outcome::stored(message.outcome).ok_or_else(bad("its outcome is not known"))?,
            },
            Kind::ReferralFailed(message) => {
                Event::Failed { reason: reason(message.reason)?, ended_early: message.ended_early }
            }
            Kind::ReferralEnteredInError(_) => Event::EnteredInError,
            Kind::ReferralInformationAsked(message) => {
                let (question, text) = stored_words(stored, &message.question_id, message.question.as_ref())?;
                Event::InformationAsked { question, text }
            }
            Kind::ReferralInformationSupplied(message) => {
                let (question, text) = stored_words(stored, &message.question_id, message.answer.as_ref())?;
                Event::InformationSupplied { question, text, consent: stored.consent_reference.clone() }
            }
            Kind::ReferralContactMade(message) => {
                Event::ContactMade(stored_contact(stored, &message.contact_id, message.contact)?)
            }
            Kind::ReferralBusinessStatusSet(message) => {
                let status = business_status::stored(message.status);
                Event::StatusSet(status.ok_or_else(bad("its status is not known"))?)
            }
            Kind::ReferralPersonDied(_) => Event::PersonDied { at: occurred(stored)?.at },
            Kind::ReferralPersonAlive(message) => {
                Event::PersonAlive { clocks: running_in(stored, &message.clocks)? }
            }
            Kind::ReferralConsentLapsed(message) => {
                Event::ConsentLapsed { directive: message.directive_id, at: occurred(stored)?.at }
            }
            Kind::ReferralConsentRestored(message) => Event::ConsentRestored {
                clocks: running_in(stored, &message.clocks)?,
                directive: message.directive_id,
            },
            Kind::ReferralConsentForeseen(message) => {
                Event::ConsentForeseen { changes: optional_instant(stored, message.changes_at.as_ref())? }
            }
            Kind::ReferralTransferAsked(message) => Event::TransferAsked {
                text: from_private(message.reason.as_ref()).ok_or_else(bad("it has no reason"))?,
            },
            Kind::ReferralFollowed(message) => Event::FollowedBy {
                how: followed_in(stored, message.following)?,
                referral: stored_id(stored, &message.follower_id)?,
            },
            Kind::ReferralSplit(message) => {
                let parts = message.part_ids.iter().map(|part| stored_id(stored, part));
                Event::Split {
                    rule: split_rule::stored(message.rule).ok_or_else(bad("its rule is not known"))?,
                    parts: parts.collect::<Result<_, _>>()?,
                }
            }
            Kind::ReferralAssigned(message) => Event::Assigned {
                worker: stored_optional_id(stored, &message.worker_id)?,
                from: stored_optional_id(stored, &message.from_worker_id)?,
                at: occurred(stored)?,
            },
            Kind::ReferralPartEnded(message) => Event::PartEnded {
                part: stored_id(stored, &message.part_id)?,
                end: part_end_in(stored, message.outcome, message.reason)?,
            },
            Kind::ReferralReviewed(message) => Event::Reviewed {
                when: stored_when(stored, message.told_at.as_ref())?,
                next: optional_instant(stored, message.review_by.as_ref())?,
            },
            Kind::ReferralOverdue(message) => Event::Overdue {
                clock: clock::stored(message.clock).ok_or_else(bad("its clock is not known"))?,
                due: stored_instant(stored, message.due_at.as_ref())?,
                expires: optional_instant(stored, message.expires_at.as_ref())?,
            },
            Kind::ReferralProgressed(message) => Event::Progressed {
                progress: progress::stored(message.progress).ok_or_else(bad("its progress is not known"))?,
                record: message.record,
            },
            Kind::ReferralRecorded(message) => {
                Event::Recorded { correction: message.correction, told: Box::new(told(stored, message)?) }
            }
            _ => return Err(not_of::<Referral>(stored)),
        })
    }
}

fn payload(kind: String, message: Kind) -> Payload {
    Payload::new(kind, &wrap(message))
}

/// The same, of what happened then.
fn happened(kind: String, message: Kind, at: kernel::Timestamp) -> Payload {
    Payload { occurred: Some(kernel::Occurred::instant(at)), ..payload(kind, message) }
}
