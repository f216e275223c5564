//! What every reader must know of people from the registry's log: who is linked with whom, who serves them, whom they allow what, which emergencies were
//! declared, who is restricted, what agencies are, and who works for them.
//! Invariant: names no person; a view that lags too far behind, or a person parked in it, counts as an unknown say, which closes reads across agencies.

pub mod deaths;
pub mod emergency;
mod group;
pub mod scope;
mod view;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kernel::may::{self, Say};
use kernel::time::{Holidays, Weekend};
use kernel::{
    AgencyId, Caller, Directive, DirectiveId, Emergency, EmergencyId, Occurred, PersonId, Role, Standing,
    WorkerId,
};
use prost::Message;
use proto::registry::{AgencyContent, ConsentScope, EmergencyDeclared, ReferralClocks};
use tokio::time::Instant;
use tonic::Status;
use uuid::Uuid;

use crate::args;
use crate::db::{Db, StoreError};
use crate::error;
use crate::lists::Query;
use crate::page::Last;
use crate::projection::{About, Kept, Views, parked_as};
use crate::wire::{from_date, from_occurred, weekday};

pub use emergency::Opened;
pub use group::Group;
pub use view::PeopleProjection;

/// A consent view further behind than this closes reads across agencies.
const STALE: Duration = Duration::from_secs(60);

/// How long who asks waits to hear what the registry has said.
const PATIENCE: Duration = Duration::from_secs(2);

/// People whose say is kept in memory.
const REMEMBERED: usize = 20_000;

/// What is told of a record, in one statement: its directives in force, emergencies that may run, links, who serves it, whether it is restricted, whether its events wait.
const TOLD: &str = "SELECT 'directive', id, id, scope FROM directive WHERE person = $1 \
    UNION ALL SELECT 'emergency', id, id, told FROM emergency WHERE person = $1 AND over = 0 \
    UNION ALL SELECT 'link', canonical, member, NULL FROM link WHERE (canonical = $1 OR member = $1) AND known_to IS NULL \
    UNION ALL SELECT 'serves', agency, agency, NULL FROM serving WHERE person = $1 \
    UNION ALL SELECT 'restricted', person, person, NULL FROM restricted WHERE person = $1 \
    UNION ALL SELECT 'parked', NULL, NULL, NULL FROM feed_parked WHERE subject = $2 OR subject = $3";

/// What readers ask of it. Clones are the same.
#[derive(Clone)]
pub struct People {
    views: Views,
    said: Kept<PersonId, Arc<Said>>,
    agencies: Kept<(), Agencies>,
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("People").finish_non_exhaustive()
    }
}

/// What a person says, so far as it is written down: whether the view is too far behind to count is asked each time.
struct Said {
    group: Vec<PersonId>,
    serving: Arc<BTreeSet<AgencyId>>,
    directives: Arc<[Directive]>,
    emergencies: Arc<[Emergency]>,
    restricted: bool,
    parked: bool,
}

/// What agencies are called.
pub type Names = Arc<HashMap<AgencyId, String>>;

/// What agencies are. Clones are the same.
#[derive(Clone)]
struct Agencies {
    names: Names,
    programmes: Arc<BTreeSet<AgencyId>>,
    pace: Arc<HashMap<AgencyId, Pace>>,
}

/// At which pace an agency works, as far as it says so. Clones are the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pace {
    /// Days on which it does not work beside weekends.
    pub holidays: Holidays,
    /// Days of the week on which it does not.
    pub weekend: Weekend,
    /// How long the clocks of referrals to it run; 0 for the default of each.
    pub referrals: ReferralClocks,
}

impl People {
    /// Over the views of [`PeopleProjection`].
    pub fn new(views: Views) -> Self {
        let (said, agencies) = (Kept::new(views.clone(), REMEMBERED), Kept::new(views.clone(), 1));
        Self { views, said, agencies }
    }

    /// The views themselves, to wait for.
    pub fn views(&self) -> &Views {
        &self.views
    }

    /// The records of one human: the person's own and those linked with it, the canonical one first.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn group(
        &self,
        person: PersonId,
        as_of: Option<Timestamp>,
    ) -> Result<Vec<PersonId>, StoreError> {
        let db = self.views.db();
        let as_of = as_of.map_or(i64::MAX, Timestamp::as_microsecond);
        let mut group = Group::of(person);
        while let Some(record) = group.unread() {
            let sql = "SELECT canonical, member FROM link WHERE (canonical = $1 OR member = $1) AND known_from <= $2 \
                       AND (known_to IS NULL OR known_to > $2)";
            for row in db.fetch(sql, args![record.uuid(), as_of]).await? {
                group.link(row.uuid(0)?, row.uuid(1)?);
            }
        }
        Ok(group.canonical_first())
    }

    /// What the person says about who may learn what, as known now. Directives are in the order in which they began.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn say(&self, person: PersonId) -> Result<Say, StoreError> {
        Ok(self.group_and_say(person).await?.1)
    }

    /// The records of one human, the canonical one first, and what the person says, as [`People::say`].
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn group_and_say(&self, person: PersonId) -> Result<(Vec<PersonId>, Say), StoreError> {
        let said = self.said.get(&person, |db| said(db, person)).await?;
        let say = Say {
            records: said.group.iter().copied().collect(),
            serving: said.serving.clone(),
            directives: said.directives.clone(),
            emergencies: said.emergencies.clone(),
            programmes: self.agencies_read().await?.programmes,
            restricted: said.restricted,
            unknown: said.parked || self.stale(),
        };
        Ok((said.group.clone(), say))
    }

    /// Whether a caller who sees what a service wrote of a person without the person's say ([`may::see_own`]) sees what tells where they are: of whoever is
    /// restricted, those who run or audit the system do not.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn may_find(&self, caller: &Caller, person: PersonId) -> Result<bool, StoreError> {
        Ok(match caller.role {
            Role::Operator | Role::Auditor => may::find(caller, &self.say(person).await?),
            Role::Worker | Role::Recorder | Role::Person | Role::Service => true,
        })
    }

    /// The agencies that are 42 CFR Part 2 programmes or ever were, as known now.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn programmes(&self) -> Result<Arc<BTreeSet<AgencyId>>, StoreError> {
        Ok(self.agencies_read().await?.programmes)
    }

    /// What agencies are called; read again when the view has read on.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn agencies(&self) -> Result<Names, StoreError> {
        Ok(self.agencies_read().await?.names)
    }

    /// Waits until all is known as the registry's log has it now.
    ///
    /// # Errors
    /// UNAVAILABLE, reason REGISTRY_UNKNOWN: the registry cannot be asked.
    pub async fn told_all(&self) -> Result<(), Status> {
        if self.views.up_to_now(Instant::now() + PATIENCE).await {
            return Ok(());
        }
        Err(error::registry_unknown())
    }

    /// The agency that a worker works for or, if they have left, worked for last, as known now; none where nobody knows them.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn worked_for(&self, worker: WorkerId) -> Result<Option<AgencyId>, StoreError> {
        let rows =
            self.views.db().fetch("SELECT agency FROM worker WHERE id = $1", args![worker.uuid()]).await?;
        rows.first().map(|row| row.uuid(0).map(AgencyId::new)).transpose()
    }

    /// The agency that a worker works for, as known now; none where nobody knows them, or they have left.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn works_for(&self, worker: WorkerId) -> Result<Option<AgencyId>, StoreError> {
        let sql = "SELECT agency FROM worker WHERE id = $1 AND gone = 0";
        let rows = self.views.db().fetch(sql, args![worker.uuid()]).await?;
        rows.first().map(|row| row.uuid(0).map(AgencyId::new)).transpose()
    }

    /// At which pace an agency works, as known now.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn pace(&self, agency: AgencyId) -> Result<Pace, StoreError> {
        Ok(self.agencies_read().await?.pace.get(&agency).cloned().unwrap_or_default())
    }

    async fn agencies_read(&self) -> Result<Agencies, StoreError> {
        let read = self.agencies.get(&(), |db| async move {
            let (mut names, mut programmes, mut pace) = (HashMap::new(), BTreeSet::new(), HashMap::new());
            for row in db.fetch("SELECT id, name, part2, pace FROM agency", vec![]).await? {
                let agency = AgencyId::new(row.uuid(0)?);
                names.insert(agency, row.text(1)?);
                if row.bool(2)? {
                    programmes.insert(agency);
                }
                if let Some(said) = row.opt_bytes(3)? {
                    pace.insert(agency, pace_of(agency, &said)?);
                }
            }
            let (names, programmes) = (Arc::new(names), Arc::new(programmes));
            let agencies = Agencies { names, programmes, pace: Arc::new(pace) };
            Ok((agencies, About::Everything))
        });
        read.await
    }

    /// The people whom this agency serves, by id, those after that one alone.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn served_by(
        &self,
        agency: AgencyId,
        after: Option<PersonId>,
        at_most: usize,
    ) -> Result<Vec<PersonId>, StoreError> {
        let after = after.map_or(Uuid::nil(), PersonId::uuid);
        let sql = format!(
            "SELECT person FROM serving WHERE agency = $1 AND person > $2 ORDER BY person LIMIT {at_most}"
        );
        let rows = self.views.db().fetch(&sql, args![agency.uuid(), after]).await?;
        rows.iter().map(|row| row.uuid(0).map(PersonId::new)).collect()
    }

    /// Whether the person died, by what is told of any of the records of that human.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn died(&self, person: PersonId) -> Result<bool, StoreError> {
        let db = self.views.db();
        for record in self.group(person, None).await? {
            let told = db.fetch("SELECT 1 FROM death WHERE person = $1", args![record.uuid()]).await?;
            if !told.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// When the person died, by what was told first of any of the records of that human; none where they live, or no time was told.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn died_at(&self, person: PersonId) -> Result<Option<Occurred>, StoreError> {
        let (db, mut earliest) = (self.views.db(), None);
        for record in self.group(person, None).await? {
            for row in db.fetch("SELECT died FROM death WHERE person = $1", args![record.uuid()]).await? {
                let told = row.opt_bytes(0)?.and_then(|at| proto::types::Occurred::decode(&*at).ok());
                let told = told.as_ref().and_then(from_occurred);
                earliest = [earliest, told].into_iter().flatten().min_by_key(|told: &Occurred| told.at);
            }
        }
        Ok(earliest)
    }

    /// What emergencies opened, of these records of a person and of this agency's, or of all where none is named: newest first, and the last row where more
    /// follow.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn opened(
        &self,
        people: &[PersonId],
        discloser: Option<AgencyId>,
        (after, size): (&Last, usize),
    ) -> Result<(Vec<Opened>, Option<Last>), StoreError> {
        let mut query = Query::newest("opened", "at", after);
        if !people.is_empty() {
            query.among("person", people.iter().map(|person| person.uuid()));
        }
        query.only_if("discloser = {}", discloser.map(AgencyId::uuid));
        let (found, next) = query.page(&self.views, size).await?;
        let sql = "SELECT opened.person, opened.discloser, emergency.id, emergency.told, emergency.until, emergency.in_error FROM opened \
                   JOIN emergency ON emergency.person = opened.person AND emergency.id = opened.emergency WHERE opened.id = $1";
        let mut opened = Vec::with_capacity(found.len());
        for id in found {
            for row in self.views.db().fetch(sql, args![id]).await? {
                let (told, judged) = emergency(EmergencyId::new(row.uuid(2)?), &row.bytes(3)?)?;
                let (person, discloser) = (PersonId::new(row.uuid(0)?), AgencyId::new(row.uuid(1)?));
                let until = Timestamp::from_microsecond(row.i64(4)?).unwrap_or(judged.until);
                opened.push(Opened {
                    id,
                    person,
                    discloser,
                    at: judged.from,
                    until,
                    in_error: row.bool(5)?,
                    told,
                });
            }
        }
        Ok((opened, next))
    }

    /// How many people this agency serves.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn serves_how_many(&self, agency: AgencyId) -> Result<usize, StoreError> {
        let rows = self
            .views
            .db()
            .fetch("SELECT count(*) FROM serving WHERE agency = $1", args![agency.uuid()])
            .await?;
        Ok(rows.first().map_or(Ok(0), |row| row.u64(0))? as usize)
    }

    fn stale(&self) -> bool {
        self.views.lag().iter().any(|lag| lag.seconds > STALE.as_secs_f64())
    }
}

/// Reads what a person says, of all records of that human.
async fn said(db: Db, person: PersonId) -> Result<(Arc<Said>, About), StoreError> {
    let mut group = Group::of(person);
    let (mut directives, mut emergencies, mut serving) = (vec![], vec![], BTreeSet::new());
    let (mut restricted, mut parked) = (false, false);
    while let Some(record) = group.unread() {
        let [own, partition] = parked_as(record);
        for row in db.fetch(TOLD, args![record.uuid(), own, partition]).await? {
            match row.text(0)?.as_str() {
                "directive" => directives.push(directive(DirectiveId::new(row.uuid(1)?), &row.bytes(3)?)?),
                "emergency" => emergencies.push(emergency(EmergencyId::new(row.uuid(1)?), &row.bytes(3)?)?.1),
                "link" => group.link(row.uuid(1)?, row.uuid(2)?),
                "restricted" => restricted = true,
                "serves" => {
                    serving.insert(AgencyId::new(row.uuid(1)?));
                }
                _ => parked = true,
            }
        }
    }
    let group = group.canonical_first();
    directives.sort_by_key(|directive| (directive.scope.from, directive.id));
    emergencies.sort_by_key(|emergency| (emergency.from, emergency.id));
    let about = if parked { About::Nothing } else { About::People(group.clone()) };
    let (directives, emergencies) = (directives.into(), emergencies.into());
    let said = Said { group, serving: Arc::new(serving), directives, emergencies, restricted, parked };
    Ok((Arc::new(said), about))
}

/// An agency's pace as the view holds it.
fn pace_of(agency: AgencyId, bytes: &[u8]) -> Result<Pace, StoreError> {
    let damaged = || StoreError::Unusable(format!("the working days of agency {agency} are damaged"));
    let content = AgencyContent::decode(bytes).map_err(|_| damaged())?;
    let days: Option<BTreeSet<_>> = content.holidays.iter().map(from_date).collect();
    let holidays = days.map(Holidays::new).ok_or_else(damaged)?;
    let weekend = Weekend::of(content.weekend_days.iter().filter_map(|day| weekday(day)));
    Ok(Pace { holidays, weekend, referrals: content.referral_clocks.unwrap_or_default() })
}

/// An emergency as the view holds it, with all that was told of it.
fn emergency(id: EmergencyId, told: &[u8]) -> Result<(EmergencyDeclared, Emergency), StoreError> {
    let told = EmergencyDeclared::decode(told).ok();
    let read = told.and_then(|told| emergency::parse(&told).ok().map(|judged| (told, judged)));
    read.ok_or_else(|| StoreError::Unusable(format!("emergency {id} is damaged")))
}

/// A directive as the view holds it: whatever is there was given and has not ended.
fn directive(id: DirectiveId, scope: &[u8]) -> Result<Directive, StoreError> {
    let scope = ConsentScope::decode(scope).ok().and_then(|scope| scope::parse("scope", Some(&scope)).ok());
    let scope =
        scope.ok_or_else(|| StoreError::Unusable(format!("the scope of directive {id} is damaged")))?;
    Ok(Directive { id, standing: Standing::Active, scope })
}
