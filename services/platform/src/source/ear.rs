//! Tells the other processes of a log how far it has come, and hears it from them.
//! Invariant: nothing that is heard is believed; it makes the log look at its store now instead of at its next look.

use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::bus::Streams;
use crate::error::chain;
use crate::log::Log;

/// Tells and listens until `stop`. Readers of a log of this process read it itself, which tells them at once what this process appended; only what
/// other processes append they would learn a moment later.
pub fn listen(log: Log, streams: Streams, stop: CancellationToken) {
    tokio::spawn(async move {
        let mut backoff = Backoff::new();
        while !stop.is_cancelled() {
            tokio::select! {
                () = stop.cancelled() => return,
                () = converse(&log, &streams, &mut backoff) => {}
            }
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(backoff.failed()) => {}
            }
        }
    });
}

/// Tells and hears until the bus fails. A bus that is away is told of by the relay.
async fn converse(log: &Log, streams: &Streams, backoff: &mut Backoff) {
    let away = |error| {
        let (log, error) = (log.service(), chain(&error));
        tracing::debug!(log.name = log, error.chain = error, "other processes' appends cannot be heard");
    };
    let mut heads = match streams.heads().await {
        Ok(heads) => heads,
        Err(error) => return away(error),
    };
    let mut known = log.head_changes();
    // Whoever has appended says it: what was heard is not said again.
    let mut heard = 0;
    loop {
        tokio::select! {
            head = heads.next() => {
                let Some(head) = head else { return };
                backoff.succeeded();
                if head > *known.borrow() {
                    heard = head;
                    log.look();
                }
            }
            changed = known.changed() => {
                let head = *known.borrow_and_update();
                if changed.is_err() {
                    return;
                }
                if head != heard && let Err(error) = streams.tell_head(head).await {
                    return away(error);
                }
            }
        }
    }
}
