//! What each log says of a person, as the rules need it: one row for each stream.
//!
//! Invariant: a row is a function of one stream's events in their order and of nothing else; links, other streams and the time are joined when it
//! is looked at. Links stand in the same tables, so that a mark and the link that made it are seen together.

mod housing;
mod referrals;
mod registry;
mod stored;
mod therapy;
mod told;
mod vocational;

use futures_util::future::BoxFuture;
use kernel::PersonId;
use platform::args;
use platform::db::{Db, StoreError, Tx};
use platform::people::PeopleProjection;
use platform::projection::{ApplyError, Projection, Read};
use prost::Message;
use uuid::Uuid;

use crate::domain::Facts;
use crate::due;
pub use stored::Fact;
use stored::{Row, Unreadable};

/// The logs that facts come from.
pub const SOURCES: &[&str] = &["registry", "referrals", "vocational", "housing", "therapy"];

/// The projection: facts, links, and who is due.
pub struct FactsProjection;

impl Projection for FactsProjection {
    fn name(&self) -> &'static str {
        "facts"
    }
    fn version(&self) -> u32 {
        1
    }
    fn sources(&self) -> &[&'static str] {
        SOURCES
    }

    fn tables(&self, postgres: bool) -> Vec<String> {
        let fact = "CREATE TABLE fact (person uuid NOT NULL, source text NOT NULL, stream text NOT NULL, body bytea NOT NULL, \
                    PRIMARY KEY (person, source, stream))";
        let own = [fact].into_iter().chain(due::TABLES).map(str::to_owned);
        PeopleProjection.tables(postgres).into_iter().chain(own).collect()
    }

    fn work_lists(&self) -> &[&'static str] {
        &[due::TABLE]
    }

    fn apply<'a>(
        &'a self,
        tx: &'a mut Tx,
        source: &'a str,
        read: &'a Read,
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            if source == "registry" {
                PeopleProjection.apply(tx, source, read).await?;
                for record in registry::linked(read).map_err(poison)? {
                    due::mark(tx, record, read.recorded.recorded_at).await?;
                }
            }
            if read.event.person_id.is_empty() {
                return Ok(());
            }
            let person = Uuid::try_parse(&read.event.person_id)
                .map_err(|_| ApplyError::Poison("its person is damaged".into()))?;
            put(tx, source, person, read).await?;
            due::mark(tx, person, read.recorded.recorded_at).await?;
            Ok(())
        })
    }
}

/// Puts what the event makes of its stream's fact.
async fn put(tx: &mut Tx, source: &str, person: Uuid, read: &Read) -> Result<(), ApplyError> {
    let stream = read.event.stream.as_str();
    let sql = "SELECT body FROM fact WHERE person = $1 AND source = $2 AND stream = $3";
    let held = match tx.fetch(sql, args![person, source, stream]).await?.first() {
        Some(row) => Some(Row::decode(row.bytes(0)?.as_slice()).map_err(|_| poison(Unreadable))?),
        None => None,
    };
    let before = held.and_then(|row| row.fact);
    let after = match source {
        "registry" => registry::apply(before.clone(), read),
        "referrals" => referrals::apply(before.clone(), read),
        "vocational" => vocational::apply(before.clone(), read),
        "housing" => housing::apply(before.clone(), read),
        "therapy" => therapy::apply(before.clone(), read),
        _ => Err(Unreadable),
    };
    let after = after.map_err(poison)?;
    if after == before {
        return Ok(());
    }
    match after {
        Some(fact) => {
            let body = Row { fact: Some(fact) }.encode_to_vec();
            tx.execute(
                "INSERT INTO fact (person, source, stream, body) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (person, source, stream) DO UPDATE SET body = excluded.body",
                args![person, source, stream, body],
            )
            .await?;
        }
        None => {
            tx.execute(
                "DELETE FROM fact WHERE person = $1 AND source = $2 AND stream = $3",
                args![person, source, stream],
            )
            .await?;
        }
    }
    Ok(())
}

fn poison(unreadable: Unreadable) -> ApplyError {
    ApplyError::Poison(unreadable.to_string())
}

/// Everything known of these records, which are of one human.
///
/// # Errors
/// The facts cannot be read.
pub async fn of(db: &Db, records: &[PersonId]) -> Result<Facts, StoreError> {
    let mut told = told::Told::default();
    for record in records {
        let sql = "SELECT source, stream, body FROM fact WHERE person = $1";
        for row in db.fetch(sql, args![record.uuid()]).await? {
            // Written by this very version of the projection, so it decodes.
            let fact = Row::decode(row.bytes(2)?.as_slice()).ok().and_then(|row| row.fact);
            if let Some(fact) = fact {
                told.add(&row.text(0)?, &row.text(1)?, *record, fact);
            }
        }
    }
    Ok(told.facts())
}

#[cfg(test)]
mod tests;
