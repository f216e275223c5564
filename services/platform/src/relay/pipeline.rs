//! Publishes a log's events one after the other, many under way at a time.
//! Invariant: events are sent in order of position, each fenced by the one before it; the first that is not acknowledged at its place ends the work.

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

/// The most publications without an acknowledgement.
const WINDOW: usize = 256;

/// A publication under way.
struct Flight {
    position: u64,
    answer: BoxFuture<'static, Result<PublishAck, PublishError>>,
}

struct Pipeline<'a> {
    relay: &'a Relay,
    from: &'a From,
    /// Read from the log, and not sent yet.
    ready: VecDeque<Recorded>,
    /// The last position read.
    read: u64,
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
    let mut line = Pipeline { relay, from, ready: VecDeque::new(), read: from.last, flying: VecDeque::new() };
    loop {
        let head = *changes.borrow_and_update();
        relay.tell_lag(*acknowledged);
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
                *acknowledged = line.landed(answer)?;
                // Those that came with it.
                while let Some(answer) = line.flying.front_mut().and_then(|flight| (&mut flight.answer).now_or_never()) {
                    *acknowledged = line.landed(answer)?;
                }
                moved = true;
                relay.tell(Progress::Relaying { log_id: from.log_id, acknowledged: *acknowledged });
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
        let batch = self.relay.log.batch(self.read, Groups::ALL, WINDOW).await?;
        if batch.log_id != self.from.log_id {
            return Ok(false);
        }
        self.read = batch.through;
        self.ready.extend(batch.events);
        Ok(true)
    }

    /// Sends what is ready, as far as the window goes.
    async fn send(&mut self) -> Result<(), RelayError> {
        while self.flying.len() < WINDOW
            && let Some(event) = self.ready.pop_front()
        {
            let streams = &self.relay.streams;
            let sent = streams.publish(&self.from.stream, self.from.log_id, &event).await?;
            fault::point("relay.published");
            self.flying.push_back(Flight { position: event.position, answer: sent.into_future() });
        }
        Ok(())
    }

    /// Takes the answer to the first publication under way; gives its position.
    fn landed(&mut self, answer: Result<PublishAck, PublishError>) -> Result<u64, RelayError> {
        let ack = answer.map_err(not_published)?;
        let Some(flight) = self.flying.pop_front() else { return Err(RelayError::Unsettled) };
        if ack.sequence != flight.position || ack.stream != self.from.stream {
            let error = RelayError::Misplaced {
                position: flight.position,
                sequence: ack.sequence,
                stream: ack.stream,
            };
            return Err(error);
        }
        fault::point("relay.acked");
        Ok(flight.position)
    }
}
