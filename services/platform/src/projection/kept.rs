//! What was read of a projection's tables, kept while they say the same.
//! Invariant: what is given had been read when the tables held everything about its subject that they are now known to hold; nothing is kept of
//! tables that may change without reading on.

use std::hash::Hash;
use std::sync::Arc;

use kernel::PersonId;
use quick_cache::sync::Cache;

use super::{Progress, Views};
use crate::db::{Db, StoreError};

/// What was read follows from the events about this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// Anything: it holds until any event is read.
    Everything,
    /// These people: it holds until an event is read that may be about one of them.
    People(Vec<PersonId>),
    /// It is not kept. So is what was read of a person who is parked: the events that wait are applied without reading on.
    Nothing,
}

/// Answers by what was asked. Clones are the same.
pub struct Kept<K, V> {
    views: Views,
    answers: Arc<Cache<K, Arc<Answer<V>>>>,
}

struct Answer<V> {
    /// How far the tables were known to be before they were read.
    then: Progress,
    about: About,
    value: V,
}

impl<K, V> Clone for Kept<K, V> {
    fn clone(&self) -> Self {
        Self { views: self.views.clone(), answers: self.answers.clone() }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Kept<K, V> {
    /// Keeps so many answers read from these views.
    pub fn new(views: Views, most: usize) -> Self {
        Self { views, answers: Arc::new(Cache::new(most)) }
    }

    /// The kept answer, or what is read now and what that is about.
    ///
    /// # Errors
    /// Those of reading.
    pub async fn get<F>(&self, key: &K, read: impl FnOnce(Db) -> F) -> Result<V, StoreError>
    where
        F: Future<Output = Result<(V, About), StoreError>>,
    {
        if let Some(kept) = self.answers.get(key)
            && self.views.still(&kept.then, &kept.about)
        {
            return Ok(kept.value.clone());
        }
        // Before the tables are read: what is read on meanwhile may be in the answer, and is not counted on.
        let then = self.views.progress().borrow().clone();
        let (value, about) = read(self.views.db()).await?;
        if about != About::Nothing {
            self.answers.insert(key.clone(), Arc::new(Answer { then, about, value: value.clone() }));
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use uuid::Uuid;

    use super::*;
    use crate::source::Place;

    fn progress(generation: u32, sequences: &[(usize, u64)]) -> Progress {
        let mut place = Place::start(Uuid::from_u128(1));
        for (partition, sequence) in sequences {
            place.sequences[*partition] = *sequence;
            place.position += sequence;
        }
        Progress { generation, places: BTreeMap::from([("registry".to_owned(), Arc::new(place))]) }
    }

    #[test]
    fn an_answer_holds_until_something_is_read_that_may_be_about_the_same() {
        // By the contract, the person 1 is in partition 50 and the person 0 in 37.
        let of = |people: &[u128]| About::People(people.iter().copied().map(PersonId::of).collect());
        let then = progress(1, &[(50, 3)]);
        for (now, about, holds) in [
            (progress(1, &[(50, 3)]), About::Everything, true),
            (progress(1, &[(50, 3), (37, 1)]), About::Everything, false),
            (progress(1, &[(50, 3), (37, 1)]), of(&[1]), true),
            (progress(1, &[(50, 3), (37, 1)]), of(&[1, 0]), false),
            (progress(1, &[(50, 4)]), of(&[1]), false),
            (progress(2, &[(50, 3)]), of(&[1]), false),
            (progress(2, &[(50, 3)]), About::Everything, false),
            (progress(1, &[(50, 3)]), About::Nothing, false),
        ] {
            assert_eq!(now.still(&then, &about), holds, "{now:?} about {about:?}");
        }
        let mut forked = progress(1, &[(50, 3)]);
        let mut place = (*forked.places["registry"]).clone();
        place.log_id = Uuid::from_u128(2);
        forked.places.insert("registry".to_owned(), Arc::new(place));
        assert!(!forked.still(&then, &of(&[1])));
    }
}
