//! Places to keep a log, appends to make there, and the audit that every log must pass.

use std::collections::BTreeMap;

use kernel::{AgencyId, PersonId, StreamId};
use platform::clock::Clock;
use platform::log::{Append, AppendError, Appended, Groups, Log, NewEvent, Recorded, RequestKey, partition};
use platform::store::{Store, StoreUrl};
use prost::Message;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;
use tests::Postgres;
use uuid::Uuid;

/// An empty place of one kind.
pub struct Place {
    pub url: StoreUrl,
    pub clock: Clock,
    _directory: Option<TempDir>,
}

impl Place {
    pub async fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let url = StoreUrl::Sqlite(directory.path().to_owned());
        Self { url, clock: Clock::system(), _directory: Some(directory) }
    }

    pub async fn postgres() -> Self {
        Self::of(Postgres::shared().await).await
    }

    /// A new database of this server.
    pub async fn of(server: &Postgres) -> Self {
        let url = StoreUrl::Postgres(server.url().await);
        Self { url, clock: Clock::system(), _directory: None }
    }

    /// The same place under another clock.
    pub fn under(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// Opens the place's store, as a further process would where the place allows several.
    pub async fn open(&self) -> Store {
        Store::open(&self.url, "referrals", self.clock.clone()).await.expect("the store opens")
    }

    /// Gets at the log's tables behind its back.
    pub async fn intrude(&self) -> Intruder {
        match &self.url {
            StoreUrl::Sqlite(directory) => {
                let file = directory.join("referrals.log.db");
                let url = format!("sqlite:{}", file.display());
                Intruder::Sqlite(SqliteConnection::connect(&url).await.expect("a connection"))
            }
            StoreUrl::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.expect("a connection");
                let path = "SET search_path TO referrals";
                sqlx::query(path).execute(&mut connection).await.expect("a search path");
                Intruder::Postgres(connection)
            }
        }
    }
}

/// A connection that is not the log's.
pub enum Intruder {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Intruder {
    pub async fn run(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => sqlx::raw_sql(sql).execute(connection).await.map(|_| ()),
            Self::Postgres(connection) => sqlx::raw_sql(sql).execute(connection).await.map(|_| ()),
        }
    }

    /// Takes the lock that orders appends, so that what is sent next waits until [`Intruder::let_go`].
    pub async fn hold_the_head(&mut self) {
        let sql = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::Postgres(_) => "BEGIN; SELECT * FROM log_head FOR UPDATE",
        };
        self.run(sql).await.expect("the head's lock");
    }

    pub async fn let_go(&mut self) {
        self.run("ROLLBACK").await.expect("the lock is let go");
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

/// The stream with this number.
pub fn stream(number: u128) -> StreamId {
    StreamId::new("referral", Uuid::from_u128(number))
}

/// An event of a stream, about the person of the same number.
pub fn event(number: u128, version: u64) -> NewEvent {
    let (stream, id) = (stream(number), Uuid::now_v7());
    let encoded = proto::log::Event {
        id: id.to_string(),
        r#type: "throughline.test.v1.Happened".into(),
        stream: stream.to_string(),
        version,
        payload: vec![7; 40].into(),
        ..proto::log::Event::default()
    };
    NewEvent {
        stream,
        version,
        id,
        kind: "throughline.test.v1.Happened".into(),
        person: Some(PersonId::of(number)),
        bytes: encoded.encode_to_vec().into(),
    }
}

/// Adds events to a stream that is at this version.
pub fn add(number: u128, at: u64, events: u64) -> Append {
    Append {
        expects: vec![(stream(number), at)],
        events: (at + 1..=at + events).map(|version| event(number, version)).collect(),
        agency: Some(AgencyId::of(number % 5)),
        ..Append::default()
    }
}

/// A request of this number and content.
pub fn request(number: u128, content: u8) -> RequestKey {
    RequestKey {
        scope: "agency/AcceptReferral".into(),
        id: Uuid::from_u128(number),
        digest: [content; 32],
        subject: stream(number).to_string(),
        subject_version: 1,
    }
}

/// Appends what must succeed.
pub async fn appended(log: &Log, append: Append) -> Appended {
    log.append(append).await.expect("the append is made")
}

/// Appends what must be refused.
pub async fn refused(log: &Log, append: Append) -> AppendError {
    log.append(append).await.expect_err("the append is refused")
}

/// Reads the whole log and checks everything that must hold of any log.
pub async fn audit(log: &Log) -> Vec<Recorded> {
    let mut events: Vec<Recorded> = Vec::new();
    loop {
        let after = events.last().map_or(0, |event| event.position);
        let more = log.read(after, Groups::ALL, 500).await.expect("the log can be read");
        if more.is_empty() {
            break;
        }
        events.extend(more);
    }
    let mut sequences = [0_u64; 64];
    let mut versions: BTreeMap<String, u64> = BTreeMap::new();
    let mut recorded_at = kernel::Timestamp::MIN;
    for (recorded, position) in events.iter().zip(1..) {
        assert_eq!(recorded.position, position, "positions are contiguous from 1");
        let sequence = &mut sequences[recorded.partition as usize];
        *sequence += 1;
        assert_eq!(recorded.sequence, *sequence, "sequences are contiguous from 1");
        let event = recorded.decode().expect("an event");
        let version = versions.entry(event.stream.clone()).or_default();
        *version += 1;
        assert_eq!(event.version, *version, "versions are contiguous from 1");
        let (_, id) = kernel::ids::parse_stream(&event.stream).expect("a stream");
        let number = id.as_u128();
        assert_eq!(recorded.partition, partition(Some(PersonId::of(number)), &stream(number)));
        assert!(recorded.recorded_at >= recorded_at, "times of recording never run backwards");
        recorded_at = recorded.recorded_at;
    }
    let head = log.head().await.expect("the head can be read");
    assert_eq!(head.position, events.len() as u64);
    assert_eq!(head.sequences, sequences);
    events
}
