//! The entries that one stream's events make about its person.
//!
//! Invariant: what is held after some events is a function of those events in their order and of nothing else, so any interleaving of streams
//! gives the same bytes.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Class;
use proto::timeline::StoredEntry;
use uuid::Uuid;

/// Names entries within this system; part of what is stored.
const NAMESPACE: Uuid = Uuid::from_u128(0x1c7d_9a52_60f1_4b1e_9a0e_55e2_7c0d_13aa);

/// An entry, and who must see what for it to be seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Put {
    /// The classes it is shown under: whoever sees any of them sees the entry, once.
    pub classes: BTreeSet<Class>,
    /// The entry.
    pub stored: StoredEntry,
    /// When the log recorded what this version says, in microseconds; the view's to fill in.
    pub known_from: i64,
}

/// The current entries of one stream about one person, by a key that is unique in the stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entries {
    current: BTreeMap<String, Put>,
    touched: BTreeSet<String>,
}

impl Entries {
    /// As they were stored.
    pub fn of(current: BTreeMap<String, Put>) -> Self {
        Self { current, touched: BTreeSet::new() }
    }

    /// The entry with that key.
    pub fn get(&self, key: &str) -> Option<&Put> {
        self.current.get(key)
    }

    /// All of them, by key.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Put)> {
        self.current.iter()
    }

    /// Says this under that key from now on. Its id follows from stream, key and start, so that its place in the order never changes.
    ///
    /// Under no class nobody could ever see it and no row would hold it: it is not kept here either, else what a later event finds would tell
    /// whether it came in the same batch.
    pub fn put(&mut self, key: impl Into<String>, mut put: Put) {
        let key = key.into();
        if put.classes.is_empty() {
            return self.end(&key);
        }
        if let Some(entry) = put.stored.entry.as_mut() {
            let at = entry.start.as_ref().and_then(|start| start.at.as_ref());
            let (seconds, nanos) = at.map(|at| (at.seconds, at.nanos)).unwrap_or_default();
            let name = format!("{}\n{key}\n{seconds}.{nanos}", entry.stream);
            entry.id = Uuid::new_v5(&NAMESPACE, name.as_bytes()).to_string();
        }
        self.touched.insert(key.clone());
        self.current.insert(key, put);
    }

    /// Changes the entry with that key; one that is not there stays away.
    pub fn change(&mut self, key: &str, change: impl FnOnce(&mut StoredEntry)) {
        if let Some(mut put) = self.current.get(key).cloned() {
            change(&mut put.stored);
            self.put(key, put);
        }
    }

    /// Changes every entry.
    pub fn change_all(&mut self, change: impl Fn(&mut StoredEntry)) {
        let keys: Vec<String> = self.current.keys().cloned().collect();
        for key in keys {
            self.change(&key, &change);
        }
    }

    /// Takes the entry with that key away.
    pub fn end(&mut self, key: &str) {
        if self.current.remove(key).is_some() {
            self.touched.insert(key.to_owned());
        }
    }

    /// Notes when the log recorded what the entry with that key now says.
    pub fn recorded(&mut self, key: &str, at: i64) {
        if let Some(put) = self.current.get_mut(key) {
            put.known_from = at;
        }
    }

    /// The keys whose entries were put, changed or ended since this was last asked.
    pub fn take_touched(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.touched)
    }
}
