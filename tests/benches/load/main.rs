//! `make bench`: what the command path and the timeline do beside what the machine does without them, in one run.
//!
//! Invariant: what is compared runs in the same process on the same server, one after the other, medians of three; ratios travel, absolutes do not.

mod commands;
mod measure;
mod way;

#[tokio::main]
async fn main() {
    // `cargo test --benches` would run this without an optimiser and call the figures true.
    if !std::env::args().any(|argument| argument == "--bench") {
        println!("run by `make bench`");
        return;
    }
    println!("{}", measure::machine());
    commands::postgres().await;
    commands::sqlite().await;
    way::command_to_timeline().await;
}
