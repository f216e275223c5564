//! Rates of closed loops, medians of three.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::spent::Spent;

/// How long one round of a loop is counted.
const ROUND: Duration = Duration::from_secs(2);
/// How long it runs before it is counted.
const WARM: Duration = Duration::from_millis(500);

/// What machine this is: cores, memory, system.
pub fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown");
    let memory = read("/proc/meminfo");
    let memory = memory.lines().next().unwrap_or_default().split_whitespace().nth(1).unwrap_or("0");
    let gib = memory.parse::<f64>().unwrap_or_default() / 1024.0 / 1024.0;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let round = crate::lasts(ROUND);
    format!(
        "machine: {cores} cores{model}, {gib:.0} GiB; load generator included; medians of 3 rounds of {round:?}"
    )
}

/// Loops that run until they are stopped.
struct Loops {
    counted: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    running: Vec<tokio::task::JoinHandle<()>>,
}

impl Loops {
    /// Starts `clients` of them, each made by `start` and asked again as soon as it answered, and lets them warm up.
    async fn start<F, W>(clients: usize, mut start: F) -> Self
    where
        F: AsyncFnMut(usize) -> W,
        W: AsyncLoop,
    {
        let counted = Arc::new(AtomicU64::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        let mut running = Vec::with_capacity(clients);
        for client in 0..clients {
            let mut work = start(client).await;
            let (counted, stop) = (counted.clone(), stop.clone());
            running.push(tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    work.once().await;
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }));
        }
        // Sleeps: the warm-up is a length of time by its nature.
        tokio::time::sleep(crate::lasts(WARM)).await;
        Self { counted, stop, running }
    }

    /// One round's operations a second, and the microseconds of the processors that each took.
    async fn rate_and_cost(&self) -> (f64, f64) {
        let spent = Spent::now();
        let (done, took) = self.round().await;
        (done / took.as_secs_f64(), spent.since().all() / done)
    }

    /// How often they did it in one round, and how long that was.
    async fn round(&self) -> (f64, Duration) {
        let (before, began) = (self.counted.load(Ordering::Relaxed), Instant::now());
        // Sleeps: a round is a length of time.
        tokio::time::sleep(crate::lasts(ROUND)).await;
        ((self.counted.load(Ordering::Relaxed) - before) as f64, began.elapsed())
    }

    async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.running {
            task.await.expect("a client that does not panic");
        }
    }
}

/// Operations a second of `clients` loops, each made by `start` and asked again as soon as it answered.
pub async fn rate<F, W>(clients: usize, start: F) -> f64
where
    F: AsyncFnMut(usize) -> W,
    W: AsyncLoop,
{
    rates(clients, start, 3).await
}

/// The same of one round, beside which something else is measured in its turn.
pub async fn rate_once<F, W>(clients: usize, start: F) -> f64
where
    F: AsyncFnMut(usize) -> W,
    W: AsyncLoop,
{
    rates(clients, start, 1).await
}

async fn rates<F, W>(clients: usize, start: F, rounds: usize) -> f64
where
    F: AsyncFnMut(usize) -> W,
    W: AsyncLoop,
{
    let loops = Loops::start(clients, start).await;
    let mut rates = Vec::new();
    for _ in 0..rounds {
        let (done, took) = loops.round().await;
        rates.push(done / took.as_secs_f64());
    }
    loops.stop().await;
    middle(rates)
}

/// Microseconds of the processors that an operation of `clients` such loops takes, in this process and those that it started.
pub async fn cost<F, W>(clients: usize, start: F) -> f64
where
    F: AsyncFnMut(usize) -> W,
    W: AsyncLoop,
{
    let loops = Loops::start(clients, start).await;
    let mut costs = Vec::new();
    for _ in 0..3 {
        costs.push(loops.rate_and_cost().await.1);
    }
    loops.stop().await;
    middle(costs)
}

/// One round's operations a second, and the microseconds of the processors that each took.
pub async fn rate_and_cost<F, W>(clients: usize, start: F) -> (f64, f64)
where
    F: AsyncFnMut(usize) -> W,
    W: AsyncLoop,
{
    let loops = Loops::start(clients, start).await;
    let measured = loops.rate_and_cost().await;
    loops.stop().await;
    measured
}

/// The middle one of three or so.
pub fn middle(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or_default()
}

/// One client of a closed loop.
pub trait AsyncLoop: Send + 'static {
    /// Does it once.
    fn once(&mut self) -> impl Future<Output = ()> + Send;
}

/// The middle one.
pub fn median(mut took: Vec<Duration>) -> Duration {
    took.sort();
    quantile(&took, 500)
}

/// The value below which so many of a thousand lie.
pub fn quantile(sorted: &[Duration], thousandths: usize) -> Duration {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * thousandths / 1000).copied().unwrap_or_default()
}
