//! Lists of findings: the service's own log, by person and by what must be visible.
//! Invariant: a page reads the classes that the caller may see and no others, so nothing withheld shows in counts, pages or time.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::BoxFuture;
use kernel::{Class, PersonId};
use platform::args;
use platform::db::{Db, Row, StoreError, Tx, Value};
use platform::page::Last;
use platform::people::People;
use platform::projection::{ApplyError, Projection, Read, Views};
use platform::wire::to_instant;
use prost::Message;
use proto::coordination as pb;
use proto::coordination::coordination_event::Kind;
use uuid::Uuid;

use crate::domain::Found;
use crate::{due, wire};

/// The projection of the service's own log.
pub struct FindingsProjection;

impl Projection for FindingsProjection {
    fn name(&self) -> &'static str {
        "findings"
    }
    fn version(&self) -> u32 {
        3
    }
    fn sources(&self) -> &[&'static str] {
        &["coordination"]
    }

    fn tables(&self, _postgres: bool) -> Vec<String> {
        [
            "CREATE TABLE finding (person uuid NOT NULL, class text NOT NULL, at bigint NOT NULL, id uuid NOT NULL, kind bigint NOT NULL, \
             rule text NOT NULL, changed bigint, cleared bigint, body bytea NOT NULL, PRIMARY KEY (person, class, at, id))",
            "CREATE INDEX finding_id ON finding (id)",
            "CREATE INDEX finding_open ON finding (rule, id) WHERE cleared IS NULL",
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
            let kind = pb::CoordinationEvent::decode(read.event.payload.clone())
                .map_err(|_| poison("its payload is damaged"))?
                .kind
                .ok_or_else(|| poison("a newer release wrote it"))?;
            let now = read.recorded.recorded_at.as_microsecond();
            match kind {
                Kind::FindingRaised(raised) => {
                    put(tx, read, &raised.finding_id, raised.content, (now, None)).await
                }
                Kind::FindingChanged(changed) => {
                    let id = id(&changed.finding_id)?;
                    let rows = tx.fetch("SELECT at FROM finding WHERE id = $1", args![id]).await?;
                    let at = rows.first().map(|row| row.i64(0)).transpose()?.unwrap_or(now);
                    tx.execute("DELETE FROM finding WHERE id = $1", args![id]).await?;
                    put(tx, read, &changed.finding_id, changed.content, (at, Some(now))).await
                }
                Kind::FindingCleared(cleared) => {
                    let id = id(&cleared.finding_id)?;
                    tx.execute("UPDATE finding SET cleared = $2 WHERE id = $1", args![id, now]).await?;
                    Ok(())
                }
            }
        })
    }
}

fn poison(why: &str) -> ApplyError {
    ApplyError::Poison(why.into())
}

fn id(text: &str) -> Result<Uuid, ApplyError> {
    Uuid::try_parse(text).map_err(|_| poison("an id in it is damaged"))
}

/// A row for each class that it is shown under.
async fn put(
    tx: &mut Tx,
    read: &Read,
    finding: &str,
    content: Option<pb::FindingContent>,
    (at, changed): (i64, Option<i64>),
) -> Result<(), ApplyError> {
    let person = id(&read.event.person_id)?;
    let body = content.as_ref().map(Message::encode_to_vec).unwrap_or_default();
    let (_, found): (_, Found) = wire::found(content).ok_or_else(|| poison("its content is damaged"))?;
    let kind = i64::from(i32::from(wire::kind(found.kind)));
    for class in found.classes() {
        tx.execute(
            "INSERT INTO finding (person, class, at, id, kind, rule, changed, cleared, body) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, NULL, $8)",
            args![person, class.key(), at, id(finding)?, kind, found.rule.as_str(), changed, body.clone()],
        )
        .await?;
    }
    Ok(())
}

/// What readers ask of the service's views. Clones are the same.
#[derive(Clone)]
pub struct View {
    /// Findings.
    pub findings: Views,
    /// Facts, and who is due.
    pub facts: Views,
    /// Who is linked and whom they allow to see.
    pub people: People,
    /// Who is linked, as the facts know it: what findings follow.
    pub known: People,
}

/// Which findings.
pub struct Filter {
    /// On these records.
    pub records: Vec<PersonId>,
    /// Under these classes.
    pub classes: BTreeSet<Class>,
    /// Of these sorts, as the contract numbers them; none means all.
    pub kinds: Vec<i32>,
    /// Of these rules; none means all.
    pub rules: Vec<String>,
    /// Cleared ones too.
    pub cleared: bool,
    /// After this row.
    pub after: Last,
    /// So many.
    pub size: usize,
}

/// The classes in which these records have findings.
///
/// # Errors
/// The view cannot be read.
pub async fn classes(db: &Db, records: &[PersonId]) -> Result<BTreeSet<Class>, StoreError> {
    let mut classes = BTreeSet::new();
    for record in records {
        let sql = "SELECT DISTINCT class FROM finding WHERE person = $1";
        for row in db.fetch(sql, args![record.uuid()]).await? {
            classes.extend(Class::from_key(&row.text(0)?));
        }
    }
    Ok(classes)
}

/// The newest findings, each once, and the last row where more follow.
///
/// # Errors
/// The view cannot be read.
pub async fn page(db: &Db, filter: &Filter) -> Result<(Vec<pb::Finding>, Option<Last>), StoreError> {
    if filter.classes.is_empty() || filter.records.is_empty() {
        return Ok((vec![], None));
    }
    let mut args = args![filter.after.at, filter.after.id()];
    let mut given = |value: Value| {
        args.push(value);
        format!("${}", args.len())
    };
    let mut rest = String::new();
    if !filter.cleared {
        rest.push_str(" AND cleared IS NULL");
    }
    if !filter.kinds.is_empty() {
        let kinds: Vec<String> = filter.kinds.iter().map(|kind| given(i64::from(*kind).into())).collect();
        rest.push_str(&format!(" AND kind IN ({})", kinds.join(", ")));
    }
    if !filter.rules.is_empty() {
        let rules: Vec<String> = filter.rules.iter().map(|rule| given(rule.as_str().into())).collect();
        rest.push_str(&format!(" AND rule IN ({})", rules.join(", ")));
    }
    let records: Vec<String> = filter.records.iter().map(|record| given(record.uuid().into())).collect();
    let classes: Vec<String> = filter.classes.iter().map(|class| given(class.key().into())).collect();
    // A finding stands in one row for each of its classes: so many of each are enough.
    let limit = filter.size + 1;
    let mut parts = Vec::with_capacity(records.len() * classes.len());
    for record in &records {
        for class in &classes {
            parts.push(format!(
                "SELECT * FROM (SELECT at, id, changed, cleared, body FROM finding WHERE person = {record} AND class = {class} \
                 AND (at, id) < ($1, $2){rest} ORDER BY at DESC, id DESC LIMIT {limit}) AS part"
            ));
        }
    }
    let sql = format!("{} ORDER BY at DESC, id DESC", parts.join(" UNION ALL "));
    let mut found: Vec<(Last, pb::Finding)> = Vec::new();
    for row in db.fetch(&sql, args).await? {
        let last = Last::new(row.i64(0)?, row.uuid(1)?);
        if found.last().is_some_and(|(before, _)| *before == last) {
            continue;
        }
        if found.len() == limit {
            break;
        }
        found.push((last, finding(&row)?));
    }
    let more = found.len() > filter.size;
    found.truncate(filter.size);
    let next = found.last().map(|(last, _)| last.clone()).filter(|_| more);
    Ok((found.into_iter().map(|(_, finding)| finding).collect(), next))
}

/// One finding: whose record it stands on, its classes, and what it says.
///
/// # Errors
/// The view cannot be read.
pub async fn one(db: &Db, id: Uuid) -> Result<Option<(PersonId, BTreeSet<Class>, pb::Finding)>, StoreError> {
    let sql = "SELECT at, id, changed, cleared, body, person, class FROM finding WHERE id = $1";
    let rows = db.fetch(sql, args![id]).await?;
    let Some(first) = rows.first() else { return Ok(None) };
    let keys = rows.iter().map(|row| row.text(6)).collect::<Result<Vec<_>, _>>()?;
    let classes = keys.iter().filter_map(|key| Class::from_key(key)).collect();
    Ok(Some((PersonId::new(first.uuid(5)?), classes, finding(first)?)))
}

fn finding(row: &Row) -> Result<pb::Finding, StoreError> {
    let instant = |micros| jiff::Timestamp::from_microsecond(micros).ok().map(to_instant);
    let body = row.bytes(4)?;
    Ok(pb::Finding {
        id: row.uuid(1)?.to_string(),
        content: pb::FindingContent::decode(body.as_slice()).ok(),
        raised_at: instant(row.i64(0)?),
        changed_at: row.opt_i64(2)?.and_then(instant),
        cleared_at: row.opt_i64(3)?.and_then(instant),
    })
}

/// Open findings by rule.
///
/// # Errors
/// The view cannot be read.
pub async fn open(db: &Db) -> Result<BTreeMap<String, u64>, StoreError> {
    let sql = "SELECT rule, count(DISTINCT id) FROM finding WHERE cleared IS NULL GROUP BY rule";
    db.fetch(sql, args![]).await?.iter().map(|row| Ok((row.text(0)?, row.u64(1)?))).collect()
}

/// How often it is asked whether somebody is still due: whoever looks may be another process.
const ASK: Duration = Duration::from_millis(10);

impl View {
    /// Waits until nobody of the person's group is due by then, until the deadline. What was found stands in the log from then on.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn looked_at(
        &self,
        person: PersonId,
        now: jiff::Timestamp,
        deadline: tokio::time::Instant,
    ) -> Result<bool, StoreError> {
        loop {
            let db = self.facts.db();
            let mut waits = false;
            for record in self.known.group(person, None).await? {
                waits |= due::of(&db, record).await?.is_some_and(|mark| mark.at <= now);
            }
            if !waits {
                return Ok(true);
            }
            if tokio::time::Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(ASK).await;
        }
    }
}
