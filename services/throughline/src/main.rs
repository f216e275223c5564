//! The one binary: serves one service or all, runs the demo, and is the command-line client of what it serves.
//! Invariant: `serve`, `demo` and `migrate` open stores; every other command is a gRPC client, so it works on a laptop and a cluster alike.

mod call;
mod client;
mod demo;
mod events;
mod import;
mod migrate;
mod node;
mod operate;
mod out;
mod serve;
mod timeline;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A call to a service is many small pieces of memory that live as long as it does; the system's allocator is a tenth of its cost.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Coordinates services around one person.
#[derive(Parser)]
#[command(name = "throughline", version, about, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
#[allow(clippy::large_enum_variant, reason = "parsed once, at the start")]
enum Command {
    /// Serve one service, or all in one process
    Serve(serve::Serve),
    /// Serve everything over invented lives, in a directory of their own
    Demo(demo::Demo),
    /// Make or complete the tables of a store; doing it twice is doing it once
    Migrate(migrate::Migrate),
    /// Ask any method of the contract, in JSON
    Call(call::Call),
    /// Print one person's timeline, as an operator
    Timeline(timeline::Timeline),
    /// Bring in what another system holds
    #[command(subcommand)]
    Import(import::Import),
    /// Print the events of a log
    Events(events::Events),
    /// Rebuild read models in scratch and compare them with the live ones
    Verify(operate::Verify),
    /// Make a read model anew beside the live one, then let it take its place
    Rebuild(operate::Rebuild),
    /// Try again what waits for parked people
    Replay(operate::Replay),
    /// What operators do with a log
    #[command(subcommand)]
    Log(operate::Log),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Serve(command) => command.run().await,
        Command::Demo(command) => command.run().await,
        Command::Migrate(command) => command.run().await,
        Command::Call(command) => command.run().await,
        Command::Timeline(command) => command.run().await,
        Command::Import(command) => command.run().await,
        Command::Events(command) => command.run().await,
        Command::Verify(command) => command.run().await,
        Command::Rebuild(command) => command.run().await,
        Command::Replay(command) => command.run().await,
        Command::Log(command) => command.run().await,
    };
    match done {
        Ok(code) => code,
        // Who has seen enough is answered.
        Err(wrong) if wrong.is::<out::Closed>() => ExitCode::SUCCESS,
        Err(wrong) => {
            eprintln!("throughline: {wrong:#}");
            ExitCode::FAILURE
        }
    }
}
