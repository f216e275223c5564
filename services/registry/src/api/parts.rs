//! Which changes of a person's record, team, plan, say and emergencies a caller sees: what the etag of each counts for them.
//! Invariant: a change is seen exactly where the read of the record shows what it is about.

use futures_util::future::BoxFuture;
use kernel::PersonId;
use kernel::ids::Uuid;
use platform::command::{Ask, Done, Encoding, Sees, id_of};
use tonic::Status;

use super::reading::Eyes;
use super::{Api, plans};
use crate::domain::person::{About, Known, State};
use crate::domain::{consent, emergency, plan, team};

impl Sees<State> for Eyes<'_> {
    async fn last_seen(&self, state: &State, up_to: u64) -> Result<u64, Status> {
        let Some(known) = state.known() else { return Ok(0) };
        for (version, about) in downwards(&known.changes, up_to) {
            if self.sees(known, about).await? {
                return Ok(version);
            }
        }
        Ok(0)
    }
}

impl Eyes<'_> {
    /// Whether the caller is shown, of a record that they reach, what that is about.
    async fn sees(&self, known: &Known, about: &About) -> Result<bool, Status> {
        Ok(match about {
            About::Record | About::Restriction => true,
            About::RestrictionReason => self.find(),
            About::Identifier(scope, usage) => self.see_identifier(known, (scope, *usage)).await?,
            About::Serving(agency) => self.see(Some(*agency)).await?,
            About::Other(other) => self.reach_by_id(*other).await?,
            About::Around(writers) => {
                let mut seen = false;
                for writer in writers.iter().filter(|_| self.find()) {
                    seen |= self.see(*writer).await?;
                }
                seen
            }
            About::Death(tellers) => {
                let mut seen = false;
                for teller in tellers {
                    seen |= !self.shut(*teller).await?;
                }
                seen
            }
        })
    }
}

impl Sees<team::State> for Eyes<'_> {
    async fn last_seen(&self, state: &team::State, up_to: u64) -> Result<u64, Status> {
        for (version, (added_by, agency)) in downwards(&state.changes, up_to) {
            if self.see_of(*added_by, *agency).await? {
                return Ok(version);
            }
        }
        Ok(0)
    }
}

impl Sees<plan::State> for Eyes<'_> {
    async fn last_seen(&self, state: &plan::State, up_to: u64) -> Result<u64, Status> {
        let shown = plans::versions_seen(self, state).await?;
        let sees = |change: &Option<u32>| match change {
            Some(version) => shown.contains(version),
            // Whoever sees a version of the plan sees its clock.
            None => !shown.is_empty(),
        };
        Ok(downwards(&state.changes, up_to)
            .find(|(_, change)| sees(change))
            .map_or(0, |(version, _)| version))
    }
}

impl Sees<consent::State> for Eyes<'_> {
    async fn last_seen(&self, state: &consent::State, up_to: u64) -> Result<u64, Status> {
        for (version, directive) in downwards(&state.changes, up_to) {
            if let Some(held) = state.held(*directive)
                && self.see_directive(held).await?
            {
                return Ok(version);
            }
        }
        Ok(0)
    }
}

impl Sees<emergency::State> for Eyes<'_> {
    async fn last_seen(&self, state: &emergency::State, up_to: u64) -> Result<u64, Status> {
        let mut changes = downwards(&state.changes, up_to);
        Ok(changes.find(|(_, agency)| self.see_emergency(**agency)).map_or(0, |(version, _)| version))
    }
}

/// The changes up to a version, the last one first, each with the version that it made.
fn downwards<T>(changes: &[T], up_to: u64) -> impl Iterator<Item = (u64, &T)> {
    let until = usize::try_from(up_to).unwrap_or(usize::MAX).min(changes.len());
    (1_u64..).zip(&changes[..until]).collect::<Vec<_>>().into_iter().rev()
}

impl Api {
    /// The etag of a record of which the caller sees a part.
    pub(super) async fn etag<D: Encoding>(
        &self,
        eyes: &Eyes<'_>,
        id: Uuid,
        (state, version): (&D::State, u64),
    ) -> Result<String, Status>
    where
        for<'a> Eyes<'a>: Sees<D::State>,
    {
        let last_seen = eyes.last_seen(state, version).await?;
        Ok(self.desk.etag_in_part(id_of::<D>(id), last_seen))
    }

    /// Asks something of a record of the person's of which the caller sees a part.
    pub(super) async fn in_part<'a, D: Encoding>(
        &self,
        ask: &Ask,
        person: PersonId,
        run: impl Fn(Ask) -> BoxFuture<'a, Result<Done, Status>> + Send + Sync,
    ) -> Result<Done, Status>
    where
        for<'e> Eyes<'e>: Sees<D::State>,
    {
        let eyes = self.eyes(&ask.caller, person).await?;
        self.desk.in_part::<D>(ask, person.uuid(), &eyes, run).await
    }

    /// The same of one command, as [`Api::about`].
    pub(super) async fn about_in_part<D>(
        &self,
        ask: &Ask,
        person: PersonId,
        command: D::Command,
    ) -> Result<Done, Status>
    where
        D: Encoding,
        D::Command: Clone + Send + Sync,
        for<'a> Eyes<'a>: Sees<D::State>,
    {
        let run = |ask: Ask| -> BoxFuture<'_, Result<Done, Status>> {
            let command = command.clone();
            Box::pin(async move { self.about::<D>(&ask, person.uuid(), person, command).await })
        };
        self.in_part::<D>(ask, person, run).await
    }
}
