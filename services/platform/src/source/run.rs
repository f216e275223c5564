//! What a reader hands out: events as they are read, some at a time, or why there are none.
//! Invariant: the events of a run follow each other and the place that it begins at.

use std::sync::Arc;

use proto::log as pb;
use uuid::Uuid;

use super::{Place, Standing};
use crate::log::Recorded;

/// An event as a reader reads it.
#[derive(Clone, Debug)]
pub struct Read {
    /// Its place in the log, and its bytes.
    pub recorded: Recorded,
    /// The event; all defaults where the bytes are no event, see [`Read::broken`].
    pub event: Arc<pb::Event>,
    broken: Option<String>,
}

impl Read {
    /// Decodes an event.
    pub fn new(recorded: Recorded) -> Self {
        match recorded.decode() {
            Ok(event) => Self { recorded, event, broken: None },
            Err(error) => Self { recorded, event: Arc::default(), broken: Some(error.to_string()) },
        }
    }

    /// Why the bytes are no event; nothing for an event.
    pub fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    pub(super) fn id(&self) -> Uuid {
        Uuid::try_parse(&self.event.id).unwrap_or_default()
    }
}

/// Some events in order, without a gap.
#[derive(Clone, Debug)]
pub struct Run {
    /// Where the reader stood before them, in the incarnation that the log now has.
    pub from: Place,
    /// Where it stands after them.
    pub to: Place,
    /// The events; at least one.
    pub events: Vec<Read>,
}

impl Run {
    /// These events after this place; nothing if they do not follow it, each the one before.
    pub fn following(from: Place, recorded: Vec<Recorded>) -> Option<Self> {
        let mut to = from.clone();
        let mut events = Vec::with_capacity(recorded.len());
        for recorded in recorded {
            if to.standing(&recorded) != Standing::Next {
                return None;
            }
            let read = Read::new(recorded);
            to.advance(&read.recorded, read.id());
            events.push(read);
        }
        (!events.is_empty()).then_some(Self { from, to, events })
    }
}

/// Why a reader cannot go on. Asked again it looks again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stuck {
    /// The log ends before what was read of it: it was restored from a backup and not forked.
    #[error(
        "position {read} was read and log {log_id} ends at {head}: it was restored, run `throughline log fork` on it"
    )]
    Ahead {
        /// The log.
        log_id: Uuid,
        /// What was read.
        read: u64,
        /// Where it ends.
        head: u64,
    },
    /// The log is another one, or does not hold what was read of it: what was made of that must be made again.
    #[error("what was read up to position {read} of log {was} is not in log {log_id}")]
    Diverged {
        /// The log that was read.
        was: Uuid,
        /// The log that is there now.
        log_id: Uuid,
        /// What was read of the former.
        read: u64,
    },
    /// The feed itself gave events whose sequences do not run on.
    #[error("the events after position {read} of log {log_id} do not run on from those before")]
    Torn {
        /// The log.
        log_id: Uuid,
        /// What was read.
        read: u64,
    },
}
