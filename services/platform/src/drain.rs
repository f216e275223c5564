//! How a process ends: told once, everyone hears, and what runs may finish within a deadline.
//! Invariant: a drain that has begun is never taken back.

use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// The process's end, shared by everything that has to stop. Clones are the same end.
#[derive(Clone, Debug)]
pub struct Drain {
    begun: CancellationToken,
    within: Duration,
}

impl Drain {
    /// An end that has not begun, and takes at most `within` once it has.
    pub fn new(within: Duration) -> Self {
        Self { begun: CancellationToken::new(), within }
    }

    /// Begins the drain at SIGTERM or SIGINT. A second of either ends the process at once, with status 1.
    ///
    /// # Errors
    /// Where the signals cannot be listened for.
    pub fn on_signals(&self) -> std::io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let drain = self.clone();
        tokio::spawn(async move {
            let mut next = async || {
                tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                }
            };
            let name = next().await;
            tracing::info!(signal = name, drain.seconds = drain.within.as_secs(), "stopping");
            drain.begin();
            let name = next().await;
            tracing::warn!(signal = name, "told twice: stopping without finishing what runs");
            std::process::exit(1);
        });
        Ok(())
    }

    /// Begins the drain.
    pub fn begin(&self) {
        self.begun.cancel();
    }

    /// Whether it has begun.
    pub fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Waits until it begins.
    pub async fn begun(&self) {
        self.begun.cancelled().await;
    }

    /// How long what runs may take to finish.
    pub fn within(&self) -> Duration {
        self.within
    }

    /// A token that is cancelled when the drain begins, or by who holds it.
    pub fn token(&self) -> CancellationToken {
        self.begun.child_token()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn everyone_hears_of_a_drain_and_a_child_ends_alone() {
        let drain = Drain::new(Duration::from_secs(1));
        let one = drain.token();
        one.cancel();
        assert!(!drain.has_begun());
        let heard = tokio::spawn({
            let drain = drain.clone();
            async move { drain.begun().await }
        });
        drain.begin();
        heard.await.unwrap();
        assert!(drain.has_begun() && drain.token().is_cancelled());
    }
}
