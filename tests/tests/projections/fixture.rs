//! Logs to read, events to read in them, and projections that read them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use kernel::{PersonId, StreamId};
use platform::args;
use platform::clock::Clock;
use platform::db::Db;
use platform::log::{Append, Appended, Log, NewEvent};
use platform::metrics::Metrics;
use platform::projection::{self, Running, Views};
use platform::revision::Revision;
use platform::source::{Pace, Source};
use platform::store::{Directory, Store, StoreUrl};
use prost::Message;
use tempfile::TempDir;
pub use tests::Dice;
use tests::Postgres;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::tally::Tally;

/// Long enough for whatever a test waits for, so that it fails rather than hangs.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A place for stores of one kind.
pub struct Place {
    pub url: StoreUrl,
    pub clock: Clock,
    pub directory: Option<TempDir>,
    /// Kept for the whole test, so that a store which a dying runtime lets go late is in nobody's way.
    _held: Option<Directory>,
}

impl Place {
    pub async fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let url = StoreUrl::Sqlite(directory.path().to_owned());
        let held = Directory::hold(directory.path()).expect("the directory is ours");
        Self { url, clock: Clock::system(), directory: Some(directory), _held: Some(held) }
    }

    pub async fn postgres() -> Self {
        Self::at(StoreUrl::Postgres(Postgres::shared().await.url().await))
    }

    pub fn at(url: StoreUrl) -> Self {
        Self { url, clock: Clock::system(), directory: None, _held: None }
    }

    pub async fn open(&self, service: &'static str) -> Store {
        Store::open(&self.url, service, self.clock.clone()).await.expect("the store opens")
    }
}

/// Runs the named cases on both kinds of store.
macro_rules! on_both {
    ($($case:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case($crate::fixture::Place::sqlite().await).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case($crate::fixture::Place::postgres().await).await;
            })+
        }
    };
}
pub(crate) use on_both;

/// A person of the tests.
pub fn person(number: u128) -> PersonId {
    PersonId::of(number + 1)
}

/// Writes events into a log.
pub struct Teller {
    pub log: Log,
    versions: HashMap<StreamId, u64>,
}

impl Teller {
    pub fn new(log: &Log) -> Self {
        Self { log: log.clone(), versions: HashMap::new() }
    }

    /// One event about a person, in that person's stream of this log.
    pub async fn tell(&mut self, about: u128, kind: &str, text: &str) -> Appended {
        let stream = StreamId::new("told", Uuid::from_u128(about + 1));
        let version = self.versions.entry(stream).or_insert(0);
        *version += 1;
        let event = event(stream, *version, Some(person(about)), kind, text);
        let append = Append { events: vec![event], ..Append::default() };
        self.log.append(append).await.expect("the event is appended")
    }

    /// The same, many times over, in few appends.
    pub async fn tell_many(&mut self, people: u128, events: u32) {
        let mut told = Vec::new();
        for number in 0..events {
            let about = u128::from(number) % people;
            let stream = StreamId::new("told", Uuid::from_u128(about + 1));
            let version = self.versions.entry(stream).or_insert(0);
            *version += 1;
            told.push(event(stream, *version, Some(person(about)), "Said", &format!("word {number}")));
        }
        for events in told.chunks(500) {
            let append = Append { events: events.to_vec(), ..Append::default() };
            self.log.append(append).await.expect("the events are appended");
        }
    }

    /// What the log would tell a reader to wait for after this.
    pub fn revision(&self, appended: &Appended) -> Revision {
        Revision {
            log: self.log.service().to_owned(),
            log_id: appended.log_id,
            written: appended.sequences.clone(),
        }
    }
}

pub fn event(stream: StreamId, version: u64, person: Option<PersonId>, kind: &str, text: &str) -> NewEvent {
    let id = Uuid::now_v7();
    let kind = format!("throughline.test.v1.{kind}");
    let encoded = proto::log::Event {
        id: id.to_string(),
        r#type: kind.clone(),
        stream: stream.to_string(),
        version,
        person_id: person.map(|person| person.to_string()).unwrap_or_default(),
        payload: text.as_bytes().to_vec().into(),
        ..proto::log::Event::default()
    };
    NewEvent { stream, version, id, kind, person, bytes: encoded.encode_to_vec().into() }
}

/// Reads quickly, so that what happens once a second happens often in a test.
pub fn pace() -> Pace {
    Pace { watchdog: Duration::from_millis(40), run: 7, ..Pace::default() }
}

/// A projection being set up.
pub fn setup(store: &Store, tally: &Arc<Tally>, sources: Vec<Source>) -> projection::Setup {
    projection::Setup {
        store: store.clone(),
        projection: tally.clone(),
        sources,
        clock: Clock::system(),
        metrics: Metrics::new(),
        build: "test 1".to_owned(),
        pace: pace(),
        grace: Duration::from_secs(30),
        stop: CancellationToken::new(),
    }
}

pub async fn start(setup: projection::Setup) -> Running {
    projection::start(setup).await.expect("the projection starts")
}

/// Waits until the views have read everything that these logs hold.
pub async fn level(views: &Views, logs: &[&Log]) {
    for log in logs {
        let head = log.head().await.expect("the log has a head");
        let mut progress = views.progress();
        let there = progress.wait_for(|progress| {
            progress.places.get(log.service()).is_some_and(|place| place.position >= head.position)
        });
        let reached = tokio::time::timeout(PATIENCE, there).await;
        if reached.is_err() {
            panic!("{} at {} of {}: {:?}", log.service(), place_of(views, log), head.position, views.lag());
        }
    }
}

fn place_of(views: &Views, log: &Log) -> u64 {
    views.progress().borrow().places.get(log.service()).map_or(0, |place| place.position)
}

/// Waits until something holds.
pub async fn eventually<F>(what: &str, mut holds: impl FnMut() -> F)
where
    F: Future<Output = bool>,
{
    let until = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < until, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// All rows of the tally's tables, as text.
pub async fn rows(db: &Db) -> Vec<String> {
    let mut rows = Vec::new();
    for row in db
        .fetch(
            "SELECT source, stream, version, person, said FROM entries ORDER BY source, stream, version",
            args![],
        )
        .await
        .expect("the entries can be read")
    {
        let (source, stream, said) = (row.text(0).unwrap(), row.text(1).unwrap(), row.text(4).unwrap());
        rows.push(format!("{source} {stream} {} {} {said}", row.i64(2).unwrap(), row.text(3).unwrap()));
    }
    for row in db
        .fetch("SELECT source, stream, events, digest FROM streams ORDER BY source, stream", args![])
        .await
        .expect("the streams can be read")
    {
        let (source, stream, digest) = (row.text(0).unwrap(), row.text(1).unwrap(), row.text(3).unwrap());
        rows.push(format!("{source} {stream} {} {digest}", row.i64(2).unwrap()));
    }
    rows
}
