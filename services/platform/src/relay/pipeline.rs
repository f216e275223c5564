//! Publishes a log's events one after the other, many under way at a time.
//! Invariant: events are sent in order of position, each fenced by the one before it, so that the last of a volley is taken only where all of it was.
//! Its acknowledgement alone is asked for; the first that does not come, or names another place, ends the work.

use std::collections::VecDeque;
use std::future::{IntoFuture, pending};

use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::publish::PublishAck;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, MissedTickBehavior};

use super::handshake::From;
use super::{CHECK, Held, Pause, Progress, Relay, RelayError};
use crate::bus::not_published;
use crate::db::StoreError;
use crate::fault;
use crate::log::{Groups, Recorded};

/// The most publications that are not known to have been taken.
const WINDOW: u64 = 256;
/// The most of them in one volley: the window is opened again a quarter at a time.
const VOLLEY: u64 = 64;

/// A volley under way: events that follow one another, the last of which is answered.
struct Flight {
    last: u64,
    answer: BoxFuture<'static, Result<PublishAck, PublishError>>,
}

struct Pipeline<'a> {
    relay: &'a Relay,
    from: &'a From,
    /// Read from the log, and not sent yet.
    ready: VecDeque<Recorded>,
    /// The last position read.
    read: u64,
    /// The last position that NATS is known to have.
    acknowledged: &'a mut u64,
    flying: VecDeque<Flight>,
}

/// Carries what follows, until there is a reason to look up.
pub(super) async fn carry(
    relay: &Relay,
    held: &mut Held,
    from: &From,
    acknowledged: &mut u64,
) -> Result<Pause, RelayError> {
    let mut changes = relay.log.head_changes();
    let mut check = tokio::time::interval_at(Instant::now() + CHECK, CHECK);
    check.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut moved = false;
    let (ready, flying) = (VecDeque::new(), VecDeque::new());
    let mut line = Pipeline { relay, from, ready, read: from.last, acknowledged, flying };
    loop {
        let head = *changes.borrow_and_update();
        relay.tell_lag(*line.acknowledged);
        if line.ready.is_empty() && line.read < head && !line.read_on().await? {
            return Ok(Pause::Look);
        }
        line.send().await?;
        let first = async {
            match line.flying.front_mut() {
                Some(flight) => (&mut flight.answer).await,
                None => pending().await,
            }
        };
        tokio::select! {
            answer = first => {
                line.landed(answer)?;
                // Those that came with it.
                while let Some(answer) = line.flying.front_mut().and_then(|flight| (&mut flight.answer).now_or_never()) {
                    line.landed(answer)?;
                }
                moved = true;
                relay.tell(Progress::Relaying { log_id: from.log_id, acknowledged: *line.acknowledged });
            }
            changed = changes.changed() => {
                changed.map_err(|_| StoreError::Closed)?;
            }
            _ = check.tick() => {
                if !held.renew(relay.log.service()).await? {
                    return Ok(Pause::Lost);
                }
                if !moved && line.flying.is_empty() {
                    return Ok(Pause::Look);
                }
                moved = false;
            }
        }
    }
}

impl Pipeline<'_> {
    /// Reads what comes next. Gives whether the log is still the one of the handshake.
    async fn read_on(&mut self) -> Result<bool, RelayError> {
        let batch = self.relay.log.batch(self.read, Groups::ALL, WINDOW as usize).await?;
        if batch.log_id != self.from.log_id {
            return Ok(false);
        }
        self.read = batch.through;
        self.ready.extend(batch.events);
        Ok(true)
    }

    /// Sends what is ready, as far as the window goes.
    async fn send(&mut self) -> Result<(), RelayError> {
        let streams = &self.relay.streams;
        let From { stream, log_id, .. } = self.from;
        let open = *self.acknowledged + WINDOW;
        let mut volley = 0;
        while let Some(event) = self.ready.pop_front_if(|event| event.position <= open) {
            volley += 1;
            if volley == VOLLEY || event.position == open || self.ready.is_empty() {
                let sent = streams.publish_answered(stream, *log_id, &event).await?;
                self.flying.push_back(Flight { last: event.position, answer: sent.into_future() });
                volley = 0;
            } else {
                streams.publish(stream, *log_id, &event).await?;
            }
            fault::point("relay.published");
        }
        Ok(())
    }

    /// Takes the answer to the first volley under way.
    fn landed(&mut self, answer: Result<PublishAck, PublishError>) -> Result<(), RelayError> {
        let ack = answer.map_err(not_published)?;
        let Some(flight) = self.flying.pop_front() else { return Err(RelayError::Unsettled) };
        if ack.sequence != flight.last || ack.stream != self.from.stream {
            let error =
                RelayError::Misplaced { position: flight.last, sequence: ack.sequence, stream: ack.stream };
            return Err(error);
        }
        fault::point("relay.acked");
        *self.acknowledged = flight.last;
        Ok(())
    }
}
