//! By level, not by edge: however the same lives are delivered, the same findings are open in the end.
//!
//! Invariant: each seed tells the same streams; only how the logs fall between each other, when the service runs and how many of it run differs.

mod lives;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use coordination::domain::Findings;
use coordination::domain::findings::Event;
use kernel::{Decider, PersonId, StreamId};
use lives::*;
use platform::args;
use platform::clock::Clock;
use platform::command::Encoding;
use platform::keys::Keys;
use platform::log::{Append, Groups, NewEvent};
use platform::metrics::Metrics;
use platform::seal::Secret;
use platform::service::{Given, Parts, Service};
use platform::source::Source;
use platform::store::{Store, StoreUrl};
use prost::Message;
use proto::housing::housing_event::Kind as Housing;
use proto::referrals::referrals_event::Kind as Referrals;
use proto::therapy::therapy_event::Kind as Therapy;
use proto::vocational::vocational_event::Kind as Vocational;
use tempfile::TempDir;
use tests::alone::{TestKeys, until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

const SEEDS: u64 = 6;
const NOON: &str = "2026-03-04T12:00:00Z";
/// When every tell is said to have happened, whenever it is told.
const HAPPENED: &str = "2026-03-04T09:00:00Z";

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        // splitmix64, by its published constants.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }
}

/// The streams of three people, each in its order. What is one command (the two events of a link) stays together.
fn streams(dice: &mut Dice) -> Vec<Vec<Vec<Tell>>> {
    let mut streams: Vec<Vec<Vec<Tell>>> = vec![];
    let people = [ANA, ANA_TOO, PersonId::of(12)];
    let agencies = [CLINIC, EMPLOYMENT, SHELTER];
    for id in 1..=24_u128 {
        let person = people[dice.roll(3) as usize];
        let agency = agencies[dice.roll(3) as usize];
        let start = format!("2026-03-{:02}T{:02}:30:00Z", 10 + 7 * dice.roll(2), 13 + dice.roll(6));
        let mut stream: Vec<Vec<Tell>> = vec![];
        match id % 6 {
            0 => {
                stream.extend(job(id, person, agency).map(|tell| vec![tell]));
                stream.push(vec![interview(id, person, agency, &start)]);
                if dice.roll(4) == 0 {
                    let of = ("job", id);
                    stream.push(vec![work(Vocational::JobDeclined(Default::default()), of, person, agency)]);
                }
            }
            1 => stream.push(vec![case(id, person, agency, (dice.roll(3) > 0).then_some(GOAL))]),
            2 => {
                let goal = (dice.roll(3) > 0).then_some(GOAL);
                stream.push(vec![episode(id, person, agency, goal, &[])]);
                if dice.roll(4) == 0 {
                    let closed = Therapy::EpisodeClosed(Default::default());
                    stream.push(vec![therapy(closed, ("episode", id), person, agency)]);
                }
            }
            3 => {
                stream.extend(moved_in(id, person, agency, "2026-03-02").map(|tell| vec![tell]));
                if dice.roll(2) == 0 {
                    let exited =
                        proto::housing::PlacementExited { on: date("2026-03-03"), ..Default::default() };
                    stream.push(vec![home(
                        Housing::PlacementExited(exited),
                        ("placement", id),
                        person,
                        agency,
                    )]);
                }
            }
            4 => {
                let by = format!("2026-03-{:02}T12:00:00Z", 5 + dice.roll(3));
                stream.extend(sent(id, person, SHELTER, agency, &by).map(|tell| vec![tell]));
                if dice.roll(3) == 0 {
                    stream.push(vec![acknowledged(id, person, agency)]);
                }
            }
            _ => {
                stream.push(vec![booked(id, person, agency, &start)]);
                if dice.roll(3) == 0 {
                    stream.push(vec![cancelled(id, person, agency)]);
                }
            }
        }
        streams.push(stream);
    }
    let mut links = vec![linked(ANA, ANA_TOO).to_vec()];
    if dice.roll(2) == 0 {
        links.push(unlinked(ANA, ANA_TOO).to_vec());
    }
    streams.push(links);
    streams
}

/// One order of them that keeps each stream's own.
fn shuffled(streams: &[Vec<Vec<Tell>>], dice: &mut Dice) -> Vec<Tell> {
    let mut rest: Vec<_> = streams.iter().map(|stream| stream.iter()).collect();
    let mut order = vec![];
    while !rest.is_empty() {
        let next = dice.roll(rest.len() as u64) as usize;
        match rest[next].next() {
            Some(tells) => order.extend(tells.iter().cloned()),
            None => drop(rest.swap_remove(next)),
        }
    }
    order
}

/// The logs of one town, and the services that run over them.
struct Town {
    stores: BTreeMap<&'static str, Store>,
    clock: Clock,
    running: Vec<(Service, CancellationToken)>,
    told: u64,
    _home: TempDir,
}

impl Town {
    async fn new() -> Self {
        let home = TempDir::new().unwrap();
        let url = StoreUrl::Sqlite(PathBuf::from(home.path()));
        let clock = Clock::driven(at(NOON));
        let mut stores = BTreeMap::new();
        for log in ["registry", "referrals", "vocational", "housing", "therapy", "coordination"] {
            stores.insert(log, Store::open(&url, log, clock.clone()).await.unwrap());
        }
        Self { stores, clock, running: vec![], told: 0, _home: home }
    }

    /// One more of the service, as another process would run it.
    async fn run(&mut self) {
        let sources = self.stores.iter();
        let sources =
            sources.map(|(log, store)| ((*log).to_owned(), Source::local(*log, store.log().clone())));
        let stop = CancellationToken::new();
        let parts = Parts::new(Given {
            name: coordination::NAME,
            store: self.stores[coordination::NAME].clone(),
            keys: Keys::new(Arc::new(TestKeys::default()), self.clock.clone()),
            secret: Secret::new([9; 32]),
            clock: self.clock.clone(),
            metrics: Metrics::new(),
            sources: sources.collect(),
            build: "test".to_owned(),
            stop: stop.clone(),
        });
        let service = coordination::service(&parts).await.unwrap();
        self.running.push((service, stop));
    }

    /// All of them end, wherever they are. The store stays open: the next begins where they left it.
    async fn halt(&mut self) {
        for (service, stop) in self.running.drain(..) {
            stop.cancel();
            for timers in service.timers() {
                timers.ended().await;
            }
            for (_, model) in service.read_models() {
                model.ended().await;
            }
        }
    }

    async fn tell(&mut self, tell: &Tell) {
        let log = self.stores[tell.log].log();
        let version = log.stream(&tell.stream.to_string(), 0).await.unwrap().len() as u64 + 1;
        let id = Uuid::now_v7();
        let event = proto::log::Event {
            id: id.to_string(),
            r#type: "test".to_owned(),
            schema_version: 1,
            stream: tell.stream.to_string(),
            version,
            person_id: tell.person.to_string(),
            agency_id: tell.agency.to_string(),
            occurred: Some(platform::wire::to_occurred(&kernel::Occurred::instant(at(HAPPENED)))),
            payload: tell.payload.clone().into(),
            ..Default::default()
        };
        let new = NewEvent {
            stream: tell.stream,
            version,
            id,
            kind: "test".to_owned(),
            person: Some(tell.person),
            bytes: event.encode_to_vec().into(),
        };
        let expects = vec![(tell.stream, version - 1)];
        log.append(Append { expects, events: vec![new], ..Append::default() }).await.unwrap();
        self.told += 1;
    }

    /// Waits until one of those that run has applied and looked at everything told, and gives what is open, by record and without ids.
    async fn open(&self) -> BTreeMap<String, BTreeSet<String>> {
        let (service, _) = &self.running[0];
        let (_, facts) = service.read_models().into_iter().find(|(name, _)| *name == "facts").unwrap();
        until("everything to be looked at", async || {
            let progress = facts.views().progress().borrow().clone();
            let told = progress.places.iter().filter(|(log, _)| *log != coordination::NAME);
            let read: u64 = told.map(|(_, place)| place.position).sum();
            let waiting = coordination::due::waiting(&facts.views().db(), self.clock.now()).await.unwrap();
            (read == self.told && waiting.due == 0).then_some(())
        })
        .await;
        let mut open: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for person in [ANA, ANA_TOO, PersonId::of(12)] {
            let state = Findings::fold(&self.events_of(person).await);
            let found = state.open().map(|(_, found)| format!("{found:?}")).collect();
            open.insert(person.to_string(), found);
        }
        open
    }

    async fn events_of(&self, person: PersonId) -> Vec<Event> {
        let stream = StreamId::new("findings", person.uuid()).to_string();
        let recorded = self.stores[coordination::NAME].log().stream(&stream, 0).await.unwrap();
        recorded.iter().map(|recorded| Findings::decode(&recorded.decode().unwrap()).unwrap()).collect()
    }

    /// Nothing was raised while it stood open, nor cleared when it did not.
    async fn nothing_twice(&self) {
        let log = self.stores[coordination::NAME].log().read(0, Groups::ALL, 100_000).await.unwrap();
        let mut open = BTreeMap::new();
        for recorded in log {
            match Findings::decode(&recorded.decode().unwrap()).unwrap() {
                Event::Raised { id, subject, found } => {
                    let what = (subject, found.key());
                    assert!(!open.values().any(|known| *known == what), "raised twice: {found:?}");
                    open.insert(id, what);
                }
                Event::Changed { id, .. } => assert!(open.contains_key(&id)),
                Event::Cleared { id, .. } => assert!(open.remove(&id).is_some()),
            }
        }
    }
}

/// What differs, where it does.
#[track_caller]
fn same(one: &BTreeMap<String, BTreeSet<String>>, other: &BTreeMap<String, BTreeSet<String>>, what: &str) {
    for (record, found) in one {
        let differs: Vec<_> = found.symmetric_difference(&other[record]).collect();
        assert!(differs.is_empty(), "{what}, {record}: {differs:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_findings_follow_from_shuffled_doubled_and_restarted_delivery() {
    let mut findings = 0;
    for seed in 0..SEEDS {
        let mut dice = Dice(seed);
        let streams = streams(&mut dice);

        // As it stands: all told, then one service over all of it.
        let mut plain = Town::new().await;
        for tell in shuffled(&streams, &mut Dice(0)) {
            plain.tell(&tell).await;
        }
        plain.run().await;
        // Live, in another order, stopped and begun again in the midst of it.
        let mut restarted = Town::new().await;
        restarted.run().await;
        for (i, tell) in shuffled(&streams, &mut dice).iter().enumerate() {
            restarted.tell(tell).await;
            if i % 17 == 16 {
                restarted.halt().await;
                restarted.run().await;
            }
        }
        // Live, in a third order, by two at once that do not know of each other.
        let mut doubled = Town::new().await;
        doubled.run().await;
        doubled.run().await;
        for tell in shuffled(&streams, &mut dice) {
            doubled.tell(&tell).await;
        }

        for then in [NOON, "2026-03-06T13:00:00Z", "2026-03-11T00:00:00Z", "2026-03-20T00:00:00Z"] {
            for town in [&plain, &restarted, &doubled] {
                town.clock.drive_to(at(then));
            }
            let open = plain.open().await;
            same(&restarted.open().await, &open, &format!("restarted, seed {seed} at {then}"));
            // One of the two may still be about to find out that the other had looked at more.
            let agrees = async || (doubled.open().await == open).then_some(());
            until(&format!("the doubled to agree, seed {seed} at {then}"), agrees).await;
            findings += open.values().map(BTreeSet::len).sum::<usize>();
        }
        for mut town in [plain, restarted, doubled] {
            town.nothing_twice().await;
            town.halt().await;
        }
    }
    assert!(findings > 20, "the lives hold enough to find: {findings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_tells_the_rules_nothing_makes_nobody_due() {
    let mut town = Town::new().await;
    let [draft, asked] = sent(1, ANA, SHELTER, CLINIC, "2026-03-05T12:00:00Z");
    town.tell(&draft).await;
    town.tell(&referral(Referrals::ReferralProgressed(Default::default()), ("referral", 1), ANA, CLINIC))
        .await;
    town.run().await;
    town.open().await;
    let (_, facts) = town.running[0].0.read_models().into_iter().find(|(name, _)| *name == "facts").unwrap();
    let marked = facts.views().db().fetch("SELECT mark FROM due WHERE subject = $1", args![ANA.uuid()]).await;
    assert!(marked.unwrap().is_empty(), "a draft is nobody's to acknowledge");
    town.tell(&asked).await;
    until("who has sent one to be looked at", async || {
        let mark = coordination::due::of(&facts.views().db(), ANA).await.unwrap();
        mark.filter(|mark| mark.at == at("2026-03-05T12:00:00Z"))
    })
    .await;
    town.halt().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_of_facts_that_are_no_more_is_looked_at_again_by_tables_made_anew() {
    let mut before = Town::new().await;
    for tell in
        moved_in(1, ANA, CLINIC, "2026-03-02").into_iter().chain(moved_in(2, ANA, SHELTER, "2026-03-02"))
    {
        before.tell(&tell).await;
    }
    before.run().await;
    assert_eq!(before.open().await[&ANA.to_string()].len(), 1);
    before.halt().await;
    // Another town knows what was found and none of what it was found in, as tables of rules that no longer look at it would.
    let mut after = Town::new().await;
    for recorded in before.stores[coordination::NAME].log().read(0, Groups::ALL, 10).await.unwrap() {
        let event = recorded.decode().unwrap();
        let (person, kind) = (event.person_id.parse().ok(), event.r#type.clone());
        let stream = StreamId::new("findings", ANA.uuid());
        let bytes = bytes::Bytes::clone(&recorded.bytes);
        let id = event.id.parse().unwrap();
        let new = NewEvent { stream, version: event.version, id, kind, person, bytes };
        let expects = vec![(stream, event.version - 1)];
        let append = Append { expects, events: vec![new], ..Append::default() };
        after.stores[coordination::NAME].log().append(append).await.unwrap();
    }
    after.run().await;
    until("what was found to be cleared", async || {
        let state = Findings::fold(&after.events_of(ANA).await);
        (state.open().count() == 0).then_some(())
    })
    .await;
    after.halt().await;
}
