//! What served processes stand on: a PostgreSQL, a NATS, and a directory with the secrets that they share.
//! Invariant: whatever is served on one ground has the same stores, bus and secrets; who holds the keys of people has their files as well.

use std::fmt::Display;

use tempfile::TempDir;

use crate::{Launch, Nats, Postgres, Version};

/// A PostgreSQL and a NATS of a test's own, and what else processes over them need.
pub struct Ground {
    /// Where the stores are.
    pub postgres: Postgres,
    /// What carries events.
    pub nats: Nats,
    store: String,
    home: TempDir,
}

impl Ground {
    /// Starts both servers and makes the secrets.
    ///
    /// # Panics
    /// Where that fails.
    pub async fn new(version: Version) -> Self {
        Self::over(Postgres::start().await, Nats::start(version).await).await
    }

    /// Over servers that were started with settings of their own.
    ///
    /// # Panics
    /// Where there is no place for the secrets.
    pub async fn over(postgres: Postgres, nats: Nats) -> Self {
        let (store, home) = (postgres.url().await, tempfile::tempdir().expect("a temporary directory"));
        for secret in ["secret", "kek"] {
            platform::seal::Secret::at(&home.path().join(secret)).expect("a secret");
        }
        Self { postgres, nats, store, home }
    }

    /// Serves that service, or all of them, at that address for gRPC; everything else listens where there is room.
    pub fn serve(&self, service: &str, grpc: impl Display) -> Launch {
        let at = |name: &str| self.home.path().join(name).display().to_string();
        let launch = Launch::new(["serve", service, "--drain-seconds", "5", "--store", &self.store])
            .arg("--nats")
            .arg(self.nats.url())
            .arg("--secret-file")
            .arg(at("secret"))
            .arg(format!("--grpc-listen={grpc}"))
            .arg("--http-listen=127.0.0.1:0")
            .arg("--admin-listen=127.0.0.1:0");
        if matches!(service, "all" | "registry") {
            return launch.arg("--kek-file").arg(at("kek")).arg("--erasure-ledger").arg(at("erasures"));
        }
        launch
    }
}
