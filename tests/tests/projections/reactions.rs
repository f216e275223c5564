//! What a reaction appends it appends once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::{RefusalKind, StreamId};
use platform::clock::Clock;
use platform::command::{Asked, Changes, Desk};
use platform::keys::Keys;
use platform::log::{Append, Groups, Log};
use platform::metrics::Metrics;
use platform::reaction::{self, ReactError, Reaction, Read};
use platform::seal::Secret;
use platform::source::Source;
use platform::store::Store;
use prost::Message;
use proto::log::ReactionRefused;
use tests::alone::TestKeys;
use tokio::runtime::Builder;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::fixture::{Dice, PATIENCE, Place, Teller, event, eventually, on_both, pace, person};
use tests::nasty::{Manners, Nasty};

on_both!(
    two_workers_and_one_killed_react_once_to_each_event,
    a_refusal_is_told_once_however_often_its_worker_is_killed,
    a_lost_race_is_decided_again_and_a_failure_is_tried_until_it_is_gone,
    a_cursor_moves_over_what_needs_nothing,
);

/// Is refused whatever it asks for.
struct Refused {
    desk: Desk,
}

/// How it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Never;

impl std::fmt::Display for Never {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it is never the time")
    }
}

impl std::error::Error for Never {}

impl kernel::Refusal for Never {
    fn kind(&self) -> RefusalKind {
        RefusalKind::FailedPrecondition
    }
    fn reason(&self) -> &'static str {
        "NEVER"
    }
}

impl Refused {
    fn on(store: &Store, clock: &Clock) -> Arc<Self> {
        let keys = Keys::new(Arc::new(TestKeys::default()), clock.clone());
        let (log, secret) = (store.log().clone(), Secret::new([9; 32]));
        Arc::new(Self { desk: Desk::new("vocational", log, keys, secret, clock.clone()) })
    }

    async fn judge(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let record = StreamId::new("case", Uuid::from_u128(1));
        let ask = self.desk.own_ask("OpenCase", Uuid::now_v7(), Some(&read.event));
        let prepared = self.desk.prepared(&ask, record, (), |()| Err::<Changes<Never>, _>(Never)).await;
        let asked = Asked { reaction: self.name(), log: self.source(), record };
        self.desk.settled(&ask, read, asked, prepared, |refused| refused).await
    }
}

impl Reaction for Refused {
    fn name(&self) -> &'static str {
        "refused"
    }
    fn source(&self) -> &'static str {
        "referrals"
    }
    fn react<'a>(&'a self, event: &'a Read) -> BoxFuture<'a, Result<Option<Append>, ReactError>> {
        Box::pin(self.judge(event))
    }
}

/// Opens a case for each event that asks for one; several for one person share a stream, so that workers race for its version.
struct OpensCases {
    log: Log,
    /// So many judgements fail before any succeeds.
    failures: AtomicU32,
    /// So many decisions are made on a state that is already old.
    stale: AtomicU32,
}

impl OpensCases {
    fn of(log: &Log) -> Arc<Self> {
        Arc::new(Self { log: log.clone(), failures: AtomicU32::new(0), stale: AtomicU32::new(0) })
    }

    async fn judge(&self, read: &Read) -> Result<Option<Append>, ReactError> {
        let took = |counter: &AtomicU32| {
            counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
        };
        if took(&self.failures) {
            return Err(ReactError::Failed("the world is broken".into()));
        }
        let asked = String::from_utf8_lossy(&read.event.payload).into_owned();
        if asked != "case, please" {
            return Ok(None);
        }
        let about = read.event.person_id.parse().expect("a person");
        let stream = StreamId::new("case", Uuid::from_u128(about_number(about)));
        let version = self.log.stream(&stream.to_string(), 0).await?.len() as u64;
        let version = if took(&self.stale) { version.saturating_sub(1) } else { version };
        let opened = event(stream, version + 1, Some(about), "CaseOpened", &read.event.id);
        Ok(Some(Append { expects: vec![(stream, version)], events: vec![opened], ..Append::default() }))
    }
}

fn about_number(person: kernel::PersonId) -> u128 {
    person.uuid().as_u128() % 3
}

impl Reaction for OpensCases {
    fn name(&self) -> &'static str {
        "opens-cases"
    }
    fn source(&self) -> &'static str {
        "referrals"
    }
    fn react<'a>(&'a self, event: &'a Read) -> BoxFuture<'a, Result<Option<Append>, ReactError>> {
        Box::pin(self.judge(event))
    }
}

fn begin(
    store: &Store,
    reaction: Arc<dyn Reaction>,
    source: Source,
    stop: &CancellationToken,
) -> reaction::Running {
    reaction::start(reaction::Setup {
        store: store.clone(),
        reaction,
        source,
        metrics: Metrics::new(),
        pace: pace(),
        stop: stop.clone(),
    })
}

/// By id of the event reacted to, how often it was.
async fn reacted(log: &Log) -> BTreeMap<String, u32> {
    let mut reacted = BTreeMap::new();
    for recorded in log.read(0, Groups::ALL, 10_000).await.unwrap() {
        let event = recorded.decode().unwrap();
        *reacted.entry(String::from_utf8_lossy(&event.payload).into_owned()).or_insert(0) += 1;
    }
    reacted
}

async fn two_workers_and_one_killed_react_once_to_each_event(place: Place) {
    let mut dice = Dice::new(Dice::seed());
    let mut teller = Teller::new(place.open("referrals").await.log());
    let own = place.open("vocational").await;
    let stop = CancellationToken::new();
    let tailed = |seed| {
        Source::local("referrals", teller.log.clone()).with_tail(Nasty::new(&teller.log, Manners::BAD, seed))
    };
    let workers = [begin(&own, OpensCases::of(own.log()), tailed(dice.throw()), &stop), {
        let other = place.open("vocational").await;
        begin(&other, OpensCases::of(other.log()), tailed(dice.throw()), &stop)
    }];
    let mut asked = 0;
    for _life in 0..4 {
        let doomed = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (url, clock, log) = (place.url.clone(), place.clock.clone(), teller.log.clone());
        let killed = doomed.spawn(async move {
            let store = Store::open(&url, "vocational", clock).await.unwrap();
            let source = Source::local("referrals", log);
            begin(&store, OpensCases::of(store.log()), source, &CancellationToken::new())
        });
        killed.await.unwrap();
        for _ in 0..25 {
            let text = if dice.percent(60) { "case, please" } else { "nothing" };
            asked += u32::from(text == "case, please");
            teller.tell(dice.below(8).into(), "Said", text).await;
        }
        // Sleeps: it is killed at a random moment of its work.
        tokio::time::sleep(Duration::from_millis(dice.below(40))).await;
        doomed.shutdown_background();
    }
    let head = teller.log.head().await.unwrap().position;
    eventually("both workers to be through", || async {
        workers.iter().any(|worker| *worker.judged().borrow() == head)
    })
    .await;
    let reacted = reacted(own.log()).await;
    assert_eq!(reacted.len() as u32, asked);
    assert!(reacted.values().all(|times| *times == 1), "{reacted:?}");
    stop.cancel();
    for worker in workers {
        worker.ended().await;
    }
}

async fn a_refusal_is_told_once_however_often_its_worker_is_killed(place: Place) {
    let mut dice = Dice::new(Dice::seed());
    let mut teller = Teller::new(place.open("referrals").await.log());
    let own = place.open("vocational").await;
    for _life in 0..4 {
        let doomed = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (url, clock, log) = (place.url.clone(), place.clock.clone(), teller.log.clone());
        let killed = doomed.spawn(async move {
            let store = Store::open(&url, "vocational", clock.clone()).await.unwrap();
            let source = Source::local("referrals", log);
            begin(&store, Refused::on(&store, &clock), source, &CancellationToken::new())
        });
        killed.await.unwrap();
        for _ in 0..20 {
            teller.tell(dice.below(8).into(), "Said", "case, please").await;
        }
        // Sleeps: it is killed at a random moment of its work.
        tokio::time::sleep(Duration::from_millis(dice.below(40))).await;
        doomed.shutdown_background();
    }
    let stop = CancellationToken::new();
    let source = Source::local("referrals", teller.log.clone());
    let worker = begin(&own, Refused::on(&own, &place.clock), source, &stop);
    let mut judged = worker.judged();
    tokio::time::timeout(PATIENCE, judged.wait_for(|judged| *judged == 80)).await.unwrap().unwrap();
    let told = own.log().read(0, Groups::ALL, 10_000).await.unwrap();
    let told: Vec<_> = told.iter().map(|recorded| recorded.decode().unwrap()).collect();
    let asked: BTreeSet<_> = told.iter().map(|event| event.causation_id.clone()).collect();
    assert_eq!((told.len(), asked.len()), (80, 80), "one for each event");
    for event in told {
        assert_eq!(event.r#type, "throughline.log.v1.ReactionRefused");
        let refused = ReactionRefused::decode(event.payload.clone()).unwrap();
        assert_eq!((&*refused.reason, refused.event_id), ("NEVER", event.causation_id.clone()));
    }
    stop.cancel();
    worker.ended().await;
}

async fn a_lost_race_is_decided_again_and_a_failure_is_tried_until_it_is_gone(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    let own = place.open("vocational").await;
    let reaction = OpensCases::of(own.log());
    for _ in 0..3 {
        teller.tell(1, "Said", "case, please").await;
    }
    let stop = CancellationToken::new();
    let source = Source::local("referrals", teller.log.clone());
    let worker = begin(&own, reaction.clone(), source, &stop);
    let mut judged = worker.judged();
    tokio::time::timeout(PATIENCE, judged.wait_for(|judged| *judged == 3)).await.unwrap().unwrap();
    // More races than are decided again at once, and then failures.
    reaction.stale.store(5, Ordering::SeqCst);
    teller.tell(1, "Said", "case, please").await;
    tokio::time::timeout(PATIENCE, judged.wait_for(|judged| *judged == 4)).await.unwrap().unwrap();
    reaction.failures.store(3, Ordering::SeqCst);
    teller.tell(1, "Said", "case, please").await;
    tokio::time::timeout(PATIENCE, judged.wait_for(|judged| *judged == 5)).await.unwrap().unwrap();
    assert_eq!(reaction.stale.load(Ordering::SeqCst) + reaction.failures.load(Ordering::SeqCst), 0);
    assert_eq!(reacted(own.log()).await.len(), 5);
    assert_eq!(own.log().head().await.unwrap().position, 5);
    stop.cancel();
    worker.ended().await;
}

async fn a_cursor_moves_over_what_needs_nothing(place: Place) {
    let mut teller = Teller::new(place.open("referrals").await.log());
    teller.tell_many(5, 600).await;
    let own = place.open("vocational").await;
    let stop = CancellationToken::new();
    let worker =
        begin(&own, OpensCases::of(own.log()), Source::local("referrals", teller.log.clone()), &stop);
    let log_id = teller.log.head().await.unwrap().log_id;
    eventually("the cursor to have moved", || async {
        own.log().cursor("opens-cases", log_id, 0).await.unwrap() == 600
    })
    .await;
    assert_eq!(own.log().head().await.unwrap().position, 0, "and nothing was appended");
    teller.log.fork(600).await.unwrap();
    teller.tell(9, "Said", "case, please").await;
    let person = person(9).to_string();
    eventually("the reaction to go on in the forked log", || async {
        own.log().head().await.unwrap().position == 1
    })
    .await;
    let opened = own.log().read(0, Groups::ALL, 1).await.unwrap()[0].decode().unwrap();
    assert_eq!(opened.person_id, person);
    stop.cancel();
    worker.ended().await;
}
