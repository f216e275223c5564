//! Reading one record for one caller.
//! Invariant: what a caller may not see answers as what does not exist. Reads across agencies are the timeline's, so no consent opens one here; and where
//! somebody restricted lives is nobody's to see by running or auditing the system.

use kernel::may::see_own;
use kernel::{Caller, Day};
use platform::error;
use proto::housing as pb;
use tonic::Status;
use uuid::Uuid;

use super::Api;
use crate::domain::diary::Diary;
use crate::domain::group::UnitGroup;
use crate::domain::living::{self, LivingSituation};
use crate::domain::placement::{Placement, Situation};
use crate::domain::unit::Unit;
use crate::view::Named;
use crate::{NAME, wire};

impl Api {
    /// The record that a request names by its id, or by an identifier of the caller's agency.
    pub(super) async fn named(
        &self,
        caller: &Caller,
        named: Named,
        field: &str,
        text: &str,
        identifier: Option<&proto::types::Identifier>,
    ) -> Result<Uuid, Status> {
        let Some(identifier) = identifier else { return Ok(super::id(field, text)?) };
        let found = self.view.identified(caller.speaks_for(), named, identifier).await?;
        let what = match named {
            Named::Group => "unit group",
            Named::Unit => "unit",
        };
        found.ok_or_else(|| error::not_found(what))
    }

    /// A group is a programme's face and no secret; how full it is, is its agency's to see.
    pub(super) async fn read_group(
        &self,
        caller: &Caller,
        id: Uuid,
        on: Option<Day>,
    ) -> Result<Option<pb::UnitGroup>, Status> {
        let now = self.desk.load::<UnitGroup>(id).await?;
        let Some(group) = now.made() else { return Ok(None) };
        let open = if see_own(caller, group.agency, None, NAME) {
            let day = on.unwrap_or_else(|| group.content.zone.day_of(self.desk.clock().now()));
            self.view.open_placements(group.id, day).await?
        } else {
            0
        };
        Ok(wire::group(now.version, &now, caller, open))
    }

    pub(super) async fn read_unit(
        &self,
        caller: &Caller,
        id: Uuid,
        on: Option<Day>,
    ) -> Result<Option<pb::Unit>, Status> {
        let now = self.desk.load::<Unit>(id).await?;
        let Some(belongs) = now.belongs().filter(|belongs| see_own(caller, belongs.agency, None, NAME))
        else {
            return Ok(None);
        };
        let diary = self.desk.load::<Diary>(id).await?;
        let group = self.desk.load::<UnitGroup>(belongs.group.uuid()).await?;
        Ok(wire::unit((now.version, &now), &diary, &group, on, self.desk.clock().now()))
    }

    pub(super) async fn read_placement(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<Option<pb::Placement>, Status> {
        let now = self.desk.load::<Placement>(id).await?;
        let Some(made) =
            now.made().filter(|made| see_own(caller, made.facts.agency, Some(made.facts.person), NAME))
        else {
            return Ok(None);
        };
        if !self.people.may_find(caller, made.facts.person).await? {
            return Ok(None);
        }
        let destination = match &made.situation {
            Situation::Exited { destination, .. } => {
                Some(wire::opened_with(self.desk.keys(), destination).await)
            }
            Situation::Matched
            | Situation::Offered
            | Situation::Accepted
            | Situation::Admitted { .. }
            | Situation::MovedIn { .. }
            | Situation::Closed(_) => None,
        };
        Ok(wire::placement(now.version, &now, destination))
    }

    pub(super) async fn read_living_situation(
        &self,
        caller: &Caller,
        id: Uuid,
    ) -> Result<Option<pb::LivingSituation>, Status> {
        let now = self.desk.load::<LivingSituation>(id).await?;
        match &*now.state {
            living::State::Made { told, .. } if see_own(caller, told.agency, Some(told.person), NAME) => {
                if !self.people.may_find(caller, told.person).await? {
                    return Ok(None);
                }
                let place = wire::opened_with(self.desk.keys(), &told.place).await;
                Ok(Some(wire::living_situation(now.version, told, place)))
            }
            living::State::Made { .. } | living::State::Unmade | living::State::InError { .. } => Ok(None),
        }
    }
}
