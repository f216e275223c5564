//! Rates of closed loops, medians of three.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

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
    format!(
        "machine: {cores} cores{model}, {gib:.0} GiB; load generator included; medians of 3 rounds of {ROUND:?}"
    )
}

/// Operations a second of `clients` loops, each made by `start` and asked again as soon as it answered.
pub async fn rate<F, W>(clients: usize, mut start: F) -> f64
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
    // Sleeps: the warm-up and the rounds are lengths of time by their nature.
    tokio::time::sleep(WARM).await;
    let mut rates = Vec::new();
    for _ in 0..3 {
        let (before, began) = (counted.load(Ordering::Relaxed), Instant::now());
        // Sleeps: a round is a length of time.
        tokio::time::sleep(ROUND).await;
        let done = counted.load(Ordering::Relaxed) - before;
        rates.push(done as f64 / began.elapsed().as_secs_f64());
    }
    stop.store(true, Ordering::Relaxed);
    for task in running {
        task.await.expect("a client that does not panic");
    }
    rates.sort_by(f64::total_cmp);
    rates[1]
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
