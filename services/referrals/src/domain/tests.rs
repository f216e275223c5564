//! Given, when, then: every rule of offers, referrals and participations.
//! Invariant: the tests speak the domain and nothing else.

mod caseloads;
mod clocks;
mod consent;
mod deaths;
mod late;
mod links;
mod matching;
mod offers;
mod participations;
mod pauses;
mod referrals;
mod table;
mod talk;

use kernel::{AgencyId, By, OfferId, PersonId, Private, Timestamp, WorkerId, Zone};

use super::assignment::Assignment;
use super::contact::Contact;
use super::offer::{Content, Eligibility, Receiver};
use super::referral::{
    self, Ask, BusinessStatus, Clock, Closing, ClosingReason, Command, Event, Facts, Followed, HoldReason,
    Household, Origin, Outcome, Override, Pace, PartEnd, Progress, Recorded, Referral, Rule, Sent, Situation,
    State, When,
};
use super::{GoalId, ReferralId};

const SHELTER: AgencyId = AgencyId::of(1);
const CLINIC: AgencyId = AgencyId::of(2);
const STRANGER: AgencyId = AgencyId::of(3);
const ANA: PersonId = PersonId::of(10);
const OFFER: OfferId = OfferId::of(20);
const THIS: ReferralId = ReferralId::of(30);

fn noon() -> Timestamp {
    "2026-03-04T18:00:00Z".parse().unwrap()
}

/// Three working days after noon on a Wednesday in Chicago, across the clock change.
fn due() -> Timestamp {
    "2026-03-09T17:00:00Z".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Told as it is done, at noon.
fn now() -> When {
    When::told(noon())
}

/// Told as it is done, then.
fn told(text: &str) -> When {
    When::told(at(text))
}

fn content() -> Content {
    Content {
        name: "Kitchen skills".into(),
        practice: "skills-training".into(),
        life_domains: vec![4],
        receiver: Receiver::Participation,
        zero_exclusion: false,
        part2: false,
        zone: Zone::stored("America/Chicago"),
        expires: None,
        identifiers: vec![],
        eligibility: Eligibility::default(),
        areas: vec![],
        languages: vec![],
        hours: vec![],
        modes: vec![],
        description: String::new(),
        terms: vec![],
        locations: vec![],
        telecom: vec![],
    }
}

fn usual() -> Pace {
    Pace::default()
}

fn facts() -> Facts {
    Facts {
        id: THIS,
        drafted_at: noon(),
        person: ANA,
        requester: Some(SHELTER),
        offer: OFFER,
        offer_name: "Kitchen skills".into(),
        target: CLINIC,
        practice: "skills-training".into(),
        priority: 1,
        life_domain: 4,
        need: Private::plain("to cook"),
        goal: None,
        no_goal_reason: Some(Private::plain("not yet talked about")),
        receiver: Receiver::Participation,
        zone: Zone::stored("America/Chicago"),
        zero_exclusion: false,
        part2: false,
        expires: None,
        origin: Origin::New,
        household: Household::Alone,
    }
}

fn ask() -> Ask {
    Ask {
        person: ANA,
        offer: OFFER,
        target: CLINIC,
        content: Some(content()),
        priority: 1,
        life_domain: 4,
        need: Private::plain("to cook"),
        goal: None::<GoalId>,
        no_goal_reason: Some(Private::plain("not yet talked about")),
        follows: None,
        household: Household::Alone,
    }
}

fn sent() -> Event {
    Event::Sent(sent_with("consent-1"))
}

fn sent_with(consent: &str) -> Sent {
    Sent {
        consent: consent.into(),
        overriding: None,
        when: now(),
        acknowledge_by: due(),
        answer_by: at("2026-03-13T17:00:00Z"),
        review_by: at("2026-06-02T17:00:00Z"),
        expiry_days: None,
        expires: None,
        part2: false,
    }
}

fn accepted() -> Event {
    Event::Accepted {
        id: THIS,
        person: ANA,
        offer: OFFER,
        target: CLINIC,
        practice: "skills-training".into(),
        zero_exclusion: false,
        receiver: Receiver::Participation,
        goal: None,
        when: now(),
        start_by: at("2026-03-24T17:00:00Z"),
        consent: "consent-1".into(),
        requester: Some(SHELTER),
        household_head: None,
    }
}

fn held(reason: HoldReason) -> Event {
    Event::Held { reason, at: noon() }
}

fn contact(id: u128, reached: bool) -> Contact {
    Contact {
        id: kernel::ids::Uuid::from_u128(id),
        occurred: kernel::Occurred::instant(noon()),
        minutes: 10,
        setting: 7,
        reached,
        purpose: "intake".into(),
        workers: vec![WorkerId::of(5)],
        approach: None,
    }
}

/// That worker of that agency is to take care of it.
fn to(worker: Option<WorkerId>, works_for: AgencyId) -> Assignment {
    let at = kernel::Occurred::instant(noon());
    Assignment { worker, works_for: worker.map(|_| works_for), from: None, at }
}

fn drafted() -> Vec<Event> {
    vec![Event::Drafted(facts())]
}

fn requested() -> Vec<Event> {
    vec![Event::Drafted(facts()), sent()]
}

fn then(mut past: Vec<Event>, more: impl IntoIterator<Item = Event>) -> Vec<Event> {
    past.extend(more);
    past
}

fn by(agency: AgencyId) -> By {
    By::Agency(agency)
}

/// Another worker of the shelter's approves it.
fn override_by_worker() -> Override {
    Override {
        reason: Private::plain("urgent, invented"),
        approver: WorkerId::of(5),
        works_for: Some(SHELTER),
        sender: Some(WorkerId::of(6)),
    }
}
