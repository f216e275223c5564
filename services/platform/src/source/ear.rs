//! Hears on a tail that another process has appended to a log of ours.
//! Invariant: nothing that is heard is believed; it makes the log look at its store now instead of at its next look.

use std::sync::Arc;

use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use super::Tail;
use crate::backoff::Backoff;
use crate::error::chain;
use crate::log::Log;

/// Listens until `stop`. Readers of a log of this process read it itself, which tells them at once what this process appended; only what other
/// processes append they would learn a moment later.
pub fn listen(log: Log, tail: Arc<dyn Tail>, stop: CancellationToken) {
    tokio::spawn(async move {
        let mut backoff = Backoff::new();
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = hear(&log, &*tail, &mut backoff) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(backoff.failed()) => {}
            }
        }
    });
}

/// Hears until the tail ends.
async fn hear(log: &Log, tail: &dyn Tail, backoff: &mut Backoff) {
    // A store that is away is told of by those who need it, a bus that is away by the relay.
    let Ok(head) = log.head().await else { return };
    let mut heard = match tail.open(head.log_id, head.position).await {
        Ok(heard) => heard,
        Err(error) => {
            let (log, error) = (log.service(), chain(&error));
            tracing::debug!(log.name = log, error.chain = error, "other processes' appends cannot be heard");
            return;
        }
    };
    let known = log.head_changes();
    while let Some(tailed) = heard.next().await {
        backoff.succeeded();
        if tailed.log_id == head.log_id && tailed.recorded.position > *known.borrow() {
            log.look();
        }
    }
}
