//! Whom workers serve, by the teams of people.
//! Invariant: a row is of a worker by name; who is erased has none.

use kernel::ids::Uuid;
use kernel::{AgencyId, Day, PersonId, WorkerId, Zone};
use platform::args;
use platform::db::{Row, Rows, StoreError, Value};
use platform::lists::Query;
use platform::page::Last;

use super::View;
use crate::domain::team::{Event, Who};

const MEMBER: &str = "INSERT INTO member (id, person, worker, agency, first_day, last_day, at) VALUES {rows} ON CONFLICT (id) DO NOTHING";
const MEMBER_UNTIL: &str = "WITH given (id, last_day) AS (VALUES {rows}) UPDATE member SET last_day = (SELECT last_day FROM given WHERE given.id = member.id) \
     WHERE id IN (SELECT id FROM given)";
const NO_MEMBER: &str = "DELETE FROM member WHERE id IN (VALUES {rows})";
pub(super) const NOBODYS_MEMBER: &str = "DELETE FROM member WHERE person IN (VALUES {rows})";

pub(super) fn tables() -> [String; 3] {
    [
        // Workers who are on somebody's team, from a first day to a last one, as days since 1970; the last one of an open part is the latest there is.
        "CREATE TABLE member (id uuid PRIMARY KEY, person uuid NOT NULL, worker uuid NOT NULL, agency uuid NOT NULL, first_day bigint NOT NULL, \
         last_day bigint NOT NULL, at bigint NOT NULL)"
            .into(),
        "CREATE INDEX member_oldest ON member (worker, at, id)".into(),
        "CREATE INDEX member_person ON member (person)".into(),
    ]
}

/// A day as the lists have it: days since 1970, and the latest there is for none.
fn day_number(day: Option<Day>) -> i64 {
    let days = |day: Day| Zone::utc().start_of(day).as_second() / 86_400;
    day.map_or(i64::MAX, days)
}

pub(super) fn apply(person: Uuid, event: &Event, at: i64, rows: &mut Rows) {
    match event {
        Event::Added { id, member, .. } => {
            if let Who::Of(agency, Some(worker)) = &member.who {
                let days = (day_number(Some(member.from)), day_number(member.until));
                let row = args![id.uuid(), person, worker.uuid(), agency.uuid(), days.0, days.1, at];
                rows.put(&[person], MEMBER, [row]);
            }
        }
        Event::Ended { id, until } => {
            rows.put(&[person], MEMBER_UNTIL, [args![id.uuid(), day_number(Some(*until))]]);
        }
        Event::EnteredInError { id } => rows.put(&[person], NO_MEMBER, [args![id.uuid()]]),
    }
}

impl View {
    /// Whom a worker serves on a day, in the order in which that became known, each with its place, and the last row where more follow; of one agency,
    /// where one asks.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn caseload(
        &self,
        worker: WorkerId,
        agency: Option<AgencyId>,
        day: Day,
        after: &Last,
        size: usize,
    ) -> Result<(Vec<(Last, PersonId)>, Option<Last>), StoreError> {
        let mut query = Query::oldest("member", "at", after);
        query.only("worker = {}", worker.uuid());
        query.only_if("agency = {}", agency.map(AgencyId::uuid));
        query.only("first_day <= {}", day_number(Some(day)));
        query.only("last_day >= {}", day_number(Some(day)));
        let (members, next) = query.page(&self.lists, size).await?;
        let places: Vec<String> = (1..=members.len()).map(|place| format!("${place}")).collect();
        if members.is_empty() {
            return Ok((vec![], next));
        }
        let sql =
            format!("SELECT id, person, at FROM member WHERE id IN ({}) ORDER BY at, id", places.join(", "));
        let args = members.into_iter().map(Value::from).collect();
        let rows = self.lists.db().fetch(&sql, args).await?;
        let pair = |row: &Row| Ok((Last::new(row.i64(2)?, row.uuid(0)?), PersonId::new(row.uuid(1)?)));
        Ok((rows.iter().map(pair).collect::<Result<_, StoreError>>()?, next))
    }
}
