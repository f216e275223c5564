//! Every service in one process at an address that stays, over the store and bus of the test's own.
//! Invariant: a process started again is the same command line; nothing is repaired between two of them.

use std::net::SocketAddr;
use std::time::Duration;

use tempfile::TempDir;
use tests::ports::Port;
use tests::world::World;
use tests::{Ground, Launch, Nats, Process, Version};

/// A system that can be struck.
pub struct Site {
    /// What it stands on, if not on a directory.
    pub ground: Option<Ground>,
    /// Whether the bus forgets events while the test runs.
    pub forgets: bool,
    port: Port,
    launch: Launch,
    process: Option<Process>,
    _directory: Option<TempDir>,
}

impl Site {
    /// Over a directory of SQLite files, by feeds alone.
    pub async fn sqlite() -> Self {
        let (home, port) = (tempfile::tempdir().expect("a temporary directory"), Port::claim());
        let store = format!("sqlite:{}", home.path().display());
        let launch = Launch::new(["serve", "all", "--drain-seconds", "5", "--store", &store])
            .arg(format!("--grpc-listen={}", port.address()))
            .arg("--http-listen=127.0.0.1:0")
            .arg("--admin-listen=127.0.0.1:0");
        let directory = Some(home);
        Self::serving(Self {
            ground: None,
            forgets: false,
            port,
            launch,
            process: None,
            _directory: directory,
        })
        .await
    }

    /// Over PostgreSQL and the newest NATS.
    pub async fn postgres_and_nats() -> Self {
        Self::over(Version::Newest, None).await
    }

    /// Over PostgreSQL and this NATS, which keeps events for so long, or for the usual week.
    pub async fn over(version: Version, retention: Option<Duration>) -> Self {
        let (ground, port) = (Ground::new(version).await, Port::claim());
        let kept = retention.map_or_else(String::new, |kept| format!("{}s", kept.as_secs()));
        let launch = ground.serve("all", port.address()).arg(format!("--nats-retention={kept}"));
        let (ground, forgets) = (Some(ground), retention.is_some());
        Self::serving(Self { ground, forgets, port, launch, process: None, _directory: None }).await
    }

    /// Its bus, if it has one.
    pub fn nats(&self) -> Option<&Nats> {
        self.ground.as_ref().map(|ground| &ground.nats)
    }

    async fn serving(mut self) -> Self {
        self.serve().await;
        self
    }

    /// Its address, through all deaths.
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// What is at its address.
    pub fn world(&self) -> World {
        World::at(self.address())
    }

    /// Starts the process that is not there, and waits until it serves.
    pub async fn serve(&mut self) {
        assert!(self.process.is_none(), "it serves already");
        self.process = Some(self.launch.start().await);
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        self.process.take().expect("a process").kill();
    }

    /// Runs it until it dies at that pass of that point.
    ///
    /// # Panics
    /// Where it ends in any other way, or not at all.
    pub async fn dies_at(&mut self, point: &str, pass: u64) {
        assert!(self.process.is_none(), "it serves already");
        // It may die before it serves: what it reads on at its start passes points too.
        let mut process = self.launch.clone().fault(&format!("{point}:{pass}=abort")).spawn();
        let status = process.ended().await;
        let said = process.said();
        assert!(
            said.contains(&format!("fault: Abort at {point}, pass {pass}")),
            "{status}; it said:\n{said}"
        );
    }
}
