//! How far a follower is: what was read of each log, and under what sight.
//!
//! Invariant: from this alone follows which entries the follower holds, so that a following goes on from its token as if it had never been broken
//! off.

use std::collections::{BTreeMap, BTreeSet};

use kernel::{Class, PersonId};
use platform::args;
use platform::db::{Db, StoreError};
use platform::projection::Progress;
use prost::Message;
use uuid::Uuid;

use crate::api::Sight;

/// What a resume token holds, sealed.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Token {
    #[prost(string, repeated, tag = "1")]
    logs: Vec<String>,
    #[prost(uint64, repeated, tag = "2")]
    positions: Vec<u64>,
    #[prost(string, repeated, tag = "3")]
    log_ids: Vec<String>,
    /// The records that were read as one.
    #[prost(string, repeated, tag = "4")]
    records: Vec<String>,
    /// The classes that were visible.
    #[prost(string, repeated, tag = "5")]
    classes: Vec<String>,
}

/// Where a follower was when all before it had been sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Then {
    /// By log, its incarnation and the position it was read to.
    read: BTreeMap<String, (String, u64)>,
    /// The records that were read as one.
    pub records: Vec<PersonId>,
    /// The classes that were visible.
    pub classes: BTreeSet<Class>,
}

impl Then {
    /// At this progress, under this sight.
    pub fn at(progress: &Progress, sight: &Sight) -> Self {
        let places = progress.places.iter();
        Self {
            read: places
                .map(|(log, place)| (log.clone(), (place.log_id.to_string(), place.position)))
                .collect(),
            records: sight.records.clone(),
            classes: sight.classes.clone(),
        }
    }

    /// As a token said it; none where its words are none of this release's.
    pub fn of(token: Token) -> Option<Self> {
        let places = token.log_ids.into_iter().zip(token.positions);
        let classes = token.classes.iter().map(|key| Class::from_key(key));
        Some(Self {
            read: token.logs.into_iter().zip(places).collect(),
            records: token.records.iter().map(|id| id.parse().ok()).collect::<Option<_>>()?,
            classes: classes.collect::<Option<_>>()?,
        })
    }

    /// As a token says it.
    pub fn token(&self) -> Token {
        let mut token = Token::default();
        for (log, (log_id, position)) in &self.read {
            token.logs.push(log.clone());
            token.log_ids.push(log_id.clone());
            token.positions.push(*position);
        }
        token.records = self.records.iter().map(ToString::to_string).collect();
        token.classes = self.classes.iter().map(Class::key).collect();
        token
    }

    /// The position to which a log was read; 0 for one that had told nothing yet.
    pub fn position(&self, log: &str) -> u64 {
        self.read.get(log).map_or(0, |(_, position)| *position)
    }

    /// Whether positions of then and now count in the same logs.
    pub fn same_logs(&self, progress: &Progress) -> bool {
        self.read.iter().all(|(log, (log_id, _))| {
            progress.places.get(log).is_none_or(|place| place.log_id.to_string() == *log_id)
        })
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
            let position = self.position(service);
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
