//! Finds out from where a log's events are to be carried, by asking the stream.
//! Invariant: what the stream holds is never doubted in favour of what a relay remembers. A stream that holds what the log does not proves that the log
//! has lost its end, and is left as it is.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Relay, RelayError};
use crate::bus::{self, Stands};
use crate::db::StoreError;
use crate::log::{Groups, Log};

/// How often the stream is looked at again because it changed meanwhile.
const LOOKS: usize = 5;

/// What was found out.
pub(super) enum Shaken {
    /// The stream holds the log's events up to here.
    Stands(From),
    /// The stream holds what the log does not.
    Ahead { log_id: Uuid, why: String },
}

/// From where to go on.
pub(super) struct From {
    pub(super) stream: String,
    pub(super) log_id: Uuid,
    pub(super) last: u64,
}

/// Makes the stream one of this log, and compares the two.
pub(super) async fn shake(relay: &Relay) -> Result<Shaken, RelayError> {
    let mut begun = None;
    for _ in 0..LOOKS {
        let log_id = relay.log.head().await?.log_id;
        let stands = relay.streams.settle(log_id).await?;
        // After the stream: whatever it holds was in the log before, so a head below it is a loss and not a moment's delay.
        let head = relay.log.head().await?;
        if head.log_id != log_id {
            continue;
        }
        if let Some(why) = beyond(relay, log_id, &stands, head.position).await? {
            return Ok(Shaken::Ahead { log_id, why });
        }
        // What begins here is not too old for having grown older while it was made to begin: else a busy log's stream would do nothing but begin.
        let begin = match begun {
            Some(begun) if begun <= stands.last + 1 => stands.last + 1,
            Some(_) | None => kept_from(&relay.log, stands.last, head.position, relay.kept_since()).await?,
        };
        if begin == stands.last + 1 {
            return Ok(Shaken::Stands(From { stream: stands.stream, log_id, last: stands.last }));
        }
        // Sequences only ever grow by this, so another relay at work is at worst refused once.
        relay.streams.begin_at(log_id, stands.last, begin).await?;
        tracing::info!(stream = stands.stream, position = begin, "the stream begins anew");
        begun = Some(begin);
    }
    Err(RelayError::Unsettled)
}

/// What the stream holds that the log does not, in words; nothing if there is nothing.
async fn beyond(
    relay: &Relay,
    log_id: Uuid,
    stands: &Stands,
    head: u64,
) -> Result<Option<String>, RelayError> {
    let last = stands.last;
    if last > head {
        return Ok(Some(format!("NATS holds position {last}, and the log ends at {head}")));
    }
    if stands.messages == 0 {
        return Ok(None);
    }
    let Some(there) = relay.streams.event_at(log_id, last).await? else { return Ok(None) };
    let here = relay.log.read(last - 1, Groups::ALL, 1).await?;
    let same = here.first().is_some_and(|here| bus::id_of(log_id, here) == there);
    Ok((!same).then(|| format!("position {last} of NATS is another event than that of the log")))
}

/// The position from which the bus is to hold events: the one after `last`, unless that was recorded too long ago; then the first that was not.
async fn kept_from(log: &Log, last: u64, head: u64, since: Timestamp) -> Result<u64, StoreError> {
    // Times of recording never run backwards, so the first young enough is found by halving.
    let (mut low, mut high) = (last + 1, head + 1);
    let mut looked_at = low;
    while low < high {
        let event = log.read(looked_at - 1, Groups::ALL, 1).await?.into_iter().next();
        let Some(event) = event else {
            return Err(StoreError::Unusable(format!("the log holds no position {looked_at}")));
        };
        if event.recorded_at < since {
            low = looked_at + 1;
        } else {
            high = looked_at;
        }
        looked_at = low + (high - low) / 2;
    }
    Ok(low)
}
