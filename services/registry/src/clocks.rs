//! What runs out: consent directives that have an end of their own.
//! Invariant: the list of what ends is a view of the own log, and its command is a question to the person's say, which knows whether it matters. Reads
//! close at the end itself, whether or not this has told it: the event is for those who follow what happens.

use futures_util::future::BoxFuture;
use kernel::ids::{Uuid, parse_stream};
use kernel::{DirectiveId, Timestamp};
use platform::command::{Desk, id_of};
use platform::timer::{Due, TimerError, Timers};

use crate::domain::consent::{Command, Consent};
use crate::view::{Ends, View};

/// The clock's name, followed by the directive: a person's say may have several that end at one time.
const EXPIRE: &str = "expire-";

/// The clocks of consent directives.
pub struct Clocks {
    desk: Desk,
    view: View,
}

impl Clocks {
    /// At this desk, by this list.
    pub fn new(desk: Desk, view: View) -> Self {
        Self { desk, view }
    }
}

impl Timers for Clocks {
    fn name(&self) -> &'static str {
        "consent-clocks"
    }

    fn due(&self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Due>, TimerError>> {
        Box::pin(async move {
            let ended = self.view.ended(now.as_microsecond(), limit).await?;
            let due = |ends: Ends| {
                let stream = id_of::<Consent>(ends.person.uuid()).to_string();
                let kind = format!("{EXPIRE}{}", ends.directive);
                Ok(Due { at: Timestamp::from_microsecond(ends.at)?, stream, kind })
            };
            ended.into_iter().map(due).collect()
        })
    }

    fn next(&self, now: Timestamp) -> BoxFuture<'_, Result<Option<Timestamp>, TimerError>> {
        Box::pin(async move {
            let next = self.view.next_end(now.as_microsecond()).await?;
            Ok(next.map(Timestamp::from_microsecond).transpose()?)
        })
    }

    fn fire<'a>(&'a self, due: &'a Due, request_id: Uuid) -> BoxFuture<'a, Result<(), TimerError>> {
        Box::pin(async move {
            let (_, person) = parse_stream(&due.stream)?;
            let id: DirectiveId = due.kind.strip_prefix(EXPIRE).unwrap_or_default().parse()?;
            let ask = self.desk.own_ask("ExpireConsent", request_id, None);
            self.desk.decide::<Consent>(&ask, person, Command::Expire { id, due: due.at }).await?;
            Ok(())
        })
    }
}
