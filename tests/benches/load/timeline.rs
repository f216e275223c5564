//! A timeline service alone over PostgreSQL, reading the logs of many people's lives: what (d) and (e) measure.
//! Invariant: its rows are made by the projection itself, from the logs.

use std::path::Path;
use std::time::{Duration, Instant};

use platform::projection::Running;
use platform::store::StoreUrl;
use sqlx::{Connection, Executor, PgConnection};
use tests::{Alone, Postgres};

use crate::lives::Lives;

/// Whose lives, and how much of them is told before what is measured.
pub struct Told {
    /// The service.
    pub service: Alone,
    /// Whose lives.
    pub lives: Lives,
    /// Its database server, with the settings that are deployed.
    pub postgres: Postgres,
    store: String,
    steps: usize,
    events: usize,
}

impl Told {
    /// A service that knows the agencies and the people's consents.
    pub async fn nothing_yet() -> Self {
        let settings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/postgresql.conf");
        let postgres = Postgres::start_with(&settings).await;
        let store = postgres.url().await;
        let url = StoreUrl::Postgres(store.clone());
        let service = Alone::start_at("timeline", url, async |parts| timeline::service(&parts).await).await;
        let lives = Lives::of(if crate::short() { 40 } else { 2_000 });
        lives.settle(&service).await;
        Self { service, lives, postgres, store, steps: 0, events: 0 }
    }

    /// Tells everybody's life on to this step, and waits until the timeline has it. Gives all events told so far.
    pub async fn up_to(&mut self, step: usize) -> usize {
        let began = Instant::now();
        let told = self.lives.live(&self.service, self.steps..step).await;
        let appended = began.elapsed();
        self.steps = self.steps.max(step);
        self.events += told;
        self.level().await;
        println!(
            "({told} events of {} people appended in {appended:.0?}, on the timeline after {:.0?})",
            self.lives.people(),
            began.elapsed()
        );
        self.events
    }

    /// The timeline's read model.
    pub fn read_model(&self) -> Running {
        let models = self.service.service.read_models();
        models.into_iter().find(|(name, _)| *name == "timeline").expect("it has a timeline").1
    }

    /// Does what the server does by itself while nobody writes: tables are vacuumed and their statistics made.
    pub async fn rest(&self) {
        let mut server = PgConnection::connect(&self.store).await.expect("a connection");
        for step in ["VACUUM (ANALYZE)", "CHECKPOINT"] {
            server.execute(step).await.expect("the server rests");
        }
    }

    /// Waits until every read model has read all that the logs have.
    async fn level(&self) {
        for (_, model) in self.service.service.read_models() {
            let views = model.views();
            let mut progress = views.progress();
            let logs: Vec<String> = progress.borrow().places.keys().cloned().collect();
            for log in logs {
                let head = self.service.log(&log).head().await.expect("a log").position;
                let there = progress.wait_for(|progress| progress.places[&log].position >= head);
                tokio::time::timeout(Duration::from_secs(600), there)
                    .await
                    .expect("the timeline reads on")
                    .expect("the service lives");
            }
        }
    }
}
