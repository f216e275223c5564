//! How far a follower is: what was read of each log, and under what sight.
//!
//! Invariant: from this alone follows which entries the follower holds, so that a following goes on from its token as if it had never been broken
//! off.

use std::collections::BTreeSet;

use kernel::{Class, PersonId};
use platform::args;
use platform::db::{Db, StoreError};
use platform::projection::Progress;
use prost::Message;
use uuid::Uuid;

use crate::api::Sight;

/// How far each log was read, as a resume token holds it.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Places {
    #[prost(string, repeated, tag = "1")]
    logs: Vec<String>,
    #[prost(uint64, repeated, tag = "2")]
    positions: Vec<u64>,
    #[prost(string, repeated, tag = "3")]
    log_ids: Vec<String>,
}

impl Places {
    /// At this progress.
    pub fn at(progress: &Progress) -> Self {
        let mut places = Self::default();
        for (log, place) in &progress.places {
            places.logs.push(log.clone());
            places.log_ids.push(place.log_id.to_string());
            places.positions.push(place.position);
        }
        places
    }

    /// The position to which a log was read; 0 for one that had told nothing yet.
    pub fn position(&self, log: &str) -> u64 {
        let at = self.logs.iter().position(|known| known == log);
        at.and_then(|at| self.positions.get(at)).copied().unwrap_or_default()
    }

    /// Whether positions of then and now count in the same logs.
    pub fn same_logs(&self, progress: &Progress) -> bool {
        self.logs.iter().zip(&self.log_ids).all(|(log, log_id)| {
            progress.places.get(log).is_none_or(|place| place.log_id.to_string() == *log_id)
        })
    }
}

/// What a resume token holds, sealed.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Token {
    #[prost(message, optional, tag = "1")]
    read: Option<Places>,
    /// The records that were read as one.
    #[prost(string, repeated, tag = "4")]
    records: Vec<String>,
    /// The classes that were visible.
    #[prost(string, repeated, tag = "5")]
    classes: Vec<String>,
    /// Whether something of the person could not be told.
    #[prost(bool, tag = "6")]
    unsure: bool,
}

/// Where a follower was when all before it had been sent.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Then {
    /// How far each log was read.
    pub read: Places,
    /// The records that were read as one.
    pub records: Vec<PersonId>,
    /// The classes that were visible.
    pub classes: BTreeSet<Class>,
    /// Whether something of the person could not be told.
    pub unsure: bool,
}

impl Then {
    /// At this progress, under this sight.
    pub fn at(progress: &Progress, sight: &Sight) -> Self {
        Self {
            read: Places::at(progress),
            records: sight.records.clone(),
            classes: sight.classes.clone(),
            unsure: sight.unsure,
        }
    }

    /// As a token said it; none where its words are none of this release's.
    pub fn of(token: Token) -> Option<Self> {
        let classes = token.classes.iter().map(|key| Class::from_key(key));
        Some(Self {
            read: token.read?,
            records: token.records.iter().map(|id| id.parse().ok()).collect::<Option<_>>()?,
            classes: classes.collect::<Option<_>>()?,
            unsure: token.unsure,
        })
    }

    /// As a token says it.
    pub fn token(&self) -> Token {
        Token {
            read: Some(self.read.clone()),
            records: self.records.iter().map(ToString::to_string).collect(),
            classes: self.classes.iter().map(Class::key).collect(),
            unsure: self.unsure,
        }
    }

    /// Whether as much is seen now.
    pub fn same_sight(&self, sight: &Sight) -> bool {
        self.records == sight.records && self.classes == sight.classes
    }

    /// The entries of these services that stood then and could be seen.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn stood(
        &self,
        db: &Db,
        services: impl Iterator<Item = &str>,
    ) -> Result<BTreeSet<Uuid>, StoreError> {
        let mut stood = BTreeSet::new();
        for service in services {
            let position = self.read.position(service);
            for person in &self.records {
                let sql = "SELECT id, class FROM entry WHERE person = $1 AND service = $2 AND position <= $3 \
                           AND (ended = 0 OR ended > $3)";
                for row in db.fetch(sql, args![person.uuid(), service, position]).await? {
                    if Class::from_key(&row.text(1)?).is_some_and(|class| self.classes.contains(&class)) {
                        stood.insert(row.uuid(0)?);
                    }
                }
            }
        }
        Ok(stood)
    }
}
