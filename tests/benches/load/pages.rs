//! (e) Pages of a timeline of a million entries, through gRPC.
//!
//! Invariant: every page asked for is answered with entries, by workers of agencies that serve the person; open-loop latency counts from when a request was due,
//! so that a server that stalls pays for all that waited.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use platform::peer::Peer;
use proto::timeline::GetTimelineRequest;
use proto::timeline::timeline_service_client::TimelineServiceClient;
use tests::Dice;
use tonic::Status;

use crate::lives::{agency, person, serving};
use crate::measure::{AsyncLoop, median, quantile, rate};
use crate::timeline::Told;

/// Connections, each of a worker of one agency.
const CONNECTIONS: usize = 64;
/// Entries of a page.
const PAGE: i32 = 50;
/// How long a page took that was refused.
const REFUSED: Duration = Duration::MAX;
/// The bar in pages a second.
const BAR: f64 = 2_000.0;

/// One worker at one connection, who reads now this person, now that one, and half of the time on where the last page ended.
#[derive(Clone)]
struct Worker {
    client: TimelineServiceClient<Peer>,
    people: Arc<Vec<String>>,
    read: Arc<Mutex<(Dice, Option<GetTimelineRequest>)>>,
}

impl Worker {
    fn new(told: &Told, number: usize) -> Self {
        let agency = agency(number as u64 % 12);
        let people = (0..told.lives.people()).filter(|person| serving(*person).contains(&agency));
        Self {
            client: TimelineServiceClient::new(told.service.worker(agency)),
            people: Arc::new(people.map(|number| person(number).to_string()).collect()),
            read: Arc::new(Mutex::new((Dice::new(number as u64), None))),
        }
    }

    fn next(&self) -> GetTimelineRequest {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        let (dice, after) = &mut *read;
        if let Some(on) = after.take().filter(|_| dice.percent(50)) {
            return on;
        }
        let person = &self.people[dice.below(self.people.len() as u64) as usize];
        GetTimelineRequest { person_id: person.clone(), page_size: PAGE, ..Default::default() }
    }

    /// Reads one page.
    async fn page(&mut self) -> Result<(), Status> {
        let request = self.next();
        let page = self.client.get_timeline(request.clone()).await?.into_inner();
        assert!(!page.entries.is_empty(), "a page without entries");
        if !page.next_page_token.is_empty() {
            assert_eq!(page.entries.len(), PAGE as usize, "a page that others follow is full");
            let on = GetTimelineRequest { page_token: page.next_page_token, ..request };
            self.read.lock().unwrap_or_else(PoisonError::into_inner).1 = Some(on);
        }
        Ok(())
    }
}

impl AsyncLoop for Worker {
    async fn once(&mut self) {
        self.page().await.expect("a page");
    }
}

/// Tells all of everybody's life, and reads pages of it.
pub async fn at_a_million(told: &mut Told) {
    told.up_to(told.lives.steps()).await;
    told.rest().await;
    let workers: Vec<Worker> = (0..CONNECTIONS).map(|number| Worker::new(told, number)).collect();
    let most = rate(CONNECTIONS, async |number| workers[number].clone()).await;
    let entries = told.lives.people() * 500;
    println!(
        "\n(e) timeline at {entries} entries, pages of {PAGE} over {CONNECTIONS} connections: {most:.0} a second at most"
    );
    for a_second in [BAR / 2.0, most / 2.0] {
        let (mut p50, mut p99, mut refused) = (vec![], vec![], 0);
        for round in 0..3 {
            let took = open_loop(&workers, a_second, round).await;
            refused += took.iter().filter(|took| **took == REFUSED).count();
            p50.push(quantile(&took, 500));
            p99.push(quantile(&took, 990));
        }
        println!(
            "    open loop at {a_second:.0} a second: p50 {}, p99 {}, {refused} refused",
            said(median(p50)),
            said(median(p99))
        );
    }
}

fn said(took: Duration) -> String {
    if took == REFUSED { "never".to_owned() } else { format!("{took:.1?}") }
}

/// Asks for pages at times of nobody's choice, so many a second, and tells in order how long each took from when it was due.
async fn open_loop(workers: &[Worker], a_second: f64, seed: u64) -> Vec<Duration> {
    let seconds = if crate::short() { 0.5 } else { 8.0 };
    let mut dice = Dice::new(seed);
    let (mut due, mut at) = (vec![], 0.0);
    while at < seconds {
        due.push(Duration::from_secs_f64(at));
        // As independent people come: the gaps between them are exponential.
        let chance = (dice.below(1 << 52) + 1) as f64 / (1_u64 << 52) as f64;
        at -= chance.ln() / a_second;
    }
    let (runtime, workers) = (tokio::runtime::Handle::current(), workers.to_vec());
    // A thread of its own: the runtime's timers go by milliseconds.
    let sent = tokio::task::spawn_blocking(move || {
        let began = Instant::now();
        let send = |(number, due): (usize, Duration)| {
            let due = began + due;
            // Sleeps: a schedule is made of times.
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            let mut worker = workers[number % workers.len()].clone();
            // Who is refused waits for ever.
            runtime.spawn(async move { worker.page().await.map_or(REFUSED, |()| due.elapsed()) })
        };
        due.into_iter().enumerate().map(send).collect::<Vec<_>>()
    });
    let mut took = vec![];
    for page in sent.await.expect("the schedule ends") {
        took.push(page.await.expect("a page"));
    }
    took.sort();
    took
}
