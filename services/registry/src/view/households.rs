//! Who ever belonged to which household.
//! Invariant: since when, until when and as what is the record's own to say: who is listed is looked up there.

use kernel::PersonId;
use kernel::ids::Uuid;
use platform::args;
use platform::db::{Rows, StoreError};

use super::{View, ids};
use crate::domain::person::Change;

pub(super) const TABLE: &str =
    "CREATE TABLE household (household uuid NOT NULL, person uuid NOT NULL, PRIMARY KEY (household, person))";
const MEMBER: &str = "INSERT INTO household (household, person) VALUES {rows} ON CONFLICT DO NOTHING";
const NO_MEMBER: &str = "DELETE FROM household WHERE person IN (VALUES {rows})";

pub(super) fn apply(person: PersonId, change: &Change, rows: &mut Rows) {
    match change {
        Change::HouseholdJoined(membership, _) => {
            let id = person.uuid();
            rows.put(&[id], MEMBER, [args![membership.household, id]]);
        }
        Change::ContactSet(..)
        | Change::ContactRemoved(_)
        | Change::CrisisContactSet(..)
        | Change::CrisisContactRemoved(_)
        | Change::WarningSignsSet(..)
        | Change::WarningSignsRemoved(_)
        | Change::HouseholdLeft(..)
        | Change::RepresentativeAdded(..)
        | Change::RepresentativeEnded(..)
        | Change::HouseholdInError(..)
        | Change::RepresentativeInError(..) => {}
    }
}

/// An erased person belongs to none.
pub(super) fn gone(person: PersonId, rows: &mut Rows) {
    rows.put(&[person.uuid()], NO_MEMBER, [args![person.uuid()]]);
}

impl View {
    /// Everybody who ever belonged to the household.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn household(&self, household: Uuid) -> Result<Vec<PersonId>, StoreError> {
        let sql = "SELECT person FROM household WHERE household = $1 ORDER BY person";
        let members = ids(&self.lists.db().fetch(sql, args![household]).await?)?;
        Ok(members.into_iter().map(PersonId::new).collect())
    }
}
