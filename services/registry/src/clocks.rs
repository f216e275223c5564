//! What runs out: consent directives that have an end of their own, and the time to look at a plan again.
//! Invariant: the list of what is due is a view of the own log, and its command is a question to the person's say or plan, which knows whether it
//! matters. Reads close at a directive's end itself, whether or not this has told it: the event is for those who follow what happens.

use futures_util::future::BoxFuture;
use kernel::ids::{Uuid, parse_stream};
use kernel::{Decider, DirectiveId, Timestamp};
use platform::command::Desk;
use platform::projection::Views;
use platform::timer::{Due, Table, TimerError, Timers};

use crate::domain::consent::{self, Consent};
use crate::domain::plan::{self, Plan};

/// The name of a directive's end, followed by the directive: a person's say may have several that end at one time.
pub const EXPIRE: &str = "expire-";
/// The name of a plan's review.
pub const REVIEW: &str = "review";

/// The clocks of consent directives and plans.
pub struct Clocks {
    desk: Desk,
    due: Table,
}

impl Clocks {
    /// At this desk, by these lists.
    pub fn new(desk: Desk, lists: Views) -> Self {
        Self { desk, due: Table::new(lists, "SELECT category, id, kind, at FROM due") }
    }
}

impl Timers for Clocks {
    fn name(&self) -> &'static str {
        "registry-clocks"
    }

    fn due(&self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Due>, TimerError>> {
        Box::pin(self.due.due(now, limit))
    }

    fn next(&self, now: Timestamp) -> BoxFuture<'_, Result<Option<Timestamp>, TimerError>> {
        Box::pin(self.due.next(now))
    }

    fn fire<'a>(&'a self, due: &'a Due, request_id: Uuid) -> BoxFuture<'a, Result<(), TimerError>> {
        Box::pin(async move {
            let (category, person) = parse_stream(&due.stream)?;
            match (category, due.kind.strip_prefix(EXPIRE)) {
                (Consent::CATEGORY, Some(directive)) => {
                    let id: DirectiveId = directive.parse()?;
                    let ask = self.desk.own_ask("ExpireConsent", request_id, None);
                    let command = consent::Command::Expire { id, due: due.at };
                    self.desk.decide::<Consent>(&ask, person, command).await?;
                }
                (Plan::CATEGORY, None) if due.kind == REVIEW => {
                    let ask = self.desk.own_ask("LapsePlanReview", request_id, None);
                    self.desk.decide::<Plan>(&ask, person, plan::Command::Lapse { due: due.at }).await?;
                }
                // A name that a newer build put there is that build's to do.
                _ => {}
            }
            Ok(())
        })
    }
}
