//! Participations as rows, and who takes part in what.
//! Invariant: one that was entered in error is listed no more; what a source tells again changes no place in the list.

use kernel::{AgencyId, Occurred, OfferId, PersonId, WorkerId};
use platform::args;
use platform::db::Rows;
use platform::lists::{Logged, Query};
use platform::page::Last;
use proto::referrals::ParticipationState as State;
use tonic::Status;
use uuid::Uuid;

use super::View;
use super::lists::assign;
use crate::domain::participation::{Event, Facts};

/// `state` is as the contract numbers it, and 0 of what was entered in error; `at` is when it was first recorded here.
pub(super) const TABLE: &str = "CREATE TABLE participation (id uuid PRIMARY KEY, person uuid NOT NULL, agency uuid NOT NULL, \
     offer uuid NOT NULL, at bigint NOT NULL, state bigint NOT NULL, assignee uuid)";

/// Of what goes on or rests.
pub(super) const OPEN: &str = "state IN (1, 2)";

/// What rests here rests on while its source tells no end of it.
const TAKES_PART: &str = "INSERT INTO participation (id, person, agency, offer, at, state) VALUES {rows} \
     ON CONFLICT (id) DO UPDATE SET person = excluded.person, agency = excluded.agency, offer = excluded.offer, \
     state = CASE WHEN participation.state = 2 AND excluded.state = 1 THEN 2 ELSE excluded.state END";
const STATE: &str = "WITH given (id, state) AS (VALUES {rows}) \
     UPDATE participation SET state = given.state FROM given WHERE participation.id = given.id";
const ASSIGNED: &str = "WITH given (id, worker) AS (VALUES {rows}) \
     UPDATE participation SET assignee = given.worker FROM given WHERE participation.id = given.id";
const NOBODYS: &str = "UPDATE participation SET assignee = NULL WHERE id IN (VALUES {rows})";

pub(super) fn apply(logged: &Logged<'_>, event: &Event, rows: &mut Rows) {
    let id = logged.id;
    let mut takes_part = |facts: &Facts, state: State| {
        let (person, agency, offer) = (facts.person.uuid(), facts.agency.uuid(), facts.offer.uuid());
        rows.put(&[id], TAKES_PART, [args![id, person, agency, offer, logged.at(), i32::from(state)]]);
    };
    match event {
        Event::Started { facts, .. } => takes_part(facts, State::Active),
        Event::Recorded { told, .. } => {
            takes_part(&told.facts, if told.ended.is_none() { State::Active } else { State::Ended });
        }
        Event::Assigned { worker, .. } => assign(id, *worker, (ASSIGNED, NOBODYS), rows),
        Event::Paused { .. } => stands(id, State::Paused, rows),
        Event::Resumed { .. } => stands(id, State::Active, rows),
        Event::Ended { .. } => stands(id, State::Ended, rows),
        Event::EnteredInError { .. } => {
            stands(id, State::Unspecified, rows);
            assign(id, None, (ASSIGNED, NOBODYS), rows);
        }
        Event::ContactMade { .. } | Event::PlanNamed { .. } => {}
    }
}

fn stands(id: Uuid, state: State, rows: &mut Rows) {
    rows.put(&[id], STATE, [args![id, i32::from(state)]]);
}

/// Which participations.
pub struct ParticipationFilter {
    /// In programmes of this agency.
    pub agency: Option<AgencyId>,
    /// Of this person.
    pub person: Option<PersonId>,
    /// That this worker takes care of.
    pub assignee: Option<WorkerId>,
    /// In what this offer offers.
    pub offer: Option<OfferId>,
    /// In these states, as the contract numbers them; none means all.
    pub states: Vec<i64>,
    /// After this row.
    pub after: Last,
    /// So many.
    pub size: usize,
}

impl View {
    /// Participations, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn participations(
        &self,
        filter: &ParticipationFilter,
    ) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        let mut query = Query::newest("participation", "at", &filter.after);
        query.only_if("agency = {}", filter.agency.map(AgencyId::uuid));
        query.only_if("person = {}", filter.person.map(PersonId::uuid));
        query.only_if("assignee = {}", filter.assignee.map(WorkerId::uuid));
        query.only_if("offer = {}", filter.offer.map(OfferId::uuid));
        query.in_states(&filter.states);
        query.only("state <> {}", i32::from(State::Unspecified));
        Ok(query.page(&self.lists, filter.size).await?)
    }

    /// The participations of a record that are not over, by id.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn takes_part(&self, person: PersonId) -> Result<Vec<Uuid>, Status> {
        let sql = format!("SELECT id FROM participation WHERE person = $1 AND {OPEN} ORDER BY id");
        let rows = self.lists.db().fetch(&sql, args![person.uuid()]).await?;
        Ok(rows.iter().map(|row| row.uuid(0)).collect::<Result<_, _>>()?)
    }

    /// When the person of a participation died, as the registry last told; none where they live, or no time was told.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn died_at(&self, participation: Uuid) -> Result<Option<Occurred>, Status> {
        let sql = "SELECT person FROM participation WHERE id = $1";
        let rows = self.lists.db().fetch(sql, args![participation]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(self.people.died_at(PersonId::new(row.uuid(0)?)).await?)
    }
}
