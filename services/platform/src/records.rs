//! The facts that sources have told, each once: what a full refresh is compared with.
//!
//! Invariant: made of the service's own log by the events' envelopes, in the transaction that makes its lists; a fact's row says what the last
//! event about it says, in order of position.
//!
//! Reading order: [`Tells`] (which events tell a fact, and what it makes of them), [`face`] (the gRPC service).

mod face;

pub use face::RecordsFace;

use kernel::AgencyId;
use prost::Message;
use proto::log as pb;
use uuid::Uuid;

use crate::args;
use crate::command::fact_id;
use crate::db::{Rows, StoreError};
use crate::lists::Logged;
use crate::projection::{ApplyError, Views};
use crate::wire::speaker;

/// Which of a service's events tell a recorded fact or take one back. Types are named without their package.
///
/// Other events of a record's append may carry its source too, such as those on the diary of its unit; they tell nothing of their own.
#[derive(Clone, Copy, Debug)]
pub struct Tells {
    /// Types that tell a fact where they carry a source, beside all that end in `Recorded`.
    pub also: &'static [&'static str],
    /// Types that take back a whole record, and with it the facts that are parts of it.
    pub taken_back: &'static [&'static str],
    /// The ids of the facts that an event takes back where those are parts of a record.
    pub parts: fn(&pb::Event) -> Vec<Uuid>,
}

impl Tells {
    /// A service none of whose facts is a part of another.
    pub const fn whole(also: &'static [&'static str], taken_back: &'static [&'static str]) -> Self {
        Self { also, taken_back, parts: |_| Vec::new() }
    }
}

/// What the log holds of sources. Clones are the same.
#[derive(Clone)]
pub struct Records(Views);

/// A fact, its key still sealed.
#[derive(Clone, Debug)]
struct Fact {
    key_hash: Vec<u8>,
    stream: String,
    table: String,
    key: Key,
    person: Option<Uuid>,
    /// Microseconds since 1970.
    told_at: i64,
    taken_back: bool,
}

/// Raised whenever the rows of facts would come out differently.
pub(crate) const VERSION: u32 = 2;

pub(crate) const TABLES: [&str; 3] = [
    "CREATE TABLE fact (agency uuid NOT NULL, system text NOT NULL, key_hash bytea NOT NULL, id uuid NOT NULL, \
     source_table text NOT NULL, clear_key text NOT NULL, sealed_key bytea, stream text NOT NULL, person uuid, \
     told_at bigint NOT NULL, taken_back bigint NOT NULL, PRIMARY KEY (agency, system, key_hash))",
    "CREATE INDEX fact_stream ON fact (stream)",
    "CREATE INDEX fact_id ON fact (id)",
];

/// The key of a fact, as the log holds it.
#[derive(Clone, Debug)]
enum Key {
    /// Of a fact about nobody.
    Clear(String),
    /// Under the key of the fact's person.
    Sealed(pb::Sealed),
}

const TAKEN_BACK: &str = "WITH given (stream, at) AS (VALUES {rows}) \
     UPDATE fact SET taken_back = 1, told_at = given.at FROM given WHERE fact.stream = given.stream AND taken_back = 0";
const PART_TAKEN_BACK: &str = "WITH given (id, at) AS (VALUES {rows}) \
     UPDATE fact SET taken_back = 1, told_at = given.at FROM given WHERE fact.id = given.id AND taken_back = 0";
const TOLD: &str = "INSERT INTO fact (agency, system, key_hash, id, source_table, clear_key, sealed_key, stream, person, told_at, taken_back) \
     VALUES {rows} ON CONFLICT (agency, system, key_hash) DO UPDATE SET \
     clear_key = excluded.clear_key, sealed_key = excluded.sealed_key, stream = excluded.stream, person = excluded.person, \
     told_at = excluded.told_at, taken_back = excluded.taken_back";

impl Tells {
    /// What an event says of a fact.
    pub(crate) fn apply(&self, logged: &Logged<'_>, rows: &mut Rows) -> Result<(), ApplyError> {
        let (event, at) = (&logged.read.event, logged.at());
        let kind = event.r#type.rsplit('.').next().unwrap_or_default();
        if self.taken_back.contains(&kind) {
            rows.put(&[logged.id], TAKEN_BACK, [args![event.stream.as_str(), at]]);
            return Ok(());
        }
        let parts = (self.parts)(event);
        let touched: Vec<Uuid> = parts.iter().copied().chain([logged.id]).collect();
        rows.put(&touched, PART_TAKEN_BACK, parts.iter().map(|part| args![*part, at]));
        if kind.ends_with("Recorded") || self.also.contains(&kind) {
            tell(logged, rows)?;
        }
        Ok(())
    }
}

/// An event tells a fact, if it carries where that comes from.
fn tell(logged: &Logged<'_>, rows: &mut Rows) -> Result<(), ApplyError> {
    let event = &logged.read.event;
    let Some(source) = &event.source else { return Ok(()) };
    let damaged = |what| ApplyError::Poison(format!("{what} is damaged"));
    let hash: [u8; 32] = source.key_hash.as_ref().try_into().map_err(|_| damaged("its source's key"))?;
    // What nobody's agency recorded is listed to nobody.
    let agency = match speaker(event) {
        "" => Uuid::nil(),
        text => Uuid::try_parse(text).map_err(|_| damaged("its agency"))?,
    };
    let person = match event.person_id.as_str() {
        "" => None,
        text => Some(Uuid::try_parse(text).map_err(|_| damaged("its person"))?),
    };
    let fact = fact_id(&hash);
    let sealed = source.key.as_ref().map(Message::encode_to_vec);
    let row = args![
        agency,
        source.system.as_str(),
        hash,
        fact,
        source.table.as_str(),
        source.clear_key.as_str(),
        sealed,
        event.stream.as_str(),
        person,
        logged.at(),
        false
    ];
    // A fact that is part of a record is told in the record's stream, and taken back with it or alone.
    rows.put(&[logged.id, fact], TOLD, [row]);
    Ok(())
}

impl Records {
    /// Over the views of a service's own log.
    pub fn new(views: Views) -> Self {
        Self(views)
    }

    /// The views themselves, to wait for.
    pub fn views(&self) -> &Views {
        &self.0
    }

    /// Facts of a source that an agency recorded, in the order of their hashes, after this one.
    async fn list(
        &self,
        agency: AgencyId,
        system: &str,
        table: &str,
        after: &[u8],
        size: usize,
    ) -> Result<Vec<Fact>, StoreError> {
        let sql = "SELECT key_hash, stream, source_table, clear_key, sealed_key, person, told_at, taken_back FROM fact \
                   WHERE agency = $1 AND system = $2 AND key_hash > $3 AND ($4 = '' OR source_table = $4) \
                   ORDER BY agency, system, key_hash LIMIT $5";
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        let rows = self.0.db().fetch(sql, args![agency.uuid(), system, after, table, size]).await?;
        rows.iter()
            .map(|row| {
                let sealed = row.opt_bytes(4)?.map(|bytes| pb::Sealed::decode(bytes.as_slice()));
                let key = match sealed {
                    Some(Ok(sealed)) => Key::Sealed(sealed),
                    Some(Err(_)) => {
                        return Err(StoreError::Unusable("a sealed key is damaged".to_owned()));
                    }
                    None => Key::Clear(row.text(3)?),
                };
                Ok(Fact {
                    key_hash: row.bytes(0)?,
                    stream: row.text(1)?,
                    table: row.text(2)?,
                    key,
                    person: row.opt_uuid(5)?,
                    told_at: row.i64(6)?,
                    taken_back: row.bool(7)?,
                })
            })
            .collect()
    }
}
