//! `throughline migrate`: makes or completes the tables of a store, before or beside what serves.
//! Invariant: idempotent and under a lock; two at once do it once.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use platform::store::{Store, StoreUrl};

use crate::node::SERVICES;

/// Which store.
#[derive(Args)]
pub struct Migrate {
    /// Where logs and views are kept: sqlite:DIRECTORY or postgres://USER@HOST/DATABASE
    #[arg(long, env = "THROUGHLINE_STORE")]
    store: String,
}

impl Migrate {
    /// Migrates the log of every service.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let url: StoreUrl = self.store.parse().context("--store")?;
        for service in SERVICES {
            Store::migrate(&url, service).await.with_context(|| format!("cannot migrate {service}"))?;
            println!("{service}: up to date");
        }
        Ok(ExitCode::SUCCESS)
    }
}
