//! `make bench`: what the command path and the timeline do beside what the machine does without them, in one run.
//!
//! Invariant: what is compared runs in the same process on the same server, one after the other, medians of three; ratios travel, absolutes do not.

mod bare;
mod commands;
mod lives;
mod measure;
mod pages;
mod rebuild;
mod spent;
mod timeline;
mod way;

use std::time::Duration;

/// The one that the binary has: part of it runs in this process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The parts, as `make bench ONLY="c d"` names them.
const PARTS: [&str; 6] = ["a", "b", "c", "d", "e", "embedded"];

/// Whether `THROUGHLINE_BENCH_SHORT` asks for the form that takes seconds and measures nothing: it shows that the benches still do what they say.
fn short() -> bool {
    std::env::var_os("THROUGHLINE_BENCH_SHORT").is_some()
}

/// How long something that is measured lasts.
fn lasts(long: Duration) -> Duration {
    if short() { long / 20 } else { long }
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` would run this without an optimiser and call the figures true.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("run by `make bench`");
        return;
    }
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if let Some(unknown) = asked.iter().find(|part| !PARTS.contains(&part.as_str())) {
        println!("there is no part {unknown}; there are: {}", PARTS.join(", "));
        std::process::exit(2);
    }
    let wanted = |part: &str| asked.is_empty() || asked.iter().any(|asked| asked == part);
    println!("{}", measure::machine());
    if wanted("a") {
        commands::postgres().await;
    }
    if wanted("embedded") {
        commands::sqlite().await;
    }
    if wanted("b") {
        way::everything_on().await;
    }
    if wanted("c") {
        way::command_to_timeline().await;
    }
    // Both of the same lives: what the one tells the other reads.
    if wanted("d") || wanted("e") {
        let mut told = timeline::Told::nothing_yet().await;
        if wanted("d") {
            rebuild::beside_upsert(&mut told).await;
        }
        if wanted("e") {
            pages::at_a_million(&mut told).await;
        }
        told.service.stop().await;
    }
}
