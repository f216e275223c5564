//! Applies one run of events: rows, parked events and cursor in one transaction.
//! Invariant: the first statement takes the cursor from where the run begins; whoever finds it elsewhere changes nothing.

use std::collections::BTreeSet;

use super::generation::{Generation, WHOLE};
use super::{ApplyError, Projection, parking};
use crate::args;
use crate::db::{StoreError, Tx};
use crate::fault;
use crate::source::{Read, Run};

/// What applying takes beside the events.
pub(super) struct Applier<'a> {
    pub(super) projection: &'a dyn Projection,
    pub(super) generation: &'a Generation,
    /// The log read.
    pub(super) source: &'a str,
    /// The build of this process: what one build parked another may be able to apply.
    pub(super) build: &'a str,
    /// Now, in microseconds.
    pub(super) now: i64,
}

/// How a run was applied.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It was; so many subjects were parked by it.
    Applied { parked: usize },
    /// The cursor was not where the run begins: someone else has read on.
    Lost,
}

enum Attempt {
    Done(Outcome),
    /// Some event of the run cannot be applied.
    Poisoned,
}

impl Applier<'_> {
    /// Applies a run: all at once if it can be, else event by event to find out who is to be parked.
    pub(super) async fn apply(&self, run: &Run) -> Result<Outcome, StoreError> {
        match self.attempt(run, false).await? {
            Attempt::Done(outcome) => Ok(outcome),
            Attempt::Poisoned => match self.attempt(run, true).await? {
                Attempt::Done(outcome) => Ok(outcome),
                Attempt::Poisoned => Ok(Outcome::Lost),
            },
        }
    }

    async fn attempt(&self, run: &Run, one_by_one: bool) -> Result<Attempt, StoreError> {
        let mut tx = self.generation.db.begin().await?;
        let Some(parked) = self.take_cursor(&mut tx, run).await? else {
            tx.rollback().await?;
            return Ok(Attempt::Done(Outcome::Lost));
        };
        let parked =
            if parked > 0 { parking::subjects(&mut tx, self.source).await? } else { BTreeSet::new() };
        let written = if one_by_one {
            self.each(&mut tx, &run.events, parked).await?
        } else {
            self.all(&mut tx, &run.events, &parked).await?
        };
        let Some(newly) = written else {
            tx.rollback().await?;
            return Ok(Attempt::Poisoned);
        };
        fault::point("projection.before_commit");
        tx.commit().await?;
        fault::point("projection.committed");
        Ok(Attempt::Done(Outcome::Applied { parked: newly }))
    }

    /// Moves the cursor over the run and tells how many subjects are parked; nothing if it was elsewhere. Its row stays locked, so that runs
    /// and replays of one source come one after the other.
    async fn take_cursor(&self, tx: &mut Tx, run: &Run) -> Result<Option<i64>, StoreError> {
        let (from, to) = (&run.from, &run.to);
        let moved = tx
            .fetch(
                "UPDATE feed_cursor SET log_id = $1, position = $2, sequences = $3, event_id = $4 \
                 WHERE source = $5 AND slice = $6 AND position = $7 AND event_id = $8 \
                 RETURNING (SELECT count(*) FROM feed_parked WHERE feed_parked.source = feed_cursor.source)",
                args![
                    to.log_id,
                    to.position,
                    to.sequences_to_bytes(),
                    to.event_id,
                    self.source,
                    WHOLE,
                    from.position,
                    from.event_id
                ],
            )
            .await?;
        moved.first().map(|row| row.i64(0)).transpose()
    }

    /// Applies what is not parked in as few calls as can be. Nothing if any of it is poison.
    async fn all(
        &self,
        tx: &mut Tx,
        events: &[Read],
        parked: &BTreeSet<String>,
    ) -> Result<Option<usize>, StoreError> {
        let mut rest = events;
        while let Some(first) = rest.first() {
            if self.waits(first, parked) {
                parking::queue(tx, self.source, &parking::queue_of(first, parked), first).await?;
                rest = &rest[1..];
                continue;
            }
            if first.broken().is_some() {
                return Ok(None);
            }
            let blocked = |event: &Read| event.broken().is_some() || self.waits(event, parked);
            let clear = rest.iter().position(blocked).unwrap_or(rest.len());
            if self.try_apply(tx, &rest[..clear]).await?.is_err() {
                return Ok(None);
            }
            rest = &rest[clear..];
        }
        Ok(Some(0))
    }

    /// Applies event by event, each under a savepoint, and parks whom it must.
    async fn each(
        &self,
        tx: &mut Tx,
        events: &[Read],
        mut parked: BTreeSet<String>,
    ) -> Result<Option<usize>, StoreError> {
        let mut newly = 0;
        for event in events {
            if self.waits(event, &parked) {
                parking::queue(tx, self.source, &parking::queue_of(event, &parked), event).await?;
                continue;
            }
            let Err(reason) = self.apply_guarded(tx, event).await? else { continue };
            let subject = parking::subject(event);
            parking::park(tx, self, &subject, event, &reason).await?;
            parking::queue(tx, self.source, &subject, event).await?;
            tracing::error!(
                projection.name = self.projection.name(),
                log.name = self.source,
                event.position = event.recorded.position,
                event.r#type = event.event.r#type,
                reason,
                "an event cannot be applied: its person is parked; mend the projection, then replay"
            );
            newly += usize::from(parked.insert(subject));
        }
        Ok(Some(newly))
    }

    /// Applies one event so that nothing of it stands if it is poison, and says why it is.
    pub(super) async fn apply_guarded(
        &self,
        tx: &mut Tx,
        event: &Read,
    ) -> Result<Result<(), String>, StoreError> {
        if let Some(why) = event.broken() {
            return Ok(Err(format!("it does not decode: {why}")));
        }
        tx.savepoint("one_event").await?;
        let applied = self.try_apply(tx, std::slice::from_ref(event)).await?;
        if applied.is_err() {
            tx.rollback_to("one_event").await?;
        }
        tx.release("one_event").await?;
        Ok(applied)
    }

    /// Applies, and tells poison from a failure of the world.
    async fn try_apply(&self, tx: &mut Tx, events: &[Read]) -> Result<Result<(), String>, StoreError> {
        match self.projection.apply_batch(tx, self.source, events).await {
            Ok(()) => Ok(Ok(())),
            Err(ApplyError::Poison(reason)) => Ok(Err(reason)),
            Err(ApplyError::Store(error)) => match refused_value(&error) {
                Some(reason) => Ok(Err(reason)),
                None => Err(error),
            },
        }
    }

    /// Whether an event waits behind others of its subject.
    fn waits(&self, event: &Read, parked: &BTreeSet<String>) -> bool {
        !parked.is_empty()
            && parking::is_parked(event, parked)
            && (event.broken().is_some() || !self.projection.always_passes(self.source, event))
    }
}

/// Why the database refused the values themselves, so that they would be refused again: by code, as its text may quote them.
#[expect(clippy::wildcard_enum_match_arm, reason = "sqlx's own enum, which may grow")]
fn refused_value(error: &StoreError) -> Option<String> {
    match error {
        StoreError::Column { .. } => Some(error.to_string()),
        StoreError::Database(database) => match &**database {
            sqlx::Error::Database(refused) => {
                let code = refused.code()?;
                // PostgreSQL: data exceptions (22) and constraints (23). SQLite: too big (18), constraint (19), mismatch (20), in the low byte.
                let values = match code.len() {
                    5 => code.starts_with("22") || code.starts_with("23"),
                    _ => code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 18..=20)),
                };
                values.then(|| format!("the database refused its values with code {code}"))
            }
            sqlx::Error::Encode(_) => Some("a value cannot be stored".to_owned()),
            _ => None,
        },
        StoreError::Sqlite(_) | StoreError::File { .. } | StoreError::Unusable(_) | StoreError::Closed => {
            None
        }
    }
}
