//! What runs out: the time to acknowledge, answer, begin and look again, an unanswered referral itself, and the consent that it goes by.
//! Invariant: the list of what is due is a view of the own log, and its command is a question to the referral, which knows whether it matters.

use futures_util::future::BoxFuture;
use kernel::ids::{Uuid, parse_stream};
use kernel::{Decider, Timestamp};
use platform::command::{Desk, Stream, id_of};
use platform::projection::Views;
use platform::timer::{Due, Table, TimerError, Timers};
use tonic::Status;

use crate::domain::ReferralId;
use crate::domain::referral::{Clock, Command, Referral};
use crate::loops::{Judge, Verdict};
use crate::places;
use crate::view::View;

/// The name of a change of the consent by the clock, among what is due.
pub const CONSENT: &str = "consent";

/// The clocks of referrals.
pub struct Clocks {
    desk: Desk,
    judge: Judge,
    due: Table,
}

impl Clocks {
    /// At this desk, by this list, and by what the view has of people's say.
    pub fn new(desk: Desk, lists: Views, view: View) -> Self {
        let due = Table::new(lists, "SELECT 'referral' AS category, referral, clock, at FROM due");
        Self { judge: Judge::new(desk.clone(), view), desk, due }
    }

    /// A directive began or ended: judged as of then, so that one which came and went while nothing ran is told too, each at its time.
    async fn consent_changes(
        &self,
        referral: ReferralId,
        due: Timestamp,
        request_id: Uuid,
    ) -> Result<(), TimerError> {
        match self.judge.of(referral, due).await? {
            Verdict::Asks(command) => {
                let ask = self.desk.own_ask("JudgeConsent", request_id, None);
                self.judge.ask(&ask, referral, *command).await?;
            }
            Verdict::Holds => {}
            // It stays on the list, and is looked at again by and by.
            Verdict::Parked => tracing::info!("a referral's consent is not judged: the person's events wait"),
            Verdict::Unknown => return Err("what the person says cannot be told now".into()),
        }
        Ok(())
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
            if due.kind == CONSENT {
                return self.consent_changes(ReferralId::new(referral), due.at, request_id).await;
            }
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
