//! Leases, erasure and absence of the source.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Semaphore;

use super::*;
use crate::seal::PersonKey;
use kernel::ids::Uuid;

const ANA: PersonId = PersonId::of(1);
const BEN: PersonId = PersonId::of(2);
const GONE: PersonId = PersonId::of(3);
const NOBODY: PersonId = PersonId::of(4);

/// A registry that counts its calls, can go away, and can be made to dwell on an answer.
struct Registry {
    away: AtomicBool,
    calls: AtomicUsize,
    turns: Semaphore,
}

impl Registry {
    fn open() -> Arc<Self> {
        Arc::new(Self { away: false.into(), calls: 0.into(), turns: Semaphore::new(1_000) })
    }
    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
    fn go_away(&self) {
        self.away.store(true, Ordering::SeqCst);
    }
}

fn key(person: PersonId) -> PersonKey {
    PersonKey::new(person, 1, &[9; 32])
}

impl KeySource for Registry {
    fn keys<'a>(
        &'a self,
        people: &'a [PersonId],
    ) -> BoxFuture<'a, Result<Vec<(PersonId, KeyState)>, KeyError>> {
        Box::pin(async move {
            self.calls.fetch_add(1, Ordering::SeqCst);
            self.turns.acquire().await.expect("never closed").forget();
            if self.away.load(Ordering::SeqCst) {
                return Err(KeyError::away("the registry is away"));
            }
            let state = |person| match person {
                GONE => KeyState::Erased,
                NOBODY => KeyState::Unknown,
                other => KeyState::Open(key(other)),
            };
            Ok(people.iter().map(|&person| (person, state(person))).collect())
        })
    }
}

fn clock() -> Clock {
    Clock::driven("2026-01-05T09:00:00Z".parse().unwrap())
}

fn after(clock: &Clock, seconds: i64) {
    clock.drive_to(clock.now() + SignedDuration::from_secs(seconds));
}

/// A source that says nothing of whom it is asked about.
struct Silent;

impl KeySource for Silent {
    fn keys<'a>(&'a self, _: &'a [PersonId]) -> BoxFuture<'a, Result<Vec<(PersonId, KeyState)>, KeyError>> {
        Box::pin(async { Ok(vec![]) })
    }
}

#[tokio::test]
async fn that_there_is_nobody_is_an_answer_and_saying_nothing_is_none() {
    let keys = Keys::new(Registry::open(), clock());
    assert!(matches!(keys.of(NOBODY).await, Ok(KeyState::Unknown)));
    let keys = Keys::new(Arc::new(Silent), clock());
    assert!(keys.of(ANA).await.is_err(), "it is asked again, not refused for good");
}

#[tokio::test]
async fn a_leased_key_outlives_its_source_for_the_lease_and_is_then_locked() {
    let (registry, clock) = (Registry::open(), clock());
    let keys = Keys::new(registry.clone(), clock.clone());
    let sealed = key(ANA).seal(Uuid::from_u128(5), "need", "a bus ticket");
    assert_eq!(keys.open(&sealed).await, Opened::Text("a bus ticket".into()));
    registry.go_away();
    after(&clock, 59);
    assert_eq!(keys.open(&sealed).await, Opened::Text("a bus ticket".into()));
    assert_eq!(registry.calls(), 1);
    after(&clock, 1);
    assert_eq!(keys.open(&sealed).await, Opened::Locked);
    let status: Status = keys.of(ANA).await.unwrap_err().into();
    assert_eq!(status.code(), tonic::Code::Unavailable);
    assert_eq!(error::reason(&status).as_deref(), Some("KEYS_LOCKED"));
}

#[tokio::test]
async fn erased_is_told_from_locked_and_from_unknown() {
    let keys = Keys::new(Registry::open(), clock());
    let texts = [ANA, GONE, NOBODY].map(|person| key(person).seal(Uuid::from_u128(5), "f", "text"));
    let opened = keys.open_all(&texts.iter().collect::<Vec<_>>()).await;
    assert_eq!(opened, [Opened::Text("text".into()), Opened::Erased, Opened::Locked]);
    assert!(matches!(keys.of(NOBODY).await, Ok(KeyState::Unknown)));
}

#[tokio::test]
async fn one_page_of_people_is_one_call() {
    let registry = Registry::open();
    let keys = Keys::new(registry.clone(), clock());
    let people: Vec<PersonId> = (10..60).map(PersonId::of).collect();
    assert_eq!(keys.of_all(&people).await.unwrap().len(), 50);
    assert_eq!(registry.calls(), 1);
}

#[tokio::test]
async fn what_is_asked_while_a_call_runs_goes_together_in_the_next() {
    let registry = Arc::new(Registry { away: false.into(), calls: 0.into(), turns: Semaphore::new(0) });
    let keys = Keys::new(registry.clone(), clock());
    let ask = |number| {
        let keys = keys.clone();
        tokio::spawn(async move { keys.of(PersonId::of(number)).await })
    };
    let mut asks = vec![ask(10)];
    while registry.calls() == 0 {
        tokio::task::yield_now().await;
    }
    asks.extend((11..40).map(ask));
    while keys.asks.capacity() > WAITING - 29 {
        tokio::task::yield_now().await;
    }
    registry.turns.add_permits(2);
    for ask in asks {
        assert!(matches!(ask.await.unwrap(), Ok(KeyState::Open(_))));
    }
    assert_eq!(registry.calls(), 2);
}

#[tokio::test]
async fn an_erasure_learned_while_a_key_is_fetched_stands_against_the_answer() {
    let registry = Arc::new(Registry { away: false.into(), calls: 0.into(), turns: Semaphore::new(0) });
    let keys = Keys::new(registry.clone(), clock());
    let asking = tokio::spawn({
        let keys = keys.clone();
        async move { keys.of(ANA).await }
    });
    while registry.calls() == 0 {
        tokio::task::yield_now().await;
    }
    keys.forget(ANA);
    registry.turns.add_permits(10);
    assert!(matches!(asking.await.unwrap(), Ok(KeyState::Erased)));
    assert!(matches!(keys.of(ANA).await, Ok(KeyState::Erased)));
}

#[tokio::test]
async fn a_source_that_is_away_locks_only_whom_no_lease_covers() {
    let registry = Registry::open();
    let keys = Keys::new(registry.clone(), clock());
    assert!(keys.of(ANA).await.is_ok());
    registry.go_away();
    let texts = [ANA, BEN].map(|person| key(person).seal(Uuid::from_u128(5), "f", "text"));
    let opened = keys.open_all(&texts.iter().collect::<Vec<_>>()).await;
    assert_eq!(opened, [Opened::Text("text".into()), Opened::Locked]);
    assert!(keys.of_all(&[ANA, BEN]).await.is_err());
}
