//! A batch as the lists that PostgreSQL's function takes.
//! Invariant: the lists are in the order of the function's parameters, and every entry says whose it is, counted from 1.

use kernel::Timestamp;
use sqlx::Arguments;
use sqlx::postgres::PgArguments;

use super::batch::{ClaimStep, Expectations, claim_steps};
use super::event::{PARTITIONS, partition};
use super::{Append, CursorMove, NewEvent, RequestKey};

/// The lists that the function takes, in its words.
#[derive(Default)]
pub struct Arrays<'a> {
    counts: Vec<i32>,
    offsets: Vec<i32>,
    requests: Vec<(i32, &'a RequestKey)>,
    claims: Vec<(i32, ClaimStep<'a>)>,
    cursors: Vec<(i32, &'a CursorMove)>,
    events: Vec<(i32, i32, i64, String, &'a NewEvent)>,
    added: Vec<i64>,
}

impl<'a> Arrays<'a> {
    /// Those of a batch, but for what it expects.
    pub fn of(appends: &[&'a Append]) -> Self {
        let mut arrays = Self { added: vec![0; PARTITIONS as usize], ..Self::default() };
        for (req, append) in (1..).zip(appends) {
            arrays.offsets.push(arrays.events.len() as i32);
            arrays.counts.push(append.events.len() as i32);
            arrays.requests.extend(append.request.iter().map(|request| (req, request)));
            arrays.cursors.extend(append.cursor.iter().map(|step| (req, step)));
            arrays.claims.extend(claim_steps(append).into_iter().map(|step| (req, step)));
            for event in &append.events {
                let partition = partition(event.person, &event.stream);
                let rank = &mut arrays.added[partition as usize];
                *rank += 1;
                arrays.events.push((req, partition as i32, *rank, event.stream.to_string(), event));
            }
        }
        arrays
    }

    /// In the order of the function's parameters.
    pub fn arguments(
        &self,
        now: Timestamp,
        expects: &Expectations,
    ) -> Result<PgArguments, sqlx::error::BoxDynError> {
        fn list<'x, T, U>(of: &'x [T], field: impl Fn(&'x T) -> U) -> Vec<U> {
            of.iter().map(field).collect()
        }
        let mut to = PgArguments::default();
        to.add(now.as_microsecond())?;
        to.add(&self.counts)?;
        to.add(&self.offsets)?;

        to.add(list(&self.requests, |(req, _)| *req))?;
        to.add(list(&self.requests, |(_, request)| request.scope.as_str()))?;
        to.add(list(&self.requests, |(_, request)| request.id))?;
        to.add(list(&self.requests, |(_, request)| request.digest.as_slice()))?;
        to.add(list(&self.requests, |(_, request)| request.subject.as_str()))?;
        to.add(list(&self.requests, |(_, request)| request.subject_version as i64))?;

        to.add(list(&expects.streams, |(stream, _)| stream.to_string()))?;
        to.add(list(&expects.streams, |(_, version)| *version as i64))?;
        to.add(list(&expects.of, |(index, _)| *index as i32 + 1))?;
        to.add(list(&expects.of, |(_, place)| *place as i32 + 1))?;

        to.add(list(&self.claims, |(req, _)| *req))?;
        to.add(list(&self.claims, |(_, step)| step.key))?;
        to.add(list(&self.claims, |(_, step)| step.take))?;
        to.add(list(&self.claims, |(_, step)| step.release))?;

        to.add(list(&self.cursors, |(req, _)| *req))?;
        to.add(list(&self.cursors, |(_, step)| step.reader.as_str()))?;
        to.add(list(&self.cursors, |(_, step)| step.log_id))?;
        to.add(list(&self.cursors, |(_, step)| step.partition as i32))?;
        to.add(list(&self.cursors, |(_, step)| step.from as i64))?;
        to.add(list(&self.cursors, |(_, step)| step.to as i64))?;

        to.add(list(&self.events, |(req, ..)| *req))?;
        to.add(list(&self.events, |(_, partition, ..)| *partition))?;
        to.add(list(&self.events, |(_, _, rank, ..)| *rank))?;
        to.add(list(&self.events, |(_, _, _, stream, _)| stream.as_str()))?;
        to.add(list(&self.events, |(.., event)| event.version as i64))?;
        to.add(list(&self.events, |(.., event)| event.id))?;
        to.add(list(&self.events, |(.., event)| event.kind.as_str()))?;
        to.add(list(&self.events, |(.., event)| event.person.map(|person| person.uuid())))?;
        to.add(list(&self.events, |(.., event)| event.bytes.as_ref()))?;
        to.add(&self.added)?;
        Ok(to)
    }
}
