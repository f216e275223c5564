//! One service alone, in this process, served over loopback: what a service's own tests speak to through the wire.
//! Invariant: everything is real but the other services, whose logs are there and hold what the test puts into them, and the registry's keys.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use kernel::{Actor, AgencyId, Caller, PersonId, Role, StreamId, WorkerId};
use platform::admin::Readiness;
use platform::auth::Auth;
use platform::clock::Clock;
use platform::drain::Drain;
use platform::keys::{KeyError, KeySource, KeyState, Keys};
use platform::log::{Append, Groups, Log, NewEvent};
use platform::metrics::Metrics;
use platform::peer::{Identity, Peer, connect};
use platform::seal::{PersonKey, Secret};
use platform::server::Server;
use platform::service::{AssemblyError, Given, Parts, Service};
use platform::source::Source;
use platform::store::{Store, StoreUrl};
use prost::Message;
use tempfile::TempDir;
use uuid::Uuid;

use crate::Postgres;

/// Logs that a service may read beside its own.
const LOGS: [&str; 7] =
    ["registry", "referrals", "vocational", "housing", "therapy", "coordination", "timeline"];

/// The one of them that no domain service writes to.
const EMPTY: &str = "timeline";

/// Which store a service stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnStore {
    /// A directory of SQLite files.
    Sqlite,
    /// A database of this test process's PostgreSQL.
    Postgres,
}

impl OnStore {
    async fn place(self) -> (StoreUrl, Option<TempDir>) {
        match self {
            Self::Sqlite => {
                let home = TempDir::new().expect("a temporary directory");
                (StoreUrl::Sqlite(PathBuf::from(home.path())), Some(home))
            }
            Self::Postgres => (StoreUrl::Postgres(Postgres::shared().await.url().await), None),
        }
    }
}

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

/// Keys for everybody but those whom the test erases or calls unknown.
#[derive(Clone, Default)]
pub struct TestKeys {
    erased: Arc<Mutex<BTreeSet<PersonId>>>,
    unknown: Arc<Mutex<BTreeSet<PersonId>>>,
}

impl TestKeys {
    /// From now on this person is erased.
    pub fn erase(&self, person: PersonId) {
        self.erased.lock().unwrap_or_else(PoisonError::into_inner).insert(person);
    }
    /// The key of a person who is known.
    pub fn key(person: PersonId) -> PersonKey {
        let mut bits = [7; 32];
        bits[..16].copy_from_slice(person.uuid().as_bytes());
        PersonKey::new(person, 1, &bits)
    }
    /// From now on nobody knows this person.
    pub fn unknow(&self, person: PersonId) {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner).insert(person);
    }
}

impl KeySource for TestKeys {
    fn keys<'a>(
        &'a self,
        people: &'a [PersonId],
    ) -> BoxFuture<'a, Result<Vec<(PersonId, KeyState)>, KeyError>> {
        let erased = self.erased.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown = self.unknown.lock().unwrap_or_else(PoisonError::into_inner);
        let state = |person: &PersonId| {
            let state = match (erased.contains(person), unknown.contains(person)) {
                (true, _) => KeyState::Erased,
                (false, true) => KeyState::Unknown,
                (false, false) => KeyState::Open(Self::key(*person)),
            };
            (*person, state)
        };
        let states = people.iter().map(state).collect();
        Box::pin(async move { Ok(states) })
    }
}

/// One service, served.
pub struct Alone {
    /// Where it listens.
    pub at: SocketAddr,
    /// Its clock: driven, at [`Alone::START`] to begin with.
    pub clock: Clock,
    /// The registry's part.
    pub keys: TestKeys,
    /// What it was put together of.
    pub service: Service,
    stores: BTreeMap<&'static str, Store>,
    drain: Drain,
    _home: Option<TempDir>,
}

impl Alone {
    /// When the clock of every such service stands at first: a Wednesday, noon UTC.
    pub const START: &str = "2026-03-04T12:00:00Z";

    /// Puts a service together and serves it. Call as `Alone::start("housing", OnStore::Sqlite, async |parts| housing::service(&parts).await)`.
    ///
    /// # Panics
    /// Where anything of it fails, with the reason.
    pub async fn start<F>(name: &'static str, on: OnStore, assemble: F) -> Self
    where
        F: AsyncFnOnce(Parts) -> Result<Service, AssemblyError>,
    {
        Self::begin(name, on.place().await, assemble, name).await
    }

    /// The same, but nothing ever reaches what reads the service's own log: its lists and reactions rest. For measuring commands by themselves.
    ///
    /// # Panics
    /// Where anything of it fails, with the reason.
    pub async fn start_unread<F>(name: &'static str, on: OnStore, assemble: F) -> Self
    where
        F: AsyncFnOnce(Parts) -> Result<Service, AssemblyError>,
    {
        Self::begin(name, on.place().await, assemble, EMPTY).await
    }

    /// As [`Alone::start`], over an empty store of the caller's own.
    ///
    /// # Panics
    /// Where anything of it fails, with the reason.
    pub async fn start_at<F>(name: &'static str, store: StoreUrl, assemble: F) -> Self
    where
        F: AsyncFnOnce(Parts) -> Result<Service, AssemblyError>,
    {
        Self::begin(name, (store, None), assemble, name).await
    }

    /// `read_as_own` is the log that is read in place of the service's own.
    async fn begin<F>(
        name: &'static str,
        (url, home): (StoreUrl, Option<TempDir>),
        assemble: F,
        read_as_own: &'static str,
    ) -> Self
    where
        F: AsyncFnOnce(Parts) -> Result<Service, AssemblyError>,
    {
        let clock = Clock::driven(Self::START.parse().expect("an instant"));
        let keys = TestKeys::default();
        let mut stores = BTreeMap::new();
        let mut sources = BTreeMap::new();
        for log in LOGS {
            let store = Store::open(&url, log, clock.clone()).await.expect("a store");
            sources.insert(log.to_owned(), Source::local(log, store.log().clone()));
            stores.insert(log, store);
        }
        sources.insert(name.to_owned(), Source::local(name, stores[read_as_own].log().clone()));
        let drain = Drain::new(Duration::from_secs(5));
        let parts = Parts::new(Given {
            name,
            store: stores[name].clone(),
            keys: Keys::new(Arc::new(keys.clone()), clock.clone()),
            secret: Secret::new([9; 32]),
            clock: clock.clone(),
            metrics: Metrics::new(),
            sources,
            build: "test".to_owned(),
            stop: drain.token(),
        });
        let service = assemble(parts).await.expect("the service is put together");
        let server = service.add_to(Server::new(Auth::Plain, Metrics::new(), Readiness::new()));
        let bound = server.bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
        let at = bound.at();
        tokio::spawn(bound.serve(drain.clone()));
        Self { at, clock, keys, service, stores, drain, _home: home }
    }

    /// A channel as this caller.
    ///
    /// # Panics
    /// Never for an address that the service itself gave.
    pub fn caller(&self, caller: Caller) -> Peer {
        connect(&self.at.to_string(), Identity::Plain(caller)).expect("our own address")
    }

    /// A channel as a worker of this agency.
    pub fn worker(&self, agency: AgencyId) -> Peer {
        self.caller(in_agency(agency, Role::Worker))
    }

    /// A channel as this worker of this agency.
    pub fn as_worker(&self, agency: AgencyId, worker: WorkerId) -> Peer {
        self.caller(Caller { actor: Actor::Worker(worker), ..in_agency(agency, Role::Worker) })
    }

    /// A channel as an agency's recorder.
    pub fn recorder(&self, agency: AgencyId) -> Peer {
        self.caller(in_agency(agency, Role::Recorder))
    }

    /// A channel as the person.
    pub fn person(&self, person: PersonId) -> Peer {
        let actor = Actor::Person(person);
        self.caller(Caller { actor, role: Role::Person, agency: None, on_behalf_of: None })
    }

    /// A channel as an operator.
    pub fn operator(&self) -> Peer {
        let actor = Actor::Worker(WorkerId::of(1));
        self.caller(Caller { actor, role: Role::Operator, agency: None, on_behalf_of: None })
    }

    /// Drives the clock on by so many hours.
    pub fn hours_pass(&self, hours: i64) {
        let later = self.clock.now() + jiff::SignedDuration::from_hours(hours);
        self.clock.drive_to(later);
    }

    /// A log by its name: the service's own or another's, to append to or to look at.
    ///
    /// # Panics
    /// Where there is none of that name.
    pub fn log(&self, name: &str) -> &Log {
        self.stores[name].log()
    }

    /// Lets another service's log tell something: an event with this payload, next in its stream.
    ///
    /// # Panics
    /// Where the log does not take it.
    pub async fn tell(
        &self,
        log: &'static str,
        stream: StreamId,
        person: Option<PersonId>,
        payload: &impl Message,
    ) {
        self.tell_of(log, stream, person, String::new(), payload).await;
    }

    /// The same, in the words of that agency.
    ///
    /// # Panics
    /// Where the log does not take it.
    pub async fn tell_as(
        &self,
        log: &'static str,
        stream: StreamId,
        person: Option<PersonId>,
        agency: AgencyId,
        payload: &impl Message,
    ) {
        self.tell_of(log, stream, person, agency.to_string(), payload).await;
    }

    /// Tells that the caseload of one worker of an agency went to another, as the referrals service does.
    ///
    /// # Panics
    /// Where the log does not take it.
    pub async fn hands_over(&self, number: u128, agency: AgencyId, from: WorkerId, to: WorkerId) {
        use proto::referrals::{CaseloadHandedOver, ReferralsEvent, referrals_event::Kind};
        let over = CaseloadHandedOver {
            agency_id: agency.to_string(),
            from_worker_id: from.to_string(),
            to_worker_id: to.to_string(),
            ..Default::default()
        };
        let event = ReferralsEvent { kind: Some(Kind::CaseloadHandedOver(over)) };
        self.tell("referrals", StreamId::new("caseload", Uuid::from_u128(number)), None, &event).await;
    }

    async fn tell_of(
        &self,
        log: &'static str,
        stream: StreamId,
        person: Option<PersonId>,
        agency_id: String,
        payload: &impl Message,
    ) {
        let log = self.stores[log].log();
        let version = log.stream(&stream.to_string(), 0).await.expect("a log").len() as u64 + 1;
        let id = Uuid::now_v7();
        let at: Timestamp = self.clock.now();
        let event = proto::log::Event {
            id: id.to_string(),
            r#type: "test".to_owned(),
            schema_version: 1,
            stream: stream.to_string(),
            version,
            person_id: person.map(|person| person.to_string()).unwrap_or_default(),
            agency_id,
            occurred: Some(platform::wire::to_occurred(&kernel::Occurred::instant(at))),
            payload: payload.encode_to_vec().into(),
            ..Default::default()
        };
        let kind = event.r#type.clone();
        let bytes = event.encode_to_vec().into();
        log.append(Append {
            request: None,
            expects: vec![(stream, version - 1)],
            events: vec![NewEvent { stream, version, id, kind, person, bytes }],
            claims: vec![],
            cursor: None,
            agency: None,
            deadline: None,
        })
        .await
        .expect("the log takes it");
    }

    /// Gives another service's log a new incarnation that agrees with what it told up to this position.
    ///
    /// # Panics
    /// Where the log cannot be forked.
    pub async fn forked(&self, log: &'static str, agrees_up_to: u64) {
        self.stores[log].log().fork(agrees_up_to).await.expect("the log is forked");
    }

    /// Every event of the service's own log, oldest first.
    ///
    /// # Panics
    /// Where the log cannot be read.
    pub async fn events(&self) -> Vec<proto::log::Event> {
        let recorded = self.service.log().read(0, Groups::ALL, 100_000).await.expect("the log");
        recorded.iter().map(|recorded| Arc::unwrap_or_clone(recorded.decode().expect("an event"))).collect()
    }

    /// Makes the service's lists anew of its whole log in one batch, and compares them with what was made of the events as they came.
    ///
    /// # Panics
    /// Where they differ, where there is nothing to compare, or where no record has several events in that batch.
    pub async fn one_batch_makes_the_same_lists(&self) {
        let head = self.service.log().head().await.expect("the log").position;
        let events = self.events().await;
        let records: BTreeSet<&str> = events.iter().map(|event| event.stream.as_str()).collect();
        assert!(records.len() < events.len(), "no record has several events: a batch of them shows nothing");
        let models = self.service.read_models();
        let (_, lists) = models.iter().find(|(name, _)| *name == "lists").expect("the service's lists");
        let mut progress = lists.views().progress();
        let name = self.service.name;
        let level = progress.wait_for(|progress| progress.places[name].position >= head);
        let level = tokio::time::timeout(PATIENCE, level).await;
        level.expect("the lists come to the log's head").expect("the lists go on");
        let verified = lists.verify().await.expect("the lists can be verified");
        assert!(verified.clean() && verified.rows > 0, "{verified:?}");
    }

    /// Stops it and waits until all of it has ended.
    pub async fn stop(self) {
        self.drain.begin();
        self.service.ended().await;
    }
}

fn in_agency(agency: AgencyId, role: Role) -> Caller {
    let actor = Actor::Worker(WorkerId::of(agency.uuid().as_u128() + 1_000));
    Caller { actor, role, agency: Some(agency), on_behalf_of: None }
}

/// Waits until `ask` gives something.
///
/// # Panics
/// After 20 seconds, saying what was waited for.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < end, "in vain: {what}");
        // A poll, not a wait for luck: what is asked may come by any way.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
