//! The entries that one stream's events make about its person.
//!
//! Invariant: what is held after some events is a function of those events in their order and of nothing else, so any interleaving of streams
//! gives the same bytes. An entry that was asked for and is not at hand is noted: what came of it does not count until it has been read.

use std::cell::RefCell;
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

/// Some of a stream's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// Every one that there is.
    All,
    /// These.
    These(BTreeSet<String>),
}

impl Keys {
    /// None.
    pub fn none() -> Self {
        Self::These(BTreeSet::new())
    }

    /// Whether there are none.
    pub fn is_none(&self) -> bool {
        matches!(self, Self::These(keys) if keys.is_empty())
    }

    fn have(&self, key: &str) -> bool {
        match self {
            Self::All => true,
            Self::These(keys) => keys.contains(key),
        }
    }

    /// These and those others.
    pub fn extend(&mut self, others: Self) {
        match (&mut *self, others) {
            (Self::All, _) => {}
            (_, Self::All) => *self = Self::All,
            (Self::These(keys), Self::These(others)) => keys.extend(others),
        }
    }
}

/// The current entries of one stream about one person, by a key that is unique in the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Entries {
    current: BTreeMap<String, Put>,
    /// Of those that were put, changed or ended: what they said before.
    touched: BTreeMap<String, Option<Put>>,
    at_hand: Keys,
    /// Noted by reads too.
    lacking: RefCell<Keys>,
}

impl Default for Entries {
    /// Those of a stream that has none yet.
    fn default() -> Self {
        Self::of(BTreeMap::new(), Keys::All)
    }
}

impl Entries {
    /// Those of these keys that are stored.
    pub fn of(current: BTreeMap<String, Put>, at_hand: Keys) -> Self {
        Self { current, touched: BTreeMap::new(), at_hand, lacking: RefCell::new(Keys::none()) }
    }

    /// What was asked for and is not at hand.
    pub fn lacking(&self) -> Keys {
        self.lacking.borrow().clone()
    }

    /// The entry with that key.
    pub fn get(&self, key: &str) -> Option<&Put> {
        self.ask(key);
        self.current.get(key)
    }

    /// All of them, by key.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Put)> {
        if self.at_hand != Keys::All {
            *self.lacking.borrow_mut() = Keys::All;
        }
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
        self.ask(&key);
        let before = self.current.insert(key.clone(), put);
        self.touched.entry(key).or_insert(before);
    }

    /// Changes the entry with that key; one that is not there stays away.
    pub fn change(&mut self, key: &str, change: impl FnOnce(&mut StoredEntry)) {
        if let Some(mut put) = self.get(key).cloned() {
            change(&mut put.stored);
            self.put(key, put);
        }
    }

    /// Changes every entry.
    pub fn change_all(&mut self, change: impl Fn(&mut StoredEntry)) {
        let keys: Vec<String> = self.all().map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.change(&key, &change);
        }
    }

    /// Takes the entry with that key away.
    pub fn end(&mut self, key: &str) {
        self.ask(key);
        if let Some(before) = self.current.remove(key) {
            self.touched.entry(key.to_owned()).or_insert(Some(before));
        }
    }

    /// What was put, changed or ended since this was last asked: the key, what it said before, and what it says now, as of when the log recorded it.
    pub fn take_touched(&mut self, at: i64) -> Vec<(String, Option<Put>, Option<&Put>)> {
        let touched = std::mem::take(&mut self.touched);
        for key in touched.keys() {
            if let Some(put) = self.current.get_mut(key) {
                put.known_from = at;
            }
        }
        let current = &self.current;
        touched
            .into_iter()
            .map(|(key, before)| {
                let now = current.get(&key);
                (key, before, now)
            })
            .collect()
    }

    fn ask(&self, key: &str) {
        if !self.at_hand.have(key) {
            self.lacking.borrow_mut().extend(Keys::These([key.to_owned()].into()));
        }
    }
}
