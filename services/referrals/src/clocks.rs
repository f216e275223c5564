//! What runs out: the time to acknowledge, answer, begin and look again, and an unanswered referral itself.
//! Invariant: the list of what is due is a view of the own log, and its command is a question to the referral, which knows whether it matters.

use futures_util::future::BoxFuture;
use kernel::ids::{Uuid, parse_stream};
use kernel::{Decider, Timestamp};
use platform::command::{Desk, Stream, id_of};
use platform::timer::{Due, TimerError, Timers};
use tonic::Status;

use crate::domain::referral::{Clock, Command, Referral};
use crate::places;
use crate::view::View;

/// The clocks of referrals.
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
        "referral-clocks"
    }

    fn due(&self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Due>, TimerError>> {
        Box::pin(async move {
            let found = self.view.due(now.as_microsecond(), limit).await?;
            let due = |due: crate::view::Due| {
                let stream = id_of::<Referral>(due.referral).to_string();
                Ok(Due {
                    at: Timestamp::from_microsecond(due.at)?,
                    stream,
                    kind: due.clock.name().to_owned(),
                })
            };
            found.into_iter().map(due).collect()
        })
    }

    fn next(&self, now: Timestamp) -> BoxFuture<'_, Result<Option<Timestamp>, TimerError>> {
        Box::pin(async move {
            let next = self.view.next_due(now.as_microsecond()).await?;
            Ok(next.map(Timestamp::from_microsecond).transpose()?)
        })
    }

    fn fire<'a>(&'a self, due: &'a Due, request_id: Uuid) -> BoxFuture<'a, Result<(), TimerError>> {
        Box::pin(async move {
            let (_, referral) = parse_stream(&due.stream)?;
            let clock = Clock::named(&due.kind).ok_or("no clock of that name")?;
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
