//! The walkthroughs of ARCHITECTURE.md, each on real processes.
//! Invariant: every test starts its own processes on free ports and stops them; what it asserts an agency or an operator would see.

mod apart;
mod caseload;
mod clients;
mod collector;
mod collision;
mod consent;
mod crash;
mod erasure;
mod links;
mod pages;
mod replicas;
mod restored;
mod restricted;
mod secured;
mod traced;
mod walkthrough;
mod watched;
mod whole;

use std::path::Path;

use tests::world::World;
use tests::{Launch, Process};

/// All services in one process over a directory of SQLite files.
async fn serve_all(directory: &Path) -> (Process, World) {
    serving(launch_all(directory)).await
}

fn launch_all(directory: &Path) -> Launch {
    Launch::new(["serve", "all", "--drain-seconds", "5"])
        .arg("--store")
        .arg(format!("sqlite:{}", directory.display()))
        .arg("--grpc-listen=127.0.0.1:0")
        .arg("--http-listen=127.0.0.1:0")
        .arg("--admin-listen=127.0.0.1:0")
}

async fn serving(launch: Launch) -> (Process, World) {
    let process = launch.start().await;
    let world = World::at(process.grpc());
    (process, world)
}

/// Runs a client command against a process and gives what it printed, once it has ended well.
async fn command(world_at: impl ToString, arguments: &[&str]) -> String {
    tried(world_at, arguments).await.unwrap_or_else(|said| panic!("{arguments:?} failed; it said:\n{said}"))
}

/// Runs a client command against a process: what it answered if it ended well, else all it said.
async fn tried(world_at: impl ToString, arguments: &[&str]) -> Result<String, String> {
    let to = format!("http://{}", world_at.to_string());
    let mut process = Launch::new(arguments.iter().copied()).arg("--to").arg(to).spawn();
    let status = process.ended().await;
    if status.success() { Ok(process.answer()) } else { Err(process.said()) }
}
