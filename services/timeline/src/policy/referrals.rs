//! Referrals and participations on the timeline.
//! Invariant: one entry for each referral, seen by both its sides from the moment it was sent; a draft is its requester's alone.

use std::collections::BTreeMap;

use platform::source::Read;
use platform::wire::speaker;
use prost::Message;
use proto::referrals::referrals_event::Kind;
use proto::referrals::{self as pb, ReferralsEvent};
use proto::timeline::EntryKind;
use proto::types::LifeDomain;

use super::{Unreadable, entry, goes_on, shared, spoken, telling_where, withdraw};
use crate::entries::{Entries, Put};

const LOG: &str = "referrals";
const REFERRAL: &str = "referral";
const PARTICIPATION: &str = "participation";

/// What is remembered of a referral for its line: how it stands, questions that are open, how far its target says it is, whether nobody looked at it
/// again in time, whether its consent lapsed, and what it has to do with another.
const STATE: &str = "state";
const ASKED: &str = "asked";
const STATUS: &str = "status";
const REVIEW: &str = "review";
const LAPSED: &str = "lapsed";
const DIED: &str = "died";
const LINKED: &str = "linked";
/// How a participation stands that rests.
const PAUSED: &str = "paused";

pub(super) fn apply(entries: &mut Entries, read: &Read) -> Result<(), Unreadable> {
    let payload = ReferralsEvent::decode(read.event.payload.clone()).map_err(|_| Unreadable)?;
    match payload.kind.ok_or(Unreadable)? {
        // Offers concern nobody.
        Kind::ServiceOfferPublished(_)
        | Kind::ServiceOfferCapacityReported(_)
        | Kind::ServiceOfferWithdrawn(_)
        // Who takes care of what within an agency is told by the records themselves.
        | Kind::CaseloadHandedOver(_) => {}
        // What is foreseen has not happened.
        Kind::ReferralConsentForeseen(_) => {}
        // What was not done is no event in a person's life.
        Kind::ReactionRefused(_) => {}

        Kind::ReferralDrafted(drafted) => {
            let line = format!("Referral to {}: draft", drafted.offer_name);
            let mut entry = entry(LOG, read, EntryKind::Referral, line);
            entry.open = true;
            entry.life_domains = vec![drafted.life_domain];
            entry.goal_ids.extend(Some(drafted.goal_id).filter(|goal| !goal.is_empty()));
            let mut put = housed(spoken(LOG, read, entry));
            put.stored.facts.insert("offer".into(), drafted.offer_name);
            put.stored.facts.insert("requester".into(), drafted.requester_agency_id);
            put.stored.facts.insert("target".into(), drafted.target_agency_id);
            entries.put(REFERRAL, put);
        }
        Kind::ReferralSent(_) => {
            let Some(drafted) = entries.get(REFERRAL).cloned() else { return Err(Unreadable) };
            let mut facts = drafted.stored.facts.clone();
            facts.insert(STATE.into(), "requested".into());
            let mut sent = drafted.stored.entry.ok_or(Unreadable)?;
            super::made_of(&mut sent, read);
            // From here on it is about the sending: the draft gives way to it.
            sent.start = read.event.occurred.clone();
            sent.line = line(&facts);
            let mut put = housed(shared(LOG, read, sent, [fact(&facts, "requester"), fact(&facts, "target")]));
            put.stored.facts = facts;
            entries.put(REFERRAL, put);
        }
        Kind::ReferralAcknowledged(_) => state(entries, read, "acknowledged", true),
        Kind::ReferralAccepted(_) => state(entries, read, "accepted", true),
        Kind::ReferralRejected(closed) => state(entries, read, &closing("rejected", closed.reason()), false),
        Kind::ReferralCancelled(closed) => {
            let how = if closed.ended_early { "cancelled early" } else { "cancelled before start" };
            state(entries, read, &closing(how, closed.reason()), false);
        }
        Kind::ReferralStarted(_) => state(entries, read, "in progress", true),
        Kind::ReferralHeld(held) => state(entries, read, &resting(held.reason()), true),
        Kind::ReferralResumed(_) => state(entries, read, "in progress", true),
        Kind::ReferralCompleted(closed) => {
            let outcome = match closed.outcome() {
                pb::Outcome::Unspecified => "completed",
                pb::Outcome::Enrolled => "completed, enrolled",
                pb::Outcome::NotEnrolled => "completed, not enrolled",
                pb::Outcome::Waitlisted => "completed, on the waiting list",
                pb::Outcome::ServiceGiven => "completed, service given",
            };
            state(entries, read, outcome, false);
        }
        Kind::ReferralFailed(closed) => {
            let how = if closed.ended_early { "ended early" } else { "withdrawn before start" };
            state(entries, read, &closing(how, closed.reason()), false);
        }
        Kind::ReferralEnteredInError(_) | Kind::ParticipationEnteredInError(_) => withdraw(entries, read),
        // What ran out is told until what it waits for has happened.
        Kind::ReferralOverdue(overdue) => match overdue.clock() {
            pb::Clock::Unspecified | pb::Clock::Expiry => goes_on(entries, REFERRAL, read, |_| {}),
            pb::Clock::Acknowledge => state(entries, read, "not acknowledged in time", true),
            pb::Clock::Answer => state(entries, read, "not answered in time", true),
            pb::Clock::Start => state(entries, read, "accepted, not started in time", true),
            pb::Clock::Review => note(entries, read, REVIEW, |_| Some("not reviewed in time".to_owned())),
        },
        Kind::ReferralReviewed(_) => note(entries, read, REVIEW, |_| None),
        Kind::ReferralInformationAsked(_) => {
            note(entries, read, ASKED, |open| Some((open.parse().unwrap_or(0_u32) + 1).to_string()))
        }
        Kind::ReferralInformationSupplied(_) => note(entries, read, ASKED, |open| {
            Some(open.parse().unwrap_or(0_u32).saturating_sub(1))
                .filter(|open| *open > 0)
                .map(|open| open.to_string())
        }),
        Kind::ReferralBusinessStatusSet(set) => {
            note(entries, read, STATUS, |_| status(set.status()).map(str::to_owned));
        }
        Kind::ReferralTransferAsked(_) => {
            note(entries, read, LINKED, |_| Some("transfer asked for".to_owned()));
        }
        Kind::ReferralFollowed(followed) => {
            note(entries, read, LINKED, |_| following(followed.following()).map(str::to_owned));
        }
        Kind::ReferralSplit(_) => state(entries, read, "in progress, passed to several", true),
        Kind::ReferralPartEnded(_) | Kind::ReferralAssigned(_) => goes_on(entries, REFERRAL, read, |_| {}),
        Kind::ReferralPersonDied(_) => note(entries, read, DIED, |_| Some("the person died".to_owned())),
        Kind::ReferralPersonAlive(_) => note(entries, read, DIED, |_| None),
        Kind::ReferralConsentLapsed(_) => note(entries, read, LAPSED, |_| Some("consent lapsed".to_owned())),
        Kind::ReferralConsentRestored(_) => note(entries, read, LAPSED, |_| None),
        Kind::ReferralContactMade(made) => {
            let Some(referral) = entries.get(REFERRAL).cloned() else { return Ok(()) };
            let contact = made.contact.ok_or(Unreadable)?;
            let how = if contact.reached { "Contact" } else { "Contact attempted" };
            let facts = &referral.stored.facts;
            let line = format!("{how} about the referral to {}", fact(facts, "offer"));
            let mut entry = entry(LOG, read, EntryKind::Contact, line);
            entry.start = contact.occurred;
            let sides = [fact(facts, "requester"), fact(facts, "target")];
            let domains = referral.stored.entry.map(|entry| entry.life_domains).unwrap_or_default();
            let contact = shared(LOG, read, entry, sides);
            let contact = if of_homes(&domains) { telling_where(contact) } else { contact };
            entries.put(format!("contact:{}", made.contact_id), contact);
        }
        Kind::ReferralProgressed(_) => goes_on(entries, REFERRAL, read, |_| {}),
        Kind::ReferralRecorded(recorded) => {
            let (word, open) = recorded_state(recorded.state());
            let line = match recorded.offer_name.as_str() {
                "" => format!("Referral: {word}"),
                offer => format!("Referral to {offer}: {word}"),
            };
            let mut entry = entry(LOG, read, EntryKind::Referral, line);
            entry.start = recorded.made.or_else(|| read.event.occurred.clone());
            entry.open = open;
            entry.end = if open { None } else { recorded.state_reached };
            let parties = [speaker(&read.event), recorded.target_agency_id.as_str()];
            // It may have been to a home: its source tells no domain.
            let mut put = telling_where(shared(LOG, read, entry, parties));
            put.stored.text = recorded.service_named;
            entries.put(REFERRAL, put);
        }

        Kind::ParticipationStarted(started) => {
            let facts = BTreeMap::from([
                ("agency".to_owned(), started.agency_id.clone()),
                ("offer".to_owned(), started.offer_name),
            ]);
            let mut entry = entry(LOG, read, EntryKind::Participation, taking_part(&facts));
            entry.open = true;
            let mut put = super::served(LOG, read, entry, &started.agency_id);
            put.stored.facts = facts;
            entries.put(PARTICIPATION, put);
        }
        // Which items it carries out is read from the plan.
        Kind::ParticipationPlanNamed(_) => goes_on(entries, PARTICIPATION, read, |_| {}),
        Kind::ParticipationContactMade(made) => {
            let contact = made.contact.ok_or(Unreadable)?;
            let line = if contact.reached { "Contact" } else { "Contact attempted" };
            let mut entry = entry(LOG, read, EntryKind::Contact, line);
            entry.start = contact.occurred;
            entries.put(format!("contact:{}", made.contact_id), spoken(LOG, read, entry));
        }
        Kind::ParticipationAssigned(_) => goes_on(entries, PARTICIPATION, read, |_| {}),
        Kind::ParticipationPaused(_) => participation(entries, read, PAUSED.to_owned(), true),
        Kind::ParticipationResumed(_) => participation(entries, read, "goes on".to_owned(), true),
        Kind::ParticipationEnded(ended) => {
            participation(entries, read, closing("ended", ended.reason()), false);
        }
        Kind::ParticipationRecorded(recorded) => {
            let mut facts = BTreeMap::from([("offer".to_owned(), recorded.offer_name.clone())]);
            let before = entries.get(PARTICIPATION).map(|before| fact(&before.stored.facts, STATE).to_owned());
            let state = match (recorded.ended.is_some(), recorded.reason()) {
                (true, pb::ClosingReason::Unspecified) => None,
                (true, reason) => Some(closing("ended", reason)),
                // What rests here rests on while the source knows no end of it.
                (false, _) => before.filter(|state| state == PAUSED),
            };
            facts.extend(state.map(|state| (STATE.to_owned(), state)));
            let mut entry = entry(LOG, read, EntryKind::Participation, taking_part(&facts));
            entry.start = recorded.started;
            entry.open = recorded.ended.is_none();
            entry.end = recorded.ended;
            let mut put = spoken(LOG, read, entry);
            put.stored.facts = facts;
            entries.put(PARTICIPATION, put);
        }
    }
    Ok(())
}

/// A referral to a home tells where the person may be found.
fn housed(put: Put) -> Put {
    let homes = put.stored.entry.as_ref().is_some_and(|entry| of_homes(&entry.life_domains));
    if homes { telling_where(put) } else { put }
}

fn of_homes(domains: &[i32]) -> bool {
    domains.contains(&LifeDomain::Housing.into())
}

fn fact<'a>(facts: &'a BTreeMap<String, String>, name: &str) -> &'a str {
    facts.get(name).map(String::as_str).unwrap_or_default()
}

/// How it stands, from now on. What is noted beside that ends with the referral.
fn state(entries: &mut Entries, read: &Read, word: &str, open: bool) {
    entries.change(REFERRAL, |stored| {
        stored.facts.insert(STATE.into(), word.to_owned());
        if !open {
            for noted in [ASKED, REVIEW, LAPSED, DIED] {
                stored.facts.remove(noted);
            }
        }
        let line = line(&stored.facts);
        if let Some(entry) = stored.entry.as_mut() {
            super::made_of(entry, read);
            entry.line = line;
            entry.open = open;
            entry.end = if open { None } else { read.event.occurred.clone() };
        }
    });
}

/// How a participation stands, from now on.
fn participation(entries: &mut Entries, read: &Read, word: String, open: bool) {
    entries.change(PARTICIPATION, |stored| {
        stored.facts.insert(STATE.into(), word);
        let line = taking_part(&stored.facts);
        if let Some(entry) = stored.entry.as_mut() {
            super::made_of(entry, read);
            entry.line = line;
            entry.open = open;
            entry.end = if open { None } else { read.event.occurred.clone() };
        }
    });
}

fn taking_part(facts: &BTreeMap<String, String>) -> String {
    let state = facts.get(STATE).map(|state| format!(": {state}")).unwrap_or_default();
    format!("Takes part in {}{state}", fact(facts, "offer"))
}

/// What is noted beside how it stands.
fn note(entries: &mut Entries, read: &Read, name: &str, change: impl FnOnce(&str) -> Option<String>) {
    entries.change(REFERRAL, |stored| {
        match change(fact(&stored.facts, name)) {
            Some(now) => stored.facts.insert(name.to_owned(), now),
            None => stored.facts.remove(name),
        };
        let line = line(&stored.facts);
        if let Some(entry) = stored.entry.as_mut() {
            super::made_of(entry, read);
            entry.line = line;
        }
    });
}

fn line(facts: &BTreeMap<String, String>) -> String {
    let asked = facts.get(ASKED).map(|_| "information asked for");
    let noted = |name| facts.get(name).map(String::as_str);
    let notes = [noted(STATUS), asked, noted(REVIEW), noted(LAPSED), noted(DIED), noted(LINKED)];
    let said: String = notes.into_iter().flatten().map(|note| format!(", {note}")).collect();
    format!("Referral to {}: {}{said}", fact(facts, "offer"), fact(facts, STATE))
}

fn following(following: pb::Following) -> Option<&'static str> {
    match following {
        pb::Following::Unspecified | pb::Following::PartOf => None,
        pb::Following::ReRefers => Some("referred again"),
        pb::Following::Reopens => Some("opened again"),
        pb::Following::Transfers => Some("being transferred"),
    }
}

fn status(status: pb::BusinessStatus) -> Option<&'static str> {
    match status {
        pb::BusinessStatus::Unspecified | pb::BusinessStatus::NotUpdated => None,
        pb::BusinessStatus::NeedsClientAction => Some("needs something of the person"),
        pb::BusinessStatus::Pending => Some("pending"),
        pb::BusinessStatus::Eligible => Some("eligible"),
        pb::BusinessStatus::CouldNotContact => Some("could not be contacted"),
        pb::BusinessStatus::Waitlisted => Some("on the waiting list"),
        pb::BusinessStatus::Scheduled => Some("scheduled"),
        pb::BusinessStatus::ReferredElsewhere => Some("referred elsewhere"),
        pb::BusinessStatus::GotHelp => Some("got help"),
    }
}

fn recorded_state(state: pb::ReferralState) -> (&'static str, bool) {
    match state {
        pb::ReferralState::Unspecified => ("logged", true),
        pb::ReferralState::Draft => ("draft", true),
        pb::ReferralState::Requested => ("requested", true),
        pb::ReferralState::Accepted => ("accepted", true),
        pb::ReferralState::Rejected => ("rejected", false),
        pb::ReferralState::Cancelled => ("cancelled", false),
        pb::ReferralState::InProgress => ("in progress", true),
        pb::ReferralState::OnHold => ("on hold", true),
        pb::ReferralState::Completed => ("completed", false),
        pb::ReferralState::Failed => ("failed", false),
        pb::ReferralState::EnteredInError => ("entered in error", false),
    }
}

fn resting(reason: pb::HoldReason) -> String {
    let why = match reason {
        pb::HoldReason::Unspecified => return "on hold".to_owned(),
        pb::HoldReason::Documents => "documents",
        pb::HoldReason::Capacity => "no capacity",
        pb::HoldReason::PersonsWish => "the person's wish",
        pb::HoldReason::Health => "health",
        pb::HoldReason::Consent => "consent",
        pb::HoldReason::NotReady => "not ready",
    };
    format!("on hold, {why}")
}

fn closing(how: &str, reason: pb::ClosingReason) -> String {
    let why = match reason {
        pb::ClosingReason::Unspecified | pb::ClosingReason::Other => return how.to_owned(),
        pb::ClosingReason::Ineligible => "not eligible",
        pb::ClosingReason::MistakenOrDuplicate => "sent by mistake or twice",
        pb::ClosingReason::NotEngaged => "not engaged",
        pb::ClosingReason::NeedsMetElsewhere => "needs met elsewhere",
        pb::ClosingReason::Moved => "moved",
        pb::ClosingReason::WorkOrCaring => "work or caring",
        pb::ClosingReason::Died => "died",
        pb::ClosingReason::NoCapacity => "no capacity",
        pb::ClosingReason::CouldNotContact => "could not be contacted",
        pb::ClosingReason::PersonDeclined => "declined by the person",
        pb::ClosingReason::ProviderDeclined => "declined by the provider",
        pb::ClosingReason::CompletedEarly => "completed early",
        pb::ClosingReason::ConsentWithdrawn => "consent withdrawn",
        pb::ClosingReason::Expired => "expired",
    };
    format!("{how}, {why}")
}
