//! The parts of the whole way, each bare: an answer, an append, a publication, a row of the timeline.
//!
//! Invariant: what is summed up are times of the processors and not of clocks, so that parts which wait for each other count no more than they take.

use std::collections::VecDeque;
use std::future::IntoFuture;

use async_nats::jetstream;
use async_nats::jetstream::context::PublishError;
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use futures_util::future::BoxFuture;
use platform::projection::Projection;
use sqlx::{Connection, Executor, PgConnection};
use tests::{Nats, Postgres};
use timeline::view::TimelineProjection;
use uuid::Uuid;

use crate::commands;
use crate::measure::{AsyncLoop, cost};

/// Publications without an acknowledgement, as the relay has them.
const WINDOW: usize = 256;
/// Bytes of an event.
const EVENT: usize = 700;
/// Rows of the timeline written in one transaction: about what a run is at that rate.
const ROWS: usize = 300;

/// Microseconds of the processors for each command.
pub struct Bare {
    echo: f64,
    append: f64,
    publication: f64,
    row: f64,
}

impl Bare {
    /// Measures each part.
    pub async fn measured(clients: usize, postgres: &Postgres, nats: &Nats) -> Self {
        let (echo, append) = commands::bare(clients).await;
        let mut bus = Some(Publisher::start(nats).await);
        let publication = cost(1, async |_| bus.take().expect("one client")).await;
        let mut table = Some(Table::start(postgres).await);
        let row = cost(1, async |_| table.take().expect("one client")).await / ROWS as f64;
        Self { echo, append, publication, row }
    }

    /// Commands a second that this machine could do were there nothing else.
    pub fn bound(&self) -> f64 {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        cores as f64 * 1e6 / (self.echo + self.append + self.publication + self.row)
    }

    /// In words.
    pub fn said(&self) -> String {
        format!(
            "echo {:.0}, append {:.0}, publication {:.0}, row of the timeline {:.0} us: {:.0} a second at most",
            self.echo,
            self.append,
            self.publication,
            self.row,
            self.bound()
        )
    }
}

/// Publishes fenced messages, many under way at a time.
struct Publisher {
    context: jetstream::Context,
    sent: u64,
    flying: VecDeque<BoxFuture<'static, Result<PublishAck, PublishError>>>,
}

impl Publisher {
    async fn start(nats: &Nats) -> Self {
        let client = async_nats::connect(nats.url()).await.expect("a connection");
        let context = jetstream::new(client);
        let stream = jetstream::stream::Config {
            name: "bare".to_owned(),
            subjects: vec!["bare".to_owned()],
            ..jetstream::stream::Config::default()
        };
        context.create_stream(stream).await.expect("a stream");
        Self { context, sent: 0, flying: VecDeque::new() }
    }
}

impl AsyncLoop for Publisher {
    async fn once(&mut self) {
        if self.flying.len() == WINDOW {
            let first = self.flying.pop_front().expect("a publication under way");
            first.await.expect("an acknowledgement");
        }
        let message =
            PublishMessage::build().payload(vec![7_u8; EVENT].into()).expected_last_sequence(self.sent);
        let sent = self.context.send_publish("bare", message).await.expect("a publication");
        self.sent += 1;
        self.flying.push_back(sent.into_future());
    }
}

/// Inserts rows of the timeline, many a transaction.
struct Table {
    connection: PgConnection,
    written: u64,
}

impl Table {
    async fn start(postgres: &Postgres) -> Self {
        let mut connection = PgConnection::connect(&postgres.url().await).await.expect("a connection");
        connection.execute("SET synchronous_commit = off").await.expect("a setting");
        for table in TimelineProjection.tables(true) {
            connection.execute(sqlx::AssertSqlSafe(table)).await.expect("a table");
        }
        Self { connection, written: 0 }
    }
}

impl AsyncLoop for Table {
    async fn once(&mut self) {
        let person = |row: u64| Uuid::from_u128(u128::from(row % 1_000) * 0x9e37_79b9_7f4a_7c15);
        let rows = self.written..self.written + ROWS as u64;
        self.written = rows.end;
        let insert = sqlx::query(
            "INSERT INTO entry (person, class, at, id, known_from, known_to, service, stream, key, position, ended, body) \
             SELECT person, $2, position, id, position, 9223372036854775807, 'referrals', 'referral-' || id, 'referral', position, 0, $4 \
             FROM unnest($1::uuid[], $3::bigint[], $5::uuid[]) AS given (person, position, id)",
        )
        .bind(rows.clone().map(person).collect::<Vec<_>>())
        .bind(format!("{}:service", Uuid::from_u128(1)))
        .bind(rows.clone().map(|row| row as i64).collect::<Vec<_>>())
        .bind(vec![7_u8; 300])
        .bind(rows.map(|_| Uuid::now_v7()).collect::<Vec<_>>());
        insert.execute(&mut self.connection).await.expect("rows");
    }
}
