//! What runs out: consent directives that have an end of their own, and the time to look at a plan again.
//! Invariant: the list of what is due is a view of the own log, and its command is a question to the person's say or plan, which knows whether it
//! matters. Reads close at a directive's end itself, whether or not this has told it: the event is for those who follow what happens.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use kernel::ids::{Uuid, parse_stream};
use kernel::{Decider, DirectiveId, PersonId, Timestamp};
use platform::command::Desk;
use platform::people::People;
use platform::projection::Views;
use platform::timer::{Due, Table, TimerError, Timers};

use crate::domain::agency::{self, Agency};
use crate::domain::consent::{self, Consent};
use crate::domain::person::Person;
use crate::domain::plan::{self, Plan};

/// The name of a directive's end, followed by the directive: a person's say may have several that end at one time.
pub const EXPIRE: &str = "expire-";
/// The name of a plan's review.
pub const REVIEW: &str = "review";

/// The clocks of consent directives and plans.
pub struct Clocks {
    desk: Desk,
    people: People,
    due: Table,
}

impl Clocks {
    /// At this desk, by these lists, and by what is known of which records are of one human.
    pub fn new(desk: Desk, people: People, lists: Views) -> Self {
        Self { desk, people, due: Table::new(lists, "SELECT category, id, kind, at FROM due") }
    }

    /// Asks a plan whether anybody had to look at it: what its agencies' days and the person's death have to do with that.
    async fn lapse(&self, person: Uuid, due: Timestamp) -> Result<plan::Command, TimerError> {
        let mut ends = plan::Ends::No;
        for record in self.people.group(PersonId::new(person), None).await? {
            let record = self.desk.load::<Person>(record.uuid()).await?;
            if record.known().is_some_and(|known| known.deaths.latest_first().next().is_some()) {
                ends = plan::Ends::ByDeath;
            }
        }
        let mut days = BTreeMap::new();
        for agency in self.desk.load::<Plan>(person).await?.agencies() {
            let known = self.desk.load::<Agency>(agency.uuid()).await?;
            if let agency::State::Known { content, .. } = &*known.state {
                days.insert(agency, content.zone.day_of(due));
            }
        }
        Ok(plan::Command::Lapse { due, ends, days })
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
                    let command = self.lapse(person, due.at).await?;
                    self.desk.decide::<Plan>(&ask, person, command).await?;
                }
                // A name that a newer build put there is that build's to do.
                _ => {}
            }
            Ok(())
        })
    }
}
