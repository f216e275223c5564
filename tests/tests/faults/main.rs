//! Faults on real processes: `kill -9` at any moment and at named points, NATS gone, emptied or emptied of what it would not keep, PostgreSQL fallen over,
//! the registry away, all under load; and whoever receives referrals down for the whole time.
//!
//! Invariant: after each, without an operator's step, every acknowledged command is in its log exactly once, the logs have no hole, and the read
//! models are what a rebuild would make.
//!
//! Reading order: [`load`] (who asks), [`site`] (what is asked), [`audit`] (what must hold afterwards), then the faults.
//! The short forms run with every test run; `THROUGHLINE_KILLS=50`, `THROUGHLINE_OUTAGE_SECONDS=60`, `THROUGHLINE_CLIENTS=5` and
//! `THROUGHLINE_REFERRALS=10000`, as `make soak` sets them, are the long ones.

mod apart;
mod audit;
mod chance;
mod kills;
mod load;
mod outages;
mod receivers;
mod referrals;
mod site;

/// These tests keep the whole machine busy, so each waits for its turn.
async fn turn() -> tokio::sync::MutexGuard<'static, ()> {
    static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    TURN.lock().await
}

/// A number from the environment, or the short form's.
fn setting(name: &str, short: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")),
        Err(_) => short,
    }
}
