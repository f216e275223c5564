//! What every reader must know of people from the registry's log: who is linked with whom, whom they allow to see, and what agencies are called.
//! Invariant: names no person; a view that lags too far behind, or a person parked in it, counts as an unknown say, which closes reads across agencies.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use kernel::may::Say;
use kernel::{AgencyId, PersonId};
use prost::Message;
use proto::registry::RegistryEvent;
use proto::registry::registry_event::Kind;
use uuid::Uuid;

use crate::args;
use crate::db::{Db, Row, StoreError, Tx};
use crate::projection::{About, ApplyError, Kept, Projection, Read, Views, parked_as};

/// A consent view further behind than this closes reads across agencies.
const STALE: Duration = Duration::from_secs(60);

/// People whose say is kept in memory.
const REMEMBERED: usize = 20_000;

/// The projection; each service that needs it keeps its own.
pub struct PeopleProjection;

/// What is told of a record, in one statement: links, a recipient's consent, whether its events wait.
const TOLD: &str = "SELECT 'link', canonical, member, 1 FROM link WHERE (canonical = $1 OR member = $1) AND known_to IS NULL \
    UNION ALL SELECT 'consent', recipient, recipient, given FROM consent WHERE person = $1 \
    UNION ALL SELECT 'parked', NULL, NULL, 1 FROM feed_parked WHERE subject = $2 OR subject = $3";

/// What readers ask of it. Clones are the same.
#[derive(Clone)]
pub struct People {
    views: Views,
    said: Kept<PersonId, Arc<Said>>,
    names: Kept<(), Names>,
}

/// What a person says, so far as it is written down: whether the view is too far behind to count is asked each time.
struct Said {
    group: Vec<PersonId>,
    recipients: BTreeSet<AgencyId>,
    parked: bool,
}

/// What agencies are called.
pub type Names = Arc<HashMap<AgencyId, String>>;

impl Projection for PeopleProjection {
    fn name(&self) -> &'static str {
        "people"
    }
    fn version(&self) -> u32 {
        1
    }
    fn sources(&self) -> &[&'static str] {
        &["registry"]
    }

    fn tables(&self, _postgres: bool) -> Vec<String> {
        [
            "CREATE TABLE link (canonical uuid NOT NULL, member uuid NOT NULL, known_from bigint NOT NULL, known_to bigint, \
             PRIMARY KEY (canonical, member, known_from))",
            "CREATE INDEX link_member ON link (member)",
            "CREATE TABLE consent (person uuid NOT NULL, recipient uuid NOT NULL, given bigint NOT NULL, event text NOT NULL, \
             PRIMARY KEY (person, recipient))",
            "CREATE TABLE agency (id uuid PRIMARY KEY, name text NOT NULL, zone text NOT NULL)",
        ]
        .map(str::to_owned)
        .into()
    }

    fn apply<'a>(
        &'a self,
        tx: &'a mut Tx,
        _source: &'a str,
        read: &'a Read,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            let kind = RegistryEvent::decode(read.event.payload.clone())
                .map_err(|_| ApplyError::Poison("its payload is damaged".into()))?
                .kind
                .ok_or_else(|| ApplyError::Poison("a newer release wrote it".into()))?;
            let at = read.recorded.recorded_at.as_microsecond();
            #[allow(clippy::wildcard_enum_match_arm, reason = "only these kinds say what this view keeps")]
            match kind {
                Kind::PersonsLinked(link) => {
                    let (canonical, member) = (id(&link.canonical_id)?, id(&link.member_id)?);
                    // Both records' events tell it, and both were recorded at one time.
                    tx.execute(
                        "INSERT INTO link (canonical, member, known_from) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                        args![canonical, member, at],
                    )
                    .await?;
                }
                Kind::PersonsUnlinked(link) => {
                    let (canonical, member) = (id(&link.canonical_id)?, id(&link.member_id)?);
                    tx.execute(
                        "UPDATE link SET known_to = $3 WHERE canonical = $1 AND member = $2 AND known_to IS NULL AND known_from <= $3",
                        args![canonical, member, at],
                    )
                    .await?;
                }
                Kind::ConsentGiven(consent) => {
                    let (person, recipient) = (id(&consent.person_id)?, id(&consent.recipient_agency_id)?);
                    set_consent(tx, person, recipient, true, &read.event.id).await?;
                }
                Kind::ConsentWithdrawn(consent) => {
                    let (person, recipient) = (id(&consent.person_id)?, id(&consent.recipient_agency_id)?);
                    set_consent(tx, person, recipient, false, &read.event.id).await?;
                }
                Kind::AgencyRegistered(agency) => set_agency(tx, &agency.agency_id, agency.content).await?,
                Kind::AgencyChanged(agency) => set_agency(tx, &agency.agency_id, agency.content).await?,
                Kind::AgencyRecorded(agency) => set_agency(tx, &agency.agency_id, agency.content).await?,
                _ => {}
            }
            Ok(())
        })
    }
}

fn id(text: &str) -> Result<Uuid, ApplyError> {
    Uuid::try_parse(text).map_err(|_| ApplyError::Poison("an id in it is damaged".into()))
}

async fn set_consent(
    tx: &mut Tx,
    person: Uuid,
    recipient: Uuid,
    given: bool,
    event: &str,
) -> Result<(), ApplyError> {
    tx.execute(
        "INSERT INTO consent (person, recipient, given, event) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (person, recipient) DO UPDATE SET given = excluded.given, event = excluded.event",
        args![person, recipient, given, event],
    )
    .await?;
    Ok(())
}

async fn set_agency(
    tx: &mut Tx,
    agency: &str,
    content: Option<proto::registry::AgencyContent>,
) -> Result<(), ApplyError> {
    let content = content.ok_or_else(|| ApplyError::Poison("it has no content".into()))?;
    tx.execute(
        "INSERT INTO agency (id, name, zone) VALUES ($1, $2, $3) \
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, zone = excluded.zone",
        args![id(agency)?, content.name, content.zone],
    )
    .await?;
    Ok(())
}

impl People {
    /// Over the views of [`PeopleProjection`].
    pub fn new(views: Views) -> Self {
        Self { said: Kept::new(views.clone(), REMEMBERED), names: Kept::new(views.clone(), 1), views }
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

    /// What the person says about who sees their facts, now.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn say(&self, person: PersonId) -> Result<Say, StoreError> {
        Ok(self.group_and_say(person).await?.1)
    }

    /// The records of one human, the canonical one first, and what the person says about who sees their facts, now.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn group_and_say(&self, person: PersonId) -> Result<(Vec<PersonId>, Say), StoreError> {
        let said = self.said.get(&person, |db| said(db, person)).await?;
        let say = Say {
            records: said.group.iter().copied().collect(),
            recipients: said.recipients.clone(),
            unknown: said.parked || self.stale(),
        };
        Ok((said.group.clone(), say))
    }

    /// The person's consent that names this recipient, by the id of its event; none where there is none, or it cannot be told now.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn consent(&self, person: PersonId, recipient: AgencyId) -> Result<Option<String>, StoreError> {
        if !self.say(person).await?.recipients.contains(&recipient) || self.stale() {
            return Ok(None);
        }
        for record in self.group(person, None).await? {
            let sql = "SELECT event FROM consent WHERE person = $1 AND recipient = $2 AND given = 1";
            if let Some(row) =
                self.views.db().fetch(sql, args![record.uuid(), recipient.uuid()]).await?.first()
            {
                return row.text(0).map(Some);
            }
        }
        Ok(None)
    }

    /// What agencies are called; read again when the view has read on.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn agencies(&self) -> Result<Names, StoreError> {
        let names = self.names.get(&(), |db| async move {
            let rows = db.fetch("SELECT id, name FROM agency", vec![]).await?;
            let name = |row: &Row| Ok((AgencyId::new(row.uuid(0)?), row.text(1)?));
            let names = rows.iter().map(name).collect::<Result<_, StoreError>>()?;
            Ok((Arc::new(names), About::Everything))
        });
        names.await
    }

    fn stale(&self) -> bool {
        self.views.lag().iter().any(|lag| lag.seconds > STALE.as_secs_f64())
    }
}

/// Reads what a person says, of all records of that human.
async fn said(db: Db, person: PersonId) -> Result<(Arc<Said>, About), StoreError> {
    let mut group = Group::of(person);
    let mut given_to: BTreeMap<Uuid, bool> = BTreeMap::new();
    let mut parked = false;
    while let Some(record) = group.unread() {
        let [own, partition] = parked_as(record);
        for row in db.fetch(TOLD, args![record.uuid(), own, partition]).await? {
            match row.text(0)?.as_str() {
                "link" => group.link(row.uuid(1)?, row.uuid(2)?),
                "parked" => parked = true,
                _ => {
                    // A no on any of the records stands.
                    let given = row.bool(3)?;
                    given_to.entry(row.uuid(1)?).and_modify(|all| *all &= given).or_insert(given);
                }
            }
        }
    }
    let group = group.canonical_first();
    let recipients =
        given_to.into_iter().filter(|(_, given)| *given).map(|(agency, _)| AgencyId::new(agency));
    let about = if parked { About::Nothing } else { About::People(group.clone()) };
    Ok((Arc::new(Said { group, recipients: recipients.collect(), parked }), about))
}

/// Records that are one human, as their links are met.
pub struct Group {
    records: BTreeSet<Uuid>,
    members: BTreeSet<Uuid>,
    /// Records whose links are still to be read.
    look_at: Vec<Uuid>,
}

impl Group {
    /// Of whoever is linked with this record.
    pub fn of(person: PersonId) -> Self {
        let person = person.uuid();
        Self { records: [person].into(), members: BTreeSet::new(), look_at: vec![person] }
    }

    /// The next record whose links are to be read.
    pub fn unread(&mut self) -> Option<PersonId> {
        self.look_at.pop().map(PersonId::new)
    }

    /// A link of it.
    pub fn link(&mut self, canonical: Uuid, member: Uuid) {
        self.members.insert(member);
        for other in [canonical, member] {
            if self.records.insert(other) {
                self.look_at.push(other);
            }
        }
    }

    /// All of them, once no more are left to be read.
    pub fn canonical_first(self) -> Vec<PersonId> {
        let mut group: Vec<PersonId> = self.records.into_iter().map(PersonId::new).collect();
        // The canonical record is a member of no other; should links contradict each other, the lowest id leads.
        group.sort_by_key(|record| (self.members.contains(&record.uuid()), *record));
        group
    }
}
