//! Records that may be of one human: pairs that share what survives a slip, until somebody decides on them.
//! Invariant: which pairs there are follows from the keys of all records as they stand, in whatever order these came; who is named in no index is in no pair.

use std::collections::BTreeSet;

use kernel::ids::Uuid;
use kernel::{AgencyId, PersonId};
use platform::args;
use platform::db::{Row, Rows, StoreError};
use prost::Message;

use super::View;
use crate::blind::blocks::{Block, IDENTIFIER_WEIGHT};

const BLOCKED: &str =
    "INSERT INTO blocked (person, hash, made, weight, seeks) VALUES {rows} ON CONFLICT DO NOTHING";
const NOT_BLOCKED: &str = "DELETE FROM blocked WHERE person IN (VALUES {rows})";
const NOT_LOW: &str = "DELETE FROM pair WHERE low IN (VALUES {rows})";
const NOT_HIGH: &str = "DELETE FROM pair WHERE high IN (VALUES {rows})";
/// The pairs of these people, `rank` the less the more they share; `weight` is that of an identifier. The joins are in the order to be run in.
const PAIRED: &str = "WITH given (person, weight) AS (VALUES {rows}) INSERT INTO pair (low, high, rank) \
    SELECT low, high, -CAST(SUM(weight) AS bigint) FROM ( \
      SELECT DISTINCT CASE WHEN x.person < y.person THEN x.person ELSE y.person END AS low, \
        CASE WHEN x.person < y.person THEN y.person ELSE x.person END AS high, x.made AS made, x.weight AS weight \
      FROM given CROSS JOIN blocked x CROSS JOIN blocked y \
      WHERE x.person = given.person AND y.hash = x.hash AND y.person <> x.person AND (x.seeks = 1 OR y.seeks = 1) \
      UNION \
      SELECT CASE WHEN x.person < y.person THEN x.person ELSE y.person END, \
        CASE WHEN x.person < y.person THEN y.person ELSE x.person END, 0, given.weight \
      FROM given CROSS JOIN identified x CROSS JOIN identified y \
      WHERE x.person = given.person AND y.hash = x.hash AND y.person <> x.person AND x.matching = 1 AND y.matching = 1 \
    ) shared WHERE true GROUP BY low, high ON CONFLICT DO NOTHING";
const SETTLED: &str = "INSERT INTO settled (low, high) VALUES {rows} ON CONFLICT DO NOTHING";

/// The tables of pairs; `hash` is what the store calls bytes.
pub(super) fn tables(hash: &str) -> Vec<String> {
    vec![
        format!(
            "CREATE TABLE blocked (person uuid NOT NULL, hash {hash} NOT NULL, made bigint NOT NULL, weight bigint NOT NULL, \
             seeks bigint NOT NULL, PRIMARY KEY (person, hash))"
        ),
        "CREATE INDEX blocked_hash ON blocked (hash, person)".into(),
        "CREATE TABLE pair (low uuid NOT NULL, high uuid NOT NULL, rank bigint NOT NULL, PRIMARY KEY (low, high))".into(),
        "CREATE INDEX pair_high ON pair (high)".into(),
        "CREATE INDEX pair_likeliest ON pair (rank, low, high)".into(),
        // Pairs that somebody linked, unlinked or said never to link: decided on once and for all.
        "CREATE TABLE settled (low uuid NOT NULL, high uuid NOT NULL, PRIMARY KEY (low, high))".into(),
    ]
}

/// The record has these keys from now on; [`pair`] is to follow.
pub(super) fn block(person: PersonId, blocks: BTreeSet<Block>, rows: &mut Rows) {
    let id = person.uuid();
    rows.put(&[id], NOT_BLOCKED, [args![id]]);
    let row = |each: Block| args![id, each.hash.as_slice(), each.made as i64, each.made.weight(), each.seeks];
    rows.put(&[id], BLOCKED, blocks.into_iter().map(row));
}

/// Brings the record together with others anew: its keys, or its identifiers that serve matching, are not what they were.
///
/// Of two records that change at once, whichever comes last sees the keys of both, and whoever comes first is paired with the other again.
pub(super) fn pair(person: PersonId, rows: &mut Rows) {
    let id = person.uuid();
    rows.put(&[id], NOT_LOW, [args![id]]);
    rows.put(&[id], NOT_HIGH, [args![id]]);
    rows.put(&[id], PAIRED, [args![id, IDENTIFIER_WEIGHT]]);
}

/// Somebody decided on these two.
pub(super) fn settle(one: PersonId, other: PersonId, rows: &mut Rows) {
    let (low, high) = (one.uuid().min(other.uuid()), one.uuid().max(other.uuid()));
    rows.put(&[low, high], SETTLED, [args![low, high]]);
}

/// Two records that may be of one human.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The one whose id is lower.
    pub low: PersonId,
    /// The other.
    pub high: PersonId,
    rank: i64,
}

/// A place in the queue: the pair after which it goes on.
#[derive(Clone, PartialEq, Message)]
pub struct Place {
    #[prost(sint64, tag = "1")]
    rank: i64,
    #[prost(bytes = "vec", tag = "2")]
    low: Vec<u8>,
    #[prost(bytes = "vec", tag = "3")]
    high: Vec<u8>,
}

impl Pair {
    /// Where it stands.
    pub fn place(&self) -> Place {
        let bytes = |person: PersonId| person.uuid().as_bytes().to_vec();
        Place { rank: self.rank, low: bytes(self.low), high: bytes(self.high) }
    }
}

impl View {
    /// Pairs that nobody has decided on, those that share most first: of people whom the agency serves both, or of all people.
    ///
    /// # Errors
    /// The view cannot be read.
    pub async fn pairs(
        &self,
        agency: Option<AgencyId>,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<Vec<Pair>, StoreError> {
        let id = |bytes: &[u8]| Uuid::from_slice(bytes).unwrap_or(Uuid::nil());
        let (rank, low, high) = after.map_or((i64::MIN, Uuid::nil(), Uuid::nil()), |place| {
            (place.rank, id(&place.low), id(&place.high))
        });
        let mut arguments = args![rank, low, high];
        let served = |person: &str| {
            format!("AND EXISTS (SELECT 1 FROM serving s WHERE s.person = p.{person} AND s.agency = $4)")
        };
        let served = agency.map(|agency| {
            arguments.push(agency.uuid().into());
            format!("{} {}", served("low"), served("high"))
        });
        let sql = format!(
            "SELECT p.low, p.high, p.rank FROM pair p WHERE (p.rank, p.low, p.high) > ($1, $2, $3) \
             AND NOT EXISTS (SELECT 1 FROM settled t WHERE t.low = p.low AND t.high = p.high) {} \
             ORDER BY p.rank, p.low, p.high LIMIT {limit}",
            served.unwrap_or_default()
        );
        let rows = self.lists.db().fetch(&sql, arguments).await?;
        let pair = |row: &Row| {
            let (low, high) = (PersonId::new(row.uuid(0)?), PersonId::new(row.uuid(1)?));
            Ok(Pair { low, high, rank: row.i64(2)? })
        };
        rows.iter().map(pair).collect()
    }
}
