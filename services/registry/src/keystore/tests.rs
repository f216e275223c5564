//! Keys made, kept, destroyed, and a backup restored.

use std::path::PathBuf;

use platform::db::{Durability, sqlite};

use super::*;

const ANA: PersonId = PersonId::of(1);
const BEN: PersonId = PersonId::of(2);

/// A folder that stands for a machine: the keys, and the ledger outside their backup.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
    fn keys(&self) -> PathBuf {
        self.0.path().join("registry.keys.db")
    }
    async fn open_with(&self, secret: [u8; 32]) -> Result<KeyStore, KeyStoreError> {
        let db = sqlite(&self.keys(), Durability::Full);
        KeyStore::open(db, &Secret::new(secret), &self.0.path().join("outside").join("erasures")).await
    }
    async fn open(&self) -> KeyStore {
        self.open_with([3; 32]).await.unwrap()
    }
}

fn bits(key: &RawKey) -> [u8; 32] {
    match key {
        RawKey::Open { bits, .. } => bits.0,
        RawKey::Erased | RawKey::Unknown => panic!("{key:?}"),
    }
}

#[tokio::test]
async fn a_key_is_made_once_and_is_there_after_a_restart() {
    let machine = Machine::new();
    let store = machine.open().await;
    assert_eq!(store.raw(&[ANA]).await.unwrap()[&ANA], RawKey::Unknown);
    let made = store.ensure(ANA).await.unwrap();
    assert_eq!(store.ensure(ANA).await.unwrap(), made);
    assert_ne!(bits(&store.ensure(BEN).await.unwrap()), bits(&made));
    drop(store);
    let again = machine.open().await.raw(&[ANA, BEN]).await.unwrap();
    assert_eq!(again[&ANA], made);
}

#[tokio::test]
async fn many_who_make_one_persons_key_at_once_get_the_same() {
    let machine = Machine::new();
    let store = machine.open().await;
    let asks: Vec<_> = (0..20)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.ensure(ANA).await.unwrap() })
        })
        .collect();
    let mut keys = vec![];
    for ask in asks {
        keys.push(bits(&ask.await.unwrap()));
    }
    keys.dedup();
    assert_eq!(keys.len(), 1);
}

#[tokio::test]
async fn no_key_lies_in_the_clear_and_a_destroyed_one_lies_nowhere() {
    let machine = Machine::new();
    let store = machine.open().await;
    let key = bits(&store.ensure(ANA).await.unwrap());
    let rows = rows(&store.0.db, &[ANA]).await.unwrap();
    let wrapped = rows[0].bytes(2).unwrap();
    store.destroy(ANA).await.unwrap();
    assert_eq!(store.raw(&[ANA]).await.unwrap()[&ANA], RawKey::Erased);
    assert_eq!(store.ensure(ANA).await.unwrap(), RawKey::Erased, "an erased person gets no new key");
    drop(store);
    for entry in std::fs::read_dir(machine.0.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(32).any(|part| part == key), "{}", path.display());
            assert!(!bytes.windows(32).any(|part| part == &wrapped[12..44]), "{}", path.display());
        }
    }
}

#[tokio::test]
async fn a_restored_backup_still_names_whom_to_shred() {
    let machine = Machine::new();
    let store = machine.open().await;
    store.ensure(ANA).await.unwrap();
    store.ensure(BEN).await.unwrap();
    store.0.db.fetch("PRAGMA wal_checkpoint(TRUNCATE)", vec![]).await.unwrap();
    let backup = std::fs::read(machine.keys()).unwrap();
    store.destroy(ANA).await.unwrap();
    store.0.db.close().await;
    drop(store);

    for end in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", machine.keys().display()));
    }
    std::fs::write(machine.keys(), backup).unwrap();
    let store = machine.open().await;
    assert_eq!(store.restored(), [ANA]);
    store.destroy(ANA).await.unwrap();
    assert_eq!(store.raw(&[ANA]).await.unwrap()[&ANA], RawKey::Erased);
    assert!(matches!(store.raw(&[BEN]).await.unwrap()[&BEN], RawKey::Open { .. }));
    drop(store);
    assert_eq!(machine.open().await.restored(), []);
}

#[tokio::test]
async fn a_key_that_the_ledger_lists_and_the_crash_left_is_named_at_the_next_start() {
    let machine = Machine::new();
    let store = machine.open().await;
    store.ensure(ANA).await.unwrap();
    drop(store);
    let (mut ledger, _) = Ledger::open(&machine.0.path().join("outside").join("erasures")).unwrap();
    ledger.add(&[ANA]).unwrap();
    drop(ledger);
    assert_eq!(machine.open().await.restored(), [ANA]);
}

#[tokio::test]
async fn another_secret_opens_nothing_and_says_so() {
    let machine = Machine::new();
    drop(machine.open().await);
    let err = machine.open_with([4; 32]).await.err().unwrap();
    assert!(matches!(err, KeyStoreError::OtherSecret(_)), "{err}");
    assert!(machine.open_with([3; 32]).await.is_ok());
}

#[tokio::test]
async fn as_a_source_it_hands_out_keys_that_open_what_they_sealed() {
    let machine = Machine::new();
    let store = machine.open().await;
    store.ensure(ANA).await.unwrap();
    store.ensure(BEN).await.unwrap();
    store.destroy(BEN).await.unwrap();
    let nobody = PersonId::of(9);
    let keys: HashMap<_, _> = store.keys(&[ANA, BEN, nobody]).await.unwrap().into_iter().collect();
    assert!(matches!(&keys[&ANA], KeyState::Open(key) if key.person() == ANA));
    assert!(matches!(keys[&BEN], KeyState::Erased));
    assert!(matches!(keys[&nobody], KeyState::Unknown));
}
