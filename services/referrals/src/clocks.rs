//! What runs out: the time to acknowledge, answer, begin and look again, and an unanswered referral itself.
//! Invariant: the list of what is due is a view of the own log, and its command is a question to the referral, which knows whether it matters.

use futures_util::future::BoxFuture;
use kernel::ids::{Uuid, parse_stream};
use kernel::{Decider, Timestamp};
use platform::command::{Desk, Stream, id_of};
use platform::projection::Views;
use platform::timer::{Due, Table, TimerError, Timers};
use tonic::Status;

use crate::domain::referral::{Clock, Command, Referral};
use crate::places;

/// The clocks of referrals.
pub struct Clocks {
    desk: Desk,
    due: Table,
}

impl Clocks {
    /// At this desk, by this list.
    pub fn new(desk: Desk, lists: Views) -> Self {
        let due = Table::new(lists, "SELECT 'referral' AS category, referral, clock, at FROM due");
        Self { desk, due }
    }
}

impl Timers for Clocks {
    fn name(&self) -> &'static str {
        "referral-clocks"
    }

    fn due(&self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Due>, TimerError>> {
        Box::pin(self.due.due(now, limit))
    }

    fn next(&self, now: Timestamp) -> BoxFuture<'_, Result<Option<Timestamp>, TimerError>> {
        Box::pin(self.due.next(now))
    }

    fn fire<'a>(&'a self, due: &'a Due, request_id: Uuid) -> BoxFuture<'a, Result<(), TimerError>> {
        Box::pin(async move {
            let (_, referral) = parse_stream(&due.stream)?;
            // A name that a newer build put there is that build's to do.
            let Some(clock) = Clock::named(&due.kind) else { return Ok(()) };
            let ask = self.desk.own_ask("LapseClock", request_id, None);
            let streams = Stream::<Referral>::of(referral);
            let done = self.desk.execute(&ask, id_of::<Referral>(referral), streams, |now| {
                let command = Command::Lapse { clock, due: due.at };
                Ok(places::moved(&self.desk, now, Referral::decide(now, command)?))
            });
            done.await.map_err(Status::from)?;
            Ok(())
        })
    }
}
