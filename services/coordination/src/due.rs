//! Whose facts are to be looked at, and when: one table that is queue, timer and retry.
//!
//! Invariants: what changes that rules look at of a person marks them in the same transaction; a mark is put off only as it was when the look began, so
//! what came meanwhile is looked at again. A generation made anew marks everybody of whom rules are told anything, or something was ever found.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kernel::PersonId;
use platform::args;
use platform::db::{Db, StoreError, Tx};
use uuid::Uuid;

/// The table's name.
pub const TABLE: &str = "due";
/// Its statements.
pub const TABLES: [&str; 2] = [
    "CREATE TABLE due (subject uuid PRIMARY KEY, at bigint NOT NULL, mark bigint NOT NULL)",
    "CREATE INDEX due_at ON due (at)",
];
/// `at` of who need not be looked at before they are marked again.
const AT_REST: i64 = i64::MAX;

/// When a record is to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The record.
    pub person: PersonId,
    /// From when on.
    pub at: Timestamp,
    /// Counts the marks of the record.
    pub number: i64,
}

impl Mark {
    /// A row of the table.
    pub fn of(person: PersonId, at: i64, number: i64) -> Self {
        Self { person, at: instant(at), number }
    }
}

/// How much there is to look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Records due now.
    pub due: u64,
    /// Since when the first of them is.
    pub oldest: Option<Timestamp>,
    /// Records to be looked at later.
    pub later: u64,
}

/// Records to be marked: something was applied of them.
#[derive(Default)]
pub struct Marks(BTreeMap<Uuid, (Timestamp, i64)>);

impl Marks {
    /// Something was applied of this record that was recorded then.
    pub fn add(&mut self, record: Uuid, at: Timestamp) {
        let (first, times) = self.0.entry(record).or_insert((at, 0));
        *first = at.min(*first);
        *times += 1;
    }

    /// Marks them.
    ///
    /// # Errors
    /// The table cannot be written.
    pub async fn store(self, tx: &mut Tx) -> Result<(), StoreError> {
        let sql = "INSERT INTO due (subject, at, mark) VALUES {rows} ON CONFLICT (subject) DO UPDATE SET \
                   at = CASE WHEN excluded.at < due.at THEN excluded.at ELSE due.at END, mark = due.mark + excluded.mark";
        let marks = self.0.into_iter();
        let rows = marks.map(|(record, (at, times))| args![record, at.as_microsecond(), times]).collect();
        tx.execute_rows(sql, vec![], rows).await?;
        Ok(())
    }
}

/// Who is due by then, the longest waiting first.
///
/// # Errors
/// The table cannot be read.
pub async fn by(db: &Db, now: Timestamp, limit: usize) -> Result<Vec<Mark>, StoreError> {
    let sql = format!("SELECT subject, at, mark FROM due WHERE at <= $1 ORDER BY at, subject LIMIT {limit}");
    let rows = db.fetch(&sql, args![now.as_microsecond()]).await?;
    let mark = |row: &platform::db::Row| Ok(Mark::of(PersonId::new(row.uuid(0)?), row.i64(1)?, row.i64(2)?));
    rows.iter().map(mark).collect()
}

/// The mark of one record; none where it is at rest or was never marked.
///
/// # Errors
/// The table cannot be read.
pub async fn of(db: &Db, person: PersonId) -> Result<Option<Mark>, StoreError> {
    let rows = db.fetch("SELECT at, mark FROM due WHERE subject = $1", args![person.uuid()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (at, number) = (row.i64(0)?, row.i64(1)?);
    Ok((at != AT_REST).then(|| Mark::of(person, at, number)))
}

/// The first instant after then at which somebody is due.
///
/// # Errors
/// The table cannot be read.
pub async fn next(db: &Db, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
    let sql = "SELECT at FROM due WHERE at > $1 AND at < $2 ORDER BY at LIMIT 1";
    let rows = db.fetch(sql, args![now.as_microsecond(), AT_REST]).await?;
    Ok(rows.first().map(|row| row.i64(0)).transpose()?.map(instant))
}

/// How much there is to look at.
///
/// # Errors
/// The table cannot be read.
pub async fn waiting(db: &Db, now: Timestamp) -> Result<Waiting, StoreError> {
    let due =
        db.fetch("SELECT count(*), min(at) FROM due WHERE at <= $1", args![now.as_microsecond()]).await?;
    let later = "SELECT count(*) FROM due WHERE at > $1 AND at < $2";
    let later = db.fetch(later, args![now.as_microsecond(), AT_REST]).await?;
    let mut waiting = Waiting::default();
    if let Some(row) = due.first() {
        waiting.due = row.u64(0)?;
        waiting.oldest = row.opt_i64(1)?.map(instant);
    }
    if let Some(row) = later.first() {
        waiting.later = row.u64(0)?;
    }
    Ok(waiting)
}

/// Whether the marks of these records are no longer those.
///
/// # Errors
/// The table cannot be read.
pub async fn moved(
    db: &Db,
    group: &[PersonId],
    marks: &BTreeMap<PersonId, Mark>,
) -> Result<bool, StoreError> {
    for record in group {
        let rows = db.fetch("SELECT mark FROM due WHERE subject = $1", args![record.uuid()]).await?;
        let number = rows.first().map(|row| row.i64(0)).transpose()?;
        if number != marks.get(record).map(|mark| mark.number) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Settles a look: the mark as it was found is put off, and the record that leads the group is due when its rules want to look again.
///
/// # Errors
/// The table cannot be written.
pub async fn looked(
    db: &Db,
    mark: Mark,
    leads: PersonId,
    again: Option<Timestamp>,
) -> Result<(), StoreError> {
    let again = again.map_or(AT_REST, Timestamp::as_microsecond);
    let mine = if leads == mark.person { again } else { AT_REST };
    let mut tx = db.begin().await?;
    tx.execute(
        "UPDATE due SET at = $3 WHERE subject = $1 AND mark = $2",
        args![mark.person.uuid(), mark.number, mine],
    )
    .await?;
    if leads != mark.person && again != AT_REST {
        // It may have been due before, for a reason of its own, and stays so.
        let sql = "INSERT INTO due (subject, at, mark) VALUES ($1, $2, 1) ON CONFLICT (subject) DO UPDATE SET \
                   at = CASE WHEN excluded.at < due.at THEN excluded.at ELSE due.at END";
        tx.execute(sql, args![leads.uuid(), again]).await?;
    }
    tx.commit().await
}

/// Has the record looked at again: something came while it was, and another may have looked at that already.
///
/// # Errors
/// The table cannot be written.
pub async fn look_again(db: &Db, mark: Mark) -> Result<(), StoreError> {
    let mut tx = db.begin().await?;
    let mut marks = Marks::default();
    marks.add(mark.person.uuid(), mark.at);
    marks.store(&mut tx).await?;
    tx.commit().await
}

fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)
}
