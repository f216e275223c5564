//! Where the keys of people lie: wrapped, in a store of their own, so that a backup of logs and views holds none of them.
//! Invariant: a key that was handed out was on disk before, and an erased person's key is handed out by no start of this service, whatever
//! backup it starts from: the erasure ledger is written before the key is destroyed, and read before anything is handed out.

mod ledger;
mod writer;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use platform::db::{Db, StoreError, Value};
use platform::keys::{KeyError, KeySource, KeyState};
use platform::seal::{KeyWrap, PersonKey, Secret, WrongWrap};

use futures_util::future::BoxFuture;
use kernel::PersonId;
use tokio::sync::mpsc;

pub use ledger::{Ledger, LedgerError};

/// The keys of all people. Clones are the same store.
#[derive(Clone)]
pub struct KeyStore(Arc<Inner>);

struct Inner {
    db: Db,
    wrap: Arc<KeyWrap>,
    writes: mpsc::Sender<writer::Write>,
    /// People whom the ledger names while the database still held their keys at start: it was restored from a backup.
    restored: Vec<PersonId>,
}

/// A key in the clear, on its way to a service of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RawKey {
    /// It can be had.
    Open {
        /// The key's number, from 1.
        number: u32,
        /// The key.
        bits: Bits,
    },
    /// It was destroyed.
    Erased,
    /// There never was one.
    Unknown,
}

/// 256 bits that do not show themselves.
#[derive(Clone, PartialEq, Eq)]
pub struct Bits(pub [u8; 32]);

impl std::fmt::Debug for Bits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Bits")
    }
}

/// What keeps the keys from being used.
#[derive(Debug, thiserror::Error)]
pub enum KeyStoreError {
    /// The database did not do it.
    #[error("the store of the keys failed")]
    Store(#[from] StoreError),
    /// The erasure ledger could not be read or written.
    #[error("the erasure ledger failed")]
    Ledger(#[from] LedgerError),
    /// The keys were wrapped under another key-encryption key.
    #[error(
        "the key-encryption key is not the one that the stored keys were wrapped under; give the right file"
    )]
    OtherSecret(#[from] WrongWrap),
    /// The task that writes has ended.
    #[error("the store of the keys is closed")]
    Closed,
}

impl KeyStoreError {
    /// Whether trying again may help.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Store(err) => err.retryable(),
            Self::Ledger(_) | Self::OtherSecret(_) => false,
            Self::Closed => true,
        }
    }
}

/// Wrapped under the secret in use, to tell another secret at start; it belongs to nobody.
const PROBE: PersonId = PersonId::of(0);

impl KeyStore {
    /// Opens the keys in `db`, wrapped under `secret`, with the ledger at `ledger`: a file that no backup of `db` holds.
    ///
    /// # Errors
    /// See [`KeyStoreError`]; with another secret nothing is opened.
    pub async fn open(db: Db, secret: &Secret, ledger: &Path) -> Result<Self, KeyStoreError> {
        let wrap = Arc::new(KeyWrap::new(secret));
        writer::prepare(&db, &wrap).await?;
        let (ledger, erased) = Ledger::open(ledger)?;
        let restored = still_held(&db, &erased).await?;
        let writes = writer::start(db.clone(), wrap.clone(), ledger);
        Ok(Self(Arc::new(Inner { db, wrap, writes, restored })))
    }

    /// People whom the ledger names although the database still holds their keys: a backup was restored. Whoever opens the store destroys
    /// them before it hands out any key.
    pub fn restored(&self) -> &[PersonId] {
        &self.0.restored
    }

    /// The person's key, made and on disk if there was none. An erased person gets no new one.
    ///
    /// # Errors
    /// The database fails.
    pub async fn ensure(&self, person: PersonId) -> Result<RawKey, KeyStoreError> {
        if let Some(known @ (RawKey::Open { .. } | RawKey::Erased)) =
            self.raw(&[person]).await?.remove(&person)
        {
            return Ok(known);
        }
        writer::create(&self.0.writes, person).await?;
        // Read, not remembered: of two who made one at the same time, one key is in the database.
        Ok(self.raw(&[person]).await?.remove(&person).unwrap_or(RawKey::Unknown))
    }

    /// Destroys the person's key: first the ledger says so, on disk, then the key goes. Destroying it again is fine.
    ///
    /// # Errors
    /// The ledger or the database fails; the key then may still be there, and the same call finishes it.
    pub async fn destroy(&self, person: PersonId) -> Result<(), KeyStoreError> {
        writer::destroy(&self.0.writes, person).await
    }

    /// The keys of these people.
    ///
    /// # Errors
    /// The database fails, or a key does not unwrap.
    pub async fn raw(&self, people: &[PersonId]) -> Result<HashMap<PersonId, RawKey>, KeyStoreError> {
        let mut keys: HashMap<PersonId, RawKey> =
            people.iter().map(|person| (*person, RawKey::Unknown)).collect();
        for row in rows(&self.0.db, people).await? {
            let person = PersonId::new(row.uuid(0)?);
            let number = row.u32(1)?;
            let key = match row.opt_bytes(2)? {
                Some(wrapped) => {
                    RawKey::Open { number, bits: Bits(self.0.wrap.unwrap(person, number, &wrapped)?) }
                }
                None => RawKey::Erased,
            };
            keys.insert(person, key);
        }
        Ok(keys)
    }
}

impl KeySource for KeyStore {
    fn keys<'a>(
        &'a self,
        people: &'a [PersonId],
    ) -> BoxFuture<'a, Result<Vec<(PersonId, KeyState)>, KeyError>> {
        Box::pin(async move {
            let keys = self.raw(people).await.map_err(KeyError::away)?;
            let ready = |(person, key)| match key {
                RawKey::Open { number, bits } => {
                    (person, KeyState::Open(PersonKey::new(person, number, &bits.0)))
                }
                RawKey::Erased => (person, KeyState::Erased),
                RawKey::Unknown => (person, KeyState::Unknown),
            };
            Ok(keys.into_iter().map(ready).collect())
        })
    }
}

/// (person, number, wrapped key or null) of those of the people who have a row.
async fn rows(db: &Db, people: &[PersonId]) -> Result<Vec<platform::db::Row>, StoreError> {
    if people.is_empty() {
        return Ok(vec![]);
    }
    let places: Vec<String> = (1..=people.len()).map(|place| format!("${place}")).collect();
    let sql =
        format!("SELECT person, number, wrapped FROM person_key WHERE person IN ({})", places.join(", "));
    db.fetch(&sql, people.iter().map(|person| Value::from(person.uuid())).collect()).await
}

/// Those of the erased people whose keys the database holds.
async fn still_held(db: &Db, erased: &[PersonId]) -> Result<Vec<PersonId>, StoreError> {
    let mut held = vec![];
    for some in erased.chunks(1_000) {
        for row in rows(db, some).await? {
            if row.opt_bytes(2)?.is_some() {
                held.push(PersonId::new(row.uuid(0)?));
            }
        }
    }
    Ok(held)
}

#[cfg(test)]
mod tests;
