//! The one task that writes keys: makes what was asked for while the last commit ran in one transaction, and destroys in the order ledger, key.
//! Invariant: no transaction lives in a request's future.

use std::collections::BTreeSet;
use std::sync::Arc;

use kernel::PersonId;
use platform::args;
use platform::db::{Db, StoreError, Tx};
use platform::seal::{KeyWrap, random};
use tokio::sync::{mpsc, oneshot};

use super::{KeyStoreError, Ledger, PROBE};

/// Writes that may wait for the transaction under way.
const WAITING: usize = 1_024;
/// The number of every key until keys are changed for new ones.
const FIRST: u32 = 1;

/// What is to be written, and who waits for it.
pub struct Write {
    change: Change,
    reply: oneshot::Sender<Result<(), KeyStoreError>>,
}

enum Change {
    Create(PersonId),
    Destroy(PersonId),
}

/// Makes the table if it is not there, and finds out whether this wrap is the one in use.
pub async fn prepare(db: &Db, wrap: &KeyWrap) -> Result<(), KeyStoreError> {
    let blob = if db.is_postgres() { "bytea" } else { "blob" };
    let uuid = if db.is_postgres() { "uuid" } else { "blob" };
    let mut tx = db.begin().await?;
    if db.is_postgres() {
        // "If not exists" alone still fails when two create it at the same moment.
        tx.fetch("SELECT pg_advisory_xact_lock(hashtext('throughline registry keys'))", args![]).await?;
    }
    tx.script(&format!(
        "CREATE TABLE IF NOT EXISTS person_key (person {uuid} PRIMARY KEY, number bigint NOT NULL, wrapped {blob})"
    ))
    .await?;
    insert(&mut tx, PROBE, &wrap.wrap(PROBE, FIRST, &[0; 32])).await?;
    let probe = tx.fetch("SELECT wrapped FROM person_key WHERE person = $1", args![PROBE.uuid()]).await?;
    if let Some(row) = probe.first() {
        wrap.unwrap(PROBE, FIRST, &row.bytes(0)?)?;
    }
    tx.commit().await?;
    Ok(())
}

/// Starts the task; it ends with the last sender.
pub fn start(db: Db, wrap: Arc<KeyWrap>, mut ledger: Ledger) -> mpsc::Sender<Write> {
    let (writes, mut queue) = mpsc::channel::<Write>(WAITING);
    tokio::spawn(async move {
        let mut waiting = Vec::new();
        while queue.recv_many(&mut waiting, WAITING).await > 0 {
            let (mut made, mut destroyed) = (vec![], vec![]);
            for Write { change, reply } in waiting.drain(..) {
                match change {
                    Change::Create(person) => made.push((person, reply)),
                    Change::Destroy(person) => destroyed.push((person, reply)),
                }
            }
            if !made.is_empty() {
                let done = make(&db, &wrap, made.iter().map(|(person, _)| *person)).await;
                answer(made, done.err());
            }
            if !destroyed.is_empty() {
                let people: Vec<PersonId> = destroyed.iter().map(|(person, _)| *person).collect();
                let (kept, done) = erase(&db, ledger, people).await;
                answer(destroyed, done.err());
                match kept {
                    Some(kept) => ledger = kept,
                    // The thread that wrote the ledger died: nothing may be destroyed any more without it.
                    None => return,
                }
            }
        }
    });
    writes
}

/// Has a key made for this person, unless there is a row already.
pub async fn create(writes: &mpsc::Sender<Write>, person: PersonId) -> Result<(), KeyStoreError> {
    ask(writes, Change::Create(person)).await
}

/// Has the person's key destroyed.
pub async fn destroy(writes: &mpsc::Sender<Write>, person: PersonId) -> Result<(), KeyStoreError> {
    ask(writes, Change::Destroy(person)).await
}

async fn ask(writes: &mpsc::Sender<Write>, change: Change) -> Result<(), KeyStoreError> {
    let (reply, answer) = oneshot::channel();
    writes.send(Write { change, reply }).await.map_err(|_| KeyStoreError::Closed)?;
    answer.await.map_err(|_| KeyStoreError::Closed)?
}

/// The first who waits hears why it failed; the others hear that it did, and may ask again.
fn answer(
    waiting: Vec<(PersonId, oneshot::Sender<Result<(), KeyStoreError>>)>,
    failed: Option<KeyStoreError>,
) {
    let any = failed.is_some();
    let mut failed = failed;
    for (_, reply) in waiting {
        let result = match failed.take() {
            Some(err) => Err(err),
            None if any => Err(KeyStoreError::Closed),
            None => Ok(()),
        };
        // Whoever asked may have gone; what was written stands.
        let _ = reply.send(result);
    }
}

async fn make(db: &Db, wrap: &KeyWrap, people: impl Iterator<Item = PersonId>) -> Result<(), KeyStoreError> {
    let mut tx = db.begin().await?;
    for person in people {
        insert(&mut tx, person, &wrap.wrap(person, FIRST, &random())).await?;
    }
    tx.commit().await?;
    Ok(())
}

async fn insert(tx: &mut Tx, person: PersonId, wrapped: &[u8]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO person_key (person, number, wrapped) VALUES ($1, $2, $3) ON CONFLICT (person) DO NOTHING",
        args![person.uuid(), i64::from(FIRST), wrapped],
    )
    .await?;
    Ok(())
}

/// Ledger first, keys second; who is shredded already stays as they are. Gives the ledger back unless its thread died.
async fn erase(
    db: &Db,
    mut ledger: Ledger,
    people: Vec<PersonId>,
) -> (Option<Ledger>, Result<(), KeyStoreError>) {
    let people = match still_whole(db, people).await {
        Ok(people) if people.is_empty() => return (Some(ledger), Ok(())),
        Ok(people) => people,
        Err(err) => return (Some(ledger), Err(err.into())),
    };
    let named = people.clone();
    let noted = tokio::task::spawn_blocking(move || {
        let noted = ledger.add(&named);
        (ledger, noted)
    });
    let Ok((ledger, noted)) = noted.await else { return (None, Err(KeyStoreError::Closed)) };
    let done = match noted {
        Ok(()) => shred(db, &people).await.map_err(KeyStoreError::from),
        Err(err) => Err(err.into()),
    };
    (Some(ledger), done)
}

/// Those whom no row says to be shredded.
async fn still_whole(db: &Db, people: Vec<PersonId>) -> Result<Vec<PersonId>, StoreError> {
    let mut shredded = BTreeSet::new();
    for row in super::rows(db, &people).await? {
        if row.opt_bytes(2)?.is_none() {
            shredded.insert(PersonId::new(row.uuid(0)?));
        }
    }
    let mut whole: Vec<PersonId> = people.into_iter().filter(|person| !shredded.contains(person)).collect();
    whole.sort_unstable();
    whole.dedup();
    Ok(whole)
}

/// Destroys the keys, and leaves for each that there was one: the row without it.
pub async fn shred(db: &Db, people: &[PersonId]) -> Result<(), StoreError> {
    platform::fault::point("registry.shred");
    let mut tx = db.begin().await?;
    if !db.is_postgres() {
        // What SQLite frees it overwrites with zeros, in the pages and, by the checkpoint below, in the file.
        tx.script("PRAGMA secure_delete = ON").await?;
    }
    for person in people {
        tx.execute(
            "INSERT INTO person_key (person, number, wrapped) VALUES ($1, $2, NULL) \
             ON CONFLICT (person) DO UPDATE SET wrapped = NULL",
            args![person.uuid(), i64::from(FIRST)],
        )
        .await?;
    }
    tx.commit().await?;
    if !db.is_postgres() {
        db.fetch("PRAGMA wal_checkpoint(TRUNCATE)", args![]).await?;
    }
    Ok(())
}
