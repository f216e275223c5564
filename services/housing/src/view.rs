//! The service's own lists: which groups, units and placements there are, by the columns that lists filter on.
//! Invariant: it holds ids, codes and days alone; what a list shows of a record is folded from the log, so it is never older than the record.

use kernel::{AgencyId, Day, Decider, PersonId, Timestamp, UnitGroupId, WorkerId};
use platform::args;
use platform::db::Rows;
use platform::lists::{self, Logged, Query};
use platform::page::Last;
use platform::projection::{ApplyError, Views};
use platform::records::Tells;
use tonic::Status;
use uuid::Uuid;

use crate::domain::group::{self, UnitGroup};
use crate::domain::placement::{self, Placement};
use crate::domain::unit::{self, Unit};
use crate::wire;

/// The projection.
pub struct Lists;

/// What the service asks of its lists. Clones are the same.
#[derive(Clone)]
pub struct View(Views);

/// Which placements.
pub struct PlacementFilter {
    /// Of this agency's groups.
    pub agency: Option<AgencyId>,
    /// Of this person.
    pub person: Option<PersonId>,
    /// Of this group.
    pub group: Option<UnitGroupId>,
    /// That this worker takes care of.
    pub worker: Option<WorkerId>,
    /// In these states, as the contract numbers them; none means all but those entered in error.
    pub states: Vec<i64>,
    /// After this row.
    pub after: Last,
    /// So many.
    pub size: usize,
}

/// What an identifier of an agency's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A unit group.
    Group,
    /// A unit.
    Unit,
}

impl Named {
    fn text(self) -> &'static str {
        match self {
            Self::Group => UnitGroup::CATEGORY,
            Self::Unit => Unit::CATEGORY,
        }
    }
}

const GROUP: &str = "INSERT INTO unit_group (id, agency, at) VALUES {rows} ON CONFLICT (id) DO NOTHING";
const NO_GROUP: &str = "DELETE FROM unit_group WHERE id IN (VALUES {rows})";
const UNIT: &str = "INSERT INTO unit (id, unit_group, at) VALUES {rows} ON CONFLICT (id) DO NOTHING";
const NO_UNIT: &str = "DELETE FROM unit WHERE id IN (VALUES {rows})";
const NAME: &str =
    "INSERT INTO identifier (agency, kind, system, value, id) VALUES {rows} ON CONFLICT DO NOTHING";
const NO_NAME: &str = "DELETE FROM identifier WHERE id IN (VALUES {rows})";
const PLACEMENT: &str = "INSERT INTO placement (id, person, agency, unit_group, state, entered, exited, at) VALUES {rows} \
     ON CONFLICT (id) DO UPDATE SET person = excluded.person, unit_group = excluded.unit_group, state = excluded.state, \
     entered = excluded.entered, exited = excluded.exited";
const WORKER: &str = "WITH given (id, worker, at) AS (VALUES {rows}) \
     UPDATE placement SET worker = given.worker, assigned = given.at FROM given WHERE placement.id = given.id";
const NOBODYS: &str = "UPDATE placement SET worker = NULL WHERE id IN (VALUES {rows})";
const STATE: &str = "WITH given (id, state) AS (VALUES {rows}) \
     UPDATE placement SET state = given.state FROM given WHERE placement.id = given.id";
const ENTERED: &str = "WITH given (id, state, day) AS (VALUES {rows}) \
     UPDATE placement SET state = given.state, entered = given.day FROM given WHERE placement.id = given.id";
const EXITED: &str = "WITH given (id, state, day) AS (VALUES {rows}) \
     UPDATE placement SET state = given.state, exited = given.day FROM given WHERE placement.id = given.id";

impl lists::Lists for Lists {
    const VERSION: u32 = 3;
    const TELLS: Tells = wire::TELLS;

    fn tables(&self, _postgres: bool) -> Vec<String> {
        [
            "CREATE TABLE unit_group (id uuid PRIMARY KEY, agency uuid NOT NULL, at bigint NOT NULL)",
            "CREATE INDEX unit_group_newest ON unit_group (at, id)",
            "CREATE TABLE unit (id uuid PRIMARY KEY, unit_group uuid NOT NULL, at bigint NOT NULL)",
            "CREATE INDEX unit_newest ON unit (unit_group, at, id)",
            "CREATE TABLE identifier (agency uuid NOT NULL, kind text NOT NULL, system text NOT NULL, value text NOT NULL, \
             id uuid NOT NULL, PRIMARY KEY (agency, kind, system, value, id))",
            "CREATE INDEX identifier_id ON identifier (id)",
            // Days are counted from 1970; an open placement has no day of exit.
            "CREATE TABLE placement (id uuid PRIMARY KEY, person uuid NOT NULL, agency uuid NOT NULL, unit_group uuid NOT NULL, \
             state bigint NOT NULL, entered bigint, exited bigint, at bigint NOT NULL, worker uuid, assigned bigint)",
            "CREATE INDEX placement_worker ON placement (worker)",
            "CREATE INDEX placement_agency ON placement (agency, at, id)",
            "CREATE INDEX placement_person ON placement (person, at, id)",
            "CREATE INDEX placement_group ON placement (unit_group, at, id)",
        ]
        .map(str::to_owned)
        .into()
    }

    async fn apply(&self, logged: &Logged<'_>, rows: &mut Rows) -> Result<(), ApplyError> {
        match logged.category {
            UnitGroup::CATEGORY => apply_group(logged, &logged.event::<UnitGroup>()?, rows),
            Unit::CATEGORY => apply_unit(logged, &logged.event::<Unit>()?, rows),
            Placement::CATEGORY => apply_placement(logged, &logged.event::<Placement>()?, rows),
            // Diaries and living situations are read one by one; they are in no list.
            _ => {}
        }
        Ok(())
    }
}

fn apply_group(logged: &Logged<'_>, event: &group::Event, rows: &mut Rows) {
    let id = logged.id;
    match event {
        group::Event::Published { agency, content, .. } | group::Event::Recorded { agency, content, .. } => {
            rows.put(&[id], GROUP, [args![id, agency.uuid(), logged.at()]]);
            name(*agency, Named::Group, id, &content.identifiers, rows);
        }
        group::Event::EnteredInError { .. } => {
            rows.put(&[id], NO_GROUP, [args![id]]);
            rows.put(&[id], NO_NAME, [args![id]]);
        }
        group::Event::CapacitySet { .. }
        | group::Event::CapacityRecorded { .. }
        | group::Event::CapacityEnteredInError { .. }
        | group::Event::Closed => {}
    }
}

fn apply_unit(logged: &Logged<'_>, event: &unit::Event, rows: &mut Rows) {
    let id = logged.id;
    match event {
        unit::Event::Published { belongs, content } => {
            rows.put(&[id], UNIT, [args![id, belongs.group.uuid(), logged.at()]]);
            name(belongs.agency, Named::Unit, id, &content.identifiers, rows);
        }
        unit::Event::EnteredInError => {
            rows.put(&[id], NO_UNIT, [args![id]]);
            rows.put(&[id], NO_NAME, [args![id]]);
        }
        unit::Event::Archived => {}
    }
}

fn name(agency: AgencyId, named: Named, id: Uuid, identifiers: &[(String, String)], rows: &mut Rows) {
    rows.put(&[id], NO_NAME, [args![id]]);
    let name = |(system, value): &(String, String)| {
        args![agency.uuid(), named.text(), system.as_str(), value.as_str(), id]
    };
    rows.put(&[id], NAME, identifiers.iter().map(name));
}

fn apply_placement(logged: &Logged<'_>, event: &placement::Event, rows: &mut Rows) {
    use placement::Event as E;
    use proto::housing::PlacementState as State;
    let state = match event {
        E::Matched { facts, .. } => return insert(logged, facts, State::Matched, None, None, rows),
        E::Recorded { recorded, .. } => {
            let stay = recorded.stay();
            let state = match (stay.exited, stay.moved_in) {
                (Some(_), _) => State::Exited,
                (None, Some(_)) => State::MovedIn,
                (None, None) => State::Admitted,
            };
            return insert(logged, &recorded.told.facts, state, Some(stay.admitted), stay.exited, rows);
        }
        E::Offered { .. } => State::Offered,
        E::Accepted { .. } => State::Accepted,
        E::Declined { .. } => State::Declined,
        E::Refused { .. } => State::Refused,
        E::NotArrived { .. } => State::NotArrived,
        E::Cancelled { .. } => State::Cancelled,
        E::Withdrawn { .. } => State::Withdrawn,
        E::MovedIn { .. } => State::MovedIn,
        E::EnteredInError { .. } => State::EnteredInError,
        E::Admitted { on, .. } => return turn_on(logged.id, ENTERED, State::Admitted, *on, rows),
        E::Exited { on, .. } => return turn_on(logged.id, EXITED, State::Exited, *on, rows),
        E::WorkerAssigned { worker: Some(worker), .. } => {
            return rows.put(&[logged.id], WORKER, [args![logged.id, worker.uuid(), logged.happened()]]);
        }
        E::WorkerAssigned { worker: None, .. } => return rows.put(&[logged.id], NOBODYS, [args![logged.id]]),
        E::UnitAssigned { .. }
        | E::PlanNamed { .. }
        | E::NightsCounted { .. }
        | E::NightsEnteredInError { .. } => {
            return;
        }
    };
    rows.put(&[logged.id], STATE, [args![logged.id, i32::from(state)]]);
}

fn turn_on(id: Uuid, sql: &'static str, state: proto::housing::PlacementState, on: Day, rows: &mut Rows) {
    rows.put(&[id], sql, [args![id, i32::from(state), number(on)]]);
}

fn insert(
    logged: &Logged<'_>,
    facts: &placement::Facts,
    state: proto::housing::PlacementState,
    entered: Option<Day>,
    exited: Option<Day>,
    rows: &mut Rows,
) {
    let row = args![
        facts.id.uuid(),
        facts.person.uuid(),
        facts.agency.uuid(),
        facts.group.uuid(),
        i32::from(state),
        entered.map(number),
        exited.map(number),
        logged.at()
    ];
    rows.put(&[logged.id], PLACEMENT, [row]);
}

/// The days since 1970.
fn number(day: Day) -> i64 {
    i64::from((day - Day::constant(1970, 1, 1)).get_days())
}

impl View {
    /// Over the service's own lists.
    pub fn new(lists: Views) -> Self {
        Self(lists)
    }

    /// Waits until the lists have seen these revisions, a little while.
    ///
    /// # Errors
    /// A text that is no revision.
    pub async fn wait(&self, at_least: &[String]) -> Result<(), Status> {
        lists::wait(at_least, &[&self.0]).await
    }

    /// The placements of a record that nobody is admitted to yet and that may come to be, the oldest first.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn to_come(&self, person: PersonId) -> Result<Vec<Uuid>, Status> {
        use proto::housing::PlacementState as State;
        let states = [State::Matched, State::Offered, State::Accepted];
        let states = states.map(|state| i32::from(state).to_string()).join(", ");
        let sql =
            format!("SELECT id FROM placement WHERE person = $1 AND state IN ({states}) ORDER BY at, id");
        let rows = self.0.db().fetch(&sql, args![person.uuid()]).await?;
        Ok(rows.iter().map(|row| row.uuid(0)).collect::<Result<_, _>>()?)
    }

    /// The placements of an agency that have not ended and that this worker takes care of and did at that instant, by id.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn theirs(
        &self,
        agency: AgencyId,
        worker: WorkerId,
        then: Timestamp,
    ) -> Result<Vec<Uuid>, Status> {
        use proto::housing::PlacementState as State;
        let open = [State::Matched, State::Offered, State::Accepted, State::Admitted, State::MovedIn];
        let open = open.map(|state| i32::from(state).to_string()).join(", ");
        let sql = format!(
            "SELECT id FROM placement WHERE worker = $1 AND agency = $2 AND assigned <= $3 AND state IN ({open}) ORDER BY id"
        );
        let rows =
            self.0.db().fetch(&sql, args![worker.uuid(), agency.uuid(), then.as_microsecond()]).await?;
        Ok(rows.iter().map(|row| row.uuid(0)).collect::<Result<_, _>>()?)
    }

    /// What the agency knows by that identifier.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn identified(
        &self,
        agency: Option<AgencyId>,
        named: Named,
        identifier: &proto::types::Identifier,
    ) -> Result<Option<Uuid>, Status> {
        let Some(agency) = agency else { return Ok(None) };
        let sql = "SELECT id FROM identifier WHERE agency = $1 AND kind = $2 AND system = $3 AND value = $4 ORDER BY id";
        let args = args![agency.uuid(), named.text(), identifier.system.as_str(), identifier.value.as_str()];
        let rows = self.0.db().fetch(sql, args).await?;
        Ok(rows.first().map(|row| row.uuid(0)).transpose()?)
    }

    /// Unit groups, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn groups(
        &self,
        agency: Option<AgencyId>,
        after: &Last,
        size: usize,
    ) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        let mut query = Query::newest("unit_group", "at", after);
        query.only_if("agency = {}", agency.map(AgencyId::uuid));
        Ok(query.page(&self.0, size).await?)
    }

    /// Units of a group, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn units(
        &self,
        group: UnitGroupId,
        after: &Last,
        size: usize,
    ) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        let mut query = Query::newest("unit", "at", after);
        query.only("unit_group = {}", group.uuid());
        Ok(query.page(&self.0, size).await?)
    }

    /// How many placements of a group are in the project on a day.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn open_placements(&self, group: UnitGroupId, on: Day) -> Result<u32, Status> {
        let in_error = i64::from(i32::from(proto::housing::PlacementState::EnteredInError));
        let sql = "SELECT count(*) FROM placement WHERE unit_group = $1 AND state <> $2 AND entered <= $3 \
                   AND (exited IS NULL OR exited > $3)";
        let rows = self.0.db().fetch(sql, args![group.uuid(), in_error, number(on)]).await?;
        let count = rows.first().map_or(Ok(0), |row| row.i64(0))?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Placements, newest first, and the last row where more follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn placements(&self, filter: &PlacementFilter) -> Result<(Vec<Uuid>, Option<Last>), Status> {
        let mut query = Query::newest("placement", "at", &filter.after);
        query.only_if("agency = {}", filter.agency.map(AgencyId::uuid));
        query.only_if("person = {}", filter.person.map(PersonId::uuid));
        query.only_if("unit_group = {}", filter.group.map(UnitGroupId::uuid));
        query.only_if("worker = {}", filter.worker.map(WorkerId::uuid));
        if filter.states.is_empty() {
            query.only("state <> {}", i32::from(proto::housing::PlacementState::EnteredInError));
        }
        query.in_states(&filter.states);
        Ok(query.page(&self.0, filter.size).await?)
    }
}
