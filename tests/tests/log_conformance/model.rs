//! The log against a model of it: random appends of many kinds at once, by several processes, some of whose callers go away.
//!
//! Invariant: whatever the interleaving, what the log says happened in its one order explains every answer that was given. The seed is printed; set
//! `THROUGHLINE_SEED` to run one again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use platform::log::{Append, AppendError, Appended, Claim, CursorMove, Log};
use uuid::Uuid;

use crate::fixture::{Place, add, audit, event, request, stream};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_sqlite_the_log_explains_every_answer() {
    let place = Place::sqlite().await;
    let store = place.open().await;
    explain(&[store.log().clone()], seed()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres_the_log_explains_every_answer_of_several_processes() {
    let place = Place::postgres().await;
    let stores = [place.open().await, place.open().await, place.open().await];
    explain(&stores.each_ref().map(|store| store.log().clone()), seed()).await;
}

fn seed() -> u64 {
    let given = std::env::var("THROUGHLINE_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| Uuid::new_v4().as_u64_pair().0);
    println!("THROUGHLINE_SEED={seed}");
    seed
}

/// SplitMix64: enough chance for a test, and the same everywhere.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
    fn one_in(&mut self, odds: u64) -> bool {
        self.below(odds) == 0
    }
}

const WORKERS: u64 = 24;
const ROUNDS: u64 = 40;
const STREAMS: u64 = 6;
const CLAIMS: u64 = 4;
const REQUESTS: u64 = 60;
const READERS: u64 = 3;

/// One thing asked, and what came of it.
struct Asked {
    append: Append,
    /// The head before it was asked, and after it was answered.
    from: u64,
    to: u64,
    /// Nothing: its caller went away and knows nothing.
    answer: Option<Result<Appended, AppendError>>,
}

async fn explain(logs: &[Log], seed: u64) {
    let tasks: Vec<_> = (0..WORKERS)
        .map(|worker| {
            let log = logs[worker as usize % logs.len()].clone();
            tokio::spawn(work(log, Chance(seed ^ (worker << 32)), worker))
        })
        .collect();
    let mut asked = Vec::new();
    for task in tasks {
        asked.extend(task.await.expect("a worker ends"));
    }
    let events = audit(&logs[0]).await;
    let truth = Truth::of(
        &events.iter().map(|event| Arc::unwrap_or_clone(event.decode().unwrap())).collect::<Vec<_>>(),
        &asked,
    );
    truth.agrees_with(&logs[0]).await;
    let (mut made, mut refused) = (0, 0);
    for one in &asked {
        match &one.answer {
            Some(Ok(appended)) if !appended.replayed => made += 1,
            Some(Err(_)) => refused += 1,
            Some(Ok(_)) | None => {}
        }
        truth.explains(one);
    }
    assert!(made > 50 && refused > 50, "chance tried both: {made} made, {refused} refused");
}

async fn work(log: Log, mut chance: Chance, worker: u64) -> Vec<Asked> {
    let mut asked = Vec::new();
    for _ in 0..ROUNDS {
        let append = invent(&log, &mut chance, worker).await;
        let from = log.head().await.unwrap().position;
        let patience = if chance.one_in(8) {
            Duration::from_micros(chance.below(3_000))
        } else {
            Duration::from_secs(60)
        };
        let answer = tokio::time::timeout(patience, log.append(append.clone())).await.ok();
        let to = log.head().await.unwrap().position;
        asked.push(Asked { append, from, to, answer });
    }
    asked
}

/// An append to one or two streams, mostly at their true versions, that may rest on others; with some claims, a request id, a cursor move.
async fn invent(log: &Log, chance: &mut Chance, worker: u64) -> Append {
    let mut append = Append::default();
    let mut streams = BTreeSet::new();
    for _ in 0..=chance.below(2) {
        streams.insert(chance.below(STREAMS));
    }
    for number in 0..STREAMS {
        let written = streams.contains(&number);
        if !written && !chance.one_in(4) {
            continue;
        }
        let number = u128::from(number);
        let version = log.stream(&stream(number).to_string(), 0).await.unwrap().len() as u64;
        let version = if chance.one_in(6) { version + chance.below(3) } else { version };
        if !written {
            append.expects.push((stream(number), version));
            continue;
        }
        let part = add(number, version, 1 + chance.below(2));
        append.agency = part.agency;
        append.expects.extend(part.expects);
        append.events.extend(part.events);
    }
    if chance.one_in(3) {
        let (key, holder) = (vec![chance.below(CLAIMS) as u8], format!("worker {}", worker % 3));
        append.claims.push(match chance.below(3) {
            0 => Claim::Release { key, holder },
            _ => Claim::Take { key, holder },
        });
    }
    if chance.one_in(3) {
        // A repetition under the same id is another append in this test: the log must still give the first one's answer.
        append.request = Some(request(u128::from(chance.below(REQUESTS)), chance.below(3) as u8));
    }
    if chance.one_in(4) {
        let reader = format!("reader {}", chance.below(READERS));
        let at = log.cursor(&reader, Uuid::nil(), 0).await.unwrap();
        let from = if chance.one_in(5) { at + 1 } else { at };
        append.cursor = Some(CursorMove {
            reader,
            log_id: Uuid::nil(),
            partition: 0,
            from,
            to: from + 1 + chance.below(3),
        });
    }
    if append.events.is_empty() {
        append.events.push(event(1_000 + u128::from(worker), 1));
    }
    append
}

/// What happened, by the log's one order.
struct Truth {
    /// For each stream its version after each position at which it grew.
    versions: BTreeMap<String, BTreeMap<u64, u64>>,
    /// For each claim its holder after each position at which one was named.
    holders: BTreeMap<Vec<u8>, BTreeMap<u64, Option<String>>>,
    /// For each reader its place, likewise.
    cursors: BTreeMap<String, BTreeMap<u64, u64>>,
    /// For each request id what it asked and the positions it was given.
    requests: BTreeMap<Uuid, ([u8; 32], Vec<u64>)>,
}

impl Truth {
    /// Replays the appends that the log holds, in its order, and checks that each was allowed.
    fn of(events: &[proto::log::Event], asked: &[Asked]) -> Self {
        let by_event: BTreeMap<String, &Asked> = asked
            .iter()
            .flat_map(|one| one.append.events.iter().map(move |event| (event.id.to_string(), one)))
            .collect();
        let mut truth = Self {
            versions: BTreeMap::new(),
            holders: BTreeMap::new(),
            cursors: BTreeMap::new(),
            requests: BTreeMap::new(),
        };
        let mut rest = events.iter().zip(1_u64..).peekable();
        while let Some((event, position)) = rest.next() {
            let one = by_event[&event.id];
            let count = one.append.events.len() as u64;
            let ids: Vec<String> = one.append.events.iter().map(|event| event.id.to_string()).collect();
            assert_eq!(event.id, ids[0], "an append begins with its first event");
            for id in &ids[1..] {
                assert_eq!(
                    &rest.next().expect("the rest of an append").0.id,
                    id,
                    "an append is whole and in order"
                );
            }
            truth.apply(&one.append, position, position + count - 1);
            if let Some(answer) = &one.answer {
                let appended = answer.as_ref().expect("what was refused is not in the log");
                assert_eq!(appended.positions, (position..position + count).collect::<Vec<_>>());
                assert!(!appended.replayed);
            }
        }
        truth
    }

    fn apply(&mut self, append: &Append, first: u64, last: u64) {
        for (stream, expected) in &append.expects {
            assert_eq!(self.version(&stream.to_string(), first - 1), *expected, "{stream} before {first}");
        }
        for event in &append.events {
            self.versions.entry(event.stream.to_string()).or_default().insert(last, event.version);
        }
        for claim in &append.claims {
            let holder = self.holder(claim.key(), first - 1);
            let after = match claim {
                Claim::Take { holder: taker, .. } => {
                    assert!(
                        holder.is_none() || holder.as_ref() == Some(taker),
                        "a claim was taken from {holder:?}"
                    );
                    Some(taker.clone())
                }
                Claim::Release { holder: releaser, .. } => holder.filter(|holder| holder != releaser),
            };
            self.holders.entry(claim.key().to_vec()).or_default().insert(last, after);
        }
        if let Some(step) = &append.cursor {
            assert_eq!(self.cursor(&step.reader, first - 1), step.from, "{} before {first}", step.reader);
            self.cursors.entry(step.reader.clone()).or_default().insert(last, step.to);
        }
        if let Some(request) = &append.request {
            let known = self.requests.insert(request.id, (request.digest, (first..=last).collect()));
            assert_eq!(known, None, "a request id was used twice");
        }
    }

    fn version(&self, stream: &str, at: u64) -> u64 {
        self.versions
            .get(stream)
            .and_then(|all| all.range(..=at).next_back())
            .map_or(0, |(_, version)| *version)
    }
    fn holder(&self, key: &[u8], at: u64) -> Option<String> {
        self.holders
            .get(key)
            .and_then(|all| all.range(..=at).next_back())
            .and_then(|(_, holder)| holder.clone())
    }
    fn cursor(&self, reader: &str, at: u64) -> u64 {
        self.cursors.get(reader).and_then(|all| all.range(..=at).next_back()).map_or(0, |(_, place)| *place)
    }

    /// Whether what the log tells of its present is what its order led to.
    async fn agrees_with(&self, log: &Log) {
        for number in 0..CLAIMS {
            let key = [number as u8];
            assert_eq!(log.claim_holder(&key).await.unwrap(), self.holder(&key, u64::MAX));
        }
        for number in 0..READERS {
            let reader = format!("reader {number}");
            assert_eq!(log.cursor(&reader, Uuid::nil(), 0).await.unwrap(), self.cursor(&reader, u64::MAX));
        }
        for number in 0..u128::from(REQUESTS) {
            let id = Uuid::from_u128(number);
            let known = log.request("agency/AcceptReferral", id).await.unwrap();
            let known = known.map(|known| (known.digest, known.appended.positions));
            assert_eq!(known.as_ref(), self.requests.get(&id));
        }
    }

    /// Whether an answer is right by the log's order. A refusal is, if what it says was so at some time while it was being asked.
    fn explains(&self, one: &Asked) {
        let Some(answer) = &one.answer else { return };
        let ever = |so: &dyn Fn(u64) -> bool| (one.from..=one.to).any(so);
        let known =
            one.append.request.as_ref().map(|request| (request.digest, self.requests.get(&request.id)));
        match answer {
            Ok(appended) if appended.replayed => {
                let Some((digest, Some((first, positions)))) = known else {
                    panic!("replayed, and never made")
                };
                assert_eq!((&digest, &appended.positions), (first, positions));
            }
            Ok(appended) => assert!(!appended.positions.is_empty(), "every append of this test has events"),
            Err(AppendError::RequestReused) => {
                let Some((digest, Some((first, _)))) = known else { panic!("reused, and never used") };
                assert_ne!(digest, *first);
            }
            Err(AppendError::Conflict { stream }) => {
                let (_, expected) = one
                    .append
                    .expects
                    .iter()
                    .find(|(named, _)| named.to_string() == *stream)
                    .expect("one it named");
                assert!(
                    ever(&|at| self.version(stream, at) != *expected),
                    "{stream} was at {expected} all along"
                );
            }
            Err(AppendError::ClaimTaken { key, holder }) => {
                assert!(
                    ever(&|at| self.holder(key, at).as_ref() == Some(holder)),
                    "{holder} never held {key:?}"
                );
            }
            Err(AppendError::CursorMoved) => {
                let step = one.append.cursor.as_ref().expect("a move");
                assert!(
                    ever(&|at| self.cursor(&step.reader, at) != step.from),
                    "the cursor was there all along"
                );
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}
