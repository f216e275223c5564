//! How long the runs of a reader are, and when it rests between them, by a clock that moves only when all wait.
//! Invariant: no log answers here: events come by the tail, or are held from the start.

use std::sync::{Mutex, PoisonError};

use futures_util::stream::BoxStream;
use kernel::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_stream::wrappers::UnboundedReceiverStream;

use super::*;
use crate::feed::FeedClient;
use crate::peer::{Identity, connect};
use crate::source::{Tail, TailError};

const LOG: Uuid = Uuid::from_u128(1);
/// What working on a run takes.
const WORK: Duration = Duration::from_millis(5);

/// A tail that brings what a test says.
struct Said(Mutex<Option<UnboundedReceiver<Tailed>>>);

impl Tail for Said {
    fn open(&self, _: Uuid, _: u64) -> BoxFuture<'_, Result<BoxStream<'static, Tailed>, TailError>> {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner).take().expect("it is opened once");
        std::future::ready(Ok(UnboundedReceiverStream::new(said).boxed())).boxed()
    }
}

fn event(position: u64) -> Recorded {
    let bytes = bytes::Bytes::new().into();
    Recorded { position, partition: 0, sequence: position, recorded_at: Timestamp::UNIX_EPOCH, bytes }
}

/// A reader that has been shown its log and never asks for the head, and what tells it of events.
fn reader(run: usize) -> (Reader, UnboundedSender<Tailed>) {
    let (tell, said) = unbounded_channel();
    let nobody = connect("http://127.0.0.1:9", Identity::service("test")).unwrap();
    let source = Source::remote(FeedClient::new("referrals", nobody));
    let source = source.with_tail(Arc::new(Said(Mutex::new(Some(said)))));
    let pace = Pace { watchdog: Duration::from_secs(1 << 30), run, gather: Duration::ZERO };
    let reader = Reader::new(source, Place::start(LOG), pace);
    (Reader { proof: Proof::Given, ..reader }, tell)
}

fn tell(to: &UnboundedSender<Tailed>, position: u64) {
    to.send(Tailed { log_id: LOG, recorded: event(position) }).expect("the reader listens");
}

#[tokio::test(start_paused = true)]
async fn who_has_a_full_run_before_it_goes_on_without_a_rest() {
    let (mut reader, _tell) = reader(10);
    (1..=30).for_each(|position| reader.hold(event(position), true));
    for _ in 0..3 {
        let asked = Instant::now();
        assert_eq!(reader.next().await.unwrap().events.len(), 10);
        assert_eq!(Instant::now(), asked, "whoever is far behind has no time to rest");
        tokio::time::advance(WORK).await;
    }
    // Whoever is not rests, for twice as long as it worked.
    reader.hold(event(31), true);
    let asked = Instant::now();
    assert_eq!(reader.next().await.unwrap().events.len(), 1);
    assert!(Instant::now() >= asked + 2 * WORK, "rested {:?}", asked.elapsed());
}

#[tokio::test(start_paused = true)]
async fn under_load_runs_grow_longer_and_after_a_quiet_while_an_event_is_read_at_once() {
    let (mut reader, to) = reader(500);
    let told = to.clone();
    let telling = tokio::spawn(async move {
        for position in 1..=600 {
            tell(&told, position);
            // Sleeps: the clock of the test is the load.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let mut runs = Vec::new();
    while runs.iter().sum::<usize>() < 600 {
        runs.push(reader.next().await.unwrap().events.len());
        // Sleeps: this is the work on a run.
        tokio::time::sleep(WORK).await;
    }
    telling.await.unwrap();
    // Five milliseconds of work and ten of rest are fifteen events. Without a rest there would be five in a run.
    assert!(runs.len() <= 50, "{} runs: {runs:?}", runs.len());

    let quiet = Duration::from_millis(300);
    let later = tokio::spawn(async move {
        // Sleeps: the clock of the test is the quiet.
        tokio::time::sleep(quiet).await;
        tell(&to, 601);
        (Instant::now(), to)
    });
    assert_eq!(reader.next().await.unwrap().events.len(), 1);
    assert_eq!(later.await.unwrap().0, Instant::now(), "it was read when it came");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_gathers_takes_what_comes_soon_after_the_first_with_it() {
    let (mut reader, to) = reader(500);
    reader.pace.gather = Duration::from_millis(20);
    let asked = Instant::now();
    tokio::spawn(async move {
        for position in 1..=4 {
            tell(&to, position);
            // Sleeps: the clock of the test is the load.
            tokio::time::sleep(Duration::from_millis(9)).await;
        }
        std::future::pending::<()>().await;
    });
    assert_eq!(reader.next().await.unwrap().events.len(), 3, "those of the first 20 ms");
    assert!(asked.elapsed() >= Duration::from_millis(20));
}
