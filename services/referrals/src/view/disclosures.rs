//! What agencies told each other of people by sending referrals.
//! Invariant: what was told was told: the row says by what as it was sent, whatever became of the referral or the directive since.

use kernel::{AgencyId, PersonId, Timestamp};
use platform::args;
use platform::db::{Row, StoreError};
use platform::lists::Query;
use platform::page::Last;
use tonic::Status;

use super::View;
use crate::domain::ReferralId;

/// Which disclosures.
pub struct DisclosureFilter {
    /// Made by this agency.
    pub discloser: Option<AgencyId>,
    /// Of this person.
    pub person: Option<PersonId>,
    /// After this row.
    pub after: Last,
    /// So many.
    pub size: usize,
}

/// That something of a person left an agency for another.
pub struct Disclosure {
    /// The referral that it was made by.
    pub referral: ReferralId,
    /// The person.
    pub person: PersonId,
    /// The agency that told.
    pub discloser: AgencyId,
    /// The agency that was told.
    pub recipient: AgencyId,
    /// When.
    pub at: Timestamp,
    /// By what, as the referral was sent.
    pub consent: String,
    /// Whether it falls under 42 CFR Part 2.
    pub part2: bool,
}

impl View {
    /// Disclosures, newest first, and the last row where more follow. What an agency refers to its own programme leaves nobody.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn disclosures(
        &self,
        filter: &DisclosureFilter,
    ) -> Result<(Vec<Disclosure>, Option<Last>), Status> {
        let mut query = Query::newest("referral", "requested", &filter.after);
        query.only("requested > {} AND requester <> target", 0);
        query.only_if("requester = {}", filter.discloser.map(AgencyId::uuid));
        query.only_if("person = {}", filter.person.map(PersonId::uuid));
        let (found, next) = query.page(&self.lists, filter.size).await?;
        let mut disclosures = Vec::with_capacity(found.len());
        for id in found {
            let sql =
                "SELECT id, person, requester, target, requested, consent, part2 FROM referral WHERE id = $1";
            for row in self.lists.db().fetch(sql, args![id]).await? {
                disclosures.push(disclosure(&row)?);
            }
        }
        Ok((disclosures, next))
    }
}

fn disclosure(row: &Row) -> Result<Disclosure, StoreError> {
    let at = Timestamp::from_microsecond(row.i64(4)?);
    Ok(Disclosure {
        referral: ReferralId::new(row.uuid(0)?),
        person: PersonId::new(row.uuid(1)?),
        discloser: AgencyId::new(row.uuid(2)?),
        recipient: AgencyId::new(row.uuid(3)?),
        at: at.map_err(|_| StoreError::Unusable("the time of a disclosure is damaged".to_owned()))?,
        consent: row.opt_text(5)?.unwrap_or_default(),
        part2: row.opt_bool(6)?.unwrap_or_default(),
    })
}
