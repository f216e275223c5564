//! Looking: all rules for a person, at one instant, compared with what stands open in the log.
//!
//! Invariant: what is appended expects the version that was read before the facts, so two who look at once change nothing twice and none undoes what
//! another found in newer facts; a mark is put off only after what was found has been appended, so whoever stops in between looks again.

use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use kernel::{Decider, PersonId};
use platform::command::{At, Changes, Desk, Failed, id_of};
use platform::db::StoreError;
use platform::error::of_gone;
use platform::log::AppendError;
use platform::projection::Views;
use platform::timer::{Due, TimerError, Timers};
use tonic::Status;

use crate::domain::findings::{Compare, Never, State};
use crate::domain::{Findings, Found, Parameters, Subject, judge};
use crate::due;
use crate::facts::Human;

/// How often a look is compared again at once when somebody else appended meanwhile.
const TRIES: usize = 3;
/// When whoever's events wait is looked at again: what is applied of them at last may change nothing by itself.
const WAITS: SignedDuration = SignedDuration::from_mins(1);

/// Looks at whom is due.
pub struct Looks {
    desk: Desk,
    facts: Views,
    parameters: Parameters,
}

/// Why a look came to nothing. It is tried again.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// The facts could not be read, or the mark not put off.
    #[error("the facts cannot be read")]
    Store(#[from] StoreError),
    /// What is open could not be read, or what was found not be sealed.
    #[error("the open findings cannot be compared")]
    Compare(#[from] Status),
    /// What was found could not be appended.
    #[error("what was found cannot be appended")]
    Append(#[from] AppendError),
}

impl Looks {
    /// Over the facts, appending to the desk's log.
    pub fn new(desk: Desk, facts: Views) -> Self {
        Self { desk, facts, parameters: Parameters::default() }
    }

    /// Looks at the person, if still due.
    ///
    /// # Errors
    /// Anything that is worth another try.
    pub async fn look(&self, person: PersonId) -> Result<(), LookError> {
        for _ in 0..TRIES {
            match self.try_look(person).await {
                Err(LookError::Append(AppendError::Conflict { .. })) => {}
                looked => return looked,
            }
        }
        self.try_look(person).await
    }

    async fn try_look(&self, person: PersonId) -> Result<(), LookError> {
        // One generation from the mark to the putting off.
        let db = self.facts.db();
        let now = self.desk.clock().now();
        let (mut human, mut open) = (Human::of(person), vec![]);
        while let Some(record) = human.unread() {
            // What is open is read before the facts: should another compare newer facts meanwhile and append, this append is refused.
            open.push((record, self.desk.load::<Findings>(record.uuid()).await?));
            human.read(&db, record).await?;
        }
        let (marks, parked) = (std::mem::take(&mut human.marks), human.parked);
        let Some(mark) = marks.get(&person).copied().filter(|mark| mark.at <= now) else { return Ok(()) };
        let (group, facts) = human.all();
        let leads = group.first().copied().unwrap_or(person);
        if parked {
            // Half of the facts would find half of the truth.
            return Ok(due::looked(&db, mark, person, Some(now + WAITS)).await?);
        }
        let judgement = judge(&facts, &self.parameters, now);
        let settled = self.settle(leads, &open, &judgement.found).await?;
        if settled == Settled::Appended && due::moved(&db, &group, &marks).await? {
            // Should another have looked at what came meanwhile and found it told, it is told no more.
            return Ok(due::look_again(&db, mark).await?);
        }
        let again = if settled == Settled::Gone { None } else { judgement.look_again };
        Ok(due::looked(&db, mark, leads, again).await?)
    }

    /// Makes what is open in the log what was found: on the record that leads all of it, on the others nothing.
    async fn settle(
        &self,
        leads: PersonId,
        open: &[(PersonId, At<State>)],
        found: &[Found],
    ) -> Result<Settled, LookError> {
        let ask = self.desk.own_ask("Look", leads.uuid(), None);
        let prepared = self.desk.prepared(&ask, id_of::<Findings>(leads.uuid()), (), |()| {
            let mut changes = Changes::<Never>::none();
            for (record, at) in open {
                let found = if *record == leads { found.to_vec() } else { vec![] };
                let compare = Compare { subject: Subject::Person(*record), found };
                changes = changes.write::<Findings>(at, Findings::decide(at, compare)?);
            }
            Ok(changes)
        });
        let append = match prepared.await {
            Ok(prepared) => prepared.for_reaction(),
            Err(Failed::Refused(never)) => match never {},
            Err(Failed::Status(status)) if of_gone(&status) => return Ok(Settled::Gone),
            Err(Failed::Status(status)) => return Err((*status).into()),
        };
        let Some(append) = append else { return Ok(Settled::AsItWas) };
        self.desk.log().append(append).await?;
        Ok(Settled::Appended)
    }
}

/// What became of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Settled {
    /// What was open already is what was found.
    AsItWas,
    /// It is now.
    Appended,
    /// Nothing can be written of this person any more: erased, or never known to the registry.
    Gone,
}

impl Timers for Looks {
    fn name(&self) -> &'static str {
        "looks"
    }

    fn due(&self, now: Timestamp, limit: usize) -> BoxFuture<'_, Result<Vec<Due>, TimerError>> {
        Box::pin(async move {
            let marks = due::by(&self.facts.db(), now, limit).await?;
            // The number tells one mark from the next at the same instant.
            let due = |mark: due::Mark| Due {
                at: mark.at,
                stream: Subject::Person(mark.person).stream().to_string(),
                kind: format!("look {}", mark.number),
            };
            Ok(marks.into_iter().map(due).collect())
        })
    }

    fn next(&self, now: Timestamp) -> BoxFuture<'_, Result<Option<Timestamp>, TimerError>> {
        Box::pin(async move { Ok(due::next(&self.facts.db(), now).await?) })
    }

    fn fire<'a>(&'a self, due: &'a Due, _request_id: uuid::Uuid) -> BoxFuture<'a, Result<(), TimerError>> {
        // No request id: marks are counted anew in each generation, and the expected version makes a look exact.
        Box::pin(async move {
            let (_, person) = kernel::ids::parse_stream(&due.stream)?;
            Ok(self.look(PersonId::new(person)).await?)
        })
    }
}
