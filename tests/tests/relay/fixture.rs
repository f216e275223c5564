//! A log, a NATS server, relays between them, and a reader that betrays every event lost or doubled.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, StreamExt};
use kernel::{PersonId, StreamId};
use platform::bus::{self, Bus, BusSettings, Stands, Streams};
use platform::clock::Clock;
use platform::log::{Append, Groups, Log, NewEvent, Recorded};
use platform::metrics::Metrics;
use platform::relay::{self, Progress};
use platform::source::{Pace, Place, Reader, Source, Tail, TailError, Tailed};
use platform::store::{Store, StoreUrl};
use prost::Message;
use tempfile::TempDir;
use tests::child::{PATIENCE, until};
use tests::{Nats, Postgres};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

/// The service whose log is carried.
pub const SERVICE: &str = "referrals";

/// Runs the named cases on both servers.
macro_rules! on_both {
    ($($case:ident),+ $(,)?) => {
        mod on_newest {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(tests::Nats::start(tests::Version::Newest).await).await;
            })+
        }
        mod on_oldest {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(tests::Nats::start(tests::Version::Oldest).await).await;
            })+
        }
    };
}
pub(crate) use on_both;

/// Where a log is kept.
pub struct Home {
    pub url: StoreUrl,
    pub clock: Clock,
    directory: Option<TempDir>,
}

impl Home {
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let url = StoreUrl::Sqlite(directory.path().to_owned());
        Self { url, clock: Clock::system(), directory: Some(directory) }
    }

    pub fn driven(clock: &Clock) -> Self {
        Self { clock: clock.clone(), ..Self::sqlite() }
    }

    pub async fn postgres() -> Self {
        let url = StoreUrl::Postgres(Postgres::shared().await.url().await);
        Self { url, clock: Clock::system(), directory: None }
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.url, SERVICE, self.clock.clone()).await.expect("the store opens")
    }

    fn path(&self) -> &Path {
        self.directory.as_ref().expect("a directory").path()
    }

    /// A backup, put in another place. The store must be closed.
    pub fn restored(&self) -> Self {
        let copy = Self::driven(&self.clock);
        for file in std::fs::read_dir(self.path()).expect("the directory can be read") {
            let from: PathBuf = file.expect("a file").path();
            let name = from.file_name().expect("a name");
            std::fs::copy(&from, copy.path().join(name)).expect("the file can be copied");
        }
        copy
    }
}

/// A connection to this server, keeping events as long as told.
pub async fn bus_kept(nats: &Nats, retention: Duration) -> Bus {
    let settings = BusSettings { retention, ..BusSettings::at(nats.url()) };
    Bus::connect(settings).await.expect("an address")
}

/// A connection to this server.
pub async fn bus(nats: &Nats) -> Bus {
    bus_kept(nats, bus::RETENTION).await
}

/// A running relay, stopped with this.
pub struct Relay {
    pub progress: watch::Receiver<Progress>,
    pub metrics: Metrics,
    running: relay::Running,
    stop: CancellationToken,
}

impl Relay {
    pub fn start(bus: &Bus, store: &Store, clock: &Clock) -> Self {
        let (metrics, stop) = (Metrics::new(), CancellationToken::new());
        let running = relay::start(relay::Setup {
            bus: bus.clone(),
            store: store.clone(),
            clock: clock.clone(),
            metrics: metrics.clone(),
            stop: stop.clone(),
        });
        Self { progress: running.progress(), metrics, running, stop }
    }

    pub async fn end(self) {
        self.stop.cancel();
        self.running.ended().await;
    }

    /// Waits until it says so.
    pub async fn says(&self, what: &str, holds: impl Fn(&Progress) -> bool) -> Progress {
        until(what, || async { Some(self.progress.borrow().clone()).filter(|progress| holds(progress)) })
            .await
    }

    /// Events that its metrics say are not in NATS yet.
    pub fn lag(&self) -> u64 {
        let text = self.metrics.text();
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("throughline_relay_lag_events{log=\"referrals\"} "));
        line.expect("the lag is told").parse().expect("a number")
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Writes events about a few people.
pub struct Teller {
    pub log: Log,
    told: u64,
    stream: StreamId,
}

impl Teller {
    pub fn new(log: &Log) -> Self {
        Self { log: log.clone(), told: 0, stream: StreamId::new("told", Uuid::now_v7()) }
    }

    /// So many more, in appends of up to 200.
    pub async fn tell(&mut self, events: u64) {
        let mut left = events;
        while left > 0 {
            let some = left.min(200);
            let events = (0..some).map(|_| self.event()).collect();
            self.log.append(Append { events, ..Append::default() }).await.expect("the events are appended");
            left -= some;
        }
    }

    fn event(&mut self) -> NewEvent {
        self.told += 1;
        let (id, version, kind) = (Uuid::now_v7(), self.told, "throughline.test.v1.Said");
        let person = PersonId::of(u128::from(version % 90 + 1));
        let encoded = proto::log::Event {
            id: id.to_string(),
            r#type: kind.to_owned(),
            stream: self.stream.to_string(),
            version,
            person_id: person.to_string(),
            payload: format!("word {version}").into_bytes().into(),
            ..proto::log::Event::default()
        };
        let bytes = encoded.encode_to_vec().into();
        NewEvent { stream: self.stream, version, id, kind: kind.to_owned(), person: Some(person), bytes }
    }
}

/// All events of a log after a position.
pub async fn events(log: &Log, after: u64) -> Vec<Recorded> {
    log.read(after, Groups::ALL, 1_000_000).await.expect("the log can be read")
}

/// Where the stream of the log's present incarnation stands.
pub async fn stands(streams: &Streams, log: &Log) -> Option<Stands> {
    let log_id = log.head().await.expect("the log has a head").log_id;
    streams.stands(log_id).await.ok().flatten()
}

/// Waits until the stream has the log's last event.
pub async fn level(bus: &Bus, log: &Log) -> Stands {
    let (streams, head) = (bus.streams(SERVICE), log.head().await.expect("the log has a head"));
    until("the stream to have it all", || async {
        stands(&streams, log).await.filter(|stands| stands.last >= head.position)
    })
    .await
}

/// Asserts that the stream holds the log from `first` on, and nothing else: each event at its position, under its subject, byte for byte.
pub async fn holds_the_log_from(first: u64, nats: &Nats, bus: &Bus, log: &Log) {
    let stands = level(bus, log).await;
    let expected = events(log, first - 1).await;
    assert_eq!((stands.first, stands.messages), (first, expected.len() as u64), "{stands:?}");
    let streams = bus.streams(SERVICE);
    let log_id = log.head().await.expect("the log has a head").log_id;
    for (event, (sequence, subject, tailed)) in expected.iter().zip(messages(nats, &stands).await) {
        assert_eq!(sequence, event.position, "an event is out of place");
        assert_eq!(tailed.recorded, *event, "another event stands at {sequence}");
        assert_eq!((tailed.log_id, subject), (log_id, streams.subject(event.partition)));
    }
}

/// Every message of a stream, read by a client of the test's own.
async fn messages(nats: &Nats, stands: &Stands) -> Vec<(u64, String, Tailed)> {
    let client = async_nats::connect(nats.url()).await.expect("a connection");
    let context = async_nats::jetstream::new(client);
    let config = pull::Config {
        ack_policy: AckPolicy::None,
        deliver_policy: DeliverPolicy::All,
        memory_storage: true,
        ..pull::Config::default()
    };
    let consumer = context.create_consumer_on_stream(config, &stands.stream).await.expect("a consumer");
    let messages = consumer.messages().await.expect("messages").take(stands.messages as usize);
    let messages = messages.map(|message| {
        let message = message.expect("a message");
        let sequence = message.info().expect("its place").stream_sequence;
        let headers = message.headers.clone().expect("headers");
        let tailed = bus::read(&headers, message.payload.clone()).expect("an event of ours");
        (sequence, message.subject.to_string(), tailed)
    });
    tokio::time::timeout(PATIENCE, messages.collect()).await.expect("the stream gives what it says it holds")
}

/// A tail that counts what it brings.
pub struct Counted {
    inner: Arc<dyn Tail>,
    pub brought: Arc<AtomicU64>,
}

impl Counted {
    pub fn new(bus: &Bus) -> Arc<Self> {
        Arc::new(Self { inner: bus.tail(SERVICE), brought: Arc::default() })
    }
}

impl Tail for Counted {
    fn open(&self, log_id: Uuid, after: u64) -> BoxFuture<'_, Result<BoxStream<'static, Tailed>, TailError>> {
        let brought = self.brought.clone();
        let open = self.inner.open(log_id, after);
        async move {
            let tailed = open.await?.inspect(move |_| {
                brought.fetch_add(1, Ordering::SeqCst);
            });
            Ok(tailed.boxed())
        }
        .boxed()
    }
}

/// A reader that writes down what it reads.
pub struct Listener {
    read: watch::Receiver<Vec<Recorded>>,
    _task: AbortOnDropHandle<()>,
}

impl Listener {
    /// Reads from the first event on; compares with the head that often.
    pub fn start(log: &Log, tail: Arc<dyn Tail>, watchdog: Duration) -> Self {
        let source = Source::local(SERVICE, log.clone()).with_tail(tail);
        let mut reader =
            Reader::new(source, Place::nowhere(), Pace { watchdog, run: 100, ..Pace::default() });
        let (written, read) = watch::channel(Vec::new());
        let task = tokio::spawn(async move {
            while let Ok(run) = reader.next().await {
                let events = run.events.into_iter().map(|event| event.recorded);
                written.send_modify(|read: &mut Vec<Recorded>| read.extend(events));
            }
        });
        Self { read, _task: AbortOnDropHandle::new(task) }
    }

    /// Waits until it has read as far as the log goes, and asserts that it read each event once and in order.
    pub async fn has_read(&mut self, log: &Log) {
        let expected = events(log, 0).await;
        let level = self.read.wait_for(|read| read.len() >= expected.len());
        let in_time = tokio::time::timeout(PATIENCE, level).await.is_ok();
        let read = self.read.borrow();
        assert!(in_time, "{} of {} events were read", read.len(), expected.len());
        assert!(*read == expected, "what was read is not the log");
    }
}

/// A runtime of one thread that can be stopped in the middle of whatever runs on it, as a process can.
pub struct Pausable {
    pub handle: tokio::runtime::Handle,
    end: CancellationToken,
}

/// While this lives, nothing there runs.
pub struct Paused {
    _go_on: std::sync::mpsc::Sender<()>,
}

impl Pausable {
    pub async fn start() -> Self {
        let end = CancellationToken::new();
        let (started, handle) = tokio::sync::oneshot::channel();
        let ended = end.clone();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            started.send(runtime.handle().clone()).expect("the test waits for it");
            runtime.block_on(ended.cancelled());
        });
        Self { handle: handle.await.expect("the thread starts"), end }
    }

    /// Stops everything there; returns once it stands.
    pub async fn pause(&self) -> Paused {
        let (go_on, blocked) = std::sync::mpsc::channel();
        let (stands, standing) = tokio::sync::oneshot::channel();
        self.handle.spawn(async move {
            stands.send(()).expect("the test waits for it");
            // Blocks the only thread there is. The error is the guard's end.
            let _ = blocked.recv();
        });
        standing.await.expect("it stops");
        Paused { _go_on: go_on }
    }
}

impl Drop for Pausable {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

/// A client of the test's own, to do to streams what operators and accidents do.
pub async fn jetstream(nats: &Nats) -> async_nats::jetstream::Context {
    async_nats::jetstream::new(async_nats::connect(nats.url()).await.expect("a connection"))
}
