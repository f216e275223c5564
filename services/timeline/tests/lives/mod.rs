//! Lives made up from the contract: events of every kind in streams of every log, told little by little.
//! Invariant: a stream's events are ones that the timeline can read in their order; nothing else about them is likely.

use jiff::SignedDuration;
use kernel::{AgencyId, Occurred, PersonId, StreamId};
use platform::clock::Clock;
use platform::log::{Append, NewEvent, Recorded};
use platform::projection::Read;
use platform::store::{Store, StoreUrl};
use prost::Message;
use tests::Dice;
use tests::contract::Contract;
use timeline::entries::Entries;
use timeline::policy;
use uuid::Uuid;

/// Streams of each log.
const STREAMS: u64 = 14;

/// Some people, and what is told of them.
pub struct Lives {
    /// The logs.
    pub stores: Vec<(&'static str, Store)>,
    /// The clock that they are recorded by.
    pub clock: Clock,
    url: StoreUrl,
    /// What is still to be told, stream by stream, by the place of its log; newest first.
    ahead: Vec<(usize, Vec<NewEvent>)>,
}

impl Lives {
    /// Lives whose logs are still empty.
    pub async fn open(url: &StoreUrl, dice: &mut Dice) -> Self {
        let clock = Clock::driven("2026-06-01T12:00:00Z".parse().unwrap());
        let contract = Contract::of_this_build();
        let (mut stores, mut ahead) = (vec![], vec![]);
        for (place, log) in policy::SOURCES.iter().copied().enumerate() {
            stores.push((log, Store::open(url, log, clock.clone()).await.unwrap()));
            for number in 0..STREAMS {
                ahead.push((place, stream(&contract, log, number, dice)));
            }
        }
        Self { stores, clock, url: url.clone(), ahead }
    }

    /// The store of another service.
    pub async fn store(&self, service: &'static str) -> Store {
        Store::open(&self.url, service, self.clock.clone()).await.unwrap()
    }

    /// Tells up to so many more events, in appends of one or a few streams of a log.
    pub async fn go_on(&mut self, dice: &mut Dice, events: usize) {
        let mut told = 0;
        while told < events && !self.ahead.is_empty() {
            let first = dice.below(self.ahead.len() as u64) as usize;
            let log = self.ahead[first].0;
            let mut together = vec![];
            for _ in 0..1 + dice.below(4) {
                let of_log: Vec<usize> =
                    (0..self.ahead.len()).filter(|at| self.ahead[*at].0 == log).collect();
                let Some(at) = of_log.get(dice.below(of_log.len().max(1) as u64) as usize).copied() else {
                    break;
                };
                together.extend(self.ahead[at].1.pop());
                if self.ahead[at].1.is_empty() {
                    self.ahead.remove(at);
                }
            }
            told += together.len();
            let append = Append { events: together, ..Append::default() };
            self.stores[log].1.log().append(append).await.unwrap();
            // Now and then two appends are recorded at one instant.
            let later = SignedDuration::from_secs(dice.below(3) as i64);
            self.clock.drive_to(self.clock.now() + later);
        }
    }
}

/// A stream's events, last first.
fn stream(contract: &Contract, log: &'static str, number: u64, dice: &mut Dice) -> Vec<NewEvent> {
    let name = format!("{}{}", log[..1].to_uppercase(), &log[1..]);
    let payload = format!("throughline.{log}.v1.{name}Event");
    let kinds = contract.kinds(&payload);
    let person = PersonId::of(1 + u128::from(dice.below(3)));
    // As in life, no two logs have a stream of one name.
    let stream = StreamId::new(log, Uuid::from_u128(100 + u128::from(number)));
    let mut entries = Entries::default();
    let mut events = vec![];
    let long = 1 + dice.below(9);
    let mut tried = 0;
    while (events.len() as u64) < long {
        tried += 1;
        assert!(tried < 10_000, "the timeline reads none of the kinds of {payload}");
        let kind = kinds[dice.below(kinds.len() as u64) as usize].0;
        // Few ids, so that what one event names another names again.
        let choose = &mut |path: &str, limit: u64| {
            if path.ends_with("_id") || path.ends_with("_ids") { dice.below(4) } else { dice.below(limit) }
        };
        let sample = contract.sample(&payload, kind, choose);
        let version = events.len() as u64 + 1;
        let event = event(stream, version, person, sample.bytes, dice);
        let bytes = event.encode_to_vec();
        let id = Uuid::try_parse(&event.id).unwrap();
        let read = Read::new(Recorded {
            position: version,
            partition: 0,
            sequence: version,
            recorded_at: "2026-06-01T12:00:00Z".parse().unwrap(),
            bytes: bytes.clone().into(),
        });
        let mut after = entries.clone();
        if policy::apply(log, &mut after, &read).is_ok() {
            entries = after;
            events.push(NewEvent {
                stream,
                version,
                id,
                kind: event.r#type,
                person: Some(person),
                bytes: bytes.into(),
            });
        }
    }
    events.reverse();
    events
}

fn event(
    stream: StreamId,
    version: u64,
    person: PersonId,
    payload: Vec<u8>,
    dice: &mut Dice,
) -> proto::log::Event {
    let at = jiff::Timestamp::from_second(1_772_000_000 + dice.below(5_000_000) as i64).unwrap();
    let agency = |dice: &mut Dice| AgencyId::of(50 + u128::from(dice.below(3))).to_string();
    proto::log::Event {
        id: Uuid::from_u128(u128::from(dice.throw()) << 64 | u128::from(dice.throw())).to_string(),
        r#type: "throughline.test.v1.Told".into(),
        schema_version: 1,
        stream: stream.to_string(),
        version,
        person_id: person.to_string(),
        agency_id: if dice.percent(80) { agency(dice) } else { String::new() },
        on_behalf_of: if dice.percent(15) { agency(dice) } else { String::new() },
        labels: if dice.percent(25) { vec!["42CFRPart2".into()] } else { vec![] },
        occurred: Some(platform::wire::to_occurred(&Occurred::instant(at))),
        payload: payload.into(),
        ..Default::default()
    }
}
