//! `throughline serve`: one service, or all in one process.
//! Invariant: once the line with the addresses is printed, it serves.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use platform::clock::Clock;
use platform::config::{Flags, Settings, environment};
use platform::drain::Drain;

use crate::node::{Node, all, needs, peers_of};

/// What to serve, and how.
#[derive(Args)]
pub struct Serve {
    /// Service to serve, or "all"
    service: String,
    #[command(flatten)]
    flags: Flags,
}

impl Serve {
    /// Serves until SIGTERM or SIGINT.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let names: Vec<&'static str> = match self.service.as_str() {
            "all" => all(),
            name => all().into_iter().filter(|service| *service == name).collect(),
        };
        if names.is_empty() {
            bail!("there is no service {}; there are: all, {}", self.service, all().join(", "));
        }
        let peers = peers_of(&names);
        let settings = Settings::settle(&self.flags, &environment(), needs(&names, &peers))?;
        platform::wire::requests_look_back(settings.requests_look_back_days);
        let _telemetry = platform::telemetry::start(&self.service)?;
        let drain = Drain::new(settings.drain);
        drain.on_signals()?;
        let node = Node::start(&names, &settings, Clock::system(), drain).await?;
        announce(&node);
        Ok(if node.ended().await { ExitCode::SUCCESS } else { ExitCode::from(3) })
    }
}

/// Prints where a node listens, on one line that tools can read.
pub fn announce(node: &Node) {
    let http = node.http.map_or_else(|| "-".to_owned(), |http| http.to_string());
    println!("listening grpc={} http={http} admin={}", node.grpc, node.admin);
}
