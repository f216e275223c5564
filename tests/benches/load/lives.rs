//! Invented lives: what three services would have written of many people in two years, in the order in which it would have come.
//!
//! Invariant: the same person and step give the same event but for its id, and everybody's life has the same 602 events and 500 entries; neighbours in
//! a log are about different people, as they are where many agencies write at once.

use jiff::{SignedDuration, Timestamp};
use kernel::{AgencyId, Occurred, PersonId, StreamId};
use platform::log::{Append, NewEvent};
use platform::wire::{to_instant, to_occurred};
use prost::Message;
use proto::log as log_pb;
use proto::referrals as referrals_pb;
use proto::referrals::referrals_event::Kind as Referrals;
use proto::therapy as therapy_pb;
use proto::therapy::therapy_event::Kind as Therapy;
use proto::types::{Contact, LifeDomain, Setting, Voice};
use proto::vocational as vocational_pb;
use proto::vocational::vocational_event::Kind as Vocational;
use tests::alone::TestKeys;
use tests::{Alone, Dice};
use uuid::Uuid;

/// Agencies that there are; four of them serve each person.
const AGENCIES: u64 = 12;
/// Events of one append.
const APPEND: usize = 1_000;
/// How long a life is told of.
const SPAN: SignedDuration = SignedDuration::from_hours(24 * 730);

/// What one step of a life is.
#[derive(Clone, Copy)]
enum What {
    Drafted,
    Sent,
    Acknowledged,
    Accepted,
    Started,
    Completed,
    TakesPart,
    Met,
    TakesPartNoMore,
    CaseOpened,
    CaseMet,
    Lead,
    Applied,
    Booked,
    Attended,
}

impl What {
    fn log(self) -> &'static str {
        match self {
            Self::Drafted
            | Self::Sent
            | Self::Acknowledged
            | Self::Accepted
            | Self::Started
            | Self::Completed
            | Self::TakesPart
            | Self::Met
            | Self::TakesPartNoMore => "referrals",
            Self::CaseOpened | Self::CaseMet | Self::Lead | Self::Applied => "vocational",
            Self::Booked | Self::Attended => "therapy",
        }
    }

    fn category(self) -> &'static str {
        match self {
            Self::Drafted
            | Self::Sent
            | Self::Acknowledged
            | Self::Accepted
            | Self::Started
            | Self::Completed => "referral",
            Self::TakesPart | Self::Met | Self::TakesPartNoMore => "participation",
            Self::CaseOpened | Self::CaseMet => "case",
            Self::Lead | Self::Applied => "job",
            Self::Booked | Self::Attended => "appointment",
        }
    }
}

/// One event of everybody's life.
#[derive(Clone, Copy)]
struct Step {
    what: What,
    /// Which thing of the life it is about, and at which step that began.
    thing: usize,
    born: usize,
    version: u64,
}

/// Many people with the same kind of life.
pub struct Lives {
    people: usize,
    script: Vec<Step>,
}

impl Lives {
    /// So many people.
    pub fn of(people: usize) -> Self {
        use What::{Acknowledged, Applied, CaseMet, CaseOpened, Sent, TakesPart, TakesPartNoMore};
        let mut things: Vec<Vec<What>> = vec![];
        let referral =
            [What::Drafted, Sent, Acknowledged, What::Accepted, What::Started, What::Completed].to_vec();
        things.extend(vec![referral; 4]);
        things.extend(vec![[vec![TakesPart], vec![What::Met; 31], vec![TakesPartNoMore]].concat(); 9]);
        things.push([vec![CaseOpened], vec![CaseMet; 94]].concat());
        things.extend(vec![vec![What::Lead]; 40]);
        things.extend(vec![vec![What::Lead, Applied]; 10]);
        things.extend(vec![vec![What::Booked, What::Attended]; 63]);
        Self { people, script: mixed(things) }
    }

    /// How many steps a life has.
    pub fn steps(&self) -> usize {
        self.script.len()
    }

    /// How many people there are.
    pub fn people(&self) -> usize {
        self.people
    }

    /// Names the agencies, and lets two of three people allow the agencies that serve them to see everything.
    pub async fn settle(&self, service: &Alone) {
        use proto::registry::registry_event::Kind;
        use proto::registry::{AgencyContent, AgencyRegistered, RegistryEvent};
        let mut events = vec![];
        for number in 0..AGENCIES {
            let id = agency(number);
            let content = AgencyContent {
                name: format!("Invented agency {number}"),
                zone: "UTC".into(),
                ..Default::default()
            };
            let kind = Kind::AgencyRegistered(AgencyRegistered {
                agency_id: id.to_string(),
                content: Some(content),
            });
            let payload = RegistryEvent { kind: Some(kind) }.encode_to_vec();
            let stream = StreamId::new("agency", id.uuid());
            events.push(event(stream, 1, None, id, service.clock.now(), "AgencyRegistered", payload));
        }
        for number in (0..self.people).filter(|number| number % 3 > 0) {
            let id = person(number);
            for (recipient, version) in serving(number).into_iter().zip(1..) {
                let kind = tests::say::given(id, recipient);
                let payload = RegistryEvent { kind: Some(kind) }.encode_to_vec();
                let (stream, at) = (tests::say::stream(id), service.clock.now());
                events.push(event(stream, version, Some(id), recipient, at, "ConsentGiven", payload));
            }
        }
        append(service, "registry", events).await;
    }

    /// Appends these steps of everybody's life to the logs, one after the other, and tells how many events that were. The clock goes on with them.
    pub async fn live(&self, service: &Alone, steps: std::ops::Range<usize>) -> usize {
        let mut told = 0;
        for number in steps {
            let step = self.script[number];
            service.clock.drive_to(service.clock.now() + SignedDuration::from_mins(1));
            let events: Vec<NewEvent> =
                (0..self.people).map(|person| self.event(person, number, step)).collect();
            told += events.len();
            append(service, step.what.log(), events).await;
        }
        told
    }

    fn event(&self, number: usize, at_step: usize, step: Step) -> NewEvent {
        let person = person(number);
        // As ids are: by the time of their making.
        let thing = (1 << 120) | (step.born as u128) << 80 | (step.thing as u128) << 48 | number as u128;
        let thing = Uuid::from_u128(thing);
        let begins: Timestamp = Alone::START.parse().expect("an instant");
        let into = SPAN / self.script.len() as i32 * at_step as i32;
        let minutes = SignedDuration::from_mins((number * 37 % 1_440) as i64);
        let at = begins - SPAN + into + minutes;
        let by = serving(number)[step.thing % 4];
        let stream = StreamId::new(step.what.category(), thing);
        let about = About { thing, offer: step.thing, person, by, at };
        let (name, payload) = about.payload(step.what);
        event(stream, step.version, Some(person), by, at, name, payload)
    }
}

/// The things' events, each thing's in order and the things at once.
fn mixed(things: Vec<Vec<What>>) -> Vec<Step> {
    let mut dice = Dice::new(1);
    let mut at = vec![0; things.len()];
    let mut born = vec![None; things.len()];
    let mut left: usize = things.iter().map(Vec::len).sum();
    let mut script = Vec::with_capacity(left);
    while left > 0 {
        let mut nth = dice.below(left as u64) as usize;
        let mut rest = things.iter().zip(&at).map(|(thing, at)| thing.len() - at).enumerate();
        let (thing, _) = rest
            .find(|(_, rest)| match nth.checked_sub(*rest) {
                Some(less) => {
                    nth = less;
                    false
                }
                None => true,
            })
            .expect("some thing goes on");
        let born = *born[thing].get_or_insert(script.len());
        let what = things[thing][at[thing]];
        at[thing] += 1;
        script.push(Step { what, thing, born, version: at[thing] as u64 });
        left -= 1;
    }
    script
}

/// An agency's id.
pub fn agency(number: u64) -> AgencyId {
    AgencyId::of(u128::from(100 + number))
}

/// A person's id.
pub fn person(number: usize) -> PersonId {
    PersonId::of((1 << 100) + number as u128)
}

/// The agencies that serve a person.
pub fn serving(number: usize) -> [AgencyId; 4] {
    let first = number as u64;
    [first, first + 1, first + 5, first + 6].map(|number| agency(number % AGENCIES))
}

/// What an event of a life is about.
struct About {
    thing: Uuid,
    offer: usize,
    person: PersonId,
    by: AgencyId,
    at: Timestamp,
}

impl About {
    fn payload(&self, what: What) -> (&'static str, Vec<u8>) {
        let id = self.thing.to_string();
        match what {
            What::Drafted => referrals("ReferralDrafted", Referrals::ReferralDrafted(self.drafted())),
            What::Sent => referrals("ReferralSent", Referrals::ReferralSent(self.sent())),
            What::Acknowledged => {
                let acknowledged = referrals_pb::ReferralAcknowledged { referral_id: id };
                referrals("ReferralAcknowledged", Referrals::ReferralAcknowledged(acknowledged))
            }
            What::Accepted => referrals("ReferralAccepted", Referrals::ReferralAccepted(self.accepted())),
            What::Started => {
                let started = referrals_pb::ReferralStarted { referral_id: id };
                referrals("ReferralStarted", Referrals::ReferralStarted(started))
            }
            What::Completed => {
                let outcome = referrals_pb::Outcome::ServiceGiven.into();
                let completed = referrals_pb::ReferralCompleted { referral_id: id, outcome };
                referrals("ReferralCompleted", Referrals::ReferralCompleted(completed))
            }
            What::TakesPart => {
                referrals("ParticipationStarted", Referrals::ParticipationStarted(self.takes_part()))
            }
            What::Met => {
                let (contact, contact_id) = (Some(self.contact()), Uuid::now_v7().to_string());
                let made =
                    referrals_pb::ParticipationContactMade { participation_id: id, contact, contact_id };
                referrals("ParticipationContactMade", Referrals::ParticipationContactMade(made))
            }
            What::TakesPartNoMore => {
                let ended = referrals_pb::ParticipationEnded { participation_id: id, ..Default::default() };
                referrals("ParticipationEnded", Referrals::ParticipationEnded(ended))
            }
            What::CaseOpened => vocational("CaseOpened", Vocational::CaseOpened(self.case_opened())),
            What::CaseMet => {
                let (contact, contact_id) = (Some(self.contact()), Uuid::now_v7().to_string());
                let made =
                    vocational_pb::CaseContactMade { case_id: id, contact_id, contact, parties: vec![] };
                vocational("CaseContactMade", Vocational::CaseContactMade(made))
            }
            What::Lead => vocational("JobLeadAdded", Vocational::JobLeadAdded(self.lead())),
            What::Applied => {
                let applied = vocational_pb::JobApplied { job_id: id, introduced_by_staff: true };
                vocational("JobApplied", Vocational::JobApplied(applied))
            }
            What::Booked => therapy("AppointmentBooked", Therapy::AppointmentBooked(self.booked())),
            What::Attended => {
                let fulfilled = therapy_pb::AppointmentFulfilled { appointment_id: id, minutes: 50 };
                therapy("AppointmentFulfilled", Therapy::AppointmentFulfilled(fulfilled))
            }
        }
    }

    fn offer(&self) -> (String, String) {
        let id = Uuid::from_u128(500 + self.offer as u128);
        (id.to_string(), "Supported employment, invented".to_owned())
    }

    fn target(&self) -> String {
        agency((self.by.uuid().as_u128() as u64 - 99) % AGENCIES).to_string()
    }

    fn drafted(&self) -> referrals_pb::ReferralDrafted {
        let (offer_id, offer_name) = self.offer();
        referrals_pb::ReferralDrafted {
            referral_id: self.thing.to_string(),
            person_id: self.person.to_string(),
            requester_agency_id: self.by.to_string(),
            offer_id,
            target_agency_id: self.target(),
            practice: "ips".into(),
            priority: referrals_pb::Priority::Routine.into(),
            life_domain: LifeDomain::Employment.into(),
            need: self.sealed("need", "an invented need of some length, as a worker would write it down"),
            receiver: referrals_pb::Receiver::Participation.into(),
            offer_name,
            zone: "UTC".into(),
            ..Default::default()
        }
    }

    fn sent(&self) -> referrals_pb::ReferralSent {
        let acknowledge_by = Some(to_instant(self.at + SignedDuration::from_hours(72)));
        referrals_pb::ReferralSent {
            referral_id: self.thing.to_string(),
            acknowledge_by,
            ..Default::default()
        }
    }

    fn accepted(&self) -> referrals_pb::ReferralAccepted {
        referrals_pb::ReferralAccepted {
            referral_id: self.thing.to_string(),
            person_id: self.person.to_string(),
            offer_id: self.offer().0,
            target_agency_id: self.target(),
            practice: "ips".into(),
            receiver: referrals_pb::Receiver::Participation.into(),
            ..Default::default()
        }
    }

    fn takes_part(&self) -> referrals_pb::ParticipationStarted {
        let (offer_id, offer_name) = self.offer();
        referrals_pb::ParticipationStarted {
            participation_id: self.thing.to_string(),
            person_id: self.person.to_string(),
            agency_id: self.by.to_string(),
            offer_id,
            practice: "ips".into(),
            offer_name,
            ..Default::default()
        }
    }

    fn contact(&self) -> Contact {
        Contact {
            occurred: Some(to_occurred(&Occurred::instant(self.at))),
            minutes: 45,
            setting: Setting::Community.into(),
            reached: true,
            purpose: "follow_up".into(),
            worker_ids: vec![worker(self.by)],
            ..Default::default()
        }
    }

    fn case_opened(&self) -> vocational_pb::CaseOpened {
        vocational_pb::CaseOpened {
            case_id: self.thing.to_string(),
            person_id: self.person.to_string(),
            agency_id: self.by.to_string(),
            practice: "ips".into(),
            ..Default::default()
        }
    }

    fn lead(&self) -> vocational_pb::JobLeadAdded {
        vocational_pb::JobLeadAdded {
            job_id: self.thing.to_string(),
            case_id: Uuid::now_v7().to_string(),
            person_id: self.person.to_string(),
            agency_id: self.by.to_string(),
            kind: vocational_pb::JobKind::Competitive.into(),
            employer: self.sealed("employer", "Invented Bakery on Example Street"),
            title: self.sealed("title", "baker"),
            practice: "ips".into(),
            ..Default::default()
        }
    }

    fn booked(&self) -> therapy_pb::AppointmentBooked {
        let start = therapy_pb::AppointmentTime {
            instant: Some(to_instant(self.at + SignedDuration::from_hours(48))),
            zone: "UTC".into(),
            ..Default::default()
        };
        let content =
            therapy_pb::AppointmentContent { start: Some(start), minutes: 50, ..Default::default() };
        let appointment_id = self.thing.to_string();
        therapy_pb::AppointmentBooked { appointment_id, content: Some(content), ..Default::default() }
    }

    fn sealed(&self, field: &str, text: &str) -> Option<log_pb::Sealed> {
        Some(TestKeys::key(self.person).seal(Uuid::now_v7(), field, text))
    }
}

fn referrals(name: &'static str, kind: Referrals) -> (&'static str, Vec<u8>) {
    (name, referrals_pb::ReferralsEvent { kind: Some(kind) }.encode_to_vec())
}

fn vocational(name: &'static str, kind: Vocational) -> (&'static str, Vec<u8>) {
    (name, vocational_pb::VocationalEvent { kind: Some(kind) }.encode_to_vec())
}

fn therapy(name: &'static str, kind: Therapy) -> (&'static str, Vec<u8>) {
    (name, therapy_pb::TherapyEvent { kind: Some(kind) }.encode_to_vec())
}

fn worker(by: AgencyId) -> String {
    Uuid::from_u128(by.uuid().as_u128() + 1_000).to_string()
}

/// An event as a worker's command writes it.
fn event(
    stream: StreamId,
    version: u64,
    person: Option<PersonId>,
    by: AgencyId,
    at: Timestamp,
    name: &str,
    payload: Vec<u8>,
) -> NewEvent {
    let id = Uuid::now_v7();
    let actor =
        log_pb::Actor { kind: log_pb::ActorKind::Worker.into(), id: worker(by), role: "worker".into() };
    let event = log_pb::Event {
        id: id.to_string(),
        r#type: format!("throughline.bench.v1.{name}"),
        schema_version: 1,
        stream: stream.to_string(),
        version,
        person_id: person.map(|person| person.to_string()).unwrap_or_default(),
        agency_id: by.to_string(),
        actor: Some(actor),
        voice: Voice::Staff.into(),
        correlation_id: id.to_string(),
        occurred: Some(to_occurred(&Occurred::instant(at))),
        payload: payload.into(),
        ..Default::default()
    };
    let (kind, bytes) = (event.r#type.clone(), event.encode_to_vec().into());
    NewEvent { stream, version, id, kind, person, bytes }
}

async fn append(service: &Alone, log: &str, events: Vec<NewEvent>) {
    let mut events = events.into_iter().peekable();
    while events.peek().is_some() {
        let events: Vec<NewEvent> = events.by_ref().take(APPEND).collect();
        let mut expects: Vec<(StreamId, u64)> = vec![];
        for event in &events {
            if expects.last().is_none_or(|(last, _)| *last != event.stream) {
                expects.push((event.stream, event.version - 1));
            }
        }
        let append = Append { expects, events, ..Default::default() };
        service.log(log).append(append).await.expect("the log takes it");
    }
}
