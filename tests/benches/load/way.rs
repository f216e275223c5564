//! The whole way, from command to timeline: the real binary over PostgreSQL and NATS, everything on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kernel::PersonId;
use platform::peer::Peer;
use proto::referrals::referrals_service_client::ReferralsServiceClient;
use proto::referrals::{DraftReferralRequest, StartParticipationRequest};
use proto::timeline::GetTimelineRequest;
use proto::timeline::timeline_service_client::TimelineServiceClient;
use proto::types::{LifeDomain, Written};
use sqlx::{Connection, Executor, PgConnection};
use tests::world::{World, request_id};
use tests::{Ground, Nats, Postgres, Process, Version};
use tokio::time::Instant;

use crate::bare::Bare;
use crate::commands::Raw;
use crate::measure::{AsyncLoop, median, middle, quantile, rate, rate_once};
use crate::spent::Spent;

/// (c): commands a second, and for how long.
const CALM: u32 = 50;
const CALM_FOR: Duration = Duration::from_secs(20);
/// (b): how many clients write, and for how long at each rate.
const CLIENTS: usize = 64;
const STEP: Duration = Duration::from_secs(6);
/// (b): the timeline may be this far behind.
const LAG: Duration = Duration::from_secs(1);

/// All services in one process, as they run in production but for their number; and some people.
struct Whole {
    ground: Ground,
    process: Process,
    people: Vec<PersonId>,
    offer: String,
    referrals: Vec<ReferralsServiceClient<Peer>>,
    timeline: TimelineServiceClient<Peer>,
}

impl Whole {
    async fn start(people: usize) -> Self {
        let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/postgresql.conf");
        let (postgres, nats) = (Postgres::start_with(&settings).await, Nats::start(Version::Newest).await);
        postgres.run_in().await;
        let ground = Ground::over(postgres, nats).await;
        let process = ground.serve("all", "127.0.0.1:0").start().await;
        let world = World::at(process.grpc());
        let agency = world.agency("Invented Bench").await;
        let offer = world.offer(agency, "Bench").await;
        let mut registered = Vec::with_capacity(people);
        for number in 0..people {
            registered.push(world.person(agency, &format!("Bench{number}")).await);
        }
        let referrals = (0..16).map(|_| world.referrals(World::worker(agency))).collect();
        let timeline = world.timeline(World::worker(agency));
        Self { ground, process, people: registered, offer, referrals, timeline }
    }

    /// A new client of one of the open connections.
    fn writer(&self, number: usize, written: Arc<AtomicU64>) -> Writer {
        Writer {
            client: self.referrals[number % self.referrals.len()].clone(),
            offer: self.offer.clone(),
            people: self.people.clone(),
            written,
        }
    }

    /// How long it takes from a command sent to its being read on the timeline.
    async fn way(&self, number: usize) -> Duration {
        let person = self.people[number % self.people.len()].to_string();
        let (mut referrals, mut timeline) = (self.referrals[0].clone(), self.timeline.clone());
        let began = Instant::now();
        let request = StartParticipationRequest {
            request_id: request_id(),
            person_id: person.clone(),
            offer_id: self.offer.clone(),
            ..Default::default()
        };
        let started = referrals.start_participation(request).await.expect("a participation");
        let Written { revision, .. } = started.into_inner().written.expect("a revision");
        let mut request = tonic::Request::new(GetTimelineRequest {
            person_id: person,
            page_size: 1,
            at_least: vec![revision],
            ..Default::default()
        });
        request.set_timeout(Duration::from_secs(30));
        timeline.get_timeline(request).await.expect("a timeline");
        began.elapsed()
    }
}

/// Drafts referrals of people in turn.
struct Writer {
    client: ReferralsServiceClient<Peer>,
    offer: String,
    people: Vec<PersonId>,
    written: Arc<AtomicU64>,
}

impl AsyncLoop for Writer {
    async fn once(&mut self) {
        let number = self.written.fetch_add(1, Ordering::Relaxed) as usize;
        let request = DraftReferralRequest {
            request_id: request_id(),
            person_id: self.people[number % self.people.len()].to_string(),
            offer_id: self.offer.clone(),
            life_domain: LifeDomain::Employment.into(),
            need: "an invented need of some length, as a worker would write it down".into(),
            no_goal_reason: "bench".into(),
            ..Default::default()
        };
        self.client.draft_referral(request).await.expect("a draft");
    }
}

/// (b) The highest rate at which the timeline stays less than a second behind.
pub async fn everything_on() {
    let whole = Whole::start(if crate::short() { 50 } else { 1_000 }).await;
    let url = whole.ground.postgres.url().await;
    let mut setup = PgConnection::connect(&url).await.expect("a connection");
    setup.execute("CREATE TABLE raw (id uuid PRIMARY KEY, body bytea NOT NULL)").await.expect("a table");
    let written = Arc::new(AtomicU64::new(0));
    let most = rate(CLIENTS, async |client| whole.writer(client, written.clone())).await;
    let bare = Bare::measured(CLIENTS, &whole.ground.postgres, &whole.ground.nats).await;
    println!(
        "\n(b) everything on: at most {most:.0} a second at {CLIENTS}, however far the timeline is behind"
    );
    println!("    the parts bare: {}", bare.said());
    // From above: the first rate that holds is the highest of those tried.
    for tenths in (2..=10).rev() {
        let offered = most * f64::from(tenths) / 10.0;
        let (mut taken, mut of_raw, mut behind) = (vec![], vec![], vec![]);
        for _ in 0..3 {
            // By turns: a machine that others use too is not the same a minute later.
            let raw = async |_| Raw(PgConnection::connect(&url).await.expect("a connection"));
            let inserted = rate_once(CLIENTS, raw).await;
            let (spent, before) = (Spent::now(), written.load(Ordering::Relaxed));
            let (reached, lag) = at_rate(&whole, &written, offered).await;
            let used = spent.since().each((written.load(Ordering::Relaxed) - before) as f64);
            println!(
                "    raw INSERT {inserted:.0}; offered {offered:.0}: {reached:.0} taken, timeline behind by {lag:.1?} at most, {used} each"
            );
            taken.push(reached);
            of_raw.push(reached / inserted);
            behind.push(lag);
            while whole.way(0).await > LAG / 2 {}
        }
        if median(behind) < LAG {
            let (reached, of_raw) = (middle(taken), middle(of_raw));
            let of_bare = reached / bare.bound();
            println!("    {reached:.0} a second: {of_raw:.2} of raw INSERT, {of_bare:.2} of the parts bare");
            break;
        }
    }
    drop(whole.process);
}

/// Offers commands at a rate. Gives how many a second were taken, and the longest that one took to be read on the timeline.
async fn at_rate(whole: &Whole, written: &Arc<AtomicU64>, offered: f64) -> (f64, Duration) {
    let (began, due) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let mut writers = Vec::with_capacity(CLIENTS);
    for client in 0..CLIENTS {
        let (mut writer, due) = (whole.writer(client, written.clone()), due.clone());
        writers.push(tokio::spawn(async move {
            loop {
                let number = due.fetch_add(1, Ordering::Relaxed);
                let at = began + Duration::from_secs_f64(number as f64 / offered);
                if at.max(Instant::now()) >= began + crate::lasts(STEP) {
                    return;
                }
                tokio::time::sleep_until(at).await;
                writer.once().await;
            }
        }));
    }
    let before = written.load(Ordering::Relaxed);
    let mut longest = Duration::ZERO;
    let mut probe = 0;
    while began.elapsed() < crate::lasts(STEP) {
        longest = longest.max(whole.way(probe).await);
        probe += 1;
    }
    for writer in writers {
        writer.await.expect("no client panics");
    }
    let taken = (written.load(Ordering::Relaxed) - before) as f64;
    (taken / began.elapsed().as_secs_f64(), longest)
}

/// (c) From a command to the timeline, on a calm system.
pub async fn command_to_timeline() {
    let whole = Arc::new(Whole::start(100).await);
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / CALM);
    let mut asked = vec![];
    let calm_for = crate::lasts(CALM_FOR);
    for number in 0..CALM * calm_for.as_secs() as u32 {
        ticks.tick().await;
        let whole = whole.clone();
        asked.push(tokio::spawn(async move { whole.way(number as usize).await }));
    }
    let mut took = vec![];
    for task in asked {
        took.push(task.await.expect("no client panics"));
    }
    took.sort();
    let (p50, p99) = (quantile(&took, 500), quantile(&took, 990));
    println!(
        "\n(c) from command sent to timeline read at its revision, {CALM} a second for {calm_for:?}: p50 {p50:.1?}, p99 {p99:.1?}"
    );
}
