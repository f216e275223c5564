//! (d) A rebuild of the timeline beside a bare batched upsert of the rows that it makes.
//!
//! Invariant: the upsert writes the very rows of the rebuilt tables, byte for byte, into tables of the same shape with the same indexes on the same server,
//! in the order in which the events made them, under the same promise of durability, in the batch that was fastest. It reads no log, decodes nothing, and knows
//! beforehand how long each version of an entry stands, so it writes each row once; the rebuild does what must be done.

use std::time::{Duration, Instant};

use platform::projection::Projection;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor};
use tests::Postgres;
use timeline::view::TimelineProjection;
use uuid::Uuid;

use crate::measure::median;
use crate::timeline::Told;

/// How many steps of everybody's life are rebuilt: at 2,000 people, 200,000 events.
pub const STEPS: usize = 100;
/// Rows of one statement of the bare upsert; the best of them counts.
const BATCHES: [usize; 3] = [200, 1_000, 4_000];

const UPSERT: &str = "INSERT INTO entry (person, class, at, id, known_from, known_to, service, stream, key, position, ended, body) \
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::uuid[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], \
    $10::bigint[], $11::bigint[], $12::bytea[]) \
    ON CONFLICT (person, class, at, id, known_from) DO UPDATE SET known_to = excluded.known_to, service = excluded.service, \
    stream = excluded.stream, key = excluded.key, position = excluded.position, ended = excluded.ended, body = excluded.body";

/// A row of the timeline.
#[derive(Clone)]
struct Stored {
    person: Uuid,
    class: String,
    at: i64,
    id: Uuid,
    known_from: i64,
    known_to: i64,
    service: String,
    stream: String,
    key: String,
    position: i64,
    ended: i64,
    body: Vec<u8>,
}

/// Rows as the statement takes them.
#[derive(Default)]
struct Columns {
    person: Vec<Uuid>,
    class: Vec<String>,
    at: Vec<i64>,
    id: Vec<Uuid>,
    known_from: Vec<i64>,
    known_to: Vec<i64>,
    service: Vec<String>,
    stream: Vec<String>,
    key: Vec<String>,
    position: Vec<i64>,
    ended: Vec<i64>,
    body: Vec<Vec<u8>>,
}

impl Columns {
    fn of(rows: &[Stored]) -> Self {
        let mut columns = Self::default();
        for row in rows.iter().cloned() {
            columns.person.push(row.person);
            columns.class.push(row.class);
            columns.at.push(row.at);
            columns.id.push(row.id);
            columns.known_from.push(row.known_from);
            columns.known_to.push(row.known_to);
            columns.service.push(row.service);
            columns.stream.push(row.stream);
            columns.key.push(row.key);
            columns.position.push(row.position);
            columns.ended.push(row.ended);
            columns.body.push(row.body);
        }
        columns
    }
}

/// Rebuilds the timeline and upserts its rows, and tells of both.
pub async fn beside_upsert(told: &mut Told) {
    let events = told.up_to(STEPS.min(told.lives.steps())).await;
    let mut rebuilt = vec![];
    for _ in 0..3 {
        let began = Instant::now();
        told.read_model().rebuild().await.expect("a rebuild");
        rebuilt.push(began.elapsed());
    }
    let rebuilt = median(rebuilt);

    let rows = stored(told).await;
    let count = rows.len();
    let mut best: Option<(usize, Duration)> = None;
    for batch in BATCHES {
        let batches: Vec<Columns> = rows.chunks(batch).map(Columns::of).collect();
        let mut took = vec![];
        for _ in 0..3 {
            took.push(upsert(&told.postgres, &batches).await);
        }
        let took = median(took);
        best = best.filter(|(_, best)| *best <= took).or(Some((batch, took)));
    }
    let (batch, bare) = best.expect("some batch is best");
    let rate = |took: Duration| events as f64 / took.as_secs_f64();
    println!(
        "\n(d) rebuild of the timeline from {events} events into {count} rows: {:.0} events a second; bare upsert of the same rows, {batch} a statement: {:.0}: {:.2} of it",
        rate(rebuilt),
        rate(bare),
        rate(rebuilt) / rate(bare)
    );
}

/// The rows of the live tables in the order in which events made them.
async fn stored(told: &Told) -> Vec<Stored> {
    let sql = "SELECT person, class, at, id, known_from, known_to, service, stream, key, position, ended, body FROM entry \
               ORDER BY known_from, service, position, class";
    let rows = told.read_model().views().db().fetch(sql, vec![]).await.expect("the live tables");
    let stored = |row: &platform::db::Row| {
        Ok::<_, platform::db::StoreError>(Stored {
            person: row.uuid(0)?,
            class: row.text(1)?,
            at: row.i64(2)?,
            id: row.uuid(3)?,
            known_from: row.i64(4)?,
            known_to: row.i64(5)?,
            service: row.text(6)?,
            stream: row.text(7)?,
            key: row.text(8)?,
            position: row.i64(9)?,
            ended: row.i64(10)?,
            body: row.bytes(11)?,
        })
    };
    rows.iter().map(stored).collect::<Result<_, _>>().expect("rows of the live tables")
}

/// Writes them into empty tables of the same shape, and tells how long that took.
async fn upsert(postgres: &Postgres, batches: &[Columns]) -> Duration {
    let url = postgres.url().await;
    // As projections commit: what a crash of the machine takes, they make again.
    let options: PgConnectOptions = url.parse().expect("an address");
    let options = options.options([("synchronous_commit", "off"), ("jit", "off")]);
    let mut connection = options.disable_statement_logging().connect().await.expect("a connection");
    for table in TimelineProjection.tables(true) {
        connection.execute(sqlx::AssertSqlSafe(table)).await.expect("a table");
    }
    let began = Instant::now();
    for rows in batches {
        let mut tx = connection.begin().await.expect("a transaction");
        let entries = sqlx::query(UPSERT)
            .bind(&rows.person)
            .bind(&rows.class)
            .bind(&rows.at)
            .bind(&rows.id)
            .bind(&rows.known_from)
            .bind(&rows.known_to)
            .bind(&rows.service)
            .bind(&rows.stream)
            .bind(&rows.key)
            .bind(&rows.position)
            .bind(&rows.ended)
            .bind(&rows.body);
        entries.execute(&mut *tx).await.expect("rows");
        tx.commit().await.expect("a commit");
    }
    let took = began.elapsed();
    connection.close().await.expect("it closes");
    took
}
