//! The service's own lists: which offers and referrals there are, by the columns that lists filter on, and what is due when.
//! Invariant: it holds ids, codes and times alone; what a list shows of a record is folded from the log, so it is never older than the record.

mod lists;

use kernel::{AgencyId, PersonId};
use platform::args;
use platform::db::{StoreError, Value};
use platform::page::Last;
use platform::people::People;
use platform::projection::Views;
use platform::revision::Revision;
use proto::referrals::Side;
use tokio::time::Instant;
use tonic::Status;
use uuid::Uuid;

pub use lists::Lists;

/// How long a list waits for the revisions that it must have seen.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(2);

/// What the service asks of its lists and of the people's say. Clones are the same.
#[derive(Clone)]
pub struct View {
    lists: Views,
    people: People,
}

/// Which offers.
pub struct OfferFilter {
    /// Of this practice; empty for all.
    pub practice: String,
    /// Of this agency.
    pub agency: Option<AgencyId>,
    /// After this row.
    pub after: Last,
    /// So many.
    pub size: usize,
}

/// Which referrals.
pub struct ReferralFilter {
    /// On this agency's side or sides.
    pub agency: Option<AgencyId>,
    /// Of this person.
    pub person: Option<PersonId>,
    /// Which sides.
    pub side: Side,
    /// In these states, as the contract numbers them; none means all.
    pub states: Vec<i64>,
    /// After this row.
    pub after: Last,
    /// So many.
    pub size: usize,
}

/// A referral whose acknowledge clock runs out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// The referral.
    pub referral: Uuid,
    /// When, in microseconds since 1970.
    pub at: i64,
}

impl View {
    /// Over the service's own lists and the people's say.
    pub fn new(lists: Views, people: People) -> Self {
        Self { lists, people }
    }

    /// Waits until the lists have seen these revisions, a little while.
    ///
    /// # Errors
    /// A text that is no revision.
    pub async fn wait(&self, at_least: &[String]) -> Result<(), Status> {
        let revisions = Revision::parse_all(at_least)?;
        // Past this the answer is as old as it is.
        self.lists.reached_all(&revisions, Instant::now() + PATIENCE).await;
        Ok(())
    }

    /// The person's consent that names this agency.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn consent(&self, person: PersonId, target: AgencyId) -> Result<Option<String>, Status> {
        Ok(self.people.consent(person, target).await?)
    }

    /// The offer that the agency knows by that identifier.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn offer_identified(
        &self,
        agency: Option<AgencyId>,
        identifier: &proto::types::Identifier,
    ) -> Result<Option<Uuid>, Status> {
        let Some(agency) = agency else { return Ok(None) };
        let sql = "SELECT offer FROM offer_identifier WHERE agency = $1 AND system = $2 AND value = $3";
        let args = args![agency.uuid(), identifier.system.as_str(), identifier.value.as_str()];
        let rows = self.lists.db().fetch(sql, args).await?;
        Ok(rows.first().map(|row| row.uuid(0)).transpose()?)
    }

    /// Offers, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn offers(&self, filter: &OfferFilter) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        let mut sql = "SELECT id, at FROM offer WHERE open = 1 AND (at, id) < ($1, $2)".to_owned();
        let mut args = args![filter.after.at, filter.after.id()];
        if !filter.practice.is_empty() {
            also(&mut sql, &mut args, "practice =", filter.practice.as_str());
        }
        if let Some(agency) = filter.agency {
            also(&mut sql, &mut args, "agency =", agency.uuid());
        }
        self.page(sql, args, filter.size).await
    }

    /// Referrals, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn referrals(&self, filter: &ReferralFilter) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        let mut sql = "SELECT id, at FROM referral WHERE (at, id) < ($1, $2)".to_owned();
        let mut args = args![filter.after.at, filter.after.id()];
        if let Some(agency) = filter.agency {
            match filter.side {
                Side::Received => also(&mut sql, &mut args, "target =", agency.uuid()),
                Side::Sent => also(&mut sql, &mut args, "requester =", agency.uuid()),
                Side::Unspecified => {
                    args.push(agency.uuid().into());
                    let n = args.len();
                    sql.push_str(&format!(" AND (requester = ${n} OR target = ${n})"));
                }
            }
            // A draft is its requester's alone.
            args.push(agency.uuid().into());
            sql.push_str(&format!(" AND (state <> 1 OR requester = ${})", args.len()));
        }
        if let Some(person) = filter.person {
            also(&mut sql, &mut args, "person =", person.uuid());
        }
        if !filter.states.is_empty() {
            // Numbers that were parsed as states: nothing of the caller's text is in the statement.
            let states: Vec<String> = filter.states.iter().map(i64::to_string).collect();
            sql.push_str(&format!(" AND state IN ({})", states.join(", ")));
        }
        self.page(sql, args, filter.size).await
    }

    /// Clocks that have run out by then, the oldest first.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn due(&self, by: i64, limit: usize) -> Result<Vec<Due>, StoreError> {
        let sql = format!("SELECT referral, at FROM due WHERE at <= $1 ORDER BY at LIMIT {limit}");
        let rows = self.lists.db().fetch(&sql, args![by]).await?;
        rows.iter().map(|row| Ok(Due { referral: row.uuid(0)?, at: row.i64(1)? })).collect()
    }

    /// The next time after then at which a clock runs out.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn next_due(&self, after: i64) -> Result<Option<i64>, StoreError> {
        let rows = self.lists.db().fetch("SELECT min(at) FROM due WHERE at > $1", args![after]).await?;
        rows.first().map_or(Ok(None), |row| row.opt_i64(0))
    }

    async fn page(
        &self,
        mut sql: String,
        args: Vec<Value>,
        size: usize,
    ) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        sql.push_str(&format!(" ORDER BY at DESC, id DESC LIMIT {}", size + 1));
        let mut rows = self.lists.db().fetch(&sql, args).await?;
        let more = rows.len() > size;
        rows.truncate(size);
        let ids = rows.iter().map(|row| row.uuid(0)).collect::<Result<Vec<_>, _>>()?;
        let last = match rows.last() {
            Some(row) if more => Some(Last::new(row.i64(1)?, row.uuid(0)?)),
            Some(_) | None => None,
        };
        Ok((ids, last))
    }
}

fn also(sql: &mut String, args: &mut Vec<Value>, condition: &str, value: impl Into<Value>) {
    args.push(value.into());
    sql.push_str(&format!(" AND {condition} ${}", args.len()));
}
